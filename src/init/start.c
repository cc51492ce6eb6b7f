/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start - the first instructions, and the few functions that a compiler calls by itself.
 *
 * Init has no libc: the kernel jumps to _start with argc, argv, envp and the auxiliary vector on
 * the stack. The stack protector looks for its secret where each machine's libc would have it
 * (x86_64: %fs:40, so a small block stands in for thread storage; aarch64: a global variable); it
 * is taken from the kernel's random bytes, so the protector works here as everywhere. The program
 * is position independent and holds no pointers in its data, so there is nothing to relocate.
 */
#include "init/init.h"

#include <linux/auxvec.h>

#if defined(__x86_64__)

#include <asm/prctl.h>

__asm__(".text\n"
	".globl _start\n"
	".type _start, @function\n"
	"_start:\n"
	"	endbr64\n"
	"	xorl %ebp, %ebp\n"
	"	movq %rsp, %rdi\n"
	"	andq $-16, %rsp\n"
	"	call init_start\n"
	"	hlt\n"
	".size _start, . - _start\n");

static uintptr_t thread_block[8]; /* [0]: itself, [5]: the secret */

__attribute__((no_stack_protector)) static void guard_set(uintptr_t secret)
{
	thread_block[0] = (uintptr_t)thread_block;
	thread_block[5] = secret;
	(void)SYS_2(__NR_arch_prctl, ARCH_SET_FS, thread_block);
}

#elif defined(__aarch64__)

__asm__(".text\n"
	".globl _start\n"
	".type _start, %function\n"
	"_start:\n"
	"	hint #34\n" /* bti c */
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	mov x0, sp\n"
	"	bl init_start\n"
	"	brk #0\n"
	".size _start, . - _start\n");

uintptr_t __stack_chk_guard;

__attribute__((no_stack_protector)) static void guard_set(uintptr_t secret)
{
	__stack_chk_guard = secret;
}

#endif

_Noreturn void __stack_chk_fail(void);
_Noreturn void init_start(const uintptr_t *stack);

_Noreturn void __stack_chk_fail(void)
{
	__builtin_trap();
}

__attribute__((no_stack_protector, used)) _Noreturn void init_start(const uintptr_t *stack)
{
	int argc = (int)stack[0];
	const uintptr_t *at = stack + 1 + argc + 1;
	uintptr_t secret = 0;

	while (*at != 0) /* the environment */
		at++;
	for (at++; at[0] != AT_NULL; at += 2) {
		if (at[0] == AT_RANDOM)
			secret = *(const uintptr_t *)at[1];
	}
	guard_set(secret & ~(uintptr_t)0xff); /* its first byte ends a string */
	sys_exit(init_main(argc, (char *const *)(stack + 1)));
}

/* As instructions of their own, which no compiler takes for a call of the function they are in. */

#if defined(__x86_64__)

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(byte) : "memory");
	return to;
}

#elif defined(__aarch64__)

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	unsigned char *t = to;
	const unsigned char *f = from;

	while (n-- > 0) {
		*t++ = *f++;
		__asm__ volatile("" : : : "memory");
	}
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	unsigned char *t = to;

	while (n-- > 0) {
		*t++ = (unsigned char)byte;
		__asm__ volatile("" : : : "memory");
	}
	return to;
}

#endif

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0') {
		n++;
		__asm__ volatile("" : : : "memory");
	}
	return n;
}
