/* SPDX-License-Identifier: Apache-2.0 */
/* log - the access log, in Common Log Format on standard output, see the header. */
#include "httpd/log.h"

#include <arpa/inet.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "httpd/date.h"

#define REQUEST_MAX  1024 /* of the request line, escaped; the rest is cut off */
#define LOG_LINE_MAX (REQUEST_MAX + 256)

_Static_assert(LOG_LINE_MAX <= PIPE_BUF, "a line is written in one piece");

void log_init(struct log *log, bool on, int fd)
{
	log->on = on;
	log->fd = fd;
	log->len = 0;
	log->dropped = 0;
}

static void client_text(const struct in6_addr *client, char out[INET6_ADDRSTRLEN])
{
	if (IN6_IS_ADDR_V4MAPPED(client))
		inet_ntop(AF_INET, &client->s6_addr[12], out, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, client, out, INET6_ADDRSTRLEN);
}

/* What a client sent, so that it can end neither the quotes nor the line. */
static void request_text(const char *s, size_t len, char out[REQUEST_MAX])
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < len && n + 5 < REQUEST_MAX; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c > ' ' - 1 && c < 0x7f && c != '"' && c != '\\') {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	out[n] = 0;
}

void log_request(struct log *log, const struct in6_addr *client, const struct parse *p,
		 const char *head, int status, uint64_t bytes, int64_t now_sec)
{
	char address[INET6_ADDRSTRLEN], request[REQUEST_MAX] = "-";
	struct date_parts d;

	if (!log->on)
		return;
	if (log->len + LOG_LINE_MAX > LOG_SIZE)
		log_flush(log);
	client_text(client, address);
	if (p && p->line.len > 0)
		request_text(head + p->line.at, p->line.len, request);
	date_split(now_sec, &d);
	log->len +=
		(uint32_t)snprintf(log->data + log->len, LOG_SIZE - log->len,
				   "%s - - [%02d/%s/%04d:%02d:%02d:%02d +0000] \"%s\" %d %llu\n",
				   address, d.day, date_month_name(d.month), d.year, d.hour,
				   d.minute, d.second, request, status, (unsigned long long)bytes);
}

/* A pipe that is writable takes PIPE_BUF bytes without blocking, and in one piece. */
static bool write_piece(int fd, const char *data, size_t len)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && !(p.revents & (POLLERR | POLLHUP | POLLNVAL)) &&
	       write(fd, data, len) == (ssize_t)len;
}

static uint64_t count_lines(const char *data, size_t len)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += data[i] == '\n';
	return n;
}

void log_flush(struct log *log)
{
	uint32_t from = 0;

	while (from < log->len) {
		uint32_t n = log->len - from;
		const char *data = log->data + from;

		if (n > PIPE_BUF) {
			const char *end = memrchr(data, '\n', PIPE_BUF);

			n = (uint32_t)(end + 1 - data);
		}
		if (!write_piece(log->fd, data, n)) {
			log->dropped += count_lines(data, n);
		} else if (log->dropped > 0) {
			dprintf(STDERR_FILENO,
				"tinyhttpd: %llu lines of the access log were lost\n",
				(unsigned long long)log->dropped);
			log->dropped = 0;
		}
		from += n;
	}
	log->len = 0;
}
