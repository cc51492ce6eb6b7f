/* SPDX-License-Identifier: Apache-2.0 */
/* rootless - what a caller without the host's privileges may do, and what to tell it otherwise. */
#ifndef CONTAINER_ROOTLESS_H
#define CONTAINER_ROOTLESS_H

#include "tinyrun/err.h"
#include "tinyrun/plan.h"
#include "tinyrun/spec.h"

#include <stdbool.h>

/* We are in a user namespace that is not the host's. */
bool rootless_in_user_ns(void);
/* @cap (CAP_*) is in our effective set, in whatever user namespace we are. */
bool rootless_has_cap(unsigned cap);
/*
 * The mounts that we see are not ours to clone: they belong to a user namespace in which we have no
 * rights. Then they are cloned in the container's own mount namespace, whose copies are.
 */
bool rootless_lacks_mounts(void);
/* Refuses by name what @spec asks for and an ordinary user cannot have. */
int rootless_check(const struct spec *spec, struct err *e);

#endif
