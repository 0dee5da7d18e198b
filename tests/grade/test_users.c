/* test_users.c - who hands in, as Gradescope says, and whose it is */
#include "tests/helpers/test.h"

#include "harness/grade/users.h"
#include "labs/index.h"
#include "tests/helpers/dir.h"

static int users_of(const char *json, struct users *users, struct err *err)
{
	auto_free char *path = must_printf("%s/submission_metadata.json", dir);

	dir_put_text("submission_metadata.json", json);
	return users_read(path, users, err);
}

static void users_are_read(void **state)
{
	struct users users;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(users_of("{\"users\":[{\"id\":17,\"email\":\"ada@x.org\"},{\"id\":\"b-2\"},{\"id\":null,\"email\":true}]}", &users, &err), 0);
	assert_int_equal(users.n, 3);
	assert_string_equal(users.ids[0], "17");
	assert_string_equal(users.emails[0], "ada@x.org");
	assert_string_equal(users.ids[1], "b-2");
	assert_string_equal(users.emails[1], "");
	assert_string_equal(users.ids[2], "");
	assert_string_equal(users.emails[2], "");
	users_free(&users);
	assert_int_equal(users.n, 0);
}

static void what_names_nobody_is_refused(void **state)
{
	static const struct { const char *json, *says; } rows[] = {
		{ "", "is no JSON" }, { "{\"users\":[", "is no JSON" }, { "{}", "names no users" }, { "{\"users\":[]}", "names no users" },
		{ "{\"users\":{}}", "names no users" }, { "[]", "names no users" },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct err err = { 0 };
		struct users users;

		if (users_of(rows[r].json, &users, &err) >= 0 || !strstr(err.text, rows[r].says))
			fail_msg("%s: %s", rows[r].json, err.text);
		users_free(&users);
	}
}

/* By id, by address, or by what stands in front of its @: and each whose it is must be among them. */
static void it_is_handed_in_by_whom_it_was_handed_out_to(void **state)
{
	static const struct { const char *ids[3]; unsigned int n; bool refused; } rows[] = {
		{ { "17" }, 1, false }, { { "ada@x.org" }, 1, false }, { { "ada" }, 1, false }, { { "ada", "b-2" }, 2, false },
		{ { "1" }, 1, true }, { { "177" }, 1, true }, { { "ad" }, 1, true }, { { "adam" }, 1, true }, { { "ada@y.org" }, 1, true },
		{ { "x.org" }, 1, true }, { { "ada", "eve" }, 2, true }, { { "b-2", "eve" }, 2, true }, { { NULL }, 0, false },
	};
	struct users users;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(users_of("{\"users\":[{\"id\":\"b-2\"},{\"id\":17,\"email\":\"ada@x.org\"}]}", &users, &err), 0);
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct personal personal;
		struct submission submission;

		personal_make(lab_find("3"), "", 0, rows[r].ids, rows[r].n, &personal);
		submission_of(lab_find("3"), &personal, &submission);
		submission_put(&submission, 0, "a = 1\n", 6);
		users_check(&users, &submission);
		if (submission.refused != rows[r].refused || !submission.files[0].data != rows[r].refused ||
		    (rows[r].refused && !strstr(submission.files[0].why, "who does not hand it in")))
			fail_msg("row %zu: %s", r, submission.files[0].why ? submission.files[0].why : "it is taken");
		submission_free(&submission);
		personal_free(&personal);
	}
	users_free(&users);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_are_read),
		cmocka_unit_test(what_names_nobody_is_refused),
		cmocka_unit_test(it_is_handed_in_by_whom_it_was_handed_out_to),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
