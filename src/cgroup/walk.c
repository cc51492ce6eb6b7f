/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk - a cgroup and everything below it.
 *
 * Who owns the container decides how deep and how broad the tree is. So neither the stack nor the
 * number of descriptors grows with it: one directory is open at a time, the way back up is "..",
 * and what is left to do above is remembered as (name, offset) on the heap. Directories of cgroup2
 * are never renamed, so ".." is where we came from.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"

struct level {
	int64_t next; /* offset behind the entry that we went into */
	char name[256];
};

struct walk {
	const struct cgroup_visitor *visitor;
	int fd;       /* the directory that we are in */
	int64_t next; /* where in it to go on */
	struct level *levels;
	size_t depth, size;
};

/* The kernel's own layout: libcs do not agree on a name for it. */
struct entry {
	uint64_t ino;
	int64_t next;
	uint16_t len;
	uint8_t type;
	char name[];
};

static bool is_child(const struct entry *entry)
{
	return entry->type == DT_DIR && strcmp(entry->name, ".") != 0 &&
	       strcmp(entry->name, "..") != 0;
}

/* The name of the next directory in w->fd from w->next on. Returns 1, 0 at the end, or negative. */
static int next_child(struct walk *w, char name[256], struct err *e)
{
	_Alignas(8) char batch[4096];

	if (lseek(w->fd, w->next, SEEK_SET) < 0)
		return err_sys(e, "seek in a cgroup");
	for (;;) {
		long n = syscall(SYS_getdents64, w->fd, batch, sizeof(batch));

		if (n < 0 && errno == ENOENT)
			return 0; /* removed under us */
		if (n < 0)
			return err_sys(e, "list a cgroup");
		if (n == 0)
			return 0;
		for (long at = 0; at < n;) {
			const struct entry *entry = (const void *)(batch + at);

			at += entry->len;
			w->next = entry->next;
			if (is_child(entry) && strlen(entry->name) < 256) {
				memcpy(name, entry->name, strlen(entry->name) + 1);
				return 1;
			}
		}
	}
}

static int enter(struct walk *w, struct err *e)
{
	return w->visitor->enter ? w->visitor->enter(w->visitor->arg, w->fd, e) : 0;
}

static int push(struct walk *w, const char *name, struct err *e)
{
	if (w->depth == w->size) {
		size_t size = w->size ? 2 * w->size : 8;
		struct level *levels = reallocarray(w->levels, size, sizeof(*levels));

		if (!levels)
			return err_num(e, ENOMEM, "walk a cgroup");
		w->levels = levels;
		w->size = size;
	}
	w->levels[w->depth].next = w->visitor->removes ? 0 : w->next;
	memcpy(w->levels[w->depth].name, name, strlen(name) + 1);
	w->depth++;
	return 0;
}

static int go_down(struct walk *w, const char *name, struct err *e)
{
	auto_fd int child = openat(w->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (child < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open cgroup %s", name);
	r = push(w, name, e);
	if (r < 0)
		return r;
	fd_close(&w->fd);
	w->fd = fd_take(&child);
	w->next = 0;
	return enter(w, e);
}

static int go_up(struct walk *w, struct err *e)
{
	const struct level *level = &w->levels[w->depth - 1];
	int parent = openat(w->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (parent < 0)
		return err_sys(e, "go back from cgroup %s", level->name);
	fd_close(&w->fd);
	w->fd = parent;
	w->next = level->next;
	if (w->visitor->leave)
		r = w->visitor->leave(w->visitor->arg, parent, level->name, e);
	w->depth--;
	return r;
}

int cgroup_walk(int cgroup_fd, const struct cgroup_visitor *visitor, struct err *e)
{
	struct walk w = {.visitor = visitor};
	char name[256];
	int r;

	/* One of our own: the offset of a shared one would move. */
	w.fd = openat(cgroup_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w.fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open a cgroup");
	r = enter(&w, e);
	while (r >= 0) {
		r = next_child(&w, name, e);
		if (r > 0)
			r = go_down(&w, name, e);
		else if (r == 0 && w.depth == 0)
			break;
		else if (r == 0)
			r = go_up(&w, e);
	}
	fd_close(&w.fd);
	free(w.levels);
	return r;
}
