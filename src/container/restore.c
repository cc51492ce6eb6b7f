/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore - a container whose processes CRIU makes from the files of a checkpoint.
 *
 * It comes into being as any other: intent, cgroup, device filter, state, pid file; only init's
 * part is CRIU's. CRIU is started in the container's cgroup, so that all of it is there from the
 * first moment on, and in a mount namespace of its own, where the root file system is the mount
 * that CRIU asks for: nothing of it can be left on the host. The restored process is our child.
 */
#include "container/create.h"
#include "container/destroy.h"
#include "container/handover.h"
#include "container/image.h"
#include "container/joining.h"
#include "container/loopback.h"
#include "container/network.h"
#include "container/relay.h"
#include "tinyrun/fd.h"
#include "tinyrun/json.h"
#include "tinyrun/path.h"
#include "tinyrun/proc.h"
#include "tinyrun/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG      "restore.log"
#define ROOT_DIR "criu-root" /* in the state directory */

#define MOVE_EMPTY_PATHS 0x44U /* MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH */

struct restore {
	struct creation c;
	const struct container_restore *o;
	struct image image;
	char *root;    /* where CRIU finds the root file system */
	int ns_fds[2]; /* network and pid namespaces that are joined; -1: none */
	size_t n_ns_fds;
};

/* --- what CRIU is told --- */

/* Looked at as those that a creation joins; CRIU opens most of them itself. */
static int put_joined(struct restore *x, const struct plan_fd *want, struct buf *opts,
		      struct err *e)
{
	auto_fd int fd = -1;
	int r;

	if (want->ns_flag == CLONE_NEWCGROUP)
		return err_user(e, "%s: CRIU cannot join a cgroup namespace", want->origin);
	r = handover_open_namespace(want, &fd, e);
	if (r < 0)
		return err_wrap(e, "%s", want->origin);
	if (want->ns_flag != CLONE_NEWNET && want->ns_flag != CLONE_NEWPID) {
		criu_put_pair(opts, CRIU_JOIN_NS, joining_file(want), want->path);
		return 0;
	}
	criu_put_text_number(opts, CRIU_INHERIT_FD,
			     want->ns_flag == CLONE_NEWPID ? IMAGE_PID_KEY : IMAGE_NET_KEY,
			     (uint64_t)fd);
	x->ns_fds[x->n_ns_fds++] = fd_take(&fd);
	return 0;
}

/* A pipe that the process had on a standard stream becomes what we have there. */
static int put_streams(const struct restore *x, struct buf *opts, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	struct json root, it = {0};
	int r = json_load(x->image.dir_fd, IMAGE_STREAMS, &doc, e);

	if (r < 0)
		return err_wrap(e, "%s", x->image.o->path);
	root = json_root(doc);
	r = json_want_array(&root, e);
	for (uint64_t fd = 0; r == 0 && fd < 3 && json_next(&root, &it); fd++) {
		const char *name;

		r = json_str(&it, &name, e);
		if (r == 0 && strncmp(name, "pipe:", 5) == 0)
			criu_put_text_number(opts, CRIU_INHERIT_FD, name, fd);
	}
	return r;
}

static int put_surroundings(struct restore *x, struct buf *opts, struct err *e)
{
	struct creation *c = &x->c;
	auto_free char *cgroup = NULL;
	int r = 0;

	if (c->cgroup_path && asprintf(&cgroup, "%s%s", c->host.mount, c->cgroup_path) < 0)
		return err_num(e, ENOMEM, "put the request to CRIU together");
	criu_put_text(opts, CRIU_ROOT, x->root);
	if (c->cgroup_path)
		criu_put_pair(opts, CRIU_CG_ROOT, "", c->cgroup_path);
	for (size_t i = 0; i < c->plan->n_fds && r == 0; i++)
		if (c->plan->fds[i].kind == PLAN_FD_NAMESPACE)
			r = put_joined(x, &c->plan->fds[i], opts, e);
	if (r == 0)
		r = put_streams(x, opts, e);
	return r < 0 ? r : image_put_mounts(c->plan, c->rootfs_fd, c->bundle_fd, cgroup, opts, e);
}

static int put_options(struct restore *x, struct buf *opts, struct err *e)
{
	image_put_options(&x->image, x->c.spec, LOG, opts);
	criu_put_number(opts, CRIU_RST_SIBLING, true);
	criu_put_number(opts, CRIU_EVASIVE_DEVICES, true);
	if (x->o->tcp_close)
		criu_put_number(opts, CRIU_TCP_CLOSE, true);
	if (x->o->lsm_profile)
		criu_put_text(opts, CRIU_LSM_PROFILE, x->o->lsm_profile);
	if (x->o->lsm_mount_context)
		criu_put_text(opts, CRIU_LSM_MOUNT_CONTEXT, x->o->lsm_mount_context);
	return put_surroundings(x, opts, e);
}

/* --- doing --- */

/* CRIU mounts in its directories: they have to be seen from its mount namespace. */
static int reopen(int fd, struct err *e)
{
	auto_free char *path = NULL;
	auto_fd int again = -1;
	int r = fd < 0 ? 0 : path_of_fd(fd, &path, e);

	if (fd < 0 || r < 0)
		return r;
	r = path_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, &again, e);
	if (r == 0 && dup3(again, fd, O_CLOEXEC) < 0)
		r = err_sys(e, "open %s again", path);
	return r;
}

/* CRIU restores what is mounted in the root, with its flags; the root itself is as we give it. */
static int open_root(const struct creation *c, int *ret_fd, struct err *e)
{
	const struct sys_mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
	int r = path_open_tree(c->rootfs_fd, "", true, ret_fd, e);

	if (r == 0 && c->spec->root_readonly &&
	    sys_mount_setattr(*ret_fd, "", AT_EMPTY_PATH, &read_only) < 0)
		r = err_sys(e, "make the root file system read-only");
	return r;
}

/* In the process that becomes CRIU. */
static int prepare(void *arg, struct err *e)
{
	const struct restore *x = arg;
	const struct creation *c = &x->c;
	auto_fd int tree_fd = -1, target_fd = -1;
	int r;

	if (c->cgroup_fd >= 0 && fd_put(c->cgroup_fd, "cgroup.procs", "0", e) < 0)
		return err_wrap(e, "enter the container's cgroup");
	r = rdt_join(&c->rdt, getpid(), e);
	if (r == 0)
		r = open_root(c, &tree_fd, e);
	if (r < 0)
		return r;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_sys(e, "make a mount namespace for CRIU");
	/* opened in there: what was opened before belongs to the other one */
	r = path_open(AT_FDCWD, x->root, O_PATH | O_DIRECTORY, &target_fd, e);
	if (r == 0 && sys_move_mount(tree_fd, "", target_fd, "", MOVE_EMPTY_PATHS) < 0)
		r = err_sys(e, "mount the root file system for CRIU");
	if (r == 0)
		r = reopen(x->image.dir_fd, e);
	return r < 0 ? r : reopen(x->image.work_fd, e);
}

static int on_restored(struct restore *x, pid_t pid, struct err *e)
{
	struct creation *c = &x->c;
	int r;

	if (pid <= 1)
		return err_num(e, EPROTO, "CRIU restored no process");
	c->init.pid = pid;
	c->init.pidfd = sys_pidfd_open(pid, 0);
	if (c->init.pidfd < 0)
		return err_sys(e, "open the restored process");
	r = creation_stage(c, e);
	return r < 0 ? r : creation_commit(c, e);
}

/* CRIU 3.17 does not restore it, and says nothing: its processes could gain what they had given up.
 */
static int check_privileges(const struct creation *c, struct err *e)
{
	auto_free char *text = NULL;
	auto_fd int fd = -1;
	char name[32];
	size_t len;
	int r, proc = proc_fd(e);

	if (!c->spec->process.no_new_privileges)
		return 0;
	if (proc < 0)
		return proc;
	(void)snprintf(name, sizeof(name), "%d/status", (int)c->init.pid);
	fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "look at the restored process");
	r = fd_read_all(fd, 65536, name, &text, &len, e);
	if (r == 0 && !strstr(text, "\nNoNewPrivs:\t1\n"))
		r = err_user(e, "process.noNewPrivileges: this CRIU does not restore it: a newer "
				"one is needed (4.1 does)");
	return r;
}

/* The namespace that CRIU has left empty, before any process goes on. */
static int set_up_network(struct creation *c, pid_t pid, struct err *e)
{
	auto_fd int pidfd = -1;
	int r;

	if (c->spec->ns[SPEC_NS_NETWORK].path || !c->spec->ns[SPEC_NS_NETWORK].present)
		return 0;
	pidfd = sys_pidfd_open(pid, 0);
	if (pidfd < 0)
		return err_sys(e, "open the process that CRIU restores");
	r = loopback_up(pidfd, e);
	if (r < 0)
		return r;
	c->init.pid = pid; /* for as long as its namespace is looked for */
	r = network_attach(c, e);
	c->init.pid = 0;
	return r;
}

static int on_namespaces(struct restore *x, pid_t pid, struct err *e)
{
	int r = x->image.empty_network ? set_up_network(&x->c, pid, e) : 0;

	return r < 0 ? r : creation_run_hooks(&x->c, pid, e);
}

static int on_notify(void *arg, const char *script, pid_t pid, int *fd, struct err *e)
{
	struct restore *x = arg;

	if (strcmp(script, "setup-namespaces") == 0)
		return on_namespaces(x, pid, e);
	if (strcmp(script, "post-restore") == 0)
		return on_restored(x, pid, e);
	if (strcmp(script, "pre-resume") == 0) /* it has its credentials, and stands still */
		return check_privileges(&x->c, e);
	if (strcmp(script, "orphan-pts-master") == 0 && *fd >= 0)
		return creation_take_pty(&x->c, fd, e);
	return 0;
}

static int call_criu(struct restore *x, struct err *e)
{
	auto_buf struct buf opts = BUF_INIT;
	struct criu_call call = {.action = CRIU_RESTORE,
				 .opts = &opts,
				 .fds = x->ns_fds,
				 .prepare = prepare,
				 .notify = on_notify,
				 .arg = x};
	int r = put_options(x, &opts, e);

	call.n_fds = x->n_ns_fds;
	if (r == 0)
		r = image_make_targets(x->c.plan, x->c.rootfs_fd, x->c.bundle_fd, e);
	if (r == 0)
		r = image_run(&x->image, LOG, &call, e);
	if (r == 0 && x->c.init.pid <= 0)
		r = err_num(e, EPROTO, "CRIU restored no process");
	return r == 0 ? check_privileges(&x->c, e) : r; /* if it was not asked before */
}

static int build(struct restore *x, struct err *e)
{
	struct creation *c = &x->c;
	int r = creation_begin(c, e);

	if (r == 0)
		r = network_write_names(c, e);
	if (r == 0)
		r = creation_furnish(c, e);
	if (r == 0 && mkdirat(c->dir_fd, ROOT_DIR, 0755) < 0)
		r = err_sys(e, "make a directory for CRIU");
	if (r == 0 && asprintf(&x->root, "%s/%s/" ROOT_DIR, c->rt->root, c->o->id) < 0) {
		x->root = NULL;
		r = err_num(e, ENOMEM, "make a directory for CRIU");
	}
	if (r == 0)
		r = call_criu(x, e);
	if (r == 0)
		(void)unlinkat(c->dir_fd, ROOT_DIR, AT_REMOVEDIR); /* delete takes it, too */
	return r;
}

static int decide_network(struct restore *x, struct err *e)
{
	bool had = faccessat(x->image.dir_fd, IMAGE_NETWORK, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

	if (!network_is_ready(&x->c))
		x->image.empty_network = true;
	if (had && !x->image.empty_network && !x->c.spec->ns[SPEC_NS_NETWORK].path)
		return err_user(e, "the container had a network on a bridge, which is not in the "
				   "image: say --network bridge, or --empty-ns network for none");
	return 0;
}

static int restore_held(struct restore *x, int *ret_status, struct err *e)
{
	struct creation *c = &x->c;
	int r = image_open(&x->o->image, false, &x->image, e);

	if (r == 0)
		r = creation_compile(c, e);
	if (r == 0)
		r = decide_network(x, e);
	if (r == 0)
		r = build(x, e);
	if (r < 0) {
		creation_abort(c);
		return r;
	}
	*ret_status = 0;
	return c->o->detach ? 0 : creation_stay(c, ret_status, e);
}

int container_restore(struct runtime *rt, const struct container_restore *o, int *ret_status,
		      struct err *e)
{
	struct restore x = {.o = o, .image = IMAGE_INIT, .ns_fds = {-1, -1}};
	const struct container_options *common = &o->common;
	sigset_t old;
	int r;

	if (!common->detach && !common->no_subreaper &&
	    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return err_sys(e, "become a subreaper");
	r = relay_hold_signals(&old, e);
	if (r < 0)
		return r;
	creation_init(&x.c, rt, common, PLAN_RUN);
	r = restore_held(&x, ret_status, e);
	creation_done(&x.c);
	fd_close(&x.ns_fds[0]);
	fd_close(&x.ns_fds[1]);
	image_close(&x.image);
	free(x.root);
	(void)sys_sigmask(SIG_SETMASK, &old, NULL); /* it was valid before */
	return r;
}
