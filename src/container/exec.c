/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec - one more process in a container.
 *
 * The same init as for a new container executes a shorter plan: it starts in the container's
 * cgroup, joins the namespaces of the container's process by its pidfd, and loses its rights in the
 * same order. Nothing is written down, so there is nothing to undo but the process itself, and no
 * lock is held: what the container's end does to a process, it does to this one too.
 */
#include "container/affinity.h"
#include "container/create.h"
#include "container/delegate.h"
#include "container/exec_process.h"
#include "container/joining.h"
#include "container/relay.h"
#include "container/sync.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/proc.h"
#include "tinyrun/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct exec {
	struct creation c; /* the process in the making; c.state is the container's */
	const struct container_exec *o;
	struct exec_process process;
	int target_fd; /* a pidfd of the container's process */
};

/* --- deciding --- */

static int check_status(struct exec *x, struct err *e)
{
	enum state_status status = STATE_STOPPED;
	int r = state_look(x->c.dir_fd, &x->c.state, &x->c.host, &status, &x->target_fd, e);

	if (r < 0)
		return r;
	if (status == STATE_STOPPED)
		return err_user(e, "cannot exec in a stopped container");
	if (status == STATE_CREATING)
		return err_user(e, "cannot exec in a container whose creation was not finished");
	if (status == STATE_PAUSED && !x->o->ignore_paused)
		return err_user(e, "cannot exec in a paused container (use --ignore-paused to "
				   "override)");
	return 0;
}

/* A part of the container's cgroup, named from there: "a/b", "/a/b". */
static int open_part(int cgroup_fd, const char *part, int *ret_fd, struct err *e)
{
	part += strspn(part, "/");
	if (!path_is_beneath(part))
		return err_user(e,
				"--cgroup: found \"%s\", want a path below the container's cgroup",
				part);
	return path_open_beneath(cgroup_fd, *part ? part : ".", O_RDONLY | O_DIRECTORY, 0, ret_fd,
				 e);
}

/* Where the container began, if it has not made something else of its cgroup. */
static bool open_delegated(struct exec *x, int cgroup_fd)
{
	const char *part = delegate_part(&x->process.merged);
	struct err gone = ERR_INIT;

	return part && path_open_beneath(cgroup_fd, part, O_RDONLY | O_DIRECTORY, 0,
					 &x->c.cgroup_fd, &gone) == 0;
}

static int open_cgroup(struct exec *x, struct err *e)
{
	const struct state *st = &x->c.state;
	auto_fd int fd = -1;
	int r;

	if (!st->cgroup_path)
		return x->o->cgroup ? err_user(e, "--cgroup: the container has no cgroup") : 0;
	r = cgroup_open(&x->c.host, st->cgroup_path, &fd, e);
	if (r == CGROUP_E_MISSING)
		return err_user(e, "container not running: its cgroup is gone");
	if (r == 0 && x->o->cgroup)
		return open_part(fd, x->o->cgroup, &x->c.cgroup_fd, e);
	if (r == 0 && open_delegated(x, fd))
		return 0;
	x->c.cgroup_fd = fd_take(&fd);
	return r;
}

static int compile(struct exec *x, struct err *e)
{
	struct plan_input in = {
		.spec = x->c.spec,
		.id = x->c.o->id,
		.bundle = x->c.state.bundle,
		.mode = PLAN_EXEC,
		.preserve_fds = x->c.o->preserve_fds + x->c.listen_fds,
		.listen_fds = x->c.listen_fds,
	};
	int r = 0;

	if (x->c.spec->ns[SPEC_NS_USER].present)
		r = joining_is_own_user(x->c.state.pid, &in.own_user_ns, e);
	if (r == 0)
		r = creation_compile_filter(&x->c, e);
	if (x->c.spec->seccomp_text)
		in.seccomp = &x->c.filter;
	return r < 0 ? r : plan_compile(&in, &x->c.plan, e);
}

static int decide(struct exec *x, struct err *e)
{
	struct creation *c = &x->c;
	int r = state_find(c->rt, c->o->id, false, &c->dir_fd, &c->state, &c->host, e);

	if (r == 0)
		r = check_status(x, e);
	if (r == 0)
		r = creation_check_preserved(c, e);
	if (r == 0)
		r = exec_process_load(c->dir_fd, x->o, &x->process, e);
	if (r == 0)
		r = open_cgroup(x, e);
	if (r < 0)
		return r;
	c->spec = &x->process.merged;
	r = creation_settle_terminal(c, e);
	return r < 0 ? r : compile(x, e);
}

/* --- doing --- */

/* Without a mount namespace the container's root is one of our directories, known by its process.
 */
static int open_root(struct exec *x, struct err *e)
{
	char name[32];
	int proc = proc_fd(e);

	if (proc < 0)
		return proc;
	(void)snprintf(name, sizeof(name), "%d/root", (int)x->c.state.pid);
	x->c.rootfs_fd = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (x->c.rootfs_fd < 0)
		return err_sys(e, "open the container's root");
	fd_close(&x->target_fd); /* it still is who it was: what was opened is its root */
	return state_pidfd(&x->c.state, &x->target_fd, e) == 0
		       ? 0
		       : err_user(e, "cannot exec in a stopped container");
}

/* A container that manages its cgroup may have moved its processes to a part of it. */
static int follow_process(struct exec *x, struct err *e)
{
	auto_fd int fd = -1;
	int r = cgroup_open_of(&x->c.host, x->c.state.pid, x->c.state.cgroup_path, &fd, e);

	if (r == CGROUP_E_MISSING)
		return err_user(e, "container not running: its cgroup is gone");
	fd_close(&x->c.cgroup_fd);
	x->c.cgroup_fd = fd_take(&fd);
	return r;
}

static int spawn(struct exec *x, struct err *e)
{
	struct creation *c = &x->c;
	struct spawn spawn = {.plan = c->plan,
			      .handover = &c->handover,
			      .spec = c->spec,
			      .cgroup_fd = c->cgroup_fd,
			      .preserve_fds = c->o->preserve_fds + c->listen_fds};
	struct err first = ERR_INIT;
	int r = spawn_init(&spawn, &c->init, &first);

	if ((r == -EBUSY || r == -EOPNOTSUPP) && c->cgroup_fd >= 0 && !x->o->cgroup) {
		r = follow_process(x, e);
		spawn.cgroup_fd = c->cgroup_fd;
		return r < 0 ? r : spawn_init(&spawn, &c->init, e);
	}
	if (r < 0)
		*e = first;
	return r;
}

static int start(struct exec *x, struct err *e)
{
	struct creation *c = &x->c;
	struct handover_sources from = {.bundle_fd = -1,
					.rootfs_fd = -1,
					.cgroup_fd = -1,
					.process_fd = x->target_fd,
					.state_fd = -1,
					.trace_fd = -1};
	int r = c->spec->ns[SPEC_NS_MOUNT].present ? 0 : open_root(x, e);

	from.process_fd = x->target_fd;
	from.rootfs_fd = c->rootfs_fd;
	if (r == 0) /* ours, and so that of what we start, until it is in the cgroup */
		r = affinity_set(0, c->spec->process.exec_cpus_initial,
				 "process.execCPUAffinity.initial", e);
	if (r == 0)
		r = handover_open(c->plan, &from, HANDOVER_ALL, &c->handover, e);
	if (r == 0)
		r = spawn(x, e);
	handover_done(&c->handover);
	if (r == 0)
		r = rdt_join_again(&c->spec->rdt, &c->state, c->init.pid, e);
	if (r == 0)
		r = creation_serve(c, e); /* until READY */
	if (r == 0)
		r = affinity_set(c->init.pid, c->spec->process.exec_cpus_final,
				 "process.execCPUAffinity.final", e);
	if (r == 0)
		r = creation_announce(c, e);
	if (r == 0)
		r = sync_go(c->init.channel, e);
	if (r == 0)
		r = creation_serve(c, e); /* until the program runs */
	return r == SYNC_E_END ? 0 : r;
}

/* Its process ends, and a pid file that speaks of it goes: engines take it for a success. */
static void abandon(struct exec *x)
{
	spawned_end(&x->c.init);
	if (x->c.wrote_pid_file)
		(void)unlink(x->c.o->pid_file); /* somebody else may have been quicker */
}

static int stay(struct exec *x, int *ret_status, struct err *e)
{
	struct relay relay = {
		.pid = x->c.init.pid, .pidfd = x->c.init.pidfd, .pty_fd = x->c.pty_fd};
	int status = 0, r;

	fd_close(&x->c.init.channel);
	r = relay_run(&relay, &status, e);
	if (r == 0)
		*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return r;
}

static int exec_held(struct exec *x, int *ret_status, struct err *e)
{
	int r = decide(x, e);

	if (r == 0)
		r = start(x, e);
	if (r < 0) {
		abandon(x);
		return r;
	}
	*ret_status = 0;
	return x->c.o->detach ? 0 : stay(x, ret_status, e);
}

int container_exec(struct runtime *rt, const struct container_exec *o, int *ret_status,
		   struct err *e)
{
	struct exec x = {.o = o, .target_fd = -1};
	sigset_t old;
	int r = relay_hold_signals(&old, e);

	if (r < 0)
		return r;
	creation_init(&x.c, rt, &o->common, PLAN_EXEC);
	r = exec_held(&x, ret_status, e);
	x.c.spec = NULL; /* it is x.process's */
	creation_done(&x.c);
	exec_process_done(&x.process);
	fd_close(&x.target_fd);
	(void)sys_sigmask(SIG_SETMASK, &old, NULL); /* it was valid before */
	return r;
}
