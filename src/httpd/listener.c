/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener - listening sockets and what comes in through them.
 *
 * When the worker has all the connections that it may have, or the process all its descriptors, the
 * connection that has been idle for longest makes room; when none is idle, the newcomers wait in
 * the kernel's queue, or get 503 by way of the reserve descriptor.
 */
#include "httpd/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "httpd/conn.h"
#include "httpd/worker.h"
#include "tinyrun/fd.h"

#define BACKLOG    4096 /* the kernel cuts it to net.core.somaxconn */
#define FAIR_SHARE 64   /* connections accepted before others have their turn */

static socklen_t length_of(const struct sockaddr_in6 *addr)
{
	return addr->sin6_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(*addr);
}

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static int open_one(const struct sockaddr_in6 *addr, bool share, int *ret_fd, struct err *e)
{
	auto_fd int fd = socket(addr->sin6_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char url[LISTENER_URL_MAX];

	listener_url(addr, url);
	if (fd < 0)
		return err_sys(e, "make a socket for %s", url);
	/* TCP_NODELAY is inherited by what is accepted; whole answers leave at once, see conn.c */
	if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
	    (share && set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0) ||
	    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) < 0 ||
	    (addr->sin6_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&addr->sin6_addr) &&
	     set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) < 0))
		return err_sys(e, "set up a socket for %s", url);
	if (bind(fd, (const struct sockaddr *)addr, length_of(addr)) < 0 || listen(fd, BACKLOG) < 0)
		return err_sys(e, "listen on %s", url);
	*ret_fd = fd_take(&fd);
	return 0;
}

int listener_open_all(struct sockaddr_in6 *addr, int *ret_fds, unsigned count, struct err *e)
{
	auto_fd int probe = -1;
	socklen_t len = sizeof(*addr);
	int r;

	/*
	 * A socket that does not share finds out whether the address is free: one that shares would
	 * quietly take half of another server's connections.
	 */
	r = open_one(addr, false, &probe, e);
	if (r < 0)
		return r;
	if (getsockname(probe, (struct sockaddr *)addr, &len) < 0)
		return err_sys(e, "ask for the port");
	if (count == 1) {
		ret_fds[0] = fd_take(&probe);
		return 0;
	}
	fd_close(&probe);
	for (unsigned i = 0; i < count; i++) {
		r = open_one(addr, true, &ret_fds[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}

void listener_url(const struct sockaddr_in6 *addr, char out[LISTENER_URL_MAX])
{
	char text[INET6_ADDRSTRLEN];
	bool v4 = addr->sin6_family == AF_INET;
	const void *bytes = v4 ? (const void *)&((const struct sockaddr_in *)addr)->sin_addr
			       : (const void *)&addr->sin6_addr;

	inet_ntop(addr->sin6_family, bytes, text, sizeof(text));
	snprintf(out, LISTENER_URL_MAX, v4 ? "http://%s:%u/" : "http://[%s]:%u/", text,
		 ntohs(addr->sin6_port));
}

static void on_event(struct watch *watch, unsigned events)
{
	(void)events;
	listener_accept((struct listener *)watch);
}

int listener_start(struct listener *l, struct worker *w, int fd, struct err *e)
{
	int r;

	*l = (struct listener){.watch.on_event = on_event, .worker = w, .fd = fd};
	r = loop_add(&w->loop, fd, &l->watch);
	return r < 0 ? err_num(e, -r, "watch a listening socket") : 0;
}

static void client_of(const struct sockaddr_in6 *addr, struct in6_addr *ret)
{
	if (addr->sin6_family == AF_INET6) {
		*ret = addr->sin6_addr;
		return;
	}
	memset(ret, 0, sizeof(*ret));
	memset(&ret->s6_addr[10], 0xff, 2);
	memcpy(&ret->s6_addr[12], &((const struct sockaddr_in *)addr)->sin_addr, 4);
}

/* There is no descriptor for a connection: it gets the reserve, a short answer and an end. */
static void refuse(struct listener *l)
{
	static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
				     "Connection: close\r\nContent-Length: 0\r\n\r\n";
	struct worker *w = l->worker;
	auto_fd int fd = -1;

	fd_close(&w->reserve_fd);
	fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		(void)send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL); /* a courtesy */
	fd_close(&fd);
	w->reserve_fd = fcntl(w->loop.fd, F_DUPFD_CLOEXEC, 0);
}

/* What a failed accept means for the next. */
static enum listener_more after_error(struct listener *l, int errnum)
{
	switch (errnum) {
	case EAGAIN:
		return LISTENER_EMPTY;
	case EMFILE:
	case ENFILE:
		cache_shed(&l->worker->cache);
		if (worker_shed(l->worker))
			return LISTENER_NOW;
		refuse(l);
		return LISTENER_LATER;
	case ENOMEM:
	case ENOBUFS:
		return LISTENER_LATER;
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
		return LISTENER_EMPTY; /* not listening any more */
	default:
		return LISTENER_NOW; /* the connection's own trouble */
	}
}

void listener_accept(struct listener *l)
{
	struct worker *w = l->worker;

	for (int i = 0; i < FAIR_SHARE; i++) {
		struct sockaddr_in6 addr;
		socklen_t len = sizeof(addr);
		struct in6_addr client;
		int fd;

		if (w->n_conns >= w->max_conns && ring_empty(&w->idle)) {
			l->more = LISTENER_FULL;
			return;
		}
		fd = accept4(l->fd, (struct sockaddr *)&addr, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			l->more = after_error(l, errno);
			if (l->more == LISTENER_NOW)
				continue;
			return;
		}
		if (w->n_conns >= w->max_conns)
			(void)worker_shed(w); /* there is one, see above */
		client_of(&addr, &client);
		conn_start(w, fd, &client);
	}
	l->more = LISTENER_NOW;
}
