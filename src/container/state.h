/* SPDX-License-Identifier: Apache-2.0 */
/* state - what is written down of a container: <root>/<id>/state.json and the lock around it. */
#ifndef CONTAINER_STATE_H
#define CONTAINER_STATE_H

#include "tinyrun/buf.h"
#include "tinyrun/container.h"
#include "tinyrun/spec.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define STATE_FILE   "state.json"
#define STATE_CONFIG "config.json" /* our own copy of what the container was made from */
#define STATE_PLAN   "plan" /* what a created init executes: for the words of a failing `start` */
#define STATE_SOCKET "exec.sock" /* a created init listens on it for `start` */

#define STATE_E_MISSING 1 /* no such container */
#define STATE_E_EXISTS  2 /* the id is taken */

enum state_status { STATE_CREATING, STATE_CREATED, STATE_RUNNING, STATE_PAUSED, STATE_STOPPED };

struct state {
	struct arena arena; /* owns every string */
	const char *id, *bundle, *rootfs, *created, *boot_id;
	const char *cgroup_path, *cgroup_top; /* NULL: no cgroup; _top: topmost directory we make */
	const char *rdt_group, *rdt_monitor;  /* NULL: nothing was made in resctrl */
	const char *scope;                    /* of systemd, which the cgroup is in; NULL: none */
	bool scope_user;                      /* it is the user's own systemd's */
	const char *annotations;              /* compact JSON object */
	const char *network; /* compact JSON object: a struct net_record; NULL: none */
	const char *streams; /* JSON array: what was open on 0, 1, 2 when its process began */
	const char *version; /* ociVersion */
	enum cgroup_manager manager;
	pid_t pid; /* 0 until the process is there */
	uint64_t start_time;
	uid_t owner;
	bool reaped; /* by us, and never written down: the number may be another's by now */
	bool own_pid_ns;
	bool poststart, poststop; /* it has such hooks */
};

#define STATE_INIT ((struct state){.arena = ARENA_INIT})
#define auto_state __attribute__((cleanup(state_done)))

void state_done(struct state *st);

/* `[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}`; asked of an id before it is used in any way. */
int state_check_id(const char *id, struct err *e);
bool state_id_is_valid(const char *id);

/*
 * Claims @id by mkdir and takes its lock. *ret_dir is the directory, locked until it is closed.
 * Returns 0, STATE_E_EXISTS, or negative.
 */
int state_claim(const struct runtime *rt, const char *id, int *ret_dir, struct err *e);
/*
 * Opens the directory of @id and, with @locked, waits for its lock. Returns 0, STATE_E_MISSING, or
 * negative.
 */
int state_open(const struct runtime *rt, const char *id, bool locked, int *ret_dir, struct err *e);
/*
 * Waits for the lock of the directory of @id that is open already. *ret_current is false when the
 * name stands for another by now, or for none.
 */
int state_lock(const struct runtime *rt, const char *id, int dir_fd, bool *ret_current,
	       struct err *e);
void state_unlock(int dir_fd);
/*
 * Reads state.json, which has to be that of @id. STATE_E_MISSING: the creation ended before there
 * was any.
 */
int state_load(int dir_fd, const char *id, struct state *ret, struct err *e);
/*
 * What most verbs begin with: opens, locks when @locked, loads, and finds the cgroup hierarchy.
 * A missing container is the error "container does not exist". @host is given back by
 * cgroup_host_done() in any case.
 */
int state_find(const struct runtime *rt, const char *id, bool locked, int *ret_dir,
	       struct state *ret, struct cgroup_host *host, struct err *e);
/* Replaces state.json atomically; synced to disk, for what is written is an intent. */
int state_save(int dir_fd, const struct state *st, struct err *e);
/*
 * What has come of the intent, in two halves: everything that takes time, and the rename that makes
 * it true. Not synced: no process outlives a crash of the machine, nor the cgroups.
 */
int state_stage(int dir_fd, const struct state *st, struct err *e);
int state_publish(int dir_fd, const struct state *st, struct err *e);

/* The record as it is under the lock; later this tells whether somebody has written another. */
struct state_mark {
	ino_t inode; /* 0: there is none */
	off_t size;
	struct timespec time;
};

void state_mark(int dir_fd, struct state_mark *ret);
bool state_changed(int dir_fd, const struct state_mark *mark);

/*
 * What the container is doing now, from the kernel: the process by pidfd and start time, the
 * listening socket, the freezer.
 */
int state_status(int dir_fd, const struct state *st, const struct cgroup_host *host,
		 enum state_status *ret, struct err *e);
/* The same; *ret_pidfd, -1 before, becomes the process's where there is one. */
int state_look(int dir_fd, const struct state *st, const struct cgroup_host *host,
	       enum state_status *ret, int *ret_pidfd, struct err *e);
const char *state_status_name(enum state_status status);
/* A pidfd of the container's process; STATE_E_MISSING when it has ended (or never was). */
int state_pidfd(const struct state *st, int *ret_fd, struct err *e);

/*
 * What verbs that look into a container begin with: it runs (or is paused, or waits for start) and
 * has a cgroup, which is opened. @need says what that is for: "that could have limits".
 */
int state_open_cgroup(int dir_fd, const struct state *st, const struct cgroup_host *host,
		      const char *need, int *ret_fd, struct err *e);

enum state_style { STATE_COMPACT, STATE_PRETTY };

/* The state JSON that the specification and cli-contract ask for; @pid 0 when stopped. */
void state_json(const struct state *st, enum state_status status, pid_t pid, enum state_style style,
		bool with_owner, struct buf *out);
/*
 * The same for hooks that init runs, split where the digits of the pid go: head "...\"pid\":" and
 * tail. Heap, the caller's, in both.
 */
int state_json_around_pid(const struct state *st, enum state_status status, char **ret_head,
			  char **ret_tail, struct err *e);
/* Owner's name from /etc/passwd, or its number. Returns @out. */
const char *state_owner(const struct state *st, char *out, size_t size);

#endif
