/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os - the only file that knows system calls: mapping, advice, one line on standard error.
 *
 * It enters the kernel itself: each function of libc's is a name that is looked up whenever a
 * program starts with the library, whether it allocates or not. So errno stays as it is, too.
 *
 * It never allocates, and stdio is not used: vsnprintf with plain integers and strings writes into
 * a buffer on the stack.
 */
#include "malloc/os.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
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
#include "tinyrun/sys_call.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static bool failed(long result)
{
	return (unsigned long)result > -4096UL;
}

static void *map(size_t bytes, uintptr_t hint)
{
	long p = SYS_6(SYS_mmap, hint, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (!failed(p))
		return (void *)p;
	errno = ENOMEM;
	return NULL;
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
	/* It can fail only where a mapping is split and there are too many: the pages at least go.
	 */
	if (failed(SYS_2(SYS_munmap, p, bytes)))
		(void)os_release(p, bytes);
}

void *os_remap(void *p, size_t old_bytes, size_t bytes)
{
	long q = SYS_4(SYS_mremap, p, old_bytes, bytes, MREMAP_MAYMOVE);

	return failed(q) ? NULL : (void *)q;
}

bool os_release(void *p, size_t bytes)
{
	return SYS_3(SYS_madvise, p, bytes, MADV_DONTNEED) == 0;
}

void os_guard(void *p, size_t bytes)
{
	(void)SYS_3(SYS_mprotect, p, bytes, PROT_NONE); /* a guard is help, not a promise */
}

void os_seal(void *p, size_t bytes)
{
	(void)SYS_3(SYS_mprotect, p, bytes, PROT_READ); /* so is this */
}

void os_huge(void *p, size_t bytes, bool wanted)
{
	(void)SYS_3(SYS_madvise, p, bytes, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE); /* advice */
}

void os_populate(void *p, size_t bytes)
{
	/* without it they fault when touched */
	(void)SYS_3(SYS_madvise, p, bytes, MADV_POPULATE_WRITE);
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
	return SYS_3(SYS_write, fd, data, len);
}

uint64_t os_file(int fd)
{
	struct statx file = {0};

	if (SYS_5(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_INO, &file) < 0)
		return 0;
	return (uint64_t)file.stx_dev_major << 52 ^ (uint64_t)file.stx_dev_minor << 40 ^
	       file.stx_ino;
}

int os_dup(int fd, int least)
{
	return (int)SYS_3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, least);
}

void os_wait(_Atomic unsigned *word, unsigned value)
{
	(void)SYS_4(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL); /* it is read again */
}

void os_wake(_Atomic unsigned *word)
{
	(void)SYS_3(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1); /* nobody may be waiting */
}

static void write_line(char *line, size_t capacity, int length)
{
	size_t n = length < 0 ? 0 : (size_t)length;

	if (n >= capacity - 1)
		n = capacity - 2;
	line[n++] = '\n';
	while (os_write(STDERR_FILENO, line, n) == -EINTR)
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
