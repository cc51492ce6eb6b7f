/* SPDX-License-Identifier: Apache-2.0 */
/* ps - the processes of a container: all in its cgroup and below it, or in its pid namespace. */
#include "tinyrun/container.h"

#include "container/members.h"
#include "container/state.h"
#include "tinyrun/fd.h"

#include <stdlib.h>

/* Those of a pid namespace that is not below ours have no number here: the list says 0. */
static size_t drop_unseen(pid_t *pids, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (pids[i] > 0)
			pids[kept++] = pids[i];
	return kept;
}

int container_ps(struct runtime *rt, const char *id, pid_t **ret, size_t *ret_n, struct err *e)
{
	auto_fd int dir_fd = -1;
	auto_state struct state st = STATE_INIT;
	struct cgroup_host host = CGROUP_HOST_INIT;
	pid_t *pids = NULL;
	size_t n = 0;
	int r = state_find(rt, id, false, &dir_fd, &st, &host, e);

	if (r == 0)
		r = members_of(dir_fd, &st, &host, &pids, &n, e);
	cgroup_host_done(&host);
	if (r < 0)
		return r;
	*ret_n = drop_unseen(pids, n);
	*ret = pids;
	return 0;
}
