/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network - the container's network, when one is asked for: by options of the command or by
 * annotations. Without either, nothing here does anything.
 */
#ifndef CONTAINER_NETWORK_H
#define CONTAINER_NETWORK_H

#include "container/create.h"

/* What is asked, and with it the network namespace of the spec. Changes nothing on the host. */
int network_decide(struct creation *c, struct err *e);
/* Takes the lease and puts the record into c->state: the intent. The state directory is claimed. */
int network_prepare(struct creation *c, struct err *e);
/* Files that are bound into the container, in the state directory. */
int network_write_names(struct creation *c, struct err *e);
/*
 * Makes the network in the namespace of c->init, once that has one of its own: before its program
 * runs and before hooks see it. Once done, it does nothing.
 */
int network_attach(struct creation *c, struct err *e);
/* It has been made, or none is asked for. */
bool network_is_ready(const struct creation *c);
/* Interfaces of the host's that linux.netDevices names go to the container. */
int network_move_devices(struct creation *c, struct err *e);
/* What @st says was made is taken away. */
int network_detach(const struct runtime *rt, const struct state *st, struct err *e);

#endif
