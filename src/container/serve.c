/* SPDX-License-Identifier: Apache-2.0 */
/* serve - what the host does when init asks for something; plan_format.h has the conversation. */
#include "container/create.h"
#include "container/hooks.h"
#include "container/network.h"
#include "container/relay.h"
#include "container/sync.h"
#include "tinyrun/fd.h"
#include "tinyrun/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The pid behind a pidfd, from its "Pid:" line. proc_pid_fdinfo(5) */
static int pid_of(int pidfd, pid_t *ret, struct err *e)
{
	auto_fd int fd = -1;
	auto_free char *text = NULL;
	const char *line;
	char name[64];
	size_t len;
	int r, proc = proc_fd(e);

	if (proc < 0)
		return proc;
	(void)snprintf(name, sizeof(name), "self/fdinfo/%d", pidfd);
	fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open /proc/%s", name);
	r = fd_read_all(fd, 4096, name, &text, &len, e);
	if (r < 0)
		return r;
	line = strstr(text, "\nPid:");
	*ret = line ? (pid_t)strtol(line + 5, NULL, 10) : 0;
	return *ret > 0 ? 0 : err_num(e, ESRCH, "find the pid of the container's process");
}

/* The process went on in a child of ours: watch that one, and take the old one's end away. */
static int on_forked(struct creation *c, int *fd, struct err *e)
{
	struct spawned old = c->init;
	int status, r = pid_of(*fd, &c->init.pid, e);

	if (r < 0)
		return r;
	c->init.pidfd = fd_take(fd);
	r = spawned_wait(&old, &status, e);
	fd_close(&old.pidfd);
	if (r == 0)
		r = spawn_set_oom_score(c->init.pid, c->spec, e);
	if (r == 0)
		r = rdt_join(&c->rdt, c->init.pid, e);
	if (r == 0 && c->mode != PLAN_EXEC) /* of which nothing is written down */
		r = creation_stage(c, e);
	return r;
}

int creation_take_pty(struct creation *c, int *fd, struct err *e)
{
	auto_fd int socket_fd = -1;
	int r;

	if (!c->o->console_socket) {
		c->pty_fd = fd_take(fd);
		relay_resize(c->pty_fd); /* what is restored has no plan to say it */
		return 0;
	}
	r = sync_connect(c->o->console_socket, &socket_fd, e);
	if (r == 0)
		r = sync_send_fd(socket_fd, "/dev/pts/ptmx", *fd, e);
	return r < 0 ? err_wrap(e, "--console-socket") : 0;
}

/*
 * The "container process state" of the specification (config-linux.md, seccomp). The process of an
 * exec is another one than the container's, which is running.
 */
static int notify_describe(const struct creation *c, struct buf *out, struct err *e)
{
	bool exec = c->mode == PLAN_EXEC;

	buf_add_str(out, "{\"ociVersion\":\"" SPEC_VERSION "\",\"fds\":[\"seccompFd\"],");
	buf_addf(out, "\"pid\":%d,", (int)c->init.pid);
	if (c->spec->seccomp_metadata) {
		buf_add_str(out, "\"metadata\":");
		buf_add_json_str(out, c->spec->seccomp_metadata);
		buf_add_char(out, ',');
	}
	buf_add_str(out, "\"state\":");
	state_json(&c->state, exec ? STATE_RUNNING : STATE_CREATING,
		   exec ? c->state.pid : c->init.pid, STATE_COMPACT, false, out);
	buf_add_char(out, '}');
	return buf_check(out, e);
}

int creation_run_hooks(struct creation *c, pid_t pid, struct err *e)
{
	static const enum spec_hook_kind kinds[] = {SPEC_HOOK_PRESTART, SPEC_HOOK_CREATE_RUNTIME};
	auto_buf struct buf json = BUF_INIT;
	int r;

	state_json(&c->state, STATE_CREATING, pid, STATE_COMPACT, false, &json);
	r = buf_check(&json, e);
	if (r == 0)
		r = network_attach(c, e);
	for (size_t i = 0; i < 2 && r == 0; i++)
		r = hooks_run(c->spec, kinds[i], json.data, c->bundle_fd, e);
	return r;
}

static int on_hooks(struct creation *c, struct err *e)
{
	int r = network_move_devices(c, e);

	if (r == 0)
		r = creation_run_hooks(c, c->init.pid, e);
	return r < 0 ? r : sync_go(c->init.channel, e);
}

static const char *listener_origin(const struct spec *spec)
{
	const char *receiver = spec_annotation_set(spec, SPEC_ANNOTATION_SECCOMP_RECEIVER);

	return receiver && receiver == spec->seccomp_listener
		       ? spec_annotation_text(SPEC_ANNOTATION_SECCOMP_RECEIVER)
		       : "linux.seccomp.listenerPath";
}

/* The listener of the filter gets its descriptor, and is told whose it is. */
static int on_notify(struct creation *c, int fd, struct err *e)
{
	auto_buf struct buf json = BUF_INIT;
	auto_fd int socket_fd = -1;
	int r = notify_describe(c, &json, e);

	if (r == 0)
		r = sync_connect(c->spec->seccomp_listener, &socket_fd, e);
	if (r == 0)
		r = sync_send_fd(socket_fd, json.data, fd, e);
	return r < 0 ? err_wrap(e, "%s", listener_origin(c->spec)) : sync_go(c->init.channel, e);
}

int creation_explain_death(int status, int cgroup_fd, struct err *e)
{
	struct err ignored = ERR_INIT;
	uint64_t kills = 0;

	if (cgroup_fd >= 0)
		(void)cgroup_oom_kills(cgroup_fd, &kills, &ignored); /* then it is not the reason */
	if (kills > 0)
		return err_user(e, "container init was OOM-killed (memory limit too low?)");
	if (WIFSIGNALED(status))
		return err_user(e, "init was killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == SPAWN_EXIT_MEMORY)
		return err_user(e, "there was no room to execute init (memory limit too low?)");
	if (WEXITSTATUS(status) == SPAWN_EXIT_DENIED)
		return err_user(e, "init could not be executed from memory: is vm.memfd_noexec 2?");
	if (WEXITSTATUS(status) == SPAWN_EXIT_USER)
		return err_user(e, "init could not become root of its user namespace");
	return err_user(e, "init ended with status %d and without a word", WEXITSTATUS(status));
}

/* After GO an end of the channel is what we wait for: the program has been executed. */
static int on_end(struct creation *c, struct err *e)
{
	int status, r;

	if (c->ready)
		return SYNC_E_END;
	r = spawned_wait(&c->init, &status, e);
	if (r < 0)
		return r;
	/* the cgroup's kills may be of long before exec */
	return creation_explain_death(status, c->mode == PLAN_EXEC ? -1 : c->cgroup_fd, e);
}

static int answer(struct creation *c, const struct plan_msg *msg, int *fd, struct err *e)
{
	switch (msg->kind) {
	case PLAN_MSG_FORKED:
		return on_forked(c, fd, e);
	case PLAN_MSG_PTY:
		return creation_take_pty(c, fd, e);
	case PLAN_MSG_HOOKS:
		return on_hooks(c, e);
	case PLAN_MSG_NOTIFY:
		return on_notify(c, *fd, e);
	case PLAN_MSG_FAIL:
		return plan_explain(c->plan, msg, e);
	default:
		return err_num(e, EPROTO, "hear from init");
	}
}

int creation_serve(struct creation *c, struct err *e)
{
	for (;;) {
		struct plan_msg msg;
		auto_fd int fd = -1;
		int r = sync_receive(c->init.channel, &msg, &fd, e);

		if (r == SYNC_E_END)
			return on_end(c, e);
		if (r == 0 && msg.kind == PLAN_MSG_READY) {
			c->ready = true;
			return 0;
		}
		if (r == 0)
			r = answer(c, &msg, &fd, e);
		if (r < 0)
			return r;
	}
}
