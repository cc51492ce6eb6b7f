/* SPDX-License-Identifier: Apache-2.0 */
/* netns - a network namespace that is made on another processor meanwhile. */
#ifndef CONTAINER_NETNS_H
#define CONTAINER_NETNS_H

#include "tinyrun/err.h"

#include <pthread.h>
#include <stdbool.h>

struct netns {
	pthread_t thread;
	bool begun;       /* the thread is there and not joined */
	int fd;           /* the namespace; -1: none */
	int errnum;       /* why not */
	const char *what; /* what failed */
};

#define NETNS_INIT ((struct netns){.fd = -1})

/* Begins to make one, with its loopback interface up. */
int netns_begin(struct netns *n, struct err *e);
/* Waits for it; *ret_fd is the caller's. */
int netns_take(struct netns *n, int *ret_fd, struct err *e);
/* Also after netns_take(), or without netns_begin(). */
void netns_done(struct netns *n);

#endif
