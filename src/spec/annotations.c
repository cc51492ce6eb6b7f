/* SPDX-License-Identifier: Apache-2.0 */
/*
 * annotations - strings beside the specification, by which engines and people say more.
 *
 * Three tables: those that change how a container is made (SPEC_ANNOTATIONS), what the value of
 * some of these has to be, and those of crun's that ask for what is not done here. The last are
 * refused, since whoever sets one relies on it; any other changes nothing but what `state` prints.
 */
#include "spec/internal.h"

#include <errno.h>
#include <string.h>

/* What is asked for, and what to do instead. */
static const struct {
	const char *key, *reason;
} refused[] = {
	{"run.oci.handler", "other handlers than the kernel's own namespaces (krun, wasm) are not "
			    "here: leave it out, or take a runtime that has it"},
	{"run.oci.seccomp.plugins", "shared objects are not loaded into the runtime: give "
				    "linux.seccomp.listenerPath the socket of a seccomp agent"},
	{"run.oci.seccomp_bpf_data", "a filter as bytes would take the place of the engine's, and "
				     "nobody could read it: write rules in linux.seccomp"},
	{"run.oci.systemd.force_cgroup_v1", "there is no cgroup v1 here, and systemd 256 has none "
					    "either: take an image whose systemd knows cgroup v2"},
	{"run.oci.timens_offset", "it became linux.timeOffsets in the specification: write that"},
};

enum want { WANT_PATH, WANT_NAME };

static const struct {
	enum spec_annotation_name name;
	enum want want;
} wanted[] = {
	{SPEC_ANNOTATION_DELEGATE, WANT_NAME},         {SPEC_ANNOTATION_HOOKS_STDERR, WANT_PATH},
	{SPEC_ANNOTATION_HOOKS_STDOUT, WANT_PATH},     {SPEC_ANNOTATION_PIDFD_RECEIVER, WANT_PATH},
	{SPEC_ANNOTATION_SECCOMP_RECEIVER, WANT_PATH},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* One directory below another; a slash in front is for those who think of it as the root. */
static bool is_name(const char *value)
{
	value += *value == '/';
	return *value && !strchr(value, '/') && strcmp(value, ".") != 0 && strcmp(value, "..") != 0;
}

static int check_value(const struct json *at, const char *value, enum want want, struct err *e)
{
	if (want == WANT_PATH && value[0] != '/')
		return json_refuse(at, e, "\"%.128s\" is not absolute: it has to begin with '/'",
				   value);
	if (want == WANT_NAME && !is_name(value))
		return json_refuse(at, e, "\"%.128s\" is not the name of one cgroup", value);
	return 0;
}

static int check(const struct json *at, const struct spec_annotation *a, struct err *e)
{
	for (size_t i = 0; i < COUNT(refused); i++)
		if (*a->value && strcmp(a->key, refused[i].key) == 0)
			return json_refuse(at, e, "is not supported: %s", refused[i].reason);
	for (size_t i = 0; i < COUNT(wanted); i++)
		if (*a->value && strcmp(a->key, spec_annotation_text(wanted[i].name)) == 0)
			return check_value(at, a->value, wanted[i].want, e);
	return 0;
}

int annotations_parse(struct spec *spec, const struct json *root, struct err *e)
{
	struct json at, it = {0};
	size_t n = 0;
	bool found;
	int r = member_object(root, "annotations", &at, &found, e);

	if (r < 0 || !found)
		return r;
	spec->annotations = member_alloc(&spec->arena, &at, sizeof(*spec->annotations), &n);
	if (!spec->annotations)
		return load_no_memory(e);
	while (r == 0 && json_next(&at, &it)) {
		struct spec_annotation *a = &spec->annotations[spec->n_annotations];

		if (!it.key || it.key[0] == '\0')
			return json_refuse(&it, e, "has an empty key: a name is needed");
		a->key = it.key;
		r = json_str(&it, &a->value, e);
		if (r == 0)
			r = check(&it, a, e);
		if (r == 0)
			spec->n_annotations++;
	}
	return r;
}

const char *spec_annotation_text(enum spec_annotation_name name)
{
	static const char *const texts[] = {
#define X(name, text) [SPEC_ANNOTATION_##name] = text,
		SPEC_ANNOTATIONS(X)
#undef X
	};

	return texts[name];
}

const char *spec_annotation(const struct spec *spec, enum spec_annotation_name name)
{
	for (size_t i = 0; i < spec->n_annotations; i++)
		if (strcmp(spec->annotations[i].key, spec_annotation_text(name)) == 0)
			return spec->annotations[i].value;
	return NULL;
}

const char *spec_annotation_set(const struct spec *spec, enum spec_annotation_name name)
{
	const char *value = spec_annotation(spec, name);

	return value && *value ? value : NULL;
}
