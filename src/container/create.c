/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create - a container coming into being.
 *
 * creation_compile() decides everything and changes nothing; creation_build() does it. Between them
 * lies the intent: the state file with the cgroup's path is on disk before the first side effect,
 * so whatever happens after, `delete --force` finds all of it. A failure here takes the same way
 * out as `delete`.
 */
#include "container/create.h"

#include "container/destroy.h"
#include "container/hooks.h"
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
#include "tinyrun/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
	free(c->names_dir);
	free(c->notify_dir);
	free(c->cgroup_path);
	free(c->cgroup_top);
	scope_done(&c->scope);
	scope_properties_done(&c->properties);
	systemd_keeper_end(&c->keeper);
}

/* --- deciding --- */

static void tell_oddity(void *arg, const char *sentence)
{
	(void)arg;
	log_at(LOG_INFO, "%s", sentence);
}

/* Its bundle is the state directory, where the copy of the configuration will be. */
static int load_image(struct creation *c, char **ret_bundle, char **ret_rootfs, struct err *e)
{
	const struct container_image *image = c->o->image;
	const struct spec_sink sink = {.warn = tell_oddity};
	int r = spec_parse(image->config, image->config_len, "the composed configuration", &sink,
			   &c->spec, e);

	if (r == 0)
		r = path_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, &c->bundle_fd, e);
	if (r < 0)
		return r;
	c->rootfs_fd = fcntl(image->root_fd, F_DUPFD_CLOEXEC, 3);
	if (c->rootfs_fd < 0)
		return err_sys(e, "duplicate a descriptor");
	if (asprintf(ret_bundle, "%s/%s", c->rt->root, c->o->id) < 0)
		*ret_bundle = NULL;
	else if (asprintf(ret_rootfs, "%s/%s", *ret_bundle, c->spec->root_path) < 0)
		*ret_rootfs = NULL;
	return *ret_bundle && *ret_rootfs ? 0 : err_num(e, ENOMEM, "name the bundle");
}

static int load_bundle(struct creation *c, char **ret_bundle, char **ret_rootfs, struct err *e)
{
	const struct spec_sink sink = {.warn = tell_oddity};
	const char *bundle = c->o->bundle ? c->o->bundle : ".";
	int r = path_open(AT_FDCWD, bundle, O_PATH | O_DIRECTORY, &c->bundle_fd, e);

	if (r < 0)
		return err_wrap(e, "bundle");
	r = spec_load(c->bundle_fd, c->o->config ? c->o->config : "config.json", &sink, &c->spec,
		      e);
	if (r < 0)
		return err_wrap(e, "bundle %s", bundle);
	if (!c->spec->process.present)
		return err_user(e,
				"process property must not be empty: config.json has no process");
	r = path_open(c->bundle_fd, c->spec->root_path, O_PATH | O_DIRECTORY, &c->rootfs_fd, e);
	if (r < 0)
		return err_wrap(e, "root.path");
	r = path_of_fd(c->bundle_fd, ret_bundle, e);
	return r < 0 ? r : path_of_fd(c->rootfs_fd, ret_rootfs, e);
}

int creation_check_terminal(const struct creation *c, struct err *e)
{
	bool detached = c->mode == PLAN_CREATE || c->o->detach;
	const struct spec_process *p = &c->spec->process;

	if (p->terminal && detached && !c->o->console_socket)
		return err_user(e, "process.terminal is true: a detached container needs "
				   "--console-socket, or set it to false");
	if (c->o->console_socket && !(p->terminal && detached))
		return err_user(e, "--console-socket is for a detached container with "
				   "process.terminal true");
	return 0;
}

static int annotations_json(const struct spec *spec, struct state *st, struct err *e)
{
	auto_buf struct buf out = BUF_INIT;
	int r;

	buf_add_char(&out, '{');
	for (size_t i = 0; i < spec->n_annotations; i++) {
		buf_add_str(&out, i ? "," : "");
		buf_add_json_str(&out, spec->annotations[i].key);
		buf_add_char(&out, ':');
		buf_add_json_str(&out, spec->annotations[i].value);
	}
	buf_add_char(&out, '}');
	r = buf_check(&out, e);
	if (r < 0)
		return r;
	st->annotations = arena_strdup(&st->arena, out.data);
	return st->annotations ? 0 : err_num(e, ENOMEM, "keep the annotations");
}

/* For a checkpoint: the pipes that the process begins with are not its own. */
static int note_streams(const struct creation *c, struct state *st, struct err *e)
{
	auto_buf struct buf out = BUF_INIT;
	int r, proc = proc_fd(e);

	if (proc < 0)
		return proc;
	for (int fd = 0; fd < 3 && !c->spec->process.terminal; fd++) {
		char name[16], target[256];
		ssize_t n;

		(void)snprintf(name, sizeof(name), "self/fd/%d", fd);
		n = readlinkat(proc, name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		buf_add_char(&out, fd ? ',' : '[');
		buf_add_json_str(&out, target);
	}
	buf_add_str(&out, out.len ? "]" : "[]");
	r = buf_check(&out, e);
	if (r < 0)
		return r;
	st->streams = arena_strdup(&st->arena, out.data);
	return st->streams ? 0 : err_num(e, ENOMEM, "keep the state");
}

static int fill_state(struct creation *c, const char *bundle, const char *rootfs, struct err *e)
{
	struct state *st = &c->state;
	char now[40], boot_id[37];
	int r = proc_boot_id(boot_id, e);

	if (r == 0)
		r = annotations_json(c->spec, st, e);
	if (r == 0 && !c->dry)
		r = note_streams(c, st, e);
	if (r < 0)
		return r;
	str_now(now);
	st->id = arena_strdup(&st->arena, c->o->id);
	st->bundle = arena_strdup(&st->arena, bundle);
	st->rootfs = arena_strdup(&st->arena, rootfs);
	st->created = arena_strdup(&st->arena, now);
	st->boot_id = arena_strdup(&st->arena, boot_id);
	st->version = SPEC_VERSION;
	st->cgroup_path = c->cgroup_path;
	st->cgroup_top = c->cgroup_top;
	rdt_record(&c->rdt, &st->rdt_group, &st->rdt_monitor);
	st->scope = c->scope.unit;
	st->scope_user = c->rt->rootless;
	st->manager = c->rt->manager;
	st->owner = geteuid();
	st->own_pid_ns = c->spec->ns[SPEC_NS_PID].present;
	st->poststart = c->spec->hooks[SPEC_HOOK_POSTSTART].n > 0;
	st->poststop = c->spec->hooks[SPEC_HOOK_POSTSTOP].n > 0;
	if (!st->id || !st->bundle || !st->rootfs || !st->created || !st->boot_id)
		return err_num(e, ENOMEM, "keep the state");
	return 0;
}

/* The filter comes from the cache in the state root; its name cannot be a container's id. */
int creation_compile_filter(struct creation *c, struct err *e)
{
	auto_fd int cache_fd = -1;
	struct err no_cache = ERR_INIT;

	if (!c->spec->seccomp_text)
		return 0;
	if (c->rt->root_fd >= 0 &&
	    (mkdirat(c->rt->root_fd, ".seccomp", 0700) == 0 || errno == EEXIST))
		(void)path_open_beneath(c->rt->root_fd, ".seccomp", O_RDONLY | O_DIRECTORY, 0,
					&cache_fd, &no_cache); /* slower without */
	return plan_seccomp(c->spec, c->spec->seccomp_text, c->spec->seccomp_len, cache_fd,
			    &c->filter, e);
}

/* sd_listen_fds(3): descriptors that are meant for us are passed on to the container. */
static int count_listen_fds(struct creation *c, struct err *e)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	uint64_t value;

	if (!pid || !n || str_to_u64(pid, INT_MAX, &value) < 0 || (pid_t)value != getpid())
		return 0;
	if (str_to_u64(n, 1024, &value) < 0)
		return err_user(e, "LISTEN_FDS is \"%s\", want a number up to 1024", n);
	c->listen_fds = (unsigned)value;
	return 0;
}

int creation_check_preserved(struct creation *c, struct err *e)
{
	unsigned inherited = c->o->inherited_fds;
	int r = count_listen_fds(c, e);

	if (r == 0 && c->o->preserve_fds + c->listen_fds > inherited)
		r = err_user(e,
			     "unable to stat preserved-fd %u: it is not open (LISTEN_FDS is %u, "
			     "--preserve-fds %u)",
			     3 + inherited, c->listen_fds, c->o->preserve_fds);
	return r;
}

/* sd_notify(3): whoever started us may want to hear that the container is ready. */
static int name_notify_dir(struct creation *c, struct err *e)
{
	if (!notify_host() || c->dry)
		return 0;
	if (!c->spec->ns[SPEC_NS_MOUNT].present) {
		log_warning("NOTIFY_SOCKET is not passed on: the container has no mount namespace");
		return 0;
	}
	if (asprintf(&c->notify_dir, "%s/%s/" NOTIFY_DIR, c->rt->root, c->o->id) >= 0)
		return 0;
	c->notify_dir = NULL;
	return err_num(e, ENOMEM, "pass on NOTIFY_SOCKET");
}

static bool has_container_hooks(const struct spec *spec)
{
	return spec->hooks[SPEC_HOOK_CREATE_CONTAINER].n ||
	       spec->hooks[SPEC_HOOK_START_CONTAINER].n;
}

static int compile_plan(struct creation *c, struct err *e)
{
	auto_free char *creating = NULL, *created = NULL, *tail = NULL, *same_tail = NULL;
	struct plan_input in = {
		.spec = c->spec,
		.id = c->o->id,
		.bundle = c->state.bundle,
		.mode = c->mode,
		.no_pivot = c->o->no_pivot,
		.no_new_keyring = c->o->no_new_keyring,
		.in_user_ns = rootless_in_user_ns(),
		.reap = c->o->supervise,
		.reap_dies = c->o->attached,
		.privileged = loopback_is_allowed(),
		.trace = c->o->trace,
		.preserve_fds = c->o->preserve_fds + c->listen_fds,
		.listen_fds = c->listen_fds,
		.notify_dir = c->notify_dir,
		.names_dir = c->names_dir,
		.seccomp = c->spec->seccomp_text ? &c->filter : NULL,
	};
	int r = 0;

	if (has_container_hooks(c->spec)) {
		r = state_json_around_pid(&c->state, STATE_CREATING, &creating, &tail, e);
		if (r == 0)
			r = state_json_around_pid(&c->state, STATE_CREATED, &created, &same_tail,
						  e);
		in.state_head[0] = creating;
		in.state_head[1] = created;
		in.state_tail = tail;
	}
	return r < 0 ? r : plan_compile(&in, &c->plan, e);
}

/* Asked before anything else that is taken can be found; claim() has the last word. */
static int check_free(const struct creation *c, struct err *e)
{
	int r = state_check_id(c->o->id, e);

	if (r == 0 && !c->dry &&
	    faccessat(c->rt->root_fd, c->o->id, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		r = err_user(e, "container with given ID already exists");
	return r;
}

int creation_compile(struct creation *c, struct err *e)
{
	auto_free char *bundle = NULL, *rootfs = NULL;
	int r = check_free(c, e);

	trace_phase(&c->trace, "read config.json");
	if (r == 0)
		r = c->o->image ? load_image(c, &bundle, &rootfs, e)
				: load_bundle(c, &bundle, &rootfs, e);
	if (r == 0)
		r = network_decide(c, e);
	if (r == 0 && !c->dry)
		r = creation_check_terminal(c, e);
	if (r == 0 && !c->dry && (geteuid() != 0 || rootless_in_user_ns()))
		r = rootless_check(c->spec, e);
	if (r == 0)
		r = placement_decide(c, e);
	if (r == 0 && !c->dry)
		r = rdt_prepare(&c->spec->rdt, c->o->id, &c->rdt, e);
	if (r == 0)
		r = creation_check_preserved(c, e);
	if (r == 0)
		r = name_notify_dir(c, e);
	if (r == 0)
		r = fill_state(c, bundle, rootfs, e);
	if (r == 0)
		r = scope_list(c, e);
	trace_phase(&c->trace, "compile the plan");
	if (r == 0)
		r = creation_compile_filter(c, e);
	return r == 0 ? compile_plan(c, e) : r;
}

/* --- doing --- */

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
	       !c->filter.notifies && hooks[SPEC_HOOK_PRESTART].n == 0 &&
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
