/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init - what the files of tinyrun-init share.
 *
 * One `struct init` on main's stack is the whole state. Functions return 0, a descriptor or a
 * length, or -errno; the step that forwards a negative value ends the program with a FAIL message.
 * A step can put words beside its errno with fail_text().
 */
#ifndef INIT_INIT_H
#define INIT_INIT_H

#include "init/sys.h"
#include "tinyrun/plan_format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATH_SIZE 4096
#define HOME_SIZE 1024

struct init {
	const unsigned char *plan;
	size_t size;
	const struct plan_header *head;
	uint32_t at; /* index of the step that runs */
	int channel; /* to the host; after `start` to that one */
	int root_fd; /* the root that targets are resolved in; -1: "/", not opened yet */
	uint64_t *trace;
	uint64_t bounding; /* what BOUNDING kept */

	bool followed; /* target.c: symlinks were on the way of the last target_make() */
	/* target.c: the directory of the last target_parent() */
	int dir_fd;
	const char *dir;
	size_t dir_len;

	int proc_fd; /* procfs.c: a procfs of our own; -1: not made yet */
	int null_fd; /* paths.c: what masks are made of */
	/* paths.c has seen that these standard streams, a bit each, are no pipes */
	unsigned no_pipes;
	bool limits_files;
	struct limit files;               /* RLIMIT_NOFILE for the program */
	const struct plan_step *late_cwd; /* CWD was denied to root: USER tries again */
	const char *program;              /* found by FIND */
	char home[HOME_SIZE];             /* HOME=... or empty */
	struct plan_msg failure;          /* words and wait status of a step that fails */
};

/* --- start.c: what a compiler expects of every environment --- */
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int byte, size_t n);
size_t strlen(const char *s);
int init_main(int argc, char *const argv[]);

/* --- plan.c: the plan's bytes; what lies outside of them ends the program --- */
int plan_open(struct init *in, int fd);
const void *plan_bytes(struct init *in, uint32_t offset, size_t count, size_t size);
const char *plan_text(struct init *in, uint32_t offset); /* NULL for 0 */
const char *plan_need(struct init *in, uint32_t offset); /* -EINVAL for 0 */
int plan_slot(struct init *in, uint32_t slot);
/* Entry @i of the array of offsets at @offset; NULL behind the last one. */
const char *plan_item(struct init *in, uint32_t offset, size_t i);
/*
 * The 0-terminated array of offsets at @offset (0: an empty one) as pointers to the strings in
 * memory of their own, then @more unless it is NULL, NULL behind them.
 */
int plan_vector(struct init *in, uint32_t offset, char *more, char ***ret);

/* --- channel.c --- */
int channel_send(struct init *in, enum plan_msg_kind kind, int fd);
int channel_wait_go(struct init *in); /* 1: told to go; 0: end of file */
void channel_need_go(struct init *in);
void fail_text(struct init *in, const char *text);
_Noreturn void fail(struct init *in, int error);

/* --- target.c: paths of the container --- */
int target_root(struct init *in);
int target_find(struct init *in, const char *path, uint64_t flags, uint64_t resolve);
int target_make(struct init *in, const char *path, uint32_t kind);
int target_make_nofollow(struct init *in, const char *path, uint32_t kind);
int target_parent(struct init *in, const char *path, const char **ret_name);
int target_parent_exact(struct init *in, const char *path, const char **ret_name);
void target_forget(struct init *in);
int target_attach(struct init *in, int tree_fd, int target_fd);

/* --- dev.c: the packing of mknod(2) --- */
unsigned long dev_number(uint32_t major, uint32_t minor);

/* --- copyup.c --- */
int copy_up(struct init *in, int target, int tree, bool keeps_owner);

/* --- procfs.c --- */
int procfs_find_self(struct init *in, const char *path);
int procfs_write_self(struct init *in, const char *path, const char *text, size_t len);

/* waitid's answer as far as it is looked at: the kernel's siginfo for SIGCHLD, 64 bits. */
struct child_end {
	int signal, error, code, unused;
	int pid;
	uint32_t uid;
	int status;
	int rest[25];
};

/* --- mount.c, elsewhere.c --- */
struct mount_words {
	const char *source, *fstype, *data;
};

/* A detached mount of the file system; of the pid namespace that is joined later. */
int mount_make(struct init *in, const struct mount_words *w, uint64_t ms_flags);
int mount_make_elsewhere(struct init *in, const struct mount_words *w, uint64_t ms_flags);

/* --- exec.c --- */
/* The next step of this kind, from the one that runs on; NULL: there is none. */
const struct plan_step *step_later(struct init *in, enum plan_step_kind kind);

/* --- others --- */
int death_arm(void);
int cwd_retry(struct init *in);
int limit_files(struct init *in);
int steps_run(struct init *in);

#define X(kind, name, words) int step_##name(struct init *in, const struct plan_step *s);
PLAN_STEPS(X)
#undef X

/* A descriptor that is closed when its scope ends. */
static inline void fd_close(int *fd)
{
	if (*fd >= 0)
		(void)sys_close(*fd);
	*fd = -1;
}
#define auto_fd __attribute__((cleanup(fd_close)))

/*
 * One of a path, or of a mount that was attached: WAIT closes it with all the others, in one call.
 * Numbers are given from below, so those from PATHS_KEPT on are what a long plan has too many of.
 */
#define PATHS_KEPT 64

static inline void path_let(int *fd)
{
	if (*fd >= PATHS_KEPT)
		(void)sys_close(*fd);
	*fd = -1;
}
#define auto_path __attribute__((cleanup(path_let)))

static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
