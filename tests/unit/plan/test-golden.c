/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden plans: whole configurations and all that is made of them, in words.
 *
 * golden/NAME.json is the configuration, golden/NAME.txt the plan. With TINYRUN_UPDATE_GOLDEN=1 the
 * texts are written anew; read the difference before it is committed.
 */
#include "fixture.h"

#include "tinyrun/fd.h"
#include "tinyrun/path.h"

#include <fcntl.h>
#include <linux/filter.h>

struct golden {
	/* config NULL: as the name; "": the default configuration; else that of another plan */
	const char *name, *config;
	struct plan_input in;
};

static const struct sock_filter allow_all[] = {BPF_STMT(BPF_RET | BPF_K, 0x7fff0000)};
static const struct plan_program filter = {.insns = allow_all, .n_insns = 1, .filter_flags = 4};
static const struct plan_program asking = {
	.insns = allow_all, .n_insns = 1, .filter_flags = 8, .notifies = true};

#define RUN    .mode = PLAN_RUN
#define CREATE .mode = PLAN_CREATE
#define EXEC   .mode = PLAN_EXEC

static const struct golden golden[] = {
	{"default", "", {CREATE}},
	{"rootless", "", {RUN, .in_user_ns = true}},
	{"shared-namespaces", NULL, {RUN, .in_user_ns = true}},
	{"podman", NULL, {CREATE, .seccomp = &filter, .preserve_fds = 2, .listen_fds = 2}},
	{"join-user", NULL, {CREATE, .trace = true}},
	{"join-pid", NULL, {RUN}},
	{"terminal", NULL, {RUN, .no_new_keyring = true}},
	{"no-pivot", NULL, {RUN, .no_pivot = true}},
	{"hooks", NULL, {CREATE, .state_head = {"{1", "{2"}, .state_tail = "}"}},
	{"hooks-output", NULL, {CREATE, .state_head = {"{1", "{2"}, .state_tail = "}"}},
	{"binds", NULL, {RUN}},
	{"binds-shared", NULL, {RUN}},
	{"binds-slave", NULL, {RUN}},
	{"fields", NULL, {RUN}},
	{"notify", NULL, {CREATE, .seccomp = &asking}},
	{"bound-dev", NULL, {RUN}},
	{"no-mount-ns", NULL, {RUN}},
	{"every-field", NULL, {CREATE, .seccomp = &asking}},
	{"every-option", NULL, {RUN, .trace = true}},
	{"exec", "every-field", {EXEC, .seccomp = &filter, .preserve_fds = 1, .listen_fds = 1}},
	{"exec-own-user-ns", "every-field", {EXEC, .seccomp = &filter, .own_user_ns = true}},
	{"exec-no-mount-ns", "no-mount-ns", {EXEC}},
	{"late", NULL, {.mode = PLAN_MOUNT}},
	{"late-away", "late", {.mode = PLAN_UNMOUNT}},
	{"reap", "shared-namespaces", {RUN, .reap = true, .reap_dies = true}},
	{"names", "podman", {CREATE, .seccomp = &filter, .notify_dir = "/n", .names_dir = "/d"}},
};

static int golden_dir(void)
{
	const char *top = getenv("TOP_SRCDIR");
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/tests/unit/plan/golden", top ? top : ".");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s is not there: set TOP_SRCDIR", path);
	return fd;
}

static struct spec *load(int dir_fd, const struct golden *g)
{
	auto_buf struct buf text = BUF_INIT;
	struct err e = ERR_INIT;
	struct spec *spec = NULL;
	char file[128];
	int r;

	(void)snprintf(file, sizeof(file), "%s.json", g->config ? g->config : g->name);
	if (!g->config || *g->config) {
		r = spec_load(dir_fd, file, NULL, &spec, &e);
	} else {
		r = spec_write_default(&text, g->in.in_user_ns, 1000, 1000);
		assert_int_equal(r, 0);
		r = spec_parse(text.data, text.len, "config.json", NULL, &spec, &e);
	}
	if (r < 0)
		fail_msg("%s: %s", file, err_str(&e, fixture_error, sizeof(fixture_error)));
	return spec;
}

/* Everything that the plan says, a line each. */
static void describe(const struct plan *plan, struct buf *out)
{
	const char *gap = " ";

	buf_add_str(out, "clone:");
	for (unsigned i = 0; i < SPEC_NS_MAX; i++)
		if (plan->clone_flags & spec_ns_flag((enum spec_ns_kind)i))
			buf_addf(out, "%s%s", gap, spec_ns_name((enum spec_ns_kind)i));
	buf_addf(out, "%s\n", plan->forks ? " (forks)" : "");
	for (size_t i = 0; i < plan->n_fds; i++) {
		buf_addf(out, "fd %zu: ", i);
		plan_describe_fd(plan, i, out);
		buf_addf(out, "%s%s\n", *plan->fds[i].origin ? " <- " : "", plan->fds[i].origin);
	}
	for (size_t i = 0; i < plan_header(plan)->n_steps; i++) {
		const char *origin = plan_str(plan, plan_step(plan, i)->origin);

		buf_addf(out, "%s: ", plan_step_name(plan_step(plan, i)->kind));
		plan_describe_step(plan, i, out);
		buf_addf(out, "%s%s\n", *origin ? " <- " : "", origin);
	}
}

/* The first line in which they differ says more than two texts. */
static void compare(const char *file, const char *have, const char *want)
{
	unsigned line = 1;

	while (*have && *have == *want) {
		line += *have == '\n';
		have++;
		want++;
	}
	if (*have == *want)
		return;
	while (line > 1 && have[-1] != '\n') {
		have--;
		want--;
	}
	fail_msg("%s:%u: has \"%.*s\", should be \"%.*s\"", file, line, (int)strcspn(have, "\n"),
		 have, (int)strcspn(want, "\n"), want);
}

static void check(int dir_fd, const struct golden *g)
{
	auto_buf struct buf text = BUF_INIT;
	auto_free char *want = NULL;
	auto_fd int fd = -1;
	struct plan_input in = g->in;
	struct spec *spec = load(dir_fd, g);
	struct err e = ERR_INIT;
	struct plan *plan;
	char file[128];
	size_t len;

	in.spec = spec;
	in.id = "box";
	in.bundle = "/bundle";
	plan = fixture_compile(&in);
	spec_free(&spec); /* the plan stands alone */
	if (!plan)
		fail_msg("%s: %s", g->name, fixture_error);
	describe(plan, &text);
	plan_free(&plan);
	(void)snprintf(file, sizeof(file), "%s.txt", g->name);
	if (getenv("TINYRUN_UPDATE_GOLDEN")) {
		assert_int_equal(path_replace(dir_fd, file, text.data, text.len, 0644, false, &e),
				 0);
		return;
	}
	fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fd_read_all(fd, 1 << 20, file, &want, &len, &e), 0);
	compare(file, text.data, want);
}

static void test_plan_of_each_configuration_is_the_golden_one(void **state)
{
	auto_fd int dir_fd = golden_dir();

	(void)state;
	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++)
		check(dir_fd, &golden[i]);
}

/* The option as a word of the JSON text. */
static void test_each_mount_option_is_in_one_of_them(void **state)
{
	auto_fd int dir_fd = golden_dir();
	auto_fd int fd = openat(dir_fd, "every-option.json", O_RDONLY | O_CLOEXEC);
	auto_free char *text = NULL;
	struct err e = ERR_INIT;
	char word[64];
	size_t len;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fd_read_all(fd, 1 << 20, "every-option.json", &text, &len, &e), 0);
	for (const char *const *name = spec_mount_option_names(); *name; name++) {
		(void)snprintf(word, sizeof(word), "\"%s\"", *name);
		if (!strstr(text, word))
			fail_msg("%s is not in every-option.json", *name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan_of_each_configuration_is_the_golden_one),
		cmocka_unit_test(test_each_mount_option_is_in_one_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
