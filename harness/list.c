/* list.c - twlab list: the labs, or one of them with its parameters */
#include "harness/harness.h"

#include "labs/lab.h"

int list_main(int argc, char **argv, struct err *err)
{
	if (argc > 2) {
		err_set(err, 0, "one lab at a time");
		return STATUS_USAGE;
	}
	for (const struct lab *const *each = all_labs; *each; each++) {
		const struct lab *lab = *each;

		if (argc == 2 && lab != lab_find(argv[1]))
			continue;
		printf("%s\n  %s\n", lab->name, lab->question);
		for (const struct variant *variant = lab->variants; variant->name; variant++)
			printf("    %-16s %s\n", variant->name, variant->shows);
		for (const struct param *param = lab->params; argc == 2 && param->name; param++)
			printf("    --set %s=%s (%s)\n        %s\n", param->name, param->value, param->range, param->is);
		if (argc == 2)
			return STATUS_HOLDS;
	}
	if (argc == 2) {
		err_set(err, 0, "there is no lab '%s'; twlab list names them", argv[1]);
		return STATUS_USAGE;
	}
	return STATUS_HOLDS;
}
