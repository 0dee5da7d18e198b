/* counters.c - what a node has counted
 *
 * Both files come in pairs of lines: "TcpExt: NAME NAME ..." and then
 * "TcpExt: VALUE VALUE ...".
 */
#include <twlab/counters.h>

#include <twlab/ns.h>

#include <errno.h>

/* Open @path as a task in @ns sees it. */
static int open_in(int ns, const char *path, FILE **file, struct err *err)
{
	int home = ns_enter(ns, err), code;

	*file = NULL;
	if (home < 0)
		return home;
	*file = fopen(path, "re");
	code = errno;
	ns_leave(home);
	return *file ? 0 : err_set(err, code, "cannot read %s", path);
}

static void read_pair(char *names, char *values, struct counters *counters)
{
	char *save_names = NULL, *save_values = NULL;
	char *group = strtok_r(names, " \n", &save_names);
	size_t group_len = group ? strcspn(group, ":") : 0;
	char *name, *value;

	if (group_len > 16)	/* none is so long: the file is another one */
		return;
	strtok_r(values, " \n", &save_values);	/* the group again */
	while ((name = strtok_r(NULL, " \n", &save_names)) &&
	       (value = strtok_r(NULL, " \n", &save_values))) {
		struct counter *row = grow(&counters->rows, counters->n++, sizeof(*row));
		size_t len = strlen(name);

		if (group_len + 1 + len >= sizeof(row->name))
			len = sizeof(row->name) - group_len - 2;
		memcpy(row->name, group, group_len);
		row->name[group_len] = '.';
		memcpy(row->name + group_len + 1, name, len);	/* and it was zeroed */
		row->value = strtoll(value, NULL, 10);
	}
}

int counters_read(int ns, struct counters *counters, struct err *err)
{
	static const char *const paths[] = { "/proc/thread-self/net/netstat", "/proc/thread-self/net/snmp" };

	*counters = (struct counters){ 0 };
	for (size_t p = 0; p < ARRAY_SIZE(paths); p++) {
		auto_fclose FILE *file = NULL;
		int code = open_in(ns, paths[p], &file, err);
		auto_free char *names = NULL;
		auto_free char *values = NULL;
		size_t names_room = 0, values_room = 0;

		if (code)
			return code;
		while (getline(&names, &names_room, file) > 0 && getline(&values, &values_room, file) > 0)
			read_pair(names, values, counters);
	}
	return 0;
}

void counters_free(struct counters *counters)
{
	free(counters->rows);
	*counters = (struct counters){ 0 };
}

int counters_proc_tcp(int ns, unsigned int state, struct err *err)
{
	static const char *const paths[] = { "/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6" };
	int count = 0;

	for (size_t p = 0; p < ARRAY_SIZE(paths); p++) {
		auto_fclose FILE *file = NULL;
		int code = open_in(ns, paths[p], &file, err);
		char line[512];
		unsigned int st;

		if (code == -ENOENT && p == 1) {	/* no IPv6 in this kernel */
			err_clear(err);
			break;
		}
		if (code)
			return code;
		while (fgets(line, sizeof(line), file))
			if (sscanf(line, " %*d: %*[0-9A-F]:%*x %*[0-9A-F]:%*x %x", &st) == 1 && st == state)
				count++;
	}
	return count;
}
