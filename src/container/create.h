/* SPDX-License-Identifier: Apache-2.0 */
/* create - a container coming into being: from a bundle to a process that waits for `start`. */
#ifndef CONTAINER_CREATE_H
#define CONTAINER_CREATE_H

#include "container/handover.h"
#include "container/notify.h"
#include "container/rdt.h"
#include "container/spawn.h"
#include "container/state.h"
#include "container/systemd.h"
#include "container/trace.h"
#include "tinyrun/cgroup.h"
#include "tinyrun/container.h"
#include "tinyrun/plan.h"
#include "tinyrun/scope.h"
#include "tinyrun/spec.h"

struct creation {
	struct runtime *rt;
	const struct container_options *o;
	enum plan_mode mode;
	bool dry; /* only to be looked at: nobody will need its terminal */
	struct spec *spec;
	struct plan *plan;
	struct plan_program filter;
	struct cgroup_host host;
	struct state state;
	struct state_mark mark; /* of the record that says the process is there */
	struct handover handover;
	struct spawned init;
	struct trace trace;
	struct rdt rdt;
	struct notify notify;
	struct net_options *net; /* what the network is to be; own_net where the caller has none */
	struct net_options own_net;
	struct net_record record; /* of what is made, with a bridge */
	bool attached;            /* that has been made */
	struct net_moved *moved;  /* interfaces that come back if the creation fails */
	char *names_dir;  /* the state directory, from where files are bound; NULL: none are */
	char *notify_dir; /* where the container's end of it is; NULL: nobody waits to hear */
	char *cgroup_path, *cgroup_top; /* with a scope: not known before it is there */
	struct scope scope;             /* unit NULL: the cgroup is not systemd's */
	struct scope_properties properties;
	struct systemd_keeper keeper;
	unsigned listen_fds;
	bool wrote_pid_file;
	int bundle_fd, rootfs_fd, dir_fd, cgroup_fd;
	bool told;  /* init has its GO already, before it has asked for it */
	bool ready; /* init has said so: an end of the channel is no surprise any more */
	int pty_fd; /* the terminal's master, when nobody else has taken it */
};

void creation_init(struct creation *c, struct runtime *rt, const struct container_options *o,
		   enum plan_mode mode);
/* Closes and frees what is held here; the container itself stays. */
void creation_done(struct creation *c);

/* Bundle, configuration, where things are to be, the plan. Changes nothing anywhere. */
int creation_compile(struct creation *c, struct err *e);
/* Makes it, up to the point where init has said READY; it is written down as created. */
int creation_build(struct creation *c, struct err *e);
/* --- its parts, of which a container that is restored has some in common --- */
/* Claims the id, writes down the intent, makes the cgroup. */
int creation_begin(struct creation *c, struct err *e);
/* Copies for later verbs, and the device filter. */
int creation_furnish(struct creation *c, struct err *e);
/* The hooks that run in the runtime's namespaces before the container's program does. */
int creation_run_hooks(struct creation *c, pid_t pid, struct err *e);
/* The terminal's master goes to the console socket, or stays here for the relay. */
int creation_take_pty(struct creation *c, int *fd, struct err *e);
/* The process is there, or restored: from here on others may act on the container. */
int creation_commit(struct creation *c, struct err *e);
/* In the foreground until it ends, and then, unless it is kept, it is deleted. "run.c" */
int creation_stay(struct creation *c, int *ret_status, struct err *e);

/* Writes the process into a state file that nobody sees yet. */
int creation_stage(struct creation *c, struct err *e);
/* Undoes everything that creation_build() made. */
void creation_abort(struct creation *c);
/*
 * Reads messages until init says READY (0), or ends after GO: SYNC_E_END. Failures are worded from
 * the plan; a silent end is explained (killed by the OOM killer ...).
 */
int creation_serve(struct creation *c, struct err *e);

/* --- what exec has in common with it --- */
/*
 * c->spec's process and the options agree on a terminal. That of a foreground run gets the size
 * of ours.
 */
int creation_settle_terminal(struct creation *c, struct err *e);
/* LISTEN_FDS and --preserve-fds: what the caller has to have left open for the program. */
int creation_check_preserved(struct creation *c, struct err *e);
/* c->filter, when c->spec has one: from the cache in the state root, or compiled. */
int creation_compile_filter(struct creation *c, struct err *e);
/* Tells the caller of the command of the process: --pidfd-socket, then --pid-file. */
int creation_announce(struct creation *c, struct err *e);

/* An err for an init that ended without a word. */
int creation_explain_death(int status, int cgroup_fd, struct err *e);

#endif
