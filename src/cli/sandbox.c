/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox - what `do` and `serve` have in common.
 *
 * Nothing of it is ever on disk: the root is a tmpfs that is mounted nowhere until init attaches
 * it, and the configuration is handed over as text; from there on it is a container like any other.
 * All its ids are mapped to a range of the host's that no user has, so that of the host's files it
 * can read what everybody may read, and write nothing. A bind mount whose ids are mapped too is the
 * exception that somebody asked for.
 */
#include "cli/sandbox.h"

#include <errno.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/random.h>
#include <unistd.h>

#include "tinyrun/fd.h"
#include "tinyrun/proc.h"
#include "tinyrun/sys.h"

#define PLAIN_OPTIONS "rbind rro rnosuid rnodev"

/* What systemd's documentation leaves to container managers: 524288 to 1879048191. */
#define IDS_FIRST  524288u
#define IDS_BLOCKS 28000u

int sandbox_init(struct sandbox *s, const char *prefix, struct err *e)
{
	uint32_t random[2];

	*s = (struct sandbox){.tree = BUNDLE_INIT};
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_sys(e, "get random numbers");
	s->own = geteuid() != 0;
	s->uid = s->gid = IDS_FIRST + random[0] % IDS_BLOCKS * SANDBOX_IDS;
	s->size = SANDBOX_IDS;
	if (s->own) {
		s->uid = geteuid();
		s->gid = getegid();
		s->size = 1;
	}
	(void)snprintf(s->id, sizeof(s->id), "%s-%08x", prefix, random[1]);
	return 0;
}

void sandbox_done(struct sandbox *s)
{
	bundle_done(&s->tree);
	free(s->binds);
	s->binds = NULL;
}

static int map_own(const char *file, uint32_t id, struct err *e)
{
	char text[64];
	int proc = proc_fd(e);

	if (proc < 0)
		return proc;
	(void)snprintf(text, sizeof(text), "%u %u 1\n", id, id);
	return fd_put(proc, file, text, e);
}

int sandbox_enter(const struct sandbox *s, struct err *e)
{
	int r, proc = proc_fd(e);

	if (!s->own || proc < 0)
		return s->own ? proc : 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return err_sys(e, "make a user namespace (may ordinary users do so here? sysctl "
				  "user.max_user_namespaces, kernel.unprivileged_userns_clone)");
	r = fd_put(proc, "self/setgroups", "deny", e); /* user_namespaces(7) */
	if (r == 0)
		r = map_own("self/uid_map", s->uid, e);
	return r < 0 ? r : map_own("self/gid_map", s->gid, e);
}

/* Who has one id has no others to map, and reads as itself. */
static int strip_idmap(struct sandbox *s, struct spec_wish_mount *m, struct err *e)
{
	static const char word[] = " idmap";
	const char *at = strstr(m->options, word);

	m->as_owner = false;
	if (!at)
		return 0;
	m->options = arena_printf(&s->tree.arena, "%.*s%s", (int)(at - m->options), m->options,
				  at + strlen(word));
	return m->options ? 0 : err_num(e, ENOMEM, "keep the mounts");
}

int sandbox_bind(struct sandbox *s, const struct spec_wish_mount *how, struct err *e)
{
	struct spec_wish_mount *v = reallocarray(s->binds, s->n_binds + 1, sizeof(*v));

	if (!v)
		return err_num(e, ENOMEM, "keep the mounts");
	s->binds = v;
	v[s->n_binds++] = *how;
	if (s->own && strip_idmap(s, &v[s->n_binds - 1], e) < 0)
		return -ENOMEM;
	return bundle_add_mount(&s->tree, how->destination, how->source, e);
}

int sandbox_add_program(struct sandbox *s, const char *program, const char **ret_path,
			struct err *e)
{
	size_t before = s->tree.n;
	int r = bundle_add_program(&s->tree, program, ret_path, e);

	for (size_t i = before; r == 0 && i < s->tree.n; i++) {
		const struct bundle_entry *entry = &s->tree.v[i];

		if (entry->kind == BUNDLE_FILE && (entry->mode & 0005) != 0005)
			r = sandbox_bind(
				s,
				&(struct spec_wish_mount){.destination = entry->path,
							  .source = entry->from,
							  .options = "bind idmap ro nosuid nodev"},
				e);
	}
	return r;
}

static int delete_ended(void *arg, const char *id, struct err *e)
{
	return container_delete(arg, id, false, e); /* it refuses while one runs */
}

void sandbox_sweep(struct runtime *rt, const char *prefix)
{
	struct err ignored = ERR_INIT; /* what cannot be deleted is not in our way */
	char pattern[64];

	(void)snprintf(pattern, sizeof(pattern), "^%s-[0-9a-f]{8}$", prefix);
	(void)container_match(rt, pattern, delete_ended, rt, &ignored);
}

/* --- the root file system --- */

static int set_option(int fs, const char *key, uint32_t value, struct err *e)
{
	char text[16];

	(void)snprintf(text, sizeof(text), key[0] == 'm' ? "%o" : "%u", value);
	if (sys_fsconfig(fs, FSCONFIG_SET_STRING, key, text, 0) < 0)
		return err_sys(e, "set %s of the root", key);
	return 0;
}

static int open_tmpfs(const struct sandbox *s, int *ret_fd, struct err *e)
{
	auto_fd int fs = sys_fsopen("tmpfs", FSOPEN_CLOEXEC);
	int r;

	if (fs < 0)
		return err_sys(e, "make a tmpfs for the root");
	r = set_option(fs, "uid", s->uid, e);
	if (r == 0)
		r = set_option(fs, "gid", s->gid, e);
	if (r == 0)
		r = set_option(fs, "mode", 0755, e);
	if (r == 0 && sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = err_sys(e, "make a tmpfs for the root");
	if (r < 0)
		return r;
	*ret_fd = sys_fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	return *ret_fd < 0 ? err_sys(e, "mount the root") : 0;
}

/* What is made in it belongs to the container's root, as the tmpfs itself. */
static int open_root(struct sandbox *s, int *ret_fd, struct err *e)
{
	auto_fd int fd = -1;
	int r = open_tmpfs(s, &fd, e);

	if (r < 0)
		return r;
	(void)setfsgid(s->gid);
	(void)setfsuid(s->uid);
	r = bundle_lay_out(&s->tree, fd, e);
	(void)setfsuid(geteuid());
	(void)setfsgid(getegid());
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r;
}

/* --- the configuration --- */

static const struct spec_wish_mount *find_bind(const struct sandbox *s, const char *path)
{
	for (size_t i = s->n_binds; i-- > 0;)
		if (strcmp(s->binds[i].destination, path) == 0)
			return &s->binds[i];
	return NULL;
}

static int compose(struct sandbox *s, struct buf *out, struct err *e)
{
	struct spec_wish_mount *v = calloc(s->tree.n + 1, sizeof(*v));
	struct spec_wish wish = s->wish;
	int r;

	if (!v)
		return err_num(e, ENOMEM, "compose the configuration");
	for (size_t i = 0; i < s->tree.n; i++) {
		const struct bundle_entry *entry = &s->tree.v[i];
		const struct spec_wish_mount *bind = find_bind(s, entry->path);

		if (entry->kind != BUNDLE_FILE && entry->kind != BUNDLE_TREE)
			continue;
		v[wish.n_mounts++] = bind ? *bind
					  : (struct spec_wish_mount){.destination = entry->path,
								     .source = entry->from,
								     .options = PLAIN_OPTIONS};
	}
	wish.mounts = v;
	wish.no_capabilities = true;
	wish.map_uid = s->uid;
	wish.map_gid = s->gid;
	wish.map_size = s->size;
	wish.seccomp = spec_default_seccomp;
	r = spec_write_wish(out, &wish);
	free(v);
	return r < 0 ? err_num(e, ENOMEM, "compose the configuration") : 0;
}

int sandbox_run(struct runtime *rt, struct sandbox *s, struct container_options *o, int *ret_status,
		struct err *e)
{
	auto_buf struct buf config = BUF_INIT;
	auto_fd int root_fd = -1;
	struct container_image image;
	int r = compose(s, &config, e);

	if (r == 0)
		r = open_root(s, &root_fd, e);
	if (r < 0)
		return r;
	image = (struct container_image){
		.config = config.data, .config_len = config.len, .root_fd = root_fd};
	o->image = &image;
	r = container_run(rt, o, ret_status, e);
	o->image = NULL;
	return r;
}
