/* packets.c - packets and frames, and the file that holds them */
#include "tests/fuzz/packets.h"

#include <twlab/packet.h>
#include <twlab/pcapng.h>
#include <twlab/tcp.h>

void fuzz_pcapng(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	struct trace *trace = pcapng_read(fuzz_file(data, len), 1767225610005079127, 60 * NS_PER_S, NULL);

	(void)target;
	for (unsigned int i = 0; trace && i < trace->n_segments; i++)
		assert(trace->segments[i].conn < trace->n_conns && trace->segments[i].n_sightings);
	trace_free(trace);
}

void fuzz_frame(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	auto_free uint8_t *frame = must_calloc(len, 1);
	struct tcp_view view;
	char flags[40];

	(void)target;
	if (len)
		memcpy(frame, data, len);
	if (!tcp_read(frame, (uint32_t)len, &view))
		return;
	assert(view.payload + view.payload_len <= frame + len && view.options + view.options_len <= frame + len);
	tcp_flags_text(view.flags, flags);
	assert(*tcp_kind_name(tcp_kind(&view)));
}

void fuzz_packet(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	auto_free uint8_t *ip = must_calloc(len, 1);
	struct packet packet;
	bool sound;

	(void)target;
	if (len)
		memcpy(ip, data, len);
	if (!packet_read(ip, len, &packet))
		return;
	sound = packet_sound(ip, len);
	if (!packet.ts)
		return;
	packet_put(&packet, packet.ts, packet_tsval(&packet) + 1);
	packet_put(&packet, packet.ts + 4, ~packet_tsecr(&packet));
	assert(packet_sound(ip, len) == sound);
}
