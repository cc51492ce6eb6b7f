/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namespaces - which are joined, which are made, by whom, and the names in them.
 *
 * New ones are best made by clone3(2) itself. Not so:
 *  - all of them when a user namespace is joined: they have to belong to it, so init makes them
 * once it is inside;
 *  - a cgroup namespace: its root is the cgroup of the process that makes it, and clone3 would take
 *    the parent's;
 *  - a time namespace: its clocks are set between its making and entering it.
 * A pid namespace is entered only by children: whoever joins one, which is the last thing of all,
 * or makes one after joining a user namespace, has to fork.
 */
#include "plan/internal.h"

#include <linux/sched.h>

static bool is_new(const struct spec *spec, enum spec_ns_kind kind)
{
	return spec->ns[kind].present && !spec->ns[kind].path;
}

static bool is_joined(const struct spec *spec, enum spec_ns_kind kind)
{
	return spec->ns[kind].present && spec->ns[kind].path;
}

bool namespaces_lack_mknod(const struct plan_input *in)
{
	return in->in_user_ns || in->spec->ns[SPEC_NS_USER].present;
}

static const char *ns_origin(struct builder *b, enum spec_ns_kind kind)
{
	if (b->in->spec->ns[kind].index == SPEC_NS_ADDED)
		return "--network";
	return builder_text(b, "linux.namespaces[%zu]", b->in->spec->ns[kind].index);
}

/* Whether a kernel parameter of it is set, so that it must not be the host's. */
static bool is_changed(const struct spec *spec, enum spec_ns_kind kind)
{
	for (size_t i = 0; i < spec->n_sysctls; i++)
		if (spec->sysctls[i].needs == kind)
			return true;
	return false;
}

static void join(struct builder *b, enum spec_ns_kind kind)
{
	const char *origin = ns_origin(b, kind);
	uint32_t slot;
	struct plan_fd *fd =
		builder_slot(b, PLAN_FD_NAMESPACE, origin, b->in->spec->ns[kind].path, NULL, &slot);
	struct plan_step *step = builder_step(b, STEP_SETNS, origin);

	fd->not_host = is_changed(b->in->spec, kind);
	fd->ns_flag = spec_ns_flag(kind);
	if (kind == SPEC_NS_UTS) {
		const struct spec *spec = b->in->spec;

		fd->hostname = spec->hostname ? builder_text(b, "%s", spec->hostname) : NULL;
		fd->domainname = spec->domainname ? builder_text(b, "%s", spec->domainname) : NULL;
	}
	if (kind == SPEC_NS_USER) {
		fd->uid_map = builder_maps(b, &b->in->spec->uid_map);
		fd->gid_map = builder_maps(b, &b->in->spec->gid_map);
	}
	step->setns.slot = slot;
	step->setns.ns_flag = (uint32_t)spec_ns_flag(kind);
}

static void unshare_step(struct builder *b, uint64_t flags, const char *origin)
{
	if (flags)
		builder_step(b, STEP_UNSHARE, origin)->unshare.ns_flags = flags;
}

/* What one clone3(2) or unshare(2) makes together. */
static uint64_t new_flags(const struct spec *spec)
{
	uint64_t flags = 0;

	for (unsigned i = 0; i < SPEC_NS_MAX; i++) {
		enum spec_ns_kind kind = (enum spec_ns_kind)i;

		if (is_new(spec, kind) && kind != SPEC_NS_CGROUP && kind != SPEC_NS_TIME)
			flags |= spec_ns_flag(kind);
	}
	return flags;
}

static void join_rest(struct builder *b)
{
	for (unsigned i = 0; i < SPEC_NS_MAX; i++) {
		enum spec_ns_kind kind = (enum spec_ns_kind)i;

		if (is_joined(b->in->spec, kind) && kind != SPEC_NS_USER && kind != SPEC_NS_PID)
			join(b, kind);
	}
}

/*
 * Do: put init into every namespace of the container but the pid namespace of others, the user
 * namespace first, since rights in the others come from it.
 * Must not yet: touch any mount (the mount namespace is the last one joined).
 */
void namespaces_plan_enter(struct builder *b)
{
	const struct spec *spec = b->in->spec;
	bool user_joined = is_joined(spec, SPEC_NS_USER);
	bool forks = user_joined && is_new(spec, SPEC_NS_PID);

	if (user_joined) {
		join(b, SPEC_NS_USER);
		(void)builder_step(b, STEP_ROOT_USER, ns_origin(b, SPEC_NS_USER)); /* 0, 0 */
	}
	if (user_joined)
		unshare_step(b, new_flags(spec), "linux.namespaces");
	else
		b->plan->clone_flags = new_flags(spec);
	if (forks)
		(void)builder_step(b, STEP_FORK, ns_origin(b, SPEC_NS_PID));
	b->plan->forks = forks;
	join_rest(b);
	if (is_new(spec, SPEC_NS_CGROUP))
		unshare_step(b, CLONE_NEWCGROUP, ns_origin(b, SPEC_NS_CGROUP));
}

/* Where others live already nothing of the host's may come along, so it is entered last. */
bool namespaces_join_pid(const struct plan_input *in)
{
	return in->mode != PLAN_EXEC && is_joined(in->spec, SPEC_NS_PID);
}

/*
 * Do: let go of everything that came from the host, enter the pid namespace in a child.
 * Must not before: the root is entered, too (CVE-2016-9962). What needs to be a process of that
 * namespace earlier, mounting its procfs, init has done by a helper.
 */
void namespaces_plan_pid(struct builder *b)
{
	if (!namespaces_join_pid(b->in))
		return;
	join(b, SPEC_NS_PID);
	(void)builder_step(b, STEP_SHED, "");
	(void)builder_step(b, STEP_FORK, ns_origin(b, SPEC_NS_PID));
	b->plan->forks = true;
	ids_plan_session(b, SESSION_LATE);
}

/* The container's root, or whom its maps have in place of one. */
static uint32_t first_id(const struct spec_id_maps *maps)
{
	for (size_t i = 0; i < maps->n; i++)
		if (maps->v[i].container_id == 0)
			return 0;
	return maps->n ? maps->v[0].container_id : 0;
}

/* All at once, those of @kinds that the container has of its own. */
static void plan_setns(struct builder *b, uint64_t kinds)
{
	const struct spec *spec = b->in->spec;
	struct plan_step *step;
	uint64_t flags = 0;
	uint32_t slot;

	for (unsigned i = 0; i < SPEC_NS_MAX; i++)
		if (spec->ns[i].present && !(i == SPEC_NS_USER && b->in->own_user_ns))
			flags |= kinds & spec_ns_flag((enum spec_ns_kind)i);
	if (flags) {
		(void)builder_slot(b, PLAN_FD_PROCESS, "linux.namespaces", NULL, NULL, &slot);
		step = builder_step(b, STEP_SETNS, "linux.namespaces");
		step->setns.slot = slot;
		step->setns.ns_flag = (uint32_t)flags;
	}
	if (flags & spec_ns_flag(SPEC_NS_USER)) {
		step = builder_step(b, STEP_ROOT_USER, "linux.namespaces");
		step->root_user.uid = first_id(&spec->uid_map);
		step->root_user.gid = first_id(&spec->gid_map);
	}
}

/*
 * Do: put init into the namespaces of the container's process, all at once, with the root and the
 * working directory of its mount namespace; let go of what came from the host; and only then, in a
 * child, enter the pid namespace, where others might look at it.
 */
void namespaces_plan_join(struct builder *b)
{
	plan_setns(b, UINT64_MAX);
	root_plan_reenter(b);
	(void)builder_step(b, STEP_SHED, "");
	b->plan->forks = b->in->spec->ns[SPEC_NS_PID].present;
	if (b->plan->forks)
		(void)builder_step(b, STEP_FORK, "linux.namespaces");
}

/*
 * Do: put init where mounts are the container's.
 * Must not: enter the pid namespace, with descriptors of the host's open.
 */
void namespaces_plan_visit(struct builder *b)
{
	plan_setns(b, ~(uint64_t)(CLONE_NEWPID | CLONE_NEWTIME));
}

static const char *offset_line(struct builder *b, const char *clock,
			       const struct spec_time_offset *offset)
{
	if (!offset->set)
		return "";
	return builder_text(b, "%s %lld %u\n", clock, (long long)offset->secs, offset->nanosecs);
}

static void plan_time(struct builder *b)
{
	const struct spec *spec = b->in->spec;

	if (!is_new(spec, SPEC_NS_TIME))
		return;
	unshare_step(b, CLONE_NEWTIME, ns_origin(b, SPEC_NS_TIME));
	if (spec->monotonic.set || spec->boottime.set)
		builder_step(b, STEP_TIME_OFFSET, "linux.timeOffsets")->time_offset.text =
			builder_strf(b, "%s%s", offset_line(b, "monotonic", &spec->monotonic),
				     offset_line(b, "boottime", &spec->boottime));
	else
		(void)builder_step(b, STEP_TIME_OFFSET, ns_origin(b, SPEC_NS_TIME));
}

static void plan_name(struct builder *b, enum plan_step_kind kind, const char *origin,
		      const char *name)
{
	if (name && *name)
		builder_step(b, kind, origin)->text.name = builder_str(b, name);
}

/*
 * Bringing up lo takes longer than most steps, and waits for whoever else changes interfaces: the
 * host does it while init is at work, where it may and where no step sees whether it is done.
 */
static void plan_loopback(struct builder *b)
{
	const struct spec *spec = b->in->spec;
	bool is_seen = spec->n_sysctls > 0 || spec->hooks[SPEC_HOOK_CREATE_CONTAINER].n > 0;
	bool is_there = (b->plan->clone_flags & CLONE_NEWNET) && !b->plan->forks &&
			!spec->ns[SPEC_NS_USER].present; /* made by clone3, for one that stays */

	if (!is_new(spec, SPEC_NS_NETWORK))
		return;
	b->plan->loopback = b->in->privileged && is_there && !is_seen;
	if (!b->plan->loopback)
		(void)builder_step(b, STEP_LOOPBACK, ns_origin(b, SPEC_NS_NETWORK));
}

/*
 * Do: name the host, start the loopback interface, set the clocks.
 * Must not yet: enter the new root (clock offsets are written to the host's procfs).
 */
void namespaces_plan_identity(struct builder *b)
{
	const struct spec *spec = b->in->spec;

	plan_loopback(b);
	plan_name(b, STEP_HOSTNAME, "hostname", spec->hostname);
	plan_name(b, STEP_DOMAINNAME, "domainname", spec->domainname);
	plan_time(b);
}

/*
 * Do: set kernel parameters of the namespaces.
 * Must not before: hooks have furnished the network, whose parameters may be those of an interface.
 * Must not yet: enter the new root, whose /proc is the container's.
 */
void namespaces_plan_sysctls(struct builder *b)
{
	const struct spec *spec = b->in->spec;

	for (size_t i = 0; i < spec->n_sysctls; i++) {
		struct plan_step *step = builder_step(b, STEP_SYSCTL, "linux.sysctl");

		step->sysctl.name = builder_str(b, spec->sysctls[i].name);
		step->sysctl.path = builder_strf(b, "sys/%s", spec->sysctls[i].path);
		step->sysctl.value = builder_str(b, spec->sysctls[i].value);
	}
}
