/* words.c - what people write: sums, settings, predictions, tables */
#include "tests/fuzz/words.h"
#include "labs/index.h"

#include <twlab/craft.h>
#include "harness/grade/grade.h"
#include "harness/judge/judge.h"
#include "labs/plan/plan.h"
#include <twlab/sysctl_conf.h>
#include <twlab/expr.h>
#include <twlab/facts.h>
#include <twlab/rtnetlink.h>
#include <twlab/ipv6_map.h>
#include <twlab/trial.h>

static const char *look(const void *names, const char *name)
{
	(void)names;
	return !strcmp(name, "i") ? "3" : !strcmp(name, "min") ? "-9223372036854775808" : !strcmp(name, "word") ? "late-fin" : NULL;
}

void fuzz_expr(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	auto_free char *text = fuzz_text(data, len), *value = expr_value(text, look, NULL, NULL);

	(void)target;
	assert((expr_holds(text, look, NULL, NULL) >= 0) == !!value);
	free(expr_fill(text, look, NULL, NULL));
}

void fuzz_netem(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	auto_free char *text = fuzz_text(data, len);
	struct netem netem = { 0 };

	(void)target;
	if (!netem_parse(text, &netem, NULL))
		assert(netem.delay_ms >= 0 && netem.loss_percent >= 0 && netem.loss_percent <= 100 &&
		       netem.duplicate_percent >= 0 && netem.duplicate_percent <= 100);
}

void fuzz_conf(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	auto_free char *text = fuzz_text(data, len);
	struct sysctl_conf conf;

	(void)target;
	sysctl_conf_parse(text, &conf);
	for (unsigned int l = 0; l < conf.n; l++)
		assert(conf.lines[l].number && !strpbrk(conf.lines[l].key, "/\n") && (*conf.lines[l].key || conf.lines[l].error));
	sysctl_conf_free(&conf);
}

void fuzz_craft(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	auto_free char *text = fuzz_text(data, len);
	auto_free uint8_t *ip = NULL;
	struct craft craft;

	(void)target;
	if (!craft_read(text, &craft, NULL)) {
		struct tcp_view there = { .src = craft.spec.src, .dst = craft.spec.dst, .seq = 1000, .flags = TCP_SYN, .has_ts = true, .tsval = 7 };
		struct tcp_view back = { .src = craft.spec.dst, .dst = craft.spec.src, .seq = 5000, .flags = TCP_SYN | TCP_ACK };

		craft_see(&craft, &there);
		craft_see(&craft, &back);
		ip = must_calloc((size_t)PACKET_MAX + craft.spec.len, 1);
		if (!craft_finish(&craft, NULL))
			assert(packet_sound(ip, packet_make(&craft.spec, ip)));
	}
	craft_free(&craft);
}

void fuzz_predict(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	auto_free char *text = fuzz_text(data, len), *first = grade_predicted(text, "second_fin_ms"),
		       *other = grade_predicted(text, "answer_without");

	(void)target;
	if (first)
		grade_near(first, "1000.5", "8%");
	if (other)
		assert(grade_near(other, other, NULL));
}

void fuzz_expect(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	auto_free char *text = fuzz_text(data, len);
	char *seen = strchr(text, '\n');

	(void)target;
	if (seen)
		*seen++ = '\0';
	judge_expect(text, seen ? seen : "60000.000", NULL);
}

void fuzz_plan(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	auto_free char *text = fuzz_text(data, len);
	const char *sets[16];
	char *save = NULL, *name = strtok_r(text, "\n", &save), *variant = strtok_r(NULL, "\n", &save);
	const struct lab *lab = name ? lab_find(name) : NULL;
	unsigned int n = 0;

	(void)target;
	while (n < ARRAY_SIZE(sets) && (sets[n] = strtok_r(NULL, "\n", &save)))
		n++;
	if (lab)
		plan_free(plan_new(lab, variant, sets, n, NULL));
}

void fuzz_six(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	auto_free char *text = fuzz_text(data, len);

	(void)target;
	free(ipv6_map_text(text, NULL));
	free(ipv6_map_rules(text, NULL));
}

/* What was read can be written, and reads as the same. */
void fuzz_facts(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	struct facts facts, again;
	const char *path;

	(void)target;
	if (facts_read(fuzz_file(data, len), &facts, NULL))
		return;
	path = fuzz_file("", 0);
	assert(!facts_write(&facts, path, NULL) && !facts_read(path, &again, NULL) && again.n == facts.n);
	for (unsigned int i = 0; i < facts.n; i++) {
		const struct fact *row = &facts.rows[i], *same = facts_find(&again, row->node, row->name);

		assert(same && !strcmp(same->value, row->value) && !strcmp(same->where, row->where));
	}
	facts_free(&facts);
	facts_free(&again);
}

void fuzz_trials(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	auto_free char *text = fuzz_text(data, len);
	struct trial_row *rows = NULL;
	struct trial trials[4] = { 0 };
	unsigned int n = 0;

	(void)target;
	trial_read(fuzz_file(data, len), &rows, &n, NULL);
	for (unsigned int r = 0; r < n; r++)
		free(rows[r].node);
	free(rows);
	trial_receive(trials, ARRAY_SIZE(trials), text);
}
