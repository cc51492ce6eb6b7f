/* SPDX-License-Identifier: Apache-2.0 */
/* options - what the command line and the environment asked for. */
#ifndef HTTPD_OPTIONS_H
#define HTTPD_OPTIONS_H

#include "httpd/address.h"
#include "httpd/file.h"
#include "httpd/log.h"
#include "tinyrun/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define OPTIONS_LISTEN_MAX  16
#define OPTIONS_WORKERS_MAX 64
#define OPTIONS_LIST_MAX    16  /* of each option that may be repeated */
#define OPTIONS_FIELD_MAX   256 /* bytes of a value that goes into an answer */

enum options_result {
	OPTIONS_SERVE,
	OPTIONS_DONE, /* --help or --version was answered */
};

/* --cache-control PATTERN=VALUE, --error-page STATUS=PATH */
struct options_pair {
	char *key;
	const char *value;
	int number;
};

struct options_pairs {
	struct options_pair at[OPTIONS_LIST_MAX];
	unsigned n;
};

struct options_words {
	const char *at[OPTIONS_LIST_MAX];
	unsigned n;
};

struct options {
	const char *root;
	bool init; /* make the root when it is not there */
	struct address listen[OPTIONS_LISTEN_MAX];
	unsigned n_listen;     /* 0: inherited sockets, or port 8080 of every address */
	struct address status; /* .len is 0 without */
	unsigned workers;      /* 0: one a CPU, at most 8 */
	unsigned disk_threads; /* 0: one a CPU, 4 to 8 */
	bool change_user, no_sandbox;
	uid_t uid;
	gid_t gid;

	/* limits; 0 is no limit of our own */
	unsigned max_connections, max_per_client, max_requests;
	unsigned max_head, max_target, max_fields, max_body, cache_mib;
	unsigned header_timeout, body_timeout, idle_timeout, send_timeout, stop_timeout;

	enum log_format log;
	const char *log_file; /* NULL: standard output */

	/* what is served */
	struct options_words index, cors;
	struct options_pairs cache_control, error_pages;
	const char *fallback, *mime_types; /* NULL: /etc/mime.types, if it is there */
	bool listing, precompressed, dotfiles, no_symlinks, no_server;
};

/*
 * Returns enum options_result, or negative with @e filled. An option is also taken from the
 * environment, where --max-head is TINYHTTPD_MAX_HEAD; the command line goes first.
 */
int options_parse(int argc, char **argv, struct options *ret, struct err *e);
void options_done(struct options *o);

#endif
