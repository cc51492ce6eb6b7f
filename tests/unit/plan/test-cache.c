/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of filters: a hit is as good as compiling, and nothing wrong is ever a hit. */
#include "fixture.h"

#include "plan/seccomp.h"
#include "tinyrun/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char text[] =
	"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"read\"], "
	"\"action\": \"SCMP_ACT_ALLOW\"}]}";

#define LEN (sizeof(text) - 1)

static char dir[] = "/tmp/tinyrun-cache-XXXXXX", name[CACHE_NAME];
static int dir_fd = -1;

static int set_up(void **state)
{
	struct plan_program program;
	struct err e = ERR_INIT;

	(void)state;
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	if (!mkdtemp(dir))
		return -1;
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cache_name(text, LEN, name);
	if (plan_seccomp(NULL, text, LEN, dir_fd, &program, &e) < 0)
		return -1;
	free((void *)(uintptr_t)program.insns);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlinkat(dir_fd, name, 0);
	(void)unlinkat(dir_fd, "other", 0);
	fd_close(&dir_fd);
	return rmdir(dir); /* nothing else is left: no temporary file */
}

/* Whether the cache has a filter for @profile. */
static bool hits(const char *profile, size_t len)
{
	struct plan_program program = {.insns = NULL};
	struct err e = ERR_INIT;
	int r = cache_load(dir_fd, profile, len, &program, &e);

	free((void *)(uintptr_t)program.insns);
	assert_true(r == 0 || r == CACHE_E_MISS);
	return r == 0;
}

/* Flips the bits @mask of the byte at @at (from the end when negative). */
static void flip(off_t at, unsigned char mask)
{
	auto_fd int fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC);
	struct stat st;
	unsigned char byte;

	assert_int_equal(fstat(fd, &st), 0);
	if (at < 0)
		at += st.st_size;
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= mask;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

static void resize(off_t size)
{
	auto_fd int fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC);

	assert_int_equal(ftruncate(fd, size), 0);
}

static void test_cache_gives_the_same_filter_as_compiling(void **state)
{
	struct plan_program cached, compiled;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(cache_load(dir_fd, text, LEN, &cached, &e), 0);
	assert_int_equal(plan_seccomp(NULL, text, LEN, -1, &compiled, &e), 0);
	assert_int_equal(cached.n_insns, compiled.n_insns);
	assert_int_equal(cached.filter_flags, compiled.filter_flags);
	assert_memory_equal(cached.insns, compiled.insns,
			    cached.n_insns * sizeof(struct sock_filter));
	free((void *)(uintptr_t)cached.insns);
	free((void *)(uintptr_t)compiled.insns);
}

static void test_cache_needs_the_exact_text(void **state)
{
	char other[sizeof(text) + 1], other_name[CACHE_NAME];

	(void)state;
	(void)snprintf(other, sizeof(other), "%s ", text);
	assert_true(hits(text, LEN));
	assert_false(hits(other, LEN + 1));
	assert_false(hits(text, LEN - 1));
	/* even under the name of the other text */
	cache_name(other, LEN + 1, other_name);
	assert_int_equal(renameat(dir_fd, name, dir_fd, other_name), 0);
	assert_false(hits(other, LEN + 1));
	assert_int_equal(renameat(dir_fd, other_name, dir_fd, name), 0);
}

static void test_cache_notices_every_damaged_byte(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(fstatat(dir_fd, name, &st, 0), 0);
	for (off_t at = 0; at < st.st_size; at++) {
		flip(at, 0x10);
		if (hits(text, LEN))
			fail_msg("byte %ld of %ld", (long)at, (long)st.st_size);
		flip(at, 0x10);
	}
	assert_true(hits(text, LEN));
}

/* One that is read in several pieces, each with a beginning, a middle and an end. */
static void test_cache_needs_every_byte_of_a_long_text(void **state)
{
	static char profile[3 * 4096 + 5], profile_name[CACHE_NAME];
	struct plan_program program;
	struct err e = ERR_INIT;

	(void)state;
	memset(profile, ' ', sizeof(profile));
	memcpy(profile, text, LEN);
	cache_name(profile, sizeof(profile), profile_name);
	assert_int_equal(plan_seccomp(NULL, profile, sizeof(profile), dir_fd, &program, &e), 0);
	free((void *)(uintptr_t)program.insns);
	assert_int_equal(renameat(dir_fd, profile_name, dir_fd, name), 0);
	for (off_t at = 1; at <= (off_t)sizeof(profile); at += at > 8 && at < 4090 ? 7 : 1) {
		flip(-at, 0x10);
		assert_int_equal(renameat(dir_fd, name, dir_fd, profile_name), 0);
		if (hits(profile, sizeof(profile)))
			fail_msg("byte %ld from the end", (long)at);
		assert_int_equal(renameat(dir_fd, profile_name, dir_fd, name), 0);
		flip(-at, 0x10);
	}
	assert_int_equal(renameat(dir_fd, name, dir_fd, profile_name), 0);
	assert_true(hits(profile, sizeof(profile)));
	assert_int_equal(renameat(dir_fd, profile_name, dir_fd, name), 0);
}

static void test_cache_notices_a_torn_or_longer_file(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(fstatat(dir_fd, name, &st, 0), 0);
	for (off_t size = 0; size < st.st_size; size += 7) {
		auto_fd int fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC);
		char kept[4096];
		ssize_t n = pread(fd, kept, sizeof(kept), 0);

		assert_int_equal(ftruncate(fd, size), 0);
		assert_false(hits(text, LEN));
		assert_int_equal(pwrite(fd, kept, (size_t)n, 0), n);
	}
	assert_true(hits(text, LEN));
	resize(st.st_size + 8);
	assert_false(hits(text, LEN));
}

static void test_cache_uses_only_a_file_that_nobody_else_may_write(void **state)
{
	(void)state;
	assert_int_equal(fchmodat(dir_fd, name, 0620, 0), 0);
	assert_false(hits(text, LEN));
	assert_int_equal(fchmodat(dir_fd, name, 0602, 0), 0);
	assert_false(hits(text, LEN));
	assert_int_equal(fchmodat(dir_fd, name, 0644, 0), 0);
	assert_true(hits(text, LEN));
	if (geteuid() == 0) {
		assert_int_equal(fchownat(dir_fd, name, 1234, 0, 0), 0);
		assert_false(hits(text, LEN));
	}
}

static void test_cache_does_not_follow_a_link_or_hang_on_a_fifo(void **state)
{
	(void)state;
	assert_int_equal(renameat(dir_fd, name, dir_fd, "other"), 0);
	assert_int_equal(symlinkat("other", dir_fd, name), 0);
	assert_false(hits(text, LEN));
	assert_int_equal(unlinkat(dir_fd, name, 0), 0);
	assert_int_equal(mkfifoat(dir_fd, name, 0600), 0);
	assert_false(hits(text, LEN));
}

static void test_cache_of_another_library_is_a_miss(void **state)
{
	static const char *const stamps[] = {
		"2.5.4/c000003e", "", "2.5.4/c000003e /nowhere/libseccomp.so.2 1:2:3:4.5",
		"2.5.4/c000003e /etc/passwd 1:2:3:4.5", "9.9.9/1 linked"};
	struct plan_program program;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(plan_seccomp(NULL, text, LEN, -1, &program, &e), 0);
	for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
		assert_int_equal(cache_store(dir_fd, text, LEN, stamps[i], &program, &e), 0);
		assert_false(hits(text, LEN));
	}
	free((void *)(uintptr_t)program.insns);
}

static void test_damaged_cache_is_made_anew(void **state)
{
	struct plan_program program;
	struct err e = ERR_INIT;

	(void)state;
	flip(-1, 1);
	assert_int_equal(plan_seccomp(NULL, text, LEN, dir_fd, &program, &e), 0);
	free((void *)(uintptr_t)program.insns);
	assert_true(hits(text, LEN));
}

static void test_cache_that_cannot_be_written_is_no_failure(void **state)
{
	struct plan_program program;
	struct err e = ERR_INIT;
	auto_fd int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_true(proc >= 0);
	assert_int_equal(plan_seccomp(NULL, text, LEN, proc, &program, &e), 0);
	assert_true(program.n_insns > 0);
	free((void *)(uintptr_t)program.insns);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_cache_gives_the_same_filter_as_compiling),
		TEST(test_cache_needs_the_exact_text),
		TEST(test_cache_notices_every_damaged_byte),
		TEST(test_cache_needs_every_byte_of_a_long_text),
		TEST(test_cache_notices_a_torn_or_longer_file),
		TEST(test_cache_uses_only_a_file_that_nobody_else_may_write),
		TEST(test_cache_does_not_follow_a_link_or_hang_on_a_fifo),
		TEST(test_cache_of_another_library_is_a_miss),
		TEST(test_damaged_cache_is_made_anew),
		TEST(test_cache_that_cannot_be_written_is_no_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
