/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - stderr for people, --log for engines.
 *
 * A line is put together first and goes out in one write(2), so that lines of several tinyruns that
 * append to one file do not mix. Nobody can be told that a line could not be written: that is the
 * one kind of failure that is dropped here.
 */
#include "tinyrun/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tinyrun/buf.h"
#include "tinyrun/fd.h"
#include "tinyrun/str.h"

#define LOG_TEXT_SIZE ((size_t)4096)

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARNING] = "warning",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

/* sd_journal_send(3) and syslog(3) number them so. */
static const int severities[] = {
	[LOG_ERROR] = 3,
	[LOG_WARNING] = 4,
	[LOG_INFO] = 6,
	[LOG_DEBUG] = 7,
};
#define FACILITY_USER (1 << 3)

static const char *const sockets[] = {
	[LOG_JOURNAL] = "/run/systemd/journal/socket",
	[LOG_SYSLOG] = "/dev/log",
};

/* One log a process: it must be reachable from wherever something goes wrong. */
static struct {
	int fd;
	enum log_place place;
	const char *ident;
	bool json;
	enum log_level level;
	const char *program;
} the_log = {.fd = -1, .level = LOG_WARNING, .program = "tinyrun"};

/* O_NONBLOCK while opening: a FIFO that nobody reads is an error then and not a wait for ever. */
static int open_file(const char *path, int *ret_fd, struct err *e)
{
	auto_fd int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
	int flags;

	if (fd < 0)
		return err_sys(e, "open log %s", path);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return err_sys(e, "open log %s", path);
	*ret_fd = fd_take(&fd);
	return 0;
}

static int open_socket(const char *path, int *ret_fd, struct err *e)
{
	auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(at.sun_path))
		return err_num(e, ENAMETOOLONG, "open log %s", path);
	memcpy(at.sun_path, path, strlen(path) + 1);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return err_sys(e, "open log %s", path);
	*ret_fd = fd_take(&fd);
	return 0;
}

static int open_place(const struct log_config *config, int *ret_fd, struct err *e)
{
	if (config->place != LOG_FILE)
		return open_socket(config->path ? config->path : sockets[config->place], ret_fd, e);
	return config->path ? open_file(config->path, ret_fd, e) : 0;
}

int log_open(const struct log_config *config, struct err *e)
{
	int fd = -1;
	int r = open_place(config, &fd, e);

	if (r < 0)
		return r;
	log_close();
	the_log.fd = fd;
	the_log.place = config->place;
	the_log.ident = config->ident ? config->ident : "tinyrun";
	the_log.json = config->json;
	the_log.level = config->level;
	the_log.program = config->program ? config->program : "tinyrun";
	return 0;
}

void log_close(void)
{
	fd_close(&the_log.fd);
}

static void put_line(int fd, const struct buf *line)
{
	ssize_t n;

	if (line->failed)
		return;
	do
		n = write(fd, line->data, line->len);
	while (n < 0 && errno == EINTR);
}

/* Control bytes are escaped, in a message of more than one line the line ends too. */
static void put_stderr(enum log_level level, const char *text)
{
	auto_buf struct buf line = BUF_INIT;

	buf_addf(&line, "%s: ", the_log.program);
	if (level != LOG_ERROR)
		buf_addf(&line, "%s: ", level_names[level]);
	buf_add_escaped(&line, text);
	buf_add_char(&line, '\n');
	put_line(STDERR_FILENO, &line);
}

static void put_file(enum log_level level, const char *text, int errnum)
{
	auto_buf struct buf line = BUF_INIT;
	char now[40];

	str_now(now);
	if (the_log.json) {
		buf_addf(&line, "{\"level\":\"%s\",\"msg\":", level_names[level]);
		buf_add_json_str(&line, text);
		buf_addf(&line, ",\"time\":\"%s\"", now);
		if (errnum > 0)
			buf_addf(&line, ",\"errno\":\"%s\"", err_name(errnum));
		buf_add_str(&line, "}\n");
	} else {
		buf_addf(&line, "%s %s: ", now, level_names[level]);
		buf_add_escaped(&line, text);
		buf_add_char(&line, '\n');
	}
	put_line(the_log.fd, &line);
}

/* Of more than one line the ends are escaped: to the journal, a line is a field. */
static void put_daemon(enum log_level level, const char *text)
{
	auto_buf struct buf line = BUF_INIT;

	if (the_log.place == LOG_SYSLOG)
		buf_addf(&line, "<%d>%s[%d]: ", FACILITY_USER | severities[level], the_log.ident,
			 (int)getpid());
	else
		buf_addf(&line, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE=", severities[level],
			 the_log.ident);
	buf_add_escaped(&line, text);
	if (the_log.place == LOG_JOURNAL)
		buf_add_char(&line, '\n');
	put_line(the_log.fd, &line);
}

static void put(enum log_level level, const char *text, int errnum)
{
	int saved = errno;

	if (level <= LOG_WARNING || the_log.fd < 0)
		put_stderr(level, text);
	if (the_log.fd >= 0 && (level == LOG_ERROR || the_log.level > LOG_WARNING)) {
		if (the_log.place == LOG_FILE)
			put_file(level, text, errnum);
		else
			put_daemon(level, text);
	}
	errno = saved;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	char text[LOG_TEXT_SIZE];
	va_list ap;

	if (level > the_log.level)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* what does not fit is cut */
	va_end(ap);
	put(level, text, 0);
}

void log_err(const struct err *e)
{
	char text[ERR_STR_SIZE];

	put(LOG_ERROR, err_str(e, text, sizeof(text)), e->errnum);
}
