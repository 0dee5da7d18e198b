/* capture.c - every frame that a node sends or gets */
#include <twlab/capture.h>

#include <twlab/ns.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/socket.h>
#include <time.h>

#define VLAN_TAG 4	/* bytes that a tag adds behind the two addresses */

static const struct {
	int level, name;
	const char *what;
} wanted[] = {
	{ SOL_SOCKET, SO_TIMESTAMPNS, "cannot have frames stamped" },
	{ SOL_PACKET, PACKET_AUXDATA, "cannot be told frames' VLAN tags" },
};

int capture_open(int ns, struct err *err)
{
	int home = ns_enter(ns, err);
	int on = 1, room = 8 << 20, code;
	auto_close int fd = -1;

	if (home < 0)
		return home;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
	code = errno;
	ns_leave(home);
	if (fd < 0)
		return err_set(err, code, "cannot open a packet socket");
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (setsockopt(fd, wanted[i].level, wanted[i].name, &on, sizeof(on)))
			return err_set(err, errno, "%s", wanted[i].what);
	/* as much as the system allows to whom; capture_missed() tells if it was too little */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return steal_fd(&fd);
}

/* What came with a frame: when it came, and the tag that the kernel took out of it. */
struct beside {
	struct timespec at;
	struct tpacket_auxdata aux;
};

static void beside_read(struct msghdr *msg, struct beside *beside)
{
	*beside = (struct beside){ 0 };
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&beside->at, CMSG_DATA(c), sizeof(beside->at));
		else if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA)
			memcpy(&beside->aux, CMSG_DATA(c), sizeof(beside->aux));
	}
}

/* Put the tag where it was on the cable: @data has room for it in front. */
static uint8_t *tag_put_back(uint8_t *data, const struct tpacket_auxdata *aux)
{
	uint16_t tpid = htons(aux->tp_status & TP_STATUS_VLAN_TPID_VALID ? aux->tp_vlan_tpid : ETH_P_8021Q);
	uint16_t tci = htons(aux->tp_vlan_tci);

	memmove(data - VLAN_TAG, data, 2 * ETH_ALEN);
	memcpy(data + 2 * ETH_ALEN - VLAN_TAG, &tpid, sizeof(tpid));
	memcpy(data + 2 * ETH_ALEN - VLAN_TAG + 2, &tci, sizeof(tci));
	return data - VLAN_TAG;
}

int capture_next(int fd, struct capture_frame *frame, struct err *err)
{
	static uint8_t room[VLAN_TAG + ETH_HLEN + VLAN_TAG + 65536];	/* the tag in front, and one that is in the data */
	union { struct cmsghdr align; char room[256]; } control;
	struct sockaddr_ll from;
	struct beside beside;
	uint8_t *data = room + VLAN_TAG;
	struct iovec iov = { data, sizeof(room) - VLAN_TAG };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : err_set(err, errno, "cannot read a frame");
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return err_set(err, EMSGSIZE, "cannot read a frame");
	beside_read(&msg, &beside);
	if (beside.aux.tp_status & TP_STATUS_VLAN_VALID && len >= ETH_HLEN) {
		data = tag_put_back(data, &beside.aux);
		len += VLAN_TAG;
	}
	*frame = (struct capture_frame){
		.ifindex = from.sll_ifindex, .out = from.sll_pkttype == PACKET_OUTGOING,
		.data = data, .len = (uint32_t)len,
		.at_ns = beside.at.tv_sec * NS_PER_S + beside.at.tv_nsec,
	};
	return 1;
}

unsigned int capture_missed(int fd)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len);
	return stats.tp_drops;
}
