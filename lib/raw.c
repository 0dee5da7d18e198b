/* rst.c - a RST as if from a peer, to one of this host's own sockets */
#include "lib/rst.h"

#include "lib/packet.h"

#include <errno.h>
#include <sys/socket.h>

struct rst {
	int fd4, fd6;	/* raw(7): who sends to IPPROTO_RAW brings the IP header along; fd6 may be -1 */
};

struct rst *rst_open(struct err *err)
{
	struct rst *rst = must_calloc(1, sizeof(*rst));
	const int mark = RST_MARK;

	rst->fd4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	rst->fd6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	setsockopt(rst->fd6, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	if (rst->fd4 >= 0 && !setsockopt(rst->fd4, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		return rst;
	err_set(err, errno, "cannot open a raw socket");
	rst_close(rst);
	return NULL;
}

void rst_close(struct rst *rst)
{
	if (!rst)
		return;
	base_close_(&rst->fd4);
	base_close_(&rst->fd6);
	free(rst);
}

int rst_send(struct rst *rst, const struct endpoint *from, const struct endpoint *to, uint32_t seq,
	     struct err *err)
{
	_Alignas(8) uint8_t ip[PACKET_MAX];
	struct packet_spec spec = { .src = *from, .dst = *to, .seq = seq, .flags = TCP_RST };
	size_t len = packet_make(&spec, ip);
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_addr = to->addr };
	bool six = to->family == AF_INET6;

	memcpy(&to4.sin_addr, &to->addr.s6_addr[12], 4);
	if (sendto(six ? rst->fd6 : rst->fd4, ip, len, 0, six ? (void *)&to6 : (void *)&to4,
		   six ? sizeof(to6) : sizeof(to4)) < 0)
		return err_set(err, errno, "cannot send a RST");
	return 0;
}
