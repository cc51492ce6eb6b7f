/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tinyrun/err.h"

static void assert_str(const struct err *e, const char *want)
{
	char text[ERR_STR_SIZE];

	assert_string_equal(err_str(e, text, sizeof(text)), want);
}

static void test_err_sys_takes_errno_and_adds_its_text(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_sys(&e, "open %s", "/srv/www"), -ENOENT);
	assert_int_equal(e.errnum, ENOENT);
	assert_str(&e, "open /srv/www: No such file or directory");
}

static void test_err_num_and_user_say_their_reason(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(err_num(&e, EPERM, "mount %d", 3), -EPERM);
	assert_str(&e, "mount 3: Operation not permitted");
	assert_int_equal(err_user(&e, "id %s is bad", "x"), -EINVAL);
	assert_str(&e, "id x is bad");
	assert_int_equal(err_num(&e, 9999, "odd"), -9999);
	assert_str(&e, "odd: unknown error");
	errno = 0; /* no reason is a failure all the same */
	assert_int_equal(err_sys(&e, "odd"), -EIO);
}

static void test_err_wrap_puts_the_outermost_first(void **state)
{
	struct err e = ERR_INIT, copy;

	(void)state;
	(void)err_num(&e, ENOENT, "open /srv/www");
	assert_int_equal(err_wrap(&e, "mounts[%d]", 3), -ENOENT);
	copy = e;
	assert_int_equal(err_wrap(&e, "create %s", "web1"), -ENOENT);
	assert_str(&e, "create web1: mounts[3]: open /srv/www: No such file or directory");
	assert_str(&copy, "mounts[3]: open /srv/www: No such file or directory");
}

static void test_err_a_full_chain_keeps_its_cause_and_all_that_fits(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	(void)err_user(&e, "cause");
	for (int i = 1; i <= 9; i++)
		assert_int_equal(err_wrap(&e, "%d", i), -EINVAL);
	assert_str(&e, "9: 8: 7: 6: 5: 4: 3: 2: 1: cause");
}

static void test_err_a_long_text_is_cut_but_not_its_reason(void **state)
{
	static const char reason[] = "...: No such file or directory";
	char name[4000], text[ERR_STR_SIZE];
	struct err e = ERR_INIT;

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = 0;
	(void)err_num(&e, ENOENT, "open %s", name);
	(void)err_str(&e, text, sizeof(text));
	assert_true(strlen(text) < ERR_FRAME_SIZE);
	assert_string_equal(text + strlen(text) - strlen(reason), reason);
}

static void test_err_cuts_between_characters(void **state)
{
	char text[ERR_STR_SIZE];

	(void)state;
	for (int shift = 0; shift < 4; shift++) {
		char name[4000] = "abc";
		size_t len = (size_t)shift;
		struct err e = ERR_INIT;

		while (len + 3 < sizeof(name)) {
			memcpy(name + len, "\xe2\x82\xac", 3);
			len += 3;
		}
		name[len] = 0;
		(void)err_user(&e, "%s", name);
		assert_null(strstr(err_str(&e, text, sizeof(text)), "\\x"));
		assert_non_null(strstr(text, "\xac..."));
	}
}

static void test_err_str_escapes_what_could_steer_a_terminal(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	(void)err_user(&e, "a\x1b[2J\n\x7f\xff \xc2\x9b \xc3\xa4");
	assert_str(&e, "a\\x1b[2J\\x0a\\x7f\\xff \\xc2\\x9b \xc3\xa4");
}

static void test_err_str_fits_any_size(void **state)
{
	char text[40];
	struct err e = ERR_INIT;

	(void)state;
	(void)err_user(&e, "0123456789\x1b");
	(void)err_wrap(&e, "wrapped");
	for (size_t size = 1; size <= sizeof(text); size++) {
		memset(text, 'Z', sizeof(text));
		assert_true(strlen(err_str(&e, text, size)) < size);
		if (size < sizeof(text))
			assert_int_equal(text[size], 'Z');
	}
	assert_string_equal(err_str(&e, text, 16), "wrapped: 012...");
}

static void test_err_name_knows_linux_errors(void **state)
{
	(void)state;
	assert_string_equal(err_name(ENOENT), "ENOENT");
	assert_string_equal(err_name(EOWNERDEAD), "EOWNERDEAD");
	assert_string_equal(err_name(0), "E?");
	assert_string_equal(err_name(-2), "E?");
	assert_string_equal(err_name(100000), "E?");
}

/* Where libc is the one whose words they are. */
static void test_err_text_is_what_users_of_linux_know(void **state)
{
	(void)state;
	assert_string_equal(err_text(ENOENT), "No such file or directory");
	assert_string_equal(err_text(EAGAIN), "Resource temporarily unavailable");
	assert_string_equal(err_text(0), "unknown error");
	assert_string_equal(err_text(-2), "unknown error");
	assert_string_equal(err_text(524), "unknown error");
#ifdef __GLIBC__
	for (int i = 1; i < 200; i++) {
		if (!strerrorname_np(i))
			continue;
		assert_string_equal(err_name(i), strerrorname_np(i));
		assert_string_equal(err_text(i), strerrordesc_np(i));
	}
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err_sys_takes_errno_and_adds_its_text),
		cmocka_unit_test(test_err_num_and_user_say_their_reason),
		cmocka_unit_test(test_err_wrap_puts_the_outermost_first),
		cmocka_unit_test(test_err_a_full_chain_keeps_its_cause_and_all_that_fits),
		cmocka_unit_test(test_err_a_long_text_is_cut_but_not_its_reason),
		cmocka_unit_test(test_err_cuts_between_characters),
		cmocka_unit_test(test_err_str_escapes_what_could_steer_a_terminal),
		cmocka_unit_test(test_err_str_fits_any_size),
		cmocka_unit_test(test_err_name_knows_linux_errors),
		cmocka_unit_test(test_err_text_is_what_users_of_linux_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
