/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request parser: what it takes, what it refuses, and that a split changes nothing.
 *
 * Every row of the table is parsed whole, byte by byte, and in two pieces at every place.
 */
#include "httpd/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define H11  "Host: a\r\n\r\n"
#define GET  "GET / HTTP/1.1\r\n"
#define MORE (-1) /* the expected status of a head that is not whole */

struct sample {
	const char *text;
	int status; /* 0: good, and the connection may go on */
	bool bad;   /* PARSE_BAD: the connection has to end */
};

static const struct sample samples[] = {
	/* good */
	{GET H11, 0, false},
	{"HEAD /x HTTP/1.1\r\n" H11, 0, false},
	{"OPTIONS * HTTP/1.1\r\n" H11, 0, false},
	{"OPTIONS /x HTTP/1.1\r\n" H11, 0, false},
	{"GET / HTTP/1.0\r\n\r\n", 0, false},
	{"GET / HTTP/1.2\r\n" H11, 0, false},
	{"\r\n" GET H11, 0, false},
	{"\r\n\r\n\r\n\r\n" GET H11, 0, false},
	{"GET http://a/x HTTP/1.1\r\n" H11, 0, false},
	{"GET HTTPS://a:443/x HTTP/1.1\r\n" H11, 0, false},
	{"GET http://a HTTP/1.1\r\n" H11, 0, false},
	{"GET http://a?q HTTP/1.1\r\n" H11, 0, false},
	{GET "Host: a.example:80\r\n\r\n", 0, false},
	{GET "Host: [::1]:8080\r\n\r\n", 0, false},
	{GET "hOsT:a\r\n\r\n", 0, false},
	{GET "Host:\t a \t\r\n\r\n", 0, false},
	{GET "X:\r\n" H11, 0, false},
	{GET "X: \xc3\xa4\r\n" H11, 0, false},
	{GET "X: a\tb\r\n" H11, 0, false},
	{GET "Content-Length: 0\r\n" H11, 0, false},
	{GET "Content-Length: 65536\r\n" H11, 0, false},
	{GET "Content-Length: 00007\r\n" H11, 0, false},
	{GET "Expect: 100-Continue\r\n" H11, 0, false},
	{GET "Expect: 100-continue, ,100-continue\r\nExpect: 100-continue\r\n" H11, 0, false},
	{"GET / HTTP/1.0\r\nExpect: anything\r\n\r\n", 0, false},
	/* good, but not for us */
	{"POST / HTTP/1.1\r\n" H11, 405, false},
	{"DELETE /x HTTP/1.1\r\n" H11, 405, false},
	{"TRACE / HTTP/1.1\r\n" H11, 405, false},
	{"CONNECT a:443 HTTP/1.1\r\n" H11, 405, false},
	{"BREW / HTTP/1.1\r\n" H11, 501, false},
	{"get / HTTP/1.1\r\n" H11, 501, false},
	{GET "Expect: a-miracle\r\n" H11, 417, false},
	{GET "Expect: a-miracle\r\nExpect: 100-continue\r\n" H11, 417, false},
	/* the request line */
	{"GET / HTTP/1.1\n" H11, 400, true},
	{"GET / HTTP/1.1\r\r\n" H11, 400, true},
	{"GET /\r\n\r\n", 400, true},
	{"GET\r\n\r\n", 400, true},
	{"GET  / HTTP/1.1\r\n" H11, 400, true},
	{"GET /  HTTP/1.1\r\n" H11, 400, true},
	{"GET / HTTP/1.1 \r\n" H11, 400, true},
	{" GET / HTTP/1.1\r\n" H11, 400, true},
	{"GET\t/ HTTP/1.1\r\n" H11, 400, true},
	{"G(T / HTTP/1.1\r\n" H11, 400, true},
	{"GET / http/1.1\r\n" H11, 400, true},
	{"GET / HTTP/1.10\r\n" H11, 400, true},
	{"GET / HTTP/11\r\n" H11, 400, true},
	{"GET / HTTP/2.0\r\n" H11, 505, true},
	{"GET / HTTP/0.9\r\n" H11, 505, true},
	{"GET /a b HTTP/1.1\r\n" H11, 400, true},
	{"GET /\x01 HTTP/1.1\r\n" H11, 400, true},
	{"GET /\xc3\xa4 HTTP/1.1\r\n" H11, 400, true},
	{"GET /#x HTTP/1.1\r\n" H11, 400, true},
	{"GET x HTTP/1.1\r\n" H11, 400, true},
	{"GET * HTTP/1.1\r\n" H11, 400, true},
	{"GET ftp://a/x HTTP/1.1\r\n" H11, 400, true},
	{"GET http:///x HTTP/1.1\r\n" H11, 400, true},
	{"GET http://u@a/x HTTP/1.1\r\n" H11, 400, true},
	{"CONNECT a/b HTTP/1.1\r\n" H11, 400, true},
	{"\n" GET H11, 400, true},
	{"\r\n\r\n\r\n\r\n\r\n" GET H11, 400, true},
	{"\x16\x03\x01\x02", 400, true},
	{"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGH / HTTP/1.1\r\n" H11, 501, true},
	/* fields */
	{GET "X : a\r\n" H11, 400, true},
	{GET " X: a\r\n" H11, 400, true},
	{GET "X: a\r\n b\r\n" H11, 400, true},
	{GET "X: a\r\n\tb\r\n" H11, 400, true},
	{GET "X\r\n" H11, 400, true},
	{GET ": a\r\n" H11, 400, true},
	{GET "X\xc3: a\r\n" H11, 400, true},
	{GET "X: a\nY: b\r\n" H11, 400, true},
	{GET "X: a\rb\r\n" H11, 400, true},
	{GET "X: a\x01\r\n" H11, 400, true},
	{GET "X: a\x7f\r\n" H11, 400, true},
	{GET "Host: a\r\n\rX", 400, true},
	{GET "Host: a\r\n\n", 400, true},
	/* Host */
	{GET "\r\n", 400, true},
	{GET "Host:\r\n\r\n", 400, true},
	{GET "Host: a\r\nHost: a\r\n\r\n", 400, true},
	{GET "Host: a, b\r\n\r\n", 400, true},
	{GET "Host: a/b\r\n\r\n", 400, true},
	{GET "Host: u@a\r\n\r\n", 400, true},
	{GET "Host: a:b\r\n\r\n", 400, true},
	{GET "Host: [::1\r\n\r\n", 400, true},
	{GET "Host: []\r\n\r\n", 400, true},
	{GET "Host: [::1]x\r\n\r\n", 400, true},
	{"GET / HTTP/1.0\r\nHost: a b\r\n\r\n", 400, true},
	/* framing */
	{GET "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n" H11, 400, true},
	{GET "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n" H11, 400, true},
	{GET "Transfer-Encoding: gzip, chunked\r\n" H11, 501, true},
	{GET "Transfer-Encoding: gzip\r\n" H11, 400, true},
	{GET "Transfer-Encoding: chunked, gzip\r\n" H11, 400, true},
	{GET "Transfer-Encoding: chunked, chunked\r\n" H11, 400, true},
	{GET "Transfer-Encoding: xchunked\r\n" H11, 400, true},
	{GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" H11, 400, true},
	{GET "Transfer-Encoding: chunked;\r\n" H11, 400, true},
	{GET "transfer-encoding: \r\n" H11, 400, true},
	{"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, true},
	{GET "Content-Length: 3\r\nContent-Length: 3\r\n" H11, 400, true},
	{GET "Content-Length: 3, 3\r\n" H11, 400, true},
	{GET "Content-Length: +3\r\n" H11, 400, true},
	{GET "Content-Length: -3\r\n" H11, 400, true},
	{GET "Content-Length: 0x3\r\n" H11, 400, true},
	{GET "Content-Length: 3 3\r\n" H11, 400, true},
	{GET "Content-Length:\r\n" H11, 400, true},
	{"POST / HTTP/1.1\r\nContent-Length: 65537\r\n" H11, 413, true},
	{GET "Content-Length: 18446744073709551616\r\n" H11, 413, true},
	{GET "Content-Length: 99999999999999999999999999999999999\r\n" H11, 413, true},
	/* not whole */
	{"", MORE, false},
	{"\r\n", MORE, false},
	{GET, MORE, false},
	{GET "Host: a\r\n", MORE, false},
	{GET "Host: a\r\n\r", MORE, false},
};
#define SAMPLES (sizeof(samples) / sizeof(*samples))

static void assert_sample(const struct sample *s, enum parse_result result, const struct parse *p)
{
	enum parse_result want = s->status == MORE ? PARSE_MORE : s->bad ? PARSE_BAD : PARSE_DONE;

	if (result != want || (s->status != MORE && p->status != s->status))
		fail_msg("result %d status %d for:\n%s", (int)result, p->status, s->text);
}

static void test_parse_gives_each_request_its_status(void **state)
{
	(void)state;
	assert_true(SAMPLES >= 60);
	for (size_t i = 0; i < SAMPLES; i++) {
		struct parse p;

		parse_init(&p);
		assert_sample(&samples[i], parse_feed(&p, samples[i].text, strlen(samples[i].text)),
			      &p);
	}
}

/* In a buffer of exactly @len bytes, so that a sanitizer sees a read beyond them. */
static enum parse_result feed_copy(struct parse *p, const char *text, size_t len)
{
	char *copy = malloc(len + (len == 0));
	enum parse_result result;

	memcpy(copy, text, len);
	result = parse_feed(p, copy, len);
	free(copy);
	return result;
}

static void assert_same(const struct parse *a, const struct parse *b, const char *text, size_t at)
{
	if (memcmp(a, b, sizeof(*a)) != 0)
		fail_msg("a split at %zu changes the result of:\n%s", at, text);
}

static void test_parse_does_not_depend_on_where_the_bytes_are_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		const char *text = samples[i].text;
		size_t len = strlen(text);
		struct parse whole;

		parse_init(&whole);
		feed_copy(&whole, text, len);
		for (size_t at = 0; at <= len; at++) {
			struct parse p;

			parse_init(&p);
			feed_copy(&p, text, at);
			feed_copy(&p, text, len);
			assert_same(&whole, &p, text, at);
		}
	}
}

static void test_parse_takes_one_byte_at_a_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		const char *text = samples[i].text;
		struct parse whole, p;

		parse_init(&whole);
		parse_feed(&whole, text, strlen(text));
		parse_init(&p);
		for (size_t n = 1; n <= strlen(text); n++)
			feed_copy(&p, text, n);
		assert_same(&whole, &p, text, 0);
	}
}

static void assert_slice(struct slice s, const char *text, const char *want)
{
	assert_int_equal(s.len, strlen(want));
	assert_memory_equal(text + s.at, want, s.len);
}

static void test_parse_refuses_a_nul_byte_anywhere(void **state)
{
	static const char good[] = GET "X: a\r\n" H11;

	(void)state;
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		char text[sizeof(good)];
		struct parse p;

		memcpy(text, good, sizeof(good));
		text[i] = 0;
		parse_init(&p);
		assert_int_equal(parse_feed(&p, text, sizeof(good) - 1), PARSE_BAD);
		assert_int_equal(p.status, 400);
	}
}

static void test_parse_says_what_is_in_a_request(void **state)
{
	static const char text[] = "\r\nGET http://a:1/x/y?q=1 HTTP/1.1\r\nHost: a\r\n"
				   "Range:  bytes=0-1 \r\nContent-Length: 5\r\n\r\nhelloGET";
	struct parse p;

	(void)state;
	parse_init(&p);
	assert_int_equal(parse_feed(&p, text, sizeof(text) - 1), PARSE_DONE);
	assert_int_equal(p.method, METHOD_GET);
	assert_int_equal(p.minor, 1);
	assert_int_equal(p.content_length, 5);
	assert_int_equal(p.pos, strstr(text, "hello") - text);
	assert_slice(p.line, text, "GET http://a:1/x/y?q=1 HTTP/1.1");
	assert_slice(p.target, text, "http://a:1/x/y?q=1");
	assert_slice(p.path, text, "/x/y?q=1");
	assert_slice(p.value[FIELD_RANGE], text, "bytes=0-1");
	assert_true(parse_has_one(&p, FIELD_RANGE));
	assert_false(parse_has(&p, FIELD_IF_RANGE));
}

static void test_parse_knows_who_keeps_the_connection(void **state)
{
	static const struct {
		const char *text;
		bool keep;
	} rows[] = {
		{GET H11, true},
		{GET "Connection: close\r\n" H11, false},
		{GET "Connection: x , Close\r\n" H11, false},
		{GET "Connection: keep-alive, close\r\n" H11, false},
		{GET "Connection: closed\r\n" H11, true},
		{GET "Connection: x\r\nConnection: close\r\n" H11, false},
		{"GET / HTTP/1.0\r\n\r\n", false},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
		{"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct parse p;

		parse_init(&p);
		assert_int_equal(parse_feed(&p, rows[i].text, strlen(rows[i].text)), PARSE_DONE);
		assert_int_equal(p.keep_alive, rows[i].keep);
	}
}

/* @before, then @count times @fill, then @after. */
static int status_of(const char *before, const char *fill, size_t count, const char *after)
{
	size_t n = strlen(fill), len = strlen(before);
	char *text = malloc(len + n * count + strlen(after) + 1);
	struct parse p;
	enum parse_result result;

	memcpy(text, before, len);
	for (size_t i = 0; i < count; i++, len += n)
		memcpy(text + len, fill, n);
	strcpy(text + len, after);
	parse_init(&p);
	result = parse_feed(&p, text, len + strlen(after));
	free(text);
	return result == PARSE_MORE ? MORE : p.status;
}

static void test_parse_has_limits(void **state)
{
	(void)state;
	assert_int_equal(status_of("GET /", "a", PARSE_TARGET_MAX - 1, " HTTP/1.1\r\n" H11), 0);
	assert_int_equal(status_of("GET /", "a", PARSE_TARGET_MAX, " HTTP/1.1\r\n" H11), 414);
	assert_int_equal(status_of("GET /", "a", 1000000, ""), 414);
	assert_int_equal(status_of(GET, "X: a\r\n", PARSE_FIELDS_MAX - 1, H11), 0);
	assert_int_equal(status_of(GET, "X: a\r\n", PARSE_FIELDS_MAX, H11), 431);
	assert_int_equal(status_of(GET "X: ", "a", PARSE_HEAD_MAX, "\r\n" H11), 431);
	assert_int_equal(status_of(GET "X: ", " ", 1000000, ""), 431);
	assert_int_equal(status_of(GET, "X", 1000000, ""), 431);
	assert_int_equal(status_of("", "A", 1000000, ""), 501);
	assert_int_equal(status_of("", "\r\n", 1000000, ""), 400);
}

static void test_parse_takes_a_head_of_exactly_the_limit(void **state)
{
	size_t fixed = strlen(GET "X: "
				  "\r\n" H11);

	(void)state;
	assert_int_equal(status_of(GET "X: ", "a", PARSE_HEAD_MAX - fixed, "\r\n" H11), 0);
	assert_int_equal(status_of(GET "X: ", "a", PARSE_HEAD_MAX - fixed + 1, "\r\n" H11), 431);
}

/* Bytes are looked at one by one and eight at a time: what is taken must not depend on where. */
static void test_parse_takes_the_same_bytes_wherever_they_stand(void **state)
{
	(void)state;
	for (unsigned c = 1; c < 256; c++) { /* 0 has a test of its own */
		bool in_value = c == '\t' || (c >= ' ' && c != 0x7f);
		bool in_target = c > ' ' && c < 0x7f && c != '#';

		for (unsigned at = 0; at < 20; at++) {
			char target[64] = "GET /aaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n" H11;
			char value[80] = GET "X: aaaaaaaaaaaaaaaaaaaaaaaa\r\n" H11;
			struct parse p;

			target[5 + at] = value[19 + at] = (char)c;
			parse_init(&p);
			/* a space ends the target, and what is behind it is no version */
			assert_int_equal(parse_feed(&p, target, strlen(target)),
					 in_target ? PARSE_DONE : PARSE_BAD);
			parse_init(&p);
			assert_int_equal(parse_feed(&p, value, strlen(value)),
					 in_value ? PARSE_DONE : PARSE_BAD);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_gives_each_request_its_status),
		cmocka_unit_test(test_parse_does_not_depend_on_where_the_bytes_are_split),
		cmocka_unit_test(test_parse_takes_one_byte_at_a_time),
		cmocka_unit_test(test_parse_refuses_a_nul_byte_anywhere),
		cmocka_unit_test(test_parse_says_what_is_in_a_request),
		cmocka_unit_test(test_parse_knows_who_keeps_the_connection),
		cmocka_unit_test(test_parse_has_limits),
		cmocka_unit_test(test_parse_takes_a_head_of_exactly_the_limit),
		cmocka_unit_test(test_parse_takes_the_same_bytes_wherever_they_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
