/* dot.c - a picture being written in the DOT language
 *
 * Each thing is a node; a line is an edge between two nodes of no size, put at
 * its ends. Graphviz paints nodes and edges in the order of the text, so what
 * is written later lies above.
 */
#include "diagrams/dot.h"

#include "diagrams/plane.h"
#include <twlab/utf8.h>

struct dot {
	FILE *out;
	char *text;
	size_t len;
	unsigned int n;		/* things so far: each needs a name */
};

static const char REPLACEMENT[] = "\xef\xbf\xbd";	/* U+FFFD */

/* A control character is none that a page could show. */
static size_t shown_len(const char *p)
{
	return (*p >= 0 && *p < ' ') || *p == 0x7f ? 0 : utf8_len(p);
}

static char *replace(const char *text, const char *const *with)
{
	const unsigned char *p = (const unsigned char *)text;
	char *result = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&result, &len);

	if (!out)
		return must_strdup("");
	while (*p) {
		size_t n = shown_len((const char *)p);

		if (with[*p])
			fputs(with[*p], out);
		else if (n)
			fwrite(p, 1, n, out);
		else
			fputs(REPLACEMENT, out);
		p += n ? n : 1;
	}
	fclose(out);
	return result;
}

char *dot_escape(const char *text)
{
	static const char *const with[256] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;",
		['\n'] = "<BR/>", ['\t'] = " ",
	};

	return replace(text, with);
}

char *dot_quote(const char *text)
{
	/* Graphviz reads entities and its own escapes in plain labels as well. */
	static const char *const with[256] = {
		['"'] = "\\\"", ['\\'] = "\\\\", ['&'] = "&amp;",
		['\n'] = "\\n", ['\t'] = " ",
	};
	auto_free char *body = replace(text, with);

	return must_printf("\"%s\"", body);
}

double dot_width(const char *text, double size)
{
	/* DejaVu Sans, in 1/100 em, by kind of character. */
	double widest = 0, line = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p == '\n')
			line = 0;
		else if (strchr("ijl.,:;'|!()[] /ft", *p))
			line += 38;
		else if (strchr("mwMW%@", *p))
			line += 96;
		else if ((*p >= 'A' && *p <= 'Z') || *p == '_')
			line += 68;
		else if ((*p & 0xc0) != 0x80)
			line += *p < 0x80 ? 63 : 80;
		widest = plane_max(widest, line);
	}
	return widest * size / 100;
}

/* "<B>bold</B>between plain", escaped. */
static char *marked(const char *bold, const char *between, const char *plain)
{
	auto_free char *b = dot_escape(bold ? bold : "");
	auto_free char *p = dot_escape(plain ? plain : "");

	return must_printf("%s%s%s%s%s", *b ? "<B>" : "", b, *b ? "</B>" : "",
			   *b && *p ? between : "", p);
}

void dot_text(struct dot *dot, const struct dot_text *text)
{
	static const char *const sides[] = {
		[DOT_CENTRE] = "CENTER", [DOT_LEFT] = "LEFT", [DOT_RIGHT] = "RIGHT",
	};
	double size = text->size > 0 ? text->size : 11;
	double width = dot_width(text->bold ? text->bold : "", size * 1.12) +
		       dot_width(text->plain ? text->plain : "", size);
	auto_free char *label = marked(text->bold, "", text->plain);
	double x = text->x;

	static_assert(ARRAY_SIZE(sides) == DOT_ALIGNS, "sides[] lacks one");
	if (!*label)
		return;
	if (text->align != DOT_CENTRE)
		x += text->align == DOT_LEFT ? width / 2 : -width / 2;
	fprintf(dot->out, "t%u [shape=plain, pos=\"%.1f,%.1f\", fontsize=%.4g, fontcolor=\"%s\", ",
		dot->n++, x, -text->y, size,
		text->colour ? text->colour : palette_look(LOOK_INK)->text);
	fprintf(dot->out, "label=<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"0\"%s%s%s>"
		"<TR><TD WIDTH=\"%.0f\" ALIGN=\"%s\" BALIGN=\"%s\">%s</TD></TR></TABLE>>];\n",
		text->back ? " BGCOLOR=\"" : "", text->back ? text->back : "", text->back ? "\"" : "",
		text->align == DOT_CENTRE ? 1 : width, sides[text->align], sides[text->align], label);
}

void dot_box(struct dot *dot, const struct dot_box *box)
{
	const struct look *look = box->look;
	bool filled = *look->fill;
	auto_free char *label = marked(box->bold, "<BR/>", box->plain);

	fprintf(dot->out, "b%u [shape=%s, pos=\"%.1f,%.1f\", width=%.4f, height=%.4f, fixedsize=true, ",
		dot->n++, box->shape ? box->shape : "box", box->x, -box->y,
		box->width / 72, box->height / 72);
	fprintf(dot->out, "style=\"%s%s\", color=\"%s\", fillcolor=\"%s\", penwidth=%.4g, ",
		filled ? "filled," : "", box->style ? box->style : look->style,
		look->width > 0 ? look->line : look->fill, filled ? look->fill : "none", look->width);
	if (*label)
		fprintf(dot->out, "fontsize=%.4g, fontcolor=\"%s\", label=<%s>];\n",
			box->size > 0 ? box->size : 11, look->text, label);
	else
		fputs("label=\"\"];\n", dot->out);
}

/* Two nodes of no size, and the beginning of the edge between them. */
static void line_start(struct dot *dot, struct dot_point a, struct dot_point b)
{
	unsigned int n = dot->n++;

	fprintf(dot->out, "p%u [shape=point, style=invis, pos=\"%.1f,%.1f\", width=0, height=0, label=\"\"];\n",
		n, a.x, -a.y);
	fprintf(dot->out, "q%u [shape=point, style=invis, pos=\"%.1f,%.1f\", width=0, height=0, label=\"\"];\n",
		n, b.x, -b.y);
	fprintf(dot->out, "p%u -> q%u [", n, n);
}

void dot_curve(struct dot *dot, const struct dot_line *line, struct dot_point a,
	       const struct dot_point curve[2], struct dot_point b)
{
	/* The drawn curve ends where the arrow's head begins. */
	static const struct { const char *name; double len; } heads[] = {
		[ARROW_NONE] = { "none", 0 },
		[ARROW_END] = { "normal", 9 },
		[ARROW_TEE] = { "teenormal", 12 },
	};
	const struct look *look = line->look;
	double dx = b.x - curve[1].x, dy = b.y - curve[1].y, len = plane_length(dx, dy);
	double head = heads[line->arrow].len;
	struct dot_point neck = b;

	static_assert(ARRAY_SIZE(heads) == DOT_ARROWS, "heads[] lacks one");
	if (len > 0) {
		neck.x -= dx * head / len;
		neck.y -= dy * head / len;
	}
	line_start(dot, a, b);
	fprintf(dot->out, "pos=\"");
	if (head > 0)
		fprintf(dot->out, "e,%.1f,%.1f ", b.x, -b.y);
	fprintf(dot->out, "%.1f,%.1f %.1f,%.1f %.1f,%.1f %.1f,%.1f\", arrowhead=%s, arrowsize=0.9, ",
		a.x, -a.y, curve[0].x, -curve[0].y, curve[1].x, -curve[1].y, neck.x, -neck.y,
		heads[line->arrow].name);
	fprintf(dot->out, "style=\"%s\", penwidth=%.4g, color=\"%s%s%s\"];\n",
		line->style ? line->style : look->style, line->width > 0 ? line->width : look->width,
		look->line, line->twice ? ":white:" : "", line->twice ? look->line : "");
}

void dot_line(struct dot *dot, const struct dot_line *line, struct dot_point a, struct dot_point b)
{
	struct dot_point thirds[2] = {
		{ a.x + (b.x - a.x) / 3, a.y + (b.y - a.y) / 3 },
		{ b.x - (b.x - a.x) / 3, b.y - (b.y - a.y) / 3 },
	};

	dot_curve(dot, line, a, thirds, b);
}

void dot_cross(struct dot *dot, double x, double y, double r)
{
	const struct dot_line stroke = { palette_look(LOOK_LOST) };

	dot_line(dot, &stroke, (struct dot_point){ x - r, y - r }, (struct dot_point){ x + r, y + r });
	dot_line(dot, &stroke, (struct dot_point){ x - r, y + r }, (struct dot_point){ x + r, y - r });
}

struct dot *dot_new(double width, double height, const char *title, const char *caption)
{
	struct dot *dot = must_calloc(1, sizeof(*dot));
	auto_free char *name = dot_quote(title);

	dot->out = open_memstream(&dot->text, &dot->len);
	if (!dot->out)
		abort();	/* only memory can lack, and then there is nothing to write into */
	fprintf(dot->out, "digraph %s {\n"
		"graph [layout=neato, notranslate=true, splines=line, pad=0, margin=0, bgcolor=\"white\"];\n"
		"node [fontname=\"" DOT_FONT "\", margin=0];\n", name);
	dot_box(dot, &(struct dot_box){ .x = width / 2, .y = height / 2, .width = width, .height = height,
					.look = palette_look(LOOK_PAGE) });
	dot_text(dot, &(struct dot_text){ .x = 16, .y = 18, .align = DOT_LEFT, .size = 17, .bold = title });
	dot_text(dot, &(struct dot_text){ .x = 16, .y = height - 12, .align = DOT_LEFT, .size = 11,
					  .colour = palette_look(LOOK_QUIET)->text, .plain = caption });
	return dot;
}

char *dot_end(struct dot *dot)
{
	char *text;

	fputs("}\n", dot->out);
	fclose(dot->out);
	text = steal_ptr(&dot->text);
	free(dot);
	return text;
}
