/* SPDX-License-Identifier: Apache-2.0 */
/*
 * defaults - the configuration that `tinyrun spec` writes.
 *
 * It runs a shell on a terminal with what every engine's default has: namespaces of its own for all
 * but users and time, three harmless capabilities, kernel file systems with what is dangerous in
 * them masked or read-only. For an ordinary user there is a user namespace with the one id that may
 * be mapped, and neither network, devices nor limits, which take privileges.
 *
 * The text is indented with tabs and ends with a newline.
 */
#include "spec/internal.h"

#include <string.h>

#define CAPABILITIES "CAP_AUDIT_WRITE CAP_KILL CAP_NET_BIND_SERVICE"

enum who { FOR_ALL, FOR_ROOT, FOR_ROOTLESS };

struct default_mount {
	enum who who;
	const char *destination, *type, *source, *options;
};

static const struct default_mount mounts[] = {
	{FOR_ALL, "/proc", "proc", "proc", NULL},
	{FOR_ALL, "/dev", "tmpfs", "tmpfs", "nosuid strictatime mode=755 size=65536k"},
	{FOR_ROOT, "/dev/pts", "devpts", "devpts",
	 "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5"},
	{FOR_ROOTLESS, "/dev/pts", "devpts", "devpts",
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

/* An array of @words, which are separated by one blank. */
static void put_words(struct writer *w, const char *key, const char *words)
{
	put_open(w, key, '[');
	while (*words) {
		size_t n = strcspn(words, " ");

		put_key(w, NULL);
		buf_addf(w->out, "\"%.*s\"", (int)n, words);
		words += n + (words[n] == ' ');
	}
	put_close(w, ']');
}

static bool is_for(enum who who, bool rootless)
{
	return who == FOR_ALL || (who == FOR_ROOTLESS) == rootless;
}

static void put_process(struct writer *w)
{
	put_open(w, "process", '{');
	put_bool(w, "terminal", true);
	put_open(w, "user", '{');
	put_u32(w, "uid", 0);
	put_u32(w, "gid", 0);
	put_close(w, '}');
	put_words(w, "args", "sh");
	put_words(w, "env",
		  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=xterm");
	put_str(w, "cwd", "/");
	put_open(w, "capabilities", '{');
	put_words(w, "bounding", CAPABILITIES);
	put_words(w, "effective", CAPABILITIES);
	put_words(w, "permitted", CAPABILITIES);
	put_close(w, '}');
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

static void put_mounts(struct writer *w, bool rootless)
{
	put_open(w, "mounts", '[');
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		const struct default_mount *m = &mounts[i];

		if (!is_for(m->who, rootless))
			continue;
		put_open(w, NULL, '{');
		put_str(w, "destination", m->destination);
		put_str(w, "type", m->type);
		put_str(w, "source", m->source);
		if (m->options)
			put_words(w, "options", m->options);
		put_close(w, '}');
	}
	put_close(w, ']');
}

static void put_mapping(struct writer *w, const char *key, uint32_t host_id)
{
	put_open(w, key, '[');
	put_open(w, NULL, '{');
	put_u32(w, "containerID", 0);
	put_u32(w, "hostID", host_id);
	put_u32(w, "size", 1);
	put_close(w, '}');
	put_close(w, ']');
}

static void put_deny_devices(struct writer *w)
{
	put_open(w, "resources", '{');
	put_open(w, "devices", '[');
	put_open(w, NULL, '{');
	put_bool(w, "allow", false);
	put_str(w, "access", "rwm");
	put_close(w, '}');
	put_close(w, ']');
	put_close(w, '}');
}

static void put_namespaces(struct writer *w, bool rootless)
{
	put_open(w, "namespaces", '[');
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		if (!is_for(namespaces[i].who, rootless))
			continue;
		put_open(w, NULL, '{');
		put_str(w, "type", namespaces[i].type);
		put_close(w, '}');
	}
	put_close(w, ']');
}

int spec_write_default(struct buf *out, bool rootless, uint32_t uid, uint32_t gid)
{
	struct writer w = {.out = out, .empty = true};
	struct err ignored = ERR_INIT;

	put_open(&w, NULL, '{');
	put_str(&w, "ociVersion", SPEC_VERSION);
	put_process(&w);
	put_open(&w, "root", '{');
	put_str(&w, "path", "rootfs");
	put_bool(&w, "readonly", true);
	put_close(&w, '}');
	put_str(&w, "hostname", "tinyrun");
	put_mounts(&w, rootless);
	put_open(&w, "linux", '{');
	if (rootless) {
		put_mapping(&w, "uidMappings", uid);
		put_mapping(&w, "gidMappings", gid);
	} else {
		put_deny_devices(&w);
	}
	put_namespaces(&w, rootless);
	put_words(&w, "maskedPaths", masked_paths);
	put_words(&w, "readonlyPaths", readonly_paths);
	put_close(&w, '}');
	put_close(&w, '}');
	buf_add_char(out, '\n');
	return buf_check(out, &ignored); /* the caller has words for it */
}
