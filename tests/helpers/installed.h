/* installed.h - twlab, installed into a folder of the test's own, and a shell there */
#ifndef TWLAB_TESTS_INSTALLED_H
#define TWLAB_TESTS_INSTALLED_H

#include "tests/helpers/test.h"

#include <sys/wait.h>

static char *folder;	/* twlab is in its usr/ */

/* Install it, as it was built, into a new folder that is named as mkdtemp(3) has it. */
static inline int installed_make(const char *template)
{
	static const char command[] = "env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s install DESTDIR='%s' PREFIX=/usr CC=%.*s%s >/dev/null && "
				      "sed -i 's,=/usr/,=%s/usr/,' '%s/usr/lib/pkgconfig/twlab.pc'";
	auto_free char *line = NULL;

	folder = must_strdup(template);
	if (!mkdtemp(folder))
		return -1;
	line = must_printf(command, folder, (int)strcspn(BUILT_BY, " "), BUILT_BY,
			   strstr(BUILT_BY, "-fsanitize") ? " SANITIZE=1" : "", folder, folder);
	return system(line);
}

static inline int installed_remove(void)
{
	auto_free char *line = must_printf("rm -rf '%s'", folder);

	free(folder);
	return system(line);
}

/* A shell's status of @commands in the folder, with the installed twlab; what they say goes to said.txt. */
static inline int shell(const char *commands)
{
	auto_free char *line = must_printf("export TREE=\"$PWD\" && cd '%s' && export PATH=\"$PWD/usr/bin:$PATH\" "
					   "PKG_CONFIG_PATH=\"$PWD/usr/lib/pkgconfig\" && { %s\n} >said.txt 2>&1",
					   folder, commands);
	int status = system(line);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline char *all_said(void)
{
	auto_free char *path = must_printf("%s/said.txt", folder);
	auto_fclose FILE *file = fopen(path, "re");
	char *all = must_calloc(1 << 16, 1);

	assert_non_null(file);
	all[fread(all, 1, (1 << 16) - 1, file)] = '\0';
	return all;
}

static inline bool said(const char *text)
{
	auto_free char *all = all_said();

	if (!strstr(all, text))
		print_message("%s", all);
	return strstr(all, text);
}

static inline void put(const char *name, const char *text)
{
	auto_free char *path = must_printf("%s/%s", folder, name);
	auto_fclose FILE *file = fopen(path, "we");

	assert_true(file && fputs(text, file) >= 0);
}

/* The block ``` of the language @lang in the chapter @title ("\n## Your own lab") of the file @path of
 * the tree: the @n-th, from 0.
 */
static inline char *block(const char *path, const char *title, const char *lang, int n)
{
	auto_free char *fence = must_printf("\n```%s\n", lang), *text = must_calloc(1 << 18, 1);
	auto_fclose FILE *file = fopen(path, "re");
	const char *at, *end;

	assert_true(file && fread(text, 1, (1 << 18) - 1, file));
	for (at = strstr(text, title); at && n >= 0; n--)
		if ((at = strstr(at, fence)))
			at += strlen(fence);
	end = at ? strstr(at, "```") : NULL;
	if (!end)
		fail_msg("%s has no such block of %s", path, lang);
	return must_printf("%.*s", (int)(end - at), at);
}

#endif
