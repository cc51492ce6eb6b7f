/* SPDX-License-Identifier: Apache-2.0 */
/* members - the processes of a container: of its cgroup, or without one of its pid namespace. */
#ifndef CONTAINER_MEMBERS_H
#define CONTAINER_MEMBERS_H

#include "container/state.h"
#include "tinyrun/err.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * Their pids here, sorted; on the heap, the caller's. Without a pid namespace of its own nothing
 * tells a container's processes from others: then it is an error.
 */
int members_list(const struct state *st, pid_t **ret, size_t *ret_n, struct err *e);
/* The same of its cgroup and of all below, when it has one. */
int members_of(int dir_fd, const struct state *st, const struct cgroup_host *host, pid_t **ret,
	       size_t *ret_n, struct err *e);

#endif
