/* SPDX-License-Identifier: Apache-2.0 */
/* fd - owned file descriptors. -1 is the only closed one; all are close-on-exec from birth. */
#ifndef TINYRUN_FD_H
#define TINYRUN_FD_H

#include "tinyrun/err.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static inline void fd_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* what a failed close could say was asked of fsync before */
	*fd = -1;
}

static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void fd_free_(void *p)
{
	free(*(void **)p);
}

#define auto_fd   __attribute__((cleanup(fd_close)))
#define auto_free __attribute__((cleanup(fd_free_)))

/* Opens /dev/null on whichever of 0, 1, 2 are closed: the first thing that main() does. */
int fd_fill_stdio(struct err *e);
/* How many descriptors from 3 on are open without a gap: to be asked before anything is opened. */
unsigned fd_count_inherited(void);
/* Writes all of it, going on after short writes and EINTR. @what is for the message. */
int fd_write_all(int fd, const void *data, size_t len, const char *what, struct err *e);
/*
 * Reads to the end of file, at most @max bytes (more is -EFBIG). *ret_data is on the heap, the
 * caller's, and has a 0 byte behind *ret_len bytes.
 */
int fd_read_all(int fd, size_t max, const char *what, char **ret_data, size_t *ret_len,
		struct err *e);
/* One write(2) of a short text to a kernel file below @dir_fd (procfs, cgroupfs):
 * O_WRONLY|O_NOFOLLOW. */
int fd_put(int dir_fd, const char *name, const char *text, struct err *e);

#endif
