/* SPDX-License-Identifier: Apache-2.0 */
/*
 * defaults - the configuration that `tinyrun spec` writes.
 *
 * It runs a shell on a terminal with what every engine's default has: namespaces of its own for all
 * but users and time, three harmless capabilities, kernel file systems with what is dangerous in
 * them masked or read-only. For an ordinary user there is a user namespace with the one id that may
 * be mapped, and neither network, devices nor limits, which take privileges. A wish changes single
 * parts of it, so that whatever tinyrun composes by itself (a bundle from programs, `do`, `serve`)
 * is this same configuration where nobody asked for something else.
 *
 * The text is indented with tabs and ends with a newline.
 */
#include "spec/internal.h"

#include "tinyrun/fd.h"

#include <stdlib.h>
#include <string.h>

#define CAPABILITIES "CAP_AUDIT_WRITE CAP_KILL CAP_NET_BIND_SERVICE"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const char *const spec_wish_env[] = {DEFAULT_PATH, "TERM=xterm", NULL};

_Static_assert(sizeof(spec_wish_env) / sizeof(spec_wish_env[0]) == SPEC_WISH_ENV_MAX + 1,
	       "what is told to others of its size");

enum who { FOR_ALL, FOR_ROOT, FOR_ROOTLESS, FOR_MANY_IDS, FOR_ONE_ID };

struct default_mount {
	enum who who;
	const char *destination, *type, *source, *options;
};

static const struct default_mount mounts[] = {
	{FOR_ALL, "/proc", "proc", "proc", NULL},
	{FOR_ALL, "/dev", "tmpfs", "tmpfs", "nosuid strictatime mode=755 size=65536k"},
	{FOR_MANY_IDS, "/dev/pts", "devpts", "devpts",
	 "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5"},
	{FOR_ONE_ID, "/dev/pts", "devpts", "devpts",
	 "nosuid noexec newinstance ptmxmode=0666 mode=0620"},
	{FOR_ALL, "/dev/shm", "tmpfs", "shm", "nosuid noexec nodev mode=1777 size=65536k"},
	{FOR_ALL, "/dev/mqueue", "mqueue", "mqueue", "nosuid noexec nodev"},
	{FOR_ROOT, "/sys", "sysfs", "sysfs", "nosuid noexec nodev ro"},
	{FOR_ROOTLESS, "/sys", "none", "/sys", "rbind nosuid noexec nodev ro"},
	{FOR_ALL, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid noexec nodev relatime ro"},
};

struct default_namespace {
	enum who who;
	const char *type;
};

static const struct default_namespace namespaces[] = {
	{FOR_ALL, "pid"},   {FOR_ROOT, "network"}, {FOR_ALL, "ipc"},       {FOR_ALL, "uts"},
	{FOR_ALL, "mount"}, {FOR_ALL, "cgroup"},   {FOR_ROOTLESS, "user"},
};

static const char masked_paths[] =
	"/proc/acpi /proc/asound /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list "
	"/proc/timer_stats /proc/sched_debug /sys/firmware /proc/scsi";

static const char readonly_paths[] = "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger";

/* Writes members one below the other; a bracket that opens makes what follows one deeper. */
struct writer {
	struct buf *out;
	unsigned depth;
	bool empty; /* nothing stands behind the last bracket that was opened */
};

/* The comma of the value before, a new line, the indentation, and the key of a member. */
static void put_key(struct writer *w, const char *key)
{
	buf_add_str(w->out, w->empty ? "" : ",");
	buf_add_str(w->out, w->depth > 0 ? "\n" : "");
	for (unsigned i = 0; i < w->depth; i++)
		buf_add_char(w->out, '\t');
	if (key)
		buf_addf(w->out, "\"%s\": ", key);
	w->empty = false;
}

static void put_open(struct writer *w, const char *key, char bracket)
{
	put_key(w, key);
	buf_add_char(w->out, bracket);
	w->depth++;
	w->empty = true;
}

static void put_close(struct writer *w, char bracket)
{
	w->depth--;
	buf_add_char(w->out, '\n');
	for (unsigned i = 0; i < w->depth; i++)
		buf_add_char(w->out, '\t');
	buf_add_char(w->out, bracket);
	w->empty = false;
}

static void put_str(struct writer *w, const char *key, const char *value)
{
	put_key(w, key);
	buf_add_json_str(w->out, value);
}

static void put_bool(struct writer *w, const char *key, bool value)
{
	put_key(w, key);
	buf_add_str(w->out, value ? "true" : "false");
}

static void put_u32(struct writer *w, const char *key, uint32_t value)
{
	put_key(w, key);
	buf_addf(w->out, "%u", value);
}

/* Elements of an array: @words, which are separated by one blank. */
static void add_words(struct writer *w, const char *words)
{
	while (*words) {
		size_t n = strcspn(words, " ");
		auto_free char *word = strndup(words, n);

		put_key(w, NULL);
		if (word)
			buf_add_json_str(w->out, word);
		else
			w->out->failed = true;
		words += n + (words[n] == ' ');
	}
}

/* The same of a list that ends with NULL. */
static void add_list(struct writer *w, const char *const *list)
{
	for (; list && *list; list++) {
		put_key(w, NULL);
		buf_add_json_str(w->out, *list);
	}
}

static void put_words(struct writer *w, const char *key, const char *words)
{
	put_open(w, key, '[');
	add_words(w, words);
	put_close(w, ']');
}

static void put_list(struct writer *w, const char *key, const char *const *list)
{
	put_open(w, key, '[');
	add_list(w, list);
	put_close(w, ']');
}

static bool is_for(enum who who, const struct spec_wish *wish)
{
	switch (who) {
	case FOR_ROOT:
		return !wish->rootless;
	case FOR_ROOTLESS:
		return wish->rootless;
	case FOR_MANY_IDS:
		return wish->map_size != 1;
	case FOR_ONE_ID:
		return wish->map_size == 1;
	default:
		return true;
	}
}

static void put_capabilities(struct writer *w, const struct spec_wish *wish)
{
	static const char *const sets[] = {"bounding", "effective", "permitted"};

	put_open(w, "capabilities", '{');
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		put_open(w, sets[i], '[');
		add_words(w, wish->no_capabilities ? "" : CAPABILITIES);
		add_list(w, wish->caps);
		put_close(w, ']');
	}
	put_close(w, '}');
}

static void put_process(struct writer *w, const struct spec_wish *wish)
{
	static const char *const shell[] = {"sh", NULL};

	put_open(w, "process", '{');
	put_bool(w, "terminal", !wish->no_terminal);
	put_open(w, "user", '{');
	put_u32(w, "uid", wish->uid);
	put_u32(w, "gid", wish->gid);
	put_close(w, '}');
	put_list(w, "args", wish->args ? wish->args : shell);
	put_list(w, "env", wish->env ? wish->env : spec_wish_env);
	put_str(w, "cwd", wish->cwd ? wish->cwd : "/");
	put_capabilities(w, wish);
	put_open(w, "rlimits", '[');
	put_open(w, NULL, '{');
	put_str(w, "type", "RLIMIT_NOFILE");
	put_u32(w, "hard", 1024);
	put_u32(w, "soft", 1024);
	put_close(w, '}');
	put_close(w, ']');
	put_bool(w, "noNewPrivileges", true);
	put_close(w, '}');
}

static void put_mapping(struct writer *w, const char *key, uint32_t from, uint32_t to,
			uint32_t size)
{
	put_open(w, key, '[');
	put_open(w, NULL, '{');
	put_u32(w, "containerID", from);
	put_u32(w, "hostID", to);
	put_u32(w, "size", size);
	put_close(w, '}');
	put_close(w, ']');
}

static void put_wish_mount(struct writer *w, const struct spec_wish_mount *m)
{
	put_open(w, NULL, '{');
	put_str(w, "destination", m->destination);
	put_str(w, "type", m->type ? m->type : "none");
	put_str(w, "source", m->source);
	put_words(w, "options", m->options);
	if (m->as_owner) {
		put_mapping(w, "uidMappings", m->owner_uid, m->as_uid, 1);
		put_mapping(w, "gidMappings", m->owner_gid, m->as_gid, 1);
	}
	put_close(w, '}');
}

/* Of the host's network namespace sysfs cannot be mounted from within a user namespace. */
static bool is_left_out(const struct default_mount *m, const struct spec_wish *wish)
{
	for (size_t i = 0; i < wish->n_mounts; i++)
		if (strcmp(wish->mounts[i].destination, m->destination) == 0)
			return true;
	if (wish->few_mounts)
		return strcmp(m->destination, "/proc") != 0 && strcmp(m->destination, "/dev") != 0;
	return wish->network == SPEC_WISH_HOST && strcmp(m->type, "sysfs") == 0;
}

static void put_mounts(struct writer *w, const struct spec_wish *wish)
{
	put_open(w, "mounts", '[');
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		const struct default_mount *m = &mounts[i];

		if (!is_for(m->who, wish) || is_left_out(m, wish))
			continue;
		put_open(w, NULL, '{');
		put_str(w, "destination", m->destination);
		put_str(w, "type", m->type);
		put_str(w, "source", m->source);
		if (m->options)
			put_words(w, "options", m->options);
		put_close(w, '}');
	}
	for (size_t i = 0; i < wish->n_mounts; i++)
		put_wish_mount(w, &wish->mounts[i]);
	put_close(w, ']');
}

static void put_u64(struct writer *w, const char *key, uint64_t value)
{
	put_key(w, key);
	buf_addf(w->out, "%llu", (unsigned long long)value);
}

static void put_limit(struct writer *w, const char *key, uint64_t limit)
{
	if (!limit)
		return;
	put_open(w, key, '{');
	put_u64(w, "limit", limit);
	put_close(w, '}');
}

static void put_resources(struct writer *w, const struct spec_wish *wish)
{
	put_open(w, "resources", '{');
	if (!wish->rootless) {
		put_open(w, "devices", '[');
		put_open(w, NULL, '{');
		put_bool(w, "allow", false);
		put_str(w, "access", "rwm");
		put_close(w, '}');
		put_close(w, ']');
	}
	put_limit(w, "memory", wish->memory);
	if (wish->cpu_quota) {
		put_open(w, "cpu", '{');
		put_u64(w, "quota", wish->cpu_quota);
		put_u64(w, "period", SPEC_WISH_PERIOD);
		put_close(w, '}');
	}
	put_limit(w, "pids", wish->pids);
	put_close(w, '}');
}

static void put_namespaces(struct writer *w, const struct spec_wish *wish)
{
	put_open(w, "namespaces", '[');
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		const struct default_namespace *ns = &namespaces[i];
		bool wanted = is_for(ns->who, wish);

		if (strcmp(ns->type, "network") == 0 && wish->network == SPEC_WISH_HOST)
			wanted = false;
		if (strcmp(ns->type, "user") == 0 && wish->map_size)
			wanted = true;
		if (!wanted)
			continue;
		put_open(w, NULL, '{');
		put_str(w, "type", ns->type);
		put_close(w, '}');
	}
	put_close(w, ']');
}

static void put_linux(struct writer *w, const struct spec_wish *wish)
{
	put_open(w, "linux", '{');
	if (wish->map_size) {
		bool one = wish->map_size == 1;

		put_mapping(w, "uidMappings", one ? wish->uid : 0, wish->map_uid, wish->map_size);
		put_mapping(w, "gidMappings", one ? wish->gid : 0, wish->map_gid, wish->map_size);
	}
	if (!wish->rootless || wish->memory || wish->pids || wish->cpu_quota)
		put_resources(w, wish);
	put_namespaces(w, wish);
	put_words(w, "maskedPaths", masked_paths);
	put_words(w, "readonlyPaths", readonly_paths);
	if (wish->seccomp) {
		put_key(w, "seccomp");
		buf_add_str(w->out, wish->seccomp);
	}
	put_close(w, '}');
}

static void put_annotations(struct writer *w, const char *const *annotations)
{
	put_open(w, "annotations", '{');
	for (; *annotations; annotations++) {
		const char *value = strchrnul(*annotations, '=');
		auto_free char *key = strndup(*annotations, (size_t)(value - *annotations));

		put_key(w, NULL);
		if (key)
			buf_add_json_str(w->out, key);
		else
			w->out->failed = true;
		buf_add_str(w->out, ": ");
		buf_add_json_str(w->out, *value ? value + 1 : "");
	}
	put_close(w, '}');
}

int spec_write_wish(struct buf *out, const struct spec_wish *wish)
{
	struct writer w = {.out = out, .empty = true};
	struct err ignored = ERR_INIT;

	put_open(&w, NULL, '{');
	put_str(&w, "ociVersion", SPEC_VERSION);
	put_process(&w, wish);
	put_open(&w, "root", '{');
	put_str(&w, "path", wish->root ? wish->root : "rootfs");
	put_bool(&w, "readonly", !wish->writable_root);
	put_close(&w, '}');
	put_str(&w, "hostname", wish->hostname ? wish->hostname : "tinyrun");
	put_mounts(&w, wish);
	put_linux(&w, wish);
	if (wish->annotations)
		put_annotations(&w, wish->annotations);
	put_close(&w, '}');
	buf_add_char(out, '\n');
	return buf_check(out, &ignored); /* the caller has words for it */
}

int spec_write_default(struct buf *out, bool rootless, uint32_t uid, uint32_t gid)
{
	struct spec_wish wish = {.rootless = rootless};

	if (rootless)
		wish = (struct spec_wish){
			.rootless = true, .map_uid = uid, .map_gid = gid, .map_size = 1};
	return spec_write_wish(out, &wish);
}
