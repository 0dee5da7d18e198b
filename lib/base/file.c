/* file.c - files that others may have put there */
#include <twlab/file.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

FILE *file_open(const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat stat;

	if (fd < 0 || fstat(fd, &stat))
		return NULL;
	if (!S_ISREG(stat.st_mode)) {
		errno = S_ISDIR(stat.st_mode) ? EISDIR : EINVAL;
		return NULL;
	}
	return fdopen(steal_fd(&fd), "r");
}
