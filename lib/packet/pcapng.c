/* pcapng.c - write packets.pcapng
 *
 * A block is put together in memory (its length stands before its contents and
 * again behind) and written in one go. Everything is little endian here.
 */
#include <twlab/pcapng.h>

#include <twlab/pcapng_blocks.h>

#include <arpa/inet.h>
#include <errno.h>

struct block {
	uint8_t *data;
	size_t len, size;
};

static void put(struct block *block, const void *data, size_t len)
{
	if (block->len + len + 4 > block->size) {
		block->size = 2 * (block->len + len + 4);
		block->data = must_realloc(block->data, block->size, 1);
	}
	if (len)
		memcpy(block->data + block->len, data, len);
	block->len += len;
}

static void put16(struct block *block, uint32_t value)
{
	put(block, (uint8_t[]){ (uint8_t)value, (uint8_t)(value >> 8) }, 2);
}

static void put32(struct block *block, uint32_t value)
{
	put16(block, value & 0xffff);
	put16(block, value >> 16);
}

static void put64(struct block *block, uint64_t value)
{
	put32(block, (uint32_t)value);
	put32(block, (uint32_t)(value >> 32));
}

static void pad(struct block *block)
{
	put(block, "\0\0\0", -block->len & 3);
}

static void put_option(struct block *block, uint16_t code, const void *data, size_t len)
{
	put16(block, code);
	put16(block, (uint32_t)len);
	put(block, data, len);
	pad(block);
}

/* An option's length has 16 bits, so a text is cut there. */
static void put_text(struct block *block, uint16_t code, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (len)
		put_option(block, code, text, len < 65535 ? len : 65535);
}

static void block_begin(struct block *block, uint32_t type)
{
	block->len = 0;
	put32(block, type);
	put32(block, 0);	/* the length, known at the end */
}

static void block_end(struct block *block, FILE *file)
{
	uint32_t len = (uint32_t)block->len + 4;

	for (size_t i = 0; i < 4; i++)
		block->data[4 + i] = (uint8_t)(len >> 8 * i);
	put32(block, len);
	fwrite(block->data, 1, block->len, file);
}

static void section_write(struct block *block, const struct pcapng_about *about, FILE *file)
{
	block_begin(block, BLOCK_SECTION);
	put32(block, BYTE_ORDER_MAGIC);
	put16(block, 1);	/* version 1.0 */
	put16(block, 0);
	put64(block, UINT64_MAX);	/* length of the section: not said */
	put_text(block, OPT_COMMENT, about->comment);
	put_text(block, SHB_OS, about->os);
	put_text(block, SHB_USERAPPL, about->userappl);
	put_option(block, OPT_END, NULL, 0);
	block_end(block, file);
}

static void iface_write(struct block *block, const struct trace_iface *iface, FILE *file)
{
	auto_free char *name = must_printf("%s/%s", iface->node, iface->dev);

	block_begin(block, BLOCK_INTERFACE);
	put16(block, LINKTYPE_ETHERNET);
	put16(block, 0);
	put32(block, 0);	/* no limit to a frame's length */
	put_text(block, IF_NAME, name);
	put_text(block, IF_DESCRIPTION, iface->end ? PCAPNG_HOST : PCAPNG_BETWEEN);
	put_option(block, IF_TSRESOL, "\x09", 1);	/* 10^-9 s */
	put_option(block, OPT_END, NULL, 0);
	block_end(block, file);
}

/* @pair is "ADDRESS NAME". What is no address has no place here and is left out. */
static void name_put(struct block *block, const char *pair)
{
	const char *name = strchr(pair, ' ');
	char addr[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	size_t len, n;

	if (!name || (size_t)(name - pair) >= sizeof(addr))
		return;
	memcpy(addr, pair, (size_t)(name - pair));
	addr[name - pair] = '\0';
	n = inet_pton(AF_INET, addr, bytes) == 1 ? 4 : inet_pton(AF_INET6, addr, bytes) == 1 ? 16 : 0;
	len = strlen(name);	/* the space makes room for the NUL */
	if (!n || len < 2 || len > 255)
		return;
	put16(block, n == 4 ? NRB_IPV4 : NRB_IPV6);
	put16(block, (uint32_t)(n + len));
	put(block, bytes, n);
	put(block, name + 1, len);
	pad(block);
}

static void names_write(struct block *block, const char *const *names, FILE *file)
{
	if (!names || !*names)
		return;
	block_begin(block, BLOCK_NAMES);
	for (; *names; names++)
		name_put(block, *names);
	put_option(block, NRB_END, NULL, 0);
	block_end(block, file);
}

static void frame_write(struct block *block, const struct trace_frame *frame, int64_t start_ns,
			FILE *file)
{
	uint64_t stamp = (uint64_t)start_ns + (uint64_t)frame->at_ns;
	uint8_t id[8];

	block_begin(block, BLOCK_PACKET);
	put32(block, frame->iface);
	put32(block, (uint32_t)(stamp >> 32));
	put32(block, (uint32_t)stamp);
	put32(block, frame->len);
	put32(block, frame->len);
	put(block, frame->data, frame->len);
	pad(block);
	put_option(block, EPB_FLAGS, (uint8_t[]){ frame->out ? FLAG_OUT : FLAG_IN, 0, 0, 0 }, 4);
	for (size_t i = 0; i < 8; i++)
		id[i] = (uint8_t)(frame->packet_id >> 8 * i);
	if (frame->packet_id)
		put_option(block, EPB_PACKETID, id, 8);
	put_text(block, OPT_COMMENT, frame->comment);
	put_option(block, OPT_END, NULL, 0);
	block_end(block, file);
}

int pcapng_write(const char *path, const struct trace *trace, const struct pcapng_about *about,
		 struct err *err)
{
	FILE *file = fopen(path, "we");
	struct block block = { 0 };
	int code = 0;

	if (!file)
		return err_set(err, errno, "cannot write %s", path);
	setvbuf(file, NULL, _IOFBF, 1 << 18);
	section_write(&block, about, file);
	for (unsigned int i = 0; i < trace->n_ifaces; i++)
		iface_write(&block, &trace->ifaces[i], file);
	names_write(&block, about->names, file);
	for (unsigned int i = 0; i < trace->n_frames && !ferror(file); i++)
		frame_write(&block, &trace->frames[i], about->start_ns, file);
	if (ferror(file))
		code = errno;
	free(block.data);
	if (fclose(file) && !code)
		code = errno;
	return code ? err_set(err, code, "cannot write %s", path) : 0;
}
