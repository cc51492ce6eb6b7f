/* SPDX-License-Identifier: Apache-2.0 */
/*
 * describe - a step with its arguments in words, for `tinyrun plan` and the trace.
 *
 * Steps without arguments say what plan_format.h says of their kind. Only the plan's bytes are
 * needed; with its list of slots at hand, what comes from the host is named too.
 */
#include "plan/internal.h"
#include "plan/words.h"
#include "tinyrun/plan.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* A step being put into words. */
struct view {
	const struct plan *p;
	const struct plan_step *step;
	struct buf *out;
};

static const char *str(const struct view *v, uint32_t offset)
{
	return plan_str(v->p, offset);
}

/* What the host opens for @slot, or NULL when it is not known. */
static const struct plan_fd *fd_of(const struct view *v, uint32_t slot)
{
	return slot < v->p->n_fds ? &v->p->fds[slot] : NULL;
}

static void say_words(const struct view *v)
{
	buf_add_str(v->out, plan_step_words(v->step->kind));
}

/* --- namespaces --- */

static void say_setns(const struct view *v)
{
	const struct plan_fd *fd = fd_of(v, v->step->setns.slot);

	buf_add_str(v->out, "join the ");
	words_namespaces(v->out, v->step->setns.ns_flag);
	if (fd && fd->kind == PLAN_FD_PROCESS)
		buf_add_str(v->out, " namespaces of the container");
	else
		buf_addf(v->out, " namespace%s%s", fd ? " " : "", fd ? fd->path : "");
}

static void say_unshare(const struct view *v)
{
	buf_add_str(v->out, "make new namespaces: ");
	words_namespaces(v->out, v->step->unshare.ns_flags);
}

static void say_named(const struct view *v, uint32_t name)
{
	say_words(v);
	buf_addf(v->out, " %s", str(v, name));
}

static void say_text(const struct view *v)
{
	say_named(v, v->step->text.name);
}

static void say_time_offset(const struct view *v)
{
	const char *gap = "set the clocks: ", *line = str(v, v->step->time_offset.text);

	if (*line == '\0')
		say_words(v);

	while (*line) {
		size_t len = strcspn(line, "\n");

		buf_add_str(v->out, gap);
		buf_add(v->out, line, len);
		line += len + (line[len] == '\n');
		gap = ", ";
	}
}

static void say_unmount(const struct view *v)
{
	buf_addf(v->out, "unmount %s", str(v, v->step->path.path));
}

static void say_sysctl(const struct view *v)
{
	say_named(v, v->step->sysctl.name);
	buf_addf(v->out, " to %s", str(v, v->step->sysctl.value));
}

/* --- mounts --- */

static void say_propagation(const struct view *v)
{
	say_words(v);
	buf_addf(v->out, ": %s", words_propagation(v->step->propagation.ms_flags));
}

static void say_mount(const struct view *v)
{
	const struct plan_step *s = v->step;
	struct words w = {.out = v->out};

	if (s->kind == STEP_REMOUNT)
		buf_addf(v->out, "change the file system on %s", str(v, s->mount.target));
	else
		buf_addf(v->out, "mount %s on %s", str(v, s->mount.fstype),
			 str(v, s->mount.target));
	words_mount_flags(&w, s->mount.ms_flags);
	words_attributes(&w, s->mount.attr_set, s->mount.attr_clr, true);
	words_add(&w, words_propagation(s->mount.ms_propagation));
	words_add(&w, s->flags & PLAN_COPY_UP ? "tmpcopyup" : "");
	for (const char *data = str(v, s->mount.data); *data; data += *data == ',') {
		size_t len = strcspn(data, ",");
		char option[128];

		(void)snprintf(option, sizeof(option), "%.*s", (int)len, data);
		words_add(&w, option);
		data += len;
	}
	if (s->flags & PLAN_OF_CHILD)
		words_add(&w, "of the pid namespace to be joined");
	if (s->flags & PLAN_KEEP_MODE)
		words_add(&w, "mode of the mount point");
	words_end(&w);
}

static void say_attach(const struct view *v)
{
	const struct plan_fd *fd = fd_of(v, v->step->attach.slot);

	buf_add_str(v->out, "attach ");
	if (fd && fd->kind == PLAN_FD_CGROUP)
		buf_add_str(v->out, "the container's cgroup");
	else
		buf_add_str(v->out, fd ? fd->path : "a mount");
	buf_addf(v->out, " on %s", str(v, v->step->attach.target));
	buf_add_str(v->out, v->step->flags & PLAN_NOFOLLOW ? " (not following)" : "");
}

static void say_setattr(const struct view *v)
{
	const struct plan_step *s = v->step;
	struct words w = {.out = v->out};

	buf_addf(v->out, "change the mount on %s", str(v, s->setattr.target));
	words_attributes(&w, s->setattr.attr_set, s->setattr.attr_clr, s->setattr.recursive);
	words_add(&w, words_propagation(s->setattr.ms_propagation));
	words_end(&w);
}

static void say_root_attr(const struct view *v)
{
	struct words w = {.out = v->out};

	buf_add_str(v->out, "change the root");
	words_attributes(&w, v->step->root_attr.attr_set, 0, false);
	words_end(&w);
}

/* --- devices --- */

static void say_mknod(const struct view *v)
{
	const struct plan_step *s = v->step;

	if (S_ISFIFO(s->mknod.mode))
		buf_addf(v->out, "make the fifo %s (", str(v, s->mknod.path));
	else
		buf_addf(v->out, "make the device %s (%c %u:%u, ", str(v, s->mknod.path),
			 S_ISBLK(s->mknod.mode) ? 'b' : 'c', s->mknod.major, s->mknod.minor);
	buf_addf(v->out, "mode %04o", s->mknod.mode & 07777);
	if (s->mknod.uid || s->mknod.gid)
		buf_addf(v->out, ", owner %u:%u", s->mknod.uid, s->mknod.gid);
	buf_add_char(v->out, ')');
}

static void say_symlink(const struct view *v)
{
	buf_addf(v->out, "link %s to %s%s", str(v, v->step->symlink.path),
		 str(v, v->step->symlink.target),
		 v->step->flags & PLAN_IGNORE_MISSING ? ", if that is there" : "");
}

static void say_console(const struct view *v)
{
	const struct plan_step *s = v->step;

	say_words(v);
	if (s->console.width || s->console.height)
		buf_addf(v->out, " of %ux%u", s->console.width, s->console.height);
	buf_addf(v->out, " for user %u", s->console.uid);
	if (s->console.on_dev_console)
		buf_add_str(v->out, ", also on /dev/console");
}

/* --- paths --- */

static void say_readonly_path(const struct view *v)
{
	buf_addf(v->out, "make %s read-only", str(v, v->step->path.path));
}

static void say_mask(const struct view *v)
{
	buf_addf(v->out, "mask %s", str(v, v->step->path.path));
}

static void say_cwd(const struct view *v)
{
	say_named(v, v->step->path.path);
}

/* --- the process --- */

static const struct {
	uint32_t resource;
	const char *name;
} resources[] = {
#define RESOURCE(name)                         \
	{                                      \
		RLIMIT_##name, "RLIMIT_" #name \
	}
	RESOURCE(AS),     RESOURCE(CORE),   RESOURCE(CPU),        RESOURCE(DATA),
	RESOURCE(FSIZE),  RESOURCE(LOCKS),  RESOURCE(MEMLOCK),    RESOURCE(MSGQUEUE),
	RESOURCE(NICE),   RESOURCE(NOFILE), RESOURCE(NPROC),      RESOURCE(RSS),
	RESOURCE(RTPRIO), RESOURCE(RTTIME), RESOURCE(SIGPENDING), RESOURCE(STACK),
#undef RESOURCE
};

static void say_limit(struct buf *out, uint64_t limit)
{
	if (limit == UINT64_MAX)
		buf_add_str(out, "unlimited");
	else
		buf_addf(out, "%llu", (unsigned long long)limit);
}

static void say_rlimit(const struct view *v)
{
	const char *name = "a limit";

	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++)
		if (resources[i].resource == v->step->rlimit.resource)
			name = resources[i].name;
	buf_addf(v->out, "set %s to ", name);
	say_limit(v->out, v->step->rlimit.soft);
	if (v->step->rlimit.soft == v->step->rlimit.hard)
		return;
	buf_add_str(v->out, ", at most ");
	say_limit(v->out, v->step->rlimit.hard);
}

static const char *word_of(const char *const *words, size_t n, size_t i)
{
	return i < n && words[i] ? words[i] : "?";
}

static void say_scheduler(const struct view *v)
{
	static const char *const policies[] = {"OTHER", "FIFO", "RR",      "BATCH",
					       "ISO",   "IDLE", "DEADLINE"};
	const struct plan_step *s = v->step;

	say_words(v);
	buf_addf(v->out, " SCHED_%s", word_of(policies, 7, s->scheduler.policy));
	if (s->scheduler.nice)
		buf_addf(v->out, ", nice %d", s->scheduler.nice);
	if (s->scheduler.priority)
		buf_addf(v->out, ", priority %u", s->scheduler.priority);
	if (s->scheduler.period || s->scheduler.deadline)
		buf_addf(v->out, ", %llu of %llu ns until %llu",
			 (unsigned long long)s->scheduler.runtime,
			 (unsigned long long)s->scheduler.period,
			 (unsigned long long)s->scheduler.deadline);
	if (s->scheduler.flags)
		buf_addf(v->out, ", flags %#llx", (unsigned long long)s->scheduler.flags);
}

static void say_io_priority(const struct view *v)
{
	static const char *const classes[] = {"NONE", "RT", "BE", "IDLE"};

	say_words(v);
	buf_addf(v->out, " to %u of IOPRIO_CLASS_%s", v->step->io_priority.priority,
		 word_of(classes, 4, v->step->io_priority.class));
}

static void say_personality(const struct view *v)
{
	say_words(v);
	buf_add_str(v->out, v->step->personality.domain ? " LINUX32" : " LINUX");
}

static void say_memory_policy(const struct view *v)
{
	static const char *const modes[] = {
		"DEFAULT",        "PREFERRED",          "BIND", "INTERLEAVE", "LOCAL",
		"PREFERRED_MANY", "WEIGHTED_INTERLEAVE"};
	const uint64_t *nodes = (const uint64_t *)(const void *)((const char *)v->p->bytes +
								 v->step->memory_policy.nodes);
	bool there = v->step->memory_policy.nodes &&
		     v->step->memory_policy.nodes + SPEC_NODES_MAX / UINT64_C(8) <= v->p->size;
	const char *gap = ", nodes ";

	say_words(v);
	buf_addf(v->out, " MPOL_%s", word_of(modes, 7, v->step->memory_policy.mode));
	if (v->step->memory_policy.flags)
		buf_addf(v->out, ", flags %#x", v->step->memory_policy.flags);
	for (unsigned i = 0; there && i < SPEC_NODES_MAX; i++) {
		if (nodes[i / 64] >> i % 64 & 1) {
			buf_addf(v->out, "%s%u", gap, i);
			gap = " ";
		}
	}
}

static void say_bounding(const struct view *v)
{
	say_words(v);
	buf_add_str(v->out, ", keep ");
	caps_describe(v->step->bounding.keep, v->out);
}

static void say_user(const struct view *v)
{
	const struct plan_step *s = v->step;
	const uint32_t *groups =
		(const uint32_t *)(const void *)((const char *)v->p->bytes + s->user.groups);

	buf_addf(v->out, "become user %u, group %u", s->user.uid, s->user.gid);
	for (uint32_t i = 0; i < s->user.n_groups; i++)
		buf_addf(v->out, "%s%u", i ? " " : ", groups ", groups[i]);
	if (s->user.keep_groups)
		buf_add_str(v->out, ", the caller's groups");
	buf_addf(v->out, ", umask %04o", s->user.umask);
}

/* Sets that are equal are named together, and not at all when all are. */
static void say_caps(const struct view *v)
{
	const struct plan_step *s = v->step;
	const struct {
		const char *name;
		uint64_t set;
	} sets[] = {{"effective ", s->caps.effective},
		    {"permitted ", s->caps.permitted},
		    {"inheritable ", s->caps.inheritable},
		    {"ambient ", s->caps.ambient}};
	const size_t n = sizeof(sets) / sizeof(sets[0]);
	const char *gap = "set capabilities: ";
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n && sets[i].set == sets[i + 1].set)
			continue;
		buf_add_str(v->out, gap);
		for (size_t k = from; k <= i && !(from == 0 && i + 1 == n); k++)
			buf_addf(v->out, "%s%s", k > from ? "and " : "", sets[k].name);
		caps_describe(sets[i].set, v->out);
		from = i + 1;
		gap = "; ";
	}
}

static void say_home(const struct view *v)
{
	buf_addf(v->out, "set HOME to that of user %u", v->step->home.uid);
}

static const uint32_t *array(const struct view *v, uint32_t offset)
{
	static const uint32_t none;

	return offset ? (const uint32_t *)(const void *)((const char *)v->p->bytes + offset)
		      : &none;
}

static void say_find(const struct view *v)
{
	const uint32_t *candidates = array(v, v->step->find.candidates);
	const char *name = str(v, v->step->find.name);
	size_t n = 0;

	while (candidates[n])
		n++;
	buf_addf(v->out, "find the program %s", name);
	if (!strchr(name, '/'))
		buf_addf(v->out, " in %zu %s of PATH", n, n == 1 ? "directory" : "directories");
}

static void say_output(const struct view *v, const char *stream, uint32_t slot)
{
	if (slot != PLAN_NO_SLOT)
		buf_addf(v->out, ", %s to fd %u", stream, slot);
}

static void say_hook(const struct view *v)
{
	buf_addf(v->out, "run the %s hook %s",
		 spec_hook_name((enum spec_hook_kind)v->step->hook.list),
		 str(v, v->step->hook.path));
	if (v->step->hook.timeout_ms)
		buf_addf(v->out, " (at most %u s)", v->step->hook.timeout_ms / 1000);
	say_output(v, "stdout", v->step->hook.stdout_slot);
	say_output(v, "stderr", v->step->hook.stderr_slot);
}

static void say_close(const struct view *v)
{
	buf_addf(v->out, "close descriptors from %u on", 3 + v->step->close.keep);
}

static void say_seccomp(const struct view *v)
{
	say_words(v);
	buf_addf(v->out, " of %u instructions%s", v->step->seccomp.n_insns,
		 v->step->seccomp.listener ? ", with a listener" : "");
}

static void say_exec(const struct view *v)
{
	buf_add_str(v->out, "execute");
	for (const uint32_t *arg = array(v, v->step->exec.argv); *arg; arg++) {
		const char *s = str(v, *arg);
		const char *quote = *s == '\0' || strpbrk(s, " \t\n\"'\\$") ? "\"" : "";

		buf_addf(v->out, " %s%s%s", quote, s, quote);
	}
}

/* What is not here has no arguments worth a word. */
static void (*const sayers[STEP_MAX])(const struct view *v) = {
	[STEP_SETNS] = say_setns,
	[STEP_UNSHARE] = say_unshare,
	[STEP_PROPAGATION] = say_propagation,
	[STEP_MOUNT] = say_mount,
	[STEP_ATTACH] = say_attach,
	[STEP_SETATTR] = say_setattr,
	[STEP_REMOUNT] = say_mount,
	[STEP_MKNOD] = say_mknod,
	[STEP_SYMLINK] = say_symlink,
	[STEP_CONSOLE] = say_console,
	[STEP_HOSTNAME] = say_text,
	[STEP_DOMAINNAME] = say_text,
	[STEP_TIME_OFFSET] = say_time_offset,
	[STEP_SELINUX_LABEL] = say_text,
	[STEP_APPARMOR] = say_text,
	[STEP_SYSCTL] = say_sysctl,
	[STEP_HOOK] = say_hook,
	[STEP_READONLY_PATH] = say_readonly_path,
	[STEP_MASK] = say_mask,
	[STEP_ROOT_ATTR] = say_root_attr,
	[STEP_ROOT_PROPAGATION] = say_propagation,
	[STEP_RLIMIT] = say_rlimit,
	[STEP_SCHEDULER] = say_scheduler,
	[STEP_IO_PRIORITY] = say_io_priority,
	[STEP_PERSONALITY] = say_personality,
	[STEP_MEMORY_POLICY] = say_memory_policy,
	[STEP_CWD] = say_cwd,
	[STEP_UNMOUNT] = say_unmount,
	[STEP_BOUNDING] = say_bounding,
	[STEP_USER] = say_user,
	[STEP_CAPS] = say_caps,
	[STEP_HOME] = say_home,
	[STEP_FIND] = say_find,
	[STEP_CLOSE] = say_close,
	[STEP_SECCOMP] = say_seccomp,
	[STEP_EXEC] = say_exec,
};

void plan_describe_step(const struct plan *p, size_t i, struct buf *out)
{
	const struct view v = {.p = p, .step = plan_step(p, i), .out = out};

	if (v.step->kind < STEP_MAX && sayers[v.step->kind])
		sayers[v.step->kind](&v);
	else
		say_words(&v);
}
