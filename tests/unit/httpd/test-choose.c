/* SPDX-License-Identifier: Apache-2.0 */
/* Conditional requests and ranges: RFC 9110 sections 13 and 14. */
#include "httpd/choose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TAG    "\"0123456789abcdef\""
#define OTHER  "\"fedcba9876543210\""
#define SAME   "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER  "Sun, 06 Nov 1994 08:49:38 GMT"

static int choose_of(const struct cache_file *f, int64_t now_sec, const char *method,
		     const char *fields, struct range ranges[RANGE_MAX], unsigned *ret_n)
{
	char text[512];
	struct parse p;

	strcpy(text, method);
	strcat(text, " / HTTP/1.1\r\nHost: a\r\n");
	strcat(text, fields);
	strcat(text, "\r\n");
	parse_init(&p);
	assert_int_equal(parse_feed(&p, text, strlen(text)), PARSE_DONE);
	return choose_status(&p, text, f, now_sec, ranges, ret_n);
}

static int choose_at(int64_t now_sec, const char *method, const char *fields,
		     struct range ranges[RANGE_MAX], unsigned *ret_n)
{
	const struct cache_file f = {.etag = TAG, .modified_sec = 784111777, .version.size = 10};

	return choose_of(&f, now_sec, method, fields, ranges, ret_n);
}

static int choose(const char *method, const char *fields, struct range ranges[RANGE_MAX],
		  unsigned *ret_n)
{
	return choose_at(1767225600, method, fields, ranges, ret_n);
}

static void test_choose_follows_the_order_of_preconditions(void **state)
{
	static const struct {
		const char *method, *fields;
		int status;
	} rows[] = {
		{"GET", "", 200},
		{"GET", "If-None-Match: " TAG "\r\n", 304},
		{"HEAD", "If-None-Match: " TAG "\r\n", 304},
		{"GET", "If-None-Match: W/" TAG "\r\n", 304},
		{"GET", "If-None-Match: " OTHER ", W/\"\", " TAG "\r\n", 304},
		{"GET", "If-None-Match: *\r\n", 304},
		{"GET", "If-None-Match: " OTHER "\r\n", 200},
		{"GET", "If-None-Match: 0123456789abcdef\r\n", 200},
		{"GET", "If-None-Match: \"0123456789abcdef\r\n", 200},
		{"GET", "If-None-Match:\r\n", 200},
		{"GET", "If-None-Match: W/\r\n", 200},
		{"GET", "If-None-Match: " TAG "\r\nIf-None-Match: " OTHER "\r\n", 304},
		{"GET", "If-None-Match: " OTHER "\r\nX: " TAG "\r\nif-none-match:" TAG " \r\n",
		 304},
		{"GET", "If-None-Match: " OTHER "\r\nX: " TAG "\r\nIf-None-Match: " OTHER "\r\n",
		 200},
		{"GET",
		 "If-None-Match: " OTHER "\r\nIf-None-Match: " OTHER "\r\nIf-Modified-Since: " SAME
		 "\r\n",
		 200},
		{"GET", "If-None-Match: " OTHER "\r\nIf-Modified-Since: " SAME "\r\n", 200},
		{"GET", "If-Modified-Since: " SAME "\r\n", 304},
		{"GET", "If-Modified-Since: " AFTER "\r\n", 304},
		{"GET", "If-Modified-Since: " BEFORE "\r\n", 200},
		{"GET", "If-Modified-Since: yesterday\r\n", 200},
		{"GET", "If-Match: " TAG "\r\n", 200},
		{"GET", "If-Match: *\r\n", 200},
		{"GET", "If-Match: " OTHER "\r\n", 412},
		{"GET", "If-Match: W/" TAG "\r\n", 412},
		{"GET", "If-Match: " OTHER "\r\nIf-None-Match: " TAG "\r\n", 412},
		{"GET", "If-Match: " OTHER "\r\nIf-Match: " OTHER "\r\n", 412},
		{"GET", "If-Match: " OTHER "\r\nIf-Match: \t" TAG "\r\n", 200},
		{"GET", "If-Match: W/" TAG "\r\nIf-Match:\r\n", 412},
		{"GET", "If-Unmodified-Since: " BEFORE "\r\nIf-Unmodified-Since: " BEFORE "\r\n",
		 200},
		{"GET", "If-Unmodified-Since: " SAME "\r\n", 200},
		{"GET", "If-Unmodified-Since: " BEFORE "\r\n", 412},
		{"GET", "If-Match: " TAG "\r\nIf-Unmodified-Since: " BEFORE "\r\n", 200},
		{"GET", "Range: bytes=0-1\r\n", 206},
		{"GET", "Range: bytes=0-1\r\nIf-None-Match: " TAG "\r\n", 304},
		{"GET", "Range: bytes=10-\r\n", 416},
		{"GET", "Range: bytes=0-1,4-5\r\n", 206},
		{"GET", "Range: bytes=0-1,x\r\n", 200},
		{"GET", "Range: bytes=0-1\r\nRange: bytes=0-1\r\n", 200},
		{"HEAD", "Range: bytes=0-1\r\n", 200},
		{"HEAD", "Range: bytes=10-\r\n", 200},
		{"GET", "Range: bytes=0-1\r\nIf-Range: " TAG "\r\n", 206},
		{"GET", "Range: bytes=0-1\r\nIf-Range: " OTHER "\r\n", 200},
		{"GET", "Range: bytes=0-1\r\nIf-Range: W/" TAG "\r\n", 200},
		{"GET", "Range: bytes=0-1\r\nIf-Range: " SAME "\r\n", 206},
		{"GET", "Range: bytes=0-1\r\nIf-Range: " AFTER "\r\n", 200},
		{"GET", "Range: bytes=0-1\r\nIf-Range: \r\n", 200},
		{"GET", "Range: bytes=10-\r\nIf-Range: " OTHER "\r\n", 200},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct range ranges[RANGE_MAX];
		unsigned n;
		int status = choose(rows[i].method, rows[i].fields, ranges, &n);

		if (status != rows[i].status)
			fail_msg("%d for %s\n%s", status, rows[i].method, rows[i].fields);
	}
}

/* A listing: RFC 9110 section 13.2.1 exempts nobody whose answer would be 200. */
static void test_choose_knows_no_tag_and_no_date_of_what_is_not_a_file(void **state)
{
	static const struct {
		const char *fields;
		int status;
	} rows[] = {
		{"", 200},
		{"If-Match: " TAG "\r\n", 412},
		{"If-Match: *\r\n", 200},
		{"If-None-Match: " TAG "\r\n", 200},
		{"If-None-Match: *\r\n", 304},
		{"If-Modified-Since: " AFTER "\r\n", 200},
		{"If-Unmodified-Since: " BEFORE "\r\n", 200},
		{"Range: bytes=0-1\r\n", 200},
		{"Range: bytes=10-\r\n", 200},
	};
	struct cache_file f = {.etag = "", .version.size = 10};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct range ranges[RANGE_MAX];
		unsigned n;
		int status = choose_of(&f, 1767225600, "GET", rows[i].fields, ranges, &n);

		if (status != rows[i].status)
			fail_msg("%d for %s", status, rows[i].fields);
	}
}

static void test_choose_says_what_to_send(void **state)
{
	struct range r[RANGE_MAX];
	unsigned n;

	(void)state;
	assert_int_equal(choose("GET", "Range: bytes=-3\r\n", r, &n), 206);
	assert_true(n == 1 && r[0].from == 7 && r[0].to == 10);
	assert_int_equal(choose("GET", "Range: bytes=-3,0-0\r\n", r, &n), 206);
	assert_true(n == 2 && r[1].from == 0 && r[1].to == 1);
}

/* Within the second of a modification there can be another one with the same date. */
static void test_choose_takes_a_date_for_a_range_when_it_is_over(void **state)
{
	static const char fields[] = "Range: bytes=0-1\r\nIf-Range: " SAME "\r\n";
	struct range r[RANGE_MAX];
	unsigned n;

	(void)state;
	assert_int_equal(choose_at(784111777, "GET", fields, r, &n), 200);
	assert_int_equal(choose_at(784111778, "GET", fields, r, &n), 206);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose_follows_the_order_of_preconditions),
		cmocka_unit_test(test_choose_knows_no_tag_and_no_date_of_what_is_not_a_file),
		cmocka_unit_test(test_choose_says_what_to_send),
		cmocka_unit_test(test_choose_takes_a_date_for_a_range_when_it_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
