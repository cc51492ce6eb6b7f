/* SPDX-License-Identifier: Apache-2.0 */
/* Init's failures in the words that people and clients read. */
#include "fixture.h"

#include <errno.h>

static struct plan *plan;

static int set_up(void **state)
{
	(void)state;
	plan = fixture_plan(
		"'mounts': [{'destination': '/proc', 'type': 'proc', 'source': 'proc'},"
		" {'destination': '/www', 'source': '/srv/www', 'options': ['bind']}],"
		" 'hooks': {'createContainer': [{'path': '/a'}, {'path': '/b', 'timeout': 3}]}",
		"'args': ['foo'], 'env': ['PATH=/bin'],"
		" 'ioPriority': {'class': 'IOPRIO_CLASS_RT', 'priority': 2},"
		" 'rlimits': [{'type': 'RLIMIT_NOFILE', 'soft': 64, 'hard': 128}]",
		FIXTURE_MOUNT);
	return plan ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	plan_free(&plan);
	return 0;
}

struct said {
	enum plan_step_kind kind;
	unsigned skip; /* steps of the kind before it */
	int errnum;
	uint32_t status;
	const char *text, *words;
};

static void check(const struct plan *p, const struct said *said)
{
	struct err e = ERR_INIT;
	struct plan_msg msg = {
		.kind = PLAN_MSG_FAIL, .errnum = said->errnum, .status = said->status};
	long at = fixture_find(p, said->kind, 0);
	char line[2048];
	int r;

	for (unsigned i = 0; i < said->skip; i++)
		at = fixture_find(p, said->kind, (size_t)at + 1);
	assert_true(at >= 0);
	msg.step = (uint32_t)at;
	(void)snprintf(msg.text, sizeof(msg.text), "%s", said->text);
	r = plan_explain(p, &msg, &e);
	assert_string_equal(err_str(&e, line, sizeof(line)), said->words);
	assert_int_equal(r, said->errnum ? -said->errnum : -EINVAL);
	assert_int_equal(e.errnum, -r);
}

static void test_explain_names_the_member_the_step_and_the_reason(void **state)
{
	static const struct said all[] = {
		{STEP_ATTACH, 0, ENOENT, 0, "",
		 "mounts[1]: attach a mount on /www: No such file or directory"},
		{STEP_ATTACH, 0, ENOENT, 0, "/www",
		 "mounts[1]: attach a mount on /www: No such file or directory"},
		{STEP_MOUNT, 0, EPERM, 0, "hidepid",
		 "mounts[0]: mount proc on /proc: hidepid: Operation not permitted"},
		{STEP_MKNOD, 0, EEXIST, 0, "", "make a device /dev/null: File exists"},
		{STEP_SESSION, 0, EPERM, 0, "", "start a session: Operation not permitted"},
		{STEP_CWD, 0, EACCES, 0, "",
		 "process.cwd: enter the working directory /: Permission denied"},
		{STEP_RLIMIT, 0, EPERM, 0, "",
		 "process.rlimits[0]: set RLIMIT_NOFILE to 64, at most 128: Operation not "
		 "permitted"},
		{STEP_IO_PRIORITY, 0, EPERM, 0, "",
		 "process.ioPriority: set the priority of input and output to 2 of "
		 "IOPRIO_CLASS_RT: Operation not permitted"},
		{STEP_PIVOT, 0, 0, 0, "the root is gone",
		 "root.path: enter the new root: the root is gone"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		check(plan, &all[i]);
}

static void test_explain_says_of_programs_what_clients_look_for(void **state)
{
	static const struct said all[] = {
		{STEP_FIND, 0, ENOENT, 0, "foo",
		 "exec: \"foo\": executable file not found in $PATH"},
		{STEP_FIND, 0, EACCES, 0, "foo", "exec: \"foo\": permission denied"},
		{STEP_EXEC, 0, ENOEXEC, 0, "",
		 "exec foo: exec format error "
		 "(neither a program for this machine nor a script that begins with #!)"},
		{STEP_EXEC, 0, ENOENT, 0, "/bin/foo",
		 "exec /bin/foo: no such file or directory "
		 "(the file is there; what it names to run it is not: the interpreter behind #!, "
		 "or the dynamic loader)"},
		{STEP_EXEC, 0, EACCES, 0, "/bin/foo", "exec /bin/foo: permission denied"},
	};
	static const struct said gone = {
		STEP_FIND, 0, ENOENT, 0, "/x", "exec: \"/x\": stat /x: no such file or directory"};
	struct plan *other = fixture_plan("", "'args': ['/x']", FIXTURE_MOUNT);

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		check(plan, &all[i]);
	check(other, &gone);
	plan_free(&other);
}

static void test_explain_tells_how_a_hook_ended_and_what_it_wrote(void **state)
{
	static const struct said all[] = {
		{STEP_HOOK, 1, 0, 3 << 8, "oh dear\n",
		 "hooks.createContainer[1]: error running createContainer hook #1: exit status 3, "
		 "stdout and stderr: oh dear"},
		{STEP_HOOK, 0, 0, 9, "",
		 "hooks.createContainer[0]: error running createContainer hook #0: killed by "
		 "signal 9"},
		{STEP_HOOK, 1, 0, 9, "timed out",
		 "hooks.createContainer[1]: error running createContainer hook #1: timed out after "
		 "3 s"},
		{STEP_HOOK, 0, ENOENT, 0, "",
		 "hooks.createContainer[0]: error running createContainer hook #0: exec /a: No "
		 "such file or directory"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		check(plan, &all[i]);
}

/* cli-contract: these phrases change what clients do. */
static void test_no_step_is_called_by_a_phrase_that_clients_match(void **state)
{
	static const char *const phrases[] = {
		"permission denied", "operation not permitted", "not found",
		"no such file",      "does not exist",          "no such process",
		"not running",       "is a directory",          "not a directory",
		"already finished",  "open executable",         "invalid process"};

	(void)state;
	for (uint16_t kind = 0; kind < STEP_MAX; kind++)
		for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
			assert_null(strstr(plan_step_words(kind), phrases[i]));
}

static void test_explain_survives_a_message_or_a_plan_that_makes_no_sense(void **state)
{
	struct plan_msg msg = {.step = 100000, .errnum = EIO};
	struct plan_header torn = {.magic = PLAN_MAGIC, .size = 4096, .n_steps = 5};
	struct plan bad = {.bytes = &torn, .size = sizeof(torn)};
	struct err e = ERR_INIT;
	char line[2048];

	(void)state;
	assert_int_equal(plan_explain(plan, &msg, &e), -EIO);
	assert_string_equal(err_str(&e, line, sizeof(line)),
			    "start the container: Input/output error");
	msg.step = 1;
	e = ERR_INIT;
	assert_int_equal(plan_explain(&bad, &msg, &e), -EIO);
}

static void test_kinds_of_steps_have_names_and_words(void **state)
{
	(void)state;
	assert_string_equal(plan_step_name(STEP_ATTACH), "attach");
	assert_string_equal(plan_step_words(STEP_ATTACH), "attach a mount");
	assert_string_equal(plan_step_name(STEP_MAX), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain_names_the_member_the_step_and_the_reason),
		cmocka_unit_test(test_explain_says_of_programs_what_clients_look_for),
		cmocka_unit_test(test_explain_tells_how_a_hook_ended_and_what_it_wrote),
		cmocka_unit_test(test_no_step_is_called_by_a_phrase_that_clients_match),
		cmocka_unit_test(test_explain_survives_a_message_or_a_plan_that_makes_no_sense),
		cmocka_unit_test(test_kinds_of_steps_have_names_and_words),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
