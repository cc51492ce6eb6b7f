/* SPDX-License-Identifier: Apache-2.0 */
/*
 * respond - from the head of a request to the head of its answer.
 *
 * Nothing is sent here, and nothing waits for the disk: the answer goes into an output buffer, what
 * is to be sent from a file behind it is said in struct reply, and what has to be looked up first
 * is a job in there.
 */
#ifndef HTTPD_RESPOND_H
#define HTTPD_RESPOND_H

#include "httpd/cache.h"
#include "httpd/disk.h"
#include "httpd/options.h"
#include "httpd/output.h"
#include "httpd/parse.h"
#include "httpd/parts.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The most that one answer takes of an output buffer: a small body, a Location (a path of PATH_MAX
 * that is percent-encoded throughout, and the query), the fields of the options, the fixed ones.
 */
#define RESPOND_MAX (CACHE_COPY_MAX + 3 * 4096 + PARSE_TARGET_MAX + 2 * OPTIONS_FIELD_MAX + 2048)

#define RESPOND_START_MAX 64

/* What of the world an answer depends on. */
struct respond_env {
	const struct options *options;
	const struct file_root *root;
	struct cache *cache;
	struct cache_time time;
	uint16_t start_len;
	char start[RESPOND_START_MAX]; /* the fields that all answers of this second begin with */
	char boundary[PARTS_BOUNDARY_LEN + 1];
	bool is_status; /* the request came to the status listener */
	bool give_up;   /* no job: 503 for what would need one */
	void (*write_metrics)(void *arg, struct buf *out);
	void *arg;
};

struct reply {
	int status;
	bool close;              /* the answer said so, or it ends with the connection */
	struct cache_file *file; /* a reference when [from, to) of it follows, else NULL */
	const char *data;        /* where that is counted from; NULL: the file's descriptor */
	uint64_t from, to;
	struct parts *parts;  /* the caller's: more pieces of the file, see parts_next() */
	uint64_t body_len;    /* what the client is to get in all, for the log */
	uint32_t body_at;     /* where in all of that it begins, if anything follows the output */
	struct disk_job *job; /* the caller's: to be done, and then the same again */
};

/*
 * Answers the request @p, whose bytes are @head; @p ended in PARSE_DONE or PARSE_BAD. @close asks
 * for the connection to end with this answer. Needs RESPOND_MAX of room in @out. False when there
 * is a job to be done first, and nothing was written.
 */
bool respond_to(const struct respond_env *env, const struct parse *p, const char *head, bool close,
		struct output *out, struct reply *ret);
/* Writes .start of @env, which is the same until .time is another second. */
void respond_start(struct respond_env *env);
/* An error without a request: @status and the end of the connection. */
void respond_error(const struct respond_env *env, int status, struct output *out);

#endif
