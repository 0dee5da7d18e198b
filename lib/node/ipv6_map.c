/* ipv6_map.c - what is said of IPv4, said of IPv6 */
#include <twlab/ipv6_map.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

/* Is there an IPv4 address at @at? Its length, or 0. */
static size_t address_at(const char *at, unsigned char bytes[4])
{
	size_t len = strspn(at, "0123456789.");
	char text[16];

	if (!len || len >= sizeof(text) || in_word(at[len]))
		return 0;
	memcpy(text, at, len);
	text[len] = '\0';
	return inet_pton(AF_INET, text, bytes) == 1 ? len : 0;
}

static void put_address(FILE *out, const unsigned char bytes[4], bool port)
{
	char text[64];
	struct in6_addr addr;

	snprintf(text, sizeof(text), "fd00::%u:%u:%u:%u", bytes[0], bytes[1], bytes[2], bytes[3]);
	inet_pton(AF_INET6, text, &addr);
	inet_ntop(AF_INET6, bytes[0] == 127 ? &in6addr_loopback : &addr, text, sizeof(text));
	fprintf(out, port ? "[%s]" : "%s", text);
}

/* A length of prefix: "/24" is "/112", and "/32" all of it. */
static int put_prefix(FILE *out, const char **at, struct err *err)
{
	char *end;
	long len = strtol(*at + 1, &end, 10);

	if (end == *at + 1 || len < 0 || len > 32 || len % 8)
		return err_set(err, 0, "there is no prefix of IPv6 for the end of '%s'", *at);
	fprintf(out, "/%ld", 64 + 2 * len);
	*at = end;
	return 0;
}

static char *translate(const char *text, bool rules, struct err *err)
{
	char *made = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&made, &size);
	int code = 0;

	if (!out)
		abort();	/* only memory can lack, and then there is nothing to write into */
	for (const char *at = text; *at && !code; ) {
		bool begins = at == text || !in_word(at[-1]);
		unsigned char bytes[4];
		size_t len = begins ? address_at(at, bytes) : 0;

		if (len) {
			at += len;
			put_address(out, bytes, *at == ':');
			if (*at == '/' && isdigit((unsigned char)at[1]))
				code = put_prefix(out, &at, err);
		} else if (rules && begins && !strncmp(at, "ip", 2) && !in_word(at[2])) {
			fputs("ip6", out);
			at += 2;
		} else {
			fputc(*at++, out);
		}
	}
	fclose(out);
	if (!code)
		return made;
	free(made);
	return NULL;
}

char *ipv6_map_text(const char *text, struct err *err)
{
	return translate(text, false, err);
}

char *ipv6_map_rules(const char *nft, struct err *err)
{
	return translate(nft, true, err);
}
