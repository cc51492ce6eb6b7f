/* SPDX-License-Identifier: Apache-2.0 */
/* test-find - reading mountinfo and /proc/PID/cgroup as different hosts and containers have them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cgroup/internal.h"
#include "tinyrun/buf.h"

/* "root on point; root on point" */
static char *mounts_of(const char *info)
{
	struct buf out = BUF_INIT;
	char *text = strdup(info), *cursor = text;
	const char *root, *point;

	buf_add_str(&out, "");
	while (cgroup_next_mount(&cursor, &root, &point))
		buf_addf(&out, "%s%s on %s", out.len ? "; " : "", root, point);
	free(text);
	return out.data;
}

static void assert_mounts(const char *info, const char *expected)
{
	char *got = mounts_of(info);

	assert_string_equal(got, expected);
	free(got);
}

static void test_mountinfo_of_a_pure_v2_host(void **state)
{
	(void)state;
	assert_mounts(
		"22 28 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
		"29 22 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 "
		"cgroup2 rw,nsdelegate,memory_recursiveprot\n",
		"/ on /sys/fs/cgroup");
}

static void test_mountinfo_of_a_hybrid_host(void **state)
{
	(void)state;
	assert_mounts("31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
		      "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
		      "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
		      "/ on /sys/fs/cgroup/unified");
}

static void test_mountinfo_of_a_container(void **state)
{
	(void)state;
	assert_mounts(
		"1 0 0:50 / / rw - overlay overlay rw\n"
		"700 690 0:26 /docker/0123 /sys/fs/cgroup ro,nosuid master:11 propagate_from:2 - "
		"cgroup2 cgroup rw\n"
		"701 690 0:26 /../.. /mnt ro - cgroup2 cgroup rw\n",
		"/docker/0123 on /sys/fs/cgroup; /../.. on /mnt");
}

static void test_mountinfo_is_unescaped(void **state)
{
	(void)state;
	assert_mounts("29 22 0:26 /a\\040b /mnt/c\\011d\\134e\\0 rw - cgroup2 x rw\n",
		      "/a b on /mnt/c\td\\e\\0");
}

static void test_mountinfo_is_not_fooled_by_names(void **state)
{
	(void)state;
	assert_mounts("", "");
	assert_mounts("\n\n", "");
	assert_mounts("29 22 0:26 / /cgroup2 rw - tmpfs cgroup2 rw,x=cgroup2\n", "");
	assert_mounts("29 22 0:26 / /x rw shared:1\n", "");
	assert_mounts("29 22 0:26 / /x rw -\n", "");
	assert_mounts("29 22 0:26 / - rw - cgroup2 x rw", "/ on -");
	assert_mounts("29\n- cgroup2\n1 2 3 - cgroup2\n", "");
}

static void assert_own(const char *text, const char *expected)
{
	char *own = cgroup_parse_own(text);

	if (expected)
		assert_string_equal(own, expected);
	else
		assert_null(own);
	free(own);
}

static void test_own_cgroup_is_the_unified_line(void **state)
{
	(void)state;
	assert_own("0::/user.slice/x.scope\n", "/user.slice/x.scope");
	assert_own("9:name=systemd:/a\n1:cpu:/b\n0::/\n", "/");
	assert_own("0::/a b\n", "/a b");
	assert_own("0::/gone (deleted)\n", "/gone");
	assert_own("0::/last", "/last");
	assert_own("10::/x\n4:memory:/0::/y\n", NULL);
	assert_own("", NULL);
	assert_own("0::\n", NULL);
}

static void test_a_path_is_seen_from_a_bound_part(void **state)
{
	(void)state;
	assert_string_equal(cgroup_below("/", "/a/b"), "/a/b");
	assert_string_equal(cgroup_below("/a", "/a/b"), "/b");
	assert_string_equal(cgroup_below("/a/b", "/a/b"), "/");
	assert_null(cgroup_below("/a/b", "/a"));
	assert_null(cgroup_below("/a", "/ab"));
}

static void test_file_keys_are_whole_words(void **state)
{
	static const char text[] = "populated 1\nfrozen 0\noom_kill 12\noom_kill_x 3\n";
	uint64_t value = 77;

	(void)state;
	assert_true(cgroup_file_key(text, "oom_kill", &value));
	assert_int_equal(value, 12);
	assert_true(cgroup_file_key(text, "populated", &value));
	assert_int_equal(value, 1);
	assert_false(cgroup_file_key(text, "oom", &value));
	assert_false(cgroup_file_key("key -1\n", "key", &value));
	assert_false(cgroup_file_key("key 1x\n", "key", &value));
	assert_false(cgroup_file_key("key \n", "key", &value));
	assert_int_equal(value, 1);
}

static void test_file_words(void **state)
{
	(void)state;
	assert_true(cgroup_file_has_word("cpuset cpu io\n", "cpu", 3));
	assert_true(cgroup_file_has_word("cpuset cpu io\n", "io.max", 2));
	assert_false(cgroup_file_has_word("cpuset io\n", "cpu", 3));
	assert_false(cgroup_file_has_word("", "cpu", 3));
	assert_false(cgroup_file_has_word("\n", "", 0));
}

static void test_host_is_found_or_absent_without_error(void **state)
{
	struct cgroup_host host = CGROUP_HOST_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(cgroup_host_init(&host, &e), 0);
	assert_int_equal(host.fd >= 0, host.mount != NULL);
	cgroup_host_done(&host);
	assert_int_equal(host.fd, -1);
	assert_null(host.mount);
	cgroup_host_done(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mountinfo_of_a_pure_v2_host),
		cmocka_unit_test(test_mountinfo_of_a_hybrid_host),
		cmocka_unit_test(test_mountinfo_of_a_container),
		cmocka_unit_test(test_mountinfo_is_unescaped),
		cmocka_unit_test(test_mountinfo_is_not_fooled_by_names),
		cmocka_unit_test(test_own_cgroup_is_the_unified_line),
		cmocka_unit_test(test_a_path_is_seen_from_a_bound_part),
		cmocka_unit_test(test_file_keys_are_whole_words),
		cmocka_unit_test(test_file_words),
		cmocka_unit_test(test_host_is_found_or_absent_without_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
