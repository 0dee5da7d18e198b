/* pcapng_blocks.h - the numbers of draft-ietf-opsawg-pcapng that we use */
#ifndef TWLAB_PCAPNG_BLOCKS_H
#define TWLAB_PCAPNG_BLOCKS_H

#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINKTYPE_ETHERNET 1

enum {			/* kinds of blocks */
	BLOCK_INTERFACE = 1,
	BLOCK_NAMES = 4,
	BLOCK_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
};

enum {			/* options: for all blocks, section, interface, packet */
	OPT_END = 0, OPT_COMMENT = 1,
	SHB_OS = 3, SHB_USERAPPL = 4,
	IF_NAME = 2, IF_DESCRIPTION = 3, IF_TSRESOL = 9, IF_TSOFFSET = 14,
	EPB_FLAGS = 2, EPB_PACKETID = 5,
};

enum { NRB_END = 0, NRB_IPV4 = 1, NRB_IPV6 = 2 };
enum { FLAG_IN = 1, FLAG_OUT = 2, FLAG_DIRECTION = 3 };

/* What if_description says: where packets begin and end, or pass. */
#define PCAPNG_HOST "host"
#define PCAPNG_BETWEEN "on the way"

#endif
