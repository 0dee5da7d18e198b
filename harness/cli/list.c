/* list.c - twlab list: the labs, or one of them with its parameters */
#include "harness/cli/commands.h"
#include "harness/judge/outcome.h"
#include "harness/util/text.h"
#include "harness/batch/plugin.h"
#include "labs/index.h"

static void print(const struct lab *lab, bool params)
{
	printf("%s\n  ", lab->name);
	text_wrap(stdout, lab->question, 2);
	for (const struct variant *variant = lab->variants; variant->name; variant++) {
		printf("    %-20s ", variant->name);
		text_wrap(stdout, variant->shows, 25);
	}
	for (const struct param *param = lab->params; params && param && param->name; param++) {
		printf("    --set %s=%s (%s)\n        ", param->name, param->value, param->range ? param->range : "any");
		text_wrap(stdout, param->is, 8);
	}
}

int list_main(int argc, char **argv, struct err *err)
{
	const struct lab *one = argc == 2 ? plugin_lab(argv[1], err) : NULL;

	if (argc > 2)
		err_set(err, 0, "one lab at a time");
	if (err->code)
		return STATUS_USAGE;
	if (one)
		print(one, true);
	for (const struct lab *const *each = all_labs; *each && !one; each++)
		print(*each, false);
	return STATUS_HOLDS;
}
