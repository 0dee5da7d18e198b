/* sysctl_conf.h - a file of sysctls, applied as sysctl(8) does with -p
 *
 *	# a comment; so is what begins with ;
 *	net.ipv4.tcp_tw_reuse = 1
 *	-net.ipv4.tcp_tw_recycle = 1	an error here is nobody's business
 *
 * A line that fails does not keep the next one from being tried.
 */
#ifndef TWLAB_SYSCTL_CONF_H
#define TWLAB_SYSCTL_CONF_H

#include <twlab/err.h>

struct sysctl_conf_line {
	unsigned int number;	/* in the file, from 1 */
	char *key, *value;	/* "net.ipv4.tcp_tw_reuse", "1"; key "" where the line is none that sysctl knows */
	bool forgiven;		/* it began with '-' */
	int error;		/* errno; 0 = it was set */
	char *usual, *was, *is;	/* its value in a namespace just made, in this one before, and after; NULL = there is none */
};

struct sysctl_conf {
	struct sysctl_conf_line *lines;
	unsigned int n;
};

/* Read the lines of @text. What is no "key = value" becomes a line with error EINVAL. */
void sysctl_conf_parse(const char *text, struct sysctl_conf *conf);

/* Set each line of @conf in the namespace @ns, in order; what became of it is put
 * into the line. Fails only when it cannot be tried at all.
 */
int sysctl_conf_apply(struct sysctl_conf *conf, int ns, struct err *err);

/* How many lines sysctl -p would complain of: it ends with status 1 then, else 0. */
unsigned int sysctl_conf_errors(const struct sysctl_conf *conf);

void sysctl_conf_free(struct sysctl_conf *conf);

#endif
