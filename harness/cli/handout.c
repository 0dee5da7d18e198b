/* handout.c - twlab start, twlab handout: what a student is given, as a folder or an archive */
#include "harness/cli/commands.h"
#include "harness/grade/handout.h"
#include "harness/util/archive.h"
#include <twlab/fs.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sys/stat.h>

enum { OPT_ID = 256, OPT_KEY };

struct asked {
	const struct lab *lab;
	const char **ids, *key_file, *out;
	unsigned int n_ids;
	struct personal personal;
};

static int parse(int argc, char **argv, struct asked *asked, struct err *err)
{
	static const struct option options[] = {
		{ "id", required_argument, NULL, OPT_ID }, { "key", required_argument, NULL, OPT_KEY },
		{ "output", required_argument, NULL, 'o' }, { 0 }
	};
	auto_free void *key = NULL;
	size_t key_len = 0;
	int opt;

	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, ":o:", options, NULL)) >= 0)
		switch (opt) {
		case OPT_ID: *(const char **)grow(&asked->ids, asked->n_ids++, sizeof(char *)) = optarg; break;
		case OPT_KEY: asked->key_file = optarg; break;
		case 'o': asked->out = optarg; break;
		default: return options_unknown(opt, argv, err);
		}
	if (optind == argc)
		return err_set(err, 0, "which lab? twlab list names them");
	asked->lab = handout_lab(argv[optind], err);
	if (!asked->lab || handout_check_ids(asked->ids, asked->n_ids, err) ||
	    (asked->key_file && fs_read(asked->key_file, &key, &key_len, err)))
		return -err->code;
	personal_make(asked->lab, key ? key : (void *)(uintptr_t)"", key_len, asked->ids, asked->n_ids, &asked->personal);
	return 0;
}

static void asked_free(struct asked *asked)
{
	personal_free(&asked->personal);
	free(asked->ids);
}

int start_main(int argc, char **argv, struct err *err)
{
	auto_files struct files files = { 0 };
	struct asked asked = { 0 };
	int status = STATUS_USAGE;

	if (parse(argc, argv, &asked, err))
		goto out;
	if (argc - optind != 2) {
		err_set(err, 0, "in which folder? twlab start LAB DIR");
		goto out;
	}
	if (mkdir(argv[optind + 1], 0777)) {
		err_set(err, errno, "cannot make the folder %s", argv[optind + 1]);
		goto out;
	}
	status = STATUS_ERROR;
	if (handout_files(asked.lab, &asked.personal, &files, err) ||
	    files_write(files.item, files.n, argv[optind + 1], err))
		goto out;
	printf("%s/ is laid out: begin with TASKS.md\n", argv[optind + 1]);
	status = STATUS_HOLDS;
out:
	asked_free(&asked);
	return status;
}

int handout_main(int argc, char **argv, struct err *err)
{
	auto_files struct files files = { 0 }, below = { 0 };
	auto_free void *data = NULL;
	struct asked asked = { 0 };
	int fd, status = STATUS_USAGE;
	size_t len;

	if (parse(argc, argv, &asked, err))
		goto out;
	if (argc - optind != 1 || !asked.out) {
		err_set(err, 0, "into which file? twlab handout LAB -o FILE.tar.gz");
		goto out;
	}
	status = STATUS_ERROR;
	if (handout_files(asked.lab, &asked.personal, &files, err))
		goto out;
	for (size_t f = 0; f < files.n; f++) {
		auto_free char *path = must_printf("%s/%s", asked.lab->name, files.item[f].path);

		files_add(&below, path, files.item[f].mode, files.item[f].data, files.item[f].len);
	}
	if (archive_pack_tar(&below, &data, &len, err))
		goto out;
	fd = open(asked.out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0) {
		err_set(err, errno, "cannot write %s", asked.out);
		status = STATUS_USAGE;
	} else if (!fs_write_all(fd, data, len, err)) {
		status = STATUS_HOLDS;
	}
	if (fd >= 0)
		close(fd);
out:
	asked_free(&asked);
	return status;
}
