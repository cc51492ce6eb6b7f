/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ids - who the program is and what it may do: user, groups, capabilities, limits.
 *
 * The order of these steps is the plan's. Only what we hold can be passed on, so a set that asks
 * for more is cut down to what there is: a runtime that runs with fewer capabilities than the
 * config lists still starts the container.
 */
#include "init/init.h"

#include <asm/resource.h>
#include <asm/statfs.h>
#include <linux/magic.h>
#include <linux/prctl.h>

#define N_CAPABILITIES 64

/*
 * The number of open files would bind us too, who may hold more than the program is to have. So it
 * is only raised here, where that is allowed, and set to the end by CLOSE.
 */
static int files_limit_raise(struct init *in, const struct limit *limit)
{
	struct limit now;
	int r = sys_prlimit(RLIMIT_NOFILE, NULL, &now);

	in->files = *limit;
	in->limits_files = true;
	if (r < 0 || limit->hard <= now.hard)
		return r;
	now.hard = limit->hard;
	return sys_prlimit(RLIMIT_NOFILE, &now, NULL);
}

int limit_files(struct init *in)
{
	return in->limits_files ? sys_prlimit(RLIMIT_NOFILE, &in->files, NULL) : 0;
}

int step_rlimit(struct init *in, const struct plan_step *s)
{
	const struct limit limit = {.soft = s->rlimit.soft, .hard = s->rlimit.hard};

	if (s->rlimit.resource == RLIMIT_NOFILE)
		return files_limit_raise(in, &limit);
	return sys_prlimit(s->rlimit.resource, &limit, NULL);
}

int step_no_new_privs(struct init *in, const struct plan_step *s)
{
	(void)in;
	(void)s;
	return sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0);
}

/* A kernel knows its first so many capabilities and says EINVAL behind the last one. */
int step_bounding(struct init *in, const struct plan_step *s)
{
	in->bounding = s->bounding.keep;
	for (unsigned long cap = 0; cap < N_CAPABILITIES; cap++) {
		int r;

		if (s->bounding.keep >> cap & 1)
			continue;
		r = sys_prctl(PR_CAPBSET_DROP, cap, 0);
		if (r == -EPERM && sys_prctl(PR_CAPBSET_READ, cap, 0) == 0)
			continue;
		if (r == -EINVAL)
			return 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* Without any to set, being forbidden to set them means that a namespace has denied it. */
static int groups_set(struct init *in, const struct plan_step *s)
{
	uint32_t n = s->user.n_groups;
	int r;

	if (s->user.keep_groups != 0)
		return 0;
	r = sys_setgroups(n, n > 0 ? plan_bytes(in, s->user.groups, n, sizeof(uint32_t)) : NULL);
	return r == -EPERM && n == 0 ? 0 : r;
}

/*
 * Pipes that the caller has made for the program become the user's, as with runc: who writes to
 * /dev/stdout opens it anew. Only those without a name: whatever else stands there is the host's.
 * One of another user namespace's cannot be given, and is not.
 */
static void pipes_give(const struct init *in, uint32_t uid)
{
	for (int fd = 0; fd < 3; fd++) {
		struct statfs fs;
		struct statx st;

		if ((in->no_pipes >> fd & 1) != 0 || sys_statx(fd, "", AT_EMPTY_PATH, &st) < 0 ||
		    !S_ISFIFO(st.stx_mode) || st.stx_uid == uid)
			continue;
		if (sys_fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC)
			(void)sys_fchown(fd, uid, UINT32_MAX);
	}
}

/*
 * The permitted capabilities outlive the change of user, for the CAPS step to choose from; those of
 * one who stays root do so by themselves.
 */
int step_user(struct init *in, const struct plan_step *s)
{
	bool leaves_root = s->user.uid != 0;
	int r = leaves_root ? sys_prctl(PR_SET_KEEPCAPS, 1, 0) : 0;

	if (r == 0)
		pipes_give(in, s->user.uid);
	if (r == 0)
		r = groups_set(in, s);
	if (r == 0)
		r = sys_setresgid(s->user.gid);
	if (r == 0)
		r = sys_setresuid(s->user.uid);
	if (r == 0 && leaves_root)
		r = sys_prctl(PR_SET_KEEPCAPS, 0, 0);
	if (r == 0)
		r = sys_prctl(PR_SET_DUMPABLE, 0, 0);
	if (r == 0)
		r = death_arm();
	if (r == 0)
		r = cwd_retry(in);
	(void)sys_umask(s->user.umask);
	return r;
}

static uint64_t both_halves(const uint32_t low, const uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

static int ambient_raise(uint64_t set)
{
	int r = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0);

	for (unsigned long cap = 0; r == 0 && cap < N_CAPABILITIES; cap++) {
		if (set >> cap & 1)
			r = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap);
	}
	return r;
}

int step_caps(struct init *in, const struct plan_step *s)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	uint64_t permitted, effective, inheritable, held, inherited;
	int r = sys_capget(&head, data);

	if (r < 0)
		return r;
	held = both_halves(data[0].permitted, data[1].permitted);
	inherited = both_halves(data[0].inheritable, data[1].inheritable);
	permitted = s->caps.permitted & held;
	effective = s->caps.effective & permitted;
	inheritable = s->caps.inheritable & (inherited | (held & in->bounding));
	for (int half = 0; half < 2; half++) {
		data[half].permitted = (uint32_t)(permitted >> 32 * half);
		data[half].effective = (uint32_t)(effective >> 32 * half);
		data[half].inheritable = (uint32_t)(inheritable >> 32 * half);
	}
	r = sys_capset(&head, data);
	return r < 0 ? r : ambient_raise(s->caps.ambient & permitted & inheritable);
}
