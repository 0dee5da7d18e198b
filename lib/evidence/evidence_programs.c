/* evidence_programs.c - what the programs of a run said, and how each ended */
#include <twlab/evidence_programs.h>

#include <twlab/fs.h>

#include <dirent.h>
#include <errno.h>

/* All of file programs/@name@suffix; NULL when it cannot be read. */
static char *executable_file(const struct evidence *evidence, const char *name, const char *suffix,
			     size_t *len, struct err *err)
{
	auto_free char *path = must_printf("%s/programs/%s%s", evidence->dir, name, suffix);
	auto_fclose FILE *file = fs_open(path);
	char *text = NULL;
	size_t size = 0, got;

	*len = 0;
	if (!file) {
		err_set(err, errno, "cannot read programs/%s%s", name, suffix);
		return NULL;
	}
	do {
		if (*len + 1 >= size) {
			size = size ? 2 * size : 4096;
			text = must_realloc(text, size, 1);
		}
		got = fread(text + *len, 1, size - *len - 1, file);
		*len += got;
	} while (got);
	text[*len] = '\0';
	return text;
}

static int is_output(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && !strcmp(entry->d_name + len - 4, ".out");
}

static int executable_read(struct evidence *evidence, const char *file, struct err *err)
{
	struct program_output *program = grow(&evidence->programs, evidence->n_programs++, sizeof(*program));
	size_t len;

	program->name = must_printf("%.*s", (int)strlen(file) - 4, file);
	program->out = executable_file(evidence, program->name, ".out", &program->out_len, err);
	if (!program->out)
		return err_code(err);
	program->status = executable_file(evidence, program->name, ".status", &len, err);
	if (!program->status)
		return err_code(err);
	program->status[strcspn(program->status, "\n")] = '\0';
	return 0;
}

int evidence_programs(struct evidence *evidence, struct err *err)
{
	auto_free char *path = must_printf("%s/programs", evidence->dir);
	struct dirent **entries;
	int n = scandir(path, &entries, is_output, alphasort), failed = 0;

	if (n < 0)
		return err_set(err, errno, "cannot read programs");
	for (int i = 0; i < n; i++) {
		if (!failed)
			failed = executable_read(evidence, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	return failed;
}
