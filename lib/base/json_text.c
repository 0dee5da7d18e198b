/* json_text.c - text that somebody else wrote, as JSON */
#include <twlab/json_text.h>

#include <twlab/utf8.h>

json_t *json_text(const char *text)
{
	auto_free char *clean = text ? utf8_text(text) : NULL;
	json_t *json = text ? json_string(clean) : json_null();

	if (!json)
		abort();	/* only memory can lack */
	return json;
}

void json_text_set(json_t *object, const char *name, json_t *value)
{
	auto_free char *clean = utf8_text(name);

	if (json_object_set_new(object, clean, value))
		abort();	/* as above */
}

char *json_text_quoted(const char *text)
{
	json_t *json = json_text(text);
	char *quoted = json_dumps(json, JSON_ENCODE_ANY);

	json_decref(json);
	return quoted;
}

json_t *json_bytes(const char *text)
{
	char *wide = must_calloc(2 * strlen(text) + 1, 1), *to = wide;
	json_t *json;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p >= 0x80)
			*to++ = (char)(0xc0 | *p >> 6);
		*to++ = (char)(*p < 0x80 ? *p : 0x80 | (*p & 0x3f));
	}
	json = json_string(wide);
	free(wide);
	return json;
}

char *json_bytes_value(const json_t *json)
{
	const char *wide = json_string_value(json);
	char *text, *to;

	if (!wide)
		return NULL;
	text = to = must_calloc(strlen(wide) + 1, 1);
	for (const unsigned char *p = (const unsigned char *)wide; *p; p++) {
		if (*p < 0x80)
			*to++ = (char)*p;
		else if ((*p == 0xc2 || *p == 0xc3) && p++)
			*to++ = (char)(p[-1] << 6 | (*p & 0x3f));
		else
			return free(text), NULL;	/* a character that is no byte */
	}
	return text;
}
