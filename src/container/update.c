/* SPDX-License-Identifier: Apache-2.0 */
/* update - other limits for a container that is there. */
#include "tinyrun/container.h"

#include "container/rdt.h"
#include "container/scope.h"
#include "container/state.h"
#include "tinyrun/fd.h"

static int find_class(int dir_fd, const struct state *st, const struct spec_rdt *want,
		      struct rdt *ret, struct err *e)
{
	auto_spec struct spec *spec = NULL;
	auto_fd int root_fd = -1;
	int r = want->set ? spec_load(dir_fd, STATE_CONFIG, NULL, &spec, e) : 0;

	if (r == 0 && want->set)
		r = rdt_open(&root_fd, e);
	return r < 0 || !want->set ? r : rdt_find(&root_fd, &spec->rdt, st, want, ret, e);
}

static int update_found(int dir_fd, struct state *st, const struct cgroup_host *host,
			const struct container_update *u, struct err *e)
{
	const struct spec_rdt want = {.set = u->l3_cache || u->mem_bandwidth,
				      .l3 = u->l3_cache,
				      .bandwidth = u->mem_bandwidth};
	auto_fd int cgroup_fd = -1;
	struct rdt rdt = RDT_INIT;
	int r = state_open_cgroup(dir_fd, st, host, "that could have limits", &cgroup_fd, e);

	if (r == 0)
		r = find_class(dir_fd, st, &want, &rdt, e);
	if (r == 0)
		r = scope_update(st, u->limits, e);
	if (r == 0)
		r = cgroup_apply(cgroup_fd, u->limits, e);
	if (r == 0 && want.set)
		r = rdt_update(dir_fd, st, host, &rdt, &want, e);
	rdt_done(&rdt);
	return r;
}

int container_update(struct runtime *rt, const struct container_update *u, struct err *e)
{
	auto_fd int dir_fd = -1;
	auto_state struct state st = STATE_INIT;
	struct cgroup_host host = CGROUP_HOST_INIT;
	int r = state_find(rt, u->id, true, &dir_fd, &st, &host, e);

	if (r == 0)
		r = update_found(dir_fd, &st, &host, u, e);
	cgroup_host_done(&host);
	return r;
}
