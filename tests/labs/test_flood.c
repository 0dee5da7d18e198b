/* test_flood.c - tcp_tw_recycle under 50,000 SYNs, and the death of its process */
#include "tests/helpers/conversation.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sys/wait.h>

#include "harness/cli/commands.h"
#include "tests/helpers/main_in_guest.h"

#define FLOOD 50000
#define BATCH 100

static long resident_kb(void)
{
	auto_fclose FILE *file = fopen("/proc/self/statm", "r");
	long size = 0, resident = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld %ld", &size, &resident), 2);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void send_syn(struct stub *stub, unsigned int peer, bool has_ts, uint32_t ts)
{
	struct packet_spec spec = {
		.src = stub_peer(peer, 40000), .dst = stub_host(), .seq = 1, .flags = TCP_SYN,
		.has_ts = has_ts, .tsval = ts,
	};

	stub_send(stub, &spec);
}

static bool has_answer[FLOOD + 1];

/* How many peers were answered that were not before. */
static unsigned int count_answers(struct stub *stub)
{
	struct packet packet;
	unsigned int n = 0;

	while (stub_read(stub, &packet)) {
		const uint8_t *addr = &packet.dst.addr.s6_addr[12];
		unsigned int peer = (addr[1] - 1u) << 16 | (unsigned int)addr[2] << 8 | addr[3];

		if (packet.flags != (TCP_SYN | TCP_ACK) || has_answer[peer])
			continue;
		has_answer[peer] = true;
		n++;
	}
	return n;
}

/* Take what waits in the queue, a little at a time: a TUN device holds 500 answers. */
static unsigned int handle_all(struct stub *stub)
{
	unsigned int answers = 0;
	struct err err = { 0 };
	struct pollfd fd;

	assert_int_equal(recycle_fds(stub->recycle, &fd, 1), 1);
	while (poll(&fd, 1, 0) == 1) {
		stub_must(recycle_handle(stub->recycle, &err), &err);
		answers += count_answers(stub);
	}
	return answers;
}

/* 50,000 addresses, each asks once: each is answered, by a cookie at the latest. */
static void a_flood_is_answered(void **state)
{
	static const struct {
		const char *what;
		unsigned int batch;	/* SYNs between two looks at the queue */
		bool overflows;
	} rows[] = {
		{ "the queue keeps up", BATCH, false },
		{ "nobody looks at the queue", FLOOD, true },
	};

	(void)state;
	if (!guest_inside())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stub stub = { 0 };
		unsigned int answers = 0;
		const struct recycle_stats *stats;
		long before_kb;

		stub_up(&stub);
		stub_set(&stub, "net.ipv4.tcp_syncookies", "1");
		stub_set(&stub, "net.ipv4.tcp_synack_retries", "0");	/* they come in bursts that a TUN device drops */
		stub_recycle(&stub, NULL, NULL);
		memset(has_answer, 0, sizeof(has_answer));
		before_kb = resident_kb();
		for (unsigned int n = 0; n < FLOOD; n++) {
			send_syn(&stub, n, true, n);
			if ((n + 1) % BATCH == 0)
				answers += count_answers(&stub);
			if ((n + 1) % rows[i].batch == 0)
				answers += handle_all(&stub);
		}
		send_syn(&stub, FLOOD, true, 1);	/* what was missed shows in the next one's number */
		handle_all(&stub);
		stats = recycle_stats(stub.recycle);
		print_message("%s: %u of %u answered, %llu judged, %llu passed unseen, %ld kB more\n",
			      rows[i].what, answers, FLOOD, (unsigned long long)stats->syns,
			      (unsigned long long)stats->missed, resident_kb() - before_kb);
		assert_int_equal(answers, FLOOD);
		assert_int_equal(stats->syns + stats->missed, FLOOD + 1);
		assert_int_equal(stats->missed > 0, rows[i].overflows);
		assert_true(resident_kb() - before_kb < 4096);
		stub_down(&stub);
	}
}

/* --- the command --- */

/* Start `twlab recycle --stats` in the host's namespace; its output to *@out. */
static pid_t start_command(struct stub *stub, FILE **out)
{
	char *argv[] = { "recycle", "--stats", NULL };
	struct err err = { 0 };
	int ends[2], status;
	pid_t pid;

	assert_false(pipe(ends));
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		if (ns_enter(stub->ns, &err) < 0)
			_exit(99);
		status = recycle_main(2, argv, &err);
		fflush(stdout);
		_exit(status);
	}
	close(ends[1]);
	*out = fdopen(ends[0], "r");
	assert_non_null(*out);
	return pid;
}

/* Read lines up to one that begins with @word; it is left in @line. */
static void expect(FILE *out, const char *word, char *line, int size)
{
	while (fgets(line, size, out)) {
		print_message("  %s", line);
		if (strstr(line, word))
			return;
	}
	fail_msg("no line with '%s'", word);
}

static struct conversation conversation_now(bool has_ts, uint32_t ts)
{
	static uint16_t port = 40000;

	return conversation_of(port++, has_ts, ts);
}

/* A connection that the host closes. */
static void make_and_close(struct stub *stub, uint32_t ts)
{
	struct conversation conversation = conversation_now(true, ts);

	open_talk(stub, &conversation);
	host_closes(stub, &conversation);
}

static void say_and_end(int signal_number)
{
	struct stub stub = { 0 };
	char line[512];
	int status;
	FILE *out;
	pid_t pid;

	stub_up(&stub);
	pid = start_command(&stub, &out);
	expect(out, "recycles TIME_WAIT", line, sizeof(line));
	make_and_close(&stub, 1000000);
	assert_false(answered(&stub, conversation_now(true, 400000)));
	expect(out, " > 10.0.0.1:80 SYN not answered: its timestamp 400000 is 600000 ticks older than 1000000", line, sizeof(line));
	assert_false(answered(&stub, conversation_now(false, 0)));
	expect(out, "it has no timestamp", line, sizeof(line));
	assert_true(answered(&stub, conversation_now(true, 1000001)));
	poll(NULL, 0, 1000);
	assert_false(kill(pid, signal_number));
	expect(out, "TcpExtPAWSPassive\t2\t", line, sizeof(line));
	expect(out, "TcpExtTWKilled\t1\t", line, sizeof(line));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(answered(&stub, conversation_now(true, 400000)));
	fclose(out);
	stub_down(&stub);
}

/* Whoever ends it, in words or with Ctrl-C: it tells what it did, and lets go. */
static void the_command_says_what_it_does(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT };

	(void)state;
	if (!guest_inside())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		print_message("%s\n", strsignal(signals[i]));
		say_and_end(signals[i]);
	}
}

static void a_killed_one_leaves_nothing_in_the_way(void **state)
{
	struct stub stub = { 0 };
	struct err err = { 0 };
	char line[512];
	FILE *out;
	pid_t pid;

	(void)state;
	if (!guest_inside())
		skip();
	stub_up(&stub);
	pid = start_command(&stub, &out);
	expect(out, "recycles TIME_WAIT", line, sizeof(line));
	make_and_close(&stub, 1000000);
	assert_false(answered(&stub, conversation_now(true, 400000)));

	/* One is enough, and the second does no harm to the first. */
	assert_null(recycle_open(stub.ns, &err));
	assert_int_equal(err.code, EBUSY);
	assert_false(answered(&stub, conversation_now(true, 400000)));

	assert_false(kill(pid, SIGKILL));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	fclose(out);
	assert_true(answered(&stub, conversation_now(true, 400000)));
	assert_true(answered(&stub, conversation_now(false, 0)));
	make_and_close(&stub, 2000000);

	/* What it left is no obstacle to the next. */
	stub_recycle(&stub, NULL, NULL);
	stub_down(&stub);
}

static void wrong_usage_is_told(void **state)
{
	static char *const words[][3] = { { "recycle", "now" }, { "recycle", "--nonsense" } };
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		char *argv[] = { words[i][0], words[i][1], NULL };

		optind = 0;
		assert_int_equal(recycle_main(2, argv, &err), STATUS_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_is_answered),
		cmocka_unit_test(the_command_says_what_it_does),
		cmocka_unit_test(a_killed_one_leaves_nothing_in_the_way),
		cmocka_unit_test(wrong_usage_is_told),
	};

	return in_guest_tests(tests, ARRAY_SIZE(tests), NULL);
}
