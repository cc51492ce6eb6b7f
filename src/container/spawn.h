/* SPDX-License-Identifier: Apache-2.0 */
/* spawn - starts tinyrun-init with a plan, in its namespaces and its cgroup. */
#ifndef CONTAINER_SPAWN_H
#define CONTAINER_SPAWN_H

#include "container/handover.h"
#include "tinyrun/err.h"
#include "tinyrun/plan.h"
#include "tinyrun/spec.h"

#include <sys/types.h>

struct spawn {
	struct plan *plan; /* its slots are filled */
	struct handover *handover;
	/* What is left to open by the child in its own mount namespace; NULL: nothing */
	const struct handover_sources *mounts;
	const struct spec *spec; /* id maps, oom_score_adj */
	int cgroup_fd;           /* -1: our own */
	unsigned preserve_fds;
};

struct spawned {
	pid_t pid;
	int pidfd;
	int channel; /* our end */
};

/* How the child ends where it could not become init; of its errno one bit is wanted. */
enum { SPAWN_EXIT_MEMORY = 125, SPAWN_EXIT_USER = 126, SPAWN_EXIT_DENIED = 127 };

#define SPAWNED_INIT ((struct spawned){.pidfd = -1, .channel = -1})

/*
 * Init runs when this returns 0. After a failure nothing of it is left. The pid is our child until
 * it is reaped, so it cannot be somebody else's.
 */
int spawn_init(const struct spawn *s, struct spawned *ret, struct err *e);
/* Kills what is left of it, reaps it, closes the descriptors. */
void spawned_end(struct spawned *s);
/* Reaps it; *ret_status as waitpid(2) has it. */
int spawned_wait(const struct spawned *s, int *ret_status, struct err *e);
/* Sets oom_score_adj of the process when the configuration has one. */
int spawn_set_oom_score(pid_t pid, const struct spec *spec, struct err *e);

#endif
