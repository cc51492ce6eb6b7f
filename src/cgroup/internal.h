/* SPDX-License-Identifier: Apache-2.0 */
/* internal - what the files of cgroup/ share. */
#ifndef CGROUP_INTERNAL_H
#define CGROUP_INTERNAL_H

#include "tinyrun/cgroup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- find: pure functions over the text of /proc files --- */

/*
 * The next cgroup2 mount of a mountinfo text from *@cursor on. Cuts and unescapes in place; both
 * strings point into the text. False at the end.
 */
bool cgroup_next_mount(char **cursor, const char **ret_root, const char **ret_point);
/* The path of the "0::" line of a /proc/PID/cgroup text, on the heap; NULL when there is none. */
char *cgroup_parse_own(const char *text);
/* Where @own is below a mount whose root is @root: inside @own, never "". NULL: outside of it. */
const char *cgroup_below(const char *root, const char *own);
/* This process's cgroup by /proc/self/cgroup, "/" when it says none; on the heap, the caller's. */
int cgroup_read_own(char **ret, struct err *e);
/* That of @pid; NULL when it is in no cgroup of version 2. On the heap, the caller's. */
int cgroup_read_of(pid_t pid, char **ret, struct err *e);

/* --- file: small files of a cgroup directory --- */

#define CGROUP_FILE_MAX 1024

/*
 * Reads @name below @dir_fd, at most @size - 1 bytes, and ends it with a 0. Returns 0,
 * CGROUP_E_MISSING (no such file, or the cgroup was removed under us), or negative.
 */
int cgroup_file_read(int dir_fd, const char *name, char *text, size_t size, struct err *e);
/* The number of the line "@key N"; false when there is no such line. */
bool cgroup_file_key(const char *text, const char *key, uint64_t *ret);
/* Is @len bytes of @word one of the blank-separated words of @text? */
bool cgroup_file_has_word(const char *text, const char *word, size_t len);
/* "/a/b" of the mount as a person would look for it; on failure the words "the cgroup". */
char *cgroup_name_of(int dir_fd);

/* --- walk: a cgroup and everything below it, with one descriptor however deep it is --- */

struct cgroup_visitor {
	/* At each directory before what is below it; NULL: nothing to do. */
	int (*enter)(void *arg, int dir_fd, struct err *e);
	/* After everything below @name, which is in @parent_fd; NULL: nothing to do. */
	int (*leave)(void *arg, int parent_fd, const char *name, struct err *e);
	bool removes; /* leave() removes @name: look again from the start of the directory */
	void *arg;
};

int cgroup_walk(int cgroup_fd, const struct cgroup_visitor *visitor, struct err *e);

/* --- usage --- */

/* Refuses a limit of memory that processes would be killed for. */
int cgroup_check_usage(int cgroup_fd, const struct limits *limits, struct err *e);

/* --- the rest --- */

/* Are "..", empty or "." components absent, and is it below "/"? Says what is wrong otherwise. */
int cgroup_check_path(const char *path, struct err *e);
/* Refuses a cgroup with processes, a frozen one, and one whose controllers are for its children. */
int cgroup_check_fit(int cgroup_fd, const char *path, struct err *e);
/* Refuses a cgroup that is frozen, by itself or by one above it. */
int cgroup_check_thawed(int cgroup_fd, const char *path, struct err *e);
/* Makes every controller that @writes cannot do without available in @cgroup_fd. */
int cgroup_enable(int cgroup_fd, const struct cgroup_writes *writes, struct err *e);
int cgroup_write_all(int cgroup_fd, const struct limits *limits, const struct cgroup_writes *writes,
		     struct err *e);
/* Waits until @key of cgroup.events is @want; -ETIMEDOUT after @timeout_ms. */
int cgroup_wait_event(int cgroup_fd, const char *key, uint64_t want, int timeout_ms, struct err *e);
/* How kernels without cgroup.kill (before 5.14) end a cgroup: freeze, SIGKILL each, thaw. */
int cgroup_kill_each(int cgroup_fd, int timeout_ms, struct err *e);
/* cpu.weight for cpu.shares, both not 0. */
unsigned cgroup_weight_of_shares(uint64_t shares);

/* --- shared.c: @path was made to hold containers' cgroups, and goes with the last of them --- */
void cgroup_shared_mark(const struct cgroup_host *host, const char *path);
bool cgroup_shared_is_marked(const struct cgroup_host *host, const char *path);

#endif
