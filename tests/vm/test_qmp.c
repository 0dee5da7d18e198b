/* test_qmp.c - QEMU's protocol, with us at both ends */
#include "tests/helpers/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "harness/vm/qmp.h"

static int theirs;
static struct qmp *qmp;

static int open_pair(void **state)
{
	int pair[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair))
		return -1;
	qmp = qmp_new(pair[0]);
	theirs = pair[1];
	return 0;
}

static int close_pair(void **state)
{
	(void)state;
	qmp_free(qmp);
	close(theirs);
	return 0;
}

static void report(const char *text)
{
	assert_int_equal(write(theirs, text, strlen(text)), (int)strlen(text));
}

static void lines_come_in_pieces(void **state)
{
	static const char greeting[] = "{\"QMP\": {\"version\": {}}}\r\n";

	(void)state;
	for (size_t i = 0; greeting[i]; i++) {
		assert_false(qmp_greeted(qmp));
		assert_int_equal(write(theirs, &greeting[i], 1), 1);
		assert_int_equal(qmp_step(qmp, NULL), 0);
	}
	assert_true(qmp_greeted(qmp));
}

static void answers_find_their_question(void **state)
{
	struct err err = { 0 };
	char text[256] = "";
	int a = qmp_send(qmp, "first", NULL, &err);
	int b = qmp_send(qmp, "second", json_pack("{s:i}", "n", 2), &err);
	json_t *event;

	(void)state;
	assert_true(a > 0 && b > 0 && a != b);
	assert_true(read(theirs, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "{\"execute\":\"first\",\"id\":1}"
			    "{\"execute\":\"second\",\"id\":2,\"arguments\":{\"n\":2}}");
	assert_int_equal(qmp_answered(qmp, a, &err), 0);
	report("{\"event\": \"ONE\"}\n"
	    "{\"return\": {}, \"id\": 2}\n"
	    "{\"event\": \"TWO\"}\n"
	    "{\"id\": 1, \"error\": {\"class\": \"GenericError\", \"desc\": \"no such thing\"}}\n"
	    "{\"return\": {}, \"id\": 77}\n");
	assert_int_equal(qmp_step(qmp, &err), 0);
	assert_int_equal(qmp_answered(qmp, b, &err), 1);
	assert_int_equal(qmp_answered(qmp, b, &err), 0);	/* once */
	assert_int_equal(qmp_answered(qmp, a, &err), -EINVAL);
	assert_string_equal(err.text, "QEMU: no such thing");
	for (int i = 0; i < 2; i++) {
		event = qmp_event(qmp);
		assert_string_equal(json_string_value(json_object_get(event, "event")),
				    i ? "TWO" : "ONE");
		json_decref(event);
	}
	assert_null(qmp_event(qmp));
}

static void what_is_no_protocol_is_refused(void **state)
{
	static const struct {
		const char *line;
		int ret;
	} rows[] = {
		{ "{\"return\": {}}\n", 0 },	/* nobody's, but in form */
		{ "\n", 0 },
		{ "QEMU: internal error\n", -EINVAL },
		{ "{\"return\": \n", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = { 0 };

		report(rows[i].line);
		assert_int_equal(qmp_step(qmp, &err), rows[i].ret);
		assert_int_equal(err.code, -rows[i].ret);
	}
}

static void a_line_without_end_is_refused(void **state)
{
	struct err err = { 0 };
	char block[65536];
	int ret = 0;

	(void)state;
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 32 && !ret; i++) {
		assert_true(write(theirs, block, sizeof(block)) > 0);
		ret = qmp_step(qmp, &err);
	}
	assert_int_equal(ret, -EINVAL);
}

static void an_end_is_noticed(void **state)
{
	struct err err = { 0 };

	(void)state;
	report("{\"event\": \"SHUTDOWN\"}\n");
	shutdown(theirs, SHUT_RDWR);
	assert_int_equal(qmp_step(qmp, &err), -EPIPE);
	/* What was said before it is not lost. */
	json_decref(qmp_event(qmp));
	assert_int_equal(qmp_send(qmp, "cont", NULL, &err), -EPIPE);
}

static void a_descriptor_goes_along(void **state)
{
	char data[256] = "", room[CMSG_SPACE(sizeof(int))];
	struct iovec part = { data, sizeof(data) };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1,
				 .msg_control = room, .msg_controllen = sizeof(room) };
	int ends[2], got;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(qmp_send_fd(qmp, "state", ends[0], NULL) > 0);
	close(ends[0]);
	assert_true(recvmsg(theirs, &packet, 0) > 0);
	assert_non_null(strstr(data, "\"getfd\""));
	assert_non_null(CMSG_FIRSTHDR(&packet));
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&packet)), sizeof(got));
	assert_int_equal(write(ends[1], "hi", 2), 2);
	assert_int_equal(read(got, data, 2), 2);
	close(got);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)
		TEST(lines_come_in_pieces),
		TEST(answers_find_their_question),
		TEST(what_is_no_protocol_is_refused),
		TEST(a_line_without_end_is_refused),
		TEST(an_end_is_noticed),
		TEST(a_descriptor_goes_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
