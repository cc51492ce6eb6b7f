/* SPDX-License-Identifier: Apache-2.0 */
/* Media types by name. */
#include "httpd/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_mime_knows_types_by_the_last_extension(void **state)
{
	static const char *const rows[][2] = {
		{"index.html", "text/html; charset=utf-8"},
		{"a/b/STYLE.CSS", "text/css; charset=utf-8"},
		{"app.js", "text/javascript; charset=utf-8"},
		{"data.json", "application/json"},
		{"x.7z", "application/x-7z-compressed"},
		{"x.zst", "application/zstd"},
		{"x.html.png", "image/png"},
		{"logo.svg", "image/svg+xml"},
		{"mod.wasm", "application/wasm"},
		{"font.woff2", "font/woff2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(mime_type(NULL, rows[i][0], strlen(rows[i][0])), rows[i][1]);
}

static void test_mime_calls_everything_else_bytes(void **state)
{
	static const char *const names[] = {
		"",
		"README",
		"a.html/b",
		"a.",
		".",
		"x.unknown",
		"x.averyveryverylongextension",
		"html",
		"a/html",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_string_equal(mime_type(NULL, names[i], strlen(names[i])),
				    "application/octet-stream");
}

/* A table that is not sorted would lose some of its rows. */
static void test_mime_finds_what_web_pages_are_made_of(void **state)
{
	static const char *const names =
		"a.aac a.atom a.avif a.avi a.bmp a.css a.csv a.eot a.flac a.gif a.gz a.htm a.html "
		"a.ico a.jpeg a.jpg a.js a.json a.m4a a.map a.md a.mjs a.mkv a.mov a.mp3 a.mp4 "
		"a.oga a.ogg a.ogv a.opus a.otf a.pdf a.png a.rss a.svg a.tar a.tiff a.ttf a.txt "
		"a.wasm a.wav a.webm a.webmanifest a.webp a.woff a.woff2 a.xhtml a.xml a.zip";
	const char *s = names;

	(void)state;
	while (*s) {
		size_t len = strcspn(s, " ");

		if (strcmp(mime_type(NULL, s, len), "application/octet-stream") == 0)
			fail_msg("%.*s is not known", (int)len, s);
		s += len + (s[len] == ' ');
	}
}

static void test_mime_reads_a_file_for_what_it_does_not_know(void **state)
{
	struct mime_table *t = mime_parse("# comment\n"
					  "application/x-foo\tfoo  bar # more\r\n"
					  "text/x-baz baz\n"
					  "text/evil html\n"
					  "nonsense qux\n"
					  "a/b\x01c quux\n"
					  "application/x-last last");

	(void)state;
	assert_non_null(t);
	assert_string_equal(mime_type(t, "a.foo", 5), "application/x-foo");
	assert_string_equal(mime_type(t, "a.BAR", 5), "application/x-foo");
	assert_string_equal(mime_type(t, "a.baz", 5), "text/x-baz; charset=utf-8");
	assert_string_equal(mime_type(t, "a.last", 6), "application/x-last");
	assert_string_equal(mime_type(t, "a.html", 6), "text/html; charset=utf-8");
	assert_string_equal(mime_type(t, "a.qux", 5), "application/octet-stream");
	assert_string_equal(mime_type(t, "a.quux", 6), "application/octet-stream");
	assert_string_equal(mime_type(t, "a.more", 6), "application/octet-stream");
	mime_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mime_knows_types_by_the_last_extension),
		cmocka_unit_test(test_mime_calls_everything_else_bytes),
		cmocka_unit_test(test_mime_reads_a_file_for_what_it_does_not_know),
		cmocka_unit_test(test_mime_finds_what_web_pages_are_made_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
