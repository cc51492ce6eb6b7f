/* SPDX-License-Identifier: Apache-2.0 */
/* Files below the root, with and without openat2, and what the cache makes of their changes. */
#include "httpd/cache.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tinyrun/fd.h"

struct fixture {
	char dir[64];
	int dir_fd;
	struct file_root root;
	struct cache *cache;
};

static void put(int dir_fd, const char *name, const char *data, size_t len)
{
	auto_fd int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
}

/* Until a change would have another time. */
static void let_time_pass(void)
{
	const struct timespec tick = {.tv_nsec = 20000000};

	nanosleep(&tick, NULL);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;
	char root[80];

	strcpy(f->dir, "/tmp/tinyhttpd-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->dir_fd = open(f->dir, O_DIRECTORY | O_CLOEXEC);
	assert_true(f->dir_fd >= 0);
	put(f->dir_fd, "secret", "secret", 6);
	assert_int_equal(mkdirat(f->dir_fd, "www", 0755), 0);
	assert_int_equal(mkdirat(f->dir_fd, "www/sub", 0755), 0);
	assert_int_equal(mkdirat(f->dir_fd, "www/empty", 0755), 0);
	put(f->dir_fd, "www/a.txt", "hello", 5);
	put(f->dir_fd, "www/sub/index.html", "index", 5);
	assert_int_equal(symlinkat("../secret", f->dir_fd, "www/out"), 0);
	assert_int_equal(symlinkat("/etc/passwd", f->dir_fd, "www/absolute"), 0);
	assert_int_equal(symlinkat("..", f->dir_fd, "www/up"), 0);
	assert_int_equal(symlinkat("a.txt", f->dir_fd, "www/in"), 0);
	assert_int_equal(symlinkat("loop", f->dir_fd, "www/loop"), 0);
	assert_int_equal(mkfifoat(f->dir_fd, "www/fifo", 0644), 0);
	strcpy(root, f->dir);
	strcat(root, "/www");
	assert_int_equal(file_root_open(root, &f->root, &e), 0);
	f->cache = calloc(1, sizeof(*f->cache));
	cache_init(f->cache, &f->root);
	let_time_pass();
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const files[] = {
		"www/a.txt", "www/sub/index.html", "www/out",  "www/absolute", "www/up",
		"www/in",    "www/loop",           "www/fifo", "www/large",    "secret"};
	struct fixture *f = *state;

	cache_done(f->cache);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		(void)unlinkat(f->dir_fd, files[i], 0); /* a test may have done it */
	(void)unlinkat(f->dir_fd, "www/sub", AT_REMOVEDIR);
	(void)unlinkat(f->dir_fd, "www/empty", AT_REMOVEDIR);
	(void)unlinkat(f->dir_fd, "www", AT_REMOVEDIR);
	assert_int_equal(rmdir(f->dir), 0);
	close(f->root.fd);
	close(f->dir_fd);
	free(f->cache);
	free(f);
	return 0;
}

static int status_of(const struct fixture *f, const char *path)
{
	auto_fd int fd = -1;
	struct file_version version;

	return file_open(&f->root, path, &fd, &version);
}

static void assert_only_files_of_the_root(const struct fixture *f)
{
	assert_int_equal(status_of(f, "a.txt"), 200);
	assert_int_equal(status_of(f, "sub/"), 200);
	assert_int_equal(status_of(f, "sub/index.html"), 200);
	assert_int_equal(status_of(f, "sub"), 301);
	assert_int_equal(status_of(f, "empty/"), 404);
	assert_int_equal(status_of(f, ""), 404);
	assert_int_equal(status_of(f, "a.txt/"), 404);
	assert_int_equal(status_of(f, "a.txt/b"), 404);
	assert_int_equal(status_of(f, "missing"), 404);
	assert_int_equal(status_of(f, "fifo"), 404);
	assert_int_equal(status_of(f, "out"), 404);
	assert_int_equal(status_of(f, "absolute"), 404);
	assert_int_equal(status_of(f, "up"), 404);
	assert_int_equal(status_of(f, "up/secret"), 404);
	assert_int_equal(status_of(f, "loop"), 404);
	assert_int_equal(status_of(f, "/etc/passwd"), 404);
}

static void test_file_opens_only_regular_files_of_the_root(void **state)
{
	struct fixture *f = *state;

	if (f->root.walk) {
		print_message("this kernel has no openat2\n");
		skip();
	}
	assert_only_files_of_the_root(f);
	assert_int_equal(status_of(f, "in"), 200);
	assert_int_equal(status_of(f, "../secret"), 404);
	assert_int_equal(status_of(f, "sub/../../secret"), 404);
}

static void test_file_without_openat2_follows_no_symlink(void **state)
{
	struct fixture *f = *state;

	f->root.walk = true;
	assert_only_files_of_the_root(f);
	assert_int_equal(status_of(f, "in"), 404);
}

/* Exchanges a directory of the root with a symlink out of it, until it is killed. */
static pid_t start_swapping(const struct fixture *f)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		(void)renameat2(f->dir_fd, "www/sub", f->dir_fd, "www/up", RENAME_EXCHANGE);
}

static void assert_swapping_shows_nothing(struct fixture *f, const char *path)
{
	for (int i = 0; i < 20000; i++) {
		auto_fd int fd = -1;
		struct file_version version;
		char data[6];

		if (file_open(&f->root, path, &fd, &version) == 200)
			assert_true(version.size == 5 && file_read(fd, data, 5) &&
				    memcmp(data, "index", 5) == 0);
	}
}

static void test_file_stays_in_the_root_while_names_change_places(void **state)
{
	struct fixture *f = *state;
	pid_t pid;

	put(f->dir_fd, "index.html", "secret", 6);
	pid = start_swapping(f);
	assert_swapping_shows_nothing(f, "sub/index.html");
	f->root.walk = true;
	assert_swapping_shows_nothing(f, "sub/index.html");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	if (unlinkat(f->dir_fd, "www/up", 0) < 0) /* it is the directory now */
		assert_int_equal(
			renameat2(f->dir_fd, "www/sub", f->dir_fd, "www/up", RENAME_EXCHANGE), 0);
	assert_int_equal(unlinkat(f->dir_fd, "index.html", 0), 0);
}

/* As a loop and its pool do it together. */
static int look(struct fixture *f, const char *path, uint64_t now_ms, int64_t now_sec,
		struct cache_file **ret)
{
	struct cache_time t = {
		.now_ms = now_ms,
		.since_ms = now_ms >= CACHE_FRESH_MS ? now_ms - CACHE_FRESH_MS + 1 : 0,
		.now_sec = now_sec,
	};
	int status = cache_get(f->cache, path, strlen(path), &t, ret);

	if (status == CACHE_LATER) {
		struct file_found found;

		status = file_look(&f->root, path, FILE_WAIT, &found);
		cache_fill(f->cache, path, strlen(path), status, &found, &t);
		status = cache_get(f->cache, path, strlen(path), &t, ret);
	}
	return status;
}

static struct cache_file *get(struct fixture *f, const char *path, uint64_t now_ms)
{
	struct cache_file *file = NULL;

	assert_int_equal(look(f, path, now_ms, time(NULL), &file), 200);
	assert_non_null(file);
	return file;
}

static void test_cache_gives_the_same_entry_while_nothing_changes(void **state)
{
	struct fixture *f = *state;
	struct cache_file *a = get(f, "a.txt", 0), *b = get(f, "a.txt", 1),
			  *c = get(f, "a.txt", 10 * CACHE_FRESH_MS);

	assert_ptr_equal(a, b);
	assert_ptr_equal(a, c);
	assert_int_equal(a->version.size, 5);
	assert_memory_equal(a->body, "hello", 5);
	cache_put(a);
	cache_put(b);
	cache_put(c);
	assert_int_equal(f->cache->files, 1);
}

static void fill(struct fixture *f, const struct file_version *v, const char *body, uint64_t now_ms)
{
	const struct cache_time t = {.now_ms = now_ms, .now_sec = time(NULL)};
	struct file_found found = {.fd = -1, .body = strdup(body), .name = "a.txt", .version = *v};

	cache_fill(f->cache, "a.txt", 5, 200, &found, &t);
}

/* Before Linux 6.13 files have their times from a clock of some milliseconds. */
static void test_cache_knows_two_changes_of_the_same_time(void **state)
{
	struct fixture *f = *state;
	struct file_version young = {.size = 5, .ctime_sec = 7, .young_ns = 7000000001},
			    old = young;
	struct cache_file *before, *after;

	old.young_ns = 0;
	fill(f, &young, "hello", 0);
	before = get(f, "a.txt", 0);
	fill(f, &old, "HELLO", CACHE_FRESH_MS);
	after = get(f, "a.txt", CACHE_FRESH_MS);
	assert_memory_equal(after->body, "HELLO", 5);
	assert_string_not_equal(before->etag, after->etag);
	cache_put(before);
	cache_put(after);
}

static void test_file_says_what_may_change_without_a_trace(void **state)
{
	struct fixture *f = *state;
	struct file_version v = {.young_ns = 0};
	auto_fd int fd = -1;

	for (int i = 0; i < 100 && v.young_ns == 0; i++) { /* the clock may tick in between */
		fd_close(&fd);
		put(f->dir_fd, "www/a.txt", "young", 5);
		assert_int_equal(file_open(&f->root, "a.txt", &fd, &v), 200);
	}
	assert_true(v.young_ns > 0);
	assert_false(file_is_still(&f->root, "a.txt", &v));
	let_time_pass();
	fd_close(&fd);
	assert_int_equal(file_open(&f->root, "a.txt", &fd, &v), 200);
	assert_true(v.young_ns == 0);
	assert_true(f->root.walk || file_is_still(&f->root, "a.txt", &v));
}

static void test_cache_notices_a_change_and_leaves_the_old_to_its_readers(void **state)
{
	struct fixture *f = *state;
	struct cache_file *before = get(f, "a.txt", 0), *after;

	put(f->dir_fd, "www/a.txt", "HELLO", 5);
	after = get(f, "a.txt", CACHE_FRESH_MS);
	assert_memory_equal(before->body, "hello", 5);
	assert_memory_equal(after->body, "HELLO", 5);
	assert_string_not_equal(before->etag, after->etag);
	cache_put(before);
	cache_put(after);
	assert_int_equal(f->cache->files, 1);
}

static void test_cache_believes_what_did_not_change_for_long_a_little_longer(void **state)
{
	const int64_t later = time(NULL) + 2 * CACHE_LONG_SEC;
	struct fixture *f = *state;
	struct cache_file *file;

	assert_int_equal(look(f, "a.txt", 0, later, &file), 200);
	cache_put(file);
	put(f->dir_fd, "www/a.txt", "HELLO", 5);
	assert_int_equal(look(f, "a.txt", CACHE_EXTRA_MS, later, &file), 200);
	assert_memory_equal(file->body, "hello", 5);
	cache_put(file);
	assert_int_equal(look(f, "a.txt", CACHE_FRESH_MS + CACHE_EXTRA_MS, later, &file), 200);
	assert_memory_equal(file->body, "HELLO", 5);
	cache_put(file);
}

static void test_cache_forgets_a_file_that_is_gone(void **state)
{
	struct fixture *f = *state;
	struct cache_file *file = get(f, "a.txt", 0);

	cache_put(file);
	assert_int_equal(unlinkat(f->dir_fd, "www/a.txt", 0), 0);
	assert_int_equal(look(f, "a.txt", CACHE_FRESH_MS, 0, &file), 404);
	assert_int_equal(f->cache->bytes, 0);
	/* that it is not there is known, for a while */
	put(f->dir_fd, "www/a.txt", "again", 5);
	assert_int_equal(look(f, "a.txt", CACHE_FRESH_MS + 1, 0, &file), 404);
	assert_int_equal(look(f, "a.txt", 2 * CACHE_FRESH_MS, 0, &file), 200);
	cache_put(file);
}

static void test_cache_keeps_a_descriptor_of_a_large_file_only(void **state)
{
	static char data[CACHE_BODY_MAX + 1];
	struct fixture *f = *state;
	struct cache_file *large, *small;

	put(f->dir_fd, "www/large", data, sizeof(data));
	large = get(f, "large", 0);
	small = get(f, "a.txt", 0);
	assert_true(large->fd >= 0 && !large->body);
	assert_true(small->fd < 0 && small->body);
	assert_int_equal(f->cache->fds, 1);
	cache_shed(f->cache);
	assert_int_equal(f->cache->fds, 0);
	assert_int_equal(f->cache->files, 1);
	assert_true(fcntl(large->fd, F_GETFD) >= 0); /* ours until we give it back */
	cache_put(large);
	cache_put(small);
}

static void test_cache_reads_a_larger_file_when_it_is_asked_for_again(void **state)
{
	static char data[FILE_SMALL_MAX + 1];
	struct fixture *f = *state;
	struct cache_file *first, *second, *third;

	memset(data, 'x', sizeof(data));
	put(f->dir_fd, "www/large", data, sizeof(data));
	first = get(f, "large", 0);
	second = get(f, "large", 1);
	assert_ptr_equal(first, second);
	assert_true(first->fd >= 0 && !first->body); /* who has it may be sending from it */
	cache_put(first);
	cache_put(second);
	third = get(f, "large", 2);
	assert_true(third->fd < 0 && third->body);
	assert_memory_equal(third->body, data, sizeof(data));
	assert_int_equal(f->cache->fds, 0);
	assert_int_equal(f->cache->bytes, sizeof(data));
	cache_put(third);
}

static void test_cache_reads_no_other_version_than_it_says(void **state)
{
	static char data[FILE_SMALL_MAX + 1];
	struct fixture *f = *state;
	struct cache_file *file;

	put(f->dir_fd, "www/large", data, sizeof(data));
	cache_put(get(f, "large", 0));
	put(f->dir_fd, "www/large", "changed", 7);
	file = get(f, "large", 1); /* still believed, but not what is there */
	assert_true(file->fd >= 0 && !file->body);
	cache_put(file);
}

static void test_cache_keeps_what_is_asked_for_when_it_is_full(void **state)
{
	struct fixture *f = *state;
	struct cache_file *often = get(f, "a.txt", 0), *file;
	char path[16];

	/* one reference stays with us, so that no other entry can have its address */
	f->cache->max_files = 16;
	for (int i = 0; i < 100; i++) {
		cache_put(get(f, "a.txt", 1));
		snprintf(path, sizeof(path), "missing%d", i);
		assert_int_equal(look(f, path, 1, 0, &file), 404);
		assert_true(f->cache->files <= 16);
	}
	file = get(f, "a.txt", 1);
	assert_ptr_equal(file, often);
	cache_put(file);
	cache_put(often);
}

static void test_cache_without_room_answers_all_the_same(void **state)
{
	static char data[FILE_SMALL_MAX + 1];
	struct fixture *f = *state;

	put(f->dir_fd, "www/large", data, sizeof(data));
	f->cache->max_bytes = f->cache->max_fds = 0;
	f->cache->max_files = 1;
	for (int i = 0; i < 10; i++) {
		cache_put(get(f, "large", 0));
		cache_put(get(f, "a.txt", 0));
		cache_put(get(f, "sub/", 0));
		assert_true(f->cache->files <= 1);
	}
}

static void test_cache_says_no_modification_in_the_future(void **state)
{
	struct timespec times[2] = {{.tv_sec = 3000000000}, {.tv_sec = 3000000000}};
	struct fixture *f = *state;
	struct cache_file *file;

	assert_int_equal(utimensat(f->dir_fd, "www/a.txt", times, 0), 0);
	assert_int_equal(look(f, "a.txt", 0, 2000000000, &file), 200);
	assert_int_equal(file->modified_sec, 2000000000);
	cache_put(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_file_opens_only_regular_files_of_the_root,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_file_without_openat2_follows_no_symlink,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_file_stays_in_the_root_while_names_change_places, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_cache_gives_the_same_entry_while_nothing_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cache_knows_two_changes_of_the_same_time,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_file_says_what_may_change_without_a_trace,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_cache_notices_a_change_and_leaves_the_old_to_its_readers, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_cache_believes_what_did_not_change_for_long_a_little_longer, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_cache_forgets_a_file_that_is_gone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_cache_keeps_a_descriptor_of_a_large_file_only,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_cache_reads_a_larger_file_when_it_is_asked_for_again, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_cache_reads_no_other_version_than_it_says,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cache_keeps_what_is_asked_for_when_it_is_full,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cache_without_room_answers_all_the_same,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cache_says_no_modification_in_the_future,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
