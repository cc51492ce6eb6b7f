/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop - readiness of descriptors by epoll, edge-triggered.
 *
 * One registration at the beginning, for reading and writing alike, and none ever again: a
 * connection costs no system call for changing its mind. Only listening sockets are told level by
 * level: an accept that finds nothing is dear, since the kernel makes a socket before it looks.
 */
#include "httpd/loop.h"

#include <errno.h>
#include <sys/epoll.h>

#include "httpd/io.h"
#include "tinyrun/fd.h"

int loop_open(struct loop *l, struct err *e)
{
	l->n_ready = 0;
	l->fd = epoll_create1(EPOLL_CLOEXEC);
	return l->fd < 0 ? err_sys(e, "make an epoll instance") : 0;
}

void loop_close(struct loop *l)
{
	fd_close(&l->fd);
}

int loop_add(struct loop *l, int fd, struct watch *watch)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = watch,
	};

	return epoll_ctl(l->fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int loop_add_listener(struct loop *l, int fd, struct watch *watch)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = watch};

	return epoll_ctl(l->fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

void loop_remove(struct loop *l, int fd)
{
	(void)epoll_ctl(l->fd, EPOLL_CTL_DEL, fd, NULL); /* it can only be absent */
}

static unsigned events_of(uint32_t events)
{
	unsigned ret = 0;

	if (events & EPOLLIN)
		ret |= LOOP_IN;
	if (events & EPOLLOUT)
		ret |= LOOP_OUT;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		ret |= LOOP_END;
	return ret;
}

int loop_wait(struct loop *l, int timeout_ms)
{
	struct epoll_event events[LOOP_EVENTS] __attribute__((uninitialized));
	int n = io_epoll_wait(l->fd, events, LOOP_EVENTS, timeout_ms);

	l->n_ready = 0;
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		l->ready[i].watch = events[i].data.ptr;
		l->ready[i].events = events_of(events[i].events);
	}
	l->n_ready = n;
	return 0;
}

void loop_dispatch(struct loop *l)
{
	for (int i = 0; i < l->n_ready; i++) {
		l->at = i;
		l->ready[i].watch->on_event(l->ready[i].watch, l->ready[i].events);
	}
	l->n_ready = 0;
}

void loop_announce(struct loop *l)
{
	int next = l->at + 1;

	if (next < l->n_ready && l->ready[next].watch->on_next)
		l->ready[next].watch->on_next(l->ready[next].watch, l->ready[next].events);
}
