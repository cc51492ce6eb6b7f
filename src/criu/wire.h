/* SPDX-License-Identifier: Apache-2.0 */
/* wire - the messages to and from CRIU as bytes. */
#ifndef CRIU_WIRE_H
#define CRIU_WIRE_H

#include "tinyrun/criu.h"

#include <stdbool.h>

#define WIRE_NOTIFY 6 /* criu_req_type */

/* criu_resp, as far as it is of interest. */
struct wire_reply {
	uint64_t type;
	bool success;
	pid_t pid;         /* of notify or restore; 0: none */
	int errnum;        /* 0: none */
	char script[64];   /* of notify; "" */
	char message[256]; /* "" */
};

/* criu_req with @opts, which may be NULL. */
void wire_request(struct buf *out, enum criu_action action, const struct buf *opts);
/* criu_req that answers a notification. */
void wire_answer(struct buf *out, bool success);
/* False when @data is no criu_resp. */
bool wire_read_reply(const void *data, size_t len, struct wire_reply *ret);

#endif
