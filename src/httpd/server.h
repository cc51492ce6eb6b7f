/* SPDX-License-Identifier: Apache-2.0 */
/* server - everything together: sockets, threads, privileges; and what main's signals ask for. */
#ifndef HTTPD_SERVER_H
#define HTTPD_SERVER_H

#include "httpd/options.h"
#include "httpd/worker.h"

#include <pthread.h>

struct server;

struct server_thread {
	struct server *server;
	struct worker *worker;
	pthread_t id;
};

struct server {
	struct options options;
	struct file_root root;
	struct worker_shared shared;
	struct pool pool;
	struct clients clients;
	struct log_writer log;
	int mime_fd;
	uint64_t started_sec;
	struct server_thread threads[OPTIONS_WORKERS_MAX];
	unsigned n_threads; /* that were started */
	int wake_signal;    /* sent to the process when a worker has ended */
	atomic_uint running;
	atomic_bool failed;
};

/* Opens what needs a name or privileges, gives these up, starts the threads. @s is all 0. */
int server_start(struct server *s, struct err *e);
void server_stop(struct server *s);
void server_reload(struct server *s);
void server_reopen_log(struct server *s);
/* When all workers have ended. */
void server_done(struct server *s);
void server_say(const struct err *e);

#endif
