/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe - one HTTP request to a server that listens on the loopback address of a container.
 *
 * A socket belongs to the network namespace that it was made in, so only making it needs to be done
 * over there: by a child, as who is root of a user namespace alone could not come home. Nothing of
 * the container's file system is touched, and what comes back is text that is bounded in size and
 * in time.
 */
#include "cli/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tinyrun/fd.h"
#include "tinyrun/proc.h"
#include "tinyrun/sys.h"

#define PATIENCE_MS 1000

static int open_ns(pid_t pid, int *ret_fd, struct err *e)
{
	char name[32];
	int proc = proc_fd(e);

	if (proc < 0)
		return proc;
	(void)snprintf(name, sizeof(name), "%d/ns/net", (int)pid);
	*ret_fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? err_sys(e, "open /proc/%s", name) : 0;
}

int probe_open(pid_t pid, uint16_t port, struct probe *ret, struct err *e)
{
	struct probe p = {.port = port};
	int r = open_ns(pid, &p.ns_fd, e);

	if (r == 0)
		*ret = p;
	return r;
}

void probe_close(struct probe *p)
{
	fd_close(&p->ns_fd);
}

/* In the child, which shares the table of descriptors: the socket takes the place of @fd. */
static _Noreturn void make_there(const struct probe *p, int fd)
{
	int made = setns(p->ns_fd, CLONE_NEWNET) < 0
			   ? -1
			   : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = made >= 0 && dup3(made, fd, O_CLOEXEC) == fd;

	if (made >= 0)
		(void)close(made);
	_exit(ok ? 0 : 1);
}

static int open_socket(const struct probe *p)
{
	const struct timeval patience = {.tv_usec = PATIENCE_MS * 500};
	struct clone_args args = {.flags = CLONE_FILES, .exit_signal = SIGCHLD};
	auto_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int status = -1;
	pid_t pid = fd < 0 ? -1 : sys_clone3(&args);

	if (pid == 0)
		make_there(p, fd);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return -1;
	return fd_take(&fd);
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* there is one */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void receive(int fd, char *out, size_t size)
{
	int64_t end = now_ms() + PATIENCE_MS;
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len + 1 < size && now_ms() < end) {
		n = recv(fd, out + len, size - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
	}
	out[len] = '\0';
}

bool probe_get(const struct probe *p, const char *path, char *out, size_t size)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(p->port)};
	auto_fd int fd = open_socket(p);
	char request[256];
	int len = snprintf(request, sizeof(request),
			   "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 ||
	    send(fd, request, (size_t)len, MSG_NOSIGNAL) != len)
		return false;
	receive(fd, out, size);
	return strncmp(out, "HTTP/1.1 200 ", 13) == 0;
}

/* `name 12` and `name{code="200"} 12`, at the start of a line. */
uint64_t probe_metric(const char *text, const char *name)
{
	const size_t len = strlen(name);
	uint64_t sum = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *value;

		line += line[0] == '\n';
		if (strncmp(line, name, len) != 0 || (line[len] != ' ' && line[len] != '{'))
			continue;
		value = line + strcspn(line, " \n");
		sum += *value == ' ' ? strtoull(value + 1, NULL, 10) : 0;
	}
	return sum;
}
