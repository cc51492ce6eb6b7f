/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve - a directory as a web site, by tinyhttpd in a container of its own.
 *
 * The container has the server's program, the directory, /proc and /dev, all read-only, and nothing
 * else: ids that nobody has, no capability, the default filter (and the server's own sandbox within
 * it), limits where the host has the controllers, and a network of its own with the one port
 * published. What is not readable by everybody is not served, unless --as-owner says that the
 * server may read what the directory's owner may.
 *
 * An ordinary user has no bridge: the port is a socket of the host that the server is given, and
 * its network has no way out at all. So it is with sockets that systemd has opened.
 */
#include "cli/listen.h"
#include "cli/page.h"
#include "cli/sandbox.h"
#include "cli/watch.h"
#include "cli/wish.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tinyrun/cgroup.h"
#include "tinyrun/fd.h"
#include "tinyrun/json.h"
#include "tinyrun/log.h"
#include "tinyrun/path.h"
#include "tinyrun/str.h"

#define SITE         "/srv/www"
#define PORT_INSIDE  8080
#define STATUS_PORT  9180 /* of the loopback address inside */
#define SERVER_ID    65534
#define MEMORY       ((uint64_t)100 << 20)
#define PIDS         64
#define DEFAULT_DIR  "public_html"
#define DEFAULT_PORT "8080"
#define TEXT_OF(x)   TEXT_OF_(x)
#define TEXT_OF_(x)  #x

struct serve_args {
	const char *port, *memory, *name, *httpd;
	unsigned log;
	bool detach, init, as_owner, listing;
	bool given; /* listening sockets, by whoever started us */
	bool root;  /* a state root, so that whoever ends it has to name it, too */
};

enum { LOG_WORD_COMMON, LOG_WORD_COMBINED, LOG_WORD_JSON, LOG_WORD_OFF };
#define LOG_WORDS "common|combined|json|off"

static const struct opt serve_opts[] = {
	OPT_TEXT("port", 'p', struct serve_args, port, "[ADDR:]PORT",
		 "of the host (default: 8080 of every address)"),
	OPT_TEXT("memory", 'm', struct serve_args, memory, "BYTES", "limit (default: 100M)"),
	OPT_TEXT("name", 0, struct serve_args, name, "ID", "of the container"),
	OPT_FLAG("detach", 'd', struct serve_args, detach, "return when it answers"),
	OPT_FLAG("init", 0, struct serve_args, init, "make DIR with a first page if it is missing"),
	OPT_FLAG("as-owner", 0, struct serve_args, as_owner,
		 "serve what the owner of DIR may read, and not only what all may"),
	OPT_FLAG("listing", 0, struct serve_args, listing,
		 "list directories that have no index.html"),
	OPT_WORD("log", 0, struct serve_args, log, LOG_WORDS,
		 "access log on standard output (default: common)"),
	OPT_TEXT("httpd", 0, struct serve_args, httpd, "FILE", "the tinyhttpd to use"),
	OPT_END};

/* --- the site --- */

static int write_file(int dir_fd, const char *name, const char *text, struct err *e)
{
	auto_fd int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(e, "make %s", name);
	return fd_write_all(fd, text, strlen(text), name, e);
}

/* What is there is left as it is. */
static int make_site(const char *dir, struct err *e)
{
	auto_fd int fd = -1;
	int r;

	if (mkdir(dir, 0755) < 0)
		return errno == EEXIST ? 0 : err_sys(e, "make %s", dir);
	r = path_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, &fd, e);
	if (r == 0)
		r = write_file(fd, "index.html", page_html, e);
	return r < 0 ? r : write_file(fd, "style.css", page_css, e);
}

static int add_site(struct sandbox *s, const struct serve_args *args, const char *dir,
		    struct err *e)
{
	struct spec_wish_mount how = {.destination = SITE,
				      .options = "rbind rro rnosuid rnodev rnoexec",
				      .as_uid = s->uid + SERVER_ID,
				      .as_gid = s->gid + SERVER_ID};
	auto_free char *path = realpath(dir, NULL);
	struct stat st;

	if (!path && errno == ENOENT)
		return err_user(e, "%s is not there: name a directory, or make it with --init",
				dir);
	if (!path || stat(path, &st) < 0)
		return err_sys(e, "%s", dir);
	if (!S_ISDIR(st.st_mode))
		return err_user(e, "%s is not a directory", dir);
	if (!s->own && !args->as_owner && (st.st_mode & 0005) != 0005)
		return err_user(e,
				"%s can be read by its owner alone (mode %04o), and the server is "
				"nobody: chmod o+rx, or --as-owner",
				dir, st.st_mode & 07777);
	how.source = arena_strdup(&s->tree.arena, path);
	how.as_owner = args->as_owner;
	how.owner_uid = st.st_uid;
	how.owner_gid = st.st_gid;
	return how.source ? sandbox_bind(s, &how, e) : err_num(e, ENOMEM, "keep the mounts");
}

/* --- the server --- */

/* Beside tinyrun, where a build has it, or where it was installed. */
static int find_httpd(struct arena *arena, const char **ret, struct err *e)
{
	static const char *const places[] = {LIBEXECDIR "/tinyhttpd", BINDIR "/tinyhttpd"};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		*ret = arena_printf(arena, "%.*s/tinyhttpd", (int)(slash - self), self);
		if (*ret && access(*ret, X_OK) == 0)
			return 0;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		*ret = places[i];
		if (access(*ret, X_OK) == 0)
			return 0;
	}
	return err_user(e, "there is no tinyhttpd beside tinyrun, nor in " BINDIR
			   ": name it with --httpd");
}

static int add_httpd(struct sandbox *s, const struct serve_args *args, const char **ret,
		     struct err *e)
{
	const char *httpd = args->httpd;
	int r = httpd ? 0 : find_httpd(&s->tree.arena, &httpd, e);

	return r < 0 ? r : sandbox_add_program(s, httpd, ret, e);
}

static int compose_args(struct sandbox *s, const struct serve_args *args, const char *httpd,
			struct err *e)
{
	static const char *const log_words[] = {"common", "combined", "json", "off"};
	static const char status[] = "127.0.0.1:" TEXT_OF(STATUS_PORT);
	const char *const argv[] = {httpd,
				    "--root",
				    SITE,
				    "--status",
				    status,
				    "--stop-timeout",
				    "2",
				    "--log",
				    args->detach ? "off" : log_words[args->log],
				    args->listing ? "--listing" : NULL};
	const size_t n = sizeof(argv) / sizeof(*argv) - !args->listing;
	const char **copy = arena_alloc(&s->tree.arena, sizeof(argv) + 3 * sizeof(*argv));

	if (!copy)
		return err_num(e, ENOMEM, "compose the configuration");
	memcpy(copy, argv, sizeof(argv));
	if (!args->given) { /* else it has a socket */
		copy[n] = "--listen";
		copy[n + 1] = TEXT_OF(PORT_INSIDE);
	}
	s->wish.args = copy;
	return 0;
}

/* --- limits --- */

static bool has_controllers(void)
{
	struct cgroup_host host = CGROUP_HOST_INIT;
	struct err none = ERR_INIT;
	auto_fd int fd = -1;
	char text[512] = " ";
	ssize_t n = 0;

	if (cgroup_host_init(&host, &none) == 0 && host.fd >= 0)
		fd = openat(host.fd, "cgroup.controllers", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, text + 1, sizeof(text) - 2);
	cgroup_host_done(&host);
	text[n > 0 ? n : 1] = ' '; /* in place of the newline */
	text[n > 0 ? n + 1 : 1] = '\0';
	return strstr(text, " memory ") && strstr(text, " pids ");
}

/* NULL: nothing is in the way of limits. */
static const char *why_no_limits(const struct sandbox *s, const struct cli_globals *g)
{
	if (s->own)
		return g->systemd_cgroup || g->cgroup_manager == CGROUP_SYSTEMD
			       ? NULL
			       : "an ordinary user has no cgroup to set them on, unless systemd "
				 "makes one: tinyrun --systemd-cgroup serve";
	return has_controllers() ? NULL
				 : "the cgroup v2 of this host has no memory and pids controllers";
}

/* What was asked for is an error where it is not possible; what is only our own idea is not. */
static int decide_limits(struct sandbox *s, const struct serve_args *args,
			 const struct cli_globals *globals, struct err *e)
{
	const char *why = why_no_limits(s, globals);
	int r = wish_memory(args->memory, &s->wish, e);

	if (r < 0)
		return r;
	if (why) {
		if (!args->memory)
			log_warning("serve: without limits: %s", why);
		return 0;
	}
	if (!args->memory)
		s->wish.memory = MEMORY;
	s->wish.pids = PIDS;
	return 0;
}

/* --- its streams --- */

/*
 * The container's 0 to 2 are ours at the moment of its start. What it says on 2 before it is ready
 * is kept: only a failure makes it interesting.
 */
struct streams {
	int saved[3];
	int log_fd, errors_fd; /* where its 1 and 2 can be read; -1: it has ours, or none */
};

#define STREAMS_INIT ((struct streams){.saved = {-1, -1, -1}, .log_fd = -1, .errors_fd = -1})

static int replace(int fd, int with, struct streams *st, struct err *e)
{
	st->saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (st->saved[fd] < 0 || dup2(with, fd) < 0)
		return err_sys(e, "set up the server's streams");
	return 0;
}

static void streams_restore(struct streams *st)
{
	for (int fd = 0; fd < 3; fd++) {
		if (st->saved[fd] >= 0)
			(void)dup2(st->saved[fd], fd); /* it was there before */
		fd_close(&st->saved[fd]);
	}
}

static void streams_close(struct streams *st)
{
	fd_close(&st->log_fd);
	fd_close(&st->errors_fd);
}

static int replace_by_pipe(int fd, struct streams *st, int *ret_fd, struct err *e)
{
	auto_fd int write_end = -1;
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	*ret_fd = pair[0];
	write_end = pair[1];
	if (fcntl(*ret_fd, F_SETFL, O_NONBLOCK) < 0)
		return err_sys(e, "set up a pipe");
	return replace(fd, write_end, st, e);
}

static int streams_for_detached(struct streams *st, int null_fd, struct err *e)
{
	int r = replace(STDOUT_FILENO, null_fd, st, e);

	st->errors_fd = memfd_create("errors", MFD_CLOEXEC);
	if (r == 0 && st->errors_fd < 0)
		r = err_sys(e, "make a memory file");
	return r < 0 ? r : replace(STDERR_FILENO, st->errors_fd, st, e);
}

static int streams_replace(struct streams *st, bool detach, bool live, struct err *e)
{
	auto_fd int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int r = null_fd < 0 ? err_sys(e, "open /dev/null") : replace(STDIN_FILENO, null_fd, st, e);

	if (r == 0 && detach)
		return streams_for_detached(st, null_fd, e);
	if (r == 0 && live)
		r = replace_by_pipe(STDOUT_FILENO, st, &st->log_fd, e);
	return r < 0 ? r : replace_by_pipe(STDERR_FILENO, st, &st->errors_fd, e);
}

/* --- running --- */

#define SERVE_E_ENDED 1

static int pid_of(struct runtime *rt, const char *id, pid_t *ret, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	auto_buf struct buf state = BUF_INIT;
	struct json root, at;
	int64_t pid = 0;
	int r = container_state(rt, id, &state, e);

	if (r == 0)
		r = json_parse(state.data, state.len, "the state", &doc, e);
	if (r < 0)
		return r;
	root = json_root(doc);
	if (json_member(&root, "pid", &at))
		r = json_i64(&at, 0, INT32_MAX, &pid, e);
	if (r == 0 && pid == 0)
		return SERVE_E_ENDED;
	*ret = (pid_t)pid;
	return r;
}

#define OUT_OF_MEMORY "the server was killed, as it was out of memory: its limit is %llu bytes"

/* The server's own words are the reason, if it had any: the last line that it said. */
static int explain(const struct watch *w, const struct streams *st, struct err *e)
{
	char text[4096];
	const char *line;
	ssize_t n;

	if (watch_out_of_memory(w))
		return err_user(e, OUT_OF_MEMORY, (unsigned long long)w->memory_limit);

	(void)lseek(st->errors_fd, 0, SEEK_SET); /* of a file; a pipe has no other place */
	n = read(st->errors_fd, text, sizeof(text) - 1);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (n <= 0)
		return err_user(e, "the server has ended, or does not answer");
	text[n] = '\0';
	line = strrchr(text, '\n');
	return err_user(e, "%s", line ? line + 1 : text);
}

/* Where it listens inside is nobody's business. */
static void forget_first_words(const struct streams *st)
{
	char text[4096];

	while (read(st->errors_fd, text, sizeof(text)) > 0)
		;
}

/* 0.0.0.0 and the like are everywhere: localhost is one of them. */
static void say_url(const struct serve_args *args, const char *dir, const struct watch *w)
{
	char first[8];
	const char *port = args->port    ? args->port
			   : args->given ? listen_port(first)
					 : DEFAULT_PORT;
	const char *colon = strrchr(port, ':');
	bool any = !colon || str_starts(port, "0.0.0.0:") || str_starts(port, "[::]:");

	(void)fprintf(stderr, "serving %s on http://%s%s/ in container %s\n", dir,
		      any ? "localhost:" : "", any && colon ? colon + 1 : port, w->id);
	if (args->detach)
		(void)fprintf(stderr, "stop it with: tinyrun %s%s%sdelete --force %s\n",
			      args->root ? "--root " : "", args->root ? w->rt->root : "",
			      args->root ? " " : "", w->id);
	else
		(void)fprintf(stderr, "Ctrl-C ends it and leaves nothing\n");
}

static int attend(struct watch *w, struct streams *st, const struct serve_args *args,
		  const char *dir, int *ret_status, struct err *e)
{
	int r = pid_of(w->rt, w->id, &w->pid, e);

	if (r == 0)
		r = probe_open(w->pid, STATUS_PORT, &w->probe, e);
	if (r == 0)
		watch_open(w);
	if (r == SERVE_E_ENDED || r == -ENOENT || (r == 0 && !watch_ready(w)))
		r = explain(w, st, e);
	if (r < 0)
		return r;
	if (!args->detach)
		forget_first_words(st);
	say_url(args, dir, w);
	r = args->detach ? 0 : watch_run(w, ret_status, e);
	if (watch_out_of_memory(w))
		log_warning("serve: " OUT_OF_MEMORY, (unsigned long long)w->memory_limit);
	return r;
}

static void hold_signals(void)
{
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigaddset(&signals, SIGQUIT);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
}

static int start(struct runtime *rt, struct sandbox *s, const struct container_options *o,
		 struct streams *st, bool live, struct err *e)
{
	struct container_options options = *o;
	int ignored, r = streams_replace(st, !o->attached, live, e);

	if (r == 0)
		r = sandbox_run(rt, s, &options, &ignored, e);
	streams_restore(st);
	return r;
}

static int run(struct runtime *rt, struct sandbox *s, const struct serve_args *args,
	       const struct container_options *o, const char *dir, int *ret_status, struct err *e)
{
	struct streams st = STREAMS_INIT;
	bool live = !args->detach && isatty(STDERR_FILENO) && isatty(STDOUT_FILENO);
	struct watch w = {.rt = rt,
			  .id = o->id,
			  .probe = PROBE_INIT,
			  .live = live,
			  .memory_limit = s->wish.memory,
			  .cgroup_fd = -1};
	struct err undo = ERR_INIT;
	char text[ERR_FRAME_SIZE * 2];
	int r = start(rt, s, o, &st, live, e);

	if (r == 0) {
		w.log_fd = st.log_fd;
		w.errors_fd = st.errors_fd;
		r = attend(&w, &st, args, dir, ret_status, e);
		if ((r < 0 || !args->detach) && container_delete(rt, o->id, true, &undo) < 0)
			log_warning("clean up after %s: %s", o->id,
				    err_str(&undo, text, sizeof(text)));
	}
	probe_close(&w.probe);
	watch_close(&w);
	streams_close(&st);
	return r;
}

static int compose(struct sandbox *s, const struct serve_args *args,
		   const struct cli_globals *globals, const char *dir, struct err *e)
{
	static const char *const env[] = {"PATH=/", NULL};
	static const char *const dirs[] = {"/proc", "/dev"};
	const char *httpd = NULL;
	int r = args->init ? make_site(dir, e) : 0;

	s->wish = (struct spec_wish){.no_terminal = true,
				     .few_mounts = true,
				     .env = env,
				     .hostname = "tinyhttpd",
				     .uid = SERVER_ID,
				     .gid = SERVER_ID};
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs) && r == 0; i++)
		r = bundle_add_dir(&s->tree, dirs[i], 0755, e);
	if (r == 0)
		r = add_httpd(s, args, &httpd, e);
	if (r == 0)
		r = compose_args(s, args, httpd, e);
	if (r == 0)
		r = add_site(s, args, dir, e);
	return r < 0 ? r : decide_limits(s, args, globals, e);
}

/* The port of the host and that of the server. */
static int ask_port(struct net_options *net, const struct serve_args *args, struct err *e)
{
	auto_free char *publish = NULL;
	struct err unlike = ERR_INIT; /* it speaks of --publish */
	int r;

	if (asprintf(&publish, "%s:" TEXT_OF(PORT_INSIDE), args->port ? args->port : DEFAULT_PORT) <
	    0) {
		publish = NULL;
		return err_num(e, ENOMEM, "name the port");
	}
	r = net_options_set(net, "publish", publish, &unlike);
	if (r < 0)
		return err_user(e,
				"--port: \"%s\" is not [ADDR:]PORT, an address of this host and "
				"1 to 65535",
				args->port);
	return 0;
}

/*
 * A network of its own: on the default bridge, with the one port published, or with nothing but its
 * loopback interface, where the socket was opened outside of it.
 */
static int ask_network(struct net_options *net, const struct sandbox *s,
		       const struct serve_args *args, struct err *e)
{
	auto_net_options struct net_options port = NET_OPTIONS_INIT;
	int r;

	if (s->own && !args->given) {
		r = ask_port(&port, args, e);
		return r < 0 ? r : listen_and_again(&port.ports[0], e);
	}
	r = net_options_set(net, "network", args->given ? "none" : "bridge", e);
	if (r == 0 && !args->given)
		r = ask_port(net, args, e);
	return r < 0 ? r : net_options_check(net, e);
}

static int serve(struct cli *cli, const struct serve_args *args, struct err *e)
{
	const char *dir = cli->argc > 0 ? cli->argv[0] : DEFAULT_DIR;
	auto_sandbox struct sandbox s;
	auto_runtime struct runtime rt = RUNTIME_INIT;
	auto_net_options struct net_options net = NET_OPTIONS_INIT;
	struct container_options options = {.net = &net,
					    .detach = true,
					    .supervise = true,
					    .attached = !args->detach,
					    .inherited_fds = cli->inherited_fds};
	int r = sandbox_init(&s, "serve", e);

	if (r == 0)
		r = net_load(e);
	if (r == 0)
		r = ask_network(&net, &s, args, e);
	if (r == 0)
		r = compose(&s, args, &cli->globals, dir, e);
	if (r == 0)
		r = cli_open_runtime(cli, RUNTIME_ROOT_MAKE, &rt, e);
	if (r < 0)
		return r;
	sandbox_sweep(&rt, "serve");
	r = sandbox_enter(&s, e);
	if (r < 0)
		return r;
	options.id = args->name ? args->name : s.id;
	hold_signals();
	return run(&rt, &s, args, &options, dir, &cli->status, e);
}

static int serve_run(struct cli *cli, struct err *e)
{
	struct serve_args args = {.detach = false};
	int r = cli_parse(cli, &args, e);

	args.root = cli->globals.root != NULL;
	args.given = listen_is_given() && (geteuid() != 0 || !args.port);
	return r ? r : serve(cli, &args, e);
}

const struct verb verb_serve = {
	.name = "serve",
	.args = "[DIR]",
	.help = "serve a directory over HTTP from a container",
	.opts = serve_opts,
	.min = 0,
	.max = 1,
	.run = serve_run,
};
