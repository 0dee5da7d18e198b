/* index.c - every lab, in teaching order */
#include "labs/index.h"

#include <ctype.h>

extern const struct lab lab_four_way_close;
extern const struct lab lab_tuple_lock;
extern const struct lab lab_final_ack_loss;
extern const struct lab lab_old_duplicate;
extern const struct lab lab_tw_reuse;
extern const struct lab lab_tw_recycle_nat;
extern const struct lab lab_fin_timeout;
extern const struct lab lab_port_exhaustion;
extern const struct lab lab_syncookies;
extern const struct lab lab_sysctl_conf;
extern const struct lab lab_nat_timers;
extern const struct lab lab_rfc1337;

const struct lab *const all_labs[] = {
	&lab_four_way_close,
	&lab_tuple_lock,
	&lab_final_ack_loss,
	&lab_old_duplicate,
	&lab_tw_reuse,
	&lab_tw_recycle_nat,
	&lab_fin_timeout,
	&lab_port_exhaustion,
	&lab_syncookies,
	&lab_sysctl_conf,
	&lab_nat_timers,
	&lab_rfc1337,
	NULL
};

static struct added {
	const struct lab *lab;
	const char *dir;
} *added;
static unsigned int n_added;

void lab_add(const struct lab *lab, const char *dir)
{
	*(struct added *)grow(&added, n_added++, sizeof(*added)) = (struct added){ lab, dir };
}

static const struct added *find_added(const char *name)
{
	for (unsigned int a = 0; a < n_added; a++)
		if (!strcmp(added[a].lab->name, name))
			return &added[a];
	return NULL;
}

const char *lab_dir(const char *name)
{
	const struct added *found = find_added(name);

	return found ? found->dir : NULL;
}

const struct lab *lab_find(const char *name)
{
	const struct added *found = find_added(name);
	char *end;
	long number = strtol(name, &end, 10);

	for (const struct lab *const *lab = all_labs; *lab; lab++) {
		if (!strcmp((*lab)->name, name) || !strcmp((*lab)->name + 3, name))
			return *lab;
		if (isdigit((unsigned char)*name) && !*end &&
		    strtol((*lab)->name, NULL, 10) == number)
			return *lab;
	}
	return found ? found->lab : NULL;
}
