/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdt - the container's class of service in resctrl, the kernel's file system for the sharing of
 * caches and of the memory's bandwidth (Documentation/arch/x86/resctrl.rst).
 */
#ifndef CONTAINER_RDT_H
#define CONTAINER_RDT_H

#include "container/state.h"
#include "tinyrun/err.h"
#include "tinyrun/spec.h"

#include <stdbool.h>
#include <sys/types.h>

struct rdt {
	int root_fd;       /* of resctrl; -1: nothing is asked for */
	const char *group; /* borrowed; "." for the default class */
	bool makes, made;  /* there is none of this name yet; now there is */
	char *monitor;     /* path of the group that is made for monitoring; NULL: none */
};

#define RDT_INIT ((struct rdt){.root_fd = -1})

/* Where resctrl is mounted. */
int rdt_open(int *ret_root_fd, struct err *e);
/* Which class the container @id has. @ret takes *root_fd and borrows the rest. */
int rdt_name(int *root_fd, const struct spec_rdt *want, const char *id, struct rdt *ret,
	     struct err *e);
void rdt_done(struct rdt *rdt);
/* Whether it is to be made, or is there as it is wanted. Nothing is changed. */
int rdt_decide(struct rdt *rdt, const struct spec_rdt *want, struct err *e);
/* What a record of it has to say for rdt_remove(). */
void rdt_record(const struct rdt *rdt, const char **ret_group, const char **ret_monitor);
/* Name and decide, where resctrl is mounted; nothing when @want is not set. */
int rdt_prepare(const struct spec_rdt *want, const char *id, struct rdt *ret, struct err *e);

/* The directories, into which the kernel puts its files; then their lines. */
int rdt_make(struct rdt *rdt, struct err *e);
int rdt_write(const struct rdt *rdt, const struct spec_rdt *want, struct err *e);
/* Both, for a class that is not there yet. */
int rdt_apply(struct rdt *rdt, const struct spec_rdt *want, struct err *e);
/* The process @pid, and what it starts from now on, is of this class. */
int rdt_join(const struct rdt *rdt, pid_t pid, struct err *e);
/* The same for one more process of a container that is there. */
int rdt_join_again(const struct spec_rdt *want, const struct state *st, pid_t pid, struct err *e);

/* --- rdt_update.c: other lines for the class of a container that is there --- */

/*
 * The class that the container of @st has or, when @was asked for none, will have. @ret takes
 * *root_fd. Refuses what resctrl has no word for. Nothing is changed.
 */
int rdt_find(int *root_fd, const struct spec_rdt *was, const struct state *st,
	     const struct spec_rdt *want, struct rdt *ret, struct err *e);
/* Puts every thread of @pids there; one that has ended meanwhile is none. */
int rdt_join_all(const struct rdt *rdt, const pid_t *pids, size_t n, struct err *e);
/* All of it, for a container that is running; what is made is in the record first. */
int rdt_update(int dir_fd, struct state *st, const struct cgroup_host *host, struct rdt *rdt,
	       const struct spec_rdt *want, struct err *e);

/*
 * Undoes rdt_make(). A class that others have joined meanwhile stays. NULL: nothing of that kind
 * was made.
 */
int rdt_remove(int root_fd, const char *group, const char *monitor, struct err *e);

#endif
