/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target - paths of the container: found, made, and from then on held as descriptors.
 *
 * The tree below the root belongs to whoever made the image, and parts of it may be shared with
 * containers that run and change it while we look. So there is one resolver, the kernel's: openat2
 * with RESOLVE_IN_ROOT, where symlinks and ".." stay below the root and magic links are refused.
 * What it opened is used as that descriptor and never looked up again. Missing components are made
 * one by one, each by *at calls on the descriptor of its parent, without following anything.
 */
#include "init/init.h"

#include <asm/statfs.h>

#define DIR_MODE  0755
#define FILE_MODE 0644
#define LINKS_MAX 40 /* as the kernel's own limit, MAXSYMLINKS */

/* The directory that targets are resolved in: the attached root, or "/". Not the caller's. */
int target_root(struct init *in)
{
	if (in->root_fd < 0)
		in->root_fd = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	return in->root_fd;
}

/* What @path is in the root, as an O_PATH descriptor. */
int target_find(struct init *in, const char *path, uint64_t flags, uint64_t resolve)
{
	const struct open_how how = {
		.flags = O_CLOEXEC | flags,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	int root = target_root(in);
	int fd;

	if (root < 0)
		return root;
	do { /* EAGAIN: something was renamed beside us, and ".." could not be proven to be inside
	      */
		fd = sys_openat2(root, path, &how);
	} while (fd == -EAGAIN);
	return fd;
}

static uint64_t links_refused(const struct init *in)
{
	return in->followed ? 0 : RESOLVE_NO_SYMLINKS;
}

/* Length of @path without its last component and the slashes around it. */
static size_t parent_length(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}

/*
 * The longest part of @path that exists, opened; *ret_rest is where the missing part begins.
 */
static int existing_part(struct init *in, const char *path, uint64_t resolve, const char **ret_rest)
{
	char part[PATH_SIZE];
	size_t len = strlen(path);
	int fd;

	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	memcpy(part, path, len + 1);
	do {
		len = parent_length(part, len);
		part[len] = '\0';
		fd = target_find(in, len > 0 ? part : "/", O_PATH | O_DIRECTORY, resolve);
	} while (fd == -ENOENT && len > 1);
	*ret_rest = path + len;
	return fd;
}

/* The next component of *at as a string of its own in @name; 0 when there is none. */
static int component_next(const char **at, char name[256])
{
	size_t len = 0;

	while (**at == '/')
		(*at)++;
	for (; **at != '\0' && **at != '/'; (*at)++) {
		if (len >= 255)
			return -ENAMETOOLONG;
		name[len++] = **at;
	}
	name[len] = '\0';
	while (**at == '/')
		(*at)++;
	return len > 0;
}

static bool name_is(const char *name, const char *dots)
{
	size_t i = 0;

	while (name[i] == dots[i] && name[i] != '\0')
		i++;
	return name[i] == dots[i];
}

/* Make the directory @name in @dir_fd and open it; one that appeared meanwhile is as good. */
static int directory_make(int dir_fd, const char *name)
{
	int r = sys_mkdirat(dir_fd, name, DIR_MODE);

	if (r < 0 && r != -EEXIST)
		return r;
	return sys_openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

/* A path to make, and what is made of it where a symlink leads on. */
struct look {
	char path[PATH_SIZE];
	unsigned links; /* followed so far */
};

static int look_append(struct look *to, size_t *len, const char *text, size_t n)
{
	if (*len + n >= sizeof(to->path))
		return -ENAMETOOLONG;
	memcpy(to->path + *len, text, n);
	*len += n;
	to->path[*len] = '\0';
	return 0;
}

static bool is_procfs(int dir_fd)
{
	struct statfs fs;

	return sys_fstatfs(dir_fd, &fs) < 0 || fs.f_type == PROC_MAGIC;
}

/*
 * @name, which begins after @before bytes of @look's path and has @rest behind it, is in the way. A
 * symlink is not followed by the kernel when its end is missing, so *@look becomes where it leads,
 * for the resolver to begin again. So it does for what another container on the same root file
 * system has made meanwhile. Anything else is what @error says. What a link of procfs reads as is
 * no path (CVE-2024-21626): ours may have appeared since the resolver found none.
 */
static int look_follow(struct init *in, struct look *look, size_t before, int dir_fd,
		       const char *name, const char *rest, int error)
{
	char link[PATH_SIZE];
	struct look next = {.links = look->links + 1};
	size_t len = 0;
	int r, n = sys_readlinkat(dir_fd, name, link, sizeof(link));

	if (n <= 0 && error != -EEXIST)
		return error;
	if (next.links > LINKS_MAX || is_procfs(dir_fd))
		return -ELOOP;
	if (n <= 0) {
		look->links++;
		return -ESTALE;
	}
	r = link[0] == '/' ? 0 : look_append(&next, &len, look->path, before);
	if (r == 0)
		r = look_append(&next, &len, "/", 1);
	if (r == 0)
		r = look_append(&next, &len, link, (size_t)n);
	if (r == 0)
		r = look_append(&next, &len, "/", *rest != '\0');
	if (r == 0)
		r = look_append(&next, &len, rest, strlen(rest));
	if (r < 0)
		return r;
	memcpy(look, &next, sizeof(next));
	in->followed = true;
	return -ESTALE;
}

static int name_make(int dir_fd, const char *name, bool file)
{
	if (!file)
		return directory_make(dir_fd, name);
	return sys_openat(dir_fd, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDONLY | O_CLOEXEC,
			  FILE_MODE);
}

/*
 * Make what is missing of @look's path; the descriptor of its last component, or -ESTALE when it
 * has become another path, or has links in it that were not there before.
 */
static int missing_make(struct init *in, struct look *look, uint32_t kind)
{
	bool follows = kind != PLAN_TARGET_EXACT;
	const char *rest, *start;
	char name[256];
	auto_path int fd = existing_part(in, look->path, links_refused(in), &rest);
	int r;

	if (fd == -ELOOP && follows && !in->followed && look->links++ <= LINKS_MAX)
		return -ESTALE;
	if (fd < 0)
		return fd;
	while (start = rest, (r = component_next(&rest, name)) > 0) {
		int next;

		if (name_is(name, "."))
			continue;
		if (name_is(name, "..")) /* behind a name that is not there: no way to mean it */
			return -ENOENT;
		next = name_make(fd, name, *rest == '\0' && kind == PLAN_TARGET_FILE);
		/* where none may be on the way, one that came meanwhile may not either */
		if ((next == -EEXIST || next == -ENOTDIR) && follows)
			return look_follow(in, look, (size_t)(start - look->path), fd, name, rest,
					   next);
		if (next < 0)
			return next;
		path_let(&fd);
		fd = next;
	}
	return r < 0 ? r : fd_take(&fd);
}

/* What is at @path. Links are followed only where there are some, and then in->followed says so. */
static int look_find(struct init *in, const char *path, uint32_t kind)
{
	uint64_t flags = O_PATH | (kind == PLAN_TARGET_FILE ? 0 : O_DIRECTORY);
	int fd = target_find(in, path, flags, links_refused(in));

	if (fd != -ELOOP || in->followed || kind == PLAN_TARGET_EXACT)
		return fd;
	in->followed = true;
	return target_find(in, path, flags, 0);
}

/*
 * The mount point @path, made when it is missing. A directory for PLAN_TARGET_DIR; for _EXACT
 * without a symlink on the way, because a proc that lands elsewhere would let files be faked.
 * Elsewhere symlinks are followed, also one that leads to what is missing: images have such an
 * /etc/resolv.conf. Where none was, what was found or made is what the words of @path say.
 */
int target_make(struct init *in, const char *path, uint32_t kind)
{
	struct look look;
	size_t len = 0;
	int fd;

	if (kind < PLAN_TARGET_DIR || kind > PLAN_TARGET_EXACT)
		return -EINVAL;
	in->followed = false;
	fd = look_find(in, path, kind);
	if (fd != -ENOENT)
		return fd;
	look.links = 0;
	fd = look_append(&look, &len, path, strlen(path));
	if (fd == 0)
		fd = missing_make(in, &look, kind);
	while (fd == -ESTALE) {
		fd = look_find(in, look.path, kind);
		if (fd == -ENOENT)
			fd = missing_make(in, &look, kind);
	}
	return fd;
}

/* The same, but a symlink in the last place is the mount point itself. */
int target_make_nofollow(struct init *in, const char *path, uint32_t kind)
{
	int fd = target_find(in, path, O_PATH | O_NOFOLLOW, 0);

	in->followed = true; /* one of a parent may have been */
	return fd == -ENOENT ? target_make(in, path, kind) : fd;
}

/* Whether @path lies directly in the directory that was used last. */
static bool parent_known(const struct init *in, const char *path, size_t len)
{
	if (in->dir_fd < 0 || in->dir_len != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (in->dir[i] != path[i])
			return false;
	}
	return true;
}

/* The directory that @path lies in as @dir, and the last name of it; the directory's length. */
static int path_split(const char *path, char dir[PATH_SIZE], const char **ret_name)
{
	size_t len = parent_length(path, strlen(path));
	const char *name = path + len;

	while (*name == '/')
		name++;
	if (*name == '\0' || name_is(name, ".") || name_is(name, ".."))
		return -EINVAL;
	if (len >= PATH_SIZE)
		return -ENAMETOOLONG;
	memcpy(dir, len > 0 ? path : "/", len > 0 ? len : 1);
	dir[len > 0 ? len : 1] = '\0';
	*ret_name = name;
	return (int)len;
}

/*
 * The directory that @path lies in, made when it is missing, and the last name of it. The
 * descriptor stays here for the next file of the same directory: devices come in dozens.
 */
int target_parent(struct init *in, const char *path, const char **ret_name)
{
	char dir[PATH_SIZE];
	int len = path_split(path, dir, ret_name);

	if (len < 0 || parent_known(in, path, (size_t)len))
		return len < 0 ? len : in->dir_fd;
	target_forget(in);
	in->dir_fd = target_make(in, dir, PLAN_TARGET_DIR);
	in->dir = path;
	in->dir_len = (size_t)len;
	return in->dir_fd;
}

/* The same of a directory that is there, with no symlink on the way to it; the caller's. */
int target_parent_exact(struct init *in, const char *path, const char **ret_name)
{
	char dir[PATH_SIZE];
	int len = path_split(path, dir, ret_name);

	return len < 0 ? len : target_find(in, dir, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
}

/* A mount may have covered the directory that target_parent() holds. */
void target_forget(struct init *in)
{
	path_let(&in->dir_fd);
}

/* Attach the mount @tree_fd on @target_fd. */
int target_attach(struct init *in, int tree_fd, int target_fd)
{
	target_forget(in);
	return sys_move_mount(tree_fd, "", target_fd, "",
			      MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}
