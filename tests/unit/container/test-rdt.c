/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The class of service in resctrl, on a directory that stands for it: the test puts the files into
 * a new class that the kernel would. What only the hardware can show is not shown here.
 */
#include "container/rdt.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "fixture.h"
#include "tinyrun/fd.h"

static struct spec *parse(const char *rdt)
{
	struct err e = ERR_INIT;
	struct spec *spec = NULL;
	char text[1024];
	int n = snprintf(
		text, sizeof(text),
		"{'ociVersion': '1.3.0', 'root': {'path': 'r'}, 'linux': {'intelRdt': %s}}", rdt);

	assert_true(n > 0 && (size_t)n < sizeof(text));
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	if (spec_parse(text, (size_t)n, "config.json", NULL, &spec, &e) < 0)
		fail_msg("%s", words(&e));
	return spec;
}

static void fill(int root, const char *group, const char *schemata)
{
	auto_fd int fd = openat(root, group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	file_write(fd, "schemata", schemata, strlen(schemata));
	file_write(fd, "tasks", "", 0);
	assert_int_equal(mkdirat(fd, "mon_groups", 0755), 0);
}

static void make_class(int root, const char *group, const char *schemata)
{
	assert_int_equal(mkdirat(root, group, 0755), 0);
	fill(root, group, schemata);
}

static void clear(int root, const char *group)
{
	auto_fd int fd = openat(root, group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)unlinkat(fd, "schemata", 0);
	(void)unlinkat(fd, "tasks", 0);
	(void)unlinkat(fd, "mon_groups", AT_REMOVEDIR);
}

/* What was decided about a class for the container "box". */
static int decide(int dir, const struct spec *spec, struct rdt *rdt, struct err *e)
{
	auto_fd int root = dup(dir);
	int r = rdt_name(&root, &spec->rdt, "box", rdt, e);

	return r < 0 ? r : rdt_decide(rdt, &spec->rdt, e);
}

static bool exists(int root, const char *path)
{
	return faccessat(root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_rdt_without_a_name_is_a_class_of_its_own(void **state)
{
	const struct fixture *f = *state;
	auto_spec struct spec *spec = parse(
		"{'memBwSchema': 'MB:0=20', 'l3CacheSchema': 'L3:0=f', 'schemata': ['L2:0=3']}");
	struct rdt rdt = RDT_INIT;
	struct err e = ERR_INIT;
	auto_free char *text = NULL;
	auto_fd int group = -1;

	assert_int_equal(decide(f->rt.root_fd, spec, &rdt, &e), 0);
	assert_true(rdt.makes);
	assert_int_equal(rdt_make(&rdt, &e), 0);
	fill(f->rt.root_fd, "box", "");
	assert_int_equal(rdt_write(&rdt, &spec->rdt, &e), 0);
	assert_int_equal(rdt_join(&rdt, 4711, &e), 0);
	group = openat(f->rt.root_fd, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	text = file_read(group, "tasks");
	assert_string_equal(text, "4711\n");
	free(text);
	text = file_read(group,
			 "schemata"); /* each write is a line from the start: the last stays */
	assert_string_equal(text, "L2:0=3\n\n");
	/* while somebody is in it it stays */
	assert_int_equal(rdt_remove(f->rt.root_fd, rdt.group, rdt.monitor, &e), 0);
	assert_true(exists(f->rt.root_fd, "box"));
	clear(f->rt.root_fd, "box");
	assert_int_equal(rdt_remove(f->rt.root_fd, rdt.group, rdt.monitor, &e), 0);
	assert_false(exists(f->rt.root_fd, "box"));
	rdt_done(&rdt);
}

static void test_rdt_a_class_that_is_there_has_to_be_equal(void **state)
{
	static const struct {
		const char *rdt, *refusal;
	} cases[] = {
		{"{'closID': 'gold', 'l3CacheSchema': 'L3:1=0F;0=ff'}", NULL},
		{"{'closID': 'gold', 'l3CacheSchema': 'L3:0=ff', 'memBwSchema': 'MB:1=100'}", NULL},
		{"{'closID': 'gold'}", NULL},
		{"{'closID': '/', 'memBwSchema': 'MB:0=90'}", "memBwSchema: the class / exists"},
		{"{'closID': 'gold', 'l3CacheSchema': 'L3:0=fe'}", "does not have \"L3:0=fe\""},
		{"{'closID': 'gold', 'schemata': ['L3:0=ff', 'L2:0=1']}",
		 "does not have \"L2:0=1\""},
		{"{'closID': 'gold', 'memBwSchema': 'MB:2=100'}", "does not have \"MB:2=100\""},
		{"{'closID': 'silver'}", "there is no class silver: make it"},
		{"{'closID': 'schemata'}", "schemata is a file of resctrl"},
	};
	const struct fixture *f = *state;
	int root = f->rt.root_fd;

	make_class(root, "gold", "    L3:0=000ff;1=0000f\n    MB:0= 20;1=100\n");
	fill(root, ".", "L3:0=fffff\nMB:0=100\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_spec struct spec *spec = parse(cases[i].rdt);
		struct rdt rdt = RDT_INIT;
		struct err e = ERR_INIT;
		int r = decide(root, spec, &rdt, &e);

		if (!cases[i].refusal && r < 0)
			fail_msg("%s: %s", cases[i].rdt, words(&e));
		if (cases[i].refusal)
			assert_says(&e, cases[i].refusal);
		assert_false(rdt.makes);
		rdt_done(&rdt);
	}
	clear(root, "gold");
	clear(root, ".");
	(void)unlinkat(root, "gold", AT_REMOVEDIR);
}

static void test_rdt_one_of_the_containers_name_is_not_taken_over(void **state)
{
	const struct fixture *f = *state;
	auto_spec struct spec *spec = parse("{}");
	struct rdt rdt = RDT_INIT;
	struct err e = ERR_INIT;

	make_class(f->rt.root_fd, "box", "");
	assert_true(decide(f->rt.root_fd, spec, &rdt, &e) < 0);
	assert_says(&e, "resctrl has a class box already");
	rdt_done(&rdt);
	clear(f->rt.root_fd, "box");
	(void)unlinkat(f->rt.root_fd, "box", AT_REMOVEDIR);
}

static void test_rdt_monitoring_is_a_group_of_the_class(void **state)
{
	const struct fixture *f = *state;
	int root = f->rt.root_fd;
	auto_spec struct spec *spec = parse("{'closID': 'gold', 'enableMonitoring': true}");
	struct rdt rdt = RDT_INIT;
	struct err e = ERR_INIT;
	auto_free char *text = NULL;
	auto_fd int group = -1;

	make_class(root, "gold", "");
	assert_int_equal(decide(root, spec, &rdt, &e), 0);
	assert_string_equal(rdt.monitor, "gold/mon_groups/box");
	assert_int_equal(rdt_make(&rdt, &e), 0);
	assert_false(rdt.made);
	group = openat(root, rdt.monitor, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file_write(group, "tasks", "", 0);
	assert_int_equal(rdt_join(&rdt, 12, &e), 0);
	text = file_read(group, "tasks");
	assert_string_equal(text, "12\n");
	(void)unlinkat(group, "tasks", 0);
	assert_int_equal(rdt_remove(root, NULL, rdt.monitor, &e), 0);
	assert_false(exists(root, rdt.monitor));
	assert_true(exists(root, "gold")); /* it was there before */
	/* an edited record leads nowhere else */
	assert_true(rdt_remove(root, NULL, "../x", &e) < 0);
	assert_true(rdt_remove(root, "/tmp", NULL, &e) < 0);
	rdt_done(&rdt);
	clear(root, "gold");
	(void)unlinkat(root, "gold", AT_REMOVEDIR);
}

/* What `update --l3-cache-schema L3:0=1` finds for the container "box". */
static int find(int dir, const struct spec *was, const struct state *st, struct rdt *ret,
		struct err *e)
{
	const struct spec_rdt want = {.set = true, .l3 = "L3:0=1"};
	auto_fd int root = dup(dir);

	return rdt_find(&root, &was->rdt, st, &want, ret, e);
}

static void make_info(int root, const char *resource)
{
	assert_int_equal(mkdirat(root, "info", 0755), 0);
	assert_int_equal(mkdirat(root, resource, 0755), 0);
}

static void clear_info(int root, const char *resource)
{
	(void)unlinkat(root, resource, AT_REMOVEDIR);
	(void)unlinkat(root, "info", AT_REMOVEDIR);
}

static void test_rdt_update_changes_the_class_that_was_asked_for(void **state)
{
	const struct fixture *f = *state;
	int root = f->rt.root_fd;
	auto_spec struct spec *was = parse("{'closID': 'gold'}");
	const struct state st = {.id = "box"};
	const struct spec_rdt want = {.set = true, .l3 = "L3:0=1"};
	struct rdt rdt = RDT_INIT;
	struct err e = ERR_INIT, missing = ERR_INIT, gone = ERR_INIT;
	auto_free char *text = NULL;
	auto_fd int group = -1;

	make_class(root, "gold", "");
	assert_true(find(root, was, &st, &rdt, &missing) < 0);
	assert_says(&missing, "--l3-cache-schema: this machine");
	make_info(root, "info/L3CODE");
	assert_int_equal(find(root, was, &st, &rdt, &e), 0);
	assert_false(rdt.makes);
	assert_int_equal(rdt_write(&rdt, &want, &e), 0);
	group = openat(root, "gold", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	text = file_read(group, "schemata");
	assert_string_equal(text, "L3:0=1\n");
	rdt_done(&rdt);
	clear(root, "gold");
	(void)unlinkat(root, "gold", AT_REMOVEDIR);
	assert_true(find(root, was, &st, &rdt, &gone) < 0);
	assert_says(&gone, "look for the container's class gold");
	rdt_done(&rdt);
	clear_info(root, "info/L3CODE");
}

static void test_rdt_update_gives_a_class_to_a_container_without(void **state)
{
	const struct fixture *f = *state;
	int root = f->rt.root_fd;
	const struct spec none = {.version = "1.3.0"};
	const struct state st = {.id = "box"};
	struct rdt rdt = RDT_INIT;
	struct err e = ERR_INIT;
	pid_t pids[] = {0, child_sleep()};
	auto_free char *text = NULL;
	auto_fd int group = -1;
	char want[16];

	make_info(root, "info/L3");
	assert_int_equal(find(root, &none, &st, &rdt, &e), 0);
	assert_true(rdt.makes);
	assert_int_equal(rdt_make(&rdt, &e), 0);
	fill(root, "box", "");
	assert_int_equal(rdt_join_all(&rdt, pids, 2, &e), 0);
	group = openat(root, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	text = file_read(group, "tasks");
	(void)snprintf(want, sizeof(want), "%d\n", (int)pids[1]);
	assert_string_equal(text, want);
	(void)kill(pids[1], SIGKILL);
	(void)child_reap(pids[1]);
	assert_int_equal(rdt_join_all(&rdt, pids, 2, &e), 0); /* it has ended meanwhile */
	rdt_done(&rdt);
	clear(root, "box");
	(void)unlinkat(root, "box", AT_REMOVEDIR);
	clear_info(root, "info/L3");
}

/* A container that has no class; what it owns is not on the heap. */
static struct state unlimited(void)
{
	return (struct state){.id = "box",
			      .bundle = "/b",
			      .rootfs = "/b",
			      .created = "2026-01-01T00:00:00Z",
			      .boot_id = "0",
			      .version = "1.3.0",
			      .manager = CGROUP_DISABLED};
}

static void test_rdt_update_that_is_refused_leaves_no_class(void **state)
{
	const struct fixture *f = *state;
	int root = f->rt.root_fd;
	const struct spec none = {.version = "1.3.0"};
	const struct spec_rdt want = {.set = true, .l3 = "L3:0=1"};
	auto_state struct state st = unlimited();
	auto_state struct state saved = STATE_INIT;
	struct cgroup_host host = CGROUP_HOST_INIT;
	struct rdt rdt = RDT_INIT;
	struct err e = ERR_INIT, good = ERR_INIT;

	make_info(root, "info/L3");
	assert_int_equal(find(root, &none, &st, &rdt, &good), 0);
	/* in the directory that stands for resctrl no file comes with the class */
	assert_true(rdt_update(root, &st, &host, &rdt, &want, &e) < 0);
	assert_says(&e, "schemata");
	assert_false(exists(root, "box"));
	assert_int_equal(state_load(root, "box", &saved, &good), 0);
	assert_null(saved.rdt_group);
	rdt_done(&rdt);
	(void)unlinkat(root, STATE_FILE, 0);
	clear_info(root, "info/L3");
}

static void test_rdt_update_that_fails_forgets_no_class_that_stays(void **state)
{
	const struct fixture *f = *state;
	int root = f->rt.root_fd;
	const struct spec_rdt want = {.set = true, .l3 = "L3:0=1"};
	auto_state struct state st = unlimited();
	auto_state struct state saved = STATE_INIT;
	struct cgroup_host host = CGROUP_HOST_INIT;
	struct err e = ERR_INIT, good = ERR_INIT;
	/* as it is when a process could be put there, and another could not */
	struct rdt rdt = {.root_fd = dup(root), .group = "box", .makes = true, .made = true};
	auto_fd int group = -1;

	make_class(root, "box", "");
	group = openat(root, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file_write(group, "tasks", "12\n", 3);
	assert_true(rdt_update(root, &st, &host, &rdt, &want, &e) < 0);
	assert_true(exists(root, "box"));
	assert_int_equal(state_load(root, "box", &saved, &good), 0);
	assert_string_equal(saved.rdt_group, "box");
	rdt_done(&rdt);
	clear(root, "box");
	(void)unlinkat(root, "box", AT_REMOVEDIR);
	(void)unlinkat(root, STATE_FILE, 0);
}

#define test(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_rdt_without_a_name_is_a_class_of_its_own),
		test(test_rdt_a_class_that_is_there_has_to_be_equal),
		test(test_rdt_one_of_the_containers_name_is_not_taken_over),
		test(test_rdt_monitoring_is_a_group_of_the_class),
		test(test_rdt_update_changes_the_class_that_was_asked_for),
		test(test_rdt_update_gives_a_class_to_a_container_without),
		test(test_rdt_update_that_is_refused_leaves_no_class),
		test(test_rdt_update_that_fails_forgets_no_class_that_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
