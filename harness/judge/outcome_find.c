/* outcome_find.c - every evidence folder in a folder, as outcomes */
#include "harness/judge/outcome_find.h"

#include "harness/judge/evidence_find.h"

static int add(struct outcome **outcomes, unsigned int *n, const char *dir, struct err *err)
{
	struct outcome *outcome = grow(outcomes, *n, sizeof(*outcome));

	if (outcome_of(dir, outcome, err))
		return err_code(err);
	++*n;
	return 0;
}

int outcomes_find(const char *dir, struct outcome **outcomes, unsigned int *n, struct err *err)
{
	char **dirs = NULL;
	unsigned int n_dirs = 0;
	int code = evidence_find(dir, &dirs, &n_dirs, err);

	for (unsigned int d = 0; d < n_dirs; d++) {
		if (!code)
			code = add(outcomes, n, dirs[d], err);
		free(dirs[d]);
	}
	free(dirs);
	return code;
}
