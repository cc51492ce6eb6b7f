/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON documents as a caller sees them: values taken with their types, the messages of those that
 * are refused, and the places in them.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "tinyrun/buf.h"
#include "tinyrun/fd.h"
#include "tinyrun/json.h"

static struct json_doc *parse(const char *text)
{
	struct json_doc *doc = NULL;
	struct err e = ERR_INIT;

	if (json_parse(text, strlen(text), "t.json", &doc, &e) < 0)
		fail_msg("%s: %s", text, e.frame[0]);
	return doc;
}

/* The value at the end of a way of member names: "process", "user", NULL. @at holds its cursors. */
static struct json *follow(const struct json_doc *doc, const char *const *way, struct json *at)
{
	*at = json_root(doc);
	for (; *way; way++, at++)
		assert_true(json_member(at, *way, at + 1));
	return at;
}

#define WAY(...) ((const char *const[]){__VA_ARGS__, NULL})

static void assert_message(const struct err *e, const char *want)
{
	char text[ERR_STR_SIZE];

	assert_string_equal(err_str(e, text, sizeof(text)), want);
}

static void test_json_keeps_64_bit_integers_exact(void **state)
{
	auto_json struct json_doc *doc =
		parse("{\"max\":18446744073709551615,\"odd\":9007199254740993,"
		      "\"min\":-9223372036854775808,\"top\":9223372036854775807,\"zero\":-0}");
	struct json root = json_root(doc);
	struct err e = ERR_INIT;
	uint64_t u = 0;
	int64_t i = 0;

	(void)state;
	assert_int_equal(json_get_u64(&root, "max", &u, &e), 0);
	assert_true(u == UINT64_MAX);
	assert_int_equal(json_get_u64(&root, "odd", &u, &e), 0);
	assert_true(u == 9007199254740993);
	assert_int_equal(json_get_i64(&root, "min", &i, &e), 0);
	assert_true(i == INT64_MIN);
	assert_int_equal(json_get_i64(&root, "top", &i, &e), 0);
	assert_true(i == INT64_MAX);
	assert_int_equal(json_get_i64(&root, "zero", &i, &e), 0);
	assert_true(i == 0);
}

static void test_json_u32_refuses_what_is_no_such_integer(void **state)
{
	static const char *const bad[] = {
		"4294967296",
		"-1",
		"-0",
		"1.5",
		"1.0",
		"1e3",
		"true",
		"\"1\"",
		"[1]",
		"{}",
		"99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[64];
		auto_json struct json_doc *doc = NULL;
		struct err e = ERR_INIT;
		uint32_t value = 7;
		struct json root;

		(void)snprintf(text, sizeof(text), "{\"uid\":%s}", bad[i]);
		doc = parse(text);
		root = json_root(doc);
		assert_int_equal(json_get_u32(&root, "uid", &value, &e), -22);
		assert_int_equal(value, 7);
		assert_non_null(strstr(e.frame[0], "want an integer from 0 to 4294967295"));
	}
}

static void test_json_says_path_place_found_and_wanted(void **state)
{
	auto_json struct json_doc *doc =
		parse("{\n\t\"process\": {\n\t\t\"user\": {\"uid\": 1.5},\n"
		      "\t\t\"args\": [\"a\", \"b\", 3]\n\t}\n}");
	struct json way[4], *user = follow(doc, WAY("process", "user"), way), args, it = {0};
	struct err e = ERR_INIT;
	const char *str;
	uint32_t uid;

	(void)state;
	assert_true(json_get_u32(user, "uid", &uid, &e) < 0);
	assert_message(&e, "process.user.uid (t.json:3:19): found 1.5, want an integer from 0 to "
			   "4294967295");
	assert_true(json_member(&way[1], "args", &args));
	while (json_next(&args, &it))
		if (json_str(&it, &str, &e) < 0)
			break;
	assert_message(&e, "process.args[2] (t.json:4:22): found 3, want a string");
}

static void test_json_column_counts_characters(void **state)
{
	auto_json struct json_doc *doc = parse("{\"\xc3\xa4\xe2\x82\xac\": 1}");
	struct json root = json_root(doc);
	struct err e = ERR_INIT;
	bool b;

	(void)state;
	assert_true(json_get_bool(&root, "\xc3\xa4\xe2\x82\xac", &b, &e) < 0);
	assert_message(&e, "[\"\xc3\xa4\xe2\x82\xac\"] (t.json:1:8): found 1, want true or false");
}

static void test_json_each_type_refuses_the_others(void **state)
{
	static const struct {
		const char *value, *found;
	} values[] = {
		{"{}", "an object"}, {"[]", "an array"}, {"\"x\"", "\"x\""},
		{"1", "1"},          {"true", "true"},   {"null", "null"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		auto_json struct json_doc *doc = parse(values[i].value);
		struct json at = json_root(doc);
		struct err e = ERR_INIT;
		char want[80];
		const char *s;
		uint64_t u;
		bool b;

		assert_int_equal(json_want_object(&at, &e) == 0, i == 0);
		assert_int_equal(json_want_array(&at, &e) == 0, i == 1);
		assert_int_equal(json_str(&at, &s, &e) == 0, i == 2);
		assert_int_equal(json_u64(&at, UINT64_MAX, &u, &e) == 0, i == 3);
		assert_int_equal(json_bool(&at, &b, &e) == 0, i == 4);
		(void)snprintf(want, sizeof(want), "t.json:1:1: found %s, want ", values[i].found);
		assert_memory_equal(e.frame[0], want, strlen(want));
	}
}

static void test_json_absent_and_null_leave_the_value_alone(void **state)
{
	auto_json struct json_doc *doc = parse("{\"a\":null}");
	struct json root = json_root(doc), at;
	struct err e = ERR_INIT;
	const char *s = "kept";
	uint32_t u = 5;
	bool b = true;

	(void)state;
	assert_int_equal(json_get_str(&root, "a", &s, &e), 0);
	assert_int_equal(json_get_u32(&root, "b", &u, &e), 0);
	assert_int_equal(json_get_bool(&root, "c", &b, &e), 0);
	assert_string_equal(s, "kept");
	assert_int_equal(u, 5);
	assert_true(b);
	assert_false(json_member(&root, "a", &at));
}

static void test_json_asking_a_non_object_for_a_member_is_an_error(void **state)
{
	auto_json struct json_doc *doc = parse("{\"user\":[1]}");
	struct json root = json_root(doc), user;
	struct err e = ERR_INIT;
	uint32_t u;

	(void)state;
	assert_true(json_member(&root, "user", &user));
	assert_true(json_get_u32(&user, "uid", &u, &e) < 0);
	assert_message(&e, "user (t.json:1:9): found an array, want an object");
}

static void test_json_need_names_the_missing_member(void **state)
{
	auto_json struct json_doc *doc = parse("{\n  \"process\": {\"cwd\": null}}");
	struct json root = json_root(doc), process, cwd;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(json_need(&root, "process", "what to run", &process, &e), 0);
	assert_true(json_need(&process, "cwd", "an absolute path", &cwd, &e) < 0);
	assert_message(&e, "process.cwd (t.json:2:14): is missing: an absolute path");
	assert_true(json_need(&root, "root", "where the files are", &cwd, &e) < 0);
	assert_message(&e, "root (t.json:1:1): is missing: where the files are");
}

static void test_json_path_quotes_keys_with_dots(void **state)
{
	auto_json struct json_doc *doc = parse("{\"a\":[[{\"net.ipv4\":{\"\":1}}]]}");
	struct json root = json_root(doc), a, b = {0}, c = {0}, d, last;
	char path[64], small[8];

	(void)state;
	assert_string_equal(json_path(&root, path, sizeof(path)), "");
	assert_true(json_member(&root, "a", &a) && json_next(&a, &b) && json_next(&b, &c));
	assert_true(json_member(&c, "net.ipv4", &d) && json_member(&d, "", &last));
	assert_string_equal(json_path(&last, path, sizeof(path)), "a[0][0][\"net.ipv4\"][\"\"]");
	assert_string_equal(json_path(&last, small, sizeof(small)), "a[0][0]");
}

static void test_json_text_is_the_source_of_a_value(void **state)
{
	auto_json struct json_doc *doc = parse(" {\"o\" : {\"x\": [1, \"]}\\\"\"]} , \"n\":-1.5e+3 "
					       ",\"s\":\"\\u00e4\", \"t\":true}");
	static const struct {
		const char *key, *text;
	} want[] = {
		{"o", "{\"x\": [1, \"]}\\\"\"]}"},
		{"n", "-1.5e+3"},
		{"s", "\"\\u00e4\""},
		{"t", "true"},
	};
	struct json root = json_root(doc), at;

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		size_t len;
		const char *text;

		assert_true(json_member(&root, want[i].key, &at));
		text = json_text(&at, &len);
		assert_int_equal(len, strlen(want[i].text));
		assert_memory_equal(text, want[i].text, len);
	}
}

static void test_json_next_goes_through_members_and_elements_in_order(void **state)
{
	auto_json struct json_doc *doc = parse("{\"b\":1,\"a\":[10,null,[]],\"e\":{}}");
	struct json root = json_root(doc), it = {0}, element = {0}, a;
	const char *const keys[] = {"b", "a", "e"};
	size_t n = 0;

	(void)state;
	assert_int_equal(json_count(&root), 3);
	while (json_next(&root, &it))
		assert_string_equal(it.key, keys[n++]);
	assert_int_equal(n, 3);
	assert_true(json_member(&root, "a", &a));
	for (n = 0; json_next(&a, &element); n++) {
		assert_null(element.key);
		assert_int_equal(element.index, n);
	}
	assert_int_equal(n, 3);
	it = (struct json){0};
	assert_true(json_member(&root, "e", &a));
	assert_false(json_next(&a, &it));
}

static void test_json_strings_have_their_escapes_undone(void **state)
{
	auto_json struct json_doc *doc = parse("[\"a\\n\\u00e4\\ud83d\\ude00\\/\\\"\"]");
	struct json root = json_root(doc), it = {0};
	struct err e = ERR_INIT;
	const char *s;

	(void)state;
	assert_true(json_next(&root, &it));
	assert_int_equal(json_str(&it, &s, &e), 0);
	assert_string_equal(s, "a\n\xc3\xa4\xf0\x9f\x98\x80/\"");
}

static void test_json_a_long_value_is_shown_by_its_beginning(void **state)
{
	auto_json struct json_doc *doc =
		parse("\"0123456789012345678901234567890123456\xe2\x82\xac\xe2\x82\xac 89\"");
	struct json root = json_root(doc);
	struct err e = ERR_INIT;

	(void)state;
	assert_true(json_want_array(&root, &e) < 0);
	assert_message(&e, "t.json:1:1: found \"0123456789012345678901234567890123456...\", "
			   "want an array");
}

static void test_json_a_text_need_not_end_in_zero(void **state)
{
	static const char text[] = {'[', '1', ']'};
	auto_json struct json_doc *doc = NULL;
	struct err e = ERR_INIT;
	const char *kept;
	size_t len;

	(void)state;
	assert_int_equal(json_parse(text, sizeof(text), "t.json", &doc, &e), 0);
	kept = json_doc_text(doc, &len);
	assert_ptr_not_equal(kept, text);
	assert_int_equal(len, 3);
	assert_memory_equal(kept, text, 3);
}

/* --- files --- */

static char dir[] = "/tmp/tinyrun-test-json-XXXXXX";
static int dir_fd = -1;

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0;
}

static int remove_dir(void **state)
{
	(void)state;
	(void)unlinkat(dir_fd, "config.json", 0);
	fd_close(&dir_fd);
	return rmdir(dir);
}

static void write_file(const char *text, size_t len)
{
	auto_fd int fd = openat(dir_fd, "config.json", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, len), len);
}

static void assert_load_refused(const char *file, const char *want)
{
	struct json_doc *doc = NULL;
	struct err e = ERR_INIT;

	assert_true(json_load(dir_fd, file, &doc, &e) < 0);
	assert_null(doc);
	assert_message(&e, want);
}

static void test_json_load_reads_a_file(void **state)
{
	auto_json struct json_doc *doc = NULL;
	struct err e = ERR_INIT;
	struct json root;

	(void)state;
	write_file("{\"a\":1}\n", 8);
	assert_int_equal(json_load(dir_fd, "config.json", &doc, &e), 0);
	root = json_root(doc);
	assert_int_equal(json_count(&root), 1);
}

static void test_json_load_refuses_what_is_no_file(void **state)
{
	(void)state;
	assert_load_refused("none.json", "open none.json: No such file or directory");
	assert_load_refused(".", "open .: found a directory, want a regular file");
	assert_load_refused("/dev/zero", "open /dev/zero: found a device, want a regular file");
	assert_int_equal(mkfifoat(dir_fd, "fifo", 0600), 0);
	assert_load_refused("fifo", "open fifo: found a FIFO, want a regular file");
	assert_int_equal(unlinkat(dir_fd, "fifo", 0), 0);
}

static void test_json_load_refuses_an_empty_and_a_huge_file(void **state)
{
	auto_fd int fd = -1;

	(void)state;
	write_file("", 0);
	assert_load_refused("config.json",
			    "config.json: expected a JSON value, found an empty file");
	fd = openat(dir_fd, "config.json", O_WRONLY);
	assert_int_equal(ftruncate(fd, (off_t)JSON_MAX_SIZE + 1), 0);
	assert_load_refused("config.json", "config.json: found 4194305 bytes, allowed are 4194304");
}

/* What comes behind a number must not be looked at for each of them again. */
static void test_json_reads_many_numbers_in_a_time_that_grows_with_them(void **state)
{
	const size_t n = 500000;
	char *text = malloc(2 * n + 1);
	auto_json struct json_doc *doc = NULL;
	struct json root, it = {0};
	struct err e = ERR_INIT;
	clock_t begin, parsed;
	size_t count = 0;

	(void)state;
	assert_non_null(text);
	text[0] = '[';
	for (size_t i = 0; i < n; i++)
		memcpy(text + 1 + 2 * i, i + 1 < n ? "1," : "1]", 2);
	begin = clock();
	assert_int_equal(json_parse(text, 2 * n + 1, "list", &doc, &e), 0);
	parsed = clock();
	free(text);
	root = json_root(doc);
	while (json_next(&root, &it)) {
		int64_t value = 0;

		assert_int_equal(json_i64(&it, 1, 1, &value, &e), 0);
		count++;
	}
	assert_int_equal(count, n);
	assert_true(clock() - parsed < 10 * (parsed - begin));
}

static const struct json_part part = {"top", "big", "\"read me"};

static struct json_doc *parse_without(const char *text)
{
	struct json_doc *doc = NULL;
	struct err e = ERR_INIT;

	if (json_parse_without(text, strlen(text), "t.json", &part, &doc, &e) < 0)
		fail_msg("%s: %s", text, e.frame[0]);
	return doc;
}

static void test_json_an_unread_part_is_its_text_alone(void **state)
{
	static const char text[] =
		"{\"a\": [1],\n\"top\": {\"x\": 7, \"big\": {\"n\": [{}, \"]\"]},\n"
		" \"last\": \"y\"}}";
	auto_json struct json_doc *doc = parse_without(text), *whole = NULL;
	struct json way[3], *big = follow(doc, WAY("top", "big"), way), last, it = {.node = NULL};
	struct err e = ERR_INIT;
	const char *part_text;
	bool b;
	size_t len;

	(void)state;
	assert_true(json_is_unread(big));
	assert_false(json_is_unread(&way[1]));
	assert_true(json_is_object(big));
	assert_int_equal(json_count(big), 0);
	assert_false(json_next(big, &it));
	part_text = json_text(big, &len);
	assert_int_equal(len, strlen("{\"n\": [{}, \"]\"]}"));
	assert_memory_equal(part_text, "{\"n\": [{}, \"]\"]}", len);
	/* what is behind it stands where it stands */
	assert_true(json_member(&way[1], "last", &last));
	assert_int_equal(json_bool(&last, &b, &e), -22);
	assert_message(&e, "top.last (t.json:3:10): found \"y\", want true or false");
	assert_int_equal(json_parse_whole(doc, &whole, &e), 0);
	assert_int_equal(json_count(follow(whole, WAY("top", "big"), way)), 1);
}

static void test_json_a_part_is_read_when_it_may_matter(void **state)
{
	static const char *const texts[] = {"{\"top\": {\"big\": {\"read me too\": 1}}}",
					    "{\"top\": {\"big\": {\"\\u0072ead me\": 1}}}",
					    "{\"top\": {\"big\": [{\"x\": 1}]}}",
					    "{\"top\": {\"bi\\u0067\": {\"x\": 1}}}",
					    "{\"top\": {\"top\": {\"big\": {}}}}",
					    "{\"to\": {\"big\": {\"x\": 1}}}",
					    "{\"big\": {\"x\": 1}}",
					    "[{\"top\": {\"big\": {\"x\": 1}}}]"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		auto_json struct json_doc *doc = parse_without(texts[i]);
		struct json at[4] = {json_root(doc)};

		for (int k = 0; k < 3; k++) {
			at[k + 1] = (struct json){.node = NULL};
			if (!json_next(&at[k], &at[k + 1]))
				break;
			if (json_is_unread(&at[k + 1]))
				fail_msg("%s: a part is unread", texts[i]);
		}
	}
}

static void test_json_a_part_without_end_or_twice_is_refused(void **state)
{
	static const char *const texts[] = {
		"{\"top\": {\"big\": {\"x\": [}",
		"{\"top\": {\"big\": {\"x\": 1}, \"big\": {\"x\": 1}}}",
		"{\"top\": {\"big\": {\"x\": 1}}, \"top\": {}}",
		"{\"top\": {\"big\": {\"x\": 1}} ]",
		"{\"top\": {\"big\": {\"x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct json_doc *doc = NULL;
		struct err e = ERR_INIT;

		assert_true(json_parse_without(texts[i], strlen(texts[i]), "t.json", &part, &doc,
					       &e) < 0);
		assert_null(doc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_keeps_64_bit_integers_exact),
		cmocka_unit_test(test_json_u32_refuses_what_is_no_such_integer),
		cmocka_unit_test(test_json_says_path_place_found_and_wanted),
		cmocka_unit_test(test_json_column_counts_characters),
		cmocka_unit_test(test_json_each_type_refuses_the_others),
		cmocka_unit_test(test_json_absent_and_null_leave_the_value_alone),
		cmocka_unit_test(test_json_asking_a_non_object_for_a_member_is_an_error),
		cmocka_unit_test(test_json_need_names_the_missing_member),
		cmocka_unit_test(test_json_path_quotes_keys_with_dots),
		cmocka_unit_test(test_json_text_is_the_source_of_a_value),
		cmocka_unit_test(test_json_next_goes_through_members_and_elements_in_order),
		cmocka_unit_test(test_json_strings_have_their_escapes_undone),
		cmocka_unit_test(test_json_a_long_value_is_shown_by_its_beginning),
		cmocka_unit_test(test_json_a_text_need_not_end_in_zero),
		cmocka_unit_test(test_json_an_unread_part_is_its_text_alone),
		cmocka_unit_test(test_json_a_part_is_read_when_it_may_matter),
		cmocka_unit_test(test_json_a_part_without_end_or_twice_is_refused),
		cmocka_unit_test(test_json_load_reads_a_file),
		cmocka_unit_test(test_json_load_refuses_what_is_no_file),
		cmocka_unit_test(test_json_load_refuses_an_empty_and_a_huge_file),
		cmocka_unit_test(test_json_reads_many_numbers_in_a_time_that_grows_with_them),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
