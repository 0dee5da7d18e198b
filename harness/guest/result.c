/* result.c - the files of a folder as one region of memory
 *
 * The host reads the guest's memory while the guest stands still. So the files,
 * which are memory already, are mapped one behind the other behind an index of
 * them: nothing is copied, and nothing is sent.
 */
#include "harness/guest/result.h"

#include <twlab/fs.h>
#include "harness/vm/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "harness/util/bundle.h"
#include <twlab/json_text.h>

/* List the regular files below @dir, in the order of their names. */
static int list_files(const char *dir, json_t *list, size_t *total, struct err *err)
{
	auto_walk FTS *fts = fs_walk(dir, err);
	FTSENT *entry;
	int ret = fts ? 0 : err_code(err);

	*total = 0;
	while (!ret && (entry = fts_read(fts))) {
		size_t len = (size_t)entry->fts_statp->st_size;

		if (entry->fts_info != FTS_F)
			continue;
		json_array_append_new(list, json_pack("{s:o, s:i, s:I, s:I}",
			"path", json_bytes(entry->fts_path + strlen(dir) + 1),
			"mode", (int)entry->fts_statp->st_mode & 0777,
			"len", (json_int_t)len, "at", (json_int_t)*total));
		*total += bundle_pages(len);
		if (*total > PROTOCOL_OUT_MAX)
			ret = err_set(err, 0, "%s/ holds more than %d MB", dir, PROTOCOL_OUT_MAX >> 20);
		else if (json_array_size(list) > PROTOCOL_FILES_MAX)
			ret = err_set(err, 0, "%s/ holds more than %d files", dir, PROTOCOL_FILES_MAX);
	}
	return ret;
}

static int map_file(char *to, const char *dir, const json_t *file, struct err *err)
{
	auto_free char *name = json_bytes_value(json_object_get(file, "path"));
	auto_free char *path = must_printf("%s/%s", dir, name);
	size_t len = (size_t)json_integer_value(json_object_get(file, "len"));
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_set(err, errno, "cannot read %s", path);
	/* Populated: the host walks the page tables, and faults nothing in. */
	if (len && mmap(to, len, PROT_READ, MAP_FIXED | MAP_SHARED | MAP_POPULATE,
			fd, 0) == MAP_FAILED)
		return err_set(err, errno, "cannot map %s", path);
	return 0;
}

static json_t *head_of(json_t *list, int status, int64_t virtual_ns)
{
	struct utsname name;

	uname(&name);
	return json_pack("{s:i, s:I, s:s, s:O}", "status", status,
			 "virtual_ns", (json_int_t)virtual_ns,
			 "release", name.release, "files", list);
}

static int map_all(const char *dir, const json_t *list, const char *index, size_t total,
		   void **region, size_t *len, struct err *err)
{
	size_t begin = bundle_pages(strlen(index) + 1), i;
	json_t *file;
	char *base;

	*len = begin + total;
	base = mmap(NULL, *len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return err_set(err, errno, "no room to hand over %s/", dir);
	memset(base, 0, begin);
	memcpy(base, index, strlen(index));
	*region = base;
	json_array_foreach(list, i, file)
		if (map_file(base + begin + json_integer_value(json_object_get(file, "at")),
			     dir, file, err))
			return err_code(err);
	return 0;
}

int result_pack(const char *dir, int status, int64_t virtual_ns, void **region,
		size_t *len, struct err *err)
{
	json_t *list = json_array(), *head;
	auto_free char *index = NULL;
	size_t total;
	int ret = list_files(dir, list, &total, err);

	head = head_of(list, status, virtual_ns);
	index = json_dumps(head, JSON_COMPACT);
	if (!ret)
		ret = map_all(dir, list, index, total, region, len, err);
	json_decref(list);
	json_decref(head);
	return ret;
}
