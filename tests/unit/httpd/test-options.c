/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: what is understood, and that the rest is one sentence. */
#include "httpd/options.h"

#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARGS_MAX 6

static int parse(const char *const *args, struct options *o, struct err *e)
{
	char *argv[ARGS_MAX + 2] = {(char *)(uintptr_t) "tinyhttpd"};
	int argc = 1;

	for (; args[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)args[argc - 1];
	optind = 0; /* getopt begins anew */
	return options_parse(argc, argv, o, e);
}

static void test_options_have_defaults(void **state)
{
	static const char *const none[] = {NULL};
	struct err e = ERR_INIT;
	struct options o;

	(void)state;
	assert_int_equal(parse(none, &o, &e), OPTIONS_SERVE);
	assert_string_equal(o.root, "public_html");
	assert_int_equal(o.n_listen, 0);
	assert_int_equal(o.log, LOG_OFF);
	assert_false(o.change_user);
}

static void test_options_are_understood(void **state)
{
	static const char *const args[] = {"--root=/srv", "-l80",         "--user",
					   "1:2",         "--log=common", NULL};
	struct err e = ERR_INIT;
	struct options o;

	(void)state;
	assert_int_equal(parse(args, &o, &e), OPTIONS_SERVE);
	assert_string_equal(o.root, "/srv");
	assert_int_equal(o.n_listen, 1);
	assert_true(o.change_user && o.uid == 1 && o.gid == 2);
	assert_int_equal(o.log, LOG_COMMON);
}

static void test_options_a_log_file_is_a_log(void **state)
{
	static const char *const file[] = {"--log-file=x", NULL};
	static const char *const off[] = {"--log-file=x", "--log=off", NULL};
	static const char *const json[] = {"--log=json", "--log-file=x", NULL};
	struct err e = ERR_INIT;
	struct options o;

	(void)state;
	assert_int_equal(parse(file, &o, &e), OPTIONS_SERVE);
	assert_int_equal(o.log, LOG_COMMON);
	assert_int_equal(parse(off, &o, &e), OPTIONS_SERVE);
	assert_int_equal(o.log, LOG_OFF);
	assert_int_equal(parse(json, &o, &e), OPTIONS_SERVE);
	assert_int_equal(o.log, LOG_JSON);
	assert_int_equal(setenv("TINYHTTPD_LOG", "combined", 1), 0);
	assert_int_equal(parse(file, &o, &e), OPTIONS_SERVE);
	assert_int_equal(o.log, LOG_COMBINED);
	assert_int_equal(unsetenv("TINYHTTPD_LOG"), 0);
}

static void test_options_listen_takes_numbers_only(void **state)
{
	static const struct {
		const char *text, *url; /* NULL: refused */
	} rows[] = {
		{"8080", "http://[::]:8080/"},
		{"0", "http://[::]:0/"},
		{"unix:/run/x", "unix:/run/x"},
		{"unix:", NULL},
		{"127.0.0.1:80", "http://127.0.0.1:80/"},
		{"[::1]:80", "http://[::1]:80/"},
		{"", NULL},
		{":80", NULL},
		{"80x", NULL},
		{"-1", NULL},
		{"65536", NULL},
		{"localhost:80", NULL},
		{"::1:80", NULL},
		{"[127.0.0.1]:80", NULL},
		{"[]:80", NULL},
		{"127.0.0.1:", NULL},
		{"127.0.0.1", NULL},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:80", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct address addr;
		struct err e = ERR_INIT;
		char url[ADDRESS_URL_MAX];
		int r = address_parse(rows[i].text, &addr, &e);

		if ((r == 0) != (rows[i].url != NULL))
			fail_msg("%s gives %d", rows[i].text, r);
		if (r < 0)
			continue;
		address_url(&addr, url);
		assert_string_equal(url, rows[i].url);
	}
}

static void test_options_come_from_the_environment_unless_given(void **state)
{
	static const char *const args[] = {"--max-head=1000", NULL};
	struct err e = ERR_INIT;
	struct options o;

	(void)state;
	setenv("TINYHTTPD_MAX_HEAD", "2000", 1);
	setenv("TINYHTTPD_LOG", "json", 1);
	setenv("TINYHTTPD_LISTING", "1", 1);
	setenv("TINYHTTPD_CACHE_CONTROL", "*.css=max-age=60", 1);
	assert_int_equal(parse(args, &o, &e), OPTIONS_SERVE);
	assert_int_equal(o.max_head, 1000);
	assert_int_equal(o.log, LOG_JSON);
	assert_true(o.listing);
	assert_int_equal(o.cache_control.n, 1);
	assert_string_equal(o.cache_control.at[0].key, "*.css");
	assert_string_equal(o.cache_control.at[0].value, "max-age=60");
	options_done(&o);
	setenv("TINYHTTPD_LISTING", "perhaps", 1);
	assert_true(parse(args, &o, &e) < 0);
	options_done(&o);
	unsetenv("TINYHTTPD_MAX_HEAD");
	unsetenv("TINYHTTPD_LOG");
	unsetenv("TINYHTTPD_LISTING");
	unsetenv("TINYHTTPD_CACHE_CONTROL");
}

static void test_options_numbers_have_bounds(void **state)
{
	static const struct {
		const char *name;
		size_t offset;
		const char *least, *most, *below, *above;
	} rows[] = {
#define FIELD(member) offsetof(struct options, member)
		{"--disk-threads", FIELD(disk_threads), "1", "64", "0", "65"},
		{"--max-fields", FIELD(max_fields), "1", "1000", "0", "1001"},
		{"--max-body", FIELD(max_body), "0", "1073741824", "-1", "1073741825"},
		{"--cache-size", FIELD(cache_mib), "0", "1048576", "-1", "1048577"},
		{"--stop-timeout", FIELD(stop_timeout), "1", "86400", "0", "86401"},
#undef FIELD
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *const taken[] = {rows[i].least, rows[i].most};
		const char *const refused[] = {rows[i].below, rows[i].above, "", "1k"};

		for (size_t j = 0; j < sizeof(taken) / sizeof(*taken); j++) {
			const char *const args[] = {rows[i].name, taken[j], NULL};
			struct err e = ERR_INIT;
			struct options o;

			assert_int_equal(parse(args, &o, &e), OPTIONS_SERVE);
			assert_int_equal(*(unsigned *)((char *)&o + rows[i].offset),
					 strtoul(taken[j], NULL, 10));
		}
		for (size_t j = 0; j < sizeof(refused) / sizeof(*refused); j++) {
			const char *const args[] = {rows[i].name, refused[j], NULL};
			char line[ERR_STR_SIZE];
			struct err e = ERR_INIT;
			struct options o;

			if (parse(args, &o, &e) >= 0)
				fail_msg("%s %s is taken", rows[i].name, refused[j]);
			assert_non_null(strstr(err_str(&e, line, sizeof(line)), rows[i].name));
			assert_non_null(strstr(line, rows[i].most));
		}
	}
}

static void test_options_refuse_what_they_do_not_know(void **state)
{
	static const char *const rows[][ARGS_MAX] = {
		{"--frob"},
		{"-x"},
		{"--root"},
		{"--root", ""},
		{"--workers", "0"},
		{"--workers", "65"},
		{"--workers", "1 "},
		{"--user", "root"},
		{"--user", "1"},
		{"--user", "1:"},
		{"--user", ":1"},
		{"--user", "4294967295:1"},
		{"--log", "xml"},
		{"--index", "../x"},
		{"--error-page", "200=/x"},
		{"--error-page", "404=x"},
		{"--error-page", "404"},
		{"--fallback", "x"},
		{"--cache-control", "=x"},
		{"--cache-control", "x=a\r\nb"},
		{"--cors", ""},
		{"--status", "x"},
		{"--listen", "unix:"},
		{"--max-head", "1"},
		{"--max-connections", "0"},
		{"--header-timeout", "0"},
		{"--idle-timeout", "x"},
		{"a", "b"},
		{""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err e = ERR_INIT;
		struct options o;

		if (parse(rows[i], &o, &e) >= 0)
			fail_msg("%s %s is taken", rows[i][0], rows[i][1] ? rows[i][1] : "");
		assert_true(e.depth > 0);
		options_done(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_have_defaults),
		cmocka_unit_test(test_options_are_understood),
		cmocka_unit_test(test_options_a_log_file_is_a_log),
		cmocka_unit_test(test_options_listen_takes_numbers_only),
		cmocka_unit_test(test_options_come_from_the_environment_unless_given),
		cmocka_unit_test(test_options_numbers_have_bounds),
		cmocka_unit_test(test_options_refuse_what_they_do_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
