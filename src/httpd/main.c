/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tinyhttpd - a static file server.
 *
 * main starts the server and then does nothing but wait for signals. These are blocked and taken
 * with sigwaitinfo(): as PID 1 of a container, for whom the kernel drops every signal that would
 * have its default action, it stops like anywhere else.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "httpd/server.h"
#include "tinyrun/fd.h"

#define WORKER_ENDED SIGUSR2 /* server.c sends it to us */
#define EXIT_USAGE   2

static void take_signals(sigset_t *ret)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, WORKER_ENDED};

	sigemptyset(ret);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(ret, signals[i]);
	sigprocmask(SIG_BLOCK, ret, NULL);
	signal(SIGPIPE, SIG_IGN); /* sendfile() has no flag against it */
	signal(SIGXFSZ, SIG_IGN); /* of a log: write() says it */
	signal(SIGCHLD, SIG_IGN); /* as PID 1: orphans go without being waited for */
}

/* Until all workers have ended: the first signal asks them to, the second does not ask. */
static void wait_for_end(struct server *s, const sigset_t *signals)
{
	bool asked = false;

	while (s->running > 0) {
		int sig = sigwaitinfo(signals, NULL);
		bool end = sig == SIGTERM || sig == SIGINT;

		if (sig == SIGHUP)
			server_reload(s);
		else if (sig == SIGUSR1)
			server_reopen_log(s);
		if (end && asked)
			_exit(EXIT_SUCCESS);
		if (!end && !s->failed)
			continue;
		asked = true;
		server_stop(s);
	}
}

static int serve(struct server *s, struct err *e)
{
	sigset_t signals;
	int r;

	take_signals(&signals);
	s->wake_signal = WORKER_ENDED;
	r = server_start(s, e);
	if (r < 0)
		return r;
	wait_for_end(s, &signals);
	server_done(s);
	return s->failed ? -1 : 0;
}

int main(int argc, char **argv)
{
	static struct server server = {.root.fd = -1, .mime_fd = -1};
	struct err e = ERR_INIT;
	int r = fd_fill_stdio(&e);

	if (r == 0)
		r = options_parse(argc, argv, &server.options, &e);
	if (r == OPTIONS_DONE)
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	if (r < 0) {
		server_say(&e);
		return EXIT_USAGE;
	}
	r = serve(&server, &e);
	if (r < 0 && e.errnum != 0)
		server_say(&e);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
