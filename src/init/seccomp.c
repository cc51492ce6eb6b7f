/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp - the filter, and the descriptor by which a listener hears of system calls.
 *
 * As soon as a filter with a listener is in force every call of ours may be held until the listener
 * answers, also the one that would send it its descriptor. So a second thread, which the filter is
 * not put upon, sends it: it is there before, sees in memory that the filter is loaded, and has
 * ended before the next step. It looks again and again, since a call that would wake it could be
 * held as well; what it waits for is one system call.
 */
#include "init/init.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

#define STACK_SIZE 16384

struct sender {
	struct init *in;
	int fd;  /* 0: the filter is not loaded yet; negative: it could not be */
	int tid; /* the kernel makes it 0 when the thread has ended */
};

static unsigned char stack[STACK_SIZE] __attribute__((aligned(16)));

static void sender_run(void *arg)
{
	struct sender *sender = arg;
	int fd;

	while ((fd = __atomic_load_n(&sender->fd, __ATOMIC_ACQUIRE)) == 0)
		sys_sched_yield();
	if (fd > 0 && channel_send(sender->in, PLAN_MSG_NOTIFY, fd) < 0)
		sys_exit(1); /* nobody would ever say GO */
	sys_exit_thread();
}

static int sender_start(struct sender *sender)
{
	const struct clone_args args = {
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			 CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
		.parent_tid = (uint64_t)(uintptr_t)&sender->tid,
		.child_tid = (uint64_t)(uintptr_t)&sender->tid,
		.stack = (uint64_t)(uintptr_t)stack,
		.stack_size = sizeof(stack),
	};
	long r = sys_clone3_run(&args, sender_run, sender);

	return r < 0 ? (int)r : 0;
}

/* It has said all it has to say: this is the time that it takes to end. */
static void sender_await(struct sender *sender)
{
	while (__atomic_load_n(&sender->tid, __ATOMIC_ACQUIRE) != 0)
		;
}

static int filter_load(const struct plan_step *s, const struct sock_fprog *program)
{
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, s->seccomp.filter_flags, program);
}

static int load_with_listener(struct init *in, const struct plan_step *s,
			      const struct sock_fprog *program)
{
	struct sender sender = {.in = in};
	auto_fd int listener = -1;
	int r = sender_start(&sender);

	if (r < 0)
		return r;
	listener = filter_load(s, program);
	__atomic_store_n(&sender.fd, listener, __ATOMIC_RELEASE);
	if (listener >= 0)
		channel_need_go(in);
	sender_await(&sender);
	return listener < 0 ? listener : 0;
}

int step_seccomp(struct init *in, const struct plan_step *s)
{
	uint32_t n = s->seccomp.n_insns;
	const struct sock_fprog program = {
		.len = (unsigned short)n,
		.filter = (struct sock_filter *)(uintptr_t)plan_bytes(in, s->seccomp.insns, n,
								      sizeof(struct sock_filter)),
	};

	if (n > UINT16_MAX)
		return -E2BIG;
	return s->seccomp.listener != 0 ? load_with_listener(in, s, &program)
					: filter_load(s, &program);
}
