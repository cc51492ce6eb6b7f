/* SPDX-License-Identifier: Apache-2.0 */
/* What the compiler promises beyond the golden plans: order, refusals, and what is computed. */
#include "fixture.h"

#include <linux/mount.h>
#include <sched.h>
#include <sys/stat.h>

static void refuses(const char *top, const char *linux_, bool no_pivot, const char *words)
{
	struct spec *spec = fixture_spec(top, FIXTURE_ARGS, linux_);
	struct plan_input in = {.spec = spec, .id = "box", .no_pivot = no_pivot};
	struct plan *plan = fixture_compile(&in);

	assert_null(plan);
	if (!strstr(fixture_error, words))
		fail_msg("\"%s\" does not say \"%s\"", fixture_error, words);
	spec_free(&spec);
}

#define BIND(to, from) \
	"'mounts': [{'destination': '" to "', 'source': '" from "', 'options': ['bind']}]"

static void test_compile_refuses_mounts_that_fake_proc(void **state)
{
	(void)state;
	refuses(BIND("/proc", "/srv/fake"), FIXTURE_MOUNT, false,
		"mounts[0].destination: only procfs goes on /proc");
	refuses(BIND("/proc", "proc"), FIXTURE_MOUNT, false, "only procfs goes on /proc");
	refuses("'mounts': [{'destination': '/proc/./', 'type': 'tmpfs', 'source': 'x'}]",
		FIXTURE_MOUNT, false, "only procfs goes on /proc");
	refuses(BIND("/proc/sys", "/srv"), FIXTURE_MOUNT, false, "/proc/sys is inside /proc");
	refuses(BIND("/proc//self/attr", "/srv"), FIXTURE_MOUNT, false, "inside /proc");
	refuses(BIND("/x/../proc/sysrq-trigger", "/srv"), FIXTURE_MOUNT, false, "inside /proc");
}

static void test_compile_binds_the_hosts_procfs_and_known_files_of_it(void **state)
{
	static const char *const good[] = {BIND("/proc", "/proc"), BIND("/proc", "//proc/"),
					   BIND("/proc/cpuinfo", "/lxcfs/cpuinfo"),
					   BIND("/process", "/srv")};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct plan *plan = fixture_plan(good[i], FIXTURE_ARGS, FIXTURE_MOUNT);

		assert_non_null(plan);
		plan_free(&plan);
	}
}

static void test_compile_refuses_what_would_change_the_hosts_mounts(void **state)
{
	(void)state;
	refuses("", "'devices': [{'path': '/dev/x', 'type': 'c', 'major': 1, 'minor': 3}]", false,
		"linux.devices: would change the host's own mounts");
	refuses("", FIXTURE_MOUNT ", 'rootfsPropagation': 'private'", true,
		"linux.rootfsPropagation: private is not safe with --no-pivot");
}

static void test_compile_refuses_a_spec_without_process_or_program(void **state)
{
	struct spec spec = {.root_path = "x"};
	struct plan_input in = {.spec = &spec};

	(void)state;
	assert_null(fixture_compile(&in));
	assert_non_null(strstr(fixture_error, "process: is missing"));
	spec.process.present = true;
	assert_null(fixture_compile(&in));
	assert_non_null(strstr(fixture_error, "process.args: is missing"));
}

static void test_compile_refuses_an_uncompiled_filter(void **state)
{
	(void)state;
	refuses("", FIXTURE_MOUNT ", 'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW'}", false,
		"linux.seccomp: the filter has not been compiled");
}

/* --- order --- */

/* All of @kinds are there, in this order. */
static void in_order(const struct plan *plan, const enum plan_step_kind *kinds, size_t n)
{
	long at = -1;

	for (size_t i = 0; i < n; i++) {
		long next = fixture_find(plan, kinds[i], (size_t)(at + 1));

		if (next < 0)
			fail_msg("%s is not behind %s", plan_step_name((uint16_t)kinds[i]),
				 i ? plan_step_name((uint16_t)kinds[i - 1]) : "the start");
		at = next;
	}
}

static struct plan *plan_with_filter(const char *process)
{
	static const uint64_t insn = 0x7fff000000000006U; /* return "allow" */
	struct plan_program program = {.insns = &insn, .n_insns = 1};
	struct spec *spec = fixture_spec(
		"", process, FIXTURE_MOUNT ", 'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW'}");
	struct plan_input in = {.spec = spec, .id = "box", .seccomp = &program, .mode = PLAN_RUN};
	struct plan *plan = fixture_compile(&in);

	spec_free(&spec);
	assert_non_null(plan);
	return plan;
}

static void test_compile_loads_the_filter_last_only_with_no_new_privs(void **state)
{
	static const enum plan_step_kind with[] = {
		STEP_PIVOT, STEP_BOUNDING, STEP_USER,  STEP_CAPS,    STEP_NO_NEW_PRIVS,
		STEP_FIND,  STEP_WAIT,     STEP_CLOSE, STEP_SECCOMP, STEP_EXEC};
	static const enum plan_step_kind without[] = {
		STEP_PIVOT, STEP_CWD,  STEP_BOUNDING, STEP_SECCOMP, STEP_USER,
		STEP_CAPS,  STEP_FIND, STEP_WAIT,     STEP_CLOSE,   STEP_EXEC};
	struct plan *plan = plan_with_filter(FIXTURE_ARGS ", 'noNewPrivileges': true");

	(void)state;
	in_order(plan, with, sizeof(with) / sizeof(with[0]));
	plan_free(&plan);
	plan = plan_with_filter(FIXTURE_ARGS);
	in_order(plan, without, sizeof(without) / sizeof(without[0]));
	assert_int_equal(fixture_find(plan, STEP_NO_NEW_PRIVS, 0), -1);
	plan_free(&plan);
}

static void test_compile_ends_with_exec_and_protects_before_it_enters(void **state)
{
	static const enum plan_step_kind order[] = {
		STEP_PROPAGATION,   STEP_ATTACH_ROOT, STEP_MOUNT, STEP_MKNOD,
		STEP_READONLY_PATH, STEP_MASK,        STEP_PIVOT, STEP_EXEC};
	struct plan *plan = fixture_plan(
		"'mounts': [{'destination': '/proc', 'type': 'proc', 'source': 'proc'}]",
		FIXTURE_ARGS, FIXTURE_MOUNT ", 'maskedPaths': ['/a'], 'readonlyPaths': ['/b//c/']");
	const struct plan_header *h = plan_header(plan);

	(void)state;
	in_order(plan, order, sizeof(order) / sizeof(order[0]));
	assert_int_equal(plan_step(plan, h->n_steps - 1)->kind, STEP_EXEC);
	assert_string_equal(plan_str(plan, fixture_step(plan, STEP_READONLY_PATH)->path.path),
			    "/b/c");
	assert_int_equal(fixture_step(plan, STEP_MASK)->flags, PLAN_IGNORE_MISSING);
	plan_free(&plan);
}

static void test_compile_gives_a_tmpfs_without_a_mode_that_of_its_mount_point(void **state)
{
	struct plan *plan = fixture_plan(
		"'mounts': [{'destination': '/a', 'type': 'tmpfs'},"
		" {'destination': '/b', 'type': 'tmpfs', 'options': ['size=1m', 'mode=700']},"
		" {'destination': '/c', 'type': 'tmpfs', 'options': ['ro', 'nomode=1']},"
		" {'destination': '/d', 'type': 'proc'}]",
		FIXTURE_ARGS, FIXTURE_MOUNT);
	static const unsigned wanted[] = {PLAN_KEEP_MODE, 0, PLAN_KEEP_MODE, 0};
	long at = -1;

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		at = fixture_find(plan, STEP_MOUNT, (size_t)(at + 1));
		assert_true(at >= 0);
		assert_int_equal(plan_step(plan, (size_t)at)->flags, wanted[i]);
	}
	plan_free(&plan);
}

/* --- namespaces --- */

static void test_compile_makes_cgroup_and_time_namespaces_in_init(void **state)
{
	struct plan *plan = fixture_plan(
		"", FIXTURE_ARGS,
		"'namespaces': [{'type': 'cgroup'}, {'type': 'time'}, {'type': 'ipc'}]");
	long first = fixture_find(plan, STEP_UNSHARE, 0), second;

	(void)state;
	assert_int_equal(plan->clone_flags, CLONE_NEWIPC);
	assert_true(first >= 0);
	second = fixture_find(plan, STEP_UNSHARE, (size_t)first + 1);
	assert_true(second > first);
	assert_int_equal(plan_step(plan, (size_t)first)->unshare.ns_flags, CLONE_NEWCGROUP);
	assert_int_equal(plan_step(plan, (size_t)second)->unshare.ns_flags, 0x80);
	assert_int_equal(fixture_find(plan, STEP_TIME_OFFSET, 0), second + 1); /* entered there */
	assert_int_equal(plan_step(plan, (size_t)second + 1)->time_offset.text, 0);
	plan_free(&plan);
}

static void test_compile_brings_up_only_a_loopback_of_its_own(void **state)
{
	struct plan *plan = fixture_plan(
		"", FIXTURE_ARGS, "'namespaces': [{'type': 'network', 'path': '/run/netns/x'}]");

	(void)state;
	assert_int_equal(fixture_find(plan, STEP_LOOPBACK, 0), -1);
	assert_int_equal(plan->fds[0].ns_flag, CLONE_NEWNET);
	assert_false(plan->forks);
	plan_free(&plan);
}

/* --- the process --- */

static void test_compile_without_capabilities_keeps_none(void **state)
{
	struct plan *plan = fixture_plan("", FIXTURE_ARGS, FIXTURE_MOUNT);

	(void)state;
	assert_int_equal(fixture_step(plan, STEP_BOUNDING)->bounding.keep, 0);
	assert_int_equal(fixture_step(plan, STEP_CAPS)->caps.permitted, 0);
	plan_free(&plan);
}

/* The spec clamps too; the compiler does not rely on it. */
static void test_compile_leaves_out_capabilities_that_the_kernel_refuses(void **state)
{
	const char *args[] = {"x", NULL};
	struct spec spec = {.root_path = "r"};
	struct plan_input in = {.spec = &spec, .id = "box"};
	const struct plan_step *caps;
	struct plan *plan;

	(void)state;
	spec.process = (struct spec_process){.present = true,
					     .args = {args, 1},
					     .caps_present = true,
					     .caps = {[SPEC_CAP_EFFECTIVE] = 7,
						      [SPEC_CAP_PERMITTED] = 3,
						      [SPEC_CAP_INHERITABLE] = 6,
						      [SPEC_CAP_AMBIENT] = 15}};
	plan = fixture_compile(&in);
	caps = fixture_step(plan, STEP_CAPS);
	assert_int_equal(caps->caps.effective, 3);
	assert_int_equal(caps->caps.permitted, 3);
	assert_int_equal(caps->caps.inheritable, 6);
	assert_int_equal(caps->caps.ambient, 2);
	plan_free(&plan);
}

/* The strings of an array, joined by blanks. */
static const char *joined(const struct plan *plan, uint32_t offset)
{
	static char out[512];

	out[0] = '\0';
	for (const uint32_t *at = fixture_array(plan, offset); *at; at++) {
		size_t used = strlen(out);

		(void)snprintf(out + used, sizeof(out) - used, "%s%s", used ? " " : "",
			       plan_str(plan, *at));
	}
	return out;
}

static void test_compile_looks_for_the_program_where_path_says(void **state)
{
	static const struct {
		const char *process, *candidates;
	} cases[] = {
		{"'args': ['sh'], 'env': ['PATH=/a:/b/c']", "/a/sh /b/c/sh"},
		{"'args': ['sh'], 'env': ['PATH=:/a:']", "./sh /a/sh ./sh"},
		{"'args': ['sh'], 'env': ['PATH=/old', 'PATH=/new']", "/new/sh"},
		{"'args': ['sh'], 'env': ['PATHS=/a']", ""},
		{"'args': ['./sh'], 'env': ['PATH=/a']", "./sh"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan *plan = fixture_plan("", cases[i].process, FIXTURE_MOUNT);

		assert_non_null(plan);
		assert_string_equal(joined(plan, fixture_step(plan, STEP_FIND)->find.candidates),
				    cases[i].candidates);
		plan_free(&plan);
	}
}

static void test_compile_says_which_descriptors_are_passed_on(void **state)
{
	struct spec *spec =
		fixture_spec("", FIXTURE_ARGS ", 'env': ['A=1', 'LISTEN_PID=7', 'LISTEN_PIDS=8']",
			     FIXTURE_MOUNT);
	struct plan_input in = {.spec = spec, .id = "box", .listen_fds = 2, .preserve_fds = 2};
	struct plan *plan = fixture_compile(&in);

	(void)state;
	assert_string_equal(joined(plan, fixture_step(plan, STEP_EXEC)->exec.envp),
			    "A=1 LISTEN_PIDS=8 LISTEN_FDS=2 LISTEN_PID=1");
	assert_int_equal(fixture_step(plan, STEP_CLOSE)->close.keep, 2);
	plan_free(&plan);
	spec_free(&spec);
}

static void test_compile_sets_home_only_where_it_is_missing(void **state)
{
	struct plan *plan = fixture_plan("", FIXTURE_ARGS ", 'env': ['HOME=/x']", FIXTURE_MOUNT);

	(void)state;
	assert_int_equal(fixture_find(plan, STEP_HOME, 0), -1);
	plan_free(&plan);
	plan = fixture_plan("", FIXTURE_ARGS ", 'env': ['HOMES=/x']", FIXTURE_MOUNT);
	assert_true(fixture_find(plan, STEP_HOME, 0) > 0);
	plan_free(&plan);
	plan = fixture_plan("", FIXTURE_ARGS ", 'env': ['HOME=']", FIXTURE_MOUNT);
	assert_true(fixture_find(plan, STEP_HOME, 0) > 0);
	plan_free(&plan);
}

static void test_compile_listens_for_create_and_not_for_run(void **state)
{
	struct spec *spec = fixture_spec("", FIXTURE_ARGS, FIXTURE_MOUNT);
	struct plan_input in = {.spec = spec, .id = "box", .mode = PLAN_RUN};
	struct plan *plan = fixture_compile(&in);

	(void)state;
	assert_int_equal(fixture_step(plan, STEP_WAIT)->wait.listen_slot, PLAN_NO_SLOT);
	plan_free(&plan);
	in.mode = PLAN_CREATE;
	plan = fixture_compile(&in);
	assert_int_equal(plan->fds[fixture_step(plan, STEP_WAIT)->wait.listen_slot].kind,
			 PLAN_FD_LISTENER);
	plan_free(&plan);
	spec_free(&spec);
}

static void test_compile_gives_hooks_their_state_and_environment(void **state)
{
	struct spec *spec =
		fixture_spec("'hooks': {'createContainer': [{'path': '/c', 'timeout': 2}],"
			     " 'startContainer': [{'path': '/s'}, {'path': '/t', 'env': ['X=1']}]}",
			     FIXTURE_ARGS ", 'env': ['P=1']", FIXTURE_MOUNT);
	struct plan_input in = {.spec = spec,
				.id = "box",
				.state_head = {"creating", "created"},
				.state_tail = "tail"};
	struct plan *plan = fixture_compile(&in);
	long create = fixture_find(plan, STEP_HOOK, 0);
	long start = fixture_find(plan, STEP_HOOK, (size_t)create + 1);
	const struct plan_step *c = plan_step(plan, (size_t)create);
	const struct plan_step *s = plan_step(plan, (size_t)start);

	(void)state;
	assert_string_equal(plan_str(plan, c->hook.state_head), "creating");
	assert_string_equal(plan_str(plan, s->hook.state_head), "created");
	assert_string_equal(plan_str(plan, s->hook.state_tail), "tail");
	assert_int_equal(c->hook.timeout_ms, 2000);
	assert_int_equal(plan->fds[c->hook.exec_slot].kind, PLAN_FD_PROGRAM);
	assert_int_equal(plan->fds[c->hook.cwd_slot].kind, PLAN_FD_DIRECTORY);
	assert_string_equal(joined(plan, c->hook.envp), "");
	assert_string_equal(joined(plan, c->hook.argv), "/c");
	assert_int_equal(s->hook.exec_slot, PLAN_NO_SLOT);
	assert_string_equal(joined(plan, s->hook.envp), "P=1");
	assert_string_equal(joined(plan, s[1].hook.envp), "X=1");
	plan_free(&plan);
	spec_free(&spec);
}

/* --- what the host does to a plan --- */

static void test_plan_takes_descriptors_and_file_targets(void **state)
{
	struct plan *plan = fixture_plan(BIND("/etc/x", "/x"), FIXTURE_ARGS, FIXTURE_MOUNT);
	const struct plan_step *attach = fixture_step(plan, STEP_ATTACH);
	const struct plan_fd *fd = &plan->fds[attach->attach.slot];

	(void)state;
	assert_int_equal(attach->attach.target_kind, PLAN_TARGET_DIR);
	assert_ptr_equal(plan_step(plan, fd->step), attach);
	plan_set_target_file(plan, fd->step);
	assert_int_equal(attach->attach.target_kind, PLAN_TARGET_FILE);
	plan_set_slot(plan, attach->attach.slot, 42);
	assert_int_equal(fixture_array(plan, plan_header(plan)->slots)[attach->attach.slot], 42);
	plan_free(&plan);
}

static void test_compile_mounts_kernel_file_systems_exactly_where_they_belong(void **state)
{
	struct plan *plan = fixture_plan(
		"'mounts': [{'destination': '/proc', 'type': 'proc', 'source': 'proc'},"
		" {'destination': '/t', 'type': 'tmpfs', 'source': 'x'}]",
		FIXTURE_ARGS, FIXTURE_MOUNT);
	const struct plan_step *proc = fixture_step(plan, STEP_MOUNT);

	(void)state;
	assert_int_equal(proc->mount.target_kind, PLAN_TARGET_EXACT);
	assert_int_equal(proc[1].mount.target_kind, PLAN_TARGET_DIR);
	assert_int_equal(proc->mount.data, 0);
	plan_free(&plan);
}

static bool late_is_refused(enum plan_mode mode, const char *mounts, const char *linux_,
			    const char *words)
{
	struct spec *spec = fixture_spec(mounts, FIXTURE_ARGS, linux_);
	struct plan_input in = {.spec = spec, .id = "box", .mode = mode};
	struct plan *plan = fixture_compile(&in);
	bool refused = !plan && strstr(fixture_error, words);

	plan_free(&plan);
	spec_free(&spec);
	return refused;
}

static void test_late_mounts_that_cannot_be_are_refused(void **state)
{
	static const char tmpfs[] = "'mounts': [{'destination': '/t', 'type': 'tmpfs'}]";

	(void)state;
	assert_true(late_is_refused(PLAN_MOUNT, "", "", "no mount namespace of its own"));
	assert_true(late_is_refused(PLAN_UNMOUNT, "", "", "no mount namespace of its own"));
	assert_false(late_is_refused(PLAN_MOUNT, tmpfs, FIXTURE_MOUNT, ""));
	assert_true(late_is_refused(PLAN_MOUNT, "'mounts': [{'destination': '/p', 'type': 'proc'}]",
				    FIXTURE_MOUNT, "mounts[0].type: a procfs is mounted only"));
	assert_true(late_is_refused(PLAN_UNMOUNT,
				    "'mounts': [{'destination': '/t', 'type': 'tmpfs'},"
				    " {'destination': '/proc/x/../kcore', 'type': 'tmpfs'}]",
				    FIXTURE_MOUNT,
				    "mounts[1].destination: what covers /proc/kcore"));
}

/* --- exec --- */

static struct plan *exec_plan(const char *top, const char *process, const char *linux_,
			      bool own_user_ns)
{
	struct spec *spec = fixture_spec(top, process, linux_);
	struct plan_input in = {
		.spec = spec, .id = "box", .mode = PLAN_EXEC, .own_user_ns = own_user_ns};
	struct plan *plan = fixture_compile(&in);

	spec_free(&spec);
	assert_non_null(plan);
	return plan;
}

static void test_exec_lets_go_of_the_host_before_it_enters_the_pid_namespace(void **state)
{
	static const enum plan_step_kind order[] = {
		STEP_SETNS, STEP_SHED, STEP_FORK, STEP_SESSION, STEP_KEYRING, STEP_CONSOLE,
		STEP_CWD,   STEP_USER, STEP_CAPS, STEP_WAIT,    STEP_CLOSE,   STEP_EXEC};
	struct plan *plan = exec_plan("", FIXTURE_ARGS ", 'terminal': true",
				      "'namespaces': [{'type': 'mount'}, {'type': 'pid'}, "
				      "{'type': 'network', 'path': '/x'}]",
				      false);
	const struct plan_step *setns = fixture_step(plan, STEP_SETNS);

	(void)state;
	in_order(plan, order, sizeof(order) / sizeof(order[0]));
	assert_int_equal(setns->setns.ns_flag, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET);
	assert_int_equal(plan->fds[setns->setns.slot].kind, PLAN_FD_PROCESS);
	assert_int_equal(plan->clone_flags, 0);
	assert_true(plan->forks);
	assert_int_equal(fixture_step(plan, STEP_CONSOLE)->console.on_dev_console, 0);
	assert_int_equal(fixture_step(plan, STEP_CWD)->flags, PLAN_EXISTING);
	assert_int_equal(fixture_find(plan, STEP_PIVOT, 0), -1);
	assert_int_equal(fixture_find(plan, STEP_CHROOT, 0), -1);
	plan_free(&plan);
}

static void test_exec_makes_nothing_anew_and_runs_no_hooks(void **state)
{
	struct plan *plan = exec_plan("'mounts': [{'destination': '/proc', 'type': 'proc'}], "
				      "'hooks': {'startContainer': [{'path': '/h'}]}, "
				      "'hostname': 'h'",
				      FIXTURE_ARGS,
				      "'namespaces': [{'type': 'mount'}, {'type': 'uts'}], "
				      "'maskedPaths': ['/proc/kcore']",
				      false);

	(void)state;
	assert_int_equal(fixture_find(plan, STEP_MOUNT, 0), -1);
	assert_int_equal(fixture_find(plan, STEP_MASK, 0), -1);
	assert_int_equal(fixture_find(plan, STEP_HOSTNAME, 0), -1);
	assert_int_equal(fixture_find(plan, STEP_HOOK, 0), -1);
	assert_int_equal(fixture_find(plan, STEP_FORK, 0), -1);
	assert_false(plan->forks);
	plan_free(&plan);
}

static void test_exec_is_root_of_the_user_namespace_or_the_first_id_of_its_map(void **state)
{
	struct spec *spec = fixture_spec("", FIXTURE_ARGS, FIXTURE_MOUNT);
	struct plan_input in = {.spec = spec, .id = "box", .mode = PLAN_EXEC};
	struct plan *plan;

	(void)state;
	spec->ns[SPEC_NS_USER].present = true;
	spec->uid_map.v = (struct spec_id_map[]){{7, 1000, 1}};
	spec->uid_map.n = 1;
	plan = fixture_compile(&in);
	assert_int_equal(fixture_step(plan, STEP_SETNS)->setns.ns_flag,
			 CLONE_NEWNS | CLONE_NEWUSER);
	assert_int_equal(fixture_step(plan, STEP_ROOT_USER)->root_user.uid, 7);
	assert_int_equal(fixture_step(plan, STEP_ROOT_USER)->root_user.gid, 0);
	plan_free(&plan);
	in.own_user_ns = true;
	plan = fixture_compile(&in);
	assert_int_equal(fixture_step(plan, STEP_SETNS)->setns.ns_flag, CLONE_NEWNS);
	assert_int_equal(fixture_find(plan, STEP_ROOT_USER, 0), -1);
	plan_free(&plan);
	spec_free(&spec);
}

static void test_exec_enters_the_root_where_there_is_no_mount_namespace(void **state)
{
	struct plan *plan = exec_plan("", FIXTURE_ARGS, "'namespaces': [{'type': 'uts'}]", false);
	static const enum plan_step_kind order[] = {STEP_SETNS, STEP_CHROOT, STEP_SHED, STEP_CWD};

	(void)state;
	in_order(plan, order, sizeof(order) / sizeof(order[0]));
	assert_int_equal(plan->fds[fixture_step(plan, STEP_CHROOT)->attach_root.slot].kind,
			 PLAN_FD_ROOT);
	plan_free(&plan);
}

static void test_compile_gives_the_container_a_socket_to_notify_by(void **state)
{
	struct spec *spec = fixture_spec("", FIXTURE_ARGS ", 'env': ['NOTIFY_SOCKET=/host', 'A=b']",
					 FIXTURE_MOUNT);
	struct plan_input in = {.spec = spec, .id = "box", .notify_dir = "/run/t/box/notify"};
	struct plan *plan = fixture_compile(&in);
	const struct plan_step *attach = fixture_step(plan, STEP_ATTACH);

	(void)state;
	assert_string_equal(plan_str(plan, attach->attach.target), "/run/notify");
	assert_string_equal(plan->fds[attach->attach.slot].path, "/run/t/box/notify");
	assert_int_equal(plan->fds[attach->attach.slot].attr_set,
			 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				 MOUNT_ATTR_NOEXEC);
	assert_string_equal(joined(plan, fixture_step(plan, STEP_EXEC)->exec.envp),
			    "A=b NOTIFY_SOCKET=/run/notify/notify.sock");
	plan_free(&plan);
	spec_free(&spec);
}

/* The slot that is bound on @target, or NULL. */
static const struct plan_fd *bound_on(const struct plan *plan, const char *target)
{
	for (size_t i = 0; i < plan->n_fds; i++)
		if (plan->fds[i].kind == PLAN_FD_BIND && plan->fds[i].target &&
		    strcmp(plan->fds[i].target, target) == 0)
			return &plan->fds[i];
	return NULL;
}

static void test_compile_binds_names_read_only_where_nothing_else_is_mounted(void **state)
{
	struct spec *spec = fixture_spec("'mounts': [{'destination': '/etc/hosts', 'type': 'bind', "
					 "'source': '/my/hosts', 'options': ['bind']}]",
					 FIXTURE_ARGS, FIXTURE_MOUNT);
	struct plan_input in = {.spec = spec,
				.id = "box",
				.bundle = "/b",
				.mode = PLAN_CREATE,
				.names_dir = "/run/tinyrun/box"};
	auto_plan struct plan *plan = fixture_compile(&in);
	const struct plan_fd *fd;

	(void)state;
	assert_non_null(plan);
	fd = bound_on(plan, "/etc/resolv.conf");
	assert_non_null(fd);
	assert_string_equal(fd->path, "/run/tinyrun/box/resolv.conf");
	assert_true(fd->attr_set & MOUNT_ATTR_RDONLY);
	assert_non_null(bound_on(plan, "/etc/hostname"));
	fd = bound_on(plan, "/etc/hosts");
	assert_non_null(fd);
	assert_string_equal(fd->path, "/my/hosts");
	spec_free(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compile_gives_the_container_a_socket_to_notify_by),
		cmocka_unit_test(test_compile_refuses_mounts_that_fake_proc),
		cmocka_unit_test(test_compile_binds_the_hosts_procfs_and_known_files_of_it),
		cmocka_unit_test(test_compile_refuses_what_would_change_the_hosts_mounts),
		cmocka_unit_test(test_compile_refuses_a_spec_without_process_or_program),
		cmocka_unit_test(test_compile_refuses_an_uncompiled_filter),
		cmocka_unit_test(test_compile_loads_the_filter_last_only_with_no_new_privs),
		cmocka_unit_test(test_compile_ends_with_exec_and_protects_before_it_enters),
		cmocka_unit_test(test_compile_gives_a_tmpfs_without_a_mode_that_of_its_mount_point),
		cmocka_unit_test(test_compile_makes_cgroup_and_time_namespaces_in_init),
		cmocka_unit_test(test_compile_brings_up_only_a_loopback_of_its_own),
		cmocka_unit_test(test_compile_without_capabilities_keeps_none),
		cmocka_unit_test(test_compile_leaves_out_capabilities_that_the_kernel_refuses),
		cmocka_unit_test(test_compile_looks_for_the_program_where_path_says),
		cmocka_unit_test(test_compile_says_which_descriptors_are_passed_on),
		cmocka_unit_test(test_compile_sets_home_only_where_it_is_missing),
		cmocka_unit_test(test_compile_listens_for_create_and_not_for_run),
		cmocka_unit_test(test_compile_gives_hooks_their_state_and_environment),
		cmocka_unit_test(test_plan_takes_descriptors_and_file_targets),
		cmocka_unit_test(test_compile_mounts_kernel_file_systems_exactly_where_they_belong),
		cmocka_unit_test(test_compile_binds_names_read_only_where_nothing_else_is_mounted),
		cmocka_unit_test(test_late_mounts_that_cannot_be_are_refused),
		cmocka_unit_test(test_exec_lets_go_of_the_host_before_it_enters_the_pid_namespace),
		cmocka_unit_test(test_exec_makes_nothing_anew_and_runs_no_hooks),
		cmocka_unit_test(
			test_exec_is_root_of_the_user_namespace_or_the_first_id_of_its_map),
		cmocka_unit_test(test_exec_enters_the_root_where_there_is_no_mount_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
