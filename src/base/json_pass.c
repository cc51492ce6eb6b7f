/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_pass - past an object that nobody wants to read.
 *
 * Eight bytes at a time in one word, without a branch for a quote: names in quotes are short, so
 * that a processor guesses wrongly where the next one ends. In all masks bit 7 of a byte speaks for
 * it. Only brackets outside of strings are looked at one by one; they are few.
 */
#include "base/json_pass.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define EACH(byte) (0x0101010101010101U * (byte))
/* In these bits '{', '}', '[' and ']' differ; y, Y, _ and DEL are like them but for these. */
#define BRACKETS_DIFFER 0x26
#define ANY_BRACKET     0x7f

/* Which bytes of @v are @c. */
static uint64_t bytes_like(uint64_t v, uint8_t c)
{
	uint64_t x = v ^ EACH(c);

	return ~(((x & EACH(0x7f)) + EACH(0x7f)) | x) & EACH(0x80);
}

/* Which bytes are in a string, its first quote with them; *open: all bits when one goes on. */
static uint64_t bytes_in_strings(uint64_t v, uint64_t *open)
{
	uint64_t in = bytes_like(v, '"');

	in ^= in << 8;
	in ^= in << 16;
	in ^= in << 32;
	in ^= *open;
	*open = 0 - (in >> 63);
	return in;
}

/* The lowest byte of @v is the first. Returns how many of them end the object, 0 when none does. */
static unsigned pass_word(uint64_t v, uint64_t *open, unsigned *depth)
{
	uint64_t found = bytes_like(v | EACH(BRACKETS_DIFFER), ANY_BRACKET);

	for (found &= ~bytes_in_strings(v, open); found; found &= found - 1) {
		unsigned bit = (unsigned)__builtin_ctzll(found) & ~7U;

		switch (v >> bit & 0xff) {
		case '{':
		case '[':
			++*depth;
			break;
		case '}':
		case ']':
			if (--*depth == 0)
				return bit / 8 + 1;
			break;
		default:
			break;
		}
	}
	return 0;
}

/* As if no backslash were in a string. */
static size_t object_length(const char *text, size_t len)
{
	uint64_t v, open = 0;
	unsigned n, depth = 0;
	size_t i;

	for (i = 0; len - i >= sizeof(v); i += sizeof(v)) {
		memcpy(&v, text + i, sizeof(v));
		n = pass_word(le64toh(v), &open, &depth);
		if (n > 0)
			return i + n;
	}
	v = 0;
	memcpy(&v, text + i, len - i);
	n = pass_word(le64toh(v), &open, &depth);
	return n > 0 ? i + n : 0;
}

size_t json_pass(const char *text, size_t len, const char *unless)
{
	size_t n = object_length(text, len);

	return memchr(text, '\\', n) || memmem(text, n, unless, strlen(unless)) ? 0 : n;
}
