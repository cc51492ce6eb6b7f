/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pause - freezes all processes of a container, and resume thaws them.
 *
 * Under the lock, so that a delete does not take the cgroup away meanwhile. A container that has
 * only been created can be paused too: its init is a process like any other.
 */
#include "tinyrun/container.h"

#include "container/state.h"
#include "tinyrun/fd.h"

/* A process that sleeps in the kernel without end cannot be frozen. */
#define FREEZE_TIMEOUT_MS 10000

static int check_status(enum state_status status, bool frozen, struct err *e)
{
	bool paused = status == STATE_PAUSED;

	if (status == STATE_STOPPED || status == STATE_CREATING)
		return err_user(e, frozen ? "container not running" : "container not paused");
	if (paused && frozen)
		return err_user(e, "container not running: it is paused");
	if (!paused && !frozen)
		return err_user(e, "container not paused");
	return 0;
}

static int freeze_found(int dir_fd, const struct state *st, const struct cgroup_host *host,
			bool frozen, struct err *e)
{
	auto_fd int cgroup_fd = -1;
	enum state_status status = STATE_STOPPED;
	int r = state_status(dir_fd, st, host, &status, e);

	if (r == 0)
		r = check_status(status, frozen, e);
	if (r == 0)
		r = state_open_cgroup(dir_fd, st, host, "that could be paused", &cgroup_fd, e);
	return r < 0 ? r : cgroup_freeze(cgroup_fd, frozen, FREEZE_TIMEOUT_MS, e);
}

static int freeze(struct runtime *rt, const char *id, bool frozen, struct err *e)
{
	auto_fd int dir_fd = -1;
	auto_state struct state st = STATE_INIT;
	struct cgroup_host host = CGROUP_HOST_INIT;
	int r = state_find(rt, id, true, &dir_fd, &st, &host, e);

	if (r == 0)
		r = freeze_found(dir_fd, &st, &host, frozen, e);
	cgroup_host_done(&host);
	return r;
}

int container_pause(struct runtime *rt, const char *id, struct err *e)
{
	return freeze(rt, id, true, e);
}

int container_resume(struct runtime *rt, const char *id, struct err *e)
{
	return freeze(rt, id, false, e);
}
