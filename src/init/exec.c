/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec - the last steps: find the program, wait for start, close up, become it.
 */
#include "init/init.h"

#include <linux/prctl.h>

#define X_OK     1
#define FDS_OURS 4096 /* above every descriptor that a plan has slots for */

/* Whether the user that we are may execute the file. */
static int program_check(const char *path)
{
	struct statx st;
	int r = sys_statx(AT_FDCWD, path, 0, &st);

	if (r < 0)
		return r;
	if (!S_ISREG(st.stx_mode))
		return -EACCES;
	r = sys_faccessat2(AT_FDCWD, path, X_OK, AT_EACCESS);
	if (r == -ENOSYS) /* our real and effective ids are the same */
		r = sys_faccessat(AT_FDCWD, path, X_OK);
	return r;
}

/* Like execvp: the first one that can be executed; one that is there but cannot says EACCES. */
int step_find(struct init *in, const struct plan_step *s)
{
	const char *path;
	int result = -ENOENT;

	for (size_t i = 0; (path = plan_item(in, s->find.candidates, i)) != NULL; i++) {
		int r = program_check(path);

		if (r == 0) {
			in->program = path;
			return 0;
		}
		if (r == -EACCES)
			result = r;
	}
	fail_text(in, plan_need(in, s->find.name));
	return result;
}

/*
 * `start` connects to the listening socket; what it sends is the same word as the host's. One that
 * is killed between connecting and speaking must not take the container with it.
 */
static int start_wait(struct init *in, int listener)
{
	bool go;

	(void)sys_close(in->channel);
	do {
		do {
			in->channel = sys_accept4(listener, SOCK_CLOEXEC);
		} while (in->channel == -EINTR || in->channel == -ECONNABORTED);
		if (in->channel < 0)
			return in->channel;
		go = channel_wait_go(in) == 1;
		if (!go)
			(void)sys_close(in->channel);
	} while (!go);
	return sys_close(listener);
}

const struct plan_step *step_later(struct init *in, enum plan_step_kind kind)
{
	const struct plan_header *head = in->head;
	const struct plan_step *steps = plan_bytes(in, head->steps, head->n_steps, sizeof(*steps));

	for (uint32_t i = in->at; i < head->n_steps; i++) {
		if (steps[i].kind == kind)
			return &steps[i];
	}
	return NULL;
}

/* A filter that is in force already may not know close_range: then one by one, as far as ours go.
 */
static void range_close(int first, int last)
{
	if (first > last || sys_close_range((unsigned)first, (unsigned)last, 0) == 0)
		return;
	for (int fd = first; fd <= last && fd < FDS_OURS; fd++)
		(void)sys_close(fd); /* most are not open */
}

/*
 * A created container waits for long, and others can be started in it meanwhile. So nothing of the
 * host's stays open: only what the caller gave to the program, and the two ends we speak through.
 */
static int others_close(struct init *in, int listener)
{
	const struct plan_step *close = step_later(in, STEP_CLOSE);
	int low = listener >= 0 && listener < in->channel ? listener : in->channel;
	int high = listener > in->channel ? listener : in->channel;
	int first = 3 + (close != NULL ? (int)close->close.keep : 0);

	if (low < first)
		return -EINVAL;
	in->root_fd = in->dir_fd = in->proc_fd = in->null_fd = -1;
	range_close(first, low - 1);
	range_close(low + 1, high - 1);
	range_close(high + 1, INT32_MAX);
	return 0;
}

/*
 * Before a child enters a pid namespace in which others run already: whoever may look into it there
 * shall find nothing (CVE-2016-9962).
 */
int step_shed(struct init *in, const struct plan_step *s)
{
	const struct plan_step *wait = step_later(in, STEP_WAIT);
	uint32_t slot = wait != NULL ? wait->wait.listen_slot : PLAN_NO_SLOT;

	(void)s;
	return others_close(in, slot == PLAN_NO_SLOT ? -1 : plan_slot(in, slot));
}

/* From READY on the container is the caller's: the runtime's end is no longer its own. */
int step_wait(struct init *in, const struct plan_step *s)
{
	uint32_t slot = s->wait.listen_slot;
	int listener = slot == PLAN_NO_SLOT ? -1 : plan_slot(in, slot);
	int r = others_close(in, listener);

	if (r == 0)
		r = sys_prctl(PR_SET_PDEATHSIG, 0, 0);
	if (r == 0)
		r = channel_send(in, PLAN_MSG_READY, -1);
	if (r < 0)
		return r;
	channel_need_go(in);
	return slot == PLAN_NO_SLOT ? 0 : start_wait(in, listener);
}

/*
 * Everything above the standard streams closes at execve, since main; only what the caller asked
 * to keep stays. So the channel's end of file is the sign that the program runs.
 */
int step_close(struct init *in, const struct plan_step *s)
{
	int last = 3 + (int)s->close.keep;
	int r = 0;

	if (s->close.keep > 1 << 20 || (in->channel >= 3 && in->channel < last))
		return -EINVAL;
	for (int fd = 3; r == 0 && fd < last; fd++)
		r = sys_fcntl(fd, F_SETFD, 0);
	return r == 0 ? limit_files(in) : r;
}

/* For a plan that runs no program: the host hears that all of it was done. */
int step_leave(struct init *in, const struct plan_step *s)
{
	int r = channel_send(in, PLAN_MSG_READY, -1);

	(void)s;
	if (r == 0)
		sys_exit(0);
	return r;
}

int step_exec(struct init *in, const struct plan_step *s)
{
	char **argv, **envp;
	int r = plan_vector(in, s->exec.argv, NULL, &argv);

	if (r == 0)
		r = plan_vector(in, s->exec.envp, in->home[0] != '\0' ? in->home : NULL, &envp);
	if (r < 0)
		return r;
	if (argv[0] == NULL || in->late_cwd != NULL)
		return in->late_cwd != NULL ? -EACCES : -EINVAL;
	return sys_execve(in->program != NULL ? in->program : argv[0], argv, envp);
}
