/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8 - what is one well-formed character, and what may be shown on a terminal.
 *
 * Well-formed is meant as in RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#include "base/utf8.h"

#include <string.h>

/* The second byte's range is what rules out overlong forms, surrogates and too high values. */
static bool second_fits(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return second >= 0x80 && second <= 0xbf;
	}
}

unsigned utf8_len(const unsigned char *s, size_t left)
{
	unsigned len;

	if (left == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (left < len || !second_fits(s[0], s[1]))
		return 0;
	for (unsigned i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool utf8_is_control(const unsigned char *s, unsigned len)
{
	if (len == 1)
		return s[0] < 0x20 || s[0] == 0x7f;
	return len == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

static void escape_byte(unsigned char c, char out[4])
{
	static const char hex[] = "0123456789abcdef";

	out[0] = '\\';
	out[1] = 'x';
	out[2] = hex[c >> 4];
	out[3] = hex[c & 15];
}

size_t utf8_escape(const unsigned char **s, const unsigned char *end, char out[UTF8_ESCAPED_MAX])
{
	const unsigned char *at = *s;
	unsigned len = utf8_len(at, (size_t)(end - at));

	if (len > 0 && !utf8_is_control(at, len)) {
		memcpy(out, at, len);
		*s += len;
		return len;
	}
	if (len == 0)
		len = 1;
	for (unsigned i = 0; i < len; i++)
		escape_byte(at[i], out + 4 * (size_t)i);
	*s += len;
	return 4 * (size_t)len;
}
