/* SPDX-License-Identifier: Apache-2.0 */
/* affinity - the processors of an exec'd process: process.execCPUAffinity. */
#ifndef CONTAINER_AFFINITY_H
#define CONTAINER_AFFINITY_H

#include "tinyrun/err.h"

#include <sched.h>
#include <sys/types.h>

/* @list as "0-3,7"; refuses anything else, and an empty one, with @name in front. */
int affinity_parse(const char *list, const char *name, cpu_set_t *ret, struct err *e);
/* Sets it for @pid (0: ourselves and what we start); NULL or "" leaves it alone. */
int affinity_set(pid_t pid, const char *list, const char *name, struct err *e);

#endif
