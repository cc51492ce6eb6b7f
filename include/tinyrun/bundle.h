/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle - a root file system put together from files of this host.
 *
 * First a list is made: what has to be where. Programs bring what they need to run: their loader
 * and libraries, a script its interpreter. Symbolic links on the way are kept, so that a path in
 * the container means the same file as on the host. Only then something is written: the files
 * themselves, or places for them to be mounted on.
 */
#ifndef TINYRUN_BUNDLE_H
#define TINYRUN_BUNDLE_H

#include "tinyrun/buf.h"
#include "tinyrun/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum bundle_kind {
	BUNDLE_DIR,
	BUNDLE_LINK, /* a symbolic link to @from */
	BUNDLE_FILE, /* the host's file @from */
	BUNDLE_TREE, /* the host's directory @from with all below it */
	BUNDLE_TEXT  /* a file that holds @from */
};

struct bundle_entry {
	enum bundle_kind kind;
	const char *path; /* absolute; no symbolic link in front of its last name */
	const char *from;
	mode_t mode;
};

/* Every entry stands behind the directory that it is in. */
struct bundle {
	struct arena arena; /* owns every string */
	struct bundle_entry *v;
	size_t n, size;
	struct ldcache_file *cache; /* the host's /etc/ld.so.cache; NULL until it is needed */
	bool needs_cache;           /* a library is where only that says */
};

#define BUNDLE_INIT ((struct bundle){.arena = ARENA_INIT})
#define auto_bundle __attribute__((cleanup(bundle_done)))
void bundle_done(struct bundle *b);

/*
 * Adds @program (a path, or a name that is looked for in $PATH) with what it needs. *ret_path (may
 * be NULL) is its absolute path, as it is to be called.
 */
int bundle_add_program(struct bundle *b, const char *program, const char **ret_path, struct err *e);
/* Adds the file or directory @path as it is. */
int bundle_add_path(struct bundle *b, const char *path, struct err *e);
/* Where @path (relative: to the working directory) leads to on the host, in @b's memory. What is on
 * the way there is added, and not the end. */
int bundle_follow(struct bundle *b, const char *path, const char **ret, mode_t *ret_mode,
		  struct err *e);
/* Puts the host's @from, of whatever kind it is, at @path: for mounting only. */
int bundle_add_mount(struct bundle *b, const char *path, const char *from, struct err *e);
/* What the C library looks names of hosts and services up with, and a passwd without people. */
int bundle_add_nss(struct bundle *b, struct err *e);
/* Certificates of authorities, from where distributions keep them. */
int bundle_add_ca(struct bundle *b, struct err *e);
/* An empty directory; a small file. Neither changes what is in the list already. */
int bundle_add_dir(struct bundle *b, const char *path, mode_t mode, struct err *e);
int bundle_add_text(struct bundle *b, const char *path, const char *text, struct err *e);
/* NULL when there is nothing at @path. */
const struct bundle_entry *bundle_find(const struct bundle *b, const char *path);

/* Copies everything into the directory @root_fd, which is empty and nobody else's. */
int bundle_write(const struct bundle *b, int root_fd, struct err *e);
/* The same with an empty file or directory for each FILE and TREE, to mount it on. */
int bundle_lay_out(const struct bundle *b, int root_fd, struct err *e);

#endif
