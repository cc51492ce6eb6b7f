/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan - the compiler: a spec becomes an ordered list of kernel operations. Pure functions: no
 * privileges, no descriptors, no side effects.
 *
 * Beside the steps for init a plan lists the descriptors that the host has to open for it, slot by
 * slot, and the namespaces that clone3(2) makes.
 */
#ifndef TINYRUN_PLAN_H
#define TINYRUN_PLAN_H

#include "tinyrun/buf.h"
#include "tinyrun/err.h"
#include "tinyrun/plan_format.h"
#include "tinyrun/spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the host has to put into a slot. */
enum plan_fd_kind {
	PLAN_FD_NAMESPACE, /* open @path, check that it is a namespace of type @ns_flag */
	PLAN_FD_ROOTFS,    /* detached recursive clone of the root file system; then @attr... */
	PLAN_FD_BIND,      /* detached clone of @path (relative: to the bundle), then attributes */
	PLAN_FD_DEVICE,  /* detached clone of the host's device node @path, checked: @mode, @rdev */
	PLAN_FD_CGROUP,  /* detached clone of the container's own cgroup directory, @attr_set */
	PLAN_FD_PROGRAM, /* a hook's program, O_PATH */
	PLAN_FD_DIRECTORY, /* a hook's working directory: the bundle */
	PLAN_FD_OUTPUT,    /* a file that hooks append to */
	PLAN_FD_PROCESS,   /* a pidfd of the container's process, to join its namespaces */
	PLAN_FD_ROOT,      /* the root directory of that process */
	PLAN_FD_LISTENER,  /* exec.sock, listening */
	PLAN_FD_TRACE      /* shared memory for the step times */
};

struct plan_fd {
	enum plan_fd_kind kind;
	const char *path;   /* what to open; NULL where the kind says it */
	const char *origin; /* JSON path for messages */
	const char *target; /* where it goes in the container, for messages; or NULL */
	uint64_t ns_flag;   /* NAMESPACE: CLONE_NEW* */
	bool not_host;      /* NAMESPACE: refused when it is the host's */
	const char *hostname, *domainname; /* and with a name that is not its own; NULL: any */
	bool recursive;                    /* BIND: with the mounts below */
	bool copy_symlink; /* BIND: a symlink is handed over as it is (plan_set_target_link) */
	bool nofollow;     /* BIND: a symlink is bound itself */
	uint64_t attr_set, attr_clr; /* MOUNT_ATTR_* on this mount */
	uint64_t rec_set, rec_clr;   /* and on all below it too */
	unsigned long
		propagation[5]; /* MS_* in order, applied one by one; with MS_REC: recursive */
	size_t n_propagation;
	/*
	 * BIND: ids are mapped by these lists, or as in the user namespace at @idmap_ns.
	 * NAMESPACE: a user namespace is refused that has others; an empty list is any.
	 */
	bool idmap, idmap_recursive;
	struct spec_id_maps uid_map, gid_map;
	const char *idmap_ns;
	uint32_t mode, major, minor; /* DEVICE */
	uint32_t step; /* BIND: index of the ATTACH step; its target_kind is set to FILE by the
			* host when the source is not a directory (plan_set_target_file) */
};

enum plan_mode {
	PLAN_CREATE, /* waits on exec.sock */
	PLAN_RUN,    /* goes on when told so on the channel */
	PLAN_EXEC,   /* one more process in a container that is there; waits as RUN does */
	PLAN_MOUNT,  /* makes the spec's mounts in a container that is there, and ends */
	PLAN_UNMOUNT /* takes them away again, the last one first */
};

struct plan_program { /* a compiled seccomp filter; insns is struct sock_filter[] */
	const void *insns;
	uint32_t n_insns;
	uint32_t filter_flags; /* SECCOMP_FILTER_FLAG_* */
	bool notifies;
};

struct plan_input {
	const struct spec *spec;
	const char *id;
	const char *bundle; /* absolute: in the state that hooks of the container get */
	enum plan_mode mode;
	bool no_pivot, no_new_keyring;
	bool in_user_ns;  /* the runtime itself cannot make devices: bind the host's */
	bool privileged;  /* the runtime may enter the network namespace that it makes */
	bool own_user_ns; /* EXEC: the container's user namespace is ours: it cannot be joined */
	bool reap;        /* a process of init's is process 1, and looks after the program */
	bool reap_dies;   /* and ends with the host's tinyrun */
	bool trace;
	unsigned preserve_fds;  /* LISTEN_FDS included */
	unsigned listen_fds;    /* > 0: LISTEN_FDS and LISTEN_PID=1 are added to the environment */
	const char *notify_dir; /* the host's directory with notify.sock for the container, or NULL
				 */
	/* the host's directory with plan_names_files for the container's /etc, or NULL */
	const char *names_dir;
	const struct plan_program *seccomp; /* NULL when the spec has none */
	/*
	 * State JSON around the pid's digits for the hooks that init runs: head [0] says "creating"
	 * (for createContainer), [1] "created" (startContainer). NULL when the spec has no such
	 * hooks.
	 */
	const char *state_head[2], *state_tail;
};

struct plan {
	void *bytes; /* struct plan_header ... */
	size_t size;
	struct plan_fd *fds; /* n_slots of them */
	size_t n_fds;
	uint64_t clone_flags; /* CLONE_NEW* for clone3 */
	bool forks;           /* a STEP_FORK is in it */
	bool loopback; /* the host brings up lo while init is at work: nothing of init's needs it */
	struct arena arena;
};

/* resolv.conf and others, NULL at the end: bound read-only, unless mounts[] has something there. */
extern const char *const plan_names_files[];

int plan_compile(const struct plan_input *in, struct plan **ret, struct err *e);
void plan_free(struct plan **plan);
#define auto_plan __attribute__((cleanup(plan_free)))

const struct plan_header *plan_header(const struct plan *p);
const struct plan_step *plan_step(const struct plan *p, size_t i);
const char *plan_str(const struct plan *p, uint32_t offset); /* "" for 0 */
void plan_set_slot(struct plan *p, size_t slot, int fd);
void plan_set_ignored(struct plan *p, uint64_t signals);
void plan_set_target_file(struct plan *p, size_t step);
/* The slot of that ATTACH is a symlink, to be made anew. */
void plan_set_target_link(struct plan *p, size_t step);
const char *plan_step_words(uint16_t kind); /* "attach a mount" */
const char *plan_step_name(uint16_t kind);  /* "attach" */

/* One step with its arguments: `mount proc on /proc (nosuid,noexec,nodev)`. */
void plan_describe_step(const struct plan *p, size_t i, struct buf *out);
/* What the host opens for slot @i: `clone the mount at /srv/www, read-only`. */
void plan_describe_fd(const struct plan *p, size_t i, struct buf *out);
/* Init's failure in words: "mounts[3]: attach a mount on /www: No such file or directory". */
int plan_explain(const struct plan *p, const struct plan_msg *msg, struct err *e);

/* --- seccomp --- */
/*
 * The filter for linux.seccomp's text, which is that of @spec (NULL: a text alone, and messages
 * have its own lines): from the cache below @cache_fd (-1: no cache) when there is one of exactly
 * this text, architecture and library; else compiled and stored. ret->insns is on the heap, the
 * caller's. A damaged or foreign cache file is not used.
 */
int plan_seccomp(const struct spec *spec, const char *text, size_t len, int cache_fd,
		 struct plan_program *ret, struct err *e);
/* "2.5.4" of the library in use, for `features` and --version; NULL when it cannot be loaded. */
const char *plan_seccomp_library(void);

#endif
