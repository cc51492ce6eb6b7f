/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root - the new root: how the mount tree is cut off from the host's, what is protected in it, and
 * the way in.
 *
 * Propagation. The new mount namespace starts with copies of the host's mounts, which are peers of
 * them as far as they are shared, and so are detached clones. Before anything is mounted all of
 * that is made private, or a slave where linux.rootfsPropagation wants the host's later mounts to
 * be seen (slave, and shared, which becomes shared again only among the container's own).
 */
#include "plan/internal.h"

#include <linux/mount.h>
#include <string.h>

#define KINDS ((unsigned long)(MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE))

bool root_propagation_is(const struct spec *spec, unsigned long kind)
{
	return (spec->rootfs_propagation & KINDS) == kind;
}

unsigned long root_propagation(const struct spec *spec)
{
	if (root_propagation_is(spec, MS_SLAVE) || root_propagation_is(spec, MS_SHARED))
		return MS_REC | MS_SLAVE;
	return MS_REC | MS_PRIVATE;
}

static bool has_mount_ns(const struct plan_input *in)
{
	return in->spec->ns[SPEC_NS_MOUNT].present;
}

/* What would change the host's mounts or files if there were no mount namespace. */
static const char *needs_mount_ns(const struct spec *spec)
{
	if (spec->n_mounts)
		return "mounts";
	if (spec->masked_paths.n)
		return "linux.maskedPaths";
	if (spec->readonly_paths.n)
		return "linux.readonlyPaths";
	if (spec->n_devices)
		return "linux.devices";
	if (spec->root_readonly)
		return "root.readonly";
	if (spec->rootfs_propagation)
		return "linux.rootfsPropagation";
	return NULL;
}

int root_check(const struct plan_input *in, struct err *e)
{
	const char *member = needs_mount_ns(in->spec);

	if (!has_mount_ns(in) && member)
		return err_user(
			e,
			"%s: would change the host's own mounts: add {\"type\": \"mount\"} to "
			"linux.namespaces",
			member);
	if (in->no_pivot && root_propagation_is(in->spec, MS_PRIVATE))
		return err_user(e, "linux.rootfsPropagation: private is not safe with --no-pivot: "
				   "the host's mounts stay reachable");
	return 0;
}

/*
 * Do: cut the mount tree off from the host's and attach the root file system.
 * Must not yet: hide the host's tree.
 */
void root_plan_attach(struct builder *b)
{
	const struct spec *spec = b->in->spec;
	unsigned long cut = root_propagation(spec);
	struct plan_fd *fd;
	uint32_t slot;

	if (!has_mount_ns(b->in))
		return;
	builder_step(b, STEP_PROPAGATION, spec->rootfs_propagation ? "linux.rootfsPropagation" : "")
		->propagation.ms_flags = cut;
	fd = builder_slot(b, PLAN_FD_ROOTFS, "root.path", spec->root_path, "/", &slot);
	fd->recursive = true;
	fd->propagation[fd->n_propagation++] = cut;
	builder_step(b, STEP_ATTACH_ROOT, "root.path")->attach_root.slot = slot;
}

/*
 * A read-only path is that mount alone, as for runc and crun: what mounts[] has below it stays as
 * it says. Below /proc nothing is of mounts[], but with the host's procfs its mounts have come.
 */
static void plan_paths(struct builder *b, enum plan_step_kind kind, const char *member,
		       const struct spec_list *paths)
{
	for (size_t i = 0; i < paths->n; i++) {
		struct plan_step *step =
			builder_step(b, kind, builder_text(b, "%s[%zu]", member, i));
		const char *path = mounts_clean_path(b, paths->v[i]);

		step->flags = PLAN_IGNORE_MISSING;
		if (kind == STEP_READONLY_PATH && strncmp(path, "/proc/", 6) == 0)
			step->flags |= PLAN_AND_BELOW;
		step->path.path = builder_str(b, path);
	}
}

/*
 * Do: make read-only, mask.
 * Must not yet: anything that writes below these paths may come later; init resolves the paths in
 * the new root by descriptor, so that it does not have to be inside.
 */
void root_plan_protect(struct builder *b)
{
	const struct spec *spec = b->in->spec;

	mounts_plan_late(b);
	plan_paths(b, STEP_READONLY_PATH, "linux.readonlyPaths", &spec->readonly_paths);
	plan_paths(b, STEP_MASK, "linux.maskedPaths", &spec->masked_paths);
	if (spec->root_readonly)
		builder_step(b, STEP_ROOT_ATTR, "root.readonly")->root_attr.attr_set =
			MOUNT_ATTR_RDONLY;
}

static void plan_chroot(struct builder *b)
{
	uint32_t slot = PLAN_NO_SLOT;

	if (!has_mount_ns(b->in))
		(void)builder_slot(b, PLAN_FD_ROOTFS, "root.path", b->in->spec->root_path, "/",
				   &slot);
	builder_step(b, STEP_CHROOT, "root.path")->attach_root.slot = slot;
}

/*
 * Do: enter the root of a container that has no mount namespace; with one its root is ours already.
 * Must not yet: let go of the host's descriptors, of which the root is one.
 */
void root_plan_reenter(struct builder *b)
{
	uint32_t slot;

	if (has_mount_ns(b->in))
		return;
	(void)builder_slot(b, PLAN_FD_ROOT, "root.path", NULL, NULL, &slot);
	builder_step(b, STEP_CHROOT, "root.path")->attach_root.slot = slot;
}

/*
 * Do: put the container's /dev/null in place of the host's on the standard streams. What is open
 * outside of the container's mounts cannot be written to a checkpoint.
 * Must not before: nobody but us can have been in that /dev, a tmpfs of a new mount namespace.
 */
static void plan_null_stdio(struct builder *b)
{
	const struct spec *spec = b->in->spec;
	const struct spec_mount *dev = mounts_find(spec, "/dev");

	if (has_mount_ns(b->in) && !spec->ns[SPEC_NS_MOUNT].path && !spec->process.terminal &&
	    dev && !dev->bind && dev->type && strcmp(dev->type, "tmpfs") == 0)
		(void)builder_step(b, STEP_NULL_STDIO, "");
}

/*
 * Do: make the new root "/" and let go of the host's tree.
 * Must not before: every path of the host's and every write below read-only paths is done with.
 */
void root_plan_enter(struct builder *b)
{
	const struct spec *spec = b->in->spec;

	if (!has_mount_ns(b->in) || b->in->no_pivot)
		plan_chroot(b);
	else
		(void)builder_step(b, STEP_PIVOT, "root.path");
	if (root_propagation_is(spec, MS_SHARED) || root_propagation_is(spec, MS_UNBINDABLE))
		builder_step(b, STEP_ROOT_PROPAGATION, "linux.rootfsPropagation")
			->propagation.ms_flags = spec->rootfs_propagation;
	plan_null_stdio(b);
}
