/* transport.c - how the guest talks to QEMU: x86 I/O ports, from user space, or a serial port */
#include "harness/guest/transport.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <termios.h>

#include <twlab/fs.h>
#include "harness/guest/init.h"
#include "harness/vm/protocol.h"
#include <twlab/digest.h>

#define PVPANIC		0x505	/* QEMU docs/specs/pvpanic */
#define PVPANIC_PANICKED 1
#define FW_CFG_SELECT	0x510	/* QEMU docs/specs/fw_cfg */
#define FW_CFG_DATA	0x511
#define FW_CFG_FILES	0x19	/* the key of the list of files */
#define FW_CFG_DMA	0x514	/* two words, the high one first, big endian */
#define FW_CFG_DMA_READ	2
#define PAGE		4096
#define DEBUGCON	0xe9

#define BLOCK		4096	/* of a result on the serial port */

static int serial = -1;

/* One entry of fw_cfg's list of files; numbers are big endian. */
struct fw_cfg_file {
	uint32_t size;
	uint16_t key;
	uint16_t reserved;
	char name[56];
};

/* <sys/io.h>'s insb() and outsb() do not tell the compiler that they touch memory. */
static void read_bytes(unsigned short port, void *data, size_t len)
{
	__asm__ volatile("cld; rep insb" : "+D"(data), "+c"(len) : "d"(port) : "memory");
}

static void write_bytes(unsigned short port, const void *data, size_t len)
{
	__asm__ volatile("cld; rep outsb" : "+S"(data), "+c"(len) : "d"(port) : "memory");
}

/* What asks for a transfer; numbers are big endian. */
struct fw_cfg_dma {
	uint32_t control, len;
	uint64_t at;
};

/* Bytes as they are: no line discipline, no modem, no hang-up. */
static int open_serial(struct err *err)
{
	struct termios raw;

	serial = open(TRANSPORT_SERIAL, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (serial < 0 || tcgetattr(serial, &raw))
		return err_set(err, errno, "cannot use the serial port " TRANSPORT_SERIAL);
	cfmakeraw(&raw);
	cfsetspeed(&raw, B115200);
	raw.c_cflag = (raw.c_cflag | CLOCAL) & ~(tcflag_t)HUPCL;
	if (tcsetattr(serial, TCSANOW, &raw) || fcntl(serial, F_SETFL, 0))
		return err_set(err, errno, "cannot set up the serial port");
	return 0;
}

bool transport_is_serial(void)
{
	return serial >= 0;
}

int transport_open(struct err *err)
{
	if (!access(PROTOCOL_JOB_FILE, F_OK))
		return open_serial(err);
	if (ioperm(PVPANIC, 1, 1) || ioperm(FW_CFG_SELECT, 2, 1) || ioperm(FW_CFG_DMA, 8, 1) ||
	    ioperm(DEBUGCON, 1, 1))
		return err_set(err, errno, PROTOCOL_REFUSED);
	return 0;
}

void transport_close(void)
{
	if (transport_is_serial()) {
		close(serial);
		return;
	}
	ioperm(PVPANIC, 1, 0);
	ioperm(FW_CFG_SELECT, 2, 0);
	ioperm(FW_CFG_DMA, 8, 0);
	ioperm(DEBUGCON, 1, 0);
}

void transport_pause(void)
{
	if (transport_is_serial()) {
		tcdrain(serial);
		reboot(RB_AUTOBOOT);
	} else {
		outb(PVPANIC_PANICKED, PVPANIC);
	}
}

void transport_send(const void *data, size_t len)
{
	if (transport_is_serial())
		fs_write_all(serial, data, len, NULL);
	else
		write_bytes(DEBUGCON, data, len);
}

void transport_print(const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	if (len > (int)sizeof(line) - 2)
		len = (int)sizeof(line) - 2;
	for (int i = 0; i < len; i++)
		if (line[i] == '\n')
			line[i] = ' ';
	line[len++] = '\n';
	transport_send(line, (size_t)len);
}

void transport_result(const void *data, size_t len)
{
	auto_free char *digest = NULL;

	if (!transport_is_serial()) {
		transport_print("result %llu %zu", (unsigned long long)(uintptr_t)data, len);
		return;
	}
	for (size_t at = 0, n; at < len; at += n) {
		n = len - at < BLOCK ? len - at : BLOCK;
		transport_print("out %d %zu", PROTOCOL_RESULT_FD, n);
		transport_send((const char *)data + at, n);
	}
	digest = digest_of(data, len);
	transport_print("sent %zu %s", len, digest);
}

/* The device can write to memory by itself, a page at a time, if it is told where that
 * lies: in a page of ours, asked for once, before the snapshot. A byte at a time costs
 * 0.1 s a megabyte.
 */
static struct {
	volatile struct fw_cfg_dma ask;
	char data[PAGE - sizeof(struct fw_cfg_dma)];
} *bounce;
static uint64_t bounce_at;	/* in the machine's memory; 0: not known */

/* Documentation/admin-guide/mm/pagemap.rst */
static uint64_t physical(const void *page)
{
	auto_close int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof(entry), (off_t)((uintptr_t)page / PAGE * sizeof(entry))) !=
	    sizeof(entry) || !(entry >> 63))
		return 0;
	return (entry & ((1ULL << 55) - 1)) * PAGE;
}

void transport_prepare(void)
{
	bounce = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
	bounce_at = bounce == MAP_FAILED ? 0 : physical(bounce);
}

/* Up to a page of the selected file. */
static bool read_page(void *data, size_t len)
{
	bounce->ask.len = htobe32((uint32_t)len);
	bounce->ask.at = htobe64(bounce_at + offsetof(__typeof__(*bounce), data));
	bounce->ask.control = htobe32(FW_CFG_DMA_READ);
	outl(htobe32((uint32_t)(bounce_at >> 32)), FW_CFG_DMA);
	outl(htobe32((uint32_t)bounce_at), FW_CFG_DMA + 4);
	__asm__ volatile("" : : : "memory");	/* the page is another one now */
	if (bounce->ask.control)	/* it failed, or there is no such device */
		return false;
	memcpy(data, bounce->data, len);
	return true;
}

/* Go on reading the selected file. */
static void read_file(void *data, size_t len)
{
	char *to = data;

	while (bounce_at && len) {
		size_t part = len < sizeof(bounce->data) ? len : sizeof(bounce->data);

		if (!read_page(to, part))
			break;
		to += part;
		len -= part;
	}
	read_bytes(FW_CFG_DATA, to, len);
}

int transport_read(const char *name, void **data, size_t *len, struct err *err)
{
	struct fw_cfg_file file;
	uint32_t n;

	if (transport_is_serial())
		return fs_read(PROTOCOL_JOB_FILE, data, len, err);
	outw(FW_CFG_FILES, FW_CFG_SELECT);
	read_file(&n, sizeof(n));
	for (n = be32toh(n); n; n--) {
		read_file(&file, sizeof(file));
		if (strncmp(file.name, name, sizeof(file.name)))
			continue;
		*len = be32toh(file.size);
		*data = must_calloc(*len + 1, 1);
		outw(be16toh(file.key), FW_CFG_SELECT);
		read_file(*data, *len);
		return 0;
	}
	return err_set(err, ENOENT, "no file %s in fw_cfg", name);
}
