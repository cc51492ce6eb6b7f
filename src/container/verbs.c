/* SPDX-License-Identifier: Apache-2.0 */
/* verbs - state, kill, delete: the ones that act on what is there. */
#include "tinyrun/container.h"

#include "container/destroy.h"
#include "container/state.h"
#include "tinyrun/fd.h"
#include "tinyrun/proc.h"
#include "tinyrun/sys.h"

#include <fcntl.h>
#include <signal.h>

#define KILL_TIMEOUT_MS 10000

int container_state(struct runtime *rt, const char *id, struct buf *out, struct err *e)
{
	auto_fd int dir_fd = -1;
	auto_state struct state st = STATE_INIT;
	struct cgroup_host host = CGROUP_HOST_INIT;
	enum state_status status = STATE_STOPPED;
	int r = state_find(rt, id, false, &dir_fd, &st, &host, e);

	if (r == 0)
		r = state_status(dir_fd, &st, &host, &status, e);
	if (r == 0)
		state_json(&st, status, status == STATE_STOPPED ? 0 : st.pid, STATE_PRETTY, false,
			   out);
	cgroup_host_done(&host);
	return r;
}

/* --- kill --- */

/*
 * A cgroup is found by its name, which may be another container's by now. It is not while this
 * one's process lives in it, nor while the lock keeps everybody from deleting this one.
 */
static int open_own_cgroup(const struct runtime *rt, int dir_fd, const struct state *st,
			   const struct cgroup_host *host, int pidfd, int *ret_fd, struct err *e)
{
	bool current = true;
	int r = pidfd < 0 ? 0 : cgroup_open(host, st->cgroup_path, ret_fd, e);

	if (r != 0 || (pidfd >= 0 && !proc_has_ended(pidfd, 0)))
		return r;
	fd_close(ret_fd);
	r = state_lock(rt, st->id, dir_fd, &current, e);
	if (r < 0)
		return r;
	return current ? cgroup_open(host, st->cgroup_path, ret_fd, e) : CGROUP_E_MISSING;
}

static int signal_all(const struct runtime *rt, int dir_fd, const struct state *st,
		      const struct cgroup_host *host, int pidfd, int sig, struct err *e)
{
	auto_fd int fd = -1;
	int r = open_own_cgroup(rt, dir_fd, st, host, pidfd, &fd, e);

	if (r == CGROUP_E_MISSING)
		return err_user(e, "container not running");
	if (r == 0 && sig == SIGKILL)
		return cgroup_kill(fd, KILL_TIMEOUT_MS, e); /* no fork escapes it */
	return r < 0 ? r : cgroup_signal_all(fd, sig, e);
}

/*
 * No lock while the container's process lives: a signal changes nothing that the lock protects, and
 * must get through while another verb is at work. SIGKILL without a pid namespace of its own would
 * leave the others alive.
 */
static int kill_found(const struct runtime *rt, int dir_fd, const struct state *st,
		      const struct cgroup_host *host, int sig, bool all, struct err *e)
{
	auto_fd int pidfd = -1;
	bool group = all || (sig == SIGKILL && !st->own_pid_ns);
	int r = state_pidfd(st, &pidfd, e);

	if (r < 0)
		return r;
	if (group && st->cgroup_path && st->pid != 0 && (all || r == 0))
		return signal_all(rt, dir_fd, st, host, pidfd, sig, e);
	if (r == STATE_E_MISSING)
		return err_user(e, "container not running");
	if (sys_pidfd_send_signal(pidfd, sig, NULL, 0) < 0)
		return err_sys(e, "send signal %d", sig);
	return 0;
}

int container_kill(struct runtime *rt, const char *id, int sig, bool all, struct err *e)
{
	auto_fd int dir_fd = -1;
	auto_state struct state st = STATE_INIT;
	struct cgroup_host host = CGROUP_HOST_INIT;
	int r = state_find(rt, id, false, &dir_fd, &st, &host, e);

	if (r == 0)
		r = kill_found(rt, dir_fd, &st, &host, sig, all, e);
	cgroup_host_done(&host);
	return r;
}

/* --- delete --- */

static int delete_found(struct runtime *rt, int dir_fd, const struct state *st,
			const struct cgroup_host *host, bool force, struct err *e)
{
	enum state_status status = STATE_STOPPED;
	int r = state_status(dir_fd, st, host, &status, e);

	if (r < 0 && !force)
		return r;
	/* creating: the lock is ours, so whoever was creating it is gone */
	if (!force && (status == STATE_RUNNING || status == STATE_PAUSED))
		return err_user(e,
				"cannot delete container %s that is not stopped: %s (--force "
				"kills it first)",
				st->id, state_status_name(status));
	return destroy_container(rt, dir_fd, st, host, e);
}

/*
 * Where the cgroup of a damaged container is: our copy of its configuration says so, and that the
 * container was made here. Without the copy nothing that has processes may be taken for its own.
 */
static int find_cgroup(const struct cgroup_host *host, int dir_fd, struct state *st, char **ret,
		       struct err *e)
{
	auto_spec struct spec *spec = NULL;
	auto_free char *top = NULL;
	struct err no_copy = ERR_INIT;
	int r;

	if (spec_load(dir_fd, STATE_CONFIG, NULL, &spec, &no_copy) == 0)
		r = cgroup_place(host, spec->cgroups_path, st->id, ret, e);
	else
		r = cgroup_locate(host, NULL, st->id, ret, &top, e);
	st->cgroup_path = st->cgroup_top = *ret; /* of those above it we know nothing */
	return r;
}

/* Nothing can be believed of a record that does not parse, or is another's. */
static int delete_damaged(struct runtime *rt, int dir_fd, const char *id, struct err *e)
{
	auto_free char *path = NULL;
	struct cgroup_host host = CGROUP_HOST_INIT;
	struct state st = {.id = id};
	int r = 0;

	if (rt->manager != CGROUP_DISABLED)
		r = cgroup_host_init(&host, e);
	if (r == 0 && host.fd >= 0)
		r = find_cgroup(&host, dir_fd, &st, &path, e);
	if (r == 0)
		r = net_forget(rt->root_fd, id, e);
	if (r == 0)
		r = destroy_container(rt, dir_fd, &st, &host, e);
	cgroup_host_done(&host);
	return r;
}

int container_delete(struct runtime *rt, const char *id, bool force, struct err *e)
{
	auto_fd int dir_fd = -1;
	auto_state struct state st = STATE_INIT;
	struct cgroup_host host = CGROUP_HOST_INIT;
	int r = state_open(rt, id, true, &dir_fd, e);

	if (r == STATE_E_MISSING)
		return force ? 0 : err_user(e, "container does not exist");
	if (r == 0)
		r = state_load(dir_fd, id, &st, e);
	if (r == STATE_E_MISSING)
		return destroy_remnant(rt, id, e);
	if (r < 0 && force && dir_fd >= 0)
		return delete_damaged(rt, dir_fd, id, e);
	if (r == 0 && st.cgroup_path)
		r = cgroup_host_init(&host, e);
	if (r == 0)
		r = delete_found(rt, dir_fd, &st, &host, force, e);
	cgroup_host_done(&host);
	return r;
}
