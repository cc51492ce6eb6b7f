/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and subnets: what may be written for them, and what they have in common. */
#include "sentence.h"

#include "net/options.h"

static void test_addresses_are_read_and_written(void **state)
{
	static const char *const good[] = {"10.0.0.2", "192.168.1.254", "fd00::2", "2001:db8::1"};
	char out[NET_ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct net_addr a;
		struct err e = ERR_INIT;

		assert_int_equal(net_addr_parse("--ip", good[i], AF_UNSPEC, &a, &e), 0);
		assert_string_equal(net_addr_text(&a, out), good[i]);
	}
}

static void test_what_is_not_an_address_is_refused(void **state)
{
	static const char *const bad[] = {"",
					  "10.0.0",
					  "10.0.0.256",
					  "10.0.0.1.1",
					  "010.0.0.1",
					  " 10.0.0.1",
					  "10.0.0.1 ",
					  "host",
					  "::g",
					  "fd00::1::2",
					  "::ffff:1.2.3.4",
					  "fe80::1%lo",
					  "0.0.0.0",
					  "224.0.0.1",
					  "::",
					  "ff02::1",
					  "255.255.255.255",
					  "[::1]"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct net_addr a;
		struct err e = ERR_INIT;

		if (net_addr_parse("--ip", bad[i], AF_UNSPEC, &a, &e) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_sentence(&e, "--ip: ", bad[i]);
	}
}

static void test_an_address_is_of_the_family_that_is_asked_for(void **state)
{
	struct net_addr a;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(net_addr_parse("--ip", "fd00::2", AF_INET, &a, &e), -EINVAL);
	assert_sentence(&e, "--ip: ", "not an IPv4 address");
	e = ERR_INIT;
	assert_int_equal(net_addr_parse("--ip6", "10.0.0.2", AF_INET6, &a, &e), -EINVAL);
	assert_sentence(&e, "--ip6: ", "not an IPv6 address");
}

static void test_subnets_are_read_and_written(void **state)
{
	static const char *const good[] = {"10.1.0.0/24", "0.0.0.0/0", "10.1.2.3/32", "fd00:1::/64",
					   "fd00::/127"};
	char out[NET_CIDR_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct net_cidr c;
		struct err e = ERR_INIT;

		assert_int_equal(net_cidr_parse("--subnet", good[i], &c, &e), 0);
		assert_string_equal(net_cidr_text(&c, out), good[i]);
	}
}

static void test_what_is_not_a_subnet_is_refused(void **state)
{
	static const struct {
		const char *text, *part;
	} bad[] = {
		{"10.1.0.0", "want ADDRESS/BITS"},
		{"", "want ADDRESS/BITS"},
		{"10.1.0.0/33", "want 0 to 32"},
		{"10.1.0.0/-1", "want 0 to 32"},
		{"10.1.0.0/", "want 0 to 32"},
		{"10.1.0.0/24/1", "want 0 to 32"},
		{"10.1.0.0/ 24", "want 0 to 32"},
		{"fd00::/129", "want 0 to 128"},
		{"10.1/16", "not an IPv4 or IPv6 address"},
		{"10.1.0.5/24", "want the subnet 10.1.0.0/24"},
		{"fd00::1/64", "want the subnet fd00::/64"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct net_cidr c;
		struct err e = ERR_INIT;

		if (net_cidr_parse("--subnet", bad[i].text, &c, &e) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i].text);
		assert_sentence(&e, "--subnet: ", bad[i].part);
	}
}

static struct net_cidr cidr(const char *text)
{
	struct net_cidr c = {.prefix = 0};
	struct err e = ERR_INIT;

	assert_int_equal(net_cidr_parse("test", text, &c, &e), 0);
	return c;
}

static void test_subnets_overlap_when_one_is_in_the_other(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} cases[] = {
		{"10.1.0.0/24", "10.1.0.0/24", true},    {"10.1.0.0/16", "10.1.7.0/24", true},
		{"10.1.0.0/24", "10.1.1.0/24", false},   {"fd00::/48", "fd00:0:0:7::/64", true},
		{"fd00::/64", "fd00:0:0:1::/64", false}, {"0.0.0.0/0", "fd00::/64", false}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct net_cidr a = cidr(cases[i].a), b = cidr(cases[i].b);

		assert_int_equal(net_cidr_overlap(&a, &b), cases[i].overlap);
		assert_int_equal(net_cidr_overlap(&b, &a), cases[i].overlap);
	}
}

static void test_the_addresses_of_a_subnet_are_counted(void **state)
{
	static const struct {
		const char *subnet, *addr; /* NULL: behind the end */
		uint64_t n;
	} cases[] = {
		{"10.1.0.0/24", "10.1.0.0", 0},
		{"10.1.0.0/24", "10.1.0.255", 255},
		{"10.1.0.0/24", NULL, 256},
		{"10.0.0.0/8", "10.1.2.3", 66051},
		{"fd00::/64", "fd00::1", 1},
		{"fd00::/64", "fd00::ffff:ffff:ffff:ffff", UINT64_MAX},
		{"fd00::/126", "fd00::3", 3},
		{"fd00::/126", NULL, 4},
		{"fd00::/16", "fd00::1:0:0", 0x100000000},
	};
	char out[NET_ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct net_cidr c = cidr(cases[i].subnet);
		struct net_addr a;

		assert_int_equal(net_cidr_nth(&c, cases[i].n, &a), cases[i].addr != NULL);
		if (cases[i].addr)
			assert_string_equal(net_addr_text(&a, out), cases[i].addr);
	}
}

static void test_only_ipv4_has_a_broadcast_address(void **state)
{
	struct net_cidr c = cidr("10.1.0.0/30"), c6 = cidr("fd00::/126");
	struct net_addr a;

	(void)state;
	assert_true(net_cidr_nth(&c, 3, &a));
	assert_true(net_cidr_is_broadcast(&c, &a));
	assert_true(net_cidr_nth(&c, 2, &a));
	assert_false(net_cidr_is_broadcast(&c, &a));
	assert_true(net_cidr_nth(&c6, 3, &a));
	assert_false(net_cidr_is_broadcast(&c6, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_are_read_and_written),
		cmocka_unit_test(test_what_is_not_an_address_is_refused),
		cmocka_unit_test(test_an_address_is_of_the_family_that_is_asked_for),
		cmocka_unit_test(test_subnets_are_read_and_written),
		cmocka_unit_test(test_what_is_not_a_subnet_is_refused),
		cmocka_unit_test(test_subnets_overlap_when_one_is_in_the_other),
		cmocka_unit_test(test_the_addresses_of_a_subnet_are_counted),
		cmocka_unit_test(test_only_ipv4_has_a_broadcast_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
