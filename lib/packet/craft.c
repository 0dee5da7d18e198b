/* craft.c - a segment that no program would send, from a few words */
#include <twlab/craft.h>

#include <twlab/number.h>


static const struct {
	const char *name;
	uint8_t flags;
} kinds[] = {
	{ "SYN", TCP_SYN }, { "FIN", TCP_FIN | TCP_ACK }, { "RST", TCP_RST },
	{ "ACK", TCP_ACK }, { "DATA", TCP_PSH | TCP_ACK },
};

/* "+1", "-1": relative; "1000": as it is. */
static bool read_number(const char *text, struct craft_number *number)
{
	long long value;
	bool is = number_integer(text, &value);

	*number = (struct craft_number){ true, *text == '+' || *text == '-', (uint32_t)value };
	return is && value >= -(1LL << 31) && value < 1LL << 32;
}

static bool read_word(char *word, struct craft *craft)
{
	const struct { const char *name; struct endpoint *end; } ends[] = {
		{ "from=", &craft->spec.src }, { "to=", &craft->spec.dst },
	};
	const struct { const char *name; struct craft_number *number; } numbers[] = {
		{ "seq=", &craft->seq }, { "ack=", &craft->ack }, { "ts=", &craft->ts },
	};

	for (size_t e = 0; e < ARRAY_SIZE(ends); e++)
		if (!strncmp(word, ends[e].name, strlen(ends[e].name)))
			return endpoint_parse(word + strlen(ends[e].name), ends[e].end);
	for (size_t n = 0; n < ARRAY_SIZE(numbers); n++)
		if (!strncmp(word, numbers[n].name, strlen(numbers[n].name)))
			return read_number(word + strlen(numbers[n].name), numbers[n].number);
	if (strncmp(word, "data=", 5))
		return false;
	craft->spec.data = word + 5;
	craft->spec.len = (uint16_t)strlen(word + 5);
	return true;
}

int craft_read(const char *what, struct craft *craft, struct err *err)
{
	char *save = NULL, *word;

	*craft = (struct craft){ .words = must_strdup(what) };
	word = strtok_r(craft->words, " ", &save);
	for (size_t k = 0; word && k < ARRAY_SIZE(kinds); k++)
		if (!strcmp(word, kinds[k].name))
			craft->spec.flags = kinds[k].flags;
	if (!craft->spec.flags)
		return err_set(err, 0, "'%s' is no segment: it begins with SYN, FIN, RST, ACK or DATA", what);
	while ((word = strtok_r(NULL, " ", &save)))
		if (!read_word(word, craft))
			return err_set(err, 0, "'%s' does not say anything about a segment", word);
	if (!craft->spec.src.family || craft->spec.src.family != craft->spec.dst.family)
		return err_set(err, 0, "'%s' needs from= and to=", what);
	if ((craft->spec.flags & TCP_PSH) && !craft->spec.len)
		return err_set(err, 0, "'%s' needs data=", what);
	if (craft->ack.given)
		craft->spec.flags |= TCP_ACK;
	return 0;
}

static void see(struct craft_end *end, const struct tcp_view *tcp)
{
	uint32_t next = tcp->seq + tcp_seq_len(tcp);

	if (tcp->flags & TCP_RST)	/* its numbers may be anybody's */
		return;
	if (!end->sent || tcp->flags & TCP_SYN || tcp_after(next, end->next))
		end->next = next;
	end->sent = true;
	end->stamped = tcp->has_ts;
	end->tsval = tcp->tsval;
}

void craft_see(struct craft *craft, const struct tcp_view *tcp)
{
	const struct endpoint *from = &craft->spec.src, *to = &craft->spec.dst;

	if (endpoint_equal(&tcp->src, from) && endpoint_equal(&tcp->dst, to))
		see(&craft->from, tcp);
	else if (endpoint_equal(&tcp->src, to) && endpoint_equal(&tcp->dst, from))
		see(&craft->to, tcp);
}

static int count_from(uint32_t *value, const struct craft_number *number, bool seen, uint32_t from,
		      const char *name, struct err *err)
{
	bool relative = number->relative || !number->given;

	if (relative && !seen)
		return err_set(err, 0, "there is nothing that %s could count from", name);
	*value = number->value + (relative ? from : 0);
	return 0;
}

int craft_finish(struct craft *craft, struct err *err)
{
	struct packet_spec *spec = &craft->spec;

	if (count_from(&spec->seq, &craft->seq, craft->from.sent, craft->from.next, "seq", err))
		return err_code(err);
	if (spec->flags & TCP_ACK &&
	    count_from(&spec->ack, &craft->ack, craft->to.sent, craft->to.next, "ack", err))
		return err_code(err);
	spec->has_ts = craft->ts.given;
	spec->tsecr = spec->flags & TCP_SYN || !craft->to.stamped ? 0 : craft->to.tsval;
	return spec->has_ts ? count_from(&spec->tsval, &craft->ts, craft->from.stamped,
					 craft->from.tsval, "ts", err) : 0;
}

void craft_free(struct craft *craft)
{
	free(craft->words);
	*craft = (struct craft){ 0 };
}
