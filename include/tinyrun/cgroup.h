/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup - a container's cgroup (v2 only): where it is, its limits, its death.
 *
 * Paths are relative to the cgroup2 mount's root, start with '/', and are resolved below its
 * descriptor with RESOLVE_BENEATH. Source: Documentation/admin-guide/cgroup-v2.rst.
 */
#ifndef TINYRUN_CGROUP_H
#define TINYRUN_CGROUP_H

#include "tinyrun/buf.h"
#include "tinyrun/err.h"
#include "tinyrun/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum cgroup_manager { CGROUP_CGROUPFS, CGROUP_SYSTEMD, CGROUP_DISABLED };

/* The cgroup2 hierarchy of this host as this process sees it. */
struct cgroup_host {
	int fd; /* the mount's root, O_PATH, checked for CGROUP2_SUPER_MAGIC; -1: none mounted */
	char *mount; /* where it is mounted: /sys/fs/cgroup, /sys/fs/cgroup/unified ... */
	char *own;   /* our own cgroup below it, "/user.slice"; NULL: nobody needed to know yet */
};

#define CGROUP_HOST_INIT ((struct cgroup_host){.fd = -1})

/*
 * Finds the mount: the root of the hierarchy at its usual places, else by /proc/self/mountinfo (the
 * first one of the whole hierarchy, else of a part that we are in). None is no error.
 */
int cgroup_host_init(struct cgroup_host *host, struct err *e);
void cgroup_host_done(struct cgroup_host *host);

/*
 * Where the container's cgroup is to be: @cgroups_path as the specification has it (absolute: from
 * the mount; relative: below the parent of our own; NULL: tinyrun-ID beside our own).
 * *ret_top is the topmost directory that does not exist yet (to be removed later), NULL when all of
 * it exists. Both are on the heap, the caller's. Refused: a path with "..", the root cgroup, an
 * existing cgroup that cgroup_create() would refuse (nobody is to record, and later kill, it).
 */
int cgroup_locate(const struct cgroup_host *host, const char *cgroups_path, const char *id,
		  char **ret_path, char **ret_top, struct err *e);
/*
 * Whether this user may make @path from @top down (NULL: use it) and be born in it:
 * CGROUP_E_FOREIGN where the cgroup above, or the one that our own and it have in common, is
 * another's.
 */
#define CGROUP_E_FOREIGN 2
int cgroup_check_delegated(const struct cgroup_host *host, const char *path, const char *top,
			   struct err *e);
/* The path alone, whatever there is: for a container whose record cannot be read any more. */
int cgroup_place(const struct cgroup_host *host, const char *cgroups_path, const char *id,
		 char **ret_path, struct err *e);

/* One write that @limits ask for, in order; `file` is static or borrowed from @limits. */
struct cgroup_write {
	const char *file;
	char *value;              /* on the heap */
	const char *origin;       /* JSON path below linux.resources, e.g. "memory.limit" */
	bool optional;            /* the file may be missing (swap accounting off ...) */
	char *own_file;           /* on the heap: what `file` is when it is not static; or NULL */
	const char *instead_file; /* static: where `file` is missing, this one gets ... */
	char *instead_value;      /* ... this, on the heap; or NULL */
};

struct cgroup_writes {
	struct cgroup_write *v;
	size_t n;
};

/* Pure: the v2 files for @limits (oci-conversions). Refuses what cannot be converted, by name. */
int cgroup_convert(const struct limits *limits, struct cgroup_writes *ret, struct err *e);
void cgroup_writes_done(struct cgroup_writes *w);

/*
 * Makes the directory with what is missing above it, enables the controllers that @limits need from
 * the top down, writes the limits. Refuses a cgroup that has processes or is frozen. *ret_fd is the
 * directory (O_RDONLY|O_DIRECTORY), for CLONE_INTO_CGROUP. On failure nothing is left. @limits may
 * be NULL: nothing to limit, but the directory is made. Directories are made from @top down; NULL:
 * @path has to exist. The devices are not filtered yet.
 */
int cgroup_create(const struct cgroup_host *host, const char *path, const char *top,
		  const struct limits *limits, int *ret_fd, struct err *e);
/*
 * Gives the directory and the files in it that may be another user's (what the kernel lists in
 * /sys/kernel/cgroup/delegate) to @uid, who may then make cgroups below it.
 */
int cgroup_delegate(int cgroup_fd, uid_t uid, struct err *e);
/* The same writes on a running container's cgroup (not the devices); enables controllers, too. */
int cgroup_apply(int cgroup_fd, const struct limits *limits, struct err *e);
/* Opens an existing one; CGROUP_E_MISSING (positive) when it is not there. */
#define CGROUP_E_MISSING 1
#define CGROUP_E_BUSY    2
int cgroup_open(const struct cgroup_host *host, const char *path, int *ret_fd, struct err *e);

/* That of the process @pid, which has to be @path or below it; else CGROUP_E_MISSING. */
int cgroup_open_of(const struct cgroup_host *host, pid_t pid, const char *path, int *ret_fd,
		   struct err *e);

/*
 * Ends everything below: thaws, cgroup.kill (where missing: freeze, pidfd SIGKILL, thaw), waits for
 * populated 0 by poll(2) on cgroup.events, at most @timeout_ms.
 */
int cgroup_kill(int cgroup_fd, int timeout_ms, struct err *e);
/*
 * Removes @path bottom up and then its parents up to @top, and shared ones above that, as far as
 * they are empty. Absent: success. @top NULL: it was there before the container, so only what is
 * below it goes.
 */
int cgroup_remove(const struct cgroup_host *host, const char *path, const char *top, struct err *e);
/* The same for one that nobody is in and nothing is below; CGROUP_E_BUSY: it is not so, or no @top.
 */
int cgroup_remove_unused(const struct cgroup_host *host, const char *path, const char *top,
			 struct err *e);

/* oom_kill of memory.events; 0 when there is no memory controller. */
int cgroup_oom_kills(int cgroup_fd, uint64_t *ret, struct err *e);
int cgroup_is_frozen(int cgroup_fd, bool *ret, struct err *e);
/* Appends what it has used, as members of the JSON object that clients of runc's `events` know. */
int cgroup_report(int cgroup_fd, struct buf *out, struct err *e);

/* What happens to a cgroup. */
struct cgroup_watch {
	int events_fd, memory_fd; /* -1: no memory controller */
	uint64_t oom_kills;
};

#define CGROUP_WATCH_INIT ((struct cgroup_watch){.events_fd = -1, .memory_fd = -1})
#define CGROUP_WATCH_OOM  1u /* the kernel killed for memory since the last look */
#define CGROUP_WATCH_END  2u /* no process is in it any more, or it is gone */

int cgroup_watch_open(int cgroup_fd, struct cgroup_watch *ret, struct err *e);
/* Waits at most @timeout_ms; *ret is what has happened, 0 when nothing. */
int cgroup_watch_wait(struct cgroup_watch *watch, int timeout_ms, unsigned *ret, struct err *e);
void cgroup_watch_close(struct cgroup_watch *watch);

/* cgroup.freeze and wait for it to take effect, at most @timeout_ms. */
int cgroup_freeze(int cgroup_fd, bool frozen, int timeout_ms, struct err *e);
/* All pids in it and below it, sorted, 0 for each one that cannot be seen from here; on the heap,
 * the caller's, and NULL when there is none. */
int cgroup_pids(int cgroup_fd, pid_t **ret, size_t *ret_n, struct err *e);
/* Signals all processes in it and below through pidfds. */
int cgroup_signal_all(int cgroup_fd, int sig, struct err *e);

/*
 * The device filter for the rules in order (the last match wins), followed by what is always
 * allowed (oci-checklist 80). cgroup_device_program() is pure: instructions on the heap.
 */
struct bpf_insn;
int cgroup_device_program(const struct limits_device *rules, size_t n, struct bpf_insn **ret,
			  size_t *ret_n, struct err *e);
int cgroup_device_attach(int cgroup_fd, const struct limits_device *rules, size_t n, struct err *e);
/*
 * Attaches the filter of @limits; NULL: that of no rules. A user without the right to load one goes
 * on without, as the kernel then allows no device node either.
 */
int cgroup_device_filter(int cgroup_fd, const struct limits *limits, struct err *e);

#endif
