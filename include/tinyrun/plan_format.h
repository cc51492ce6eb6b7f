/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_format - what the host tells tinyrun-init: the bytes of a plan, and the messages between
 * them.
 *
 * A plan is one block of memory: header, pool, steps, descriptor table. It is relocatable: strings
 * and arrays are offsets from its start (0 = none), all uint32_t. Arrays start at a multiple of 8;
 * argv, envp and candidates end with a 0. Descriptors are slots of the table; the host writes the
 * real numbers there just before the clone. Both sides are built from this header in one build, so
 * the numbers are in host order and there is no compatibility to keep.
 *
 * tinyrun-init includes this header and system headers, nothing else.
 *
 * Who says what, and who answers:
 *
 * clang-format off
 *   init                            host
 *   STEP_FORK      FORKED + pidfd ->      the process to watch is another one now
 *   STEP_CONSOLE   PTY + master   ->      given to the console socket or relayed
 *   STEP_HOOKS     HOOKS          ->      runs prestart and createRuntime
 *                  <- GO
 *   STEP_WAIT      READY          ->      `create`: writes down that it is created; `run`: goes on
 *                  <- GO                  `create`: the channel closes; the next one comes from
 *                                         accepting on exec.sock a connection of `start`, which
 *                                         says GO again
 *   STEP_SECCOMP   NOTIFY + fd    ->      sends it on (only with a listener)
 *                  <- GO
 *   any step       FAIL           ->      the step's number, errno, detail text; init exits 1
 *   STEP_EXEC      (end of file)  ->      the program runs
 * clang-format on
 *
 * End of file on the channel where init waits for GO means that the host is gone: init exits.
 */
#ifndef TINYRUN_PLAN_FORMAT_H
#define TINYRUN_PLAN_FORMAT_H

#include <stdint.h>

#define PLAN_MAGIC   0x54525031u /* "TRP1" */
#define PLAN_NO_SLOT UINT32_MAX

/*
 * X(ENUM, name, words): every kind of step. The enum, the words that the host prints and the
 * executors that init calls (step_<name>) come from this list.
 */
#define PLAN_STEPS(X)                                                                \
	X(SETNS, setns, "join a namespace")                                          \
	X(UNSHARE, unshare, "make new namespaces")                                   \
	X(FORK, fork, "enter the pid namespace in a child")                          \
	X(ROOT_USER, root_user, "become root of the user namespace")                 \
	X(SHED, shed, "close what came from the host")                               \
	X(SESSION, session, "start a session")                                       \
	X(KEYRING, keyring, "join a new session keyring")                            \
	X(PROPAGATION, propagation, "set the propagation of the mount tree")         \
	X(ATTACH_ROOT, attach_root, "attach the root file system")                   \
	X(MOUNT, mount, "mount a file system")                                       \
	X(ATTACH, attach, "attach a mount")                                          \
	X(SETATTR, setattr, "change a mount")                                        \
	X(REMOUNT, remount, "change a file system")                                  \
	X(MKNOD, mknod, "make a device")                                             \
	X(SYMLINK, symlink, "make a symlink")                                        \
	X(CONSOLE, console, "open the terminal")                                     \
	X(LOOPBACK, loopback, "bring up the loopback interface")                     \
	X(HOSTNAME, hostname, "set the hostname")                                    \
	X(DOMAINNAME, domainname, "set the domain name")                             \
	X(TIME_OFFSET, time_offset, "set the clocks")                                \
	X(SYSCTL, sysctl, "set the kernel parameter")                                \
	X(SELINUX, selinux, "look for SELinux")                                      \
	X(SELINUX_LABEL, selinux_label, "set the SELinux label")                     \
	X(APPARMOR, apparmor, "set the AppArmor profile")                            \
	X(HOOKS, hooks, "wait for the runtime's hooks")                              \
	X(HOOK, hook, "run a hook")                                                  \
	X(READONLY_PATH, readonly_path, "make a path read-only")                     \
	X(MASK, mask, "mask a path")                                                 \
	X(ROOT_ATTR, root_attr, "make the root read-only")                           \
	X(PIVOT, pivot, "enter the new root")                                        \
	X(CHROOT, chroot, "enter the new root by chroot")                            \
	X(ROOT_PROPAGATION, root_propagation, "set the propagation of the new root") \
	X(UNMOUNT, unmount, "unmount")                                               \
	X(LEAVE, leave, "end")                                                       \
	X(NULL_STDIO, null_stdio, "take its own /dev/null for the host's")           \
	X(RLIMIT, rlimit, "set a resource limit")                                    \
	X(SCHEDULER, scheduler, "set the scheduling policy")                         \
	X(IO_PRIORITY, io_priority, "set the priority of input and output")          \
	X(PERSONALITY, personality, "set the personality")                           \
	X(MEMORY_POLICY, memory_policy, "set the memory policy")                     \
	X(CWD, cwd, "enter the working directory")                                   \
	X(NO_NEW_PRIVS, no_new_privs, "allow no new privileges")                     \
	X(BOUNDING, bounding, "drop capabilities from the bounding set")             \
	X(USER, user, "become the user")                                             \
	X(CAPS, caps, "set capabilities")                                            \
	X(HOME, home, "set HOME")                                                    \
	X(FIND, find, "find the program")                                            \
	X(WAIT, wait, "wait for start")                                              \
	X(CLOSE, close, "close descriptors")                                         \
	X(REAP, reap, "look after the program as process 1")                         \
	X(SECCOMP, seccomp, "load the seccomp filter")                               \
	X(EXEC, exec, "execute the program")

enum plan_step_kind {
#define X(kind, name, words) STEP_##kind,
	PLAN_STEPS(X)
#undef X
		STEP_MAX
};

/* target_kind: how a mount point is looked up and what it has to be. */
#define PLAN_TARGET_DIR   1u /* made as a directory when missing; symlinks stay inside the root */
#define PLAN_TARGET_FILE  2u /* made as an empty file when missing */
#define PLAN_TARGET_EXACT 3u /* DIR, and no symlink on the way (proc, sysfs, cgroup) */
#define PLAN_TARGET_LINK  4u /* ATTACH: the slot is a symlink, which is made here instead */

/* plan_step.flags */
#define PLAN_IGNORE_MISSING 1u  /* nothing there: skip the step */
#define PLAN_KEEP_MODE      2u  /* MOUNT: with the mode of the mount point, if there is one */
#define PLAN_EXISTING       4u  /* CWD: a directory that is missing is not made */
#define PLAN_COPY_UP        8u  /* MOUNT: begin with what the target has (tmpcopyup) */
#define PLAN_KEEP_OWNER     16u /* COPY_UP: the new root has the owner of the mount point */
#define PLAN_NOFOLLOW       32u /* ATTACH: the last name of the target is not followed */
#define PLAN_OF_CHILD       64u /* a pid namespace is joined by a FORK yet to come, and what */
				/* MOUNT makes is of that namespace; CONSOLE leaves the terminal */
				/* to the SESSION that the child starts */
#define PLAN_AND_BELOW 256u     /* READONLY_PATH: the mounts below it, too */
#define PLAN_WITH_HOME 128u     /* HOOK: what HOME has found is in its environment, too */

struct plan_step {
	uint16_t kind;   /* enum plan_step_kind */
	uint16_t flags;  /* PLAN_IGNORE_MISSING ... */
	uint32_t origin; /* string: JSON path it comes from, "" when from no member */
	union {
		struct {
			uint32_t slot, ns_flag;
		} setns; /* SETNS: CLONE_NEW*; several with a pidfd */
		struct {
			uint64_t ns_flags;
		} unshare; /* UNSHARE */
		struct {
			uint32_t uid, gid;
		} root_user; /* ROOT_USER: setgroups([]), ids */
		struct {
			uint32_t name;
		} text; /* HOSTNAME DOMAINNAME SELINUX_LABEL APPARMOR */
		struct {
			uint64_t ms_flags;
		} propagation; /* PROPAGATION ROOT_PROPAGATION, of "/" */
		struct {
			uint32_t slot;
		} attach_root; /* ATTACH_ROOT: detached tree. CHROOT: the rootfs directory where
				* there is no mount namespace; PLAN_NO_SLOT: what ATTACH_ROOT
				* attached */
		struct {
			uint32_t target, fstype, source, data; /* paths in the root, from its top */
			uint64_t ms_flags;                     /* MS_* for mount(2) */
			uint64_t attr_set, attr_clr;           /* MOUNT_ATTR_*, with AT_RECURSIVE */
			uint32_t ms_propagation;               /* MS_SHARED ..., 0 = as it comes */
			uint32_t target_kind;                  /* PLAN_TARGET_* */
		} mount; /* MOUNT; of REMOUNT target, data and ms_flags */
		struct {
			uint32_t slot, target, target_kind;
		} attach; /* ATTACH: detached tree, ready */
		struct {
			uint32_t target, recursive;
			uint64_t attr_set, attr_clr;
			uint32_t ms_propagation;
		} setattr; /* SETATTR: on what is mounted at target */
		struct {
			uint32_t path, mode, major, minor, uid, gid;
		} mknod; /* mode with S_IFMT */
		struct {
			uint32_t path, target;
		} symlink; /* SYMLINK: an existing entry is left */
		struct {
			uint32_t height, width, uid, on_dev_console;
		} console;
		struct {
			uint32_t text;
		} time_offset; /* "monotonic 5 0\n..." for timens_offsets; UNSHARE CLONE_NEWTIME
				* came before */
		struct {
			uint32_t name, path, value; /* path: in a procfs, "sys/net/..." */
		} sysctl;
		struct {
			uint32_t list, index; /* enum spec_hook_kind, position, for messages */
			uint32_t exec_slot;   /* createContainer: the program, opened by the host */
			uint32_t path;        /* startContainer: path in the container */
			uint32_t argv, envp;  /* arrays of offsets, 0-terminated */
			uint32_t cwd_slot;    /* PLAN_NO_SLOT: "/" */
			uint32_t stdout_slot, stderr_slot; /* PLAN_NO_SLOT: as it comes */
			uint32_t timeout_ms;               /* 0 = none */
			uint32_t state_head, state_tail;   /* state JSON around the pid */
		} hook;
		struct {
			uint32_t path;
		} path; /* READONLY_PATH MASK CWD */
		struct {
			uint64_t attr_set;
		} root_attr;
		struct {
			uint32_t resource;
			uint64_t soft, hard;
		} rlimit;
		struct {
			uint32_t policy;
			int32_t nice;
			uint32_t priority, unused;
			uint64_t flags, runtime, deadline, period;
		} scheduler; /* SCHED_*, SCHED_FLAG_* */
		struct {
			uint32_t class, priority;
		} io_priority; /* IOPRIO_CLASS_* */
		struct {
			uint32_t domain;
		} personality; /* PER_* */
		struct {
			uint32_t mode, flags; /* MPOL_*, MPOL_F_* */
			uint32_t nodes;       /* uint64_t[16], a bit a node; 0: none */
		} memory_policy;
		struct {
			uint64_t keep;
		} bounding;
		struct {
			uint32_t uid, gid, groups, n_groups, umask, keep_groups;
		} user; /* u32 array */
		struct {
			uint64_t effective, permitted, inheritable, ambient;
		} caps;
		struct {
			uint32_t uid;
		} home; /* adds HOME=... behind EXEC's environment, which has none */
		struct {
			uint32_t name, candidates;
		} find; /* argv[0]; array of paths to try */
		struct {
			uint32_t listen_slot;
		} wait; /* PLAN_NO_SLOT: GO is "start" */
		struct {
			uint32_t keep;
		} close; /* descriptors 3..3+keep-1 stay */
		struct {
			uint32_t terminal; /* the program's group is that of the terminal */
			uint32_t die;      /* with the host's tinyrun */
		} reap;
		struct {
			uint32_t insns, n_insns, filter_flags, listener;
		} seccomp; /* sock_filter array */
		struct {
			uint32_t argv, envp;
		} exec; /* arrays of offsets, 0-terminated */

		uint64_t pad[6];
	};
};

_Static_assert(sizeof(struct plan_step) == 56, "a step has one size");

/* plan_header.flags */
#define PLAN_TRACE 1u /* step times go to the trace slot's shared memory */

struct plan_header {
	uint32_t magic, size;    /* bytes of the whole plan */
	uint32_t steps, n_steps; /* offset of the array, its length */
	uint32_t slots, n_slots; /* offset of int32_t[n_slots]: descriptor numbers */
	uint32_t flags;
	uint32_t trace_slot; /* PLAN_NO_SLOT, or a shared memory of uint64_t ns[n_steps + 1]:
			      * CLOCK_MONOTONIC before each step; last: when init began */
	uint64_t ignored;    /* signals that the host ignores: bit 0 is signal 1 */
};

/* --- messages on the channel (SOCK_SEQPACKET) --- */
enum plan_msg_kind {
	PLAN_MSG_GO = 1,
	PLAN_MSG_FORKED,
	PLAN_MSG_PTY,
	PLAN_MSG_HOOKS,
	PLAN_MSG_READY,
	PLAN_MSG_NOTIFY,
	PLAN_MSG_FAIL
};

#define PLAN_MSG_TEXT 1024

/* Sent with as much of text as is used; a descriptor comes beside it by SCM_RIGHTS. */
struct plan_msg {
	uint32_t kind;
	uint32_t step;            /* FAIL: index of the step */
	int32_t errnum;           /* FAIL: positive errno, 0 when text says it all */
	uint32_t status;          /* FAIL of a hook: wait status */
	char text[PLAN_MSG_TEXT]; /* FAIL: detail (a hook's stderr, a path), 0-terminated */
};

#define PLAN_MSG_HEAD 16u /* bytes in front of text */

#endif
