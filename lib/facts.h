/* facts.h - one line read out of the evidence: who, what, how much, where seen
 *
 * facts.tsv has a fact a line: node, name, value, where. Times are milliseconds
 * with three decimals; names are built from these parts (K, J = 1, 2, ...):
 *
 *  connK.path                  the states that node's K-th connection went through: "SYN_SENT ESTABLISHED FIN_WAIT1 ..."; ends in CLOSE when the socket is gone
 *  connK.STATE.ms              time spent there, all stays added ("" when it was still there at the end)
 *  connK.STATE.timer_ms        greatest remaining time of its timer that was seen
 *  connK.STATE.rearmed         how often that timer was set anew
 *  connK.sent.KIND             segments sent, KIND = SYN SYN-ACK FIN RST ACK DATA (FIN with or without ACK; ACK = bare ACK only)
 *  connK.rcvd.KIND, connK.lost.KIND	... received; sent but lost on the way
 *  connK.first_fin             "yes" if this side's FIN was sent first (both if they crossed: sent before the other's was received)
 *  connK.last_sent             kind of the last segment it sent
 *  connK.KIND.J.at_ms          when it sent its J-th SYN, FIN or RST, since its first segment of that connection
 *  connK.KIND.J.gap_ms         ... since the one before
 *  connK.KIND.J.answer         kind of the segment that the other side sent next in answer ("" = none before the next of this KIND)
 *  connK.served_ms             from its first SYN to ESTABLISHED; "" if never
 *  conns                       how many connections the node had
 *  TIME_WAIT.max               most sockets in TIME_WAIT at one moment
 *  syn.older.answered, syn.older.silent, syn.newer.answered, syn.newer.silent, syn.no_ts.answered, syn.no_ts.silent
 *                              SYNs that arrived at this node, by whether their TSval was older (by more than one tick) than the
 *                              newest TSval that this source address had sent to it in a connection that this node closed first, less than 60 s before
 *  mib.NAME                    by how much a counter rose (TcpExt, Tcp, Ip...: only those that rose), NAME as nstat prints it without its prefix
 *  netem.DEV.drops             what netem took
 *  prog.NAME                   from lines "NAME=VALUE" that the node's program printed
 *  count.NAME                  from "count" events: see events.jsonl
 */
#ifndef TWLAB_FACTS_H
#define TWLAB_FACTS_H

#include "lib/evidence.h"

struct fact {
	char *node;
	char *name;
	char *value;
	char *where;	/* "packets.pcapng:12,14" (frame numbers as Wireshark counts), "states.jsonl:7", "counters.json", "programs/client.out:2" */
};

struct facts {
	struct fact *rows;
	unsigned int n;
};

/* Everything that the evidence says, in a fixed order. Free with facts_free(). */
void facts_collect(const struct evidence *evidence, struct facts *facts);
const struct fact *facts_find(const struct facts *facts, const char *node, const char *name);
int facts_write(const struct facts *facts, const char *path, struct err *err);
int facts_read(const char *path, struct facts *facts, struct err *err);
void facts_free(struct facts *facts);

#endif
