/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox - Landlock and seccomp, each with the calls of the kernel alone.
 *
 * The filter is a list of the calls that the threads make once they all run; the rest fails with
 * EPERM. No thread or process can be started, no socket made, no memory made executable. Where
 * a kernel knows more rights than this list, they stay as they are.
 */
#include "httpd/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config.h"
#include "tinyrun/fd.h"
#include "tinyrun/sys.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

/* struct landlock_ruleset_attr as it is today: libcs' headers are older. */
struct ruleset {
	uint64_t files, net, scopes;
};

/* What each version of Landlock can take away, by its number. */
static const struct {
	size_t size;
	struct ruleset rights;
} versions[] = {
	{8, {.files = (1 << 13) - 1}},
	{8, {.files = (1 << 14) - 1}},                         /* + moving between directories */
	{8, {.files = (1 << 15) - 1}},                         /* + truncating */
	{16, {.files = (1 << 15) - 1, .net = 3}},              /* + TCP bind and connect */
	{16, {.files = (1 << 16) - 1, .net = 3}},              /* + ioctl of devices */
	{24, {.files = (1 << 16) - 1, .net = 3, .scopes = 3}}, /* + others' sockets, signals */
};

static int allow(int ruleset_fd, int fd, uint64_t rights, struct err *e)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};

	if (fd < 0)
		return 0;
	return syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0
		       ? err_sys(e, "allow a path")
		       : 0;
}

int sandbox_files(const struct sandbox_paths *paths, struct err *e)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1u /* which version */);
	const size_t n = sizeof(versions) / sizeof(*versions);
	auto_fd int fd = -1;
	size_t i;
	int r;

	if (version < 1) /* ENOSYS, EOPNOTSUPP: not there, or turned off */
		return 0;
	i = (size_t)version > n ? n - 1 : (size_t)version - 1;
	fd = (int)syscall(SYS_landlock_create_ruleset, &versions[i].rights, versions[i].size, 0);
	if (fd < 0)
		return err_sys(e, "make a Landlock ruleset");
	r = allow(fd, paths->root_fd, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
		  e);
	if (r == 0)
		r = allow(fd, paths->log_dir_fd,
			  LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG, e);
	if (r == 0)
		r = allow(fd, paths->mime_fd, LANDLOCK_ACCESS_FS_READ_FILE, e);
	if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		r = err_sys(e, "enter the Landlock sandbox");
	return r;
}

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef ARCH
/* The most frequent first, for kernels that do not remember what a filter says. */
static const uint16_t calls[] = {
	SYS_recvfrom,
	SYS_sendto,
	SYS_epoll_pwait,
	SYS_sendmsg,
	SYS_sendfile,
	SYS_accept4,
	SYS_close,
	SYS_epoll_ctl,
	SYS_read,
	SYS_write,
	SYS_openat2,
	SYS_openat,
	SYS_fstat,
	SYS_newfstatat,
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
	SYS_poll,
	SYS_open,
	SYS_stat,
	SYS_lstat,
	SYS_time,
#endif
	SYS_statx,
	SYS_pread64,
	SYS_preadv2,
	SYS_fadvise64,
	SYS_getdents64,
	SYS_lseek,
	SYS_writev,
	SYS_readv,
	SYS_shutdown,
	SYS_setsockopt,
	SYS_getsockopt,
	SYS_getsockname,
	SYS_ioctl,
	SYS_fcntl,
	SYS_ppoll,
	SYS_futex,
	SYS_clock_nanosleep,
	SYS_clock_gettime,
	SYS_gettimeofday,
	SYS_brk,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_rt_sigprocmask,
	SYS_rt_sigaction,
	SYS_rt_sigreturn,
	SYS_rt_sigtimedwait,
	SYS_kill,
	SYS_tgkill,
	SYS_getpid,
	SYS_gettid,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_getrandom,
	SYS_restart_syscall,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_exit,
	SYS_exit_group,
#ifdef SANITIZED
	SYS_sigaltstack, /* AddressSanitizer's, at the exit of a thread */
#endif
	SYS_mmap,
	SYS_mprotect,
};
#define CALLS (sizeof(calls) / sizeof(*calls))

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define RETURN(value)           BPF_STMT(BPF_RET | BPF_K, (value))
#define UNLESS(op, value, skip) BPF_JUMP(BPF_JMP | (op) | BPF_K, (value), 0, (skip))

/* Memory that is to be executed is refused, so mmap and mprotect have rows of their own. */
static size_t make_filter(struct sock_filter *f)
{
	const struct sock_filter head[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(head) / sizeof(*head); i++)
		f[n++] = head[i];
	for (size_t i = 0; i < CALLS; i++) {
		bool maps = calls[i] == SYS_mmap || calls[i] == SYS_mprotect;

		f[n++] = (struct sock_filter)UNLESS(BPF_JEQ, calls[i], maps ? 4 : 1);
		if (maps) {
			f[n++] = (struct sock_filter)LOAD(args[2]);
			f[n++] = (struct sock_filter)UNLESS(BPF_JSET, PROT_EXEC, 1);
			f[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ERRNO | EPERM);
		}
		f[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	}
	f[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ERRNO | EPERM);
	return n;
}

int sandbox_calls(struct err *e)
{
	struct sock_filter filter[2 * CALLS + 16];
	struct sock_fprog prog = {.filter = filter};

	prog.len = (unsigned short)make_filter(filter);
	if (sys_seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog) == 0)
		return 0;
	if (errno == ENOSYS || errno == EINVAL || errno == EPERM)
		return SANDBOX_NONE;
	return err_sys(e, "enter the seccomp sandbox");
}
#else
int sandbox_calls(struct err *e)
{
	(void)e;
	return SANDBOX_NONE;
}
#endif
