/* utf8.c - text that may hold any bytes, as UTF-8 */
#include <twlab/utf8.h>

size_t utf8_len(const char *text)
{
	static const struct { unsigned char lo, hi, lo2, hi2; size_t len; } forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *p = (const unsigned char *)text;

	if (*p < 0x80)
		return *p != 0;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t len = forms[i].len, k = 2;

		if (*p < forms[i].lo || *p > forms[i].hi)
			continue;
		if (p[1] < forms[i].lo2 || p[1] > forms[i].hi2)
			return 0;
		while (k < len && (p[k] & 0xc0) == 0x80)
			k++;
		return k == len ? len : 0;
	}
	return 0;
}

bool utf8_is(const char *text)
{
	for (size_t n; *text; text += n)
		if (!(n = utf8_len(text)))
			return false;
	return true;
}

char *utf8_text(const char *text)
{
	char *clean = must_calloc(4 * strlen(text) + 1, 1), *to = clean;

	while (*text) {
		size_t n = utf8_len(text);

		if (n)
			memcpy(to, text, n);
		else
			sprintf(to, "\\x%02x", (unsigned char)*text);
		to += n ? n : 4;
		text += n ? n : 1;
	}
	return clean;
}

char *utf8_line(const char *text)
{
	char *line = utf8_text(text);

	for (char *at = line; *at; at++)
		if ((uint8_t)*at < ' ' || *at == 0x7f)
			*at = '?';
	return line;
}
