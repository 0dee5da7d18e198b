/* capture.c - every frame that a node sends or gets */
#include <twlab/capture.h>

#include <twlab/ns.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/socket.h>
#include <time.h>

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
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)))
		return err_set(err, errno, "cannot have frames stamped");
	/* as much as the system allows to whom; capture_missed() tells if it was too little */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return steal_fd(&fd);
}

int capture_next(int fd, struct capture_frame *frame, struct err *err)
{
	static uint8_t data[65536 + ETH_HLEN];
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(struct timespec))]; } control;
	struct sockaddr_ll from;
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : err_set(err, errno, "cannot read a frame");
	*frame = (struct capture_frame){
		.ifindex = from.sll_ifindex, .out = from.sll_pkttype == PACKET_OUTGOING,
		.data = data, .len = (uint32_t)len,
	};
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		struct timespec at;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&at, CMSG_DATA(c), sizeof(at));
		frame->at_ns = at.tv_sec * NS_PER_S + at.tv_nsec;
	}
	return 1;
}

unsigned int capture_missed(int fd)
{
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len);
	return stats.tp_drops;
}
