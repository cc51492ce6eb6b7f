/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program - the other programs of this build.
 *
 * Beside our own first: an installed one is not to be mistaken for that of this build. Where we lie
 * says the kernel, neither argv[0] nor PATH.
 */
#include "tinyrun/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/proc.h"

/* Whoever owns it could as well be root, be us, or have put us there. */
static int check(int fd, const char *name, uid_t our_owner, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", name);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & S_IXUSR))
		return err_user(e, "%s is not a program", name);
	if (st.st_mode & S_IWOTH)
		return err_user(e, "%s can be changed by everybody", name);
	if (st.st_uid != 0 && st.st_uid != geteuid() && st.st_uid != our_owner)
		return err_user(e, "%s belongs to user %u, who is neither root nor you", name,
				(unsigned)st.st_uid);
	return 0;
}

static int open_beside(const char *name, int *ret_fd, uid_t *ret_owner, struct err *e)
{
	auto_free char *self = NULL, *path = NULL;
	auto_fd int self_fd = -1;
	struct stat st;
	int proc = proc_fd(e);
	int r = proc < 0 ? proc : path_open(proc, "self/exe", O_PATH, &self_fd, e);

	if (r == 0)
		r = path_of_fd(self_fd, &self, e);
	if (r == 0 && fstat(self_fd, &st) < 0)
		r = err_sys(e, "stat our own program");
	if (r < 0)
		return r;
	if (asprintf(&path, "%.*s/%s", (int)(strrchr(self, '/') - self), self, name) < 0) {
		path = NULL;
		return err_num(e, ENOMEM, "find %s", name);
	}
	*ret_owner = st.st_uid;
	*ret_fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return 0;
}

static int open_installed(const char *name)
{
	auto_free char *path = NULL;

	if (asprintf(&path, LIBEXECDIR "/%s", name) < 0) {
		path = NULL;
		return -1;
	}
	return open(path, O_PATH | O_CLOEXEC);
}

int program_open(const char *name, int *ret_fd, struct err *e)
{
	auto_fd int fd = -1;
	uid_t owner = 0;
	int r = open_beside(name, &fd, &owner, e);

	if (r == 0 && fd < 0)
		fd = open_installed(name);
	if (r < 0 || fd < 0)
		return r < 0 ? r : PROGRAM_E_MISSING;
	r = check(fd, name, owner, e);
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r;
}
