/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec - config.json of the OCI runtime specification 1.3 as typed, checked data.
 *
 * A struct spec that exists is valid: everything downstream may rely on it. Absent and wrong are
 * never the same: a wrong type or value is refused with JSON path, line:column, what was found and
 * what is allowed. Unknown members are ignored; a member of the specification that tinyrun does not
 * do yet is refused by name.
 *
 * Strings belong to the document, arrays to the arena; spec_free() gives back both.
 */
#ifndef TINYRUN_SPEC_H
#define TINYRUN_SPEC_H

#include "tinyrun/buf.h"
#include "tinyrun/err.h"
#include "tinyrun/json.h"
#include "tinyrun/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPEC_VERSION "1.3.0"

/* X(enum, name in config.json, clone flag, file in /proc/PID/ns). Order: the order of joining. */
#define SPEC_NAMESPACES(X)                             \
	X(USER, "user", CLONE_NEWUSER, "user")         \
	X(PID, "pid", CLONE_NEWPID, "pid")             \
	X(CGROUP, "cgroup", CLONE_NEWCGROUP, "cgroup") \
	X(IPC, "ipc", CLONE_NEWIPC, "ipc")             \
	X(UTS, "uts", CLONE_NEWUTS, "uts")             \
	X(NETWORK, "network", CLONE_NEWNET, "net")     \
	X(TIME, "time", CLONE_NEWTIME, "time")         \
	X(MOUNT, "mount", CLONE_NEWNS, "mnt")

enum spec_ns_kind {
#define X(kind, name, flag, file) SPEC_NS_##kind,
	SPEC_NAMESPACES(X)
#undef X
		SPEC_NS_MAX
};

struct spec_ns {
	bool present;
	const char *path; /* absolute; NULL: a new one */
	size_t index;     /* in linux.namespaces, for messages; or SPEC_NS_ADDED */
};

#define SPEC_NS_ADDED SIZE_MAX /* by --network, which wins over linux.namespaces */

struct spec_list {
	const char **v; /* NULL-terminated */
	size_t n;
};

struct spec_id_map {
	uint32_t container_id, host_id, size;
};

struct spec_id_maps {
	struct spec_id_map *v;
	size_t n;
};

/* How a mount is made; computed from its options. */
struct spec_mount {
	const char *destination;  /* absolute */
	const char *type;         /* NULL for a bind mount */
	const char *source;       /* NULL when absent */
	struct spec_list options; /* as given */
	bool bind, recursive;     /* bind, rbind */
	bool remount;
	bool copy_up; /* tmpcopyup, of a tmpfs */
	/* bind: a source that is a symlink is made anew, or bound as itself; the destination's last
	 * name is not followed */
	bool copy_symlink, src_nofollow, dest_nofollow;
	/* idmap, ridmap, or mappings of its own: without these, those of the user namespace */
	bool idmap, idmap_recursive;
	struct spec_id_maps uid_map, gid_map;
	unsigned long
		flags; /* MS_* of mount(2) for a file system; without bind, rec, propagation */
	uint64_t attr_set, attr_clr;  /* MOUNT_ATTR_* from the options, this mount alone */
	uint64_t rec_set, rec_clr;    /* the same from rro, rnosuid ...: recursive */
	unsigned long propagation[4]; /* MS_SHARED ... with or without MS_REC, in the order given */
	size_t n_propagation;
	const char *data; /* file system's own options, comma-separated; NULL when none */
};

struct spec_device {
	const char *path;
	char type; /* 'c', 'b', 'p'; config.json's 'u' is 'c' */
	int64_t major, minor;
	uint32_t mode; /* permission bits */
	uint32_t uid, gid;
};

struct spec_rlimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

enum spec_hook_kind {
	SPEC_HOOK_PRESTART,
	SPEC_HOOK_CREATE_RUNTIME,
	SPEC_HOOK_CREATE_CONTAINER,
	SPEC_HOOK_START_CONTAINER,
	SPEC_HOOK_POSTSTART,
	SPEC_HOOK_POSTSTOP,
	SPEC_HOOK_MAX
};

struct spec_hook {
	const char *path;
	struct spec_list args; /* never empty: [path] when absent */
	struct spec_list env;
	int timeout; /* seconds, 0 = none */
};

struct spec_hooks {
	struct spec_hook *v;
	size_t n;
};

enum spec_cap_set {
	SPEC_CAP_BOUNDING,
	SPEC_CAP_EFFECTIVE,
	SPEC_CAP_PERMITTED,
	SPEC_CAP_INHERITABLE,
	SPEC_CAP_AMBIENT,
	SPEC_CAP_MAX
};

struct spec_scheduler {
	bool set;
	uint32_t policy; /* SCHED_* */
	int32_t nice;
	uint32_t priority;
	uint64_t flags; /* SCHED_FLAG_* */
	uint64_t runtime, deadline, period;
};

enum spec_memory_mode { /* MPOL_* of set_mempolicy(2) */
			SPEC_MPOL_DEFAULT,
			SPEC_MPOL_PREFERRED,
			SPEC_MPOL_BIND,
			SPEC_MPOL_INTERLEAVE,
			SPEC_MPOL_LOCAL,
			SPEC_MPOL_PREFERRED_MANY,
			SPEC_MPOL_WEIGHTED_INTERLEAVE
};

#define SPEC_NODES_MAX 1024

struct spec_memory_policy {
	bool set, has_nodes;
	uint32_t mode, flags; /* MPOL_*, MPOL_F_* */
	uint64_t nodes[SPEC_NODES_MAX / 64];
};

struct spec_process {
	bool present;
	bool terminal;
	uint32_t console_height, console_width; /* 0 when absent */
	uint32_t uid, gid;
	struct opt_u64 umask;
	uint32_t *groups;
	size_t n_groups;
	struct spec_list args, env;
	const char *cwd;
	bool caps_present;
	uint64_t caps[SPEC_CAP_MAX];
	struct spec_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges, no_new_privileges_set; /* _set: it was there */
	struct opt_i64 oom_score_adj;
	struct spec_scheduler scheduler;
	uint32_t io_class, io_priority;                  /* IOPRIO_CLASS_*; 0 when absent */
	const char *exec_cpus_initial, *exec_cpus_final; /* for exec; NULL when absent */
	const char *apparmor_profile, *selinux_label;    /* NULL when absent */
};

struct spec_annotation {
	const char *key, *value;
};

struct spec_sysctl {
	const char *name; /* as given */
	const char *path; /* below /proc/sys, without "." and ".." */
	const char *value;
	enum spec_ns_kind needs; /* the namespace that it belongs to, which is present */
};

/* Intel RDT: a class of service in resctrl. */
struct spec_rdt {
	bool set;
	const char *group;          /* closID; "/": the default class; NULL: one of its own */
	const char *l3, *bandwidth; /* lines of `schemata`; NULL when absent */
	struct spec_list schemata;  /* more of them */
	bool monitoring;
};

/* An interface of the host's that goes to the container. */
struct spec_net_device {
	const char *name, *new_name; /* the same unless another one is asked for */
};

struct spec_time_offset {
	bool set;
	int64_t secs;
	uint32_t nanosecs;
};

struct spec {
	struct json_doc *doc;
	struct arena arena;

	const char *version; /* ociVersion */
	const char *hostname, *domainname;
	const char *root_path; /* as given */
	bool root_readonly;
	struct spec_process process;
	struct spec_mount *mounts;
	size_t n_mounts;
	struct spec_hooks hooks[SPEC_HOOK_MAX];
	struct spec_annotation *annotations;
	size_t n_annotations;

	struct spec_ns ns[SPEC_NS_MAX];
	struct spec_id_maps uid_map, gid_map;
	struct spec_time_offset monotonic, boottime;
	struct spec_device *devices;
	size_t n_devices;
	struct spec_sysctl *sysctls;
	size_t n_sysctls;
	const char *cgroups_path; /* NULL when absent */
	bool has_resources;
	struct limits limits;
	unsigned long rootfs_propagation; /* MS_*, with MS_REC for the r forms; 0 when absent */
	struct spec_list masked_paths, readonly_paths;
	const char *mount_label; /* SELinux, of new file systems; NULL when absent */
	/*
	 * linux.seccomp as its exact source text; NULL when absent. The rules are read on a cache
	 * miss. When it is unread not even that it is JSON has been checked.
	 */
	const char *seccomp_text;
	size_t seccomp_len;
	bool seccomp_unread;
	/* of it; NULL when absent. The listener may be that of the annotation. */
	const char *seccomp_listener, *seccomp_metadata;
	struct opt_u64 personality; /* PER_LINUX or PER_LINUX32 */
	struct spec_memory_policy memory_policy;
	struct spec_rdt rdt;
	struct spec_net_device *net_devices;
	size_t n_net_devices;
};

/* What spec_load() says about harmless oddities (unknown capability ...): one sentence each. */
typedef void spec_warn_fn(void *arg, const char *sentence);

struct spec_sink {
	spec_warn_fn *warn; /* NULL: nobody listens */
	void *arg;
};

/* Reads and checks @file (config.json) below @bundle_fd. *ret is the caller's (spec_free). */
int spec_load(int bundle_fd, const char *file, const struct spec_sink *sink, struct spec **ret,
	      struct err *e);
/* The same from text; @name is what messages call it. */
int spec_parse(const char *text, size_t len, const char *name, const struct spec_sink *sink,
	       struct spec **ret, struct err *e);
/*
 * A process.json of `exec`: the object that config.json has as "process", alone. Only ret's process
 * is filled. Messages have its members' own paths: "user.uid".
 */
int spec_load_process(int dir_fd, const char *file, const struct spec_sink *sink, struct spec **ret,
		      struct err *e);
/* The mounts of `mounts add` and `mounts remove`: {"mounts": [...]}, or the array alone. */
int spec_load_mounts(int dir_fd, const char *file, const struct spec_sink *sink, struct spec **ret,
		     struct err *e);
/* The object that config.json has as "linux.resources", alone: what `update` is told. */
int spec_parse_resources(const char *text, size_t len, const char *name,
			 const struct spec_sink *sink, struct spec **ret, struct err *e);
void spec_free(struct spec **spec);
#define auto_spec __attribute__((cleanup(spec_free)))

/* Member name of config.json of a namespace, its CLONE_NEW* flag, its file in /proc/PID/ns. */
const char *spec_ns_name(enum spec_ns_kind kind);
uint64_t spec_ns_flag(enum spec_ns_kind kind);
const char *spec_ns_file(enum spec_ns_kind kind);
/* "prestart", "createRuntime" ... */
const char *spec_hook_name(enum spec_hook_kind kind);

/* --- words: what is accepted, for `features`, messages and completion; NULL-terminated --- */
const char *const *spec_mount_option_names(void);
const char *const *spec_capability_names(void);
const char *const *spec_memory_mode_names(void);
const char *const *spec_memory_flag_names(void);

/*
 * --- annotations that change how a container is made ---
 *
 * One that ends with a dot begins the names of several. Another one changes nothing but what
 * `state` prints. net/ and cgroup/, which read those of their own, know nothing of this list.
 */
#define SPEC_ANNOTATIONS(X)                                                                       \
	X(CRIU_CONFIG, "org.criu.config")               /* a file of options for CRIU */          \
	X(SYSTEMD_PROPERTY, "org.systemd.property.")    /* of the scope */                        \
	X(NETWORK, "org.tinyrun.network.")              /* what --network ... say */              \
	X(DELEGATE, "run.oci.delegate-cgroup")          /* a cgroup below its own to begin in */  \
	X(HOOKS_STDERR, "run.oci.hooks.stderr")         /* files that hooks of the host's */      \
	X(HOOKS_STDOUT, "run.oci.hooks.stdout")         /* write to */                            \
	X(KEEP_GROUPS, "run.oci.keep_original_groups")  /* podman's --group-add keep-groups */    \
	X(MOUNT_CONTEXT, "run.oci.mount_context_type")  /* what linux.mountLabel is given as */   \
	X(PIDFD_RECEIVER, "run.oci.pidfd_receiver")     /* as --pidfd-socket */                   \
	X(SECCOMP_RECEIVER, "run.oci.seccomp.receiver") /* where linux.seccomp has no listener */ \
	X(FAIL_UNKNOWN, "run.oci.seccomp_fail_unknown_syscall") /* else they are passed over */   \
	X(SUBGROUP, "run.oci.systemd.subgroup") /* the part of the scope that it is in */

enum spec_annotation_name {
#define X(name, text) SPEC_ANNOTATION_##name,
	SPEC_ANNOTATIONS(X)
#undef X
		SPEC_ANNOTATION_MAX
};

const char *spec_annotation_text(enum spec_annotation_name name);
/* Its value in @spec; NULL when it is not there. */
const char *spec_annotation(const struct spec *spec, enum spec_annotation_name name);
/* The same, for those of which "" says as much as absence. */
const char *spec_annotation_set(const struct spec *spec, enum spec_annotation_name name);

/* The default configuration (what `tinyrun spec` writes), with `rootless` for an ordinary user. */
int spec_write_default(struct buf *out, bool rootless, uint32_t uid, uint32_t gid);

/* A directory or file of the host in the container, or with a type another file system. */
struct spec_wish_mount {
	const char *destination, *source, *options; /* options: words with one blank between */
	const char *type;                           /* NULL: a bind mount */
	bool as_owner; /* what is owner_*'s outside is as_*'s inside, and nobody else's */
	uint32_t owner_uid, owner_gid, as_uid, as_gid;
};

/* What a configuration has that the default has not; all zero: the default itself. */
struct spec_wish {
	bool rootless, no_terminal, no_capabilities, writable_root;
	bool few_mounts;                      /* of the default ones only /proc and /dev */
	const char *const *args, *const *env; /* NULL-terminated; NULL: a shell; PATH and TERM */
	const char *const *caps;              /* NULL-terminated: beside the default ones */
	const char *const *annotations;       /* NULL-terminated: KEY=VALUE */
	const char *cwd, *hostname, *root;    /* NULL: the default's */
	uint32_t uid, gid;
	const struct spec_wish_mount *mounts; /* in place of default ones on the same directory */
	size_t n_mounts;
	/* with a size: ids from 0 on in a user namespace; with 1 that of uid and gid alone */
	uint32_t map_uid, map_gid, map_size;
	uint64_t memory, pids, cpu_quota; /* 0: no limit; _quota: us of SPEC_WISH_PERIOD */
	enum { SPEC_WISH_NEW, SPEC_WISH_HOST } network;
	const char *seccomp; /* JSON text; NULL: no filter */
};

/* The default profile as JSON text, for spec_wish.seccomp. */
extern const char spec_default_seccomp[];

#define SPEC_WISH_PERIOD  100000
#define SPEC_WISH_ENV_MAX 2               /* at most so many are in: */
extern const char *const spec_wish_env[]; /* the default environment, NULL-terminated */

int spec_write_wish(struct buf *out, const struct spec_wish *wish);

/* --- linux.seccomp, read only when no compiled filter is at hand --- */
struct spec_seccomp_arg {
	unsigned index; /* 0..5 */
	unsigned op;    /* enum scmp_compare's order: NE 1, LT, LE, EQ, GE, GT, MASKED_EQ 7 */
	uint64_t value, value_two;
};

struct spec_seccomp_rule {
	struct spec_list names;
	uint32_t action; /* SECCOMP_RET_* with its data */
	struct spec_seccomp_arg *args;
	size_t n_args;
};

struct spec_seccomp {
	struct json_doc *doc;
	struct arena arena;
	uint32_t default_action; /* SECCOMP_RET_* with its data */
	struct spec_list archs;  /* SCMP_ARCH_* as given */
	unsigned long flags;     /* SECCOMP_FILTER_FLAG_* */
	bool flags_present;
	const char *listener_path, *listener_metadata; /* NULL when absent */
	bool notifies;                                 /* a rule says SCMP_ACT_NOTIFY */
	bool fail_unknown; /* a system call without a number is an error */
	struct spec_seccomp_rule *rules;
	size_t n_rules;
};

/* @text is linux.seccomp's source text. *ret is the caller's. */
int spec_seccomp_parse(const char *text, size_t len, struct spec_seccomp **ret, struct err *e);
/*
 * The same rules out of the document that @spec keeps, so that messages have the place in
 * config.json. @spec must have seccomp_text and outlive *ret.
 */
int spec_seccomp_load(const struct spec *spec, struct spec_seccomp **ret, struct err *e);
/* An annotation wants each system call known: what is in a cache has not been looked at so. */
bool spec_seccomp_is_strict(const struct spec *spec);
void spec_seccomp_free(struct spec_seccomp **s);

#endif
