/* SPDX-License-Identifier: Apache-2.0 */
/* The Range field. */
#include "httpd/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_range_reads_one_range_and_ignores_what_it_may(void **state)
{
	static const struct {
		const char *text;
		uint64_t size;
		enum range_result result;
		uint64_t from, to;
	} rows[] = {
		{"bytes=0-0", 10, RANGE_GIVEN, 0, 1},
		{"bytes=0-9", 10, RANGE_GIVEN, 0, 10},
		{"bytes=3-", 10, RANGE_GIVEN, 3, 10},
		{"bytes=3-99", 10, RANGE_GIVEN, 3, 10},
		{"bytes=-3", 10, RANGE_GIVEN, 7, 10},
		{"bytes=-99", 10, RANGE_GIVEN, 0, 10},
		{"Bytes=9-9", 10, RANGE_GIVEN, 9, 10},
		{"bytes=0-18446744073709551615", 10, RANGE_GIVEN, 0, 10},
		{"bytes=0-99999999999999999999999", 10, RANGE_GIVEN, 0, 10},
		{"bytes=-99999999999999999999999", 10, RANGE_GIVEN, 0, 10},
		{"bytes=4294967296-", 4294967300, RANGE_GIVEN, 4294967296, 4294967300},
		{"bytes=10-", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=10-20", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=99999999999999999999999-", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=-0", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=-1", 0, RANGE_IGNORED, 0, 0},
		{"bytes=-0", 0, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=5-4", 10, RANGE_IGNORED, 0, 0},
		{"bytes=0-1,1-4", 10, RANGE_GIVEN, 0, 5},
		{"bytes=0-1,2-4", 10, RANGE_GIVEN, 0, 5},
		{"bytes=0-1, 99-", 10, RANGE_GIVEN, 0, 2},
		{"bytes=98-,99-", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=0-1,", 10, RANGE_IGNORED, 0, 0},
		{"bytes=0-1,x", 10, RANGE_IGNORED, 0, 0},
		{"bytes=-", 10, RANGE_IGNORED, 0, 0},
		{"bytes=", 10, RANGE_IGNORED, 0, 0},
		{"bytes", 10, RANGE_IGNORED, 0, 0},
		{"", 10, RANGE_IGNORED, 0, 0},
		{"bytes=a-b", 10, RANGE_IGNORED, 0, 0},
		{"bytes= 0-1", 10, RANGE_GIVEN, 0, 2},
		{"bytes=0-1 ,\t2-4 ", 10, RANGE_GIVEN, 0, 5},
		{"bytes=0-1 2-4", 10, RANGE_IGNORED, 0, 0},
		{"bytes=0 -1", 10, RANGE_IGNORED, 0, 0},
		{"bytes=0-1x", 10, RANGE_IGNORED, 0, 0},
		{"bytes=--1", 10, RANGE_IGNORED, 0, 0},
		{"lines=0-1", 10, RANGE_IGNORED, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct range ranges[RANGE_MAX] = {{.from = 0}};
		unsigned n;
		enum range_result result =
			range_parse(rows[i].text, strlen(rows[i].text), rows[i].size, ranges, &n);

		if (result != rows[i].result ||
		    (result == RANGE_GIVEN &&
		     (n != 1 || ranges[0].from != rows[i].from || ranges[0].to != rows[i].to)))
			fail_msg("%s of %llu", rows[i].text, (unsigned long long)rows[i].size);
	}
}

static enum range_result parse(const char *s, struct range ranges[RANGE_MAX], unsigned *n)
{
	return range_parse(s, strlen(s), 1000, ranges, n);
}

static void test_range_keeps_the_order_of_several_and_joins_what_touches(void **state)
{
	struct range r[RANGE_MAX];
	unsigned n;

	(void)state;
	assert_int_equal(parse("bytes=900-,0-9,20-29", r, &n), RANGE_GIVEN);
	assert_int_equal(n, 3);
	assert_true(r[0].from == 900 && r[0].to == 1000);
	assert_true(r[1].from == 0 && r[1].to == 10);
	assert_true(r[2].from == 20 && r[2].to == 30);
	/* the last one joins the two before it */
	assert_int_equal(parse("bytes=0-9,20-29,50-,5-20", r, &n), RANGE_GIVEN);
	assert_int_equal(n, 2);
	assert_true(r[0].from == 50 && r[1].from == 0 && r[1].to == 30);
}

/* No request gets more bytes than the file has, nor more than a few parts. */
static void test_range_is_no_bomb(void **state)
{
	char text[8000] = "bytes=0-";
	struct range r[RANGE_MAX];
	size_t len = strlen(text);
	unsigned n;

	(void)state;
	for (int i = 0; i < 60; i++, len += 3)
		memcpy(text + len, ",0-", 4);
	assert_int_equal(parse(text, r, &n), RANGE_GIVEN);
	assert_int_equal(n, 1);
	for (; len < 7000; len += 3)
		memcpy(text + len, ",0-", 4);
	assert_int_equal(parse(text, r, &n), RANGE_IGNORED);
	assert_int_equal(
		parse("bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,"
		      "24-24,26-26,28-28,30-30",
		      r, &n),
		RANGE_GIVEN);
	assert_int_equal(n, RANGE_MAX);
	assert_int_equal(
		parse("bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,"
		      "24-24,26-26,28-28,30-30,32-32",
		      r, &n),
		RANGE_IGNORED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_range_reads_one_range_and_ignores_what_it_may),
		cmocka_unit_test(test_range_keeps_the_order_of_several_and_joins_what_touches),
		cmocka_unit_test(test_range_is_no_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
