/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container - containers of a busybox root file system, for tests that run as root: each test has
 * its own, made before it and removed behind it.
 */
#ifndef TESTS_INIT_CONTAINER_H
#define TESTS_INIT_CONTAINER_H

#include "harness.h"

#include <linux/sched.h>

#define CONTAINER (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET)

extern char output[16384]; /* of the last container */
extern char *root;         /* NULL: it could not be made, and the reason is printed */
extern struct draft d;

int container_setup(void **state);
int container_teardown(void **state);

#define need_rootfs()               \
	do {                        \
		skip_unless_root(); \
		if (root == NULL)   \
			skip();     \
	} while (0)

void draft_mount(const char *target, const char *fstype, const char *data, uint64_t flags);
void draft_device(const char *path, uint32_t minor);
/* The beginning: steps 0 and 1. Returns the clone, which the next two take. */
int draft_root(void);
void draft_pivot_and_shell(const char *script);
const char *run_container(int tree);
void fail_container(int tree, uint32_t step, int errnum, struct plan_msg *m);
bool exists(const char *name);
void link_in_root(const char *target, const char *name);

#define container_test(f) cmocka_unit_test_setup_teardown(f, container_setup, container_teardown)

#endif
