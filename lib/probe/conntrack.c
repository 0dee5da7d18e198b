/* conntrack.c - what a NAT remembers: its table of TCP connections */
#include <twlab/conntrack.h>

#include <twlab/ns.h>

#include <errno.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netlink/msg.h>
#include <netlink/netfilter/ct.h>
#include <netlink/netfilter/nfnl.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#define EVENTS_BYTES (8 << 20)	/* that may wait: some 6000 events */

struct conntrack {
	struct nl_sock *sock;
	struct nl_sock *told;	/* where the kernel tells what becomes of its entries */
	struct ct_seen *seen;
	struct ct_event *events;
	unsigned int n, n_events;
};

/* enum tcp_conntrack: its FIN_WAIT is either of TCP's two */
static const char *const state_names[] = {
	"", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT",
	"LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2",
};

static void read_end(struct endpoint *end, const struct nl_addr *addr, uint16_t port)
{
	endpoint_set(end, nl_addr_get_family(addr), nl_addr_get_binary_addr(addr), port);
}

static bool is_tcp(const struct nfnl_ct *ct)
{
	return nfnl_ct_get_proto(ct) == IPPROTO_TCP && nfnl_ct_get_src(ct, 0) && nfnl_ct_get_dst(ct, 0) &&
	       nfnl_ct_get_src(ct, 1) && nfnl_ct_get_dst(ct, 1);
}

static void read_entry(struct ct_seen *seen, const struct nfnl_ct *ct)
{
	uint8_t state = nfnl_ct_test_tcp_state(ct) ? nfnl_ct_get_tcp_state(ct) : 0;

	read_end(&seen->from, nfnl_ct_get_src(ct, 0), nfnl_ct_get_src_port(ct, 0));
	read_end(&seen->to, nfnl_ct_get_dst(ct, 0), nfnl_ct_get_dst_port(ct, 0));
	read_end(&seen->target, nfnl_ct_get_src(ct, 1), nfnl_ct_get_src_port(ct, 1));
	read_end(&seen->as, nfnl_ct_get_dst(ct, 1), nfnl_ct_get_dst_port(ct, 1));
	seen->state = state_names[state < ARRAY_SIZE(state_names) ? state : 0];
	seen->expires_ms = (int64_t)nfnl_ct_get_timeout(ct) * 1000;
	seen->id = nfnl_ct_get_id(ct);
}

static int got_event(struct nl_msg *msg, void *arg)
{
	struct conntrack *conntrack = arg;
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct ct_event *event;
	struct nfnl_ct *ct;
	bool made, ended;

	if (nfnlmsg_subsys(header) != NFNL_SUBSYS_CTNETLINK || nfnlmsg_ct_parse(header, &ct) < 0)
		return NL_OK;
	made = header->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL);
	ended = nfnlmsg_subtype(header) == IPCTNL_MSG_CT_DELETE;
	if (is_tcp(ct) && (made || ended || nfnl_ct_test_tcp_state(ct))) {
		event = grow(&conntrack->events, conntrack->n_events++, sizeof(*event));
		event->turn = ended ? CT_ENDED : made ? CT_MADE : CT_CHANGED;
		read_entry(&event->seen, ct);
	}
	nfnl_ct_put(ct);
	return NL_OK;
}

/* In the namespace that is ours now. */
static int open_events(struct conntrack *conntrack)
{
	const int bytes = EVENTS_BYTES;
	int code;

	conntrack->told = nl_socket_alloc();
	if (!conntrack->told)
		return -NLE_NOMEM;
	nl_socket_disable_seq_check(conntrack->told);
	nl_socket_modify_cb(conntrack->told, NL_CB_VALID, NL_CB_CUSTOM, got_event, conntrack);
	code = nfnl_connect(conntrack->told);
	if (code < 0)
		return code;
	setsockopt(nl_socket_get_fd(conntrack->told), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	nl_socket_set_nonblocking(conntrack->told);
	return nl_socket_add_memberships(conntrack->told, NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_UPDATE,
					 NFNLGRP_CONNTRACK_DESTROY, 0);
}

bool conntrack_has_state(const char *state)
{
	for (size_t s = 1; s < ARRAY_SIZE(state_names); s++)
		if (!strcmp(state, state_names[s]))
			return true;
	return false;
}

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
	if (code >= 0)
		code = open_events(conntrack);
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
	nl_socket_free(conntrack->told);
	free(conntrack->seen);
	free(conntrack->events);
	free(conntrack);
}

static void got_entry(struct nl_object *object, void *arg)
{
	const struct nfnl_ct *ct = (const struct nfnl_ct *)object;
	struct conntrack *conntrack = arg;

	if (is_tcp(ct))
		read_entry(grow(&conntrack->seen, conntrack->n++, sizeof(*conntrack->seen)), ct);
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

bool conntrack_waits(const struct conntrack *conntrack)
{
	struct pollfd told = { .fd = nl_socket_get_fd(conntrack->told), .events = POLLIN };

	return poll(&told, 1, 0) > 0;
}

int conntrack_events(struct conntrack *conntrack, const struct ct_event **events, struct err *err)
{
	conntrack->n_events = 0;
	while (conntrack_waits(conntrack)) {
		int code = nl_recvmsgs_default(conntrack->told);

		if (code == -NLE_NOMEM)	/* how libnl calls ENOBUFS, too */
			return err_set(err, ENOBUFS, "entries were made and ended faster than they could be recorded");
		if (code < 0 && code != -NLE_AGAIN)
			return err_set(err, EIO, "cannot hear what becomes of the table of connections: %s", nl_geterror(code));
	}
	*events = conntrack->events;
	return (int)conntrack->n_events;
}
