/* endpoint.c - addresses with ports: text, comparing, hashing */
#include <twlab/endpoint.h>

#include <arpa/inet.h>

static const uint8_t mapped[12] = { [10] = 0xff, 0xff };	/* ::ffff:0:0/96 */

char *endpoint_text(const struct endpoint *endpoint, char *text)
{
	char addr[INET6_ADDRSTRLEN] = "?";
	bool v6 = endpoint->family == AF_INET6;

	inet_ntop(v6 ? AF_INET6 : AF_INET,
		  v6 ? endpoint->addr.s6_addr : endpoint->addr.s6_addr + 12,
		  addr, sizeof(addr));
	snprintf(text, 64, v6 ? "[%s]:%u" : "%s:%u", addr, endpoint->port);
	return text;
}

static bool transport_parse(const char *text, uint16_t *port)
{
	unsigned int value = 0;
	size_t len = strlen(text);

	if (!len || len > 5 || strspn(text, "0123456789") != len)
		return false;
	for (; *text; text++)
		value = value * 10 + (unsigned int)(*text - '0');
	*port = (uint16_t)value;
	return value <= UINT16_MAX;
}

bool endpoint_parse(const char *text, struct endpoint *endpoint)
{
	bool v6 = *text == '[';
	const char *end = strrchr(text, v6 ? ']' : ':');
	char addr[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	size_t len;
	uint16_t port;

	text += v6;
	if (!end || end < text || (v6 && end[1] != ':'))
		return false;
	len = (size_t)(end - text);
	if (len >= sizeof(addr) || !transport_parse(end + 1 + v6, &port))
		return false;
	memcpy(addr, text, len);
	addr[len] = '\0';
	if (inet_pton(v6 ? AF_INET6 : AF_INET, addr, bytes) != 1)
		return false;
	endpoint_set(endpoint, v6 ? AF_INET6 : AF_INET, bytes, port);
	return true;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && a->port == b->port &&
	       !memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

void endpoint_set(struct endpoint *endpoint, int family, const void *addr, uint16_t port)
{
	endpoint->family = family;
	endpoint->port = port;
	if (family == AF_INET6) {
		memcpy(&endpoint->addr, addr, 16);
	} else {
		memcpy(&endpoint->addr, mapped, 12);
		memcpy(endpoint->addr.s6_addr + 12, addr, 4);
	}
}

uint64_t endpoint_hash(const struct endpoint *endpoint, uint64_t hash)
{
	uint64_t half[2];

	memcpy(half, &endpoint->addr, sizeof(half));
	hash = (hash ^ half[0]) * 0x9e3779b97f4a7c15;
	hash = (hash ^ (hash >> 29) ^ half[1]) * 0xbf58476d1ce4e5b9;
	hash = (hash ^ (hash >> 32) ^ endpoint->port) * 0x94d049bb133111eb;
	return hash ^ (hash >> 31);
}
