/* SPDX-License-Identifier: Apache-2.0 */
/* newidmap - has newuidmap(1) or newgidmap(1) write a map that the caller may not. */
#ifndef CONTAINER_NEWIDMAP_H
#define CONTAINER_NEWIDMAP_H

#include "tinyrun/err.h"
#include "tinyrun/spec.h"

#include <sys/types.h>

enum newidmap { NEWUIDMAP, NEWGIDMAP };

/* For the child @pid in its new user namespace; what the program says is in the error. */
int newidmap_write(enum newidmap which, pid_t pid, const struct spec_id_maps *map, struct err *e);

#endif
