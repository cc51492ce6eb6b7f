/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP dates: three forms in, one form out. */
#include "httpd/date.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NOW 1767225600 /* 2026-01-01 */

static void test_date_reads_the_three_forms_of_the_rfc(void **state)
{
	static const char *const forms[] = {
		"Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994",
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		int64_t t = 0;

		assert_int_equal(date_parse(forms[i], strlen(forms[i]), NOW, &t), 0);
		assert_int_equal(t, 784111777);
	}
}

static void test_date_refuses_what_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"now",
		"0",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 06 nov 1994 08:49:37 GMT",
		"Xxx, 06 Nov 1994 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:49:37 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, 06 Nov -994 08:49:37 GMT",
		"Sun, 06-Nov-94 08:49:37 GMT",
		"Sun Nov 6 08:49:37 1994",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		int64_t t = 42;

		assert_int_equal(date_parse(texts[i], strlen(texts[i]), NOW, &t), -EINVAL);
		assert_int_equal(t, 42);
	}
}

static void test_date_takes_two_digits_as_the_century_that_fits(void **state)
{
	static const char *const near = "Thursday, 01-Jan-76 00:00:00 GMT";
	static const char *const far = "Saturday, 01-Jan-77 00:00:00 GMT";
	struct date_parts d;
	int64_t t;

	(void)state;
	assert_int_equal(date_parse(near, strlen(near), NOW, &t), 0);
	date_split(t, &d);
	assert_int_equal(d.year, 2076);
	assert_int_equal(date_parse(far, strlen(far), NOW, &t), 0);
	date_split(t, &d);
	assert_int_equal(d.year, 1977);
}

/* The C library is right about UTC: a day and a bit at a time through six centuries. */
static void test_date_agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t t = -9000000000; t < 10000000000; t += 100003) {
		char ours[DATE_LEN + 1], theirs[64];
		time_t time = (time_t)t;
		int64_t back;
		struct tm tm;

		date_format(t, ours);
		gmtime_r(&time, &tm);
		strftime(theirs, sizeof(theirs), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		assert_string_equal(ours, theirs);
		assert_int_equal(date_parse(ours, DATE_LEN, NOW, &back), 0);
		assert_true(back == t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_date_reads_the_three_forms_of_the_rfc),
		cmocka_unit_test(test_date_refuses_what_is_none),
		cmocka_unit_test(test_date_takes_two_digits_as_the_century_that_fits),
		cmocka_unit_test(test_date_agrees_with_the_c_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
