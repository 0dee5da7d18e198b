/* pcapng_read.c - read packets.pcapng, trusting nothing in it
 *
 * Every length is checked against what is there before it is used, and the
 * first thing that is wrong ends the reading with one sentence.
 */
#include <twlab/pcapng.h>
#include <twlab/trace_follow.h>

#include <twlab/fs.h>
#include <twlab/pcapng_blocks.h>

#include <errno.h>
#include <sys/stat.h>

#define IFACES_MAX 10000	/* each is looked for by its node's name */

__extension__ typedef unsigned __int128 u128;

/* A stretch of the file. */
struct span {
	const uint8_t *at;
	size_t len;
};

struct iface {			/* what an interface block says of its stamps */
	unsigned int index;	/* of trace.ifaces */
	uint8_t tsresol;	/* 10^-n s, or 2^-n with the high bit set */
	int64_t offset_s;
	bool knows_end;
};

struct message {			/* what the file says of a frame */
	uint64_t id;
	char *comment;
	size_t len;		/* of the comment */
};

struct reader {
	const char *path;
	struct span file;
	size_t offset;		/* of the block being read */
	bool big;		/* endian */
	bool in_section;
	struct iface *ifaces;	/* of the whole file ... */
	unsigned int n_ifaces;
	unsigned int section;	/* ... and which is the section's first */
	struct message *said;	/* by frame */
	unsigned int n_said;
	int64_t start_ns;
	struct trace *trace;
	struct err *err;
};

struct option {
	uint16_t code;
	struct span value;
};

static int broken(const struct reader *reader, const char *what)
{
	return err_set(reader->err, 0, "%s: byte %zu: %s", reader->path, reader->offset, what);
}

static uint64_t number(const struct reader *reader, const uint8_t *at, int bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < bytes; i++)
		value = value << 8 | at[reader->big ? i : bytes - 1 - i];
	return value;
}

/* Take @bytes off the front of @span; the caller has checked that they are there. */
static uint64_t take(const struct reader *reader, struct span *span, int bytes)
{
	uint64_t value = number(reader, span->at, bytes);

	span->at += bytes;
	span->len -= (size_t)bytes;
	return value;
}

/* The next option of @span: 1, or 0 when there is none left, or an error. */
static int option_next(const struct reader *reader, struct span *span, struct option *option)
{
	size_t len, padded;

	if (!span->len)
		return 0;
	if (span->len < 4)
		return broken(reader, "an option is cut short");
	option->code = (uint16_t)take(reader, span, 2);
	len = (size_t)take(reader, span, 2);
	padded = (len + 3) & ~(size_t)3;
	if (padded > span->len)
		return broken(reader, "an option is longer than its block");
	option->value = (struct span){ span->at, len };
	span->at += padded;
	span->len -= padded;
	return option->code != OPT_END;
}

static char *text_of(const struct span *span)
{
	char *text = must_calloc(1, span->len + 1);

	memcpy(text, span->at, span->len);
	return text;
}

static int section_read(struct reader *reader, struct span body)
{
	struct option option;
	int more;

	if (body.len < 16)
		return broken(reader, "the section header is cut short");
	body.at += 4;	/* the byte order, looked at before */
	body.len -= 4;
	if (take(reader, &body, 2) != 1)
		return broken(reader, "this version of pcapng is not known");
	body.at += 10;
	body.len -= 10;
	while ((more = option_next(reader, &body, &option)) > 0)
		;
	reader->section = reader->n_ifaces;
	reader->in_section = true;
	return more;
}

/* "client/eth0" is eth0 of client; a name without a slash is both. */
static unsigned int iface_add(struct reader *reader, char *name, const char *description)
{
	char *slash = strchr(name, '/');

	if (slash)
		*slash = '\0';
	return trace_add_iface(reader->trace, name, slash ? slash + 1 : name,
			       !strcmp(description, PCAPNG_HOST));
}

static int iface_read(struct reader *reader, struct span body)
{
	struct iface *iface;
	struct option option;
	auto_free char *name = NULL, *description = NULL;
	int more;

	if (body.len < 8)
		return broken(reader, "an interface is cut short");
	if (take(reader, &body, 2) != LINKTYPE_ETHERNET)
		return broken(reader, "an interface is not Ethernet");
	body.at += 6;
	body.len -= 6;
	if (reader->n_ifaces == IFACES_MAX)
		return broken(reader, "there are too many interfaces");
	iface = grow(&reader->ifaces, reader->n_ifaces, sizeof(*iface));
	iface->tsresol = 6;	/* unless it says so: microseconds */
	while ((more = option_next(reader, &body, &option)) > 0) {
		if (option.code == IF_NAME) {
			free(name);
			name = text_of(&option.value);
		} else if (option.code == IF_DESCRIPTION) {
			free(description);
			description = text_of(&option.value);
		} else if (option.code == IF_TSRESOL && option.value.len == 1) {
			iface->tsresol = option.value.at[0];
		} else if (option.code == IF_TSOFFSET && option.value.len == 8) {
			iface->offset_s = (int64_t)number(reader, option.value.at, 8);
		}
	}
	if (more < 0)
		return more;
	if ((iface->tsresol & 127) > (iface->tsresol & 128 ? 63 : 19))
		return broken(reader, "the unit of an interface's stamps is too small");
	if (!name)
		name = must_printf("if%u", reader->n_ifaces - reader->section);
	iface->knows_end = description && (!strcmp(description, PCAPNG_HOST) ||
					   !strcmp(description, PCAPNG_BETWEEN));
	iface->index = iface_add(reader, name, description ? description : "");
	reader->n_ifaces++;
	return 0;
}

/* @ticks of @iface's clock as nanoseconds since the run's start. */
static bool time_of(const struct reader *reader, const struct iface *iface, uint64_t ticks,
		    int64_t *at_ns)
{
	u128 ns = (u128)ticks * NS_PER_S;
	int64_t offset_ns;

	if (iface->tsresol & 128)
		ns >>= iface->tsresol & 127;
	else
		for (int i = 0; i < iface->tsresol; i++)
			ns /= 10;
	if (ns > INT64_MAX || __builtin_mul_overflow(iface->offset_s, NS_PER_S, &offset_ns) ||
	    __builtin_add_overflow((int64_t)ns, offset_ns, at_ns) ||
	    __builtin_sub_overflow(*at_ns, reader->start_ns, at_ns))
		return false;
	return llabs(*at_ns) < INT64_MAX / 4;	/* so that differences fit, too */
}

/* A frame may have many comments: each is copied once. */
static void comment_join(struct message *said, const struct span *span)
{
	size_t len = strnlen((const char *)span->at, span->len);
	bool is_first = !said->comment;

	said->comment = must_realloc(said->comment, said->len + len + 2, 1);
	if (!is_first)
		said->comment[said->len++] = '\n';
	memcpy(said->comment + said->len, span->at, len);
	said->len += len;
	said->comment[said->len] = '\0';
}

static int packet_read(struct reader *reader, struct span body)
{
	const struct iface *iface;
	const uint8_t *data;
	struct message *said;
	struct option option;
	uint64_t id, ticks, flags = 0;
	size_t len;
	int64_t at_ns;
	int more;

	if (body.len < 20)
		return broken(reader, "a packet is cut short");
	id = take(reader, &body, 4) + reader->section;
	ticks = take(reader, &body, 4) << 32;
	ticks |= take(reader, &body, 4);
	len = (size_t)take(reader, &body, 4);
	take(reader, &body, 4);	/* how long it was */
	if (id >= reader->n_ifaces)
		return broken(reader, "a packet's interface was not declared");
	iface = &reader->ifaces[id];
	if (len > body.len || ((len + 3) & ~(size_t)3) > body.len)
		return broken(reader, "a packet is longer than its block");
	if (!time_of(reader, iface, ticks, &at_ns))
		return broken(reader, "a packet's time is out of range");
	data = body.at;
	body.at += (len + 3) & ~(size_t)3;
	body.len -= (len + 3) & ~(size_t)3;
	said = grow(&reader->said, reader->n_said++, sizeof(*said));
	trace_add_frame(reader->trace, iface->index, at_ns, false, data, (uint32_t)len);
	while ((more = option_next(reader, &body, &option)) > 0) {
		if (option.code == EPB_FLAGS && option.value.len == 4)
			flags = number(reader, option.value.at, 4);
		else if (option.code == EPB_PACKETID && option.value.len == 8)
			said->id = number(reader, option.value.at, 8);
		else if (option.code == OPT_COMMENT)
			comment_join(said, &option.value);
	}
	reader->trace->frames[reader->trace->n_frames - 1].out =
		(flags & FLAG_DIRECTION) == FLAG_OUT;
	reader->trace->frames[reader->trace->n_frames - 1].number = reader->trace->n_frames;
	return more;
}

/* Read the block at the reader's offset, and go to the next. */
static int block_read(struct reader *reader)
{
	const uint8_t *at = reader->file.at + reader->offset;
	size_t left = reader->file.len - reader->offset;
	struct span body;
	uint64_t type, len;
	int failed = 0;

	if (left < 12)
		return broken(reader, "the file is cut short");
	type = number(reader, at, 4);
	if (type == BLOCK_SECTION) {	/* reads the same in both orders */
		reader->big = false;
		if (number(reader, at + 8, 4) != BYTE_ORDER_MAGIC)
			reader->big = true;
		if (number(reader, at + 8, 4) != BYTE_ORDER_MAGIC)
			return broken(reader, "a section does not say its byte order");
	} else if (!reader->in_section) {
		return broken(reader, "this is no pcapng file");
	}
	len = number(reader, at + 4, 4);
	if (len < 12 || len % 4)
		return broken(reader, "a block's length is wrong");
	if (len > left)
		return broken(reader, "a block is cut short");
	if (number(reader, at + len - 4, 4) != len)
		return broken(reader, "a block's two lengths disagree");
	body = (struct span){ at + 8, len - 12 };
	if (type == BLOCK_SECTION)
		failed = section_read(reader, body);
	else if (type == BLOCK_INTERFACE)
		failed = iface_read(reader, body);
	else if (type == BLOCK_PACKET)
		failed = packet_read(reader, body);
	reader->offset += len;
	return failed;
}

/* Hosts have one interface, in files that do not tell. */
static void ends_guess(struct reader *reader)
{
	struct trace *trace = reader->trace;
	auto_free unsigned int *count = must_calloc(trace->n_nodes, sizeof(*count));

	for (unsigned int i = 0; i < trace->n_ifaces; i++)
		count[trace->ifaces[i].node_index]++;
	for (unsigned int i = 0; i < reader->n_ifaces; i++) {
		struct trace_iface *iface = &trace->ifaces[reader->ifaces[i].index];

		if (!reader->ifaces[i].knows_end)
			iface->end = count[iface->node_index] == 1;
	}
}

/* The file's own ids and comments take the place of those that were found. */
static void said_apply(struct reader *reader)
{
	struct trace *trace = reader->trace;

	for (unsigned int i = 0; i < trace->n_frames; i++) {
		struct trace_frame *frame = &trace->frames[i];
		struct message *said = &reader->said[frame->number - 1];

		if (said->id)
			frame->packet_id = said->id;
		if (said->comment) {
			free(frame->comment);
			frame->comment = steal_ptr(&said->comment);
		}
	}
	for (unsigned int i = 0; i < trace->n_segments; i++)	/* ids are still places here */
		if (trace->segments[i].is_copy)
			trace->segments[i].copy_of =
				trace->frames[trace->segments[trace->segments[i].copy_of - 1].sightings[0]].packet_id;
	for (unsigned int i = 0; i < trace->n_segments; i++)
		trace->segments[i].packet_id =
			trace->frames[trace->segments[i].sightings[0]].packet_id;
}

static int file_read(const char *path, struct span *file, struct err *err)
{
	auto_fclose FILE *in = fs_open(path);
	struct stat stat;
	uint8_t *data;

	if (!in && (errno == EISDIR || errno == EINVAL))
		return err_set(err, 0, "%s is no file", path);
	if (!in || fstat(fileno(in), &stat))
		return err_set(err, errno, "cannot read %s", path);
	if (!stat.st_size)
		return err_set(err, 0, "%s is empty", path);
	data = must_calloc(1, (size_t)stat.st_size);
	file->len = fread(data, 1, (size_t)stat.st_size, in);
	file->at = data;
	if (ferror(in))
		return err_set(err, EIO, "cannot read %s", path);
	return 0;
}

struct trace *pcapng_read_into(struct trace *trace, const char *path, int64_t start_ns, int64_t end_ns,
			       struct err *err)
{
	struct reader reader = { .path = path, .start_ns = start_ns, .err = err, .trace = trace };
	int failed = file_read(path, &reader.file, err);

	trace->end_ns = end_ns;
	while (!failed && reader.offset < reader.file.len)
		failed = block_read(&reader);
	if (!failed) {
		ends_guess(&reader);
		trace_follow(reader.trace);
		said_apply(&reader);
	} else {
		trace_free(steal_ptr(&reader.trace));
	}
	for (unsigned int i = 0; i < reader.n_said; i++)
		free(reader.said[i].comment);
	free(reader.said);
	free(reader.ifaces);
	free((void *)(uintptr_t)reader.file.at);
	return reader.trace;
}

struct trace *pcapng_read(const char *path, int64_t start_ns, int64_t end_ns, struct err *err)
{
	return pcapng_read_into(trace_new(), path, start_ns, end_ns, err);
}
