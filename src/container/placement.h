/* SPDX-License-Identifier: Apache-2.0 */
/* placement - which cgroup a new container gets. */
#ifndef CONTAINER_PLACEMENT_H
#define CONTAINER_PLACEMENT_H

#include "container/create.h"

/* Where it is to be, in @c; changes nothing. */
int placement_decide(struct creation *c, struct err *e);
/* Makes it, with @limits (NULL: none); what cannot be had without a cgroup is refused. */
int placement_make(struct creation *c, const struct limits *limits, struct err *e);
/*
 * The directory of the container's cgroup, or of all of them where it has none; NULL when the plan
 * does not ask for one. On the heap, the caller's.
 */
int placement_name(struct creation *c, char **ret, struct err *e);

#endif
