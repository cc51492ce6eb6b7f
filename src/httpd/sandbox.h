/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox - what the server gives up before it serves: files but for those it serves (Landlock),
 * system calls but for those it makes (seccomp).
 */
#ifndef HTTPD_SANDBOX_H
#define HTTPD_SANDBOX_H

#include "tinyrun/err.h"

#define SANDBOX_NONE 1

/* Descriptors of what stays reachable; -1 for what is not there. */
struct sandbox_paths {
	int root_fd;    /* to read */
	int log_dir_fd; /* to make and write files in */
	int mime_fd;    /* one file, to read */
};

/*
 * For the calling thread and those that it starts. Needs no_new_privs. Does nothing on a kernel
 * without Landlock.
 */
int sandbox_files(const struct sandbox_paths *paths, struct err *e);
/*
 * For all threads. Returns 0, or SANDBOX_NONE where the kernel has no seccomp or a filter around us
 * forbids another, and on a machine that there is no list for.
 */
int sandbox_calls(struct err *e);

#endif
