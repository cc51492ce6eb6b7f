/* SPDX-License-Identifier: Apache-2.0 */
/* digits - decimal numbers without printf, for what is written for every request. */
#ifndef HTTPD_DIGITS_H
#define HTTPD_DIGITS_H

#include <stdint.h>

#define DIGITS_MAX 20

/* Writes @value, at most DIGITS_MAX bytes and no 0 behind them. Returns where it ends. */
char *digits_put(char *out, uint64_t value);

/* Writes the last @n digits of @value. */
static inline void digits_put_n(char *out, int value, int n)
{
	for (; n > 0; value /= 10)
		out[--n] = (char)('0' + value % 10);
}

#endif
