/* SPDX-License-Identifier: Apache-2.0 */
/*
 * respond - from the head of a request to the head of its answer.
 *
 * Nothing is sent here: the answer goes into an output buffer, and what is to be sent from a file
 * behind it is said in struct reply.
 */
#ifndef HTTPD_RESPOND_H
#define HTTPD_RESPOND_H

#include "httpd/cache.h"
#include "httpd/output.h"
#include "httpd/parse.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The most that one answer takes of an output buffer: a small body, or a Location (a path of
 * PATH_MAX that is percent-encoded throughout, and the query), and the fixed fields.
 */
#define RESPOND_MAX (CACHE_BODY_MAX + 3 * 4096 + PARSE_TARGET_MAX + 1024)

/* What of the world an answer depends on. */
struct respond_env {
	struct cache *cache;
	uint64_t now_ms;         /* monotonic */
	int64_t now_sec;         /* real */
	char date[DATE_LEN + 1]; /* the same as text */
};

struct reply {
	int status;
	bool close;              /* the answer said so, or it ends with the connection */
	struct cache_file *file; /* a reference when [from, to) of it follows, else NULL */
	uint64_t from, to;
	uint64_t body_len; /* what the client gets in all, for the log */
};

/*
 * Answers the request @p, whose bytes are @head; @p ended in PARSE_DONE or PARSE_BAD. @close asks
 * for the connection to end with this answer. Needs RESPOND_MAX of room in @out.
 */
void respond_to(const struct respond_env *env, const struct parse *p, const char *head, bool close,
		struct output *out, struct reply *ret);
/* An error without a request: @status and the end of the connection. */
void respond_error(const struct respond_env *env, int status, struct output *out);

#endif
