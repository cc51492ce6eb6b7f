/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs for the disk: what is under way is not done a second time. */
#include "httpd/disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct file_root root = {.fd = -1};

static struct disk_job *look(const char *path)
{
	return disk_look_new(&root, path, strlen(path));
}

static void test_disk_does_the_same_once(void **state)
{
	struct disk_table t;
	struct disk_job *first, *again;
	bool is_new;

	(void)state;
	disk_table_init(&t);
	first = look("a/b");
	assert_ptr_equal(disk_table_add(&t, first, &is_new), first);
	assert_true(is_new);
	for (int i = 0; i < 100; i++) {
		assert_ptr_equal(disk_table_add(&t, look("a/b"), &is_new), first);
		assert_false(is_new);
	}
	disk_drop(first);
	again = disk_table_add(&t, look("a/b"), &is_new);
	assert_true(is_new);
	disk_drop(again);
}

static void test_disk_tells_jobs_apart(void **state)
{
	const struct listing_spec plain = {.json = false}, json = {.json = true};
	struct cache_file file = {.refs = 10};
	struct disk_job *jobs[] = {
		look("a/"),
		look("a"),
		look(""),
		disk_list_new(&root, "a/", 2, &plain),
		disk_list_new(&root, "a/", 2, &json),
		disk_warm_new(&file, 0, 10),
		disk_warm_new(&file, 10, 20),
	};
	const size_t n = sizeof(jobs) / sizeof(*jobs);
	struct disk_table t;
	bool is_new;

	(void)state;
	disk_table_init(&t);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(disk_table_add(&t, jobs[i], &is_new), jobs[i]);
		assert_true(is_new);
	}
	assert_ptr_equal(disk_table_add(&t, disk_warm_new(&file, 10, 20), &is_new), jobs[n - 1]);
	assert_false(is_new);
	for (size_t i = 0; i < n; i++)
		disk_drop(jobs[i]);
	assert_int_equal(file.refs, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disk_does_the_same_once),
		cmocka_unit_test(test_disk_tells_jobs_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
