/* SPDX-License-Identifier: Apache-2.0 */
/* date - HTTP dates, without the C library's time zones and locales. */
#ifndef HTTPD_DATE_H
#define HTTPD_DATE_H

#include <stddef.h>
#include <stdint.h>

#define DATE_LEN 29 /* Sun, 06 Nov 1994 08:49:37 GMT */

struct date_parts {
	int year, month, day, hour, minute, second; /* month and day from 1 */
	int weekday;                                /* from 0, Sunday */
};

void date_split(int64_t time, struct date_parts *ret);
const char *date_month_name(int month);
/* IMF-fixdate with a 0 behind it. Years 0 to 9999. */
void date_format(int64_t time, char out[DATE_LEN + 1]);
/*
 * Reads IMF-fixdate, RFC 850 and asctime forms (RFC 9110 section 5.6.7). @now settles the century
 * of two-digit years. Returns 0, or -EINVAL.
 */
int date_parse(const char *s, size_t len, int64_t now, int64_t *ret);

#endif
