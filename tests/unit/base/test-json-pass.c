/* SPDX-License-Identifier: Apache-2.0 */
/* Past an object: to its own bracket, wherever it stands, and never when it has to be read. */
#include "base/json_pass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What json_pass() is to find out, a byte at a time. */
static size_t plain_pass(const char *text, size_t len)
{
	bool in_string = false;
	unsigned depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\')
			return 0;
		if (text[i] == '"')
			in_string = !in_string;
		else if (!in_string && strchr("{[", text[i]) && text[i])
			depth++;
		else if (!in_string && strchr("}]", text[i]) && text[i] && --depth == 0)
			return i + 1;
	}
	return 0;
}

static void test_pass_ends_at_the_bracket_of_the_object(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{"{}", 2},
		{"{},", 2},
		{"{}}", 2},
		{"{\"a\": 1}, \"b\": 2}", 8},
		{"{\"a}\": [{}, []], \"]\": \"{{[[\"} }", 29},
		{"{\"a\":\"}}}}}}}}}}}}}}}}\"}]", 24},
		{"{\"\":\"\",\"\":{\"\":\"\"}}\"\"", 18},
		{"{Y_y\x7f\xfb\xfd\xdb\xdd\"Y_y\x7f\xfb\xfd\"}}", 18},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = json_pass(cases[i].text, strlen(cases[i].text), "listener");

		if (n != cases[i].len)
			fail_msg("%s: %zu", cases[i].text, n);
	}
}

static void test_pass_leaves_what_has_to_be_read(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"{\"a\": {}",
		"{\"a\": \"}",
		"{\"a\": \"}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}",
		"{\"a\\\"\": 1}",
		"{\"a\": \"\\\\\"}",
		"{\"listener\": 1}",
		"{\"a\": [\"listener\"]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (json_pass(texts[i], strlen(texts[i]), "listener") != 0)
			fail_msg("%s is passed", texts[i]);
	/* behind the object it does not matter */
	assert_int_equal(json_pass("{\"a\": 1}, \"listener\"", 20, "listener"), 8);
	assert_int_equal(json_pass("{\"a\": 1}, \"\\", 12, "listener"), 8);
}

/* Texts of the bytes that matter, at each place in a word, without a 0 behind them. */
static void test_pass_finds_what_a_byte_at_a_time_finds(void **state)
{
	static const char bytes[] = "{}[]\"\"{}[]\"\"{[]}aY_y \x7f\x80\xfb\xfd\xff\n:,\\";
	uint32_t random = 1;
	size_t found = 0;

	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		char room[80], *text = room + round % 8;
		size_t len = 2 + round % 64;

		text[0] = '{';
		for (size_t i = 1; i < len; i++) {
			random = random * 1664525 + 1013904223;
			/* backslashes are last and rare */
			text[i] = bytes[(random >> 16) % (sizeof(bytes) - (round % 16 ? 2 : 1))];
		}
		memset(text + len, '}', (size_t)(room + sizeof(room) - (text + len)));
		if (json_pass(text, len, "none") != plain_pass(text, len))
			fail_msg("round %u: %zu of %.*s", round, json_pass(text, len, "none"),
				 (int)len, text);
		found += plain_pass(text, len) > 0;
	}
	assert_in_range(found, 20000, 180000); /* both kinds were there */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pass_ends_at_the_bracket_of_the_object),
		cmocka_unit_test(test_pass_leaves_what_has_to_be_read),
		cmocka_unit_test(test_pass_finds_what_a_byte_at_a_time_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
