/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc - facts about processes, from a procfs of our own.
 *
 * It is mounted nowhere, so nobody can have put anything over a file of it. Where we may not make
 * one it is the host's /proc, which has to be the top of a procfs.
 *
 * A process is named by its pid and start time; a pid alone may by now be somebody else's.
 */
#include "tinyrun/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "tinyrun/fd.h"
#include "tinyrun/str.h"
#include "tinyrun/sys.h"

#define PROC_ROOT_INODE 1 /* of every procfs: a part of one, bound over /proc, has another */

static int make_own(void)
{
	auto_fd int fs = sys_fsopen("proc", FSOPEN_CLOEXEC);

	if (fs < 0 || sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return sys_fsmount(fs, FSMOUNT_CLOEXEC,
			   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static int open_hosts(struct err *e)
{
	auto_fd int fd = -1;
	struct statfs fs;
	struct stat st;

	fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open /proc");
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INODE)
		return err_user(e, "open /proc: no procfs is mounted there");
	return fd_take(&fd);
}

int proc_fd(struct err *e)
{
	static int kept_fd = -1;
	int r;

	if (kept_fd >= 0)
		return kept_fd;
	r = make_own();
	if (r < 0)
		r = open_hosts(e);
	if (r >= 0)
		kept_fd = r;
	return r;
}

/* Reads a small file of procfs into @text, with a 0 behind it. Returns negative errno, no frame. */
static int read_small(int proc, const char *name, char *text, size_t size)
{
	auto_fd int fd = openat(proc, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = read(fd, text, size - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	text[n] = 0;
	return 0;
}

/* Cuts @text at the blank behind its @n'th word and returns that word, or NULL. */
static char *nth_word(char *text, int n)
{
	char *save = NULL, *word = strtok_r(text, " \n", &save);

	while (word && --n > 0)
		word = strtok_r(NULL, " \n", &save);
	return word;
}

/* The command's name (field 2) may hold anything, ')' too, so the last ')' is where it ends. */
static int parse_stat(char *text, struct proc_stat *ret)
{
	char *behind = strrchr(text, ')');
	struct proc_stat stat;
	char *word;

	if (!behind || behind[1] != ' ' || behind[2] == 0)
		return -EINVAL;
	stat.state = behind[2];
	word = nth_word(behind + 1, 22 - 2);
	if (!word || str_to_u64(word, UINT64_MAX, &stat.start_time) < 0)
		return -EINVAL;
	*ret = stat;
	return 0;
}

int proc_stat(pid_t pid, struct proc_stat *ret, struct err *e)
{
	char name[32], text[1024];
	int proc, r;

	if (pid <= 0)
		return err_user(e, "look at process %d: want a pid above 0", pid);
	proc = proc_fd(e);
	if (proc < 0)
		return proc;
	(void)snprintf(name, sizeof(name), "%d/stat", pid);
	r = read_small(proc, name, text, sizeof(text));
	if (r == -ENOENT || r == -ESRCH)
		return PROC_E_GONE;
	if (r == 0)
		r = parse_stat(text, ret);
	return r < 0 ? err_num(e, -r, "read /proc/%s", name) : 0;
}

/*
 * The descriptor comes first: if its process went and the pid was taken again before we looked,
 * the start time we read is a later one.
 */
int proc_open_pidfd(pid_t pid, uint64_t start_time, int *ret_fd, struct err *e)
{
	auto_fd int fd = -1;
	struct proc_stat stat;
	int r;

	if (pid <= 0)
		return err_user(e, "open process %d: want a pid above 0", pid);
	fd = sys_pidfd_open(pid, 0);
	if (fd < 0)
		return errno == ESRCH ? PROC_E_GONE : err_sys(e, "open process %d", pid);
	r = proc_stat(pid, &stat, e);
	if (r != 0)
		return r;
	if (stat.start_time != start_time)
		return PROC_E_GONE;
	*ret_fd = fd_take(&fd);
	return 0;
}

bool proc_has_ended(int pidfd, int timeout_ms)
{
	struct pollfd end = {.fd = pidfd, .events = POLLIN};

	return poll(&end, 1, timeout_ms) == 1;
}

int proc_boot_id(char ret_id[37], struct err *e)
{
	static const char name[] = "sys/kernel/random/boot_id";
	static char kept[64]; /* it is the same for as long as we live */
	int r = 0, proc = kept[0] ? 0 : proc_fd(e);

	if (proc < 0)
		return proc;
	if (!kept[0])
		r = read_small(proc, name, kept, sizeof(kept));
	if (r == 0 && strcspn(kept, "\n") != 36)
		r = -EINVAL;
	if (r < 0) {
		kept[0] = 0;
		return err_num(e, -r, "read /proc/%s", name);
	}
	memcpy(ret_id, kept, 36);
	ret_id[36] = 0;
	return 0;
}

uint64_t proc_ignored_signals(void)
{
	static const char line[] = "\nSigIgn:\t";
	struct err unknown = ERR_INIT;
	char text[4096];
	const char *at;
	int proc = proc_fd(&unknown);

	if (proc < 0 || read_small(proc, "self/status", text, sizeof(text)) < 0)
		return UINT64_MAX;
	at = strstr(text, line); /* a newline in the name is escaped */
	return at ? strtoull(at + sizeof(line) - 1, NULL, 16) : UINT64_MAX;
}
