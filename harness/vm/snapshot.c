/* snapshot.c - a guest at one instant: one file of the cache
 *
 * Theory of operation. The file is named by a key, a hash of all that the guest follows from: the kernel, the
 * initramfs (with twlab in it), QEMU's version and words. Whoever wants one takes the kernel's lock, looks again, boots, and
 * writes it under no name until it is whole (fs_create()); so any number of twlabs may begin at once, and one
 * of them boots. Restored guests map it privately: what they do not change they share, and the file may be removed or
 * replaced under them. Its last bytes say how long its parts are; one that disagrees was cut short and is made anew, as is
 * one from which no guest comes to life (vm.c), once. The files of old keys go when there are more than KEEP.
 */
#include "harness/vm/snapshot.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#include <nettle/sha2.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <twlab/fs.h>
#include "harness/vm/cache.h"
#include <twlab/digest.h>

#define TRAILER 512		/* bytes of JSON at the end */
#define KEEP	6		/* snapshots a kernel: another twlab may still want its own */
#define BLOCK	(64UL << 10)	/* what is all zero in this grain becomes a hole */
#define PAGE	4096UL		/* what is all zero in this grain is not in the digest */

static char *path_of(const char *kernel, const char *key)
{
	return cache_path("snapshots/%s-%s.snap", kernel, key);
}

int snapshot_lock(const char *kernel, struct err *err)
{
	auto_free char *path = cache_path("snapshots/.%s.lock", kernel);

	return fs_lock(path, false, err);
}

void snapshot_drop(const char *kernel, const char *key)
{
	auto_free char *path = path_of(kernel, key);

	unlink(path);
}

void snapshot_close(struct snapshot *snapshot)
{
	if (snapshot->fd >= 0)
		close(snapshot->fd);
	free(snapshot->state);
	*snapshot = (struct snapshot){ .fd = -1 };
}

/* Is the file what its last bytes say? Reads the state. */
static bool is_whole(int fd, unsigned int mem_mb, struct snapshot *snapshot)
{
	off_t ram = (off_t)mem_mb << 20;
	char trailer[TRAILER + 1] = "";
	auto_free char *digest = NULL;
	const char *want = "", *all = "";
	json_int_t ram_len = 0, state_len = 0;
	struct stat st;
	json_t *json;
	bool whole = false;

	if (fstat(fd, &st) || st.st_size < ram + TRAILER ||
	    pread(fd, trailer, TRAILER, st.st_size - TRAILER) != TRAILER)
		return false;
	json = json_loads(trailer, 0, NULL);
	if (!json_unpack(json, "{s:I, s:I, s:s, s:s}", "ram", &ram_len, "state", &state_len,
			 "state_sha256", &want, "sha256", &all) &&
	    strlen(all) == DIGEST_LEN && ram_len == ram && state_len == st.st_size - ram - TRAILER) {
		snapshot->state_len = (size_t)state_len;
		snapshot->state = must_calloc(snapshot->state_len, 1);
		if (pread(fd, snapshot->state, snapshot->state_len, ram) == state_len) {
			digest = digest_of(snapshot->state, snapshot->state_len);
			whole = !strcmp(digest, want);
			strcpy(snapshot->digest, all);
		}
	}
	json_decref(json);
	return whole;
}

int snapshot_open(const char *kernel, const char *key, unsigned int mem_mb,
		  struct snapshot *snapshot, struct err *err)
{
	auto_free char *path = path_of(kernel, key);
	int fd = open(path, O_RDWR | O_CLOEXEC);

	*snapshot = (struct snapshot){ .fd = -1 };
	if (fd < 0)
		return err_set(err, errno, "cannot open the snapshot %s", path);
	snapshot->fd = fd;
	if (!is_whole(fd, mem_mb, snapshot)) {
		snapshot_close(snapshot);
		unlink(path);
		return err_set(err, ENOENT, "the snapshot %s is not whole", path);
	}
	futimens(fd, NULL);	/* used: the last to be pruned */
	return 0;
}

static bool is_zero(const char *data, size_t len)
{
	return !*data && !memcmp(data, data + 1, len - 1);
}

/* Pages of a block, with where they are. */
static void digest_pages(struct sha256_ctx *sha, const char *ram, size_t at)
{
	for (size_t end = at + BLOCK; at < end; at += PAGE) {
		uint64_t place = htobe64(at);

		if (is_zero(ram + at, PAGE))
			continue;
		sha256_update(sha, sizeof(place), (const uint8_t *)&place);
		sha256_update(sha, PAGE, (const uint8_t *)ram + at);
	}
}

/* Holes where the guest never wrote: some 110 of 512 MB are left. */
static int copy_ram(int fd, int ram_fd, size_t len, struct sha256_ctx *sha, struct err *err)
{
	char *ram = mmap(NULL, len, PROT_READ, MAP_SHARED, ram_fd, 0);
	int ret = 0;

	if (ram == MAP_FAILED)
		return err_set(err, errno, "cannot read the guest's memory");
	for (size_t at = 0; !ret && at < len; at += BLOCK)
		if (!is_zero(ram + at, BLOCK)) {
			ssize_t n = pwrite(fd, ram + at, BLOCK, (off_t)at);

			if (n != (ssize_t)BLOCK)	/* a full disk takes a part first */
				ret = err_set(err, n < 0 ? errno : ENOSPC,
					      "cannot keep the guest's memory in the cache");
			digest_pages(sha, ram, at);
		}
	munmap(ram, len);
	if (!ret && lseek(fd, (off_t)len, SEEK_SET) < 0)
		ret = err_set(err, errno, "cannot keep the guest's memory");
	return ret;
}

static bool is_older(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec != b->st_mtim.tv_sec ?
		a->st_mtim.tv_sec < b->st_mtim.tv_sec :
		a->st_mtim.tv_nsec < b->st_mtim.tv_nsec;
}

static void prune(const char *kernel)
{
	auto_free char *pattern = path_of(kernel, "*");
	size_t left = KEEP + 1;
	glob_t found = { 0 };

	while (glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc >= left) {
		const char *oldest = NULL;
		struct stat st, least;

		for (size_t i = 0; i < found.gl_pathc; i++) {
			if (stat(found.gl_pathv[i], &st) ||
			    (oldest && !is_older(&st, &least)))
				continue;
			oldest = found.gl_pathv[i];
			least = st;
		}
		if (!oldest || unlink(oldest))
			break;
		globfree(&found);
	}
	globfree(&found);
}

int snapshot_write(const char *kernel, const char *key, unsigned int mem_mb, int ram_fd,
		   const void *state, size_t state_len, struct err *err)
{
	auto_free char *path = path_of(kernel, key), *digest = digest_of(state, state_len);
	auto_close int fd = fs_create(path, err);
	size_t ram = (size_t)mem_mb << 20;
	char trailer[TRAILER], all[DIGEST_LEN + 1];
	struct sha256_ctx sha;

	sha256_init(&sha);
	if (fd < 0 || copy_ram(fd, ram_fd, ram, &sha, err))
		return err_code(err);
	sha256_update(&sha, state_len, state);
	digest_end(&sha, all);
	memset(trailer, ' ', sizeof(trailer));
	trailer[snprintf(trailer, sizeof(trailer),
			 "\n{\"ram\": %zu, \"state\": %zu, \"state_sha256\": \"%s\", \"sha256\": \"%s\"}",
			 ram, state_len, digest, all)] = '\n';
	if (fs_write_all(fd, state, state_len, err) ||
	    fs_write_all(fd, trailer, sizeof(trailer), err) || fs_commit(fd, path, err))
		return err_code(err);
	prune(kernel);
	return 0;
}
