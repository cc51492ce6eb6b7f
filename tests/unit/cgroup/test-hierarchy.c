/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-hierarchy - making, filtering, freezing, killing and removing real cgroups.
 *
 * Each test needs root and a cgroup2 hierarchy. The group's teardown fails when one of them leaves
 * a cgroup.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup/internal.h"
#include "test_mount.h"
#include "tinyrun/fd.h"

static void test_create_makes_what_is_missing_and_remove_takes_it(void **state)
{
	struct err e = ERR_INIT;
	int fd;

	(void)state;
	test_need_mount();
	fd = test_make("/a/b/c", "/a", NULL);
	assert_true(test_exists("/a/b/c/cgroup.procs"));
	assert_string_equal(test_text(fd, "cgroup.procs"), "");
	test_take_away(&fd, "/a/b/c", "/a");
	assert_false(test_exists("/a"));
	assert_int_equal(cgroup_remove(&test_host, test_path("/a/b/c"), test_path("/a"), &e), 0);
}

static void test_remove_leaves_a_parent_that_another_one_uses(void **state)
{
	int one, two;

	(void)state;
	test_need_mount();
	one = test_make("/pod/one", "/pod", NULL);
	two = test_make("/pod/two", "/pod", NULL);
	test_take_away(&one, "/pod/one", "/pod");
	assert_true(test_exists("/pod/two"));
	test_take_away(&two, "/pod/two", "/pod");
	assert_false(test_exists("/pod"));
}

static void test_who_goes_last_takes_a_shared_parent(void **state)
{
	int one, two;

	(void)state;
	test_need_mount();
	one = test_make("/pod/in/one", "/pod", NULL);
	two = test_make("/pod/in/two", "/pod/in/two", NULL); /* the others were there for it */
	test_take_away(&one, "/pod/in/one", "/pod");
	assert_true(test_exists("/pod/in/two"));
	test_take_away(&two, "/pod/in/two", "/pod/in/two");
	assert_false(test_exists("/pod"));
}

static void test_a_parent_that_went_meanwhile_is_made_again(void **state)
{
	int one;

	(void)state;
	test_need_mount();
	one = test_make("/pod/in/one", "/pod/in/one", NULL);
	assert_true(test_exists("/pod/in/one"));
	test_take_away(&one, "/pod/in/one", "/pod/in/one");
	assert_false(test_exists("/pod"));
}

static void test_a_parent_of_somebody_else_stays(void **state)
{
	int one;

	(void)state;
	test_need_mount();
	assert_int_equal(mkdirat(test_host.fd, test_path("/old") + 1, 0755), 0);
	one = test_make("/old/in/one", "/old/in", NULL);
	test_take_away(&one, "/old/in/one", "/old/in");
	assert_false(test_exists("/old/in"));
	assert_int_equal(unlinkat(test_host.fd, test_path("/old") + 1, AT_REMOVEDIR), 0);
}

static void test_remove_leaves_what_was_there_before(void **state)
{
	struct err e = ERR_INIT;
	int fd;

	(void)state;
	test_need_mount();
	assert_int_equal(mkdirat(test_host.fd, test_path("/old") + 1, 0755), 0);
	fd = test_make("/old", NULL, NULL);
	fd_close(&fd);
	assert_int_equal(mkdirat(test_host.fd, test_path("/old/inner") + 1, 0755), 0);
	assert_int_equal(cgroup_remove(&test_host, test_path("/old"), NULL, &e), 0);
	assert_false(test_exists("/old/inner"));
	assert_true(test_exists("/old"));
	assert_int_equal(unlinkat(test_host.fd, test_path("/old") + 1, AT_REMOVEDIR), 0);
}

static void test_remove_refuses_paths_from_a_broken_record(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	test_need_mount();
	assert_true(cgroup_remove(&test_host, "/a/../b", "/a", &e) < 0);
	assert_true(cgroup_remove(&test_host, "/", "/", &e) < 0);
	assert_true(cgroup_remove(&test_host, "/ab", "/a", &e) < 0);
	assert_true(cgroup_remove(&test_host, "a", "a", &e) < 0);
	assert_true(cgroup_remove(&test_host, "/a", "/", &e) < 0);
}

static void test_remove_says_that_processes_are_in_the_way(void **state)
{
	struct err e = ERR_INIT;
	char text[ERR_FRAMES * ERR_FRAME_SIZE];
	pid_t pid;
	int fd;

	(void)state;
	test_need_mount();
	fd = test_make("/busy", "/busy", NULL);
	pid = test_sleeper(fd);
	assert_int_equal(cgroup_remove(&test_host, test_path("/busy"), test_path("/busy"), &e),
			 -EBUSY);
	assert_non_null(strstr(err_str(&e, text, sizeof(text)), "with 1 process(es) in it"));
	assert_int_equal(cgroup_kill(fd, TEST_PATIENCE, &e), 0);
	assert_int_equal(test_ended_by(pid), SIGKILL);
	test_take_away(&fd, "/busy", "/busy");
}

/* Deeper than there are descriptors. */
static void test_a_deep_tree_is_listed_and_removed_with_few_descriptors(void **state)
{
	struct err e = ERR_INIT;
	auto_free pid_t *pids = NULL;
	struct rlimit before;
	size_t n = 0;
	pid_t pid;
	int top, fd;

	(void)state;
	test_need_mount();
	top = test_make("/deep", "/deep", NULL);
	fd = dup(top);
	for (int i = 0; i < 60; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "level", 0755), 0);
		assert_int_equal(mkdirat(fd, "other", 0755), 0);
		next = openat(fd, "level", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		fd_close(&fd);
		fd = next;
	}
	pid = test_sleeper(fd);
	fd_close(&fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){24, before.rlim_max}), 0);
	assert_int_equal(cgroup_pids(top, &pids, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(pids[0], pid);
	assert_int_equal(cgroup_kill(top, TEST_PATIENCE, &e), 0);
	assert_int_equal(test_ended_by(pid), SIGKILL);
	test_take_away(&top, "/deep", "/deep");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_false(test_exists("/deep"));
}

static void test_create_refuses_a_cgroup_with_processes(void **state)
{
	struct err e = ERR_INIT;
	pid_t pids[2];
	int fd, inner;

	(void)state;
	test_need_mount();
	fd = test_make("/full", "/full", NULL);
	inner = test_make("/full/inner", "/full/inner", NULL);
	pids[0] = test_sleeper(inner);
	pids[1] = test_sleeper(inner);
	test_not_made("/full", NULL, NULL, "container's cgroup is not empty: 2 process(es) found");
	test_not_made("/full", "/full", NULL,
		      "container's cgroup is not empty: 2 process(es) found");
	assert_int_equal(cgroup_kill(fd, TEST_PATIENCE, &e), 0);
	assert_int_equal(test_ended_by(pids[0]), SIGKILL);
	assert_int_equal(test_ended_by(pids[1]), SIGKILL);
	fd_close(&inner);
	test_take_away(&fd, "/full", "/full");
}

static void test_create_refuses_a_frozen_cgroup_and_one_below_it(void **state)
{
	struct err e = ERR_INIT;
	int fd;

	(void)state;
	test_need_mount();
	fd = test_make("/cold", "/cold", NULL);
	assert_int_equal(cgroup_freeze(fd, true, TEST_PATIENCE, &e), 0);
	test_not_made("/cold", NULL, NULL, "container's cgroup unexpectedly frozen");
	test_not_made("/cold/new", "/cold/new", NULL, "container's cgroup unexpectedly frozen");
	assert_false(test_exists("/cold/new"));
	test_take_away(&fd, "/cold", "/cold");
}

static void test_create_does_not_follow_what_is_no_cgroup(void **state)
{
	(void)state;
	test_need_mount();
	test_not_made("/cgroup.procs", "/cgroup.procs", NULL, "cgroup.procs");
	test_not_made("/gone/x", NULL, NULL, "No such file or directory");
	test_not_made("/../x", "/..", NULL, "without \"..\"");
	test_not_made("/ab", "/a", NULL, "is not below");
}

static void test_freeze_takes_effect_and_thaws(void **state)
{
	struct err e = ERR_INIT;
	bool frozen = true;
	pid_t pid;
	int fd;

	(void)state;
	test_need_mount();
	fd = test_make("/f", "/f", NULL);
	pid = test_sleeper(fd);
	assert_int_equal(cgroup_is_frozen(fd, &frozen, &e), 0);
	assert_false(frozen);
	assert_int_equal(cgroup_freeze(fd, true, TEST_PATIENCE, &e), 0);
	assert_int_equal(cgroup_is_frozen(fd, &frozen, &e), 0);
	assert_true(frozen);
	assert_string_equal(test_text(fd, "cgroup.events"), "populated 1\nfrozen 1");
	assert_int_equal(cgroup_freeze(fd, false, TEST_PATIENCE, &e), 0);
	assert_string_equal(test_text(fd, "cgroup.events"), "populated 1\nfrozen 0");
	assert_int_equal(cgroup_kill(fd, TEST_PATIENCE, &e), 0);
	assert_int_equal(test_ended_by(pid), SIGKILL);
	test_take_away(&fd, "/f", "/f");
}

static void test_kill_ends_frozen_and_nested_processes(void **state)
{
	struct err e = ERR_INIT;
	pid_t one, two;
	int fd, inner;
	bool frozen;

	(void)state;
	test_need_mount();
	fd = test_make("/k", "/k", NULL);
	inner = test_make("/k/inner", "/k/inner", NULL);
	one = test_sleeper(fd);
	two = test_sleeper(inner);
	assert_int_equal(cgroup_freeze(inner, true, TEST_PATIENCE, &e), 0);
	assert_int_equal(cgroup_freeze(fd, true, TEST_PATIENCE, &e), 0);
	assert_int_equal(cgroup_kill(fd, TEST_PATIENCE, &e), 0);
	assert_int_equal(cgroup_is_frozen(fd, &frozen, &e), 0);
	assert_false(frozen);
	assert_int_equal(test_ended_by(one), SIGKILL);
	assert_int_equal(test_ended_by(two), SIGKILL);
	assert_int_equal(cgroup_kill(fd, TEST_PATIENCE, &e), 0);
	fd_close(&inner);
	test_take_away(&fd, "/k", "/k");
}

static void test_kill_without_the_kernels_help_ends_them_too(void **state)
{
	struct err e = ERR_INIT;
	pid_t one, two;
	int fd, inner;

	(void)state;
	test_need_mount();
	fd = test_make("/each", "/each", NULL);
	inner = test_make("/each/inner", "/each/inner", NULL);
	one = test_sleeper(fd);
	two = test_sleeper(inner);
	assert_int_equal(cgroup_kill_each(fd, TEST_PATIENCE, &e), 0);
	assert_int_equal(cgroup_wait_event(fd, "populated", 0, TEST_PATIENCE, &e), 0);
	assert_int_equal(test_ended_by(one), SIGKILL);
	assert_int_equal(test_ended_by(two), SIGKILL);
	fd_close(&inner);
	test_take_away(&fd, "/each", "/each");
}

static void test_a_wait_ends_at_its_time(void **state)
{
	struct err e = ERR_INIT;
	int fd;

	(void)state;
	test_need_mount();
	fd = test_make("/w", "/w", NULL);
	assert_int_equal(cgroup_wait_event(fd, "populated", 1, 30, &e), -ETIMEDOUT);
	test_take_away(&fd, "/w", "/w");
}

static void test_a_signal_reaches_everybody(void **state)
{
	enum { N = 70 }; /* more than are opened at a time */
	struct err e = ERR_INIT;
	pid_t pids[N];
	int fd;

	(void)state;
	test_need_mount();
	fd = test_make("/s", "/s", NULL);
	for (int i = 0; i < N; i++)
		pids[i] = test_sleeper(fd);
	assert_int_equal(cgroup_signal_all(fd, SIGUSR1, &e), 0);
	for (int i = 0; i < N; i++)
		assert_int_equal(test_ended_by(pids[i]), SIGUSR1);
	assert_int_equal(cgroup_signal_all(fd, SIGUSR1, &e), 0);
	assert_int_equal(cgroup_wait_event(fd, "populated", 0, TEST_PATIENCE, &e), 0);
	test_take_away(&fd, "/s", "/s");
}

static void test_open_tells_missing_from_wrong(void **state)
{
	struct err e = ERR_INIT;
	int fd = -1;

	(void)state;
	test_need_mount();
	assert_int_equal(cgroup_open(&test_host, test_path("/none"), &fd, &e), CGROUP_E_MISSING);
	assert_int_equal(e.depth, 0);
	assert_true(cgroup_open(&test_host, "/../x", &fd, &e) < 0);
	assert_int_equal(fd, -1);
}

/* --- devices --- */

static int open_kmsg(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? errno : 0;
}

static int open_null(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC) < 0 ? errno : 0;
}

static void test_the_device_filter_holds_and_is_replaced(void **state)
{
	struct limits_device all = {
		.allow = true, .type = 'a', .read = true, .write = true, .mknod = true};
	struct err e = ERR_INIT;
	int fd;

	(void)state;
	test_need_mount();
	if (open_kmsg() != 0) {
		print_message("skipped: /dev/kmsg cannot be opened here\n");
		skip();
	}
	fd = test_make("/d", "/d", NULL);
	assert_int_equal(cgroup_device_filter(fd, NULL, &e), 0);
	assert_int_equal(test_run_in(fd, open_kmsg), EPERM);
	assert_int_equal(test_run_in(fd, open_null), 0);
	assert_int_equal(cgroup_device_attach(fd, &all, 1, &e), 0);
	assert_int_equal(test_run_in(fd, open_kmsg), 0);
	assert_int_equal(cgroup_device_attach(fd, NULL, 0, &e), 0);
	assert_int_equal(test_run_in(fd, open_kmsg), EPERM);
	for (int i = 0; i < 70; i++)
		assert_int_equal(cgroup_device_attach(fd, &all, 1, &e), 0);
	assert_int_equal(test_run_in(fd, open_kmsg), 0);
	test_take_away(&fd, "/d", "/d");
}

/* The kernel's own verifier on every shape that the generator has. */
static void test_the_kernel_takes_every_kind_of_rule(void **state)
{
	struct limits_device rules[24];
	struct err e = ERR_INIT;
	char text[ERR_FRAMES * ERR_FRAME_SIZE];
	int fd;

	(void)state;
	test_need_mount();
	fd = test_make("/v", "/v", NULL);
	for (unsigned i = 0; i < 3 * 2 * 2 * 2 * 8; i++) {
		struct limits_device *d = &rules[i % 24];

		*d = (struct limits_device){.type = "abc"[i % 3],
					    .allow = i / 3 % 2,
					    .major = {i / 6 % 2, 7},
					    .minor = {i / 12 % 2, 9},
					    .read = i / 24 & 1,
					    .write = i / 24 & 2,
					    .mknod = (i / 24 & 4) || i / 24 == 0};
		if (cgroup_device_attach(fd, d, 1, &e) < 0 ||
		    (i % 24 == 23 && cgroup_device_attach(fd, rules, 24, &e) < 0))
			fail_msg("%u: %s", i, err_str(&e, text, sizeof(text)));
	}
	test_take_away(&fd, "/v", "/v");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_makes_what_is_missing_and_remove_takes_it),
		cmocka_unit_test(test_remove_leaves_a_parent_that_another_one_uses),
		cmocka_unit_test(test_who_goes_last_takes_a_shared_parent),
		cmocka_unit_test(test_a_parent_that_went_meanwhile_is_made_again),
		cmocka_unit_test(test_a_parent_of_somebody_else_stays),
		cmocka_unit_test(test_remove_leaves_what_was_there_before),
		cmocka_unit_test(test_remove_refuses_paths_from_a_broken_record),
		cmocka_unit_test(test_remove_says_that_processes_are_in_the_way),
		cmocka_unit_test(test_a_deep_tree_is_listed_and_removed_with_few_descriptors),
		cmocka_unit_test(test_create_refuses_a_cgroup_with_processes),
		cmocka_unit_test(test_create_refuses_a_frozen_cgroup_and_one_below_it),
		cmocka_unit_test(test_create_does_not_follow_what_is_no_cgroup),
		cmocka_unit_test(test_freeze_takes_effect_and_thaws),
		cmocka_unit_test(test_kill_ends_frozen_and_nested_processes),
		cmocka_unit_test(test_kill_without_the_kernels_help_ends_them_too),
		cmocka_unit_test(test_a_wait_ends_at_its_time),
		cmocka_unit_test(test_a_signal_reaches_everybody),
		cmocka_unit_test(test_open_tells_missing_from_wrong),
		cmocka_unit_test(test_the_device_filter_holds_and_is_replaced),
		cmocka_unit_test(test_the_kernel_takes_every_kind_of_rule),
	};

	return cmocka_run_group_tests(tests, test_mount_setup, test_mount_teardown);
}
