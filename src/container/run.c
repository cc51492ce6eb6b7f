/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run - create and start in one go, and for a foreground container stay until its end.
 *
 * Init is told to go on over the channel that is open anyway: no socket, no second process. The
 * lock is given back while the container runs, so that the other verbs work on it.
 */
#include "container/create.h"
#include "container/destroy.h"
#include "container/relay.h"
#include "container/start.h"
#include "container/sync.h"
#include "tinyrun/fd.h"
#include "tinyrun/log.h"
#include "tinyrun/net.h"
#include "tinyrun/sys.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int start_it(struct creation *c, struct err *e)
{
	int r = c->told ? 0 : sync_go(c->init.channel, e);

	trace_phase(&c->trace, "start the program");
	if (r == 0)
		r = creation_serve(c, e);
	trace_phase(&c->trace, "end");
	if (r == SYNC_E_END)
		r = 0;
	if (r == 0 && c->state.poststart)
		r = start_poststart(&c->state, c->spec, c->bundle_fd, e);
	return r;
}

static int oom_sentence(const struct creation *c, struct err *e)
{
	const struct limits *l = &c->spec->limits;
	char limit[64] = "";

	if (l->memory_limit.set && l->memory_limit.value > 0)
		(void)snprintf(limit, sizeof(limit), " of %lld bytes (%.1f MiB)",
			       (long long)l->memory_limit.value,
			       (double)l->memory_limit.value / (1 << 20));
	(void)err_user(
		e,
		"the container was out of memory: the kernel killed it at its limit%s; raise "
		"linux.resources.memory.limit if it needs more",
		limit);
	return CONTAINER_E_OOM;
}

static int judge(const struct creation *c, int status, int *ret_status, struct err *e)
{
	struct err ignored = ERR_INIT;
	uint64_t kills = 0;

	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (*ret_status != 128 + SIGKILL || c->cgroup_fd < 0)
		return 0;
	(void)cgroup_oom_kills(c->cgroup_fd, &kills, &ignored); /* then we do not say so */
	return kills > 0 ? oom_sentence(c, e) : 0;
}

/*
 * Somebody else may have deleted it while it ran, or have given it what has to go with it: `update`
 * writes down a class of its own. What is in the record counts, as long as it can be read.
 */
static int take_away(struct creation *c, struct err *e)
{
	auto_state struct state recorded = STATE_INIT;
	struct err damaged = ERR_INIT;
	bool current;
	int r = state_lock(c->rt, c->o->id, c->dir_fd, &current, e);

	if (r < 0 || !current)
		return r;
	if (!state_changed(c->dir_fd, &c->mark) ||
	    state_load(c->dir_fd, c->o->id, &recorded, &damaged) != 0)
		return destroy_container(c->rt, c->dir_fd, &c->state, &c->host, e);
	recorded.reaped = c->state.reaped;
	return destroy_container(c->rt, c->dir_fd, &recorded, &c->host, e);
}

int creation_stay(struct creation *c, int *ret_status, struct err *e)
{
	struct relay relay = {.pid = c->init.pid,
			      .pidfd = c->init.pidfd,
			      .pty_fd = c->pty_fd,
			      .notify = &c->notify,
			      .reap = !c->o->no_subreaper};
	struct err undo = ERR_INIT;
	char text[ERR_FRAME_SIZE * 2];
	int status = 0, r;

	state_unlock(c->dir_fd);
	r = relay_run(&relay, &status, e);
	if (r < 0)
		return r;
	c->state.reaped = true;
	r = judge(c, status, ret_status, e);
	if (!c->o->keep && take_away(c, &undo) < 0)
		log_warning("clean up after %s: %s", c->o->id, err_str(&undo, text, sizeof(text)));
	return r;
}

static int run_held(struct creation *c, int *ret_status, struct err *e)
{
	struct err trace = ERR_INIT;
	char text[ERR_STR_SIZE];
	int r = creation_compile(c, e);

	if (r == 0)
		r = creation_build(c, e);
	if (r == 0)
		r = start_it(c, e);
	if (r < 0) {
		creation_abort(c);
		return r;
	}
	net_moved_free(&c->moved);
	if (trace_write(&c->trace, c->plan, c->o->trace_file, &trace) < 0)
		log_warning("the container runs without its trace: %s",
			    err_str(&trace, text, sizeof(text)));
	*ret_status = 0;
	return c->o->detach ? 0 : creation_stay(c, ret_status, e);
}

int container_run(struct runtime *rt, const struct container_options *o, int *ret_status,
		  struct err *e)
{
	struct creation c;
	sigset_t old;
	int r;

	if (!o->detach && !o->no_subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return err_sys(e, "become a subreaper");
	r = relay_hold_signals(&old, e);
	if (r < 0)
		return r;
	creation_init(&c, rt, o, PLAN_RUN);
	r = run_held(&c, ret_status, e);
	fd_close(&c.dir_fd);                        /* and with it the lock */
	(void)sys_sigmask(SIG_SETMASK, &old, NULL); /* it was valid before */
	if (r == 0 && o->detach)
		notify_wait(&c.notify, c.init.pidfd, c.init.pid);
	creation_done(&c);
	return r;
}
