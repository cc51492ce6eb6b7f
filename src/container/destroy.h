/* SPDX-License-Identifier: Apache-2.0 */
/* destroy - the one way in which what a container made is taken away again. */
#ifndef CONTAINER_DESTROY_H
#define CONTAINER_DESTROY_H

#include "container/state.h"
#include "tinyrun/cgroup.h"

/*
 * Ends what is left of its processes, removes its cgroup, runs the poststop hooks when it had a
 * process, removes its state. Works from what is written in @st alone, so it is the same for
 * `delete`, for a failed creation and for one that was killed at any point. Can be repeated.
 */
int destroy_container(const struct runtime *rt, int dir_fd, const struct state *st,
		      const struct cgroup_host *host, struct err *e);
/* A state directory without a record: the creation ended before it made anything. */
int destroy_remnant(const struct runtime *rt, const char *id, struct err *e);

#endif
