/* raw.c - packets of our own making, sent from a node as they stand */
#include <twlab/raw.h>

#include <errno.h>
#include <sys/socket.h>

struct raw {
	int fd4, fd6;	/* raw(7): who sends to IPPROTO_RAW brings the IP header along; fd6 may be -1 */
};

struct raw *raw_open(struct err *err)
{
	struct raw *raw = must_calloc(1, sizeof(*raw));
	const int mark = RAW_MARK;

	raw->fd4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	raw->fd6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	setsockopt(raw->fd6, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	if (raw->fd4 >= 0 && !setsockopt(raw->fd4, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		return raw;
	err_set(err, errno, "cannot open a raw socket");
	raw_close(raw);
	return NULL;
}

void raw_close(struct raw *raw)
{
	if (!raw)
		return;
	base_close_(&raw->fd4);
	base_close_(&raw->fd6);
	free(raw);
}

int raw_send(struct raw *raw, const struct packet_spec *spec, struct err *err)
{
	_Alignas(8) uint8_t ip[PACKET_MAX + RAW_DATA_MAX];
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_addr = spec->dst.addr };
	bool six = spec->dst.family == AF_INET6;
	size_t len;

	if (spec->len > RAW_DATA_MAX)
		return err_set(err, EMSGSIZE, "cannot send a segment of %u bytes", spec->len);
	len = packet_make(spec, ip);
	memcpy(&to4.sin_addr, &spec->dst.addr.s6_addr[12], 4);
	if (sendto(six ? raw->fd6 : raw->fd4, ip, len, 0, six ? (void *)&to6 : (void *)&to4,
		   six ? sizeof(to6) : sizeof(to4)) < 0)
		return err_set(err, errno, "cannot send a segment");
	return 0;
}
