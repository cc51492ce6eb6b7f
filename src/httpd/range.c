/* SPDX-License-Identifier: Apache-2.0 */
/*
 * range - the Range field.
 *
 * One range is served. A request for several is answered with the whole, as RFC 9110 section 14.2
 * allows: no sum of ranges can ask for more than the file has.
 */
#include "httpd/range.h"

#include <stdbool.h>
#include <strings.h>

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

enum range_result range_parse(const char *s, size_t len, uint64_t size, uint64_t *ret_from,
			      uint64_t *ret_to)
{
	uint64_t first, last;
	size_t at = 6;
	bool has_first, has_last;

	if (len < 6 || strncasecmp(s, "bytes=", 6) != 0)
		return RANGE_IGNORED;
	has_first = take_number(s, len, &at, &first);
	if (at == len || s[at++] != '-')
		return RANGE_IGNORED;
	has_last = take_number(s, len, &at, &last);
	if (at != len || (!has_first && !has_last))
		return RANGE_IGNORED;
	if (!has_first) { /* the last so many bytes */
		first = last < size ? size - last : 0;
		if (last == 0 || size == 0)
			return RANGE_UNSATISFIABLE;
		last = size - 1;
	} else if (!has_last) {
		last = UINT64_MAX;
	}
	if (has_first && has_last && first > last)
		return RANGE_IGNORED;
	if (first >= size)
		return RANGE_UNSATISFIABLE;
	*ret_from = first;
	*ret_to = last >= size ? size : last + 1;
	return RANGE_ONE;
}
