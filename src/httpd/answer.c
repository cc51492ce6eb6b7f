/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer - the bytes of an answer: a status line from a table, the fields of that kind of answer,
 * the body when it is small. Nothing that a client sent is ever in a body of ours.
 */
#include "httpd/answer.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/choose.h"
#include "httpd/digits.h"
#include "httpd/target.h"

#define STATUS_LINE_MAX 48

#define ALLOW "Allow: GET, HEAD, OPTIONS\r\n"

static const struct status_row {
	int status;
	uint16_t line_len;
	char line[STATUS_LINE_MAX];
	const char *text;
} statuses[] = {
#define LINE(code, reason) "HTTP/1.1 " #code " " reason "\r\n"
#define STATUS(code, reason)                                                                    \
	{                                                                                       \
		code, sizeof(LINE(code, reason)) - 1, LINE(code, reason), #code " " reason "\n" \
	}
	STATUS(200, "OK"), /* the usual ones first */
	STATUS(206, "Partial Content"),
	STATUS(304, "Not Modified"),
	STATUS(204, "No Content"),
	STATUS(301, "Moved Permanently"),
	STATUS(400, "Bad Request"),
	STATUS(403, "Forbidden"),
	STATUS(404, "Not Found"),
	STATUS(405, "Method Not Allowed"),
	STATUS(408, "Request Timeout"),
	STATUS(411, "Length Required"),
	STATUS(412, "Precondition Failed"),
	STATUS(413, "Content Too Large"),
	STATUS(414, "URI Too Long"),
	STATUS(416, "Range Not Satisfiable"),
	STATUS(417, "Expectation Failed"),
	STATUS(431, "Request Header Fields Too Large"),
	STATUS(500, "Internal Server Error"),
	STATUS(501, "Not Implemented"),
	STATUS(503, "Service Unavailable"),
	STATUS(505, "HTTP Version Not Supported"),
#undef STATUS
#undef LINE
};

static const struct status_row *row_of(int status)
{
	const size_t n = sizeof(statuses) / sizeof(*statuses);

	for (size_t i = 0; i < n; i++)
		if (statuses[i].status == status)
			return &statuses[i];
	return row_of(500);
}

static void put_field(struct output *out, const char *name, const char *value)
{
	output_str(out, name);
	output_str(out, value);
	output_add(out, "\r\n", 2);
}

/* Which of the allowed origins the request's is; NULL when it is none. */
static const char *origin_of(const struct answer *a)
{
	const struct options_words *cors = &a->env->options->cors;
	struct slice v = a->p->value[FIELD_ORIGIN];

	for (unsigned i = 0; i < cors->n; i++) {
		if (strcmp(cors->at[i], "*") == 0)
			return "*";
		if (parse_has_one(a->p, FIELD_ORIGIN) && strlen(cors->at[i]) == v.len &&
		    memcmp(a->head + v.at, cors->at[i], v.len) == 0)
			return cors->at[i];
	}
	return NULL;
}

/* Access-Control-Allow-Origin, and what the answer depends on. */
static void put_sharing(struct answer *a)
{
	const struct options *o = a->env->options;
	const char *origin;
	bool by_origin;

	if (o->cors.n == 0 && !a->varies)
		return;
	origin = origin_of(a);
	by_origin = o->cors.n > 0 && (!origin || strcmp(origin, "*") != 0);
	if (by_origin)
		output_str(a->out, a->varies ? "Vary: Origin, " : "Vary: Origin\r\n");
	else if (a->varies)
		output_add(a->out, "Vary: ", 6);
	if (a->varies)
		put_field(a->out, "", a->varies);
	if (!origin)
		return;
	put_field(a->out, "Access-Control-Allow-Origin: ", origin);
	if (a->p->method != METHOD_OPTIONS)
		output_str(a->out, "Access-Control-Expose-Headers: "
				   "Accept-Ranges, Content-Range, ETag\r\n");
}

static void put_start(struct answer *a)
{
	const struct status_row *row = row_of(a->reply->status);
	struct output *out = a->out;

	output_add_of(out, row->line, row->line_len, sizeof(row->line));
	output_add_of(out, a->env->start, a->env->start_len, sizeof(a->env->start));
	if (a->reply->close)
		output_str(out, "Connection: close\r\n");
	else if (a->p->minor == 0)
		output_str(out, "Connection: keep-alive\r\n");
	put_sharing(a);
}

/* The last field, and the empty line. */
static void put_length(struct output *out, uint64_t len)
{
	output_str(out, "Content-Length: ");
	output_u64(out, len);
	output_str(out, "\r\n\r\n");
}

static void put_location(struct answer *a)
{
	struct slice target = a->p->path;
	const char *t = a->head + target.at;
	size_t query = target_query(t, target.len);
	struct output *out = a->out;

	output_str(out, "Location: /");
	out->len += (uint32_t)target_encode(a->path, a->path_len, out->data + out->len);
	output_add(out, "/", 1);
	output_add(out, t + query, target.len - query);
	output_str(out, "\r\n");
}

/* @r is NULL for 416. */
static void put_content_range(struct output *out, const struct range *r, uint64_t size)
{
	static const char name[] = "Content-Range: bytes ";
	char *at = mempcpy(output_at(out, sizeof(name) + 3 * (DIGITS_MAX + 2)), name, strlen(name));

	if (!r) {
		*at++ = '*';
	} else {
		at = digits_put(at, r->from);
		*at++ = '-';
		at = digits_put(at, r->to - 1);
	}
	*at++ = '/';
	at = digits_put(at, size);
	output_end(out, mempcpy(at, "\r\n", 2));
}

/* Fields that a status wants beside its body. */
static void put_status_fields(struct answer *a)
{
	if (a->reply->status == 405)
		output_str(a->out, ALLOW);
	if (a->reply->status == 301)
		put_location(a);
	if (a->reply->status == 503)
		output_str(a->out, "Retry-After: 1\r\n");
	if (a->reply->status == 416)
		put_content_range(a->out, NULL, a->size);
}

void answer_text(struct answer *a)
{
	const char *text = row_of(a->reply->status)->text;
	struct output *out = a->out;

	put_start(a);
	put_status_fields(a);
	output_str(out, "Content-Type: text/plain; charset=utf-8\r\n"
			"X-Content-Type-Options: nosniff\r\n");
	put_length(out, strlen(text));
	if (a->head_only)
		return;
	output_str(out, text);
	a->reply->body_len = strlen(text);
}

void answer_options(struct answer *a)
{
	a->reply->status = 204;
	put_start(a);
	if (parse_has(a->p, FIELD_REQUEST_METHOD) && origin_of(a))
		output_str(a->out, "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"
				   "Access-Control-Allow-Headers: Range, If-Range, If-Match, "
				   "If-None-Match, If-Modified-Since, If-Unmodified-Since\r\n"
				   "Access-Control-Max-Age: 86400\r\n");
	output_str(a->out, ALLOW "\r\n");
}

/* What follows is the file's. */
static void lend(struct answer *a)
{
	a->reply->file = a->file;
	a->reply->data = a->file->body;
	a->file->refs++;
}

/* [from, to) of the file: here when it is short, else as a promise. */
static void put_body(struct answer *a, uint64_t from, uint64_t to)
{
	struct reply *r = a->reply;

	if (a->head_only || to == from)
		return;
	r->body_len = to - from;
	r->body_at = a->out->len;
	if (a->file->body && to - from <= CACHE_COPY_MAX) {
		output_add(a->out, a->file->body + from, to - from);
		return;
	}
	lend(a);
	r->from = from;
	r->to = to;
}

static void put_type(struct answer *a)
{
	put_field(a->out, "Content-Type: ", a->type);
}

void answer_page(struct answer *a)
{
	put_start(a);
	put_status_fields(a);
	put_type(a);
	output_str(a->out, "X-Content-Type-Options: nosniff\r\n");
	put_length(a->out, a->file->version.size);
	put_body(a, 0, a->file->version.size);
}

/* The first rule whose pattern fits the path of what is sent, a coding of it or not. */
static void put_cache_control(struct answer *a)
{
	const struct options_pairs *rules = &a->env->options->cache_control;
	char path[ANSWER_PATH_MAX + 1] __attribute__((uninitialized));

	path[0] = '/';
	(void)cache_file_path(a->env->cache, a->plain ? a->plain : a->file, path + 1);
	for (unsigned i = 0; i < rules->n; i++) {
		if (fnmatch(rules->at[i].key, path, 0) != 0)
			continue;
		put_field(a->out, "Cache-Control: ", rules->at[i].value);
		return;
	}
}

/* What comes before the fields that are the file's own. */
static void put_file_start(struct answer *a)
{
	put_start(a);
	if (a->env->options->cache_control.n > 0)
		put_cache_control(a);
	if (a->encoding != ENCODING_MAX && a->reply->status != 304)
		put_field(a->out, "Content-Encoding: ", encoding_name(a->encoding));
}

/* Of the file all but the length: of what is a coding, the type is that of the file it is of. */
static void put_file_fields(struct answer *a)
{
	const struct cache_file *f = a->file;

	output_add(a->out, f->head, a->plain ? f->untyped_len : f->fields_len);
	if (a->plain)
		put_type(a);
}

static void put_not_modified(struct answer *a)
{
	if (a->file->head_len > 0) {
		put_file_start(a);
		output_add(a->out, a->file->head, a->file->validators_len);
	} else {
		put_start(a);
	}
	output_add(a->out, "\r\n", 2);
}

/*
 * The output is the start of an answer with the whole file and nothing else: moves it to where the
 * rest stands, so that all of it is one piece. False when others may be reading there.
 */
static bool put_before(struct answer *a)
{
	struct cache_file *f = a->file;
	struct reply *r = a->reply;
	uint32_t len = a->out->len;

	if (!f->has_room || len > CACHE_ROOM || a->head_only || !cache_is_mine(f))
		return false;
	memcpy(f->head - len, a->out->data, len);
	a->out->len = 0;
	lend(a);
	r->data = f->head - len;
	r->body_at = len + f->head_len;
	r->to = r->body_at + f->version.size;
	r->body_len = f->version.size;
	return true;
}

/* All that is ready, when it fits. */
static void put_whole(struct answer *a)
{
	uint64_t size = a->file->version.size;
	bool is_first = a->out->len == 0;

	put_file_start(a);
	if (a->plain) {
		put_file_fields(a);
		put_length(a->out, size);
	} else if (is_first && put_before(a)) {
		return;
	} else if (a->file->body && size <= CACHE_COPY_MAX && !a->head_only) {
		output_add(a->out, a->file->head, a->file->head_len + size);
		a->reply->body_len = size;
		return;
	} else {
		output_add(a->out, a->file->head, a->file->head_len);
	}
	put_body(a, 0, size);
}

static void put_one(struct answer *a, const struct range *r)
{
	put_file_start(a);
	put_file_fields(a);
	put_content_range(a->out, r, a->file->version.size);
	put_length(a->out, r->to - r->from);
	put_body(a, r->from, r->to);
}

/* Several ranges: the first part's head goes with ours. */
static void put_parts(struct answer *a, const struct range *ranges, unsigned n)
{
	struct reply *r = a->reply;
	struct range first;

	r->parts = parts_new(ranges, n, a->file->version.size, a->type, a->env->boundary);
	if (!r->parts) {
		r->status = 503;
		answer_text(a);
		return;
	}
	put_file_start(a);
	output_add(a->out, a->file->head, a->file->untyped_len);
	put_field(a->out, "Content-Type: multipart/byteranges; boundary=", a->env->boundary);
	r->body_len = parts_length(r->parts);
	put_length(a->out, r->body_len);
	r->body_at = a->out->len;
	(void)parts_next(r->parts, a->out, &first); /* there are two at least */
	lend(a);
	r->from = first.from;
	r->to = first.to;
}

int answer_file(struct answer *a)
{
	struct range ranges[RANGE_MAX] __attribute__((uninitialized));
	unsigned n;

	a->reply->status = choose_status(a->p, a->head, a->file, a->env->time.now_sec, ranges, &n);
	switch (a->reply->status) {
	case 304:
		put_not_modified(a);
		return 0;
	case 200:
		if (a->file->head_len > 0)
			put_whole(a);
		else
			answer_page(a);
		return 0;
	case 206:
		if (n == 1)
			put_one(a, &ranges[0]);
		else
			put_parts(a, ranges, n);
		return 0;
	default:
		return a->reply->status;
	}
}
