/* SPDX-License-Identifier: Apache-2.0 */
/* str - strict numbers and small string helpers. */
#ifndef TINYRUN_STR_H
#define TINYRUN_STR_H

#include "tinyrun/err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The one number parser: decimal digits and nothing else, the whole string, within [0, @max].
 * Returns 0 or -EINVAL/-ERANGE without touching *ret.
 */
int str_to_u64(const char *s, uint64_t max, uint64_t *ret);
/* The same with an optional leading '-', within [@min, @max]. */
int str_to_i64(const char *s, int64_t min, int64_t max, int64_t *ret);
/* Bytes, as 1048576, 512m, 2GiB: k to p are powers of 1024. Within [0, @max]; as str_to_u64(). */
int str_to_size(const char *s, uint64_t max, uint64_t *ret);
/* An octal mode such as 755 or 0620, at most 07777. */
int str_to_mode(const char *s, uint32_t *ret);
/* The number of a signal: 9, KILL, SIGKILL, any case, RTMIN+n, RTMAX-n. -EINVAL when unknown. */
int str_to_signal(const char *s, int *ret);
bool str_starts(const char *s, const char *prefix);
/* The nearest of @words (NULL-terminated) by edit distance, or NULL when nothing is near. */
const char *str_nearest(const char *s, const char *const *words);
/* Now as RFC 3339 in UTC with nanoseconds: 2026-05-04T10:11:12.123456789Z (31 bytes with the 0). */
void str_now(char ret[40]);
/* The same of a time from 1970 to 9999: seconds since 1970 and nanoseconds. */
void str_time(int64_t sec, long nsec, char ret[40]);

#endif
