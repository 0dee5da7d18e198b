/* err.c - one sentence that says what went wrong */
#include <twlab/err.h>

#include <errno.h>
#include <stdarg.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	if (err) {
		err->code = code ? code : EINVAL;
		va_start(ap, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
		len = strlen(err->text);
		if (code)
			snprintf(err->text + len, sizeof(err->text) - len,
				 ": %s", strerror(code));
	}
	return code ? -code : -EINVAL;
}

int err_as(struct err *err, int code)
{
	if (err)
		err->code = code;
	return -code;
}

int err_in(struct err *err, const char *whom)
{
	char text[sizeof(err->text)];
	int len;

	if (!err)
		return -EINVAL;
	len = snprintf(text, sizeof(text), "%s: %s", whom, err->text);
	memcpy(err->text, text, sizeof(text));
	if (len >= (int)sizeof(text))
		err->text[sizeof(text) - 1] = '\0';
	return -err->code;
}
