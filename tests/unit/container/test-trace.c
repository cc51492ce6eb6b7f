/* SPDX-License-Identifier: Apache-2.0 */
/* The trace of a plan that was made by hand: three steps, of which init came to the second. */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container/trace.h"
#include "tinyrun/fd.h"
#include "tinyrun/json.h"

#define N_STEPS 3

struct bytes {
	struct plan_header header;
	struct plan_step steps[N_STEPS];
	char texts[64];
};

#define AT(offset) ((uint32_t)(offsetof(struct bytes, texts) + (offset)))

static struct bytes bytes = {
	.header = {.magic = PLAN_MAGIC,
		   .size = sizeof(struct bytes),
		   .steps = offsetof(struct bytes, steps),
		   .n_steps = N_STEPS,
		   .trace_slot = PLAN_NO_SLOT},
	/*        0         8      15 */
	.texts = "hostname\0we\"b1\0process.cwd\0/srv",
	.steps = {{.kind = STEP_HOSTNAME, .origin = AT(0), .text = {.name = AT(9)}},
		  {.kind = STEP_CWD, .origin = AT(15), .path = {.path = AT(27)}},
		  {.kind = STEP_KEYRING, .text = {.name = AT(9)}}},
};

static const struct plan plan = {.bytes = &bytes, .size = sizeof(bytes)};

/* What init would have written: ns from the trace's first phase on; 0 = not reached. */
static void reach(struct trace *t, const uint64_t at[N_STEPS + 1])
{
	for (size_t i = 0; i <= N_STEPS; i++) {
		uint64_t ns = at[i] ? t->phase[0].ns + at[i] : 0;

		assert_int_equal(pwrite(t->fd, &ns, sizeof(ns), (off_t)(i * sizeof(ns))),
				 sizeof(ns));
	}
}

static struct trace traced(const uint64_t at[N_STEPS + 1])
{
	static const char *const names[] = {"read config.json", "start init", "end"};
	struct trace t = TRACE_INIT;
	struct err e = ERR_INIT;

	t.on = true;
	for (size_t i = 0; i < 3; i++)
		trace_phase(&t, names[i]);
	for (size_t i = 0; i < 3; i++) /* 0, 1 and 5 ms */
		t.phase[i].ns = 1000000000U + (i == 0 ? 0 : i == 1 ? 1000000U : 5000000U);
	assert_int_equal(trace_open(&t, N_STEPS, &e), 0);
	reach(&t, at);
	return t;
}

static char *write_to(const struct fixture *f, const struct trace *t, const char *name)
{
	struct err e = ERR_INIT;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	if (trace_write(t, &plan, path, &e) < 0)
		fail_msg("%s", words(&e));
	return file_read(f->rt.root_fd, name);
}

/* --- Chrome's format --- */

struct event {
	const char *name, *from;
	double begin, length;
	unsigned thread;
};

static double number(const struct json *object, const char *key)
{
	struct json at;
	size_t len;

	assert_true(json_member(object, key, &at));
	return strtod(json_text(&at, &len), NULL);
}

static struct event event_of(const struct json *at)
{
	struct event ev = {.name = NULL};
	struct json args;
	const char *phase = "";
	struct err e = ERR_INIT;

	assert_int_equal(json_get_str(at, "ph", &phase, &e), 0);
	assert_string_equal(phase, "X");
	assert_int_equal(json_get_str(at, "name", &ev.name, &e), 0);
	assert_non_null(ev.name);
	assert_int_equal(json_get_u32(at, "tid", &ev.thread, &e), 0);
	assert_true(json_member(at, "args", &args));
	assert_int_equal(json_get_str(&args, "from", &ev.from, &e), 0);
	ev.begin = number(at, "ts");
	ev.length = number(at, "dur");
	assert_true(number(at, "pid") > 0);
	return ev;
}

static void assert_event(const struct event *ev, const char *name, double begin, double length,
			 const char *from)
{
	assert_string_equal(ev->name, name);
	assert_string_equal(ev->from, from);
	assert_true(ev->begin > begin - 0.01 && ev->begin < begin + 0.01);
	assert_true(ev->length > length - 0.01 && ev->length < length + 0.01);
}

static void test_trace_in_json_has_phases_and_the_steps_that_were_reached(void **state)
{
	static const uint64_t at[N_STEPS + 1] = {2000000, 2010500, 0, 1500000};
	struct trace t = traced(at);
	auto_free char *text = write_to(*state, &t, "trace.json");
	auto_json struct json_doc *doc = NULL;
	struct json root, it = {.doc = NULL};
	struct event ev[8];
	struct err e = ERR_INIT;
	size_t n = 0;

	if (json_parse(text, strlen(text), "trace", &doc, &e) < 0)
		fail_msg("%s", words(&e));
	root = json_root(doc);
	assert_true(json_is_array(&root));
	while (n < 8 && json_next(&root, &it))
		ev[n++] = event_of(&it);
	assert_int_equal(n, 4);
	assert_event(&ev[0], "read config.json", 0, 1000, "");
	assert_event(&ev[1], "start init", 1000, 4000, "");
	assert_event(&ev[2], "set the hostname we\"b1", 2000, 10.5, "hostname");
	/* its end was never written: it lasts until we heard of it */
	assert_event(&ev[3], "enter the working directory /srv", 2010.5, 2989.5, "process.cwd");
	assert_int_equal(ev[0].thread, ev[1].thread);
	assert_int_equal(ev[2].thread, ev[3].thread);
	assert_int_not_equal(ev[0].thread, ev[2].thread);
	trace_done(&t);
}

static void test_trace_in_json_is_an_array_even_without_steps(void **state)
{
	static const uint64_t none[N_STEPS + 1] = {0};
	struct trace t = traced(none);
	auto_free char *text = write_to(*state, &t, "t.json");
	auto_json struct json_doc *doc = NULL;
	struct err e = ERR_INIT;
	struct json root;

	assert_int_equal(json_parse(text, strlen(text), "trace", &doc, &e), 0);
	root = json_root(doc);
	assert_int_equal(json_count(&root), 2);
	trace_done(&t);
}

/* --- text --- */

static void test_trace_in_text_is_one_line_an_event(void **state)
{
	static const uint64_t at[N_STEPS + 1] = {2000000, 2010500, 4000000, 1500000};
	struct trace t = traced(at);
	auto_free char *text = write_to(*state, &t, "trace.txt");
	const char *want[] = {
		"    at us   took us  where what\n",
		"      0.0    1000.0  host  read config.json\n",
		"   1000.0    4000.0  host  start init\n",
		"   2000.0      10.5  init  set the hostname we\"b1  hostname\n",
		"   2010.5    1989.5  init  enter the working directory /srv  process.cwd\n",
		"   4000.0    1000.0  init  ",
	};
	const char *line = text;

	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		if (strncmp(line, want[i], strlen(want[i])) != 0)
			fail_msg("\"%s\" does not begin with \"%s\"", line, want[i]);
		line = strchr(line, '\n') + 1;
	}
	assert_string_equal(line, "");
	trace_done(&t);
}

static void test_trace_goes_to_stderr_without_a_file(void **state)
{
	static const uint64_t none[N_STEPS + 1] = {0};
	const struct fixture *f = *state;
	struct trace t = traced(none);
	auto_fd int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	auto_fd int file = openat(f->rt.root_fd, "err", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	auto_free char *text = NULL;
	struct err e = ERR_INIT;
	int r;

	assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
	r = trace_write(&t, &plan, NULL, &e);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(r, 0);
	text = file_read(f->rt.root_fd, "err");
	assert_non_null(strstr(text, "host  start init\n"));
	trace_done(&t);
}

static void test_trace_says_where_it_could_not_be_written(void **state)
{
	static const uint64_t none[N_STEPS + 1] = {0};
	struct trace t = traced(none);
	struct err e = ERR_INIT;

	(void)state;
	assert_true(trace_write(&t, &plan, "/nowhere/trace.json", &e) < 0);
	assert_says(&e, "write the trace: open /nowhere/trace.json");
	trace_done(&t);
}

static void test_trace_that_is_off_writes_nothing(void **state)
{
	struct trace t = TRACE_INIT;
	struct err e = ERR_INIT;

	(void)state;
	trace_phase(&t, "one");
	assert_int_equal(t.n, 0);
	assert_int_equal(trace_write(&t, &plan, "/nowhere/trace.json", &e), 0);
	trace_done(&t);
}

static void test_trace_takes_no_more_phases_than_it_has_room_for(void **state)
{
	struct trace t = TRACE_INIT;

	(void)state;
	t.on = true;
	for (int i = 0; i < 2 * TRACE_PHASES; i++)
		trace_phase(&t, "again");
	assert_int_equal(t.n, TRACE_PHASES);
	trace_done(&t);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_trace_in_json_has_phases_and_the_steps_that_were_reached),
		TEST(test_trace_in_json_is_an_array_even_without_steps),
		TEST(test_trace_in_text_is_one_line_an_event),
		TEST(test_trace_goes_to_stderr_without_a_file),
		TEST(test_trace_says_where_it_could_not_be_written),
		TEST(test_trace_that_is_off_writes_nothing),
		TEST(test_trace_takes_no_more_phases_than_it_has_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
