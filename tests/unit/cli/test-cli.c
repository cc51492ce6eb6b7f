/* SPDX-License-Identifier: Apache-2.0 */
/* test-cli - the program as it is called, with a container/ that only writes down what was asked.
 */
#include "cli/cli.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "stub-container.h"

#define assert_contains(text, part)                                          \
	do {                                                                 \
		if (!strstr((text), (part)))                                 \
			fail_msg("\"%s\" is not in \"%s\"", (part), (text)); \
	} while (0)

static int set_up(void **state)
{
	(void)state;
	memset(&stub, 0, sizeof(stub));
	return 0;
}

static void assert_quiet_success(const struct captured *c)
{
	assert_string_equal(c->err, "");
	assert_int_equal(c->status, 0);
}

static void assert_quiet(const struct captured *c, const char *out)
{
	assert_quiet_success(c);
	assert_string_equal(c->out, out);
}

/* One line on standard error, exit 1, nothing on standard output. */
static void assert_one_error(const struct captured *c, const char *line)
{
	assert_string_equal(c->out, "");
	assert_string_equal(c->err, line);
	assert_int_equal(c->status, 1);
}

static void test_create_passes_its_options_on(void **state)
{
	(void)state;
	assert_quiet_success(CAPTURE("create", "--bundle", "/b", "--pid-file=p", "--no-pivot",
				     "--no-new-keyring", "--console-socket", "c", "--pidfd-socket",
				     "s", "--preserve-fds", "2", "-f", "other.json",
				     "-no-subreaper", "web1"));
	assert_string_equal(stub.called, "create");
	assert_string_equal(stub.id, "web1");
	assert_string_equal(stub.options.bundle, "/b");
	assert_string_equal(stub.options.pid_file, "p");
	assert_string_equal(stub.options.console_socket, "c");
	assert_string_equal(stub.options.pidfd_socket, "s");
	assert_string_equal(stub.options.config, "other.json");
	assert_int_equal(stub.options.preserve_fds, 2);
	assert_true(stub.options.no_pivot && stub.options.no_new_keyring);
	assert_int_equal(stub.how, RUNTIME_ROOT_MAKE);
}

static void test_run_exits_with_the_status_of_the_process(void **state)
{
	(void)state;
	const struct captured *c;

	stub.status = 137;
	c = CAPTURE("run", "-d", "--keep", "--no-subreaper", "--trace=t.json", "web1");
	assert_int_equal(c->status, 137);
	assert_string_equal(c->err, "");
	assert_true(stub.options.detach && stub.options.keep && stub.options.no_subreaper);
	assert_true(stub.options.trace);
	assert_string_equal(stub.options.trace_file, "t.json");
	c = CAPTURE("run", "--trace", "web1");
	assert_true(stub.options.trace);
	assert_null(stub.options.trace_file);
}

static void test_run_exits_1_when_it_fails(void **state)
{
	(void)state;
	stub.status = 137;
	stub.fail = ENOENT;
	assert_one_error(CAPTURE("run", "web1"),
			 "tinyrun: run web1: run: No such file or directory\n");
}

static void test_kill_reads_every_order_of_its_arguments(void **state)
{
	(void)state;
	assert_quiet_success(CAPTURE("kill", "--all", "web1", "9"));
	assert_string_equal(stub.id, "web1");
	assert_int_equal(stub.sig, 9);
	assert_true(stub.flag);
	assert_quiet_success(CAPTURE("kill", "web1", "9"));
	assert_int_equal(stub.sig, 9);
	assert_false(stub.flag);
	assert_quiet_success(CAPTURE("kill", "-a", "web1", "15"));
	assert_int_equal(stub.sig, 15);
	assert_true(stub.flag);
	assert_quiet_success(CAPTURE("kill", "-a", "web1"));
	assert_int_equal(stub.sig, SIGTERM);
	assert_quiet_success(CAPTURE("kill", "web1"));
	assert_int_equal(stub.sig, SIGTERM);
	assert_int_equal(stub.how, RUNTIME_ROOT_LOOK);
}

static void test_ps_prints_one_column_or_an_array_of_numbers(void **state)
{
	(void)state;
	stub.entries = 3;
	assert_quiet(CAPTURE("ps", "web1"), "PID\n17\n18\n19\n");
	assert_string_equal(stub.id, "web1");
	assert_quiet(CAPTURE("ps", "--format", "json", "web1"), "[17,18,19]\n");
	assert_quiet(CAPTURE("ps", "-f", "table", "web1", "-ef", "--sort"), "PID\n17\n18\n19\n");
	stub.entries = 0;
	assert_quiet(CAPTURE("ps", "-f=json", "web1"), "[]\n");
	assert_one_error(CAPTURE("ps"), "tinyrun: ps: too few arguments; "
					"usage: tinyrun ps [options] ID [IGNORED...]\n");
}

static void test_exec_gives_the_program_what_stands_behind_the_id(void **state)
{
	(void)state;
	stub.status = 7;
	assert_int_equal(CAPTURE("exec", "-d", "--pid-file=p", "-u", "1:2", "-g", "3", "-g", "4",
				 "-e", "A=1", "--env=B=2", "-c", "kill", "--cwd", "/d", "-t",
				 "--no-new-privs", "--cgroup", "part", "--ignore-paused",
				 "--preserve-fds", "1", "web1", "--", "ls", "-l", "--", "-d")
				 ->status,
			 7);
	assert_string_equal(stub.called, "exec");
	assert_string_equal(stub.id, "web1");
	assert_string_equal(stub.words, "ls|-l|--|-d|A=1|B=2|kill|3|4|");
	assert_string_equal(stub.exec.user, "1:2");
	assert_string_equal(stub.exec.cwd, "/d");
	assert_string_equal(stub.exec.cgroup, "part");
	assert_true(stub.exec.tty && stub.exec.no_new_privs && stub.exec.ignore_paused);
	assert_true(stub.exec.common.detach);
	assert_string_equal(stub.exec.common.pid_file, "p");
	assert_int_equal(stub.exec.common.preserve_fds, 1);
	assert_null(stub.exec.process);
}

static void test_exec_takes_a_process_json_in_place_of_a_command(void **state)
{
	(void)state;
	assert_quiet_success(CAPTURE("exec", "--process", "/p.json", "--detach", "web1"));
	assert_string_equal(stub.exec.process, "/p.json");
	assert_string_equal(stub.words, "");
	stub.called = NULL;
	assert_int_equal(CAPTURE("exec", "-p", "/p.json", "web1", "ls")->status, 255);
	assert_int_equal(CAPTURE("exec", "web1")->status, 255);
	assert_int_equal(CAPTURE("exec", "web1", "--")->status, 255);
	assert_int_equal(CAPTURE("exec", "--nonsense", "web1", "ls")->status, 255);
	assert_null(stub.called);
}

static void test_exec_fails_with_255(void **state)
{
	(void)state;
	const struct captured *c;

	stub.fail = ESRCH;
	c = CAPTURE("exec", "web1", "ls");
	assert_int_equal(c->status, 255);
	assert_string_equal(c->err, "tinyrun: exec web1: exec: No such process\n");
}

static void test_update_reads_sizes_with_units(void **state)
{
	(void)state;
	const struct {
		const char *text;
		int64_t bytes;
	} sizes[] = {{"1048576", 1048576}, {"512m", 512 << 20}, {"2k", 2048}, {"3KiB", 3072},
		     {"1Gb", 1 << 30},     {"-1", -1},          {"7b", 7}};
	const char *const wrong[] = {"-2", "1x", "m", "1.5g", "1mm", "99999999999t", " 1", "+1"};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_quiet_success(CAPTURE("update", "--memory", sizes[i].text, "web1"));
		assert_true(stub.limits.memory_limit.set);
		assert_true(stub.limits.memory_limit.value == sizes[i].bytes);
		assert_false(stub.limits.memory_swap.set);
	}
	stub.called = NULL;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(CAPTURE("update", "--memory", wrong[i], "web1")->status, 1);
	assert_null(stub.called);
}

static void test_update_reads_every_limit(void **state)
{
	(void)state;
	const struct limits *l = &stub.limits;

	assert_quiet_success(CAPTURE("update", "web1", "--memory-reservation=1m", "--memory-swap",
				     "-1", "--cpu-share", "512", "--cpu-quota", "-1",
				     "--cpu-period", "50000", "--cpu-burst", "10", "--cpu-idle",
				     "0", "--cpuset-cpus", "0-1", "--cpuset-mems=0", "--pids-limit",
				     "-1", "--kernel-memory", "5", "--blkio-weight", "0"));
	assert_string_equal(stub.id, "web1");
	assert_true(l->memory_reservation.value == 1 << 20 && l->memory_swap.value == -1);
	assert_true(l->cpu_shares.value == 512 && l->cpu_quota.value == -1);
	assert_true(l->cpu_period.value == 50000 && l->cpu_burst.value == 10);
	assert_true(l->cpu_idle.set && l->cpu_idle.value == 0);
	assert_string_equal(l->cpuset_cpus, "0-1");
	assert_string_equal(l->cpuset_mems, "0");
	assert_true(l->pids_limit.set && l->pids_limit.value == -1);
	assert_false(l->memory_limit.set);
	assert_quiet_success(CAPTURE("update", "web1", "--cpu-quota", "0", "--cpuset-cpus="));
	assert_false(l->cpu_quota.set || l->cpu_idle.set || l->cpuset_cpus);
	assert_quiet_success(CAPTURE("update", "web1", "--blkio-weight", "10"));
	assert_true(l->io_weight.set && l->io_weight.value == 10);
	assert_one_error(CAPTURE("update", "web1", "--blkio-weight", "9"),
			 "tinyrun: update web1: --blkio-weight: found \"9\", want a number from 10 "
			 "to 1000\n");
	assert_quiet_success(CAPTURE("update", "web1", "--l3-cache-schema", "L3:0=ff",
				     "--mem-bw-schema=MB:0=50"));
	assert_string_equal(stub.words, "L3:0=ff|MB:0=50|");
	assert_quiet_success(CAPTURE("update", "web1", "--l3-cache-schema="));
	assert_string_equal(stub.words, "||");
	assert_one_error(CAPTURE("update", "web1", "--mem-bw-schema", "L3:0=f"),
			 "tinyrun: update web1: --mem-bw-schema: found \"L3:0=f\", want one line "
			 "of schemata, as MB:0=...\n");
	assert_one_error(CAPTURE("update", "web1", "--cpu-rt-runtime", "5"),
			 "tinyrun: update web1: --cpu-rt-runtime: cgroup v2 gives realtime "
			 "processes no share of their own: leave it out, or use --cpu-quota\n");
}

static void test_events_reads_durations_as_go_writes_them(void **state)
{
	(void)state;
	const struct {
		const char *text;
		int ms;
	} durations[] = {{"5s", 5000},    {"100ms", 100}, {"1m30s", 90000}, {"1.5s", 1500},
			 {"2h", 7200000}, {"10us", 1},    {"3000000ns", 3}};
	const char *const wrong[] = {"", "5", "0s", "-1s", "s", "1x", "1s ", "1.2.3s", "100000h"};

	assert_quiet(CAPTURE("events", "web1"), "{}\n");
	assert_int_equal(stub.interval, 5000);
	assert_quiet(CAPTURE("events", "--stats", "web1"), "{}\n");
	assert_int_equal(stub.interval, 0);
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		assert_quiet(CAPTURE("events", "--interval", durations[i].text, "web1"), "{}\n");
		assert_int_equal(stub.interval, durations[i].ms);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(CAPTURE("events", "--interval", wrong[i], "web1")->status, 1);
}

static void test_pause_and_resume_take_an_id(void **state)
{
	(void)state;
	assert_quiet_success(CAPTURE("pause", "web1"));
	assert_string_equal(stub.called, "pause");
	assert_string_equal(stub.id, "web1");
	assert_quiet_success(CAPTURE("resume", "web2"));
	assert_string_equal(stub.called, "resume");
	assert_string_equal(stub.id, "web2");
}

static void test_kill_reads_every_spelling_of_a_signal(void **state)
{
	(void)state;
	const char *const spellings[] = {"9", "KILL", "SIGKILL", "kill", "SigKill"};

	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		assert_quiet_success(CAPTURE("kill", "web1", spellings[i]));
		assert_int_equal(stub.sig, SIGKILL);
	}
}

static void test_kill_refuses_what_is_no_signal(void **state)
{
	(void)state;
	const char *const wrong[] = {"SIGNONE", "-9", "4294967305", "9x", "", "--all"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct captured *c = CAPTURE("kill", "web1", wrong[i]);

		assert_int_equal(c->status, 1);
		assert_contains(c->err, "tinyrun: kill web1: unknown signal");
	}
	assert_null(stub.called);
}

static void test_delete_passes_force_on(void **state)
{
	(void)state;
	assert_quiet_success(CAPTURE("delete", "web1"));
	assert_false(stub.flag);
	assert_quiet_success(CAPTURE("delete", "--force", "web1"));
	assert_true(stub.flag);
	assert_quiet_success(CAPTURE("delete", "web1", "-f"));
	assert_true(stub.flag);
}

static void test_mounts_adds_and_removes(void **state)
{
	(void)state;
	assert_quiet_success(CAPTURE("mounts", "add", "web1", "/f"));
	assert_true(stub.flag);
	assert_string_equal(stub.id, "web1");
	assert_string_equal(stub.words, "/f");
	assert_quiet_success(CAPTURE("mounts", "remove", "web1", "/f"));
	assert_false(stub.flag);
	assert_one_error(CAPTURE("mounts", "move", "web1", "/f"),
			 "tinyrun: mounts: found \"move\", want add or remove\n");
	assert_one_error(CAPTURE("mounts", "add", "web1"),
			 "tinyrun: mounts: too few arguments; usage: tinyrun mounts add|remove ID "
			 "FILE\n");
}

static void test_checkpoint_reads_what_engines_send(void **state)
{
	(void)state;
	const struct container_checkpoint *c = &stub.checkpoint;

	assert_quiet_success(CAPTURE("checkpoint", "web1"));
	assert_string_equal(c->image.path, "checkpoint");
	assert_true(c->status_fd == -1 && !c->leave_running && !c->image.empty_network);
	assert_int_equal(c->image.cgroups_mode, CONTAINER_CGROUPS_SOFT);
	assert_quiet_success(CAPTURE(
		"checkpoint", "--image-path", "/i", "--work-path=/w", "--parent-path", "../p",
		"--tcp-established", "--ext-unix-sk", "--shell-job", "--file-locks", "--empty-ns",
		"network", "--leave-running", "--pre-dump", "--lazy-pages", "--status-fd", "7",
		"--manage-cgroups-mode", "ignore", "--page-server", "h:1", "--auto-dedup",
		"--network-lock", "nftables", "--link-remap", "--tcp-skip-in-flight", "web1"));
	assert_string_equal(stub.id, "web1");
	assert_string_equal(c->image.path, "/i");
	assert_string_equal(c->image.work_path, "/w");
	assert_string_equal(c->parent_path, "../p");
	assert_string_equal(c->page_server, "h:1");
	assert_true(c->image.tcp_established && c->image.ext_unix_sk && c->image.shell_job &&
		    c->image.file_locks && c->image.empty_network && c->image.lazy_pages &&
		    c->image.auto_dedup);
	assert_true(c->leave_running && c->pre_dump && c->link_remap && c->tcp_skip_in_flight);
	assert_int_equal(c->status_fd, 7);
	assert_int_equal(c->image.cgroups_mode, CONTAINER_CGROUPS_IGNORE);
	assert_int_equal(c->image.network_lock, 2); /* as in CRIU's rpc.proto */
	assert_one_error(CAPTURE("checkpoint", "--empty-ns", "pid", "web1"),
			 "tinyrun: checkpoint web1: --empty-ns: found \"pid\", want network\n");
	assert_one_error(CAPTURE("checkpoint", "--status-fd", "x", "web1"),
			 "tinyrun: checkpoint web1: --status-fd: found \"x\", want a descriptor's "
			 "number\n");
}

static void test_restore_reads_what_engines_send(void **state)
{
	(void)state;
	const struct container_restore *o = &stub.restore;

	stub.status = 5;
	assert_int_equal(CAPTURE("restore", "--image-path", "/i", "--work-path", "/w", "--detach",
				 "--pid-file", "/p", "-no-subreaper", "--bundle", "/b", "web1")
				 ->status,
			 5);
	assert_string_equal(o->common.id, "web1");
	assert_string_equal(o->common.bundle, "/b");
	assert_string_equal(o->common.pid_file, "/p");
	assert_true(o->common.detach && o->common.no_subreaper);
	assert_string_equal(o->image.path, "/i");
	assert_string_equal(o->image.work_path, "/w");
	assert_int_equal(stub.how, RUNTIME_ROOT_MAKE);
	stub.status = 0;
	assert_quiet_success(CAPTURE("restore", "--lsm-profile=selinux:x", "--tcp-close",
				     "--lsm-mount-context", "c", "--no-pivot", "--keep",
				     "--console-socket", "/s", "web1"));
	assert_string_equal(o->lsm_profile, "selinux:x");
	assert_string_equal(o->lsm_mount_context, "c");
	assert_string_equal(o->common.console_socket, "/s");
	assert_true(o->tcp_close && o->common.keep);
	/* podman asks in this way whether it is known */
	assert_one_error(CAPTURE("restore", "--lsm-mount-context"),
			 "tinyrun: restore: flag needs an argument: --lsm-mount-context\n");
	assert_int_equal(CAPTURE("checkpoint", "--help")->status, 0);
	assert_int_equal(CAPTURE("restore", "--help")->status, 0);
}

static void test_regex_acts_on_what_it_fits(void **state)
{
	(void)state;
	assert_quiet_success(CAPTURE("delete", "-f", "--regex", "^we*b"));
	assert_string_equal(stub.id, "^we*b1");
	assert_true(stub.flag);
	assert_quiet_success(CAPTURE("kill", "-r", "web", "KILL"));
	assert_string_equal(stub.id, "web1");
	assert_int_equal(stub.sig, SIGKILL);
}

/* Every verb: a letter too many, and for one that has no options at all. */
static void test_every_verb_names_the_nearest_flag(void **state)
{
	(void)state;
	for (const struct verb *const *verb = cli_verbs; *verb; verb++) {
		const struct opt *row = (*verb)->opts;
		char flag[40], want[160];

		while (row->name[0] && !row->help[0])
			row++;
		(void)snprintf(flag, sizeof(flag), "--%sx", row->name[0] ? row->name : "help");
		(void)snprintf(want, sizeof(want),
			       "tinyrun: %s: unknown flag %s (did you mean --%.*s?)\n",
			       (*verb)->name, flag, (int)strlen(flag) - 3, flag + 2);
		assert_int_not_equal(CAPTURE((*verb)->name, flag, "web1")->status, 0);
		assert_string_equal(CAPTURE((*verb)->name, flag, "web1")->err, want);
	}
	assert_null(stub.called);
}

static void test_state_prints_json_alone(void **state)
{
	(void)state;
	const struct captured *c = CAPTURE("state", "web1");

	assert_quiet_success(c);
	assert_string_equal(c->out, "{\n  \"id\": \"web1\"\n}\n");
}

static void test_list_prints_a_table_in_columns(void **state)
{
	(void)state;
	const struct captured *c;
	const char *line;

	stub.entries = 2;
	c = CAPTURE("list");
	assert_quiet_success(c);
	line = strchr(c->out, '\n') + 1;
	assert_int_equal(strncmp(c->out, "ID          PID         STATUS ", 31), 0);
	assert_int_equal(strncmp(line, "a           17          running ", 32), 0);
	assert_ptr_equal(strstr(c->out, "CREATED") - c->out + line, strstr(line, "2026-05"));
	assert_null(strchr(c->out, '\033'));
}

static void test_list_prints_ids_and_json(void **state)
{
	(void)state;
	assert_string_equal(CAPTURE("list", "--format=json")->out, "[]\n");
	stub.entries = 2;
	assert_string_equal(CAPTURE("list", "-q")->out, "a\nb\n");
	assert_string_equal(CAPTURE("list", "-f", "json")->out,
			    "[{\"id\":\"a\"},{\"id\":\"b\"}]\n");
	assert_int_equal(CAPTURE("list", "-f", "xml")->status, 1);
}

static void test_list_a_missing_default_root_is_empty_and_a_named_one_an_error(void **state)
{
	(void)state;
	const struct captured *c;

	stub.no_root = true;
	stub.entries = 2;
	c = CAPTURE("list", "--format", "json");
	assert_quiet_success(c);
	assert_string_equal(c->out, "[]\n");
	assert_string_equal(CAPTURE("list", "-q")->out, "");
	assert_one_error(CAPTURE("--root", "/nowhere", "list"),
			 "tinyrun: list: state root /nowhere: No such file or directory\n");
}

static void test_plan_needs_no_id(void **state)
{
	(void)state;
	assert_quiet_success(CAPTURE("plan", "-b", "/b", "--no-pivot"));
	assert_int_equal(stub.how, RUNTIME_ROOT_NONE);
	assert_string_equal(stub.called, "plan");
	assert_null(stub.options.id);
	assert_true(stub.options.no_pivot);
	assert_int_equal(stub.format, CONTAINER_PLAN_TEXT);
	assert_quiet_success(CAPTURE("plan", "--format", "json", "web1"));
	assert_string_equal(stub.options.id, "web1");
	assert_int_equal(stub.format, CONTAINER_PLAN_JSON);
}

static void test_global_options_reach_the_runtime(void **state)
{
	(void)state;
	assert_quiet_success(CAPTURE("--root", "/r", "--systemd-cgroup", "--rootless=true",
				     "--criu", "/usr/bin/criu", "state", "x"));
	assert_string_equal(stub.root, "/r");
	assert_int_equal(stub.runtime.manager, CGROUP_SYSTEMD);
	assert_true(stub.runtime.rootless);
	assert_quiet_success(
		CAPTURE("--cgroup-manager", "disabled", "--rootless", "false", "state", "x"));
	assert_int_equal(stub.runtime.manager, CGROUP_DISABLED);
	assert_false(stub.runtime.rootless);
	assert_quiet_success(CAPTURE("--debug=false", "state", "x"));
	assert_string_equal(stub.root, "");
	assert_int_equal(stub.runtime.manager, CGROUP_CGROUPFS);
	assert_int_equal(stub.runtime.rootless, geteuid() != 0);
}

static void test_wrong_arguments_are_one_line_with_the_usage(void **state)
{
	(void)state;
	assert_one_error(CAPTURE("state"), "tinyrun: state: too few arguments; "
					   "usage: tinyrun state ID\n");
	assert_one_error(CAPTURE("kill"), "tinyrun: kill: too few arguments; "
					  "usage: tinyrun kill [options] ID [SIGNAL]\n");
	assert_one_error(CAPTURE("start", "a", "b"), "tinyrun: start a: too many arguments; "
						     "usage: tinyrun start ID\n");
	assert_one_error(CAPTURE("delete", "--forec", "a"),
			 "tinyrun: delete: unknown flag --forec (did you mean --force?)\n");
	assert_one_error(CAPTURE("--rot", "/r", "list"),
			 "tinyrun: unknown flag --rot (did you mean --root?)\n");
	assert_one_error(capture((const char *const[]){NULL}),
			 "tinyrun: no verb was given; usage: tinyrun [global options] VERB "
			 "[options] [arguments]\n");
	assert_null(stub.called);
}

static void test_an_unknown_verb_is_one_sentence(void **state)
{
	(void)state;
	assert_one_error(CAPTURE("craete", "x"),
			 "tinyrun: there is no verb \"craete\" (did you mean create?)\n");
	assert_one_error(CAPTURE("rm", "x"),
			 "tinyrun: there is no verb \"rm\" (did you mean delete?)\n");
	assert_one_error(CAPTURE("help", "xyzzyxyzzy"),
			 "tinyrun: help: there is no verb \"xyzzyxyzzy\"; "
			 "tinyrun --help lists them\n");
}

static void test_a_failure_is_one_json_line_in_the_log(void **state)
{
	(void)state;
	char path[] = "/tmp/tinyrun-test-log-XXXXXX", with[64], line[512] = "";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	stub.fail = EPERM;
	(void)snprintf(with, sizeof(with), "file:%s", path);
	assert_one_error(CAPTURE("--log", with, "--log-format=json", "start", "web1"),
			 "tinyrun: start web1: start: Operation not permitted\n");
	assert_true(read(fd, line, sizeof(line) - 1) > 0);
	assert_contains(line, "\"level\":\"error\"");
	assert_contains(line, "\"msg\":\"start web1: start: Operation not permitted\"");
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);

	/* a wrong global option behind --log as well */
	memset(line, 0, sizeof(line));
	assert_int_equal(CAPTURE("--log", path, "--log-format", "json", "--nonsense", "x")->status,
			 1);
	assert_true(read(fd, line, sizeof(line) - 1) > 0);
	assert_contains(line, "unknown flag --nonsense");
	(void)close(fd);
	(void)unlink(path);
}

static void test_a_log_that_cannot_be_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(CAPTURE("--log", "/nowhere/log", "state", "x")->status, 1);
	assert_one_error(CAPTURE("--log", "journald:", "state", "x"),
			 "tinyrun: --log: journald: takes a name of printable ASCII without blanks "
			 "behind it\n");
	assert_one_error(CAPTURE("--log", "syslog:a\nPRIORITY=0", "state", "x"),
			 "tinyrun: --log: syslog: takes a name of printable ASCII without blanks "
			 "behind it\n");
	assert_int_equal(CAPTURE("--log-format", "xml", "state", "x")->status, 1);
	assert_null(stub.called);
}

static void test_a_full_standard_output_is_an_error(void **state)
{
	(void)state;
	const char *const calls[][3] = {{"state", "x"}, {"list"},   {"plan"},          {"features"},
					{"--version"},  {"--help"}, {"kill", "--help"}};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const struct captured *c = capture_to("/dev/full", calls[i]);

		assert_int_equal(c->status, 1);
		assert_contains(c->err, "standard output: No space left on device\n");
	}
}

static void test_every_verb_has_help(void **state)
{
	(void)state;
	const char *all = CAPTURE("--help")->out;
	char general[sizeof(((struct captured *)NULL)->out)];

	(void)snprintf(general, sizeof(general), "%s", all);
	for (const struct verb *const *verb = cli_verbs; *verb; verb++) {
		const struct captured *c = CAPTURE((*verb)->name, "--help");
		char usage[64], text[sizeof(c->out)];

		assert_quiet_success(c);
		(void)snprintf(usage, sizeof(usage), "usage: tinyrun %s", (*verb)->name);
		assert_contains(c->out, usage);
		assert_contains(c->out, (*verb)->help);
		assert_contains(general, (*verb)->help);
		for (const struct opt *row = (*verb)->opts; row->name[0]; row++)
			assert_contains(c->out, row->name);
		(void)snprintf(text, sizeof(text), "%s", c->out);
		assert_string_equal(CAPTURE("help", (*verb)->name)->out, text);
	}
	assert_null(stub.called);
	assert_string_equal(CAPTURE("help")->out, general);
	assert_string_equal(CAPTURE("-h")->out, general);
}

static void test_option_texts_end_and_tables_fit(void **state)
{
	(void)state;
	for (const struct verb *const *verb = cli_verbs; *verb; verb++) {
		size_t n = 0;

		for (const struct opt *row = (*verb)->opts; row->name[0]; row++, n++) {
			assert_non_null(memchr(row->name, 0, sizeof(row->name)));
			assert_non_null(memchr(row->arg, 0, sizeof(row->arg)));
			assert_non_null(memchr(row->help, 0, sizeof(row->help)));
		}
		assert_true(n < OPT_ROWS_MAX);
	}
}

static void test_version_has_the_lines_that_clients_read(void **state)
{
	(void)state;
	const struct captured *c = CAPTURE("--version");
	char text[sizeof(c->out)];
	const char *word;

	assert_quiet_success(c);
	(void)snprintf(text, sizeof(text), "%s", c->out);
	assert_int_equal(strncmp(text, "tinyrun version ", 16), 0);
	assert_contains(text, "\ncommit: ");
	assert_contains(text, "\nspec: 1.3.0\n");
	assert_contains(text, "+SECCOMP");
	word = strstr(text, "version");
	assert_null(strstr(word + 1, "version"));
	assert_string_equal(CAPTURE("-v")->out, text);
	assert_string_equal(CAPTURE("-V")->out, text);
	assert_string_equal(CAPTURE("version")->out, text);
}

static void test_spec_writes_a_file_and_never_over_one(void **state)
{
	(void)state;
	char dir[] = "/tmp/tinyrun-test-spec-XXXXXX", path[64];
	struct stat st;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/config.json", dir);
	assert_quiet_success(CAPTURE("spec", "-b", dir));
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 1000);
	assert_one_error(CAPTURE("spec", "--bundle", dir),
			 "tinyrun: spec: File config.json exists. Remove it first\n");
	(void)unlink(path);
	assert_quiet_success(CAPTURE("spec", "--rootless", "-b", dir, "--file", "mine.json"));
	(void)snprintf(path, sizeof(path), "%s/mine.json", dir);
	assert_int_equal(unlink(path), 0);
	(void)rmdir(dir);
	assert_int_equal(CAPTURE("spec", "-b", dir)->status, 1);
}

static void test_control_bytes_do_not_reach_the_terminal(void **state)
{
	(void)state;
	const struct captured *c;

	stub.fail = EINVAL;
	c = CAPTURE("state", "a\033[1m\nb");
	assert_int_equal(c->status, 1);
	assert_null(strchr(c->err, '\033'));
	assert_ptr_equal(strchr(c->err, '\n'), c->err + strlen(c->err) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_create_passes_its_options_on, set_up),
		cmocka_unit_test_setup(test_run_exits_with_the_status_of_the_process, set_up),
		cmocka_unit_test_setup(test_run_exits_1_when_it_fails, set_up),
		cmocka_unit_test_setup(test_kill_reads_every_order_of_its_arguments, set_up),
		cmocka_unit_test_setup(test_ps_prints_one_column_or_an_array_of_numbers, set_up),
		cmocka_unit_test_setup(test_exec_gives_the_program_what_stands_behind_the_id,
				       set_up),
		cmocka_unit_test_setup(test_exec_takes_a_process_json_in_place_of_a_command,
				       set_up),
		cmocka_unit_test_setup(test_exec_fails_with_255, set_up),
		cmocka_unit_test_setup(test_update_reads_sizes_with_units, set_up),
		cmocka_unit_test_setup(test_update_reads_every_limit, set_up),
		cmocka_unit_test_setup(test_events_reads_durations_as_go_writes_them, set_up),
		cmocka_unit_test_setup(test_mounts_adds_and_removes, set_up),
		cmocka_unit_test_setup(test_checkpoint_reads_what_engines_send, set_up),
		cmocka_unit_test_setup(test_restore_reads_what_engines_send, set_up),
		cmocka_unit_test_setup(test_regex_acts_on_what_it_fits, set_up),
		cmocka_unit_test_setup(test_every_verb_names_the_nearest_flag, set_up),
		cmocka_unit_test_setup(test_pause_and_resume_take_an_id, set_up),
		cmocka_unit_test_setup(test_kill_reads_every_spelling_of_a_signal, set_up),
		cmocka_unit_test_setup(test_kill_refuses_what_is_no_signal, set_up),
		cmocka_unit_test_setup(test_delete_passes_force_on, set_up),
		cmocka_unit_test_setup(test_state_prints_json_alone, set_up),
		cmocka_unit_test_setup(test_list_prints_a_table_in_columns, set_up),
		cmocka_unit_test_setup(test_list_prints_ids_and_json, set_up),
		cmocka_unit_test_setup(
			test_list_a_missing_default_root_is_empty_and_a_named_one_an_error, set_up),
		cmocka_unit_test_setup(test_plan_needs_no_id, set_up),
		cmocka_unit_test_setup(test_global_options_reach_the_runtime, set_up),
		cmocka_unit_test_setup(test_wrong_arguments_are_one_line_with_the_usage, set_up),
		cmocka_unit_test_setup(test_an_unknown_verb_is_one_sentence, set_up),
		cmocka_unit_test_setup(test_a_failure_is_one_json_line_in_the_log, set_up),
		cmocka_unit_test_setup(test_a_log_that_cannot_be_is_an_error, set_up),
		cmocka_unit_test_setup(test_a_full_standard_output_is_an_error, set_up),
		cmocka_unit_test_setup(test_every_verb_has_help, set_up),
		cmocka_unit_test_setup(test_option_texts_end_and_tables_fit, set_up),
		cmocka_unit_test_setup(test_version_has_the_lines_that_clients_read, set_up),
		cmocka_unit_test_setup(test_spec_writes_a_file_and_never_over_one, set_up),
		cmocka_unit_test_setup(test_control_bytes_do_not_reach_the_terminal, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
