/* SPDX-License-Identifier: Apache-2.0 */
/* Each test has an empty directory of its own, dir, and must leave no descriptor open. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/proc.h"
#include "tinyrun/sys.h"

static char dir[] = "/tmp/tinyrun-test-path-XXXXXX";
static int dir_fd = -1, lowest_free;

static int free_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)close(fd);
	return fd;
}

static int set_up(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	(void)proc_fd(&e); /* stays open */
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	lowest_free = free_descriptor();
	return dir_fd < 0;
}

static int tear_down(void **state)
{
	auto_fd int tmp = -1;
	struct err e = ERR_INIT;

	(void)state;
	if (free_descriptor() != lowest_free)
		return -1;
	fd_close(&dir_fd);
	tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return path_remove_tree(tmp, dir + strlen("/tmp/"), &e);
}

static void make_file(const char *name, const char *text)
{
	auto_fd int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void make_dir(const char *name)
{
	assert_int_equal(mkdirat(dir_fd, name, 0755), 0);
}

static void make_link(const char *to, const char *name)
{
	assert_int_equal(symlinkat(to, dir_fd, name), 0);
}

static bool exists(const char *name)
{
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_holds(const char *name, const char *want)
{
	auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	auto_free char *text = NULL;
	struct err e = ERR_INIT;
	size_t len;

	assert_int_equal(fd_read_all(fd, 1000, name, &text, &len, &e), 0);
	assert_string_equal(text, want);
}

static void test_path_open_follows_the_callers_path(void **state)
{
	struct err e = ERR_INIT;
	auto_fd int fd = -1;

	(void)state;
	make_file("f", "x");
	make_link("f", "l");
	assert_int_equal(path_open(dir_fd, "l", O_RDONLY, &fd, &e), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	fd_close(&fd);
	assert_int_equal(path_open(dir_fd, "none", O_RDONLY, &fd, &e), -ENOENT);
	assert_int_equal(fd, -1);
	assert_string_equal(e.frame[0], "open none: No such file or directory");
}

static void test_path_open_beneath_knows_no_way_out(void **state)
{
	static const char *const bad[] = {"/etc/passwd", "..", "d/../../x", "l", "l/f", "up/x"};
	struct err e = ERR_INIT;
	int fd = -1;

	(void)state;
	make_dir("d");
	make_file("d/f", "x");
	make_link("d", "l");
	make_link("..", "up");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(path_open_beneath(dir_fd, bad[i], O_RDONLY, 0, &fd, &e) < 0);
	assert_int_equal(fd, -1);
	assert_int_equal(path_open_beneath(dir_fd, "d/f", O_RDONLY, 0644, &fd, &e), 0);
	fd_close(&fd);
}

static void test_path_open_beneath_creates_with_its_mode(void **state)
{
	struct err e = ERR_INIT;
	struct stat st;
	int fd = -1;

	(void)state;
	assert_int_equal(path_open_beneath(dir_fd, "n", O_WRONLY | O_CREAT | O_EXCL, 0600, &fd, &e),
			 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	fd_close(&fd);
	assert_int_equal(path_open_beneath(dir_fd, "n", O_WRONLY | O_CREAT | O_EXCL, 0600, &fd, &e),
			 -EEXIST);
}

static void test_path_open_in_resolves_links_inside_the_root(void **state)
{
	struct err e = ERR_INIT;
	struct stat want, got;
	int fd = -1;

	(void)state;
	make_dir("etc");
	make_file("etc/f", "inside");
	make_link("/etc/f", "absolute");
	make_link("../../../../etc/f", "upwards");
	assert_int_equal(fstatat(dir_fd, "etc/f", &want, 0), 0);
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = {"absolute", "upwards", "/../etc/f"};

		assert_int_equal(path_open_in(dir_fd, names[i], O_PATH, &fd, &e), 0);
		assert_int_equal(fstat(fd, &got), 0);
		assert_int_equal(got.st_ino, want.st_ino);
		fd_close(&fd);
	}
}

static void test_path_open_in_follows_no_magic_links(void **state)
{
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct err e = ERR_INIT;
	int fd = -1;

	(void)state;
	assert_int_equal(path_open_in(root, "proc/self/root/etc", O_PATH, &fd, &e), -ELOOP);
	assert_int_equal(fd, -1);
}

static void test_path_open_tree_clones_or_says_why_not(void **state)
{
	struct err e = ERR_INIT;
	auto_fd int fd = -1;
	int r = path_open_tree(dir_fd, "", false, &fd, &e);

	(void)state;
	if (r == -EPERM || r == -ENOSYS) {
		print_message("open_tree needs CAP_SYS_ADMIN\n");
		skip();
	}
	assert_int_equal(r, 0);
	fd_close(&fd);
	make_dir("src");
	assert_int_equal(path_open_tree(dir_fd, "src", true, &fd, &e), 0);
	fd_close(&fd);
	assert_int_equal(path_open_tree(dir_fd, "none", true, &fd, &e), -ENOENT);
	assert_string_equal(e.frame[0], "open none: No such file or directory");
	e = ERR_INIT;
	assert_int_equal(path_open_tree(-1, "", true, &fd, &e), -EBADF); /* it has no name */
	assert_string_equal(e.frame[0], "open the directory: Bad file descriptor");
}

static void test_path_make_dirs_makes_what_is_missing(void **state)
{
	char path[200];
	struct err e = ERR_INIT;
	struct stat st;
	int fd = -1;

	(void)state;
	for (int twice = 0; twice < 2; twice++) {
		(void)snprintf(path, sizeof(path), "%s//a/./b/c/", dir);
		assert_int_equal(path_make_dirs(path, 0700, &fd, &e), 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
		fd_close(&fd);
	}
	make_file("a/f", "");
	(void)snprintf(path, sizeof(path), "%s/a/f/x", dir);
	assert_int_equal(path_make_dirs(path, 0700, &fd, &e), -ENOTDIR);
	assert_int_equal(path_make_dirs("", 0700, &fd, &e), -ENOENT);
	assert_int_equal(fd, -1);
}

static void test_path_of_fd_is_absolute_or_an_error(void **state)
{
	auto_free char *path = NULL;
	auto_fd int fd = -1;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(path_of_fd(dir_fd, &path, &e), 0);
	assert_string_equal(path, dir);
	make_dir("gone");
	fd = openat(dir_fd, "gone", O_PATH | O_CLOEXEC);
	assert_int_equal(unlinkat(dir_fd, "gone", AT_REMOVEDIR), 0);
	free(path);
	path = NULL;
	assert_int_equal(path_of_fd(fd, &path, &e), -ENOENT);
	assert_int_equal(path_of_fd(9999, &path, &e), -ENOENT);
	assert_null(path);
}

static void test_path_replace_makes_and_overwrites(void **state)
{
	struct err e = ERR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(path_replace(dir_fd, "pid", "123", 3, 0640, false, &e), 0);
	assert_holds("pid", "123");
	assert_int_equal(fstatat(dir_fd, "pid", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	make_file(".pid.tmp", "left by a crash, and longer than what comes");
	assert_int_equal(path_replace(dir_fd, "pid", "45", 2, 0640, true, &e), 0);
	assert_holds("pid", "45");
	assert_false(exists(".pid.tmp"));
}

static void test_path_replace_writes_through_no_link(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	make_file("victim", "untouched");
	make_link("victim", "state.json");
	make_link("victim", ".state.json.tmp");
	assert_int_equal(path_replace(dir_fd, "state.json", "{}", 2, 0600, false, &e), 0);
	assert_holds("victim", "untouched");
	assert_holds("state.json", "{}");
}

static void test_path_replace_leaves_nothing_when_it_fails(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	make_dir("taken");
	assert_true(path_replace(dir_fd, "taken", "x", 1, 0600, false, &e) < 0);
	assert_false(exists(".taken.tmp"));
	assert_int_equal(path_replace(dir_fd, "none/x", "x", 1, 0600, false, &e), -ENOENT);
}

static void test_path_replace_takes_the_longest_name(void **state)
{
	char name[256];
	struct err e = ERR_INIT;

	(void)state;
	memset(name, 'n', 255);
	name[255] = 0;
	assert_int_equal(path_replace(dir_fd, name, "x", 1, 0600, false, &e), 0);
	assert_holds(name, "x");
}

static void test_path_remove_tree_removes_all_and_follows_nothing(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	make_dir("kept");
	make_file("kept/f", "");
	make_dir("t");
	make_dir("t/d");
	make_dir("t/d/e");
	make_file("t/d/e/f", "");
	make_file("t/f", "");
	make_link("../kept", "t/l");
	make_link("../../kept", "t/d/l");
	make_link("none", "t/dangling");
	assert_int_equal(mkfifoat(dir_fd, "t/fifo", 0600), 0);
	assert_int_equal(path_remove_tree(dir_fd, "t", &e), 0);
	assert_false(exists("t"));
	assert_true(exists("kept/f"));
	make_link("kept", "l");
	assert_int_equal(path_remove_tree(dir_fd, "l", &e), 0);
	assert_false(exists("l"));
	assert_true(exists("kept/f"));
}

static void test_path_remove_tree_absent_is_success(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(path_remove_tree(dir_fd, "none", &e), 0);
	make_file("f", "");
	assert_int_equal(path_remove_tree(dir_fd, "f", &e), 0);
	assert_false(exists("f"));
}

static void test_path_remove_tree_takes_no_way_out(void **state)
{
	static const char *const bad[] = {"..", ".", "", "/proc", "t/../..", "l/f", "t/"};
	struct err e = ERR_INIT;

	(void)state;
	make_dir("t");
	make_file("t/f", "");
	make_link("t", "l");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(path_remove_tree(dir_fd, bad[i], &e), -EINVAL);
	assert_true(exists("t/f"));
}

static void test_path_remove_tree_removes_many_entries(void **state)
{
	char name[32];
	struct err e = ERR_INIT;

	(void)state;
	make_dir("t");
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(name, sizeof(name), "t/a-file-of-many-%d", i);
		make_file(name, "");
	}
	assert_int_equal(path_remove_tree(dir_fd, "t", &e), 0);
	assert_false(exists("t"));
}

/* d/d/d/... @depth times, made from the inside out as no path would be long enough for all. */
static void make_deep(unsigned depth)
{
	make_dir("d");
	for (unsigned i = 1; i < depth; i++) {
		make_dir("outer");
		assert_int_equal(renameat(dir_fd, "d", dir_fd, "outer/d"), 0);
		assert_int_equal(renameat(dir_fd, "outer", dir_fd, "d"), 0);
	}
}

static void test_path_remove_tree_has_a_bound_to_its_depth(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	make_deep(60);
	assert_int_equal(path_remove_tree(dir_fd, "d", &e), 0);
	make_deep(200);
	assert_int_equal(path_remove_tree(dir_fd, "d", &e), -ELOOP);
	while (exists("d")) { /* shortened from the outside, so that the teardown can */
		if (renameat(dir_fd, "d/d", dir_fd, "inner") < 0) {
			assert_int_equal(unlinkat(dir_fd, "d", AT_REMOVEDIR), 0);
			break;
		}
		assert_int_equal(unlinkat(dir_fd, "d", AT_REMOVEDIR), 0);
		assert_int_equal(renameat(dir_fd, "inner", dir_fd, "d"), 0);
	}
}

static void test_path_is_beneath_says_what_stays_inside(void **state)
{
	static const char *const good[] = {"a", "a/b", ".", "./a", "a/./b", "...", "a/..b", "..a"};
	static const char *const bad[] = {"",       "/",    "/a", "..",     "../a", "a/..",
					  "a/../b", "a//b", "a/", "a/b/..", "//"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!path_is_beneath(good[i]))
			fail_msg("refused %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (path_is_beneath(bad[i]))
			fail_msg("accepted %s", bad[i]);
}

#define PATH_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static bool have_openat2(void)
{
	const struct open_how how = {.flags = O_PATH | O_CLOEXEC};
	auto_fd int fd = sys_openat2(AT_FDCWD, "/", &how);

	return fd >= 0 || errno != ENOSYS;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PATH_TEST(test_path_open_follows_the_callers_path),
		PATH_TEST(test_path_open_beneath_knows_no_way_out),
		PATH_TEST(test_path_open_beneath_creates_with_its_mode),
		PATH_TEST(test_path_open_in_resolves_links_inside_the_root),
		PATH_TEST(test_path_open_in_follows_no_magic_links),
		PATH_TEST(test_path_open_tree_clones_or_says_why_not),
		PATH_TEST(test_path_make_dirs_makes_what_is_missing),
		PATH_TEST(test_path_of_fd_is_absolute_or_an_error),
		PATH_TEST(test_path_replace_makes_and_overwrites),
		PATH_TEST(test_path_replace_writes_through_no_link),
		PATH_TEST(test_path_replace_leaves_nothing_when_it_fails),
		PATH_TEST(test_path_replace_takes_the_longest_name),
		PATH_TEST(test_path_remove_tree_removes_all_and_follows_nothing),
		PATH_TEST(test_path_remove_tree_absent_is_success),
		PATH_TEST(test_path_remove_tree_takes_no_way_out),
		PATH_TEST(test_path_remove_tree_removes_many_entries),
		PATH_TEST(test_path_remove_tree_has_a_bound_to_its_depth),
		cmocka_unit_test(test_path_is_beneath_says_what_stays_inside),
	};

	if (!have_openat2()) {
		puts("1..0 # SKIP openat2(2) is missing, as under an older valgrind");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
