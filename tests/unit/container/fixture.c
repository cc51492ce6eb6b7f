/* SPDX-License-Identifier: Apache-2.0 */
/* fixture - what the tests of src/container share. */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/proc.h"
#include "tinyrun/sys.h"

static size_t count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		(void)closedir(dir);
	return n;
}

int fixture_set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;

	*state = f;
	if (!f)
		return -1;
	(void)proc_fd(&e); /* stays open from here on */
	f->n_descriptors = count_descriptors();
	f->rt = RUNTIME_INIT;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/tinyrun-test-container-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	f->rt.root = f->dir;
	f->rt.root_fd = open(f->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return f->rt.root_fd < 0 ? -1 : 0;
}

/* One level below the directory is as deep as these tests go. */
static void empty(int dir_fd)
{
	static const char script[] = "rm -rf -- \"$0\"/* \"$0\"/.[!.]*";
	char path[64];
	pid_t pid;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), dir_fd);
	pid = fork();
	if (pid == 0) {
		(void)execl("/bin/sh", "sh", "-c", script, path, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, NULL, 0);
}

int fixture_tear_down(void **state)
{
	struct fixture *f = *state;
	int left;

	empty(f->rt.root_fd);
	fd_close(&f->rt.root_fd);
	if (rmdir(f->dir) < 0)
		print_message("%s: %s\n", f->dir, strerror(errno));
	left = (int)count_descriptors() - (int)f->n_descriptors;
	if (left != 0)
		print_message("%d more descriptors are open than before\n", left);
	free(f);
	return left == 0 ? 0 : -1;
}

pid_t child_sleep(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	return pid;
}

int child_reap(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

char *file_read(int dir_fd, const char *name)
{
	auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	struct err e = ERR_INIT;
	char *text = NULL;
	size_t len;

	assert_true(fd >= 0);
	assert_int_equal(fd_read_all(fd, (size_t)1 << 20, name, &text, &len, &e), 0);
	return text;
}

void file_write(int dir_fd, const char *name, const void *data, size_t len)
{
	auto_fd int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct err e = ERR_INIT;

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data, len, name, &e), 0);
}

const char *words(const struct err *e)
{
	static char text[ERR_STR_SIZE];

	return err_str(e, text, sizeof(text));
}

bool calls_are_there(void)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC};
	auto_fd int dir = sys_openat2(AT_FDCWD, "/", &how);
	auto_fd int pidfd = -1;

	if (dir < 0 && errno == ENOSYS) {
		print_message("openat2(2) is missing, as under an older valgrind\n");
		return false;
	}
	pidfd = sys_pidfd_open(getpid(), 0);
	if (pidfd < 0 && errno == ENOSYS) {
		print_message("pidfd_open(2) is missing, as under an older valgrind\n");
		return false;
	}
	return true;
}
