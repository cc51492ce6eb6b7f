/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listen - a port of the host that is opened here and not published.
 *
 * A socket belongs to the network namespace that it was made in, so a server in a namespace without
 * any way out answers on a socket of the host that it was given. What a container is given are the
 * descriptors from 3 on, which may be in use here: so this program begins anew with the socket as
 * number 3, as if systemd had opened it.
 */
#include "cli/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tinyrun/fd.h"
#include "tinyrun/proc.h"
#include "tinyrun/str.h"

#define FIRST_FD  3
#define WORDS_MAX ((size_t)1 << 20)

bool listen_is_given(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	uint64_t value;

	return pid && n && str_to_u64(pid, INT32_MAX, &value) == 0 && (pid_t)value == getpid() &&
	       str_to_u64(n, INT32_MAX, &value) == 0 && value > 0;
}

/* --- the socket --- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

const char *listen_port(char out[8])
{
	union address at = {.any = {.sa_family = AF_UNSPEC}};
	socklen_t len = sizeof(at);
	unsigned port = 0;

	if (getsockname(FIRST_FD, &at.any, &len) == 0)
		port = ntohs(at.any.sa_family == AF_INET6  ? at.v6.sin6_port
			     : at.any.sa_family == AF_INET ? at.v4.sin_port
							   : 0);
	(void)snprintf(out, 8, "%u", port);
	return out;
}

static int open_at(const union address *at, socklen_t len)
{
	const int on = 1, off = 0;
	auto_fd int fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -1;
	if (at->any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
		return -1;
	if (bind(fd, &at->any, len) < 0 || listen(fd, SOMAXCONN) < 0)
		return -1;
	return fd_take(&fd);
}

static int open_4(const struct net_port *port)
{
	union address at = {.v4 = {.sin_family = AF_INET, .sin_port = htons(port->host_port)}};

	if (port->host.family == AF_INET)
		memcpy(&at.v4.sin_addr, port->host.bytes, sizeof(at.v4.sin_addr));
	return open_at(&at, sizeof(at.v4));
}

static int open_6(const struct net_port *port)
{
	union address at = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port->host_port)}};

	if (port->host.family == AF_INET6)
		memcpy(&at.v6.sin6_addr, port->host.bytes, sizeof(at.v6.sin6_addr));
	return open_at(&at, sizeof(at.v6));
}

static int open_port(const struct net_port *port, int *ret_fd, struct err *e)
{
	int fd = port->host.family == AF_INET ? open_4(port) : open_6(port);
	char addr[NET_ADDR_TEXT];

	/* a host without IPv6 */
	if (fd < 0 && !port->host.family && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
		fd = open_4(port);
	*ret_fd = fd;
	if (fd >= 0)
		return 0;
	if (errno == EACCES)
		return err_num(e, EACCES,
			       "port %u is for root alone here (sysctl "
			       "net.ipv4.ip_unprivileged_port_start): take one above",
			       port->host_port);
	if (errno == EADDRNOTAVAIL)
		return err_user(e, "--port: %s is not an address of this host",
				net_addr_text(&port->host, addr));
	if (errno == EADDRINUSE)
		return err_user(e, "port %u of this host is in use: take another with --port",
				port->host_port);
	return err_sys(e, "listen on port %u of this host", port->host_port);
}

/* --- again --- */

/* What this program was called with, in one text and as a list; both on the heap. */
static int read_words(char **ret_text, char ***ret, struct err *e)
{
	auto_fd int fd = -1;
	size_t len, n = 0;
	int r, proc = proc_fd(e);

	if (proc < 0)
		return proc;
	fd = openat(proc, "self/cmdline", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open /proc/self/cmdline");
	r = fd_read_all(fd, WORDS_MAX, "/proc/self/cmdline", ret_text, &len, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < len; i++)
		n += (*ret_text)[i] == '\0';
	*ret = calloc(n + 1, sizeof(**ret));
	if (!*ret)
		return err_num(e, ENOMEM, "read the command line");
	for (size_t i = 0, at = 0; i < n; i++, at += strlen(*ret_text + at) + 1)
		(*ret)[i] = *ret_text + at;
	return 0;
}

/* Whatever has the number until here is not needed any more. */
static int begin_anew(int fd, char **words, struct err *e)
{
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (setenv("LISTEN_PID", pid, 1) < 0 || setenv("LISTEN_FDS", "1", 1) < 0)
		return err_sys(e, "pass on the socket");
	if (fd == FIRST_FD ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, FIRST_FD) < 0)
		return err_sys(e, "pass on the socket");
	(void)execv("/proc/self/exe", words);
	return err_sys(e, "execute /proc/self/exe");
}

int listen_and_again(const struct net_port *port, struct err *e)
{
	auto_fd int fd = -1;
	auto_free char *text = NULL;
	char **words = NULL;
	int r = open_port(port, &fd, e);

	if (r == 0)
		r = read_words(&text, &words, e);
	if (r == 0)
		r = begin_anew(fd, words, e);
	free(words);
	return r;
}
