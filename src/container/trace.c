/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace - when each phase of the host and each step of init began.
 *
 * Init writes its times into shared memory, so tracing adds one clock reading a step and no
 * message. Both sides read CLOCK_MONOTONIC, which is one clock for all but new time namespaces.
 */
#include "container/trace.h"

#include "tinyrun/buf.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

void trace_phase(struct trace *t, const char *name)
{
	if (!t->on || t->n == TRACE_PHASES)
		return;
	t->phase[t->n].name = name;
	t->phase[t->n++].ns = now();
}

int trace_open(struct trace *t, size_t n_steps, struct err *e)
{
	size_t size = (n_steps + 1) * sizeof(uint64_t);
	auto_fd int fd = memfd_create("trace", MFD_CLOEXEC);
	void *p;

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return err_sys(e, "make shared memory for the trace");
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return err_sys(e, "map shared memory for the trace");
	t->fd = fd_take(&fd);
	t->steps = p;
	t->n_steps = n_steps;
	return 0;
}

void trace_done(struct trace *t)
{
	if (t->steps)
		(void)munmap((void *)(uintptr_t)t->steps, (t->n_steps + 1) * sizeof(uint64_t));
	fd_close(&t->fd);
	*t = TRACE_INIT;
}

/* --- output: one event a line --- */

struct event {
	const char *side, *name, *origin;
	uint64_t begin, end; /* ns */
};

typedef void write_event_fn(struct buf *out, const struct event *ev, uint64_t zero);

static void write_text(struct buf *out, const struct event *ev, uint64_t zero)
{
	buf_addf(out, "%9.1f %9.1f  %-5s %s%s%s\n", (double)(ev->begin - zero) / 1000.0,
		 (double)(ev->end - ev->begin) / 1000.0, ev->side, ev->name,
		 *ev->origin ? "  " : "", ev->origin);
}

static void write_chrome(struct buf *out, const struct event *ev, uint64_t zero)
{
	buf_addf(out, "%s\n{\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"name\":",
		 out->data[out->len - 1] == '[' ? "" : ",", ev->side[0] == 'h' ? 1 : 2,
		 (double)(ev->begin - zero) / 1000.0, (double)(ev->end - ev->begin) / 1000.0);
	buf_add_json_str(out, ev->name);
	buf_add_str(out, ",\"args\":{\"from\":");
	buf_add_json_str(out, ev->origin);
	buf_add_str(out, "}}");
}

static void write_phases(const struct trace *t, struct buf *out, write_event_fn *write)
{
	for (size_t i = 0; i + 1 < t->n; i++) {
		struct event ev = {.side = "host",
				   .name = t->phase[i].name,
				   .origin = "",
				   .begin = t->phase[i].ns,
				   .end = t->phase[i + 1].ns};

		write(out, &ev, t->phase[0].ns);
	}
}

static void write_steps(const struct trace *t, const struct plan *plan, struct buf *out,
			write_event_fn *write)
{
	uint64_t zero = t->phase[0].ns;

	for (size_t i = 0; i < t->n_steps; i++) {
		auto_buf struct buf name = BUF_INIT;
		uint64_t begin = t->steps[i], end = t->steps[i + 1];
		struct event ev;

		if (begin < zero)
			break; /* not reached */
		if (end <
		    begin) /* the last one executes the program: it ends where we hear of it */
			end = t->phase[t->n - 1].ns < begin ? begin : t->phase[t->n - 1].ns;
		plan_describe_step(plan, i, &name);
		ev = (struct event){.side = "init",
				    .name = name.data ? name.data : "",
				    .origin = plan_str(plan, plan_step(plan, i)->origin),
				    .begin = begin,
				    .end = end};
		write(out, &ev, zero);
	}
}

static bool is_json(const char *file)
{
	size_t len = file ? strlen(file) : 0;

	return len > 5 && strcmp(file + len - 5, ".json") == 0;
}

int trace_write(const struct trace *t, const struct plan *plan, const char *file, struct err *e)
{
	auto_buf struct buf out = BUF_INIT;
	auto_fd int fd = -1;
	int r;

	if (!t->on || t->n == 0)
		return 0;
	if (is_json(file)) {
		buf_add_str(&out, "[");
		write_phases(t, &out, write_chrome);
		write_steps(t, plan, &out, write_chrome);
		buf_add_str(&out, "\n]\n");
	} else {
		buf_add_str(&out, "    at us   took us  where what\n");
		write_phases(t, &out, write_text);
		write_steps(t, plan, &out, write_text);
	}
	r = buf_check(&out, e);
	if (r == 0 && file) {
		fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		r = fd < 0 ? err_sys(e, "open %s", file) : 0;
	}
	if (r == 0)
		r = fd_write_all(file ? fd : STDERR_FILENO, out.data, out.len,
				 file ? file : "stderr", e);
	return r < 0 ? err_wrap(e, "write the trace") : 0;
}
