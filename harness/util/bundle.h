/* bundle.h - a set of files in one piece of memory: a guest's job, and its result
 *
 * JSON with a NUL behind it, then each file from the beginning of a page, so that
 * the side that has the files in memory already can map them instead of copying.
 *	{..., "files": [{"path": "a/b", "mode": 420, "at": 0, "len": 12}, ...]}
 * "at" counts from the first page behind the JSON.
 */
#ifndef TWLAB_UTIL_BUNDLE_H
#define TWLAB_UTIL_BUNDLE_H

#include <jansson.h>

#include "harness/util/files.h"

#define BUNDLE_PAGE 4096UL

/* @len rounded up to whole pages. */
size_t bundle_pages(size_t len);

/* Pack @files with the fields of @head (an object, which it gets "files" added
 * to). @data is to be freed.
 */
void bundle_pack(json_t *head, const struct file *files, size_t n, void **data, size_t *len);

/* Look into a bundle, which may be garbage: its JSON (to be json_decref'ed), and
 * where its files begin.
 */
int bundle_open(const void *data, size_t len, json_t **head, size_t *begin,
		struct err *err);

/* The file of @row of "files". Its path is to be freed, its data belongs to the
 * bundle. Refuses a path that leads elsewhere, and a file beyond the end.
 */
int bundle_file(const void *data, size_t len, size_t begin, const json_t *row,
		struct file *file, struct err *err);

#endif
