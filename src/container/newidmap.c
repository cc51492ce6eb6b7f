/* SPDX-License-Identifier: Apache-2.0 */
/*
 * newidmap - has newuidmap(1) or newgidmap(1) write a map that the caller may not.
 *
 * An ordinary user may map one id, its own. The ranges of /etc/subuid and /etc/subgid are given out
 * by these two programs of the shadow suite, which have the rights that it takes. They are looked
 * for in the system's own places, not along PATH, and executed by the descriptor that was checked:
 * root's, and nobody else's to write. They get no environment and no descriptor of ours.
 */
#include "container/newidmap.h"

#include "tinyrun/buf.h"
#include "tinyrun/fd.h"
#include "tinyrun/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_MAX 1024

static const struct {
	const char *name, *ranges, *option;
} programs[] = {
	[NEWUIDMAP] = {"newuidmap", "/etc/subuid", "--add-subuids"},
	[NEWGIDMAP] = {"newgidmap", "/etc/subgid", "--add-subgids"},
};

static int check_program(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", path);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & S_IXOTH))
		return err_user(e, "%s is not a program", path);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) || st.st_uid != 0)
		return err_user(e, "%s can be changed by others than root", path);
	return 0;
}

static int open_program(enum newidmap which, int *ret_fd, struct err *e)
{
	static const char *const places[] = {"/usr/bin", "/bin", "/usr/local/bin",
					     "/run/wrappers/bin"};
	const char *name = programs[which].name;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		auto_fd int fd = -1;
		char path[64];
		int r;

		(void)snprintf(path, sizeof(path), "%s/%s", places[i], name);
		fd = open(path, O_PATH | O_CLOEXEC);
		if (fd < 0)
			continue;
		r = check_program(fd, path, e);
		if (r == 0)
			*ret_fd = fd_take(&fd);
		return r;
	}
	return err_user(e,
			"more than one's own id takes the program %s, which is not here: install "
			"uidmap on Debian, shadow-utils on Fedora, shadow-subids on Alpine, or "
			"map one id alone",
			name);
}

/* "newuidmap", "PID", and three numbers a line of the map, each in its own string of @text. */
static int make_args(enum newidmap which, pid_t pid, const struct spec_id_maps *map,
		     struct buf *text, const char ***ret, struct err *e)
{
	size_t n = 2 + 3 * map->n;
	const char **args = calloc(n + 1, sizeof(*args));
	const char *at;
	int r;

	if (!args)
		return err_num(e, ENOMEM, "call %s", programs[which].name);
	buf_addf(text, "%s%c%d%c", programs[which].name, 0, (int)pid, 0);
	for (size_t i = 0; i < map->n; i++)
		buf_addf(text, "%u%c%u%c%u%c", map->v[i].container_id, 0, map->v[i].host_id, 0,
			 map->v[i].size, 0);
	r = buf_check(text, e);
	at = text->data;
	for (size_t i = 0; i < n && r == 0; i++, at += strlen(at) + 1)
		args[i] = at;
	*ret = args;
	return r;
}

static _Noreturn void be_program(int program_fd, int output_fd, const char **args)
{
	char *const no_env[] = {NULL};
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(output_fd, 1) == 1 && dup2(output_fd, 2) == 2 &&
	    sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		(void)sys_execveat(program_fd, "", (char **)(void *)args, no_env, AT_EMPTY_PATH);
	dprintf(output_fd, "%s", err_text(errno));
	_exit(127);
}

static int run(int program_fd, const char **args, char **ret_said, int *ret_status, struct err *e)
{
	auto_fd int read_fd = -1, write_fd = -1;
	int pair[2], r;
	size_t len;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	read_fd = pair[0];
	write_fd = pair[1];
	pid = fork();
	if (pid < 0)
		return err_sys(e, "fork");
	if (pid == 0)
		be_program(program_fd, write_fd, args);
	fd_close(&write_fd);
	r = fd_read_all(read_fd, SAID_MAX, args[0], ret_said, &len, e);
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	return r;
}

int newidmap_write(enum newidmap which, pid_t pid, const struct spec_id_maps *map, struct err *e)
{
	auto_buf struct buf text = BUF_INIT;
	auto_free const char **args = NULL;
	auto_free char *said = NULL;
	auto_fd int fd = -1;
	int status = 0, r = open_program(which, &fd, e);

	if (r == 0)
		r = make_args(which, pid, map, &text, &args, e);
	if (r == 0)
		r = run(fd, args, &said, &status, e);
	if (r < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return r;
	said[strcspn(said, "\n")] = 0;
	return err_user(e, "%s; are these ids in %s (usermod %s)?", *said ? said : args[0],
			programs[which].ranges, programs[which].option);
}
