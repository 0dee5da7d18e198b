/* facts_file.c - facts: adding, finding, writing and reading */
#include <twlab/facts.h>

#include <twlab/file.h>

#include <errno.h>

static uint64_t hash_of(const char *node, const char *name)
{
	uint64_t hash = 0xcbf29ce484222325;	/* FNV-1a */

	for (; *node; node++)
		hash = (hash ^ (uint8_t)*node) * 0x100000001b3;
	hash *= 0x100000001b3;
	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
	return hash;
}

/* The slot that has the fact, or the free one where it would go. */
static unsigned int *slot_of(const struct facts *facts, const char *node, const char *name)
{
	unsigned int i = (unsigned int)(hash_of(node, name) & (facts->n_slots - 1));

	for (; facts->slots[i]; i = (i + 1) & (facts->n_slots - 1)) {
		const struct fact *row = &facts->rows[facts->slots[i] - 1];

		if (!strcmp(row->name, name) && !strcmp(row->node, node))
			break;
	}
	return &facts->slots[i];
}

static void make_room(struct facts *facts)
{
	if (2 * (facts->n + 1) < facts->n_slots)
		return;
	free(facts->slots);
	facts->n_slots = facts->n_slots ? 2 * facts->n_slots : 256;
	facts->slots = must_calloc(facts->n_slots, sizeof(*facts->slots));
	for (unsigned int i = 0; i < facts->n; i++)
		*slot_of(facts, facts->rows[i].node, facts->rows[i].name) = i + 1;
}

static char *clean(const char *text)
{
	char *copy = must_strdup(text);

	for (char *at = copy; *at; at++)
		if ((uint8_t)*at < ' ' || *at == 0x7f)
			*at = '?';
	return copy;
}

void facts_add(struct facts *facts, const char *node, const char *name, const char *value,
	       const char *where)
{
	auto_free char *clean_node = clean(node), *clean_name = clean(name);
	unsigned int *slot;
	struct fact *row;

	make_room(facts);
	slot = slot_of(facts, clean_node, clean_name);
	if (*slot) {
		row = &facts->rows[*slot - 1];
		free(row->value);
		free(row->where);
	} else {
		row = grow(&facts->rows, facts->n, sizeof(*row));
		*slot = ++facts->n;
		row->node = steal_ptr(&clean_node);
		row->name = steal_ptr(&clean_name);
	}
	row->value = clean(value);
	row->where = clean(where);
}

const struct fact *facts_find(const struct facts *facts, const char *node, const char *name)
{
	const unsigned int *slot = facts->n ? slot_of(facts, node, name) : NULL;

	return slot && *slot ? &facts->rows[*slot - 1] : NULL;
}

int facts_write(const struct facts *facts, const char *path, struct err *err)
{
	FILE *file = fopen(path, "we");
	int code = 0;

	if (!file)
		return err_set(err, errno, "cannot write %s", path);
	for (unsigned int i = 0; i < facts->n; i++)
		fprintf(file, "%s\t%s\t%s\t%s\n", facts->rows[i].node, facts->rows[i].name,
			facts->rows[i].value, facts->rows[i].where);
	if (ferror(file))
		code = errno;
	if (fclose(file) && !code)
		code = errno;
	return code ? err_set(err, code, "cannot write %s", path) : 0;
}

/* Cut @line at its three tabs. False if it has fewer, or more, or no end. */
static bool columns_cut(char *line, size_t len, char *columns[4])
{
	if (strlen(line) != len || line[len - 1] != '\n')
		return false;
	line[len - 1] = '\0';
	for (int i = 0; i < 4; i++) {
		columns[i] = line;
		line = strchr(line, '\t');
		if (!line != (i == 3))
			return false;
		if (line)
			*line++ = '\0';
	}
	return *columns[0] && *columns[1];
}

int facts_read(const char *path, struct facts *facts, struct err *err)
{
	auto_fclose FILE *file = file_open(path);
	auto_free char *line = NULL;
	unsigned int number = 0;
	char *columns[4];
	size_t size = 0;
	ssize_t len;

	*facts = (struct facts){ 0 };
	if (!file)
		return err_set(err, errno, "cannot read %s", path);
	while ((len = getline(&line, &size, file)) > 0) {
		number++;
		if (!columns_cut(line, (size_t)len, columns)) {
			err_set(err, 0, "%s:%u: not node, name, value, where", path, number);
			facts_free(facts);
			return -EINVAL;
		}
		facts_add(facts, columns[0], columns[1], columns[2], columns[3]);
	}
	return ferror(file) ? err_set(err, EIO, "cannot read %s", path) : 0;
}

void facts_free(struct facts *facts)
{
	for (unsigned int i = 0; i < facts->n; i++) {
		free(facts->rows[i].node);
		free(facts->rows[i].name);
		free(facts->rows[i].value);
		free(facts->rows[i].where);
	}
	free(facts->rows);
	free(facts->slots);
	*facts = (struct facts){ 0 };
}
