/* ipv6_map.h - what is said of IPv4, said of IPv6
 *
 * 10.0.0.1 becomes fd00::10:0:0:1: a unique local address (RFC 4193), the four numbers
 * as they are read, each in 16 bits of its own. (A site of its own would have to draw
 * 40 random bits behind the fd. Here nothing is to be found by chance.)
 */
#ifndef TWLAB_IPV6_MAP_H
#define TWLAB_IPV6_MAP_H

#include <twlab/err.h>

#pragma GCC visibility push(default)	/* public */

/* @text with every IPv4 address in it replaced, with the prefix that may follow it
 * (10.1.0.0/16: fd00::10:1:0:0/96), in brackets before a port. 127.0.0.1 is ::1. To be
 * freed. NULL and @err where a prefix ends inside one of the four numbers.
 */
char *ipv6_map_text(const char *text, struct err *err);

/* The same for nft rules: the word ip becomes ip6, too. */
char *ipv6_map_rules(const char *nft, struct err *err);

#pragma GCC visibility pop

#endif
