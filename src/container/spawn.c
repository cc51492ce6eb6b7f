/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn - starts tinyrun-init.
 *
 * The program is a sealed memfd: nothing inside a container can reach a file of the host's through
 * /proc/PID/exe (CVE-2019-5736). The child shares our memory until it executes
 * (CLONE_VM|CLONE_VFORK), so no page tables are copied. Only with a new user namespace it is a real
 * fork: it must hold still before execveat(2) until we have written its id maps, since executing
 * without them would take its capabilities away, and a vfork would hold us still instead. Where the
 * caller may not clone mounts it is a fork, too: the child has copies of them in its own mount
 * namespace, and opens those before it executes. Nobody else is in its namespaces yet.
 */
#include "container/spawn.h"

#include "container/idmap.h"
#include "container/rootless.h"
#include "tinyrun/fd.h"
#include "tinyrun/init_image.h"
#include "tinyrun/log.h"
#include "tinyrun/proc.h"
#include "tinyrun/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* A memfd that nobody can change any more. @kind: MFD_EXEC or MFD_NOEXEC_SEAL, as far as known. */
static int sealed_memfd(const char *name, unsigned kind, const void *data, size_t len, int *ret_fd,
			struct err *e)
{
	auto_fd int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | kind);
	int r;

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 && errno == EACCES && kind == MFD_EXEC)
		return err_sys(e, "make an executable memory file (vm.memfd_noexec is 2)");
	if (fd < 0)
		return err_sys(e, "make a memory file");
	r = fd_write_all(fd, data, len, name, e);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return err_sys(e, "seal a memory file");
	*ret_fd = fd_take(&fd);
	return 0;
}

static int seal_plan(const struct plan *plan, int *ret_fd, struct err *e)
{
	return sealed_memfd("tinyrun-plan", MFD_NOEXEC_SEAL, plan->bytes, plan->size, ret_fd, e);
}

/* What the child needs between clone and exec. It shares our memory: it must only read. */
struct child {
	const struct spawn *s;
	int program_fd, plan_fd, channel;
	int go_fd;         /* new user namespace: a byte comes when the maps are written; else -1 */
	int go_write;      /* the parent's end of that, to be closed so that its death is seen */
	int error_fd;      /* where what a fork cannot do is told as a struct err; else -1 */
	uint32_t uid, gid; /* who to be there: an id that is mapped, 0 if it can be */
	char channel_arg[16], plan_arg[16];
};

/* Keeps capabilities over execve(2) where no mapped id is root. capabilities(7) "Ambient". */
static bool keep_capabilities(void)
{
	struct {
		uint32_t version;
		int32_t pid;
	} head = {.version = 0x20080522}; /* _LINUX_CAPABILITY_VERSION_3 */
	struct {
		uint32_t effective, permitted, inheritable;
	} data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return false;
	data[0].inheritable = data[0].permitted;
	data[1].inheritable = data[1].permitted;
	if (syscall(SYS_capset, &head, data) < 0)
		return false;
	for (unsigned long cap = 0; cap < 64; cap++)
		if (data[cap / 32].permitted & (1U << (cap % 32)))
			(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
	return true;
}

static bool wait_for_maps(const struct child *c)
{
	char byte;

	(void)close(c->go_write);
	return read(c->go_fd, &byte, 1) == 1; /* else the parent is gone, or gave up */
}

static bool become_root(const struct child *c)
{
	if (c->uid != 0 && !keep_capabilities())
		return false;
	return syscall(SYS_setresgid, c->gid, c->gid, c->gid) == 0 &&
	       syscall(SYS_setresuid, c->uid, c->uid, c->uid) == 0;
}

static void keep_open(int fd)
{
	(void)fcntl(fd, F_SETFD, 0); /* it is open: nothing to fail */
}

static _Noreturn void execute(const struct child *c, int plan_fd, const char *plan_arg)
{
	char *const argv[] = {(char *)"tinyrun-init", (char *)c->channel_arg, (char *)plan_arg,
			      NULL};
	char *const envp[] = {NULL};

	for (size_t i = 0; i < c->s->handover->n; i++)
		keep_open(c->s->handover->fds[i]);
	keep_open(c->channel);
	keep_open(plan_fd);
	(void)syscall(SYS_execveat, c->program_fd, "", argv, envp, AT_EMPTY_PATH);
	_exit(errno == EACCES ? SPAWN_EXIT_DENIED : SPAWN_EXIT_MEMORY);
}

/* A fork has memory of its own: it may do more than look. */
static _Noreturn void fork_main(const struct child *c)
{
	struct err e = ERR_INIT;
	int plan_fd = c->plan_fd, r = 0;
	char plan_arg[16];

	if (c->go_fd >= 0 && !wait_for_maps(c))
		_exit(SPAWN_EXIT_USER);
	if (c->s->mounts) { /* with the files that the caller can reach */
		r = handover_open_copies(c->s->plan, c->s->mounts, c->s->handover, &e);
		if (r == 0)
			r = seal_plan(c->s->plan, &plan_fd, &e);
	}
	if (r < 0) {
		(void)fd_write_all(c->error_fd, &e, sizeof(e), "the error", &e);
		_exit(SPAWN_EXIT_MEMORY);
	}
	if (c->go_fd >= 0 && !become_root(c))
		_exit(SPAWN_EXIT_USER);
	(void)snprintf(plan_arg, sizeof(plan_arg), "%d", plan_fd);
	execute(c, plan_fd, plan_arg);
}

/*
 * clone3(2) in place: parent and child go on in the same frame, as after vfork(2), so the child
 * calls deeper and never returns. syscall(3) would do for a fork, but not on a shared stack.
 */
static __attribute__((noinline)) long vfork_clone3(struct clone_args *args, const struct child *c)
{
	long pid;

#if defined(__x86_64__)
	__asm__ volatile("syscall"
			 : "=a"(pid)
			 : "0"((long)SYS_clone3), "D"(args), "S"(sizeof(*args))
			 : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof(*args);

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
	pid = x0;
#else
	args->flags &= ~(uint64_t)(CLONE_VM | CLONE_VFORK);
	pid = syscall(SYS_clone3, args, sizeof(*args));
	if (pid < 0)
		pid = -errno;
#endif
	if (pid == 0)
		execute(c, c->plan_fd, c->plan_arg);
	return pid;
}

static long fork_clone3(struct clone_args *args, const struct child *c)
{
	long pid = syscall(SYS_clone3, args, sizeof(*args));

	if (pid == 0)
		fork_main(c);
	return pid < 0 ? -errno : pid;
}

/* Signals stay out while the child runs on our memory. */
static int clone_child(const struct spawn *s, const struct child *c, struct spawned *ret,
		       struct err *e)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = s->plan->clone_flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	sigset_t all, old;
	long pid;

	if (s->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)s->cgroup_fd;
	}
	sys_sigset_fill(&all);
	(void)sys_sigmask(SIG_SETMASK, &all, &old);
	if (c->go_fd >= 0 || s->mounts) {
		pid = fork_clone3(&args, c);
	} else {
		args.flags |= CLONE_VM | CLONE_VFORK;
		pid = vfork_clone3(&args, c);
	}
	(void)sys_sigmask(SIG_SETMASK, &old, NULL);
	if (pid == -ENOSPC)
		return err_num(e, ENOSPC,
			       "start the container's process in its namespaces (there "
			       "may be no more of a kind: sysctl user.max_*_namespaces)");
	if (pid == -EPERM && (args.flags & CLONE_NEWUSER))
		return err_num(e, EPERM,
			       "start the container's process in its namespaces (may "
			       "ordinary users make user namespaces here?)");
	if (pid < 0)
		return err_num(e, (int)-pid, "start the container's process in its namespaces");
	ret->pid = (pid_t)pid;
	ret->pidfd = pidfd;
	return 0;
}

int spawn_set_oom_score(pid_t pid, const struct spec *spec, struct err *e)
{
	struct err refused = ERR_INIT;
	char file[64], text[16];
	int r, proc = proc_fd(e);

	if (proc < 0)
		return proc;
	if (!spec->process.oom_score_adj.set)
		return 0;
	(void)snprintf(file, sizeof(file), "%d/oom_score_adj", (int)pid);
	(void)snprintf(text, sizeof(text), "%d", (int)spec->process.oom_score_adj.value);
	r = fd_put(proc, file, text, &refused);
	if ((r == -EACCES || r == -EPERM) && !rootless_has_cap(CAP_SYS_RESOURCE)) {
		log_at(LOG_INFO, "process.oomScoreAdj: stays as it is: only root can lower it");
		return 0;
	}
	if (r == 0)
		return 0;
	*e = refused;
	return err_wrap(e, "process.oomScoreAdj");
}

/*
 * The parent's half: maps, then the byte that lets the child go on. Its score is set while it is
 * still one of the caller's processes.
 */
static int admit(const struct spawn *s, const struct spawned *child, int go_fd, struct err *e)
{
	int r = spawn_set_oom_score(child->pid, s->spec, e);

	if (r == 0)
		r = idmap_write(child->pid, &s->spec->uid_map, &s->spec->gid_map, e);
	return r < 0 ? r : fd_write_all(go_fd, "G", 1, "the start of init", e);
}

/* A fork that opens mounts says what is wrong with one, or executes, which closes its end. */
static int hear_mounts(int error_fd, struct err *e)
{
	struct err said;
	ssize_t n;

	do
		n = read(error_fd, &said, sizeof(said));
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(said))
		return n < 0 ? err_sys(e, "hear from init") : 0; /* its end is explained later */
	*e = said;
	return -said.errnum;
}

/* What we were given stays ours: the caller's other descriptors end at the next exec. */
static int seal_inherited(unsigned preserve_fds, struct err *e)
{
	if (sys_close_range(3 + preserve_fds, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return err_sys(e, "mark descriptors close-on-exec");
	return 0;
}

static int make_channel(int ret[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0)
		return err_sys(e, "make the channel to init");
	return 0;
}

int spawn_init(const struct spawn *s, struct spawned *ret, struct err *e)
{
	auto_fd int program = -1, plan = -1, ours = -1, theirs = -1, go_read = -1, go_write = -1;
	auto_fd int error_read = -1, error_write = -1;
	int pair[2] = {-1, -1}, r;
	struct child c = {.s = s, .go_fd = -1, .error_fd = -1};

	r = seal_inherited(s->preserve_fds, e);
	if (r == 0)
		r = sealed_memfd("tinyrun-init", MFD_EXEC, tinyrun_init_image,
				 tinyrun_init_image_size(), &program, e);
	plan_set_ignored(s->plan, proc_ignored_signals());
	if (r == 0 && !s->mounts)
		r = seal_plan(s->plan, &plan, e);
	if (r == 0)
		r = make_channel(pair, e);
	if (r < 0)
		return r;
	ours = pair[0];
	theirs = pair[1];
	if (s->plan->clone_flags & CLONE_NEWUSER) {
		if (pipe2(pair, O_CLOEXEC) < 0)
			return err_sys(e, "make a pipe");
		go_read = c.go_fd = pair[0];
		go_write = c.go_write = pair[1];
		c.uid = idmap_owner(&s->spec->uid_map);
		c.gid = idmap_owner(&s->spec->gid_map);
	}
	if (s->mounts) {
		if (pipe2(pair, O_CLOEXEC) < 0)
			return err_sys(e, "make a pipe");
		error_read = pair[0];
		error_write = c.error_fd = pair[1];
	}
	c.program_fd = program;
	c.plan_fd = plan;
	c.channel = theirs;
	(void)snprintf(c.channel_arg, sizeof(c.channel_arg), "%d", theirs);
	(void)snprintf(c.plan_arg, sizeof(c.plan_arg), "%d", plan);
	r = clone_child(s, &c, ret, e);
	if (r == 0)
		ret->channel = fd_take(&ours);
	if (r == 0 && c.go_fd >= 0)
		r = admit(s, ret, go_write, e);
	fd_close(&error_write);
	if (r == 0 && s->mounts)
		r = hear_mounts(error_read, e);
	if (r == 0 && c.go_fd < 0)
		r = spawn_set_oom_score(ret->pid, s->spec, e);
	if (r < 0)
		spawned_end(ret);
	return r;
}

int spawned_wait(const struct spawned *s, int *ret_status, struct err *e)
{
	while (waitpid(s->pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for the container's process");
	return 0;
}

void spawned_end(struct spawned *s)
{
	struct err ignored = ERR_INIT;
	int status;

	fd_close(&s->channel);
	if (s->pidfd >= 0) {
		(void)sys_pidfd_send_signal(s->pidfd, SIGKILL, NULL, 0); /* it may have ended */
		(void)spawned_wait(s, &status, &ignored);                /* or have been reaped */
	}
	fd_close(&s->pidfd);
	*s = SPAWNED_INIT;
}
