/* draw.c - every picture of a lab or of a run, into a folder */
#include "diagrams/draw.h"

#include "diagrams/time_wait_plot.h"
#include "diagrams/ladder.h"
#include "diagrams/state_diagram.h"
#include "diagrams/render.h"
#include "diagrams/timeline.h"
#include "diagrams/topology.h"

struct pictures {
	struct picture *items;
	size_t n;
};

static void add(struct pictures *pictures, char *name, char *dot, bool placed)
{
	struct picture *picture = grow(&pictures->items, pictures->n++, sizeof(*picture));

	*picture = (struct picture){ name, dot, placed };
}

static int finish(struct pictures *pictures, const char *dir, struct err *err)
{
	int rc = render_pictures(pictures->items, pictures->n, dir, err);

	for (size_t i = 0; i < pictures->n; i++)
		picture_free(&pictures->items[i]);
	free(pictures->items);
	return rc;
}

/* "01-four-way-close · client-first · port=8080" */
static char *plan_caption(const struct plan *plan)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();	/* only memory can lack, and then there is nothing to write into */
	fprintf(out, "%s · %s", plan->lab->name, plan->variant);
	for (unsigned int i = 0; i < plan->n_params; i++)
		fprintf(out, "%s%s", i ? ", " : " · ", plan->params[i]);
	fclose(out);
	return text;
}

int draw_plan(const struct plan *plan, const char *dir, struct err *err)
{
	struct pictures pictures = { 0 };
	auto_free char *caption = plan_caption(plan);

	add(&pictures, must_strdup("topology"), topology_draw(plan, caption), false);
	return finish(&pictures, dir, err);
}

int draw_evidence(const struct evidence *evidence, const struct plan *plan, const char *dir, struct err *err)
{
	struct pictures pictures = { 0 };
	struct scene scene;
	unsigned int n_sockets;
	struct socket_states *sockets = socket_states_read(evidence, &n_sockets);

	scene_open(&scene, evidence, plan, sockets, n_sockets);
	if (plan)
		add(&pictures, must_strdup("topology"), topology_draw(plan, scene.caption), false);
	add(&pictures, must_strdup("ladder"), ladder_draw(&scene), true);
	for (unsigned int i = 0; i < scene.n_conns; i++)
		add(&pictures, i ? must_printf("states-%u", i + 1) : must_strdup("states"),
		    machine_draw(&scene, i), true);
	add(&pictures, must_strdup("timeline"), timeline_draw(&scene), true);
	if (time_wait_plot_is_there(&scene))
		add(&pictures, must_strdup("time-wait"), time_wait_plot_draw(&scene), true);
	scene_close(&scene);
	socket_states_free(sockets, n_sockets);
	return finish(&pictures, dir, err);
}

int draw_ladder(const struct evidence *evidence, const struct plan *plan, const char *dir, struct err *err)
{
	struct picture ladder = { .name = must_strdup("ladder"), .placed = true, .only_svg = true };
	struct scene scene;
	unsigned int n_sockets;
	struct socket_states *sockets = socket_states_read(evidence, &n_sockets);
	int rc;

	scene_open(&scene, evidence, plan, sockets, n_sockets);
	ladder.dot = ladder_draw(&scene);
	scene_close(&scene);
	socket_states_free(sockets, n_sockets);
	rc = render_pictures(&ladder, 1, dir, err);
	picture_free(&ladder);
	return rc;
}
