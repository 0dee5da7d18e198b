/* requirements.c - what a plan needs of a kernel, and what a kernel has */
#include "harness/run/requirements.h"

#include <twlab/conntrack.h>
#include <twlab/nftables.h>
#include <twlab/rtnetlink.h>
#include <twlab/ns.h>
#include <twlab/sockdiag.h>
#include <twlab/sysctl.h>
#include <twlab/trial.h>

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

static bool has_wire(const struct plan *plan)
{
	for (const struct link *link = plan->topo.links; link && link->a.node; link++)
		if (link->wire)
			return true;
	return false;
}

static bool has_rules(const struct plan *plan)
{
	return plan->topo.rulesets && plan->topo.rulesets->node;
}

static bool recycles(const struct plan *plan)
{
	for (const struct node *node = plan->topo.nodes; node && node->name; node++)
		if (node->recycle && strcmp(node->recycle, "0"))
			return true;
	return false;
}

static bool has_queue(const struct plan *plan)
{
	for (const struct node *node = plan->topo.nodes; node && node->name; node++)
		if (node->uptime_s)
			return true;
	return recycles(plan);
}

/* Is a NAT's table asked about: by a claim on its facts, or by a step that waits? */
static bool has_table(const struct plan *plan)
{
	for (const struct claim *claim = plan->claims; claim && claim->words; claim++)
		if (!strncmp(claim->fact, "nat", 3))
			return true;
	for (const struct step *step = plan->steps; step && step->act; step++)
		for (const struct node *node = plan->topo.nodes; node && node->name; node++)
			if ((step->act == DO_STATE || step->act == DO_GONE) && node->kind == NODE_NAT &&
			    !strcmp(step->on, node->name))
				return true;
	return false;
}

static bool has_kill(const struct plan *plan)
{
	for (const struct step *step = plan->steps; step && step->act; step++)
		if (step->act == DO_KILL && !strcmp(step->what, "TIME_WAIT"))
			return true;
	return false;
}

static bool tries(const struct plan *plan)
{
	for (const struct step *step = plan->steps; step && step->act; step++)
		if (step->act == DO_TRIAL)
			return true;
	return false;
}

/* A veth pair to try things on: both ends here. */
static struct net *with_pair(int ns, struct err *err)
{
	int home = ns_enter(ns, err);
	struct net *net;

	if (home < 0)
		return NULL;
	net = rtnetlink_open(err);
	ns_leave(home);
	if (net && (rtnetlink_veth(net, "a", "02:00:00:00:00:01", ns, "b", "02:00:00:00:00:02", err) &&
		    err->code != EEXIST)) {
		rtnetlink_close(net);
		return NULL;
	}
	err->code = 0;
	return net;
}

static int try_veth(int ns, struct err *err)
{
	struct net *net = with_pair(ns, err);

	rtnetlink_close(net);
	return net ? 0 : -err->code;
}

static int try_netem(int ns, struct err *err)
{
	static const struct netem netem = { .delay_ms = 1 };
	struct net *net = with_pair(ns, err);
	int code = net ? rtnetlink_netem(net, "a", &netem, err) : -err->code;

	rtnetlink_close(net);
	return code;
}

static int try_splice(int ns, struct err *err)
{
	struct net *net = with_pair(ns, err);
	int code = net ? rtnetlink_splice(net, "a", "b", err) : -err->code;

	rtnetlink_close(net);
	return code;
}

static bool has_ipv6(const struct plan *plan)
{
	return topo_has_ipv6(&plan->topo);
}

static int try_ipv6(int ns, struct err *err)
{
	auto_free char *value = sysctl_get(ns, "net.ipv6.conf.default.disable_ipv6", err);

	return value ? 0 : err_code(err);
}

static bool has_rules6(const struct plan *plan)
{
	return has_rules(plan) && has_ipv6(plan);
}

static int try_table(int ns, struct err *err)
{
	const struct ct_seen *seen;
	struct conntrack *conntrack = conntrack_open(ns, err);
	int code = conntrack ? conntrack_dump(conntrack, &seen, err) : -err->code;

	conntrack_close(conntrack);
	return code < 0 ? code : 0;
}

/* Make a TIME_WAIT on the namespace's loopback. */
static int make_time_wait(struct err *err)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	auto_close int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_close int conn = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_close int accepted = -1;
	char end;

	if (bind(listener, (struct sockaddr *)&addr, len) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&addr, &len) ||
	    connect(conn, (struct sockaddr *)&addr, len) ||
	    (accepted = accept(listener, NULL, NULL)) < 0 || shutdown(conn, SHUT_WR) ||
	    read(accepted, &end, 1) != 0 || shutdown(accepted, SHUT_WR) || read(conn, &end, 1) != 0)
		return err_set(err, errno, "cannot make a connection on the loopback");
	return 0;
}

static int try_destroy(int ns, struct err *err)
{
	const struct socket_seen *sockets;
	struct net *net = NULL;
	struct sockdiag *diag = NULL;
	int home = ns_enter(ns, err), code, n;

	if (home < 0)
		return home;
	net = rtnetlink_open(err);
	code = net && !rtnetlink_up(net, "lo", err) ? make_time_wait(err) : -err->code;
	ns_leave(home);
	rtnetlink_close(net);
	if (code || !(diag = sockdiag_open(ns, err)))
		return -err->code;
	n = sockdiag_dump(diag, AF_INET, &sockets, err);
	code = n < 0 ? n : err_set(err, 0, "a TIME_WAIT could not be seen");
	for (int s = 0; s < n; s++)
		if (sockets[s].state == STATE_TIME_WAIT) {
			struct socket_seen it = sockets[s];

			err->code = 0;
			code = sockdiag_destroy(diag, &it, err);
			break;
		}
	sockdiag_close(diag);
	return code;
}

static int try_sock_diag(int ns, struct err *err)
{
	const struct socket_seen *sockets;
	struct sockdiag *diag = sockdiag_open(ns, err);
	int n = diag ? sockdiag_dump(diag, AF_INET, &sockets, err) : -err->code;

	sockdiag_close(diag);
	return n < 0 ? n : 0;
}

static int try_tun(int ns, struct err *err)
{
	int fd, home = ns_enter(ns, err);

	if (home < 0)
		return home;
	fd = trial_tun(err);
	ns_leave(home);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static bool always(const struct plan *plan)
{
	(void)plan;
	return true;
}

#define NAT(family) \
	"table " family " twlab_try { chain out { type nat hook postrouting priority 100; masquerade; }; }; " \
	"delete table " family " twlab_try"
#define QUEUE "table ip twlab_try { chain in { type filter hook input priority 0; tcp flags syn queue num 1 bypass; }; }; " \
	"delete table ip twlab_try"

const struct requirement requirements[] = {
	{ "veth", "links between nodes", "load the module veth, or use the vm runner", try_veth, always },
	{ "splice", "wires (sch_ingress, cls_matchall, act_mirred)", "load those modules, or use the vm runner", try_splice, has_wire },
	{ "netem", "wires that delay and lose (sch_netem)", "load the module sch_netem, or use the vm runner", try_netem, has_wire },
	{ "nat", "a NAT (nf_tables, nft_chain_nat, nft_masq)", "load those modules, or use the vm runner",
	  .used = has_rules, .rules = NAT("ip") },
	{ "ipv6", "--ipv6", "load the module ipv6, or use the vm runner", try_ipv6, has_ipv6 },
	{ "nat6", "a NAT with --ipv6 (nf_tables, nft_chain_nat, nft_masq)", "load those modules, or use the vm runner",
	  .used = has_rules6, .rules = NAT("ip6") },
	{ "table", "what a NAT remembers (nf_conntrack_netlink)", "load that module, or use the vm runner", try_table, has_table },
	{ "queue", "clocks that differ, recycling (nft_queue, nfnetlink_queue)", "load those modules, or use the vm runner",
	  .used = has_queue, .rules = QUEUE },
	{ "sock_diag", "states of sockets (tcp_diag)", "load that module, or use the vm runner", try_sock_diag, always },
	{ "tun", "segments tried on TIME_WAIT (tun)", "load that module, or use the vm runner", try_tun, tries },
	{ "destroy", "ending a TIME_WAIT (SOCK_DESTROY, Linux 6.1 and later)", "use the vm runner with a kernel from 6.1 on", try_destroy, has_kill },
	{ "tcp_timestamps", "a node's own net.ipv4.tcp_timestamps", "use the vm runner with a kernel from 4.13 on",
	  .setting = "net.ipv4.tcp_timestamps" },
	{ "tcp_tw_reuse", "a node's own net.ipv4.tcp_tw_reuse", "use the vm runner with a kernel from 4.10 on",
	  .setting = "net.ipv4.tcp_tw_reuse" },
	{ "tcp_max_tw_buckets", "a node's own net.ipv4.tcp_max_tw_buckets", "use the vm runner with a kernel from 4.11 on",
	  .setting = "net.ipv4.tcp_max_tw_buckets" },
	{ "tcp_rfc1337", "a node's own net.ipv4.tcp_rfc1337", "use the vm runner with a kernel from 4.15 on",
	  .setting = "net.ipv4.tcp_rfc1337" },
	{ "tcp_tw_reuse_delay", "a node's own net.ipv4.tcp_tw_reuse_delay", "use the vm runner with a kernel from 6.14 on",
	  .setting = "net.ipv4.tcp_tw_reuse_delay" },
	{ 0 }
};

static bool sets(const struct plan *plan, const char *key)
{
	for (const struct setting *row = plan->topo.settings; row && row->node; row++)
		if (!strcmp(row->key, key))
			return true;
	for (const struct step *step = plan->steps; step && step->act; step++)
		if (step->act == DO_SYSCTL && !strncmp(step->what, key, strlen(key)) &&
		    step->what[strlen(key)] == '=')
			return true;
	return false;
}

int requirements_try(const struct requirement *requirement, int ns, struct err *err)
{
	auto_free char *value = NULL;

	if (requirement->probe)
		return requirement->probe(ns, err);
	if (requirement->rules)
		return nftables_run(ns, requirement->rules, err);
	value = sysctl_get(ns, requirement->setting, err);
	return value ? 0 : -err->code;
}

bool requirements_used(const struct requirement *requirement, const struct plan *plan)
{
	return requirement->setting ? sets(plan, requirement->setting) : requirement->used(plan);
}

int requirements_namespace(struct err *err)
{
	auto_close int ns = ns_new(err);

	if (ns < 0) {
		snprintf(err->text + strlen(err->text), sizeof(err->text) - strlen(err->text),
			 "; be root, or use the vm runner");
		return -err->code;
	}
	return 0;
}

static struct {			/* what requirements_probe() found, by need */
	bool tried;
	struct err reason;	/* code 0: this kernel has it */
} found[ARRAY_SIZE(requirements)];

/* Try @need in a namespace made for it, unless that has been done. */
static const struct err *look(const struct requirement *requirement, struct err *err)
{
	size_t n = (size_t)(requirement - requirements);
	auto_close int ns = -1;

	if (found[n].tried)
		return &found[n].reason;
	ns = ns_new(err);
	if (ns < 0)
		return NULL;
	found[n].tried = true;
	found[n].reason.code = 0;
	if (!requirements_try(requirement, ns, &found[n].reason))
		found[n].reason.code = 0;
	return &found[n].reason;
}

void requirements_probe(void)
{
	struct err err = { 0 };

	for (const struct requirement *requirement = requirements; requirement->name; requirement++)
		look(requirement, &err);
}

int requirements_met(const struct plan *plan, struct err *err)
{
	if (plan->ipv4_only) {
		err_set(err, 0, "IPv4 only: %s", plan->ipv4_only);
		return 0;
	}
	for (const struct requirement *requirement = requirements; requirement->name; requirement++) {
		const struct err *reason;

		if (!requirements_used(requirement, plan))
			continue;
		reason = look(requirement, err);
		if (!reason)
			return -err->code;
		if (reason->code) {
			err_set(err, 0, "this kernel lacks %s (%s); %s", requirement->name, reason->text, requirement->advice);
			return 0;
		}
	}
	return 1;
}
