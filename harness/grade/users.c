/* users.c - who hands in, as Gradescope's submission_metadata.json has it */
#include "harness/grade/users.h"

#include <jansson.h>

/* An id is a number there, and may be a text. */
static char *text_of(const json_t *json)
{
	return json_is_integer(json) ? must_printf("%lld", (long long)json_integer_value(json)) :
	       must_strdup(json_is_string(json) ? json_string_value(json) : "");
}

int users_read(const char *path, struct users *users, struct err *err)
{
	json_error_t error;
	json_t *json = json_load_file(path, 0, &error), *rows = json_object_get(json, "users"), *row;
	size_t i;

	*users = (struct users){ 0 };
	json_array_foreach(rows, i, row) {
		*(char **)grow(&users->ids, users->n, sizeof(char *)) = text_of(json_object_get(row, "id"));
		*(char **)grow(&users->emails, users->n++, sizeof(char *)) = text_of(json_object_get(row, "email"));
	}
	if (!json)
		err_set(err, 0, "%s is no JSON: %s", path, error.text);
	else if (!users->n)
		err_set(err, 0, "%s names no users", path);
	json_decref(json);
	return users->n ? 0 : -err->code;
}

void users_free(struct users *users)
{
	for (unsigned int u = 0; u < users->n; u++) {
		free(users->ids[u]);
		free(users->emails[u]);
	}
	free(users->ids);
	free(users->emails);
	*users = (struct users){ 0 };
}

static bool is_one(const struct users *users, const char *id)
{
	for (unsigned int u = 0; u < users->n; u++) {
		const char *email = users->emails[u];
		size_t front = strcspn(email, "@");

		if (!strcmp(id, users->ids[u]) || (*email && (!strcmp(id, email) || (strlen(id) == front && !strncmp(id, email, front)))))
			return true;
	}
	return false;
}

void users_check(const struct users *users, struct submission *submission)
{
	for (unsigned int i = 0; i < submission->personal.n_ids; i++) {
		auto_free char *why = must_printf("this was handed out to %s, who does not hand it in", submission->personal.ids[i]);

		if (!is_one(users, submission->personal.ids[i])) {
			submission_refuse(submission, why);
			return;
		}
	}
}
