/* rungs.c - how far down the page each moment stands */
#include "diagrams/rungs.h"

enum { GAP_HEIGHT = 32 };

struct rung {
	int64_t at_ns;
	double above, below, y;
	unsigned int id;
};

struct apart {
	unsigned int before, after;
	double distance;
};

struct rungs {
	struct rung *rungs;	/* by number; after rungs_place() still */
	unsigned int n;
	struct apart *aparts;	/* once sorted, by .after */
	unsigned int n_aparts;
	struct rungs_gap *gaps;
	unsigned int n_gaps;
};

struct rungs *rungs_new(void)
{
	return must_calloc(1, sizeof(struct rungs));
}

unsigned int rungs_add(struct rungs *rungs, int64_t at_ns, double above, double below)
{
	grow(&rungs->rungs, rungs->n, sizeof(*rungs->rungs));
	rungs->rungs[rungs->n] = (struct rung){ at_ns, above, below, 0, rungs->n };
	return rungs->n++;
}

void rungs_apart(struct rungs *rungs, unsigned int before, unsigned int after, double distance)
{
	grow(&rungs->aparts, rungs->n_aparts, sizeof(*rungs->aparts));
	rungs->aparts[rungs->n_aparts++] = (struct apart){ before, after, distance };
}

static int by_time(const void *a, const void *b)
{
	const struct rung *x = *(struct rung *const *)a, *y = *(struct rung *const *)b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x->id < y->id ? -1 : 1;
}

/* The distance that passing time alone puts between two neighbours. */
static double step(const struct rung *a, const struct rung *b)
{
	int64_t ns = b->at_ns - a->at_ns;
	double room = a->below + b->above;

	if (ns >= RUNGS_GAP_NS)
		return room + GAP_HEIGHT;
	if (ns == 0)
		return a->below > 0 || b->above > 0 ? room : 0;
	return room + (ns < 100 * NS_PER_US ? 1 : 3);
}

static int by_after(const void *a, const void *b)
{
	const struct apart *x = a, *y = b;

	return x->after != y->after ? (x->after < y->after ? -1 : 1) : 0;
}

/* @firsts: of each rung, where its aparts begin. */
static void evidence_dir_one(struct rungs *rungs, struct rung *rung, const unsigned int *firsts)
{
	for (unsigned int i = firsts[rung->id]; i < firsts[rung->id + 1]; i++) {
		const struct apart *apart = &rungs->aparts[i];
		const struct rung *before = &rungs->rungs[apart->before];

		if (by_time(&before, &rung) < 0 && rung->y < before->y + apart->distance)
			rung->y = before->y + apart->distance;
	}
}

static void find_firsts(struct rungs *rungs, unsigned int *firsts)
{
	unsigned int i = 0;

	if (rungs->n_aparts)
		qsort(rungs->aparts, rungs->n_aparts, sizeof(*rungs->aparts), by_after);
	for (unsigned int id = 0; id <= rungs->n; id++) {
		while (i < rungs->n_aparts && rungs->aparts[i].after < id)
			i++;
		firsts[id] = i;
	}
}

static void find_gaps(struct rungs *rungs, struct rung *const *order)
{
	for (unsigned int i = 1; i < rungs->n; i++) {
		int64_t ns = order[i]->at_ns - order[i - 1]->at_ns;

		if (ns < RUNGS_GAP_NS)
			continue;
		grow(&rungs->gaps, rungs->n_gaps, sizeof(*rungs->gaps));
		rungs->gaps[rungs->n_gaps++] = (struct rungs_gap){
			(order[i - 1]->y + order[i - 1]->below + order[i]->y - order[i]->above) / 2 - 2, ns };
	}
}

double rungs_place(struct rungs *rungs, double top, double fill)
{
	auto_free struct rung **order = must_calloc(rungs->n, sizeof(*order));
	auto_free unsigned int *firsts = must_calloc(rungs->n + 1, sizeof(*firsts));
	double end, spread;

	if (rungs->n == 0)
		return top;
	for (unsigned int i = 0; i < rungs->n; i++)
		order[i] = &rungs->rungs[i];
	qsort(order, rungs->n, sizeof(*order), by_time);
	find_firsts(rungs, firsts);
	order[0]->y = top + order[0]->above;
	for (unsigned int i = 1; i < rungs->n; i++) {
		order[i]->y = order[i - 1]->y + step(order[i - 1], order[i]);
		evidence_dir_one(rungs, order[i], firsts);
	}
	end = order[rungs->n - 1]->y + order[rungs->n - 1]->below;
	spread = end > top ? (fill - top) / (end - top) : 1;
	spread = spread < 1 ? 1 : spread > 1.5 ? 1.5 : spread;
	for (unsigned int i = 0; i < rungs->n; i++)
		order[i]->y = top + (order[i]->y - top) * spread;
	find_gaps(rungs, order);
	return top + (end - top) * spread;
}

double rungs_y(const struct rungs *rungs, unsigned int rung)
{
	return rungs->rungs[rung].y;
}

int64_t rungs_at(const struct rungs *rungs, unsigned int rung)
{
	return rungs->rungs[rung].at_ns;
}

const struct rungs_gap *rungs_gaps(const struct rungs *rungs, unsigned int *n)
{
	*n = rungs->n_gaps;
	return rungs->gaps;
}

void rungs_free(struct rungs *rungs)
{
	if (!rungs)
		return;
	free(rungs->rungs);
	free(rungs->aparts);
	free(rungs->gaps);
	free(rungs);
}
