/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MALLOC_OS_H
#define MALLOC_OS_H

/*
 * os - what the allocator asks of the kernel. Every call leaves errno alone except where it says
 * that it fails with ENOMEM.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fresh zeroed memory of @bytes at a multiple of @align, near @hint if that is free; NULL: ENOMEM.
 */
void *os_map(size_t bytes, size_t align, uintptr_t hint);

/* The same with one system call; up to @align bytes of addresses beside it are lost. */
void *os_map_once(size_t bytes, size_t align);

void os_unmap(void *p, size_t bytes);

/* Move or grow a mapping, wherever there is room for it; NULL when there is not. */
void *os_remap(void *p, size_t old_bytes, size_t bytes);

/* Give the pages back to the kernel; they read as zeroes afterwards. False if it would not. */
bool os_release(void *p, size_t bytes);

/* Make the pages unreadable, or unwritable. */
void os_guard(void *p, size_t bytes);
void os_seal(void *p, size_t bytes);

/* Advice about huge pages: never a reason to fail. */
void os_huge(void *p, size_t bytes, bool wanted);

/* Have the pages ready, so that touching them does not fault one by one. */
void os_populate(void *p, size_t bytes);

/* A number that an attacker does not know. */
uintptr_t os_secret(void);

/* write(2), and a copy of @fd that is @least or more; -errno if that failed. */
long os_write(int fd, const void *data, size_t len);
int os_dup(int fd, int least);

/* A number for the file that @fd is open on, the same for each such descriptor; 0: for none. */
uint64_t os_file(int fd);

/* Sleep while *@word is @value, perhaps less long; wake one who does. */
void os_wait(_Atomic unsigned *word, unsigned value);
void os_wake(_Atomic unsigned *word);

/* Write one line to standard error, "tinymalloc: ..." */
void os_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Say what is wrong with the heap or with @p, and abort. */
__attribute__((noreturn)) void os_die(const char *what, const void *p, size_t size);

#endif
