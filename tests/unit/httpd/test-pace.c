/* SPDX-License-Identifier: Apache-2.0 */
/* The pace of a loop: rests under load alone, and only while it helps. */
#include "httpd/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* @turns turns of @events each, @per_ms of them a millisecond. Returns how many asked for a rest.
 */
static unsigned turn(struct pace *p, unsigned turns, unsigned events, unsigned per_ms, uint64_t *ms)
{
	unsigned rests = 0;

	for (unsigned i = 1; i <= turns; i++) {
		rests += pace_wants_rest(p, events, *ms);
		*ms += i % per_ms == 0;
	}
	return rests;
}

static void test_pace_lets_one_client_never_wait(void **state)
{
	struct pace p = {.turns = 0};
	uint64_t ms = 1000;

	(void)state;
	assert_int_equal(turn(&p, 100000, 1, 50, &ms), 0);
}

static void test_pace_rests_not_without_load(void **state)
{
	struct pace p = {.turns = 0};
	uint64_t ms = 1000;

	(void)state;
	assert_int_equal(turn(&p, 10000, 3, PACE_BUSY / 3, &ms), 0);
}

static void test_pace_rests_under_load_while_it_gathers(void **state)
{
	struct pace p = {.turns = 0};
	uint64_t ms = 1000;

	(void)state;
	assert_int_equal(turn(&p, 50 * PACE_WINDOW_MS + 1, 2, 50, &ms), 1);
	/* from now on more is found in a turn; it goes on after those that found few */
	assert_int_equal(turn(&p, 1000, PACE_ENOUGH - 1, 12, &ms), 1000);
	assert_int_equal(turn(&p, 1000, PACE_ENOUGH, 12, &ms), 0);
	assert_int_equal(turn(&p, 12, PACE_ENOUGH - 1, 12, &ms), 12);
}

static void test_pace_gives_up_for_a_while_when_it_gathers_nothing(void **state)
{
	struct pace p = {.turns = 0};
	uint64_t ms = 1000;
	unsigned rests;

	(void)state;
	assert_int_equal(turn(&p, 50 * PACE_WINDOW_MS + 1, 2, 50, &ms), 1);
	/* turns that found no more than before: one or two windows of them were rested in
	 */
	(void)turn(&p, 50 * PACE_WINDOW_MS, PACE_WORTH, 50, &ms);
	assert_int_equal(turn(&p, 50 * (PACE_AGAIN_MS - PACE_WINDOW_MS), PACE_WORTH, 50, &ms), 0);
	rests = turn(&p, 50 * PACE_AGAIN_MS, PACE_WORTH, 50, &ms);
	assert_in_range(rests, 1, 50 * (PACE_WINDOW_MS + 1));
}

/* A pause of the clients is no sign that resting is of no use. */
static void test_pace_goes_on_after_a_pause(void **state)
{
	struct pace p = {.turns = 0};
	uint64_t ms = 1000;

	(void)state;
	assert_int_equal(turn(&p, 50 * PACE_WINDOW_MS + 1, 2, 50, &ms), 1);
	ms += 100;
	assert_false(pace_wants_rest(&p, 2, ms));
	assert_true(turn(&p, 50 * PACE_WINDOW_MS + 1, 2, 50, &ms) > 0);
}

static void test_pace_ends_with_the_load(void **state)
{
	struct pace p = {.turns = 0};
	uint64_t ms = 1000;

	(void)state;
	assert_true(turn(&p, 1000, 2, 50, &ms) > 0);
	ms += 10000;
	assert_false(pace_wants_rest(&p, 3, ms));
	assert_int_equal(turn(&p, 100, 3, 1, &ms), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pace_lets_one_client_never_wait),
		cmocka_unit_test(test_pace_rests_not_without_load),
		cmocka_unit_test(test_pace_rests_under_load_while_it_gathers),
		cmocka_unit_test(test_pace_gives_up_for_a_while_when_it_gathers_nothing),
		cmocka_unit_test(test_pace_goes_on_after_a_pause),
		cmocka_unit_test(test_pace_ends_with_the_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
