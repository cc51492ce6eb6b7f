/* SPDX-License-Identifier: Apache-2.0 */
/* announce - tells the caller of the command which process it has got. */
#include "container/create.h"
#include "container/sync.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int write_pid_file(const char *path, pid_t pid, struct err *e)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	auto_fd int dir_fd = -1;
	char text[16];
	int r;

	if (!dir)
		return err_num(e, ENOMEM, "write the pid file");
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	r = path_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, &dir_fd, e);
	if (r == 0)
		r = path_replace(dir_fd, slash ? slash + 1 : path, text, strlen(text), 0644, false,
				 e);
	return r < 0 ? err_wrap(e, "--pid-file") : 0;
}

/* @origin: who has asked for it. */
static int send_pidfd(const struct creation *c, const char *path, const char *origin, struct err *e)
{
	auto_fd int fd = -1;
	int r = path ? sync_connect(path, &fd, e) : 0;

	if (r == 0 && path)
		r = sync_send_fd(fd, "pidfd", c->init.pidfd, e);
	return r < 0 ? err_wrap(e, "%s", origin) : 0;
}

/* The annotation is about the container's process, not about one that joins it. */
static const char *receiver(const struct creation *c)
{
	return c->mode == PLAN_EXEC ? NULL
				    : spec_annotation_set(c->spec, SPEC_ANNOTATION_PIDFD_RECEIVER);
}

/* An empty --pid-file is none, as in runc. */
int creation_announce(struct creation *c, struct err *e)
{
	bool wants_pid = c->o->pid_file && *c->o->pid_file;
	int r = send_pidfd(c, c->o->pidfd_socket, "--pidfd-socket", e);

	if (r == 0)
		r = send_pidfd(c, receiver(c), spec_annotation_text(SPEC_ANNOTATION_PIDFD_RECEIVER),
			       e);
	if (r == 0 && wants_pid)
		r = write_pid_file(c->o->pid_file, c->init.pid, e);
	c->wrote_pid_file = r == 0 && wants_pid;
	return r;
}
