/* traits.h - what a kernel is and can do
 *
 * Found out by trying, on the kernel itself, and never concluded from its version:
 * distributions carry changes back. A trait is a name and a value:
 *
 *	"yes", "no"		what is tried; "no: REASON" where there is one
 *	"each", "first", "no"	a sysctl: each network namespace has its own; only the
 *				first has it, for all; none has
 *	anything else		a number, a text
 */
#ifndef TWLAB_BATCH_TRAITS_H
#define TWLAB_BATCH_TRAITS_H

#include <jansson.h>

#include "labs/plan/plan.h"

struct kernel;

/* Those of the kernel that this program runs on: an object, in the table's order. */
json_t *traits_probe(void);

/* Read "NAME<tab>VALUE" lines, as traits_print() writes them. NULL and @err for what
 * is none of that, or lacks a trait.
 */
json_t *traits_read(const char *text, struct err *err);
void traits_print(FILE *out, const json_t *traits);

/* Can a kernel of these @traits play @plan? If not, why not, in @why (to be freed). */
bool traits_allow(const json_t *traits, const struct plan *plan, char **why);

/* The table for people: each trait, what it is, its value; and which labs it allows. */
void traits_show(FILE *out, const json_t *traits);

/* Kernel @name's, kept beside it. NULL when there are none, or of another twlab. */
json_t *traits_load(const char *name);
int traits_keep(const char *name, const json_t *traits, struct err *err);

/* Find them out by running @name in a guest. Where its console's last lines may tell
 * why it failed, they are in @console (to be freed), else it is NULL.
 */
json_t *traits_of(const char *name, char **console, struct err *err);

#endif
