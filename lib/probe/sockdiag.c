/* sockdiag.c - a node's TCP sockets as the kernel reports them
 *
 * libnl-idiag speaks to the same kernel interface, but keeps no timers and
 * cannot destroy; so libnl carries the messages, and they are read here.
 */
#include <twlab/sockdiag.h>

#include <twlab/ns.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

struct sockdiag {
	struct nl_sock *sock;
	struct socket_seen *seen;
	unsigned int n;
	int failed;		/* errno that the kernel answered */
};

static const char *const timer_name[] = { "", "retrans", "keepalive", "timewait", "probe" };

static void read_endpoint(struct endpoint *endpoint, int family, const __be32 *addr, __be16 port)
{
	endpoint->family = family;
	endpoint->port = ntohs(port);
	if (family == AF_INET6) {
		memcpy(&endpoint->addr, addr, sizeof(endpoint->addr));
		return;
	}
	endpoint->addr = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
	memcpy(&endpoint->addr.s6_addr[12], addr, 4);
}

/* tcp_info is longer or shorter by kernel; what is wanted stands near its beginning. */
static void read_info(struct socket_seen *seen, const struct nlattr *attr)
{
	struct tcp_info info = { 0 };

	if (!attr || seen->state == STATE_LISTEN)	/* there its fields mean other things */
		return;
	nla_memcpy(&info, attr, sizeof(info));
	seen->rto_us = info.tcpi_rto;
	seen->backoff = info.tcpi_backoff;
}

static int got_socket(struct nl_msg *msg, void *arg)
{
	const struct inet_diag_msg *diag = nlmsg_data(nlmsg_hdr(msg));
	struct sockdiag *self = arg;
	struct socket_seen *seen;

	if (nlmsg_datalen(nlmsg_hdr(msg)) < (int)sizeof(*diag))
		return NL_SKIP;
	seen = grow(&self->seen, self->n++, sizeof(*seen));
	read_endpoint(&seen->local, diag->idiag_family, diag->id.idiag_src, diag->id.idiag_sport);
	read_endpoint(&seen->remote, diag->idiag_family, diag->id.idiag_dst, diag->id.idiag_dport);
	/* The kernel's own half-open kind (12) is SYN_RECV to everybody else. */
	seen->state = diag->idiag_state == 12 ? STATE_SYN_RECV : diag->idiag_state;
	if (seen->state <= STATE_NONE || seen->state >= STATES)
		seen->state = STATE_CLOSE;
	seen->timer = timer_name[diag->idiag_timer < ARRAY_SIZE(timer_name) ? diag->idiag_timer : 0];
	seen->expires_ms = diag->idiag_timer ? (int64_t)diag->idiag_expires : -1;
	memcpy(seen->cookie, diag->id.idiag_cookie, sizeof(seen->cookie));
	seen->inode = diag->idiag_inode;
	seen->ifindex = diag->id.idiag_if;
	seen->backlog = seen->state == STATE_LISTEN ? diag->idiag_wqueue : 0;
	read_info(seen, nlmsg_find_attr(nlmsg_hdr(msg), sizeof(*diag), INET_DIAG_INFO));
	return NL_OK;
}

static int got_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct sockdiag *self = arg;

	(void)from;
	self->failed = -error->error;
	return NL_STOP;
}

struct sockdiag *sockdiag_open(int ns, struct err *err)
{
	struct sockdiag *diag = must_calloc(1, sizeof(*diag));
	int home = ns_enter(ns, err);
	int code;

	if (home < 0) {
		free(diag);
		return NULL;
	}
	diag->sock = nl_socket_alloc();
	code = diag->sock ? nl_connect(diag->sock, NETLINK_SOCK_DIAG) : -NLE_NOMEM;
	ns_leave(home);
	if (code < 0) {
		err_set(err, 0, "cannot open sock_diag: %s", nl_geterror(code));
		sockdiag_close(diag);
		return NULL;
	}
	nl_socket_modify_cb(diag->sock, NL_CB_VALID, NL_CB_CUSTOM, got_socket, diag);
	nl_socket_modify_err_cb(diag->sock, NL_CB_CUSTOM, got_error, diag);
	nl_socket_disable_seq_check(diag->sock);
	nl_socket_disable_msg_peek(diag->sock);	/* a dump's datagrams are no longer than the room for one (16 kB) */
	nl_socket_disable_auto_ack(diag->sock);	/* every request has one answer: the last datagram */
	return diag;
}

void sockdiag_close(struct sockdiag *diag)
{
	if (!diag)
		return;
	nl_socket_free(diag->sock);
	free(diag->seen);
	free(diag);
}

static int ask(struct sockdiag *diag, int type, int flags, const struct inet_diag_req_v2 *req,
	       const char *what, struct err *err)
{
	int code;

	diag->n = 0;
	diag->failed = 0;
	code = nl_send_simple(diag->sock, type, flags, (void *)(uintptr_t)req, sizeof(*req));
	if (code >= 0)
		code = nl_recvmsgs_default(diag->sock);
	if (diag->failed)
		return err_set(err, diag->failed, "cannot %s", what);
	if (code < 0)
		return err_set(err, 0, "cannot %s: %s", what, nl_geterror(code));
	return 0;
}

int sockdiag_dump(struct sockdiag *diag, int family, const struct socket_seen **sockets, struct err *err)
{
	struct inet_diag_req_v2 req = {
		.sdiag_family = (uint8_t)family,
		.sdiag_protocol = IPPROTO_TCP,
		/* The states there are: Linux 6.8 and later would add sockets that are only
		 * bound (91051f003948), as in CLOSE.
		 */
		.idiag_states = (1U << STATES) - 1,
	};

	if (ask(diag, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &req, "list the sockets", err))
		return err_code(err);
	*sockets = diag->seen;
	return (int)diag->n;
}

static void write_endpoint(const struct endpoint *endpoint, __be32 *addr, __be16 *port)
{
	*port = htons(endpoint->port);
	if (endpoint->family == AF_INET6)
		memcpy(addr, &endpoint->addr, sizeof(endpoint->addr));
	else
		memcpy(addr, &endpoint->addr.s6_addr[12], 4);
}

int sockdiag_find(struct sockdiag *diag, const struct endpoint *local, const struct endpoint *remote,
		  struct socket_seen *seen, struct err *err)
{
	struct inet_diag_req_v2 req = {
		.sdiag_family = (uint8_t)local->family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_ext = 1 << (INET_DIAG_INFO - 1),
		.idiag_states = ~0U,
		.id = { .idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } },
	};
	int code;

	write_endpoint(local, req.id.idiag_src, &req.id.idiag_sport);
	write_endpoint(remote, req.id.idiag_dst, &req.id.idiag_dport);
	code = ask(diag, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, &req, "look for a socket", err);
	if (code)
		return code == -ENOENT ? 0 : code;
	if (diag->n == 0)
		return 0;
	*seen = diag->seen[0];
	return 1;
}

int sockdiag_destroy(struct sockdiag *diag, const struct socket_seen *socket, struct err *err)
{
	struct inet_diag_req_v2 req = {
		.sdiag_family = (uint8_t)socket->local.family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = ~0U,
		.id = { .idiag_if = socket->ifindex,
			.idiag_cookie = { socket->cookie[0], socket->cookie[1] } },
	};

	write_endpoint(&socket->local, req.id.idiag_src, &req.id.idiag_sport);
	write_endpoint(&socket->remote, req.id.idiag_dst, &req.id.idiag_dport);
	return ask(diag, SOCK_DESTROY, NLM_F_REQUEST | NLM_F_ACK, &req,
		   "destroy a socket", err);
}
