/* files.c - a set of files in memory */
#include "harness/util/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <twlab/fs.h>

void files_add(struct files *files, const char *path, unsigned int mode,
	       const void *data, size_t len)
{
	struct file *file = grow(&files->item, files->n, sizeof(*file));

	file->path = must_strdup(path);
	file->mode = mode;
	file->data = must_calloc(len + 1, 1);
	if (len)
		memcpy(file->data, data, len);
	file->len = len;
	files->n++;
}

int files_add_from(struct files *files, const char *path, const char *from,
		   struct err *err)
{
	auto_free void *data = NULL;
	struct file *file;
	struct stat st;
	size_t len;

	if (stat(from, &st))
		return err_set(err, errno, "cannot read %s", from);
	if (fs_read(from, &data, &len, err))
		return err_code(err);
	file = grow(&files->item, files->n, sizeof(*file));
	*file = (struct file){ must_strdup(path), st.st_mode & 07777,
				  steal_ptr(&data), len };
	files->n++;
	return 0;
}

bool files_have(const struct files *files, const char *path)
{
	for (size_t i = 0; i < files->n; i++)
		if (!strcmp(files->item[i].path, path))
			return true;
	return false;
}

void files_free(struct files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->item[i].path);
		free(files->item[i].data);
	}
	free(files->item);
	*files = (struct files){ 0 };
}

bool files_path_is_safe(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (!len || !strncmp(path, ".", len) || (len == 2 && !strncmp(path, "..", 2)))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

static int write_one(const struct file *file, const char *dir, struct err *err)
{
	auto_free char *path = must_printf("%s/%s", dir, file->path);
	auto_free char *folder = must_strdup(path);
	auto_close int fd = -1;

	if (!files_path_is_safe(file->path))
		return err_set(err, 0, "will not write outside of %s: %s", dir, file->path);
	*strrchr(folder, '/') = '\0';
	if (fs_mkdir(S_ISDIR(file->mode) ? path : folder, err))
		return err_code(err);
	if (S_ISDIR(file->mode))
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, file->mode & 0777))
		return err_set(err, errno, "cannot write %s", path);
	if (fs_write_all(fd, file->data, file->len, err))
		return err_in(err, path);
	return 0;
}

int files_write(const struct file *files, size_t n, const char *dir, struct err *err)
{
	if (fs_mkdir(dir, err))
		return err_code(err);
	for (size_t i = 0; i < n; i++)
		if (write_one(&files[i], dir, err))
			return err_code(err);
	return 0;
}

int files_write_below(const struct file *files, size_t n, const char *below, const char *dir, struct err *err)
{
	size_t len = strlen(below);
	int written = 0;

	for (size_t i = 0; i < n; i++) {
		struct file file = files[i];

		if (strncmp(file.path, below, len) || !file.path[len])
			continue;
		file.path += len;
		if (files_write(&file, 1, dir, err))
			return err_code(err);
		written++;
	}
	return written;
}
