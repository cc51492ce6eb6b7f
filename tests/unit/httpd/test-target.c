/* SPDX-License-Identifier: Apache-2.0 */
/* Targets to paths: decoding, normalising, and every spelling of a way out of the root. */
#include "httpd/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* As the server does by default. */
static int to_path(const char *target, size_t len, char *path, size_t *ret_len)
{
	int status = target_to_path(target, len, path, ret_len);

	return status == 0 && target_is_hidden(path, *ret_len) ? 404 : status;
}

struct sample {
	const char *target;
	int status;
	const char *path; /* when the status is 0 */
};

static const struct sample samples[] = {
	{"/", 0, ""},
	{"", 0, ""},
	{"?q", 0, ""},
	{"/?q", 0, ""},
	{"/a", 0, "a"},
	{"/a/", 0, "a/"},
	{"/a/b.txt?x=/../y", 0, "a/b.txt"},
	{"/a%20b", 0, "a b"},
	{"/%41%c3%a4", 0, "A\xc3\xa4"},
	{"/a+b", 0, "a+b"},
	{"/%2541", 0, "%41"},
	{"/%252e%252e/x", 0, "%2e%2e/x"},
	{"//a", 0, "a"},
	{"//host/%2f", 404, NULL},
	{"///", 0, ""},
	{"/a//b", 0, "a/b"},
	{"/a/./b", 0, "a/b"},
	{"/a/.", 0, "a/"},
	{"/a/..", 0, ""},
	{"/a/b/..", 0, "a/"},
	{"/a/../b", 0, "b"},
	{"/a/b/../../c", 0, "c"},
	{"/a/b/../c/", 0, "a/c/"},
	{"/a/%2e%2e/b", 0, "b"},
	{"/a\\..\\b", 0, "a\\..\\b"},
	{"/..%5cx", 404, NULL},
	{"/a;x=1", 0, "a;x=1"},
	/* out of the root */
	{"/..", 400, NULL},
	{"/../", 400, NULL},
	{"/../etc/passwd", 400, NULL},
	{"/%2e%2e/etc/passwd", 400, NULL},
	{"/%2E./etc/passwd", 400, NULL},
	{"/.%2e/etc/passwd", 400, NULL},
	{"/a/../../etc/passwd", 400, NULL},
	{"/a/..//../etc/passwd", 400, NULL},
	{"/./../etc/passwd", 400, NULL},
	{"//../etc/passwd", 400, NULL},
	{"/..%2fetc/passwd", 404, NULL},
	{"/..%2Fetc%2fpasswd", 404, NULL},
	{"/a%2f..%2f..%2fetc", 404, NULL},
	{"/%00", 400, NULL},
	{"/a%00.html", 400, NULL},
	{"/..%00/", 400, NULL},
	/* not well-formed */
	{"/%", 400, NULL},
	{"/%4", 400, NULL},
	{"/%4?1", 400, NULL},
	{"/%zz", 400, NULL},
	{"/%4g", 400, NULL},
	{"/%+1", 400, NULL},
	{"a", 400, NULL},
	{"*", 400, NULL},
	/* hidden */
	{"/.git/config", 404, NULL},
	{"/.htaccess", 404, NULL},
	{"/a/.b/c", 404, NULL},
	{"/%2egit/config", 404, NULL},
	{"/...", 404, NULL},
	{"/.well-known/x", 0, ".well-known/x"},
	{"/.well-known/.x", 404, NULL},
	{"/.well-known", 404, NULL},
	{"/a/.well-known/x", 404, NULL},
	{"/.a/../b", 0, "b"},
	{"/a.b/c.", 0, "a.b/c."},
};

static void test_target_gives_each_target_its_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		const struct sample *s = &samples[i];
		size_t len = strlen(s->target), path_len;
		char *path = malloc(len + 1); /* exactly what is promised to be enough */
		int status = to_path(s->target, len, path, &path_len);

		if (status != s->status)
			fail_msg("status %d for %s", status, s->target);
		if (status == 0) {
			assert_string_equal(path, s->path);
			assert_int_equal(path_len, strlen(s->path));
		}
		free(path);
	}
}

/* A component may not be ".." or "." or empty, whatever the bytes were. */
static void assert_harmless(const char *target, size_t len)
{
	char path[64];
	size_t n, from = 0;

	if (to_path(target, len, path, &n) != 0)
		return;
	assert_true(n <= len);
	for (size_t i = 0; i <= n; i++) {
		if (i < n && path[i] != '/')
			continue;
		if (i < n && i == from)
			fail_msg("an empty component from %.*s", (int)len, target);
		if (i > from && path[from] == '.')
			fail_msg("a hidden component from %.*s", (int)len, target);
		from = i + 1;
	}
}

static void test_target_lets_no_combination_of_dots_and_slashes_through(void **state)
{
	static const char *const parts[] = {"/", ".", "..", "%2e", "%2f", "a", "//", "%5c"};
	const unsigned n = sizeof(parts) / sizeof(*parts), depth = 5;
	unsigned total = 1;

	(void)state;
	for (unsigned i = 0; i < depth; i++)
		total *= n;
	for (unsigned i = 0; i < total; i++) {
		char target[64] = "/";

		for (unsigned j = 0, rest = i; j < depth; j++, rest /= n)
			strcat(target, parts[rest % n]);
		assert_harmless(target, strlen(target));
	}
}

static void test_target_encode_leaves_nothing_that_ends_a_field_or_an_attribute(void **state)
{
	char all[255], out[3 * sizeof(all) + 1], back[3 * sizeof(all) + 2];
	size_t n, len = 0, path_len;

	(void)state;
	for (int c = 1; c < 256; c++)
		if (c != '/' && c != '.')
			all[len++] = (char)c;
	out[0] = '/';
	n = target_encode(all, len, out + 1);
	for (size_t i = 0; i <= n; i++)
		assert_true(out[i] > ' ' && out[i] < 0x7f && !strchr("\"<>\\^`{|}?#", out[i]));
	assert_int_equal(target_to_path(out, n + 1, back, &path_len), 0);
	assert_int_equal(path_len, len);
	assert_memory_equal(back, all, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_target_gives_each_target_its_path),
		cmocka_unit_test(test_target_lets_no_combination_of_dots_and_slashes_through),
		cmocka_unit_test(
			test_target_encode_leaves_nothing_that_ends_a_field_or_an_attribute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
