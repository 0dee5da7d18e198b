/* targets.c - the table */
#include "tests/fuzz/evidence.h"
#include "tests/fuzz/received.h"
#include "tests/fuzz/packets.h"
#include "tests/fuzz/words.h"

const struct fuzz_target fuzz_targets[] = {
	{ "evidence", fuzz_evidence },
	{ "draw", fuzz_draw },
	{ "run", fuzz_evidence, "run.json" },
	{ "states", fuzz_evidence, "states.jsonl" },
	{ "nat", fuzz_evidence, "nat.jsonl" },
	{ "events", fuzz_evidence, "events.jsonl" },
	{ "counters", fuzz_evidence, "counters.json" },
	{ "pcapng", fuzz_pcapng },
	{ "frame", fuzz_frame },
	{ "packet", fuzz_packet },
	{ "facts", fuzz_facts },
	{ "trials", fuzz_trials },
	{ "submission", fuzz_submission },
	{ "users", fuzz_users },
	{ "archive", fuzz_archive },
	{ "predict", fuzz_predict },
	{ "conf", fuzz_conf },
	{ "craft", fuzz_craft },
	{ "netem", fuzz_netem },
	{ "expr", fuzz_expr },
	{ "expect", fuzz_expect },
	{ "plan", fuzz_plan },
	{ "six", fuzz_six },
	{ "talk", fuzz_talk },
	{ "bundle", fuzz_bundle },
	{ "traits", fuzz_traits },
	{ "kernel", fuzz_kernel },
	{ 0 }
};

const struct fuzz_target *fuzz_find(const char *name)
{
	for (const struct fuzz_target *target = fuzz_targets; target->name; target++)
		if (!strcmp(target->name, name))
			return target;
	return NULL;
}
