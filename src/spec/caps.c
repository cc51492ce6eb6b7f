/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caps - process.capabilities: five sets of names as five masks.
 *
 * The names stand in number order, so a name's index is the kernel's number. An unknown name is a
 * warning, as the specification asks (a newer kernel's capability cannot be granted here, and not
 * having it fails closed). So is one that the kernel would refuse: effective beyond permitted, and
 * ambient beyond permitted or inheritable.
 */
#include "spec/internal.h"

#include <linux/capability.h>
#include <string.h>

#include "tinyrun/str.h"

static const char *const cap_names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
	NULL,
};

#define CAP_COUNT (sizeof(cap_names) / sizeof(cap_names[0]) - 1)

_Static_assert(CAP_COUNT == CAP_CHECKPOINT_RESTORE + 1, "a capability's index is its number");

static const char *const set_names[SPEC_CAP_MAX] = {
	[SPEC_CAP_BOUNDING] = "bounding",   [SPEC_CAP_EFFECTIVE] = "effective",
	[SPEC_CAP_PERMITTED] = "permitted", [SPEC_CAP_INHERITABLE] = "inheritable",
	[SPEC_CAP_AMBIENT] = "ambient",
};

const char *const *spec_capability_names(void)
{
	return cap_names;
}

static int cap_parse(struct loader *l, const struct json *at, uint64_t *mask, struct err *e)
{
	const char *s, *near;
	int r = json_str(at, &s, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < CAP_COUNT; i++) {
		if (strcmp(cap_names[i], s) == 0) {
			*mask |= UINT64_C(1) << i;
			return 0;
		}
	}
	near = str_nearest(s, cap_names);
	load_warn(l, at, "unknown capability \"%.64s\" is not granted%s%s%s", s,
		  near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
	return 0;
}

static int set_parse(struct loader *l, const struct json *caps, enum spec_cap_set set,
		     struct err *e)
{
	struct json at, it = {0};
	bool found;
	int r = member_array(caps, set_names[set], &at, &found, e);

	if (r < 0 || !found)
		return r;
	while (r == 0 && json_next(&at, &it))
		r = cap_parse(l, &it, &l->spec->process.caps[set], e);
	return r;
}

/* Takes out of @set what is not in @allowed, with a warning for each. */
static void set_clamp(struct loader *l, const struct json *caps, enum spec_cap_set set,
		      uint64_t allowed, const char *needs)
{
	uint64_t *mask = &l->spec->process.caps[set];
	struct json at;

	if ((*mask & ~allowed) == 0 || !json_member(caps, set_names[set], &at))
		return;
	for (size_t i = 0; i < CAP_COUNT; i++)
		if (*mask & ~allowed & (UINT64_C(1) << i))
			load_warn(l, &at, "%s cannot be raised without being %s, and is left out",
				  cap_names[i], needs);
	*mask &= allowed;
}

int caps_parse(struct loader *l, const struct json *process, struct err *e)
{
	struct spec_process *p = &l->spec->process;
	struct json caps;
	int r = member_object(process, "capabilities", &caps, &p->caps_present, e);

	if (r < 0 || !p->caps_present)
		return r;
	for (int set = 0; r == 0 && set < SPEC_CAP_MAX; set++)
		r = set_parse(l, &caps, (enum spec_cap_set)set, e);
	if (r < 0)
		return r;
	set_clamp(l, &caps, SPEC_CAP_EFFECTIVE, p->caps[SPEC_CAP_PERMITTED], "permitted");
	set_clamp(l, &caps, SPEC_CAP_AMBIENT,
		  p->caps[SPEC_CAP_PERMITTED] & p->caps[SPEC_CAP_INHERITABLE],
		  "permitted and inheritable");
	return 0;
}
