/* SPDX-License-Identifier: Apache-2.0 */
/* The pace of a loop: rests under load alone, and only while it helps. */
#include "httpd/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t cpu, ms;

static uint64_t cpu_now(void)
{
	return cpu;
}

static struct pace start(void)
{
	cpu = 0;
	ms = 1000;
	return (struct pace){.cpu_ns = cpu_now};
}

/* @n turns of @events each at @cost ns, @per_ms of them a millisecond. How many ask for a rest? */
static unsigned turns(struct pace *p, unsigned n, unsigned events, unsigned per_ms, uint64_t cost)
{
	unsigned rests = 0;

	for (unsigned i = 1; i <= n; i++) {
		cpu += events * cost;
		rests += pace_wants_rest(p, events, ms);
		ms += i % per_ms == 0;
	}
	return rests;
}

#define WINDOW (50 * PACE_WINDOW_MS) /* turns, at 50 a ms */

/* Into the first window with rests. */
static struct pace start_resting(void)
{
	struct pace p = start();

	assert_int_equal(turns(&p, WINDOW + 1, 2, 50, 8000), 1);
	return p;
}

static void test_pace_lets_one_client_never_wait(void **state)
{
	struct pace p = start();

	(void)state;
	assert_int_equal(turns(&p, 100000, 1, 50, 8000), 0);
}

static void test_pace_rests_not_without_load(void **state)
{
	struct pace p = start();

	(void)state;
	assert_int_equal(turns(&p, 10000, 3, PACE_BUSY / 3, 8000), 0);
}

static void test_pace_rests_after_turns_with_few_while_that_is_cheaper(void **state)
{
	struct pace p = start_resting();

	(void)state;
	assert_int_equal(turns(&p, WINDOW, PACE_ENOUGH - 1, 50, 7000), WINDOW);
	assert_int_equal(turns(&p, WINDOW, PACE_ENOUGH, 50, 7000), 0);
	assert_int_equal(turns(&p, WINDOW, PACE_ENOUGH - 1, 50, 7000), WINDOW);
}

static void test_pace_compares_with_no_rests_now_and_then(void **state)
{
	struct pace p = start_resting();

	(void)state;
	assert_int_equal(turns(&p, PACE_WINDOWS * WINDOW, 3, 50, 7000), PACE_WINDOWS * WINDOW);
	assert_int_equal(turns(&p, WINDOW, 2, 50, 8000), 0);
	assert_int_equal(turns(&p, WINDOW, 3, 50, 7000), WINDOW);
}

static void gives_up(unsigned events, uint64_t cost)
{
	struct pace p = start_resting();

	assert_int_equal(turns(&p, WINDOW, events, 50, cost), WINDOW);
	assert_int_equal(turns(&p, 50 * (PACE_AGAIN_MS - PACE_WINDOW_MS), 2, 50, 8000), 0);
	assert_true(turns(&p, 3 * WINDOW, 2, 50, 8000) > 0);
}

static void test_pace_gives_up_for_a_while_when_rests_save_nothing(void **state)
{
	(void)state;
	gives_up(2, 9000);
}

static void test_pace_gives_up_for_a_while_when_rests_slow_it_down(void **state)
{
	(void)state;
	gives_up(1, 7000);
}

static void test_pace_goes_on_after_a_pause_of_the_clients(void **state)
{
	struct pace p = start_resting();

	(void)state;
	ms += 1000;
	assert_false(pace_wants_rest(&p, 2, ms));
	assert_true(turns(&p, WINDOW + 1, 2, 50, 8000) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pace_lets_one_client_never_wait),
		cmocka_unit_test(test_pace_rests_not_without_load),
		cmocka_unit_test(test_pace_rests_after_turns_with_few_while_that_is_cheaper),
		cmocka_unit_test(test_pace_compares_with_no_rests_now_and_then),
		cmocka_unit_test(test_pace_gives_up_for_a_while_when_rests_save_nothing),
		cmocka_unit_test(test_pace_gives_up_for_a_while_when_rests_slow_it_down),
		cmocka_unit_test(test_pace_goes_on_after_a_pause_of_the_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
