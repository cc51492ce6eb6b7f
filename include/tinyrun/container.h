/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container - the verbs: what happens in which order, under which lock, and how it is undone.
 *
 * Everything is addressed by an id below a runtime's state root. Texts of errors that clients match
 * (oci "container does not exist" ...) are made here.
 */
#ifndef TINYRUN_CONTAINER_H
#define TINYRUN_CONTAINER_H

#include "tinyrun/buf.h"
#include "tinyrun/cgroup.h"
#include "tinyrun/err.h"
#include "tinyrun/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct runtime {
	char *root;  /* state root, absolute */
	int root_fd; /* -1: it does not exist (only when it was not asked to be made) */
	enum cgroup_manager manager;
	bool rootless;
};

#define RUNTIME_INIT ((struct runtime){.root_fd = -1})

/* NONE: nothing is kept or looked up, and @root is not even read. */
enum runtime_root { RUNTIME_ROOT_MAKE, RUNTIME_ROOT_LOOK, RUNTIME_ROOT_NONE };

/* An ordinary user, or root of a user namespace that is not also called root ($USER). */
bool runtime_is_rootless(void);
/* @root NULL: /run/tinyrun, or $XDG_RUNTIME_DIR/tinyrun for who is rootless. "/" is refused. */
int runtime_open(struct runtime *rt, const char *root, enum runtime_root how, struct err *e);
void runtime_close(struct runtime *rt);

/*
 * What takes the place of a bundle on disk: the text of a configuration with absolute paths alone,
 * and a root file system that is mounted nowhere yet (fsmount(2)). It is borrowed, and used up.
 */
struct container_image {
	const char *config;
	size_t config_len;
	int root_fd;
};

struct container_options {
	const char *id;
	const char *bundle;                  /* NULL: "." */
	const char *config;                  /* NULL: config.json in the bundle */
	const struct container_image *image; /* in place of both; NULL: none */
	const char *pid_file;                /* NULL: none; relative to the cwd of the command */
	const char *console_socket;          /* NULL: none */
	const char *pidfd_socket;            /* NULL: none */
	bool no_pivot, no_new_keyring, no_subreaper;
	unsigned preserve_fds;
	unsigned inherited_fds; /* how many from 3 on the caller has left open: fd_count_inherited()
				 */
	struct net_options *net; /* NULL: annotations alone; filled up from them */
	bool detach, keep;       /* run */
	bool supervise; /* run: the program has a process 1 above it, so that signals which it does
			 * not handle end it as anywhere */
	bool attached;  /* ... and both end when we do, whatever ends us */
	bool trace;
	const char *trace_file; /* NULL: text on stderr; *.json: Chrome's trace format */
};

/* Leaves a created container, or nothing. */
int container_create(struct runtime *rt, const struct container_options *o, struct err *e);
/*
 * create, start, and unless detached: relay signals and terminal, wait, delete (unless keep).
 * *ret_status: the exit status for our own exit (128+N for a signal); 0 when detached. Returns 0,
 * or negative, or CONTAINER_E_OOM: it ran, *ret_status is set, and @e has the sentence to print.
 */
#define CONTAINER_E_OOM 1
int container_run(struct runtime *rt, const struct container_options *o, int *ret_status,
		  struct err *e);

/*
 * One more process in a container that is there. It is what @process (a file) says, or else the
 * container's own with these changes; what neither says is as for the container's process.
 */
struct container_exec {
	struct container_options common; /* id, what tells the caller, descriptors, detach */
	const char *process;             /* NULL: the members below */
	const char *const *args;
	const char *const *env;    /* NAME=VALUE, instead of or beside the container's */
	const char *const *caps;   /* beside the container's */
	const char *const *groups; /* beside the container's, as text */
	size_t n_args, n_env, n_caps, n_groups;
	const char *user; /* UID[:GID] as text */
	const char *cwd;
	const char *process_label, *apparmor; /* NULL or empty: the container's */
	bool tty, no_new_privs;
	const char *cgroup; /* below the container's; NULL: that itself */
	bool ignore_paused; /* it stands still until the container is resumed */
};

/* *ret_status as for container_run(). */
int container_exec(struct runtime *rt, const struct container_exec *o, int *ret_status,
		   struct err *e);
int container_start(struct runtime *rt, const char *id, struct err *e);
/* @all: every process of its cgroup. */
int container_kill(struct runtime *rt, const char *id, int sig, bool all, struct err *e);
/*
 * The processes of its cgroup and below, sorted; on the heap, the caller's. Those that this pid
 * namespace cannot see are left out.
 */
int container_ps(struct runtime *rt, const char *id, pid_t **ret, size_t *ret_n, struct err *e);
/* Freezes its cgroup, and waits until it is frozen; thaws it. */
int container_pause(struct runtime *rt, const char *id, struct err *e);
int container_resume(struct runtime *rt, const char *id, struct err *e);
struct container_update {
	const char *id;
	const struct limits
		*limits; /* what they do not set stays; device rules are not looked at */
	const char *l3_cache, *mem_bandwidth; /* lines of its class in resctrl; NULL: as it is */
};

int container_update(struct runtime *rt, const struct container_update *u, struct err *e);
/* One line of JSON with its newline, as it happens; a negative answer ends the stream. */
typedef int container_event_fn(void *arg, const struct buf *line, struct err *e);

/* Every @interval_ms until its cgroup is empty; 0: once, and at once. */
int container_events(struct runtime *rt, const char *id, int interval_ms, container_event_fn *each,
		     void *arg, struct err *e);
/* What checkpoint writes, and restore reads; most of it is CRIU's to understand. */
struct container_snapshot {
	const char *path;      /* directory of the images */
	const char *work_path; /* of CRIU's log and scratch files; NULL: @path */
	bool tcp_established, ext_unix_sk, shell_job, file_locks, auto_dedup, lazy_pages;
	bool empty_network;    /* the network namespace is left out */
	unsigned cgroups_mode; /* enum container_cgroups_mode */
	unsigned network_lock; /* enum criu_network_lock; 0: CRIU's default */
};

enum container_cgroups_mode {
	CONTAINER_CGROUPS_SOFT,
	CONTAINER_CGROUPS_FULL,
	CONTAINER_CGROUPS_STRICT,
	CONTAINER_CGROUPS_IGNORE
};

struct container_checkpoint {
	const char *id;
	struct container_snapshot image;
	const char *parent_path; /* of an earlier one, relative to image.path; or NULL */
	const char *page_server; /* ADDRESS:PORT, or NULL */
	int status_fd;           /* told by a 0 byte when pages can be asked for; -1: none */
	bool leave_running, pre_dump, tcp_skip_in_flight, link_remap;
};

/* The container is gone then, unless it is left running or this was a pre-dump. */
int container_checkpoint(struct runtime *rt, const struct container_checkpoint *o, struct err *e);

struct container_restore {
	struct container_options common;
	struct container_snapshot image;
	const char *lsm_profile, *lsm_mount_context; /* NULL: as they were */
	bool tcp_close;
};

/* As container_run(), with processes that a checkpoint has kept. */
int container_restore(struct runtime *rt, const struct container_restore *o, int *ret_status,
		      struct err *e);
/*
 * Makes the mounts that @file lists in a container that is there, or takes them away again, by
 * their destinations.
 */
enum container_mounts { CONTAINER_MOUNTS_ADD, CONTAINER_MOUNTS_REMOVE };
int container_mounts(struct runtime *rt, const char *id, enum container_mounts what,
		     const char *file, struct err *e);
/* A created one is killed first; a running one only with @force. Missing with @force is success. */
int container_delete(struct runtime *rt, const char *id, bool force, struct err *e);
/* The state JSON of cli-contract, 2-space indented, with a newline. */
int container_state(struct runtime *rt, const char *id, struct buf *out, struct err *e);

/* One line of `list`. Strings live until the callback returns. */
struct container_entry {
	const char *id;
	pid_t pid; /* 0 when stopped */
	const char *status, *bundle, *created, *owner;
	const char *json; /* its state JSON object with owner, compact */
};

/* Entries sorted by id; a broken one is a warning on stderr and goes on. Not ours is skipped. */
int container_list(struct runtime *rt, int (*each)(void *arg, const struct container_entry *entry),
		   void *arg, struct err *e);

typedef int container_id_fn(void *arg, const char *id, struct err *e);

/*
 * Calls @each for every id that the extended regular expression @pattern is found in, sorted. One
 * that fails does not keep the others from their turn: the first failure is the answer.
 */
int container_match(struct runtime *rt, const char *pattern, container_id_fn *each, void *arg,
		    struct err *e);

enum container_plan_format { CONTAINER_PLAN_TEXT, CONTAINER_PLAN_JSON };

/* What create would do to the kernel, in order, host and init; nothing is done. No id is needed. */
int container_plan(struct runtime *rt, const struct container_options *o,
		   enum container_plan_format format, struct buf *out, struct err *e);

#endif
