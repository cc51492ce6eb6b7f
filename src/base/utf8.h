/* SPDX-License-Identifier: Apache-2.0 */
/* utf8 - what is one well-formed character, and what may be shown on a terminal. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the well-formed sequence at @s, which has @left bytes; 0 when there is none. */
unsigned utf8_len(const unsigned char *s, size_t left);
/* For the @len bytes of one character: C0 controls, DEL and C1 controls, which terminals obey. */
bool utf8_is_control(const unsigned char *s, unsigned len);

#define UTF8_ESCAPED_MAX 8
/*
 * Writes the character at *@s to @out as it may be shown: itself, or \xNN for each byte that is a
 * control or not UTF-8. Moves *@s on; @end is its limit. Returns the bytes written.
 */
size_t utf8_escape(const unsigned char **s, const unsigned char *end, char out[UTF8_ESCAPED_MAX]);

#endif
