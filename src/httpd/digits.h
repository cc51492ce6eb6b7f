/* SPDX-License-Identifier: Apache-2.0 */
/* digits - decimal numbers without printf, for what is written for every request. */
#ifndef HTTPD_DIGITS_H
#define HTTPD_DIGITS_H

#include <stdint.h>
#include <string.h>

#define DIGITS_MAX 20

static inline unsigned digits_count(uint64_t value)
{
	unsigned n = 1;

	for (; value >= 10000; value /= 10000)
		n += 4;
	return n + (value >= 10) + (value >= 100) + (value >= 1000);
}

/* Writes @value, at most DIGITS_MAX bytes and no 0 behind them. Returns where it ends. */
static inline char *digits_put(char *out, uint64_t value)
{
	static const char pairs[] = "0001020304050607080910111213141516171819"
				    "2021222324252627282930313233343536373839"
				    "4041424344454647484950515253545556575859"
				    "6061626364656667686970717273747576777879"
				    "8081828384858687888990919293949596979899";
	char *end = out + digits_count(value), *at = end;

	for (; value >= 10; value /= 100) {
		at -= 2;
		memcpy(at, pairs + value % 100 * 2, 2);
	}
	if (at > out)
		*out = (char)('0' + value);
	return end;
}

/* Writes the last @n digits of @value. */
static inline void digits_put_n(char *out, int value, int n)
{
	for (; n > 0; value /= 10)
		out[--n] = (char)('0' + value % 10);
}

#endif
