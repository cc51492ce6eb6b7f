/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main - tinyrun-init: take a plan, do its steps in order, become the container's process.
 *
 *     tinyrun-init CHANNEL PLAN        two descriptor numbers; no environment
 *
 * It is started by the host's tinyrun from a sealed memory file, inside the namespaces that clone3
 * made. Everything it needs from the host comes as descriptors; it has no allocator, no stdio and
 * no libc, so that nothing of the host is in its memory that a container could look for.
 */
#include "init/init.h"

#include <linux/close_range.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/time.h>

#define N_SIGNALS 64

/* A descriptor number in decimal, or -1. */
static int number_parse(const char *text)
{
	int n = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || n > 1 << 24)
			return -1;
		n = n * 10 + (*text - '0');
	}
	return n;
}

/* Die with the host. Every change of identity takes this back, so it is done again after each. */
int death_arm(void)
{
	return sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0);
}

/* Nothing of the caller's signals, mask and descriptors may reach the container (rule 24). */
static int self_prepare(void)
{
	int r = sys_prctl(PR_SET_DUMPABLE, 0, 0);

	if (r == 0)
		r = death_arm();
	if (r == 0)
		r = sys_sigmask_clear();
	if (r == 0)
		r = sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	(void)sys_umask(0);
	return r;
}

/* An exec leaves only what is ignored. */
static void signals_reset(const struct init *in)
{
	for (int i = 1; i <= N_SIGNALS; i++) {
		if (in->head->ignored >> (i - 1) & 1)
			(void)sys_sigaction_default(i); /* KILL and STOP refuse: no harm */
	}
}

static uint64_t now(void)
{
	struct __kernel_timespec t = {0};

	(void)sys_clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int trace_open(struct init *in)
{
	const struct plan_header *head = in->head;
	long at;

	if ((head->flags & PLAN_TRACE) == 0 || head->trace_slot == PLAN_NO_SLOT)
		return 0;
	at = sys_mmap((head->n_steps + 1ul) * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED,
		      plan_slot(in, head->trace_slot));
	if (at < 0 && at > -4096)
		return (int)at;
	in->trace = (uint64_t *)at;
	in->trace[head->n_steps] = now();
	return 0;
}

static int step_run(struct init *in, const struct plan_step *s)
{
	switch (s->kind) {
#define X(kind, name, words) \
	case STEP_##kind:    \
		return step_##name(in, s);
		PLAN_STEPS(X)
#undef X
	default:
		fail_text(in, "there is no step of this kind");
		return -EINVAL;
	}
}

/* Do all steps; the last one does not come back. */
int steps_run(struct init *in)
{
	const struct plan_header *head = in->head;
	const struct plan_step *steps = plan_bytes(in, head->steps, head->n_steps, sizeof(*steps));

	for (in->at = 0; in->at < head->n_steps; in->at++) {
		int r;

		if (in->trace != NULL)
			in->trace[in->at] = now();
		r = step_run(in, &steps[in->at]);
		if (r < 0)
			return r;
	}
	fail_text(in, "the plan has no program at its end");
	return -EINVAL;
}

int init_main(int argc, char *const argv[])
{
	struct init in = {
		.channel = -1,
		.root_fd = -1,
		.dir_fd = -1,
		.proc_fd = -1,
		.null_fd = -1,
		.bounding = UINT64_MAX,
	};
	int plan_fd, r;

	if (argc != 3)
		return 2;
	in.channel = number_parse(argv[1]);
	plan_fd = number_parse(argv[2]);
	if (in.channel < 0 || plan_fd < 0)
		return 2;
	r = self_prepare();
	if (r == 0)
		r = plan_open(&in, plan_fd);
	if (r == 0) {
		signals_reset(&in);
		r = trace_open(&in);
	}
	if (r == 0)
		r = steps_run(&in);
	/* A hook that failed has a wait status, which says more than an errno. */
	fail(&in, in.failure.status != 0 ? 0 : r);
}
