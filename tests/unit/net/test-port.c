/* SPDX-License-Identifier: Apache-2.0 */
/* Published ports: what may be written for them, and when two are in each other's way. */
#include "sentence.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "net/options.h"
#include "tinyrun/fd.h"

static void test_ports_are_read_and_written(void **state)
{
	static const struct {
		const char *text, *written;
	} good[] = {{"8080:80", "8080:80/tcp"},
		    {"1:65535/udp", "1:65535/udp"},
		    {"127.0.0.1:8080:80/tcp", "127.0.0.1:8080:80/tcp"},
		    {"0.0.0.0:8080:80", "0.0.0.0:8080:80/tcp"},
		    {"[::]:8080:80", "[::]:8080:80/tcp"},
		    {"[::1]:53:5353/udp", "[::1]:53:5353/udp"}};
	char out[NET_PORT_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct net_port p;
		struct err e = ERR_INIT;

		assert_int_equal(net_port_parse("--publish", good[i].text, &p, &e), 0);
		assert_string_equal(net_port_text(&p, out), good[i].written);
	}
}

static void test_what_is_not_a_port_is_refused(void **state)
{
	static const struct {
		const char *text, *part;
	} bad[] = {
		{"", "not a port to publish"},
		{"80", "not a port to publish"},
		{":80", "not a port to publish"},
		{"::1:80:80", "not a port to publish"},
		{"8080:", "the container's port is \"\""},
		{"8080:0", "the container's port is \"0\""},
		{"8080:65536", "the container's port is \"65536\""},
		{"8080:http", "the container's port is \"http\""},
		{"70000:80", "the host's port is \"70000\""},
		{"0:80", "the host's port is \"0\""},
		{"-1:80", "the host's port is \"-1\""},
		{"8080-8090:80", "the host's port is \"8080-8090\""},
		{"8080:80/sctp", "the protocol is \"sctp\""},
		{"8080:80/", "the protocol is \"\""},
		{"8080:80/tcp/udp", "the protocol is \"tcp/udp\""},
		{"1.2.3:8080:80", "the host's address is \"1.2.3\""},
		{"localhost:8080:80", "the host's address is \"localhost\""},
		{"fd00::1:8080:80", "the host's address is \"fd00::1\""},
		{"[1.2.3.4]:8080:80", "the host's address is"},
		{"[::1:8080:80", "the host's address is"},
		{"224.0.0.1:8080:80", "the host's address is"},
		{"1.2.3.4:8080:80:90", "the host's address is \"1.2.3.4:8080\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct net_port p;
		struct err e = ERR_INIT;

		if (net_port_parse("--publish", bad[i].text, &p, &e) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i].text);
		assert_sentence(&e, "--publish: ", bad[i].part);
	}
}

static struct net_port port(const char *text)
{
	struct net_port p = {.port = 0};
	struct err e = ERR_INIT;

	assert_int_equal(net_port_parse("test", text, &p, &e), 0);
	return p;
}

static void test_ports_overlap_where_one_packet_could_be_for_both(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} cases[] = {{"80:1", "80:2", true},
		     {"80:1", "80:2/udp", false},
		     {"80:1", "81:1", false},
		     {"127.0.0.1:80:1", "80:2", true},
		     {"[::1]:80:1", "80:2", true},
		     {"127.0.0.1:80:1", "127.0.0.2:80:2", false},
		     {"0.0.0.0:80:1", "127.0.0.2:80:2", true},
		     {"0.0.0.0:80:1", "[::]:80:2", false}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct net_port a = port(cases[i].a), b = port(cases[i].b);

		assert_int_equal(net_port_overlap(&a, &b), cases[i].overlap);
		assert_int_equal(net_port_overlap(&b, &a), cases[i].overlap);
	}
}

/* A socket that has a port of 127.0.0.1, as a program of the host would. */
static int occupy(int type, uint16_t *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void test_a_port_that_a_program_of_the_host_has_is_refused(void **state)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM};

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		struct err e = ERR_INIT;
		struct net_port p = port(types[i] == SOCK_DGRAM ? "1:80/udp" : "1:80");
		struct net_port other = p;
		auto_fd int fd = occupy(types[i], &p.host_port);

		other.udp = !p.udp;
		other.host_port = p.host_port;
		assert_int_equal(net_port_probe(&p, &e), -EADDRINUSE);
		assert_sentence(&e, "port ", "of the host is in use");
		assert_int_equal(net_port_probe(&other, &e), 0);
		fd_close(&fd);
		assert_int_equal(net_port_probe(&p, &e), 0);
	}
}

static void test_an_address_that_the_host_has_not_is_refused(void **state)
{
	struct net_port p = port("192.0.2.77:8080:80");
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(net_port_probe(&p, &e), -EINVAL);
	assert_sentence(&e, "192.0.2.77 is not an address of this host", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports_are_read_and_written),
		cmocka_unit_test(test_what_is_not_a_port_is_refused),
		cmocka_unit_test(test_ports_overlap_where_one_packet_could_be_for_both),
		cmocka_unit_test(test_a_port_that_a_program_of_the_host_has_is_refused),
		cmocka_unit_test(test_an_address_that_the_host_has_not_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
