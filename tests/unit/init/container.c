/* SPDX-License-Identifier: Apache-2.0 */
/* container - see container.h. */
#include "container.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

char output[16384];
char *root;
struct draft d;

int container_setup(void **state)
{
	(void)state;
	root = geteuid() == 0 ? rootfs_make() : NULL;
	return 0;
}

int container_teardown(void **state)
{
	(void)state;
	if (root != NULL)
		rootfs_remove(root);
	root = NULL;
	return 0;
}

void draft_mount(const char *target, const char *fstype, const char *data, uint64_t flags)
{
	struct plan_step *s = draft_step(&d, STEP_MOUNT);

	s->mount.target = draft_text(&d, target);
	s->mount.fstype = draft_text(&d, fstype);
	s->mount.source = draft_text(&d, fstype);
	s->mount.data = data != NULL ? draft_text(&d, data) : 0;
	s->mount.ms_flags = flags;
	s->mount.target_kind = PLAN_TARGET_DIR;
}

void draft_device(const char *path, uint32_t minor)
{
	struct plan_step *s = draft_step(&d, STEP_MKNOD);

	s->mknod.path = draft_text(&d, path);
	s->mknod.mode = S_IFCHR | 0666;
	s->mknod.major = 1;
	s->mknod.minor = minor;
}

int draft_root(void)
{
	int tree = rootfs_clone(root);

	draft_init(&d);
	draft_step(&d, STEP_PROPAGATION)->propagation.ms_flags = 1 << 14 | 1 << 19; /* rslave */
	draft_step(&d, STEP_ATTACH_ROOT)->attach_root.slot = draft_slot(&d, tree);
	return tree;
}

void draft_pivot_and_shell(const char *script)
{
	draft_step(&d, STEP_PIVOT);
	draft_shell(&d, script);
}

const char *run_container(int tree)
{
	run_to_end(&d, CONTAINER, output, sizeof(output));
	(void)close(tree);
	return output;
}

void fail_container(int tree, uint32_t step, int errnum, struct plan_msg *m)
{
	run_to_failure(&d, CONTAINER, step, errnum, m);
	(void)close(tree);
}

bool exists(const char *name)
{
	char path[512];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	return lstat(path, &st) == 0;
}

void link_in_root(const char *target, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_int_equal(symlink(target, path), 0);
}
