/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp - what the files that make a filter share: the library, the rules, the stub, the cache.
 */
#ifndef PLAN_SECCOMP_H
#define PLAN_SECCOMP_H

#include "tinyrun/err.h"
#include "tinyrun/plan.h"
#include "tinyrun/spec.h"

#include <linux/filter.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- seccomp_dlopen.c, seccomp_linked.c or seccomp_full.c, as the build chooses --- */
#define SECCOMP_FUNCTIONS(X)         \
	X(api_set)                   \
	X(arch_add)                  \
	X(arch_native)               \
	X(arch_resolve_name)         \
	X(attr_set)                  \
	X(export_bpf)                \
	X(init)                      \
	X(release)                   \
	X(rule_add_array)            \
	X(syscall_resolve_name)      \
	X(syscall_resolve_name_arch) \
	X(version)

struct seccomp_api {
#define X(name) __typeof__(&seccomp_##name) name;
	SECCOMP_FUNCTIONS(X)
#undef X
};

#define SECCOMP_STAMP 512

/* libseccomp; loaded at the first call where it is not linked. */
int seccomp_library(const struct seccomp_api **ret, struct err *e);
/*
 * Which library that is: version, architecture, and where it is loaded on demand its file. Call it
 * after seccomp_library().
 */
int seccomp_library_stamp(char ret[SECCOMP_STAMP], struct err *e);
/*
 * Loaded on demand: "2.5.4/c000003e PATH DEV:INO:SIZE:TIME" with @head_len bytes of @head as the
 * first word (seccomp_stamp.c). False when there is no such file.
 */
bool seccomp_stamp_file(const char *head, int head_len, const char *path, char ret[SECCOMP_STAMP]);
/* True when @stamp names the library that would be used now. Does not load it. */
bool seccomp_stamp_is_current(const char *stamp);

/* --- seccomp_rules.c --- */
/* Compiles @rules with libseccomp, the stub included; ret->insns is on the heap. */
int seccomp_rules_compile(const struct seccomp_api *api, const struct spec_seccomp *rules,
			  struct plan_program *ret, struct err *e);

/* --- seccomp_stub.c --- */
/* System calls @from..@to-1 of an AUDIT_ARCH_* are unknown to the profile. */
struct stub_range {
	uint32_t arch, from, to;
};

#define STUB_INSNS 6 /* instructions a range takes */

/* Writes STUB_INSNS * @n instructions that answer ENOSYS to these calls and pass on all others. */
void stub_write(const struct stub_range *ranges, size_t n, struct sock_filter *out);
/* What @rules cannot know on each of @n archs (libseccomp's tokens); returns how many ranges. */
size_t stub_ranges(const struct seccomp_api *api, const struct spec_seccomp *rules,
		   const uint32_t *archs, size_t n, struct stub_range *out);

/* --- seccomp_compact.c --- */
/*
 * Puts a shorter filter in place of @program's, which answers the same: what libseccomp writes
 * tests each number with an instruction of its own. Without such a filter @program stays as it is.
 */
void seccomp_compact(struct plan_program *program);

/* --- seccomp_agree.c --- */
/*
 * Whether two filters give the same answers, as far as they can be asked: to all numbers there may
 * be, to those about each boundary, and where they look at arguments, to values that take every way
 * through them. False also when that would take too long.
 */
bool seccomp_agree(const struct sock_filter *a, size_t n_a, const struct sock_filter *b,
		   size_t n_b);

/* --- cache.c --- */
#define CACHE_E_MISS 1
#define CACHE_NAME   32 /* bytes a file's name takes */

/* The file for @text. */
void cache_name(const char *text, size_t len, char ret[CACHE_NAME]);
/* 0 with *ret filled (insns on the heap), CACHE_E_MISS, or -ENOMEM. */
int cache_load(int cache_fd, const char *text, size_t len, struct plan_program *ret, struct err *e);
/* The caller may go on without. */
int cache_store(int cache_fd, const char *text, size_t len, const char *stamp,
		const struct plan_program *program, struct err *e);

#endif
