/* SPDX-License-Identifier: Apache-2.0 */
/* Where a chunked body ends: the same for any split, and never where another reader sees it. */
#include "httpd/chunk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MAX 1000

static const struct sample {
	const char *text;
	enum chunk_result result;
	size_t used; /* when done */
} samples[] = {
	{"0\r\n\r\n", CHUNK_DONE, 5},
	{"0\r\n\r\nGET / HTTP/1.1\r\n", CHUNK_DONE, 5},
	{"3\r\nabc\r\n0\r\n\r\n", CHUNK_DONE, 13},
	{"A\r\n0123456789\r\n0\r\n\r\n", CHUNK_DONE, 20},
	{"00000003\r\nabc\r\n0\r\n\r\n", CHUNK_DONE, 20},
	{"3;a=b;c=\"d\"\r\nabc\r\n0;x\r\n\r\n", CHUNK_DONE, 25},
	{"0\r\nTrailer: x\r\nOther: y\r\n\r\nrest", CHUNK_DONE, 27},
	{"3\r\n\r\n\r\r\n0\r\n\r\n", CHUNK_DONE, 13},
	{"3\r\nabc\r\n0\r\n", CHUNK_MORE, 0},
	{"", CHUNK_MORE, 0},
	{"\r\n", CHUNK_BAD, 0},
	{"-1\r\n", CHUNK_BAD, 0},
	{"+1\r\n", CHUNK_BAD, 0},
	{"0x1\r\n", CHUNK_BAD, 0},
	{" 1\r\n", CHUNK_BAD, 0},
	{"1 \r\n", CHUNK_BAD, 0},
	{"g\r\n", CHUNK_BAD, 0},
	{"1\na\r\n", CHUNK_BAD, 0},
	{"1\r\nab\r\n", CHUNK_BAD, 0},
	{"1\r\na\n0\r\n\r\n", CHUNK_BAD, 0},
	{"1\r\na0\r\n\r\n", CHUNK_BAD, 0},
	{"1\r\ra\r\n", CHUNK_BAD, 0},
	{";\r\n", CHUNK_BAD, 0},
	{"1;a\nb\r\n", CHUNK_BAD, 0},
	{"000000001\r\na", CHUNK_LARGE, 0},
	{"ffffffff\r\n", CHUNK_LARGE, 0},
	{"fffffffffffffffff1\r\n", CHUNK_LARGE, 0},
	{"3e9\r\n", CHUNK_LARGE, 0},
	{"0\r\n folded\r\n\r\n", CHUNK_BAD, 0},
	{"0\r\n: x\r\n\r\n", CHUNK_BAD, 0},
	{"0\r\nA: b\nC: d\r\n\r\n", CHUNK_BAD, 0},
	{"0\r\n\n", CHUNK_BAD, 0},
};

static enum chunk_result feed(const char *text, size_t len, size_t step, size_t *ret_used)
{
	enum chunk_result result = CHUNK_MORE;
	struct chunk c;
	size_t at = 0;

	chunk_init(&c);
	while (at < len && result == CHUNK_MORE) {
		size_t used, n = len - at < step ? len - at : step;

		result = chunk_feed(&c, text + at, n, MAX, &used);
		assert_true(used <= n);
		at += used;
		if (result == CHUNK_MORE)
			assert_int_equal(used, n);
	}
	*ret_used = at;
	return result;
}

static void test_chunk_finds_the_end_at_any_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		const struct sample *s = &samples[i];

		for (size_t step = 1; step <= 40; step++) {
			size_t used;
			enum chunk_result result = feed(s->text, strlen(s->text), step, &used);

			if (result != s->result || (result == CHUNK_DONE && used != s->used))
				fail_msg("%s by %zu", s->text, step);
		}
	}
}

static void test_chunk_has_bounds(void **state)
{
	char text[2 * CHUNK_TRAILER_MAX];
	size_t used, len;

	(void)state;
	/* many small ones are as much as a large one */
	for (len = 0; len < 6 * (MAX + 1); len += 6)
		memcpy(text + len, "1\r\na\r\n", 6);
	assert_int_equal(feed(text, len, len, &used), CHUNK_LARGE);
	memset(text, 'a', sizeof(text));
	memcpy(text, "1;", 2);
	assert_int_equal(feed(text, sizeof(text), 1000, &used), CHUNK_BAD);
	assert_true(used <= CHUNK_LINE_MAX + 1);
	memcpy(text, "0\r\n", 3);
	assert_int_equal(feed(text, sizeof(text), 1000, &used), CHUNK_BAD);
	assert_true(used <= CHUNK_TRAILER_MAX + 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunk_finds_the_end_at_any_split),
		cmocka_unit_test(test_chunk_has_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
