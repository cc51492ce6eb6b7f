/* SPDX-License-Identifier: Apache-2.0 */
/* What a server whose code is not its own any more would try, and what it gets. */
#include "httpd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SKIPPED = 77 };

/* The root of a child: a directory with the file "page", beside a file "secret". */
static char dir[] = "/tmp/tinyhttpd-sandbox-XXXXXX";
static int root_fd = -1, dir_fd = -1;

static int set_up(void **state)
{
	int fd;

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0 || mkdirat(dir_fd, "www", 0755) < 0)
		return -1;
	root_fd = openat(dir_fd, "www", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		fd = openat(dir_fd, i ? "secret" : "www/page", O_CREAT | O_WRONLY | O_CLOEXEC,
			    0644);
		if (fd < 0 || close(fd) < 0)
			return -1;
	}
	return root_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlinkat(dir_fd, "www/page", 0);
	(void)unlinkat(dir_fd, "secret", 0);
	(void)unlinkat(dir_fd, "www", AT_REMOVEDIR);
	close(root_fd);
	close(dir_fd);
	return rmdir(dir);
}

/* Runs @attempts in a child; each returns 0 when it went as it should. */
static void run_in_child(int (*const *attempts)(void), size_t n, int (*enter)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? 100 : enter();

		for (size_t i = 0; r == 0 && i < n; i++)
			r = attempts[i]() == 0 ? 0 : (int)i + 1;
		_exit(r);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0); /* else the number of the attempt, from 1 */
}

static int enter_landlock(void)
{
	const struct sandbox_paths paths = {.root_fd = root_fd, .log_dir_fd = -1, .mime_fd = -1};
	struct err e = ERR_INIT;

	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1u) < 1)
		return SKIPPED;
	return sandbox_files(&paths, &e) == 0 ? 0 : 100;
}

static int enter_seccomp(void)
{
	struct err e = ERR_INIT;
	int r = sandbox_calls(&e);

	return r == SANDBOX_NONE ? SKIPPED : r == 0 ? 0 : 100;
}

static int refused(long result, int errnum)
{
	return result < 0 && errno == errnum ? 0 : -1;
}

static int reads_its_files(void)
{
	return openat(root_fd, "page", O_RDONLY | O_CLOEXEC) < 0 ? -1 : 0;
}

static int writes_none_of_them(void)
{
	return refused(openat(root_fd, "page", O_WRONLY | O_CLOEXEC), EACCES);
}

static int makes_none(void)
{
	return refused(openat(root_fd, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644), EACCES);
}

static int deletes_none(void)
{
	return refused(unlinkat(root_fd, "page", 0), EACCES);
}

static int links_none(void)
{
	return refused(symlinkat("/", root_fd, "link"), EACCES);
}

static int reads_no_other_file(void)
{
	return refused(openat(dir_fd, "secret", O_RDONLY | O_CLOEXEC), EACCES);
}

static int reads_nothing_of_the_system(void)
{
	return refused(open("/etc/passwd", O_RDONLY | O_CLOEXEC), EACCES);
}

static int lists_no_other_directory(void)
{
	return refused(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), EACCES);
}

static void test_landlock_leaves_the_root_to_be_read_and_nothing_else(void **state)
{
	static int (*const attempts[])(void) = {
		reads_its_files,
		writes_none_of_them,
		makes_none,
		deletes_none,
		links_none,
		reads_no_other_file,
		reads_nothing_of_the_system,
		lists_no_other_directory,
	};

	(void)state;
	run_in_child(attempts, sizeof(attempts) / sizeof(*attempts), enter_landlock);
}

static int makes_no_socket(void)
{
	return refused(socket(AF_INET, SOCK_STREAM, 0), EPERM);
}

static int makes_no_local_socket(void)
{
	int pair[2];

	return refused(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), EPERM);
}

static int connects_to_nobody(void)
{
	struct sockaddr any = {.sa_family = AF_UNSPEC};

	return refused(connect(0, &any, sizeof(any)), EPERM);
}

static int makes_no_process(void)
{
	return refused(syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L), EPERM);
}

static int executes_nothing(void)
{
	char *const argv[] = {(char *)"true", NULL};

	return refused(execve("/bin/true", argv, argv + 1), EPERM);
}

static int traces_nobody(void)
{
	return refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL), EPERM);
}

static int mounts_nothing(void)
{
	return refused(mount("none", "/tmp", "tmpfs", 0, NULL), EPERM);
}

static int becomes_nobody_else(void)
{
	return refused(syscall(SYS_setuid, 0L), EPERM);
}

static int loads_no_program(void)
{
	return refused(syscall(SYS_bpf, 0L, NULL, 0L), EPERM);
}

static int makes_no_ring(void)
{
	return refused(syscall(SYS_io_uring_setup, 1L, NULL), EPERM);
}

static int maps_no_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED && errno == EPERM ? 0 : -1;
}

static int turns_no_data_into_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : refused(mprotect(p, 4096, PROT_READ | PROT_EXEC), EPERM);
}

static int changes_no_file(void)
{
	return refused(fchmod(dir_fd, 0777), EPERM) |
	       refused(unlinkat(dir_fd, "secret", 0), EPERM) |
	       refused(renameat(dir_fd, "secret", dir_fd, "other"), EPERM);
}

static int still_reads(void)
{
	char byte;
	int fd = openat(root_fd, "page", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, &byte, 1) == 0 && close(fd) == 0 ? 0 : -1;
}

static void test_seccomp_refuses_what_a_file_server_has_no_use_for(void **state)
{
	static int (*const attempts[])(void) = {
		makes_no_socket,  makes_no_local_socket, connects_to_nobody,
		makes_no_process, executes_nothing,      traces_nobody,
		mounts_nothing,   becomes_nobody_else,   loads_no_program,
		makes_no_ring,    maps_no_code,          turns_no_data_into_code,
		changes_no_file,  still_reads,
	};

	(void)state;
	run_in_child(attempts, sizeof(attempts) / sizeof(*attempts), enter_seccomp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_landlock_leaves_the_root_to_be_read_and_nothing_else),
		cmocka_unit_test(test_seccomp_refuses_what_a_file_server_has_no_use_for),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
