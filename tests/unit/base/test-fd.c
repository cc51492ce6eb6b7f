/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tinyrun/fd.h"

static void test_fd_close_and_take_leave_minus_one(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), taken;

	(void)state;
	taken = fd_take(&fd);
	assert_int_equal(fd, -1);
	fd_close(&fd);
	assert_true(fcntl(taken, F_GETFD) >= 0);
	fd = taken;
	fd_close(&fd);
	assert_int_equal(fd, -1);
	assert_int_equal(fcntl(taken, F_GETFD), -1);
}

/* In a child, with the descriptors of @closed shut: 0 when all three are open afterwards. */
static int fill_in_child(const char *closed)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err e = ERR_INIT;

		for (; *closed; closed++)
			(void)close(*closed - '0');
		if (fd_fill_stdio(&e) < 0)
			_exit(1);
		for (int fd = 0; fd <= 2; fd++)
			if (fcntl(fd, F_GETFD) != 0)
				_exit(2);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_fd_fill_stdio_opens_what_is_closed(void **state)
{
	static const char *const closed[] = {"", "0", "1", "2", "01", "02", "12", "012"};

	(void)state;
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		assert_int_equal(fill_in_child(closed[i]), 0);
}

static int make_memfd(const void *data, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct err e = ERR_INIT;

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data, len, "it", &e), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void assert_reads(int fd, size_t max, const char *want, size_t want_len)
{
	auto_free char *data = NULL;
	struct err e = ERR_INIT;
	size_t len = 0;

	assert_int_equal(fd_read_all(fd, max, "it", &data, &len, &e), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(data, want, want_len);
	assert_int_equal(data[len], 0);
}

static void test_fd_read_all_reads_up_to_its_bound(void **state)
{
	auto_free char *big = calloc(1, 20000);
	auto_fd int fd = make_memfd(big, 20000);
	auto_free char *data = NULL;
	struct err e = ERR_INIT;
	size_t len = 0;

	(void)state;
	assert_reads(fd, 20000, big, 20000);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(fd, 19999, "it", &data, &len, &e), -EFBIG);
	assert_null(data);
	assert_string_equal(e.frame[0], "read it: more than 19999 bytes: File too large");
	assert_reads(fd, 0, "", 0);
}

static void test_fd_read_all_reads_what_has_no_size(void **state)
{
	auto_fd int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	auto_free char *want = malloc(30000), *data = NULL;
	int ends[2], status;
	struct err e = ERR_INIT;
	size_t len;
	pid_t pid;

	(void)state;
	memset(want, 'p', 30000);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) { /* in bits, so that reads are short */
		for (int i = 0; i < 30; i++)
			if (fd_write_all(ends[1], want, 1000, "pipe", &e) < 0)
				_exit(1);
		_exit(0);
	}
	fd_close(&ends[1]);
	assert_reads(ends[0], 30000, want, 30000);
	fd_close(&ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(fd_read_all(zero, 100000, "zero", &data, &len, &e), -EFBIG);
}

static void test_fd_read_all_says_what_it_could_not_read(void **state)
{
	auto_fd int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free char *data = NULL;
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	assert_int_equal(fd_read_all(dir, 10, "the root", &data, &len, &e), -EISDIR);
	assert_string_equal(e.frame[0], "read the root: Is a directory");
}

static void test_fd_write_all_tells_that_a_device_is_full(void **state)
{
	auto_fd int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(fd_write_all(fd, "x", 1, "state.json", &e), -ENOSPC);
	assert_string_equal(e.frame[0], "write state.json: No space left on device");
}

static void test_fd_put_writes_once_and_follows_no_link(void **state)
{
	char dir[] = "/tmp/tinyrun-test-fd-XXXXXX", got[8] = "";
	struct err e = ERR_INIT;
	auto_fd int dir_fd = -1, fd = -1;

	(void)state;
	assert_non_null(mkdtemp(dir));
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = openat(dir_fd, "pids.max", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(symlinkat("pids.max", dir_fd, "link"), 0);
	assert_int_equal(fd_put(dir_fd, "pids.max", "100", &e), 0);
	assert_int_equal(pread(fd, got, sizeof(got), 0), 3);
	assert_string_equal(got, "100");
	assert_int_equal(fd_put(dir_fd, "link", "7", &e), -ELOOP);
	assert_int_equal(fd_put(dir_fd, "none", "7", &e), -ENOENT);
	assert_string_equal(e.frame[0], "open none: No such file or directory");
	assert_int_equal(unlinkat(dir_fd, "link", 0), 0);
	assert_int_equal(unlinkat(dir_fd, "pids.max", 0), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fd_close_and_take_leave_minus_one),
		cmocka_unit_test(test_fd_fill_stdio_opens_what_is_closed),
		cmocka_unit_test(test_fd_read_all_reads_up_to_its_bound),
		cmocka_unit_test(test_fd_read_all_reads_what_has_no_size),
		cmocka_unit_test(test_fd_read_all_says_what_it_could_not_read),
		cmocka_unit_test(test_fd_write_all_tells_that_a_device_is_full),
		cmocka_unit_test(test_fd_put_writes_once_and_follows_no_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
