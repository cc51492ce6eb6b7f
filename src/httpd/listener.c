/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener - listening sockets and what comes in through them.
 *
 * When the worker has all the connections that it may have, or the process all its descriptors, the
 * connection that has been idle for longest makes room; when none is idle, the newcomers wait in
 * the kernel's queue, or get 503 by way of the reserve descriptor.
 */
#include "httpd/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "httpd/conn.h"
#include "httpd/worker.h"
#include "tinyrun/fd.h"
#include "tinyrun/str.h"

#define BACKLOG     4096 /* the kernel cuts it to net.core.somaxconn */
#define FAIR_SHARE  8    /* of connections with news, for one accept more in the same turn */
#define SAY_MS      10000
#define STATUS_ROOM 8 /* connections that ask how it is come also when there may be no more */

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/*
 * A socket of a server that is no more stands in the way: nobody answers there. A file that is no
 * socket refuses connections as well, and is somebody's.
 */
static bool is_stale(const struct address *addr)
{
	/* who serves it and has a full queue is not waited for */
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stat st;

	return fd >= 0 && lstat(addr->at.un.sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	       connect(fd, &addr->at.any, addr->len) < 0 && errno == ECONNREFUSED;
}

static int bind_to(int fd, const struct address *addr)
{
	if (bind(fd, &addr->at.any, addr->len) == 0)
		return 0;
	if (errno != EADDRINUSE || addr->at.any.sa_family != AF_UNIX)
		return -1;
	if (!is_stale(addr)) {
		errno = EADDRINUSE;
		return -1;
	}
	(void)unlink(addr->at.un.sun_path); /* bind() will say */
	return bind(fd, &addr->at.any, addr->len);
}

/*
 * TCP_NODELAY is inherited by what is accepted; whole answers leave at once, see conn_state.c. With
 * TCP_DEFER_ACCEPT a connection comes together with its first bytes, so one turn has all of it; one
 * that says nothing costs us nothing for a second, and comes then.
 */
static bool set_up(int fd, const struct address *addr, bool share)
{
	if (addr->at.any.sa_family == AF_UNIX)
		return true;
	(void)set_option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1); /* it serves without as well */
	return set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) == 0 &&
	       (!share || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) == 0) &&
	       set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) == 0 &&
	       (addr->at.any.sa_family != AF_INET6 ||
		!IN6_IS_ADDR_UNSPECIFIED(&addr->at.v6.sin6_addr) ||
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) == 0);
}

static int open_one(const struct address *addr, bool share, int *ret_fd, struct err *e)
{
	auto_fd int fd =
		socket(addr->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char url[ADDRESS_URL_MAX];

	address_url(addr, url);
	if (fd < 0)
		return err_sys(e, "make a socket for %s", url);
	if (!set_up(fd, addr, share))
		return err_sys(e, "set up a socket for %s", url);
	if (bind_to(fd, addr) < 0 || listen(fd, BACKLOG) < 0)
		return err_sys(e, "listen on %s", url);
	*ret_fd = fd_take(&fd);
	return 0;
}

int listener_share(int *ret_fds, unsigned count, struct err *e)
{
	for (unsigned i = 1; i < count; i++) {
		ret_fds[i] = fcntl(ret_fds[0], F_DUPFD_CLOEXEC, 3);
		if (ret_fds[i] < 0)
			return err_sys(e, "share a listening socket");
	}
	return 0;
}

int listener_open_all(struct address *addr, int *ret_fds, unsigned count, struct err *e)
{
	auto_fd int probe = -1;
	int r;

	/*
	 * A socket that does not share finds out whether the address is free: one that shares would
	 * quietly take half of another server's connections.
	 */
	r = open_one(addr, false, &probe, e);
	if (r == -EAFNOSUPPORT && address_drop_v6(addr)) { /* a kernel without IPv6 */
		*e = ERR_INIT;
		r = open_one(addr, false, &probe, e);
	}
	if (r < 0)
		return r;
	if (address_of_socket(probe, addr) < 0)
		return err_sys(e, "ask for the port");
	if (count == 1 || addr->at.any.sa_family == AF_UNIX) {
		ret_fds[0] = fd_take(&probe);
		return listener_share(ret_fds, count, e);
	}
	fd_close(&probe);
	for (unsigned i = 0; i < count; i++) {
		r = open_one(addr, true, &ret_fds[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_listening(int fd)
{
	int listening = 0;
	socklen_t len = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening;
}

int listener_inherited(unsigned max, unsigned *ret_n, struct err *e)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t value, n;

	*ret_n = 0;
	if (!pid || !fds || str_to_u64(pid, INT32_MAX, &value) < 0 || value != (uint64_t)getpid())
		return 0;
	if (str_to_u64(fds, max, &n) < 0)
		return err_user(e, "LISTEN_FDS is \"%s\", not a number from 0 to %u", fds, max);
	for (unsigned i = 0; i < n; i++) {
		int fd = 3 + (int)i, flags = fcntl(fd, F_GETFL);

		if (flags < 0 || !is_listening(fd))
			return err_user(e, "descriptor %d of LISTEN_FDS is no listening socket",
					fd);
		if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return err_sys(e, "set up the inherited socket %d", fd);
	}
	*ret_n = (unsigned)n;
	return 0;
}

static void on_event(struct watch *watch, unsigned events)
{
	struct listener *l = (struct listener *)watch;

	(void)events;
	if (l->pause == LISTENER_OPEN)
		listener_accept(l, 1 + (unsigned)l->worker->loop.n_ready / FAIR_SHARE);
}

int listener_start(struct listener *l, struct worker *w, int fd, bool is_status, struct err *e)
{
	int r;

	*l = (struct listener){
		.watch.on_event = on_event, .worker = w, .fd = fd, .is_status = is_status};
	r = loop_add_listener(&w->loop, fd, &l->watch);
	return r < 0 ? err_num(e, -r, "watch a listening socket") : 0;
}

static void client_of(const struct address *addr, struct in6_addr *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (addr->at.any.sa_family == AF_INET6) {
		*ret = addr->at.v6.sin6_addr;
	} else if (addr->at.any.sa_family == AF_INET) {
		memset(&ret->s6_addr[10], 0xff, 2);
		memcpy(&ret->s6_addr[12], &addr->at.v4.sin_addr, 4);
	}
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
	worker_take_reserve(w); /* before the next connection does */
	metrics_add(&w->metrics.refused, 1);
}

/* Not for every one of a thousand. */
static void say_shortage(struct worker *w, int errnum)
{
	if (w->said_ms > 0 && w->env.time.now_ms - w->said_ms < SAY_MS)
		return;
	w->said_ms = w->env.time.now_ms;
	dprintf(STDERR_FILENO, "tinyhttpd: %s: closing idle connections for new ones\n",
		strerror(errnum));
}

/* What a failed accept means for the next: false when there is none in this turn. */
static bool go_on_after(struct listener *l, int errnum, enum listener_pause *ret)
{
	switch (errnum) {
	case EMFILE:
	case ENFILE:
		say_shortage(l->worker, errnum);
		cache_shed(&l->worker->cache);
		if (worker_shed(l->worker))
			return true;
		refuse(l);
		*ret = LISTENER_LATER;
		return false;
	case ENOMEM:
	case ENOBUFS:
		*ret = LISTENER_LATER;
		return false;
	case EAGAIN:
	case EBADF:
	case EINVAL:
	case ENOTSOCK: /* not listening any more */
		return false;
	default:
		return true; /* the connection's own trouble */
	}
}

bool listener_is_full(const struct listener *l)
{
	const struct worker *w = l->worker;

	return w->n_conns >= w->max_conns + (l->is_status ? STATUS_ROOM : 0);
}

/* False when there is no more in this turn. */
static bool accept_one(struct listener *l, enum listener_pause *ret)
{
	struct address addr = {.len = sizeof(addr.at)};
	struct worker *w = l->worker;
	struct in6_addr client;
	int fd;

	if (listener_is_full(l) && ring_empty(&w->idle)) {
		*ret = LISTENER_FULL;
		return false;
	}
	if (w->reserve_fd < 0 && w->n_jobs > 0) { /* the last descriptor is for a file */
		*ret = LISTENER_LATER;
		return false;
	}
	fd = accept4(l->fd, &addr.at.any, &addr.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return go_on_after(l, errno, ret);
	if (w->n_conns >= w->max_conns)
		(void)worker_shed(w); /* there is one, see above, or room for this one */
	client_of(&addr, &client);
	conn_start(w, fd, &client, l->is_status);
	return true;
}

void listener_accept(struct listener *l, unsigned most)
{
	enum listener_pause pause = LISTENER_OPEN;

	while (most > 0 && accept_one(l, &pause))
		most--;
	/* a socket that is not to be read now would be reported again and again */
	if (pause == LISTENER_OPEN && l->pause != LISTENER_OPEN &&
	    loop_add_listener(&l->worker->loop, l->fd, &l->watch) < 0)
		pause = LISTENER_LATER;
	if (pause != LISTENER_OPEN && l->pause == LISTENER_OPEN)
		loop_remove(&l->worker->loop, l->fd);
	l->pause = pause;
}

void listener_close(struct listener *l)
{
	listener_accept(l, BACKLOG);
	loop_remove(&l->worker->loop, l->fd); /* other workers may have the same socket */
	fd_close(&l->fd);
}
