/* SPDX-License-Identifier: Apache-2.0 */
/* delegate - whether the container manages its own cgroup. */
#ifndef CONTAINER_DELEGATE_H
#define CONTAINER_DELEGATE_H

#include "tinyrun/err.h"
#include "tinyrun/spec.h"

#include <sys/types.h>

/* Gives the cgroup to the container's user where the configuration asks for that. */
int delegate_cgroup(const struct spec *spec, int cgroup_fd, struct err *e);
/* The part of the cgroup that an annotation wants the container's process in; NULL: none. */
const char *delegate_part(const struct spec *spec);
/* Makes that part and moves the process there. Does nothing where none is wanted. */
int delegate_enter(const struct spec *spec, int cgroup_fd, pid_t pid, struct err *e);

#endif
