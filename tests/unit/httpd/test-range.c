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
		{"bytes=0-0", 10, RANGE_ONE, 0, 1},
		{"bytes=0-9", 10, RANGE_ONE, 0, 10},
		{"bytes=3-", 10, RANGE_ONE, 3, 10},
		{"bytes=3-99", 10, RANGE_ONE, 3, 10},
		{"bytes=-3", 10, RANGE_ONE, 7, 10},
		{"bytes=-99", 10, RANGE_ONE, 0, 10},
		{"Bytes=9-9", 10, RANGE_ONE, 9, 10},
		{"bytes=0-18446744073709551615", 10, RANGE_ONE, 0, 10},
		{"bytes=0-99999999999999999999999", 10, RANGE_ONE, 0, 10},
		{"bytes=-99999999999999999999999", 10, RANGE_ONE, 0, 10},
		{"bytes=4294967296-", 4294967300, RANGE_ONE, 4294967296, 4294967300},
		{"bytes=10-", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=10-20", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=99999999999999999999999-", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=-0", 10, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=-1", 0, RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=5-4", 10, RANGE_IGNORED, 0, 0},
		{"bytes=0-1,3-4", 10, RANGE_IGNORED, 0, 0},
		{"bytes=-", 10, RANGE_IGNORED, 0, 0},
		{"bytes=", 10, RANGE_IGNORED, 0, 0},
		{"bytes", 10, RANGE_IGNORED, 0, 0},
		{"", 10, RANGE_IGNORED, 0, 0},
		{"bytes=a-b", 10, RANGE_IGNORED, 0, 0},
		{"bytes= 0-1", 10, RANGE_IGNORED, 0, 0},
		{"bytes=0-1x", 10, RANGE_IGNORED, 0, 0},
		{"bytes=--1", 10, RANGE_IGNORED, 0, 0},
		{"lines=0-1", 10, RANGE_IGNORED, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t from = 0, to = 0;
		enum range_result result =
			range_parse(rows[i].text, strlen(rows[i].text), rows[i].size, &from, &to);

		if (result != rows[i].result || from != rows[i].from || to != rows[i].to)
			fail_msg("%s of %llu", rows[i].text, (unsigned long long)rows[i].size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_range_reads_one_range_and_ignores_what_it_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
