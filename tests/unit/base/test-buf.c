/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tinyrun/buf.h"

static void test_buf_grows_and_stays_terminated(void **state)
{
	auto_buf struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		buf_add_char(&b, (char)('a' + i % 26));
		assert_int_equal(b.len, i + 1);
		assert_int_equal(b.data[b.len], 0);
	}
	buf_addf(&b, "%0*d", 3000, 7);
	assert_int_equal(b.len, 5000);
	assert_int_equal(b.data[4999], '7');
	assert_int_equal(strlen(b.data), 5000);
	assert_int_equal(buf_check(&b, &e), 0);
}

static void test_buf_keeps_zero_bytes_and_adds_nothing(void **state)
{
	auto_buf struct buf b = BUF_INIT;

	(void)state;
	buf_add(&b, "", 0);
	assert_string_equal(b.data, "");
	buf_add(&b, "a\0b", 3);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.data, "a\0b", 4);
}

static void test_buf_remembers_that_memory_was_out(void **state)
{
	auto_buf struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	(void)state;
	buf_add_str(&b, "kept");
	buf_add(&b, NULL, SIZE_MAX - 8);
	buf_add_str(&b, " lost");
	assert_string_equal(b.data, "kept");
	assert_int_equal(buf_check(&b, &e), -ENOMEM);
}

static void assert_json(const char *s, const char *want)
{
	auto_buf struct buf b = BUF_INIT;

	buf_add_json_str(&b, s);
	assert_string_equal(b.data, want);
}

static void test_buf_json_strings_are_valid_json_whatever_comes(void **state)
{
	(void)state;
	assert_json("", "\"\"");
	assert_json("a/b \"c\" \\", "\"a/b \\\"c\\\" \\\\\"");
	assert_json("\b\t\n\f\r\x01\x1f", "\"\\b\\t\\n\\f\\r\\u0001\\u001f\"");
	assert_json("\x7f \xc2\x85 \xc2\xa0", "\"\\u007f \\u0085 \xc2\xa0\"");
	assert_json("\xc3\xa4\xf0\x9f\x98\x80", "\"\xc3\xa4\xf0\x9f\x98\x80\"");
	assert_json("a\xff\xc3", "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
	assert_json("\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void test_buf_escaped_shows_control_bytes(void **state)
{
	auto_buf struct buf b = BUF_INIT;

	(void)state;
	buf_add_escaped(&b, "ok \xc3\xa4 \x1b[31m\n\xff\xc2\x9b");
	assert_string_equal(b.data, "ok \xc3\xa4 \\x1b[31m\\x0a\\xff\\xc2\\x9b");
}

static void test_arena_pieces_are_zeroed_aligned_and_apart(void **state)
{
	struct arena a = ARENA_INIT;
	unsigned char *last = NULL;

	(void)state;
	for (size_t i = 0; i < 3000; i++) {
		size_t size = i * 7 % 600 + (i % 100 == 0 ? 9000 : 0);
		unsigned char *p = arena_alloc(&a, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_ptr_not_equal(p, last);
		for (size_t j = 0; j < size; j++)
			assert_int_equal(p[j], 0);
		memset(p, 0xee, size);
		last = p;
	}
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX / 2));
	arena_done(&a);
	assert_null(a.head);
	arena_done(&a);
}

static void test_arena_copies_and_formats_text(void **state)
{
	struct arena a = ARENA_INIT;
	char *copy = arena_strdup(&a, "hello"), *text = arena_printf(&a, "%s-%05d", "x", 42);

	(void)state;
	assert_string_equal(copy, "hello");
	assert_string_equal(text, "x-00042");
	assert_int_equal(strlen(arena_printf(&a, "%*s", 20000, "")), 20000);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf_grows_and_stays_terminated),
		cmocka_unit_test(test_buf_keeps_zero_bytes_and_adds_nothing),
		cmocka_unit_test(test_buf_remembers_that_memory_was_out),
		cmocka_unit_test(test_buf_json_strings_are_valid_json_whatever_comes),
		cmocka_unit_test(test_buf_escaped_shows_control_bytes),
		cmocka_unit_test(test_arena_pieces_are_zeroed_aligned_and_apart),
		cmocka_unit_test(test_arena_copies_and_formats_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
