/* SPDX-License-Identifier: Apache-2.0 */
/* test-locate - which cgroup a container gets; on a directory of no cgroup, and on a real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup/internal.h"
#include "test_mount.h"
#include "tinyrun/fd.h"

/* What does not exist is found out without any file of cgroup2: an empty directory will do. */
static struct cgroup_host empty = {.fd = -1};
static char empty_dir[] = "/tmp/tinyrun-test-locate-XXXXXX";

static int setup(void **state)
{
	if (!mkdtemp(empty_dir))
		return -1;
	empty.fd = open(empty_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	empty.mount = empty_dir;
	return test_mount_setup(state);
}

static int teardown(void **state)
{
	fd_close(&empty.fd);
	(void)rmdir(empty_dir);
	return test_mount_teardown(state);
}

static void assert_located(struct cgroup_host *host, const char *given, const char *path,
			   const char *top)
{
	auto_free char *got_path = NULL, *got_top = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(cgroup_locate(host, given, "web1", &got_path, &got_top, &e), 0);
	assert_string_equal(got_path, path);
	if (top)
		assert_string_equal(got_top, top);
	else
		assert_null(got_top);
}

static void assert_refused(struct cgroup_host *host, const char *given, const char *words)
{
	char *path = NULL, *top = NULL;
	struct err e = ERR_INIT;
	char text[ERR_FRAMES * ERR_FRAME_SIZE];

	assert_true(cgroup_locate(host, given, "web1", &path, &top, &e) < 0);
	assert_null(path);
	assert_non_null(strstr(err_str(&e, text, sizeof(text)), words));
}

static void test_without_a_path_it_is_beside_our_own(void **state)
{
	char root[] = "/", scope[] = "/a/b.scope";

	(void)state;
	empty.own = root;
	assert_located(&empty, NULL, "/tinyrun-web1", "/tinyrun-web1");
	assert_located(&empty, "", "/tinyrun-web1", "/tinyrun-web1");
	empty.own = scope;
	assert_located(&empty, NULL, "/a/tinyrun-web1", "/a");
}

static void test_our_own_is_read_when_it_is_needed(void **state)
{
	auto_free char *own = NULL, *path = NULL, *top = NULL;
	struct err e = ERR_INIT;

	(void)state;
	empty.own = NULL;
	assert_int_equal(cgroup_read_own(&own, &e), 0);
	assert_int_equal(cgroup_locate(&empty, "x", "web1", &path, &top, &e), 0);
	strrchr(own, '/')[0] = 0;
	assert_memory_equal(path, own, strlen(own));
	assert_string_equal(path + strlen(own), "/x");
}

static void test_an_absolute_path_is_below_the_mount(void **state)
{
	(void)state;
	assert_located(&empty, "/pods/web", "/pods/web", "/pods");
	assert_located(&empty, "//pods/./web//", "/pods/web", "/pods");
	assert_located(&empty, "/..x/y..", "/..x/y..", "/..x");
}

static void test_a_relative_path_is_below_the_parent_of_our_own(void **state)
{
	char scope[] = "/a/b.scope";

	(void)state;
	empty.own = scope;
	assert_located(&empty, "c/d", "/a/c/d", "/a");
	empty.own = NULL;
}

static void test_paths_that_lead_out_are_refused(void **state)
{
	(void)state;
	assert_refused(&empty, "/a/../../b", "\"..\" is not allowed");
	assert_refused(&empty, "..", "\"..\" is not allowed");
	assert_refused(&empty, "/..", "\"..\" is not allowed");
	assert_refused(&empty, "/", "the root cgroup cannot be a container's");
	assert_refused(&empty, "/./", "the root cgroup cannot be a container's");
}

static void test_without_a_hierarchy_it_is_an_error(void **state)
{
	struct cgroup_host none = CGROUP_HOST_INIT;

	(void)state;
	assert_refused(&none, "/a", "no cgroup2 hierarchy is mounted");
}

static void test_a_directory_of_another_file_system_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(empty.fd, "fake", 0755), 0);
	assert_refused(&empty, "/fake", "another file system");
	assert_refused(&empty, "/fake/x", "another file system");
	assert_int_equal(unlinkat(empty.fd, "fake", AT_REMOVEDIR), 0);
}

static void test_a_symlink_is_not_followed(void **state)
{
	(void)state;
	assert_int_equal(symlinkat("/", empty.fd, "link"), 0);
	assert_refused(&empty, "/link/x", "link");
	assert_refused(&empty, "/link", "link");
	assert_int_equal(unlinkat(empty.fd, "link", 0), 0);
}

static void test_what_exists_is_no_part_of_the_top(void **state)
{
	(void)state;
	test_need_mount();
	assert_int_equal(mkdirat(test_host.fd, test_path("/there") + 1, 0755), 0);
	assert_located(&test_host, test_path("/there"), test_path("/there"), NULL);
	assert_located(&test_host, test_path("/there/a/b"), test_path("/there/a/b"),
		       test_path("/there/a"));
	assert_located(&test_host, NULL, test_path("/tinyrun-web1"), test_path("/tinyrun-web1"));
	assert_int_equal(unlinkat(test_host.fd, test_path("/there") + 1, AT_REMOVEDIR), 0);
}

static void test_a_cgroup_with_processes_is_refused_before_anything_is_recorded(void **state)
{
	struct err e = ERR_INIT;
	auto_fd int fd = -1;
	pid_t pid;

	(void)state;
	test_need_mount();
	assert_int_equal(mkdirat(test_host.fd, test_path("/used") + 1, 0755), 0);
	assert_int_equal(cgroup_open(&test_host, test_path("/used"), &fd, &e), 0);
	pid = test_sleeper(fd);
	assert_refused(&test_host, test_path("/used"),
		       "container's cgroup is not empty: 1 process(es) found");
	assert_int_equal(cgroup_kill(fd, 5000, &e), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(unlinkat(test_host.fd, test_path("/used") + 1, AT_REMOVEDIR), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_path_it_is_beside_our_own),
		cmocka_unit_test(test_our_own_is_read_when_it_is_needed),
		cmocka_unit_test(test_an_absolute_path_is_below_the_mount),
		cmocka_unit_test(test_a_relative_path_is_below_the_parent_of_our_own),
		cmocka_unit_test(test_paths_that_lead_out_are_refused),
		cmocka_unit_test(test_without_a_hierarchy_it_is_an_error),
		cmocka_unit_test(test_a_directory_of_another_file_system_is_refused),
		cmocka_unit_test(test_a_symlink_is_not_followed),
		cmocka_unit_test(test_what_exists_is_no_part_of_the_top),
		cmocka_unit_test(
			test_a_cgroup_with_processes_is_refused_before_anything_is_recorded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
