/* SPDX-License-Identifier: Apache-2.0 */
/* sync - the host's side of the channel to init; plan_format.h has the conversation. */
#ifndef CONTAINER_SYNC_H
#define CONTAINER_SYNC_H

#include "tinyrun/err.h"
#include "tinyrun/plan_format.h"

#define SYNC_E_END 1 /* end of file: init has executed the program, or died */

/*
 * Receives one message; *ret_fd is the descriptor that came with it, or -1; the caller's. Returns
 * 0, SYNC_E_END, or negative.
 */
int sync_receive(int channel, struct plan_msg *ret, int *ret_fd, struct err *e);
int sync_go(int channel, struct err *e);
/* One message with @fd beside it, on a connected stream socket: how engines get a terminal. */
int sync_send_fd(int socket_fd, const char *text, int fd, struct err *e);
/* Connects to the listening stream socket at @path. */
int sync_connect(const char *path, int *ret_fd, struct err *e);

#endif
