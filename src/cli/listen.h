/* SPDX-License-Identifier: Apache-2.0 */
/* listen - a port of the host that is opened here and not published. */
#ifndef TINYRUN_CLI_LISTEN_H
#define TINYRUN_CLI_LISTEN_H

#include <stdbool.h>

#include "tinyrun/net.h"

/* Listening sockets were left open for this process: sd_listen_fds(3). */
bool listen_is_given(void);
/* The port of the first of them, as text. */
const char *listen_port(char out[8]);
/*
 * Listens on the host's side of @port, and executes this program again with the same words, where
 * listen_is_given(). Comes back only with an error.
 */
int listen_and_again(const struct net_port *port, struct err *e);

#endif
