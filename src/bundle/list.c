/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list - what has to be where.
 *
 * A path is walked name by name as the kernel would, from the host's root: each directory becomes
 * an entry, each symbolic link becomes an entry and is followed, so that what stands in the list is
 * complete from the root on. The host's tree is taken as it is at that moment; whoever changes it
 * meanwhile gets an error or the new file, nothing worse.
 */
#include "bundle/list.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle/libs.h"
#include "tinyrun/fd.h"

#define LINKS_MAX 40 /* the kernel's own bound */

int list_no_memory(struct err *e)
{
	return err_num(e, ENOMEM, "put the bundle together");
}

void bundle_done(struct bundle *b)
{
	libs_close_cache(b);
	free(b->v);
	arena_done(&b->arena);
	*b = BUNDLE_INIT;
}

const struct bundle_entry *bundle_find(const struct bundle *b, const char *path)
{
	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->v[i].path, path) == 0)
			return &b->v[i];
	return NULL;
}

/* Whether @path comes with a directory of the host that is there with all below it. */
static bool is_covered(const struct bundle *b, const char *path)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct bundle_entry *entry = &b->v[i];
		size_t len = strlen(entry->path);

		if (entry->kind == BUNDLE_TREE && strcmp(entry->path, entry->from) == 0 &&
		    strncmp(path, entry->path, len) == 0 && path[len] == '/')
			return true;
	}
	return false;
}

static int grow(struct bundle *b, struct err *e)
{
	size_t size = b->size ? 2 * b->size : 64;
	struct bundle_entry *v;

	if (b->n < b->size)
		return 0;
	v = reallocarray(b->v, size, sizeof(*v));
	if (!v)
		return list_no_memory(e);
	b->v = v;
	b->size = size;
	return 0;
}

int list_add(struct bundle *b, enum bundle_kind kind, const char *path, const char *from,
	     mode_t mode, struct err *e)
{
	struct bundle_entry entry = {.kind = kind, .mode = mode & 01777};
	struct bundle_entry *there = (struct bundle_entry *)bundle_find(b, path);

	if (there && there->kind == BUNDLE_DIR && kind == BUNDLE_TREE) {
		there->kind = BUNDLE_TREE; /* all of it, in place of a way through it */
		there->from = there->path;
	}
	if (there || is_covered(b, path))
		return 0;
	entry.path = arena_strdup(&b->arena, path);
	entry.from = from ? arena_strdup(&b->arena, from) : "";
	if (!entry.path || !entry.from)
		return list_no_memory(e);
	if (grow(b, e) < 0)
		return -ENOMEM;
	b->v[b->n++] = entry;
	return 0;
}

int list_absolute(struct bundle *b, const char *path, const char **ret, struct err *e)
{
	auto_free char *cwd = NULL;

	if (path[0] == '/') {
		*ret = path;
		return 0;
	}
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return err_sys(e, "find the working directory");
	*ret = arena_printf(&b->arena, "%s/%s", cwd, path);
	return *ret ? 0 : list_no_memory(e);
}

/* Where the walk is: @at has been reached, @rest from @next on is still to be gone. */
struct walk {
	char at[PATH_MAX], rest[2 * PATH_MAX];
	size_t len, next; /* len: of @at */
	unsigned links;
};

static int too_long(const char *path, struct err *e)
{
	return err_num(e, ENAMETOOLONG, "follow %.128s", path);
}

static void go_up(struct walk *w)
{
	while (w->len > 0 && w->at[--w->len] != '/')
		;
	w->at[w->len] = '\0';
}

/* Moves the next name from rest to the end of at; *ret_more is false when there is none. */
static int step(struct walk *w, const char *path, bool *ret_more, struct err *e)
{
	const char *name;
	size_t len;

	for (;;) {
		w->next += strspn(w->rest + w->next, "/");
		name = w->rest + w->next;
		len = strcspn(name, "/");
		w->next += len;
		if (len == 2 && memcmp(name, "..", 2) == 0)
			go_up(w);
		else if (len != 1 || name[0] != '.')
			break;
	}
	*ret_more = len > 0;
	if (w->len + 1 + len >= sizeof(w->at))
		return too_long(path, e);
	if (len == 0)
		return 0;
	w->at[w->len++] = '/';
	memcpy(w->at + w->len, name, len);
	w->len += len;
	w->at[w->len] = '\0';
	return 0;
}

/* at is a link: it is written down, and its target put in front of rest. */
static int follow_link(struct bundle *b, struct walk *w, const char *path, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlink(w->at, target, sizeof(target) - 1);
	size_t behind = strlen(w->rest + w->next);
	int r;

	if (n < 0)
		return err_sys(e, "read the link %s", w->at);
	target[n] = '\0';
	if (++w->links > LINKS_MAX)
		return err_num(e, ELOOP, "follow %s", path);
	if (behind >= PATH_MAX)
		return too_long(path, e);
	r = list_add(b, BUNDLE_LINK, w->at, target, 0777, e);
	if (r < 0)
		return r;
	memmove(w->rest + n, w->rest + w->next, behind + 1); /* it begins with a slash, or is "" */
	memcpy(w->rest, target, (size_t)n);
	w->next = 0;
	if (target[0] == '/')
		w->len = 0;
	else
		go_up(w);
	w->at[w->len] = '\0';
	return 0;
}

static int follow_one(struct bundle *b, struct walk *w, const char *path, mode_t *ret_mode,
		      struct err *e)
{
	struct stat st;

	if (lstat(w->at, &st) < 0)
		return err_sys(e, "%s", path);
	if (S_ISLNK(st.st_mode))
		return follow_link(b, w, path, e);
	*ret_mode = st.st_mode;
	if (w->rest[w->next + strspn(w->rest + w->next, "/")] == '\0')
		return 0;
	if (!S_ISDIR(st.st_mode))
		return err_num(e, ENOTDIR, "%s", path);
	return list_add(b, BUNDLE_DIR, w->at, NULL, 0755, e); /* others shall get through, too */
}

int list_follow(struct bundle *b, const char *path, const char **ret, mode_t *ret_mode,
		struct err *e)
{
	struct walk walk = {.len = 0}, *w = &walk;
	mode_t mode = S_IFDIR | 0755;
	bool more = true;
	int r = 0;

	if (strlen(path) >= PATH_MAX)
		return too_long(path, e);
	memcpy(w->rest, path, strlen(path) + 1);
	while (r == 0) {
		r = step(w, path, &more, e);
		if (r < 0 || !more)
			break;
		r = follow_one(b, w, path, &mode, e);
	}
	if (r < 0)
		return r;
	*ret = arena_strdup(&b->arena, w->at[0] ? w->at : "/");
	*ret_mode = mode;
	return *ret ? 0 : list_no_memory(e);
}

/* --- what is asked for as it is --- */

/* The directories above @path, which need not be on the host. */
static int add_parents(struct bundle *b, const char *path, struct err *e)
{
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		const char *dir = arena_printf(&b->arena, "%.*s", (int)(slash - path), path);
		int r = dir ? list_add(b, BUNDLE_DIR, dir, NULL, 0755, e) : list_no_memory(e);

		if (r < 0)
			return r;
	}
	return 0;
}

int bundle_add_dir(struct bundle *b, const char *path, mode_t mode, struct err *e)
{
	int r = add_parents(b, path, e);

	return r < 0 ? r : list_add(b, BUNDLE_DIR, path, NULL, mode, e);
}

int bundle_add_text(struct bundle *b, const char *path, const char *text, struct err *e)
{
	int r = add_parents(b, path, e);

	return r < 0 ? r : list_add(b, BUNDLE_TEXT, path, text, 0644, e);
}

int bundle_follow(struct bundle *b, const char *path, const char **ret, mode_t *ret_mode,
		  struct err *e)
{
	const char *full;
	int r = list_absolute(b, path, &full, e);

	return r < 0 ? r : list_follow(b, full, ret, ret_mode, e);
}

int bundle_add_mount(struct bundle *b, const char *path, const char *from, struct err *e)
{
	struct stat st;
	int r;

	if (stat(from, &st) < 0)
		return err_sys(e, "%s", from);
	r = add_parents(b, path, e);
	return r < 0 ? r
		     : list_add(b, S_ISDIR(st.st_mode) ? BUNDLE_TREE : BUNDLE_FILE, path, from,
				st.st_mode, e);
}

int bundle_add_path(struct bundle *b, const char *path, struct err *e)
{
	const char *end;
	mode_t mode;
	int r = bundle_follow(b, path, &end, &mode, e);

	if (r < 0)
		return r;
	if (!S_ISDIR(mode) && !S_ISREG(mode))
		return err_user(e, "%s is neither a file nor a directory", path);
	if (strcmp(end, "/") == 0)
		return err_user(e, "%s is the root of the file system: name what is needed of it",
				path);
	return list_add(b, S_ISDIR(mode) ? BUNDLE_TREE : BUNDLE_FILE, end, end, mode, e);
}
