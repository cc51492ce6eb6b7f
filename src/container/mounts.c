/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts - mounts that come to a container while it runs, and go again.
 *
 * Init visits it: sources are opened here, as for a new container, and init attaches them in the
 * container's mount namespace, with its paths resolved there. It does not enter the pid namespace,
 * so that nobody can look at it, nor the cgroup, where it might be frozen or find no memory.
 */
#include "container/create.h"
#include "container/joining.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

struct visit {
	struct creation c; /* c.state is the container's */
	struct container_options options;
	struct spec *container, *file;
	struct spec merged; /* the container's, with the file's mounts */
	int target_fd;      /* a pidfd of the container's process */
};

static int check_status(struct visit *v, struct err *e)
{
	enum state_status status = STATE_STOPPED;
	int r = state_look(v->c.dir_fd, &v->c.state, &v->c.host, &status, &v->target_fd, e);

	if (r < 0)
		return r;
	return status == STATE_STOPPED || status == STATE_CREATING
		       ? err_user(e, "container not running")
		       : 0;
}

static int compile(struct visit *v, struct err *e)
{
	struct plan_input in = {.spec = &v->merged,
				.id = v->c.o->id,
				.bundle = v->c.state.bundle,
				.mode = v->c.mode};
	int r = 0;

	if (v->merged.ns[SPEC_NS_USER].present)
		r = joining_is_own_user(v->c.state.pid, &in.own_user_ns, e);
	return r < 0 ? r : plan_compile(&in, &v->c.plan, e);
}

static int decide(struct visit *v, const char *file, struct err *e)
{
	struct creation *c = &v->c;
	int r = state_find(c->rt, c->o->id, true, &c->dir_fd, &c->state, &c->host, e);

	if (r == 0)
		r = check_status(v, e);
	if (r == 0)
		r = spec_load_mounts(AT_FDCWD, file, NULL, &v->file, e);
	if (r == 0)
		r = spec_load(c->dir_fd, STATE_CONFIG, NULL, &v->container, e);
	if (r == 0)
		r = path_open(AT_FDCWD, c->state.bundle, O_PATH | O_DIRECTORY, &c->bundle_fd, e);
	if (r < 0)
		return r;
	v->merged = *v->container;
	v->merged.mounts = v->file->mounts;
	v->merged.n_mounts = v->file->n_mounts;
	c->spec = &v->merged;
	return compile(v, e);
}

static int await_end(struct creation *c, struct err *e)
{
	int status, r = creation_serve(c, e); /* until READY, which is its last word */

	if (r == 0)
		r = spawned_wait(&c->init, &status, e);
	if (r == 0 && status != 0)
		r = creation_explain_death(status, -1, e);
	fd_close(&c->init.pidfd);
	return r;
}

static int visit(struct visit *v, struct err *e)
{
	struct creation *c = &v->c;
	struct handover_sources from = {.bundle_fd = c->bundle_fd,
					.rootfs_fd = -1,
					.cgroup_fd = -1,
					.process_fd = v->target_fd,
					.state_fd = -1,
					.trace_fd = -1};
	struct spawn spawn = {
		.plan = c->plan, .handover = &c->handover, .spec = c->spec, .cgroup_fd = -1};
	int r = 0;

	if (c->state.cgroup_path) /* a mount of the container's cgroup */
		r = cgroup_open(&c->host, c->state.cgroup_path, &c->cgroup_fd, e);
	from.cgroup_fd = c->cgroup_fd;
	if (r >= 0)
		r = handover_open(c->plan, &from, HANDOVER_ALL, &c->handover, e);
	if (r == 0)
		r = spawn_init(&spawn, &c->init, e);
	handover_done(&c->handover);
	if (r == 0)
		r = await_end(c, e);
	spawned_end(&c->init);
	return r;
}

int container_mounts(struct runtime *rt, const char *id, enum container_mounts what,
		     const char *file, struct err *e)
{
	struct visit v = {.options = {.id = id}, .target_fd = -1};
	int r;

	creation_init(&v.c, rt, &v.options,
		      what == CONTAINER_MOUNTS_ADD ? PLAN_MOUNT : PLAN_UNMOUNT);
	r = decide(&v, file, e);
	if (r == 0)
		r = visit(&v, e);
	v.c.spec = NULL; /* it is ours */
	creation_done(&v.c);
	spec_free(&v.container);
	spec_free(&v.file);
	fd_close(&v.target_fd);
	return r;
}
