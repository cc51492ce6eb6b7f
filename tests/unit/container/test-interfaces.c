/* SPDX-License-Identifier: Apache-2.0 */
/* test-interfaces - the columns of /proc/PID/net/dev as the members that runc's clients know. */
#include "container/interfaces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char text[] =
	"Inter-|   Receive                                                |  Transmit\n"
	" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
	"drop fifo colls carrier compressed\n"
	"    lo:  100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0\n"
	"  eth0: 1001 12 13 14 5 6 7 8 2001 22 23 24 5 6 7 8\n"
	"veth@9:18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
	"short: 1 2 3";

static void test_interfaces_are_named_with_what_has_passed(void **state)
{
	(void)state;
	auto_buf struct buf out = BUF_INIT;

	interfaces_print(text, &out);
	assert_string_equal(
		out.data,
		"[{\"Name\":\"eth0\",\"RxBytes\":1001,\"RxPackets\":12,\"RxErrors\":13,"
		"\"RxDropped\":14,\"TxBytes\":2001,\"TxPackets\":22,\"TxErrors\":23,"
		"\"TxDropped\":24},{\"Name\":\"veth@9\",\"RxBytes\":18446744073709551615,"
		"\"RxPackets\":0,\"RxErrors\":0,\"RxDropped\":0,\"TxBytes\":0,\"TxPackets\":0,"
		"\"TxErrors\":0,\"TxDropped\":0}]");
}

static void test_no_text_is_no_interface(void **state)
{
	(void)state;
	auto_buf struct buf out = BUF_INIT;

	interfaces_print(NULL, &out);
	assert_string_equal(out.data, "[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interfaces_are_named_with_what_has_passed),
		cmocka_unit_test(test_no_text_is_no_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
