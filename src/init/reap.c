/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reap - process 1 of a pid namespace, for a program that was not written to be one.
 *
 * The kernel drops every signal to process 1 that would have its default action, and gives it the
 * orphans. So this process stays as number 1 and the program goes on in a child: what is sent here
 * is passed on, what ends is waited for, and the end of the program is the end of all. It has the
 * program's rights and not one more, no descriptor, and is not dumpable; all signals are blocked,
 * since those are kept for it even as number 1.
 */
#include "init/init.h"

#include <asm/ioctls.h>
#include <linux/prctl.h>
#include <linux/wait.h>

#define CLD_EXITED 1

/* A first group of its own, so that a key of the terminal reaches the program once. */
static int terminal_take(void)
{
	int pid = sys_getpid();
	int r = sys_setpgid(0, 0);

	return r < 0 ? r : sys_ioctl(0, TIOCSPGRP, &pid);
}

/* Everything that has ended; does not come back when the program has. */
static void ends_take(int program)
{
	struct child_end end = {0};

	while (sys_waitid(P_ALL, 0, &end, WEXITED | WNOHANG) == 0 && end.pid != 0) {
		if (end.pid == program)
			sys_exit(end.code == CLD_EXITED ? end.status : 128 + end.status);
		end.pid = 0;
	}
}

static _Noreturn void look_after(int program)
{
	(void)sys_close_range(0, ~0U, 0);
	for (;;) {
		int signal = sys_sigwait_any();

		if (signal == SIGCHLD)
			ends_take(program);
		else if (signal > 0)
			(void)sys_kill(program, signal); /* it may have ended: SIGCHLD says so */
	}
}

int step_reap(struct init *in, const struct plan_step *s)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	int program, r = sys_sigmask_fill();

	(void)in;
	if (r == 0 && s->reap.die != 0)
		r = death_arm();
	if (r == 0)
		r = sys_prctl(PR_SET_DUMPABLE, 0, 0);
	if (r < 0)
		return r;
	program = sys_clone3(&args);
	if (program < 0)
		return program;
	if (program > 0)
		look_after(program);
	r = s->reap.terminal != 0 ? terminal_take() : 0; /* blocked, SIGTTOU stops nobody */
	return r < 0 ? r : sys_sigmask_clear();
}
