/* html.c - pages of HTML */
#include "harness/util/html.h"

#include <twlab/fs.h>
#include <twlab/utf8.h>

#include <errno.h>

static const char style[] =
	"body{font:16px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}"
	"h1{margin-bottom:0}table{border-collapse:collapse;width:100%}"
	"td,th{padding:.35em .6em;border-bottom:1px solid #ccc;text-align:left;vertical-align:top}"
	".pass{color:#04622c}.FAIL,.error{color:#a40000}.skip{color:#555}.pass,.FAIL,.error,.skip{font-weight:bold}"
	"small,.where{color:#555;font-size:.85em}svg{max-width:100%;height:auto}figure{margin:2em 0}"
	"pre{background:#f4f4f4;padding:.6em;overflow-x:auto}"
	"@media(prefers-color-scheme:dark){body{background:#fff}}";

void html_escaped(FILE *out, const char *text)
{
	static const char *const entity[256] = {
		['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;",
	};
	auto_free char *clean = utf8_text(text);

	for (const char *at = clean; *at; at++)
		if (entity[(unsigned char)*at])
			fputs(entity[(unsigned char)*at], out);
		else
			fputc(*at, out);
}

void html_element(FILE *out, const char *tag, const char *class, const char *text)
{
	fprintf(out, "<%s%s%s%s>", tag, class ? " class=\"" : "", class ? class : "", class ? "\"" : "");
	html_escaped(out, text);
	fprintf(out, "</%s>", tag);
}

void html_head(FILE *out, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>", out);
	html_escaped(out, title);
	fprintf(out, "</title><style>%s</style>\n", style);
}

/* The drawing in the SVG file @path, without what stands before <svg>. */
int html_figure(FILE *out, const char *path, struct err *err)
{
	auto_free void *text = NULL;
	const char *svg;
	size_t len;

	if (fs_read(path, &text, &len, err))
		return err_code(err);
	svg = strstr(text, "<svg");
	if (!svg)
		return err_set(err, 0, "%s is no SVG", path);
	fprintf(out, "<figure>%s</figure>\n", svg);
	return 0;
}
