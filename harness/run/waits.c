/* waits.c - what a step waits for, in words */
#include "harness/run/waits.h"

#include <twlab/expr.h>

/* For a step on a host, or a program, and for one on a NAT; each with a .what, and without. {on} and {what} are
 * the step's words.
 */
struct wording {
	const char *until, *wish;
};

static const struct {
	struct wording some, any, nat_some, nat_any;
} wordings[STEP_DOES] = {
	[DO_SAYS]    = { { "until {on} prints '{what}'", "{on} to print a line that begins with '{what}'" },
			 { "until {on} prints a line", "{on} to print a line" } },
	[DO_EXIT]    = { .any = { "until {on} has ended", "{on} to end" } },
	[DO_CRASH]   = { .any = { "until {on} is dead", "{on} to end after SIGKILL" } },
	[DO_STATE]   = { { "until {on} is in {what}", "{on} to be in {what}" },
			 { "until {on} has a connection", "{on} to have a socket other than in LISTEN" },
			 { "until {on} has an entry in {what}", "{on} to have an entry in {what}" },
			 { "until {on} has an entry", "{on} to have an entry" } },
	[DO_GONE]    = { { "until {on} has nothing in {what}", "{on} to have no socket in {what}" },
			 { "until {on} has no connection", "{on} to have no socket other than in LISTEN" },
			 { "until {on} has no entry in {what}", "{on} to have no entry in {what}" },
			 { "until {on} has no entry", "{on} to have no entry" } },
	[DO_SEGMENT] = { { "until {what} comes in at {on}", "{what} to come in at {on}" } },
	[DO_ASK]     = { .any = { "until {on} has told all", "{on} to tell what becomes of each segment" } },
};

static const char *look(const void *names, const char *name)
{
	const struct wait *wait = names;

	return !strcmp(name, "on") ? (wait->on ? wait->on : "?") : !strcmp(name, "what") ? wait->what : NULL;
}

static const struct wording *wording_of(const struct wait *wait)
{
	bool some = wait->what && *wait->what;
	const struct wording *one = some ? &wordings[wait->act].some : &wordings[wait->act].any;
	const struct wording *nat = some ? &wordings[wait->act].nat_some : &wordings[wait->act].nat_any;

	if (wait->nat && nat->wish)
		return nat;
	return one->wish ? one : &wordings[wait->act].any;
}

static char *fill(const char *words, const struct wait *wait)
{
	char *text = words ? expr_fill(words, look, wait, NULL) : NULL;

	return text ? text : must_strdup("");
}

char *wait_words(const struct wait *wait)
{
	if (wait->act == DO_SLEEP)
		return must_printf("%g s", wait->ms / 1000.0);
	return fill(wording_of(wait)->until, wait);
}

char *wait_failed(const struct wait *wait)
{
	auto_free char *wish = fill(wording_of(wait)->wish, wait);

	return must_printf("waited %g s for %s%s%s", wait->ms / 1000.0, wish, *wait->found ? "; " : "", wait->found);
}
