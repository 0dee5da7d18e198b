/* rtnetlink.h - links, addresses, routes, neighbours and qdiscs of one node
 *
 * The one file that knows libnl-route-3. A struct net is a socket that stays in
 * the namespace it was opened in; devices are spoken of by name.
 */
#ifndef TWLAB_RTNETLINK_H
#define TWLAB_RTNETLINK_H

#include <twlab/err.h>

#pragma GCC visibility push(default)	/* public */

struct net;

/* Open one in the current namespace. NULL and @err on failure. */
struct net *rtnetlink_open(struct err *err);
void rtnetlink_close(struct net *net);

/* A veth pair: @dev here with @mac, @peer_dev with @peer_mac in the namespace
 * @peer_ns. Both ends are made where they live, so nothing else sees them.
 */
int rtnetlink_veth(struct net *net, const char *dev, const char *mac, int peer_ns,
		   const char *peer_dev, const char *peer_mac, struct err *err);

int rtnetlink_up(struct net *net, const char *dev, struct err *err);

/* Have the kernel say nothing of its own on @dev, which is not up yet: no neighbour
 * discovery, no reports of multicast groups. Its neighbours have to be given.
 */
int rtnetlink_hush(struct net *net, const char *dev, struct err *err);

/* Have the kernel hand @dev frames as a cable carries them: with a whole checksum and
 * no longer than its MTU. It leaves both to a device that can (checksum offload and
 * TSO, which does not go without), and a veth only says that it can: the sums would be
 * missing in all that is captured there, and in what an ICMP error quotes.
 */
int rtnetlink_whole(struct net *net, const char *dev, struct err *err);
int rtnetlink_index(struct net *net, const char *dev, struct err *err);	/* ifindex, or negative */

/* @addr with its prefix length: "10.0.0.1/24". */
int rtnetlink_addr(struct net *net, const char *dev, const char *addr, struct err *err);

/* A neighbour that is known for good: @addr (without prefix length) has @mac. */
int rtnetlink_neigh(struct net *net, const char *dev, const char *addr, const char *mac, struct err *err);

/* @to is "default", an address or a prefix. One of @via and @dev may be NULL. */
int rtnetlink_route(struct net *net, const char *to, const char *via, const char *dev, struct err *err);

/* What netem does to packets that leave through a device. Percentages are of
 * all packets; 100 is exact (sch_netem compares with 2^32-1).
 */
struct netem {
	int delay_ms;
	double loss_percent, duplicate_percent;
	int limit;		/* packets it may hold; 0 = 100000, so that none is lost unasked */
};

/* Read words as tc-netem(8) takes them ("delay 10ms loss 100% duplicate 5%"), on
 * top of what *@netem holds. A delay is whole milliseconds.
 */
int netem_parse(const char *words, struct netem *netem, struct err *err);

/* Put netem on @dev as its root qdisc, or change the one that is there. What it
 * holds back keeps the delay that it was given.
 */
int rtnetlink_netem(struct net *net, const char *dev, const struct netem *netem, struct err *err);

/* Whatever comes in on @from leaves through @to, untouched (an ingress qdisc, a
 * matchall filter and mirred). A copy goes on and the original ends here: else
 * the sender's TCP would know that the packet still waits somewhere on its own
 * machine, and would not send it again (skb_still_in_host_queue, and
 * TCPSpuriousRtxHostQueues counts it).
 */
int rtnetlink_splice(struct net *net, const char *from, const char *to, struct err *err);

/* Packets that passed @dev's root qdisc, and those it dropped. */
int rtnetlink_qdisc_stats(struct net *net, const char *dev, uint64_t *packets, uint64_t *drops, struct err *err);

#pragma GCC visibility pop

#endif
