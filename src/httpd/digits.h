/* SPDX-License-Identifier: Apache-2.0 */
/* digits - decimal numbers without printf, for what is written for every request. */
#ifndef HTTPD_DIGITS_H
#define HTTPD_DIGITS_H

#include <stdint.h>
#include <string.h>

#define DIGITS_MAX 20

/* Writes @value, at most DIGITS_MAX bytes and no 0 behind them. Returns where it ends. */
static inline char *digits_put(char *out, uint64_t value)
{
	char digits[DIGITS_MAX];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	return mempcpy(out, digits + at, sizeof(digits) - at);
}

/* Writes the last @n digits of @value. */
static inline void digits_put_n(char *out, int value, int n)
{
	for (; n > 0; value /= 10)
		out[--n] = (char)('0' + value % 10);
}

#endif
