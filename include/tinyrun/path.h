/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path - the one resolver. A path is (directory descriptor, relative string), looked up once with
 * openat2(2); afterwards only the descriptor is used.
 */
#ifndef TINYRUN_PATH_H
#define TINYRUN_PATH_H

#include "tinyrun/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A path of the host's, given by the caller of the command: followed as the shell would. */
int path_open(int dir_fd, const char *path, int flags, int *ret_fd, struct err *e);
/* Our own state: RESOLVE_BENEATH, no symlinks, no magic links. */
int path_open_beneath(int dir_fd, const char *path, int flags, mode_t mode, int *ret_fd,
		      struct err *e);
/* Inside a rootfs: RESOLVE_IN_ROOT, no magic links. */
int path_open_in(int root_fd, const char *path, int flags, int *ret_fd, struct err *e);
/* A detached clone of the mount at @path (recursive when @recursive); open_tree(2). */
int path_open_tree(int dir_fd, const char *path, bool recursive, int *ret_fd, struct err *e);
/* Inside a rootfs: makes @path, a directory or an empty file, and the directories above it. */
int path_make_in(int root_fd, const char *path, bool directory, struct err *e);
/* Makes @path and what is missing above it, mode @mode, and opens it O_PATH|O_DIRECTORY. */
int path_make_dirs(const char *path, mode_t mode, int *ret_fd, struct err *e);
/* Absolute path of an open descriptor, as the kernel says it (on the heap, the caller's). */
int path_of_fd(int fd, char **ret_path, struct err *e);
/* The first half of path_replace(): the temporary file, complete. The second one shows it. */
int path_stage(int dir_fd, const char *name, const void *data, size_t len, mode_t mode, bool sync,
	       struct err *e);
int path_publish(int dir_fd, const char *name, bool sync, struct err *e);
/* Makes @name in @dir_fd hold @data all or nothing: temporary file, fsync when @sync, rename. */
int path_replace(int dir_fd, const char *name, const void *data, size_t len, mode_t mode, bool sync,
		 struct err *e);
/* Removes what a writer of @name that was killed has left; nobody may be writing it now. */
void path_unstage(int dir_fd, const char *name);
/*
 * Removes @name (one component) and everything below it; absent is success. Never follows a symlink
 * and never enters another mount; more than 64 directories deep is an error.
 */
int path_remove_tree(int dir_fd, const char *name, struct err *e);
/* For `..` and empty components, absolute paths: true when @path stays below where it starts. */
bool path_is_beneath(const char *path);

#endif
