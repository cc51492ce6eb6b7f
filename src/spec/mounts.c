/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts - the list of that name: where, what, and with which options, ready for the plan.
 *
 * What an option means is known by mount_options.c. A destination comes out as an absolute path
 * without "." , ".." , doubled or trailing slashes, so that those who compare it with /proc, /dev
 * or /sys do it once. That is words only; symlinks are looked at where it is mounted.
 */
#include "spec/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "tinyrun/fd.h"
#include "tinyrun/str.h"

/* mount(2) copies one page and cuts off the rest without a word. */
#define DATA_LEN_MAX 4095

/* @path as an absolute one, resolved by its words alone. */
static char *path_clean(struct arena *arena, const char *path)
{
	char *out = arena_alloc(arena, strlen(path) + 2);
	size_t len = 0;

	if (!out)
		return NULL;
	while (*path) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 2 && memcmp(path, "..", 2) == 0) {
			while (len > 0 && out[--len] != '/')
				;
		} else if (n > 0 && !(n == 1 && path[0] == '.')) {
			out[len++] = '/';
			memcpy(out + len, path, n);
			len += n;
		}
		path += n;
	}
	if (len == 0)
		out[len++] = '/';
	out[len] = '\0';
	return out;
}

static int destination_parse(struct loader *l, const struct json *mount, struct spec_mount *m,
			     struct err *e)
{
	struct json at;
	const char *s;
	int r = json_need(mount, "destination", "an absolute path in the container", &at, e);

	if (r == 0)
		r = json_str(&at, &s, e);
	if (r < 0)
		return r;
	if (s[0] == '\0')
		return json_refuse(&at, e, "is empty: an absolute path in the container is needed");
	if (s[0] != '/')
		load_warn(l, &at, "\"%.128s\" is not absolute: taken as /%.128s", s, s);
	m->destination = path_clean(&l->spec->arena, s);
	return m->destination ? 0 : load_no_memory(e);
}

static int data_add(struct buf *data, const struct spec_mount *m, const struct json *at,
		    const char *option, struct err *e)
{
	const char *near = NULL;

	if (!m->bind) {
		buf_addf(data, "%s%s", data->len > 0 ? "," : "", option);
		return 0;
	}
	near = str_nearest(option, spec_mount_option_names());
	return json_refuse(at, e,
			   "unknown option \"%.64s\"%s%s%s: bind mounts cannot have any "
			   "filesystem-specific options applied",
			   option, near ? " (did you mean " : "", near ? near : "",
			   near ? "?)" : "");
}

/* Puts together the words that were left over; whether it is a bind mount is known by now. */
static int data_parse(struct loader *l, const struct json *array, struct spec_mount *m,
		      const bool *ours, struct err *e)
{
	auto_buf struct buf data = BUF_INIT;
	struct json it = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && json_next(array, &it); i++)
		if (!ours[i] && m->options.v[i][0])
			r = data_add(&data, m, &it, m->options.v[i], e);
	if (r == 0)
		r = buf_check(&data, e);
	if (r < 0 || data.len == 0)
		return r;
	if (data.len > DATA_LEN_MAX)
		return json_refuse(array, e, "has %zu bytes for the file system: at most %d fit",
				   data.len, DATA_LEN_MAX);
	m->data = arena_strdup(&l->spec->arena, data.data);
	return m->data ? 0 : load_no_memory(e);
}

static int options_parse(struct loader *l, const struct json *mount, struct spec_mount *m,
			 struct err *e)
{
	auto_free bool *ours = NULL;
	struct json array, it = {0};
	int r = member_strings(&l->spec->arena, mount, "options", &m->options, e);

	if (r < 0 || m->options.n == 0)
		return r;
	ours = calloc(m->options.n, sizeof(*ours));
	if (!ours)
		return load_no_memory(e);
	(void)json_member(mount, "options", &array); /* it is there, since it has strings */
	for (size_t i = 0; r >= 0 && json_next(&array, &it); i++) {
		r = mount_option_apply(m, &it, m->options.v[i], e);
		ours[i] = r == 0;
	}
	return r < 0 ? r : data_parse(l, &array, m, ours, e);
}

/* A member that this kind of mount needs is absent or "". */
static int member_missing(const struct json *mount, const char *key, const char *what,
			  struct err *e)
{
	struct json at;
	int r = json_need(mount, key, what, &at, e);

	return r < 0 ? r : json_refuse(&at, e, "is empty: %s", what);
}

/* Type and source, which depend on what the options made of it. */
static int kind_check(const struct json *mount, struct spec_mount *m, struct err *e)
{
	if (m->bind)
		m->type = NULL;
	if (m->copy_up && (m->remount || !m->type || strcmp(m->type, "tmpfs") != 0))
		return json_refuse(mount, e,
				   "has the option tmpcopyup: only a new tmpfs may have it");
	if ((m->copy_symlink || m->src_nofollow || m->dest_nofollow) && (!m->bind || m->remount))
		return json_refuse(mount, e,
				   "has an option that is about symlinks: only a bind mount may "
				   "have copy-symlink, src-nofollow or dest-nofollow");
	if (m->remount)
		return 0;
	if (m->bind && !m->source)
		return member_missing(mount, "source", "the host's path that a bind mount shows",
				      e);
	if (!m->bind && !m->type)
		return member_missing(mount, "type",
				      "the name of a file system, where no option says bind", e);
	return 0;
}

/* Both lists or neither; with them it is an id-mapped mount, option or not. */
static int idmap_parse(struct loader *l, const struct json *mount, struct spec_mount *m,
		       struct err *e)
{
	int r = mappings_list_parse(l, mount, "uidMappings", &m->uid_map, e);

	if (r == 0)
		r = mappings_list_parse(l, mount, "gidMappings", &m->gid_map, e);
	if (r < 0)
		return r;
	if ((m->uid_map.n > 0) != (m->gid_map.n > 0))
		return json_refuse(mount, e, "has %sMappings only: both are needed or neither",
				   m->uid_map.n > 0 ? "uid" : "gid");
	m->idmap = m->idmap || m->uid_map.n > 0;
	if (m->idmap && (!m->bind || m->remount))
		return json_refuse(mount, e, "has mapped ids: only a bind mount may have them");
	return 0;
}

/*
 * Only mount(2) knows iversion, and only of a new file system: fsconfig(2), with which the others
 * are made or changed, has no word for it.
 */
static void iversion_check(const struct loader *l, const struct json *mount,
			   const struct spec_mount *m)
{
	bool in_steps = m->copy_up || m->rec_set || m->rec_clr || m->n_propagation > 0;
	bool asked = m->flags & MS_I_VERSION;

	for (size_t i = 0; m->remount && i < m->options.n; i++)
		asked = asked || strcmp(m->options.v[i], "noiversion") == 0;
	if (asked && (m->remount || (!m->bind && in_steps)))
		load_warn(l, mount,
			  "iversion and noiversion are left out: the kernel takes them only for a "
			  "new file system without tmpcopyup, propagation and recursive options");
}

static int mount_parse(struct loader *l, const struct json *at, struct spec_mount *m, struct err *e)
{
	int r = json_want_object(at, e);

	if (r == 0)
		r = destination_parse(l, at, m, e);
	if (r == 0)
		r = member_str(at, "type", &m->type, e);
	if (r == 0)
		r = member_str(at, "source", &m->source, e);
	if (r < 0)
		return r;
	m->bind = m->type && strcmp(m->type, "bind") == 0; /* no file system has that name */
	r = options_parse(l, at, m, e);
	if (r == 0)
		r = kind_check(at, m, e);
	if (r == 0)
		r = idmap_parse(l, at, m, e);
	if (r == 0)
		iversion_check(l, at, m);
	if (r == 0 && !m->remount && strcmp(m->destination, "/") == 0)
		r = json_refuse(at, e,
				"a mount on / would hide the container's root: use root.path");
	return r;
}

int mounts_parse(struct loader *l, const struct json *root, struct err *e)
{
	struct json at;
	bool found;
	int r = member_array(root, "mounts", &at, &found, e);

	return r < 0 || !found ? r : mounts_parse_array(l, &at, e);
}

int mounts_parse_array(struct loader *l, const struct json *mounts, struct err *e)
{
	struct spec *spec = l->spec;
	struct json it = {0};
	size_t n;
	int r = json_want_array(mounts, e);

	if (r < 0)
		return r;
	spec->mounts = member_alloc(&spec->arena, mounts, sizeof(*spec->mounts), &n);
	if (!spec->mounts)
		return load_no_memory(e);
	while (r == 0 && json_next(mounts, &it)) {
		r = mount_parse(l, &it, &spec->mounts[spec->n_mounts], e);
		if (r == 0)
			spec->n_mounts++;
	}
	return r;
}
