/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests as the kernel gets them, byte by byte. The expected bytes are written out by hand from
 * rtnetlink(7) and linux/netfilter/nf_tables.h, for a machine with the lowest byte first.
 */
#include "sentence.h"

#include "net/firewall.h"
#include "net/link.h"
#include "net/nft.h"
#include "net/nl.h"
#include "tinyrun/net.h"

#define U16(n) (n) & 0xff, (n) >> 8
#define U32(n) (n) & 0xff, (n) >> 8 & 0xff, (n) >> 16 & 0xff, (n) >> 24 & 0xff
#define B32(n) (n) >> 24 & 0xff, (n) >> 16 & 0xff, (n) >> 8 & 0xff, (n)&0xff
/* length, type, flags, number, sender */
#define HEAD(len, type, flags) U32(len), U16(type), U16(flags), U32(0), U32(0)

static int set_up(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	if (*(const uint8_t *)&(const uint32_t){1} != 1) {
		print_message("skip: the bytes are those of another kind of machine\n");
		return -1;
	}
	return net_load(&e);
}

static void assert_last(const struct nl_batch *b, const uint8_t *bytes, size_t len)
{
	assert_false(b->failed);
	assert_non_null(b->last);
	assert_int_equal(b->last->nlmsg_len, len);
	assert_memory_equal(b->last, bytes, len);
}

#define assert_bytes(b, ...)                                   \
	do {                                                   \
		static const uint8_t bytes_[] = {__VA_ARGS__}; \
		assert_last(b, bytes_, sizeof(bytes_));        \
	} while (0)

static void test_an_address(void **state)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;

	(void)state;
	link_put_address(&b, 7,
			 &(struct net_cidr){.addr = {AF_INET, {10, 209, 0, 2}}, .prefix = 16});
	assert_bytes(&b, HEAD(48, 20, 0x605), 2, 16, 0, 0, U32(7), /* RTM_NEWADDR */
		     U16(8), U16(2), 10, 209, 0, 2,                /* IFA_LOCAL */
		     U16(8), U16(1), 10, 209, 0, 2,                /* IFA_ADDRESS */
		     U16(8), U16(4), 10, 209, 255, 255);           /* IFA_BROADCAST */
	link_put_address(&b, 7,
			 &(struct net_cidr){.addr = {AF_INET6, {0xfd, [15] = 2}}, .prefix = 64});
	assert_bytes(&b, HEAD(72, 20, 0x605), 10, 64, 0, 0, U32(7), U16(20), U16(2), 0xfd, 0, 0, 0,
		     0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, U16(20), U16(1), 0xfd, 0, 0, 0, 0, 0, 0, 0,
		     0, 0, 0, 0, 0, 0, 0, 2, U16(8), U16(8), U32(2)); /* IFA_FLAGS: no detection */
	assert_int_equal(b.n, 2);
}

static void test_a_default_route(void **state)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;

	(void)state;
	link_put_default_route(&b, 2, &(struct net_addr){AF_INET, {10, 209, 0, 1}});
	assert_bytes(&b, HEAD(44, 24, 0x605), 2, 0, 0, 0, 254, 4, 0, 1, U32(0), /* RTM_NEWROUTE */
		     U16(8), U16(5), 10, 209, 0, 1,                             /* RTA_GATEWAY */
		     U16(8), U16(4), U32(2));                                   /* RTA_OIF */
}

static void test_a_neighbour(void **state)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;

	(void)state;
	link_put_neighbour(&b, 3, &(struct net_addr){AF_INET, {10, 209, 0, 2}},
			   (const uint8_t[]){2, 't', 10, 209, 0, 2}, 0x80);
	assert_bytes(&b, HEAD(48, 28, 0x505), 2, 0, 0, 0, U32(3), U16(0x80), 0,
		     0,                                             /* RTM_NEWNEIGH */
		     U16(8), U16(1), 10, 209, 0, 2,                 /* NDA_DST */
		     U16(10), U16(2), 2, 't', 10, 209, 0, 2, 0, 0); /* NDA_LLADDR */
}

/* The container's end is made in its namespace: IFLA_NET_NS_FD is within the peer. */
static void test_a_veth_pair(void **state)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	const struct net_record rec = {
		.veth = "trA", .ifname = "eth0", .mtu = 1500, .mac = {2, 't', 10, 209, 0, 2}};

	(void)state;
	link_put_veth(&b, &rec, 5, 9);
	assert_bytes(&b, HEAD(136, 16, 0x605), U32(0), U32(0), U32(0), U32(0), /* RTM_NEWLINK */
		     U16(8), U16(3), 't', 'r', 'A', 0,                         /* IFLA_IFNAME */
		     U16(8), U16(4), U32(1500),                                /* IFLA_MTU */
		     U16(8), U16(10), U32(5),                                  /* IFLA_MASTER */
		     U16(80), U16(18 | 0x8000), U16(9), U16(1), 'v', 'e', 't', 'h', 0, 0, 0, 0,
		     U16(64), U16(2 | 0x8000), /* IFLA_INFO_DATA */
		     U16(60), U16(1 | 0x8000), /* VETH_INFO_PEER */
		     U32(0), U32(0), U32(0), U32(0), U16(9), U16(3), 'e', 't', 'h', '0', 0, 0, 0, 0,
		     U16(8), U16(4), U32(1500), U16(10), U16(1), 2, 't', 10, 209, 0, 2, 0, 0,
		     U16(8), U16(28), U32(9)); /* IFLA_NET_NS_FD */
}

static void test_a_rule(void **state)
{
	static const struct nft_expr drop[] = {{.op = NFT_OP_IN, .name = "s", .reg = 1},
					       {.op = NFT_OP_VERDICT, .key = 0},
					       {.op = NFT_OP_END}};
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;

	(void)state;
	nft_put_rule(&b, "c", drop);
	assert_bytes(&b, HEAD(128, 0xa06, 0xc05), 1, 0, 0, 0,               /* NFT_MSG_NEWRULE */
		     U16(12), U16(1), 't', 'i', 'n', 'y', 'r', 'u', 'n', 0, /* the table */
		     U16(6), U16(2), 'c', 0, 0, 0,                          /* the chain */
		     U16(88), U16(4 | 0x8000),                              /* expressions */
		     U16(36), U16(1 | 0x8000), U16(11), U16(1), 'l', 'o', 'o', 'k', 'u', 'p', 0, 0,
		     U16(20), U16(2 | 0x8000), U16(6), U16(1), 's', 0, 0, 0, /* the set */
		     U16(8), U16(2), B32(9), /* of 32 bits, the second */
		     U16(48), U16(1 | 0x8000), U16(14), U16(1), 'i', 'm', 'm', 'e', 'd', 'i', 'a',
		     't', 'e', 0, 0, 0, U16(28), U16(2 | 0x8000), U16(8), U16(1),
		     B32(0), /* to the verdict */
		     U16(16), U16(2 | 0x8000), U16(12), U16(2 | 0x8000), U16(8), U16(1), B32(0));
}

static void test_published_ports_are_keys_of_four_maps(void **state)
{
	const struct net_record rec = {
		.owner = "web",
		.ip = {.addr = {AF_INET, {10, 209, 0, 2}}, .prefix = 16},
		.ip6 = {.addr = {AF_INET6, {0xfd, [15] = 2}}, .prefix = 64},
		.ports = (struct net_port[]){{.host_port = 8080, .port = 80},
					     {{AF_INET, {127, 0, 0, 1}}, 53, 5353, true},
					     {{AF_INET6, {0}}, 443, 8443, false}},
		.n_ports = 3,
	};
	auto_ports struct ports ports;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(ports_of(&rec, &ports, &e), 0);
	assert_int_equal(ports.n[0], 1); /* ports4: 8080 */
	assert_memory_equal(ports.v[0][0].key, ((uint8_t[8]){6, 0, 0, 0, 0x1f, 0x90}), 8);
	assert_memory_equal(ports.v[0][0].data, ((uint8_t[8]){10, 209, 0, 2, 0, 80}), 8);
	assert_int_equal(ports.n[1], 1); /* ports4_at: 127.0.0.1 udp 53 */
	assert_memory_equal(ports.v[1][0].key, ((uint8_t[12]){127, 0, 0, 1, 17, 0, 0, 0, 0, 53}),
			    12);
	assert_memory_equal(ports.v[1][0].data, ((uint8_t[8]){10, 209, 0, 2, 0x14, 0xe9}), 8);
	assert_int_equal(ports.n[2], 2); /* ports6: 8080 and [::]:443 */
	assert_memory_equal(ports.v[2][1].key, ((uint8_t[8]){6, 0, 0, 0, 1, 0xbb}), 8);
	assert_memory_equal(ports.v[2][1].data, ((uint8_t[20]){0xfd, [15] = 2, 0x20, 0xfb}), 20);
	assert_int_equal(ports.n[3], 0);
	assert_string_equal(ports.v[2][1].comment, "web");
}

static void test_a_batch_that_is_too_long_is_an_error_and_not_half_sent(void **state)
{
	auto_nl_batch struct nl_batch b = NL_BATCH_INIT;
	struct nl nl = NL_INIT;
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i <= NL_REQUESTS; i++)
		link_put_up(&b, i);
	assert_true(b.failed);
	assert_int_equal(nl_run(&nl, &b, NULL, NULL, &e), -ENOMEM);
	assert_int_equal(b.n, 0);
}

static void test_attributes_of_a_cut_message_are_not_read_beyond_its_end(void **state)
{
	struct {
		struct nlmsghdr head;
		uint8_t rest[16];
	} m = {.head = {.nlmsg_len = sizeof(struct nlmsghdr) + 10},
	       .rest = {8, 0, 1, 0, 1, 2, 3, 4, 200, 0, 2, 0, 5, 6, 7, 8}};
	const struct nlattr *found[3];

	(void)state;
	nl_parse(&m.head, 0, found, 3);
	assert_int_equal(nl_u32(found[1]), 0x04030201);
	assert_null(found[2]);
	m.head.nlmsg_len = sizeof(struct nlmsghdr) + 6;
	nl_parse(&m.head, 0, found, 3);
	assert_null(found[1]);
	assert_int_equal(nl_u32(NULL), 0);
	assert_string_equal(nl_str(NULL), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_address),
		cmocka_unit_test(test_a_default_route),
		cmocka_unit_test(test_a_neighbour),
		cmocka_unit_test(test_a_veth_pair),
		cmocka_unit_test(test_a_rule),
		cmocka_unit_test(test_published_ports_are_keys_of_four_maps),
		cmocka_unit_test(test_a_batch_that_is_too_long_is_an_error_and_not_half_sent),
		cmocka_unit_test(test_attributes_of_a_cut_message_are_not_read_beyond_its_end),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
