/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create - a container coming into being.
 *
 * creation_compile() (compile.c) decides everything and changes nothing; creation_build() does it.
 * Between them lies the intent: the state file with the cgroup's path is on disk before the first
 * side effect, so whatever happens after, `delete --force` finds all of it. A failure here takes
 * the same way out as `delete`.
 */
#include "container/create.h"

#include "container/delegate.h"
#include "container/destroy.h"
#include "container/loopback.h"
#include "container/network.h"
#include "container/placement.h"
#include "container/rootless.h"
#include "container/scope.h"
#include "container/sync.h"
#include "tinyrun/fd.h"
#include "tinyrun/log.h"
#include "tinyrun/path.h"
#include "tinyrun/proc.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

void creation_init(struct creation *c, struct runtime *rt, const struct container_options *o,
		   enum plan_mode mode)
{
	*c = (struct creation){.rt = rt,
			       .o = o,
			       .mode = mode,
			       .host = CGROUP_HOST_INIT,
			       .state = STATE_INIT,
			       .keeper = SYSTEMD_KEEPER_INIT,
			       .init = SPAWNED_INIT,
			       .trace = TRACE_INIT,
			       .rdt = RDT_INIT,
			       .notify = NOTIFY_INIT,
			       .bundle_fd = -1,
			       .rootfs_fd = -1,
			       .dir_fd = -1,
			       .cgroup_fd = -1,
			       .pty_fd = -1,
			       .own_net = NET_OPTIONS_INIT,
			       .record = NET_RECORD_INIT};
	c->net = o->net ? o->net : &c->own_net;
	c->trace.on = o->trace;
}

void creation_done(struct creation *c)
{
	fd_close(&c->bundle_fd);
	fd_close(&c->rootfs_fd);
	fd_close(&c->dir_fd);
	fd_close(&c->cgroup_fd);
	fd_close(&c->pty_fd);
	fd_close(&c->init.pidfd);
	fd_close(&c->init.channel);
	handover_done(&c->handover);
	cgroup_host_done(&c->host);
	trace_done(&c->trace);
	rdt_done(&c->rdt);
	notify_done(&c->notify);
	plan_free(&c->plan);
	spec_free(&c->spec);
	state_done(&c->state);
	free((void *)(uintptr_t)c->filter.insns);
	net_options_done(&c->own_net);
	net_record_done(&c->record);
	net_moved_free(&c->moved);
	free(c->names_dir);
	free(c->notify_dir);
	free(c->cgroup_path);
	free(c->cgroup_top);
	scope_done(&c->scope);
	scope_properties_done(&c->properties);
	systemd_keeper_end(&c->keeper);
}

static int claim(struct creation *c, struct err *e)
{
	int r = state_claim(c->rt, c->o->id, &c->dir_fd, e);

	if (r == STATE_E_EXISTS)
		return err_user(e, "container with given ID already exists");
	if (r == 0)
		r = network_prepare(c, e);
	return r < 0 ? r : state_save(c->dir_fd, &c->state, e);
}

/* What later verbs want to know of the configuration, as it was read. */
static int keep_copies(const struct creation *c, struct err *e)
{
	size_t len;
	const char *text = json_doc_text(c->spec->doc, &len);
	int r = path_replace(c->dir_fd, STATE_CONFIG, text, len, 0600, false, e);

	if (r == 0 && c->mode == PLAN_CREATE)
		r = path_replace(c->dir_fd, STATE_PLAN, c->plan->bytes, c->plan->size, 0600, false,
				 e);
	return r;
}

/* With `create` it is `start` that listens. */
static int make_notify(struct creation *c, struct err *e)
{
	int r = c->notify_dir ? notify_make(c->dir_fd, e) : 0;

	return r == 0 && c->mode == PLAN_RUN ? notify_listen(c->dir_fd, &c->notify, e) : r;
}

static const struct limits *limits_of(const struct creation *c)
{
	return c->spec->has_resources ? &c->spec->limits : NULL;
}

static int open_and_spawn(struct creation *c, struct err *e)
{
	auto_free char *cgroup = NULL;
	enum handover_part part = HANDOVER_ALL;
	struct handover_sources from = {.bundle = c->state.bundle,
					.rootfs = c->state.rootfs,
					.bundle_fd = c->bundle_fd,
					.rootfs_fd = c->rootfs_fd,
					.loose_rootfs = c->o->image != NULL,
					.cgroup_fd = c->cgroup_fd,
					.process_fd = -1,
					.state_fd = c->dir_fd};
	struct spawn spawn = {.plan = c->plan,
			      .handover = &c->handover,
			      .spec = c->spec,
			      .cgroup_fd = c->cgroup_fd,
			      .preserve_fds = c->o->preserve_fds + c->listen_fds};
	int r = placement_name(c, &cgroup, e);

	from.cgroup = cgroup;
	if ((c->plan->clone_flags & CLONE_NEWNS) && rootless_lacks_mounts()) {
		part = HANDOVER_BUT_MOUNTS;
		spawn.mounts = &from;
	}
	if (r == 0 && c->trace.on)
		r = trace_open(&c->trace, plan_header(c->plan)->n_steps, e);
	from.trace_fd = c->trace.fd;
	if (r == 0)
		r = handover_open(c->plan, &from, part, &c->handover, e);
	trace_phase(&c->trace, "start init");
	if (r == 0)
		r = spawn_init(&spawn, &c->init, e);
	systemd_keeper_end(&c->keeper); /* init is in the scope, or will never be */
	handover_done(&c->handover);
	return r == 0 ? rdt_join(&c->rdt, c->init.pid, e) : r;
}

int creation_stage(struct creation *c, struct err *e)
{
	struct proc_stat stat;
	int r = proc_stat(c->init.pid, &stat, e);

	if (r == PROC_E_GONE)
		return err_num(e, ESRCH, "look at the container's process");
	if (r < 0)
		return r;
	c->state.pid = c->init.pid;
	c->state.start_time = stat.start_time;
	return state_stage(c->dir_fd, &c->state, e);
}

int creation_commit(struct creation *c, struct err *e)
{
	int r = state_publish(c->dir_fd, &c->state, e);

	state_mark(c->dir_fd, &c->mark);
	return r == 0 ? creation_announce(c, e) : r;
}

/*
 * `run` has nothing to do between READY and GO, and waking each other takes the processors longer
 * than most steps: so init finds its GO waiting. Not with hooks of ours or a listener of the
 * filter, which are other questions that GO answers, nor where the process is still to change.
 */
static bool may_go_ahead(const struct creation *c)
{
	const struct spec_hooks *hooks = c->spec->hooks;

	return c->mode == PLAN_RUN && !c->plan->forks && network_is_ready(c) &&
	       !c->filter.notifies && !delegate_part(c->spec) && hooks[SPEC_HOOK_PRESTART].n == 0 &&
	       hooks[SPEC_HOOK_CREATE_RUNTIME].n == 0 && c->spec->n_net_devices == 0;
}

static int go_ahead(struct creation *c, struct err *e)
{
	struct err gone = ERR_INIT;
	int r = creation_commit(c, e);

	if (r < 0)
		return r;
	(void)sync_go(c->init.channel, &gone); /* if it has failed meanwhile it says why itself */
	c->told = true;
	return 0;
}

int creation_begin(struct creation *c, struct err *e)
{
	int r;

	trace_phase(&c->trace, "write down the intent");
	r = claim(c, e);
	if (r < 0)
		return r;
	trace_phase(&c->trace, c->scope.unit ? "have systemd make the scope" : "make the cgroup");
	r = placement_make(c, limits_of(c), e);
	return r < 0 ? r : rdt_apply(&c->rdt, &c->spec->rdt, e);
}

int creation_furnish(struct creation *c, struct err *e)
{
	int r;

	trace_phase(&c->trace, "keep copies");
	r = keep_copies(c, e);
	trace_phase(&c->trace, "filter devices");
	if (r == 0 && c->cgroup_fd >= 0)
		r = delegate_cgroup(c->spec, c->cgroup_fd, e); /* a joined user ns is known */
	if (r == 0 && c->cgroup_fd >= 0)
		r = cgroup_device_filter(c->cgroup_fd, limits_of(c), e);
	return r;
}

/* Where init makes its namespace itself, this is done later. */
static int bring_up_network(struct creation *c, struct err *e)
{
	if (!network_is_ready(c))
		return c->plan->clone_flags & CLONE_NEWNET ? network_attach(c, e) : 0;
	return c->plan->loopback ? loopback_up(c->init.pidfd, e) : 0;
}

int creation_build(struct creation *c, struct err *e)
{
	int r = creation_begin(c, e);

	trace_phase(&c->trace, "open what init needs");
	if (r == 0)
		r = make_notify(c, e);
	if (r == 0)
		r = network_write_names(c, e);
	if (r == 0)
		r = open_and_spawn(c, e);
	/* what init does not wait for is done while it is at work; nobody else runs yet */
	trace_phase(&c->trace, "bring up the network");
	if (r == 0)
		r = bring_up_network(c, e);
	if (r == 0)
		r = creation_furnish(c, e);
	trace_phase(&c->trace, "write down the process");
	if (r == 0)
		r = creation_stage(c, e);
	if (r == 0 && may_go_ahead(c))
		r = go_ahead(c, e);
	trace_phase(&c->trace, "wait for init");
	if (r == 0)
		r = creation_serve(c, e);
	if (r == 0)
		r = delegate_enter(c->spec, c->cgroup_fd, c->init.pid, e);
	if (r == 0)
		r = network_attach(c, e);
	trace_phase(&c->trace, "publish the state");
	return r == 0 && !c->told ? creation_commit(c, e) : r;
}

void creation_abort(struct creation *c)
{
	struct err e = ERR_INIT;
	char text[ERR_FRAME_SIZE * 2];
	int r;

	if (c->dir_fd < 0)
		return;
	if (c->init.pid > 0)
		c->state.pid = c->init.pid; /* it lived: poststop hooks have a reason */
	if (c->cgroup_fd < 0)
		c->state.cgroup_path = NULL; /* what is there is not ours */
	if (!c->rdt.made)
		c->state.rdt_group = NULL;
	systemd_keeper_end(&c->keeper);
	spawned_end(&c->init);
	net_moved_put_back(&c->moved);
	fd_close(&c->cgroup_fd); /* undoing needs some itself, and their lack may be the reason */
	fd_close(&c->bundle_fd);
	fd_close(&c->rootfs_fd);
	fd_close(&c->pty_fd);
	r = destroy_container(c->rt, c->dir_fd, &c->state, &c->host, &e);
	if (c->wrote_pid_file)
		(void)unlink(c->o->pid_file); /* what was there before stays */
	if (r < 0)
		log_warning("undo the creation of %s: %s; run `tinyrun delete --force %s`",
			    c->o->id, err_str(&e, text, sizeof(text)), c->o->id);
}

int container_create(struct runtime *rt, const struct container_options *o, struct err *e)
{
	struct creation c;
	int r;

	creation_init(&c, rt, o, PLAN_CREATE);
	r = creation_compile(&c, e);
	if (r == 0)
		r = creation_build(&c, e);
	if (r == 0)
		r = sync_go(c.init.channel, e); /* init now waits for `start` alone */
	if (r < 0)
		creation_abort(&c);
	trace_phase(&c.trace, "end");
	if (r == 0)
		r = trace_write(&c.trace, c.plan, o->trace_file, e);
	creation_done(&c);
	return r;
}
