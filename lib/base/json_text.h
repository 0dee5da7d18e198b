/* json_text.h - text that somebody else wrote, as JSON
 *
 * jansson makes no string of bytes that are no UTF-8: it gives NULL, and what that was to be
 * a part of is NULL, too, or lacks it. So whatever does not stand in this source (names, paths,
 * arguments, what a program printed) becomes JSON here.
 */
#ifndef TWLAB_JSON_TEXT_H
#define TWLAB_JSON_TEXT_H

#include <twlab/base.h>

#include <jansson.h>

/* @text for people to read, a byte that is no UTF-8 as "\xe9"; null for NULL. Never a NULL pointer. */
json_t *json_text(const char *text);

/* The same as the name of a member of @object. @value is the object's then. */
void json_text_set(json_t *object, const char *name, json_t *value);

/* The same in quotes, where an object is printed and not built. Owned by the caller. */
char *json_text_quoted(const char *text);

/* @text for a program that needs each of its bytes again (a path, an argument): a character
 * for each. And back: owned by the caller; NULL if @json is no such thing.
 */
json_t *json_bytes(const char *text);
char *json_bytes_value(const json_t *json);

#endif
