/* SPDX-License-Identifier: Apache-2.0 */
/* A directory as a page and as JSON: whatever the names are, they are text. */
#include "httpd/listing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct listing_entry entries[] = {
	{.name = (char *)(uintptr_t) "<script>&\"'", .size = 3, .modified_sec = 784111777},
	{.name = (char *)(uintptr_t) "javascript:alert(1)", .size = 1, .modified_sec = 5},
	{.name = (char *)(uintptr_t) "b\n?#%", .size = 2, .modified_sec = 7},
	{.name = (char *)(uintptr_t) "dir", .is_dir = true, .modified_sec = 6},
};

static void write(const struct listing_spec *spec, struct buf *out)
{
	struct listing l = {.entries = entries, .n = sizeof(entries) / sizeof(*entries)};

	listing_sort(&l, spec);
	listing_write(&l, "a<b/", spec, out);
	assert_false(out->failed);
}

static void test_listing_page_has_no_markup_of_others(void **state)
{
	struct listing_spec spec = {.sort = LISTING_BY_NAME};
	auto_buf struct buf out = BUF_INIT;

	(void)state;
	write(&spec, &out);
	assert_null(strstr(out.data, "<script>"));
	assert_null(strstr(out.data, "a<b"));
	assert_non_null(strstr(out.data, "&lt;script&gt;&amp;&quot;&#39;"));
	assert_null(strstr(out.data, "\"javascript:"));
	assert_non_null(strstr(out.data, "href=\"./b%0A%3F%23%25\""));
	assert_non_null(strstr(out.data, "href=\"./dir/\""));
	assert_non_null(strstr(out.data, "1994-11-06 08:49:37"));
}

static void test_listing_json_is_json(void **state)
{
	struct listing_spec spec = {.json = true, .sort = LISTING_BY_NAME};
	auto_buf struct buf out = BUF_INIT;

	(void)state;
	write(&spec, &out);
	assert_non_null(strstr(out.data, "\"<script>&\\\"'\""));
	assert_non_null(strstr(out.data, "\"b\\n?#%\""));
	assert_non_null(strstr(out.data, "{\"name\":\"dir\",\"type\":\"directory\",\"size\":0,"));
	assert_non_null(strstr(out.data, "\"mtime\":\"1994-11-06T08:49:37Z\"}"));
}

static void test_listing_is_ordered_as_asked(void **state)
{
	static const struct {
		const char *query;
		const char *order[4];
	} rows[] = {
		{"", {"dir", "<script>&\"'", "b\n?#%", "javascript:alert(1)"}},
		{"?sort=size", {"dir", "javascript:alert(1)", "b\n?#%", "<script>&\"'"}},
		{"?sort=date", {"dir", "javascript:alert(1)", "b\n?#%", "<script>&\"'"}},
		{"?x&order=desc&sort=size",
		 {"dir", "<script>&\"'", "b\n?#%", "javascript:alert(1)"}},
	};
	struct listing l = {.entries = entries, .n = 4};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct listing_spec spec = {.json = false};

		listing_parse_query(rows[i].query, strlen(rows[i].query), &spec);
		listing_sort(&l, &spec);
		for (int j = 0; j < 4; j++)
			assert_string_equal(l.entries[j].name, rows[i].order[j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listing_page_has_no_markup_of_others),
		cmocka_unit_test(test_listing_json_is_json),
		cmocka_unit_test(test_listing_is_ordered_as_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
