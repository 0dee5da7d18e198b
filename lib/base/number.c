/* number.c - numbers that a program or a person wrote, read from text */
#include <twlab/number.h>

#include <errno.h>
#include <math.h>

static const char digits[] = "0123456789";

static size_t sign(const char *text)
{
	return *text == '+' || *text == '-';
}

size_t number_span(const char *text)
{
	size_t len = sign(text), whole = strspn(text + len, digits), part = 0, power, at;

	len += whole;
	if (text[len] == '.') {
		part = strspn(text + len + 1, digits);
		len += part || whole ? 1 + part : 0;
	}
	if (!whole && !part)
		return 0;
	if (text[len] != 'e' && text[len] != 'E')
		return len;
	at = len + 1 + sign(text + len + 1);
	power = strspn(text + at, digits);
	return power ? at + power : len;
}

bool number_decimal(const char *text, long double *n)
{
	size_t len = number_span(text);

	*n = 0;
	if (!len || text[len])
		return false;
	*n = strtold(text, NULL);
	return isfinite(*n);
}

/* Digits behind @text's sign, and nothing else. */
static bool is_whole(const char *text)
{
	size_t len = strspn(text, digits);

	return len && !text[len];
}

bool number_integer(const char *text, long long *n)
{
	*n = 0;
	if (!is_whole(text + sign(text)))
		return false;
	errno = 0;
	*n = strtoll(text, NULL, 10);
	return !errno;
}

bool number_unsigned(const char *text, uint64_t *n)
{
	*n = 0;
	if (!is_whole(text))
		return false;
	errno = 0;
	*n = strtoull(text, NULL, 10);
	return !errno;
}
