/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - stderr for people, --log for engines.
 *
 * Text or one JSON object a line with level, msg, time (RFC 3339). An error is said once, by cli/.
 *
 * An error goes to stderr and to the log. A warning goes to stderr, and to the log only when the
 * level is raised to LOG_INFO or more: some engines read the log as one single object. What is less
 * than a warning goes to the log, or to stderr when there is none.
 */
#ifndef TINYRUN_LOG_H
#define TINYRUN_LOG_H

#include "tinyrun/err.h"

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
/* A file, or a daemon: one datagram a line, by systemd's journal protocol or that of RFC 3164. */
enum log_place { LOG_FILE, LOG_JOURNAL, LOG_SYSLOG };

struct log_config {
	enum log_place place;
	const char *
		path; /* of the file or of the daemon's socket; NULL: stderr alone, its usual one */
	const char *ident;    /* who says it, to a daemon; printable ASCII without blanks. Kept */
	bool json;            /* a daemon gets text */
	enum log_level level; /* what is more than this is not written; default LOG_WARNING */
	const char
		*program; /* the word at the front on stderr; NULL: "tinyrun". Kept, not copied */
};

/*
 * Opens the file for appending, mode 0644, O_NOFOLLOW-free as engines pass FIFOs and files; or
 * connects to the daemon, which is never waited for later.
 */
int log_open(const struct log_config *config, struct err *e);
void log_close(void);
/* Writes the message in one write(2) a place; errno is left as it was. */
void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_debug(...)   log_at(LOG_DEBUG, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
/* The one line of a failure: "tinyrun: " and the chain on stderr, the same without it in the log.
 */
void log_err(const struct err *e);

#endif
