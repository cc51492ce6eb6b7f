/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan - which bytes may stand where in the head of a request, and how far they go.
 *
 * Long runs go eight bytes at a time, as long as all eight may stand there, and end at the first
 * that may not. Only a tab, which is rare, sends the rest of a value byte by byte.
 */
#include "httpd/scan.h"

#include <endian.h>
#include <string.h>

enum {
	T = SCAN_TOKEN,
	G = SCAN_TARGET,
	V = SCAN_VALUE,
	H = SCAN_HOST,
	X = SCAN_LITERAL,
};

const uint8_t scan_class[256] = {
	['\t'] = V,
	[' '] = V,
	['!'] = T | G | V | H,
	['"'] = G | V,
	['#'] = T | V,
	['$' ... '\''] = T | G | V | H,
	['(' ... ')'] = G | V | H,
	['*' ... '+'] = T | G | V | H,
	[','] = G | V,
	['-'] = T | G | V | H,
	['.'] = T | G | V | H | X,
	['/'] = G | V,
	['0' ... '9'] = T | G | V | H | X,
	[':'] = G | V | X,
	[';'] = G | V | H,
	['<'] = G | V,
	['='] = G | V | H,
	['>' ... '@'] = G | V,
	['A' ... 'F'] = T | G | V | H | X,
	['G' ... 'Z'] = T | G | V | H,
	['[' ... ']'] = G | V,
	['^'] = T | G | V,
	['_'] = T | G | V | H,
	['`'] = T | G | V,
	['a' ... 'f'] = T | G | V | H | X,
	['g' ... 'z'] = T | G | V | H,
	['{'] = G | V,
	['|'] = T | G | V,
	['}'] = G | V,
	['~'] = T | G | V | H,
	[0x80 ... 0xff] = V,
};

#define EACH(byte) (0x0101010101010101u * (byte))

/* Bit 7 of each byte of @v that is less than @n, at most 128; perhaps of others above one such. */
static uint64_t bytes_below(uint64_t v, uint8_t n)
{
	return (v - EACH(n)) & ~v & EACH(0x80);
}

static uint64_t bytes_like(uint64_t v, uint8_t c)
{
	return bytes_below(v ^ EACH(c), 1);
}

/* The first of them is the lowest. */
static uint64_t eight_bytes(const char *s)
{
	uint64_t v;

	memcpy(&v, s, sizeof(v));
	return le64toh(v);
}

static size_t first_of(uint64_t found)
{
	return (size_t)__builtin_ctzll(found) / 8;
}

size_t scan_value(const char *s, size_t at, size_t len)
{
	for (; len - at >= 8; at += 8) {
		uint64_t v = eight_bytes(s + at);
		uint64_t odd = bytes_below(v, ' ') | bytes_like(v, 0x7f);

		if (odd)
			return scan_run(s, at + first_of(odd), len, SCAN_VALUE);
	}
	return scan_run(s, at, len, SCAN_VALUE);
}

size_t scan_target(const char *s, size_t at, size_t len)
{
	for (; len - at >= 8; at += 8) {
		uint64_t v = eight_bytes(s + at);
		uint64_t odd = bytes_below(v, '!') | bytes_like(v, 0x7f) | bytes_like(v, '#') |
			       (v & EACH(0x80));

		if (odd)
			return at + first_of(odd);
	}
	return scan_run(s, at, len, SCAN_TARGET);
}

size_t scan_plain(const char *s, size_t at, size_t len)
{
	for (; len - at >= 8; at += 8) {
		uint64_t v = eight_bytes(s + at);
		uint64_t odd = bytes_below(v, ' ') | bytes_like(v, 0x7f) | bytes_like(v, '"') |
			       bytes_like(v, '\\') | (v & EACH(0x80));

		if (odd)
			return at + first_of(odd);
	}
	while (at < len && s[at] >= ' ' && s[at] < 0x7f && s[at] != '"' && s[at] != '\\')
		at++;
	return at;
}

size_t scan_copy_name(char *out, const char *s, size_t len)
{
	size_t n = 0;

	for (; len - n >= 8; n += 8) {
		uint64_t v = eight_bytes(s + n);
		uint64_t odd = bytes_like(v, '/') | bytes_like(v, '%');

		memcpy(out + n, s + n, 8);
		if (odd)
			return n + first_of(odd);
	}
	for (; n < len && s[n] != '/' && s[n] != '%'; n++)
		out[n] = s[n];
	return n;
}

/* Letters of @word, and nothing else that we compare with, have bit 6: the other case lacks bit 5.
 */
static bool same_four(const char *s, const char *word)
{
	uint32_t a, b;

	memcpy(&a, s, sizeof(a));
	memcpy(&b, word, sizeof(b));
	return (a | (b & 0x40404040) >> 1) == b;
}

bool scan_same(const char *s, const char *word, size_t len)
{
	for (size_t at = 0; at + 4 < len; at += 4)
		if (!same_four(s + at, word + at))
			return false;
	return same_four(s + len - 4, word + len - 4);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool scan_element(struct scan_list *l, const char **ret, size_t *ret_len)
{
	const char *s = l->s, *end, *comma;

	if (!s)
		return false;
	comma = memchr(s, ',', (size_t)(l->end - s));
	end = comma ? comma : l->end;
	l->s = comma ? comma + 1 : NULL;
	while (s < end && is_blank(*s))
		s++;
	while (end > s && is_blank(end[-1]))
		end--;
	*ret = s;
	*ret_len = (size_t)(end - s);
	return true;
}
