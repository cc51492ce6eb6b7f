/* SPDX-License-Identifier: Apache-2.0 */
/* file - regular files below the root, opened so that nothing outside it can be reached. */
#ifndef HTTPD_FILE_H
#define HTTPD_FILE_H

#include "tinyrun/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What tells one version of a file from every other. */
struct file_version {
	uint64_t dev, ino, size;
	int64_t mtime_sec, ctime_sec;
	uint32_t mtime_nsec, ctime_nsec;
};

struct file_root {
	int fd;
	bool walk; /* the kernel has no openat2: walk component by component, without symlinks */
};

/* Opens the directory to serve and finds out what the kernel can do. */
int file_root_open(const char *path, struct file_root *ret, struct err *e);
/*
 * Opens the regular file @path below @root; of a path that is empty or ends with a slash, the
 * index.html in it. Returns 200 with *ret_fd (the caller's) and *ret_version, 301 when it is a
 * directory, or the status of a refusal.
 */
int file_open(const struct file_root *root, const char *path, int *ret_fd,
	      struct file_version *ret_version);
/* Reads exactly @size bytes from the beginning; false when they are not there. */
bool file_read(int fd, char *data, size_t size);

#endif
