/* SPDX-License-Identifier: Apache-2.0 */
/* test-elf - what is read of an ELF file, and what a damaged one is told; the library cache. */
#include "bundle/elf.h"
#include "bundle/ldcache.h"
#include "fixture.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static struct arena arena;
static struct err why;

static int read_bytes(const unsigned char *data, size_t size, struct elf *ret)
{
	int fd = memfd_create("elf", MFD_CLOEXEC), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	arena_done(&arena);
	why = ERR_INIT;
	memset(ret, 0, sizeof(*ret));
	r = elf_read(fd, "the file", &arena, ret, &why);
	assert_int_equal(close(fd), 0);
	return r;
}

static int read_composed(const struct fixture_elf *what, struct elf *ret)
{
	unsigned char data[FIXTURE_ELF_MAX];

	return read_bytes(data, fixture_elf(what, data), ret);
}

static int done(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

static const struct fixture_elf full = {.interp = "/lib/ld.so",
					.rpath = "/a:/b",
					.runpath = "$ORIGIN/../lib",
					.needed = {"libone.so.1", "libtwo.so"},
					.flags_1 = DF_1_NODEFLIB};

static void assert_full(const struct elf *elf)
{
	assert_string_equal(elf->interp, "/lib/ld.so");
	assert_string_equal(elf->rpath, "/a:/b");
	assert_string_equal(elf->runpath, "$ORIGIN/../lib");
	assert_int_equal(elf->n_needed, 2);
	assert_string_equal(elf->needed[0], "libone.so.1");
	assert_string_equal(elf->needed[1], "libtwo.so");
	assert_true(elf->no_default);
}

static void test_all_wishes_are_read(void **state)
{
	(void)state;
	struct elf elf;

	assert_int_equal(read_composed(&full, &elf), 0);
	assert_full(&elf);
	assert_true(elf.is_64 && !elf.big_endian);
	assert_int_equal(elf.machine, EM_X86_64);
}

static void test_other_classes_and_byte_orders_are_read_too(void **state)
{
	(void)state;
	struct fixture_elf what = full;
	struct elf elf, other;

	what.big_endian = true;
	what.machine = EM_S390;
	assert_int_equal(read_composed(&what, &elf), 0);
	assert_full(&elf);
	assert_int_equal(elf.machine, EM_S390);
	what.is_32 = true;
	what.machine = EM_PPC;
	assert_int_equal(read_composed(&what, &other), 0);
	assert_full(&other);
	assert_false(other.is_64);
	assert_false(elf_same_kind(&elf, &other));
	assert_true(elf_same_kind(&elf, &elf));
}

static void test_a_static_program_wants_nothing(void **state)
{
	(void)state;
	struct elf elf;

	assert_int_equal(read_composed(&(struct fixture_elf){.interp = NULL}, &elf), 0);
	assert_null(elf.interp);
	assert_int_equal(elf.n_needed, 0);
}

static void test_what_is_no_elf_file_is_said_to_be_another(void **state)
{
	(void)state;
	struct elf elf;

	assert_int_equal(read_bytes((const unsigned char *)"#!/bin/sh\n", 10, &elf), ELF_E_OTHER);
	assert_int_equal(read_bytes((const unsigned char *)"\x7f"
							   "EL",
				    3, &elf),
			 ELF_E_OTHER);
	assert_int_equal(read_bytes(NULL, 0, &elf), ELF_E_OTHER);
}

/* Cut off anywhere it is an error with a sentence, or, behind the last byte that matters, complete.
 */
static void test_every_truncation_is_an_error_and_no_crash(void **state)
{
	(void)state;
	unsigned char data[FIXTURE_ELF_MAX];
	size_t size = fixture_elf(&full, data);
	struct elf elf;

	for (size_t n = 4; n < size; n++) {
		assert_int_equal(read_bytes(data, n, &elf), -EINVAL);
		fixture_assert_said(&why, "the file is a damaged ELF file: ");
	}
	assert_int_equal(read_bytes(data, size, &elf), 0);
}

/* Each byte of the heads and tables in turn with each of some bad values. */
static void test_every_changed_byte_is_survived(void **state)
{
	(void)state;
	static const unsigned char bad[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	unsigned char data[FIXTURE_ELF_MAX];
	size_t size = fixture_elf(&full, data);
	unsigned refused = 0;

	for (size_t at = 4; at < 1200; at++) {
		unsigned char was = data[at];

		for (size_t i = 0; i < sizeof(bad); i++) {
			struct elf elf;
			int r;

			data[at] = bad[i];
			r = read_bytes(data, size, &elf);
			assert_true(r == 0 || (r < 0 && why.depth > 0));
			refused += r < 0;
		}
		data[at] = was;
	}
	assert_true(refused > 100);
}

static void assert_damaged(size_t at, const char *bytes, size_t n, const char *said)
{
	unsigned char data[FIXTURE_ELF_MAX];
	size_t size = fixture_elf(&full, data);
	struct elf elf;

	memcpy(data + at, bytes, n);
	assert_int_equal(read_bytes(data, size, &elf), -EINVAL);
	fixture_assert_said(&why, said);
}

static void test_damage_has_a_sentence(void **state)
{
	(void)state;
	static const char many[8] = {(char)0xff, (char)0xff, (char)0xff, (char)0xff,
				     (char)0xff, (char)0xff, (char)0xff, 0x7f};

	assert_damaged(EI_CLASS, "\x09", 1, "it is of no known class or byte order");
	assert_damaged(16, "\x01", 1, "neither a program nor a shared library"); /* ET_REL */
	assert_damaged(32, many, 8, "its table of program headers is beyond its end");
	assert_damaged(54, "\x08", 1, "its program headers have an impossible size");
	assert_damaged(56, "\x00", 1, "it has no program headers");
	assert_damaged(64 + 56 + 8, many, 8, "its dynamic table is beyond its end");
	assert_damaged(64 + 56 + 32, many, 8, "its dynamic table has an impossible size");
	assert_damaged(64 + 112 + 32, many, 8, "the name of its loader has an impossible length");
	assert_damaged(512, "lib", 3, "the name of its loader is not an absolute path");
	assert_damaged(1024 + 8, many, 8, "a name is beyond its table of strings");
	assert_damaged(64 + 16, many, 8, "its table of strings is in no segment");
}

/* --- ldcache --- */

struct cache_text {
	char data[1024];
	size_t at;
};

static void add_u32(struct cache_text *c, uint32_t value)
{
	memcpy(c->data + c->at, &value, 4);
	c->at += 4;
}

/* Two libraries: the first in a plain version and in one for newer processors. */
static size_t compose_cache(struct cache_text *c, size_t front)
{
	static const struct {
		uint32_t name, path, abilities;
	} entries[] = {{200, 210, 1}, {200, 220, 0}, {230, 240, 0}};

	memset(c, 0, sizeof(*c));
	c->at = front;
	memcpy(c->data + c->at, "glibc-ld.so.cache1.1", 20);
	c->at += 20;
	add_u32(c, 3);
	c->at = front + 48;
	for (size_t i = 0; i < 3; i++) {
		add_u32(c, 0x303);
		add_u32(c, entries[i].name);
		add_u32(c, entries[i].path);
		add_u32(c, 0);
		add_u32(c, entries[i].abilities);
		add_u32(c, 0);
	}
	memcpy(c->data + front + 200, "liba.so\0\0\0/v3/liba\0\0/l/liba\0\0\0libb.so\0\0\0/l/libb",
	       48);
	return front + 250;
}

static const char *look_up(const struct cache_text *c, size_t size, const char *name)
{
	struct ldcache cache;
	size_t at = 0;

	ldcache_open(c->data, size, &cache);
	return ldcache_next(&cache, name, &at);
}

static void test_the_cache_gives_plain_versions_by_name(void **state)
{
	(void)state;
	struct cache_text c;
	size_t size = compose_cache(&c, 0);

	assert_string_equal(look_up(&c, size, "liba.so"), "/l/liba");
	assert_string_equal(look_up(&c, size, "libb.so"), "/l/libb");
	assert_null(look_up(&c, size, "libc.so"));
}

static void test_a_cache_behind_an_old_one_is_found(void **state)
{
	(void)state;
	struct cache_text c;
	size_t size = compose_cache(&c, 16 + 12 + 4); /* one old entry, aligned */
	uint32_t one = 1;

	memcpy(c.data, "ld.so-1.7.0", 11);
	memcpy(c.data + 12, &one, 4);
	assert_string_equal(look_up(&c, size, "libb.so"), "/l/libb");
}

static void test_a_damaged_cache_has_no_entries(void **state)
{
	(void)state;
	struct cache_text c;
	size_t size = compose_cache(&c, 0);
	uint32_t many = UINT32_MAX;

	for (size_t n = 0; n < 48 + 72; n++) /* without its strings it would be another test */
		assert_null(look_up(&c, n, "liba.so"));
	memcpy(c.data + 48 + 24 + 8, &many, 4); /* the path of the plain liba.so */
	assert_null(look_up(&c, size, "liba.so"));
	memcpy(c.data + 20, &many, 4);
	assert_null(look_up(&c, size, "libb.so"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_all_wishes_are_read, done),
		cmocka_unit_test_teardown(test_other_classes_and_byte_orders_are_read_too, done),
		cmocka_unit_test_teardown(test_a_static_program_wants_nothing, done),
		cmocka_unit_test_teardown(test_what_is_no_elf_file_is_said_to_be_another, done),
		cmocka_unit_test_teardown(test_every_truncation_is_an_error_and_no_crash, done),
		cmocka_unit_test_teardown(test_every_changed_byte_is_survived, done),
		cmocka_unit_test_teardown(test_damage_has_a_sentence, done),
		cmocka_unit_test(test_the_cache_gives_plain_versions_by_name),
		cmocka_unit_test(test_a_cache_behind_an_old_one_is_found),
		cmocka_unit_test(test_a_damaged_cache_has_no_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
