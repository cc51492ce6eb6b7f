/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_mount - a place of one's own in the real cgroup2 hierarchy, for tests that run as root.
 *
 * The hierarchy is mounted in a private mount namespace, where nobody else sees it; the tests work
 * in one directory of it with a name of its own. At the end nothing may be left in there.
 */
#ifndef TEST_MOUNT_H
#define TEST_MOUNT_H

#include "tinyrun/cgroup.h"

#include <stdbool.h>
#include <sys/types.h>

/* What cgroup_host_init() would find, with our own cgroup said to be in the tests' directory. */
extern struct cgroup_host test_host;

#define TEST_PATIENCE 20000 /* milliseconds: a slow machine is no failure */

/* cmocka's group fixtures; the set-up succeeds where there is nothing to mount, too. */
int test_mount_setup(void **state);
int test_mount_teardown(void **state);
/* Skips the test, saying why, when there is no hierarchy to work in. */
void test_need_mount(void);
/* Skips the test when @controller is not in the root's cgroup.controllers. */
void test_need_controller(const char *controller);
/* "/tinyrun-test-PID" and @rest behind it; good until the next but three calls. */
const char *test_path(const char *rest);
bool test_exists(const char *rest);
/* A process in the cgroup that waits to be killed; it has joined when this returns. */
pid_t test_sleeper(int cgroup_fd);
/* Runs @job in a process in the cgroup; its exit status, 128 and the signal when one ended it. */
int test_run_in(int cgroup_fd, int (*job)(void));
/* The text of a file of the cgroup, without the newline at its end; the same lifetime. */
const char *test_text(int cgroup_fd, const char *file);
/* cgroup_create() of what must succeed; both are below test_path(). */
int test_make(const char *rest, const char *top, const struct limits *limits);
/* cgroup_create() of what must fail, with @words in its message. */
void test_not_made(const char *rest, const char *top, const struct limits *limits,
		   const char *words);
/* Closes *@fd and removes its cgroup. */
void test_take_away(int *fd, const char *rest, const char *top);
/* Waits for the process; the signal that ended it, or 0. */
int test_ended_by(pid_t pid);

#endif
