/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the access log, and the queue to its thread. */
#include "httpd/log.h"
#include "httpd/log_writer.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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

/* Texts are looked at eight bytes at a time: wherever a byte stands, it is escaped or it is not. */
static void test_log_escapes_a_byte_wherever_it_stands(void **state)
{
	static const char agent[] = "abcdefghijklmnopqrstuvwxyz";

	(void)state;
	for (unsigned c = 1; c < 256; c++) {
		for (size_t at = 0; at < sizeof(agent) - 1; at++) {
			char head[128], line[LOG_LINE_MAX + 1], want[128];
			int n = snprintf(head, sizeof(head),
					 "GET / HTTP/1.0\r\nUser-Agent: %s\r\n\r\n", agent);
			bool plain = c >= ' ' && c < 0x7f && c != '"' && c != '\\';
			bool ends = (c == ' ' || c == '\t') && (at == 0 || at == sizeof(agent) - 2);

			if ((c < ' ' && c != '\t') || c == 0x7f ||
			    ends) /* refused, or not of the value */
				continue;
			head[(size_t)n - 4 - (sizeof(agent) - 1) + at] = (char)c;
			line_of(LOG_COMBINED, head, line);
			if (plain)
				snprintf(want, sizeof(want), " \"%.*s%c%s\"\n", (int)at, agent,
					 (int)c, agent + at + 1);
			else
				snprintf(want, sizeof(want), " \"%.*s\\x%02x%s\"\n", (int)at, agent,
					 c, agent + at + 1);
			assert_string_equal(line + strlen(line) - strlen(want), want);
		}
	}
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

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The log's thread with one queue, into a file that is gone by its name. */
static void start_writer(struct log_writer *w)
{
	char path[] = "/tmp/test-log-XXXXXX";
	struct err e = ERR_INIT;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	memset(w, 0, sizeof(*w));
	assert_int_equal(log_writer_init(w, 1, path, &e), 0);
	assert_int_equal(log_writer_start(w, &e), 0);
	unlink(path);
}

static void put(struct log_writer *w, size_t bytes)
{
	static const char line[] =
		"0123456789012345678901234567890123456789012345678901234567890\n";

	for (; bytes >= sizeof(line) - 1; bytes -= sizeof(line) - 1)
		assert_true(log_queue_put(&w->queues[0], line, sizeof(line) - 1));
	log_writer_wake(w, &w->queues[0]);
}

#define ROUNDS 20

/* Lines gather for 10 ms, but nobody who wants an end waits for that: the fastest of some rounds.
 */
static void test_log_writer_ends_at_once_with_all_lines(void **state)
{
	double best = 1;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct log_writer w;
		struct stat st;
		double began;
		int fd;

		start_writer(&w);
		put(&w, 1000);
		usleep(1000); /* it gathers */
		fd = dup(w.fd);
		began = now();
		log_writer_done(&w);
		best = now() - began < best ? now() - began : best;
		assert_int_equal(fstat(fd, &st), 0);
		assert_in_range(st.st_size, 900, 1000);
		close(fd);
	}
	assert_true(best < 0.006);
}

/* A queue that is half full is written before its time, or a burst would be lost. */
static void test_log_writer_does_not_let_a_queue_fill_up(void **state)
{
	struct log_writer w;
	double best = 1;

	(void)state;
	start_writer(&w);
	for (int i = 0; i < ROUNDS; i++) {
		double began = now();

		put(&w, LOG_QUEUE_SIZE * 3 / 4);
		while (log_writer_waiting(&w) > 0 && now() - began < 1)
			usleep(100);
		assert_int_equal(log_writer_waiting(&w), 0);
		best = now() - began < best ? now() - began : best;
	}
	assert_true(best < 0.006);
	assert_int_equal(log_writer_dropped(&w), 0);
	log_writer_done(&w);
}

static void test_log_writer_is_woken_for_one_line(void **state)
{
	struct log_writer w;
	double began = now();

	(void)state;
	start_writer(&w);
	for (int i = 0; i < 3; i++) {
		usleep(20000); /* it sleeps */
		put(&w, 100);
		while (log_writer_waiting(&w) > 0 && now() - began < 10)
			usleep(1000);
		assert_int_equal(log_writer_waiting(&w), 0);
	}
	log_writer_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_lines_have_the_form_that_tools_know),
		cmocka_unit_test(test_log_escapes_a_byte_wherever_it_stands),
		cmocka_unit_test(test_log_line_is_bounded_whatever_the_request),
		cmocka_unit_test(test_log_queue_counts_what_it_has_no_room_for),
		cmocka_unit_test(test_log_queue_loses_nothing_between_two_threads),
		cmocka_unit_test(test_log_writer_ends_at_once_with_all_lines),
		cmocka_unit_test(test_log_writer_does_not_let_a_queue_fill_up),
		cmocka_unit_test(test_log_writer_is_woken_for_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
