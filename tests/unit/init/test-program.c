/* SPDX-License-Identifier: Apache-2.0 */
/* test-program - the program at the end: how it is found, what it inherits, the hooks before it. */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char output[8192];

static const char *const no_env[] = {NULL};

/* --- finding and executing --- */

static void test_exec_ends_the_channel_and_passes_argv_and_env(void **state)
{
	const char *argv[] = {"/bin/sh", "-c", "echo \"$0:$1:$A:$B\"", "zero", "one two", NULL};
	const char *envp[] = {"A=1", "B=two words", NULL};
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_exec(&d, argv, envp);
	assert_string_equal(run_to_end(&d, 0, output, sizeof(output)),
			    "zero:one two:1:two words\n");
}

static void test_exec_says_why_it_failed(void **state)
{
	const char *argv[] = {"/etc/passwd", NULL};
	struct plan_msg m;
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_exec(&d, argv, no_env);
	run_to_failure(&d, 0, 0, EACCES, &m);
}

/* Process 1 passes on what the program would never get as process 1 itself, and takes orphans. */
static void test_reap_passes_signals_on_and_ends_with_the_program(void **state)
{
	struct draft d;
	struct run r;

	(void)state;
	skip_unless_root();
	draft_init(&d);
	(void)draft_step(&d, STEP_REAP);
	draft_shell(&d, "echo $$; (sleep 0.01 &); kill -INT 1; sleep 5; echo late");
	draft_finish(&d);
	run_start(&r, &d, CLONE_NEWPID);
	assert_string_equal(run_output(&r, output, sizeof(output)), "2\n");
	assert_int_equal(run_wait(&r), 128 + SIGINT);
}

static void test_find_takes_the_first_program_that_can_be_executed(void **state)
{
	const char *candidates[] = {"/nowhere/sh", "/etc/passwd", "/etc",
				    "/bin/sh",     "/bin/false",  NULL};
	const char *argv[] = {"sh", "-c", "echo found", NULL};
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_find(&d, "sh", candidates);
	draft_exec(&d, argv, no_env);
	assert_string_equal(run_to_end(&d, 0, output, sizeof(output)), "found\n");
}

static void test_find_names_what_is_missing(void **state)
{
	const char *candidates[] = {"/nowhere/prog", "/bin/prog-that-is-not", NULL};
	struct plan_msg m;
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_find(&d, "prog", candidates);
	run_to_failure(&d, 0, 0, ENOENT, &m);
	assert_string_equal(m.text, "prog");
}

static void test_find_tells_forbidden_from_missing(void **state)
{
	const char *candidates[] = {"/etc/passwd", "/nowhere/passwd", NULL};
	struct plan_msg m;
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_find(&d, "passwd", candidates);
	run_to_failure(&d, 0, 0, EACCES, &m);
}

/* --- what it inherits --- */

static void test_home_is_the_users_of_passwd(void **state)
{
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_step(&d, STEP_HOME)->home.uid = 0;
	draft_shell(&d, "echo $HOME $PATH");
	assert_string_equal(run_to_end(&d, 0, output, sizeof(output)), "/root /bin:/usr/bin\n");
}

static void test_home_of_an_unknown_user_is_the_root(void **state)
{
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_step(&d, STEP_HOME)->home.uid = 4123456789u;
	draft_shell(&d, "echo $HOME");
	assert_string_equal(run_to_end(&d, 0, output, sizeof(output)), "/\n");
}

static void test_signals_are_as_at_the_beginning(void **state)
{
	sigset_t set, old;
	struct draft d;

	(void)state;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	(void)signal(SIGPIPE, SIG_IGN);
	draft_init(&d);
	draft_shell(&d, "exec cat /proc/self/status");
	run_to_end(&d, 0, output, sizeof(output));
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	assert_non_null(strstr(output, "SigBlk:\t0000000000000000\n"));
	assert_non_null(strstr(output, "SigIgn:\t0000000000000000\n"));
}

static void test_only_kept_descriptors_are_open(void **state)
{
	struct draft d;
	int kept, slot;

	(void)state;
	kept = open("/dev/null", O_RDONLY);
	assert_true(kept >= 0);
	if (kept != 3)
		assert_int_equal(dup2(kept, 3), 3);
	slot = fcntl(3, F_DUPFD, 10);
	draft_init(&d);
	(void)draft_slot(&d, slot);
	(void)draft_slot(&d, 3);
	draft_step(&d, STEP_CLOSE)->close.keep = 1;
	draft_shell(&d, "for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do "
			"[ -e /proc/$$/fd/$i ] && echo $i; done; true");
	run_to_end(&d, 0, output, sizeof(output));
	(void)close(slot);
	(void)close(3);
	if (kept != 3)
		(void)close(kept);
	assert_string_equal(output, "0\n1\n2\n3\n");
}

static void test_a_channel_among_the_kept_descriptors_is_refused(void **state)
{
	struct plan_msg m;
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_step(&d, STEP_CLOSE)->close.keep = 100;
	run_to_failure(&d, 0, 0, EINVAL, &m);
}

static void test_limits_umask_and_no_new_privileges_are_set(void **state)
{
	struct plan_step *s;
	struct draft d;

	(void)state;
	draft_init(&d);
	s = draft_step(&d, STEP_RLIMIT);
	s->rlimit.resource = RLIMIT_NOFILE;
	s->rlimit.soft = 77;
	s->rlimit.hard = 99;
	s = draft_step(&d, STEP_USER);
	s->user.uid = getuid();
	s->user.gid = getgid();
	s->user.keep_groups = 1;
	s->user.umask = 027;
	draft_step(&d, STEP_NO_NEW_PRIVS);
	draft_step(&d, STEP_CLOSE);
	draft_shell(&d, "ulimit -Sn; ulimit -Hn; umask; grep NoNew /proc/self/status");
	assert_string_equal(run_to_end(&d, 0, output, sizeof(output)),
			    "77\n99\n0027\nNoNewPrivs:\t1\n");
}

static void test_a_limit_on_files_is_for_the_program_alone(void **state)
{
	struct plan_step *s;
	struct draft d;

	(void)state;
	draft_init(&d);
	s = draft_step(&d, STEP_RLIMIT);
	s->rlimit.resource = RLIMIT_NOFILE;
	s->rlimit.soft = s->rlimit.hard = 4;
	draft_path(&d, STEP_CWD, "/tmp");
	draft_step(&d, STEP_HOME)->home.uid = 0;
	draft_step(&d, STEP_CLOSE);
	draft_shell(&d, "pwd; echo $HOME; ulimit -n");
	assert_string_equal(run_to_end(&d, 0, output, sizeof(output)), "/tmp\n/root\n4\n");
}

static void test_a_missing_working_directory_is_made(void **state)
{
	char directory[] = "/tmp/test-init-XXXXXX";
	char path[64], expected[80];
	struct draft d;

	(void)state;
	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/a/b", directory);
	(void)snprintf(expected, sizeof(expected), "%s\n", path);
	draft_init(&d);
	draft_path(&d, STEP_CWD, path);
	draft_shell(&d, "pwd -P");
	assert_string_equal(run_to_end(&d, 0, output, sizeof(output)), expected);
	assert_int_equal(rmdir(path), 0);
	path[strlen(path) - 2] = '\0';
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(directory), 0);
}

static void test_a_missing_working_directory_is_refused_where_none_may_be_made(void **state)
{
	char directory[] = "/tmp/test-init-XXXXXX";
	char path[64];
	struct plan_msg m;
	struct draft d;

	(void)state;
	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/a", directory);
	draft_init(&d);
	draft_path(&d, STEP_CWD, path);
	d.steps[0].flags = PLAN_EXISTING;
	run_to_failure(&d, 0, 0, ENOENT, &m);
	assert_int_equal(rmdir(directory), 0); /* it is empty */
}

/* What others in the pid namespace could look for in /proc/PID/fd between the two steps. */
static void test_nothing_but_the_channel_is_open_after_shedding(void **state)
{
	char fds[64];
	struct plan_msg m;
	struct draft d;
	struct run r;
	DIR *dir;
	int fd, slot = open("/", O_RDONLY | O_DIRECTORY), n = 0;

	(void)state;
	draft_init(&d);
	(void)draft_slot(&d, slot);
	(void)draft_step(&d, STEP_SHED);
	(void)draft_step(&d, STEP_HOOKS); /* it stops there until it is told to go on */
	draft_shell(&d, "true");
	draft_finish(&d);
	run_start(&r, &d, 0);
	assert_int_equal(run_receive(&r, &m, &fd), PLAN_MSG_HOOKS);
	(void)snprintf(fds, sizeof(fds), "/proc/%d/fd", r.pid);
	dir = opendir(fds);

	for (struct dirent *entry; dir && (entry = readdir(dir));)
		n += entry->d_name[0] != '.';
	if (dir)
		(void)closedir(dir);
	(void)close(slot);
	run_go(r.channel);
	assert_int_equal(run_receive(&r, &m, &fd), 0);
	assert_int_equal(run_wait(&r), 0);
	assert_int_equal(n, 4); /* 0 to 2 and the channel */
}

static void test_a_descriptor_is_no_way_to_a_working_directory(void **state)
{
	int fd = open("/", O_PATH | O_DIRECTORY);
	char path[32];
	struct plan_msg m;
	struct draft d;

	(void)state;
	assert_true(fd >= 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	draft_init(&d);
	(void)draft_slot(&d, fd);
	draft_path(&d, STEP_CWD, path);
	run_to_failure(&d, 0, 0, ELOOP, &m);
	(void)close(fd);
}

/* --- hooks --- */

static struct plan_step *draft_hook(struct draft *d, const char *script)
{
	const char *argv[] = {"hook", "-c", script, NULL};
	const char *envp[] = {"WHO=hook", "PATH=/bin:/usr/bin", NULL};
	struct plan_step *s = draft_step(d, STEP_HOOK);

	s->hook.exec_slot = PLAN_NO_SLOT;
	s->hook.cwd_slot = PLAN_NO_SLOT;
	s->hook.stdout_slot = s->hook.stderr_slot = PLAN_NO_SLOT;
	s->hook.path = draft_text(d, "/bin/sh");
	s->hook.argv = draft_texts(d, argv);
	s->hook.envp = draft_texts(d, envp);
	s->hook.state_head = draft_text(d, "{\"pid\":");
	s->hook.state_tail = draft_text(d, "}");
	return s;
}

/* A file that a hook writes to, as init throws away what it does not fail with. */
static int hook_output(struct draft *d, struct plan_step *hook)
{
	int fd = memfd_create("said", MFD_CLOEXEC);

	assert_true(fd >= 0);
	hook->hook.stdout_slot = draft_slot(d, fd);
	return fd;
}

/* What was written to @fd, in @output. */
static void hook_said(int fd)
{
	ssize_t n = pread(fd, output, sizeof(output) - 1, 0);

	assert_true(n >= 0);
	output[n] = '\0';
	(void)close(fd);
}

static void test_a_hook_reads_the_state_with_inits_pid(void **state)
{
	char expected[64];
	struct plan_msg m;
	struct draft d;
	struct run r;
	int fd;

	(void)state;
	draft_init(&d);
	fd = hook_output(&d, draft_hook(&d, "read -r x || true; echo \"$WHO $x $0 $PWD\""));
	draft_shell(&d, "echo program $$");
	draft_finish(&d);
	run_start(&r, &d, 0);
	assert_int_equal(run_receive(&r, &m, NULL), 0);
	run_output(&r, output, sizeof(output));
	(void)snprintf(expected, sizeof(expected), "program %d\n", r.pid);
	assert_int_equal(run_wait(&r), 0);
	assert_string_equal(output, expected);
	hook_said(fd);
	(void)snprintf(expected, sizeof(expected), "hook {\"pid\":%d} hook /\n", r.pid);
	assert_string_equal(output, expected);
}

static void test_a_hook_of_the_host_runs_from_its_descriptor(void **state)
{
	int program = open("/bin/sh", O_PATH | O_CLOEXEC), cwd = open("/tmp", O_PATH | O_CLOEXEC);
	struct plan_step *s;
	struct draft d;
	int fd;

	(void)state;
	draft_init(&d);
	s = draft_hook(&d, "pwd -P");
	fd = hook_output(&d, s);
	s->hook.path = draft_text(&d, "/no/such/program");
	s->hook.exec_slot = draft_slot(&d, program);
	s->hook.cwd_slot = draft_slot(&d, cwd);
	draft_shell(&d, "exit 0");
	assert_string_equal(run_to_end(&d, 0, output, sizeof(output)), "");
	hook_said(fd);
	assert_string_equal(output, "/tmp\n");
	(void)close(program);
	(void)close(cwd);
}

/* What the script at @path prints when it is said to be at @name. */
static void run_script(const char *path, const char *name)
{
	int program = open(path, O_PATH | O_CLOEXEC), fd;
	struct plan_step *s;
	struct draft d;

	draft_init(&d);
	s = draft_hook(&d, "");
	fd = hook_output(&d, s);
	s->hook.path = draft_text(&d, name);
	s->hook.exec_slot = draft_slot(&d, program);
	draft_shell(&d, "exit 0");
	run_to_end(&d, 0, output, sizeof(output));
	hook_said(fd);
	(void)close(program);
}

static void test_a_hook_may_be_a_script(void **state)
{
	char path[] = "/tmp/test-init-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_true(write(fd, "#!/bin/sh\necho $0.\n", 19) == 19);
	assert_int_equal(fchmod(fd, 0755), 0);
	(void)close(fd);
	run_script(path, path);
	assert_memory_equal(output, path, strlen(path));
	/* by its descriptor where another file, or none, is at that place in the namespace */
	run_script(path, "/bin/sh");
	assert_memory_equal(output, "/dev/fd/", 8);
	run_script(path, "/no/such/program");
	assert_memory_equal(output, "/dev/fd/", 8);
	(void)unlink(path);
}

static void test_a_failing_hook_is_told_with_its_words(void **state)
{
	struct plan_msg m;
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_hook(&d, "echo no address left >&2; exit 3");
	run_to_failure(&d, 0, 0, 0, &m);
	assert_int_equal(m.status, 3 << 8);
	assert_string_equal(m.text, "no address left\n");
}

static void test_the_last_words_of_a_hook_are_kept(void **state)
{
	struct plan_msg m;
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_hook(&d,
		   "i=0; while [ $i -lt 500 ]; do echo line $i >&2; i=$((i+1)); done; kill -9 $$");
	run_to_failure(&d, 0, 0, 0, &m);
	assert_int_equal(m.status, SIGKILL);
	assert_true(strlen(m.text) >= 400 && strlen(m.text) <= 900);
	assert_non_null(strstr(m.text, "line 499\n"));
}

static void test_a_hook_that_takes_too_long_is_killed_with_its_children(void **state)
{
	struct plan_msg m;
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_hook(&d, "sleep 1000 & sleep 1000")->hook.timeout_ms = 100;
	run_to_failure(&d, 0, 0, 0, &m);
	assert_string_equal(m.text, "timed out");
	assert_int_equal(m.status, SIGKILL);
}

static void test_a_hook_that_leaves_a_child_behind_is_not_waited_for(void **state)
{
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_hook(&d, "sleep 5 >/dev/null &");
	draft_shell(&d, "echo on");
	assert_string_equal(run_to_end(&d, 0, output, sizeof(output)), "on\n");
}

static void test_a_hook_that_is_not_there_says_so(void **state)
{
	struct plan_msg m;
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_hook(&d, "")->hook.path = draft_text(&d, "/nowhere/hook");
	run_to_failure(&d, 0, 0, ENOENT, &m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exec_ends_the_channel_and_passes_argv_and_env),
		cmocka_unit_test(test_exec_says_why_it_failed),
		cmocka_unit_test(test_reap_passes_signals_on_and_ends_with_the_program),
		cmocka_unit_test(test_find_takes_the_first_program_that_can_be_executed),
		cmocka_unit_test(test_find_names_what_is_missing),
		cmocka_unit_test(test_find_tells_forbidden_from_missing),
		cmocka_unit_test(test_home_is_the_users_of_passwd),
		cmocka_unit_test(test_home_of_an_unknown_user_is_the_root),
		cmocka_unit_test(test_signals_are_as_at_the_beginning),
		cmocka_unit_test(test_only_kept_descriptors_are_open),
		cmocka_unit_test(test_a_channel_among_the_kept_descriptors_is_refused),
		cmocka_unit_test(test_limits_umask_and_no_new_privileges_are_set),
		cmocka_unit_test(test_a_limit_on_files_is_for_the_program_alone),
		cmocka_unit_test(test_a_missing_working_directory_is_made),
		cmocka_unit_test(
			test_a_missing_working_directory_is_refused_where_none_may_be_made),
		cmocka_unit_test(test_nothing_but_the_channel_is_open_after_shedding),
		cmocka_unit_test(test_a_descriptor_is_no_way_to_a_working_directory),
		cmocka_unit_test(test_a_hook_reads_the_state_with_inits_pid),
		cmocka_unit_test(test_a_hook_of_the_host_runs_from_its_descriptor),
		cmocka_unit_test(test_a_hook_may_be_a_script),
		cmocka_unit_test(test_a_failing_hook_is_told_with_its_words),
		cmocka_unit_test(test_the_last_words_of_a_hook_are_kept),
		cmocka_unit_test(test_a_hook_that_takes_too_long_is_killed_with_its_children),
		cmocka_unit_test(test_a_hook_that_leaves_a_child_behind_is_not_waited_for),
		cmocka_unit_test(test_a_hook_that_is_not_there_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
