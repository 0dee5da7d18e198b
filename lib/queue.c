/* queue.c - packets that wait for our word
 *
 * libnl-nf-3 opens and configures the queue. Its packet objects are passed over:
 * they copy each packet twice and do not know of NFQA_CAP_LEN.
 */
#include "lib/queue.h"

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

#include "lib/fw.h"

#define AT_ONCE 64	/* packets for one queue_handle(), so that others get their turn */
#define ALL 65531	/* the longest attribute that netlink can carry */
#define BUFFER_BYTES (16 << 20)

struct queue {
	struct nl_sock *sock;
	struct nfnl_queue *config;
	queue_fn *fn;
	void *arg;
	uint16_t number;
	uint32_t last_id;	/* the kernel counts packets, so a gap is what was missed */
	struct queue_stats stats;
};

/* One for all queues: a packet is done with before the next is read. */
static _Thread_local _Alignas(struct nlmsghdr) uint8_t buffer[ALL + 1024];

/* What nfnl_queue cannot say. */
static int set_fail_open(struct queue *queue)
{
	uint32_t flag = htonl(NFQA_CFG_F_FAIL_OPEN);
	struct nl_msg *msg = nfnlmsg_alloc_simple(NFNL_SUBSYS_QUEUE, NFQNL_MSG_CONFIG,
						  NLM_F_REQUEST | NLM_F_ACK, AF_UNSPEC,
						  queue->number);
	int code;

	if (!msg)
		return -NLE_NOMEM;
	nla_put(msg, NFQA_CFG_FLAGS, sizeof(flag), &flag);
	nla_put(msg, NFQA_CFG_MASK, sizeof(flag), &flag);
	code = nl_send_auto(queue->sock, msg);
	nlmsg_free(msg);
	return code < 0 ? code : nl_wait_for_ack(queue->sock);
}

static int configure(struct queue *queue, const struct queue_spec *spec)
{
	int code;

	nfnl_queue_set_group(queue->config, spec->number);
	nfnl_queue_set_maxlen(queue->config, spec->max_packets ? spec->max_packets : 8192);
	nfnl_queue_set_copy_mode(queue->config, NFNL_QUEUE_COPY_PACKET);
	nfnl_queue_set_copy_range(queue->config, spec->copy_bytes ? spec->copy_bytes : ALL);
	code = nfnl_queue_create(queue->sock, queue->config);
	if (!code && spec->fail_open)
		code = set_fail_open(queue);
	return code;
}

/* A verdict needs no answer, and packets come in between: from here on nothing
 * is waited for.
 */
static void make_room(struct queue *queue)
{
	int fd = nl_socket_get_fd(queue->sock), bytes = BUFFER_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	nl_socket_disable_auto_ack(queue->sock);
	nl_socket_disable_seq_check(queue->sock);
	nl_socket_set_nonblocking(queue->sock);
}

/* The kernel answers EPERM both to who has no right and to who comes second. */
static bool is_held(uint16_t number)
{
	auto_fclose FILE *file = fopen("/proc/thread-self/net/netfilter/nfnetlink_queue", "r");
	char line[256];
	int held;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%d", &held) == 1 && held == number)
			return true;
	return false;
}

struct queue *queue_open(const struct queue_spec *spec, queue_fn *fn, void *arg, struct err *err)
{
	struct queue *queue = must_calloc(1, sizeof(*queue));
	int code = -NLE_NOMEM;

	queue->fn = fn;
	queue->arg = arg;
	queue->number = spec->number;
	queue->sock = nfnl_queue_socket_alloc();
	queue->config = nfnl_queue_alloc();
	if (queue->sock && queue->config)
		code = nl_connect(queue->sock, NETLINK_NETFILTER);
	if (!code)
		code = configure(queue, spec);
	if (!code) {
		make_room(queue);
		return queue;
	}
	if (code == -NLE_BUSY || code == -NLE_PERM)
		err_set(err, is_held(spec->number) ? EBUSY : EPERM, "cannot open packet queue %u",
			spec->number);
	else
		err_set(err, 0, "cannot open packet queue %u (is the module nfnetlink_queue there?): %s",
			spec->number, nl_geterror(code));
	queue_close(queue);
	return NULL;
}

int queue_fd(const struct queue *queue)
{
	return nl_socket_get_fd(queue->sock);
}

/* --- verdicts --- */

static void answer(struct queue *queue, struct queue_packet *packet, uint32_t verdict, bool changed)
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
		.family.res_id = htons(queue->number),
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
	while (sendmsg(queue_fd(queue), &out, 0) < 0 && errno == EINTR)
		;
}

void queue_accept(struct queue *queue, struct queue_packet *packet)
{
	answer(queue, packet, NF_ACCEPT, false);
}

void queue_drop(struct queue *queue, struct queue_packet *packet)
{
	answer(queue, packet, NF_DROP, false);
}

void queue_replace(struct queue *queue, struct queue_packet *packet)
{
	answer(queue, packet, NF_ACCEPT, !packet->cut);
}

/* --- packets --- */

static void count(struct queue *queue, uint32_t id)
{
	if (queue->stats.packets)
		queue->stats.missed += id - queue->last_id - 1;
	queue->last_id = id;
	queue->stats.packets++;
}

static void take(struct queue *queue, struct nlmsghdr *head)
{
	struct nlattr *attr[NFQA_MAX + 1];
	const struct nfqnl_msg_packet_hdr *packet_head;
	struct queue_packet packet = { 0 };

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
	count(queue, packet.id);
	queue->fn(queue, &packet, queue->arg);
	if (!packet.answered)
		queue_accept(queue, &packet);
}

int queue_handle(struct queue *queue, struct err *err)
{
	for (int i = 0; i < AT_ONCE; i++) {
		ssize_t len = recv(queue_fd(queue), buffer, sizeof(buffer), 0);
		struct nlmsghdr *head = (void *)buffer;
		int left = (int)len;

		if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (len < 0 && errno != EINTR && errno != ENOBUFS)	/* those: a packet was missed, go on */
			return err_set(err, errno, "cannot read packet queue %u", queue->number);
		for (; left > 0 && nlmsg_ok(head, left); head = nlmsg_next(head, &left))
			take(queue, head);
	}
	return 1;
}

int queue_rules(int ns, const char *rules, struct err *err)
{
	int failed = fw_run(ns, rules, err);

	return failed ? err_in(err, "cannot set rules for a packet queue (does this kernel have nft_queue?)") : 0;
}

const struct queue_stats *queue_stats(const struct queue *queue)
{
	return &queue->stats;
}

void queue_close(struct queue *queue)
{
	if (!queue)
		return;
	if (queue->config)
		nfnl_queue_put(queue->config);
	nl_socket_free(queue->sock);	/* closing it frees the queue's number */
	free(queue);
}
