/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sysctl - linux.sysctl: kernel parameters that belong to one of the container's namespaces.
 *
 * Only those are allowed, and only where the namespace is the container's: any other would change
 * the host. A name is written with dots, as net.ipv4.ip_forward, where a slash stands for a dot in
 * a file's name; or, as sysctl(8) has it, the other way round when a slash comes first.
 */
#include "spec/internal.h"

#include <string.h>

#include "tinyrun/str.h"

struct rule {
	const char *name; /* a file of /proc/sys; ending in '/': all below it */
	enum spec_ns_kind needs;
};

static const struct rule rules[] = {
	{"kernel/domainname", SPEC_NS_UTS},
	{"kernel/msgmax", SPEC_NS_IPC},
	{"kernel/msgmnb", SPEC_NS_IPC},
	{"kernel/msgmni", SPEC_NS_IPC},
	{"kernel/sem", SPEC_NS_IPC},
	{"kernel/shmall", SPEC_NS_IPC},
	{"kernel/shmmax", SPEC_NS_IPC},
	{"kernel/shmmni", SPEC_NS_IPC},
	{"kernel/shm_rmid_forced", SPEC_NS_IPC},
	{"fs/mqueue/", SPEC_NS_IPC},
	{"net/", SPEC_NS_NETWORK},
	{"user/", SPEC_NS_USER},
};

/* The file below /proc/sys. */
static char *path_of(struct arena *arena, const char *name)
{
	char *path = arena_strdup(arena, name);

	if (!path || name[strcspn(name, "./")] != '.')
		return path;
	for (char *p = path; *p; p++)
		*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	return path;
}

static bool is_component(const char *s, size_t len)
{
	return len > 0 && !(len == 1 && s[0] == '.') && !(len == 2 && s[0] == '.' && s[1] == '.');
}

static bool path_is_plain(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (!is_component(path, len))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

static const struct rule *rule_find(const char *path)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const char *name = rules[i].name;

		if (name[strlen(name) - 1] == '/' ? str_starts(path, name)
						  : strcmp(path, name) == 0)
			return &rules[i];
	}
	return NULL;
}

static int name_check(const struct json *at, struct spec_sysctl *s, struct err *e)
{
	const struct rule *rule;

	if (!path_is_plain(s->path))
		return json_refuse(at, e,
				   "\"%.128s\" is not the name of a kernel parameter: one as "
				   "net.ipv4.ip_forward is allowed",
				   s->name);
	if (strcmp(s->path, "kernel/hostname") == 0)
		return json_refuse(at, e, "is set by the member hostname, not by sysctl");
	rule = rule_find(s->path);
	if (!rule)
		return json_refuse(at, e,
				   "\"%.128s\" belongs to no namespace, so it would change the "
				   "host: allowed are kernel.{domainname,msgmax,msgmnb,msgmni,sem,"
				   "shmall,shmmax,shmmni,shm_rmid_forced}, fs.mqueue.*, net.*, "
				   "user.*",
				   s->name);
	s->needs = rule->needs;
	return 0;
}

int sysctl_parse(struct loader *l, const struct json *linux_obj, struct err *e)
{
	struct spec *spec = l->spec;
	struct json at, it = {0};
	size_t n;
	bool found;
	int r = member_object(linux_obj, "sysctl", &at, &found, e);

	if (r < 0 || !found)
		return r;
	spec->sysctls = member_alloc(&spec->arena, &at, sizeof(*spec->sysctls), &n);
	if (!spec->sysctls)
		return load_no_memory(e);
	while (r == 0 && json_next(&at, &it)) {
		struct spec_sysctl *s = &spec->sysctls[spec->n_sysctls];

		s->name = it.key;
		s->path = path_of(&spec->arena, it.key);
		if (!s->path)
			return load_no_memory(e);
		r = json_str(&it, &s->value, e);
		if (r == 0)
			r = name_check(&it, s, e);
		if (r == 0)
			spec->n_sysctls++;
	}
	return r;
}

int sysctl_check(const struct spec *spec, const struct json *linux_obj, struct err *e)
{
	struct json at, it = {0};

	if (spec->n_sysctls == 0 || !json_member(linux_obj, "sysctl", &at))
		return 0;
	for (size_t i = 0; json_next(&at, &it); i++) {
		const char *needs = spec_ns_name(spec->sysctls[i].needs);

		if (!spec->ns[spec->sysctls[i].needs].present)
			return json_refuse(&it, e,
					   "needs a namespace of type %s, or the host would be "
					   "changed: add {\"type\": \"%s\"} to linux.namespaces",
					   needs, needs);
	}
	return 0;
}
