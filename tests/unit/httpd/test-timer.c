/* SPDX-License-Identifier: Apache-2.0 */
/* The timer wheel: never early, at most a tick late, whatever was moved in between. */
#include "httpd/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define N 200

static unsigned n_expired;

static void on_expire(struct timer *t)
{
	(void)t;
	n_expired++;
}

/* Goes from @from to @to by the sleeps that the wheel asks for; returns when the first expired. */
static uint64_t run(struct timer_wheel *w, uint64_t from, uint64_t to)
{
	n_expired = 0;
	while (from < to && n_expired == 0) {
		int sleep = timer_sleep(w, from);

		if (sleep < 0)
			return to;
		from += (uint64_t)sleep;
		timer_expire(w, from);
	}
	return from;
}

static void test_timer_expires_within_a_tick_of_its_deadline(void **state)
{
	static const uint64_t delays[] = {0, 1, 127, 128, 129, 1000, 15000, 65535, 65536, 300000};

	(void)state;
	for (size_t i = 0; i < sizeof(delays) / sizeof(*delays); i++) {
		struct timer_wheel w;
		struct timer t;
		uint64_t now = 1000003, end;

		timer_wheel_init(&w, now, on_expire);
		timer_init(&t);
		timer_set(&w, &t, now + delays[i]);
		end = run(&w, now, now + 1000000);
		assert_int_equal(n_expired, 1);
		assert_true(end >= now + delays[i] && end <= now + delays[i] + TIMER_TICK_MS);
		assert_int_equal(timer_sleep(&w, end), -1);
	}
}

static void test_timer_follows_when_the_deadline_moves(void **state)
{
	struct timer_wheel w;
	struct timer t;
	uint64_t end;

	(void)state;
	timer_wheel_init(&w, 0, on_expire);
	timer_init(&t);
	timer_set(&w, &t, 1000);
	timer_set(&w, &t, 5000);
	end = run(&w, 0, 100000);
	assert_true(end >= 5000 && end <= 5000 + TIMER_TICK_MS);
	timer_set(&w, &t, end + 5000);
	timer_set(&w, &t, end + 1000);
	assert_true(run(&w, end, end + 100000) <= end + 1000 + TIMER_TICK_MS);
	assert_int_equal(n_expired, 1);
}

static void test_timer_that_was_cleared_does_not_expire(void **state)
{
	struct timer_wheel w;
	struct timer t;

	(void)state;
	timer_wheel_init(&w, 0, on_expire);
	timer_init(&t);
	timer_clear(&w, &t);
	timer_set(&w, &t, 1000);
	timer_clear(&w, &t);
	assert_int_equal(timer_sleep(&w, 0), -1);
	n_expired = 0;
	timer_expire(&w, 1000000);
	assert_int_equal(n_expired, 0);
}

static void test_timer_wheel_catches_up_after_a_long_pause(void **state)
{
	struct timer_wheel w;
	struct timer t[N];

	(void)state;
	timer_wheel_init(&w, 0, on_expire);
	for (unsigned i = 0; i < N; i++) {
		timer_init(&t[i]);
		timer_set(&w, &t[i], i * 1009);
	}
	n_expired = 0;
	timer_expire(&w, 100 * 1009 + TIMER_TICK_MS);
	assert_int_equal(n_expired, 101);
	timer_expire(&w, 1000ull * 1009);
	assert_int_equal(n_expired, N);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timer_expires_within_a_tick_of_its_deadline),
		cmocka_unit_test(test_timer_follows_when_the_deadline_moves),
		cmocka_unit_test(test_timer_that_was_cleared_does_not_expire),
		cmocka_unit_test(test_timer_wheel_catches_up_after_a_long_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
