/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch - the terminal of `serve`.
 *
 * One poll(2) loop over the process, the signals and what it prints; once a second the server is
 * asked for its figures, and the cgroup for the memory. The live line is the last one of the
 * terminal: it is wiped before anything else is printed.
 */
#include "cli/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tinyrun/cgroup.h"
#include "tinyrun/fd.h"
#include "tinyrun/proc.h"
#include "tinyrun/str.h"
#include "tinyrun/sys.h"

#define TICK_MS     1000
#define READY_TRIES 100
#define READY_MS    50
#define METRICS_MAX 65536
#define WIPE        "\r\033[K"
#define PLURAL(n)   ((n) == 1 ? "" : "s")

struct session {
	const struct watch *w;
	int pidfd, signal_fd;
	uint64_t requests, bytes; /* at the last look */
	uint64_t questions;       /* of ours */
	int64_t looked_ms;
	bool shown, asked;
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* there is one */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool watch_ready(const struct watch *w)
{
	auto_fd int pidfd = sys_pidfd_open(w->pid, 0);
	char answer[256];

	for (int i = 0; pidfd >= 0 && i < READY_TRIES; i++) {
		if (probe_get(&w->probe, "/-/healthz", answer, sizeof(answer)))
			return true;
		if (proc_has_ended(pidfd, READY_MS))
			return false;
	}
	return false;
}

/* --- memory --- */

/* Its cgroup, where there is a memory controller in it. */
void watch_open(struct watch *w)
{
	struct cgroup_host host = CGROUP_HOST_INIT;
	struct err none = ERR_INIT;

	if (cgroup_host_init(&host, &none) == 0 && host.fd >= 0)
		(void)cgroup_open_of(&host, w->pid, "/", &w->cgroup_fd, &none);
	cgroup_host_done(&host);
}

static bool read_number(int dir_fd, const char *name, const char *key, uint64_t *ret)
{
	auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	char text[4096];
	const char *at = text;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	if (key)
		at = strstr(text, key);
	if (!at)
		return false;
	*ret = strtoull(at + (key ? strlen(key) : 0), NULL, 10);
	return true;
}

void watch_close(struct watch *w)
{
	fd_close(&w->cgroup_fd);
}

bool watch_out_of_memory(const struct watch *w)
{
	uint64_t kills;

	return w->cgroup_fd >= 0 &&
	       read_number(w->cgroup_fd, "memory.events", "\noom_kill ", &kills) && kills > 0;
}

/* Without a controller: what its processes hold. */
static uint64_t resident(const struct watch *w)
{
	struct err none = ERR_INIT;
	int proc = proc_fd(&none);
	uint64_t sum = 0, one = 0;
	pid_t *pids = NULL;
	size_t n = 0;

	if (proc < 0 || container_ps(w->rt, w->id, &pids, &n, &none) < 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%d/status", (int)pids[i]);
		if (read_number(proc, name, "\nVmRSS:", &one))
			sum += one * 1024;
	}
	free(pids);
	return sum;
}

static void say_memory(const struct session *s, struct buf *out)
{
	uint64_t used;
	bool cgroup =
		s->w->cgroup_fd >= 0 && read_number(s->w->cgroup_fd, "memory.current", NULL, &used);

	if (!cgroup)
		used = resident(s->w);
	buf_addf(out, "memory %.1f MiB", (double)used / (1 << 20));
	if (cgroup && s->w->memory_limit)
		buf_addf(out, " of %.0f", (double)s->w->memory_limit / (1 << 20));
}

/* --- the line --- */

static void put(const struct buf *text)
{
	struct err none = ERR_INIT; /* a terminal that is gone ends us by SIGHUP */

	if (text->len)
		(void)fd_write_all(STDERR_FILENO, text->data, text->len, "the terminal", &none);
}

static void wipe(struct session *s)
{
	if (s->shown && write(STDERR_FILENO, WIPE, strlen(WIPE)) > 0)
		s->shown = false;
}

static void show(struct session *s)
{
	auto_free char *text = malloc(METRICS_MAX);
	auto_buf struct buf line = BUF_INIT;
	uint64_t requests, bytes, connections;
	double seconds = (double)(now_ms() - s->looked_ms) / 1000;
	bool first = s->looked_ms == 0;

	if (!text || !probe_get(&s->w->probe, "/-/metrics", text, METRICS_MAX))
		return;
	/* without our own question, which the server counts at its end, and its connection */
	requests = probe_metric(text, "tinyhttpd_requests_total") - ++s->questions;
	bytes = probe_metric(text, "tinyhttpd_body_bytes_total");
	connections = probe_metric(text, "tinyhttpd_connections");
	connections -= connections > 0;
	buf_addf(&line, WIPE "%.0f requests/s, %.1f MB/s, %llu connection%s, ",
		 first ? 0 : (double)(requests - s->requests) / seconds,
		 first ? 0 : (double)(bytes - s->bytes) / seconds / 1e6,
		 (unsigned long long)connections, PLURAL(connections));
	say_memory(s, &line);
	put(&line);
	s->shown = true;
	s->requests = requests;
	s->bytes = bytes;
	s->looked_ms = now_ms();
}

/* --- what happens --- */

static void ask_to_end(struct session *s)
{
	struct signalfd_siginfo info;
	int sig = s->asked ? SIGKILL : SIGTERM;

	if (read(s->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	(void)sys_pidfd_send_signal(s->pidfd, sig, NULL, 0); /* it may have ended by itself */
	s->asked = true;
}

/* What it has printed on one of its streams; false when there is nothing. */
static bool pass_on(struct session *s, int from, int to)
{
	char text[8192];
	ssize_t n = read(from, text, sizeof(text));
	struct err none = ERR_INIT; /* whoever closed the output does not want it */

	if (n <= 0)
		return false;
	wipe(s);
	(void)fd_write_all(to, text, (size_t)n, "what the server prints", &none);
	return true;
}

enum { AT_PROCESS, AT_SIGNAL, AT_LOG, AT_ERRORS, AT_MAX };

static int loop(struct session *s, struct err *e)
{
	struct pollfd fds[AT_MAX] = {{.fd = s->pidfd, .events = POLLIN},
				     {.fd = s->signal_fd, .events = POLLIN},
				     {.fd = s->w->log_fd, .events = POLLIN},
				     {.fd = s->w->errors_fd, .events = POLLIN}};
	int64_t next = 0;

	for (;;) {
		int64_t left = next - now_ms();

		if (s->w->live && left <= 0) {
			show(s);
			next = now_ms() + TICK_MS;
			left = TICK_MS;
		}
		if (poll(fds, AT_MAX, s->w->live ? (int)left : -1) < 0 && errno != EINTR)
			return err_sys(e, "wait for the server");
		if (fds[AT_LOG].revents && !pass_on(s, s->w->log_fd, STDOUT_FILENO))
			fds[AT_LOG].fd = -1; /* its end */
		if (fds[AT_ERRORS].revents && !pass_on(s, s->w->errors_fd, STDERR_FILENO))
			fds[AT_ERRORS].fd = -1;
		if (fds[AT_SIGNAL].revents)
			ask_to_end(s);
		if (fds[AT_PROCESS].revents)
			return 0;
	}
}

static int open_session(struct session *s, struct err *e)
{
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigaddset(&signals, SIGQUIT);
	s->pidfd = sys_pidfd_open(s->w->pid, 0);
	if (s->pidfd < 0)
		return err_sys(e, "open the server's process");
	s->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (s->signal_fd < 0)
		return err_sys(e, "open a signalfd");
	return 0;
}

int watch_run(const struct watch *w, int *ret_status, struct err *e)
{
	struct session s = {.w = w, .pidfd = -1, .signal_fd = -1};
	int status = 0, r = open_session(&s, e);

	if (r == 0)
		r = loop(&s, e);
	wipe(&s);
	if (r == 0 && waitpid(w->pid, &status, 0) != w->pid)
		r = err_sys(e, "wait for the server");
	if (r == 0 && s.asked)
		*ret_status = 0;
	else if (r == 0)
		*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	while (w->log_fd >= 0 && pass_on(&s, w->log_fd, STDOUT_FILENO))
		; /* the last words */
	while (w->errors_fd >= 0 && pass_on(&s, w->errors_fd, STDERR_FILENO))
		;
	fd_close(&s.pidfd);
	fd_close(&s.signal_fd);
	return r;
}
