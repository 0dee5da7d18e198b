/* rtnetlink.c - links, addresses, routes, neighbours and qdiscs of one node
 *
 * Every request ends in the same funnel, answer(), which says what was asked of
 * which device.
 */
#include <twlab/rtnetlink.h>

#include <twlab/number.h>

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/pkt_sched.h>
#include <linux/pkt_cls.h>
#include <linux/sockios.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/act/mirred.h>
#include <netlink/route/addr.h>
#include <netlink/route/classifier.h>
#include <netlink/route/cls/matchall.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/netem.h>
#include <netlink/route/route.h>
#include <sys/ioctl.h>

struct net {
	struct nl_sock *sock;
};

#define auto_put(put) __attribute__((cleanup(put##_)))
#define PUTTER(type, put) static void put##_(struct type **ptr) { if (*ptr) put(*ptr); }
PUTTER(rtnl_link, rtnl_link_put)
PUTTER(rtnl_addr, rtnl_addr_put)
PUTTER(rtnl_neigh, rtnl_neigh_put)
PUTTER(rtnl_qdisc, rtnl_qdisc_put)
PUTTER(rtnl_cls, rtnl_cls_put)
PUTTER(rtnl_route, rtnl_route_put)
PUTTER(nl_addr, nl_addr_put)
PUTTER(nl_cache, nl_cache_free)

/* libnl's error numbers and errno overlap in meaning but not in value. */
static int nl_errno(int code)
{
	switch (-code) {
	case NLE_EXIST:		return EEXIST;
	case NLE_PERM:		return EPERM;
	case NLE_NODEV:		return ENODEV;
	case NLE_OBJ_NOTFOUND:	return ENOENT;
	case NLE_NOMEM:		return ENOMEM;
	case NLE_BUSY:		return EBUSY;
	case NLE_OPNOTSUPP:	return EOPNOTSUPP;
	case NLE_NOADDR:	return EADDRNOTAVAIL;
	case NLE_INVAL:
	case NLE_RANGE:		return EINVAL;
	default:		return EIO;
	}
}

static int answer(int code, struct err *err, const char *what, const char *whom)
{
	if (code >= 0)
		return 0;
	if (nl_errno(code) == EIO) {	/* libnl says it better */
		err_set(err, 0, "cannot %s %s: %s", what, whom, nl_geterror(code));
		return -EINVAL;
	}
	return err_set(err, nl_errno(code), "cannot %s %s", what, whom);
}

struct net *rtnetlink_open(struct err *err)
{
	struct net *net = must_calloc(1, sizeof(*net));
	int code;

	net->sock = nl_socket_alloc();
	code = net->sock ? nl_connect(net->sock, NETLINK_ROUTE) : -NLE_NOMEM;
	if (answer(code, err, "open", "rtnetlink")) {
		rtnetlink_close(net);
		return NULL;
	}
	return net;
}

void rtnetlink_close(struct net *net)
{
	if (net && net->sock)
		nl_socket_free(net->sock);
	free(net);
}

static int mac_addr(const char *mac, struct nl_addr **addr, struct err *err)
{
	return answer(nl_addr_parse(mac, AF_LLC, addr), err, "read the MAC", mac);
}

int rtnetlink_veth(struct net *net, const char *dev, const char *mac, int peer_ns,
		   const char *peer_dev, const char *peer_mac, struct err *err)
{
	auto_put(rtnl_link_put) struct rtnl_link *link = rtnl_link_veth_alloc();
	auto_put(nl_addr_put) struct nl_addr *here = NULL;
	auto_put(nl_addr_put) struct nl_addr *there = NULL;
	struct rtnl_link *peer;

	if (!link)
		return err_set(err, ENOMEM, "cannot make %s", dev);
	if (mac_addr(mac, &here, err) || mac_addr(peer_mac, &there, err))
		return err_code(err);
	peer = rtnl_link_veth_get_peer(link);
	rtnl_link_set_name(link, dev);
	rtnl_link_set_addr(link, here);
	rtnl_link_set_name(peer, peer_dev);
	rtnl_link_set_addr(peer, there);
	rtnl_link_set_ns_fd(peer, peer_ns);
	rtnl_link_put(peer);
	return answer(rtnl_link_add(net->sock, link, NLM_F_CREATE | NLM_F_EXCL), err, "make", dev);
}

int rtnetlink_index(struct net *net, const char *dev, struct err *err)
{
	auto_put(rtnl_link_put) struct rtnl_link *link = NULL;

	if (answer(rtnl_link_get_kernel(net->sock, 0, dev, &link), err, "find", dev))
		return err_code(err);
	return rtnl_link_get_ifindex(link);
}

static int set_flags(struct net *net, const char *dev, unsigned int set, unsigned int unset,
		     const char *doing, struct err *err)
{
	auto_put(rtnl_link_put) struct rtnl_link *have = rtnl_link_alloc();
	auto_put(rtnl_link_put) struct rtnl_link *want = rtnl_link_alloc();
	int index = rtnetlink_index(net, dev, err);

	if (index < 0)
		return index;
	rtnl_link_set_ifindex(have, index);
	rtnl_link_set_flags(want, set);
	rtnl_link_unset_flags(want, unset);
	return answer(rtnl_link_change(net->sock, have, want, 0), err, doing, dev);
}

int rtnetlink_hush(struct net *net, const char *dev, struct err *err)
{
	return set_flags(net, dev, IFF_NOARP, IFF_MULTICAST, "hush", err);
}

int rtnetlink_whole(struct net *net, const char *dev, struct err *err)
{
	struct ethtool_value off = { .cmd = ETHTOOL_STXCSUM, .data = 0 };
	struct ifreq request = { .ifr_data = (void *)&off };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", dev);
	if (ioctl(nl_socket_get_fd(net->sock), SIOCETHTOOL, &request))	/* any socket will do: netdevice(7) */
		return err_set(err, errno, "cannot have whole frames on %s", dev);
	return 0;
}

int rtnetlink_up(struct net *net, const char *dev, struct err *err)
{
	return set_flags(net, dev, IFF_UP, 0, "bring up", err);
}

static int parse(const char *text, struct nl_addr **addr, struct err *err)
{
	return answer(nl_addr_parse(text, AF_UNSPEC, addr), err, "read the address", text);
}

int rtnetlink_addr(struct net *net, const char *dev, const char *text, struct err *err)
{
	auto_put(rtnl_addr_put) struct rtnl_addr *addr = rtnl_addr_alloc();
	auto_put(nl_addr_put) struct nl_addr *local = NULL;
	auto_free char *what = must_printf("add address %s to", text);
	int index = rtnetlink_index(net, dev, err);

	if (index < 0 || parse(text, &local, err))
		return err_code(err);
	rtnl_addr_set_ifindex(addr, index);
	rtnl_addr_set_local(addr, local);
	if (nl_addr_get_family(local) == AF_INET6)	/* no waiting for duplicates */
		rtnl_addr_set_flags(addr, IFA_F_NODAD);
	return answer(rtnl_addr_add(net->sock, addr, 0), err, what, dev);
}

int rtnetlink_neigh(struct net *net, const char *dev, const char *text, const char *mac, struct err *err)
{
	auto_put(rtnl_neigh_put) struct rtnl_neigh *neigh = rtnl_neigh_alloc();
	auto_put(nl_addr_put) struct nl_addr *addr = NULL;
	auto_put(nl_addr_put) struct nl_addr *lladdr = NULL;
	auto_free char *what = must_printf("add neighbour %s to", text);
	int index = rtnetlink_index(net, dev, err);

	if (index < 0 || parse(text, &addr, err) || mac_addr(mac, &lladdr, err))
		return err_code(err);
	rtnl_neigh_set_ifindex(neigh, index);
	rtnl_neigh_set_dst(neigh, addr);
	rtnl_neigh_set_lladdr(neigh, lladdr);
	rtnl_neigh_set_state(neigh, NUD_PERMANENT);
	return answer(rtnl_neigh_add(net->sock, neigh, NLM_F_CREATE | NLM_F_REPLACE), err, what, dev);
}

int rtnetlink_route(struct net *net, const char *to, const char *via, const char *dev, struct err *err)
{
	auto_put(rtnl_route_put) struct rtnl_route *route = rtnl_route_alloc();
	auto_put(nl_addr_put) struct nl_addr *dst = NULL;
	auto_put(nl_addr_put) struct nl_addr *gateway = NULL;
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	bool six = strchr(via ? via : to, ':');
	int index = dev ? rtnetlink_index(net, dev, err) : 0;

	rtnl_route_add_nexthop(route, hop);	/* the route owns it now */
	if (index < 0)
		return index;
	if (!strcmp(to, "default"))
		to = six ? "::/0" : "0.0.0.0/0";
	if (parse(to, &dst, err) || (via && parse(via, &gateway, err)))
		return err_code(err);
	rtnl_route_set_family(route, (uint8_t)nl_addr_get_family(dst));
	rtnl_route_set_dst(route, dst);
	rtnl_route_set_scope(route, via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
	if (via)
		rtnl_route_nh_set_gateway(hop, gateway);
	if (dev)
		rtnl_route_nh_set_ifindex(hop, index);
	return answer(rtnl_route_add(net->sock, route, 0), err, "add the route to", to);
}

/* Digits, and @unit behind them; a percentage may have a fraction. -1 if @text is not that. */
static double amount(const char *text, const char *unit, bool fraction)
{
	size_t digits = strspn(text, "0123456789"), all = digits;

	if (fraction && text[all] == '.')
		all += 1 + strspn(text + all + 1, "0123456789");
	return digits && text[all - 1] != '.' && !strcmp(text + all, unit) ? strtod(text, NULL) : -1;
}

int netem_parse(const char *words, struct netem *netem, struct err *err)
{
	static const char some_ms[] = "whole milliseconds up to an hour (10ms)", some_percent[] = "a percentage (100%)";
	static const struct { const char *word, *unit, *wants; size_t at; bool percent; } known[] = {
		{ "delay", "ms", some_ms, offsetof(struct netem, delay_ms), false },
		{ "loss", "%", some_percent, offsetof(struct netem, loss_percent), true },
		{ "duplicate", "%", some_percent, offsetof(struct netem, duplicate_percent), true },
	};
	auto_free char *copy = must_strdup(words);
	char *save = NULL;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *value = strtok_r(NULL, " ", &save);
		double n;
		size_t k;

		for (k = 0; k < ARRAY_SIZE(known); k++)
			if (!strcmp(known[k].word, word))
				break;
		if (k == ARRAY_SIZE(known))
			return err_set(err, 0, "netem knows no '%s': delay Nms, loss N%%, duplicate N%%", word);
		n = value ? amount(value, known[k].unit, known[k].percent) : -1;
		if (n < 0 || n > (known[k].percent ? 100 : 3600 * 1000))
			return err_set(err, 0, "netem: '%s' wants %s, not '%s'", word, known[k].wants, value ? value : "");
		if (known[k].percent)
			*(double *)((char *)netem + known[k].at) = n;
		else
			*(int *)((char *)netem + known[k].at) = (int)n;
	}
	return 0;
}

static int chance(double percent)	/* of 2^32, as the kernel counts */
{
	return (int)(uint32_t)(percent / 100.0 * UINT32_MAX);
}

int rtnetlink_netem(struct net *net, const char *dev, const struct netem *netem, struct err *err)
{
	auto_put(rtnl_qdisc_put) struct rtnl_qdisc *qdisc = rtnl_qdisc_alloc();
	int index = rtnetlink_index(net, dev, err);

	if (index < 0)
		return index;
	rtnl_tc_set_ifindex(TC_CAST(qdisc), index);
	rtnl_tc_set_parent(TC_CAST(qdisc), TC_H_ROOT);
	rtnl_tc_set_handle(TC_CAST(qdisc), TC_HANDLE(1, 0));
	rtnl_tc_set_kind(TC_CAST(qdisc), "netem");
	rtnl_netem_set_limit(qdisc, netem->limit ? netem->limit : 100000);
	rtnl_netem_set_delay(qdisc, netem->delay_ms * 1000);	/* microseconds */
	rtnl_netem_set_loss(qdisc, chance(netem->loss_percent));
	rtnl_netem_set_duplicate(qdisc, chance(netem->duplicate_percent));
	return answer(rtnl_qdisc_add(net->sock, qdisc, NLM_F_CREATE), err, "put netem on", dev);
}

int rtnetlink_splice(struct net *net, const char *from, const char *to, struct err *err)
{
	auto_put(rtnl_qdisc_put) struct rtnl_qdisc *ingress = rtnl_qdisc_alloc();
	auto_put(rtnl_cls_put) struct rtnl_cls *cls = rtnl_cls_alloc();
	struct rtnl_act *act = rtnl_act_alloc();
	int from_index = rtnetlink_index(net, from, err), to_index = rtnetlink_index(net, to, err);
	int code;

	if (from_index < 0 || to_index < 0) {
		rtnl_act_put(act);
		return err_code(err);
	}
	rtnl_tc_set_ifindex(TC_CAST(ingress), from_index);
	rtnl_tc_set_parent(TC_CAST(ingress), TC_H_INGRESS);
	rtnl_tc_set_handle(TC_CAST(ingress), TC_HANDLE(0xffffU, 0));
	rtnl_tc_set_kind(TC_CAST(ingress), "ingress");
	if (answer(rtnl_qdisc_add(net->sock, ingress, NLM_F_CREATE), err, "put an ingress qdisc on", from)) {
		rtnl_act_put(act);
		return err_code(err);
	}
	rtnl_tc_set_kind(TC_CAST(act), "mirred");
	rtnl_mirred_set_action(act, TCA_EGRESS_MIRROR);	/* a clone, without its socket: see rtnetlink.h */
	rtnl_mirred_set_policy(act, TC_ACT_STOLEN);
	rtnl_mirred_set_ifindex(act, (uint32_t)to_index);

	rtnl_tc_set_ifindex(TC_CAST(cls), from_index);
	rtnl_tc_set_parent(TC_CAST(cls), TC_HANDLE(0xffffU, 0));
	rtnl_tc_set_kind(TC_CAST(cls), "matchall");
	rtnl_cls_set_prio(cls, 1);
	rtnl_cls_set_protocol(cls, ETH_P_ALL);
	code = rtnl_mall_append_action(cls, act);
	rtnl_act_put(act);
	if (answer(code, err, "redirect from", from))
		return err_code(err);
	return answer(rtnl_cls_add(net->sock, cls, NLM_F_CREATE), err, "redirect from", from);
}

int rtnetlink_qdisc_stats(struct net *net, const char *dev, uint64_t *packets, uint64_t *drops, struct err *err)
{
	auto_put(nl_cache_free) struct nl_cache *cache = NULL;
	auto_put(rtnl_qdisc_put) struct rtnl_qdisc *qdisc = NULL;
	int index = rtnetlink_index(net, dev, err);

	*packets = *drops = 0;
	if (index < 0)
		return index;
	if (answer(rtnl_qdisc_alloc_cache(net->sock, &cache), err, "read the qdiscs of", dev))
		return err_code(err);
	qdisc = rtnl_qdisc_get_by_parent(cache, index, TC_H_ROOT);
	if (qdisc) {
		*packets = rtnl_tc_get_stat(TC_CAST(qdisc), RTNL_TC_PACKETS);
		*drops = rtnl_tc_get_stat(TC_CAST(qdisc), RTNL_TC_DROPS);
	}
	return 0;
}
