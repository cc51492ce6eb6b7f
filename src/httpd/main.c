/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tinyhttpd - a static file server.
 *
 * main opens what needs privileges or a name (root, ports), becomes who it was told to be, starts
 * one thread a worker, and then does nothing but wait for signals. These are blocked and taken with
 * sigwaitinfo(): as PID 1 of a container, for whom the kernel drops every signal that would have
 * its default action, it stops like anywhere else.
 */
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "httpd/listener.h"
#include "httpd/options.h"
#include "httpd/worker.h"
#include "tinyrun/fd.h"

#define WORKERS_DEFAULT_MAX 8
#define FILES_MAX           65536 /* what we make of a limit that is higher */
#define WORKER_STACK        (256 << 10)
#define WORKER_FDS          (CACHE_FDS_MAX + OPTIONS_LISTEN_MAX + 8)

struct server;

struct thread {
	struct server *server;
	struct worker *worker;
	pthread_t id;
};

struct server {
	struct options options;
	struct file_root root;
	struct thread threads[OPTIONS_WORKERS_MAX];
	unsigned n_threads; /* that were started */
	atomic_uint running;
	atomic_bool failed;
};

static void say(const struct err *e)
{
	char line[ERR_STR_SIZE];

	dprintf(STDERR_FILENO, "tinyhttpd: %s\n", err_str(e, line, sizeof(line)));
}

static void *run_worker(void *arg)
{
	struct thread *t = arg;
	struct err e = ERR_INIT;

	if (worker_run(t->worker, &e) < 0) {
		say(&e);
		t->server->failed = true;
	}
	t->server->running--;
	(void)kill(getpid(), SIGUSR1); /* wakes wait_for_end(); a signal to oneself arrives */
	return NULL;
}

/* As many descriptors as we may have; returns how many that is. */
static unsigned raise_files_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1024;
	if (limit.rlim_cur < limit.rlim_max) {
		rlim_t before = limit.rlim_cur;

		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			limit.rlim_cur = before;
	}
	return limit.rlim_cur > FILES_MAX ? FILES_MAX : (unsigned)limit.rlim_cur;
}

/* Decides how many workers there are, and how many connections each may have. */
static unsigned share_out(struct options *o)
{
	unsigned files = raise_files_limit(), total;
	cpu_set_t cpus;

	if (o->workers == 0) {
		CPU_ZERO(&cpus);
		o->workers = sched_getaffinity(0, sizeof(cpus), &cpus) < 0
				     ? 1
				     : (unsigned)CPU_COUNT(&cpus);
		if (o->workers > WORKERS_DEFAULT_MAX)
			o->workers = WORKERS_DEFAULT_MAX;
	}
	/* each connection may have a file of its own open when the cache has let go of it */
	total = o->max_connections;
	if (total == 0)
		total = files > 2 * o->workers * WORKER_FDS ? files - o->workers * WORKER_FDS
							    : files / 2;
	if (o->workers > total)
		o->workers = total > 0 ? total : 1;
	return total > o->workers ? total / o->workers : 1;
}

static int open_workers(struct server *s, struct err *e)
{
	struct options *o = &s->options;
	unsigned max_conns = share_out(o);
	int fds[OPTIONS_LISTEN_MAX][OPTIONS_WORKERS_MAX];

	for (unsigned i = 0; i < o->n_listen; i++) {
		int r = listener_open_all(&o->listen[i], fds[i], o->workers, e);

		if (r < 0)
			return r;
	}
	for (unsigned i = 0; i < o->workers; i++) {
		int mine[OPTIONS_LISTEN_MAX];

		for (unsigned j = 0; j < o->n_listen; j++)
			mine[j] = fds[j][i];
		s->threads[i].server = s;
		s->threads[i].worker = worker_new(o, &s->root, mine, o->n_listen, max_conns, e);
		if (!s->threads[i].worker)
			return -e->errnum;
	}
	return 0;
}

static int drop_privileges(const struct options *o, struct err *e)
{
	if (o->change_user && (setgroups(0, NULL) < 0 || setresgid(o->gid, o->gid, o->gid) < 0 ||
			       setresuid(o->uid, o->uid, o->uid) < 0))
		return err_sys(e, "become user %u, group %u", o->uid, o->gid);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "give up new privileges");
	return 0;
}

static int start_threads(struct server *s, struct err *e)
{
	pthread_attr_t attr;
	int r = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, WORKER_STACK);
	s->running = s->options.workers;
	while (r == 0 && s->n_threads < s->options.workers) {
		r = pthread_create(&s->threads[s->n_threads].id, &attr, run_worker,
				   &s->threads[s->n_threads]);
		s->n_threads += r == 0;
	}
	pthread_attr_destroy(&attr);
	return r != 0 ? err_num(e, r, "start a thread") : 0;
}

static void take_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGUSR1);
	sigprocmask(SIG_BLOCK, ret, NULL);
	signal(SIGPIPE, SIG_IGN); /* sendfile() has no flag against it */
	signal(SIGCHLD, SIG_IGN); /* as PID 1: orphans go without being waited for */
}

/* Until all workers have ended: the first signal asks them to, the second does not ask. */
static void wait_for_end(struct server *s, const sigset_t *signals)
{
	bool asked = false;

	while (s->running > 0) {
		int sig = sigwaitinfo(signals, NULL);
		bool end = sig == SIGTERM || sig == SIGINT;

		if (end && asked)
			_exit(0);
		if (!end && !s->failed)
			continue;
		asked = true;
		for (unsigned i = 0; i < s->n_threads; i++)
			worker_stop(s->threads[i].worker);
	}
	for (unsigned i = 0; i < s->n_threads; i++) {
		pthread_join(s->threads[i].id, NULL);
		worker_free(s->threads[i].worker);
	}
}

static int serve(struct server *s, struct err *e)
{
	struct options *o = &s->options;
	sigset_t signals;
	int r = file_root_open(o->root, &s->root, e);

	if (r < 0)
		return r;
	if (o->n_listen == 0) {
		r = options_parse_listen("8080", &o->listen[o->n_listen++], e);
		if (r < 0)
			return r;
	}
	take_signals(&signals);
	r = open_workers(s, e);
	if (r == 0)
		r = drop_privileges(o, e);
	if (r == 0)
		r = start_threads(s, e);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < o->n_listen; i++) {
		char url[LISTENER_URL_MAX];

		listener_url(&o->listen[i], url);
		dprintf(STDERR_FILENO, "tinyhttpd: serving %s on %s\n", o->root, url);
	}
	wait_for_end(s, &signals);
	fd_close(&s->root.fd);
	return s->failed ? -EIO : 0;
}

int main(int argc, char **argv)
{
	struct server server = {.root.fd = -1};
	struct err e = ERR_INIT;
	int r = fd_fill_stdio(&e);

	if (r == 0)
		r = options_parse(argc, argv, &server.options, &e);
	if (r == OPTIONS_DONE)
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	if (r == OPTIONS_SERVE)
		r = serve(&server, &e);
	if (r < 0 && e.errnum != 0)
		say(&e);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
