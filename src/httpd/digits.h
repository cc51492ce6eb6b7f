/* SPDX-License-Identifier: Apache-2.0 */
/* digits - decimal numbers without printf, for what is written for every request. */
#ifndef HTTPD_DIGITS_H
#define HTTPD_DIGITS_H

#include <stdint.h>

#define DIGITS_MAX 20

/* Writes @value to where DIGITS_MAX bytes are free, all of which it may use. Returns its end. */
char *digits_put(char *out, uint64_t value);

/* Writes the last @n digits of @value. */
static inline void digits_put_n(char *out, int value, int n)
{
	for (; n > 0; value /= 10)
		out[--n] = (char)('0' + value % 10);
}

#endif
