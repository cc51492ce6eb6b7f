/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists that the kernel gives in pieces. It is played here: it answers each request for addresses
 * with two pieces, and says so in the second when what it lists has changed meanwhile.
 */
#include "sentence.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/types.h>

#include "net/link.h"
#include "net/nl.h"
#include "tinyrun/net.h"

struct mnl_socket;
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *s, const void *data, size_t len);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *s, void *data, size_t len);

static struct {
	unsigned torn;   /* so many lists are */
	unsigned asked;  /* so often */
	unsigned pieces; /* of the last answer were taken */
	uint32_t seq;
} kernel;

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *s, const void *data, size_t len)
{
	const struct nlmsghdr *m = data;

	(void)s;
	assert_int_equal(m->nlmsg_type, RTM_GETADDR);
	assert_true(kernel.asked == 0 || m->nlmsg_seq != kernel.seq);
	kernel.seq = m->nlmsg_seq;
	kernel.asked++;
	kernel.pieces = 0;
	return (ssize_t)len;
}

struct piece {
	struct nlmsghdr head;
	struct ifaddrmsg addr;
	struct rtattr attr;
	uint8_t bytes[4];
};

ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *s, void *data, size_t len)
{
	struct piece piece = {.head = {.nlmsg_len = sizeof(piece),
				       .nlmsg_type = RTM_NEWADDR,
				       .nlmsg_flags = NLM_F_MULTI,
				       .nlmsg_seq = kernel.seq},
			      .addr = {.ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = 1},
			      .attr = {.rta_len = 8, .rta_type = IFA_LOCAL},
			      .bytes = {192, 0, 2}};

	(void)s;
	assert_true(len >= sizeof(piece));
	piece.bytes[3] = (uint8_t)(10 * kernel.asked + kernel.pieces);
	if (kernel.pieces > 0 && kernel.asked <= kernel.torn)
		piece.head.nlmsg_flags |= NLM_F_DUMP_INTR;
	if (kernel.pieces == 2) {
		piece.head.nlmsg_type = NLMSG_DONE;
		piece.head.nlmsg_len = NLMSG_LENGTH(sizeof(int));
	}
	if (kernel.pieces++ > 2) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(data, &piece, piece.head.nlmsg_len);
	return (ssize_t)piece.head.nlmsg_len;
}

static int ask(unsigned torn, struct nl *nl, struct link_addrs *ret, struct err *e)
{
	static char room[32 << 10];

	*nl = (struct nl){.answer = room};
	kernel.torn = torn;
	kernel.asked = 0;
	return link_addresses(nl, 0, ret, e);
}

static void test_a_list_that_changed_while_it_was_read_is_read_again(void **state)
{
	auto_link_addrs struct link_addrs addrs = {.n = 0};
	struct err e = ERR_INIT;
	struct nl nl;

	(void)state;
	assert_int_equal(ask(2, &nl, &addrs, &e), 0);
	assert_int_equal(kernel.asked, 3);
	/* nothing of the torn ones */
	assert_int_equal(addrs.n, 2);
	assert_int_equal(addrs.v[0].cidr.addr.bytes[3], 30);
	assert_int_equal(addrs.v[1].cidr.addr.bytes[3], 31);
}

static void test_a_whole_list_is_asked_for_once(void **state)
{
	auto_link_addrs struct link_addrs addrs = {.n = 0};
	struct err e = ERR_INIT;
	struct nl nl;

	(void)state;
	assert_int_equal(ask(0, &nl, &addrs, &e), 0);
	assert_int_equal(kernel.asked, 1);
	assert_int_equal(addrs.n, 2);
}

static void test_a_list_that_never_holds_still_is_an_error(void **state)
{
	auto_link_addrs struct link_addrs addrs = {.n = 0};
	struct err e = ERR_INIT;
	struct nl nl;

	(void)state;
	assert_int_equal(ask(1000, &nl, &addrs, &e), -EAGAIN);
	assert_sentence(&e, "list the addresses: others changed them", "16 times: try again");
	assert_int_equal(kernel.asked, 16);
	assert_int_equal(addrs.n, 0);
}

static int set_up(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	return net_load(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list_that_changed_while_it_was_read_is_read_again),
		cmocka_unit_test(test_a_whole_list_is_asked_for_once),
		cmocka_unit_test(test_a_list_that_never_holds_still_is_an_error),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
