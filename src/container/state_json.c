/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_json - the state as others see it: the `state` verb, `list`, hooks.
 *
 * Source: runtime-spec runtime.md "State"; rootfs, created and owner as runc adds them.
 */
#include "container/state.h"

#include "tinyrun/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PASSWD_MAX ((size_t)1 << 20)

const char *state_status_name(enum state_status status)
{
	static const char *const names[] = {
		[STATE_CREATING] = "creating", [STATE_CREATED] = "created",
		[STATE_RUNNING] = "running",   [STATE_PAUSED] = "paused",
		[STATE_STOPPED] = "stopped",
	};

	return names[status];
}

/* The name in "name:password:uid:...", of the line's length, or 0. */
static size_t name_of_user(const char *line, uid_t uid)
{
	size_t name = strcspn(line, ":\n"), n;
	const char *field = line + name;
	char digits[16];

	if (*field == ':')
		field += 1 + strcspn(field + 1, ":\n");
	if (*field++ != ':')
		return 0;
	n = (size_t)snprintf(digits, sizeof(digits), "%u:", (unsigned)uid);
	return strncmp(field, digits, n) == 0 ? name : 0;
}

/* The text of /etc/passwd: a regular file of bounded size, or nothing. */
static char *read_passwd(void)
{
	auto_fd int fd = open("/etc/passwd", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct err ignored = ERR_INIT; /* a number does as well */
	char *text = NULL;
	struct stat st;
	size_t len;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		(void)fd_read_all(fd, PASSWD_MAX, "/etc/passwd", &text, &len, &ignored);
	return text;
}

/* Without NSS, so that it works in a static program too. */
const char *state_owner(const struct state *st, char *out, size_t size)
{
	auto_free char *text = read_passwd();
	const char *line = text;

	while (line && *line) {
		size_t name = name_of_user(line, st->owner);

		if (name > 0) {
			(void)snprintf(out, size, "%.*s", (int)name, line);
			return out;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	(void)snprintf(out, size, "%u", (unsigned)st->owner);
	return out;
}

struct writer {
	struct buf *out;
	bool pretty, first;
};

static void key(struct writer *w, const char *name)
{
	if (!w->first)
		buf_add_char(w->out, ',');
	w->first = false;
	buf_add_str(w->out, w->pretty ? "\n  " : "");
	buf_add_json_str(w->out, name);
	buf_add_str(w->out, w->pretty ? ": " : ":");
}

static void member(struct writer *w, const char *name, const char *value)
{
	key(w, name);
	buf_add_json_str(w->out, value ? value : "");
}

/* Everything in front of the pid's digits. */
static void write_head(struct writer *w, const struct state *st, enum state_status status)
{
	buf_add_char(w->out, '{');
	member(w, "ociVersion", st->version);
	member(w, "id", st->id);
	member(w, "status", state_status_name(status));
	key(w, "pid");
}

static void write_tail(struct writer *w, const struct state *st, bool with_owner)
{
	char owner[256];

	member(w, "bundle", st->bundle);
	member(w, "rootfs", st->rootfs);
	member(w, "created", st->created);
	if (st->scope)
		member(w, "systemd-scope", st->scope);
	if (with_owner)
		member(w, "owner", state_owner(st, owner, sizeof(owner)));
	key(w, "annotations");
	buf_add_str(w->out, st->annotations ? st->annotations : "{}");
	buf_add_str(w->out, w->pretty ? "\n}\n" : "}");
}

void state_json(const struct state *st, enum state_status status, pid_t pid, enum state_style style,
		bool with_owner, struct buf *out)
{
	struct writer w = {.out = out, .pretty = style == STATE_PRETTY, .first = true};

	write_head(&w, st, status);
	buf_addf(out, "%d", (int)pid);
	write_tail(&w, st, with_owner);
}

int state_json_around_pid(const struct state *st, enum state_status status, char **ret_head,
			  char **ret_tail, struct err *e)
{
	auto_buf struct buf head = BUF_INIT, tail = BUF_INIT;
	struct writer w = {.out = &head, .first = true};
	int r;

	write_head(&w, st, status);
	w.out = &tail;
	write_tail(&w, st, false);
	r = buf_check(&head, e);
	if (r == 0)
		r = buf_check(&tail, e);
	if (r < 0)
		return r;
	*ret_head = head.data;
	*ret_tail = tail.data;
	head = BUF_INIT;
	tail = BUF_INIT;
	return 0;
}
