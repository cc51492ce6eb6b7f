/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io - the calls that are made for every request, as the kernel has them.
 *
 * libc's own are points where a thread can be cancelled, which costs two atomic operations each
 * time; nobody cancels threads here. Each answers like libc's: -1 and errno.
 */
#ifndef HTTPD_IO_H
#define HTTPD_IO_H

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static inline ssize_t io_recv(int fd, void *data, size_t size)
{
	return syscall(SYS_recvfrom, fd, data, size, 0L, NULL, NULL);
}

static inline ssize_t io_send(int fd, const void *data, size_t len, int flags)
{
	return syscall(SYS_sendto, fd, data, len, (long)(flags | MSG_NOSIGNAL), NULL, 0L);
}

static inline ssize_t io_send_two(int fd, struct iovec v[2], int flags)
{
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};

	return syscall(SYS_sendmsg, fd, &m, (long)(flags | MSG_NOSIGNAL));
}

static inline int io_epoll_wait(int fd, struct epoll_event *events, int n, int timeout_ms)
{
	return (int)syscall(SYS_epoll_pwait, fd, events, (long)n, (long)timeout_ms, NULL, 0L);
}

static inline void io_rest(long ns)
{
	const struct timespec rest = {.tv_nsec = ns};

	(void)syscall(SYS_clock_nanosleep, (long)CLOCK_MONOTONIC, 0L, &rest, NULL);
}

static inline int io_close(int fd)
{
	return (int)syscall(SYS_close, fd);
}

#endif
