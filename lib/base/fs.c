/* fs.c - files and folders */
#include <twlab/fs.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

int fs_mkdir_mode(const char *path, mode_t mode, struct err *err)
{
	auto_free char *part = must_strdup(path);

	if (!*path)
		return err_set(err, 0, "cannot make a folder without a name");
	for (char *slash = part; slash; ) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(part, mode) && errno != EEXIST)
			return err_set(err, errno, "cannot make the folder %s", part);
		if (slash)
			*slash = '/';
	}
	return 0;
}

int fs_mkdir(const char *path, struct err *err)
{
	return fs_mkdir_mode(path, 0777, err);
}

char *fs_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash ? must_strdup(".") : slash == path ? must_strdup("/") : must_printf("%.*s", (int)(slash - path), path);
}

int fs_create(const char *path, struct err *err)
{
	auto_free char *folder = fs_folder(path);
	int fd;

	if (fs_mkdir(folder, err))
		return err_code(err);
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		fd = memfd_create("cache", MFD_CLOEXEC);	/* NFS, an older overlayfs */
	if (fd < 0)
		return err_set(err, errno, "cannot write in %s", folder);
	return fd;
}

/* Copy what is no hole. */
static int copy_data(int from, int to)
{
	off_t at = 0, end;
	struct stat st;

	if (fstat(from, &st) || ftruncate(to, st.st_size))
		return -1;
	while ((at = lseek(from, at, SEEK_DATA)) >= 0) {
		end = lseek(from, at, SEEK_HOLE);
		lseek(to, at, SEEK_SET);
		while (at < end)
			if (sendfile(to, from, &at, (size_t)(end - at)) <= 0)
				return -1;
	}
	return errno == ENXIO ? 0 : -1;		/* no data from here on */
}

/* Give the nameless file @fd a name; one in memory is copied. */
static int name_it(int fd, const char *name)
{
	auto_free char *self = must_printf("/proc/self/fd/%d", fd);
	auto_close int copy = -1;

	if (!linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW))
		return 0;
	if (errno != EXDEV)
		return -1;
	copy = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return copy < 0 || copy_data(fd, copy) ? -1 : 0;
}

int fs_commit(int fd, const char *path, struct err *err)
{
	auto_free char *temp = must_printf("%s.%d", path, (int)getpid());

	unlink(temp);
	if (fsync(fd) || name_it(fd, temp) || rename(temp, path)) {
		err_set(err, errno, "cannot write %s", path);
		unlink(temp);
		return err_code(err);
	}
	return 0;
}

int fs_write_all(int fd, const void *data, size_t len, struct err *err)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, errno, "cannot write");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int fs_write_file(const char *path, const void *data, size_t len, struct err *err)
{
	auto_close int fd = fs_create(path, err);

	if (fd < 0 || fs_write_all(fd, data, len, err))
		return err_code(err);
	return fs_commit(fd, path, err);
}

/* A pipe that others put there is not waited for. Negative, with errno, for what is no plain file. */
static int open_plain(const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	return steal_fd(&fd);
}

FILE *fs_open(const char *path)
{
	auto_close int fd = open_plain(path);

	return fd < 0 ? NULL : fdopen(steal_fd(&fd), "r");
}

int fs_read(const char *path, void **data, size_t *len, struct err *err)
{
	auto_close int fd = open_plain(path);
	struct stat st;
	auto_free char *buf = NULL;
	size_t have = 0;

	if (fd < 0 && (errno == EINVAL || errno == EISDIR))
		return err_set(err, 0, "%s is no regular file", path);
	if (fd < 0 || fstat(fd, &st))
		return err_set(err, errno, "cannot read %s", path);
	buf = must_calloc((size_t)st.st_size + 1, 1);
	while (have < (size_t)st.st_size) {
		ssize_t n = read(fd, buf + have, (size_t)st.st_size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, errno, "cannot read %s", path);
		if (n == 0)
			break;
		have += (size_t)n;
	}
	*len = have;
	*data = steal_ptr(&buf);
	return 0;
}

int fs_lock(const char *path, bool try, struct err *err)
{
	auto_free char *folder = fs_folder(path);
	auto_close int fd = -1;

	if (fs_mkdir(folder, err))
		return err_code(err);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_set(err, errno, "cannot open the lock %s", path);
	while (flock(fd, LOCK_EX | (try ? LOCK_NB : 0)))
		if (errno != EINTR)
			return err_set(err, errno, "cannot lock %s", path);
	return steal_fd(&fd);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

FTS *fs_walk(const char *dir, struct err *err)
{
	char *const roots[] = { (char *)(uintptr_t)dir, NULL };
	FTS *walk = access(dir, F_OK) ? NULL : fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);

	if (!walk)
		err_set(err, errno, "cannot read %s", dir);
	return walk;
}

void fs_walk_end(FTS **walk)
{
	if (*walk)
		fts_close(*walk);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

void fs_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
