/* SPDX-License-Identifier: Apache-2.0 */
/*
 * range - the Range field.
 *
 * Ranges that overlap or touch become one, so that no sum of ranges can ask for more than the file
 * has, and more than a few of them are answered with the whole, as RFC 9110 section 14.2 allows.
 */
#include "httpd/range.h"

#include <stdbool.h>
#include <strings.h>

#include "httpd/scan.h"

/* Decimal digits at @s[*at]; what does not fit stays at UINT64_MAX. False when there are none. */
static bool take_number(const char *s, size_t len, size_t *at, uint64_t *ret)
{
	size_t from = *at;
	uint64_t value = 0;

	for (; *at < len && s[*at] >= '0' && s[*at] <= '9'; ++*at) {
		uint64_t digit = (uint64_t)(s[*at] - '0');

		value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
	}
	*ret = value;
	return *at > from;
}

/* One "first-last", "first-" or "-last". */
static enum range_result parse_one(const char *s, size_t len, uint64_t size, struct range *ret)
{
	uint64_t first, last;
	size_t at = 0;
	bool has_first, has_last;

	has_first = take_number(s, len, &at, &first);
	if (at == len || s[at++] != '-')
		return RANGE_IGNORED;
	has_last = take_number(s, len, &at, &last);
	if (at != len || (!has_first && !has_last))
		return RANGE_IGNORED;
	if (!has_first) { /* the last so many bytes */
		first = last < size ? size - last : 0;
		if (last == 0)
			return RANGE_UNSATISFIABLE;
		if (size == 0) /* it can be had, but Content-Range cannot say so */
			return RANGE_IGNORED;
		last = size - 1;
	} else if (!has_last) {
		last = UINT64_MAX;
	}
	if (has_first && has_last && first > last)
		return RANGE_IGNORED;
	if (first >= size)
		return RANGE_UNSATISFIABLE;
	ret->from = first;
	ret->to = last >= size ? size : last + 1;
	return RANGE_GIVEN;
}

/* Puts @r to the others, one with all those that it touches. False when there are too many. */
static bool add(struct range *ranges, unsigned *n, struct range r)
{
	for (unsigned i = 0; i < *n;) {
		if (r.from > ranges[i].to || r.to < ranges[i].from) {
			i++;
			continue;
		}
		r.from = r.from < ranges[i].from ? r.from : ranges[i].from;
		r.to = r.to > ranges[i].to ? r.to : ranges[i].to;
		--*n;
		for (unsigned j = i; j < *n; j++)
			ranges[j] = ranges[j + 1];
		i = 0; /* it is larger now: it may touch one that it did not */
	}
	if (*n == RANGE_MAX)
		return false;
	ranges[(*n)++] = r;
	return true;
}

enum range_result range_parse(const char *s, size_t len, uint64_t size, struct range ret[RANGE_MAX],
			      unsigned *ret_n)
{
	struct scan_list list = {.end = s + len};
	unsigned elements = 0;
	const char *element;
	size_t n;

	*ret_n = 0;
	if (len < 6 || strncasecmp(s, "bytes=", 6) != 0)
		return RANGE_IGNORED;
	list.s = s + 6;
	while (scan_element(&list, &element, &n)) {
		struct range r;
		enum range_result result = parse_one(element, n, size, &r);

		if (result == RANGE_IGNORED || ++elements > 4 * RANGE_MAX)
			return RANGE_IGNORED;
		if (result == RANGE_GIVEN && !add(ret, ret_n, r))
			return RANGE_IGNORED;
	}
	return *ret_n > 0 ? RANGE_GIVEN : RANGE_UNSATISFIABLE;
}
