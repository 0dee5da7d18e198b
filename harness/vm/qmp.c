/* qmp.c - QEMU's machine protocol, over a socket that is never waited on */
#include "harness/vm/qmp.h"

#include <errno.h>
#include <sys/socket.h>

#define LINE_MAX_LEN (1 << 20)	/* QEMU's lines here are some hundred bytes */

struct qmp {
	int fd;
	int last_id;
	bool greeted;
	char *buf;		/* what has arrived of lines not yet whole */
	size_t len;
	json_t *answers;	/* by id, as text */
	json_t *events;		/* oldest first */
};

struct qmp *qmp_new(int fd)
{
	struct qmp *qmp = must_calloc(1, sizeof(*qmp));

	qmp->fd = fd;
	qmp->answers = json_object();
	qmp->events = json_array();
	return qmp;
}

void qmp_free(struct qmp *qmp)
{
	if (!qmp)
		return;
	close(qmp->fd);
	free(qmp->buf);
	json_decref(qmp->answers);
	json_decref(qmp->events);
	free(qmp);
}

int qmp_fd(const struct qmp *qmp)
{
	return qmp->fd;
}

bool qmp_greeted(const struct qmp *qmp)
{
	return qmp->greeted;
}

static int sort_line(struct qmp *qmp, const char *line, size_t len, struct err *err)
{
	json_error_t why;
	json_t *msg = json_loadb(line, len, 0, &why);
	json_t *id = json_object_get(msg, "id");
	char key[32];

	if (!msg)
		return err_set(err, 0, "QEMU said no JSON: %.*s (%s)",
			       (int)(len < 80 ? len : 80), line, why.text);
	if (json_object_get(msg, "QMP")) {
		qmp->greeted = true;
	} else if (json_object_get(msg, "event")) {
		json_array_append(qmp->events, msg);
	} else if (json_is_integer(id)) {
		snprintf(key, sizeof(key), "%lld", (long long)json_integer_value(id));
		json_object_set(qmp->answers, key, msg);
	}
	json_decref(msg);
	return 0;
}

static int sort_lines(struct qmp *qmp, struct err *err)
{
	char *at = qmp->buf, *end;
	int ret = 0;

	while (!ret && (end = memchr(at, '\n', qmp->len - (size_t)(at - qmp->buf)))) {
		if (end > at + 1)
			ret = sort_line(qmp, at, (size_t)(end - at), err);
		at = end + 1;
	}
	qmp->len -= (size_t)(at - qmp->buf);
	memmove(qmp->buf, at, qmp->len);
	if (!ret && qmp->len > LINE_MAX_LEN)
		ret = err_set(err, 0, "QEMU sent a line of more than %d bytes", LINE_MAX_LEN);
	return ret;
}

int qmp_step(struct qmp *qmp, struct err *err)
{
	char data[8192];
	ssize_t n;

	while ((n = recv(qmp->fd, data, sizeof(data), MSG_DONTWAIT)) > 0) {
		qmp->buf = must_realloc(qmp->buf, qmp->len + (size_t)n, 1);
		memcpy(qmp->buf + qmp->len, data, (size_t)n);
		qmp->len += (size_t)n;
		if (sort_lines(qmp, err))
			return err_code(err);
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return err_set(err, n ? errno : EPIPE, "QEMU has gone");
}

/* One command, with the descriptor @fd beside it if that is not -1. */
static int send_command(struct qmp *qmp, const char *command, json_t *args, int fd,
			struct err *err)
{
	json_t *msg = json_pack("{s:s, s:i}", "execute", command, "id", ++qmp->last_id);
	auto_free char *text = NULL;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} beside = { { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec part;
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t sent;

	if (args)
		json_object_set_new(msg, "arguments", args);
	text = json_dumps(msg, JSON_COMPACT);
	json_decref(msg);
	/* A command is far shorter than a socket's buffer: it goes whole or not. */
	part = (struct iovec){ text, strlen(text) };
	if (fd >= 0) {
		memcpy(CMSG_DATA(&beside.head), &fd, sizeof(fd));
		packet.msg_control = &beside;
		packet.msg_controllen = sizeof(beside);
	}
	sent = sendmsg(qmp->fd, &packet, MSG_NOSIGNAL);
	if (sent != (ssize_t)strlen(text))
		return err_set(err, sent < 0 ? errno : EAGAIN, "cannot tell QEMU to %s", command);
	return qmp->last_id;
}

int qmp_send(struct qmp *qmp, const char *command, json_t *args, struct err *err)
{
	return send_command(qmp, command, args, -1, err);
}

int qmp_send_fd(struct qmp *qmp, const char *name, int fd, struct err *err)
{
	return send_command(qmp, "getfd", json_pack("{s:s}", "fdname", name), fd, err);
}

int qmp_answered(struct qmp *qmp, int id, struct err *err)
{
	char key[32];
	json_t *answer, *error;
	const char *desc;
	int ret = 1;

	snprintf(key, sizeof(key), "%d", id);
	answer = json_incref(json_object_get(qmp->answers, key));
	if (!answer)
		return 0;
	json_object_del(qmp->answers, key);
	error = json_object_get(answer, "error");
	desc = json_string_value(json_object_get(error, "desc"));
	if (error)
		ret = err_set(err, 0, "QEMU: %s", desc ? desc : "refused");
	json_decref(answer);
	return ret;
}

json_t *qmp_event(struct qmp *qmp)
{
	json_t *event = json_incref(json_array_get(qmp->events, 0));

	if (event)
		json_array_remove(qmp->events, 0);
	return event;
}
