/* facts_icmp.c - what routers and hosts said of the segments that one side sent */
#include <twlab/facts_icmp.h>

#include <twlab/icmp.h>

static void add(struct facts *facts, const struct facts_side *side, unsigned int j, const char *part,
		const char *value, const char *where)
{
	auto_free char *name = must_printf("conn%u.ICMP.%u.%s", side->number, j, part);

	facts_add(facts, side->node, name, value, where);
}

static void error_add(struct facts *facts, const struct facts_side *side, const struct icmp_error *error, unsigned int j)
{
	const struct trace *trace = side->evidence->trace;
	const struct segment *way = &error->way;
	int64_t begin_ns = side->client ? side->conn->at_client_ns : side->conn->at_server_ns;
	unsigned int first = trace->frames[way->sightings[0]].number;
	unsigned int last = trace->frames[way->sightings[way->n_sightings - 1]].number;
	auto_free char *where = last == first ? must_printf("packets.pcapng:%u", first)
					      : must_printf("packets.pcapng:%u,%u", first, last);
	char type[8], code[8], at[32];

	snprintf(type, sizeof(type), "%u", error->type);
	snprintf(code, sizeof(code), "%u", error->code);
	add(facts, side, j, "type", type, where);
	add(facts, side, j, "code", code, where);
	add(facts, side, j, "name", icmp_name(error->family, error->type, error->code), where);
	add(facts, side, j, "by", way->from < 0 ? "" : trace->nodes[way->from], where);
	add(facts, side, j, "about", tcp_kind_name(tcp_kind(&trace->segments[error->segment].tcp)), where);
	add(facts, side, j, "at_ms", way->rcvd_ns < 0 ? "" : facts_ms(way->rcvd_ns - begin_ns, at), where);
}

void facts_icmp(struct facts *facts, const struct facts_side *side)
{
	const struct trace *trace = side->evidence->trace;
	unsigned int j = 0;

	for (unsigned int i = 0; i < trace->n_icmps; i++) {
		const struct icmp_error *error = &trace->icmps[i];

		if (&trace->conns[error->way.conn] == side->conn && !error->way.is_copy &&
		    trace->segments[error->segment].from_client == side->client)
			error_add(facts, side, error, ++j);
	}
}
