/* bundle.c - a set of files in one piece of memory */
#include "harness/util/bundle.h"

#include "harness/util/files.h"
#include <twlab/json_text.h>

size_t bundle_pages(size_t len)
{
	return (len + BUNDLE_PAGE - 1) / BUNDLE_PAGE * BUNDLE_PAGE;
}

void bundle_pack(json_t *head, const struct file *files, size_t n, void **data, size_t *len)
{
	json_t *rows = json_array();
	auto_free char *text = NULL;
	size_t total = 0;
	char *to;

	for (size_t i = 0; i < n; i++) {
		json_array_append_new(rows, json_pack("{s:o, s:i, s:I, s:I}",
			"path", json_bytes(files[i].path), "mode", (int)files[i].mode & 0777,
			"at", (json_int_t)total, "len", (json_int_t)files[i].len));
		total += bundle_pages(files[i].len);
	}
	json_object_set_new(head, "files", rows);
	text = json_dumps(head, JSON_COMPACT);
	/* What has no files need not be a whole page. */
	*len = n ? bundle_pages(strlen(text) + 1) + total : strlen(text) + 1;
	*data = to = must_calloc(*len, 1);
	memcpy(to, text, strlen(text));
	to += bundle_pages(strlen(text) + 1);
	for (size_t i = 0; i < n; i++) {
		memcpy(to, files[i].data, files[i].len);
		to += bundle_pages(files[i].len);
	}
}

int bundle_open(const void *data, size_t len, json_t **head, size_t *begin,
		struct err *err)
{
	size_t text = len ? strnlen(data, len) : 0;

	*begin = bundle_pages(text + 1) < len ? bundle_pages(text + 1) : len;
	*head = text < len ? json_loadb(data, text, 0, NULL) : NULL;
	if (json_is_array(json_object_get(*head, "files")))
		return 0;
	json_decref(*head);
	*head = NULL;
	return err_set(err, 0, "what was handed over is garbage");
}

int bundle_file(const void *data, size_t len, size_t begin, const json_t *row,
		struct file *file, struct err *err)
{
	json_int_t at = json_integer_value(json_object_get(row, "at"));
	json_int_t size = json_integer_value(json_object_get(row, "len"));
	auto_free char *path = json_bytes_value(json_object_get(row, "path"));
	size_t room = len - begin;

	if (!path || !files_path_is_safe(path) || at < 0 || size < 0 ||
	    (size_t)at > room || (size_t)size > room - (size_t)at)
		return err_set(err, 0, "a file that was handed over is garbage");
	*file = (struct file){
		steal_ptr(&path),
		(unsigned int)json_integer_value(json_object_get(row, "mode")) & 0777,
		(char *)data + begin + at, (size_t)size
	};
	return 0;
}
