/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd - scopes of systemd, by way of the program tinyrun-systemd, which has libsystemd.
 *
 * It is executed by the descriptor that was checked: whoever could change it could change us. It
 * gets no environment; the sockets to speak to are arguments. The system's are at their well-known
 * places; the user's are below $XDG_RUNTIME_DIR, which is that user's to set.
 */
#include "container/systemd.h"

#include "tinyrun/buf.h"
#include "tinyrun/fd.h"
#include "tinyrun/program.h"
#include "tinyrun/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM       "tinyrun-systemd"
#define SAID_MAX      4096
#define EXIT_NOT_MADE 2 /* the program's status for SYSTEMD_E_NOT_MADE */

/* --- the program --- */

static int open_program(int *ret_fd, struct err *e)
{
	int r = program_open(PROGRAM, ret_fd, e);

	if (r != PROGRAM_E_MISSING)
		return r;
	return err_user(e, "--systemd-cgroup needs the program " PROGRAM
			   ", which is not in " LIBEXECDIR
			   ": build tinyrun where libsystemd-dev is installed (systemd-devel on "
			   "Fedora), or use --cgroup-manager cgroupfs");
}

/* The bus, and systemd's own socket for where there is none; both on the heap. */
static int name_sockets(enum systemd_whose whose, char *ret[2], struct err *e)
{
	static const char *const below[] = {"bus", "systemd/private"};
	const char *run = getenv("XDG_RUNTIME_DIR");

	ret[0] = ret[1] = NULL;
	for (size_t i = 0; i < 2; i++) {
		int r;

		if (whose == SYSTEMD_SYSTEM)
			r = asprintf(&ret[i], "%s",
				     i == 0 ? "/run/dbus/system_bus_socket"
					    : "/run/systemd/private");
		else if (run && *run == '/')
			r = asprintf(&ret[i], "%s/%s", run, below[i]);
		else
			r = asprintf(&ret[i], "/run/user/%u/%s", (unsigned)geteuid(), below[i]);
		if (r < 0) {
			ret[i] = NULL;
			return err_num(e, ENOMEM, "name systemd's socket");
		}
	}
	return 0;
}

/* --- a run of it --- */

struct call {
	pid_t pid;
	int in_fd, out_fd; /* what it reads; what it says on both its outputs */
};

#define CALL_INIT ((struct call){.in_fd = -1, .out_fd = -1})

static _Noreturn void be_program(int program_fd, const int fds[2], const char *const *args)
{
	static const int ignored[] = {SIGPIPE, SIGXFSZ};
	char *const no_env[] = {NULL};
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		(void)signal(ignored[i], SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(fds[0], 0) == 0 && dup2(fds[1], 1) == 1 && dup2(fds[1], 2) == 2 &&
	    sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		(void)sys_execveat(program_fd, "", (char **)(uintptr_t)args, no_env, AT_EMPTY_PATH);
	dprintf(2, PROGRAM ": %s", err_text(errno));
	_exit(127);
}

static int make_pipe(int *ret_read, int *ret_write, struct err *e)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	*ret_read = pair[0];
	*ret_write = pair[1];
	return 0;
}

static int begin(const char *const *args, struct call *ret, struct err *e)
{
	auto_fd int program = -1, in_read = -1, in_write = -1, out_read = -1, out_write = -1;
	int r = open_program(&program, e);

	if (r == 0)
		r = make_pipe(&in_read, &in_write, e);
	if (r == 0)
		r = make_pipe(&out_read, &out_write, e);
	if (r < 0)
		return r;
	ret->pid = fork();
	if (ret->pid < 0)
		return err_sys(e, "fork");
	if (ret->pid == 0)
		be_program(program, (const int[]){in_read, out_write}, args);
	ret->in_fd = fd_take(&in_write);
	ret->out_fd = fd_take(&out_read);
	return 0;
}

static int reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* It has ended, or is to: what it said after @begun is the reason when it failed. */
static int finish(struct call *call, const char *begun, struct err *e)
{
	struct err unread = ERR_INIT;
	auto_free char *said = NULL;
	size_t len = 0;
	int status, r;

	fd_close(&call->in_fd);
	r = fd_read_all(call->out_fd, SAID_MAX, PROGRAM, &said, &len, &unread);
	fd_close(&call->out_fd);
	status = reap(call->pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (r < 0 || (len == 0 && !*begun))
		return err_user(e, PROGRAM " ended with status %#x and without a word",
				(unsigned)status);
	said[strcspn(said, "\n")] = 0;
	r = err_user(e, "%s%s", begun, said);
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_MADE ? SYSTEMD_E_NOT_MADE : r;
}

static int send_properties(const struct call *call, const struct scope_properties *properties,
			   struct err *e)
{
	auto_buf struct buf text = BUF_INIT;
	int r;

	scope_encode(properties, &text);
	r = buf_check(&text, e);
	return r < 0 ? r : fd_write_all(call->in_fd, text.data, text.len, PROGRAM, e);
}

/* Once it has the properties, if it can be told them: what is wrong it says itself. */
static int call_with(enum systemd_whose whose, const char *verb, const char *unit,
		     const char *description, const struct scope_properties *properties,
		     struct call *ret, struct err *e)
{
	char *sockets[2];
	struct err broken = ERR_INIT;
	int r = name_sockets(whose, sockets, e);
	const char *const args[] = {PROGRAM, sockets[0], sockets[1], verb, unit, description, NULL};

	if (r == 0)
		r = begin(args, ret, e);
	if (r == 0 && properties)
		(void)send_properties(ret, properties, &broken);
	free(sockets[0]);
	free(sockets[1]);
	return r;
}

int systemd_start(enum systemd_whose whose, const char *unit,
		  const struct scope_properties *properties, struct systemd_keeper *ret,
		  struct err *e)
{
	struct call call = CALL_INIT;
	char first[2] = "";
	ssize_t n;

	if (call_with(whose, "start", unit, NULL, properties, &call, e) < 0)
		return SYSTEMD_E_NOT_MADE;
	do
		n = read(call.out_fd, first, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1 || *first != '+') {
		int r = finish(&call, n == 1 ? first : "", e);

		return r == 0 ? err_user(e, PROGRAM " ended too early") : r;
	}
	fd_close(&call.out_fd);
	ret->pid = call.pid;
	ret->end_fd = call.in_fd;
	return 0;
}

void systemd_keeper_end(struct systemd_keeper *keeper)
{
	fd_close(&keeper->end_fd);
	if (keeper->pid > 0)
		(void)reap(keeper->pid); /* it has nothing to say any more */
	*keeper = SYSTEMD_KEEPER_INIT;
}

int systemd_set(enum systemd_whose whose, const char *unit,
		const struct scope_properties *properties, struct err *e)
{
	struct call call = CALL_INIT;
	int r = properties->n == 0 ? 0 : call_with(whose, "set", unit, NULL, properties, &call, e);

	if (r == 0 && properties->n > 0)
		r = finish(&call, "", e);
	return r > 0 ? -EIO : r;
}

int systemd_stop(enum systemd_whose whose, const char *unit, const char *description, struct err *e)
{
	struct call call = CALL_INIT;
	int r = call_with(whose, "stop", unit, description, NULL, &call, e);

	if (r == 0)
		r = finish(&call, "", e);
	return r > 0 ? -EIO : r;
}
