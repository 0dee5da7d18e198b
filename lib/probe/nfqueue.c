/* nfqueue.c - packets that wait for our word
 *
 * libnl-nf-3 opens and configures the queue. Its packet objects are passed over:
 * they copy each packet twice and do not know of NFQA_CAP_LEN.
 */
#include <twlab/nfqueue.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <netlink/msg.h>
#include <netlink/netfilter/nfnl.h>
#include <netlink/netfilter/queue.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

#include <twlab/nftables.h>

#define AT_ONCE 64	/* packets for one nfqueue_handle(), so that others get their turn */
#define ALL 65531	/* the longest attribute that netlink can carry */
#define BUFFER_BYTES (16 << 20)

struct nfqueue {
	struct nl_sock *sock;
	struct nfnl_queue *config;
	nfqueue_fn *fn;
	void *arg;
	uint16_t number;
	uint32_t last_id;	/* the kernel counts packets, so a gap is what was missed */
	struct nfqueue_stats stats;
};

/* One for all queues: a packet is done with before the next is read. */
static _Thread_local _Alignas(struct nlmsghdr) uint8_t buffer[ALL + 1024];

/* What nfnl_queue cannot say. */
static int set_fail_open(struct nfqueue *nfqueue)
{
	uint32_t flag = htonl(NFQA_CFG_F_FAIL_OPEN);
	struct nl_msg *msg = nfnlmsg_alloc_simple(NFNL_SUBSYS_QUEUE, NFQNL_MSG_CONFIG,
						  NLM_F_REQUEST | NLM_F_ACK, AF_UNSPEC,
						  nfqueue->number);
	int code;

	if (!msg)
		return -NLE_NOMEM;
	nla_put(msg, NFQA_CFG_FLAGS, sizeof(flag), &flag);
	nla_put(msg, NFQA_CFG_MASK, sizeof(flag), &flag);
	code = nl_send_auto(nfqueue->sock, msg);
	nlmsg_free(msg);
	return code < 0 ? code : nl_wait_for_ack(nfqueue->sock);
}

static int configure(struct nfqueue *nfqueue, const struct nfqueue_spec *spec)
{
	int code;

	nfnl_queue_set_group(nfqueue->config, spec->number);
	nfnl_queue_set_maxlen(nfqueue->config, spec->max_packets ? spec->max_packets : 8192);
	nfnl_queue_set_copy_mode(nfqueue->config, NFNL_QUEUE_COPY_PACKET);
	nfnl_queue_set_copy_range(nfqueue->config, spec->copy_bytes ? spec->copy_bytes : ALL);
	code = nfnl_queue_create(nfqueue->sock, nfqueue->config);
	if (!code && spec->fail_open)
		code = set_fail_open(nfqueue);
	return code;
}

/* A verdict needs no answer, and packets come in between: from here on nothing
 * is waited for.
 */
static void make_room(struct nfqueue *nfqueue)
{
	int fd = nl_socket_get_fd(nfqueue->sock), bytes = BUFFER_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	nl_socket_disable_auto_ack(nfqueue->sock);
	nl_socket_disable_seq_check(nfqueue->sock);
	nl_socket_set_nonblocking(nfqueue->sock);
}

/* The kernel answers EPERM both to who has no right and to who comes second. */
static bool is_held(uint16_t number)
{
	auto_fclose FILE *file = fopen("/proc/thread-self/net/netfilter/nfnetlink_queue", "re");
	char line[256];
	int held;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%d", &held) == 1 && held == number)
			return true;
	return false;
}

struct nfqueue *nfqueue_open(const struct nfqueue_spec *spec, nfqueue_fn *fn, void *arg, struct err *err)
{
	struct nfqueue *nfqueue = must_calloc(1, sizeof(*nfqueue));
	int code = -NLE_NOMEM;

	nfqueue->fn = fn;
	nfqueue->arg = arg;
	nfqueue->number = spec->number;
	nfqueue->sock = nfnl_queue_socket_alloc();
	nfqueue->config = nfnl_queue_alloc();
	if (nfqueue->sock && nfqueue->config)
		code = nl_connect(nfqueue->sock, NETLINK_NETFILTER);
	if (!code)
		code = configure(nfqueue, spec);
	if (!code) {
		make_room(nfqueue);
		return nfqueue;
	}
	if (code == -NLE_BUSY || code == -NLE_PERM)
		err_set(err, is_held(spec->number) ? EBUSY : EPERM, "cannot open packet queue %u",
			spec->number);
	else
		err_set(err, 0, "cannot open packet queue %u (is the module nfnetlink_queue there?): %s",
			spec->number, nl_geterror(code));
	nfqueue_close(nfqueue);
	return NULL;
}

int nfqueue_fd(const struct nfqueue *nfqueue)
{
	return nl_socket_get_fd(nfqueue->sock);
}

/* --- verdicts --- */

static void answer(struct nfqueue *nfqueue, struct nfqueue_packet *packet, uint32_t verdict, bool changed)
{
	struct {
		struct nlmsghdr head;
		struct nfgenmsg family;
		struct nlattr attr;
		struct nfqnl_msg_verdict_hdr verdict;
		struct nlattr payload;
	} msg = {
		.head.nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT,
		.head.nlmsg_flags = NLM_F_REQUEST,
		.family.res_id = htons(nfqueue->number),
		.attr = { sizeof(msg.attr) + sizeof(msg.verdict), NFQA_VERDICT_HDR },
		.verdict = { htonl(verdict), htonl(packet->id) },
		.payload = { (uint16_t)(sizeof(msg.payload) + packet->len), NFQA_PAYLOAD },
	};
	struct iovec parts[] = {
		{ &msg, changed ? sizeof(msg) : offsetof(__typeof__(msg), payload) },
		{ packet->data, changed ? packet->len : 0 },
	};
	struct msghdr out = { .msg_iov = parts, .msg_iovlen = ARRAY_SIZE(parts) };

	assert(!packet->answered);
	packet->answered = true;
	msg.head.nlmsg_len = (uint32_t)(parts[0].iov_len + parts[1].iov_len);
	/* Of all that can fail here nothing can be mended: the packet is gone. */
	while (sendmsg(nfqueue_fd(nfqueue), &out, 0) < 0 && errno == EINTR)
		;
}

void nfqueue_accept(struct nfqueue *nfqueue, struct nfqueue_packet *packet)
{
	answer(nfqueue, packet, NF_ACCEPT, false);
}

void nfqueue_drop(struct nfqueue *nfqueue, struct nfqueue_packet *packet)
{
	answer(nfqueue, packet, NF_DROP, false);
}

void nfqueue_replace(struct nfqueue *nfqueue, struct nfqueue_packet *packet)
{
	answer(nfqueue, packet, NF_ACCEPT, !packet->cut);
}

/* --- packets --- */

static void count(struct nfqueue *nfqueue, uint32_t id)
{
	if (nfqueue->stats.packets)
		nfqueue->stats.missed += id - nfqueue->last_id - 1;
	nfqueue->last_id = id;
	nfqueue->stats.packets++;
}

static void take(struct nfqueue *nfqueue, struct nlmsghdr *head)
{
	struct nlattr *attr[NFQA_MAX + 1];
	const struct nfqnl_msg_packet_hdr *packet_head;
	struct nfqueue_packet packet = { 0 };

	if (head->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET) ||
	    nlmsg_parse(head, sizeof(struct nfgenmsg), attr, NFQA_MAX, NULL) < 0 ||
	    !attr[NFQA_PACKET_HDR])
		return;
	packet_head = nla_data(attr[NFQA_PACKET_HDR]);
	packet.id = ntohl(packet_head->packet_id);
	packet.out = packet_head->hook == NF_INET_LOCAL_OUT ||
		     packet_head->hook == NF_INET_POST_ROUTING;
	packet.cut = attr[NFQA_CAP_LEN] != NULL;
	if (attr[NFQA_PAYLOAD]) {
		packet.data = nla_data(attr[NFQA_PAYLOAD]);
		packet.len = (size_t)nla_len(attr[NFQA_PAYLOAD]);
	}
	count(nfqueue, packet.id);
	nfqueue->fn(nfqueue, &packet, nfqueue->arg);
	if (!packet.answered)
		nfqueue_accept(nfqueue, &packet);
}

int nfqueue_handle(struct nfqueue *nfqueue, struct err *err)
{
	for (int i = 0; i < AT_ONCE; i++) {
		ssize_t len = recv(nfqueue_fd(nfqueue), buffer, sizeof(buffer), 0);
		struct nlmsghdr *head = (void *)buffer;
		int left = (int)len;

		if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (len < 0 && errno != EINTR && errno != ENOBUFS)	/* those: a packet was missed, go on */
			return err_set(err, errno, "cannot read packet queue %u", nfqueue->number);
		for (; left > 0 && nlmsg_ok(head, left); head = nlmsg_next(head, &left))
			take(nfqueue, head);
	}
	return 1;
}

int nfqueue_rules(int ns, const char *rules, struct err *err)
{
	int failed = nftables_run(ns, rules, err);

	return failed ? err_in(err, "cannot set rules for a packet queue (does this kernel have nft_queue?)") : 0;
}

const struct nfqueue_stats *nfqueue_stats(const struct nfqueue *nfqueue)
{
	return &nfqueue->stats;
}

void nfqueue_close(struct nfqueue *nfqueue)
{
	if (!nfqueue)
		return;
	if (nfqueue->config)
		nfnl_queue_put(nfqueue->config);
	nl_socket_free(nfqueue->sock);	/* closing it frees the queue's number */
	free(nfqueue);
}
