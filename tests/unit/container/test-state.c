/* SPDX-License-Identifier: Apache-2.0 */
/* What is written down of a container: the file, and what damage to it does. */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container/state.h"
#include "tinyrun/fd.h"

static int claim(const struct fixture *f, const char *id)
{
	struct err e = ERR_INIT;
	int dir_fd = -1;

	assert_int_equal(state_claim(&f->rt, id, &dir_fd, &e), 0);
	return dir_fd;
}

/* A state with every member set to something that is not its default. */
static struct state full_state(void)
{
	return (struct state){.arena = ARENA_INIT,
			      .id = "web1",
			      .bundle = "/srv/a \"b\"\n\xc3\xa9",
			      .rootfs = "/srv/rootfs",
			      .created = "2026-05-04T10:11:12.123456789Z",
			      .boot_id = "0f0e0d0c-0b0a-4908-8706-050403020100",
			      .cgroup_path = "/a/web1",
			      .cgroup_top = "/a",
			      .rdt_group = "web1",
			      .rdt_monitor = "web1/mon_groups/web1",
			      .scope = "web1.scope",
			      .scope_user = true,
			      .network = "{\"bridge\":\"tinyrun0\"}",
			      .streams = "[\"/dev/null\",\"pipe:[1]\",\"\"]",
			      .annotations = "{\"k\":\"v \\\"w\\\"\",\"l\":\"\"}",
			      .version = "1.3.0",
			      .manager = CGROUP_SYSTEMD,
			      .pid = 4242,
			      .start_time = UINT64_MAX - 1,
			      .owner = 4294967294U,
			      .own_pid_ns = true,
			      .poststart = true,
			      .poststop = true};
}

static void assert_same_string(const char *a, const char *b)
{
	assert_true((a == NULL) == (b == NULL));
	if (a)
		assert_string_equal(a, b);
}

static void assert_same_state(const struct state *a, const struct state *b)
{
	assert_same_string(a->id, b->id);
	assert_same_string(a->bundle, b->bundle);
	assert_same_string(a->rootfs, b->rootfs);
	assert_same_string(a->created, b->created);
	assert_same_string(a->boot_id, b->boot_id);
	assert_same_string(a->cgroup_path, b->cgroup_path);
	assert_same_string(a->cgroup_top, b->cgroup_top);
	assert_same_string(a->rdt_group, b->rdt_group);
	assert_same_string(a->rdt_monitor, b->rdt_monitor);
	assert_same_string(a->scope, b->scope);
	assert_int_equal(a->scope_user, b->scope_user);
	assert_same_string(a->network, b->network);
	assert_same_string(a->streams, b->streams);
	assert_same_string(a->annotations, b->annotations);
	assert_same_string(a->version, b->version);
	assert_int_equal(a->manager, b->manager);
	assert_int_equal(a->pid, b->pid);
	assert_true(a->start_time == b->start_time);
	assert_true(a->owner == b->owner);
	assert_int_equal(a->own_pid_ns, b->own_pid_ns);
	assert_int_equal(a->poststart, b->poststart);
	assert_int_equal(a->poststop, b->poststop);
}

static void test_state_load_gives_back_every_member(void **state)
{
	const struct fixture *f = *state;
	struct state saved[3] = {full_state(), full_state(), full_state()};
	auto_fd int dir_fd = -1;
	struct err e = ERR_INIT;

	skip_without_calls();
	dir_fd = claim(f, "web1");
	saved[1].cgroup_path = saved[1].cgroup_top = NULL; /* no cgroup at all */
	saved[1].manager = CGROUP_DISABLED;
	saved[1].pid = 0;
	saved[2].cgroup_top = NULL; /* a cgroup that was there before */
	saved[2].manager = CGROUP_CGROUPFS;
	saved[2].own_pid_ns = saved[2].poststart = saved[2].poststop = false;
	for (size_t i = 0; i < 3; i++) {
		auto_state struct state loaded = STATE_INIT;

		assert_int_equal(state_save(dir_fd, &saved[i], &e), 0);
		assert_int_equal(state_load(dir_fd, "web1", &loaded, &e), 0);
		assert_same_state(&saved[i], &loaded);
	}
}

static void test_state_mark_tells_a_record_that_was_written_anew(void **state)
{
	const struct fixture *f = *state;
	struct state saved = full_state();
	struct state_mark none = {.inode = 0}, mark;
	auto_fd int dir_fd = claim(f, "web1");
	struct err e = ERR_INIT;

	assert_int_equal(state_save(dir_fd, &saved, &e), 0);
	assert_true(state_changed(dir_fd, &none));
	state_mark(dir_fd, &mark);
	assert_false(state_changed(dir_fd, &mark));
	saved.owner--; /* as long as before */
	assert_int_equal(state_save(dir_fd, &saved, &e), 0);
	assert_true(state_changed(dir_fd, &mark));
	state_mark(dir_fd, &mark);
	assert_int_equal(unlinkat(dir_fd, STATE_FILE, 0), 0);
	assert_true(state_changed(dir_fd, &mark));
}

static size_t count_entries(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n - 2;
}

static void test_state_save_leaves_one_private_file(void **state)
{
	const struct fixture *f = *state;
	struct state saved = full_state();
	auto_fd int dir_fd = -1;
	struct err e = ERR_INIT;
	struct stat st;

	skip_without_calls();
	dir_fd = claim(f, "web1");
	assert_int_equal(state_save(dir_fd, &saved, &e), 0);
	assert_int_equal(state_save(dir_fd, &saved, &e), 0);
	assert_int_equal(count_entries(dir_fd), 1);
	assert_int_equal(fstatat(dir_fd, STATE_FILE, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* --- damage --- */

static void assert_refused(int dir_fd, const char *why)
{
	auto_state struct state loaded = STATE_INIT;
	struct err e = ERR_INIT;
	int r = state_load(dir_fd, "web1", &loaded, &e);

	if (r >= 0)
		fail_msg("state_load() returned %d for %s", r, why);
	assert_true(e.depth > 0);
	assert_null(loaded.id); /* written only on success */
}

static void test_state_load_refuses_a_torn_file(void **state)
{
	const struct fixture *f = *state;
	struct state saved = full_state();
	auto_free char *text = NULL;
	auto_fd int dir_fd = -1;
	struct err e = ERR_INIT;
	size_t len;

	skip_without_calls();
	dir_fd = claim(f, "web1");
	assert_int_equal(state_save(dir_fd, &saved, &e), 0);
	text = file_read(dir_fd, STATE_FILE);
	len = strlen(text);
	assert_string_equal(text + len - 2, "}\n");
	for (size_t cut = 0; cut + 1 < len; cut++) {
		char why[64];

		(void)snprintf(why, sizeof(why), "the first %zu of %zu bytes", cut, len);
		file_write(dir_fd, STATE_FILE, text, cut);
		assert_refused(dir_fd, why);
	}
}

static void test_state_load_refuses_wrong_values(void **state)
{
	static const struct {
		const char *find, *put, *says;
	} cases[] = {
		{"\"pid\": 4242", "\"pid\": 1", "never a container's process"},
		{"\"pid\": 4242", "\"pid\": -4242", "pid"},
		{"\"pid\": 4242", "\"pid\": \"4242\"", "pid"},
		{"\"pid\": 4242", "\"pid\": 4242.5", "pid"},
		{"\"pid\": 4242", "\"pid\": 4294971538", "pid"},
		{"\"pid\": 4242", "\"pid\": null", "pid"},
		{"\"pid\": 4242", "\"dip\": 4242", "pid"},
		{"18446744073709551614", "18446744073709551616", "startTime"},
		{"18446744073709551614", "-1", "startTime"},
		{"\"startTime\"", "\"start\"", "startTime"},
		{"4294967294", "4294967296", "ownerUid"},
		{"\"ownerUid\"", "\"owner\"", "ownerUid"},
		{"\"id\": \"web1\"", "\"id\": 7", "id"},
		{"\"id\": \"web1\"", "\"id\": null", "id is missing"},
		{"\"id\": \"web1\"", "\"id\": \"web2\"", "the record of \"web2\""},
		{"\"ociVersion\"", "\"version\"", "ociVersion is missing"},
		{"\"bundle\"", "\"bundel\"", "bundle is missing"},
		{"\"rootfs\"", "\"rootsf\"", "rootfs is missing"},
		{"\"created\"", "\"made\"", "created is missing"},
		{"\"bootId\"", "\"boot\"", "bootId is missing"},
		{"\"/a/web1\"", "[\"/a/web1\"]", "cgroup"},
		{"\"cgroupManager\": \"systemd\"", "\"cgroupManager\": \"upstart\"", "upstart"},
		{"\"cgroupManager\"", "\"manager\"", "cgroupManager is missing"},
		{"\"ownPidNamespace\": true", "\"ownPidNamespace\": \"true\"", "ownPidNamespace"},
		{"\"ownPidNamespace\"", "\"pidNamespace\"", "ownPidNamespace"},
		{"\"poststart\": true", "\"poststart\": 1", "poststart"},
		{"\"poststop\": true", "\"poststop\": null", "poststop"},
		{"\"annotations\": {", "\"annotations\": [{", ""},
		{"{\"k\":\"v \\\"w\\\"\",\"l\":\"\"}", "[]", "annotations"},
		{"{\"k\":\"v \\\"w\\\"\",\"l\":\"\"}", "\"none\"", "annotations"},
		{"\"rootfs\"", "\"bundle\"", "bundle"}, /* twice */
		{"\"web1\"", "\"web\\u0000\"", ""},
		{"\"web1\"", "\"web\xff\"", ""},
		{"}\n}\n", "}\n}\n{}\n", ""},
		{"{\n", "[{\n", ""},
	};
	const struct fixture *f = *state;
	struct state saved = full_state();
	auto_free char *text = NULL;
	auto_fd int dir_fd = -1;
	struct err e = ERR_INIT;

	skip_without_calls();
	dir_fd = claim(f, "web1");
	assert_int_equal(state_save(dir_fd, &saved, &e), 0);
	text = file_read(dir_fd, STATE_FILE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_state struct state loaded = STATE_INIT;
		auto_free char *damaged = NULL;
		const char *at = strstr(text, cases[i].find);

		assert_non_null(at);
		assert_true(asprintf(&damaged, "%.*s%s%s", (int)(at - text), text, cases[i].put,
				     at + strlen(cases[i].find)) > 0);
		file_write(dir_fd, STATE_FILE, damaged, strlen(damaged));
		assert_refused(dir_fd, cases[i].put);
		e = ERR_INIT;
		(void)state_load(dir_fd, "web1", &loaded, &e);
		assert_says(&e, cases[i].says);
	}
}

static void test_state_load_refuses_what_is_no_small_regular_file(void **state)
{
	const struct fixture *f = *state;
	auto_fd int dir_fd = -1, file_fd = -1;

	skip_without_calls();
	dir_fd = claim(f, "web1");
	assert_int_equal(mkdirat(dir_fd, STATE_FILE, 0700), 0);
	assert_refused(dir_fd, "a directory");
	assert_int_equal(unlinkat(dir_fd, STATE_FILE, AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(dir_fd, STATE_FILE, 0600), 0);
	assert_refused(dir_fd, "a FIFO");
	assert_int_equal(unlinkat(dir_fd, STATE_FILE, 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", dir_fd, STATE_FILE), 0);
	assert_refused(dir_fd, "a symbolic link");
	assert_int_equal(unlinkat(dir_fd, STATE_FILE, 0), 0);
	file_fd = openat(dir_fd, STATE_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(file_fd >= 0);
	assert_int_equal(ftruncate(file_fd, (off_t)8 << 20), 0);
	assert_refused(dir_fd, "8 MiB");
}

static void test_state_load_tells_none_from_a_bad_one(void **state)
{
	const struct fixture *f = *state;
	auto_state struct state loaded = STATE_INIT;
	auto_fd int dir_fd = -1;
	struct err e = ERR_INIT;

	skip_without_calls();
	dir_fd = claim(f, "web1");
	assert_int_equal(state_load(dir_fd, "web1", &loaded, &e), STATE_E_MISSING);
	assert_int_equal(e.depth, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_state_load_gives_back_every_member),
		TEST(test_state_mark_tells_a_record_that_was_written_anew),
		TEST(test_state_save_leaves_one_private_file),
		TEST(test_state_load_refuses_a_torn_file),
		TEST(test_state_load_refuses_wrong_values),
		TEST(test_state_load_refuses_what_is_no_small_regular_file),
		TEST(test_state_load_tells_none_from_a_bad_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
