/* archive.c - sets of files in memory, in and out of libarchive
 *
 * libarchive brings libxml2 and ICU along, 36 MB that would be in every guest if
 * twlab were linked with it. Only the host packs, so it is opened when it is
 * wanted.
 */
#include "harness/util/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <errno.h>
#include <sys/stat.h>

#define FUNCTIONS(F) \
	F(error_string) F(entry_new) F(entry_set_pathname) F(entry_set_mode) \
	F(entry_set_ino64) F(entry_set_nlink) F(entry_set_symlink) \
	F(entry_set_size) F(write_header) F(write_data) F(entry_free) \
	F(write_new) F(write_set_format_cpio_newc) F(write_open) F(write_close) \
	F(write_free) F(entry_pathname) F(read_data_block) F(entry_mode) \
	F(read_new) F(read_support_format_all) F(read_support_filter_all) \
	F(read_open_memory) F(read_next_header) F(read_free) \
	F(read_support_format_raw) F(write_set_format_ustar) F(write_add_filter_gzip) \
	F(write_set_filter_option) F(write_set_format_zip) F(read_support_format_zip) \
	F(read_support_format_tar) F(read_support_filter_gzip) F(read_support_filter_bzip2) \
	F(read_support_filter_xz) F(read_support_filter_zstd)

#define MEMBER(name) __typeof__(archive_##name) *name;
#define LOOK_UP(name) \
	if (!(*(void **)&la.name = dlsym(lib, "archive_" #name))) \
		return err_set(err, 0, "libarchive lacks archive_" #name);

static struct {
	FUNCTIONS(MEMBER)
} la;

static int open_library(struct err *err)
{
	static void *lib;

	if (lib)
		return 0;
	lib = dlopen("libarchive.so.13", RTLD_NOW);
	if (!lib)
		return err_set(err, 0, "cannot open libarchive: %s", dlerror());
	FUNCTIONS(LOOK_UP)
	return 0;
}

/* What libarchive writes into. */
struct sink {
	char *data;
	size_t len, room;
};

static la_ssize_t take(struct archive *ar, void *to, const void *data, size_t len)
{
	struct sink *sink = to;

	(void)ar;
	if (!len)	/* a sink that got nothing has no place yet */
		return 0;
	if (sink->len + len > sink->room) {
		sink->room = 2 * (sink->len + len);
		sink->data = must_realloc(sink->data, sink->room, 1);
	}
	memcpy(sink->data + sink->len, data, len);
	sink->len += len;
	return (la_ssize_t)len;
}

static int failed(struct err *err, struct archive *ar, const char *what)
{
	return err_set(err, 0, "%s: %s", what, la.error_string(ar));
}

static int pack_one(struct archive *ar, const struct file *file, size_t inode,
		    struct err *err)
{
	struct archive_entry *entry = la.entry_new();
	unsigned int type = file->mode & S_IFMT;
	int ret = 0;

	la.entry_set_pathname(entry, file->path);
	la.entry_set_mode(entry, type ? file->mode : file->mode | S_IFREG);
	la.entry_set_ino64(entry, (la_int64_t)inode);
	la.entry_set_nlink(entry, 1);
	if (type == S_IFLNK)
		la.entry_set_symlink(entry, file->data);
	la.entry_set_size(entry, type == S_IFLNK ? 0 : (la_int64_t)file->len);
	if (la.write_header(ar, entry) != ARCHIVE_OK ||
	    (type != S_IFLNK && file->len &&
	     la.write_data(ar, file->data, file->len) != (la_ssize_t)file->len))
		ret = failed(err, ar, file->path);
	la.entry_free(entry);
	return ret;
}

/* The kernel makes no parents: name each folder before what is in it. */
static void add_parents(struct files *all, const char *path)
{
	auto_free char *part = must_strdup(path);

	for (char *slash = strchr(part, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (!files_have(all, part))
			files_add(all, part, S_IFDIR | 0755, NULL, 0);
		*slash = '/';
	}
}

enum packed { PACKED_CPIO, PACKED_TAR, PACKED_ZIP };

static int pack(const struct files *files, enum packed as, void **data, size_t *len, struct err *err)
{
	auto_files struct files folders = { 0 };
	struct sink sink = { 0 };
	struct archive *ar;
	size_t inode = 1;
	int ret = open_library(err);

	if (ret)
		return ret;
	ar = la.write_new();
	for (size_t i = 0; i < files->n; i++)
		add_parents(&folders, files->item[i].path);
	if (as == PACKED_ZIP) {
		la.write_set_format_zip(ar);
	} else if (as == PACKED_TAR) {
		la.write_set_format_ustar(ar);
		la.write_add_filter_gzip(ar);
		la.write_set_filter_option(ar, "gzip", "timestamp", NULL);	/* equal bytes for equal files */
	} else {
		la.write_set_format_cpio_newc(ar);
	}
	if (la.write_open(ar, &sink, NULL, take, NULL) != ARCHIVE_OK)
		ret = failed(err, ar, "cannot pack");
	for (size_t i = 0; !ret && i < folders.n; i++)
		ret = pack_one(ar, &folders.item[i], inode++, err);
	for (size_t i = 0; !ret && i < files->n; i++)
		ret = pack_one(ar, &files->item[i], inode++, err);
	if (!ret && la.write_close(ar) != ARCHIVE_OK)
		ret = failed(err, ar, "cannot pack");
	la.write_free(ar);
	if (ret) {
		free(sink.data);
		return ret;
	}
	*data = sink.data;
	*len = sink.len;
	return 0;
}

int archive_pack(const struct files *files, void **data, size_t *len, struct err *err)
{
	return pack(files, PACKED_CPIO, data, len, err);
}

int archive_pack_tar(const struct files *files, void **data, size_t *len, struct err *err)
{
	return pack(files, PACKED_TAR, data, len, err);
}

static int unpack_one(struct archive *ar, struct archive_entry *entry,
		      struct files *files, struct err *err)
{
	const char *path = la.entry_pathname(entry);
	auto_free struct sink *sink = must_calloc(1, sizeof(*sink));
	const void *block;
	la_int64_t at;
	size_t len;
	int got;

	if (!path)
		return err_set(err, 0, "a file in the archive has no name");
	while ((got = la.read_data_block(ar, &block, &len, &at)) == ARCHIVE_OK && sink->len + len <= ARCHIVE_FILE_MAX)
		take(ar, sink, block, len);
	if (got == ARCHIVE_EOF)
		files_add(files, path, la.entry_mode(entry), sink->data, sink->len);
	free(sink->data);
	return got == ARCHIVE_EOF ? 0 : got == ARCHIVE_OK ?
	       err_set(err, 0, "%s: it unpacks to more than %lu MB", path, ARCHIVE_FILE_MAX >> 20) : failed(err, ar, path);
}

int archive_unpack(const void *data, size_t len, struct files *files, struct err *err)
{
	struct archive_entry *entry;
	int ret = open_library(err), got;
	struct archive *ar;

	if (ret)
		return ret;
	ar = la.read_new();
	la.read_support_format_all(ar);
	la.read_support_filter_all(ar);
	if (la.read_open_memory(ar, data, len) != ARCHIVE_OK)
		ret = failed(err, ar, "cannot unpack");
	while (!ret && (got = la.read_next_header(ar, &entry)) != ARCHIVE_EOF)
		ret = got == ARCHIVE_OK ? unpack_one(ar, entry, files, err) :
			failed(err, ar, "cannot unpack");
	la.read_free(ar);
	return ret;
}

int archive_pack_zip(const struct files *files, void **data, size_t *len, struct err *err)
{
	return pack(files, PACKED_ZIP, data, len, err);
}

/* Its data, of which no more than @limit->file bytes are kept; each byte counts. */
static int pick_data(struct archive *ar, const struct archive_limit *limit, bool wanted, size_t *seen,
		     struct sink *sink, struct err *err)
{
	const void *block;
	la_int64_t at;
	size_t len;
	int got;

	while ((got = la.read_data_block(ar, &block, &len, &at)) == ARCHIVE_OK) {
		*seen += len;
		if (*seen > limit->all)
			return err_set(err, 0, "it unpacks to more than %zu MB", limit->all >> 20);
		if (wanted && sink->len <= limit->file)
			take(ar, sink, block, sink->len + len > limit->file ? limit->file + 1 - sink->len : len);
	}
	return got == ARCHIVE_EOF ? 0 : failed(err, ar, "it cannot be unpacked");
}

static int pick_one(struct archive *ar, struct archive_entry *entry, const struct archive_limit *limit,
		    bool (*want)(const char *name), size_t *seen, struct files *files, struct err *err)
{
	const char *path = la.entry_pathname(entry), *name;
	auto_free char *clean = NULL;
	struct sink sink = { 0 };
	bool plain, wanted;
	int ret;

	if (!path)
		return err_set(err, 0, "it holds a file without a name");
	while (!strncmp(path, "./", 2))
		path += 2;
	clean = must_strdup(path);
	if (*clean && clean[strlen(clean) - 1] == '/')
		clean[strlen(clean) - 1] = '\0';
	if (*clean && strcmp(clean, ".") && !files_path_is_safe(clean))
		return err_set(err, 0, "it holds a file that would lie outside of it: '%.60s'", path);
	name = strrchr(clean, '/') ? strrchr(clean, '/') + 1 : clean;
	plain = (la.entry_mode(entry) & S_IFMT) == S_IFREG;
	wanted = want(name);
	ret = pick_data(ar, limit, wanted && plain, seen, &sink, err);
	if (!ret && wanted)	/* what is no plain file shall not look like one */
		files_add(files, clean, plain ? 0644 : S_IFDIR | 0755, sink.data, sink.len);
	free(sink.data);
	return ret;
}

int archive_pick(const void *data, size_t len, const struct archive_limit *limit, bool (*want)(const char *name),
		 struct files *files, struct err *err)
{
	struct archive_entry *entry;
	int ret = open_library(err), got;
	size_t seen = 0, entries = 0;
	struct archive *ar;

	if (ret)
		return ret;
	ar = la.read_new();
	la.read_support_format_zip(ar);
	la.read_support_format_tar(ar);
	la.read_support_filter_gzip(ar);	/* and none that libarchive has another program for */
	la.read_support_filter_bzip2(ar);
	la.read_support_filter_xz(ar);
	la.read_support_filter_zstd(ar);
	if (la.read_open_memory(ar, data, len) != ARCHIVE_OK)
		ret = failed(err, ar, "it cannot be unpacked");
	while (!ret && (got = la.read_next_header(ar, &entry)) != ARCHIVE_EOF)
		ret = got != ARCHIVE_OK && got != ARCHIVE_WARN ? failed(err, ar, "it cannot be unpacked") :
		      ++entries > limit->entries ? err_set(err, 0, "it holds more than %zu files", limit->entries) :
		      pick_one(ar, entry, limit, want, &seen, files, err);
	la.read_free(ar);
	return ret;
}

int archive_inflate(const void *data, size_t len, void **out, size_t *out_len,
		    struct err *err)
{
	auto_files struct files files = { 0 };
	struct archive_entry *entry;
	int ret = open_library(err);
	struct archive *ar;

	if (ret)
		return ret;
	ar = la.read_new();
	la.read_support_format_raw(ar);
	la.read_support_filter_all(ar);
	if (la.read_open_memory(ar, data, len) != ARCHIVE_OK ||
	    la.read_next_header(ar, &entry) != ARCHIVE_OK)
		ret = failed(err, ar, "cannot decompress");
	else
		ret = unpack_one(ar, entry, &files, err);
	la.read_free(ar);
	if (ret)
		return ret;
	*out = steal_ptr(&files.item[0].data);
	*out_len = files.item[0].len;
	return 0;
}
