/* SPDX-License-Identifier: Apache-2.0 */
/* delegate - whether the container manages its own cgroup. */
#ifndef CONTAINER_DELEGATE_H
#define CONTAINER_DELEGATE_H

#include "tinyrun/err.h"
#include "tinyrun/spec.h"

/* Gives the cgroup to the container's user where the configuration asks for that. */
int delegate_cgroup(const struct spec *spec, int cgroup_fd, struct err *e);

#endif
