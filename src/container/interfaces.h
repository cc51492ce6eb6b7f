/* SPDX-License-Identifier: Apache-2.0 */
/* interfaces - what has passed a container's network interfaces, as JSON. */
#ifndef CONTAINER_INTERFACES_H
#define CONTAINER_INTERFACES_H

#include "container/state.h"

/* Appends an array, one object an interface in runc's words; empty when it has none of its own. */
int interfaces_report(const struct state *st, struct buf *out, struct err *e);
/* The same of the text of /proc/PID/net/dev, which may be NULL. */
void interfaces_print(const char *text, struct buf *out);

#endif
