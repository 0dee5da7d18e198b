/* played.h - small labs of the tests' own, played in a guest, with the programs of lab 11 */
#ifndef TWLAB_TESTS_PLAYED_H
#define TWLAB_TESTS_PLAYED_H

#include "tests/helpers/main_in_guest.h"
#include "labs/index.h"

#include "harness/run/execute.h"
#include <twlab/evidence.h>
#include <twlab/facts.h>

#include <limits.h>
#include <stdlib.h>

#define PROGRAMS "labs/11-nat-timers"	/* a server that closes first, a client from a given port */

static const struct param params[] __attribute__((unused)) = { { "ts", "+5000", "+5000|-700", "a stamp" }, { 0 } };
static const struct variant variants[] __attribute__((unused)) = { { "only", "", "all of it" }, { 0 } };

static const struct node two[] __attribute__((unused)) = { { "client", .uptime_s = "100000" }, { "server" }, { 0 } };
static const struct link cable[] __attribute__((unused)) = {
	{ { "client", "eth0", "10.0.0.1/24" }, { "server", "eth0", "10.0.0.2/24" }, .wire = "wire", .delay_ms = 10 }, { 0 }
};

#define MASQUERADE "table ip nat { chain out { type nat hook postrouting priority srcnat; oifname wan masquerade; }; }"
static const struct node shared_nodes[] __attribute__((unused)) = { { "host", .many = "2" }, { "nat", NODE_NAT }, { "server" }, { 0 } };
static const struct link shared_links[] __attribute__((unused)) = {
	{ { "host", "eth0", "10.1.0.{i}/32" }, { "nat", "lan{i}", "10.1.255.254/32" } },
	{ { "nat", "wan", "203.0.113.1/24" }, { "server", "eth0", "203.0.113.2/24" }, .wire = "wire", .delay_ms = 10 }, { 0 }
};
static const struct route shared_routes[] __attribute__((unused)) = { { "host", "default", "10.1.255.254" }, { 0 } };
static const struct ruleset shared_rules[] __attribute__((unused)) = { { "nat", MASQUERADE }, { 0 } };

#define SERVER	{ "server", "server", "server", "8080 2 now" }
static const struct program on_two[] __attribute__((unused)) = {
	{ "server", "server", "server", "8080 2 told" }, { "client", "client", "client", "10.0.0.2 8080 40000 told" }, { 0 }
};
static const struct program on_shared[] __attribute__((unused)) = {
	SERVER, { "client1", "host1", "client", "203.0.113.2 8080 40001 now" }, { "client2", "host2", "client", "203.0.113.2 8080 40002 now" }, { 0 }
};

#define SERVES	{ DO_START, "server" }, { DO_STATE, "server", "LISTEN" }

#define LAB(nodes, links, routes, rules, programs, steps) \
	{ "played", "What is left of it?", "This.", params, variants, { nodes, links, routes, NULL, rules }, programs, steps }

struct played {
	char *dir;
	struct plan *plan;
	struct evidence *evidence;
	struct facts facts;
};

/* Play @lab with @steps, if they are given, in the place of its own. */
static inline int execute_it(const struct lab *lab, const struct step *steps, struct played *played, struct err *err)
{
	static char programs[PATH_MAX];
	static unsigned int runs;
	struct execute_options options = { .seed = 1 };

	if (!guest_inside())
		skip();
	if (!*programs && !realpath(PROGRAMS, programs))
		fail_msg("there is no %s", PROGRAMS);
	lab_add(lab, programs);
	*played = (struct played){ .dir = must_printf("/tmp/played%u", runs++) };
	played->plan = plan_new(lab, NULL, NULL, 0, err);
	if (!played->plan)
		fail_msg("%s", err->text);
	if (steps)
		played->plan->steps = steps;
	options.dir = played->dir;
	return execute(played->plan, &options, err);
}

static inline void close_played(struct played *played)
{
	facts_free(&played->facts);
	evidence_free(played->evidence);
	plan_free(played->plan);
	free(played->dir);
}

#endif
