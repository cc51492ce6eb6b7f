/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts - mounts[], in the order given.
 *
 * A file system is mounted by init; a bind mount arrives as a detached clone that the host has made
 * ready, so that its source is looked up where it means something and its attributes are in force
 * before the container could see it; the remount of something mounted before changes attributes,
 * and with the file system's own options that.
 *
 * Propagation of a bind mount. A clone of a shared mount is a peer of it: what the container mounts
 * below it would appear on the host. So each list of changes starts with a cut,
 *
 *   first option        linux.rootfsPropagation   list
 *   rprivate            any                       the options
 *   none, others        none, private             rprivate, the options
 *   none, others        slave, shared             rslave, the options
 *   (r)slave            any                       rslave (a private mount has no master any more,
 *                                                 and a peer left below would leak), the options
 *   (r)shared           shared                    the options: it stays a peer, as is asked for
 *   (r)shared           slave                     rslave, the options: it hears, and has own peers
 *   (r)shared           none, private             rprivate, the options: own peers only
 *
 * and an option that only repeats the cut is left out.
 */
#include "plan/internal.h"
#include "tinyrun/str.h"

#include <errno.h>
#include <linux/mount.h>
#include <string.h>

const char *const plan_names_files[] = {"resolv.conf", "hosts", "hostname", NULL};

/* --- destinations --- */

const char *mounts_clean_path(struct builder *b, const char *path)
{
	char *clean = arena_alloc(&b->plan->arena, strlen(path) + 2), *end = clean;

	if (!clean) {
		(void)builder_text(b, "%s", path); /* remembers the failure */
		return "/";
	}
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0) {
			while (end > clean && *--end != '/')
				;
		} else if (len > 0 && !(len == 1 && *path == '.')) {
			*end++ = '/';
			memcpy(end, path, len);
			end += len;
		}
		path += len;
		path += *path == '/';
	}
	if (end == clean)
		*end++ = '/';
	*end = '\0';
	return clean;
}

const struct spec_mount *mounts_find(const struct spec *spec, const char *path)
{
	for (size_t i = spec->n_mounts; i-- > 0;)
		if (strcmp(spec->mounts[i].destination, path) == 0)
			return &spec->mounts[i];
	return NULL;
}

static bool type_is(const struct spec_mount *m, const char *type)
{
	return !m->bind && m->type && strcmp(m->type, type) == 0;
}

/* Files of procfs that lxcfs and checkpointing cover; nothing there changes the host or an LSM. */
static const char *const proc_files[] = {"cpuinfo",
					 "diskstats",
					 "loadavg",
					 "meminfo",
					 "slabinfo",
					 "stat",
					 "swaps",
					 "uptime",
					 "sys/kernel/ns_last_pid",
					 "sys/crypto/fips_enabled",
					 NULL};

static bool proc_file_is_known(const char *name)
{
	for (const char *const *file = proc_files; *file; file++)
		if (strcmp(*file, name) == 0)
			return true;
	return false;
}

/*
 * Security labels and sysctls are written through /proc: what is there has to be procfs
 * (CVE-2019-16884).
 */
static int check_proc(struct builder *b, const struct spec_mount *m, const char *origin,
		      const char *target, struct err *e)
{
	if (strcmp(target, "/proc") == 0) {
		bool bound = m->bind && m->source &&
			     strcmp(mounts_clean_path(b, m->source), "/proc") == 0 &&
			     *m->source == '/';

		if (!bound && !type_is(m, "proc"))
			return err_user(e, "%s.destination: only procfs goes on /proc", origin);
	} else if (strncmp(target, "/proc/", 6) == 0 && !proc_file_is_known(target + 6)) {
		return err_user(e,
				"%s.destination: %s is inside /proc, where only a few files may be "
				"covered (cpuinfo, diskstats, loadavg, meminfo, slabinfo, stat, "
				"swaps, uptime, sys/kernel/ns_last_pid, sys/crypto/fips_enabled)",
				origin, target);
	}
	return 0;
}

/* --- the three ways --- */

static void plan_setattr(struct builder *b, const char *origin, const char *target, bool recursive,
			 uint64_t set, uint64_t clr, unsigned long propagation)
{
	struct plan_step *step = builder_step(b, STEP_SETATTR, origin);

	step->setattr.target = builder_str(b, target);
	step->setattr.recursive = recursive;
	step->setattr.attr_set = set;
	step->setattr.attr_clr = clr;
	step->setattr.ms_propagation = (uint32_t)propagation;
}

static void plan_propagation(struct builder *b, const struct spec_mount *m, size_t from,
			     const char *origin, const char *target)
{
	for (size_t i = from; i < m->n_propagation; i++)
		plan_setattr(b, origin, target, m->propagation[i] & MS_REC, 0, 0,
			     m->propagation[i]);
}

/* Of mount(2)'s flags those that belong to the file system, not to the mount. */
#define FS_FLAGS ((unsigned long)(MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_LAZYTIME))

static void plan_remount(struct builder *b, const struct spec_mount *m, const char *origin,
			 const char *target)
{
	bool recursive = m->rec_set || m->rec_clr;
	bool of_fs = (m->data && *m->data) || (m->flags & FS_FLAGS);

	if (of_fs) {
		struct plan_step *step = builder_step(b, STEP_REMOUNT, origin);

		step->mount.target = builder_str(b, target);
		step->mount.data = builder_str(b, m->data);
		step->mount.ms_flags = m->flags & FS_FLAGS;
	}
	if (m->attr_set || m->attr_clr || (!of_fs && !recursive && m->n_propagation == 0))
		plan_setattr(b, origin, target, false, m->attr_set, m->attr_clr, 0);
	if (recursive)
		plan_setattr(b, origin, target, true, m->rec_set, m->rec_clr, 0);
	plan_propagation(b, m, 0, origin, target);
}

static void add_propagation(struct plan_fd *fd, unsigned long flags)
{
	fd->propagation[fd->n_propagation++] = flags;
}

static void bind_propagation(const struct spec *spec, const struct spec_mount *m,
			     struct plan_fd *fd)
{
	unsigned long first = m->n_propagation ? m->propagation[0] & ~(unsigned long)MS_REC : 0;
	unsigned long cut = root_propagation(spec);

	if (first == MS_SLAVE || (m->n_propagation && m->propagation[0] == (MS_REC | MS_PRIVATE)))
		cut = MS_REC | first;
	else if (first == MS_SHARED && root_propagation_is(spec, MS_SHARED))
		cut = 0;
	if (cut)
		add_propagation(fd, cut);
	for (size_t i = 0; i < m->n_propagation; i++)
		if (i > 0 || (m->propagation[0] | MS_REC) != cut)
			add_propagation(fd, m->propagation[i]);
}

static struct plan_fd *plan_clone(struct builder *b, enum plan_fd_kind kind,
				  const struct spec_mount *m, const char *origin, const char *path,
				  const char *target)
{
	uint32_t slot, index = builder_next(b);
	struct plan_fd *fd = builder_slot(b, kind, origin, path, target, &slot);
	struct plan_step *step = builder_step(b, STEP_ATTACH, origin);

	step->attach.slot = slot;
	step->attach.target = builder_str(b, target);
	step->attach.target_kind = kind == PLAN_FD_CGROUP ? PLAN_TARGET_EXACT : PLAN_TARGET_DIR;
	fd->step = index;
	fd->attr_set = m->attr_set;
	fd->attr_clr = m->attr_clr;
	fd->rec_set = m->rec_set;
	fd->rec_clr = m->rec_clr;
	bind_propagation(b->in->spec, m, fd);
	return fd;
}

/* A link in the image must not decide where these go (CVE-2019-19921, CVE-2023-27561). */
static uint32_t target_kind(const char *fstype)
{
	static const char *const exact[] = {"proc", "sysfs", "cgroup2", "mqueue", NULL};

	for (const char *const *type = exact; *type; type++)
		if (strcmp(*type, fstype) == 0)
			return PLAN_TARGET_EXACT;
	return PLAN_TARGET_DIR;
}

/* A read-only /dev is made so when the devices are in it. */
static bool is_late(const struct spec_mount *m, const char *target)
{
	return !m->bind && !m->remount && (m->flags & MS_RDONLY) && strcmp(target, "/dev") == 0;
}

/*
 * The file system's options, with linux.mountLabel. The kernel's own file systems label their files
 * themselves; they are those that go to an exact place.
 */
static uint32_t plan_data(struct builder *b, const struct spec_mount *m, uint32_t kind)
{
	const char *label = b->in->spec->mount_label;
	const char *type = spec_annotation(b->in->spec, SPEC_ANNOTATION_MOUNT_CONTEXT);
	const char *data = m->data && *m->data ? m->data : NULL;

	if (!label || kind == PLAN_TARGET_EXACT || (data && strstr(data, "context=")))
		return builder_str(b, data);
	return builder_strf(b, "%s%s%s=\"%s\"", data ? data : "", data ? "," : "",
			    type ? type : "context", label);
}

/* crun's annotation, of which podman makes use: mount(8) says what each of them is for. */
static int check_context_type(const struct spec *spec, struct err *e)
{
	static const char *const types[] = {"context", "fscontext", "defcontext", "rootcontext"};
	const char *type = spec_annotation(spec, SPEC_ANNOTATION_MOUNT_CONTEXT);

	for (size_t i = 0; type && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return 0;
	if (!type)
		return 0;
	return err_user(e,
			"annotations: %s: found \"%s\", want context, fscontext, defcontext or "
			"rootcontext",
			spec_annotation_text(SPEC_ANNOTATION_MOUNT_CONTEXT), type);
}

/* A tmpfs that is told no mode is open to everybody; the directory that it hides may not be. */
static bool lacks_mode(const struct spec_mount *m, const char *fstype)
{
	const char *data = m->data ? m->data : "";
	const char *at = strstr(data, "mode=");

	while (at && at != data && at[-1] != ',')
		at = strstr(at + 1, "mode=");
	return strcmp(fstype, "tmpfs") == 0 && !at;
}

/* The owner of the top of a tmpfs, too, is then like that of what is copied into it. */
static bool lacks_owner(const struct spec_mount *m)
{
	for (size_t i = 0; i < m->options.n; i++)
		if (str_starts(m->options.v[i], "uid=") || str_starts(m->options.v[i], "gid="))
			return false;
	return true;
}

static void plan_file_system(struct builder *b, const struct spec_mount *m, const char *origin,
			     const char *target, const char *fstype)
{
	struct plan_step *step = builder_step(b, STEP_MOUNT, origin);

	step->mount.target_kind = target_kind(fstype);
	step->mount.target = builder_str(b, target);
	step->mount.fstype = builder_str(b, fstype);
	step->mount.source = builder_str(b, m->source ? m->source : fstype);
	step->mount.data = plan_data(b, m, step->mount.target_kind);
	step->mount.ms_flags = m->flags & ~(uint64_t)(is_late(m, target) ? MS_RDONLY : 0);
	step->mount.attr_set = m->rec_set;
	step->mount.attr_clr = m->rec_clr;
	step->mount.ms_propagation = m->n_propagation ? (uint32_t)m->propagation[0] : 0;
	step->flags = lacks_mode(m, fstype) ? PLAN_KEEP_MODE : 0;
	if (strcmp(fstype, "proc") == 0 && namespaces_join_pid(b->in))
		step->flags |= PLAN_OF_CHILD;
	if (m->copy_up)
		step->flags |= PLAN_COPY_UP | (lacks_owner(m) ? PLAN_KEEP_OWNER : 0);
	plan_propagation(b, m, 1, origin, target);
}

/* Without a cgroup namespace a cgroup2 mount would show all of the host's tree (CVE-2023-25809). */
static void plan_cgroup(struct builder *b, const struct spec_mount *m, const char *origin,
			const char *target)
{
	if (b->in->spec->ns[SPEC_NS_CGROUP].present)
		plan_file_system(b, m, origin, target, "cgroup2");
	else
		(void)plan_clone(b, PLAN_FD_CGROUP, m, origin, NULL, target);
}

/* The mount's own mappings, else those of the container's user namespace. */
static void plan_idmap(struct builder *b, const struct spec_mount *m, struct plan_fd *fd)
{
	const struct spec *spec = b->in->spec;
	const char *ns = spec->ns[SPEC_NS_USER].path;
	bool own = m->uid_map.n > 0;

	fd->idmap = true;
	fd->idmap_recursive = m->idmap_recursive;
	if (!own && ns) {
		fd->idmap_ns = builder_text(b, "%s", ns);
		return;
	}
	fd->uid_map = builder_maps(b, own ? &m->uid_map : &spec->uid_map);
	fd->gid_map = builder_maps(b, own ? &m->gid_map : &spec->gid_map);
}

static void plan_bind(struct builder *b, const struct spec_mount *m, const char *origin,
		      const char *target)
{
	struct plan_fd *fd = plan_clone(b, PLAN_FD_BIND, m, origin, m->source, target);

	fd->recursive = m->recursive;
	fd->copy_symlink = m->copy_symlink;
	fd->nofollow = m->src_nofollow;
	if (m->dest_nofollow && !b->failed)
		b->steps[fd->step].flags = PLAN_NOFOLLOW;
	if (m->idmap)
		plan_idmap(b, m, fd);
}

/*
 * File systems that show a namespace can be mounted only by who has rights in it. Root of a new
 * user namespace has none in what is still the host's: there the host's own mount is bound.
 */
static const struct {
	const char *fstype, *host;
	enum spec_ns_kind shows;
} namespace_mounts[] = {
	{"sysfs", "/sys", SPEC_NS_NETWORK},
	{"mqueue", "/dev/mqueue", SPEC_NS_IPC},
	{"proc", "/proc", SPEC_NS_PID},
};

#define N_NAMESPACE_MOUNTS (sizeof(namespace_mounts) / sizeof(namespace_mounts[0]))

/* Where the host has it when it has to be bound; else NULL. */
static const char *host_mount(const struct spec *spec, const struct spec_mount *m)
{
	if (!spec->ns[SPEC_NS_USER].present || spec->ns[SPEC_NS_USER].path)
		return NULL;
	for (size_t i = 0; i < N_NAMESPACE_MOUNTS; i++)
		if (type_is(m, namespace_mounts[i].fstype) &&
		    !spec->ns[namespace_mounts[i].shows].present)
			return namespace_mounts[i].host;
	return NULL;
}

static void plan_host_mount(struct builder *b, const struct spec_mount *m, const char *origin,
			    const char *host, const char *target)
{
	struct plan_fd *fd = plan_clone(b, PLAN_FD_BIND, m, origin, host, target);

	fd->recursive = true;
	if (!b->failed)
		b->steps[fd->step].attach.target_kind = PLAN_TARGET_EXACT;
}

static int plan_one(struct builder *b, size_t i, struct err *e)
{
	const struct spec_mount *m = &b->in->spec->mounts[i];
	const char *origin = builder_text(b, "mounts[%zu]", i);
	const char *target = m->destination; /* clean: spec.h */
	const char *host = host_mount(b->in->spec, m);
	int r;

	if (m->remount) {
		plan_remount(b, m, origin, target);
		return 0;
	}
	r = check_proc(b, m, origin, target, e);
	if (r < 0)
		return r;
	if (m->bind)
		plan_bind(b, m, origin, target);
	else if (type_is(m, "cgroup") || type_is(m, "cgroup2"))
		plan_cgroup(b, m, origin, target);
	else if (host)
		plan_host_mount(b, m, origin, host, target);
	else
		plan_file_system(b, m, origin, target, m->type);
	return 0;
}

/* Something of ours that the container sees and cannot change. */
static void plan_own(struct builder *b, const char *source, const char *origin, const char *target)
{
	const struct spec_mount m = {
		.source = source,
		.bind = true,
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			    MOUNT_ATTR_NOEXEC,
	};

	plan_bind(b, &m, origin, target);
}

/* Names of machines; what the configuration mounts there itself stays. */
static void plan_names(struct builder *b)
{
	for (const char *const *name = plan_names_files; *name; name++) {
		const char *target = builder_text(b, "/etc/%s", *name);

		if (!mounts_find(b->in->spec, target))
			plan_own(b, builder_text(b, "%s/%s", b->in->names_dir, *name), "--network",
				 target);
	}
}

/*
 * Do: mount everything that the configuration lists, below the attached root.
 * Must not yet: enter the root (targets are resolved from its descriptor), protect paths (later
 * mounts may go below them), make a read-only /dev so.
 */
int mounts_plan(struct builder *b, struct err *e)
{
	int checked = check_context_type(b->in->spec, e);

	if (checked < 0)
		return checked;
	if (b->in->spec->mount_label)
		(void)builder_step(b, STEP_SELINUX, "linux.mountLabel");
	for (size_t i = 0; i < b->in->spec->n_mounts; i++) {
		int r = plan_one(b, i, e);

		if (r < 0)
			return r;
	}
	if (b->in->notify_dir) /* with a socket for sd_notify(3) */
		plan_own(b, b->in->notify_dir, "NOTIFY_SOCKET", MOUNTS_NOTIFY);
	if (b->in->names_dir)
		plan_names(b);
	return 0;
}

static bool is_at_or_below(const char *path, const struct spec_list *tops)
{
	for (size_t i = 0; i < tops->n; i++) {
		size_t len = strlen(tops->v[i]);

		if (strncmp(path, tops->v[i], len) == 0 && (path[len] == '/' || path[len] == '\0'))
			return true;
	}
	return false;
}

static bool protects_host(const struct spec *spec, const char *path)
{
	return strcmp(path, "/proc") == 0 || str_starts(path, "/proc/") ||
	       is_at_or_below(path, &spec->masked_paths) ||
	       is_at_or_below(path, &spec->readonly_paths);
}

/* A procfs would be that of the pid namespace of whoever mounts it, and that is ours. */
int mounts_check_late(const struct spec *spec, enum plan_mode mode, struct err *e)
{
	if (!spec->ns[SPEC_NS_MOUNT].present)
		return err_user(e, "the container has no mount namespace of its own");
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *m = &spec->mounts[i];

		if (mode == PLAN_MOUNT && type_is(m, "proc"))
			return err_user(e,
					"mounts[%zu].type: a procfs is mounted only with a new "
					"container",
					i);
		if (mode == PLAN_UNMOUNT && protects_host(spec, m->destination))
			return err_user(e,
					"mounts[%zu].destination: what covers %s protects the host",
					i, m->destination);
	}
	return 0;
}

void mounts_plan_away(struct builder *b)
{
	for (size_t i = b->in->spec->n_mounts; i-- > 0;) {
		struct plan_step *step =
			builder_step(b, STEP_UNMOUNT, builder_text(b, "mounts[%zu]", i));

		step->path.path = builder_str(b, b->in->spec->mounts[i].destination);
	}
}

void mounts_plan_late(struct builder *b)
{
	for (size_t i = 0; i < b->in->spec->n_mounts; i++) {
		const struct spec_mount *m = &b->in->spec->mounts[i];

		if (is_late(m, m->destination))
			plan_setattr(b, builder_text(b, "mounts[%zu]", i), "/dev", false,
				     MOUNT_ATTR_RDONLY, 0, 0);
	}
}
