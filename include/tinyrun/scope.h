/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scope - a container's cgroup as a transient scope of systemd: its name, its properties, and the
 * cgroup that systemd has made for it.
 *
 * Who speaks with systemd is the program tinyrun-systemd; nothing here does. What it is told is a
 * list of properties as a run of strings, each with its 0: name, D-Bus signature, the version of
 * systemd that has it, the number of values, the values; an empty name ends the list.
 */
#ifndef TINYRUN_SCOPE_H
#define TINYRUN_SCOPE_H

#include "tinyrun/buf.h"
#include "tinyrun/cgroup.h"
#include "tinyrun/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Where a scope is to be; both on the heap. */
struct scope {
	char *slice; /* "machine-a.slice" */
	char *unit;  /* "libpod-web1.scope" */
};

/*
 * From cgroupsPath as systemd's users write it, "slice:prefix:name"; NULL: tinyrun-ID.scope in
 * system.slice, or user.slice for the user's own systemd.
 */
int scope_name(const char *cgroups_path, const char *id, bool user, struct scope *ret,
	       struct err *e);
void scope_done(struct scope *s);
/* Has the shape of "slice:prefix:name"; says nothing about whether its parts are good. */
bool scope_is_name(const char *cgroups_path);

struct scope_property {
	char *name;
	const char *signature; /* one of basic types, "as", "ay" */
	unsigned since;        /* the version of systemd that has it; 0: all of them */
	struct buf values;     /* @n strings, each with its 0; of "ay" one, in hexadecimal */
	size_t n;
	char *origin; /* where in config.json it comes from; NULL: from no member */
};

struct scope_properties {
	struct scope_property *v;
	size_t n;
};

void scope_properties_done(struct scope_properties *list);
/* What every scope has. */
int scope_add_usual(struct scope_properties *list, const struct scope *scope,
		    const char *description, struct err *e);
/* Those of @writes that systemd has a property for; the others are ours alone to write. */
int scope_add_limits(struct scope_properties *list, const struct cgroup_writes *writes,
		     struct err *e);
/* "org.systemd.property.NAME": its value is GVariant text. Other keys are left alone. */
int scope_add_annotation(struct scope_properties *list, const char *key, const char *value,
			 struct err *e);
void scope_encode(const struct scope_properties *list, struct buf *out);
/* "MemoryMax=1048576" for people. */
void scope_describe(const struct scope_property *property, struct buf *out);

/*
 * The container's cgroup in the scope whose only process is @pid: the part @sub of it, which is
 * made ("": the scope itself), with the limits. *ret_path is on the heap, the caller's; *ret_fd is
 * as that of cgroup_create().
 */
int scope_enter(const struct cgroup_host *host, const struct scope *scope, pid_t pid,
		const char *sub, const struct limits *limits, char **ret_path, int *ret_fd,
		struct err *e);

#endif
