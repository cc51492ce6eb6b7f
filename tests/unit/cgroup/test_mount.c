/* SPDX-License-Identifier: Apache-2.0 */
/* test_mount - see the header. */
#include "test_mount.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"

struct cgroup_host test_host = {.fd = -1};

static char mount_point[] = "/tmp/tinyrun-test-cgroup-XXXXXX";
static char base[64], own[96], enabled[CGROUP_FILE_MAX];
static const char *why_not = "not root";

static char *slot(void)
{
	static char slots[4][512];
	static unsigned at;

	return slots[at++ % 4];
}

static int mount_hierarchy(void)
{
	if (geteuid() != 0)
		return -1;
	why_not = "no private mount namespace is to be had";
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, "") < 0)
		return -1;
	why_not = "no cgroup2 can be mounted";
	if (!mkdtemp(mount_point))
		return -1;
	if (mount("none", mount_point, "cgroup2", 0, NULL) < 0) {
		(void)rmdir(mount_point);
		return -1;
	}
	return 0;
}

int test_mount_setup(void **state)
{
	(void)state;
	if (mount_hierarchy() < 0)
		return 0;
	test_host.fd = open(mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(base, sizeof(base), "/tinyrun-test-%d", (int)getpid());
	(void)snprintf(own, sizeof(own), "%s/own", base);
	test_host.mount = mount_point;
	test_host.own = own;
	strcpy(enabled, test_text(test_host.fd, "cgroup.subtree_control"));
	return mkdirat(test_host.fd, base + 1, 0755);
}

/* The root is everybody's: what the tests had enabled there goes again. */
static void restore_controllers(void)
{
	const char *now = test_text(test_host.fd, "cgroup.subtree_control");
	struct err ignored = ERR_INIT; /* a sibling may have come to use it */

	for (size_t len; *now; now += len + strspn(now + len, " ")) {
		char off[64];

		len = strcspn(now, " ");
		(void)snprintf(off, sizeof(off), "-%.*s", (int)len, now);
		if (!cgroup_file_has_word(enabled, now, len))
			(void)fd_put(test_host.fd, "cgroup.subtree_control", off, &ignored);
	}
}

int test_mount_teardown(void **state)
{
	int r;

	(void)state;
	if (test_host.fd < 0)
		return 0;
	r = unlinkat(test_host.fd, base + 1, AT_REMOVEDIR);
	if (r < 0) {
		struct err e = ERR_INIT;
		int fd;

		/* A test left something: that is the failure, but the host is cleaned up. */
		print_error("%s is not empty at the end\n", base);
		if (cgroup_open(&test_host, base, &fd, &e) == 0) {
			(void)cgroup_kill(fd, 5000, &e);
			(void)close(fd);
			(void)cgroup_remove(&test_host, base, base, &e);
		}
	}
	restore_controllers();
	fd_close(&test_host.fd);
	(void)umount2(mount_point, MNT_DETACH);
	(void)rmdir(mount_point);
	return r;
}

void test_need_mount(void)
{
	if (test_host.fd >= 0)
		return;
	print_message("skipped: %s\n", why_not);
	skip();
}

void test_need_controller(const char *controller)
{
	test_need_mount();
	if (cgroup_file_has_word(test_text(test_host.fd, "cgroup.controllers"), controller,
				 strlen(controller)))
		return;
	print_message("skipped: no %s controller in the cgroup2 hierarchy\n", controller);
	skip();
}

const char *test_path(const char *rest)
{
	char *out = slot();

	(void)snprintf(out, 512, "%s%s", base, rest);
	return out;
}

bool test_exists(const char *rest)
{
	return faccessat(test_host.fd, test_path(rest) + 1, F_OK, 0) == 0;
}

static void join(int cgroup_fd)
{
	struct err e = ERR_INIT;

	if (fd_put(cgroup_fd, "cgroup.procs", "0", &e) < 0)
		_exit(99);
}

pid_t test_sleeper(int cgroup_fd)
{
	int sync[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(sync, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		join(cgroup_fd);
		(void)!write(sync[1], "x", 1);
		for (;;)
			(void)pause();
	}
	(void)close(sync[1]);
	assert_int_equal(read(sync[0], &byte, 1), 1);
	(void)close(sync[0]);
	return pid;
}

int test_run_in(int cgroup_fd, int (*job)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		join(cgroup_fd);
		_exit(job());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

const char *test_text(int cgroup_fd, const char *file)
{
	struct err e = ERR_INIT;
	char *out = slot();

	assert_int_equal(cgroup_file_read(cgroup_fd, file, out, 512, &e), 0);
	if (*out && out[strlen(out) - 1] == '\n')
		out[strlen(out) - 1] = 0;
	return out;
}

int test_make(const char *rest, const char *top, const struct limits *limits)
{
	struct err e = ERR_INIT;
	char text[ERR_FRAMES * ERR_FRAME_SIZE];
	int fd = -1;

	if (cgroup_create(&test_host, test_path(rest), top ? test_path(top) : NULL, limits, &fd,
			  &e) < 0)
		fail_msg("%s", err_str(&e, text, sizeof(text)));
	return fd;
}

void test_take_away(int *fd, const char *rest, const char *top)
{
	struct err e = ERR_INIT;

	fd_close(fd);
	assert_int_equal(cgroup_remove(&test_host, test_path(rest), test_path(top), &e), 0);
}

void test_not_made(const char *rest, const char *top, const struct limits *limits,
		   const char *words)
{
	struct err e = ERR_INIT;
	char text[ERR_FRAMES * ERR_FRAME_SIZE];
	int fd = -1;

	assert_true(cgroup_create(&test_host, test_path(rest), top ? test_path(top) : NULL, limits,
				  &fd, &e) < 0);
	assert_int_equal(fd, -1);
	if (!strstr(err_str(&e, text, sizeof(text)), words))
		fail_msg("\"%s\" does not say \"%s\"", text, words);
}

int test_ended_by(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}
