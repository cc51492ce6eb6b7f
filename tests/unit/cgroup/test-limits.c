/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-limits - controllers enabled, limits written, and the kernel keeping to them.
 *
 * Each test needs root, a cgroup2 hierarchy and the controller that it is about, and says which.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cgroup/internal.h"
#include "test_mount.h"

static void test_a_missing_controller_is_named_with_place_and_way_out(void **state)
{
	struct limits_unified u = {"nosuch.max", "1"};
	const struct limits limits = {.unified = &u, .n_unified = 1};
	char want[512];

	(void)state;
	test_need_mount();
	(void)snprintf(want, sizeof(want),
		       "unified[nosuch.max] needs the nosuch controller, which is not available at "
		       "%s: boot with systemd.unified_cgroup_hierarchy=1 or remove "
		       "linux.resources.unified[nosuch.max]",
		       test_host.mount);
	test_not_made("/x/y", "/x", &limits, want);
	assert_false(test_exists("/x"));
}

static void test_no_controller_is_touched_without_a_limit(void **state)
{
	const struct limits unlimited = {.memory_limit = {true, -1},
					 .memory_swap = {true, -1},
					 .memory_reservation = {true, 0},
					 .pids_limit = {true, -1},
					 .cpu_quota = {true, -1},
					 .cpu_period = {true, 100000},
					 .cpu_burst = {true, 0},
					 .cpu_idle = {true, 0}};
	int fd;

	(void)state;
	test_need_mount();
	fd = test_make("/free/x", "/free", &unlimited);
	assert_string_equal(test_text(fd, "cgroup.controllers"), "");
	test_take_away(&fd, "/free/x", "/free");
}

/* Whichever controller there is: it is enabled from the top down, and nothing else is. */
static void test_a_needed_controller_is_enabled_down_to_the_cgroup(void **state)
{
	static const char *const files[] = {"memory.high", "pids.max", "hugetlb.2MB.max"};
	struct limits_unified u = {NULL, "16777216"};
	const struct limits limits = {.unified = &u, .n_unified = 1};
	char controller[32];
	int fd;

	(void)state;
	test_need_mount();
	for (size_t i = 0; i < sizeof(files) / sizeof(*files) && !u.file; i++)
		if (cgroup_file_has_word(test_text(test_host.fd, "cgroup.controllers"), files[i],
					 strcspn(files[i], ".")))
			u.file = files[i];
	if (!u.file)
		test_need_controller("memory");
	fd = test_make("/p/q/r", "/p", &limits);
	(void)snprintf(controller, sizeof(controller), "%.*s", (int)strcspn(u.file, "."), u.file);
	assert_string_equal(test_text(fd, "cgroup.controllers"), controller);
	assert_string_equal(test_text(fd, u.file), "16777216");
	test_take_away(&fd, "/p/q/r", "/p");
}

static void test_a_parent_with_processes_is_the_reason_given(void **state)
{
	struct limits_unified u = {NULL, "16777216"};
	const struct limits limits = {.unified = &u, .n_unified = 1};
	struct err e = ERR_INIT;
	pid_t pid;
	int fd;

	(void)state;
	test_need_mount();
	u.file = cgroup_file_has_word(test_text(test_host.fd, "cgroup.controllers"), "hugetlb", 7)
			 ? "hugetlb.2MB.max"
			 : "memory.high";
	if (u.file[0] == 'm')
		test_need_controller("memory");
	fd = test_make("/parent", "/parent", NULL);
	pid = test_sleeper(fd);
	test_not_made("/parent/x", "/parent/x", &limits, "has processes of its own");
	assert_false(test_exists("/parent/x"));
	assert_int_equal(cgroup_kill(fd, TEST_PATIENCE, &e), 0);
	assert_int_equal(test_ended_by(pid), SIGKILL);
	test_take_away(&fd, "/parent", "/parent");
}

static int take_memory(void)
{
	size_t size = (size_t)150 << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; p != MAP_FAILED && i < size; i += 4096)
		p[i] = 1;
	return 0;
}

static void test_memory_beyond_the_limit_is_killed_and_counted(void **state)
{
	const struct limits limits = {.memory_limit = {true, 100 << 20},
				      .memory_swap = {true, 100 << 20},
				      .memory_reservation = {true, 1 << 20}};
	struct err e = ERR_INIT;
	uint64_t kills = 99;
	int fd;

	(void)state;
	test_need_controller("memory");
	fd = test_make("/m/x", "/m", &limits);
	assert_string_equal(test_text(fd, "memory.max"), "104857600");
	assert_string_equal(test_text(fd, "memory.low"), "1048576");
	assert_int_equal(cgroup_oom_kills(fd, &kills, &e), 0);
	assert_int_equal(kills, 0);
	assert_int_equal(test_run_in(fd, take_memory), 128 + SIGKILL);
	assert_int_equal(cgroup_oom_kills(fd, &kills, &e), 0);
	assert_int_equal(kills, 1);
	test_take_away(&fd, "/m/x", "/m");
}

static void test_without_a_memory_controller_there_are_no_oom_kills(void **state)
{
	struct err e = ERR_INIT;
	uint64_t kills = 99;
	int fd;

	(void)state;
	test_need_mount();
	fd = test_make("/nomem", "/nomem", NULL);
	assert_int_equal(cgroup_oom_kills(fd, &kills, &e), 0);
	assert_int_equal(kills, 0);
	test_take_away(&fd, "/nomem", "/nomem");
}

static int fork_twice(void)
{
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return errno;
		if (pid == 0)
			_exit(pause());
	}
	return 0;
}

static void test_pids_beyond_the_limit_do_not_start(void **state)
{
	const struct limits limits = {.pids_limit = {true, 2}};
	struct err e = ERR_INIT;
	int fd;

	(void)state;
	test_need_controller("pids");
	fd = test_make("/n", "/n", &limits);
	assert_int_equal(test_run_in(fd, fork_twice), EAGAIN);
	assert_int_equal(cgroup_kill(fd, TEST_PATIENCE, &e), 0);
	test_take_away(&fd, "/n", "/n");
}

static void test_limits_of_a_running_container_change(void **state)
{
	struct limits first = {.cpu_quota = {true, 50000}, .cpu_shares = {true, 1024}};
	struct limits period = {.cpu_period = {true, 20000}};
	struct limits quota = {.cpu_quota = {true, 10000}};
	struct limits memory = {.memory_limit = {true, 64 << 20}};
	struct err e = ERR_INIT;
	pid_t pid;
	int fd;

	(void)state;
	test_need_controller("cpu");
	test_need_controller("memory");
	fd = test_make("/u/x", "/u", &first);
	pid = test_sleeper(fd);
	assert_string_equal(test_text(fd, "cpu.max"), "50000 100000");
	assert_string_equal(test_text(fd, "cpu.weight"), "100");
	assert_int_equal(cgroup_apply(fd, &period, &e), 0);
	assert_string_equal(test_text(fd, "cpu.max"), "50000 20000");
	assert_int_equal(cgroup_apply(fd, &quota, &e), 0);
	assert_string_equal(test_text(fd, "cpu.max"), "10000 20000");
	assert_int_equal(cgroup_apply(fd, &memory, &e), 0);
	assert_string_equal(test_text(fd, "memory.max"), "67108864");
	assert_int_equal(cgroup_kill(fd, TEST_PATIENCE, &e), 0);
	assert_int_equal(test_ended_by(pid), SIGKILL);
	test_take_away(&fd, "/u/x", "/u");
}

static void test_an_update_below_what_is_in_use_is_refused_when_asked(void **state)
{
	struct limits first = {.memory_limit = {true, 64 << 20}};
	struct limits lower = {.memory_limit = {true, 4096}, .memory_check_before_update = true};
	struct err e = ERR_INIT;
	char text[ERR_FRAMES * ERR_FRAME_SIZE];
	int fd;

	(void)state;
	test_need_controller("memory");
	fd = test_make("/c", "/c", &first);
	assert_int_equal(test_run_in(fd, fork_twice), 0);
	assert_int_equal(cgroup_apply(fd, &lower, &e), -EBUSY);
	assert_non_null(strstr(err_str(&e, text, sizeof(text)), "4096 bytes are less than the"));
	assert_string_equal(test_text(fd, "memory.max"), "67108864");
	e = ERR_INIT;
	assert_int_equal(cgroup_kill(fd, TEST_PATIENCE, &e), 0);
	test_take_away(&fd, "/c", "/c");
}

static void put_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

/* On a directory that stands for a cgroup: 10000 bytes in use, of which 4000 can be reclaimed. */
static void test_a_limit_has_to_have_room_for_what_cannot_be_reclaimed(void **state)
{
	static const char *const files[] = {"memory.stat", "memory.current", "memory.swap.max",
					    "memory.swap.current"};
	static const struct {
		int64_t limit;
		bool all; /* checkBeforeUpdate */
		int result;
	} cases[] = {{6000, false, 0},      {5999, false, -EBUSY}, {9999, true, -EBUSY},
		     {10000, true, 0},      {-1, true, 0},         {-1, false, 0},
		     {4096, false, -EBUSY}, {20000, false, 0}};
	char path[] = "/tmp/test-limits-XXXXXX";
	int dir;

	(void)state;
	assert_non_null(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put_file(dir, "memory.current", "10000\n");
	put_file(dir, "memory.stat",
		 "anon 4000\nfile 3500\nkernel 2000\nshmem 500\nslab_reclaimable 500\n");
	put_file(dir, "memory.swap.max", "0\n");
	put_file(dir, "memory.swap.current", "0\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct limits limits = {.memory_limit = {true, cases[i].limit},
					.memory_check_before_update = cases[i].all};
		struct err e = ERR_INIT;

		assert_int_equal(cgroup_check_usage(dir, &limits, &e), cases[i].result);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)unlinkat(dir, files[i], 0);
	(void)close(dir);
	assert_int_equal(rmdir(path), 0);
}

static void test_burst_and_quota_change_in_either_direction(void **state)
{
	struct limits high = {.cpu_quota = {true, 80000}, .cpu_burst = {true, 70000}};
	struct limits low = {.cpu_quota = {true, 20000}, .cpu_burst = {true, 10000}};
	struct err e = ERR_INIT;
	int fd;

	(void)state;
	test_need_controller("cpu");
	fd = test_make("/b", "/b", &low);
	if (faccessat(fd, "cpu.max.burst", F_OK, 0) < 0) {
		test_take_away(&fd, "/b", "/b");
		print_message("skipped: no cpu.max.burst\n");
		skip();
	}
	assert_int_equal(cgroup_apply(fd, &high, &e), 0);
	assert_string_equal(test_text(fd, "cpu.max.burst"), "70000");
	assert_string_equal(test_text(fd, "cpu.max"), "80000 100000");
	assert_int_equal(cgroup_apply(fd, &low, &e), 0);
	assert_string_equal(test_text(fd, "cpu.max.burst"), "10000");
	assert_string_equal(test_text(fd, "cpu.max"), "20000 100000");
	test_take_away(&fd, "/b", "/b");
}

static void test_a_value_that_the_kernel_refuses_leaves_nothing(void **state)
{
	struct limits_unified u = {"memory.high", "lots"};
	const struct limits limits = {.unified = &u, .n_unified = 1};

	(void)state;
	test_need_controller("memory");
	test_not_made("/bad/x", "/bad", &limits,
		      "linux.resources.unified: write lots to memory.high: Invalid argument");
	assert_false(test_exists("/bad"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_missing_controller_is_named_with_place_and_way_out),
		cmocka_unit_test(test_no_controller_is_touched_without_a_limit),
		cmocka_unit_test(test_a_needed_controller_is_enabled_down_to_the_cgroup),
		cmocka_unit_test(test_a_parent_with_processes_is_the_reason_given),
		cmocka_unit_test(test_memory_beyond_the_limit_is_killed_and_counted),
		cmocka_unit_test(test_without_a_memory_controller_there_are_no_oom_kills),
		cmocka_unit_test(test_pids_beyond_the_limit_do_not_start),
		cmocka_unit_test(test_limits_of_a_running_container_change),
		cmocka_unit_test(test_an_update_below_what_is_in_use_is_refused_when_asked),
		cmocka_unit_test(test_a_limit_has_to_have_room_for_what_cannot_be_reclaimed),
		cmocka_unit_test(test_burst_and_quota_change_in_either_direction),
		cmocka_unit_test(test_a_value_that_the_kernel_refuses_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, test_mount_setup, test_mount_teardown);
}
