/* test_pcapng.c - packets.pcapng, written and read, by us and by Wireshark */
#include <twlab/pcapng.h>

#include "tests/helpers/ladder.h"
#include "tests/helpers/test.h"

#define START_NS 1767225600123456789LL	/* 2026-01-01 */

static const struct rung rungs[] = {
	HELLO(0), { 500, true, "PA", 5001, 1001, 7, .fate = DOUBLED },
	{ 600, false, "A", 1001, 5008 }, { 1000, false, "FA", 1001, 5008 },
	{ 1100, true, "FA", 5008, 1002 }, { 1200, false, "A", 1002, 5009, .fate = LOST },
	{ 201100, true, "FA", 5008, 1002 }, { 201200, false, "A", 1002, 5009 }, { 0 }
};

struct image {
	uint8_t *data;
	size_t len;
};

static char path[] = "/tmp/twlab-test-XXXXXX";

static int make_path(void **state)
{
	(void)state;
	return close(mkstemp(path));
}

static int drop_path(void **state)
{
	(void)state;
	return unlink(path);
}

static void save(const void *data, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static struct image load(void)
{
	struct image image = { must_calloc(1, 1 << 20), 0 };
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	image.len = fread(image.data, 1, 1 << 20, file);
	fclose(file);
	return image;
}

static struct trace *written(void)
{
	static const char *const names[] = { "10.0.0.2 client", "192.0.2.9 server", "2001:db8::1 six", NULL };
	const struct pcapng_about about = { "twlab 1.0", "6.1.0", "a lost final ACK", names, START_NS };
	struct trace *trace = ladder_trace(1, false, rungs);
	struct err err = { 0 };

	if (pcapng_write(path, trace, &about, &err))
		fail_msg("%s", err.text);
	return trace;
}

static void same_text(const char *a, const char *b)
{
	assert_string_equal(a ? a : "(none)", b ? b : "(none)");
}

static void what_was_written_is_read(void **state)
{
	struct trace *was = written(), *is;
	struct err err = { 0 };

	(void)state;
	is = pcapng_read(path, START_NS, 0, &err);
	if (!is)
		fail_msg("%s", err.text);
	assert_int_equal(is->n_frames, was->n_frames);
	assert_int_equal(is->n_ifaces, was->n_ifaces);
	assert_int_equal(is->n_segments, was->n_segments);
	for (unsigned int i = 0; i < was->n_ifaces; i++) {
		assert_string_equal(is->ifaces[i].node, was->ifaces[i].node);
		assert_string_equal(is->ifaces[i].dev, was->ifaces[i].dev);
		assert_int_equal(is->ifaces[i].end, was->ifaces[i].end);
	}
	for (unsigned int i = 0; i < was->n_frames; i++) {
		assert_int_equal(is->frames[i].at_ns, was->frames[i].at_ns);
		assert_int_equal(is->frames[i].iface, was->frames[i].iface);
		assert_int_equal(is->frames[i].out, was->frames[i].out);
		assert_int_equal(is->frames[i].packet_id, was->frames[i].packet_id);
		assert_int_equal(is->frames[i].number, i + 1);
		assert_int_equal(is->frames[i].len, was->frames[i].len);
		assert_memory_equal(is->frames[i].data, was->frames[i].data, was->frames[i].len);
		same_text(is->frames[i].comment, was->frames[i].comment);
	}
	for (unsigned int i = 0; i < was->n_segments; i++)
		same_text(is->segments[i].note, was->segments[i].note);
	trace_free(was);
	trace_free(is);
}

/* A file by hand: words of 16 or 32 bits in either order, bytes as they are. */
struct hand {
	uint8_t data[512];
	size_t len;
	bool big;
};

static void word(struct hand *hand, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		hand->data[hand->len++] = (uint8_t)(value >> 8 * (hand->big ? bytes - 1 - i : i));
}

static void block(struct hand *hand, uint32_t type, const struct hand *body)
{
	uint32_t len = (uint32_t)body->len + 12;

	word(hand, type, 4);
	word(hand, len, 4);
	memcpy(hand->data + hand->len, body->data, body->len);
	hand->len += body->len;
	word(hand, len, 4);
}

/* What a row changes in a good file. */
struct dent {
	const char *name, *says;	/* NULL = it must be read */
	uint32_t magic, version, link, iface, caplen, option_len, unit;
	bool big, unknown_block;
	size_t cut;
	size_t section_short, iface_short, packet_short;	/* bytes that lack at a block's end */
	bool empty;		/* the packet */
};

static void hand_make(struct hand *hand, const struct dent *dent)
{
	struct hand section = { .big = dent->big }, iface = section, packet = section;

	*hand = section;
	word(&section, dent->magic ? dent->magic : 0x1a2b3c4d, 4);
	word(&section, dent->version ? dent->version : 1, 2);
	word(&section, 0, 2);
	word(&section, UINT32_MAX, 4);
	word(&section, UINT32_MAX, 4);
	section.len -= dent->section_short;
	block(hand, 0x0a0d0d0a, &section);
	word(&iface, dent->link ? dent->link : 1, 2);
	word(&iface, 0, 2);
	word(&iface, 0, 4);
	word(&iface, 9, 2);		/* if_tsresol */
	word(&iface, dent->option_len ? dent->option_len : 1, 2);
	iface.data[iface.len] = (uint8_t)(dent->unit ? dent->unit : 3);
	iface.len += 4;
	iface.len -= dent->iface_short;
	block(hand, 1, &iface);
	if (dent->unknown_block)
		block(hand, 0xbad, &packet);
	word(&packet, dent->iface, 4);
	word(&packet, 0, 4);
	word(&packet, 5000, 4);		/* 5 s */
	word(&packet, dent->empty ? 0 : dent->caplen ? dent->caplen : 6, 4);
	word(&packet, 6, 4);
	packet.len += 8;		/* six bytes, padded */
	packet.len -= dent->packet_short;
	block(hand, 6, &packet);
	hand->len -= dent->cut;
}

static const struct dent dents[] = {
	{ "a good file", NULL },
	{ "the other byte order", NULL, .big = true },
	{ "a block of an unknown kind", NULL, .unknown_block = true },
	{ "binary time", NULL, .unit = 0x80 | 10 },
	{ "no byte order", "byte 0: a section does not say its byte order", .magic = 5 },
	{ "version 2", "byte 0: this version of pcapng is not known", .version = 2 },
	{ "not Ethernet", "byte 28: an interface is not Ethernet", .link = 113 },
	{ "an option too long", "byte 28: an option is longer than its block", .option_len = 99 },
	{ "a unit too small", "byte 28: the unit of an interface's stamps is too small", .unit = 20 },
	{ "an unknown interface", "byte 56: a packet's interface was not declared", .iface = 1 },
	{ "a captured length beyond the block", "byte 56: a packet is longer than its block", .caplen = 9 },
	{ "... near the end of 32 bits", "byte 56: a packet is longer than its block", .caplen = UINT32_MAX },
	{ "a section without its length", "byte 0: the section header is cut short", .section_short = 4 },
	{ "an interface without options", NULL, .iface_short = 8, .unit = 0x80 },
	{ "an interface without its snap length", "byte 28: an interface is cut short", .iface_short = 12 },
	{ "a packet of no bytes", NULL, .packet_short = 8, .empty = true },
	{ "a packet without its length", "byte 56: a packet is cut short", .packet_short = 12 },
	{ "a packet without its bytes", "byte 56: a packet is longer than its block", .packet_short = 8 },
	{ "a packet without its padding", "byte 56: a packet is longer than its block", .packet_short = 4 },
	{ "cut within a block", "byte 56: a block is cut short", .cut = 4 },
	{ "cut within a block's head", "byte 56: the file is cut short", .cut = 32 },
	{ "nothing", " is empty", .cut = 96 },
};

static void a_broken_file_is_refused_in_one_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(dents); i++) {
		const char *says = dents[i].says, *said;
		struct err err = { 0 };
		struct trace *trace;
		struct hand hand;

		hand_make(&hand, &dents[i]);
		assert_true(hand.len < sizeof(hand.data));
		save(hand.data, hand.len);
		trace = pcapng_read(path, 0, 0, &err);
		if (!trace != !!says)
			fail_msg("%s: %s", dents[i].name, err.text);
		said = says ? strstr(err.text, says) : NULL;
		if (says && (!said || strcmp(said, says)))	/* and no more than that */
			fail_msg("%s: says %s", dents[i].name, err.text);
		if (trace && !(dents[i].unit & 0x80))
			assert_int_equal(trace->frames[0].at_ns, 5 * NS_PER_S);
		trace_free(trace);
	}
}

/* What a second section says of its interface 0 is not said of the first one's. */
static void each_section_has_its_own_interfaces(void **state)
{
	static const struct dent milliseconds = { 0 }, microseconds = { .unit = 6, .big = true };
	struct hand first, second;
	struct err err = { 0 };
	struct trace *trace;
	uint8_t both[sizeof(first.data) * 2];

	(void)state;
	hand_make(&first, &milliseconds);
	hand_make(&second, &microseconds);
	memcpy(both, first.data, first.len);
	memcpy(both + first.len, second.data, second.len);
	save(both, first.len + second.len);
	trace = pcapng_read(path, 0, 0, &err);
	if (!trace)
		fail_msg("%s", err.text);
	assert_int_equal(trace->n_ifaces, 2);
	assert_int_equal(trace->n_frames, 2);
	assert_int_equal(trace->frames[0].at_ns, 5 * NS_PER_MS);	/* sorted: of the second section */
	assert_int_equal(trace->frames[0].iface, 1);
	assert_int_equal(trace->frames[1].at_ns, 5 * NS_PER_S);
	assert_int_equal(trace->frames[1].iface, 0);
	trace_free(trace);
}

static void interfaces_are_bounded(void **state)
{
	const struct { unsigned int n; bool good; } cases[] = { { 10000, true }, { 10001, false } };
	const size_t section = 28, iface = 28;	/* bytes of hand_make()'s blocks */
	struct hand hand;

	(void)state;
	hand_make(&hand, &dents[0]);
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		auto_free uint8_t *data = must_calloc(section + cases[c].n * iface, 1);
		struct err err = { 0 };
		struct trace *trace;

		memcpy(data, hand.data, section);
		for (unsigned int i = 0; i < cases[c].n; i++)
			memcpy(data + section + i * iface, hand.data + section, iface);
		save(data, section + cases[c].n * iface);
		trace = pcapng_read(path, 0, 0, &err);
		assert_int_equal(!!trace, cases[c].good);
		if (!trace)
			assert_non_null(strstr(err.text, "there are too many interfaces"));
		trace_free(trace);
	}
}

static void comments_are_joined(void **state)
{
	/* a frame of no bytes with three comments: "one", "", "two" */
	static const uint8_t packet[] = { 6, 0, 0, 0, 52, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
					  1, 0, 3, 0, 'o', 'n', 'e', 0, 1, 0, 0, 0, 1, 0, 3, 0, 't', 'w', 'o', 0, 52, 0, 0, 0 };
	struct err err = { 0 };
	struct trace *trace;
	struct hand hand;

	(void)state;
	hand_make(&hand, &dents[0]);
	memcpy(hand.data + 56, packet, sizeof(packet));
	save(hand.data, 56 + sizeof(packet));
	trace = pcapng_read(path, 0, 0, &err);
	assert_string_equal(err.text, "");
	assert_string_equal(trace->frames[0].comment, "one\n\ntwo");
	trace_free(trace);
}

static void other_files_are_refused(void **state)
{
	static const char text[] = "\xd4\xc3\xb2\xa1 this is what a pcap begins with";
	struct err err = { 0 };

	(void)state;
	save(text, sizeof(text));
	assert_null(pcapng_read(path, 0, 0, &err));
	assert_non_null(strstr(err.text, "no pcapng file"));
	assert_null(pcapng_read("/nonexistent/file", 0, 0, &err));
	assert_non_null(strstr(err.text, "/nonexistent/file: No such file"));
	assert_null(pcapng_read("/tmp", 0, 0, &err));
}

/* Whatever a disk or a student does to a file, it is read or refused. */
static void damage_never_crashes(void **state)
{
	struct trace *trace = written();
	struct image image = load();
	uint64_t random = 42;
	unsigned int refused = 0;

	(void)state;
	for (unsigned int i = 0; i < 1500; i++) {
		struct err err = { 0 };
		struct trace *read;
		size_t len = image.len;
		uint8_t was[4], *at[4];

		for (int k = 0; k < 4; k++) {
			random = random * 6364136223846793005 + 1442695040888963407;
			at[k] = &image.data[(random >> 33) % (i % 2 ? image.len : 600)];
			was[k] = *at[k];
			*at[k] ^= (uint8_t)(1 << (random >> 60) % 8);
		}
		if (i % 3 == 0)
			len = (random >> 33) % image.len;
		save(image.data, len);
		read = pcapng_read(path, START_NS, 0, &err);
		assert_true(read || *err.text);
		refused += !read;
		trace_free(read);
		for (int k = 4; k-- > 0;)
			*at[k] = was[k];
	}
	assert_in_range(refused, 500, 1499);
	free(image.data);
	trace_free(trace);
}

/* What is no address, and names that do not fit, are left out; the rest is there. */
static void names_that_do_not_fit_are_left_out(void **state)
{
	static const char letters[] = "1234567890123456789012345678901234567890123456789012345678901234567890 long";
	char name[300];
	const char *const names[] = { letters, "10.0.0.1", "10.0.0 three", "10.0.0.2 ", name, "10.0.0.4 four", NULL };
	const struct pcapng_about about = { .names = names };
	struct trace *trace = ladder_trace(1, true, rungs);
	struct err err = { 0 };
	struct image image;

	(void)state;
	snprintf(name, sizeof(name), "10.0.0.3 %0260d", 0);
	assert_int_equal(pcapng_write(path, trace, &about, &err), 0);
	image = load();
	assert_non_null(memmem(image.data, image.len, "\x0a\0\0\4" "four", 9));
	assert_null(memmem(image.data, image.len, "long", 4));
	assert_null(memmem(image.data, image.len, "three", 5));
	assert_null(memmem(image.data, image.len, "000000", 6));
	trace_free(pcapng_read(path, 0, 0, &err));
	assert_string_equal(err.text, "");
	free(image.data);
	trace_free(trace);
}

static void a_full_disk_is_told(void **state)
{
	struct trace *trace = ladder_trace(1, false, rungs);
	struct err err = { 0 };

	(void)state;
	assert_true(pcapng_write("/dev/full", trace, &(struct pcapng_about){ 0 }, &err) < 0);
	assert_non_null(strstr(err.text, "/dev/full: No space left on device"));
	trace_free(trace);
}

/* What @command prints, or NULL if it fails. */
static char *output_of(const char *command)
{
	FILE *pipe = popen(command, "r");
	char *text = must_calloc(1, 1 << 16);

	assert_non_null(pipe);
	text[fread(text, 1, (1 << 16) - 1, pipe)] = '\0';
	if (pclose(pipe)) {
		free(text);
		return NULL;
	}
	return text;
}

static char *tshark(const char *args)
{
	auto_free char *command = must_printf("(tshark -r %s %s) 2>&1 | grep -v 'Running as user'",
					      path, args);

	return output_of(command);
}

static void wireshark_reads_it_without_complaint(void **state)
{
	auto_free char *fields = NULL, *expert = NULL;
	struct trace *trace;

	(void)state;
	trace = written();
	fields = tshark("-T fields -e frame.number -e frame.interface_name -e frame.packet_flags_direction "
			"-e frame.packet_id -e frame.comment");
	expert = tshark("-z expert -q; echo done");
	assert_non_null(fields);
	assert_non_null(expert);
	assert_int_equal(test_count(fields, "\n"), trace->n_frames);
	assert_non_null(strstr(fields, "1\tclient/eth0\t"));
	assert_non_null(strstr(fields, "\tnat/wan\t"));
	assert_int_equal(test_count(fields, "final ACK: last seen coming into wire; it never left it"), 1);
	assert_int_equal(test_count(fields, "FIN again (retransmission, 200 ms after the one before)"), 1);
	assert_null(strcasestr(expert, "malformed"));
	assert_null(strcasestr(fields, "tshark:"));
	assert_null(strcasestr(expert, "tshark:"));
	trace_free(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(a_broken_file_is_refused_in_one_line),
		cmocka_unit_test(each_section_has_its_own_interfaces),
		cmocka_unit_test(interfaces_are_bounded),
		cmocka_unit_test(comments_are_joined),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(damage_never_crashes),
		cmocka_unit_test(names_that_do_not_fit_are_left_out),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(wireshark_reads_it_without_complaint),
	};

	return cmocka_run_group_tests(tests, make_path, drop_path);
}
