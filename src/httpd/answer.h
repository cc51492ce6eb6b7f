/* SPDX-License-Identifier: Apache-2.0 */
/* answer - the bytes of an answer, once it is known what it is. Only respond.c has business here.
 */
#ifndef HTTPD_ANSWER_H
#define HTTPD_ANSWER_H

#include "httpd/encoding.h"
#include "httpd/respond.h"

/* Of a path below the root, with an index file's name behind it. */
#define ANSWER_PATH_MAX (PARSE_TARGET_MAX + OPTIONS_FIELD_MAX + 1)

/* One answer while it is found and written. */
struct answer {
	const struct respond_env *env;
	const struct parse *p;
	const char *head;
	struct output *out;
	struct reply *reply;
	bool head_only;
	const char *varies;       /* the field by which others could get another answer, or NULL */
	enum encoding encoding;   /* ENCODING_MAX: none */
	struct cache_file *file;  /* a reference: what was found */
	const char *type;         /* of .file, or of what it is a coding of */
	struct cache_file *plain; /* a reference, when .file is a coding of it */
	uint64_t size;            /* of what was found, for 416 */
	size_t path_len;
	char path[PARSE_TARGET_MAX + 1];
};

/* An answer whose body is its own name. */
void answer_text(struct answer *a);
/* The body is .file as a whole, whatever the status. */
void answer_page(struct answer *a);
/* .file by the request's conditions and ranges. Returns 0, or 412 or 416: nothing was written. */
int answer_file(struct answer *a);
/* To OPTIONS. */
void answer_options(struct answer *a);

#endif
