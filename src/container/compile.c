/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile - what a container is to be: its bundle, its place, its plan.
 *
 * All of it is decided here and nothing is changed, so that a refusal has nothing to undo.
 */
#include "container/create.h"

#include "container/loopback.h"
#include "container/network.h"
#include "container/placement.h"
#include "container/rootless.h"
#include "container/scope.h"
#include "tinyrun/fd.h"
#include "tinyrun/log.h"
#include "tinyrun/path.h"
#include "tinyrun/proc.h"
#include "tinyrun/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* --config is from the caller's directory on, as in crun; there "config.json" says the default. */
static int load_config(struct creation *c, const char *bundle, struct err *e)
{
	static const char usual[] = "config.json";
	const struct spec_sink sink = {.warn = tell_oddity};
	const char *file = c->o->config ? c->o->config : usual;
	bool other = strcmp(file, usual) != 0;
	int r = spec_load(other ? AT_FDCWD : c->bundle_fd, file, &sink, &c->spec, e);

	if (r < 0 && other)
		return err_wrap(e, "--config");
	if (r == -ENOENT)
		return err_wrap(e, "bundle %s has no config.json (tinyrun spec writes one)",
				bundle);
	return r < 0 ? err_wrap(e, "bundle %s", bundle) : 0;
}

static int load_bundle(struct creation *c, char **ret_bundle, char **ret_rootfs, struct err *e)
{
	const char *bundle = c->o->bundle ? c->o->bundle : ".";
	int r = path_open(AT_FDCWD, bundle, O_PATH | O_DIRECTORY, &c->bundle_fd, e);

	if (r < 0)
		return err_wrap(e, "bundle");
	r = load_config(c, bundle, e);
	if (r < 0)
		return r;
	if (!c->spec->process.present)
		return err_user(e,
				"process property must not be empty: config.json has no process");
	r = path_open(c->bundle_fd, c->spec->root_path, O_PATH | O_DIRECTORY, &c->rootfs_fd, e);
	if (r < 0)
		return err_wrap(e, "root.path");
	r = path_of_fd(c->bundle_fd, ret_bundle, e);
	return r < 0 ? r : path_of_fd(c->rootfs_fd, ret_rootfs, e);
}

/* Init sets it, since the program may ask for it before we are told of the terminal. */
static void take_window_size(struct spec_process *p)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		return; /* stdin is no terminal */
	p->console_height = size.ws_row;
	p->console_width = size.ws_col;
}

int creation_settle_terminal(struct creation *c, struct err *e)
{
	bool detached = c->mode == PLAN_CREATE || c->o->detach;
	struct spec_process *p = &c->spec->process;

	if (p->terminal && detached && !c->o->console_socket)
		return err_user(e, "process.terminal is true: a detached container needs "
				   "--console-socket, or set it to false");
	if (c->o->console_socket && !(p->terminal && detached))
		return err_user(e, "--console-socket is for a detached container with "
				   "process.terminal true");
	if (p->terminal && !detached && !c->dry)
		take_window_size(p);
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

/* The cache is in the state root, under a name that cannot be a container's id. */
static void open_filter_cache(int root_fd, int *ret_fd)
{
	const int flags = O_RDONLY | O_DIRECTORY;
	struct err ignored = ERR_INIT; /* it is slower without */

	if (path_open_beneath(root_fd, ".seccomp", flags, 0, ret_fd, &ignored) < 0 &&
	    mkdirat(root_fd, ".seccomp", 0700) == 0)
		(void)path_open_beneath(root_fd, ".seccomp", flags, 0, ret_fd, &ignored);
}

int creation_compile_filter(struct creation *c, struct err *e)
{
	auto_fd int cache_fd = -1;
	int r;

	if (!c->spec->seccomp_text)
		return 0;
	if (c->rt->root_fd >= 0 && !spec_seccomp_is_strict(c->spec))
		open_filter_cache(c->rt->root_fd, &cache_fd);
	r = plan_seccomp(c->spec, c->spec->seccomp_text, c->spec->seccomp_len, cache_fd, &c->filter,
			 e);
	if (r == 0 && c->filter.notifies && !c->spec->seccomp_listener)
		r = err_user(e, "linux.seccomp: SCMP_ACT_NOTIFY needs a listenerPath");
	return r;
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
		r = creation_settle_terminal(c, e);
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
