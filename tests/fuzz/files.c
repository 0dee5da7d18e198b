/* files.c - bytes where a reader looks for them: in a file, a text, a folder */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* A target that cannot be set up has found nothing. */
static void must(bool done, const char *what)
{
	if (done)
		return;
	perror(what);
	_exit(2);
}

static void put(int fd, const void *data, size_t len)
{
	must(!len || write(fd, data, len) == (ssize_t)len, "write");
}

const char *fuzz_file(const void *data, size_t len)
{
	static char path[40];
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("input", MFD_CLOEXEC);
	must(fd >= 0 && !ftruncate(fd, 0) && !lseek(fd, 0, SEEK_SET), "memfd_create");
	put(fd, data, len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

char *fuzz_text(const void *data, size_t len)
{
	size_t text_len = len ? strnlen(data, len) : 0;
	char *text = must_calloc(text_len + 1, 1);

	if (text_len)
		memcpy(text, data, text_len);
	return text;
}

/* "== NAME\n" at @at: how long that is, 0 if it is none. */
static size_t part_begin(const uint8_t *at, size_t len, struct fuzz_part *part)
{
	const uint8_t *end = len > 3 && !memcmp(at, "== ", 3) ? memchr(at, '\n', len) : NULL;

	if (!end || end - at - 3 >= (ptrdiff_t)sizeof(part->name))
		return 0;
	*part = (struct fuzz_part){ "" };
	memcpy(part->name, at + 3, (size_t)(end - at) - 3);
	return (size_t)(end - at) + 1;
}

const struct fuzz_part *fuzz_part(const struct fuzz_part *parts, unsigned int n, const char *name)
{
	for (unsigned int p = 0; p < n; p++)
		if (!strcmp(parts[p].name, name))
			return &parts[p];
	return NULL;
}

unsigned int fuzz_parts(const uint8_t *data, size_t len, struct fuzz_part parts[FUZZ_PARTS])
{
	const uint8_t *end = data + len, *next;
	unsigned int n = 0;
	size_t head;

	while (n < FUZZ_PARTS && data < end && (head = part_begin(data, (size_t)(end - data), &parts[n]))) {
		data += head;
		next = memmem(data, (size_t)(end - data), "\n== ", 4);
		parts[n].data = data;
		parts[n].len = (size_t)((next ? next : end) - data);
		data = next ? next + 1 : end;
		if (!fuzz_part(parts, n, parts[n].name))
			n++;
	}
	return n;
}

static char folder[64];

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void folder_remove(void)
{
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void folder_make(void)
{
	snprintf(folder, sizeof(folder), "%s/twlab-fuzz-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	must(mkdtemp(folder), "mkdtemp");
	atexit(folder_remove);
}

static void parents_make(char *path)
{
	for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

const char *fuzz_folder(const char *const *names, const struct fuzz_part *parts, unsigned int n)
{
	if (!*folder)
		folder_make();
	for (; *names; names++) {
		const struct fuzz_part *part = fuzz_part(parts, n, *names);
		auto_free char *path = must_printf("%s/%s", folder, *names);
		auto_close int fd = -1;

		parents_make(path);
		if (!part) {
			unlink(path);
			continue;
		}
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		must(fd >= 0, path);
		put(fd, part->data, part->len);
	}
	return folder;
}
