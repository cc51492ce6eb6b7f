/* SPDX-License-Identifier: Apache-2.0 */
/* harness - see harness.h. */
#include "harness.h"

#include "tinyrun/init_image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000

/* --- writing a plan --- */

void draft_init(struct draft *d)
{
	memset(d, 0, sizeof(*d));
	d->len = sizeof(struct plan_header);
	d->trace_slot = PLAN_NO_SLOT;
}

struct plan_step *draft_step(struct draft *d, enum plan_step_kind kind)
{
	struct plan_step *s = &d->steps[d->n_steps++];

	assert_true(d->n_steps <= 64);
	s->kind = (uint16_t)kind;
	return s;
}

uint32_t draft_bytes(struct draft *d, const void *bytes, size_t len, size_t alignment)
{
	size_t at = (d->len + alignment - 1) / alignment * alignment;

	assert_true(at + len <= sizeof(d->bytes));
	if (len > 0)
		memcpy(d->bytes + at, bytes, len);
	d->len = at + len;
	return (uint32_t)at;
}

uint32_t draft_text(struct draft *d, const char *text)
{
	return draft_bytes(d, text, strlen(text) + 1, 1);
}

uint32_t draft_texts(struct draft *d, const char *const *texts)
{
	uint32_t offsets[64] = {0};
	size_t n = 0;

	for (; texts[n] != NULL; n++)
		offsets[n] = draft_text(d, texts[n]);
	return draft_bytes(d, offsets, (n + 1) * sizeof(offsets[0]), 8);
}

uint32_t draft_slot(struct draft *d, int fd)
{
	assert_true(fd >= 0 && d->n_slots < 16);
	d->slots[d->n_slots] = fd;
	return d->n_slots++;
}

void draft_finish(struct draft *d)
{
	struct plan_header head = {
		.magic = PLAN_MAGIC,
		.ignored = UINT64_MAX, /* of a host that cannot tell */
		.steps = draft_bytes(d, d->steps, d->n_steps * sizeof(d->steps[0]), 8),
		.n_steps = d->n_steps,
		.slots = draft_bytes(d, d->slots, d->n_slots * sizeof(d->slots[0]), 8),
		.n_slots = d->n_slots,
		.flags = d->flags,
		.trace_slot = d->trace_slot,
	};

	head.size = (uint32_t)d->len;
	memcpy(d->bytes, &head, sizeof(head));
}

void draft_path(struct draft *d, enum plan_step_kind kind, const char *path)
{
	draft_step(d, kind)->path.path = draft_text(d, path);
}

void draft_exec(struct draft *d, const char *const *argv, const char *const *envp)
{
	struct plan_step *s = draft_step(d, STEP_EXEC);

	s->exec.argv = draft_texts(d, argv);
	s->exec.envp = draft_texts(d, envp);
}

void draft_shell(struct draft *d, const char *script)
{
	const char *argv[] = {"/bin/sh", "-c", script, NULL};
	const char *envp[] = {"PATH=/bin:/usr/bin", NULL};

	draft_exec(d, argv, envp);
}

void draft_find(struct draft *d, const char *name, const char *const *candidates)
{
	struct plan_step *s = draft_step(d, STEP_FIND);

	s->find.name = draft_text(d, name);
	s->find.candidates = draft_texts(d, candidates);
}

void draft_wait(struct draft *d, uint32_t listen_slot)
{
	draft_step(d, STEP_WAIT)->wait.listen_slot = listen_slot;
}

/* --- running it --- */

static int memory_file(const void *bytes, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK), 0);
	return fd;
}

static _Noreturn void child(const struct draft *d, int program, int plan, int channel, int output)
{
	char channel_arg[16], plan_arg[16], program_path[32];
	char *argv[] = {(char *)(uintptr_t) "tinyrun-init", channel_arg, plan_arg, NULL};
	char *envp[] = {NULL};

	(void)snprintf(channel_arg, sizeof(channel_arg), "%d", channel);
	(void)snprintf(plan_arg, sizeof(plan_arg), "%d", plan);
	(void)dup2(output, 1);
	(void)dup2(output, 2);
	(void)fcntl(channel, F_SETFD, 0);
	(void)fcntl(plan, F_SETFD, 0);
	for (uint32_t i = 0; i < d->n_slots; i++)
		(void)fcntl(d->slots[i], F_SETFD, 0);
	(void)syscall(SYS_execveat, program, "", argv, envp, AT_EMPTY_PATH);
	(void)snprintf(program_path, sizeof(program_path), "/proc/self/fd/%d", program);
	(void)execve(program_path, argv, envp); /* valgrind knows no program without a path */
	_exit(127);
}

void run_start(struct run *r, const struct draft *d, unsigned long namespaces)
{
	int program = memory_file(tinyrun_init_image, tinyrun_init_image_size());
	int plan = memory_file(d->bytes, d->len);
	int channel[2], output[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
	assert_int_equal(pipe2(output, O_CLOEXEC), 0);
	if (namespaces == 0)
		r->pid = fork();
	else
		r->pid = (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0);
	assert_true(r->pid >= 0);
	if (r->pid == 0)
		child(d, program, plan, channel[1], output[1]);
	r->channel = channel[0];
	r->output = output[0];
	(void)close(channel[1]);
	(void)close(output[1]);
	(void)close(program);
	(void)close(plan);
}

static int fd_of(struct msghdr *message)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

uint32_t run_receive(struct run *r, struct plan_msg *m, int *ret_fd)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec bytes = {.iov_base = m, .iov_len = sizeof(*m)};
	struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct pollfd p = {.fd = r->channel, .events = POLLIN};
	ssize_t n;
	int fd;

	memset(m, 0, sizeof(*m));
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	n = recvmsg(r->channel, &message, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return 0;
	assert_true(n > (ssize_t)PLAN_MSG_HEAD);
	fd = fd_of(&message);
	if (ret_fd != NULL)
		*ret_fd = fd;
	else if (fd >= 0)
		(void)close(fd);
	return m->kind;
}

void run_go(int channel)
{
	const struct plan_msg go = {.kind = PLAN_MSG_GO};

	assert_int_equal(send(channel, &go, PLAN_MSG_HEAD + 1, MSG_NOSIGNAL), PLAN_MSG_HEAD + 1);
}

char *run_output(struct run *r, char *to, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len + 1 < size && (n = read(r->output, to + len, size - 1 - len)) > 0)
		len += (size_t)n;
	to[len] = '\0';
	return to;
}

int run_wait(struct run *r)
{
	int status;

	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	(void)close(r->channel);
	(void)close(r->output);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

char *run_to_end(struct draft *d, unsigned long namespaces, char *to, size_t size)
{
	struct plan_msg m;
	struct run r;
	uint32_t kind;
	int status;

	draft_finish(d);
	run_start(&r, d, namespaces);
	kind = run_receive(&r, &m, NULL);
	if (kind == PLAN_MSG_FAIL)
		print_message("step %u: %s: %s\n", m.step, strerror(m.errnum), m.text);
	assert_int_equal(kind, 0);
	run_output(&r, to, size);
	status = run_wait(&r);
	if (status != 0)
		print_message("%s", to);
	assert_int_equal(status, 0);
	return to;
}

void run_to_failure(struct draft *d, unsigned long namespaces, uint32_t step, int errnum,
		    struct plan_msg *m)
{
	struct run r;
	uint32_t kind;

	draft_finish(d);
	run_start(&r, d, namespaces);
	kind = run_receive(&r, m, NULL);
	if (m->step != step || m->errnum != errnum)
		print_message("step %u: %s: %s\n", m->step, strerror(m->errnum), m->text);
	assert_int_equal(kind, PLAN_MSG_FAIL);
	assert_int_equal(m->step, step);
	assert_int_equal(m->errnum, errnum);
	assert_int_equal(run_wait(&r), 1);
}

/* --- a root file system --- */

static int shell(const char *format, const char *a, const char *b)
{
	char command[512];

	(void)snprintf(command, sizeof(command), format, a, b);
	return system(command); /* NOLINT: names of our own */
}

char *rootfs_make(void)
{
	char template[] = "/tmp/test-init-XXXXXX";
	char *path;

	if (access("/bin/busybox", X_OK) != 0) {
		print_message("needs /bin/busybox, linked statically\n");
		return NULL;
	}
	assert_non_null(mkdtemp(template));
	path = strdup(template);
	assert_non_null(path);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(shell("cd %s && mkdir bin dev etc proc sys tmp%s", path, ""), 0);
	assert_int_equal(shell("cp /bin/busybox %s/bin/ && for i in sh cat ls id hostname mount "
			       "tty stty ifconfig mkdir grep stat touch pwd readlink; do "
			       "ln -s busybox %s/bin/$i; done",
			       path, path),
			 0);
	return path;
}

void rootfs_remove(char *path)
{
	assert_int_equal(shell("rm -rf %s%s", path, ""), 0);
	free(path);
}

void rootfs_write(const char *root, const char *name, const char *text)
{
	char path[512];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

int rootfs_clone(const char *root)
{
	const struct mount_attr attr = {.propagation = 1 << 18 /* MS_PRIVATE */};
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, root,
			      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | 0x8000u /* AT_RECURSIVE */);

	assert_true(fd >= 0);
	assert_int_equal(
		syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | 0x8000, &attr, sizeof(attr)), 0);
	return fd;
}
