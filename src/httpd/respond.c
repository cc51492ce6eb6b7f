/* SPDX-License-Identifier: Apache-2.0 */
/*
 * respond - from the head of a request to the head of its answer.
 *
 * First which status (choose.c and what the look-up said), then the bytes: a status line from
 * a table, the fields of that kind of answer, the body when it is small. Nothing that a client sent
 * is ever in a body of ours.
 */
#include "httpd/respond.h"

#include <limits.h>
#include <string.h>

#include "httpd/choose.h"
#include "httpd/target.h"

#define ALLOW "Allow: GET, HEAD, OPTIONS\r\n"

static const struct status_row {
	int status;
	const char *line, *text;
} statuses[] = {
#define STATUS(code, reason)                                                     \
	{                                                                        \
		code, "HTTP/1.1 " #code " " reason "\r\n", #code " " reason "\n" \
	}
	STATUS(200, "OK"),
	STATUS(204, "No Content"),
	STATUS(206, "Partial Content"),
	STATUS(301, "Moved Permanently"),
	STATUS(304, "Not Modified"),
	STATUS(400, "Bad Request"),
	STATUS(403, "Forbidden"),
	STATUS(404, "Not Found"),
	STATUS(405, "Method Not Allowed"),
	STATUS(408, "Request Timeout"),
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
};

static const struct status_row *row_of(int status)
{
	const size_t n = sizeof(statuses) / sizeof(*statuses);

	for (size_t i = 0; i < n; i++)
		if (statuses[i].status == status)
			return &statuses[i];
	return row_of(500);
}

/* One answer while it is written. */
struct answer {
	const struct respond_env *env;
	const struct parse *p;
	const char *head;
	struct output *out;
	struct reply *reply;
	bool head_only;
	uint64_t size; /* of the file, for 416 */
	char path[PARSE_TARGET_MAX + 1];
	size_t path_len;
};

static void put_start(struct answer *a)
{
	struct output *out = a->out;

	output_str(out, row_of(a->reply->status)->line);
	output_add(out, "Server: tinyhttpd\r\nDate: ", 25);
	output_add(out, a->env->date, DATE_LEN);
	output_add(out, "\r\n", 2);
	if (a->reply->close)
		output_str(out, "Connection: close\r\n");
	else if (a->p->minor == 0)
		output_str(out, "Connection: keep-alive\r\n");
}

static void put_length(struct output *out, uint64_t len)
{
	output_add(out, "Content-Length: ", 16);
	output_u64(out, len);
	output_add(out, "\r\n", 2);
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

static void put_content_range(struct output *out, const struct reply *r, uint64_t size)
{
	output_str(out, "Content-Range: bytes ");
	if (r->status == 416) {
		output_add(out, "*", 1);
	} else {
		output_u64(out, r->from);
		output_add(out, "-", 1);
		output_u64(out, r->to - 1);
	}
	output_add(out, "/", 1);
	output_u64(out, size);
	output_add(out, "\r\n", 2);
}

/* An answer whose body is its own name. */
static void put_text(struct answer *a)
{
	const char *text = row_of(a->reply->status)->text;
	struct output *out = a->out;

	put_start(a);
	if (a->reply->status == 405)
		output_str(out, ALLOW);
	if (a->reply->status == 301)
		put_location(a);
	if (a->reply->status == 416)
		put_content_range(out, a->reply, a->size);
	output_str(out, "Content-Type: text/plain; charset=utf-8\r\n"
			"X-Content-Type-Options: nosniff\r\n");
	put_length(out, strlen(text));
	output_add(out, "\r\n", 2);
	if (a->head_only)
		return;
	output_str(out, text);
	a->reply->body_len = strlen(text);
}

static void put_options(struct answer *a)
{
	a->reply->status = 204;
	put_start(a);
	output_str(a->out, ALLOW "\r\n");
}

static void put_validators(struct output *out, const struct cache_file *f)
{
	output_add(out, "ETag: ", 6);
	output_add(out, f->etag, CACHE_ETAG_LEN);
	output_add(out, "\r\nLast-Modified: ", 17);
	output_add(out, f->modified, DATE_LEN);
	output_add(out, "\r\n", 2);
}

/* 200 and 206: the body behind the head, or a promise to send it from the file. */
static void put_content(struct answer *a, struct cache_file *f)
{
	struct reply *r = a->reply;
	struct output *out = a->out;

	put_start(a);
	output_add(out, "Content-Type: ", 14);
	output_str(out, f->type);
	output_add(out, "\r\n", 2);
	put_validators(out, f);
	output_str(out, "Accept-Ranges: bytes\r\nX-Content-Type-Options: nosniff\r\n");
	if (r->status == 206)
		put_content_range(out, r, f->version.size);
	put_length(out, r->to - r->from);
	output_add(out, "\r\n", 2);
	if (a->head_only || r->to == r->from)
		return;
	r->body_len = r->to - r->from;
	if (f->body) {
		output_add(out, f->body + r->from, r->to - r->from);
		return;
	}
	r->file = f;
	f->refs++;
}

static void put_file(struct answer *a, struct cache_file *f)
{
	struct reply *r = a->reply;

	r->status = choose_status(a->p, a->head, f, a->env->now_sec, &r->from, &r->to);
	switch (r->status) {
	case 304:
		put_start(a);
		put_validators(a->out, f);
		output_add(a->out, "\r\n", 2);
		return;
	case 200:
	case 206:
		put_content(a, f);
		return;
	default:
		a->size = f->version.size;
		put_text(a);
	}
}

static void put_answer(struct answer *a)
{
	const struct parse *p = a->p;
	struct cache_file *f;
	int status = p->status;

	if (status == 0 && p->method == METHOD_OPTIONS) {
		put_options(a);
		return;
	}
	if (status == 0)
		status = target_to_path(a->head + p->path.at, p->path.len, a->path, &a->path_len);
	if (status == 0)
		status = cache_get(a->env->cache, a->path, a->path_len, a->env->now_ms,
				   a->env->now_sec, &f);
	a->reply->status = status;
	if (status != 200) {
		put_text(a);
		return;
	}
	put_file(a, f);
	cache_put(f);
}

void respond_to(const struct respond_env *env, const struct parse *p, const char *head, bool close,
		struct output *out, struct reply *ret)
{
	struct answer a __attribute__((uninitialized)); /* the path is 8 KB: do not clear it */

	*ret = (struct reply){.close = close || !p->keep_alive || p->expects};
	a.env = env;
	a.p = p;
	a.head = head;
	a.out = out;
	a.reply = ret;
	a.head_only = p->method == METHOD_HEAD;
	a.size = 0;
	put_answer(&a);
}

void respond_error(const struct respond_env *env, int status, struct output *out)
{
	struct parse p;
	struct reply reply;

	parse_init(&p);
	p.status = (uint16_t)status;
	respond_to(env, &p, "", true, out, &reply);
}
