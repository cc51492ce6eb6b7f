/* SPDX-License-Identifier: Apache-2.0 */
/* members - the processes of a container that has no cgroup: those of its pid namespace. */
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

#endif
