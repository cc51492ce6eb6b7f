/* SPDX-License-Identifier: Apache-2.0 */
/* loopback - brings up the loopback interface of a network namespace from outside. */
#ifndef CONTAINER_LOOPBACK_H
#define CONTAINER_LOOPBACK_H

#include "tinyrun/err.h"

#include <stdbool.h>

/*
 * Have we what it takes: the capabilities to enter a namespace of a process that hides itself, and
 * to come back?
 */
bool loopback_is_allowed(void);
/*
 * In the network namespace of the process that @pidfd stands for. We are in our own again when this
 * returns.
 */
int loopback_up(int pidfd, struct err *e);

#endif
