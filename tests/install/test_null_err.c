/* test_null_err.c - who does not want the sentence passes NULL, to every function of the library
 *
 * Each is called so where it succeeds and where it fails; it must do the same as with an err.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <twlab/sandbox.h>
#include <twlab/capture.h>
#include <twlab/sysctl_conf.h>
#include <twlab/conntrack.h>
#include <twlab/counters.h>
#include <twlab/digest.h>
#include <twlab/evidence.h>
#include <twlab/expr.h>
#include <twlab/facts.h>
#include <twlab/nftables.h>
#include <twlab/listener.h>
#include <twlab/rtnetlink.h>
#include <twlab/ns.h>
#include <twlab/pcapng.h>
#include <twlab/proc.h>
#include <twlab/nfqueue.h>
#include <twlab/raw.h>
#include <twlab/recycle.h>
#include <twlab/seal.h>
#include <twlab/ipv6_map.h>
#include <twlab/sockdiag.h>
#include <twlab/sysctl.h>
#include <twlab/topo.h>
#include <twlab/trial.h>
#include <twlab/tsoffset.h>
#include "tests/helpers/main_in_guest.h"

#define NOWHERE "/nonexistent/folder/file"

static const struct node nodes[] = { { "client" }, { "server" }, { "router", NODE_ROUTER }, { 0 } };
static const struct link links[] = {
	{ { "client", "eth0", "10.0.0.1/24" }, { "router", "eth0", "10.0.0.254/24" } },
	{ { "server", "eth0", "10.0.1.1/24" }, { "router", "eth1", "10.0.1.254/24" } },
	{ 0 }
};
static const struct route routes[] = { { "client", "0.0.0.0/0", "10.0.0.254" }, { 0 } };
static const struct setting settings[] = { { "server", "net.ipv4.tcp_fin_timeout", "30" }, { 0 } };
static const struct setting no_settings[] = { { "server", "net.ipv4.no_such_thing", "30" }, { 0 } };
static const struct route no_routes[] = { { "client", "10.9.0.0/16", "192.0.2.77" }, { 0 } };
static const struct ruleset no_rules[] = { { "server", "this is no rule" }, { 0 } };
static const struct link nobodys[] = {
	{ { "nobody", "eth0", "10.0.0.1/24" }, { "router", "eth0", "10.0.0.2/24" } }, { 0 }
};
static const struct link odd[] = {
	{ { "client", "eth0", "10.0.0.300/24" }, { "router", "eth0", "10.0.0.2/24" } }, { 0 }
};
static const struct topo good = { .nodes = nodes, .links = links, .routes = routes, .settings = settings };

static void a_topology(void **state)
{
	const struct topo bad[] = {
		{ .nodes = nodes, .links = links, .settings = no_settings },
		{ .nodes = nodes, .links = links, .routes = no_routes },
		{ .nodes = nodes, .links = links, .rulesets = no_rules },
		{ .nodes = nodes, .links = nobodys }, { .nodes = nodes, .links = odd },
	};
	struct topo_up up = { 0 };

	(void)state;
	if (!guest_inside())
		skip();
	assert_int_equal(topo_stock(2, NULL), 0);
	assert_int_equal(topo_up(&good, &up, NULL), 0);
	assert_int_equal(topo_set(&good, topo_node(&up, "server"), NULL), 0);
	topo_down(&up);
	for (size_t b = 0; b < ARRAY_SIZE(bad); b++) {
		print_message("row %zu\n", b);
		assert_true(topo_up(&bad[b], &up, NULL) < 0);
	}
}

static void a_node(void **state)
{
	struct endpoint here = { .family = AF_INET, .port = 80 };
	const struct socket_seen *sockets, no_socket = { .local = here, .remote = here };
	const struct ct_seen *entries;
	struct counters counters = { 0 };
	struct capture_frame frame;
	struct socket_seen seen;
	uint64_t packets, drops;
	struct topo_up up = { 0 };
	struct conntrack *table;
	struct sockdiag *diag;
	struct node_up *node;
	int fd, none;

	(void)state;
	if (!guest_inside())
		skip();
	assert_int_equal(topo_up(&good, &up, NULL), 0);
	node = topo_node(&up, "router");
	none = open("/dev/null", O_RDONLY | O_CLOEXEC);		/* is no namespace */

	assert_int_equal(counters_read(node->ns, &counters, NULL), 0);
	counters_free(&counters);
	assert_true(counters_read(none, &counters, NULL) < 0);
	assert_int_equal(counters_proc_tcp(node->ns, 6, NULL), 0);
	assert_true(counters_proc_tcp(none, 6, NULL) < 0);

	diag = sockdiag_open(node->ns, NULL);
	assert_non_null(diag);
	assert_int_equal(sockdiag_dump(diag, AF_INET, &sockets, NULL), 0);
	assert_int_equal(sockdiag_find(diag, &here, &here, &seen, NULL), 0);
	assert_true(sockdiag_destroy(diag, &no_socket, NULL) < 0);
	sockdiag_close(diag);
	assert_null(sockdiag_open(none, NULL));

	fd = capture_open(node->ns, NULL);
	assert_true(fd >= 0);
	assert_true(capture_next(fd, &frame, NULL) >= 0);
	close(fd);
	assert_true(capture_open(none, NULL) < 0);
	assert_true(capture_next(none, &frame, NULL) < 0);

	table = conntrack_open(node->ns, NULL);
	if (table)
		assert_true(conntrack_dump(table, &entries, NULL) >= 0);
	conntrack_close(table);
	assert_null(conntrack_open(none, NULL));

	assert_int_equal(rtnetlink_index(node->net, "eth0", NULL) > 0, 1);
	assert_true(rtnetlink_index(node->net, "eth9", NULL) < 0);
	assert_int_equal(rtnetlink_up(node->net, "eth0", NULL), 0);
	assert_true(rtnetlink_up(node->net, "eth9", NULL) < 0);
	assert_int_equal(rtnetlink_addr(node->net, "eth0", "10.0.9.1/24", NULL), 0);
	assert_int_equal(rtnetlink_addr(node->net, "eth0", "10.0.9.1/24", NULL), -EEXIST);
	assert_true(rtnetlink_addr(node->net, "eth0", "no address", NULL) < 0);
	assert_true(rtnetlink_neigh(node->net, "eth0", "10.0.9.2", "no address", NULL) < 0);
	assert_int_equal(rtnetlink_neigh(node->net, "eth0", "10.0.9.2", "02:00:00:00:00:01", NULL), 0);
	assert_true(rtnetlink_route(node->net, "10.7.0.0/16", "no address", NULL, NULL) < 0);
	assert_int_equal(rtnetlink_route(node->net, "10.7.0.0/16", "10.0.9.2", NULL, NULL), 0);
	assert_true(rtnetlink_splice(node->net, "eth0", "eth9", NULL) < 0);
	assert_true(rtnetlink_netem(node->net, "eth9", &(struct netem){ .delay_ms = 1 }, NULL) < 0);
	assert_int_equal(rtnetlink_netem(node->net, "eth0", &(struct netem){ .delay_ms = 1 }, NULL), 0);
	assert_int_equal(rtnetlink_qdisc_stats(node->net, "eth0", &packets, &drops, NULL), 0);
	assert_true(rtnetlink_qdisc_stats(node->net, "eth9", &packets, &drops, NULL) < 0);

	assert_int_equal(nftables_run(node->ns, "table ip t { }", NULL), 0);
	assert_true(nftables_run(node->ns, "no rule", NULL) < 0);
	assert_true(nftables_run(none, "table ip t { }", NULL) < 0);
	assert_true(nfqueue_rules(node->ns, "no rule", NULL) < 0);

	assert_int_equal(sysctl_set(node->ns, "net.ipv4.ip_forward", "1", NULL), 0);
	assert_int_equal(sysctl_set(node->ns, "net.ipv4.no_such_thing", "1", NULL), -ENOENT);
	assert_true(sysctl_set(none, "net.ipv4.ip_forward", "1", NULL) < 0);
	free(sysctl_get(node->ns, "net.ipv4.ip_forward", NULL));
	assert_null(sysctl_get(node->ns, "net.ipv4.no_such_thing", NULL));
	close(none);
	topo_down(&up);
}

static void a_program_and_what_stands_in_the_way_of_packets(void **state)
{
	static char *const runs[] = { (char *)"/proc/self/exe", (char *)"--list", NULL };
	static char *const none[] = { (char *)NOWHERE, NULL };
	struct packet_spec packet = { .src = { .family = AF_INET }, .dst = { .family = AF_INET }, .flags = TCP_SYN };
	int ns, home, not_a_ns = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct listener *listener;
	struct recycle *recycle;
	struct tsoffset *uptime;
	struct proc proc;
	struct raw *raw;
	struct sandbox *cage;
	void *data;
	size_t len;

	(void)state;
	if (!guest_inside())
		skip();
	ns = ns_new(NULL);
	assert_true(ns >= 0);
	assert_int_equal(ns_be_root(NULL), 0);
	assert_true(ns_enter(not_a_ns, NULL) < 0);
	assert_int_equal(proc_start(&(struct proc_start){ .ns = ns, .argv = runs, .privileged = true }, &proc, NULL), 0);
	proc_write(&proc, "a line", NULL);
	proc_end(&proc);
	assert_true(proc_start(&(struct proc_start){ .ns = ns, .argv = none }, &proc, NULL) < 0);

	uptime = tsoffset_open(ns, 1000, NULL);
	if (uptime)
		assert_true(tsoffset_handle(uptime, NULL) >= 0);
	if (uptime)
		tsoffset_close(uptime, false);
	assert_null(tsoffset_open(not_a_ns, 1000, NULL));
	recycle = recycle_open(ns, NULL);
	if (recycle) {
		assert_true(recycle_handle(recycle, NULL) >= 0);
		assert_true(recycle_tick(recycle, 0, NULL) >= 0);
	}
	if (recycle)
		recycle_close(recycle, false);
	assert_null(recycle_open(not_a_ns, NULL));

	home = ns_enter(ns, NULL);
	assert_true(home >= 0);
	raw = raw_open(NULL);
	assert_non_null(raw);
	endpoint_parse("192.0.2.1:9", &packet.dst);
	assert_true(raw_send(raw, &packet, NULL) < 0);	/* there is no way to it */
	raw_close(raw);
	listener = listener_open(NULL);
	listener_close(listener);
	ns_leave(home);

	cage = sandbox_open("/tmp/cage", &sandbox_usual, NULL);
	if (cage) {
		assert_int_equal(sandbox_put(cage, "a", 0644, "a", 1, NULL), 0);
		assert_true(sandbox_put(cage, "a/b", 0644, "a", 1, NULL) < 0);
		assert_true(sandbox_take(cage, "none", 10, &data, &len, NULL) < 0);
	}
	sandbox_close(cage);
	assert_null(sandbox_open("/etc/passwd/cage", &sandbox_usual, NULL));
	close(not_a_ns);
	close(ns);
}

static const char *no_name(const void *names, const char *name)
{
	(void)names;
	(void)name;
	return NULL;
}

static void files_and_words(void **state)
{
	char dir[] = "/tmp/test_null_err.XXXXXX";
	auto_free char *path = NULL, *run = NULL, *six = ipv6_map_text("10.0.0.1", NULL);
	auto_free char *sum = expr_value("1+1", no_name, NULL, NULL), *filled = expr_fill("a{1+1}", no_name, NULL, NULL);
	struct trace *trace = trace_new(), *again;
	struct trial_row *rows = NULL;
	struct facts facts = { 0 };
	char hex[DIGEST_LEN + 1];
	struct netem netem = { 0 };
	unsigned int n = 0;
	int64_t bytes;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = must_printf("%s/file", dir);
	run = must_printf("%s/run.json", dir);
	assert_string_equal(sum, "2");
	assert_string_equal(filled, "a2");
	assert_non_null(six);
	assert_null(ipv6_map_text("10.0.0.1/33", NULL));
	assert_null(expr_value("1+", no_name, NULL, NULL));
	assert_null(expr_fill("{1+}", no_name, NULL, NULL));
	assert_true(expr_holds("1 == ", no_name, NULL, NULL) < 0);
	assert_int_equal(expr_holds("1", no_name, NULL, NULL), 1);
	assert_int_equal(netem_parse("delay 5ms", &netem, NULL), 0);
	assert_true(netem_parse("delay", &netem, NULL) < 0);
	assert_int_equal(pcapng_write(path, trace, &(struct pcapng_about){ .userappl = "t", .os = "o" }, NULL), 0);
	assert_true(pcapng_write(NOWHERE, trace, &(struct pcapng_about){ .userappl = "t", .os = "o" }, NULL) < 0);
	trace_free(trace);
	again = pcapng_read(path, 0, 1, NULL);
	trace_free(again);
	assert_null(pcapng_read(NOWHERE, 0, 1, NULL));
	assert_int_equal(digest_of_file(path, hex, &bytes, NULL), 0);
	assert_true(digest_of_file(NOWHERE, hex, &bytes, NULL) < 0);
	facts_add(&facts, "a", "b", "c", "d");
	assert_int_equal(facts_write(&facts, path, NULL), 0);
	assert_true(facts_write(&facts, NOWHERE, NULL) < 0);
	facts_free(&facts);
	assert_int_equal(facts_read(path, &facts, NULL), 0);
	facts_free(&facts);
	assert_true(facts_read(NOWHERE, &facts, NULL) < 0);
	assert_true(trial_read(path, &rows, &n, NULL) < 0);	/* it is one of facts */
	free(rows);
	assert_true(trial_write(NOWHERE, "a", NULL, 0, NULL) < 0);
	assert_null(evidence_read(dir, NULL));
	assert_true(seal_put(dir, NULL) < 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_topology),
		cmocka_unit_test(a_node),
		cmocka_unit_test(a_program_and_what_stands_in_the_way_of_packets),
		cmocka_unit_test(files_and_words),
	};

	return in_guest_tests(tests, ARRAY_SIZE(tests), NULL);
}
