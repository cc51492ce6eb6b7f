/* SPDX-License-Identifier: Apache-2.0 */
/* scope - a container whose cgroup is a scope of systemd: deciding, making, changing, ending it. */
#ifndef CONTAINER_SCOPE_H
#define CONTAINER_SCOPE_H

#include "container/create.h"
#include "container/state.h"

/* Its name and the slice, in c->scope. Changes nothing. */
int scope_decide(struct creation *c, struct err *e);
/* What systemd will be told of it, in c->properties; after c->state is filled. */
int scope_list(struct creation *c, struct err *e);
/*
 * Has systemd make it, and makes the container's part of it; c->keeper is in there until
 * systemd_keeper_end(). c->cgroup_path and those of c->state are known from here on.
 */
int scope_make(struct creation *c, const struct limits *limits, struct err *e);
/* Tells systemd of other limits; success where the container has no scope. */
int scope_update(const struct state *st, const struct limits *limits, struct err *e);
/* Ends the scope of a container; success where it has none. */
int scope_end(const struct state *st, struct err *e);

#endif
