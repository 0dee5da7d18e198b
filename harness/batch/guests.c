/* guests.c - several guests, so many at a time, from the first to the last */
#include "harness/batch/guests.h"

#define LOOK_MS 100

static bool stopped(const struct guests *guests)
{
	return guests->stop && *guests->stop;
}

/* Start one more, if there is one. Returns whether it runs. */
static bool start_next(const struct guests *guests, struct vm **vms, unsigned int *next)
{
	unsigned int number = (*next)++;
	struct err err = { 0 };

	vms[number] = guests->start(guests->arg, number, &err);
	if (!vms[number])
		guests->ended(guests->arg, number, NULL, &err);
	return vms[number];
}

/* Let guest @number go on. Returns whether it has ended. */
static bool step(const struct guests *guests, struct vm **vms, unsigned int number)
{
	struct err err = { 0 };
	int ended = vms[number] ? vm_step(vms[number], 0, &err) : 0;

	if (!ended)
		return false;
	guests->ended(guests->arg, number, vms[number], ended < 0 ? &err : NULL);
	vm_free(vms[number]);
	vms[number] = NULL;
	return true;
}

void guests_run(const struct guests *guests)
{
	struct vm **vms = must_calloc(guests->n + 1, sizeof(*vms));
	unsigned int next = 0, running = 0, most = guests->parallel ? guests->parallel : 1;

	while (!stopped(guests) && (next < guests->n || running)) {
		while (running < most && next < guests->n)
			running += start_next(guests, vms, &next);
		if (running)
			vm_poll(vms, guests->n, LOOK_MS);
		for (unsigned int g = 0; g < next; g++)
			running -= step(guests, vms, g);
		if (guests->look)
			guests->look(guests->arg, vms);
	}
	for (unsigned int g = 0; g < guests->n; g++)
		vm_free(vms[g]);
	free(vms);
}
