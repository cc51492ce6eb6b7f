/* SPDX-License-Identifier: Apache-2.0 */
/* What is not JSON, or more than we read: refused with a sentence and a place, and no crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tinyrun/buf.h"
#include "tinyrun/json.h"

/* Parses a copy on the heap without a 0 behind it, so that a sanitizer sees a read too far. */
static int try_parse(const char *text, size_t len, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	char *copy = malloc(len ? len : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, text, len);
	r = json_parse(copy, len, "t.json", &doc, e);
	free(copy);
	return r;
}

static void assert_refused(const char *text, const char *want)
{
	struct err e = ERR_INIT;
	char message[ERR_STR_SIZE];

	if (try_parse(text, strlen(text), &e) == 0)
		fail_msg("accepted: %s", text);
	assert_string_equal(err_str(&e, message, sizeof(message)), want);
}

static void assert_accepted(const char *text)
{
	struct err e = ERR_INIT;

	if (try_parse(text, strlen(text), &e) < 0)
		fail_msg("%s: %s", text, e.frame[0]);
}

static void test_json_accepts_every_kind_of_value(void **state)
{
	static const char *const good[] = {
		"{}",
		"[]",
		" [ ] ",
		"\t\r\n{ }\n",
		"null",
		"true",
		"false",
		"0",
		"-0",
		"0.5",
		"-12.25e-3",
		"1E+9",
		"1e400",
		"\"\"",
		"\"\\b\\f\\n\\r\\t\\\\\\/\\\"\"",
		"\"\x7f\"",
		"{\"a\":{\"a\":{\"a\":[]}}}",
		"[[],{},[{}]]",
		"{\"\":1,\" \":2}",
		"\"\xf4\x8f\xbf\xbf\xed\x9f\xbf\"",
		"\"\\ud800\\udc00\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_accepted(good[i]);
}

static void test_json_syntax_errors_have_a_place_and_a_sentence(void **state)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{"", "t.json: expected a JSON value, found an empty file"},
		{" \n ", "t.json: expected a JSON value, found an empty file"},
		{"{\n\"a\":1\n  x}", "t.json:3:3: expected ',' or '}' after a value, found \"x\""},
		{"[1 2]", "t.json:1:4: expected ',' or ']' after a value, found \"2\""},
		{"[1}", "t.json:1:3: expected ',' or ']' after a value, found \"}\""},
		{"[1,]", "t.json:1:4: expected a value, found \"]\""},
		{"{\"a\":1,}",
		 "t.json:1:8: expected a key in double quotes after ',', found \"}\""},
		{"{a:1}",
		 "t.json:1:2: expected a key in double quotes or '}' after '{', found \"a\""},
		{"{\"a\" 1}", "t.json:1:6: expected ':' after a key, found \"1\""},
		{"{\"a\":}", "t.json:1:6: expected a value, found \"}\""},
		{"{\"a\":1 \"b\":2}",
		 "t.json:1:8: expected ',' or '}' after a value, found a string"},
		{"[", "t.json:1:2: expected a value, found the end of the text"},
		{"{", "t.json:1:2: expected a key in double quotes or '}' after '{', found the end "
		      "of the text"},
		{"\"abc", "t.json:1:5: expected '\"' at the end of a string, found the end of the "
			  "text"},
		{"'a'", "t.json:1:1: expected a value, found \"'\""},
		{"// x", "t.json:1:1: expected a value, found \"/\""},
		{"True", "t.json:1:1: expected a value, found \"True\""},
		{"truex", "t.json:1:1: expected a value, found \"truex\""},
		{"nul", "t.json:1:1: expected a value, found \"nul\""},
		{"{} {}", "t.json:1:4: expected nothing after the value, found \"{\""},
		{"1 1", "t.json:1:3: expected nothing after the value, found \"1\""},
		{"[]\f", "t.json:1:3: expected nothing after the value, found byte 0x0c"},
		{"\xef\xbb\xbf{}", "t.json:1:1: expected a value, found byte 0xef"},
		{"\"\\x\"", "t.json:1:2: expected one of \" \\ / b f n r t u after \\ in a string"},
		{"\"\\", "t.json:1:2: expected one of \" \\ / b f n r t u after \\ in a string"},
		{"\"\\u12g4\"",
		 "t.json:1:2: expected four hexadecimal digits after \\u in a string"},
		{"\"a\nb\"", "t.json:1:3: found byte 0x0a in a string: write it as \\u000a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i].text, bad[i].message);
}

static void test_json_refuses_numbers_of_other_languages(void **state)
{
	static const char *const bad[] = {"01",  "-01", "00",  "-",         "1.",  "1.e1",
					  "1e",  "1e+", "-e1", "0x10",      "1_0", "1.2.3",
					  "1-2", "--1", "1f",  "-Infinity", "-NaN"};
	static const char *const words[] = {"+1", ".5", "NaN", "Infinity"};
	char want[80];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(want, sizeof(want),
			       "t.json:1:1: found \"%s\", which is not a JSON number", bad[i]);
		assert_refused(bad[i], want);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		(void)snprintf(want, sizeof(want), "t.json:1:1: expected a value, found \"%s\"",
			       words[i]);
		assert_refused(words[i], want);
	}
}

static void test_json_refuses_a_number_that_would_not_be_read_whole(void **state)
{
	char digits[66];

	(void)state;
	memset(digits, '1', sizeof(digits));
	digits[64] = 0;
	assert_refused(digits, "t.json:1:1: found a number of 64 characters, allowed are 63");
	digits[63] = 0;
	assert_accepted(digits);
}

static void test_json_refuses_zero_bytes(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_refused("[\"a\\u0000b\"]",
		       "t.json:1:4: found \\u0000 in a string: a 0 byte is not allowed");
	assert_refused("{\"\\u0000\":1}",
		       "t.json:1:3: found \\u0000 in a string: a 0 byte is not allowed");
	assert_true(try_parse("\"a\0b\"", 5, &e) < 0);
	assert_string_equal(e.frame[0],
			    "t.json:1:3: found byte 0x00 in a string: write it as \\u0000");
	assert_true(try_parse("{}\0", 3, &e) < 0);
	assert_true(try_parse("\0", 1, &e) < 0);
}

static void test_json_refuses_what_is_not_utf8(void **state)
{
	static const char *const bad[] = {
		"\x80",
		"\xc0\xaf",
		"\xc1\xbf",
		"\xc3",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xe2\x82",
		"\xf0\x9f\x98",
	};
	char text[16], want[80];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "\"a%s\"", bad[i]);
		(void)snprintf(want, sizeof(want),
			       "t.json:1:3: found byte 0x%02x in a string, which is not UTF-8",
			       (unsigned)(unsigned char)bad[i][0]);
		assert_refused(text, want);
	}
}

static void test_json_refuses_half_a_surrogate_pair(void **state)
{
	static const char *const bad[] = {"\"\\ud800\"",        "\"\\udc00\"",
					  "\"\\ud800\\ud800\"", "\"\\ud800x\\udc00\"",
					  "\"\\ud800\\u",       "\"\\udfff\""};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i], "t.json:1:2: found half of a surrogate pair in a string");
}

static void test_json_refuses_a_key_that_is_there_twice(void **state)
{
	(void)state;
	assert_refused("{\"p\":{\"args\":[],\n \"cwd\":\"/\",\n \"args\":1}}",
		       "p.args (t.json:3:9): found the key \"args\" twice, first with the value at "
		       "1:14");
	/* The same key, however it is written; null is a value here. */
	assert_refused("[{\"a\":null,\"\\u0061\":null}]",
		       "[0].a (t.json:1:21): found the key \"a\" twice, first with the value at "
		       "1:7");
	assert_accepted("{\"a\":{\"b\":1},\"b\":{\"a\":1},\"A\":1}");
}

/* {"k0":0,...} with @n members, then @more. */
static void many_keys(struct buf *b, unsigned n, const char *more)
{
	buf_add_char(b, '{');
	for (unsigned i = 0; i < n; i++)
		buf_addf(b, "%s\"k%u\":0", i ? "," : "", i);
	buf_add_str(b, more);
	buf_add_char(b, '}');
}

static void test_json_finds_a_duplicate_among_many_keys(void **state)
{
	auto_buf struct buf good = BUF_INIT, bad = BUF_INIT;

	(void)state;
	many_keys(&good, 300000, "");
	assert_accepted(good.data);
	many_keys(&bad, 300000, ",\n\"k1\":1,\"k2\":2");
	assert_refused(bad.data, "k1 (t.json:2:6): found the key \"k1\" twice, first with the "
				 "value at 1:14");
}

static void nested(char *text, size_t n, const char *open, const char *close)
{
	*text = 0;
	for (size_t i = 0; i < n; i++)
		text = stpcpy(text, open);
	for (size_t i = 0; i < n; i++)
		text = stpcpy(text, close);
}

static void test_json_nests_64_deep_and_no_deeper(void **state)
{
	char text[1024];

	(void)state;
	nested(text, 64, "[", "]");
	assert_accepted(text);
	nested(text, 65, "[", "]");
	assert_refused(text, "t.json:1:65: found more than 64 brackets inside each other");
	nested(text, 63, "{\"a\":", "}");
	assert_refused(text, "t.json:1:316: expected a value, found \"}\"");
	nested(text, 65, "{\"a\":", "}");
	assert_refused(text, "t.json:1:321: found more than 64 brackets inside each other");
}

static void test_json_keeps_paths_and_places_at_full_depth(void **state)
{
	char text[1024], path[1024], want[256] = "";

	(void)state;
	nested(text, 64, "[", "]");
	memmove(text + 65, text + 64, 65);
	text[64] = '5';
	{
		auto_json struct json_doc *doc = NULL;
		struct json at[65] = {{0}};
		struct err e = ERR_INIT;

		assert_int_equal(json_parse(text, strlen(text), "t.json", &doc, &e), 0);
		at[0] = json_root(doc);
		for (int i = 0; i < 64; i++) {
			assert_true(json_next(&at[i], &at[i + 1]));
			(void)strcat(want, "[0]");
		}
		assert_string_equal(json_path(&at[64], path, sizeof(path)), want);
		assert_true(json_want_object(&at[64], &e) < 0);
		assert_non_null(strstr(e.frame[0], "(t.json:1:65): found 5, want an object"));
	}
}

static void test_json_a_bomb_of_brackets_is_one_sentence(void **state)
{
	size_t len = 1000000;
	char *text = malloc(len);
	struct err e = ERR_INIT;

	(void)state;
	assert_non_null(text);
	memset(text, '[', len);
	assert_true(try_parse(text, len, &e) < 0);
	assert_string_equal(e.frame[0],
			    "t.json:1:65: found more than 64 brackets inside each other");
	free(text);
}

static void test_json_refuses_more_than_4_mib(void **state)
{
	size_t len = JSON_MAX_SIZE + 1;
	char *text = malloc(len);
	struct err e = ERR_INIT;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', len);
	text[0] = '1';
	assert_int_equal(try_parse(text, len - 1, &e), 0);
	assert_true(try_parse(text, len, &e) < 0);
	assert_string_equal(e.frame[0], "t.json: found 4194305 bytes, allowed are 4194304");
	free(text);
}

static const char sample[] =
	"{ \"ociVersion\": \"1.2.0\",\n  \"process\": { \"terminal\": true, \"user\": { \"uid\": 0,"
	" \"additionalGids\": [ 5, -6.25e+2 ] },\n    \"args\": [ \"sh\", "
	"\"\\u00e4\\ud83d\\ude00\","
	" \"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\\n\" ], \"cwd\": \"/\" },\n  \"root\": null,"
	" \"linux\": {}, \"mounts\": [], \"x\": false\n}";

static void test_json_refuses_a_sample_cut_at_any_byte(void **state)
{
	(void)state;
	assert_accepted(sample);
	for (size_t len = 0; len < sizeof(sample) - 1; len++) {
		struct err e = ERR_INIT;

		if (try_parse(sample, len, &e) == 0)
			fail_msg("accepted the first %zu bytes", len);
		assert_memory_equal(e.frame[0], "t.json:", 7);
	}
}

/* Any byte in any place: what is accepted must be good to walk through, the rest has a message. */
static void test_json_survives_any_byte_anywhere(void **state)
{
	char text[sizeof(sample)];

	(void)state;
	for (size_t i = 0; i < sizeof(sample) - 1; i++) {
		for (unsigned c = 0; c < 256; c += c < 0x80 ? 1U : 6U) {
			struct err e = ERR_INIT;

			memcpy(text, sample, sizeof(sample));
			text[i] = (char)c;
			if (try_parse(text, sizeof(sample) - 1, &e) < 0)
				assert_int_equal(e.depth, 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_accepts_every_kind_of_value),
		cmocka_unit_test(test_json_syntax_errors_have_a_place_and_a_sentence),
		cmocka_unit_test(test_json_refuses_numbers_of_other_languages),
		cmocka_unit_test(test_json_refuses_a_number_that_would_not_be_read_whole),
		cmocka_unit_test(test_json_refuses_zero_bytes),
		cmocka_unit_test(test_json_refuses_what_is_not_utf8),
		cmocka_unit_test(test_json_refuses_half_a_surrogate_pair),
		cmocka_unit_test(test_json_refuses_a_key_that_is_there_twice),
		cmocka_unit_test(test_json_finds_a_duplicate_among_many_keys),
		cmocka_unit_test(test_json_nests_64_deep_and_no_deeper),
		cmocka_unit_test(test_json_keeps_paths_and_places_at_full_depth),
		cmocka_unit_test(test_json_a_bomb_of_brackets_is_one_sentence),
		cmocka_unit_test(test_json_refuses_more_than_4_mib),
		cmocka_unit_test(test_json_refuses_a_sample_cut_at_any_byte),
		cmocka_unit_test(test_json_survives_any_byte_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
