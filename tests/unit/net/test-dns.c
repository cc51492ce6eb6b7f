/* SPDX-License-Identifier: Apache-2.0 */
/* Which name servers a container is told, and what stands in its hosts file. */
#include "sentence.h"

#include "net/dns.h"
#include "net/options.h"

static void set(struct net_options *o, const char *name, const char *value)
{
	struct err e = ERR_INIT;

	assert_int_equal(net_options_set(o, name, value, &e), 0);
}

static void test_resolv_conf_has_the_servers_that_a_container_can_reach(void **state)
{
	static const struct {
		const char *host, *upstream, *want;
	} cases[] = {
		{"nameserver 9.9.9.9\n", NULL, "nameserver 9.9.9.9\n"},
		{"nameserver 9.9.9.9", NULL, "nameserver 9.9.9.9\n"},
		{"# a comment\n\n  nameserver\t2620:fe::fe  # behind\n", NULL,
		 "nameserver 2620:fe::fe\n"},
		{"nameserver 127.0.0.53\nnameserver 9.9.9.9\n", "nameserver 1.2.3.4\n",
		 "nameserver 9.9.9.9\n"},
		{"nameserver 127.0.0.53\nsearch a.example b.example\noptions edns0\n",
		 "nameserver 1.2.3.4\nsearch not.this\n",
		 "nameserver 1.2.3.4\nsearch a.example b.example\noptions edns0\n"},
		{"nameserver ::1\nnameserver fe80::1%eth0\nnameserver 0.0.0.0\n",
		 "nameserver 127.1.2.3\nnameserver 1.2.3.4\nnameserver 1.2.3.5\n",
		 "nameserver 1.2.3.4\nnameserver 1.2.3.5\n"},
		{NULL, "nameserver 1.2.3.4\n", "nameserver 1.2.3.4\n"},
		{"nameservers 9.9.9.9\nnameserver 9.9.9.9.9\nnameserver\nnameserver 1.2.3.4\n",
		 NULL, "nameserver 1.2.3.4\n"},
		{"nameserver\n1.2.3.4\nnameserver 9.9.9.9\n", NULL, "nameserver 9.9.9.9\n"},
	};
	static const struct net_options nothing;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_buf struct buf out = BUF_INIT;

		assert_true(dns_compose(&nothing, cases[i].host, cases[i].upstream, &out));
		assert_string_equal(out.data, cases[i].want);
	}
}

static void test_no_server_is_made_up(void **state)
{
	static const char *const hosts[] = {NULL, "", "nameserver 127.0.0.1\n", "search x\n"};
	static const struct net_options nothing;

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		auto_buf struct buf out = BUF_INIT;

		assert_false(dns_compose(&nothing, hosts[i], "nameserver ::1\n", &out));
		assert_true(!out.data || !strstr(out.data, "nameserver"));
	}
}

static void test_servers_that_were_asked_for_replace_those_of_the_host(void **state)
{
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	auto_buf struct buf out = BUF_INIT;

	(void)state;
	set(&o, "dns", "192.0.2.53");
	set(&o, "dns", "2001:db8::53");
	assert_true(dns_compose(&o, "nameserver 9.9.9.9\nsearch a.example\n", NULL, &out));
	assert_string_equal(out.data,
			    "nameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch a.example\n");
}

static void test_the_host_s_own_file_is_read(void **state)
{
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	auto_buf struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	(void)state;
	set(&o, "dns", "192.0.2.53");
	assert_int_equal(net_resolv_conf(&o, &out, &e), 0);
	assert_int_equal(strncmp(out.data, "nameserver 192.0.2.53\n", 22), 0);
}

static void test_hosts_have_the_container_and_those_that_were_added(void **state)
{
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	auto_buf struct buf out = BUF_INIT;
	struct net_record rec = NET_RECORD_INIT;
	struct err e = ERR_INIT;

	(void)state;
	set(&o, "add-host", "db:10.0.0.9");
	set(&o, "add-host", "db:[fd00::9]");
	assert_true(net_cidr_read("10.209.0.2/16", &rec.ip));
	assert_int_equal(net_hosts(&o, &rec, "web1", &out, &e), 0);
	assert_string_equal(out.data, "127.0.0.1\tlocalhost\n"
				      "::1\tlocalhost ip6-localhost ip6-loopback\n"
				      "10.209.0.2\tweb1\n"
				      "10.0.0.9\tdb\n"
				      "fd00::9\tdb\n");
}

static void test_a_hostname_cannot_add_lines(void **state)
{
	static const char *const names[] = {"a\n1.2.3.4 b", "a b", "a\tb", "#", "", NULL};
	static const struct net_options nothing;
	struct net_record rec = NET_RECORD_INIT;

	(void)state;
	assert_true(net_cidr_read("10.209.0.2/16", &rec.ip));
	for (size_t i = 0; i < COUNT(names); i++) {
		auto_buf struct buf out = BUF_INIT;
		struct err e = ERR_INIT;

		assert_int_equal(net_hosts(&nothing, &rec, names[i], &out, &e), 0);
		assert_null(strstr(out.data, "10.209.0.2"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolv_conf_has_the_servers_that_a_container_can_reach),
		cmocka_unit_test(test_no_server_is_made_up),
		cmocka_unit_test(test_servers_that_were_asked_for_replace_those_of_the_host),
		cmocka_unit_test(test_the_host_s_own_file_is_read),
		cmocka_unit_test(test_hosts_have_the_container_and_those_that_were_added),
		cmocka_unit_test(test_a_hostname_cannot_add_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
