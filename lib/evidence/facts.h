/* facts.h - one line read out of the evidence: who, what, how much, where seen
 *
 * facts.tsv has a fact a line: node, name, value, where. Times are milliseconds
 * with three decimals. A value is "" where there is nothing to say (a state that
 * was still there at the end has no length). Names are built from these parts
 * (K, J = 1, 2, ...; KIND = SYN SYN-ACK FIN RST ACK DATA: FIN with or without
 * ACK, ACK with nothing else):
 *
 *  connK.path                  the states that node's K-th connection went through: "SYN_SENT ESTABLISHED FIN_WAIT1 ...";
 *                              ends in CLOSE when the socket is gone; "" when it never had a socket (a SYN without an answer);
 *                              "unknown" where no socket was looked at (a capture of another tool)
 *  connK.STATE.ms              time spent there, all stays added
 *  connK.STATE.timer_ms        greatest remaining time of its timer that was seen
 *  connK.STATE.rearmed         how often that timer was set anew
 *  connK.sent.KIND             segments sent: those first seen leaving this node (a copy that the net made was not sent, nor what
 *                              a NAT, a router or another host made in its name)
 *  connK.rcvd.KIND             ... that came in (a copy that came in, too)
 *  connK.lost.KIND             ... that it sent and that never arrived, but what was under way at the end
 *  connK.made_up.KIND          ... that a step made up here (DO_SEND), counted in sent, too; only if there were any
 *  connK.stray.segments        ... that came in under another four-tuple than the connection's, since a NAT did not translate
 *                              them, and so are of no connection here; only if there were any
 *  connK.stray.from            where the last of them came from ("10.1.0.1:40000")
 *  connK.first_fin             "yes" if this side's kernel sent a FIN before it got one (both may), else "no"
 *  connK.last_sent             kind of the last segment it sent
 *  connK.KIND.J.at_ms          when it sent its J-th SYN, SYN-ACK, FIN or RST, since the first segment that it sent or got there
 *  connK.KIND.J.gap_ms         ... since the one before (J > 1)
 *  connK.KIND.J.answer         kind of the segment that the other side's kernel sent next in answer ("" = none before it got the next of
 *                              this KIND)
 *  connK.KIND.J.by             the node that made the J-th SYN, SYN-ACK, FIN or RST that it sent: this one, or "made up at NODE" (this
 *                              one) if a step did (DO_SEND)
 *  connK.rcvd.KIND.J.by        the node that made the J-th SYN, SYN-ACK, FIN or RST that came in: the other end ("server"), a NAT,
 *                              router or host that did so in its name ("nat"), or "made up at NODE"; "" if nobody saw it leave.
 *                              What a NAT translates, a router passes on or the net doubles is its sender's
 *  connK.SYN.J.tsecr, connK.SYN-ACK.J.tsecr
 *                              TSecr of its J-th SYN or SYN,ACK, where that has a timestamp
 *  connK.SYN.J.options, connK.SYN-ACK.J.options
 *                              what it offers: "mss=1460 sack ts wscale=7"
 *  connK.isn_step              its ISN, less the next sequence number of what this node had sent on the same four-tuple in the
 *                              connection before; not given for the first on a four-tuple
 *  connK.served_ms             client only: from its first SYN to ESTABLISHED; "" if never
 *  connK.ICMP.J.type, connK.ICMP.J.code, connK.ICMP.J.name
 *                              the J-th ICMP error about a segment that it sent: its numbers, and in words ("host unreachable")
 *  connK.ICMP.J.by             the node that made it ("router"); "" if it was not captured there
 *  connK.ICMP.J.about          kind of the segment that it is about
 *  connK.ICMP.J.at_ms          when it came in, since the first segment that this side sent or got there; "" if it never did
 *  conns                       how many connections the node met packets of
 *  TIME_WAIT.max               most sockets in TIME_WAIT at one moment; "" where no socket was looked at
 *  syn.older.answered, syn.older.silent, syn.newer.answered, syn.newer.silent, syn.no_ts.answered, syn.no_ts.silent,
 *  syn.first.answered, syn.first.silent
 *                              SYNs that arrived at this node, by whether their TSval was older (by more than one tick) than the
 *                              newest TSval that this source address had sent to it in a connection that this node closed first,
 *                              its FIN having come less than 60 s before; newer = not older; no_ts = without a TSval; first = no
 *                              such connection. Not given for nodes that no SYN arrived at
 *  sent.KIND                   of a router or NAT: segments that it made itself, in whosever name (a reject rule, its kernel): RST
 *                              always, the others if there were any. Of a host: those that it made in the name of others, if any
 *  made_up.KIND                ... of those, that a step made up there (DO_SEND); only if there were any
 *  nats                        of a NAT: how many entries of TCP connections its table had, by conntrack's own events: one that
 *                              is destroyed and made again at once is two. K counts them by the packet that made them
 *  natK.from, natK.to          who opened the K-th, to where ("203.0.113.2:80")
 *  natK.target                 where the NAT sends what goes there: the same as .to where it does not change destinations (DNAT)
 *  natK.as                     what who opened it is taken for there ("203.0.113.1:40000")
 *  natK.path                   the states that the K-th went through, by conntrack: "SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT ..."
 *  natK.STATE.ms               time spent there, all stays added (0.000: it was left before the table could be looked at); a FIN
 *                              sets a state's time anew, too, hence
 *  natK.STATE.rearmed          how often that was seen
 *  natK.ms                     how long it was there
 *  trial.n                     segments tried on TIME_WAITs as this node would have them (DO_TRIAL)
 *  trial.none, trial.ACK, trial.RST, trial.SYN-ACK
 *                              how many of them were answered so
 *  trial.ends, trial.lives, trial.restarts
 *                              after how many TIME_WAIT was gone; was there, its timer running on; was there, its 60 s begun anew
 *  trial.agreed                share of those that a program was asked about (DO_ASK) of which it told both rightly, in %, rounded down
 *  trial.CLASS.n, ...          the same of one class of segments (<twlab/trial.h>)
 *  mib.NAME                    by how much a counter rose (TcpExt, Tcp, Ip...: only those that rose), NAME as nstat prints it without its prefix
 *  netem.DEV.drops             what netem took
 *  netem.DEV.packets           what it let pass
 *  prog.NAME                   from lines "NAME=VALUE" that the node's program printed; the last one, where there are several
 *  count.NAME                  from "count" events: words "NAME=VALUE"
 *  conf.KEY.error              of a file that sysctl -p applied: "0", or why its line for KEY failed ("ENOENT")
 *  conf.KEY.usual, conf.KEY.was, conf.KEY.is
 *                              the value in a namespace just made, in this node before, and after; "" where there is no KEY
 *  conf.errors                 how many lines failed: sysctl's status is 1 if there were any
 */
#ifndef TWLAB_FACTS_H
#define TWLAB_FACTS_H

#include <twlab/evidence.h>
#include <twlab/facts_file.h>

#pragma GCC visibility push(default)	/* public */

/* Everything that the evidence says, in a fixed order. Free with facts_free(). */
void facts_collect(const struct evidence *evidence, struct facts *facts);

#pragma GCC visibility pop

#endif
