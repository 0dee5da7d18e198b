/* folder.h - make an evidence folder out of rows, for tests */
#ifndef TWLAB_TESTS_FOLDER_H
#define TWLAB_TESTS_FOLDER_H

#include <twlab/evidence.h>
#include <twlab/pcapng.h>

#include "tests/helpers/ladder.h"

#include <fcntl.h>
#include <sys/stat.h>

#define START_NS 1767225600000000000LL

/* A row of states.jsonl. @server's socket is of 192.0.2.9:80, or else the client's. */
struct sample {
	int64_t at_us;
	bool server;
	const char *state, *event;
	int expires_ms;		/* of timer "timewait"; 0 = no timer */
	bool listening;
	uint16_t nat_port;
};

static char folder[] = "/tmp/twlab-test-XXXXXX";

static inline void folder_put(const char *name, const char *text)
{
	auto_free char *path = must_printf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();	/* no test is possible */
}

static inline void folder_drop(const char *name)
{
	auto_free char *path = must_printf("%s/%s", folder, name);

	unlink(path);
}

static inline char *samples_text(const struct sample *samples)
{
	char *text = must_strdup("");

	for (; samples->state; samples++) {
		uint16_t port = samples->nat_port ? samples->nat_port : 40000;
		auto_free char *client = must_printf("10.0.0.2:%u", samples->nat_port ? 40000 : port);
		auto_free char *seen = must_printf("%s:%u", samples->nat_port ? "192.0.2.1" : "10.0.0.2", port);
		char *more = must_printf("%s{\"t_ns\":%lld,\"node\":\"%s\",\"local\":\"%s\",\"remote\":\"%s\","
			"\"state\":\"%s\",\"timer\":\"%s\",\"expires_ms\":%d,\"event\":\"%s\",\"seen\":\"packet\"}\n",
			text, (long long)samples->at_us * 1000, samples->server ? "server" : "client",
			samples->listening ? "0.0.0.0:80" : samples->server ? "192.0.2.9:80" : client,
			samples->listening ? "0.0.0.0:0" : samples->server ? seen : "192.0.2.9:80",
			samples->state, samples->expires_ms ? "timewait" : "",
			samples->expires_ms ? samples->expires_ms : -1, samples->event);

		free(text);
		text = more;
	}
	return text;
}

static inline void folder_put_packets(unsigned int n_clients, bool flat, const struct rung *rungs)
{
	const struct pcapng_about about = { .userappl = "test", .start_ns = START_NS };
	auto_free char *path = must_printf("%s/packets.pcapng", folder);
	struct trace *trace = ladder_trace(n_clients, flat, rungs);

	if (pcapng_write(path, trace, &about, NULL))
		abort();	/* no test is possible */
	trace_free(trace);
}

#define RUN_JSON "{\"lab\":\"01-test\",\"variant\":\"v\",\"params\":{\"b\":\"2\",\"a\":\"1\"},\"seed\":7," \
		 "\"kernel\":\"6.1.0\",\"runner\":\"vm\",\"recycle\":\"\",\"hz\":250," \
		 "\"start_ns\":1767225600000000000,\"end_ns\":99000000000,\"twlab\":\"1.0\",\"complete\":true}\n"

/* A whole folder. What is NULL is empty. */
static inline void folder_make(bool flat, const struct rung *rungs, const struct sample *samples,
			       const char *events)
{
	auto_free char *states = samples ? samples_text(samples) : must_strdup("");
	auto_free char *programs = must_printf("%s/programs", folder);

	mkdir(programs, 0755);
	folder_put("run.json", RUN_JSON);
	folder_put_packets(1, flat, rungs);
	folder_put("states.jsonl", states);
	folder_put("events.jsonl", events ? events : "");
	folder_put("counters.json", "{\"server\":{\"before\":{\"TcpExt.TW\":1,\"Tcp.InSegs\":4},"
				    "\"after\":{\"TcpExt.TW\":3,\"Tcp.InSegs\":4,\"TcpExt.New\":5},\"qdisc\":{}},"
				    "\"wire\":{\"before\":{},\"after\":{},\"qdisc\":{\"b\":{\"drops\":1,\"packets\":7}}}}");
	folder_put("programs/peer.out", "ready\nso_error=0\r\nso_error=ECONNRESET\n=x\n1=2\nlast=no end");
	folder_put("programs/peer.err", "");
	folder_put("programs/peer.status", "exit 0\n");
}

static inline int folder_open(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static inline int folder_close(void **state)
{
	static const char *const files[] = {
		"run.json", "packets.pcapng", "states.jsonl", "events.jsonl", "counters.json",
		"nat.jsonl", "facts.tsv", "programs/peer.out", "programs/peer.err", "programs/peer.status",
	};
	auto_free char *programs = must_printf("%s/programs", folder);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		folder_drop(files[i]);
	rmdir(programs);
	return rmdir(folder);
}

#endif
