/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: what is understood, and that the rest is one sentence. */
#include "httpd/options.h"

#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "httpd/listener.h"

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
	assert_string_equal(o.root, ".");
	assert_int_equal(o.n_listen, 0);
	assert_false(o.log);
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
	assert_true(o.log);
}

static void test_options_listen_takes_numbers_only(void **state)
{
	static const struct {
		const char *text, *url; /* NULL: refused */
	} rows[] = {
		{"8080", "http://[::]:8080/"},
		{"0", "http://[::]:0/"},
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
		struct sockaddr_in6 addr;
		struct err e = ERR_INIT;
		char url[LISTENER_URL_MAX];
		int r = options_parse_listen(rows[i].text, &addr, &e);

		if ((r == 0) != (rows[i].url != NULL))
			fail_msg("%s gives %d", rows[i].text, r);
		if (r < 0)
			continue;
		listener_url(&addr, url);
		assert_string_equal(url, rows[i].url);
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
		{"--log", "json"},
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
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_have_defaults),
		cmocka_unit_test(test_options_are_understood),
		cmocka_unit_test(test_options_listen_takes_numbers_only),
		cmocka_unit_test(test_options_refuse_what_they_do_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
