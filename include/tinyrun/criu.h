/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu - checkpoint and restore by CRIU, which is a program: `criu swrk` serves one request on a
 * socket. The messages are protocol buffers; the numbers here are those of CRIU's rpc.proto.
 *
 * What is asked for is put together as the bytes of criu_opts, field by field; the order of fields
 * means nothing.
 */
#ifndef TINYRUN_CRIU_H
#define TINYRUN_CRIU_H

#include "tinyrun/buf.h"
#include "tinyrun/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum criu_action { CRIU_DUMP = 1, CRIU_RESTORE = 2, CRIU_PRE_DUMP = 4 };

/* Fields of criu_opts. */
enum criu_field {
	CRIU_IMAGES_DIR_FD = 1, /* numbers and truth values */
	CRIU_PID = 2,
	CRIU_LEAVE_RUNNING = 3,
	CRIU_EXT_UNIX_SK = 4,
	CRIU_TCP_ESTABLISHED = 5,
	CRIU_EVASIVE_DEVICES = 6,
	CRIU_SHELL_JOB = 7,
	CRIU_FILE_LOCKS = 8,
	CRIU_LOG_LEVEL = 9,
	CRIU_NOTIFY_SCRIPTS = 12,
	CRIU_TRACK_MEM = 15,
	CRIU_AUTO_DEDUP = 16,
	CRIU_WORK_DIR_FD = 17,
	CRIU_LINK_REMAP = 18,
	CRIU_MANAGE_CGROUPS = 24,
	CRIU_RST_SIBLING = 26,
	CRIU_MANAGE_CGROUPS_MODE = 34, /* enum criu_cgroups */
	CRIU_EMPTY_NS = 38,            /* CLONE_NEW* */
	CRIU_TCP_SKIP_IN_FLIGHT = 46,
	CRIU_LAZY_PAGES = 48,
	CRIU_ORPHAN_PTS_MASTER = 50,
	CRIU_TCP_CLOSE = 52,
	CRIU_NETWORK_LOCK = 64, /* enum criu_network_lock */

	CRIU_LOG_FILE = 10, /* texts */
	CRIU_ROOT = 13,
	CRIU_PARENT_IMG = 14,
	CRIU_EXTERNAL = 37, /* repeated, as the pairs and descriptors below */
	CRIU_FREEZE_CGROUP = 44,
	CRIU_CONFIG_FILE = 51,
	CRIU_LSM_PROFILE = 53,
	CRIU_LSM_MOUNT_CONTEXT = 63,

	CRIU_EXT_MNT = 23, /* pairs: mount point, name or source */
	CRIU_CG_ROOT = 25, /* controller, path */
	CRIU_JOIN_NS = 39, /* kind, file */

	CRIU_PAGE_SERVER = 11, /* a text and a number: address, port */
	CRIU_INHERIT_FD = 27   /* key, descriptor */
};

enum criu_cgroups {
	CRIU_CGROUPS_IGNORE = 0,
	CRIU_CGROUPS_SOFT = 3,
	CRIU_CGROUPS_FULL = 4,
	CRIU_CGROUPS_STRICT = 5
};
enum criu_network_lock { CRIU_LOCK_IPTABLES = 1, CRIU_LOCK_NFTABLES = 2, CRIU_LOCK_SKIP = 3 };

void criu_put_number(struct buf *opts, enum criu_field field, uint64_t value);
void criu_put_text(struct buf *opts, enum criu_field field, const char *text);
void criu_put_pair(struct buf *opts, enum criu_field field, const char *first, const char *second);
void criu_put_text_number(struct buf *opts, enum criu_field field, const char *text,
			  uint64_t number);

/*
 * What CRIU says on its way: "post-restore" with the pid of the first process, as we see it;
 * "orphan-pts-master" with the terminal in *fd, which may be taken; and others. A negative answer
 * makes it give up and undo.
 */
typedef int criu_notify_fn(void *arg, const char *script, pid_t pid, int *fd, struct err *e);
/* Called in the process that becomes CRIU, last: where it is to be, what it is to see. */
typedef int criu_prepare_fn(void *arg, struct err *e);

struct criu_call {
	enum criu_action action;
	const struct buf *opts;
	const int *fds; /* what it inherits beside the standard streams, under the same numbers */
	size_t n_fds;
	criu_prepare_fn *prepare; /* NULL: nothing to prepare */
	criu_notify_fn *notify;
	void *arg; /* of both */
};

/*
 * Runs CRIU for one request, to its end. Its words for a failure are in @e; what it wrote into its
 * log is the caller's to add (criu_explain).
 */
int criu_run(const struct criu_call *call, struct err *e);
/*
 * After a failure, @r: the line that says most about it in the log @name below @dir_fd, which is
 * @path, takes the place of what is in @e. Returns the code that @e then has.
 */
int criu_explain(int r, int dir_fd, const char *path, const char *name, struct err *e);

#endif
