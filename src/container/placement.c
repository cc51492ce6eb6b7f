/* SPDX-License-Identifier: Apache-2.0 */
/*
 * placement - which cgroup a new container gets: one that we make, one in a scope that systemd
 * makes, or none.
 */
#include "container/placement.h"

#include "container/delegate.h"
#include "container/scope.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tinyrun/fd.h"

/*
 * Nobody has promised a cgroup to an ordinary user. Without one the container runs where its caller
 * is, unless the configuration has asked for a place; limits are refused by placement_make().
 */
static int check_delegated(struct creation *c, struct err *e)
{
	int r = cgroup_check_delegated(&c->host, c->cgroup_path, c->cgroup_top, e);

	if (r != CGROUP_E_FOREIGN)
		return r;
	if (c->spec->cgroups_path && *c->spec->cgroups_path)
		return err_user(e,
				"linux.cgroupsPath: this user may not make or enter cgroup %s: "
				"leave it out to run without a cgroup, or have it made by "
				"systemd with --systemd-cgroup",
				c->cgroup_path);
	free(c->cgroup_path);
	free(c->cgroup_top);
	c->cgroup_path = c->cgroup_top = NULL;
	return 0;
}

int placement_decide(struct creation *c, struct err *e)
{
	int r;

	if (c->rt->manager == CGROUP_SYSTEMD)
		return scope_decide(c, e);
	if (c->rt->manager == CGROUP_DISABLED)
		return 0;
	r = cgroup_host_init(&c->host, e);
	if (r < 0 || c->host.fd < 0)
		return r;
	r = cgroup_locate(&c->host, c->spec->cgroups_path, c->o->id, &c->cgroup_path,
			  &c->cgroup_top, e);
	return r == 0 && c->rt->rootless && !c->dry ? check_delegated(c, e) : r;
}

static const char *why_no_cgroup(const struct creation *c)
{
	if (c->rt->manager == CGROUP_DISABLED)
		return "--cgroup-manager is disabled";
	if (c->host.fd < 0)
		return "mount a cgroup2 hierarchy on /sys/fs/cgroup";
	return "this user may not make one beside its own: have it made by systemd with "
	       "--systemd-cgroup, or take the limit out";
}

/* Where the cgroup begins that is ours to make, once more; the intent first, as ever. */
static int relocate(struct creation *c, struct err *e)
{
	auto_free char *same = NULL;
	char *top = NULL;
	int r = cgroup_locate(&c->host, c->spec->cgroups_path, c->o->id, &same, &top, e);

	if (r < 0)
		return r;
	free(c->cgroup_top);
	c->cgroup_top = top;
	c->state.cgroup_top = top;
	return state_save(c->dir_fd, &c->state, e);
}

#define MAKE_TRIES 20

/* What was there above may have been another container's, and gone with it. */
static int make_cgroup(struct creation *c, const struct limits *limits, struct err *e)
{
	int r = -ENOENT;

	for (unsigned tries = 0; tries < MAKE_TRIES && r == -ENOENT; tries++) {
		*e = ERR_INIT;
		r = tries ? relocate(c, e) : 0;
		if (r == 0)
			r = cgroup_create(&c->host, c->cgroup_path, c->cgroup_top, limits,
					  &c->cgroup_fd, e);
	}
	return r;
}

int placement_make(struct creation *c, const struct limits *limits, struct err *e)
{
	struct cgroup_writes asked = {.v = NULL};
	size_t i = 0;
	int r;

	if (c->cgroup_path || c->scope.unit)
		return c->scope.unit ? scope_make(c, limits, e) : make_cgroup(c, limits, e);
	if (!limits)
		return 0;
	r = cgroup_convert(limits, &asked, e);
	while (r == 0 && i < asked.n && asked.v[i].optional)
		i++;
	if (r == 0 && i < asked.n)
		r = err_user(e, "linux.resources.%s needs a cgroup, and there is none: %s",
			     asked.v[i].origin, why_no_cgroup(c));
	cgroup_writes_done(&asked);
	return r;
}

int placement_name(struct creation *c, char **ret, struct err *e)
{
	bool asked = false;
	int r;

	for (size_t i = 0; i < c->plan->n_fds; i++)
		asked = asked || c->plan->fds[i].kind == PLAN_FD_CGROUP;
	r = asked && c->host.fd < 0 ? cgroup_host_init(&c->host, e) : 0;
	if (r < 0 || !asked || c->host.fd < 0)
		return r;
	if (asprintf(ret, "%s%s", c->host.mount, c->cgroup_path ? c->cgroup_path : "") < 0) {
		*ret = NULL;
		return err_num(e, ENOMEM, "name the cgroup");
	}
	return 0;
}
