/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find - where the cgroup2 hierarchy is mounted, and which cgroup is our own.
 *
 * The kernel knows: /proc/self/mountinfo. But that file grows with the mounts of the host, and a
 * state query should not; so the two places where distributions put the hierarchy are tried first,
 * and taken when they are its very root, whose inode is always 1. Anything else (a container, a
 * part bound somewhere, an unusual place) is read from mountinfo.
 */
#include "tinyrun/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/proc.h"
#include "tinyrun/str.h"

#define ROOT_INODE    1
#define MOUNTINFO_MAX (64u << 20)
#define OWN_MAX       (1u << 20)

/* Octal escapes of mountinfo: \040 blank, \011 tab, \012 newline, \134 backslash. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = 0;
}

/* Fields: id parent major:minor ROOT POINT options [optional ...] - TYPE source super-options */
static bool parse_mount(char *line, const char **ret_root, const char **ret_point)
{
	char *save = NULL, *root = NULL, *point = NULL, *word;
	unsigned n = 0;

	for (word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		n++;
		if (n == 4)
			root = word;
		else if (n == 5)
			point = word;
		else if (n > 6 && strcmp(word, "-") == 0)
			break;
	}
	word = word ? strtok_r(NULL, " ", &save) : NULL;
	if (!word || strcmp(word, "cgroup2") != 0)
		return false;
	unescape(root);
	unescape(point);
	*ret_root = root;
	*ret_point = point;
	return true;
}

bool cgroup_next_mount(char **cursor, const char **ret_root, const char **ret_point)
{
	char *line;

	while ((line = strsep(cursor, "\n")))
		if (parse_mount(line, ret_root, ret_point))
			return true;
	return false;
}

char *cgroup_parse_own(const char *text)
{
	static const char gone[] = " (deleted)";
	const char *line = text;

	for (; line; line = strchr(line, '\n')) {
		size_t len;

		if (*line == '\n')
			line++;
		if (!str_starts(line, "0::/"))
			continue;
		line += strlen("0::");
		len = strcspn(line, "\n");
		if (len > strlen(gone) &&
		    strncmp(line + len - strlen(gone), gone, strlen(gone)) == 0)
			len -= strlen(gone);
		return strndup(line, len);
	}
	return NULL;
}

const char *cgroup_below(const char *root, const char *own)
{
	size_t len = strlen(root);

	if (strcmp(root, "/") == 0)
		return own;
	if (strncmp(own, root, len) != 0)
		return NULL;
	if (own[len] == 0)
		return "/";
	return own[len] == '/' ? own + len : NULL;
}

static int read_proc(const char *name, size_t max, char **ret, struct err *e)
{
	auto_fd int fd = -1;
	size_t len;
	int proc = proc_fd(e);
	int r = proc < 0 ? proc : path_open(proc, name, O_RDONLY, &fd, e);

	return r < 0 ? r : fd_read_all(fd, max, name, ret, &len, e);
}

int cgroup_read_own(char **ret, struct err *e)
{
	auto_free char *text = NULL;
	char *own = NULL;
	int r = read_proc("self/cgroup", OWN_MAX, &text, e);

	if (r < 0)
		return r;
	own = cgroup_parse_own(text);
	/* Out of our cgroup namespace, "/../x", no path of ours leads there. */
	if (own && str_starts(own, "/..")) {
		free(own);
		own = NULL;
	}
	if (!own)
		own = strdup("/");
	if (!own)
		return err_num(e, ENOMEM, "find our own cgroup");
	*ret = own;
	return 0;
}

int cgroup_read_of(pid_t pid, char **ret, struct err *e)
{
	auto_free char *text = NULL;
	char name[32];
	int r;

	(void)snprintf(name, sizeof(name), "%d/cgroup", (int)pid);
	r = read_proc(name, OWN_MAX, &text, e);
	if (r == 0)
		*ret = cgroup_parse_own(text);
	return r;
}

int cgroup_open_of(const struct cgroup_host *host, pid_t pid, const char *path, int *ret_fd,
		   struct err *e)
{
	auto_free char *own = NULL;
	int r = cgroup_read_of(pid, &own, e);

	if (r < 0)
		return r;
	if (!own || !cgroup_below(path, own))
		return CGROUP_E_MISSING;
	return cgroup_open(host, own, ret_fd, e);
}

/* Opens @point when a cgroup2 is what one finds there now (another mount may lie on top of it). */
static int open_hierarchy(const char *point)
{
	auto_fd int fd = openat(AT_FDCWD, point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
		return -1;
	return fd_take(&fd);
}

static int take(struct cgroup_host *host, int *fd, const char *point, struct err *e)
{
	host->mount = strdup(point);
	if (!host->mount)
		return err_num(e, ENOMEM, "find the cgroup2 hierarchy");
	host->fd = fd_take(fd);
	return 0;
}

static int find_usual(struct cgroup_host *host, struct err *e)
{
	static const char *const usual[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		auto_fd int fd = open_hierarchy(usual[i]);
		struct stat st;

		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == ROOT_INODE)
			return take(host, &fd, usual[i], e);
	}
	return 0;
}

/* Whole hierarchies first, then parts that we are in, then what reaches above our namespace. */
enum rank { RANK_WHOLE, RANK_PART, RANK_ABOVE, RANK_MAX };

static enum rank rank_of(const char *root, const char *own)
{
	if (strcmp(root, "/") == 0)
		return RANK_WHOLE;
	if (str_starts(root, "/.."))
		return RANK_ABOVE;
	return cgroup_below(root, own) ? RANK_PART : RANK_MAX;
}

static int try_mounts(struct cgroup_host *host, const char *info, enum rank rank, const char *own,
		      struct err *e)
{
	auto_free char *text = strdup(info);
	const char *root, *point;
	char *cursor = text;

	if (!text)
		return err_num(e, ENOMEM, "find the cgroup2 hierarchy");
	while (cgroup_next_mount(&cursor, &root, &point)) {
		auto_fd int fd = -1;

		if (rank_of(root, own) != rank)
			continue;
		fd = open_hierarchy(point);
		if (fd < 0)
			continue;
		host->own = strdup(rank == RANK_PART ? cgroup_below(root, own) : own);
		if (!host->own)
			return err_num(e, ENOMEM, "find the cgroup2 hierarchy");
		return take(host, &fd, point, e);
	}
	return 0;
}

int cgroup_host_init(struct cgroup_host *host, struct err *e)
{
	auto_free char *info = NULL, *own = NULL;
	int r;

	*host = CGROUP_HOST_INIT;
	r = find_usual(host, e);
	if (r < 0 || host->fd >= 0)
		return r;
	r = cgroup_read_own(&own, e);
	if (r == 0)
		r = read_proc("self/mountinfo", MOUNTINFO_MAX, &info, e);
	for (enum rank rank = RANK_WHOLE; r == 0 && host->fd < 0 && rank < RANK_MAX; rank++)
		r = try_mounts(host, info, rank, own, e);
	if (r < 0)
		cgroup_host_done(host);
	return r;
}

void cgroup_host_done(struct cgroup_host *host)
{
	fd_close(&host->fd);
	free(host->mount);
	free(host->own);
	*host = CGROUP_HOST_INIT;
}
