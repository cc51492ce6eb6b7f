/* SPDX-License-Identifier: Apache-2.0 */
/* handover - opens what a plan's slots ask for, in the host's namespaces, for init to use. */
#ifndef CONTAINER_HANDOVER_H
#define CONTAINER_HANDOVER_H

#include "tinyrun/err.h"
#include "tinyrun/plan.h"
#include "tinyrun/spec.h"

struct handover {
	int *fds; /* one a slot; -1: not opened (yet) */
	size_t n;
};

#define HANDOVER_INIT ((struct handover){.fds = NULL})

struct handover_sources {
	int bundle_fd;  /* O_PATH, borrowed, as all here */
	int rootfs_fd;  /* O_PATH */
	int cgroup_fd;  /* -1: none */
	int process_fd; /* a pidfd of the container's process; -1: none is asked for */
	int state_fd;   /* where exec.sock is made; -1: no listener is asked for */
	int trace_fd;   /* -1: none */
};

/*
 * Opens every slot of @plan and writes the descriptors' numbers into it. @ret owns them until
 * handover_done(), also after a failure.
 */
int handover_open(struct plan *plan, const struct handover_sources *from, struct handover *ret,
		  struct err *e);
void handover_done(struct handover *h);

#endif
