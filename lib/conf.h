/* conf.h - a file of sysctls, applied as sysctl(8) does with -p
 *
 *	# a comment; so is what begins with ;
 *	net.ipv4.tcp_tw_reuse = 1
 *	-net.ipv4.tcp_tw_recycle = 1	an error here is nobody's business
 *
 * A line that fails does not keep the next one from being tried.
 */
#ifndef TWLAB_CONF_H
#define TWLAB_CONF_H

#include "lib/err.h"

struct conf_line {
	unsigned int number;	/* in the file, from 1 */
	char *key, *value;	/* "net.ipv4.tcp_tw_reuse", "1"; key "" where the line is none that sysctl knows */
	bool forgiven;		/* it began with '-' */
	int error;		/* errno; 0 = it was set */
	char *usual, *was, *is;	/* its value in a namespace just made, in this one before, and after; NULL = there is none */
};

struct conf {
	struct conf_line *lines;
	unsigned int n;
};

/* Read the lines of @text. What is no "key = value" becomes a line with error EINVAL. */
void conf_parse(const char *text, struct conf *conf);

/* Set each line of @conf in the namespace @ns, in order; what became of it is put
 * into the line. Fails only when it cannot be tried at all.
 */
int conf_apply(struct conf *conf, int ns, struct err *err);

/* How many lines sysctl -p would complain of: it ends with status 1 then, else 0. */
unsigned int conf_errors(const struct conf *conf);

void conf_free(struct conf *conf);

#endif
