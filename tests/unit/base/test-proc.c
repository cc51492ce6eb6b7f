/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tinyrun/fd.h"
#include "tinyrun/proc.h"
#include "tinyrun/sys.h"

/* A child that waits until it is killed. Its name is hostile: it looks like fields of stat. */
static pid_t start_child(void)
{
	int ends[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_NAME, "a) Z 1 1 (b");
		if (write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	fd_close(&ends[1]);
	assert_int_equal(read(ends[0], &c, 1), 1);
	fd_close(&ends[0]);
	return pid;
}

static void reap(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void test_proc_stat_is_not_misled_by_a_name(void **state)
{
	struct proc_stat self, child;
	struct err e = ERR_INIT;
	pid_t pid = start_child();

	(void)state;
	assert_int_equal(proc_stat(getpid(), &self, &e), 0);
	assert_int_equal(proc_stat(pid, &child, &e), 0);
	assert_int_equal(self.state, 'R');
	assert_true(child.state == 'S' || child.state == 'R');
	assert_true(child.start_time >= self.start_time && self.start_time > 0);
	(void)kill(pid, SIGKILL);
	reap(pid);
}

static void test_proc_stat_tells_a_zombie_from_what_is_gone(void **state)
{
	struct proc_stat stat;
	struct err e = ERR_INIT;
	siginfo_t info;
	pid_t pid = start_child();

	(void)state;
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_stat(pid, &stat, &e), 0);
	assert_int_equal(stat.state, 'Z');
	reap(pid);
	assert_int_equal(proc_stat(pid, &stat, &e), PROC_E_GONE);
}

static void test_proc_refuses_pids_that_name_no_process(void **state)
{
	struct proc_stat stat;
	struct err e = ERR_INIT;
	int fd = -1;

	(void)state;
	assert_int_equal(proc_stat(0, &stat, &e), -EINVAL);
	assert_int_equal(proc_stat(-1, &stat, &e), -EINVAL);
	assert_int_equal(proc_open_pidfd(-1, 0, &fd, &e), -EINVAL);
	assert_int_equal(fd, -1);
}

static void test_proc_pidfd_is_only_for_the_same_start_time(void **state)
{
	struct proc_stat stat;
	struct err e = ERR_INIT;
	auto_fd int fd = sys_pidfd_open(getpid(), 0);
	pid_t pid;

	(void)state;
	if (fd < 0 && errno == ENOSYS) {
		print_message("pidfd_open(2) is missing, as under an older valgrind\n");
		skip();
	}
	fd_close(&fd);
	pid = start_child();
	assert_int_equal(proc_stat(pid, &stat, &e), 0);
	assert_int_equal(proc_open_pidfd(pid, stat.start_time + 1, &fd, &e), PROC_E_GONE);
	assert_int_equal(fd, -1);
	assert_int_equal(proc_open_pidfd(pid, stat.start_time, &fd, &e), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(sys_pidfd_send_signal(fd, SIGKILL, NULL, 0), 0);
	reap(pid);
	fd_close(&fd);
	assert_int_equal(proc_open_pidfd(pid, stat.start_time, &fd, &e), PROC_E_GONE);
}

static void test_proc_fd_is_opened_once(void **state)
{
	struct err e = ERR_INIT;
	int fd = proc_fd(&e);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(proc_fd(&e), fd);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_PATH);
}

static void test_proc_boot_id_is_a_uuid(void **state)
{
	char id[37], again[37];
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(proc_boot_id(id, &e), 0);
	assert_int_equal(strlen(id), 36);
	assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
	assert_int_equal(proc_boot_id(again, &e), 0);
	assert_string_equal(id, again);
}

static void test_proc_ignored_signals_are_those_that_are_ignored(void **state)
{
	const uint64_t two = UINT64_C(1) << (SIGUSR2 - 1) | UINT64_C(1) << (SIGRTMAX - 1);
	uint64_t before = proc_ignored_signals(), now;

	(void)state;
	assert_false(before & two);
	(void)signal(SIGUSR2, SIG_IGN);
	(void)signal(SIGRTMAX, SIG_IGN);
	(void)prctl(PR_SET_NAME, "a\nSigIgn:\t0");
	now = proc_ignored_signals();
	(void)signal(SIGUSR2, SIG_DFL);
	(void)signal(SIGRTMAX, SIG_DFL);
	assert_true(now == (before | two));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proc_stat_is_not_misled_by_a_name),
		cmocka_unit_test(test_proc_stat_tells_a_zombie_from_what_is_gone),
		cmocka_unit_test(test_proc_refuses_pids_that_name_no_process),
		cmocka_unit_test(test_proc_pidfd_is_only_for_the_same_start_time),
		cmocka_unit_test(test_proc_fd_is_opened_once),
		cmocka_unit_test(test_proc_boot_id_is_a_uuid),
		cmocka_unit_test(test_proc_ignored_signals_are_those_that_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
