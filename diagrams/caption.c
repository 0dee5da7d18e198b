/* caption.c - what stands on the arrow of a segment */
#include "diagrams/caption.h"

#include "diagrams/dot.h"

double caption_width(const struct caption *caption)
{
	return dot_width(caption->bold, 12.5) + dot_width(caption->plain, 11);
}

void caption_free(struct caption *caption)
{
	free(caption->bold);
	free(caption->plain);
}

/* A note that says more than the flags and what is drawn anyway. */
static bool is_worth_it(const struct segment *segment)
{
	return segment->note && !segment->is_made_up && !(segment->tcp.flags & (TCP_SYN | TCP_RST));
}

struct caption caption_of(const struct segment *segment, bool stamps, double room)
{
	const struct tcp_view *tcp = &segment->tcp;
	auto_free char *ack = tcp->flags & TCP_ACK ? must_printf(" ack %u", segment->rel_ack) : must_strdup("");
	auto_free char *len = tcp->payload_len ? must_printf(" len %u", tcp->payload_len) : must_strdup("");
	auto_free char *ts = tcp->has_ts && stamps && tcp->flags & TCP_SYN ? must_printf(" TSval %u", tcp->tsval) : must_strdup("");
	auto_free char *numbers = must_printf("  seq %u%s%s%s", segment->rel_seq, ack, len, ts);
	const char *how = segment->is_made_up ? " made up" : segment->is_retransmission ? " again" : "";
	const char *fate = segment->rcvd_ns >= 0 ? "" : segment->is_under_way ? ", under way" : segment->icmp ? ", rejected" : ", lost";
	struct caption caption;
	char flags[40];

	tcp_flags_text(tcp->flags, flags);
	if (is_worth_it(segment)) {
		caption = (struct caption){ must_strdup(flags), must_printf("%s  \u2013 %s", numbers, segment->note) };
		if (caption_width(&caption) <= room)
			return caption;
		caption_free(&caption);
	}
	caption = (struct caption){ must_printf("%s%s%s", flags, how, fate), must_strdup(numbers) };
	if (caption_width(&caption) > room) {
		free(caption.plain);
		caption.plain = must_printf(" %s", *ts ? ts : len);
	}
	return caption;
}

struct caption caption_of_icmp(const struct icmp_error *icmp)
{
	return (struct caption){ must_printf("ICMP%s", icmp->way.rcvd_ns >= 0 ? "" : icmp->way.is_under_way ? ", under way" : ", lost"),
				 must_printf(" %s", icmp_name(icmp->family, icmp->type, icmp->code)) };
}
