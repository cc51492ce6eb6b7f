/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libs - which files a program's loader would open, found out by its own rules (ld.so(8)), without
 * running anything.
 *
 * Objects are visited in the loader's order, breadth first, and a library that some object has
 * brought is there for all. For each one it is: DT_RPATH of the object and of those that asked for
 * it, DT_RUNPATH of the object alone, the cache, the default directories. The environment is not
 * looked at: the container has its own. Of libraries in versions for newer processors the plain one
 * is taken, which works everywhere.
 */
#include "bundle/libs.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bundle/ldcache.h"
#include "bundle/list.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"
#include "tinyrun/str.h"

#define CACHE_FILE "/etc/ld.so.cache"
#define CACHE_MAX  ((size_t)64 << 20)

struct ldcache_file {
	char *data;
	struct ldcache table;
};

struct object {
	const char *name; /* as it was asked for */
	const char *path; /* as it was found: $ORIGIN is its directory */
	struct elf elf;
	const struct object *by; /* who asked; NULL: the program itself */
	struct object *next;
};

struct search {
	struct bundle *b;
	struct object *first, *last;
	const char *home; /* where the loader is: it looks there by itself */
	bool musl;
};

static const struct machine {
	uint16_t number;
	const char *triplet, *platform;
} machines[] = {
	{EM_X86_64, "x86_64-linux-gnu", "x86_64"},  {EM_AARCH64, "aarch64-linux-gnu", "aarch64"},
	{EM_386, "i386-linux-gnu", "i686"},         {EM_ARM, "arm-linux-gnueabihf", "v7l"},
	{EM_RISCV, "riscv64-linux-gnu", "riscv64"}, {EM_PPC64, "powerpc64le-linux-gnu", "power8"},
	{EM_S390, "s390x-linux-gnu", "z900"},       {0, "unknown", "unknown"},
};

static const struct machine *machine_of(const struct search *s)
{
	const struct machine *m = machines;

	while (m->number != 0 && m->number != s->first->elf.machine)
		m++;
	return m;
}

/* --- one candidate --- */

/* Everything that list_follow() finds on the way, and the file itself. */
static int add_file(struct bundle *b, const char *path, const char **ret_end, struct err *e)
{
	mode_t mode;
	int r = list_follow(b, path, ret_end, &mode, e);

	return r < 0 ? r : list_add(b, BUNDLE_FILE, *ret_end, *ret_end, mode, e);
}

static int append(struct search *s, const char *name, const char *path, const struct elf *elf,
		  const struct object *by, struct err *e)
{
	struct object *o = arena_alloc(&s->b->arena, sizeof(*o));

	if (!o)
		return list_no_memory(e);
	*o = (struct object){.name = name, .path = path, .elf = *elf, .by = by};
	if (s->last)
		s->last->next = o;
	else
		s->first = o;
	s->last = o;
	return 0;
}

/* A file that is not there, or for another machine, is passed over as the loader does. */
static int try_file(struct search *s, const struct object *by, const char *name, const char *path,
		    bool *ret_found, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	const char *end = NULL;
	struct stat st;
	struct elf elf;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	r = elf_read(fd, path, &s->b->arena, &elf, e);
	if (r == ELF_E_OTHER || (r == 0 && !elf_same_kind(&elf, &s->first->elf)))
		return 0;
	if (r == 0)
		r = add_file(s->b, path, &end, e);
	if (r == 0)
		r = append(s, name, path, &elf, by, e);
	*ret_found = r == 0;
	return r;
}

static int try_dir(struct search *s, const struct object *by, const char *name, const char *dir,
		   bool *ret_found, struct err *e)
{
	const char *path;

	if (dir[0] != '/')
		return 0; /* relative to a working directory that nobody knows */
	path = arena_printf(&s->b->arena, "%s/%s", dir, name);
	return path ? try_file(s, by, name, path, ret_found, e) : list_no_memory(e);
}

/* --- lists of directories --- */

static bool take_token(const char **at, const char *token)
{
	size_t len = strlen(token);
	const char *p = *at + 1;
	bool braces = *p == '{';

	p += braces;
	if (strncmp(p, token, len) != 0 || (braces && p[len] != '}'))
		return false;
	*at = p + len + braces;
	return true;
}

/* @dir (@len bytes) with $ORIGIN, $PLATFORM and $LIB (@lib) replaced; NULL when memory is out. */
static const char *expand(struct search *s, const struct object *owner, const char *dir, size_t len,
			  const char *lib)
{
	auto_free char *text = strndup(dir, len);
	auto_buf struct buf out = BUF_INIT;
	const char *slash = strrchr(owner->path, '/');

	for (const char *p = text; p && *p;) {
		if (*p == '$' && take_token(&p, "ORIGIN"))
			buf_add(&out, owner->path, (size_t)(slash - owner->path));
		else if (*p == '$' && take_token(&p, "PLATFORM"))
			buf_add_str(&out, machine_of(s)->platform);
		else if (*p == '$' && take_token(&p, "LIB"))
			buf_add_str(&out, lib);
		else
			buf_add_char(&out, *p++);
	}
	return text && !out.failed ? arena_strdup(&s->b->arena, out.data ? out.data : "") : NULL;
}

/* What $LIB stands for was decided when the loader was built. */
static int try_expanded(struct search *s, const struct object *by, const char *name,
			const struct object *owner, const char *dir, size_t len, bool *ret_found,
			struct err *e)
{
	const char *multi = arena_printf(&s->b->arena, "lib/%s", machine_of(s)->triplet);
	const char *const libs[] = {multi, "lib64", "lib"};
	bool once = !memmem(dir, len, "$LIB", 4) && !memmem(dir, len, "${LIB}", 6);
	int r = multi ? 0 : list_no_memory(e);

	for (size_t i = 0; r == 0 && !*ret_found && i < (once ? 1 : 3); i++) {
		const char *path = expand(s, owner, dir, len, libs[i]);

		r = path ? try_dir(s, by, name, path, ret_found, e) : list_no_memory(e);
	}
	return r;
}

/* @dirs is separated by colons, and its $ORIGIN is that of @owner. */
static int try_dirs(struct search *s, const struct object *by, const char *name,
		    const struct object *owner, const char *dirs, bool *ret_found, struct err *e)
{
	int r = 0;

	while (r == 0 && !*ret_found && *dirs) {
		size_t len = strcspn(dirs, ":\n");

		r = try_expanded(s, by, name, owner, dirs, len, ret_found, e);
		dirs += len + (dirs[len] != '\0');
	}
	return r;
}

/* musl makes no difference between the two, and lets both count for what was asked for below. */
static int try_run_paths(struct search *s, const struct object *by, const char *name,
			 bool *ret_found, struct err *e)
{
	int r = 0;

	for (const struct object *o = by; o && r == 0 && !*ret_found; o = o->by) {
		const char *dirs = s->musl && o->elf.runpath ? o->elf.runpath : o->elf.rpath;

		if (!s->musl && (o->elf.runpath || by->elf.runpath))
			continue; /* DT_RPATH does not count beside DT_RUNPATH */
		if (dirs)
			r = try_dirs(s, by, name, o, dirs, ret_found, e);
	}
	if (r == 0 && !*ret_found && by->elf.runpath)
		r = try_dirs(s, by, name, by, by->elf.runpath, ret_found, e);
	return r;
}

/* --- the cache and the default directories --- */

static int open_cache(struct bundle *b, struct err *e)
{
	struct err missing = ERR_INIT;
	auto_fd int fd = -1;
	size_t len = 0;
	int r;

	if (b->cache)
		return 0;
	b->cache = calloc(1, sizeof(*b->cache));
	if (!b->cache)
		return list_no_memory(e);
	r = path_open(AT_FDCWD, CACHE_FILE, O_RDONLY | O_NONBLOCK, &fd, &missing);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		*e = missing;
	else
		r = fd_read_all(fd, CACHE_MAX, CACHE_FILE, &b->cache->data, &len, e);
	if (r == 0)
		ldcache_open(b->cache->data, len, &b->cache->table);
	return r;
}

void libs_close_cache(struct bundle *b)
{
	if (b->cache)
		free(b->cache->data);
	free(b->cache);
	b->cache = NULL;
}

/* Whether the loader finds what was just added without the cache, too. */
static bool is_at_home(const struct search *s, struct err *e)
{
	const char *end;
	mode_t mode;

	return s->home && list_follow(s->b, s->last->path, &end, &mode, e) == 0 &&
	       strncmp(end, s->home, strlen(s->home)) == 0 &&
	       strrchr(end, '/') == end + strlen(s->home);
}

static int try_cache(struct search *s, const struct object *by, const char *name, bool *ret_found,
		     struct err *e)
{
	const char *path;
	size_t at = 0;
	int r = open_cache(s->b, e);

	while (r == 0 && !*ret_found && (path = ldcache_next(&s->b->cache->table, name, &at)))
		r = try_file(s, by, name, path, ret_found, e);
	if (r == 0 && *ret_found && !is_at_home(s, e))
		s->b->needs_cache = true;
	return r;
}

static int try_musl_dirs(struct search *s, const struct object *by, const char *name,
			 bool *ret_found, struct err *e)
{
	const char *file =
		arena_printf(&s->b->arena, "/etc/ld-musl-%s.path", machine_of(s)->platform);
	auto_free char *dirs = NULL;
	auto_fd int fd = -1;
	size_t len;
	int r = 0;

	if (!file)
		return list_no_memory(e);
	fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		r = fd_read_all(fd, 1 << 16, file, &dirs, &len, e);
	if (r == 0 && dirs)
		r = bundle_add_path(s->b, file, e); /* the loader in the bundle reads it, too */
	if (r < 0)
		return r;
	return try_dirs(s, by, name, s->first, dirs ? dirs : "/lib:/usr/local/lib:/usr/lib",
			ret_found, e);
}

static int try_default_dirs(struct search *s, const struct object *by, const char *name,
			    bool *ret_found, struct err *e)
{
	static const char dirs[] = "/$LIB:/usr/$LIB";
	int r = 0;

	if (s->musl)
		return try_musl_dirs(s, by, name, ret_found, e);
	if (s->home)
		r = try_dir(s, by, name, s->home, ret_found, e);
	return r < 0 || *ret_found ? r : try_dirs(s, by, name, s->first, dirs, ret_found, e);
}

/* --- the search --- */

static int find_library(struct search *s, const struct object *by, const char *name,
			bool *ret_found, struct err *e)
{
	int r;

	if (strchr(name, '/'))
		return name[0] == '/' ? try_file(s, by, name, name, ret_found, e) : 0;
	r = try_run_paths(s, by, name, ret_found, e);
	if (r == 0 && !*ret_found && !by->elf.no_default && !s->musl)
		r = try_cache(s, by, name, ret_found, e);
	if (r == 0 && !*ret_found && !by->elf.no_default)
		r = try_default_dirs(s, by, name, ret_found, e);
	return r;
}

static bool is_known(const struct search *s, const char *name)
{
	for (const struct object *o = s->first; o; o = o->next)
		if (strcmp(o->name, name) == 0)
			return true;
	return false;
}

static int find_all(struct search *s, struct err *e)
{
	for (const struct object *o = s->first; o; o = o->next) {
		for (size_t i = 0; i < o->elf.n_needed; i++) {
			const char *name = o->elf.needed[i];
			bool found = false;
			int r = is_known(s, name) ? 0 : find_library(s, o, name, &found, e);

			if (r < 0)
				return err_wrap(e, "%s", s->first->path);
			if (!found && !is_known(s, name))
				return err_user(e,
						"%s needs the library %s, which is in none of the "
						"places where its loader would look",
						o->path, name);
		}
	}
	return s->b->needs_cache ? bundle_add_path(s->b, CACHE_FILE, e) : 0;
}

static int add_loader(struct search *s, const char *interp, struct err *e)
{
	struct err missing = ERR_INIT;
	const char *end = NULL, *slash = strrchr(interp, '/');
	int r = add_file(s->b, interp, &end, &missing);

	if (r == -ENOENT)
		return err_user(e, "%s needs the loader %s, which is not on this host",
				s->first->path, interp);
	if (r < 0) {
		*e = missing;
		return r;
	}
	s->musl = str_starts(slash + 1, "ld-musl-");
	s->home = arena_printf(&s->b->arena, "%.*s", (int)(strrchr(end, '/') - end), end);
	return s->home ? 0 : list_no_memory(e);
}

int libs_add(struct bundle *b, const char *path, const struct elf *elf, struct err *e)
{
	struct search s = {.b = b};
	int r = append(&s, path, path, elf, NULL, e);

	if (r == 0 && elf->interp)
		r = add_loader(&s, elf->interp, e);
	return r < 0 ? r : find_all(&s, e);
}

int libs_add_plugin(struct bundle *b, const char *library, bool *ret_found, struct err *e)
{
	static const char self[] = "/proc/self/exe";
	struct search s = {.b = b};
	struct elf own;
	auto_fd int fd = open(self, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? err_sys(e, "open %s", self) : elf_read(fd, self, &b->arena, &own, e);

	if (r != 0)
		return r;
	own.n_needed = 0; /* of ours only the kind is of interest */
	own.rpath = own.runpath = NULL;
	r = append(&s, "", self, &own, NULL, e);
	if (r == 0)
		r = find_library(&s, s.first, library, ret_found, e);
	return r < 0 || !*ret_found ? r : find_all(&s, e);
}
