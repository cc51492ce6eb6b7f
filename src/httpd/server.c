/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server - everything together.
 *
 * The order is: what needs a name (root, MIME types, log) or a privilege (ports), then the user,
 * then Landlock, then the threads, which inherit that, then the filter for all of them.
 */
#include "httpd/server.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "httpd/sandbox.h"
#include "httpd/site.h"
#include "tinyrun/fd.h"

#define WORKERS_DEFAULT_MAX 8
#define DISK_DEFAULT_MIN    4
#define CLIENT_MIN          64    /* a bound below this would be met by chance */
#define FILES_MAX           65536 /* what we make of a limit that is higher */
#define WORKER_STACK        (256 << 10)
#define WORKER_FDS          (CACHE_FDS_MAX + OPTIONS_LISTEN_MAX + 8)
#define MIME_BYTES_MAX      (1 << 20)
#define FIRST_INHERITED     3
#define TIMER_SLACK_NS      1000

void server_say(const struct err *e)
{
	char line[ERR_STR_SIZE];

	dprintf(STDERR_FILENO, "tinyhttpd: %s\n", err_str(e, line, sizeof(line)));
}

static void *run_worker(void *arg)
{
	struct server_thread *t = arg;
	struct err e = ERR_INIT;

	if (worker_run(t->worker, &e) < 0) {
		server_say(&e);
		t->server->failed = true;
	}
	t->server->running--;
	(void)kill(getpid(), t->server->wake_signal); /* a signal to oneself arrives */
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

static unsigned count_cpus(void)
{
	cpu_set_t cpus;
	unsigned n;

	CPU_ZERO(&cpus);
	n = sched_getaffinity(0, sizeof(cpus), &cpus) < 0 ? 1 : (unsigned)CPU_COUNT(&cpus);
	return n < WORKERS_DEFAULT_MAX ? n : WORKERS_DEFAULT_MAX;
}

/* Decides how many threads there are; returns how many connections each worker may have. */
static unsigned share_out(struct server *s)
{
	struct options *o = &s->options;
	unsigned files = raise_files_limit(), cpus = count_cpus(), total = o->max_connections;

	if (o->workers == 0)
		o->workers = cpus;
	if (o->disk_threads == 0)
		o->disk_threads = cpus < DISK_DEFAULT_MIN ? DISK_DEFAULT_MIN : cpus;
	/* each connection may have a file of its own open when the cache has let go of it */
	if (total == 0)
		total = files > 2 * o->workers * WORKER_FDS ? files - o->workers * WORKER_FDS
							    : files / 2;
	if (o->workers > total)
		o->workers = total > 0 ? total : 1;
	s->clients.max = o->max_per_client;
	if (s->clients.max == 0 && total >= 2 * CLIENT_MIN) /* nobody can have all */
		s->clients.max = total / 2;
	(void)!getrandom(&s->clients.secret, sizeof(s->clients.secret), 0);
	return total > o->workers ? total / o->workers : 1;
}

static const char *mime_path(const struct options *o)
{
	return o->mime_types ? o->mime_types : "/etc/mime.types";
}

/* *ret is NULL when there is none and nobody asked for one by name. */
static int read_mime(const struct options *o, struct mime_table **ret, struct err *e)
{
	auto_free char *text = file_text(mime_path(o), MIME_BYTES_MAX);

	*ret = NULL;
	if (!text && !o->mime_types && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!text)
		return err_sys(e, "read the media types in %s", mime_path(o));
	*ret = mime_parse(text);
	return *ret ? 0 : err_num(e, ENOMEM, "keep the media types in %s", mime_path(o));
}

/* At the start: without those that nobody asked for by name it goes on. */
static int open_mime(struct server *s, struct err *e)
{
	int r = read_mime(&s->options, &s->shared.mime, e);

	s->mime_fd = open(mime_path(&s->options), O_PATH | O_CLOEXEC);
	if (r == 0 || s->options.mime_types)
		return r;
	err_wrap(e, "go on without media types of a file");
	server_say(e);
	*e = ERR_INIT;
	return 0;
}

/* Whoever sets the clock does not change how long it runs. */
static uint64_t monotonic_sec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec;
}

static void write_metrics(void *arg, struct buf *out)
{
	struct server *s = arg;
	struct metrics *sum = calloc(1, sizeof(*sum));
	struct metrics_server mine = {
		.started_sec = s->started_sec,
		.now_sec = monotonic_sec(),
		.log_dropped = log_writer_dropped(&s->log),
		.log_waiting = log_writer_waiting(&s->log),
	};

	if (!sum)
		return;
	pool_load(&s->pool, &mine.disk_waiting, &mine.disk_busy);
	for (unsigned i = 0; i < s->options.workers; i++)
		metrics_sum(sum, &s->threads[i].worker->metrics);
	metrics_write(sum, &mine, out);
	free(sum);
}

/* The listening sockets of all workers: fds[listener][worker]. */
struct sockets {
	unsigned n;
	int fds[OPTIONS_LISTEN_MAX + 1][OPTIONS_WORKERS_MAX];
};

static int open_sockets(struct server *s, unsigned inherited, struct sockets *ret, struct err *e)
{
	struct options *o = &s->options;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < inherited; i++) {
		ret->fds[ret->n][0] = FIRST_INHERITED + (int)i;
		r = listener_share(ret->fds[ret->n++], o->workers, e);
	}
	for (unsigned i = 0; r == 0 && i < o->n_listen; i++)
		r = listener_open_all(&o->listen[i], ret->fds[ret->n++], o->workers, e);
	if (r == 0 && o->status.len > 0) /* the first worker's */
		r = listener_open_all(&o->status, ret->fds[ret->n], 1, e);
	return r;
}

static int open_workers(struct server *s, const struct sockets *sockets, unsigned max_conns,
			struct err *e)
{
	for (unsigned i = 0; i < s->options.workers; i++) {
		bool status = i == 0 && s->options.status.len > 0;
		int mine[OPTIONS_LISTEN_MAX + 1];

		for (unsigned j = 0; j < sockets->n + status; j++)
			mine[j] = sockets->fds[j][i];
		s->threads[i].server = s;
		s->threads[i].worker =
			worker_new(&s->shared, i, mine, sockets->n + status, status, max_conns, e);
		if (!s->threads[i].worker)
			return -e->errnum;
	}
	return 0;
}

static int drop_privileges(struct server *s, struct err *e)
{
	const struct options *o = &s->options;

	/* or it could not be opened again */
	if (o->change_user && s->log.file.dir_fd >= 0 && fchown(s->log.fd, o->uid, o->gid) < 0)
		return err_sys(e, "give the log to user %u", o->uid);
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
	int r;

	(void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0); /* theirs as well, see pace.h */
	r = pool_start(&s->pool, s->options.disk_threads, e);
	if (r == 0 && s->options.log != LOG_OFF)
		r = log_writer_start(&s->log, e);
	if (r < 0)
		return r;
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

static int enter_sandbox(struct server *s, struct err *e)
{
	struct sandbox_paths paths = {
		.root_fd = s->root.fd,
		.log_dir_fd = s->log.file.dir_fd,
		.mime_fd = s->mime_fd,
	};

	return s->options.no_sandbox ? 0 : sandbox_files(&paths, e);
}

static void init_shared(struct server *s)
{
	struct options *o = &s->options;

	s->shared.options = o;
	s->shared.root = &s->root;
	s->shared.pool = &s->pool;
	s->shared.clients = &s->clients;
	s->shared.log = &s->log;
	pthread_mutex_init(&s->shared.mime_lock, NULL);
	s->shared.write_metrics = write_metrics;
	s->shared.arg = s;
	s->shared.measure = o->status.len > 0;
}

static int open_root(struct server *s, struct err *e)
{
	const struct options *o = &s->options;

	if (o->init && site_make(o->root, e) < 0)
		return -e->errnum;
	s->root.no_symlinks = o->no_symlinks;
	for (unsigned i = 0; i < o->index.n; i++)
		s->root.index[s->root.n_index++] = o->index.at[i];
	return file_root_open(o->root, &s->root, e);
}

static void say_ready(const struct server *s, unsigned inherited)
{
	const struct options *o = &s->options;
	char url[ADDRESS_URL_MAX];

	for (unsigned i = 0; i < inherited; i++) {
		struct address a;

		if (address_of_socket(FIRST_INHERITED + (int)i, &a) < 0)
			continue;
		address_url(&a, url);
		dprintf(STDERR_FILENO, "tinyhttpd: serving %s on %s\n", o->root, url);
	}
	if (o->status.len > 0) {
		address_url(&o->status, url);
		dprintf(STDERR_FILENO, "tinyhttpd: status on %s\n", url);
	}
	for (unsigned i = 0; i < o->n_listen; i++) {
		address_url(&o->listen[i], url);
		dprintf(STDERR_FILENO, "tinyhttpd: serving %s on %s\n", o->root, url);
	}
}

int server_start(struct server *s, struct err *e)
{
	struct options *o = &s->options;
	unsigned inherited = 0;
	struct sockets sockets = {.n = 0};
	unsigned max_conns;
	int r;

	s->started_sec = monotonic_sec();
	s->log.file.dir_fd = -1;
	pool_init(&s->pool);
	r = open_root(s, e);
	if (r == 0 && o->n_listen == 0)
		r = listener_inherited(OPTIONS_LISTEN_MAX, &inherited, e);
	if (r == 0 && o->n_listen == 0 && inherited == 0)
		r = address_parse("8080", &o->listen[o->n_listen++], e);
	if (r < 0)
		return r;
	max_conns = share_out(s);
	init_shared(s);
	r = open_mime(s, e);
	if (r == 0 && o->log != LOG_OFF)
		r = log_writer_init(&s->log, o->workers, o->log_file, e);
	if (r == 0)
		r = open_sockets(s, inherited, &sockets, e);
	if (r == 0)
		r = drop_privileges(s, e);
	if (r == 0)
		r = open_workers(s, &sockets, max_conns, e);
	if (r == 0)
		r = enter_sandbox(s, e);
	if (r == 0)
		r = start_threads(s, e);
	if (r == 0 && !o->no_sandbox)
		r = sandbox_calls(e);
	if (r == SANDBOX_NONE)
		dprintf(STDERR_FILENO, "tinyhttpd: no seccomp here: going on without\n");
	if (r >= 0)
		say_ready(s, inherited);
	return r < 0 ? r : 0;
}

void server_stop(struct server *s)
{
	for (unsigned i = 0; i < s->n_threads; i++)
		worker_stop(s->threads[i].worker);
}

void server_reload(struct server *s)
{
	struct mime_table *t, *old;
	struct err e = ERR_INIT;

	if (read_mime(&s->options, &t, &e) == 0) {
		pthread_mutex_lock(&s->shared.mime_lock);
		old = s->shared.mime;
		s->shared.mime = t;
		pthread_mutex_unlock(&s->shared.mime_lock);
		mime_put(old);
	} else {
		err_wrap(&e, "go on with the media types of before");
		server_say(&e);
	}
	for (unsigned i = 0; i < s->n_threads; i++)
		worker_reload(s->threads[i].worker);
}

void server_reopen_log(struct server *s)
{
	if (s->options.log != LOG_OFF)
		log_writer_reopen(&s->log);
}

void server_done(struct server *s)
{
	bool idle;

	for (unsigned i = 0; i < s->n_threads; i++)
		pthread_join(s->threads[i].id, NULL);
	idle = pool_stop(&s->pool, 1);
	if (s->options.log != LOG_OFF)
		log_writer_done(&s->log);
	if (!idle) /* a disk that does not answer: its thread has our memory */
		return;
	for (unsigned i = 0; i < s->n_threads; i++)
		worker_free(s->threads[i].worker);
	mime_put(s->shared.mime);
	fd_close(&s->mime_fd);
	fd_close(&s->root.fd);
	options_done(&s->options);
}
