/* SPDX-License-Identifier: Apache-2.0 */
/* The builder: strings once, arrays aligned, offsets inside, failures remembered. */
#include "fixture.h"

#include "plan/builder.h"

#include <errno.h>

static struct builder b;
static struct plan_input in;

static int set_up(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	return builder_init(&b, &in, &e);
}

static int tear_down(void **state)
{
	(void)state;
	builder_done(&b);
	return 0;
}

static void test_builder_keeps_each_string_once(void **state)
{
	char text[32];
	uint32_t first = builder_str(&b, "one"), offsets[1000];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) { /* the table grows some times */
		(void)snprintf(text, sizeof(text), "string %u", i);
		offsets[i] = builder_str(&b, text);
	}
	assert_int_equal(builder_str(&b, "one"), first);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(builder_strf(&b, "string %u", i), offsets[i]);
		(void)snprintf(text, sizeof(text), "string %u", i);
		assert_string_equal(b.pool.data + offsets[i], text);
	}
	assert_int_equal(builder_str(&b, NULL), 0);
	assert_int_not_equal(builder_str(&b, ""), 0);
}

/*
 * A hash that is known can be aimed at: 200 strings that all belong into place 77 of a table of up
 * to 1024. They are found by trying.
 */
static void test_builder_looks_no_further_for_strings_of_one_hash(void **state)
{
	char text[200][16];
	uint32_t offsets[200];
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; n < 200; i++) {
		uint64_t h = 0xcbf29ce484222325U;

		(void)snprintf(text[n], sizeof(text[n]), "%u", i);
		for (const char *s = text[n]; *s; s++)
			h = (h ^ (unsigned char)*s) * 0x100000001b3U;
		n += ((h ^ h >> 29) & 1023) == 77;
	}
	for (unsigned i = 0; i < n; i++)
		offsets[i] = builder_str(&b, text[i]);
	for (unsigned i = 0; i < n; i++)
		assert_string_equal(b.pool.data + offsets[i], text[i]);
	assert_int_equal(builder_str(&b, text[0]), offsets[0]);
	/* this one is too far away: it is there once more */
	assert_int_not_equal(builder_str(&b, text[n - 1]), offsets[n - 1]);
}

static void test_builder_makes_a_plan_whose_offsets_lie_inside(void **state)
{
	static const char *const words[] = {"a", "bc", "a"};
	struct err e = ERR_INIT;
	struct plan *plan = NULL;
	uint32_t slot, list = builder_strs(&b, words, 3), none = builder_strs(&b, words, 0);

	(void)state;
	builder_step(&b, STEP_EXEC, "process.args")->exec.argv = list;
	(void)builder_slot(&b, PLAN_FD_BIND, "mounts[0]", "/x", "/y", &slot);
	assert_int_equal(slot, 0);
	assert_int_equal(builder_finish(&b, &plan, &e), 0);
	assert_int_equal(plan_header(plan)->magic, PLAN_MAGIC);
	assert_int_equal(plan_header(plan)->size, plan->size);
	assert_int_equal(plan->size % 8, 0);
	assert_int_equal(plan_header(plan)->steps % 8, 0);
	assert_int_equal(list % 8, 0);
	assert_string_equal(plan_str(plan, fixture_array(plan, list)[1]), "bc");
	assert_int_equal(fixture_array(plan, list)[0], fixture_array(plan, list)[2]);
	assert_int_equal(fixture_array(plan, list)[3], 0);
	assert_int_equal(fixture_array(plan, none)[0], 0);
	assert_int_equal((int32_t)fixture_array(plan, plan_header(plan)->slots)[0], -1);
	assert_string_equal(plan->fds[0].target, "/y");
	plan_free(&plan);
}

static void test_builder_refuses_a_plan_without_measure(void **state)
{
	size_t size = (size_t)20 << 20;
	char *big = malloc(size);
	struct err e = ERR_INIT;
	struct plan *plan = NULL;

	(void)state;
	assert_non_null(big);
	memset(big, 'x', size);
	assert_int_not_equal(builder_array(&b, big, size), 0);
	assert_int_equal(builder_array(&b, big, size), 0); /* 40 MiB */
	free(big);
	assert_int_equal(builder_str(&b, "later"), 0);
	builder_step(&b, STEP_EXEC, "")->exec.argv = 1; /* harmless */
	assert_int_equal(builder_finish(&b, &plan, &e), -E2BIG);
	assert_null(plan);
}

static void test_builder_text_takes_any_length(void **state)
{
	char big[3000];

	(void)state;
	memset(big, 'y', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_string_equal(builder_text(&b, "%s", big), big);
	assert_string_equal(builder_text(&b, "mounts[%d]", 7), "mounts[7]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_builder_keeps_each_string_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			test_builder_looks_no_further_for_strings_of_one_hash, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_builder_makes_a_plan_whose_offsets_lie_inside,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_builder_refuses_a_plan_without_measure, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_builder_text_takes_any_length, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
