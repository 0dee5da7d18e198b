/* facts_file.c - facts: adding, finding, writing and reading */
#include <twlab/facts_file.h>

#include <twlab/hashmap.h>
#include <twlab/utf8.h>

#include <twlab/fs.h>

#include <errno.h>

/* The index of the fact, or -1 and the key that it is to have. */
static int64_t index_of(const struct facts *facts, const char *node, const char *name, uint64_t *key)
{
	const uint64_t *index;

	*key = hashmap_hash(hashmap_hash(0, node, strlen(node)), name, strlen(name));
	for (; facts->index && (index = hashmap_find(facts->index, *key)); *key = hashmap_next(*key))
		if (!strcmp(facts->rows[*index].name, name) && !strcmp(facts->rows[*index].node, node))
			return (int64_t)*index;
	return -1;
}

void facts_add(struct facts *facts, const char *node, const char *name, const char *value,
	       const char *where)
{
	auto_free char *clean_node = utf8_line(node), *clean_name = utf8_line(name);
	struct fact *row;
	uint64_t key;
	int64_t at = index_of(facts, clean_node, clean_name, &key);

	if (at >= 0) {
		row = &facts->rows[at];
		free(row->value);
		free(row->where);
	} else {
		if (!facts->index)
			facts->index = must_calloc(1, sizeof(*facts->index));
		*hashmap_put(facts->index, key) = facts->n;
		row = grow(&facts->rows, facts->n++, sizeof(*row));
		row->node = steal_ptr(&clean_node);
		row->name = steal_ptr(&clean_name);
	}
	row->value = utf8_line(value);
	row->where = utf8_line(where);
}

const struct fact *facts_find(const struct facts *facts, const char *node, const char *name)
{
	uint64_t key;
	int64_t at = index_of(facts, node, name, &key);

	return at < 0 ? NULL : &facts->rows[at];
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
	auto_fclose FILE *file = fs_open(path);
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
	if (facts->index)
		hashmap_free(facts->index);
	free(facts->index);
	*facts = (struct facts){ 0 };
}
