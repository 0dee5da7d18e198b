/* sysctl_conf.c - a file of sysctls, applied as sysctl(8) does with -p */
#include <twlab/sysctl_conf.h>

#include <twlab/ns.h>
#include <twlab/sysctl.h>

#include <ctype.h>
#include <errno.h>

/* @text up to @end, without the blanks around it. */
static char *trimmed(const char *text, const char *end)
{
	while (text < end && isspace((unsigned char)*text))
		text++;
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	return must_printf("%.*s", (int)(end - text), text);
}

static void line_parse(struct sysctl_conf_line *line, const char *text)
{
	const char *equals = strchr(text, '=');

	line->forgiven = *text == '-';
	text += line->forgiven;
	line->key = equals ? trimmed(text, equals) : must_strdup("");
	line->value = equals ? trimmed(equals + 1, equals + strlen(equals)) : must_strdup(text);
	line->error = *line->key ? 0 : EINVAL;
	for (char *slash = line->key; *slash; slash++)	/* both are said: sysctl.conf(5) */
		if (*slash == '/')
			*slash = '.';
}

void sysctl_conf_parse(const char *text, struct sysctl_conf *conf)
{
	*conf = (struct sysctl_conf){ 0 };
	for (unsigned int number = 1; *text; number++) {
		size_t len = strcspn(text, "\n");
		auto_free char *line = trimmed(text, text + len);

		if (*line && *line != '#' && *line != ';') {
			struct sysctl_conf_line *row = grow(&conf->lines, conf->n++, sizeof(*row));

			row->number = number;
			line_parse(row, line);
		}
		text += len + (text[len] == '\n');
	}
}

static char *value_in(int ns, const char *key)
{
	struct err err = { 0 };

	return sysctl_get(ns, key, &err);
}

int sysctl_conf_apply(struct sysctl_conf *conf, int ns, struct err *err)
{
	auto_close int fresh = ns_new(err);

	if (fresh < 0)
		return fresh;
	for (unsigned int l = 0; l < conf->n; l++) {
		struct sysctl_conf_line *line = &conf->lines[l];
		struct err own = { 0 };

		if (!*line->key)
			continue;
		line->usual = value_in(fresh, line->key);
		line->was = value_in(ns, line->key);
		line->error = -sysctl_set(ns, line->key, line->value, &own);
		line->is = value_in(ns, line->key);
	}
	return 0;
}

unsigned int sysctl_conf_errors(const struct sysctl_conf *conf)
{
	unsigned int errors = 0;

	for (unsigned int l = 0; l < conf->n; l++)
		errors += conf->lines[l].error && !conf->lines[l].forgiven;
	return errors;
}

void sysctl_conf_free(struct sysctl_conf *conf)
{
	for (unsigned int l = 0; l < conf->n; l++) {
		free(conf->lines[l].key);
		free(conf->lines[l].value);
		free(conf->lines[l].usual);
		free(conf->lines[l].was);
		free(conf->lines[l].is);
	}
	free(conf->lines);
	*conf = (struct sysctl_conf){ 0 };
}
