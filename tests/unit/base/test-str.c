/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tinyrun/str.h"

static void test_str_to_u64_takes_digits_alone(void **state)
{
	static const char *const bad[] = {"",    " 1",  "1 ",  "+1",  "-1",       "-0",   "1.0",
					  "0x1", "1e3", "1\n", "abc", "\xd9\xa1", "1_000"};
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(str_to_u64(bad[i], UINT64_MAX, &value), -EINVAL);
	assert_true(value == 7);
	assert_int_equal(str_to_u64("0007", 7, &value), 0);
	assert_true(value == 7);
	assert_int_equal(str_to_u64("18446744073709551615", UINT64_MAX, &value), 0);
	assert_true(value == UINT64_MAX);
}

static void test_str_to_u64_never_wraps(void **state)
{
	static const char *const big[] = {"18446744073709551616", "18446744073709551620",
					  "99999999999999999999999999", "36893488147419103232"};
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(big) / sizeof(big[0]); i++)
		assert_int_equal(str_to_u64(big[i], UINT64_MAX, &value), -ERANGE);
	assert_int_equal(str_to_u64("4294967296", UINT32_MAX, &value), -ERANGE);
	assert_int_equal(str_to_u64("99999999999999999999x", UINT64_MAX, &value), -EINVAL);
	assert_true(value == 7);
}

static void test_str_to_i64_covers_both_ends(void **state)
{
	int64_t value = 7;

	(void)state;
	assert_int_equal(str_to_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &value), 0);
	assert_true(value == INT64_MIN);
	assert_int_equal(str_to_i64("9223372036854775807", INT64_MIN, INT64_MAX, &value), 0);
	assert_true(value == INT64_MAX);
	assert_int_equal(str_to_i64("-0", INT64_MIN, INT64_MAX, &value), 0);
	assert_true(value == 0);
	assert_int_equal(str_to_i64("9223372036854775808", INT64_MIN, INT64_MAX, &value), -ERANGE);
	assert_int_equal(str_to_i64("-9223372036854775809", INT64_MIN, INT64_MAX, &value), -ERANGE);
	assert_int_equal(str_to_i64("-1001", -1000, 1000, &value), -ERANGE);
	assert_int_equal(str_to_i64("-1000", -1000, 1000, &value), 0);
	assert_int_equal(str_to_i64("--1", -1000, 1000, &value), -EINVAL);
	assert_int_equal(str_to_i64("-", -1000, 1000, &value), -EINVAL);
	assert_true(value == -1000);
}

static void test_str_to_mode_is_octal_and_bounded(void **state)
{
	uint32_t mode = 1;

	(void)state;
	assert_int_equal(str_to_mode("755", &mode), 0);
	assert_int_equal(mode, 0755);
	assert_int_equal(str_to_mode("07777", &mode), 0);
	assert_int_equal(mode, 07777);
	assert_int_equal(str_to_mode("10000", &mode), -ERANGE);
	assert_int_equal(str_to_mode("8", &mode), -EINVAL);
	assert_int_equal(str_to_mode("u+x", &mode), -EINVAL);
	assert_int_equal(str_to_mode("", &mode), -EINVAL);
	assert_int_equal(mode, 07777);
}

static void test_str_to_signal_knows_names_and_numbers(void **state)
{
	static const struct {
		const char *text;
		int number;
	} good[] = {
		{"9", SIGKILL},
		{"KILL", SIGKILL},
		{"SIGKILL", SIGKILL},
		{"sigterm", SIGTERM},
		{"Hup", SIGHUP},
		{"SIGIOT", SIGABRT},
		{"64", 64},
		{"RTMIN", 34},
		{"SIGRTMIN+3", 37},
		{"rtmax-1", 63},
		{"RTMAX", 64},
		{"RTMIN+30", 64},
		{"SIGWINCH", SIGWINCH},
	};
	static const char *const bad[] = {"",         "SIG",     "SIGSIGKILL", "65",
					  "-9",       "KILLX",   "K",          "RTMIN+31",
					  "RTMAX-31", "RTMIN-1", "RTMAX+1",    "RTMIN+",
					  "RTMIN3",   "9 ",      "4294967305"};
	int number = -1;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(str_to_signal(good[i].text, &number), 0);
		assert_int_equal(number, good[i].number);
	}
	number = -1;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(str_to_signal(bad[i], &number), -EINVAL);
	assert_int_equal(number, -1);
}

static void test_str_nearest_helps_with_typing_errors_alone(void **state)
{
	static const char *const verbs[] = {"create", "start", "state", "delete", "kill", NULL};
	char huge[300];

	(void)state;
	assert_string_equal(str_nearest("craete", verbs), "create");
	assert_string_equal(str_nearest("stat", verbs), "start");
	assert_string_equal(str_nearest("delet", verbs), "delete");
	assert_string_equal(str_nearest("kil", verbs), "kill");
	assert_string_equal(str_nearest("klil", verbs), "kill");
	assert_string_equal(str_nearest("dleete", verbs), "delete");
	assert_null(str_nearest("restore", verbs));
	assert_null(str_nearest("frobnicate", verbs));
	assert_null(str_nearest("xyz", verbs));
	assert_null(str_nearest("k", verbs));
	assert_null(str_nearest("", verbs));
	memset(huge, 'a', sizeof(huge));
	huge[sizeof(huge) - 1] = 0;
	assert_null(str_nearest(huge, verbs));
}

static void test_str_starts_compares_the_beginning(void **state)
{
	(void)state;
	assert_true(str_starts("org.tinyrun.x", "org.tinyrun."));
	assert_true(str_starts("x", ""));
	assert_false(str_starts("org", "org."));
}

static void test_str_now_is_rfc_3339(void **state)
{
	char text[40];
	struct tm tm = {0};
	time_t before = time(NULL), then;
	const char *rest;

	(void)state;
	str_now(text);
	assert_int_equal(strlen(text), 30);
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	assert_non_null(rest);
	assert_int_equal(rest[0], '.');
	assert_int_equal(strspn(rest + 1, "0123456789"), 9);
	assert_string_equal(rest + 10, "Z");
	then = timegm(&tm);
	assert_true(then >= before - 1 && then <= time(NULL) + 1);
}

static void test_str_time_agrees_with_gmtime_for_every_day(void **state)
{
	(void)state;
	for (int64_t day = 0; day < 366LL * 400; day++) {
		int64_t sec = day * 86400 + day % 86400;
		time_t t = (time_t)sec;
		char text[40], want[40];
		struct tm tm;

		str_time(sec, 7, text);
		assert_non_null(gmtime_r(&t, &tm));
		(void)strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000000007Z", &tm);
		assert_string_equal(text, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_str_to_u64_takes_digits_alone),
		cmocka_unit_test(test_str_to_u64_never_wraps),
		cmocka_unit_test(test_str_to_i64_covers_both_ends),
		cmocka_unit_test(test_str_to_mode_is_octal_and_bounded),
		cmocka_unit_test(test_str_to_signal_knows_names_and_numbers),
		cmocka_unit_test(test_str_nearest_helps_with_typing_errors_alone),
		cmocka_unit_test(test_str_starts_compares_the_beginning),
		cmocka_unit_test(test_str_now_is_rfc_3339),
		cmocka_unit_test(test_str_time_agrees_with_gmtime_for_every_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
