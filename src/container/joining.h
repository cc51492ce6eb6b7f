/* SPDX-License-Identifier: Apache-2.0 */
/* joining - which namespaces may be joined. */
#ifndef CONTAINER_JOINING_H
#define CONTAINER_JOINING_H

#include "tinyrun/err.h"
#include "tinyrun/plan.h"

#include <stdbool.h>
#include <sys/types.h>

/* Refuses the namespace @fd, which @want asks for, where others would suffer from it. */
int joining_check(int fd, const struct plan_fd *want, struct err *e);

/* What its file in /proc/PID/ns is called. */
const char *joining_file(const struct plan_fd *want);

/* Whether the process @pid is in our user namespace: one cannot join the one that one is in. */
int joining_is_own_user(pid_t pid, bool *ret, struct err *e);

#endif
