/* SPDX-License-Identifier: Apache-2.0 */
/* test-affinity - lists of processors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "container/affinity.h"

static void test_affinity_reads_numbers_and_ranges(void **state)
{
	struct err e = ERR_INIT;
	cpu_set_t set;

	(void)state;
	assert_int_equal(affinity_parse("0-2,7,7", "x", &set, &e), 0);
	assert_int_equal(CPU_COUNT(&set), 4);
	assert_true(CPU_ISSET(0, &set) && CPU_ISSET(2, &set) && CPU_ISSET(7, &set));
	assert_int_equal(affinity_parse("1023", "x", &set, &e), 0);
	assert_int_equal(CPU_COUNT(&set), 1);
}

static void test_affinity_refuses_everything_else(void **state)
{
	static const char *const bad[] = {"",
					  ",",
					  "1,",
					  ",1",
					  "2-1",
					  "1-",
					  "-1",
					  "a",
					  "1024",
					  "0:2",
					  "1--2",
					  "0 1",
					  "99999999999999999999999999999999999999"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err e = ERR_INIT;
		cpu_set_t set;

		assert_true(affinity_parse(bad[i], "process.execCPUAffinity.final", &set, &e) < 0);
		assert_int_equal(e.errnum, 22);
	}
}

static void test_affinity_leaves_an_absent_one_alone(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(affinity_set(0, NULL, "x", &e), 0);
	assert_int_equal(affinity_set(0, "", "x", &e), 0);
	assert_true(affinity_set(0, "1023", "x", &e) < 0); /* no such processor here */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_affinity_reads_numbers_and_ranges),
		cmocka_unit_test(test_affinity_refuses_everything_else),
		cmocka_unit_test(test_affinity_leaves_an_absent_one_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
