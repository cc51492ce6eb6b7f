/* SPDX-License-Identifier: Apache-2.0 */
/* test-wire - requests are the bytes that protobuf's own encoder makes; answers are read with care.
 */
#include "criu/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_bytes(const struct buf *out, const void *want, size_t len)
{
	assert_false(out->failed);
	assert_int_equal(out->len, len);
	assert_memory_equal(out->data, want, len);
}

#define ASSERT_BYTES(out, text) assert_bytes(out, text, sizeof(text) - 1)

static void test_a_request_has_its_options_in_it(void **state)
{
	(void)state;
	auto_buf struct buf opts = BUF_INIT, out = BUF_INIT;

	criu_put_number(&opts, CRIU_IMAGES_DIR_FD, 5);
	criu_put_number(&opts, CRIU_PID, 300);
	criu_put_number(&opts, CRIU_EMPTY_NS, 0x40000000);
	criu_put_text(&opts, CRIU_ROOT, "/r");
	criu_put_pair(&opts, CRIU_EXT_MNT, "/a", "");
	criu_put_text_number(&opts, CRIU_INHERIT_FD, "pipe:[1]", 2);
	wire_request(&out, CRIU_RESTORE, &opts);
	ASSERT_BYTES(&out, "\x08\x02\x12\x28"
			   "\x08\x05"
			   "\x10\xac\x02"
			   "\xb0\x02\x80\x80\x80\x80\x04"
			   "\x6a\x02/r"
			   "\xba\x01\x06\x0a\x02/a\x12\x00"
			   "\xda\x01\x0c\x0a\x08pipe:[1]\x10\x02");
}

static void test_an_answer_to_a_notification_says_yes_or_no(void **state)
{
	(void)state;
	auto_buf struct buf yes = BUF_INIT, no = BUF_INIT;

	wire_answer(&yes, true);
	ASSERT_BYTES(&yes, "\x08\x06\x18\x01");
	wire_answer(&no, false);
	ASSERT_BYTES(&no, "\x08\x06\x18\x00");
}

static bool read_text(const char *text, size_t len, struct wire_reply *ret)
{
	return wire_read_reply(text, len, ret);
}

#define READ(text, ret) read_text(text, sizeof(text) - 1, ret)

static void test_a_notification_has_its_script_and_pid(void **state)
{
	(void)state;
	struct wire_reply reply;

	assert_true(READ("\x08\x06\x10\x01\x2a\x11\x0a\x0cpost-restore\x10\xd2\x09", &reply));
	assert_int_equal(reply.type, WIRE_NOTIFY);
	assert_true(reply.success);
	assert_string_equal(reply.script, "post-restore");
	assert_int_equal(reply.pid, 1234);
}

static void test_a_failure_has_its_errno_and_words(void **state)
{
	(void)state;
	struct wire_reply reply;

	assert_true(READ("\x08\x01\x10\x00\x38\x0d\x4a\x03no!", &reply));
	assert_int_equal(reply.type, CRIU_DUMP);
	assert_false(reply.success);
	assert_int_equal(reply.errnum, 13);
	assert_string_equal(reply.message, "no!");
}

static void test_unknown_fields_of_every_shape_are_passed_over(void **state)
{
	(void)state;
	struct wire_reply reply;

	assert_true(READ("\xc0\x3e\x07\xc1\x3e"
			 "12345678"
			 "\xc5\x3e"
			 "1234\xc2\x3e\x02zz\x08\x02\x10\x01\x22\x02\x08\x07",
			 &reply));
	assert_int_equal(reply.type, CRIU_RESTORE);
	assert_int_equal(reply.pid, 7);
}

static void test_what_is_no_answer_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len;
	} wrong[] = {
		{"", 0},
		{"\x10\x01", 2}, /* no type */
		{"\x08", 1},     /* ends in a field */
		{"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12},
		{"\x08\x06\x2a\x7f"
		 "short",
		 9},                             /* longer than all */
		{"\x08\x06\x2a\x02\x0a\x09", 6}, /* the same, further in */
		{"\x08\x06\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13},
		{"\x08\x06\x0b", 3},     /* a shape that there is not */
		{"\x08\x06\x28\x01", 4}, /* a notification that is a number */
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct wire_reply reply;

		if (read_text(wrong[i].text, wrong[i].len, &reply))
			fail_msg("number %zu passed", i);
	}
}

static void test_a_text_that_is_too_long_is_cut(void **state)
{
	(void)state;
	struct wire_reply reply;
	char text[400] = "\x08\x01\x10\x00\x4a\xac\x02";

	memset(text + 7, 'x', 300);
	assert_true(read_text(text, 307, &reply));
	assert_int_equal(strlen(reply.message), sizeof(reply.message) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_request_has_its_options_in_it),
		cmocka_unit_test(test_an_answer_to_a_notification_says_yes_or_no),
		cmocka_unit_test(test_a_notification_has_its_script_and_pid),
		cmocka_unit_test(test_a_failure_has_its_errno_and_words),
		cmocka_unit_test(test_unknown_fields_of_every_shape_are_passed_over),
		cmocka_unit_test(test_what_is_no_answer_is_refused),
		cmocka_unit_test(test_a_text_that_is_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
