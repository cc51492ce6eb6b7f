/* SPDX-License-Identifier: Apache-2.0 */
/*
 * range - the Range field.
 *
 * Ranges that overlap or touch become one, so that no sum of ranges can ask for more than the file
 * has, and more than a few of them are answered with the whole, as RFC 9110 section 14.2 allows.
 */
#include "httpd/range.h"

#include <stdbool.h>
#include <string.h>

#include "httpd/scan.h"

#define UNIT "bytes="

/* What is left of the field. */
struct cursor {
	const char *s, *end;
};

static bool take(struct cursor *c, char letter)
{
	if (c->s == c->end || *c->s != letter)
		return false;
	c->s++;
	return true;
}

static void skip_blanks(struct cursor *c)
{
	while (take(c, ' ') || take(c, '\t'))
		;
}

/* Decimal digits; what does not fit stays at UINT64_MAX. False when there are none. */
static bool take_number(struct cursor *c, uint64_t *ret)
{
	const char *from = c->s;
	uint64_t value = 0;

	for (; c->s < c->end && *c->s >= '0' && *c->s <= '9'; c->s++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*c->s - '0'), &value))
			value = UINT64_MAX;
	*ret = value;
	return c->s > from;
}

/* One "first-last", "first-" or "-last", with the blanks around it. */
static enum range_result take_range(struct cursor *c, uint64_t size, struct range *ret)
{
	uint64_t first, last;
	bool has_first, has_last;

	skip_blanks(c);
	has_first = take_number(c, &first);
	if (!take(c, '-'))
		return RANGE_IGNORED;
	has_last = take_number(c, &last);
	if (!has_first && !has_last)
		return RANGE_IGNORED;
	skip_blanks(c);
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
	struct cursor c = {s + strlen(UNIT), s + len};
	unsigned elements = 0;

	*ret_n = 0;
	if (len <= strlen(UNIT) || !scan_same(s, UNIT, strlen(UNIT)))
		return RANGE_IGNORED;
	do {
		struct range r;
		enum range_result result = take_range(&c, size, &r);

		if (result == RANGE_IGNORED || ++elements > 4 * RANGE_MAX)
			return RANGE_IGNORED;
		if (result == RANGE_GIVEN && !add(ret, ret_n, r))
			return RANGE_IGNORED;
	} while (take(&c, ','));
	if (c.s < c.end)
		return RANGE_IGNORED;
	return *ret_n > 0 ? RANGE_GIVEN : RANGE_UNSATISFIABLE;
}
