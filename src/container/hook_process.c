/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_process - one hook of the host's, from its start to its end.
 *
 * What it writes is neither the container's output nor ours: both its streams are a pipe, and the
 * last that came through it is in the message when the hook fails. A hook's end is that of its
 * process, not of the pipe: one that leaves a daemon behind with it must not hold us.
 */
#include "container/hook_process.h"

#include "tinyrun/fd.h"
#include "tinyrun/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEPT_OUTPUT 192 /* bytes: the last of what a hook said; an err's frame holds it all */
/* At most this many at a time: one that never stops talking has a limit. */
#define DRAIN_CHUNKS 512

struct run {
	const struct spec_hook *hook;
	const struct hook_output *output;
	int pidfd, output_fd;
	pid_t pid;
	bool timed_out;
	int status;
	char said[KEPT_OUTPUT + 1];
	size_t n_said;
};

/* The state as a file: any size, and a hook that does not read it blocks nobody. */
static int state_file(const char *state_json, int *ret_fd, struct err *e)
{
	auto_fd int fd = memfd_create("state", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(e, "make a memory file");
	r = fd_write_all(fd, state_json, strlen(state_json), "the state", e);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "rewind the state");
	*ret_fd = fd_take(&fd);
	return 0;
}

/* Nothing of ours goes with it but the standard streams, and it does not outlive us. */
static _Noreturn void be_hook(const struct run *run, int stdin_fd, int pipe_fd, int bundle_fd,
			      pid_t parent)
{
	const struct spec_hook *hook = run->hook;
	int stdout_fd = run->output->stdout_fd < 0 ? pipe_fd : run->output->stdout_fd;
	int stderr_fd = run->output->stderr_fd < 0 ? pipe_fd : run->output->stderr_fd;
	static const int ignored[] = {SIGPIPE, SIGXFSZ};
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(126); /* that one is gone already */
	(void)setpgid(0, 0);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		(void)signal(ignored[i], SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (fchdir(bundle_fd) == 0 && dup2(stdin_fd, 0) == 0 && dup2(stdout_fd, 1) == 1 &&
	    dup2(stderr_fd, 2) == 2 && sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		(void)execve(hook->path, (char **)(void *)hook->args.v,
			     (char **)(void *)hook->env.v);
	dprintf(2, "%s: %s", hook->path, err_text(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int start(struct run *run, const char *state_json, int bundle_fd, struct err *e)
{
	auto_fd int stdin_fd = -1, read_fd = -1, write_fd = -1;
	int pair[2], r = state_file(state_json, &stdin_fd, e);
	pid_t parent = getpid();

	if (r < 0)
		return r;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	read_fd = pair[0];
	write_fd = pair[1];
	if (fcntl(read_fd, F_SETFL, O_NONBLOCK) < 0)
		return err_sys(e, "make a pipe");
	run->pid = fork();
	if (run->pid < 0)
		return err_sys(e, "fork");
	if (run->pid == 0)
		be_hook(run, stdin_fd, write_fd, bundle_fd, parent);
	run->pidfd = sys_pidfd_open(run->pid, 0);
	if (run->pidfd < 0)
		return err_sys(e, "open a pidfd");
	run->output_fd = fd_take(&read_fd);
	return 0;
}

/* Of @chunk and what was kept before, the last KEPT_OUTPUT bytes stay. */
static void keep_last(struct run *run, const char *chunk, size_t n)
{
	size_t room = KEPT_OUTPUT - n;

	if (run->n_said > room) {
		memmove(run->said, run->said + run->n_said - room, room);
		run->n_said = room;
	}
	memcpy(run->said + run->n_said, chunk, n);
	run->n_said += n;
}

/* Takes what is there. False at the end of the file. */
static bool drain(struct run *run)
{
	char chunk[KEPT_OUTPUT];

	for (int i = 0; i < DRAIN_CHUNKS; i++) {
		ssize_t n = read(run->output_fd, chunk, sizeof(chunk));

		if (n <= 0)
			return n < 0;
		keep_last(run, chunk, (size_t)n);
	}
	return true;
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* poll(2)'s timeout for @end, 0 = none. */
static int wait_ms(int64_t end)
{
	int64_t left = end ? end - now_ms() : -1;

	if (end && left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static int await(struct run *run, struct err *e)
{
	int64_t end = run->hook->timeout ? now_ms() + 1000LL * run->hook->timeout : 0;
	struct pollfd fds[2] = {{.fd = run->pidfd, .events = POLLIN},
				{.fd = run->output_fd, .events = POLLIN}};

	do {
		if (end && now_ms() >= end) {
			run->timed_out = true;
			(void)kill(-run->pid,
				   SIGKILL); /* its group; not reaped, so still its own */
			(void)kill(run->pid, SIGKILL);
			end = 0;
		}
		fds[0].revents = fds[1].revents = 0; /* as EINTR leaves them alone */
		if (poll(fds, 2, wait_ms(end)) < 0 && errno != EINTR)
			return err_sys(e, "wait for the hook");
		if (fds[1].revents && !drain(run))
			fds[1].fd = -1;
	} while (!fds[0].revents);
	(void)drain(run);
	while (waitpid(run->pid, &run->status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for the hook");
	run->pid = 0;
	return 0;
}

/* One that cannot be watched must not go on unwatched. */
static void end(struct run *run)
{
	if (run->pid > 0) {
		(void)kill(-run->pid, SIGKILL); /* it may not have its group yet */
		(void)kill(run->pid, SIGKILL);
		(void)waitpid(run->pid, &run->status,
			      0); /* killed: nothing to interrupt for long */
	}
	fd_close(&run->pidfd);
	fd_close(&run->output_fd);
}

static int judge(const struct run *run, struct err *e)
{
	size_t len = run->n_said;
	const char *sep;

	while (len > 0 && run->said[len - 1] == '\n')
		len--;
	sep = len ? ", stdout and stderr: " : "";
	if (run->timed_out)
		return err_user(e, "%s took longer than its timeout of %d s and was killed%s%.*s",
				run->hook->path, run->hook->timeout, sep, (int)len, run->said);
	if (WIFSIGNALED(run->status))
		return err_user(e, "%s was killed by signal %d%s%.*s", run->hook->path,
				WTERMSIG(run->status), sep, (int)len, run->said);
	if (WEXITSTATUS(run->status) != 0)
		return err_user(e, "exit status %d%s%.*s", WEXITSTATUS(run->status), sep, (int)len,
				run->said);
	return 0;
}

int hook_process_run(const struct spec_hook *hook, const struct hook_output *output,
		     const char *state_json, int bundle_fd, struct err *e)
{
	struct run run = {.hook = hook, .output = output, .pidfd = -1, .output_fd = -1};
	int r = start(&run, state_json, bundle_fd, e);

	if (r == 0)
		r = await(&run, e);
	if (r == 0)
		r = judge(&run, e);
	end(&run);
	return r;
}
