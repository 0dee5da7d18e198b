/* sheet.c - the picture of a table: one run under several conditions, side by side */
#include "diagrams/sheet.h"

#include "diagrams/plane.h"

enum { MARGIN = 16, MARK = 20, LABEL = 396, COLUMN_LEAST = 96, PAD = 8, TOP = 44, HEAD = 24, FOOT = 40 };
enum { ROW_PAD = 8, LINES_MOST = 4 };

#define SIZE 11
#define SMALL 9.5
#define LINE (1.2 * SIZE)	/* as high as Graphviz makes one */
#define SMALL_LINE (1.2 * SMALL)

struct table {
	const struct sheet *sheet;
	struct dot *dot;
	double width, column;	/* of the page, of one column */
	double y;		/* the upper edge of the next row */
};

static const struct {
	const char *word;
	enum role role;
} verdicts[] = {
	[SHEET_NONE]	= { NULL, LOOK_INK },
	[SHEET_PASS]	= { "pass", LOOK_INK },
	[SHEET_FAIL]	= { "FAIL", LOOK_RST },
	[SHEET_ERROR]	= { "error", LOOK_RST },
	[SHEET_SKIP]	= { "skip", LOOK_QUIET },
};
static_assert(ARRAY_SIZE(verdicts) == SHEET_VERDICTS, "verdicts[] lacks one");

/* How many bytes of @text fit into @room: whole words if it has some, and not into
 * the middle of a character.
 */
static size_t line_len(const char *text, double size, double room)
{
	size_t len = 0, space = 0, total = strlen(text);

	while (len < total) {
		auto_free char *head = must_printf("%.*s", (int)len + 1, text);

		if (dot_width(head, size) > room)
			break;
		if (text[len] == ' ')
			space = len;
		len++;
	}
	if (len == total)
		return len;
	len = space ? space : len ? len : 1;
	while (len < total && ((unsigned char)text[len] & 0xc0) == 0x80)
		len++;
	return len;
}

/* @text in lines of at most @room; the last of LINES_MOST says that there is more. */
static char *folded(const char *text, double size, double room, unsigned int *lines)
{
	char *all = must_strdup("");

	for (*lines = 0; *text && *lines < LINES_MOST; ++*lines) {
		size_t len = line_len(text, size, room);
		bool cut = *lines == LINES_MOST - 1 && text[len];

		must_append(&all, "%s%.*s%s", *all ? "\n" : "", (int)len, text, cut ? " …" : "");
		text += len;
		text += strspn(text, " ");
	}
	return all;
}

static double left_of(const struct table *table, unsigned int column)
{
	return MARGIN + MARK + LABEL + column * table->column;
}

static void text_at(const struct table *table, double x, double y, double size, const char *colour,
		    const char *bold, const char *plain)
{
	dot_text(table->dot, &(struct dot_text){ .x = x, .y = y, .align = DOT_LEFT, .size = size,
						 .colour = colour, .bold = bold, .plain = plain });
}

/* One cell, @width wide: its verdict, and what was seen below or beside. */
static unsigned int cell(const struct table *table, const struct sheet_cell *cell, double x, double width,
			 bool draw)
{
	const char *word = verdicts[cell->verdict].word;
	auto_free char *one = must_printf("%s%s%s", word ? word : "", word ? "  " : "", cell->value);
	unsigned int lines;
	auto_free char *text = folded(one, SIZE, width - 2 * PAD, &lines);
	const struct look *look = palette_look(verdicts[cell->verdict].role);
	size_t len = word ? strlen(word) : 0;
	auto_free char *bold = must_printf("%.*s", (int)len, text);

	if (draw)
		text_at(table, x + PAD, table->y + ROW_PAD / 2.0 + lines * LINE / 2.0, SIZE,
			cell->verdict == SHEET_NONE ? NULL : look->text,
			cell->verdict == SHEET_FAIL || cell->verdict == SHEET_ERROR ? bold : NULL,
			cell->verdict == SHEET_FAIL || cell->verdict == SHEET_ERROR ? text + len : text);
	return lines;
}

/* Is what the row says the same to the letter? */
static bool is_one(const struct sheet_row *row, unsigned int n)
{
	for (unsigned int k = 1; k < n; k++)
		if (row->cells[k].verdict != row->cells[0].verdict ||
		    strcmp(row->cells[k].value, row->cells[0].value))
			return false;
	return true;
}

/* The row's cells, or how many lines they take. */
static unsigned int cells(const struct table *table, const struct sheet_row *row, bool draw)
{
	unsigned int n = table->sheet->n_columns, most = 1;

	if (is_one(row, n))
		return cell(table, &row->cells[0], left_of(table, 0), n * table->column, draw);
	for (unsigned int k = 0; k < n; k++) {
		unsigned int lines = cell(table, &row->cells[k], left_of(table, k), table->column, draw);

		most = lines > most ? lines : most;
	}
	return most;
}

/* What the row is about: its words, and the fact's name in small. Returns its height. */
static double label(const struct table *table, const struct sheet_row *row, bool draw)
{
	unsigned int lines = 0, small;
	auto_free char *words = row->words ? folded(row->words, SIZE, LABEL - PAD, &lines) : NULL;
	auto_free char *name = folded(row->name, SMALL, LABEL - PAD, &small);
	double x = MARGIN + MARK, y = table->y + ROW_PAD / 2.0;

	if (draw && words)
		text_at(table, x, y + lines * LINE / 2.0, SIZE, NULL, NULL, words);
	if (draw)
		text_at(table, x, y + lines * LINE + small * SMALL_LINE / 2.0, SMALL,
			palette_look(LOOK_QUIET)->text, NULL, name);
	return lines * LINE + small * SMALL_LINE;
}

static double row_height(const struct table *table, const struct sheet_row *row)
{
	return ROW_PAD + plane_max(label(table, row, false), cells(table, row, false) * LINE);
}

static void rule(const struct table *table, double y)
{
	dot_line(table->dot, &(struct dot_line){ .look = palette_look(LOOK_FAINT) },
		 (struct dot_point){ MARGIN, y }, (struct dot_point){ table->width - MARGIN, y });
}

/* A row that differs tells it by its ground, by a sign, and by having several cells. */
static void draw_row(struct table *table, const struct sheet_row *row)
{
	double height = row_height(table, row);

	if (row->differs) {
		dot_box(table->dot, &(struct dot_box){ .x = table->width / 2, .y = table->y + height / 2,
						       .width = table->width - 2 * MARGIN, .height = height - 1,
						       .look = palette_look(LOOK_NOTE) });
		text_at(table, MARGIN + 4, table->y + height / 2, 13, palette_look(LOOK_NOTE)->text, "≠", NULL);
	}
	label(table, row, true);
	cells(table, row, true);
	table->y += height;
	rule(table, table->y);
}

static void draw_head(struct table *table, const char *words)
{
	double middle = table->y + HEAD / 2.0;

	text_at(table, MARGIN + MARK, middle, SIZE, palette_look(LOOK_QUIET)->text, NULL, words);
	for (unsigned int k = 0; k < table->sheet->n_columns; k++)
		text_at(table, left_of(table, k) + PAD, middle, SIZE, NULL, table->sheet->columns[k], NULL);
	table->y += HEAD;
	rule(table, table->y);
}

static unsigned int lines_of(const char *text)
{
	unsigned int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines + 1;
}

static void draw_rest(const struct table *table)
{
	text_at(table, MARGIN + MARK, table->y + (HEAD - LINE) / 2.0 + lines_of(table->sheet->rest) * LINE / 2.0,
		SIZE, palette_look(LOOK_QUIET)->text, NULL, table->sheet->rest);
}

static double height_of(const struct table *table)
{
	double height = TOP + 2 * HEAD + FOOT;

	if (table->sheet->rest)
		height += lines_of(table->sheet->rest) * LINE;
	for (unsigned int r = 0; r < table->sheet->n_rows; r++)
		height += row_height(table, &table->sheet->rows[r]);
	return plane_max(height, DOT_SLIDE_HEIGHT);
}

char *sheet_draw(const struct sheet *sheet)
{
	struct table table = { .sheet = sheet, .y = TOP };
	bool facts = false;

	table.column = plane_max(COLUMN_LEAST, (double)(DOT_SLIDE_WIDTH - 2 * MARGIN - MARK - LABEL) /
				 (sheet->n_columns ? sheet->n_columns : 1));
	table.width = left_of(&table, sheet->n_columns) + MARGIN;
	table.dot = dot_new(table.width, height_of(&table), sheet->title, sheet->caption);
	draw_head(&table, "claims");
	for (unsigned int r = 0; r < sheet->n_rows; r++) {
		if (!sheet->rows[r].words && !facts)
			draw_head(&table, "other facts that differ");
		facts |= !sheet->rows[r].words;
		draw_row(&table, &sheet->rows[r]);
	}
	if (sheet->rest)
		draw_rest(&table);
	return dot_end(table.dot);
}
