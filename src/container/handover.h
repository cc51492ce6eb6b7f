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
	/* The same places by name: where mounts have to be found again in another mount namespace,
	 * and for a cgroup that is not the container's own. NULL: not asked for */
	const char *bundle, *rootfs, *cgroup;
	int bundle_fd;     /* O_PATH, borrowed, as all here */
	int rootfs_fd;     /* O_PATH */
	bool loose_rootfs; /* it is mounted nowhere: taken itself, and not a clone of it */
	int cgroup_fd;     /* -1: none */
	int process_fd;    /* a pidfd of the container's process; -1: none is asked for */
	int state_fd;      /* where exec.sock is made; -1: no listener is asked for */
	int trace_fd;      /* -1: none */
};

/* Who opens what: mounts can be cloned only by who has rights over the mount namespace. */
enum handover_part { HANDOVER_ALL, HANDOVER_BUT_MOUNTS, HANDOVER_MOUNTS };

/*
 * Opens the slots of @plan and writes the descriptors' numbers into it. @ret owns them until
 * handover_done(), also after a failure; what is in it already (the other part) stays.
 */
int handover_open(struct plan *plan, const struct handover_sources *from, enum handover_part part,
		  struct handover *ret, struct err *e);
/*
 * In a mount namespace that is a copy of that of @from: finds the same directories in it, checks
 * that they are the same, and opens the mounts. For a process that will execute or end.
 */
int handover_open_copies(struct plan *plan, const struct handover_sources *from,
			 struct handover *ret, struct err *e);
/* One slot of the kind PLAN_FD_NAMESPACE, with all that is asked of it. */
int handover_open_namespace(const struct plan_fd *want, int *ret_fd, struct err *e);
void handover_done(struct handover *h);

#endif
