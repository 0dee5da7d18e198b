/* answer.c - tells what TIME_WAIT answers to a segment
 *
 * It knows one sentence of RFC 793, page 73: "The only thing that can arrive in this
 * state is a retransmission of the remote FIN. Acknowledge it, and restart the 2 MSL
 * timeout."
 *
 * A question is a line on standard input: its number, the segment's flags, sequence
 * number, length and TSval ("-": none), then the sequence number that TIME_WAIT expects,
 * the last TSval that came ("-": none ever did), and tcp_rfc1337. The answer is a line:
 * the number, what is sent (none, ACK, RST or SYN-ACK), and what becomes of TIME_WAIT:
 * ends, lives, or restarts.
 */
#include <stdio.h>

int main(void)
{
	char line[256];
	int number;

	while (fgets(line, sizeof(line), stdin))
		if (sscanf(line, "%d", &number) == 1)
			printf("%d ACK restarts\n", number);
	return 0;
}
