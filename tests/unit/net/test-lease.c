/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets which address and port, what is refused, and what survives many at once and a kill. */
#include "sentence.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "net/lease_file.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"

#define BRIDGE "br-test"

struct fixture {
	char path[64];
	int root_fd;
};

static int make_root(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)snprintf(f->path, sizeof(f->path), "/tmp/tinyrun-test-lease-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->root_fd = open(f->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->root_fd >= 0);
	*state = f;
	return 0;
}

static int remove_root(void **state)
{
	struct fixture *f = *state;
	auto_fd int tmp_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct err e = ERR_INIT;

	fd_close(&f->root_fd);
	assert_int_equal(path_remove_tree(tmp_fd, f->path + strlen("/tmp/"), &e), 0);
	free(f);
	return 0;
}

static struct net_cidr cidr(const char *text)
{
	struct net_cidr c = {.prefix = 0};

	if (*text)
		assert_true(net_cidr_read(text, &c));
	return c;
}

static void set(struct net_options *o, const char *name, const char *value)
{
	struct err e = ERR_INIT;

	assert_int_equal(net_options_set(o, name, value, &e), 0);
}

/* A container's state directory: without it the container is gone. */
static void add_container(const struct fixture *f, const char *id)
{
	assert_true(mkdirat(f->root_fd, id, 0700) == 0 || errno == EEXIST);
}

/* Takes a lease of @subnet and @subnet6 on @bridge; the gateways are the first addresses. */
static int take_on(const struct fixture *f, const char *bridge, const char *subnet,
		   const char *subnet6, const struct net_options *o, const char *owner, char *ret,
		   char *ret6, struct err *e)
{
	auto_net_store struct net_store store = NET_STORE_INIT;
	struct net_record rec = {.owner = owner};
	struct net_cidr c = cidr(subnet), c6 = cidr(subnet6);
	int r = net_store_open(f->root_fd, true, &store, e);

	(void)snprintf(rec.bridge, sizeof(rec.bridge), "%s", bridge);
	if (c.addr.family)
		(void)net_cidr_nth(&c, 1, &rec.gw);
	if (c6.addr.family)
		(void)net_cidr_nth(&c6, 1, &rec.gw6);
	if (r == 0)
		r = net_lease_take(&store, o, &c, &c6, &rec, e);
	if (r == 0 && ret)
		(void)net_cidr_text(&rec.ip, ret);
	if (r == 0 && ret6)
		(void)net_cidr_text(&rec.ip6, ret6);
	if (r == 0)
		assert_int_equal(rec.n_ports, o->n_ports);
	arena_done(&rec.arena);
	return r;
}

static int take(const struct fixture *f, const char *subnet, const struct net_options *o,
		const char *owner, char *ret, struct err *e)
{
	static const struct net_options nothing;

	return take_on(f, BRIDGE, subnet, "", o ? o : &nothing, owner, ret, NULL, e);
}

static void assert_gets(const struct fixture *f, const char *subnet, const char *owner,
			const char *want)
{
	struct err e = ERR_INIT;
	char got[NET_CIDR_TEXT], text[ERR_STR_SIZE];

	add_container(f, owner);
	if (take(f, subnet, NULL, owner, got, &e) != 0)
		fail_msg("%s", err_str(&e, text, sizeof(text)));
	assert_string_equal(got, want);
}

static void drop(const struct fixture *f, const char *owner)
{
	auto_net_store struct net_store store = NET_STORE_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(net_store_open(f->root_fd, true, &store, &e), 0);
	assert_int_equal(net_lease_drop(&store, owner, &e), 0);
}

/* The file as it is; "" when there is none. */
static void read_file(const struct fixture *f, char out[4096])
{
	auto_fd int fd = openat(f->root_fd, ".net/leases", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, 4095);

	assert_true(n >= 0);
	out[n] = '\0';
}

static void assert_refused(const struct fixture *f, const char *subnet, const char *option,
			   const char *value, const char *where, const char *part)
{
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	struct err e = ERR_INIT;
	char before[4096], after[4096];

	if (option)
		set(&o, option, value);
	add_container(f, "refused");
	read_file(f, before);
	assert_true(take_on(f, BRIDGE, subnet, "", &o, "refused", NULL, NULL, &e) < 0);
	assert_sentence(&e, where, part);
	read_file(f, after);
	assert_string_equal(before, after);
}

/* --- addresses --- */

static void test_the_smallest_free_address_is_leased(void **state)
{
	const struct fixture *f = *state;

	assert_gets(f, "10.1.0.0/24", "a", "10.1.0.2/24");
	assert_gets(f, "10.1.0.0/24", "b", "10.1.0.3/24");
	assert_gets(f, "10.1.0.0/24", "c", "10.1.0.4/24");
	drop(f, "b");
	assert_gets(f, "10.1.0.0/24", "d", "10.1.0.3/24");
	assert_gets(f, "10.1.0.0/24", "e", "10.1.0.5/24");
}

static void test_both_families_are_leased_at_once(void **state)
{
	const struct fixture *f = *state;
	static const struct net_options nothing;
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	char ip[NET_CIDR_TEXT], ip6[NET_CIDR_TEXT];
	struct err e = ERR_INIT;

	add_container(f, "a");
	add_container(f, "b");
	add_container(f, "c");
	set(&o, "ip6", "fd00::3");
	assert_int_equal(take_on(f, BRIDGE, "10.1.0.0/24", "fd00::/64", &nothing, "a", ip, ip6, &e),
			 0);
	assert_string_equal(ip, "10.1.0.2/24");
	assert_string_equal(ip6, "fd00::2/64");
	assert_int_equal(take_on(f, BRIDGE, "10.1.0.0/24", "fd00::/64", &o, "b", ip, ip6, &e), 0);
	assert_string_equal(ip, "10.1.0.3/24");
	assert_string_equal(ip6, "fd00::3/64");
	assert_int_equal(take_on(f, BRIDGE, "", "fd00::/64", &nothing, "c", ip, ip6, &e), 0);
	assert_string_equal(ip, "");
	assert_string_equal(ip6, "fd00::4/64");
	drop(f, "a");
	drop(f, "b");
	drop(f, "c");
}

static void test_an_address_that_is_asked_for_is_leased_once(void **state)
{
	const struct fixture *f = *state;
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	struct err e = ERR_INIT;
	char got[NET_CIDR_TEXT];

	set(&o, "ip", "10.1.0.2");
	add_container(f, "a");
	assert_int_equal(take(f, "10.1.0.0/24", &o, "a", got, &e), 0);
	assert_string_equal(got, "10.1.0.2/24");
	assert_gets(f, "10.1.0.0/24", "b", "10.1.0.3/24");
	assert_refused(f, "10.1.0.0/24", "ip", "10.1.0.2", "10.1.0.2 is in use by a", "");
	assert_refused(f, "10.1.0.0/24", "ip", "10.1.0.1", "10.1.0.1 is the bridge's own", "");
	assert_refused(f, "10.1.0.0/24", "ip", "10.1.0.0", "10.1.0.0 is not the address of one",
		       "");
	assert_refused(f, "10.1.0.0/24", "ip", "10.1.0.255", "10.1.0.255 is not the address", "");
	assert_refused(f, "10.1.0.0/24", "ip", "10.1.1.2", "10.1.1.2 is not in the bridge's subnet",
		       "10.1.0.0/24");
	assert_refused(f, "10.1.0.0/24", "ip6", "fd00::2", "fd00::2 was asked for", "no IPv6");
}

static void test_a_full_subnet_is_refused_in_one_sentence(void **state)
{
	const struct fixture *f = *state;

	assert_gets(f, "10.1.0.0/29", "a", "10.1.0.2/29");
	assert_gets(f, "10.1.0.0/29", "b", "10.1.0.3/29");
	assert_gets(f, "10.1.0.0/29", "c", "10.1.0.4/29");
	assert_gets(f, "10.1.0.0/29", "d", "10.1.0.5/29");
	assert_gets(f, "10.1.0.0/29", "e", "10.1.0.6/29");
	assert_refused(f, "10.1.0.0/29", NULL, NULL, "no address is free in 10.1.0.0/29",
		       "delete a container, or use another --bridge");
	drop(f, "c");
	assert_gets(f, "10.1.0.0/29", "g", "10.1.0.4/29");
}

static void test_subnets_of_two_bridges_do_not_overlap(void **state)
{
	const struct fixture *f = *state;
	static const struct net_options nothing;
	struct err e = ERR_INIT;

	assert_gets(f, "10.1.0.0/16", "a", "10.1.0.2/16");
	add_container(f, "b");
	assert_int_equal(take_on(f, "br-two", "10.1.9.0/24", "", &nothing, "b", NULL, NULL, &e),
			 -EINVAL);
	assert_sentence(&e, "the subnet 10.1.9.0/24 of bridge br-two overlaps 10.1.0.0/16",
			"of bridge br-test, which a uses");
	e = ERR_INIT;
	assert_int_equal(take_on(f, "br-two", "10.2.0.0/16", "", &nothing, "b", NULL, NULL, &e), 0);
	drop(f, "a");
	drop(f, "b");
}

static void test_a_hardware_address_is_leased_once(void **state)
{
	const struct fixture *f = *state;
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	struct err e = ERR_INIT;

	set(&o, "mac", "02:00:5e:10:00:01");
	add_container(f, "a");
	assert_int_equal(take(f, "10.1.0.0/24", &o, "a", NULL, &e), 0);
	assert_refused(f, "10.1.0.0/24", "mac", "02:00:5e:10:00:01", "the hardware address",
		       "in use by a");
}

/* --- owners --- */

static void test_the_lease_of_a_container_that_is_gone_is_free(void **state)
{
	const struct fixture *f = *state;

	assert_gets(f, "10.1.0.0/24", "a", "10.1.0.2/24");
	assert_gets(f, "10.1.0.0/24", "b", "10.1.0.3/24");
	assert_int_equal(unlinkat(f->root_fd, "a", AT_REMOVEDIR), 0);
	assert_gets(f, "10.1.0.0/24", "c", "10.1.0.2/24");
}

static void test_the_lease_of_an_engine_is_not_free_by_itself(void **state)
{
	const struct fixture *f = *state;
	struct err e = ERR_INIT;
	char got[NET_CIDR_TEXT];

	assert_int_equal(take(f, "10.1.0.0/24", NULL, "cni:pod1/eth0", got, &e), 0);
	assert_string_equal(got, "10.1.0.2/24");
	assert_gets(f, "10.1.0.0/24", "b", "10.1.0.3/24");
	drop(f, "cni:pod1/eth0");
	assert_gets(f, "10.1.0.0/24", "c", "10.1.0.2/24");
}

static void test_an_owner_has_one_lease(void **state)
{
	const struct fixture *f = *state;

	assert_gets(f, "10.1.0.0/24", "a", "10.1.0.2/24");
	assert_gets(f, "10.1.0.0/24", "b", "10.1.0.3/24");
	assert_gets(f, "10.1.0.0/24", "a", "10.1.0.2/24");
	drop(f, "a");
	drop(f, "a");
	drop(f, "nobody");
	assert_gets(f, "10.1.0.0/24", "c", "10.1.0.2/24");
}

static int count_one(void *arg, const struct net_lease *lease)
{
	char addr[NET_CIDR_TEXT];
	struct buf *out = arg;

	buf_addf(out, "%s %s %s %zu\n", lease->bridge, lease->owner,
		 net_cidr_text(&lease->ip, addr), lease->n_ports);
	return 0;
}

static void test_leases_are_listed_in_order(void **state)
{
	const struct fixture *f = *state;
	auto_net_store struct net_store store = NET_STORE_INIT;
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	auto_buf struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	set(&o, "ip", "10.1.0.20");
	set(&o, "publish", "127.0.0.1:18081:80");
	add_container(f, "z");
	assert_int_equal(take(f, "10.1.0.0/24", &o, "z", NULL, &e), 0);
	assert_gets(f, "10.1.0.0/24", "y", "10.1.0.2/24");
	assert_gets(f, "10.1.0.0/24", "gone", "10.1.0.3/24");
	assert_int_equal(unlinkat(f->root_fd, "gone", AT_REMOVEDIR), 0);
	assert_int_equal(net_store_open(f->root_fd, false, &store, &e), 0);
	assert_int_equal(net_lease_each(&store, count_one, &out, &e), 0);
	assert_string_equal(out.data, "br-test y 10.1.0.2/24 0\nbr-test z 10.1.0.20/24 1\n");
}

static void test_the_last_lease_takes_the_file_with_it(void **state)
{
	const struct fixture *f = *state;

	assert_gets(f, "10.1.0.0/24", "a", "10.1.0.2/24");
	assert_int_equal(faccessat(f->root_fd, ".net/leases", F_OK, 0), 0);
	drop(f, "a");
	assert_int_equal(faccessat(f->root_fd, ".net/leases", F_OK, 0), -1);
}

/* --- ports --- */

static void test_a_port_is_published_once(void **state)
{
	const struct fixture *f = *state;
	auto_net_options struct net_options o = NET_OPTIONS_INIT;
	struct err e = ERR_INIT;

	set(&o, "publish", "127.0.0.1:18080:80");
	add_container(f, "web1");
	assert_int_equal(take(f, "10.1.0.0/24", &o, "web1", NULL, &e), 0);
	assert_refused(f, "10.1.0.0/24", "publish", "18080:80", "port 18080:80/tcp of the host",
		       "published by web1");
	assert_gets(f, "10.1.0.0/24", "web2", "10.1.0.3/24");
	drop(f, "web1");
	assert_int_equal(take(f, "10.1.0.0/24", &o, "web2", NULL, &e), 0);
}

static void test_a_port_of_a_program_of_the_host_is_refused(void **state)
{
	const struct fixture *f = *state;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	auto_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(at);
	char publish[32];

	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	(void)snprintf(publish, sizeof(publish), "%u:80", ntohs(at.sin_port));
	assert_refused(f, "10.1.0.0/24", "publish", publish, "port ", "of the host is in use");
}

/* --- the file --- */

static void put_file(const struct fixture *f, const char *text)
{
	auto_fd int fd = -1;

	(void)mkdirat(f->root_fd, ".net", 0700);
	fd = openat(f->root_fd, ".net/leases", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void test_a_damaged_file_is_not_taken_for_an_empty_one(void **state)
{
	const struct fixture *f = *state;
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"", "line 1 of .net/leases"},
		{"tinyrun-leases 2\n", "line 1 of .net/leases"},
		{"tinyrun-leases 1", "its end is cut off"},
		{"tinyrun-leases 1\n\n", "line 2 of .net/leases"},
		{"tinyrun-leases 1\nbr a - 10.1.0.2/24\n", "not the 5 words"},
		{"tinyrun-leases 1\nbr a - 10.1.0.2 -\n", "are not an IPv4 and an IPv6"},
		{"tinyrun-leases 1\nbr a - - 10.1.0.2/24\n", "are not an IPv4 and an IPv6"},
		{"tinyrun-leases 1\nbr a - 10.1.0.2/24 - 80\n", "not a port"},
		{"tinyrun-leases 1\nbr a - 10.1.0.2/24 - 80:80 \n", "not a port"},
		{"tinyrun-leases 1\nbr a xx 10.1.0.2/24 -\n", "not a hardware address"},
		{"tinyrun-leases 1\nb/r a - 10.1.0.2/24 -\n", "not a bridge"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		put_file(f, cases[i].text);
		assert_refused(f, "10.1.0.0/24", NULL, NULL, "line ", cases[i].part);
	}
}

static void test_what_a_killed_writer_left_is_in_nobodys_way(void **state)
{
	const struct fixture *f = *state;
	auto_fd int fd = -1;

	assert_gets(f, "10.1.0.0/24", "a", "10.1.0.2/24");
	fd = openat(f->root_fd, ".net/.leases.tmp", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "tinyrun-lea", 11), 11);
	drop(f, "nobody"); /* nothing is written */
	assert_int_equal(faccessat(f->root_fd, ".net/.leases.tmp", F_OK, 0), -1);
	assert_gets(f, "10.1.0.0/24", "b", "10.1.0.3/24");
}

static void test_a_store_that_is_not_there_has_no_leases(void **state)
{
	const struct fixture *f = *state;
	auto_net_store struct net_store store = NET_STORE_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(net_store_open(f->root_fd, false, &store, &e), NET_E_MISSING);
	assert_int_equal(store.fd, -1);
	assert_int_equal(symlinkat("/tmp", f->root_fd, ".net"), 0);
	assert_true(net_store_open(f->root_fd, true, &store, &e) < 0);
	assert_int_equal(store.fd, -1);
}

/* --- many at once --- */

#define WORKERS 8
#define EACH    15

static void take_many(const struct fixture *f, int worker)
{
	for (int i = 0; i < EACH; i++) {
		struct err e = ERR_INIT;
		char owner[16];

		(void)snprintf(owner, sizeof(owner), "c%d-%d", worker, i);
		if (mkdirat(f->root_fd, owner, 0700) < 0 ||
		    take(f, "10.1.0.0/24", NULL, owner, NULL, &e) != 0)
			_exit(1);
	}
	_exit(0);
}

static int note_address(void *arg, const struct net_lease *lease)
{
	bool *seen = arg;

	assert_false(seen[lease->ip.addr.bytes[3]]);
	seen[lease->ip.addr.bytes[3]] = true;
	return 0;
}

static size_t count_leases(const struct fixture *f, bool seen[256])
{
	auto_net_store struct net_store store = NET_STORE_INIT;
	struct err e = ERR_INIT;
	char text[ERR_STR_SIZE];
	size_t n = 0;

	memset(seen, 0, 256);
	assert_int_equal(net_store_open(f->root_fd, true, &store, &e), 0);
	if (net_lease_each(&store, note_address, seen, &e) != 0)
		fail_msg("%s", err_str(&e, text, sizeof(text)));
	for (size_t i = 0; i < 256; i++)
		n += seen[i];
	return n;
}

static void test_many_at_once_get_an_address_each(void **state)
{
	const struct fixture *f = *state;
	pid_t pid[WORKERS];
	bool seen[256];

	for (int i = 0; i < WORKERS; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0)
			take_many(f, i);
	}
	for (int i = 0; i < WORKERS; i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(count_leases(f, seen), WORKERS * EACH);
	for (size_t i = 2; i < 2 + WORKERS * EACH; i++)
		assert_true(seen[i]);
}

/* One that takes and gives back without end, until it is killed. */
static void take_and_drop(const struct fixture *f, int worker)
{
	for (int i = 0;; i++) {
		struct err e = ERR_INIT;
		char owner[24];

		(void)snprintf(owner, sizeof(owner), "k%d-%d", worker, i % 5);
		add_container(f, owner);
		if (take(f, "10.1.0.0/24", NULL, owner, NULL, &e) != 0)
			_exit(1);
		if (i % 3 == 0)
			drop(f, owner);
	}
}

static void test_a_kill_at_any_point_leaves_a_whole_file(void **state)
{
	const struct fixture *f = *state;

	for (int i = 0; i < 60; i++) {
		struct timespec moment = {.tv_nsec = 200000L + 130000L * i};
		pid_t pid = fork();
		bool seen[256];
		int status;

		assert_true(pid >= 0);
		if (pid == 0)
			take_and_drop(f, i % 7);
		(void)nanosleep(&moment, NULL);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		(void)count_leases(f, seen); /* fails on damage and on an address that two have */
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_the_smallest_free_address_is_leased),
		CASE(test_both_families_are_leased_at_once),
		CASE(test_an_address_that_is_asked_for_is_leased_once),
		CASE(test_a_full_subnet_is_refused_in_one_sentence),
		CASE(test_subnets_of_two_bridges_do_not_overlap),
		CASE(test_a_hardware_address_is_leased_once),
		CASE(test_the_lease_of_a_container_that_is_gone_is_free),
		CASE(test_the_lease_of_an_engine_is_not_free_by_itself),
		CASE(test_an_owner_has_one_lease),
		CASE(test_leases_are_listed_in_order),
		CASE(test_the_last_lease_takes_the_file_with_it),
		CASE(test_a_port_is_published_once),
		CASE(test_a_port_of_a_program_of_the_host_is_refused),
		CASE(test_a_damaged_file_is_not_taken_for_an_empty_one),
		CASE(test_what_a_killed_writer_left_is_in_nobodys_way),
		CASE(test_a_store_that_is_not_there_has_no_leases),
		CASE(test_many_at_once_get_an_address_each),
		CASE(test_a_kill_at_any_point_leaves_a_whole_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
