/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd-floor - what the kernel's part of an answer costs: one epoll loop, nothing looked up, an
 * answer that was made before. Not a server, and not safe.
 *
 *	httpd-floor PORT
 *
 * "GET /1024.bin" is answered with 1024 bytes; behind a request with "close" the connection ends.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIZE_MAX_SENT 20000
#define EVENTS        256

static struct answer {
	int len;
	char *data;
} answers[2][SIZE_MAX_SENT + 1];

static const struct answer *answer_of(int size, int ends)
{
	struct answer *a;

	if (size < 0 || size > SIZE_MAX_SENT)
		size = 0;
	a = &answers[ends][size];
	if (a->data)
		return a;
	a->data = calloc(1, (size_t)size + 512);
	if (!a->data)
		exit(1);
	a->len = sprintf(
		a->data,
		"HTTP/1.1 200 OK\r\nServer: floor\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		"%sETag: \"0123456789abcdef\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 "
		"GMT\r\nAccept-Ranges: bytes\r\nX-Content-Type-Options: nosniff\r\n"
		"Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n",
		ends ? "Connection: close\r\n" : "", size);
	a->len += size;
	return a;
}

static void watch(int loop, int fd, unsigned events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) < 0)
		exit(1);
}

static void serve(int fd)
{
	static char in[16384];
	ssize_t n = recv(fd, in, sizeof(in) - 1, 0);
	int ends;

	if (n <= 0) {
		close(fd);
		return;
	}
	in[n] = 0;
	ends = strstr(in, "close") != NULL;
	for (const char *s = in; (s = strstr(s, "GET /")) != NULL; s++) {
		const struct answer *a = answer_of(atoi(s + 5), ends);

		if (send(fd, a->data, (size_t)a->len, MSG_NOSIGNAL) < 0)
			break;
	}
	if (ends)
		close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	static struct epoll_event events[EVENTS];
	int loop = epoll_create1(0), fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (argc != 2)
		return 2;
	addr.sin_port = htons((unsigned short)atoi(argv[1]));
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 4096) < 0) {
		perror("httpd-floor");
		return 1;
	}
	watch(loop, fd, EPOLLIN);
	for (;;) {
		int n = epoll_wait(loop, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			int peer = events[i].data.fd;

			if (peer != fd) {
				serve(peer);
				continue;
			}
			peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
			if (peer >= 0)
				watch(loop, peer, EPOLLIN | EPOLLRDHUP | EPOLLET);
		}
	}
}
