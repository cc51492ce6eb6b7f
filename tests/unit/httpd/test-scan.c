/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of bytes: the same wherever what ends them stands. */
#include "httpd/scan.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEN 20

/* In a piece of memory that ends where the bytes end. */
static char *bytes_new(size_t at, int byte)
{
	char *s = malloc(LEN);

	assert_non_null(s);
	memset(s, 'a', LEN);
	s[at] = (char)byte;
	return s;
}

static void assert_scan(size_t (*scan)(const char *, size_t, size_t), const char *s, size_t at,
			bool ends)
{
	for (size_t from = 0; from < LEN; from++)
		assert_int_equal(scan(s, from, LEN), ends && from <= at ? at : LEN);
}

static void test_scan_ends_at_the_first_byte_that_may_not_stand_there(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++)
		for (size_t at = 0; at < LEN; at++) {
			char *s = bytes_new(at, byte);
			bool plain = byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';

			assert_scan(scan_value, s, at, !scan_is((char)byte, SCAN_VALUE));
			assert_scan(scan_target, s, at, !scan_is((char)byte, SCAN_TARGET));
			assert_scan(scan_plain, s, at, !plain);
			free(s);
		}
}

static void test_scan_goes_on_behind_a_tab(void **state)
{
	static const char text[] = "a\tvalue\t\twith tabs\rand an end";

	(void)state;
	for (size_t from = 0; from <= 18; from++)
		assert_int_equal(scan_value(text, from, sizeof(text) - 1), 18);
}

static void test_scan_copies_up_to_a_slash_or_a_percent_sign(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++)
		for (size_t at = 0; at < LEN; at++) {
			char *s = bytes_new(at, byte), *out = malloc(LEN);
			size_t want = byte == '/' || byte == '%' ? at : LEN;

			assert_non_null(out);
			assert_int_equal(scan_copy_name(out, s, LEN), want);
			assert_memory_equal(out, s, want);
			free(out);
			free(s);
		}
}

static void test_scan_compares_letters_of_either_case(void **state)
{
	static const char word[] = "content-length=0123:/";

	(void)state;
	for (size_t len = 4; len < sizeof(word); len++)
		for (int i = 0; i < 256; i++)
			for (size_t at = 0; at < len; at++) {
				char *s = malloc(len);

				assert_non_null(s);
				memcpy(s, word, len);
				s[at] = (char)i;
				assert_int_equal(scan_same(s, word, len),
						 i < 128 && tolower(i) == word[at]);
				free(s);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan_ends_at_the_first_byte_that_may_not_stand_there),
		cmocka_unit_test(test_scan_goes_on_behind_a_tab),
		cmocka_unit_test(test_scan_copies_up_to_a_slash_or_a_percent_sign),
		cmocka_unit_test(test_scan_compares_letters_of_either_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
