/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs go to the pool and come back, each once. */
#include "httpd/pool.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define JOBS 2000

struct job {
	struct pool_job job;
	int runs, seen;
};

static void run(struct pool_job *job)
{
	((struct job *)job)->runs++;
}

static void test_pool_brings_every_job_back_once(void **state)
{
	static struct job jobs[JOBS];
	struct err e = ERR_INIT;
	struct pool_sink sink;
	struct pool pool;
	unsigned back = 0, waiting, busy;

	(void)state;
	pool_init(&pool);
	assert_int_equal(pool_sink_init(&sink, &e), 0);
	assert_int_equal(pool_start(&pool, 4, &e), 0);
	for (int i = 0; i < JOBS; i++) {
		jobs[i].job.run = run;
		jobs[i].job.sink = &sink;
		pool_submit(&pool, &jobs[i].job);
	}
	while (back < JOBS) {
		struct pollfd p = {.fd = sink.event_fd, .events = POLLIN};

		assert_int_equal(poll(&p, 1, 10000), 1);
		for (struct pool_job *j = pool_sink_take(&sink); j; j = j->next, back++)
			((struct job *)j)->seen++;
	}
	for (int i = 0; i < JOBS; i++)
		assert_true(jobs[i].runs == 1 && jobs[i].seen == 1);
	assert_true(pool_stop(&pool, 10));
	pool_load(&pool, &waiting, &busy);
	assert_int_equal(waiting + busy, 0);
	pool_sink_done(&sink);
}

static atomic_bool release;

static void block(struct pool_job *job)
{
	(void)job;
	while (!release)
		;
}

static void test_pool_does_not_wait_for_ever_for_a_disk(void **state)
{
	struct err e = ERR_INIT;
	struct pool_sink sink;
	struct job job = {.job = {.run = block}};
	struct pool pool;

	(void)state;
	pool_init(&pool);
	assert_int_equal(pool_sink_init(&sink, &e), 0);
	assert_int_equal(pool_start(&pool, 1, &e), 0);
	job.job.sink = &sink;
	pool_submit(&pool, &job.job);
	assert_false(pool_stop(&pool, 1));
	release = true;
	assert_true(pool_stop(&pool, 10));
	pool_sink_done(&sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pool_brings_every_job_back_once),
		cmocka_unit_test(test_pool_does_not_wait_for_ever_for_a_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
