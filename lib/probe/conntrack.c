/* conntrack.c - what a NAT remembers: its table of TCP connections */
#include <twlab/conntrack.h>

#include <twlab/ns.h>

#include <errno.h>
#include <netlink/netfilter/ct.h>
#include <netlink/netfilter/nfnl.h>
#include <netlink/netlink.h>

struct conntrack {
	struct nl_sock *sock;
	struct ct_seen *seen;
	unsigned int n;
};

/* enum tcp_conntrack: its FIN_WAIT is either of TCP's two */
static const char *const state_names[] = {
	"", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT",
	"LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2",
};

struct conntrack *conntrack_open(int ns, struct err *err)
{
	struct conntrack *conntrack = must_calloc(1, sizeof(*conntrack));
	int home = ns_enter(ns, err), code;

	if (home < 0) {
		free(conntrack);
		return NULL;
	}
	conntrack->sock = nl_socket_alloc();
	code = conntrack->sock ? nfnl_connect(conntrack->sock) : -NLE_NOMEM;
	ns_leave(home);
	if (code < 0) {
		err_set(err, EOPNOTSUPP, "cannot open ctnetlink: %s", nl_geterror(code));
		conntrack_close(conntrack);
		return NULL;
	}
	return conntrack;
}

void conntrack_close(struct conntrack *conntrack)
{
	if (!conntrack)
		return;
	nl_socket_free(conntrack->sock);
	free(conntrack->seen);
	free(conntrack);
}

static void read_end(struct endpoint *end, const struct nl_addr *addr, uint16_t port)
{
	endpoint_set(end, nl_addr_get_family(addr), nl_addr_get_binary_addr(addr), port);
}

static void got_entry(struct nl_object *object, void *arg)
{
	const struct nfnl_ct *ct = (const struct nfnl_ct *)object;
	struct conntrack *conntrack = arg;
	struct ct_seen *seen;
	uint8_t state;

	if (nfnl_ct_get_proto(ct) != IPPROTO_TCP || !nfnl_ct_get_src(ct, 0) || !nfnl_ct_get_dst(ct, 0) ||
	    !nfnl_ct_get_dst(ct, 1))
		return;
	seen = grow(&conntrack->seen, conntrack->n++, sizeof(*seen));
	read_end(&seen->from, nfnl_ct_get_src(ct, 0), nfnl_ct_get_src_port(ct, 0));
	read_end(&seen->to, nfnl_ct_get_dst(ct, 0), nfnl_ct_get_dst_port(ct, 0));
	read_end(&seen->as, nfnl_ct_get_dst(ct, 1), nfnl_ct_get_dst_port(ct, 1));
	state = nfnl_ct_test_tcp_state(ct) ? nfnl_ct_get_tcp_state(ct) : 0;
	seen->state = state_names[state < ARRAY_SIZE(state_names) ? state : 0];
	seen->expires_ms = (int64_t)nfnl_ct_get_timeout(ct) * 1000;
	seen->id = nfnl_ct_get_id(ct);
}

int conntrack_dump(struct conntrack *conntrack, const struct ct_seen **seen, struct err *err)
{
	struct nl_cache *cache = NULL;
	int code = nfnl_ct_alloc_cache(conntrack->sock, &cache);

	*seen = NULL;
	if (code < 0)
		return err_set(err, code == -NLE_OPNOTSUPP || code == -NLE_OBJ_NOTFOUND ? EOPNOTSUPP : EIO,
			       "cannot read the table of connections: %s", nl_geterror(code));
	conntrack->n = 0;
	nl_cache_foreach(cache, got_entry, conntrack);
	nl_cache_free(cache);
	*seen = conntrack->seen;
	return (int)conntrack->n;
}
