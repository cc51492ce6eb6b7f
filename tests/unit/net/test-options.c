/* SPDX-License-Identifier: Apache-2.0 */
/* Options and annotations of the network, and the one sentence for what cannot be used. */
#include "sentence.h"

#include "net/options.h"

static void test_subnets_of_containers_have_room_for_them(void **state)
{
	static const char *const bad[] = {"10.0.0.0/7", "10.0.0.4/31", "127.0.0.0/8", "224.0.0.0/8",
					  "fd00::/127", "fd00::/15",   "ff00::/64",   "fe80::/64"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		auto_net_options struct net_options o = NET_OPTIONS_INIT;
		struct err e = ERR_INIT;

		if (net_options_set(&o, "subnet", bad[i], &e) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_sentence(&e, "--subnet: ", bad[i]);
	}
}

static void test_each_option_refuses_what_it_cannot_use(void **state)
{
	static const struct {
		const char *name, *good, *bad, *part;
	} cases[] = {
		{"network", "bridge", "bridged", "want bridge, none, host or the path"},
		{"network", "/proc/1/ns/net", "", "want bridge, none, host or the path"},
		{"bridge", "br0", "", "want 1 to 15"},
		{"bridge", "a234567890.-_45", "a23456789012345x", "(16 characters), want 1 to 15"},
		{"bridge", "B", "a b", "want 1 to 15"},
		{"bridge", "B", "a/b", "want 1 to 15"},
		{"bridge", "B", "br%d", "want 1 to 15"},
		{"bridge", "B", "..", "want 1 to 15"},
		{"bridge", "B", "br\n", "want 1 to 15"},
		{"bridge", "B", "-b", "want 1 to 15"},
		{"ip", "10.0.0.2", "10.0.0.2/24", "not an IPv4 address"},
		{"ip6", "fd00::2", "fd00::2/64", "not an IPv6 address"},
		{"mac", "02:00:5e:10:00:0f", "02:00:5e:10:00", "six pairs"},
		{"mac", "02:00:5E:10:00:0F", "02-00-5e-10-00-0f", "six pairs"},
		{"mac", "02:00:5e:10:00:0f", "02:00:5e:10:00:0g", "six pairs"},
		{"mac", "02:00:5e:10:00:0f", "01:00:5e:10:00:0f", "even first pair"},
		{"mac", "02:00:5e:10:00:0f", "00:00:00:00:00:00", "not all 0"},
		{"mtu", "1500", "67", "want a number from 68 to 65535"},
		{"mtu", "68", "65536", "want a number from 68 to 65535"},
		{"mtu", "65535", "1500b", "want a number from 68 to 65535"},
		{"mtu", "1400", "", "want a number from 68 to 65535"},
		{"dns", "9.9.9.9", "dns.example", "not an IPv4 or IPv6 address"},
		{"dns", "2620:fe::fe", "127.0.0.53", "own loopback"},
		{"dns", "9.9.9.9", "::1", "own loopback"},
		{"add-host", "db:10.0.0.9", "db", "NAME:ADDRESS"},
		{"add-host", "db:fd00::9", "db:", "not an IPv4 or IPv6 address"},
		{"add-host", "db.x-y:[fd00::9]", ":10.0.0.9", "NAME:ADDRESS"},
		{"add-host", "db:10.0.0.9", "d b:10.0.0.9", "NAME:ADDRESS"},
		{"add-host", "db:10.0.0.9", "db\n:10.0.0.9", "NAME:ADDRESS"},
		{"subnet", "10.7.0.0/24", "10.7.0.0", "not a subnet"},
		{"publish", "80:80", "80", "not a port to publish"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_net_options struct net_options o = NET_OPTIONS_INIT;
		struct err e = ERR_INIT;
		char where[24];

		(void)snprintf(where, sizeof(where), "--%s: ", cases[i].name);
		if (net_options_set(&o, cases[i].name, cases[i].good, &e) != 0)
			fail_msg("--%s %s was refused", cases[i].name, cases[i].good);
		if (net_options_set(&o, cases[i].name, cases[i].bad, &e) != -EINVAL)
			fail_msg("--%s %s was taken", cases[i].name, cases[i].bad);
		assert_sentence(&e, where, cases[i].part);
	}
}

static void test_the_same_port_twice_is_refused(void **state)
{
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(net_options_set(&o, "publish", "80:80", &e), 0);
	assert_int_equal(net_options_set(&o, "publish", "80:80/udp", &e), 0);
	assert_int_equal(net_options_set(&o, "publish", "127.0.0.1:80:81", &e), -EINVAL);
	assert_sentence(&e, "--publish: ", "takes a port of the host twice");
	assert_int_equal(o.n_ports, 2);
}

static void test_lists_have_an_end(void **state)
{
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < NET_DNS_MAX; i++)
		assert_int_equal(net_options_set(&o, "dns", "9.9.9.9", &e), 0);
	assert_int_equal(net_options_set(&o, "dns", "9.9.9.9", &e), -EINVAL);
	assert_sentence(&e, "--dns is given more than 8 times", "");
}

static void test_annotations_say_the_same_as_options(void **state)
{
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	struct err e = ERR_INIT;
	char out[NET_PORT_TEXT];

	(void)state;
	assert_int_equal(net_options_annotate(&o, "org.tinyrun.network.mode", "bridge", &e), 0);
	assert_int_equal(net_options_annotate(&o, "org.tinyrun.network.publish",
					      "8080:80,[::1]:53:53/udp", &e),
			 0);
	assert_int_equal(net_options_annotate(&o, "org.example.network.mtu", "x", &e), 0);
	assert_int_equal(net_options_check(&o, &e), 0);
	assert_int_equal(o.mode, NET_BRIDGE);
	assert_int_equal(o.n_ports, 2);
	assert_string_equal(net_port_text(&o.ports[1], out), "[::1]:53:53/udp");
}

static void test_options_win_over_annotations(void **state)
{
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(net_options_set(&o, "network", "none", &e), 0);
	assert_int_equal(net_options_annotate(&o, "org.tinyrun.network.mode", "bridge", &e), 0);
	assert_int_equal(o.mode, NET_NONE);
	assert_int_equal(net_options_set(&o, "publish", "80:80", &e), 0);
	assert_int_equal(net_options_annotate(&o, "org.tinyrun.network.publish", "81:81", &e), 0);
	assert_int_equal(o.n_ports, 1);
	assert_int_equal(o.ports[0].host_port, 80);
}

static void test_bad_annotations_are_refused_by_their_name(void **state)
{
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(net_options_annotate(&o, "org.tinyrun.network.mtu", "big", &e), -EINVAL);
	assert_sentence(&e, "annotations[\"org.tinyrun.network.mtu\"]: ", "\"big\"");
	e = ERR_INIT;
	assert_int_equal(net_options_annotate(&o, "org.tinyrun.network.port", "1:1", &e), -EINVAL);
	assert_sentence(&e, "annotations[\"org.tinyrun.network.port\"]: ", "one of mode, bridge");
	e = ERR_INIT;
	assert_int_equal(net_options_annotate(&o, "org.tinyrun.network.publish", "1:1,", &e),
			 -EINVAL);
	assert_sentence(&e, "annotations[\"org.tinyrun.network.publish\"]: ", "not a port");
}

static void test_options_of_a_bridge_are_not_for_other_networks(void **state)
{
	auto_net_options struct net_options o = NET_OPTIONS_INIT, alone = NET_OPTIONS_INIT,
					    none = NET_OPTIONS_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(net_options_set(&o, "network", "host", &e), 0);
	assert_int_equal(net_options_set(&o, "publish", "80:80", &e), 0);
	assert_int_equal(net_options_check(&o, &e), -EINVAL);
	assert_sentence(&e, "--publish is for --network bridge", "");

	assert_int_equal(net_options_set(&alone, "publish", "80:80", &e), 0);
	assert_int_equal(net_options_check(&alone, &e), 0);
	assert_int_equal(alone.mode, NET_BRIDGE);

	assert_int_equal(net_options_check(&none, &e), 0);
	assert_int_equal(none.mode, NET_UNSET);
}

static void test_an_address_is_in_its_subnet(void **state)
{
	auto_net_options struct net_options o = NET_OPTIONS_INIT, small = NET_OPTIONS_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(net_options_set(&o, "subnet", "10.7.0.0/24", &e), 0);
	assert_int_equal(net_options_set(&o, "subnet", "fd07::/64", &e), 0);
	assert_int_equal(net_options_set(&o, "ip", "10.7.0.9", &e), 0);
	assert_int_equal(net_options_check(&o, &e), 0);
	assert_int_equal(net_options_set(&o, "ip6", "fd08::9", &e), 0);
	assert_int_equal(net_options_check(&o, &e), -EINVAL);
	assert_sentence(&e, "--ip6: ", "fd08::9 is not in the subnet fd07::/64");

	e = ERR_INIT;
	assert_int_equal(net_options_set(&small, "mtu", "1000", &e), 0);
	assert_int_equal(net_options_check(&small, &e), 0);
	assert_int_equal(net_options_set(&small, "ip6", "fd08::9", &e), 0);
	assert_int_equal(net_options_check(&small, &e), -EINVAL);
	assert_sentence(&e, "--mtu: ", "at least 1280");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subnets_of_containers_have_room_for_them),
		cmocka_unit_test(test_each_option_refuses_what_it_cannot_use),
		cmocka_unit_test(test_the_same_port_twice_is_refused),
		cmocka_unit_test(test_lists_have_an_end),
		cmocka_unit_test(test_annotations_say_the_same_as_options),
		cmocka_unit_test(test_options_win_over_annotations),
		cmocka_unit_test(test_bad_annotations_are_refused_by_their_name),
		cmocka_unit_test(test_options_of_a_bridge_are_not_for_other_networks),
		cmocka_unit_test(test_an_address_is_in_its_subnet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
