/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scope - the name of a container's scope, and the cgroup that systemd has made for it.
 *
 * Where that cgroup is, the kernel says: systemd was told to put a process into it, so that
 * process's /proc/PID/cgroup has the path. A cgroup with processes gives no controllers to those
 * below it; so before anything else the process is moved into the container's part, which is the
 * only one that has any from then on. The limits are written there too: the scope has those that
 * systemd knows, the part has all.
 */
#include "tinyrun/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/str.h"

#define UNIT_MAX 255 /* UNIT_NAME_MAX of systemd */

/* Of systemd's VALID_CHARS; '-' and '.' have a meaning of their own in slices. */
static bool is_unit_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr(":-_.\\", c);
}

/* As systemd-escape(1) does: what a unit's name cannot have is \xNN. */
static void add_escaped(struct buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (is_unit_char(s[i]))
			buf_add_char(out, s[i]);
		else
			buf_addf(out, "\\x%02x", (unsigned char)s[i]);
	}
}

/* "a-b.slice" is below "a.slice", so no part between the dashes may be empty. */
static bool is_slice(const char *s, size_t len)
{
	static const char end[] = ".slice";
	size_t n = len - strlen(end);

	if (len <= strlen(end) || len > UNIT_MAX || strncmp(s + n, end, strlen(end)) != 0)
		return false;
	if (n == 1 && s[0] == '-')
		return true; /* the root slice */
	for (size_t i = 0; i < n; i++)
		if (!is_unit_char(s[i]) ||
		    (s[i] == '-' && (i == 0 || i + 1 == n || s[i + 1] == '-')))
			return false;
	return true;
}

bool scope_is_name(const char *cgroups_path)
{
	const char *first = strchr(cgroups_path, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;

	return second && !strchr(second + 1, ':') && !strchr(cgroups_path, '/');
}

static int find_slice(const char *given, size_t len, bool user, char **ret, struct err *e)
{
	if (len == 0)
		*ret = strdup(user ? "user.slice" : "system.slice");
	else if (len == 1 && *given == '-')
		*ret = strdup("-.slice");
	else if (is_slice(given, len))
		*ret = strndup(given, len);
	else
		return err_user(e,
				"linux.cgroupsPath: found the slice \"%.*s\", want a name as "
				"a.slice, or a-b.slice below it",
				(int)len, given);
	return *ret ? 0 : err_num(e, ENOMEM, "name the scope");
}

static int make_unit(const char *prefix, size_t prefix_len, const char *name, char **ret,
		     struct err *e)
{
	auto_buf struct buf unit = BUF_INIT;
	int r;

	add_escaped(&unit, prefix, prefix_len);
	if (prefix_len > 0)
		buf_add_char(&unit, '-');
	add_escaped(&unit, name, strlen(name));
	buf_add_str(&unit, ".scope");
	r = buf_check(&unit, e);
	if (r < 0)
		return r;
	if (unit.len > UNIT_MAX)
		return err_user(e,
				"linux.cgroupsPath: the scope's name would have %zu characters, "
				"which is more than %d",
				unit.len, UNIT_MAX);
	*ret = unit.data;
	unit = BUF_INIT;
	return 0;
}

int scope_name(const char *cgroups_path, const char *id, bool user, struct scope *ret,
	       struct err *e)
{
	struct scope made = {.slice = NULL};
	const char *prefix, *name;
	int r;

	if (!cgroups_path || !*cgroups_path) {
		r = find_slice("", 0, user, &made.slice, e);
		if (r == 0)
			r = make_unit("tinyrun", strlen("tinyrun"), id, &made.unit, e);
	} else if (!scope_is_name(cgroups_path)) {
		return err_user(e,
				"linux.cgroupsPath: found \"%s\": expected cgroupsPath to be of "
				"format \"slice:prefix:name\" for systemd cgroups",
				cgroups_path);
	} else {
		prefix = strchr(cgroups_path, ':') + 1;
		name = strchr(prefix, ':') + 1;
		if (!*name || (strlen(name) > 6 && strcmp(name + strlen(name) - 6, ".slice") == 0))
			return err_user(e,
					"linux.cgroupsPath: found the name \"%s\": a container "
					"needs a scope, so want a name that is not empty and no "
					"slice",
					name);
		r = find_slice(cgroups_path, (size_t)(prefix - 1 - cgroups_path), user, &made.slice,
			       e);
		if (r == 0)
			r = make_unit(prefix, (size_t)(name - 1 - prefix), name, &made.unit, e);
	}
	if (r < 0) {
		scope_done(&made);
		return r;
	}
	*ret = made;
	return 0;
}

void scope_done(struct scope *s)
{
	free(s->slice);
	free(s->unit);
	*s = (struct scope){.slice = NULL};
}

/* --- its cgroup --- */

static int find_path(const struct scope *scope, pid_t pid, char **ret, struct err *e)
{
	auto_free char *path = NULL;
	const char *last;
	int r = cgroup_read_of(pid, &path, e);

	if (r < 0)
		return r;
	last = path ? strrchr(path, '/') : NULL;
	if (!last || strcmp(last + 1, scope->unit) != 0)
		return err_user(e,
				"systemd has made %s and left its process in cgroup %s: is it in "
				"the cgroup2 hierarchy?",
				scope->unit, path ? path : "of another hierarchy");
	*ret = path;
	path = NULL;
	return 0;
}

/* The scope has just been made for us: nobody else is in it, and what is made in it is ours. */
static int make_part(int scope_fd, const char *sub, pid_t pid, int *ret_fd, struct err *e)
{
	auto_fd int fd = -1;
	char text[16];
	int r;

	if (mkdirat(scope_fd, sub, 0755) < 0)
		return err_sys(e, "make the cgroup %s in the scope", sub);
	r = path_open_beneath(scope_fd, sub, O_RDONLY | O_DIRECTORY, 0, &fd, e);
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	r = fd_put(fd, "cgroup.procs", text, e);
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r;
}

static int check_sub(const char *sub, struct err *e)
{
	if (!strchr(sub, '/') && (!*sub || path_is_beneath(sub)))
		return 0;
	return err_user(e, "annotation run.oci.systemd.subgroup: found \"%s\", want one name", sub);
}

int scope_enter(const struct cgroup_host *host, const struct scope *scope, pid_t pid,
		const char *sub, const struct limits *limits, char **ret_path, int *ret_fd,
		struct err *e)
{
	auto_free char *path = NULL;
	auto_fd int scope_fd = -1, fd = -1;
	int r = check_sub(sub, e);

	if (r == 0)
		r = find_path(scope, pid, &path, e);
	if (r == 0)
		r = cgroup_open(host, path, &scope_fd, e);
	if (r == CGROUP_E_MISSING)
		r = err_num(e, ENOENT, "open the cgroup of %s", scope->unit);
	if (r == 0 && *sub)
		r = make_part(scope_fd, sub, pid, &fd, e);
	else if (r == 0)
		fd = fd_take(&scope_fd);
	if (r == 0 && limits)
		r = cgroup_apply(fd, limits, e);
	if (r < 0)
		return r;
	if (asprintf(ret_path, "%s%s%s", path, *sub ? "/" : "", sub) < 0) {
		*ret_path = NULL;
		return err_num(e, ENOMEM, "name the cgroup");
	}
	*ret_fd = fd_take(&fd);
	return 0;
}
