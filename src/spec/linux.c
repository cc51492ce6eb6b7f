/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux - the section of that name: hands its parts to their parsers and reads the short ones.
 *
 * Of linux.seccomp only the text and the listener are kept here. Its rules are read when no
 * compiled filter is at hand (seccomp.c), and without a listener it is not even parsed before: it
 * is several times longer than the rest.
 */
#include "spec/internal.h"

#include <string.h>
#include <sys/mount.h>

static const struct member_word propagations[] = {
	{"shared", MS_SHARED},
	{"rshared", MS_SHARED | MS_REC},
	{"slave", MS_SLAVE},
	{"rslave", MS_SLAVE | MS_REC},
	{"private", MS_PRIVATE},
	{"rprivate", MS_PRIVATE | MS_REC},
	{"unbindable", MS_UNBINDABLE},
	{"runbindable", MS_UNBINDABLE | MS_REC},
	{NULL, 0},
};

static int propagation_parse(struct spec *spec, const struct json *linux_obj, struct err *e)
{
	const char *s = NULL;
	uint64_t flags = 0;
	struct json at;
	int r = member_str(linux_obj, "rootfsPropagation", &s, e);

	if (r < 0 || !s)
		return r;
	(void)json_member(linux_obj, "rootfsPropagation", &at); /* it is there, since it has text */
	r = member_word(&at, "", propagations, "propagation", &flags, e);
	spec->rootfs_propagation = (unsigned long)flags;
	return r;
}

/* Relative paths are allowed, and systemd's slice:prefix:name; leaving the hierarchy is not. */
static int cgroups_path_parse(struct spec *spec, const struct json *linux_obj, struct err *e)
{
	struct json at;
	int r = member_str(linux_obj, "cgroupsPath", &spec->cgroups_path, e);

	if (r < 0 || !spec->cgroups_path)
		return r;
	(void)json_member(linux_obj, "cgroupsPath", &at); /* it is there, since it has text */
	if (member_has_dotdot(spec->cgroups_path))
		return json_refuse(&at, e, "\"%.128s\" has '..' in it: write the path without",
				   spec->cgroups_path);
	return 0;
}

static int seccomp_keep(struct spec *spec, const struct json *linux_obj, struct err *e)
{
	struct json at;
	bool found;
	int r = member_object(linux_obj, "seccomp", &at, &found, e);

	if (r < 0 || !found)
		return r;
	spec->seccomp_text = json_text(&at, &spec->seccomp_len);
	spec->seccomp_unread = json_is_unread(&at);
	r = member_str(&at, "listenerPath", &spec->seccomp_listener, e);
	if (!spec->seccomp_listener)
		spec->seccomp_listener =
			spec_annotation_set(spec, SPEC_ANNOTATION_SECCOMP_RECEIVER);
	return r < 0 ? r : member_str(&at, "listenerMetadata", &spec->seccomp_metadata, e);
}

int linux_parse(struct loader *l, const struct json *root, struct err *e)
{
	struct spec *spec = l->spec;
	struct json at;
	bool found;
	int r = member_object(root, "linux", &at, &found, e);

	if (r < 0 || !found)
		return r;
	r = namespaces_parse(l, &at, e);
	if (r == 0)
		r = mappings_parse(l, &at, e);
	if (r == 0)
		r = devices_parse(l, &at, e);
	if (r == 0)
		r = sysctl_parse(l, &at, e);
	if (r == 0)
		r = cgroups_path_parse(spec, &at, e);
	if (r == 0)
		r = resources_parse(l, &at, e);
	if (r == 0)
		r = propagation_parse(spec, &at, e);
	if (r == 0)
		r = member_paths(&spec->arena, &at, "maskedPaths", &spec->masked_paths, e);
	if (r == 0)
		r = member_paths(&spec->arena, &at, "readonlyPaths", &spec->readonly_paths, e);
	if (r == 0)
		r = sched_parse_linux(l, &at, e);
	if (r == 0)
		r = member_label(&at, "mountLabel", &spec->mount_label, e);
	if (r == 0)
		r = seccomp_keep(spec, &at, e);
	if (r == 0)
		r = rdt_parse(l, &at, e);
	if (r == 0)
		r = net_devices_parse(l, &at, e);
	return r;
}
