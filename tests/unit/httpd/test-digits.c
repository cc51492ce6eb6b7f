/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal numbers. */
#include "httpd/digits.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_digits(uint64_t value)
{
	char got[DIGITS_MAX + 1], want[DIGITS_MAX + 1];

	memset(got, '?', sizeof(got));
	*digits_put(got, value) = 0;
	snprintf(want, sizeof(want), "%" PRIu64, value);
	assert_string_equal(got, want);
}

static void test_digits_writes_numbers_of_every_length(void **state)
{
	(void)state;
	for (uint64_t power = 1;; power *= 10) {
		assert_digits(power - 1);
		assert_digits(power);
		assert_digits(power + power / 7);
		if (power > UINT64_MAX / 10)
			break;
	}
	assert_digits(UINT64_MAX);
}

static void test_digits_writes_every_pair(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 10000; i++)
		assert_digits(i);
}

static void test_digits_pads_with_noughts(void **state)
{
	char got[] = "???????";

	(void)state;
	digits_put_n(got, 42, 4);
	digits_put_n(got + 4, 123, 2);
	assert_string_equal(got, "004223?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digits_writes_numbers_of_every_length),
		cmocka_unit_test(test_digits_writes_every_pair),
		cmocka_unit_test(test_digits_pads_with_noughts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
