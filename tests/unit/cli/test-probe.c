/* SPDX-License-Identifier: Apache-2.0 */
/* test-probe - figures out of what a server says, which is not to be trusted; asking one. */
#include "cli/probe.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void test_values_of_one_name_are_summed(void **state)
{
	(void)state;
	static const char text[] = "# HELP x_total 9\n"
				   "x_total{code=\"200\"} 40\n"
				   "x_total{code=\"404\"} 2\n"
				   "x_total_more 100\n"
				   "y 7\n";

	assert_int_equal(probe_metric(text, "x_total"), 42);
	assert_int_equal(probe_metric(text, "y"), 7);
	assert_int_equal(probe_metric(text, "x"), 0);
	assert_int_equal(probe_metric("", "x"), 0);
}

static void test_what_is_no_number_counts_nothing(void **state)
{
	(void)state;
	assert_int_equal(probe_metric("x\nx 5", "x"), 5);
	assert_int_equal(probe_metric("x{a\nx many\nx{} \n", "x"), 0);
	assert_int_equal(probe_metric("x{code=\"2\n", "x"), 0);
}

/* In our own namespace, where joining it again takes a right that not everybody has. */
static void test_nobody_listens_is_no_answer(void **state)
{
	(void)state;
	auto_probe struct probe p = PROBE_INIT;
	struct err e = ERR_INIT;
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof(at);
	char out[64];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* bound and not listening: nobody else can have the port */
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(probe_open(getpid(), ntohs(at.sin_port), &p, &e), 0);
	assert_false(probe_get(&p, "/", out, sizeof(out)));
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_of_one_name_are_summed),
		cmocka_unit_test(test_what_is_no_number_counts_nothing),
		cmocka_unit_test(test_nobody_listens_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
