/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint - writes the processes of a container to files, by CRIU.
 *
 * What belongs to the host is not written: mounts and namespaces that the configuration names are
 * known from the plan, compiled again from the copy of the configuration. CRIU holds the cgroup's
 * processes by its freezer, and ends them when they are not to go on; then the container goes, as
 * by delete.
 */
#include "container/destroy.h"
#include "container/image.h"
#include "container/notify.h"
#include "container/state.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/proc.h"
#include "tinyrun/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG "dump.log"

struct checkpoint {
	const struct container_checkpoint *o;
	struct runtime *rt;
	struct state state;
	struct cgroup_host host;
	struct image image;
	struct spec *spec;
	struct plan *plan;
	int dir_fd;
};

static int check_status(const struct checkpoint *c, struct err *e)
{
	enum state_status status = STATE_STOPPED;
	int r = state_status(c->dir_fd, &c->state, &c->host, &status, e);

	if (r < 0)
		return r;
	if (status == STATE_STOPPED || status == STATE_CREATING)
		return err_user(e, "container not running");
	if (status == STATE_CREATED)
		return err_user(e, "cannot checkpoint a container that was not started");
	return 0;
}

/* As it was compiled for the container; the filter is in its processes already. */
static int compile(struct checkpoint *c, struct err *e)
{
	auto_free char *notify = NULL, *names = NULL;
	struct plan_input in = {.id = c->o->id, .bundle = c->state.bundle, .mode = PLAN_RUN};
	int r = spec_load(c->dir_fd, STATE_CONFIG, NULL, &c->spec, e);

	if (r < 0)
		return err_wrap(e, "read what the container was made from");
	c->spec->seccomp_text = NULL;
	if (faccessat(c->dir_fd, NOTIFY_DIR, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    asprintf(&notify, "%s/%s/" NOTIFY_DIR, c->rt->root, c->o->id) < 0)
		return err_num(e, ENOMEM, "compile the plan");
	if (c->state.network && asprintf(&names, "%s/%s", c->rt->root, c->o->id) < 0)
		return err_num(e, ENOMEM, "compile the plan");
	in.spec = c->spec;
	in.notify_dir = notify;
	in.names_dir = names;
	return plan_compile(&in, &c->plan, e);
}

static int check_parent(const struct checkpoint *c, struct err *e)
{
	const char *parent = c->o->parent_path;
	struct stat st;

	if (!parent)
		return 0;
	if (parent[0] == '/')
		return err_user(
			e, "--parent-path: found \"%s\", want a path relative to %s, as ../first",
			parent, c->o->image.path);
	if (fstatat(c->image.dir_fd, parent, &st, 0) < 0)
		return err_sys(e, "--parent-path: open %s from %s", parent, c->o->image.path);
	if (!S_ISDIR(st.st_mode))
		return err_num(e, ENOTDIR, "--parent-path: open %s", parent);
	return 0;
}

static int check_status_fd(const struct checkpoint *c, struct err *e)
{
	int flags = c->o->status_fd < 0 ? O_WRONLY : fcntl(c->o->status_fd, F_GETFL);

	if (flags < 0)
		return err_sys(e, "--status-fd: descriptor %d", c->o->status_fd);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return err_user(e, "--status-fd: descriptor %d cannot be written", c->o->status_fd);
	return 0;
}

/* --- what CRIU is told --- */

static int put_page_server(const char *server, struct buf *opts, struct err *e)
{
	const char *colon = server ? strrchr(server, ':') : NULL;
	auto_free char *address = colon ? strndup(server, (size_t)(colon - server)) : NULL;
	uint64_t port;

	if (!server)
		return 0;
	if (!address || !*address || str_to_u64(colon + 1, UINT16_MAX, &port) < 0 || port == 0)
		return err_user(e, "--page-server: found \"%s\", want ADDRESS:PORT", server);
	criu_put_text_number(opts, CRIU_PAGE_SERVER, address, port);
	return 0;
}

/* A namespace that others are in as well stays, and is entered again. */
static int put_external(const struct checkpoint *c, enum spec_ns_kind kind, const char *key,
			struct buf *opts, struct err *e)
{
	char name[48], text[80];
	struct stat st;
	int proc = proc_fd(e);

	if (!c->spec->ns[kind].path)
		return 0;
	if (proc < 0)
		return proc;
	(void)snprintf(name, sizeof(name), "%d/ns/%s", (int)c->state.pid, spec_ns_file(kind));
	if (fstatat(proc, name, &st, 0) < 0)
		return err_sys(e, "look at the container's %s namespace", spec_ns_name(kind));
	(void)snprintf(text, sizeof(text), "%s[%ju]:%s", spec_ns_file(kind), (uintmax_t)st.st_ino,
		       key);
	criu_put_text(opts, CRIU_EXTERNAL, text);
	return 0;
}

static int put_surroundings(const struct checkpoint *c, struct buf *opts, struct err *e)
{
	auto_fd int rootfs_fd = -1;
	auto_free char *freezer = NULL;
	int r = path_open(AT_FDCWD, c->state.rootfs, O_PATH | O_DIRECTORY, &rootfs_fd, e);

	criu_put_text(opts, CRIU_ROOT, c->state.rootfs);
	if (r == 0)
		r = image_put_mounts(c->plan, rootfs_fd, -1, NULL, opts, e);
	if (r == 0)
		r = put_external(c, SPEC_NS_NETWORK, IMAGE_NET_KEY, opts, e);
	if (r == 0)
		r = put_external(c, SPEC_NS_PID, IMAGE_PID_KEY, opts, e);
	if (r < 0 || !c->state.cgroup_path || c->host.fd < 0)
		return r;
	if (asprintf(&freezer, "%s%s", c->host.mount, c->state.cgroup_path) < 0)
		return err_num(e, ENOMEM, "name the freezer");
	criu_put_text(opts, CRIU_FREEZE_CGROUP, freezer);
	return 0;
}

static int put_options(const struct checkpoint *c, struct buf *opts, struct err *e)
{
	const struct container_checkpoint *o = c->o;
	int r;

	image_put_options(&c->image, c->spec, LOG, opts);
	criu_put_number(opts, CRIU_PID, (uint64_t)c->state.pid);
	criu_put_number(opts, CRIU_LEAVE_RUNNING, o->leave_running);
	criu_put_number(opts, CRIU_TCP_SKIP_IN_FLIGHT, o->tcp_skip_in_flight);
	criu_put_number(opts, CRIU_LINK_REMAP, o->link_remap);
	if (o->parent_path)
		criu_put_text(opts, CRIU_PARENT_IMG, o->parent_path);
	if (o->parent_path || o->pre_dump)
		criu_put_number(opts, CRIU_TRACK_MEM, true);
	r = put_page_server(o->page_server, opts, e);
	return r < 0 ? r : put_surroundings(c, opts, e);
}

/* --- doing --- */

static int on_notify(void *arg, const char *script, pid_t pid, int *fd, struct err *e)
{
	const struct checkpoint *c = arg;

	(void)pid;
	(void)fd;
	if (c->o->status_fd < 0 || strcmp(script, "status-ready") != 0)
		return 0;
	return fd_write_all(c->o->status_fd, "", 1, "--status-fd", e);
}

/* What restore connects anew. Written first: without it the image would be none. */
static int write_streams(const struct checkpoint *c, struct err *e)
{
	const char *streams = c->state.streams ? c->state.streams : "[]";

	return c->o->pre_dump ? 0
			      : path_replace(c->image.dir_fd, IMAGE_STREAMS, streams,
					     strlen(streams), 0600, false, e);
}

static int write_network(const struct checkpoint *c, struct err *e)
{
	const char *record = c->state.network;

	if (!record && unlinkat(c->image.dir_fd, IMAGE_NETWORK, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove %s from %s", IMAGE_NETWORK, c->o->image.path);
	return record && !c->o->pre_dump ? path_replace(c->image.dir_fd, IMAGE_NETWORK, record,
							strlen(record), 0600, false, e)
					 : 0;
}

static int dump(struct checkpoint *c, struct err *e)
{
	auto_buf struct buf opts = BUF_INIT;
	struct criu_call call = {.action = c->o->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP,
				 .opts = &opts,
				 .notify = on_notify,
				 .arg = c};
	int r = check_parent(c, e);

	if (r == 0)
		r = check_status_fd(c, e);
	if (r == 0)
		r = put_options(c, &opts, e);
	if (r == 0)
		r = write_streams(c, e);
	if (r == 0)
		r = write_network(c, e);
	if (r == 0)
		r = image_run(&c->image, LOG, &call, e);
	if (r == 0 && !c->o->leave_running && !c->o->pre_dump)
		r = destroy_container(c->rt, c->dir_fd, &c->state, &c->host, e);
	return r;
}

int container_checkpoint(struct runtime *rt, const struct container_checkpoint *o, struct err *e)
{
	struct checkpoint c = {.o = o,
			       .rt = rt,
			       .state = STATE_INIT,
			       .host = CGROUP_HOST_INIT,
			       .image = IMAGE_INIT,
			       .dir_fd = -1};
	int r = state_find(rt, o->id, true, &c.dir_fd, &c.state, &c.host, e);

	if (r == 0)
		r = check_status(&c, e);
	if (r == 0)
		r = image_open(&o->image, true, &c.image, e);
	if (r == 0)
		r = compile(&c, e);
	if (c.state.network) /* its interface has an end on the host, which goes with it */
		c.image.empty_network = true;
	if (r == 0)
		r = dump(&c, e);
	image_close(&c.image);
	plan_free(&c.plan);
	spec_free(&c.spec);
	cgroup_host_done(&c.host);
	state_done(&c.state);
	fd_close(&c.dir_fd);
	return r;
}
