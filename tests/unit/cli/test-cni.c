/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin's configuration becomes options, with the error code that the specification has for
 * what is wrong; and a record becomes a result of the version that was asked for.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cni.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define HEAD     "{\"cniVersion\":\"1.1.0\",\"name\":\"pods\",\"type\":\"tinyrun\""

/* Reads @text with ' for ". What it was is in @cni, whose done is the caller's. */
static int read_config(struct cni *cni, const char *text, struct err *e)
{
	char copy[2048];
	int r;

	(void)snprintf(copy, sizeof(copy), "%s", text);
	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	cni->code = CNI_BAD_JSON;
	r = json_parse(copy, strlen(copy), "configuration", &cni->doc, e);
	assert_int_equal(r, 0);
	cni->config = json_root(cni->doc);
	return cni_read_config(cni, e);
}

static void cni_done(struct cni *cni)
{
	net_options_done(&cni->options);
	buf_done(&cni->dns);
	json_free(&cni->doc);
}

static void must_read(struct cni *cni, const char *text)
{
	struct err e = ERR_INIT;
	char words[ERR_STR_SIZE];

	if (read_config(cni, text, &e) < 0)
		fail_msg("%s: %s", text, err_str(&e, words, sizeof(words)));
}

static void test_the_members_of_a_configuration_are_options(void **state)
{
	struct cni cni = {.command = CNI_ADD, .ifname = "eth0"};
	char text[NET_PORT_TEXT];

	(void)state;
	must_read(&cni,
		  "{'cniVersion':'1.0.0','name':'pods','type':'tinyrun','bridge':'pods0',"
		  "'subnet':['10.7.0.0/24','fd07::/64'],'mtu':1400,'isGateway':true,"
		  "'dns':{'nameservers':['9.9.9.9'],'search':['a.example']},'dataDir':'/x',"
		  "'capabilities':{'portMappings':true},'cni.dev/whatever':1,"
		  "'runtimeConfig':{'ips':['10.7.0.9/24','fd07::9'],'mac':'02:00:00:00:00:09',"
		  "'portMappings':[{'hostPort':8080,'containerPort':80,'protocol':'TCP'},"
		  "{'hostPort':53,'containerPort':5353,'protocol':'udp','hostIP':'fd00::1'},"
		  "{'containerPort':443}]}}");
	assert_string_equal(cni.version, "1.0.0");
	assert_string_equal(cni.network, "pods");
	assert_string_equal(cni.data_dir, "/x");
	assert_int_equal(cni.options.mode, NET_BRIDGE);
	assert_string_equal(cni.options.bridge, "pods0");
	assert_string_equal(net_cidr_text(&cni.options.subnet, text), "10.7.0.0/24");
	assert_string_equal(net_cidr_text(&cni.options.subnet6, text), "fd07::/64");
	assert_string_equal(net_addr_text(&cni.options.ip, text), "10.7.0.9");
	assert_string_equal(net_addr_text(&cni.options.ip6, text), "fd07::9");
	assert_int_equal(cni.options.mtu, 1400);
	assert_true(cni.options.has_mac && cni.options.mac[5] == 9);
	assert_true(cni.options.moving_mac);
	assert_int_equal(cni.options.n_ports, 2);
	assert_string_equal(net_port_text(&cni.options.ports[0], text), "8080:80/tcp");
	assert_string_equal(net_port_text(&cni.options.ports[1], text), "[fd00::1]:53:5353/udp");
	assert_string_equal(cni.dns.data,
			    "{\"nameservers\":[\"9.9.9.9\"],\"search\":[\"a.example\"]}");
	cni_done(&cni);
}

static void test_a_configuration_for_bridge_and_host_local_is_understood(void **state)
{
	struct cni cni = {.command = CNI_ADD, .ifname = "eth0"};
	char text[NET_CIDR_TEXT];

	(void)state;
	must_read(&cni, "{'cniVersion':'0.4.0','name':'pods','type':'tinyrun','bridge':'cni0',"
			"'isGateway':true,'isDefaultGateway':true,'ipMasq':true,'hairpinMode':true,"
			"'promiscMode':false,'ipam':{'type':'host-local','ranges':[[{'subnet':"
			"'10.8.0.0/16'}],[{'subnet':'fd08::/64'}]],'routes':[{'dst':'0.0.0.0/0'},"
			"{'dst':'::/0'}]}}");
	assert_string_equal(net_cidr_text(&cni.options.subnet, text), "10.8.0.0/16");
	assert_string_equal(net_cidr_text(&cni.options.subnet6, text), "fd08::/64");
	cni_done(&cni);
}

static void test_what_the_runtime_says_wins(void **state)
{
	struct cni cni = {
		.command = CNI_ADD, .ifname = "eth0", .args = "IgnoreUnknown=1;K8S_X=y;Z=1"};
	char text[NET_ADDR_TEXT];

	(void)state;
	must_read(&cni, HEAD ",'runtimeConfig':{'mac':'02:00:00:00:00:02','dns':{'servers':["
			     "'1.1.1.1'],'searches':['b.example']}},'mac':'02:00:00:00:00:01',"
			     "'args':{'cni':{'ips':['10.1.0.5']},'other':1},"
			     "'dns':{'nameservers':['9.9.9.9']}}");
	assert_int_equal(cni.options.mac[5], 2);
	assert_string_equal(net_addr_text(&cni.options.ip, text), "10.1.0.5");
	assert_string_equal(cni.dns.data,
			    "{\"nameservers\":[\"1.1.1.1\"],\"search\":[\"b.example\"]}");
	cni_done(&cni);
}

static void test_what_is_wrong_has_the_code_of_the_specification(void **state)
{
	static const struct {
		const char *text, *args;
		enum cni_code code;
		const char *part;
	} cases[] = {
		{"{'cniVersion':'2.0.0','name':'pods'}", NULL, CNI_BAD_VERSION, "\"2.0.0\", want"},
		{"{'cniVersion':'0.1.0','name':'pods'}", NULL, CNI_BAD_VERSION, "\"0.1.0\", want"},
		{"{'name':'pods'}", NULL, CNI_BAD_VERSION, "want 0.3.0"},
		{"{'cniVersion':'1.1.0'}", NULL, CNI_BAD_CONFIG, "name"},
		{"{'cniVersion':'1.1.0','name':'a b'}", NULL, CNI_BAD_CONFIG,
		 "\"a b\" is not a name"},
		{"{'cniVersion':'1.1.0','name':'../x'}", NULL, CNI_BAD_CONFIG, "is not a name"},
		{HEAD ",'vlan':7}", NULL, CNI_UNSUPPORTED, "vlan (configuration:"},
		{HEAD ",'ipMasq':false}", NULL, CNI_UNSUPPORTED,
		 "false is not supported, want true"},
		{HEAD ",'promiscMode':true}", NULL, CNI_UNSUPPORTED, "want false"},
		{HEAD ",'ipam':{'type':'dhcp'}}", NULL, CNI_UNSUPPORTED,
		 "\"dhcp\" is not supported"},
		{HEAD ",'ipam':{'routes':[{'dst':'10.0.0.0/8'}]}}", NULL, CNI_UNSUPPORTED,
		 "want a default route"},
		{HEAD ",'ipam':{'ranges':[[{'subnet':'10.1.0.0/24','rangeStart':'10.1.0.9'}]]}}",
		 NULL, CNI_UNSUPPORTED, "rangeStart"},
		{HEAD ",'runtimeConfig':{'bandwidth':{}}}", NULL, CNI_UNSUPPORTED, "bandwidth"},
		{HEAD ",'runtimeConfig':{'portMappings':[{'hostPort':1,'containerPort':1,"
		      "'protocol':'sctp'}]}}",
		 NULL, CNI_UNSUPPORTED, "want tcp or udp"},
		{HEAD ",'runtimeConfig':{'portMappings':[{'hostPort':70000,'containerPort':1}]}}",
		 NULL, CNI_BAD_CONFIG, "70000"},
		{HEAD ",'runtimeConfig':{'portMappings':[{'hostPort':1}]}}", NULL, CNI_BAD_CONFIG,
		 "containerPort"},
		{HEAD ",'bridge':'a23456789012345x'}", NULL, CNI_BAD_CONFIG, "want 1 to 15"},
		{HEAD ",'subnet':'10.1.0.0'}", NULL, CNI_BAD_CONFIG, "not a subnet"},
		{HEAD ",'subnet':['10.1.0.0/24','10.2.0.0/24']}", NULL, CNI_BAD_CONFIG,
		 "second IPv4 subnet"},
		{HEAD ",'subnet':'10.1.0.0/24','ips':['10.2.0.9']}", NULL, CNI_BAD_CONFIG,
		 "10.2.0.9 is not in the subnet 10.1.0.0/24"},
		{HEAD ",'mtu':1}", NULL, CNI_BAD_CONFIG, "want a number from 68"},
		{HEAD ",'mtu':'1400'}", NULL, CNI_BAD_CONFIG, "mtu"},
		{HEAD ",'mac':'x'}", NULL, CNI_BAD_CONFIG, "not a hardware address"},
		{HEAD "}", "FOO=1", CNI_BAD_ENVIRONMENT, "key that is not known"},
		{HEAD "}", "IP", CNI_BAD_ENVIRONMENT, "not KEY=VALUE"},
		{HEAD "}", "IP=x", CNI_BAD_ENVIRONMENT, "not an IPv4 address"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cni cni = {.command = CNI_ADD, .ifname = "eth0", .args = cases[i].args};
		struct err e = ERR_INIT;
		char words[ERR_STR_SIZE];

		if (read_config(&cni, cases[i].text, &e) >= 0)
			fail_msg("taken: %s", cases[i].text);
		(void)err_str(&e, words, sizeof(words));
		if (cni.code != cases[i].code || !strstr(words, cases[i].part))
			fail_msg("%s: code %d, %s", cases[i].text, cni.code, words);
		cni_done(&cni);
	}
}

static void fill(struct net_record *rec)
{
	*rec = (struct net_record){.bridge = "tr-nobridge",
				   .veth = "tr-noveth",
				   .ifname = "eth0",
				   .ip = {.addr.family = AF_INET, .prefix = 24},
				   .gw = {.family = AF_INET},
				   .mac = {2, 0, 0, 0, 0, 9},
				   .mtu = 1400};
	assert_int_equal(inet_pton(AF_INET, "10.7.0.2", rec->ip.addr.bytes), 1);
	assert_int_equal(inet_pton(AF_INET, "10.7.0.1", rec->gw.bytes), 1);
}

static void assert_result(const char *config, const char *want)
{
	struct cni cni = {.command = CNI_ADD, .ifname = "eth0", .netns = "/run/netns/a"};
	auto_buf struct buf out = BUF_INIT;
	struct net_record rec;

	fill(&rec);
	must_read(&cni, config);
	cni_result(&cni, &rec, &out);
	assert_string_equal(out.data, want);
	cni_done(&cni);
}

static void test_a_result_is_of_the_version_that_was_asked_for(void **state)
{
	(void)state;
	assert_result(
		HEAD "}",
		"{\"cniVersion\":\"1.1.0\",\"interfaces\":[{\"name\":\"tr-nobridge\",\"mtu\":1400},"
		"{\"name\":\"tr-noveth\",\"mtu\":1400},{\"name\":\"eth0\",\"mac\":\"02:00:00:00:00:"
		"09\",\"mtu\":1400,\"sandbox\":\"/run/netns/a\"}],\"ips\":[{\"address\":\"10.7.0.2/"
		"24"
		"\",\"gateway\":\"10.7.0.1\",\"interface\":2}],\"routes\":[{\"dst\":\"0.0.0.0/0\","
		"\"gw\":\"10.7.0.1\"}],\"dns\":{}}\n");
	assert_result(
		"{'cniVersion':'0.4.0','name':'pods','type':'tinyrun'}",
		"{\"cniVersion\":\"0.4.0\",\"interfaces\":[{\"name\":\"tr-nobridge\"},{\"name\":"
		"\"tr-"
		"noveth\"},{\"name\":\"eth0\",\"mac\":\"02:00:00:00:00:09\",\"sandbox\":\"/run/"
		"netns/"
		"a\"}],\"ips\":[{\"version\":\"4\",\"address\":\"10.7.0.2/"
		"24\",\"gateway\":\"10.7.0.1"
		"\",\"interface\":2}],\"routes\":[{\"dst\":\"0.0.0.0/0\",\"gw\":\"10.7.0.1\"}],"
		"\"dns\":{}}\n");
}

static void test_in_a_chain_the_previous_result_goes_first(void **state)
{
	(void)state;
	assert_result(
		"{'cniVersion':'1.0.0','name':'pods','type':'tinyrun','prevResult':{'interfaces':[{"
		"'name':'lo'}],'ips':[{'address':'127.0.0.1/"
		"8','interface':0}],'dns':{'domain':'x'}}}",
		"{\"cniVersion\":\"1.0.0\",\"interfaces\":[{\"name\":\"lo\"},{\"name\":\"tr-"
		"nobridge\""
		"},{\"name\":\"tr-noveth\"},{\"name\":\"eth0\",\"mac\":\"02:00:00:00:00:09\","
		"\"sandbox\":\"/run/netns/a\"}],\"ips\":[{\"address\":\"127.0.0.1/"
		"8\",\"interface\":0}"
		",{\"address\":\"10.7.0.2/"
		"24\",\"gateway\":\"10.7.0.1\",\"interface\":3}],\"routes\":["
		"{\"dst\":\"0.0.0.0/0\",\"gw\":\"10.7.0.1\"}],\"dns\":{\"domain\":\"x\"}}\n");
}

static void test_a_check_compares_with_what_was_answered(void **state)
{
	static const struct {
		const char *previous, *part;
		enum cni_code code;
	} cases[] = {
		{"", "prevResult", CNI_BAD_CONFIG},
		{",'prevResult':{'interfaces':[]}", "eth0 of the container is not",
		 CNI_NOT_AS_MADE},
		{",'prevResult':{'interfaces':[{'name':'eth0'}]}", "eth0 of the container",
		 CNI_NOT_AS_MADE},
		{",'prevResult':{'interfaces':[{'name':'eth0','sandbox':'/x'}],'ips':[{'address':"
		 "'10.7.0.3/24'}]}",
		 "10.7.0.2/24 is not among them", CNI_NOT_AS_MADE},
		{",'prevResult':{'interfaces':[{'name':'eth0','sandbox':'/x'}],'ips':[{'address':"
		 "'10.7.0.2/24'}]}",
		 NULL, CNI_BAD_CONFIG},
	};
	struct net_record rec;

	(void)state;
	fill(&rec);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cni cni = {.command = CNI_CHECK, .ifname = "eth0"};
		struct err e = ERR_INIT;
		char text[512], words[ERR_STR_SIZE];
		int r;

		(void)snprintf(text, sizeof(text), HEAD "%s}", cases[i].previous);
		must_read(&cni, text);
		r = cni_compare(&cni, &rec, &e);
		(void)err_str(&e, words, sizeof(words));
		assert_int_equal(cni.code, cases[i].code);
		if ((r == 0) != !cases[i].part || (r < 0 && !strstr(words, cases[i].part)))
			fail_msg("%s: %s", text, words);
		cni_done(&cni);
	}
}

static void test_versions_are_answered_without_a_network(void **state)
{
	struct cni cni = {.command = CNI_VERSION};
	auto_buf struct buf out = BUF_INIT;

	(void)state;
	must_read(&cni, "{'cniVersion':'1.0.0'}");
	cni_version(&cni, &out);
	assert_string_equal(out.data, "{\"cniVersion\":\"1.0.0\",\"supportedVersions\":[\"0.3.0\","
				      "\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}\n");
	cni_done(&cni);
}

static void test_an_error_is_an_object_with_its_code(void **state)
{
	struct cni cni = {.code = CNI_BAD_CONFIG};
	auto_buf struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	(void)state;
	(void)err_user(&e, "it is \"wrong\"");
	cni_error(&cni, &e, &out);
	assert_string_equal(out.data, "{\"cniVersion\":\"1.1.0\",\"code\":7,\"msg\":\"it is "
				      "\\\"wrong\\\"\",\"details\":\"EINVAL\"}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_members_of_a_configuration_are_options),
		cmocka_unit_test(test_a_configuration_for_bridge_and_host_local_is_understood),
		cmocka_unit_test(test_what_the_runtime_says_wins),
		cmocka_unit_test(test_what_is_wrong_has_the_code_of_the_specification),
		cmocka_unit_test(test_a_result_is_of_the_version_that_was_asked_for),
		cmocka_unit_test(test_in_a_chain_the_previous_result_goes_first),
		cmocka_unit_test(test_a_check_compares_with_what_was_answered),
		cmocka_unit_test(test_versions_are_answered_without_a_network),
		cmocka_unit_test(test_an_error_is_an_object_with_its_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
