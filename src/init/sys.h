/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys - the kernel as init sees it: one thin function a system call, with the call's own arguments.
 *
 * Init is linked with nothing, so there is no errno: a call returns its result or -errno. Only the
 * kernel's own headers are used; what they leave to libc (msghdr, ifreq, the socket types) stands
 * here in the kernel's layout for 64-bit machines.
 */
#ifndef INIT_SYS_H
#define INIT_SYS_H

#include "tinyrun/sys_call.h"

#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <linux/uio.h>
#include <stddef.h>
#include <stdint.h>

struct statfs; /* asm/statfs.h */

#define AF_UNIX          1
#define SOCK_DGRAM       2
#define SOCK_SEQPACKET   5
#define SOCK_CLOEXEC     O_CLOEXEC
#define SOL_SOCKET       1
#define SCM_RIGHTS       1
#define MSG_NOSIGNAL     0x4000
#define MSG_CMSG_CLOEXEC 0x40000000
#define SIGKILL          9
#define SIGCHLD          17
#define UMOUNT_NOFOLLOW  8
#define MNT_DETACH       2
#define SEEK_SET         0
#define DEVPTS_MAGIC     0x1cd1
#define NSFS_MAGIC       0x6e736673
#define PROC_MAGIC       0x9fa0
#define IFNAME_LENGTH    16

struct msghdr {
	void *msg_name;
	int msg_namelen;
	struct iovec *msg_iov;
	size_t msg_iovlen;
	void *msg_control;
	size_t msg_controllen;
	unsigned int msg_flags;
};

/* A control message that carries one descriptor. */
struct fd_message {
	size_t len;
	int level, type;
	int fd, unused;
};

struct limit { /* struct rlimit64 */
	uint64_t soft, hard;
};

struct ifreq {
	char name[IFNAME_LENGTH];
	short flags;
	char unused[22];
};

/* --- files and descriptors --- */

static inline int sys_close(int fd)
{
	return (int)SYS_1(__NR_close, fd);
}

static inline int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)SYS_3(__NR_close_range, first, last, flags);
}

static inline int sys_dup3(int fd, int as, int flags)
{
	return (int)SYS_3(__NR_dup3, fd, as, flags);
}

static inline int sys_fcntl(int fd, int command, long arg)
{
	return (int)SYS_3(__NR_fcntl, fd, command, arg);
}

static inline int sys_openat(int dir_fd, const char *path, int flags, unsigned mode)
{
	return (int)SYS_4(__NR_openat, dir_fd, path, flags, mode);
}

static inline int sys_openat2(int dir_fd, const char *path, const struct open_how *how)
{
	return (int)SYS_4(__NR_openat2, dir_fd, path, how, sizeof(*how));
}

static inline long sys_read(int fd, void *to, size_t size)
{
	return SYS_3(__NR_read, fd, to, size);
}

static inline long sys_write(int fd, const void *from, size_t size)
{
	return SYS_3(__NR_write, fd, from, size);
}

static inline int sys_lseek(int fd, long offset, int whence)
{
	return (int)SYS_3(__NR_lseek, fd, offset, whence);
}

static inline int sys_pipe2(int fds[2], int flags)
{
	return (int)SYS_2(__NR_pipe2, fds, flags);
}

static inline int sys_memfd_create(const char *name, unsigned flags)
{
	return (int)SYS_2(__NR_memfd_create, name, flags);
}

static inline int sys_ioctl(int fd, unsigned long request, const void *arg)
{
	return (int)SYS_3(__NR_ioctl, fd, request, arg);
}

static inline int sys_ppoll(struct pollfd *fds, unsigned n, const struct __kernel_timespec *timeout)
{
	return (int)SYS_5(__NR_ppoll, fds, n, timeout, 0, 0);
}

/* statx of what @path names below @dir_fd, or with AT_EMPTY_PATH of @dir_fd itself. */
static inline int sys_statx(int dir_fd, const char *path, int flags, struct statx *to)
{
	return (int)SYS_5(__NR_statx, dir_fd, path, flags, STATX_BASIC_STATS, to);
}

static inline int sys_readlinkat(int dir_fd, const char *path, char *to, size_t size)
{
	return (int)SYS_4(__NR_readlinkat, dir_fd, path, to, size);
}

static inline int sys_fstatfs(int fd, struct statfs *to)
{
	return (int)SYS_2(__NR_fstatfs, fd, to);
}

static inline int sys_faccessat2(int dir_fd, const char *path, int mode, int flags)
{
	return (int)SYS_4(__NR_faccessat2, dir_fd, path, mode, flags);
}

static inline int sys_faccessat(int dir_fd, const char *path, int mode)
{
	return (int)SYS_3(__NR_faccessat, dir_fd, path, mode);
}

static inline int sys_mkdirat(int dir_fd, const char *name, unsigned mode)
{
	return (int)SYS_3(__NR_mkdirat, dir_fd, name, mode);
}

static inline int sys_mknodat(int dir_fd, const char *name, unsigned mode, unsigned long device)
{
	return (int)SYS_4(__NR_mknodat, dir_fd, name, mode, device);
}

static inline int sys_fchmodat(int dir_fd, const char *name, unsigned mode)
{
	return (int)SYS_3(__NR_fchmodat, dir_fd, name, mode);
}

static inline int sys_utimensat(int dir_fd, const char *name,
				const struct __kernel_timespec times[2], int flags)
{
	return (int)SYS_4(__NR_utimensat, dir_fd, name, times, flags);
}

static inline long sys_flistxattr(int fd, char *names, size_t size)
{
	return SYS_3(__NR_flistxattr, fd, names, size);
}

static inline long sys_fgetxattr(int fd, const char *name, void *value, size_t size)
{
	return SYS_4(__NR_fgetxattr, fd, name, value, size);
}

static inline int sys_fsetxattr(int fd, const char *name, const void *value, size_t size)
{
	return (int)SYS_5(__NR_fsetxattr, fd, name, value, size, 0);
}

static inline long sys_getdents64(int fd, void *to, size_t size)
{
	return SYS_3(__NR_getdents64, fd, to, size);
}

/* From the place of the one to that of the other. */
static inline long sys_sendfile(int to, int from, size_t size)
{
	return SYS_4(__NR_sendfile, to, from, 0, size);
}

static inline int sys_symlinkat(const char *target, int dir_fd, const char *name)
{
	return (int)SYS_3(__NR_symlinkat, target, dir_fd, name);
}

static inline int sys_fchownat(int dir_fd, const char *name, uint32_t uid, uint32_t gid, int flags)
{
	return (int)SYS_5(__NR_fchownat, dir_fd, name, uid, gid, flags);
}

static inline int sys_fchown(int fd, uint32_t uid, uint32_t gid)
{
	return (int)SYS_3(__NR_fchown, fd, uid, gid);
}

static inline int sys_fchdir(int fd)
{
	return (int)SYS_1(__NR_fchdir, fd);
}

static inline int sys_chdir(const char *path)
{
	return (int)SYS_1(__NR_chdir, path);
}

static inline int sys_chroot(const char *path)
{
	return (int)SYS_1(__NR_chroot, path);
}

static inline int sys_getcwd(char *to, size_t size)
{
	return (int)SYS_2(__NR_getcwd, to, size);
}

static inline unsigned sys_umask(unsigned mask)
{
	return (unsigned)SYS_1(__NR_umask, mask);
}

/* --- mounts --- */

static inline int sys_mount(const char *source, const char *target, const char *fstype,
			    unsigned long flags, const char *data)
{
	return (int)SYS_5(__NR_mount, source, target, fstype, flags, data);
}

static inline int sys_umount2(const char *target, int flags)
{
	return (int)SYS_2(__NR_umount2, target, flags);
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)SYS_2(__NR_pivot_root, new_root, put_old);
}

static inline int sys_open_tree(int dir_fd, const char *path, unsigned flags)
{
	return (int)SYS_3(__NR_open_tree, dir_fd, path, flags);
}

static inline int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to,
				 unsigned flags)
{
	return (int)SYS_5(__NR_move_mount, from_fd, from, to_fd, to, flags);
}

static inline int sys_mount_setattr(int fd, const char *path, unsigned flags,
				    const struct mount_attr *attr)
{
	return (int)SYS_5(__NR_mount_setattr, fd, path, flags, attr, sizeof(*attr));
}

static inline int sys_fsopen(const char *fstype, unsigned flags)
{
	return (int)SYS_2(__NR_fsopen, fstype, flags);
}

static inline int sys_fspick(int fd, const char *path, unsigned flags)
{
	return (int)SYS_3(__NR_fspick, fd, path, flags);
}

static inline int sys_fsconfig(int fd, unsigned command, const char *key, const char *value)
{
	return (int)SYS_5(__NR_fsconfig, fd, command, key, value, 0);
}

static inline int sys_fsmount(int fd, unsigned flags, unsigned attributes)
{
	return (int)SYS_3(__NR_fsmount, fd, flags, attributes);
}

/* --- processes, namespaces, identity --- */

static inline int sys_clone3(const struct clone_args *args)
{
	return (int)SYS_2(__NR_clone3, args, sizeof(*args));
}

/*
 * The same for a thread, which has its own stack in @args: it calls @run with @arg, which does not
 * come back.
 */
static inline long sys_clone3_run(const struct clone_args *args, void (*run)(void *), void *arg)
{
#if defined(__x86_64__)
	register void (*r12)(void *) __asm__("r12") = run;
	register void *r13 __asm__("r13") = arg;
	long result;

	__asm__ volatile("syscall\n"
			 "	testq %%rax, %%rax\n"
			 "	jnz 1f\n"
			 "	xorl %%ebp, %%ebp\n"
			 "	movq %%r13, %%rdi\n"
			 "	call *%%r12\n"
			 "	hlt\n"
			 "1:"
			 : "=a"(result)
			 : "0"((long)__NR_clone3), "D"(args), "S"(sizeof(*args)), "r"(r12), "r"(r13)
			 : "rcx", "r11", "memory", "cc");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = __NR_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof(*args);
	register void (*x19)(void *) __asm__("x19") = run;
	register void *x20 __asm__("x20") = arg;

	__asm__ volatile("svc #0\n"
			 "	cbnz x0, 1f\n"
			 "	mov x29, #0\n"
			 "	mov x0, x20\n"
			 "	blr x19\n"
			 "	brk #0\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x19), "r"(x20)
			 : "memory", "cc");
	return x0;
#endif
}

/* The end of a thread; the others go on. */
static inline _Noreturn void sys_exit_thread(void)
{
	for (;;)
		(void)SYS_1(__NR_exit, 0);
}

static inline void sys_sched_yield(void)
{
	(void)SYS_0(__NR_sched_yield);
}

static inline _Noreturn void sys_exit(int code)
{
	for (;;)
		(void)SYS_1(__NR_exit_group, code);
}

static inline int sys_execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)SYS_3(__NR_execve, path, argv, envp);
}

static inline int sys_execveat(int fd, const char *path, char *const argv[], char *const envp[],
			       int flags)
{
	return (int)SYS_5(__NR_execveat, fd, path, argv, envp, flags);
}

static inline int sys_waitid(int kind, int id, void *info, int options)
{
	return (int)SYS_5(__NR_waitid, kind, id, info, options, 0);
}

static inline int sys_kill(int pid, int signal)
{
	return (int)SYS_2(__NR_kill, pid, signal);
}

static inline int sys_getpid(void)
{
	return (int)SYS_0(__NR_getpid);
}

static inline int sys_getsid(int pid)
{
	return (int)SYS_1(__NR_getsid, pid);
}

static inline int sys_setsid(void)
{
	return (int)SYS_0(__NR_setsid);
}

static inline int sys_setpgid(int pid, int group)
{
	return (int)SYS_2(__NR_setpgid, pid, group);
}

static inline int sys_setns(int fd, unsigned flag)
{
	return (int)SYS_2(__NR_setns, fd, flag);
}

static inline int sys_unshare(unsigned long flags)
{
	return (int)SYS_1(__NR_unshare, flags);
}

static inline int sys_prctl(int option, unsigned long a, unsigned long b)
{
	return (int)SYS_5(__NR_prctl, option, a, b, 0, 0);
}

static inline int sys_setgroups(size_t n, const uint32_t *groups)
{
	return (int)SYS_2(__NR_setgroups, n, groups);
}

static inline int sys_setresuid(uint32_t uid)
{
	return (int)SYS_3(__NR_setresuid, uid, uid, uid);
}

static inline int sys_setresgid(uint32_t gid)
{
	return (int)SYS_3(__NR_setresgid, gid, gid, gid);
}

static inline int sys_capget(struct __user_cap_header_struct *head,
			     struct __user_cap_data_struct *data)
{
	return (int)SYS_2(__NR_capget, head, data);
}

static inline int sys_capset(struct __user_cap_header_struct *head,
			     const struct __user_cap_data_struct *data)
{
	return (int)SYS_2(__NR_capset, head, data);
}

static inline int sys_prlimit(unsigned resource, const struct limit *limit, struct limit *old)
{
	return (int)SYS_4(__NR_prlimit64, 0, resource, limit, old);
}

static inline int sys_sethostname(const char *name, size_t len)
{
	return (int)SYS_2(__NR_sethostname, name, len);
}

static inline int sys_setdomainname(const char *name, size_t len)
{
	return (int)SYS_2(__NR_setdomainname, name, len);
}

static inline int sys_keyctl(int operation, const char *arg)
{
	return (int)SYS_2(__NR_keyctl, operation, arg);
}

static inline int sys_seccomp(unsigned operation, unsigned flags, const void *arg)
{
	return (int)SYS_3(__NR_seccomp, operation, flags, arg);
}

/* Everything blocked is let through, and every signal does what it does by default. */
static inline int sys_sigaction_default(int signal)
{
	static const uint64_t by_default[4]; /* handler, flags, restorer, mask */

	return (int)SYS_4(__NR_rt_sigaction, signal, by_default, 0, sizeof(uint64_t));
}

static inline int sys_sigmask_fill(void)
{
	static const uint64_t all = UINT64_MAX;

	return (int)SYS_4(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &all, 0, sizeof(all));
}

/* Waits for any signal at all, and takes it. */
static inline int sys_sigwait_any(void)
{
	static const uint64_t all = UINT64_MAX;

	return (int)SYS_4(__NR_rt_sigtimedwait, &all, 0, 0, sizeof(all));
}

static inline int sys_sigmask_clear(void)
{
	static const uint64_t none;

	return (int)SYS_4(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, 0, sizeof(none));
}

/* --- memory, time, sockets --- */

static inline long sys_mmap(size_t size, int protection, int flags, int fd)
{
	return SYS_6(__NR_mmap, 0, size, protection, flags, fd, 0);
}

static inline int sys_clock_gettime(int clock, struct __kernel_timespec *to)
{
	return (int)SYS_2(__NR_clock_gettime, clock, to);
}

static inline int sys_socket(int domain, int type, int protocol)
{
	return (int)SYS_3(__NR_socket, domain, type, protocol);
}

static inline int sys_socketpair(int domain, int type, int pair[2])
{
	return (int)SYS_4(__NR_socketpair, domain, type, 0, pair);
}

static inline int sys_accept4(int fd, int flags)
{
	return (int)SYS_4(__NR_accept4, fd, 0, 0, flags);
}

static inline long sys_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return SYS_3(__NR_sendmsg, fd, message, flags);
}

static inline long sys_recvmsg(int fd, struct msghdr *message, int flags)
{
	return SYS_3(__NR_recvmsg, fd, message, flags);
}

#endif
