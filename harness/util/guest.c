/* guest.c - where things lie in a guest, and whether this is one */
#include "harness/util/guest.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool guest_initramfs(void)
{
	char to[sizeof(GUEST_TWLAB) + 1];
	ssize_t len = readlink(GUEST_INIT, to, sizeof(to));

	return len == (ssize_t)strlen(GUEST_TWLAB) && !memcmp(to, GUEST_TWLAB, (size_t)len);
}

bool guest_inside(void)
{
	return getenv("TWLAB_GUEST") && guest_initramfs();	/* anybody can set a variable */
}
