/* job.c - a guest's job and its result, as they cross the border */
#include "harness/vm/job.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "harness/util/bundle.h"
#include <twlab/fs.h>
#include "harness/util/files.h"
#include <twlab/json_text.h>

static void add_files(struct files *all, const char *below, const struct file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_free char *path = must_printf("%s/%s", below, files[i].path);

		files_add(all, path, files[i].mode, files[i].data, files[i].len);
	}
}

int job_pack(const struct vm_job *job, const struct paths *there, struct err *err)
{
	auto_files struct files all = { 0 };
	auto_free char *seed = must_printf("%llu", (unsigned long long)job->seed);
	auto_free void *data = NULL;
	json_t *argv = json_array(), *head;
	auto_close int fd = -1;
	size_t len;

	for (size_t i = 0; job->argv[i]; i++)
		json_array_append_new(argv, json_bytes(job->argv[i]));
	head = json_pack("{s:s, s:o}", "seed", seed, "argv", argv);
	add_files(&all, "work", job->files, job->n_files);
	for (size_t i = 0; i < job->n_system; i++)
		if (!paths_have(there, job->system[i].path))
			add_files(&all, "root", &job->system[i], 1);
	bundle_pack(head, all.item, all.n, &data, &len);
	json_decref(head);
	fd = memfd_create("job", MFD_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno, "cannot make the job");
	if (fs_write_all(fd, data, len, err))
		return err_code(err);
	return steal_fd(&fd);
}

static int unpack(const void *data, size_t len, struct vm_result *result, struct err *err)
{
	size_t begin, i;
	json_t *head, *row;
	json_int_t virtual_ns;
	const char *release;
	int ret = bundle_open(data, len, &head, &begin, err);

	if (ret)
		return ret;
	if (json_unpack(head, "{s:i, s:I, s:s}", "status", &result->status,
			"virtual_ns", &virtual_ns, "release", &release)) {
		json_decref(head);
		return err_set(err, 0, "the guest's result is garbage");
	}
	result->virtual_ns = virtual_ns;
	snprintf(result->kernel_release, sizeof(result->kernel_release), "%s", release);
	json_array_foreach(json_object_get(head, "files"), i, row) {
		struct files got = { result->files, result->n_files };
		struct file file;

		ret = bundle_file(data, len, begin, row, &file, err);
		if (ret)
			break;
		files_add(&got, file.path, file.mode, file.data, file.len);
		free(file.path);
		result->files = got.item;
		result->n_files = got.n;
	}
	json_decref(head);
	return ret;
}

int job_result(int fd, size_t len, struct vm_result *result, struct err *err)
{
	struct stat st;
	void *data;
	int ret;

	if (fstat(fd, &st) || (size_t)st.st_size != len)
		return err_set(err, 0, "the guest's result was cut short");
	data = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return err_set(err, errno, "cannot take the guest's result");
	ret = unpack(data, len, result, err);
	munmap(data, len);
	return ret;
}
