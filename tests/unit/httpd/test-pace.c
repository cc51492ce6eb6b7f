/* SPDX-License-Identifier: Apache-2.0 */
/* The pace of a loop: rests under load alone, and only while it helps. */
#include "httpd/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t cpu, ms;
static unsigned n_turns;

static uint64_t cpu_now(void)
{
	return cpu;
}

static struct pace start(void)
{
	cpu = 0;
	ms = 1000;
	n_turns = 0;
	return (struct pace){.cpu_ns = cpu_now};
}

/* @n turns of @events each at @cost ns, @per_ms of them a millisecond: ns of rest after the last.
 */
static uint32_t turns(struct pace *p, unsigned n, unsigned events, unsigned per_ms, uint64_t cost)
{
	uint32_t rest = 0;

	while (n-- > 0) {
		cpu += events * cost;
		rest = pace_rest(p, events, ms);
		ms += ++n_turns % per_ms == 0;
	}
	return rest;
}

#define PER_MS 50
#define WINDOW (PER_MS * PACE_WINDOW_MS) /* turns */
#define TRIAL  (PACE_WITHOUT * WINDOW)   /* without rests, 2 events a turn at 8000 ns each */

/* Into the first window with rests. */
static struct pace start_resting(void)
{
	struct pace p = start();

	assert_int_equal(turns(&p, TRIAL, 2, PER_MS, 8000), 0);
	assert_int_equal(turns(&p, 1, 2, PER_MS, 8000), PACE_REST_MAX);
	return p;
}

static void test_pace_lets_one_client_never_wait(void **state)
{
	struct pace p = start();

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(turns(&p, 1, 1, PER_MS, 8000), 0);
}

static void test_pace_rests_not_without_load(void **state)
{
	struct pace p = start();

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(turns(&p, 1, 3, PACE_BUSY / 3, 8000), 0);
}

static void test_pace_rests_after_turns_with_few_alone(void **state)
{
	struct pace p = start_resting();

	(void)state;
	assert_int_equal(turns(&p, 1, PACE_ENOUGH, PER_MS, 7000), 0);
	assert_int_equal(turns(&p, 1, PACE_ENOUGH - 1, PER_MS, 7000), PACE_REST_MAX);
	assert_int_equal(turns(&p, 1, 0, PER_MS, 7000), 0);
}

static void test_pace_rests_while_that_is_cheaper_and_compares_more_and_more_rarely(void **state)
{
	struct pace p = start_resting();

	(void)state;
	for (unsigned rounds = 1; rounds <= 4 * (PACE_MORE + 1); rounds *= 2) {
		unsigned n = rounds < PACE_MORE + 1 ? rounds : PACE_MORE + 1;

		assert_int_equal(turns(&p, n * PACE_WITH * WINDOW - 1, 3, PER_MS, 7000),
				 PACE_REST_MAX);
		assert_int_equal(turns(&p, TRIAL, 2, PER_MS, 8000), 0);
		assert_int_equal(turns(&p, 1, 3, PER_MS, 7000), PACE_REST_MAX);
	}
}

/* The clients need not be the same for as long as rests were good. */
static void test_pace_compares_at_once_when_rests_that_were_good_are_dear(void **state)
{
	struct pace p = start_resting();

	(void)state;
	assert_int_equal(turns(&p, PACE_WITH * WINDOW - 1, 3, PER_MS, 7000), PACE_REST_MAX);
	assert_int_equal(turns(&p, TRIAL, 2, PER_MS, 8000), 0);
	assert_int_equal(turns(&p, (PACE_WITH + 5) * WINDOW, 3, PER_MS, 7000), PACE_REST_MAX);
	assert_int_equal(turns(&p, 2 * WINDOW, 3, PER_MS, 16000), 0);
}

static void test_pace_forgives_a_window_in_which_clients_were_a_little_slower(void **state)
{
	struct pace p = start_resting();

	(void)state;
	assert_int_equal(turns(&p, WINDOW * 4 / 5, 2, PER_MS * 4 / 5, 7000), PACE_REST_MAX);
	assert_int_equal(turns(&p, (PACE_WITH - 2) * WINDOW, 3, PER_MS, 7000), PACE_REST_MAX);
}

static void test_pace_rests_shorter_when_long_rests_are_of_no_use(void **state)
{
	struct pace p = start_resting();

	(void)state;
	assert_int_equal(turns(&p, WINDOW, 1, PER_MS, 7000), PACE_REST_MAX / 2); /* slower */
	assert_int_equal(turns(&p, PACE_WITH * WINDOW - 1, 2, PER_MS, 7000), PACE_REST_MAX / 2);
	assert_int_equal(turns(&p, TRIAL, 2, PER_MS, 8000), 0);
	assert_int_equal(turns(&p, 1, 2, PER_MS, 7000), PACE_REST_MAX / 2); /* known to be good */
}

/* With @windows of each rest, @events a turn at @cost, it is not tried again for @wait ms. */
static void gives_up(struct pace *p, unsigned windows, unsigned events, uint64_t cost,
		     uint64_t wait)
{
	uint64_t end;

	assert_int_not_equal(turns(p, windows * WINDOW - 1, events, PER_MS, cost),
			     0);                                                   /* long ones */
	assert_int_not_equal(turns(p, windows * WINDOW, events, PER_MS, cost), 0); /* short ones */
	assert_int_equal(turns(p, 1, events, PER_MS, cost), 0);
	for (end = ms + wait; ms < end;)
		assert_int_equal(turns(p, 1, 2, PER_MS, 8000), 0);
	for (end = ms + (PACE_WITHOUT + 1) * PACE_WINDOW_MS; p->rest == 0 && ms < end;)
		(void)turns(p, 1, 2, PER_MS, 8000);
	assert_int_equal(p->rest, PACE_REST_MAX);
}

static void test_pace_gives_up_for_longer_and_longer_when_rests_slow_it_down(void **state)
{
	struct pace p = start_resting();

	(void)state;
	for (uint64_t wait = PACE_AGAIN_MS; wait < PACE_AGAIN_MAX; wait *= 2)
		gives_up(&p, 1, 1, 7000, wait);
	gives_up(&p, 1, 1, 7000, PACE_AGAIN_MAX);
	gives_up(&p, 1, 1, 7000, PACE_AGAIN_MAX);
}

static void test_pace_gives_up_when_rests_save_nothing(void **state)
{
	struct pace p = start_resting();

	(void)state;
	gives_up(&p, PACE_SURE, 2, 8000, PACE_AGAIN_MS);
}

/* Two clients that each wait for an answer: a rest is all that happens in a turn. */
static void test_pace_gives_up_when_rests_are_all_that_is_left_of_the_load(void **state)
{
	struct pace p = start_resting();
	uint64_t end;

	(void)state;
	assert_int_equal(turns(&p, 7 * PACE_WINDOW_MS, 2, 7, 8000), 0);
	for (end = ms + PACE_AGAIN_MS; ms < end;)
		assert_int_equal(turns(&p, 1, 2, PER_MS, 8000), 0);
	assert_int_equal(turns(&p, TRIAL + WINDOW, 2, PER_MS, 8000), PACE_REST_MAX);
}

static void test_pace_compares_again_when_the_machine_is_another(void **state)
{
	struct pace p = start_resting();

	(void)state;
	assert_int_equal(turns(&p, 2 * PACE_SURE * WINDOW, 2, PER_MS, 7000), PACE_REST_MAX);
	assert_int_equal(turns(&p, WINDOW, 2, PER_MS, 16000), 0);
	assert_int_equal(turns(&p, TRIAL, 2, PER_MS, 20000), PACE_REST_MAX);
	assert_int_equal(turns(&p, PACE_SURE * WINDOW, 2, PER_MS, 16000), PACE_REST_MAX);
}

static void test_pace_goes_on_after_a_pause_of_the_clients(void **state)
{
	struct pace p = start_resting();

	(void)state;
	ms += 1000;
	assert_int_equal(pace_rest(&p, 2, ms), 0);
	assert_int_equal(turns(&p, TRIAL + 1, 2, PER_MS, 8000), PACE_REST_MAX);
}

static void test_pace_takes_up_after_a_pause_what_was_good_before(void **state)
{
	struct pace p = start_resting();

	(void)state;
	assert_int_equal(turns(&p, 5 * WINDOW, 3, PER_MS, 7000), PACE_REST_MAX);
	ms += 1000;
	assert_int_equal(turns(&p, 1, 3, PER_MS, 7000), 0);
	assert_int_equal(turns(&p, WINDOW + 1, 3, PER_MS, 7000), PACE_REST_MAX);
	assert_int_equal(turns(&p, PACE_SURE * WINDOW, 3, PER_MS, 9000), 0); /* it is not now */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pace_lets_one_client_never_wait),
		cmocka_unit_test(test_pace_rests_not_without_load),
		cmocka_unit_test(test_pace_rests_after_turns_with_few_alone),
		cmocka_unit_test(
			test_pace_rests_while_that_is_cheaper_and_compares_more_and_more_rarely),
		cmocka_unit_test(test_pace_compares_at_once_when_rests_that_were_good_are_dear),
		cmocka_unit_test(test_pace_forgives_a_window_in_which_clients_were_a_little_slower),
		cmocka_unit_test(test_pace_rests_shorter_when_long_rests_are_of_no_use),
		cmocka_unit_test(test_pace_gives_up_for_longer_and_longer_when_rests_slow_it_down),
		cmocka_unit_test(test_pace_gives_up_when_rests_save_nothing),
		cmocka_unit_test(test_pace_gives_up_when_rests_are_all_that_is_left_of_the_load),
		cmocka_unit_test(test_pace_compares_again_when_the_machine_is_another),
		cmocka_unit_test(test_pace_goes_on_after_a_pause_of_the_clients),
		cmocka_unit_test(test_pace_takes_up_after_a_pause_what_was_good_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
