/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events - what a container uses, now or again and again until it ends, and when the kernel kills
 * in it for memory. One line of JSON each, in runc's words.
 */
#include "tinyrun/container.h"

#include "container/interfaces.h"
#include "container/state.h"
#include "tinyrun/fd.h"

#include <time.h>

struct stream {
	const struct state *st;
	container_event_fn *each;
	void *arg;
	int cgroup_fd;
};

static int emit(const struct stream *s, struct buf *line, struct err *e)
{
	int r;

	buf_add_char(line, '\n');
	r = buf_check(line, e);
	return r < 0 ? r : s->each(s->arg, line, e);
}

static void begin(const struct stream *s, const char *type, struct buf *line)
{
	buf_addf(line, "{\"type\":\"%s\",\"id\":", type);
	buf_add_json_str(line, s->st->id);
}

static int emit_stats(const struct stream *s, struct err *e)
{
	auto_buf struct buf line = BUF_INIT;
	int r;

	begin(s, "stats", &line);
	buf_add_str(&line, ",\"data\":{");
	r = cgroup_report(s->cgroup_fd, &line, e);
	buf_add_str(&line, ",\"network_interfaces\":");
	if (r == 0)
		r = interfaces_report(s->st, &line, e);
	buf_add_str(&line, "}}");
	return r < 0 ? r : emit(s, &line, e);
}

static int emit_oom(const struct stream *s, struct err *e)
{
	auto_buf struct buf line = BUF_INIT;

	begin(s, "oom", &line);
	buf_add_char(&line, '}');
	return emit(s, &line, e);
}

static int64_t now_ms(void)
{
	struct timespec t = {.tv_sec = 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* this clock is always there */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int follow(const struct stream *s, struct cgroup_watch *watch, int interval_ms,
		  struct err *e)
{
	int64_t next = now_ms() + interval_ms;

	for (;;) {
		int64_t left = next - now_ms();
		unsigned seen = 0;
		int r = cgroup_watch_wait(watch, left > 0 ? (int)left : 0, &seen, e);

		if (r == 0 && (seen & CGROUP_WATCH_OOM))
			r = emit_oom(s, e);
		if (r < 0 || (seen & CGROUP_WATCH_END))
			return r;
		if (now_ms() < next)
			continue;
		r = emit_stats(s, e);
		if (r < 0)
			return r;
		next = now_ms() + interval_ms;
	}
}

int container_events(struct runtime *rt, const char *id, int interval_ms, container_event_fn *each,
		     void *arg, struct err *e)
{
	auto_fd int dir_fd = -1, cgroup_fd = -1;
	auto_state struct state st = STATE_INIT;
	struct cgroup_host host = CGROUP_HOST_INIT;
	struct cgroup_watch watch = CGROUP_WATCH_INIT;
	struct stream s = {.st = &st, .each = each, .arg = arg};
	int r = state_find(rt, id, false, &dir_fd, &st, &host, e);

	if (r == 0)
		r = state_open_cgroup(dir_fd, &st, &host, "that could be asked", &cgroup_fd, e);
	cgroup_host_done(&host);
	s.cgroup_fd = cgroup_fd;
	if (r < 0)
		return r;
	if (interval_ms == 0)
		return emit_stats(&s, e);
	r = cgroup_watch_open(cgroup_fd, &watch, e);
	if (r == 0)
		r = follow(&s, &watch, interval_ms, e);
	cgroup_watch_close(&watch);
	return r;
}
