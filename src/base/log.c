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

/* One log a process: it must be reachable from wherever something goes wrong. */
static struct {
	int fd;
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

int log_open(const struct log_config *config, struct err *e)
{
	int fd = -1;

	if (config->path) {
		int r = open_file(config->path, &fd, e);

		if (r < 0)
			return r;
	}
	log_close();
	the_log.fd = fd;
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

static void put(enum log_level level, const char *text, int errnum)
{
	int saved = errno;

	if (level <= LOG_WARNING || the_log.fd < 0)
		put_stderr(level, text);
	if (the_log.fd >= 0 && (level == LOG_ERROR || the_log.level > LOG_WARNING))
		put_file(level, text, errnum);
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
