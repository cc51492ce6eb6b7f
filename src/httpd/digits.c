/* SPDX-License-Identifier: Apache-2.0 */
/* digits - decimal numbers without printf, eight digits at a time. */
#include "httpd/digits.h"

#include <endian.h>
#include <string.h>

#define EIGHT_DIGITS 100000000u

/* The digits of @value, the first in the lowest byte: halves, then pairs, then digits side by side.
 */
static uint64_t eight_of(uint32_t value)
{
	uint64_t v = value / 10000 | (uint64_t)(value % 10000) << 32, high;

	high = v * 10486 >> 20 & 0x0000007f0000007f; /* each / 100 */
	v = high | (v - high * 100) << 16;
	high = v * 103 >> 10 & 0x000f000f000f000f; /* each / 10 */
	return high | (v - high * 10) << 8;
}

/* What few numbers need. */
__attribute__((noinline)) static char *put_long(char *out, uint64_t value)
{
	out = digits_put(out, value / EIGHT_DIGITS);
	digits_put_n(out, (int)(value % EIGHT_DIGITS), 8);
	return out + 8;
}

char *digits_put(char *out, uint64_t value)
{
	uint64_t digits;
	unsigned noughts; /* in front */

	if (value >= EIGHT_DIGITS)
		return put_long(out, value);
	digits = eight_of((uint32_t)value);
	noughts = (unsigned)__builtin_ctzll(digits | 1ull << 56) / 8;
	digits = htole64((digits | 0x3030303030303030) >> 8 * noughts);
	memcpy(out, &digits, sizeof(digits));
	return out + 8 - noughts;
}
