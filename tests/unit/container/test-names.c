/* SPDX-License-Identifier: Apache-2.0 */
/* The files by which a container on a bridge knows itself and others. */
#include "fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container/names.h"
#include "tinyrun/fd.h"

static void assert_file(int dir_fd, const char *name, const char *want)
{
	auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	auto_free char *text = NULL;
	struct err e = ERR_INIT;
	struct stat st;
	size_t len;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(fd_read_all(fd, 4096, name, &text, &len, &e), 0);
	assert_string_equal(text, want);
}

static void test_the_container_is_told_its_names_and_servers(void **state)
{
	const struct fixture *f = *state;
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	struct net_record rec = {.ip = {.addr.family = AF_INET, .prefix = 16}};
	struct spec spec = {.hostname = "web1"};
	auto_fd int dir_fd = -1;
	struct err e = ERR_INIT;

	skip_without_calls();
	(void)umask(077);
	assert_int_equal(net_options_set(&o, "dns", "192.0.2.53", &e), 0);
	assert_int_equal(inet_pton(AF_INET, "10.209.0.2", rec.ip.addr.bytes), 1);
	assert_int_equal(mkdirat(f->rt.root_fd, "names", 0700), 0);
	dir_fd = openat(f->rt.root_fd, "names", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(names_write(dir_fd, &spec, &o, &rec, &e), 0);
	assert_file(dir_fd, "hostname", "web1\n");
	assert_file(dir_fd, "hosts",
		    "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
		    "10.209.0.2\tweb1\n");
}

static void test_without_a_name_of_its_own_it_has_the_host_s(void **state)
{
	const struct fixture *f = *state;
	static const struct net_options nothing;
	static const struct net_record rec;
	struct spec spec = {.hostname = NULL};
	char name[80] = "";
	struct err e = ERR_INIT;

	skip_without_calls();
	assert_int_equal(gethostname(name, sizeof(name) - 2), 0);
	assert_int_equal(names_write(f->rt.root_fd, &spec, &nothing, &rec, &e), 0);
	assert_file(f->rt.root_fd, "hostname", strcat(name, "\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_container_is_told_its_names_and_servers,
						fixture_set_up, fixture_tear_down),
		cmocka_unit_test_setup_teardown(test_without_a_name_of_its_own_it_has_the_host_s,
						fixture_set_up, fixture_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
