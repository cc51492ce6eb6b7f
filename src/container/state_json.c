/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_json - the state as others see it: the `state` verb, `list`, hooks.
 *
 * Source: runtime-spec runtime.md "State"; rootfs, created and owner as runc adds them.
 */
#include "container/state.h"

#include "tinyrun/fd.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

const char *state_status_name(enum state_status status)
{
	static const char *const names[] = {
		[STATE_CREATING] = "creating", [STATE_CREATED] = "created",
		[STATE_RUNNING] = "running",   [STATE_PAUSED] = "paused",
		[STATE_STOPPED] = "stopped",
	};

	return names[status];
}

/* fgetpwent(3) reads the file alone: no NSS, so it works in a static program too. */
const char *state_owner(const struct state *st, char *out, size_t size)
{
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd *pw = NULL;

	while (f && (pw = fgetpwent(f)))
		if (pw->pw_uid == st->owner)
			break;
	if (pw)
		(void)snprintf(out, size, "%s", pw->pw_name);
	else
		(void)snprintf(out, size, "%u", (unsigned)st->owner);
	if (f)
		(void)fclose(f);
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
