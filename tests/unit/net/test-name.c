/* SPDX-License-Identifier: Apache-2.0 */
/* Derived names: the same for the same, others for others, and of the form that the kernel wants.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/name.h"
#include "tinyrun/fd.h"

static const struct name_host host = {.id = "0123456789abcdef0123456789abcdef"};
static const struct name_host other = {.id = "0123456789abcdef0123456789abcdee"};

static void test_a_machine_has_an_id(void **state)
{
	struct name_host a, b;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(name_host_init(&a, &e), 0);
	assert_int_equal(name_host_init(&b, &e), 0);
	assert_true(strlen(a.id) >= 32);
	assert_string_equal(a.id, b.id);
}

static void test_a_veth_is_named_after_root_and_owner(void **state)
{
	char web[NET_LINK_NAME], again[NET_LINK_NAME], db[NET_LINK_NAME], there[NET_LINK_NAME];
	auto_fd int root = open("/", O_PATH | O_DIRECTORY),
		    dev = open("/dev", O_PATH | O_DIRECTORY);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(name_veth(root, "web", web, &e), 0);
	assert_int_equal(name_veth(root, "web", again, &e), 0);
	assert_int_equal(name_veth(root, "db", db, &e), 0);
	assert_int_equal(name_veth(dev, "web", there, &e), 0);
	assert_int_equal(strlen(web), 14);
	assert_int_equal(strncmp(web, "tr", 2), 0);
	assert_string_equal(web, again);
	assert_string_not_equal(web, db);
	assert_string_not_equal(web, there);
}

static void test_a_bridge_of_ours_has_an_address_of_its_own(void **state)
{
	uint8_t a[6], again[6], b[6], elsewhere[6];

	(void)state;
	name_bridge_mac(&host, "tinyrun0", a);
	name_bridge_mac(&host, "tinyrun0", again);
	name_bridge_mac(&host, "tinyrun1", b);
	name_bridge_mac(&other, "tinyrun0", elsewhere);
	assert_int_equal(a[0] & 3, 2); /* locally administered, unicast */
	assert_memory_equal(a, again, 6);
	assert_memory_not_equal(a, b, 6);
	assert_memory_not_equal(a, elsewhere, 6);
}

static void test_a_container_has_the_address_in_its_hardware_address(void **state)
{
	struct net_record four = {.ip = {.addr = {AF_INET, {10, 209, 1, 2}}, .prefix = 16}};
	struct net_record six = {.ip6 = {.addr = {AF_INET6, {0xfd, [12] = 1, 2, 3, 4}}}};
	uint8_t mac[6];

	(void)state;
	name_mac(&four, mac);
	assert_memory_equal(mac, ((uint8_t[]){2, 't', 10, 209, 1, 2}), 6);
	name_mac(&six, mac);
	assert_memory_equal(mac, ((uint8_t[]){2, 't', 1, 2, 3, 4}), 6);
}

static void test_the_subnet_is_unique_local_and_the_bridge_is_in_it(void **state)
{
	struct net_cidr a = name_subnet6(&host, "tinyrun0"), b = name_subnet6(&host, "br1");
	struct net_cidr elsewhere = name_subnet6(&other, "tinyrun0");
	static const uint8_t zero[8];

	(void)state;
	assert_int_equal(a.addr.family, AF_INET6);
	assert_int_equal(a.prefix, 64);
	assert_int_equal(a.addr.bytes[0], 0xfd);
	assert_memory_equal(a.addr.bytes + 8, zero, 8);
	assert_memory_equal(a.addr.bytes, b.addr.bytes, 6); /* one global id a machine */
	assert_memory_not_equal(a.addr.bytes + 6, b.addr.bytes + 6, 2);
	assert_memory_not_equal(a.addr.bytes + 1, elsewhere.addr.bytes + 1, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_machine_has_an_id),
		cmocka_unit_test(test_a_veth_is_named_after_root_and_owner),
		cmocka_unit_test(test_a_bridge_of_ours_has_an_address_of_its_own),
		cmocka_unit_test(test_a_container_has_the_address_in_its_hardware_address),
		cmocka_unit_test(test_the_subnet_is_unique_local_and_the_bridge_is_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
