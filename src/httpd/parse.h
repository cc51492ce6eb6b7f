/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse - the head of an HTTP/1 request: a pure function of bytes.
 *
 * The caller keeps the bytes of one request from its first byte on and gives all that have come so
 * far; struct parse remembers how far they were looked at. Any split gives the same answer. Nothing
 * is copied: what is of interest are slices into those bytes.
 */
#ifndef HTTPD_PARSE_H
#define HTTPD_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARSE_HEAD_MAX    16384 /* request line and fields together; more is 431 */
#define PARSE_TARGET_MAX  8000  /* more is 414; RFC 9112 section 3 asks for at least this */
#define PARSE_METHOD_MAX  32
#define PARSE_FIELDS_MAX  100
#define PARSE_BODY_MAX    65536 /* what a request may carry for us to throw away; more is 413 */
#define PARSE_NEWLINE_MAX 4     /* empty lines before a request that are forgiven */

enum parse_result {
	PARSE_MORE, /* no end of head yet */
	PARSE_DONE, /* a whole head: .status is 0 or an answer after which the connection may go on
		     */
	PARSE_BAD,  /* .status is the answer; where the next request starts is not known */
};

enum parse_method {
	METHOD_NONE,
	METHOD_GET,
	METHOD_HEAD,
	METHOD_OPTIONS,
	METHOD_CONNECT,
	METHOD_SEND,    /* POST, PUT, PATCH: 405, like the next */
	METHOD_OTHER,   /* known, but a file server has no use for it */
	METHOD_UNKNOWN, /* 501 */
};

/* The fields that matter to a file server; all others are checked and forgotten. */
enum parse_field {
	FIELD_HOST,
	FIELD_CONTENT_LENGTH,
	FIELD_TRANSFER_ENCODING,
	FIELD_CONNECTION,
	FIELD_EXPECT,
	FIELD_RANGE,
	FIELD_IF_RANGE,
	FIELD_IF_MATCH,
	FIELD_IF_NONE_MATCH,
	FIELD_IF_MODIFIED_SINCE,
	FIELD_IF_UNMODIFIED_SINCE,
	FIELD_ACCEPT,
	FIELD_ACCEPT_ENCODING,
	FIELD_ORIGIN,
	FIELD_REQUEST_METHOD, /* Access-Control-Request-Method */
	FIELD_USER_AGENT,
	FIELD_REFERER,
	FIELD_MAX,
};

/* What is less than the limits above, when somebody asked for less. */
struct parse_limits {
	uint32_t head, target, fields, body;
};

struct slice {
	uint16_t at, len;
};

struct parse {
	uint8_t state;
	uint8_t method; /* enum parse_method */
	uint8_t field;  /* enum parse_field of the line being read */
	uint8_t minor;  /* of HTTP/1.minor */
	uint8_t newlines;
	bool keep_alive; /* valid after PARSE_DONE */
	bool saw_close, saw_keep_alive;
	bool asterisk; /* the target was "*" */
	bool expects;  /* waits for what we say about its content */
	bool chunked;  /* the body's length is in the body */
	uint16_t status;
	uint16_t n_fields;
	uint32_t seen, repeated; /* bit for each enum parse_field */
	uint32_t pos;            /* bytes looked at; after PARSE_DONE the length of the head */
	uint32_t mark;           /* where the current element began */
	uint64_t content_length;
	const struct parse_limits *limits; /* as above; or the caller's, after parse_init() */
	struct slice line;                 /* the request line as it came, for the log */
	struct slice target;               /* as it came */
	struct slice path; /* of the target: path and query, without scheme and authority */
	struct slice value[FIELD_MAX];
};

void parse_init(struct parse *p);
/* @data are the first @len bytes of the request: what was given before and what is new. */
enum parse_result parse_feed(struct parse *p, const char *data, size_t len);

/*
 * The values of @field, one line after the other: @v is all 0 before the first. A field that is
 * a list may come in several lines (RFC 9110 section 5.3). False when there are no more.
 */
bool parse_next_value(const struct parse *p, const char *head, enum parse_field field,
		      struct slice *v);

static inline bool parse_has(const struct parse *p, enum parse_field field)
{
	return p->seen & (1u << field);
}

/* Something follows the head that belongs to the request. */
static inline bool parse_has_content(const struct parse *p)
{
	return p->content_length > 0 || p->chunked;
}

/* The field came exactly once. */
static inline bool parse_has_one(const struct parse *p, enum parse_field field)
{
	return (p->seen & ~p->repeated) & (1u << field);
}

#endif
