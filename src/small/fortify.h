/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fortify - what _FORTIFY_SOURCE=3 is with glibc, for musl, which has no such thing: calls that
 * write into an object of known size never write more, or the program ends. Included before each
 * file of the small tinyrun by its compiler's flags; for gcc.
 */
#ifndef SMALL_FORTIFY_H
#define SMALL_FORTIFY_H

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FORTIFIED extern inline __attribute__((always_inline, gnu_inline, artificial))
/* Of the object at @p; the largest number where it is not known. */
#define ROOM_AT(p) __builtin_dynamic_object_size(p, 0)
#define CHECK(p, n)                       \
	do {                              \
		if ((n) > ROOM_AT(p))     \
			__builtin_trap(); \
	} while (0)
/* The function itself, by the name that the linker knows. */
#define ORIGINAL(name) extern __typeof__(name) fortify_##name __asm__(#name)

ORIGINAL(pread);
ORIGINAL(read);
ORIGINAL(readlink);
ORIGINAL(readlinkat);
ORIGINAL(recv);

FORTIFIED void *memcpy(void *to, const void *from, size_t n)
{
	CHECK(to, n);
	CHECK(from, n);
	return __builtin_memcpy(to, from, n);
}

FORTIFIED void *memmove(void *to, const void *from, size_t n)
{
	CHECK(to, n);
	CHECK(from, n);
	return __builtin_memmove(to, from, n);
}

FORTIFIED void *memset(void *to, int value, size_t n)
{
	CHECK(to, n);
	return __builtin_memset(to, value, n);
}

FORTIFIED int snprintf(char *to, size_t n, const char *fmt, ...)
{
	CHECK(to, n);
	return __builtin_snprintf(to, n, fmt, __builtin_va_arg_pack());
}

FORTIFIED int vsnprintf(char *to, size_t n, const char *fmt, va_list ap)
{
	CHECK(to, n);
	return __builtin_vsnprintf(to, n, fmt, ap);
}

FORTIFIED ssize_t read(int fd, void *to, size_t n)
{
	CHECK(to, n);
	return fortify_read(fd, to, n);
}

FORTIFIED ssize_t pread(int fd, void *to, size_t n, off_t at)
{
	CHECK(to, n);
	return fortify_pread(fd, to, n, at);
}

FORTIFIED ssize_t recv(int fd, void *to, size_t n, int flags)
{
	CHECK(to, n);
	return fortify_recv(fd, to, n, flags);
}

FORTIFIED ssize_t readlink(const char *path, char *to, size_t n)
{
	CHECK(to, n);
	return fortify_readlink(path, to, n);
}

FORTIFIED ssize_t readlinkat(int dir_fd, const char *path, char *to, size_t n)
{
	CHECK(to, n);
	return fortify_readlinkat(dir_fd, path, to, n);
}

#endif
