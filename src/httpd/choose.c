/* SPDX-License-Identifier: Apache-2.0 */
/*
 * choose - what the conditional fields and Range make of a request for a file that is there.
 *
 * The order is RFC 9110 section 13.2.2. A list may come in several fields; any other field that
 * did, or a date that is none, counts as absent: the client then gets the whole, which is never
 * wrong. What is not a file (a listing) has no tag and no date: there is something, and no more is
 * known.
 */
#include "httpd/choose.h"

#include <string.h>

#include "httpd/date.h"

#define CONDITIONS                                                                            \
	(1u << FIELD_IF_MATCH | 1u << FIELD_IF_UNMODIFIED_SINCE | 1u << FIELD_IF_NONE_MATCH | \
	 1u << FIELD_IF_MODIFIED_SINCE)

/* The request, its bytes, and what it is about. */
struct question {
	const struct parse *p;
	const char *head;
	const struct cache_file *f;
	int64_t now_sec;
};

static bool etag_is(const struct cache_file *f, const char *s, size_t len)
{
	return len == CACHE_ETAG_LEN && memcmp(s, f->etag, len) == 0;
}

/* Is our tag in the list @v? Weak ones count when @weak; "*" stands for any. */
static bool etag_in(const struct question *q, struct slice v, bool weak)
{
	const char *s = q->head + v.at;
	const char *end = s + v.len;

	if (end - s == 1 && *s == '*')
		return true;
	while (s < end) {
		bool is_weak = end - s > 2 && s[0] == 'W' && s[1] == '/';
		const char *close;

		if (is_weak)
			s += 2;
		if (*s != '"') {
			s++; /* a comma or a space, or nonsense */
			continue;
		}
		close = memchr(s + 1, '"', (size_t)(end - s - 1));
		if (!close)
			return false;
		if ((weak || !is_weak) && etag_is(q->f, s, (size_t)(close + 1 - s)))
			return true;
		s = close + 1;
	}
	return false;
}

static bool etag_listed(const struct question *q, enum parse_field field, bool weak)
{
	struct slice v = {0};

	while (parse_next_value(q->p, q->head, field, &v))
		if (etag_in(q, v, weak))
			return true;
	return false;
}

static bool has_validators(const struct question *q)
{
	return q->f->etag[0] != 0;
}

static bool date_of(const struct question *q, enum parse_field field, int64_t *ret)
{
	struct slice v = q->p->value[field];

	return has_validators(q) && parse_has_one(q->p, field) &&
	       date_parse(q->head + v.at, v.len, q->now_sec, ret) == 0;
}

/* If-Match, or else If-Unmodified-Since: false is 412. */
static bool precondition_holds(const struct question *q)
{
	int64_t date;

	if (parse_has(q->p, FIELD_IF_MATCH))
		return etag_listed(q, FIELD_IF_MATCH, false);
	return !date_of(q, FIELD_IF_UNMODIFIED_SINCE, &date) || q->f->modified_sec <= date;
}

/* If-None-Match, or else If-Modified-Since: true is 304. */
static bool client_has_it(const struct question *q)
{
	int64_t date;

	if (parse_has(q->p, FIELD_IF_NONE_MATCH))
		return etag_listed(q, FIELD_IF_NONE_MATCH, true);
	return date_of(q, FIELD_IF_MODIFIED_SINCE, &date) && q->f->modified_sec <= date;
}

/*
 * If-Range: does the range belong to this version? A date has to be ours to the second, and over
 * by now, else it is a weak validator (RFC 9110 section 8.8.2.2).
 */
static bool range_applies(const struct question *q)
{
	struct slice v = q->p->value[FIELD_IF_RANGE];
	const char *s = q->head + v.at;
	int64_t date;

	if (q->p->method != METHOD_GET || !parse_has_one(q->p, FIELD_RANGE) || !has_validators(q))
		return false;
	if (!parse_has(q->p, FIELD_IF_RANGE))
		return true;
	if (!parse_has_one(q->p, FIELD_IF_RANGE) || v.len == 0)
		return false;
	if (s[0] == '"')
		return etag_is(q->f, s, v.len);
	return date_of(q, FIELD_IF_RANGE, &date) && date == q->f->modified_sec && date < q->now_sec;
}

int choose_status(const struct parse *p, const char *head, const struct cache_file *f,
		  int64_t now_sec, struct range ret_ranges[RANGE_MAX], unsigned *ret_n)
{
	struct question q = {.p = p, .head = head, .f = f, .now_sec = now_sec};
	struct slice range = p->value[FIELD_RANGE];

	*ret_n = 0;
	if (p->seen & CONDITIONS) { /* few have any */
		if (!precondition_holds(&q))
			return 412;
		if (client_has_it(&q))
			return 304;
	}
	if (!range_applies(&q))
		return 200;
	switch (range_parse(head + range.at, range.len, f->version.size, ret_ranges, ret_n)) {
	case RANGE_GIVEN:
		return 206;
	case RANGE_UNSATISFIABLE:
		return 416;
	case RANGE_IGNORED:
		break;
	}
	return 200;
}
