/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices - the nodes that every program may expect, those of linux.devices, and the links in /dev.
 *
 * A process of a user namespace may not make device nodes: then the host's are bound, after
 * checking that they are what was asked for. A /dev that is itself bound from the host belongs to
 * the host: nothing is made in it.
 */
#include "plan/internal.h"

#include <string.h>
#include <sys/stat.h>

static const struct spec_device defaults[] = {
	{.path = "/dev/null", .type = 'c', .major = 1, .minor = 3, .mode = 0666},
	{.path = "/dev/zero", .type = 'c', .major = 1, .minor = 5, .mode = 0666},
	{.path = "/dev/full", .type = 'c', .major = 1, .minor = 7, .mode = 0666},
	{.path = "/dev/random", .type = 'c', .major = 1, .minor = 8, .mode = 0666},
	{.path = "/dev/urandom", .type = 'c', .major = 1, .minor = 9, .mode = 0666},
	{.path = "/dev/tty", .type = 'c', .major = 5, .minor = 0, .mode = 0666},
};

#define N_DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

static const struct {
	const char *path, *target;
} links[] = {
	{"/dev/fd", "/proc/self/fd"},       {"/dev/stdin", "/proc/self/fd/0"},
	{"/dev/stdout", "/proc/self/fd/1"}, {"/dev/stderr", "/proc/self/fd/2"},
	{"/dev/core", "/proc/kcore"}, /* where the kernel has it */
};

#define N_LINKS (sizeof(links) / sizeof(links[0]))

static uint32_t type_bits(char type)
{
	return type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR;
}

static void plan_bound(struct builder *b, const struct spec_device *d, const char *origin,
		       const char *path)
{
	uint32_t slot;
	struct plan_fd *fd = builder_slot(b, PLAN_FD_DEVICE, origin, path, path, &slot);
	struct plan_step *step;

	fd->mode = type_bits(d->type) | d->mode;
	fd->major = (uint32_t)d->major;
	fd->minor = (uint32_t)d->minor;
	fd->propagation[fd->n_propagation++] = root_propagation(b->in->spec);
	fd->step = builder_next(b);
	step = builder_step(b, STEP_ATTACH, origin);
	step->attach.slot = slot;
	step->attach.target = builder_str(b, path);
	step->attach.target_kind = PLAN_TARGET_FILE;
}

static void plan_made(struct builder *b, const struct spec_device *d, const char *origin,
		      const char *path)
{
	struct plan_step *step = builder_step(b, STEP_MKNOD, origin);

	step->mknod.path = builder_str(b, path);
	step->mknod.mode = type_bits(d->type) | d->mode;
	step->mknod.major = (uint32_t)d->major;
	step->mknod.minor = (uint32_t)d->minor;
	step->mknod.uid = d->uid;
	step->mknod.gid = d->gid;
}

static void plan_device(struct builder *b, const struct spec_device *d, const char *origin)
{
	const char *path = mounts_clean_path(b, d->path);

	if (namespaces_lack_mknod(b->in) && d->type != 'p')
		plan_bound(b, d, origin, path);
	else
		plan_made(b, d, origin, path);
}

/* The last device of the configuration at @path. */
static bool spec_has(struct builder *b, const char *path)
{
	for (size_t i = 0; i < b->in->spec->n_devices; i++)
		if (strcmp(mounts_clean_path(b, b->in->spec->devices[i].path), path) == 0)
			return true;
	return false;
}

static void plan_link(struct builder *b, const char *path, const char *target)
{
	struct plan_step *step;

	if (spec_has(b, path))
		return;
	step = builder_step(b, STEP_SYMLINK, "");
	step->flags = strcmp(target, "/proc/kcore") == 0 ? PLAN_IGNORE_MISSING : 0;
	step->symlink.path = builder_str(b, path);
	step->symlink.target = builder_str(b, target);
}

/* Devices of the configuration; below a bound /dev they are there or not, as the host has it. */
static void plan_listed(struct builder *b, bool dev_is_bound)
{
	for (size_t i = 0; i < b->in->spec->n_devices; i++) {
		const struct spec_device *d = &b->in->spec->devices[i];

		if (!dev_is_bound || strncmp(mounts_clean_path(b, d->path), "/dev/", 5) != 0)
			plan_device(b, d, builder_text(b, "linux.devices[%zu]", i));
	}
}

/*
 * Do: put devices and links into the mounted /dev.
 * Must not yet: make /dev read-only, or enter the root (host nodes are bound from outside).
 */
void devices_plan(struct builder *b)
{
	const struct spec_mount *dev = mounts_find(b->in->spec, "/dev");
	const struct spec_mount *pts = mounts_find(b->in->spec, "/dev/pts");
	bool dev_is_bound = dev && dev->bind;

	if (!b->in->spec->ns[SPEC_NS_MOUNT].present)
		return;
	for (size_t i = 0; i < N_DEFAULTS && !dev_is_bound; i++)
		if (!spec_has(b, defaults[i].path))
			plan_device(b, &defaults[i], "");
	plan_listed(b, dev_is_bound);
	if (dev_is_bound)
		return;
	for (size_t i = 0; i < N_LINKS; i++)
		plan_link(b, links[i].path, links[i].target);
	if (pts && !pts->bind && pts->type && strcmp(pts->type, "devpts") == 0)
		plan_link(b, "/dev/ptmx", "pts/ptmx");
}
