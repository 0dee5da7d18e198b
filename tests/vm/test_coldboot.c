/* test_coldboot.c - two cold boots, one of them on a busy machine, are one guest
 *
 * Each lab run here says which guest it began from, so this is about what two people see.
 */
#include "tests/helpers/test.h"
#include <twlab/digest.h>

#include <errno.h>
#include <glob.h>
#include <jansson.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <twlab/fs.h>
#include "harness/vm/cache.h"
#include "harness/vm/image.h"
#include "harness/judge/outcome.h"
#include "harness/vm/snapshot.h"

#define RAM (512UL << 20)	/* of a guest, unless a job asks for other */

static char cache[] = "/tmp/test_coldboot.XXXXXX";	/* with this machine's kernels in it */

static int fresh_cache(void **state)
{
	auto_free char *kernels = cache_path("kernels"), *dir = NULL, *link = NULL;

	(void)state;
	if (!mkdtemp(cache))
		return -1;
	dir = must_printf("%s/twlab", cache);
	link = must_printf("%s/kernels", dir);
	if (mkdir(dir, 0700) || symlink(kernels, link))
		return -1;
	return setenv("XDG_CACHE_HOME", cache, 1);
}

static int forget_cache(void **state)
{
	(void)state;
	fs_remove(cache);
	return 0;
}

/* A busy process. It ends by itself, also when a check before its kill() fails. */
static pid_t make_load(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(300);
		for (;;)
			;
	}
	return pid;
}

/* The one snapshot that is there. */
static char *snapshot_path(void)
{
	auto_free char *pattern = cache_path("snapshots/*.snap");
	glob_t found = { 0 };
	char *path;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	path = must_strdup(found.gl_pathv[0]);
	globfree(&found);
	return path;
}

/* Boot one, and run a lab in it: what the words on stdout are, to be freed. */
static char *boot_and_run(const char *out)
{
	auto_free char *command = must_printf("./twlab run 1 --variant client-first --no-draw -o %s", out);
	char *text = must_calloc(1 << 16, 1);
	FILE *pipe = popen(command, "re");

	assert_non_null(pipe);
	text[fread(text, 1, (1 << 16) - 1, pipe)] = '\0';
	print_message("%.*s\n", (int)strcspn(text, "\n"), text);
	assert_int_equal(pclose(pipe), 0);
	return text;
}

static void *map(const char *path, size_t *len)
{
	FILE *file = fopen(path, "re");
	struct stat st;
	void *data;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	*len = (size_t)st.st_size;
	data = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fileno(file), 0);
	assert_true(data != MAP_FAILED);
	fclose(file);
	return data;
}

static void assert_same_file(const char *a, const char *b)
{
	size_t a_len, b_len;
	void *a_data = map(a, &a_len), *b_data = map(b, &b_len);

	assert_int_equal(a_len, b_len);
	assert_memory_equal(a_data, b_data, a_len);
	munmap(a_data, a_len);
	munmap(b_data, b_len);
}

/* What the run printed, run.json, and the snapshot's own last bytes say one thing. */
static void assert_told(const char *said, const char *out, const char *snapshot)
{
	auto_free char *run = must_printf("%s/01-four-way-close/client-first/run.json", out);
	json_t *json = json_load_file(run, 0, NULL);
	const char *digest = json_string_value(json_object_get(json, "snapshot"));
	auto_free char *shown = must_printf(", snapshot %.*s\n", SNAPSHOT_SHOWN, digest ? digest : "?");
	auto_free char *kept = NULL;
	size_t len;
	void *data = map(snapshot, &len);

	assert_int_equal(digest ? strlen(digest) : 0, DIGEST_LEN);
	kept = must_printf("\"sha256\": \"%s\"", digest);
	assert_non_null(strstr(said, shown));
	assert_non_null(memmem((char *)data + RAM, len - RAM, kept, strlen(kept)));
	munmap(data, len);
	json_decref(json);
}

static void two_cold_boots_are_one_guest(void **state)
{
	static const char *const evidence[] = { "packets.pcapng", "states.jsonl", "events.jsonl", "counters.json", "run.json" };
	auto_free char *quiet = must_printf("%s/quiet", cache), *busy = must_printf("%s/busy", cache);
	auto_free char *first = must_printf("%s/first.snap", cache), *path = NULL, *said = NULL;
	struct err err = { 0 };
	pid_t load;

	(void)state;
	if (!image_get(NULL, 0, &err)) {	/* no kernel, no QEMU */
		assert_true(err.code == ENOENT || err.code == ENOTSUP);
		print_message("no guest: %s\n", err.text);
		skip();
	}
	said = boot_and_run(quiet);
	path = snapshot_path();
	assert_told(said, quiet, path);
	assert_int_equal(rename(path, first), 0);
	free(said);
	load = make_load();
	said = boot_and_run(busy);
	kill(load, SIGKILL);
	waitpid(load, NULL, 0);
	assert_told(said, busy, path);
	assert_same_file(first, path);
	for (size_t f = 0; f < ARRAY_SIZE(evidence); f++) {
		auto_free char *a = must_printf("%s/01-four-way-close/client-first/%s", quiet, evidence[f]);
		auto_free char *b = must_printf("%s/01-four-way-close/client-first/%s", busy, evidence[f]);

		assert_same_file(a, b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_cold_boots_are_one_guest),
	};

	return cmocka_run_group_tests(tests, fresh_cache, forget_cache);
}
