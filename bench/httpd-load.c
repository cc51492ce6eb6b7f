/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd-load - requests that cost the client little, so that the server is what is busy.
 *
 *	httpd-load PORT SECONDS PATH ["FIELD: VALUE"]...
 *
 * 32 connections ask for the same, all of them one after the other, then all answers are read: the
 * server finds many requests whenever it looks, as under a load that it can just bear.  Answers
 * are counted by their length, which is that of the first.  A % in PATH stands for a number below
 * 10,000 that is drawn for each request.  Prints "requests bad".
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 32

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int connect_to(int port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0) {
		perror("httpd-load");
		exit(1);
	}
	return fd;
}

/* The length of an answer, its head being here. */
static size_t length_of(const char *head)
{
	const char *end = strstr(head, "\r\n\r\n");
	const char *length = strcasestr(head, "\r\ncontent-length:");

	if (!end)
		exit(1);
	return (size_t)(end + 4 - head) +
	       (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
}

/* Returns 1 when an answer did not come. */
static int take(int fd, size_t *length)
{
	static char in[1 << 18];
	size_t got = 0;

	do {
		ssize_t n = recv(fd, in, sizeof(in) - 1, 0);

		if (n <= 0)
			return 1;
		in[n] = 0;
		if (*length == 0)
			*length = length_of(in);
		got += (size_t)n;
	} while (got < *length);
	return got != *length;
}

/* The request with a number in place of %, if there is one. Returns its length. */
static int fill(char *out, size_t size, const char *path, const char *fields)
{
	size_t at = strcspn(path, "%");
	int n;

	if (path[at])
		n = snprintf(out, size, "GET %.*s%d%s HTTP/1.1\r\nHost: a\r\n%s\r\n", (int)at, path,
			     rand() % 10000, path + at + 1, fields);
	else
		n = snprintf(out, size, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", path, fields);
	return n;
}

int main(int argc, char **argv)
{
	char request[4096], fields[1024] = "";
	size_t length = 0;
	unsigned long done = 0, bad = 0;
	int fds[CONNECTIONS];
	double end;

	if (argc < 4)
		return 2;
	for (int i = 4; i < argc && strlen(fields) + strlen(argv[i]) + 3 < sizeof(fields); i++)
		strcat(strcat(fields, argv[i]), "\r\n");
	for (int i = 0; i < CONNECTIONS; i++)
		fds[i] = connect_to(atoi(argv[1]));
	for (end = now() + atoi(argv[2]); bad == 0 && now() < end; done += CONNECTIONS) {
		for (int i = 0; i < CONNECTIONS; i++) {
			int n = fill(request, sizeof(request), argv[3], fields);

			bad += send(fds[i], request, (size_t)n, MSG_NOSIGNAL) != n;
		}
		for (int i = 0; bad == 0 && i < CONNECTIONS; i++)
			bad += (unsigned long)take(fds[i], &length);
	}
	printf("%lu %lu\n", done, bad);
	return 0;
}
