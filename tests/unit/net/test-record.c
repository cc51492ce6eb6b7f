/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a network: what is written is what is read, and damage is refused. */
#include "sentence.h"

#include "net/options.h"
#include "tinyrun/json.h"
#include "tinyrun/net.h"

static const struct net_record full = {
	.owner = "web",
	.bridge = "tinyrun0",
	.veth = "tr0123456789ab",
	.ifname = "eth0",
	.ip = {.addr = {AF_INET, {10, 209, 0, 2}}, .prefix = 16},
	.ip6 = {.addr = {AF_INET6, {0xfd, [15] = 2}}, .prefix = 64},
	.gw = {AF_INET, {10, 209, 0, 1}},
	.gw6 = {AF_INET6, {0xfd, [15] = 1}},
	.mac = {2, 't', 10, 209, 0, 2},
	.mtu = 1400,
	.moving_mac = true,
	.ports = (struct net_port[]){{.host_port = 8080, .port = 80},
				     {.host = {AF_INET6, {[15] = 1}}, 53, 5353, true}},
	.n_ports = 2,
};

static int read_back(const char *text, struct net_record *ret, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	struct json root;
	int r = json_parse(text, strlen(text), "record", &doc, e);

	assert_int_equal(r, 0);
	root = json_root(doc);
	return net_record_parse(&root, ret, e);
}

static void test_what_is_written_is_what_is_read(void **state)
{
	auto_net_record struct net_record rec = NET_RECORD_INIT;
	auto_buf struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	(void)state;
	net_record_json(&full, &out);
	assert_int_equal(read_back(out.data, &rec, &e), 0);
	assert_string_equal(rec.owner, full.owner);
	assert_string_equal(rec.bridge, full.bridge);
	assert_string_equal(rec.veth, full.veth);
	assert_string_equal(rec.ifname, full.ifname);
	assert_true(net_addr_equal(&rec.ip.addr, &full.ip.addr));
	assert_int_equal(rec.ip.prefix, 16);
	assert_true(net_addr_equal(&rec.ip6.addr, &full.ip6.addr));
	assert_int_equal(rec.ip6.prefix, 64);
	assert_true(net_addr_equal(&rec.gw, &full.gw));
	assert_true(net_addr_equal(&rec.gw6, &full.gw6));
	assert_memory_equal(rec.mac, full.mac, 6);
	assert_int_equal(rec.mtu, 1400);
	assert_true(rec.moving_mac);
	assert_int_equal(rec.n_ports, 2);
	assert_int_equal(rec.ports[0].host.family, AF_UNSPEC);
	assert_int_equal(rec.ports[0].host_port, 8080);
	assert_int_equal(rec.ports[1].port, 5353);
	assert_true(rec.ports[1].udp);
	assert_true(net_addr_equal(&rec.ports[1].host, &full.ports[1].host));
}

static void test_one_family_is_enough(void **state)
{
	auto_net_record struct net_record rec = NET_RECORD_INIT;
	auto_buf struct buf out = BUF_INIT;
	struct net_record four = full;
	struct err e = ERR_INIT;

	(void)state;
	four.ip6 = (struct net_cidr){.prefix = 0};
	four.gw6 = (struct net_addr){.family = AF_UNSPEC};
	net_record_json(&four, &out);
	assert_null(strstr(out.data, "ip6"));
	assert_int_equal(read_back(out.data, &rec, &e), 0);
	assert_int_equal(rec.ip6.addr.family, AF_UNSPEC);
	assert_int_equal(rec.gw6.family, AF_UNSPEC);
}

static void test_a_damaged_record_is_refused_whole(void **state)
{
	static const struct {
		const char *from, *to, *says;
	} damages[] = {
		{"\"tinyrun0\"", "\"../../x\"", "bridge"},
		{"\"veth\"", "\"vth\"", "veth"},
		{"10.209.0.2/16", "10.209.0.2/99", "ip"},
		{"02:74", "zz:74", "mac"},
		{"\"web\"", "7", "owner"},
		{"8080:80/tcp", "8080/tcp", "ports"},
		{"\"10.209.0.1\"", "\"fd::1\"", "gw"},
	};
	auto_buf struct buf out = BUF_INIT;

	(void)state;
	net_record_json(&full, &out);
	for (size_t i = 0; i < COUNT(damages); i++) {
		struct net_record rec = NET_RECORD_INIT;
		auto_buf struct buf text = BUF_INIT;
		const char *at = strstr(out.data, damages[i].from);
		struct err e = ERR_INIT;

		assert_non_null(at);
		buf_add(&text, out.data, (size_t)(at - out.data));
		buf_add_str(&text, damages[i].to);
		buf_add_str(&text, at + strlen(damages[i].from));
		assert_int_equal(read_back(text.data, &rec, &e), -EINVAL);
		assert_sentence(&e, "", damages[i].says);
		assert_null(rec.owner);
	}
}

struct told {
	char text[1024];
};

static int keep_told(void *arg, const char *sentence)
{
	struct told *told = arg;
	size_t len = strlen(told->text);

	(void)snprintf(told->text + len, sizeof(told->text) - len, "%s\n", sentence);
	return 0;
}

static void test_the_plan_says_what_will_be_made(void **state)
{
	struct net_options o = {.mode = NET_BRIDGE,
				.bridge = "br7",
				.subnet = {.addr = {AF_INET, {10, 7}}, .prefix = 24},
				.ip = {AF_INET, {10, 7, 0, 9}},
				.ports = full.ports,
				.n_ports = 2};
	struct told told = {.text = ""};

	(void)state;
	assert_int_equal(net_describe(&o, keep_told, &told), 0);
	assert_string_equal(told.text,
			    "lease 10.7.0.9 on br7\n"
			    "make the bridge br7, if it is not there: 10.7.0.0/24\n"
			    "forward packets of br7, behind the addresses of the host\n"
			    "publish the port 8080:80/tcp\n"
			    "publish the port [::1]:53:5353/udp\n"
			    "make a veth pair: a port of br7, and eth0 in the container\n"
			    "give eth0 its addresses and default routes\n");
	told.text[0] = '\0';
	o.mode = NET_HOST;
	assert_int_equal(net_describe(&o, keep_told, &told), 0);
	assert_string_equal(told.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_what_is_read),
		cmocka_unit_test(test_one_family_is_enough),
		cmocka_unit_test(test_a_damaged_record_is_refused_whole),
		cmocka_unit_test(test_the_plan_says_what_will_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
