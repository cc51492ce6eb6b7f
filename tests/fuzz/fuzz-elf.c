/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a program and as /etc/ld.so.cache: what `bundle` and `do` read of them is inside of
 * them. Sanitizers see reads outside; checked here is that whatever is answered is a string, and
 * that both are read to an end.
 *
 * fuzz: corpus tests/fuzz/corpus/elf
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bundle/elf.h"
#include "bundle/ldcache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static size_t length(const char *text)
{
	return text ? strlen(text) : 0;
}

static void check_program(int fd)
{
	struct arena arena = ARENA_INIT;
	struct err e = ERR_INIT;
	struct elf elf;
	int r = elf_read(fd, "it", &arena, &elf, &e);

	check(r <= 0 || r == ELF_E_OTHER);
	check((r < 0) == (e.depth > 0));
	if (r == 0) {
		check(!elf.interp || elf.interp[0] == '/');
		check(length(elf.interp) + length(elf.rpath) + length(elf.runpath) < SIZE_MAX);
		for (size_t i = 0; i < elf.n_needed; i++)
			check(elf.needed[i] && strlen(elf.needed[i]) < SIZE_MAX);
		check(elf_same_kind(&elf, &elf));
	}
	arena_done(&arena);
}

/* A 0 byte stands behind it, as fd_read_all() leaves one. */
static void check_cache(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	struct ldcache cache;
	const char *path;
	size_t at = 0;

	check(copy);
	memcpy(copy, data, size);
	copy[size] = '\0';
	ldcache_open(copy, size, &cache);
	while ((path = ldcache_next(&cache, "libc.so.6", &at)))
		check(path[0] == '/' && strlen(path) <= size);
	check(at == cache.n);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("elf", MFD_CLOEXEC);
	check(fd >= 0 && ftruncate(fd, 0) == 0);
	check(pwrite(fd, data, size, 0) == (ssize_t)size);
	check_program(fd);
	check_cache(data, size);
	return 0;
}
