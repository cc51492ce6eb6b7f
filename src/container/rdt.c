/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdt - the container's class of service in resctrl.
 *
 * A class is a directory, made by mkdir and filled by the kernel; writing lines to its `schemata`
 * limits it, writing a pid to its `tasks` puts a process there. One that has the container's own
 * name is made for it and goes with it. One that linux.intelRdt.closID names may be shared: if it
 * is there it has to be as the configuration wants it, and is never changed.
 */
#include "container/rdt.h"

#include "tinyrun/buf.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/proc.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define RESCTRL_MAGIC 0x7655821 /* RDTGROUP_SUPER_MAGIC */
#define FILE_MAX      ((size_t)1 << 20)

/* --- finding it --- */

/* The mount point in the first line of mountinfo that is of resctrl; cuts the text. */
static const char *find_mount(char *mountinfo)
{
	char *save = NULL;

	for (char *line = strtok_r(mountinfo, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *field = line;

		if (!strstr(line, " - resctrl "))
			continue;
		for (int i = 1; i < 5 && field; i++) {
			field = strchr(field, ' ');
			field += field != NULL;
		}
		if (!field)
			continue;
		field[strcspn(field, " ")] = '\0';
		return field;
	}
	return NULL;
}

int rdt_open(int *ret_root_fd, struct err *e)
{
	auto_fd int info = -1, root = -1;
	auto_free char *text = NULL;
	const char *point;
	struct statfs fs;
	size_t len;
	int proc = proc_fd(e), r;

	if (proc < 0)
		return proc;
	info = openat(proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return err_sys(e, "open /proc/self/mountinfo");
	r = fd_read_all(info, (size_t)64 << 20, "/proc/self/mountinfo", &text, &len, e);
	if (r < 0)
		return r;
	point = find_mount(text);
	if (!point)
		return err_user(e, "linux.intelRdt: resctrl is not mounted: mount it on "
				   "/sys/fs/resctrl, or do without intelRdt");
	r = path_open(AT_FDCWD, point, O_PATH | O_DIRECTORY, &root, e);
	if (r < 0)
		return r;
	if (fstatfs(root, &fs) < 0 || fs.f_type != RESCTRL_MAGIC)
		return err_user(e, "linux.intelRdt: %s is no resctrl", point);
	*ret_root_fd = fd_take(&root);
	return 0;
}

static int open_file(int root_fd, const char *group, const char *name, int flags, int *ret_fd,
		     struct err *e)
{
	auto_free char *path = NULL;

	if (asprintf(&path, "%s/%s", group, name) < 0) {
		path = NULL;
		return err_num(e, ENOMEM, "open %s/%s", group, name);
	}
	return path_open_beneath(root_fd, path, flags, 0, ret_fd, e);
}

/* --- comparing lines: "L3:0=00ff;1=ff" is "L3:1=ff;0=ff" --- */

/* One value of a line; the number before '=' and what is behind it. */
struct share {
	const char *domain, *value;
	size_t domain_len, value_len;
};

static size_t skip_zeros(const char *text, size_t len)
{
	size_t n = 0;

	while (n + 1 < len && text[n] == '0')
		n++;
	return n;
}

/* Takes the next one of *at; false at the end of the line. */
static bool next_share(const char **at, struct share *ret)
{
	size_t len;

	*at += strspn(*at, " ;\t");
	len = strcspn(*at, ";\n");
	if (len == 0)
		return false;
	ret->domain = *at;
	ret->domain_len = strcspn(*at, "=;\n \t");
	ret->value = *at + ret->domain_len;
	ret->value += strspn(ret->value, "= \t");
	ret->value_len = strcspn(ret->value, ";\n \t");
	*at += len;
	ret->domain += skip_zeros(ret->domain, ret->domain_len);
	ret->domain_len = strcspn(ret->domain, "=;\n \t");
	ret->value += skip_zeros(ret->value, ret->value_len);
	ret->value_len = strcspn(ret->value, ";\n \t");
	return true;
}

static bool same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

/* Whether the shares of @file_line (behind its name) hold this one. */
static bool has_share(const char *file_line, const struct share *want)
{
	struct share s;

	while (next_share(&file_line, &s))
		if (same(s.domain, s.domain_len, want->domain, want->domain_len) &&
		    same(s.value, s.value_len, want->value, want->value_len))
			return true;
	return false;
}

/* The shares of the line of @text that is named as @line is; NULL: there is no such line. */
static const char *find_line(const char *text, const char *line)
{
	size_t name = strcspn(line, ":");

	for (const char *at = text; *at; at += *at == '\n') {
		at += strspn(at, " \t");
		if (strncmp(at, line, name + 1) == 0)
			return at + name + 1;
		at += strcspn(at, "\n");
	}
	return NULL;
}

static bool has_line(const char *text, const char *line)
{
	const char *there = find_line(text, line), *at = line + strcspn(line, ":") + 1;
	struct share want;

	if (!there)
		return false;
	while (next_share(&at, &want))
		if (!has_share(there, &want))
			return false;
	return true;
}

/* --- what is asked for --- */

/* Line @i in the order of writing: L3, MB, the others; NULL behind the last one. */
static const char *line_at(const struct spec_rdt *want, size_t i, const char **ret_member)
{
	*ret_member = "l3CacheSchema";
	if (want->l3 && i-- == 0)
		return want->l3;
	*ret_member = "memBwSchema";
	if (want->bandwidth && i-- == 0)
		return want->bandwidth;
	*ret_member = "schemata";
	return i < want->schemata.n ? want->schemata.v[i] : NULL;
}

static int compare(const struct rdt *rdt, const struct spec_rdt *want, struct err *e)
{
	auto_free char *text = NULL;
	auto_fd int fd = -1;
	const char *line, *member;
	size_t len;
	int r = open_file(rdt->root_fd, rdt->group, "schemata", O_RDONLY, &fd, e);

	if (r == 0)
		r = fd_read_all(fd, FILE_MAX, "schemata", &text, &len, e);
	for (size_t i = 0; r == 0 && (line = line_at(want, i, &member)); i++)
		if (!has_line(text, line))
			r = err_user(e,
				     "linux.intelRdt.%s: the class %s exists and does not have "
				     "\"%s\": name another one, or make them equal",
				     member, want->group, line);
	return r;
}

int rdt_decide(struct rdt *rdt, const struct spec_rdt *want, struct err *e)
{
	const char *member;
	bool asks = line_at(want, 0, &member) != NULL;
	struct stat st;
	bool exists = fstatat(rdt->root_fd, rdt->group, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (!exists && errno != ENOENT)
		return err_sys(e, "look for the class %s in resctrl", rdt->group);
	if (exists && !S_ISDIR(st.st_mode))
		return err_user(e, "linux.intelRdt.closID: %s is a file of resctrl", rdt->group);
	if (exists && !want->group)
		return err_user(e, "linux.intelRdt: resctrl has a class %s already", rdt->group);
	if (!exists && want->group && !asks)
		return err_user(e,
				"linux.intelRdt.closID: there is no class %s: make it, or say "
				"with l3CacheSchema, memBwSchema or schemata what it is to have",
				want->group);
	rdt->makes = !exists;
	return exists && asks ? compare(rdt, want, e) : 0;
}

int rdt_name(int *root_fd, const struct spec_rdt *want, const char *id, struct rdt *ret,
	     struct err *e)
{
	ret->root_fd = fd_take(root_fd);
	ret->group = !want->group ? id : strcmp(want->group, "/") == 0 ? "." : want->group;
	if (want->monitoring && asprintf(&ret->monitor, "%s/mon_groups/%s", ret->group, id) < 0) {
		ret->monitor = NULL;
		return err_num(e, ENOMEM, "name the group for monitoring");
	}
	return 0;
}

int rdt_prepare(const struct spec_rdt *want, const char *id, struct rdt *ret, struct err *e)
{
	auto_fd int root_fd = -1;
	int r = want->set ? rdt_open(&root_fd, e) : 0;

	if (r < 0 || !want->set)
		return r;
	r = rdt_name(&root_fd, want, id, ret, e);
	return r < 0 ? r : rdt_decide(ret, want, e);
}

void rdt_done(struct rdt *rdt)
{
	fd_close(&rdt->root_fd);
	free(rdt->monitor);
	*rdt = RDT_INIT;
}

/* --- doing it --- */

/* The kernel's own words for what it has refused, from info/last_cmd_status. */
static int refuse(const struct rdt *rdt, int error, const char *what, struct err *e)
{
	struct err ignored = ERR_INIT; /* then there are no words */
	auto_free char *text = NULL;
	auto_fd int fd = -1;
	size_t len;

	if (open_file(rdt->root_fd, "info", "last_cmd_status", O_RDONLY, &fd, &ignored) == 0 &&
	    fd_read_all(fd, FILE_MAX, "last_cmd_status", &text, &len, &ignored) == 0)
		text[strcspn(text, "\n")] = '\0';
	return text && *text ? err_num(e, error, "%s: %s", what, text)
			     : err_num(e, error, "%s", what);
}

int rdt_make(struct rdt *rdt, struct err *e)
{
	if (rdt->makes && mkdirat(rdt->root_fd, rdt->group, 0755) < 0)
		return refuse(rdt, errno, "linux.intelRdt: make the class in resctrl", e);
	rdt->made = rdt->makes;
	if (rdt->monitor && mkdirat(rdt->root_fd, rdt->monitor, 0755) < 0)
		return refuse(rdt, errno, "linux.intelRdt.enableMonitoring: make the group", e);
	return 0;
}

int rdt_write(const struct rdt *rdt, const struct spec_rdt *want, struct err *e)
{
	const char *line, *member;
	int r = 0;

	for (size_t i = 0; r == 0 && (line = line_at(want, i, &member)); i++) {
		auto_buf struct buf text = BUF_INIT;
		auto_fd int fd = -1;

		buf_addf(&text, "%s\n", line);
		r = buf_check(&text, e);
		if (r == 0)
			r = open_file(rdt->root_fd, rdt->group, "schemata", O_WRONLY, &fd, e);
		if (r == 0 && write(fd, text.data, text.len) != (ssize_t)text.len)
			r = refuse(rdt, errno, "write the class's schemata", e);
		if (r < 0)
			(void)err_wrap(e, "linux.intelRdt.%s: \"%s\"", member, line);
	}
	return r;
}

int rdt_apply(struct rdt *rdt, const struct spec_rdt *want, struct err *e)
{
	int r = rdt_make(rdt, e);

	return r < 0 || !rdt->makes ? r : rdt_write(rdt, want, e);
}

void rdt_record(const struct rdt *rdt, const char **ret_group, const char **ret_monitor)
{
	*ret_group = rdt->makes ? rdt->group : NULL;
	*ret_monitor = rdt->monitor;
}

static int put_pid(const struct rdt *rdt, const char *group, pid_t pid, struct err *e)
{
	auto_fd int fd = -1;
	char text[16];
	int r = open_file(rdt->root_fd, group, "tasks", O_WRONLY, &fd, e);
	int n = snprintf(text, sizeof(text), "%d\n", (int)pid);

	if (r == 0 && write(fd, text, (size_t)n) != n)
		r = refuse(rdt, errno, "put the process into its class of resctrl", e);
	return r < 0 ? err_wrap(e, "linux.intelRdt") : 0;
}

int rdt_join(const struct rdt *rdt, pid_t pid, struct err *e)
{
	int r = 0;

	if (rdt->root_fd >= 0)
		r = put_pid(rdt, rdt->group, pid, e);
	return r == 0 && rdt->monitor ? put_pid(rdt, rdt->monitor, pid, e) : r;
}

int rdt_join_again(const struct spec_rdt *want, const struct state *st, pid_t pid, struct err *e)
{
	bool has = want->set || st->rdt_group; /* the second: update has made one */
	struct rdt rdt = RDT_INIT;
	auto_fd int root_fd = -1;
	int r = has ? rdt_open(&root_fd, e) : 0;

	if (r == 0 && has)
		r = rdt_name(&root_fd, want, st->id, &rdt, e);
	if (r == 0)
		r = rdt_join(&rdt, pid, e);
	rdt_done(&rdt);
	return r;
}

/* --- undoing it --- */

static bool has_tasks(int root_fd, const char *group)
{
	struct err ignored = ERR_INIT; /* what has no such file is no class */
	auto_fd int fd = -1;
	char byte;

	return open_file(root_fd, group, "tasks", O_RDONLY, &fd, &ignored) == 0 &&
	       read(fd, &byte, 1) == 1;
}

static int remove_dir(int root_fd, const char *path, struct err *e)
{
	if (!path_is_beneath(path) || *path == '\0')
		return err_user(e, "%s is no group of resctrl", path);
	if (unlinkat(root_fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(e, "remove %s from resctrl", path);
	return 0;
}

int rdt_remove(int root_fd, const char *group, const char *monitor, struct err *e)
{
	int r = monitor ? remove_dir(root_fd, monitor, e) : 0;

	if (r < 0 || !group || has_tasks(root_fd, group))
		return r;
	return remove_dir(root_fd, group, e);
}
