/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the access log, and the queue to its thread. */
#include "httpd/log.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                          \
	"GET /a\"b HTTP/1.1\r\nHost: a\r\nReferer: http://x/\"\\\r\n" \
	"User-Agent: \xc3\xa4gent\r\n\r\n"

static void line_of(enum log_format format, const char *head, char *out)
{
	struct in6_addr client;
	struct parse p;
	struct log_entry entry = {
		.client = &client,
		.p = &p,
		.head = head,
		.status = 200,
		.bytes = 12345678901,
		.now_sec = 784111777,
	};
	struct log log;

	assert_int_equal(inet_pton(AF_INET6, "::ffff:10.0.0.1", &client), 1);
	parse_init(&p);
	assert_int_not_equal(parse_feed(&p, head, strlen(head)), PARSE_MORE);
	log_init(&log, format, NULL);
	out[log_format_line(&log, &entry, out)] = 0;
}

static void test_log_lines_have_the_form_that_tools_know(void **state)
{
	char line[LOG_LINE_MAX + 1];

	(void)state;
	line_of(LOG_COMMON, HEAD, line);
	assert_string_equal(line, "10.0.0.1 - - [06/Nov/1994:08:49:37 +0000] "
				  "\"GET /a\\x22b HTTP/1.1\" 200 12345678901\n");
	line_of(LOG_COMBINED, HEAD, line);
	assert_string_equal(line, "10.0.0.1 - - [06/Nov/1994:08:49:37 +0000] "
				  "\"GET /a\\x22b HTTP/1.1\" 200 12345678901 "
				  "\"http://x/\\x22\\x5c\" \"\\xc3\\xa4gent\"\n");
	line_of(LOG_JSON, HEAD, line);
	assert_string_equal(line, "{\"time\":\"1994-11-06T08:49:37Z\",\"client\":\"10.0.0.1\","
				  "\"request\":\"GET /a\\u0022b HTTP/1.1\",\"status\":200,"
				  "\"bytes\":12345678901,\"referer\":\"http://x/\\u0022\\u005c\","
				  "\"user_agent\":\"\\u00c3\\u00a4gent\"}\n");
	line_of(LOG_COMBINED, "GET / HTTP/1.0\r\n\r\n", line);
	assert_non_null(strstr(line, "\"-\" \"-\"\n"));
}

static void test_log_line_is_bounded_whatever_the_request(void **state)
{
	char head[PARSE_HEAD_MAX], line[LOG_LINE_MAX + 1], *s = head;

	(void)state;
	s = stpcpy(s, "GET /");
	memset(s, '"', 7000);
	s = stpcpy(s + 7000, " HTTP/1.1\r\nHost: a\r\nReferer: ");
	memset(s, '"', 4000);
	s = stpcpy(s + 4000, "\r\nUser-Agent: ");
	memset(s, 0xff, 4000);
	strcpy(s + 4000, "\r\n\r\n");
	line_of(LOG_JSON, head, line);
	assert_true(strlen(line) < LOG_LINE_MAX);
	line_of(LOG_COMBINED, head, line);
	assert_true(strlen(line) < LOG_LINE_MAX);
	assert_int_equal(line[strlen(line) - 1], '\n');
}

static void test_log_queue_counts_what_it_has_no_room_for(void **state)
{
	struct log_queue q;
	struct iovec v[2];

	(void)state;
	assert_true(log_queue_init(&q, 16));
	assert_true(log_queue_put(&q, "0123456789\n", 11));
	assert_false(log_queue_put(&q, "abcdef\n", 7));
	assert_int_equal(q.dropped, 1);
	assert_true(log_queue_put(&q, "abcd\n", 5));
	assert_int_equal(log_queue_peek(&q, v), 16);
	log_queue_take(&q, 11);
	/* around the end */
	assert_true(log_queue_put(&q, "ABCDEFGHI\n", 10));
	assert_int_equal(log_queue_peek(&q, v), 15);
	assert_int_equal(v[0].iov_len, 5);
	assert_memory_equal(v[0].iov_base, "abcd\n", 5);
	assert_memory_equal(v[1].iov_base, "ABCDEFGHI\n", 10);
	log_queue_take(&q, 15);
	assert_int_equal(log_queue_peek(&q, v), 0);
	log_queue_done(&q);
}

#define LINES 200000

static void *put_lines(void *arg)
{
	struct log_queue *q = arg;
	char line[32];

	for (unsigned i = 0; i < LINES; i++) {
		int n = snprintf(line, sizeof(line), "%u\n", i);

		while (!log_queue_put(q, line, (size_t)n))
			sched_yield();
	}
	return NULL;
}

/* Lines come out whole, once, and in order, while the other thread puts more. */
static void test_log_queue_loses_nothing_between_two_threads(void **state)
{
	struct log_queue q;
	pthread_t thread;
	unsigned next = 0, value = 0;

	(void)state;
	assert_true(log_queue_init(&q, 256));
	assert_int_equal(pthread_create(&thread, NULL, put_lines, &q), 0);
	while (next < LINES) {
		struct iovec v[2];
		size_t len = log_queue_peek(&q, v);

		for (int i = 0; i < 2; i++)
			for (const char *s = v[i].iov_base, *end = s + v[i].iov_len; s < end; s++) {
				if (*s != '\n') {
					value = value * 10 + (unsigned)(*s - '0');
					continue;
				}
				assert_int_equal(value, next++);
				value = 0;
			}
		log_queue_take(&q, len);
		if (len == 0)
			sched_yield();
	}
	pthread_join(thread, NULL);
	log_queue_done(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_lines_have_the_form_that_tools_know),
		cmocka_unit_test(test_log_line_is_bounded_whatever_the_request),
		cmocka_unit_test(test_log_queue_counts_what_it_has_no_room_for),
		cmocka_unit_test(test_log_queue_loses_nothing_between_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
