/* SPDX-License-Identifier: Apache-2.0 */
/* sys_call - the instruction that enters the kernel, for up to six arguments of any type. */
#ifndef TINYRUN_SYS_CALL_H
#define TINYRUN_SYS_CALL_H

#if defined(__x86_64__)

static inline long sys_call6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#elif defined(__aarch64__)

static inline long sys_call6(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

#else
#error "tinyrun knows the system calls of x86_64 and aarch64"
#endif

#define SYS_ARG(x)              ((long)(x))
#define SYS_0(n)                sys_call6(n, 0, 0, 0, 0, 0, 0)
#define SYS_1(n, a)             sys_call6(n, SYS_ARG(a), 0, 0, 0, 0, 0)
#define SYS_2(n, a, b)          sys_call6(n, SYS_ARG(a), SYS_ARG(b), 0, 0, 0, 0)
#define SYS_3(n, a, b, c)       sys_call6(n, SYS_ARG(a), SYS_ARG(b), SYS_ARG(c), 0, 0, 0)
#define SYS_4(n, a, b, c, d)    SYS_6(n, a, b, c, d, 0, 0)
#define SYS_5(n, a, b, c, d, e) SYS_6(n, a, b, c, d, e, 0)
#define SYS_6(n, a, b, c, d, e, f) \
	sys_call6(n, SYS_ARG(a), SYS_ARG(b), SYS_ARG(c), SYS_ARG(d), SYS_ARG(e), SYS_ARG(f))

#endif
