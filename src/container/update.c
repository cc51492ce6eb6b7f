/* SPDX-License-Identifier: Apache-2.0 */
/* update - other limits for a container that is there. */
#include "tinyrun/container.h"

#include "container/scope.h"
#include "container/state.h"
#include "tinyrun/fd.h"

static int update_found(int dir_fd, const struct state *st, const struct cgroup_host *host,
			const struct limits *limits, struct err *e)
{
	auto_fd int cgroup_fd = -1;
	int r = state_open_cgroup(dir_fd, st, host, "that could have limits", &cgroup_fd, e);

	if (r == 0)
		r = scope_update(st, limits, e);
	return r < 0 ? r : cgroup_apply(cgroup_fd, limits, e);
}

int container_update(struct runtime *rt, const char *id, const struct limits *limits, struct err *e)
{
	auto_fd int dir_fd = -1;
	auto_state struct state st = STATE_INIT;
	struct cgroup_host host = CGROUP_HOST_INIT;
	int r = state_find(rt, id, true, &dir_fd, &st, &host, e);

	if (r == 0)
		r = update_found(dir_fd, &st, &host, limits, e);
	cgroup_host_done(&host);
	return r;
}
