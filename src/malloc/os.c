/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os - the only file that knows system calls: mapping, advice, one line on standard error.
 *
 * They are made by syscall(2), since each function of libc's is a name that is looked up whenever a
 * program starts with the library, whether it allocates or not.
 *
 * It never allocates, and stdio is not used: vsnprintf with plain integers and strings writes into
 * a buffer on the stack.
 */
#include "malloc/os.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "malloc/malloc.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static long advise(void *p, size_t bytes, long advice)
{
	return syscall(SYS_madvise, p, bytes, advice);
}

static void *map(size_t bytes, uintptr_t hint)
{
	int saved = errno;
	void *p = (void *)syscall(SYS_mmap, hint, bytes, (long)(PROT_READ | PROT_WRITE),
				  (long)(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE), -1L, 0L);

	if (p == MAP_FAILED) {
		errno = ENOMEM;
		return NULL;
	}
	errno = saved;
	return p;
}

void *os_map(size_t bytes, size_t align, uintptr_t hint)
{
	char *p;
	size_t before;

	if (hint || align == PAGE_SIZE) {
		p = map(bytes, hint);
		if (!p || ((uintptr_t)p & (align - 1)) == 0)
			return p;
		os_unmap(p, bytes);
	}
	if (bytes + align < bytes) {
		errno = ENOMEM;
		return NULL;
	}
	p = map(bytes + align - PAGE_SIZE, 0);
	if (!p)
		return NULL;
	before = (align - ((uintptr_t)p & (align - 1))) & (align - 1);
	if (before)
		os_unmap(p, before);
	if (before < align - PAGE_SIZE)
		os_unmap(p + before + bytes, align - PAGE_SIZE - before);
	return p + before;
}

void *os_map_once(size_t bytes, size_t align)
{
	char *p = map(bytes + align - PAGE_SIZE, 0);

	return p ? p + ((align - ((uintptr_t)p & (align - 1))) & (align - 1)) : NULL;
}

void os_unmap(void *p, size_t bytes)
{
	int saved = errno;

	/* It can fail only where a mapping is split and there are too many: the pages at least go.
	 */
	if (syscall(SYS_munmap, p, bytes) < 0)
		(void)advise(p, bytes, MADV_DONTNEED);
	errno = saved;
}

void *os_remap(void *p, size_t old_bytes, size_t bytes)
{
	int saved = errno;
	void *q = (void *)syscall(SYS_mremap, p, old_bytes, bytes, (long)MREMAP_MAYMOVE);

	errno = saved;
	return q == MAP_FAILED ? NULL : q;
}

bool os_release(void *p, size_t bytes)
{
	int saved = errno;
	long r = advise(p, bytes, MADV_DONTNEED);

	errno = saved;
	return r == 0;
}

void os_guard(void *p, size_t bytes)
{
	int saved = errno;

	(void)syscall(SYS_mprotect, p, bytes, (long)PROT_NONE); /* a guard is help, not a promise */
	errno = saved;
}

void os_huge(void *p, size_t bytes, bool wanted)
{
	int saved = errno;

	(void)advise(p, bytes, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE); /* advice */
	errno = saved;
}

void os_populate(void *p, size_t bytes)
{
	int saved = errno;

	(void)advise(p, bytes, MADV_POPULATE_WRITE); /* without it they fault when touched */
	errno = saved;
}

uintptr_t os_secret(void)
{
	/* The kernel puts sixteen random bytes beside the auxiliary vector: no system call. */
	const void *random = (const void *)getauxval(AT_RANDOM);
	uint64_t half[2] = {(uintptr_t)&os_secret}; /* where we are loaded is random, too */
	uint64_t secret;

	if (random)
		memcpy(half, random, sizeof(half));
	/* libc guards its stacks and its pointers with a half each: who knows ours knows neither.
	 */
	secret = half[0] * 0x9e3779b97f4a7c15 ^ half[1];
	secret = (secret ^ secret >> 32) * 0xd6e8feb86659fd93;
	return (uintptr_t)(secret ^ secret >> 32);
}

long os_write(int fd, const void *data, size_t len)
{
	return syscall(SYS_write, (long)fd, data, len);
}

uint64_t os_file(int fd)
{
	int saved = errno;
	struct statx file = {0};
	long r = syscall(SYS_statx, (long)fd, "", (long)AT_EMPTY_PATH, (long)STATX_INO, &file);

	errno = saved;
	return r == 0 ? (uint64_t)file.stx_dev_major << 52 ^ (uint64_t)file.stx_dev_minor << 40 ^
				file.stx_ino
		      : 0;
}

int os_dup(int fd, int least)
{
	return (int)syscall(SYS_fcntl, (long)fd, (long)F_DUPFD_CLOEXEC, (long)least);
}

static void write_line(char *line, size_t capacity, int length)
{
	size_t n = length < 0 ? 0 : (size_t)length;

	if (n >= capacity - 1)
		n = capacity - 2;
	line[n++] = '\n';
	while (os_write(STDERR_FILENO, line, n) < 0 && errno == EINTR)
		;
}

void os_say(const char *fmt, ...)
{
	char line[256] = "tinymalloc: ";
	size_t prefix = strlen(line);
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	write_line(line, sizeof(line),
		   (int)prefix + vsnprintf(line + prefix, sizeof(line) - prefix, fmt, ap));
	va_end(ap);
	errno = saved;
}

_Noreturn void os_die(const char *what, const void *p, size_t size)
{
	if (size)
		os_say("%s: %p (size class %zu)", what, p, size);
	else
		os_say("%s: %p", what, p);
	abort();
}
