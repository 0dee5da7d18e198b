/* text.c - text for a terminal */
#include "harness/util/text.h"

#include <twlab/utf8.h>

void text_wrap(FILE *out, const char *words, int indent)
{
	auto_free char *line = utf8_line(words);
	const char *text = line;
	int column = indent;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (column > indent && column + 1 + len > 79) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", len, text);
		column += len;
		text += len + strspn(text + len, " ");
	}
	fputc('\n', out);
}
