/* plan.c - a lab with its parameters filled in
 *
 * Each table is copied row by row. What the copies need to know of a row is
 * where its strings lie, and which of them makes the row many: that is the
 * table of shapes below, so that there is one copying loop and not one a table.
 */
#include "labs/plan/plan.h"

#include <twlab/expr.h>
#include <twlab/number.h>
#include <twlab/ipv6_map.h>
#include <twlab/utf8.h>

#include <errno.h>
#include <limits.h>

struct plan_memory {
	char **strings;
	unsigned int n_strings;
	void *tables[10];
	unsigned int n_tables;
};

struct shape {
	size_t size;
	size_t strings[9];	/* offsets of the strings to fill in; SIZE_MAX ends */
	size_t when;
	size_t node;		/* the string that may name a node of many: makes the row many */
	bool all_numbered;	/* the first string gets the number as well */
};

#define END SIZE_MAX
#define AT(type, field) offsetof(struct type, field)

static const struct shape node_shape = {
	sizeof(struct node), { AT(node, name), AT(node, uptime_s), AT(node, scatter_s), AT(node, recycle), AT(node, is), END },
	AT(node, when), AT(node, name)
};
static const struct shape link_shape = {
	sizeof(struct link), { AT(link, a.node), AT(link, a.dev), AT(link, a.addr),
			       AT(link, b.node), AT(link, b.dev), AT(link, b.addr), AT(link, wire), END },
	AT(link, when), AT(link, a.node)
};
static const struct shape route_shape = {
	sizeof(struct route), { AT(route, node), AT(route, to), AT(route, via), END },
	AT(route, when), AT(route, node)
};
static const struct shape setting_shape = {
	sizeof(struct setting), { AT(setting, node), AT(setting, key), AT(setting, value), AT(setting, why), END },
	AT(setting, when), AT(setting, node)
};
static const struct shape ruleset_shape = {
	sizeof(struct ruleset), { AT(ruleset, node), AT(ruleset, nft), END },
	AT(ruleset, when), AT(ruleset, node)
};
static const struct shape executable_shape = {
	sizeof(struct program), { AT(program, name), AT(program, node), AT(program, exe), AT(program, args), END },
	AT(program, when), AT(program, node), true
};
static const struct shape step_shape = {	/* a step for "host*" stays one step */
	sizeof(struct step), { AT(step, on), AT(step, what), AT(step, why), END },
	AT(step, when), END
};
static const struct shape claim_shape = {
	sizeof(struct claim), { AT(claim, words), AT(claim, node), AT(claim, fact), AT(claim, expect), END },
	AT(claim, when), AT(claim, node)
};
static const struct shape task_shape = {
	sizeof(struct task), { AT(task, name), AT(task, file), AT(task, on), AT(task, what), END }, END, END
};
static const struct shape mark_shape = {
	sizeof(struct mark), { AT(mark, task), AT(mark, name), AT(mark, words), AT(mark, variant),
			       AT(mark, node), AT(mark, fact), AT(mark, expect), AT(mark, hint), END },
	AT(mark, when), AT(mark, node)
};

/* The strings that addresses stand in, and how they are said of IPv6. */
static const struct {
	const struct shape *shape;
	size_t at;
	char *(*six)(const char *text, struct err *err);
} addressed[] = {
	{ &link_shape, AT(link, a.addr), ipv6_map_text }, { &link_shape, AT(link, b.addr), ipv6_map_text },
	{ &route_shape, AT(route, to), ipv6_map_text }, { &route_shape, AT(route, via), ipv6_map_text },
	{ &ruleset_shape, AT(ruleset, nft), ipv6_map_rules },
	{ &executable_shape, AT(program, args), ipv6_map_text }, { &step_shape, AT(step, what), ipv6_map_text },
	{ &claim_shape, AT(claim, expect), ipv6_map_text },
};

/* What every lab can be given besides: another network for the same hosts. In an assignment each
 * student has their own. Those that are not set are not among the params.
 */
static const struct {
	const char *name;
	long most;		/* a number, from 0 */
	int letters;		/* a word of at most so many instead */
} common[] = {
	{ "net", PLAN_NETS - 1 },	/* 10.x becomes 10.(x + 4 net) */
	{ "mac", 255 },			/* the third byte of each MAC */
	{ "hello", 0, 12 },		/* what clients say first */
};
static_assert(ARRAY_SIZE(common) == ARRAY_SIZE(((struct plan *)0)->common), "a plan has room for another number of them");

/* Who looks names up while a row is filled in. */
struct names {
	const struct plan *plan;
	char i[24];		/* the number of this one of many; "" */
};

static const char *look(const void *ptr, const char *name)
{
	const struct names *names = ptr;

	if (!strcmp(name, "i") && *names->i)
		return names->i;
	return plan_param(names->plan, name);
}

static const char **string_at(void *row, size_t offset)
{
	return (const char **)((char *)row + offset);
}

static const char *keep(struct plan *plan, char *text)
{
	struct plan_memory *memory = plan->memory;

	*(char **)grow(&memory->strings, memory->n_strings++, sizeof(char *)) = text;
	return text;
}

/* How many there are of the node that @name names; 0 if it is not one of many. */
static int many_of(const struct plan *plan, const char *name, long *n, struct err *err)
{
	struct names names = { plan, "" };
	const struct node *node;
	long long many;

	*n = 0;
	for (node = plan->lab->topo.nodes; node && node->name; node++) {
		auto_free char *value = NULL;

		if (!node->many || strcmp(node->name, name))
			continue;
		value = expr_value(node->many, look, &names, err);
		if (!value)
			return -EINVAL;
		if (!number_integer(value, &many) || many > INT_MAX)
			return err_set(err, 0, "%s: '%s' is no number of nodes", name, value);
		*n = many;
		return 0;
	}
	return 0;
}

/* What is said of IPv4 in the string at @offset of a row, said of IPv6. NULL and @err: it cannot be. */
static char *print_ipv6(const struct shape *shape, size_t offset, char *text, struct err *err)
{
	for (size_t a = 0; a < ARRAY_SIZE(addressed); a++)
		if (addressed[a].shape == shape && addressed[a].at == offset) {
			char *six = addressed[a].six(text, err);

			free(text);
			return six;
		}
	return text;
}

char *plan_address(const struct plan *plan, const char *text)
{
	const char *value = plan_param(plan, "net");
	long net = value ? strtol(value, NULL, 10) : 0;
	char *out = must_calloc(2 * strlen(text) + 1, 1), *to = out;

	for (const char *from = text; *from; ) {
		bool begins = from == text || !strchr("0123456789.", from[-1]);
		int len = 0, second;

		if (begins && sscanf(from, "10.%3d.%n", &second, &len) == 1 && len && second >= 0 && second < 4) {
			to += sprintf(to, "10.%ld.", second + 4 * net);
			from += len;
		} else {
			*to++ = *from++;
		}
	}
	return out;
}

/* A filled string with the addresses of this plan. Takes @text over. */
static char *print_address(const struct plan *plan, char *text)
{
	char *said = plan->common[0] ? plan_address(plan, text) : NULL;

	if (said)
		free(text);
	return said ? said : text;
}

/* Fill in one row; 1 = it stays, 0 = it does not apply. @i: which of many, 0 = none. */
static int fill_row(struct plan *plan, const struct shape *shape, void *row, long i, struct err *err)
{
	struct names names = { plan, "" };
	const char *never = NULL;
	const char **when = shape->when == END ? &never : string_at(row, shape->when);
	int holds;

	if (i)
		snprintf(names.i, sizeof(names.i), "%ld", i);
	if (*when) {
		holds = expr_holds(*when, look, &names, err);
		if (holds <= 0)
			return holds;
	}
	for (const size_t *offset = shape->strings; *offset != END; offset++) {
		const char **text = string_at(row, *offset);
		char *filled;

		if (!*text)
			continue;
		filled = expr_fill(*text, look, &names, err);
		if (filled)
			filled = print_address(plan, filled);
		if (filled && plan->ipv6)
			filled = print_ipv6(shape, *offset, filled, err);
		if (!filled)
			return -EINVAL;
		if (i && (*offset == shape->node || (shape->all_numbered && offset == shape->strings))) {
			char *numbered = must_printf("%s%ld", filled, i);

			free(filled);
			filled = numbered;
		}
		*text = keep(plan, filled);
	}
	return 1;
}

/* Fill in a whole table. Returns the new one, which ends in zeros as the old. */
static const void *fill_table(struct plan *plan, const struct shape *shape,
			      const void *table, struct err *err)
{
	static const char zeros[256];
	void *rows = NULL;
	size_t n = 0;

	assert(shape->size <= sizeof(zeros));
	for (const char *row = table; row && memcmp(row, zeros, shape->size); row += shape->size) {
		long many = 0, first = 0;
		const char *node;

		if (shape->node != END) {
			node = *string_at((void *)(uintptr_t)row, shape->node);
			if (node && many_of(plan, node, &many, err))
				goto fail;
			first = many ? 1 : 0;
			many = many ? many : 0;
		}
		for (long i = first; i <= many; i++) {
			void *copy = grow(&rows, n, shape->size);
			int stays;

			memcpy(copy, row, shape->size);
			stays = fill_row(plan, shape, copy, i, err);
			if (stays < 0)
				goto fail;
			n += (size_t)stays;
		}
	}
	grow(&rows, n, shape->size);
	plan->memory->tables[plan->memory->n_tables++] = rows;
	return rows;
fail:
	free(rows);
	err_in(err, plan->lab->name);
	return NULL;
}

/* A node's sums (uptime_s, scatter_s, recycle) are expressions without braces. */
static int fill_sums(struct plan *plan, struct node *nodes, struct err *err)
{
	for (struct node *node = nodes; node->name; node++) {
		const char **sums[] = { &node->uptime_s, &node->scatter_s, &node->recycle };
		struct names names = { plan, "" };
		size_t digits = strcspn(node->name, "0123456789");

		snprintf(names.i, sizeof(names.i), "%s", node->name + digits);
		for (size_t s = 0; s < ARRAY_SIZE(sums); s++) {
			char *value;

			if (!*sums[s])
				continue;
			value = expr_value(*sums[s], look, &names, err);
			if (!value)
				return -EINVAL;
			*sums[s] = keep(plan, value);
		}
		node->many = NULL;
	}
	return 0;
}

/* An end of a range: a number, or the parameter whose value is the end. */
static long long range_end(const struct plan *plan, const char *text)
{
	const char *value = plan_param(plan, text);

	return strtoll(value ? value : text, NULL, 10);
}

/* Is @value within @range ("1..200", "1..hosts" or "a|b|c"; NULL allows anything)? */
static bool in_range(const struct plan *plan, const char *range, const char *value)
{
	const char *dots = range ? strstr(range, "..") : NULL;

	if (!range)
		return true;
	if (dots) {
		long long n;

		return number_integer(value, &n) && n >= strtoll(range, NULL, 10) &&
		       n <= range_end(plan, dots + 2);
	}
	for (const char *word = range; *word; word += strspn(word, "|")) {
		size_t len = strcspn(word, "|");

		if (strlen(value) == len && !strncmp(word, value, len))
			return true;
		word += len;
	}
	return false;
}

/* Looked at when all are set, since one may be the end of another's range. */
static int check_ranges(const struct plan *plan, struct err *err)
{
	const struct param *params = plan->lab->params;

	for (unsigned int p = 0; p < plan->n_params; p++)
		if (!in_range(plan, params[p].range, plan_param(plan, params[p].name)))
			return err_set(err, 0, "parameter %s: it must be in %s",
				       plan->params[p], params[p].range);
	return 0;
}

/* IPv6 is a parameter as any other, but only where it is set. */
static void set_ipv6(struct plan *plan)
{
	if (!plan->ipv6)
		return;
	*(char **)grow(&plan->params, plan->n_params++, sizeof(char *)) = must_strdup("ip=6");
	for (const struct variant *variant = plan->lab->variants; variant && variant->name; variant++)
		if (!strcmp(variant->name, plan->variant))
			plan->ipv4_only = variant->ipv4_only;
	if (plan->lab->ipv4_only)
		plan->ipv4_only = plan->lab->ipv4_only;
}

/* Among the params in the order of the table, for equal plans to look equal. */
static void set_common(struct plan *plan)
{
	for (size_t c = 0; c < ARRAY_SIZE(common); c++)
		if (plan->common[c])
			*(char **)grow(&plan->params, plan->n_params++, sizeof(char *)) =
				must_printf("%s=%s", common[c].name, plan->common[c]);
	plan->topo.macs = plan->common[1] ? (unsigned int)atoi(plan->common[1]) << 16 : 0;
}

/* 1 = it is one that every lab has; 0 = it is not. */
static int is_common(struct plan *plan, const char *set, size_t len, struct err *err)
{
	for (size_t c = 0; c < ARRAY_SIZE(common); c++) {
		size_t name = strlen(common[c].name);
		auto_free char *value = len > name && set[name] == '=' ? must_printf("%.*s", (int)(len - name - 1), set + name + 1) : NULL;
		size_t letters = value ? strspn(value, "abcdefghijklmnopqrstuvwxyz") : 0, digits = value ? strspn(value, "0123456789") : 0;

		if (!value || strncmp(set, common[c].name, name))
			continue;
		if (common[c].letters && (!letters || value[letters] || letters > (size_t)common[c].letters))
			return err_set(err, 0, "parameter %.*s: it must be a word of up to %d letters", (int)len, set, common[c].letters);
		if (!common[c].letters && (!digits || value[digits] || digits > 3 || atol(value) > common[c].most))
			return err_set(err, 0, "parameter %.*s: it must be in 0..%ld", (int)len, set, common[c].most);
		free(plan->common[c]);
		plan->common[c] = steal_ptr(&value);
		return 1;
	}
	return 0;
}

static int set_param(struct plan *plan, const char *set, size_t len, struct err *err)
{
	const struct param *params = plan->lab->params;
	const char *equals = memchr(set, '=', len);
	size_t name_len = equals ? (size_t)(equals - set) : len;
	int is = is_common(plan, set, len, err);
	unsigned int p;

	if (!utf8_is(set))	/* run.json has it, and what is judged by it has to be the same */
		return err_set(err, 0, "parameter %.*s: it is no UTF-8", (int)name_len, set);
	if (is)
		return is < 0 ? is : 0;
	if (len == 4 && (!strncmp(set, "ip=4", len) || !strncmp(set, "ip=6", len))) {
		plan->ipv6 = set[3] == '6';
		return 0;
	}

	for (p = 0; params && params[p].name; p++)
		if (strlen(params[p].name) == name_len && !strncmp(params[p].name, set, name_len))
			break;
	if (!params || !params[p].name) {
		auto_free char *names = must_strdup("");

		for (p = 0; params && params[p].name; p++)
			must_append(&names, "%s%s", p ? ", " : "", params[p].name);
		return err_set(err, 0, "%s has no parameter '%.*s'; it has: %s",
			       plan->lab->name, (int)name_len, set, *names ? names : "none");
	}
	if (!equals)
		return err_set(err, 0, "parameter '%s' needs a value: %s=%s",
			       params[p].name, params[p].name, params[p].range ? params[p].range : "...");
	free(plan->params[p]);
	plan->params[p] = must_printf("%.*s", (int)len, set);
	return 0;
}

static int set_variant(struct plan *plan, const char *name, struct err *err)
{
	const struct variant *variant = plan->lab->variants;
	auto_free char *names = must_strdup("");

	for (; variant && variant->name; variant++) {
		must_append(&names, "%s%s", *names ? ", " : "", variant->name);
		if (!name || !strcmp(variant->name, name))
			break;
	}
	if (!variant || !variant->name)
		return name ? err_set(err, 0, "%s has no variant '%s'; it has: %s",
				      plan->lab->name, name, names) : 0;
	plan->variant = variant->name;
	for (const char *set = variant->set; set && *set; set += strspn(set, " ")) {
		size_t len = strcspn(set, " ");

		if (set_param(plan, set, len, err))
			return -EINVAL;
		set += len;
	}
	return 0;
}

static int fill(struct plan *plan, struct err *err)
{
	const struct lab *lab = plan->lab;
	const struct { const struct shape *shape; const void *from; const void **to; } tables[] = {
		{ &node_shape, lab->topo.nodes, (const void **)&plan->topo.nodes },
		{ &link_shape, lab->topo.links, (const void **)&plan->topo.links },
		{ &route_shape, lab->topo.routes, (const void **)&plan->topo.routes },
		{ &setting_shape, lab->topo.settings, (const void **)&plan->topo.settings },
		{ &ruleset_shape, lab->topo.rulesets, (const void **)&plan->topo.rulesets },
		{ &executable_shape, lab->programs, (const void **)&plan->programs },
		{ &step_shape, lab->steps, (const void **)&plan->steps },
		{ &claim_shape, lab->claims, (const void **)&plan->claims },
		{ &task_shape, lab->tasks, (const void **)&plan->tasks },
		{ &mark_shape, lab->marks, (const void **)&plan->marks },
	};

	static_assert(ARRAY_SIZE(tables) == ARRAY_SIZE(((struct plan_memory *)0)->tables),
		      "plan_memory holds another number of tables");
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		*tables[t].to = fill_table(plan, tables[t].shape, tables[t].from, err);
		if (!*tables[t].to)
			return -EINVAL;
	}
	return fill_sums(plan, (struct node *)(uintptr_t)plan->topo.nodes, err);
}

struct plan *plan_new(const struct lab *lab, const char *variant,
		      const char *const *sets, unsigned int n, struct err *err)
{
	struct plan *plan = must_calloc(1, sizeof(*plan));

	plan->lab = lab;
	plan->variant = "";
	plan->memory = must_calloc(1, sizeof(*plan->memory));
	for (const struct param *param = lab->params; param && param->name; param++)
		*(char **)grow(&plan->params, plan->n_params++, sizeof(char *)) =
			must_printf("%s=%s", param->name, param->value);
	if (set_variant(plan, variant, err))
		goto fail;
	for (unsigned int s = 0; s < n; s++)
		if (set_param(plan, sets[s], strlen(sets[s]), err))
			goto fail;
	if (check_ranges(plan, err))
		goto fail;
	set_common(plan);
	set_ipv6(plan);
	if (fill(plan, err))
		goto fail;
	return plan;
fail:
	plan_free(plan);
	return NULL;
}

bool plan_is_usual(const struct plan *plan, const char *param)
{
	const struct variant *variant = plan->lab->variants;
	size_t name_len = strcspn(param, "=");
	bool usual = false;

	for (const struct param *one = plan->lab->params; one && one->name; one++)
		if (strlen(one->name) == name_len && !strncmp(one->name, param, name_len))
			usual = param[name_len] && !strcmp(param + name_len + 1, one->value);
	while (variant && variant->name && strcmp(variant->name, plan->variant))
		variant++;
	for (const char *set = variant ? variant->set : NULL; set && *set; set += strspn(set, " ")) {
		size_t len = strcspn(set, " ");

		if (!strncmp(set, param, name_len + 1))
			usual = strlen(param) == len && !strncmp(set, param, len);
		set += len;
	}
	return usual;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (unsigned int i = 0; i < plan->memory->n_strings; i++)
		free(plan->memory->strings[i]);
	for (unsigned int i = 0; i < plan->memory->n_tables; i++)
		free(plan->memory->tables[i]);
	for (unsigned int i = 0; i < plan->n_params; i++)
		free(plan->params[i]);
	for (size_t c = 0; c < ARRAY_SIZE(common); c++)
		free(plan->common[c]);
	free(plan->memory->strings);
	free(plan->memory);
	free(plan->params);
	free(plan);
}

char *plan_fill(const struct plan *plan, const char *text, struct err *err)
{
	struct names names = { plan, "" };

	return expr_fill(text, look, &names, err);
}

const char *plan_param(const struct plan *plan, const char *name)
{
	size_t len = strlen(name);

	for (unsigned int p = 0; p < plan->n_params; p++)
		if (!strncmp(plan->params[p], name, len) && plan->params[p][len] == '=')
			return plan->params[p] + len + 1;
	return strcmp(name, "ip") ? NULL : "4";
}

bool plan_names(const char *pattern, const char *name)
{
	size_t len = strlen(pattern);

	if (!len || pattern[len - 1] != '*')
		return !strcmp(pattern, name);
	return !strncmp(pattern, name, len - 1) && name[len - 1] &&
	       strspn(name + len - 1, "0123456789") == strlen(name + len - 1);
}
