/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - a line of the access log for each request: Common, Combined or JSON.
 *
 * A worker writes its lines into its queue, from where the log's own thread takes them
 * (log_writer).
 */
#ifndef HTTPD_LOG_H
#define HTTPD_LOG_H

#include "httpd/date.h"
#include "httpd/log_queue.h"
#include "httpd/parse.h"

#include <netinet/in.h>
#include <stdint.h>

enum log_format { LOG_OFF, LOG_COMMON, LOG_COMBINED, LOG_JSON };

#define LOG_LINE_MAX 8192 /* whatever is in a request, a line of the log is shorter */

/* What a line says. */
struct log_entry {
	const struct in6_addr *client; /* NULL: it came through a unix socket */
	const struct parse *p;         /* NULL: an answer without a request */
	const char *head;
	int status;
	uint64_t bytes;
	int64_t now_sec;
};

struct log {
	enum log_format format;
	struct log_queue *queue;
	int64_t stamp_sec; /* of which .stamp is the text */
	char stamp[32];
};

void log_init(struct log *log, enum log_format format, struct log_queue *queue);
/* Unless .format is LOG_OFF: to ask that before costs less than the way here. */
void log_request(struct log *log, const struct log_entry *entry);
/* The line of @entry, with its end. Returns its length; @out has room for LOG_LINE_MAX. */
size_t log_format_line(struct log *log, const struct log_entry *entry, char *out);

#endif
