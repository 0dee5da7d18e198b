/* lifecycle.c - the talk with a guest and its QEMU, stage by stage */
#include "harness/vm/lifecycle.h"

#include <errno.h>
#include <jansson.h>
#include <sys/mman.h>

#include <twlab/fs.h>
#include <twlab/digest.h>

#define GUEST_RESULT_MAX (PROTOCOL_OUT_MAX + (16UL << 20))	/* with its index, in whole pages */

static bool has_greeted(const struct vm *vm)
{
	return qmp_greeted(vm->qemu.qmp);
}

static bool has_paused(const struct vm *vm)
{
	return vm->paused;
}

static bool has_migrated(const struct vm *vm)
{
	return vm->migrated && (vm->restoring || vm->state.fd < 0);
}

static int ask_capabilities(struct vm *vm, struct err *err)
{
	return qmp_send(vm->qemu.qmp, "qmp_capabilities", NULL, err);
}

/* RAM is a file already: only the devices' state goes through the pipe. */
static int ask_ignore_shared(struct vm *vm, struct err *err)
{
	return qmp_send(vm->qemu.qmp, "migrate-set-capabilities",
			json_pack("{s:[{s:s,s:b},{s:s,s:b}]}", "capabilities",
				  "capability", "x-ignore-shared", "state", 1,
				  "capability", "events", "state", 1), err);
}

static int ask_restore(struct vm *vm, struct err *err)
{
	auto_free char *uri = must_printf("fd:%d", vm->state.theirs);

	close(steal_fd(&vm->state.theirs));	/* QEMU has inherited it */
	return qmp_send(vm->qemu.qmp, "migrate-incoming", json_pack("{s:s}", "uri", uri), err);
}

static int ask_take_state(struct vm *vm, struct err *err)
{
	int id = qmp_send_fd(vm->qemu.qmp, "state", vm->state.theirs, err);

	/* The pipe is to end when QEMU closes its end. */
	close(steal_fd(&vm->state.theirs));
	return id;
}

static int ask_migrate(struct vm *vm, struct err *err)
{
	return qmp_send(vm->qemu.qmp, "migrate", json_pack("{s:s}", "uri", "fd:state"), err);
}

static int ask_continue(struct vm *vm, struct err *err)
{
	vm->paused = false;
	return qmp_send(vm->qemu.qmp, "cont", NULL, err);
}

static int ask_result(struct vm *vm, struct err *err)
{
	auto_free char *path = must_printf("/proc/self/fd/%d", vm->take_fd);

	if (!vm->len)
		return err_set(err, 0, "the guest stopped without a result");
	return qmp_send(vm->qemu.qmp, "memsave",
			json_pack("{s:I, s:I, s:s}", "val", (json_int_t)vm->at, "size",
				  (json_int_t)vm->len, "filename", path), err);
}

/* All that was sent is here, or the kernel ended for another reason. */
static int ask_sent(struct vm *vm, struct err *err)
{
	return vm->sent ? 0 : err_set(err, 0, "the guest's kernel has ended");
}

const struct stage lifecycle_saving[] = {
	{ "starting QEMU", NULL, has_greeted },
	{ "starting QEMU", ask_capabilities },
	{ "starting QEMU", ask_ignore_shared },
	{ "booting", NULL, has_paused },
	{ "saving the guest", ask_take_state },
	{ "saving the guest", ask_migrate, has_migrated },
	{ 0 }
};

const struct stage lifecycle_running[] = {
	{ "starting QEMU", NULL, has_greeted },
	{ "starting QEMU", ask_capabilities },
	{ "starting QEMU", ask_ignore_shared },
	{ "restoring the guest", ask_restore, has_migrated },
	{ "restoring the guest", ask_continue },
	{ "running", NULL, has_paused },
	{ "taking the result", ask_result },
	{ 0 }
};

const struct stage lifecycle_serial[] = {
	{ "starting QEMU", NULL, has_greeted },
	{ "starting QEMU", ask_capabilities },
	{ "running", NULL, has_paused },
	{ "taking the result", ask_sent },
	{ 0 }
};

static void on_say(struct vm *vm, const char *rest)
{
	char *text;

	vm->clock_ns = strtoll(rest, &text, 10);
	snprintf(vm->progress, sizeof(vm->progress), "%s", text + (*text == ' '));
}

static void on_result(struct vm *vm, const char *rest)
{
	if (vm->serial || sscanf(rest, "%llu %zu", &vm->at, &vm->len) != 2 ||
	    vm->len > GUEST_RESULT_MAX)
		vm->len = 0;
}

static void on_hello(struct vm *vm, const char *rest)
{
	(void)rest;
	vm->hello = true;
}

static void on_failed(struct vm *vm, const char *rest)
{
	free(vm->gave_up);
	vm->gave_up = must_strdup(rest);
}

/* On the serial port bytes may be lost or changed: what came is what was sent, or no
 * result at all.
 */
static void on_sent(struct vm *vm, const char *rest)
{
	auto_free char *digest = NULL;
	char message[65] = "";
	size_t len = 0;
	void *data;

	if (!vm->serial)
		return;
	sscanf(rest, "%zu %64s", &len, message);
	data = vm->len ? mmap(NULL, vm->len, PROT_READ, MAP_SHARED, vm->take_fd, 0) : MAP_FAILED;
	if (data != MAP_FAILED) {
		digest = digest_of(data, vm->len);
		munmap(data, vm->len);
	}
	vm->sent = len == vm->len && digest && !strcmp(message, digest);
	if (!vm->sent && !vm->gave_up)
		vm->gave_up = must_printf("its result came broken over the serial port "
					  "(%zu bytes of %zu, or others)", vm->len, len);
}

static void on_part(struct vm *vm, const struct message *message)
{
	vm->len += message->len;
	vm->sent = false;
	if (vm->len <= GUEST_RESULT_MAX && !fs_write_all(vm->take_fd, message->data, message->len, NULL))
		return;
	if (!vm->gave_up)
		vm->gave_up = must_printf("it sends a result of more than %lu MB", GUEST_RESULT_MAX >> 20);
}

static void on_note(struct vm *vm, const char *rest)
{
	tail_add(&vm->console, rest, strlen(rest));
	tail_add(&vm->console, "\n", 1);
}

static const struct {
	const char *word;
	void (*collect)(struct vm *vm, const char *rest);
} words[] = {
	{ "hello", on_hello },
	{ "say", on_say },
	{ "note", on_note },
	{ "result", on_result },
	{ "sent", on_sent },
	{ "failed", on_failed },
};

static void read_protocol(struct vm *vm)
{
	struct message message;
	char data[8192];
	ssize_t n;

	while ((n = read(vm->qemu.protocol_fd, data, sizeof(data))) > 0) {
		protocol_add(&vm->protocol, data, (size_t)n);
		while (protocol_next(&vm->protocol, &message)) {
			for (size_t i = 0; message.word && i < ARRAY_SIZE(words); i++)
				if (!strcmp(message.word, words[i].word))
					words[i].collect(vm, message.rest);
			if (!message.word && vm->serial && message.fd == PROTOCOL_RESULT_FD)
				on_part(vm, &message);
			else if (!message.word && vm->output)
				vm->output(vm->arg, message.fd, message.data, message.len);
			else if (!message.word)
				tail_add(&vm->console, message.data, message.len);
		}
	}
}

static void read_console(struct vm *vm)
{
	char data[8192];
	ssize_t n;

	while ((n = read(vm->qemu.console_fd, data, sizeof(data))) > 0)
		tail_add(&vm->console, data, (size_t)n);
}

/* Did a migration (a save or a restore) come to @status? */
static bool is_status(const json_t *event, const char *status)
{
	const char *name = json_string_value(json_object_get(event, "event"));
	const char *is = json_string_value(json_object_get(json_object_get(event, "data"),
							   "status"));

	return name && is && !strcmp(name, "MIGRATION") && !strcmp(is, status);
}

static int on_event(struct vm *vm, const json_t *event, struct err *err)
{
	const char *name = json_string_value(json_object_get(event, "event"));

	if (!name)
		return 0;
	if (!strcmp(name, "GUEST_PANICKED"))
		vm->paused = true;
	else if (is_status(event, "completed"))
		vm->migrated = true;
	else if (is_status(event, "failed"))
		return err_set(err, 0, "QEMU cannot %s the guest", vm->restoring ? "restore" : "save");
	else if (!strcmp(name, "SHUTDOWN") && vm->serial)
		vm->paused = true;	/* it is how it ends */
	else if (!strcmp(name, "SHUTDOWN"))
		return err_set(err, 0, "the guest's kernel has ended");
	return 0;
}

int lifecycle_receive(struct vm *vm, struct err *err)
{
	int ret = qmp_step(vm->qemu.qmp, err);
	json_t *event;

	/* The event of a pause comes after the words that explain it were sent. */
	while ((event = qmp_event(vm->qemu.qmp))) {
		struct err why = { 0 };

		if (on_event(vm, event, &why) && err)
			*err = why;
		if (why.code)
			ret = -why.code;
		json_decref(event);
	}
	read_protocol(vm);
	read_console(vm);
	return ret < 0 ? ret : migration_step(&vm->state, err);
}

int lifecycle_advance(struct vm *vm, struct err *err)
{
	for (; vm->stage->what; vm->stage++, vm->asked = 0) {
		if (vm->stage->ask && !vm->asked) {
			vm->asked = vm->stage->ask(vm, err);
			if (vm->asked < 0)
				return vm->asked;
		}
		if (vm->asked > 0) {
			int ret = qmp_answered(vm->qemu.qmp, vm->asked, err);

			if (ret <= 0)
				return ret;
			vm->asked = -1;
		}
		if (vm->stage->over && !vm->stage->over(vm))
			return 0;
	}
	return 1;
}
