/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks as the current user: small shell scripts that write what they see into the test's
 * directory, which is their working directory.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "container/hooks.h"
#include "tinyrun/fd.h"

#define STATE_TEXT "{\"ociVersion\":\"1.3.0\",\"id\":\"web1\"}"
#define MAX_HOOKS  4

/* Shell hooks, filled by script(). */
struct scripts {
	struct spec_hook v[MAX_HOOKS];
	const char *args[MAX_HOOKS][4];
	struct spec_hooks list;
};

static const char *no_env[] = {NULL};
static const char *some_env[] = {"B=2 3", "A=1", "PATH=/usr/bin:/bin", NULL};

static struct spec_hook *script(struct scripts *s, const char *text, int timeout)
{
	struct spec_hook *hook = &s->v[s->list.n];
	const char **args = s->args[s->list.n++];

	args[0] = "sh";
	args[1] = "-c";
	args[2] = text;
	args[3] = NULL;
	*hook = (struct spec_hook){.path = "/bin/sh",
				   .args = {.v = args, .n = 3},
				   .env = {.v = some_env, .n = 3},
				   .timeout = timeout};
	s->list.v = s->v;
	return hook;
}

static int run(const struct fixture *f, const struct scripts *s, struct err *e)
{
	const struct spec spec = {.hooks[SPEC_HOOK_CREATE_RUNTIME] = s->list};

	return hooks_run(&spec, SPEC_HOOK_CREATE_RUNTIME, STATE_TEXT, f->rt.root_fd, e);
}

static void assert_runs(const struct fixture *f, const struct scripts *s)
{
	struct err e = ERR_INIT;

	if (run(f, s, &e) != 0)
		fail_msg("%s", words(&e));
	assert_int_equal(e.depth, 0);
}

static void assert_file(const struct fixture *f, const char *name, const char *text)
{
	auto_free char *got = file_read(f->rt.root_fd, name);

	assert_string_equal(got, text);
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- what a hook gets --- */

static void test_hooks_run_in_order(void **state)
{
	struct scripts s = {.list = {.n = 0}};

	skip_without_calls();
	(void)script(&s, "echo 1 >>order", 0);
	(void)script(&s, "sleep 0.05; echo 2 >>order", 0);
	(void)script(&s, "echo 3 >>order", 5);
	assert_runs(*state, &s);
	assert_file(*state, "order", "1\n2\n3\n");
}

static void test_hooks_none_is_success(void **state)
{
	struct scripts s = {.list = {.n = 0}};

	assert_runs(*state, &s);
}

static void test_hooks_read_the_state_to_its_end(void **state)
{
	struct scripts s = {.list = {.n = 0}};

	skip_without_calls();
	(void)script(&s, "cat >first", 0);
	(void)script(&s, "cat >second", 0);
	assert_runs(*state, &s);
	assert_file(*state, "first", STATE_TEXT);
	assert_file(*state, "second", STATE_TEXT);
}

static void test_hooks_that_do_not_read_a_huge_state_block_nobody(void **state)
{
	const struct fixture *f = *state;
	struct scripts s = {.list = {.n = 0}};
	size_t len = (size_t)1 << 20;
	struct spec spec = {.version = NULL};
	auto_free char *huge = NULL;
	struct err e = ERR_INIT;

	skip_without_calls();
	huge = malloc(len + 1);
	assert_non_null(huge);
	memset(huge, ' ', len);
	huge[len] = '\0';
	(void)script(&s, "exit 0", 0);
	(void)script(&s, "wc -c >size", 0);
	spec.hooks[SPEC_HOOK_POSTSTART] = s.list;
	assert_int_equal(hooks_run(&spec, SPEC_HOOK_POSTSTART, huge, f->rt.root_fd, &e), 0);
	assert_file(f, "size", "1048576\n");
}

static void test_hooks_get_their_own_environment_alone(void **state)
{
	static const char *args[] = {"a name of its own", "A", NULL};
	struct scripts s = {.list = {.n = 0}};
	struct spec_hook *hook;

	skip_without_calls();
	assert_int_equal(setenv("TINYRUN_TEST_LEAK", "1", 1), 0);
	(void)script(&s, "tr '\\0' '\\n' </proc/self/environ >some", 0);
	hook = script(&s, "", 0);
	hook->args.v = (const char *[]){"sh", "-c", "exec cat /proc/$$/environ >none", NULL};
	hook->env.v = no_env;
	hook->env.n = 0;
	hook = script(&s, "", 0); /* argv[0] need not be the path */
	hook->path = "/bin/true";
	hook->args.v = args;
	hook->args.n = 2;
	assert_runs(*state, &s);
	assert_int_equal(unsetenv("TINYRUN_TEST_LEAK"), 0);
	assert_file(*state, "some", "B=2 3\nA=1\nPATH=/usr/bin:/bin\n");
	/* the shell that became cat may have added PWD and such, but nothing of ours */
	{
		const struct fixture *f = *state;
		auto_free char *none = file_read(f->rt.root_fd, "none");

		assert_null(strstr(none, "TINYRUN_TEST_LEAK"));
		assert_null(strstr(none, "HOME="));
	}
}

static void test_hooks_start_in_the_directory_of_the_descriptor(void **state)
{
	const struct fixture *f = *state;
	struct scripts s = {.list = {.n = 0}};
	auto_free char *want = NULL;

	skip_without_calls();
	assert_true(asprintf(&want, "%s\n", f->dir) > 0);
	(void)script(&s, "pwd -P >cwd", 0);
	assert_runs(f, &s);
	assert_file(f, "cwd", want);
}

/* Held signals, an ignored SIGPIPE and open descriptors are ours, not the hook's. */
static void test_hooks_inherit_neither_signal_masks_nor_descriptors(void **state)
{
	const struct fixture *f = *state;
	struct scripts s = {.list = {.n = 0}};
	unsigned long long blocked = 1, ignored = ~0ULL;
	auto_free char *text = NULL;
	sigset_t all, old;
	void (*old_pipe)(int);
	auto_fd int kept_open = -1;

	skip_without_calls();
	kept_open = open("/dev/null", O_RDONLY); /* as one that the caller asked to preserve */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	old_pipe = signal(SIGPIPE, SIG_IGN);
	(void)script(
		&s, "grep -E '^Sig(Blk|Ign)' /proc/self/status >signals; ls /proc/self/fd >fds", 0);
	assert_runs(*state, &s);
	(void)signal(SIGPIPE, old_pipe);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	text = file_read(f->rt.root_fd, "signals");
	assert_int_equal(sscanf(text, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
	assert_true(blocked == 0);
	assert_true((ignored & 1ULL << (SIGPIPE - 1)) == 0);
	assert_file(*state, "fds", "0\n1\n2\n3\n"); /* 3 is that of ls */
}

/* --- failures --- */

static void test_hooks_failure_names_hook_status_and_stderr(void **state)
{
	const struct fixture *f = *state;
	struct scripts s = {.list = {.n = 0}};
	struct err e = ERR_INIT;

	skip_without_calls();
	(void)script(&s, "exit 0", 0);
	(void)script(&s, "echo no such device >&2; exit 7", 0);
	(void)script(&s, "touch third", 0);
	assert_true(run(f, &s, &e) < 0);
	assert_says(&e, "hooks.createRuntime[1]");
	assert_says(&e, "error running createRuntime hook #1");
	assert_says(&e, "exit status 7, stdout and stderr: no such device");
	assert_int_equal(faccessat(f->rt.root_fd, "third", F_OK, 0), -1);
}

static void test_hooks_failure_keeps_the_end_of_a_long_stderr(void **state)
{
	struct scripts s = {.list = {.n = 0}};
	struct err e = ERR_INIT;
	const char *said;

	skip_without_calls();
	(void)script(&s,
		     "i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); done >&2;"
		     "echo the last words >&2; exit 1",
		     0);
	assert_true(run(*state, &s, &e) < 0);
	said = words(&e);
	assert_null(strstr(said, "line 0\\"));
	assert_null(strstr(said, "line 1\\"));
	assert_string_equal(said + strlen(said) - strlen("the last words"), "the last words");
}

static void test_hooks_killed_by_a_signal_say_which(void **state)
{
	struct scripts s = {.list = {.n = 0}};
	struct err e = ERR_INIT;

	skip_without_calls();
	(void)script(&s, "echo ouch >&2; kill -TERM $$", 0);
	assert_true(run(*state, &s, &e) < 0);
	assert_says(&e, "/bin/sh was killed by signal 15, stdout and stderr: ouch");
}

static void test_hooks_missing_program_is_named(void **state)
{
	struct scripts s = {.list = {.n = 0}};
	struct err e = ERR_INIT;

	skip_without_calls();
	script(&s, "", 0)->path = "/nowhere/hook";
	assert_true(run(*state, &s, &e) < 0);
	assert_says(&e, "/nowhere/hook: No such file or directory");
	assert_says(&e, "exit status 127");
	e = ERR_INIT;
	s.v[0].path = "/etc/passwd"; /* not executable, whoever asks */
	assert_true(run(*state, &s, &e) < 0);
	assert_says(&e, "/etc/passwd: Permission denied");
}

/* --- time --- */

/* Whoever wrote "pid" was sent SIGKILL, but is nobody whose end is ours to wait for. */
static void assert_ends(const struct fixture *f)
{
	auto_free char *pid = file_read(f->rt.root_fd, "pid");
	bool there = true;

	for (int i = 0; i < 10000 && there; i++) {
		char name[64], stat[256] = "";
		auto_fd int fd = -1;

		(void)snprintf(name, sizeof(name), "/proc/%d/stat", atoi(pid));
		fd = open(name, O_RDONLY | O_CLOEXEC);
		there = fd >= 0 && read(fd, stat, sizeof(stat) - 1) > 0 && !strstr(stat, ") Z ");
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	assert_false(there);
}

static void test_hooks_timeout_ends_the_whole_process_group(void **state)
{
	const struct fixture *f = *state;
	struct scripts s = {.list = {.n = 0}};
	struct err e = ERR_INIT;
	int64_t begin = now_ms();

	skip_without_calls();
	(void)script(&s, "sleep 600 & echo $! >pid; echo waiting >&2; wait", 1);
	assert_true(run(f, &s, &e) < 0);
	assert_says(&e, "/bin/sh took longer than its timeout of 1 s and was killed");
	assert_says(&e, "stderr: waiting");
	assert_true(now_ms() - begin >= 950 && now_ms() - begin < 30000);
	assert_ends(f);
}

static void test_hooks_end_with_the_one_who_runs_them(void **state)
{
	const struct fixture *f = *state;
	struct scripts s = {.list = {.n = 0}};
	pid_t runtime;

	skip_without_calls();
	(void)script(&s, "echo $$ >new; mv new pid; exec sleep 600", 0);
	runtime = fork();
	assert_true(runtime >= 0);
	if (runtime == 0) {
		struct err e = ERR_INIT;

		_exit(run(f, &s, &e) == 0 ? 0 : 1);
	}
	while (faccessat(f->rt.root_fd, "pid", F_OK, 0) < 0)
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	(void)kill(runtime, SIGKILL);
	(void)child_reap(runtime);
	assert_ends(f);
}

static void test_hooks_timeout_holds_for_one_that_floods_stderr(void **state)
{
	struct scripts s = {.list = {.n = 0}};
	struct err e = ERR_INIT;

	skip_without_calls();
	(void)script(&s, "yes flood >&2 & yes flood >&2 & exec yes flood >&2", 1);
	assert_true(run(*state, &s, &e) < 0);
	assert_says(&e, "took longer than its timeout of 1 s");
	assert_says(&e, "flood");
}

static void test_hooks_timeout_of_many_days_is_not_cut_short(void **state)
{
	struct scripts s = {.list = {.n = 0}};

	skip_without_calls();
	(void)script(&s, "sleep 0.5", 12884902); /* 112 ms, if it went round at 32 bits */
	assert_runs(*state, &s);
}

static void test_hooks_daemon_with_stderr_in_hand_holds_nobody(void **state)
{
	struct scripts s = {.list = {.n = 0}};
	int64_t begin = now_ms();

	skip_without_calls();
	(void)script(&s, "setsid sleep 60 & echo $! >quiet", 0);
	(void)script(&s, "setsid yes >&2 & echo $! >loud", 0);
	assert_runs(*state, &s);
	assert_true(now_ms() - begin < 30000);
	s = (struct scripts){.list = {.n = 0}};
	(void)script(&s, "kill -9 $(cat quiet) $(cat loud); exit 0", 0);
	assert_runs(*state, &s);
}

/* --- files for what they write --- */

struct output_test {
	char stdout_path[128], stderr_path[128];
	struct spec_annotation annotations[2];
	struct spec spec;
};

/* Files of the test's directory, by the annotations' names; NULL: without that one. */
static void output_init(struct output_test *t, const struct fixture *f, const struct scripts *s,
			const char *out, const char *err)
{
	*t = (struct output_test){
		.annotations = {{"run.oci.hooks.stdout", ""}, {"run.oci.hooks.stderr", ""}}};
	(void)snprintf(t->stdout_path, sizeof(t->stdout_path), "%s/%s", f->dir, out ? out : "");
	(void)snprintf(t->stderr_path, sizeof(t->stderr_path), "%s/%s", f->dir, err ? err : "");
	t->annotations[0].value = out ? t->stdout_path : "";
	t->annotations[1].value = err ? t->stderr_path : "";
	t->spec.annotations = t->annotations;
	t->spec.n_annotations = 2;
	t->spec.hooks[SPEC_HOOK_PRESTART] = s->list;
}

static int output_run(const struct output_test *t, const struct fixture *f, struct err *e)
{
	return hooks_run(&t->spec, SPEC_HOOK_PRESTART, STATE_TEXT, f->rt.root_fd, e);
}

static void test_hooks_append_what_they_write_to_the_files(void **state)
{
	const struct fixture *f = *state;
	struct scripts s = {.list = {.n = 0}};
	struct err e = ERR_INIT;
	struct output_test t;
	struct stat st;

	skip_without_calls();
	(void)script(&s, "echo one; echo bad >&2", 0);
	(void)script(&s, "echo two", 0);
	output_init(&t, f, &s, "out", "err");
	assert_int_equal(output_run(&t, f, &e), 0);
	assert_int_equal(output_run(&t, f, &e), 0);
	assert_file(f, "out", "one\ntwo\none\ntwo\n");
	assert_file(f, "err", "bad\nbad\n");
	assert_int_equal(fstatat(f->rt.root_fd, "out", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_hooks_with_a_file_for_stdout_alone_fail_with_their_stderr(void **state)
{
	const struct fixture *f = *state;
	struct scripts s = {.list = {.n = 0}};
	struct err e = ERR_INIT;
	struct output_test t;

	skip_without_calls();
	(void)script(&s, "echo said; echo the reason >&2; exit 3", 0);
	output_init(&t, f, &s, "out", NULL);
	assert_true(output_run(&t, f, &e) < 0);
	assert_says(&e, "exit status 3, stdout and stderr: the reason");
	assert_file(f, "out", "said\n");
}

/* A symlink, a directory, a FIFO that nobody reads: none of these, and the hooks do not run. */
static void test_hooks_do_not_write_where_a_link_or_a_device_is(void **state)
{
	static const char *const names[] = {"link", "directory", "fifo"};
	const struct fixture *f = *state;

	skip_without_calls();
	assert_int_equal(symlinkat("target", f->rt.root_fd, "link"), 0);
	assert_int_equal(mkdirat(f->rt.root_fd, "directory", 0700), 0);
	assert_int_equal(mkfifoat(f->rt.root_fd, "fifo", 0600), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct scripts s = {.list = {.n = 0}};
		struct err e = ERR_INIT;
		struct output_test t;

		(void)script(&s, "echo >ran", 0);
		output_init(&t, f, &s, NULL, names[i]);
		assert_true(output_run(&t, f, &e) < 0);
		assert_says(&e, "annotations: run.oci.hooks.stderr: ");
		assert_says(&e, names[i]);
	}
	assert_int_equal(faccessat(f->rt.root_fd, "target", F_OK, 0), -1);
	assert_int_equal(faccessat(f->rt.root_fd, "ran", F_OK, 0), -1);
}

static void test_hooks_write_to_a_fifo_that_somebody_reads_and_to_null(void **state)
{
	const struct fixture *f = *state;
	struct scripts s = {.list = {.n = 0}};
	struct err e = ERR_INIT;
	char said[16] = {0};
	auto_fd int fifo = -1;
	struct output_test t;

	skip_without_calls();
	(void)script(&s, "echo heard; echo lost >&2", 0);
	assert_int_equal(mkfifoat(f->rt.root_fd, "fifo", 0600), 0);
	fifo = openat(f->rt.root_fd, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fifo >= 0);
	output_init(&t, f, &s, "fifo", NULL);
	t.annotations[1].value = "/dev/null";
	assert_int_equal(output_run(&t, f, &e), 0);
	assert_int_equal(read(fifo, said, sizeof(said)), 6);
	assert_string_equal(said, "heard\n");
}

/* --- poststop --- */

static void test_hooks_run_all_goes_on_after_a_failure(void **state)
{
	const struct fixture *f = *state;
	struct scripts s = {.list = {.n = 0}};
	struct spec spec = {.version = NULL};
	auto_free char *said = NULL;
	auto_fd int saved = -1, log = -1;

	skip_without_calls();
	saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	log = openat(f->rt.root_fd, "said", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && log >= 0);
	(void)script(&s, "echo 1 >>order; exit 3", 0);
	(void)script(&s, "echo 2 >>order", 0);
	assert_int_equal(dup2(log, STDERR_FILENO), STDERR_FILENO);
	spec.hooks[SPEC_HOOK_POSTSTOP] = s.list;
	hooks_run_all(&spec, SPEC_HOOK_POSTSTOP, STATE_TEXT, f->rt.root_fd);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	assert_file(f, "order", "1\n2\n");
	said = file_read(f->rt.root_fd, "said");
	assert_non_null(strstr(said, "warning"));
	assert_non_null(strstr(said, "hooks.poststop[0]"));
	assert_non_null(strstr(said, "exit status 3"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_hooks_run_in_order),
		TEST(test_hooks_none_is_success),
		TEST(test_hooks_read_the_state_to_its_end),
		TEST(test_hooks_that_do_not_read_a_huge_state_block_nobody),
		TEST(test_hooks_get_their_own_environment_alone),
		TEST(test_hooks_start_in_the_directory_of_the_descriptor),
		TEST(test_hooks_inherit_neither_signal_masks_nor_descriptors),
		TEST(test_hooks_failure_names_hook_status_and_stderr),
		TEST(test_hooks_failure_keeps_the_end_of_a_long_stderr),
		TEST(test_hooks_killed_by_a_signal_say_which),
		TEST(test_hooks_missing_program_is_named),
		TEST(test_hooks_timeout_ends_the_whole_process_group),
		TEST(test_hooks_end_with_the_one_who_runs_them),
		TEST(test_hooks_timeout_holds_for_one_that_floods_stderr),
		TEST(test_hooks_timeout_of_many_days_is_not_cut_short),
		TEST(test_hooks_daemon_with_stderr_in_hand_holds_nobody),
		TEST(test_hooks_append_what_they_write_to_the_files),
		TEST(test_hooks_with_a_file_for_stdout_alone_fail_with_their_stderr),
		TEST(test_hooks_do_not_write_where_a_link_or_a_device_is),
		TEST(test_hooks_write_to_a_fifo_that_somebody_reads_and_to_null),
		TEST(test_hooks_run_all_goes_on_after_a_failure),
	};

	(void)alarm(120); /* a hook that is never ended would hold us for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
