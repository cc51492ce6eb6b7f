/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - a line of the access log for each request.
 *
 * Lines are put together by hand, not by printf: this is done for every request. Each text of
 * a client's is cut at TEXT_MAX and escaped, so that it can end neither its quotes nor the line;
 * in JSON a byte that is not ASCII stands as the Latin-1 letter of its value.
 */
#include "httpd/log.h"

#include <arpa/inet.h>
#include <string.h>

#include "httpd/digits.h"
#include "httpd/scan.h"

#define TEXT_MAX 1024 /* bytes of a client's text; escaped at most six times as many */

struct line {
	char *at;
	bool json;
};

static void add(struct line *l, const char *s, size_t len)
{
	l->at = mempcpy(l->at, s, len);
}

static void add_str(struct line *l, const char *s)
{
	add(l, s, strlen(s));
}

static void add_u64(struct line *l, uint64_t value)
{
	l->at = digits_put(l->at, value);
}

/* What a client sent. */
static void add_text(struct line *l, const char *s, size_t len, size_t max)
{
	static const char hex[] = "0123456789abcdef";

	if (len > max)
		len = max;
	for (size_t i = 0; i < len; i++) {
		size_t plain = scan_plain(s, i, len);
		unsigned char c;

		add(l, s + i, plain - i);
		i = plain;
		if (i == len)
			return;
		c = (unsigned char)s[i];
		add_str(l, l->json ? "\\u00" : "\\x");
		*l->at++ = hex[c >> 4];
		*l->at++ = hex[c & 15];
	}
}

static void add_client(struct line *l, const struct in6_addr *client)
{
	char text[INET6_ADDRSTRLEN];

	if (!client) {
		add_str(l, l->json ? "unix:" : "unix");
		return;
	}
	if (!IN6_IS_ADDR_V4MAPPED(client)) {
		add_str(l, inet_ntop(AF_INET6, client, text, sizeof(text)));
		return;
	}
	for (int i = 12; i < 16; i++) { /* inet_ntop() has printf do it */
		add_u64(l, client->s6_addr[i]);
		*l->at++ = '.';
	}
	l->at--;
}

/* "06/Nov/1994:08:49:37 +0000", or RFC 3339 for JSON; made once a second. */
static void make_stamp(struct log *log, int64_t now_sec)
{
	bool json = log->format == LOG_JSON;
	struct date_parts d;
	char *s = log->stamp;

	if (log->stamp_sec == now_sec && s[0])
		return;
	log->stamp_sec = now_sec;
	date_split(now_sec, &d);
	memcpy(s, json ? "yyyy-mm-ddThh:mm:ssZ" : "dd/Mmm/yyyy:hh:mm:ss +0000", json ? 21 : 27);
	digits_put_n(s + (json ? 0 : 7), d.year, 4);
	digits_put_n(s + (json ? 8 : 0), d.day, 2);
	if (json)
		digits_put_n(s + 5, d.month, 2);
	else
		memcpy(s + 3, date_month_name(d.month), 3);
	digits_put_n(s + (json ? 11 : 12), d.hour, 2);
	digits_put_n(s + (json ? 14 : 15), d.minute, 2);
	digits_put_n(s + (json ? 17 : 18), d.second, 2);
}

static void add_field(struct line *l, const struct log_entry *e, enum parse_field field)
{
	struct slice v;

	if (!e->p || !parse_has(e->p, field)) {
		if (!l->json)
			*l->at++ = '-';
		return;
	}
	v = e->p->value[field];
	add_text(l, e->head + v.at, v.len, TEXT_MAX / 4);
}

static void add_request(struct line *l, const struct log_entry *e)
{
	if (e->p && e->p->line.len > 0)
		add_text(l, e->head + e->p->line.at, e->p->line.len, TEXT_MAX / 2);
	else
		*l->at++ = '-';
}

static void add_common(struct line *l, const struct log *log, const struct log_entry *e)
{
	add_client(l, e->client);
	add_str(l, " - - [");
	add_str(l, log->stamp);
	add_str(l, "] \"");
	add_request(l, e);
	add_str(l, "\" ");
	add_u64(l, (uint64_t)e->status);
	*l->at++ = ' ';
	add_u64(l, e->bytes);
	if (log->format != LOG_COMBINED)
		return;
	add_str(l, " \"");
	add_field(l, e, FIELD_REFERER);
	add_str(l, "\" \"");
	add_field(l, e, FIELD_USER_AGENT);
	*l->at++ = '"';
}

static void add_json(struct line *l, const struct log *log, const struct log_entry *e)
{
	add_str(l, "{\"time\":\"");
	add_str(l, log->stamp);
	add_str(l, "\",\"client\":\"");
	add_client(l, e->client);
	add_str(l, "\",\"request\":\"");
	add_request(l, e);
	add_str(l, "\",\"status\":");
	add_u64(l, (uint64_t)e->status);
	add_str(l, ",\"bytes\":");
	add_u64(l, e->bytes);
	add_str(l, ",\"referer\":\"");
	add_field(l, e, FIELD_REFERER);
	add_str(l, "\",\"user_agent\":\"");
	add_field(l, e, FIELD_USER_AGENT);
	add_str(l, "\"}");
}

void log_init(struct log *log, enum log_format format, struct log_queue *queue)
{
	*log = (struct log){.format = format, .queue = queue};
}

size_t log_format_line(struct log *log, const struct log_entry *entry, char *out)
{
	struct line l = {.at = out, .json = log->format == LOG_JSON};

	make_stamp(log, entry->now_sec);
	if (l.json)
		add_json(&l, log, entry);
	else
		add_common(&l, log, entry);
	*l.at++ = '\n';
	return (size_t)(l.at - out);
}

void log_request(struct log *log, const struct log_entry *entry)
{
	char line[LOG_LINE_MAX] __attribute__((uninitialized)); /* for every request */

	(void)log_queue_put(log->queue, line, log_format_line(log, entry, line));
}
