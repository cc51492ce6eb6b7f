/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enable - the controllers that a cgroup's limits need, made available to it.
 *
 * A controller is there when the parent has it in cgroup.subtree_control, which takes that the
 * parent has it itself, and so on up to the top of what is mounted here. So one looks upwards only
 * as far as something is missing, and writes on the way back down. What was enabled stays so when
 * the container goes: siblings may be using it by then. Nothing that is not needed is touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "cgroup/internal.h"
#include "tinyrun/buf.h"
#include "tinyrun/fd.h"
#include "tinyrun/str.h"

#define NEEDS_MAX   32
#define LEVELS_MAX  128
#define ROOT_INODE  1
#define SUBTREE     "cgroup.subtree_control"
#define CONTROLLERS "cgroup.controllers"

/* A controller and the first write that wants it: its name is the beginning of the file's. */
struct need {
	const struct cgroup_write *write;
	size_t len;
};

struct needs {
	struct need v[NEEDS_MAX];
	size_t n;
};

static int same(const struct need *need, const char *file, size_t len)
{
	return need->len == len && strncmp(need->write->file, file, len) == 0;
}

static int needs_of(const struct cgroup_writes *writes, struct needs *ret, struct err *e)
{
	ret->n = 0;
	for (size_t i = 0; i < writes->n; i++) {
		const char *file = writes->v[i].file;
		size_t len = strcspn(file, "."), at = 0;

		if (writes->v[i].optional || str_starts(file, "cgroup."))
			continue;
		while (at < ret->n && !same(&ret->v[at], file, len))
			at++;
		if (at == NEEDS_MAX)
			return err_user(e, "linux.resources.unified: more than %d controllers",
					NEEDS_MAX);
		if (at == ret->n)
			ret->v[ret->n++] = (struct need){.write = &writes->v[i], .len = len};
	}
	return 0;
}

/* What of @needs is not among the words of @text. */
static struct needs missing_in(const char *text, const struct needs *needs)
{
	struct needs missing = {.n = 0};

	for (size_t i = 0; i < needs->n; i++)
		if (!cgroup_file_has_word(text, needs->v[i].write->file, needs->v[i].len))
			missing.v[missing.n++] = needs->v[i];
	return missing;
}

/* "memory.limit", or for a unified one the file that is asked for. */
static const char *origin_of(const struct need *need, char *out, size_t size)
{
	const struct cgroup_write *write = need->write;

	if (strcmp(write->origin, "unified") != 0)
		return write->origin;
	(void)snprintf(out, size, "unified[%s]", write->file);
	return out;
}

/* The top has no more to give: name what is missing, where, and the way out. */
static int explain_missing(int top_fd, const struct need *need, struct err *e)
{
	auto_free char *name = cgroup_name_of(top_fd);
	char text[128];
	const char *origin = origin_of(need, text, sizeof(text));
	struct stat st;
	bool whole = fstat(top_fd, &st) == 0 && st.st_ino == ROOT_INODE;

	/* no errno's words: clients take "No such file" for a program that is not there */
	return err_user(e,
			"%s needs the %.*s controller, which is not available at %s: %s or remove "
			"linux.resources.%s",
			origin, (int)need->len, need->write->file, name ? name : "the cgroup",
			whole ? "boot with systemd.unified_cgroup_hierarchy=1"
			      : "have it enabled by whoever manages the cgroup above",
			origin);
}

static int explain_refusal(int fd, const struct need *need, int errnum, struct err *e)
{
	auto_free char *name = cgroup_name_of(fd);
	char text[128];
	const char *why = "the kernel refuses it";

	if (errnum == EBUSY)
		why = "that cgroup has processes of its own: a cgroup gives controllers to "
		      "those below it or has processes, so choose another cgroupsPath";
	else if (errnum == EACCES || errnum == EPERM || errnum == EROFS)
		why = "that cgroup is not delegated to this user";
	return err_num(e, errnum, "%s needs the %.*s controller, which %s does not pass on, as %s",
		       origin_of(need, text, sizeof(text)), (int)need->len, need->write->file,
		       name ? name : "the cgroup", why);
}

static int write_subtree(int fd, const struct needs *needs, struct err *e)
{
	auto_buf struct buf text = BUF_INIT;
	struct err refused = ERR_INIT;
	int r;

	for (size_t i = 0; i < needs->n; i++)
		buf_addf(&text, "%s+%.*s", i ? " " : "", (int)needs->v[i].len,
			 needs->v[i].write->file);
	r = buf_check(&text, e);
	if (r < 0)
		return r;
	r = fd_put(fd, SUBTREE, text.data, &refused);
	return r < 0 ? explain_refusal(fd, &needs->v[0], -r, e) : 0;
}

/* The cgroup above, or -1 at the top of what is mounted. */
static int open_parent(int fd)
{
	auto_fd int parent = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	struct stat here, there;

	if (parent < 0 || fstatfs(parent, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
		return -1;
	if (fstat(fd, &here) < 0 || fstat(parent, &there) < 0 || here.st_ino == there.st_ino ||
	    here.st_ino == ROOT_INODE)
		return -1;
	return fd_take(&parent);
}

static int enable_at(int fd, const struct needs *needs, unsigned levels, struct err *e)
{
	char text[CGROUP_FILE_MAX];
	int r = cgroup_file_read(fd, CONTROLLERS, text, sizeof(text), e);
	auto_fd int parent = -1;
	struct needs missing;

	if (r != 0)
		return r < 0 ? r : err_num(e, ENOENT, "read " CONTROLLERS);
	missing = missing_in(text, needs);
	if (missing.n == 0)
		return 0;
	if (levels == 0)
		return err_user(e, "the cgroup is more than %d levels deep", LEVELS_MAX);
	parent = open_parent(fd);
	if (parent < 0)
		return explain_missing(fd, &missing.v[0], e);
	r = enable_at(parent, &missing, levels - 1, e);
	return r < 0 ? r : write_subtree(parent, &missing, e);
}

int cgroup_enable(int cgroup_fd, const struct cgroup_writes *writes, struct err *e)
{
	struct needs needs;
	int r = needs_of(writes, &needs, e);

	return r < 0 || needs.n == 0 ? r : enable_at(cgroup_fd, &needs, LEVELS_MAX, e);
}
