/* lab_files.c - where the files of a lab lie */
#include "harness/run/lab_files.h"

#include <errno.h>
#include <unistd.h>

#include "labs/index.h"

char *lab_file(const char *lab, const char *name)
{
	static const char *const beside[] = { "labs", "../lib/twlab/labs" };
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	bool others = strchr(name, '/');
	char *path = NULL;

	if (lab_dir(lab) && !others)
		return must_printf("%s/%s", lab_dir(lab), name);
	self[len > 0 ? len : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t b = 0; b < ARRAY_SIZE(beside); b++) {
		free(path);
		path = must_printf("%s/%s/%s%s%s", self, beside[b], others ? "" : lab, others ? "" : "/", name);
		if (access(path, R_OK) == 0)
			break;
	}
	return path;
}
