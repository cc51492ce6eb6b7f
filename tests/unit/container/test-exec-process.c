/* SPDX-License-Identifier: Apache-2.0 */
/* What exec runs: the command line or process.json, over what the container was made from. */
#include "fixture.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "container/exec_process.h"
#include "container/state.h"

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

static const char config[] =
	"{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"rootfs\"}, \"process\": {"
	"\"args\": [\"/init\"], \"cwd\": \"/srv\", \"env\": [\"PATH=/bin\", \"A=1\"],"
	"\"user\": {\"uid\": 3, \"gid\": 4, \"additionalGids\": [5]},"
	"\"capabilities\": {\"bounding\": [\"CAP_KILL\"], \"permitted\": [\"CAP_KILL\"],"
	"\"inheritable\": [\"CAP_CHOWN\"]},"
	"\"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"soft\": 7, \"hard\": 8}],"
	"\"noNewPrivileges\": true, \"oomScoreAdj\": 9},"
	"\"linux\": {\"namespaces\": [{\"type\": \"mount\"}]}}";

static const char *const command[] = {"ls", "-l"};

/* The members of @o that say what to run. */
static int load(struct fixture *f, const struct container_exec *o, struct exec_process *p,
		struct err *e)
{
	*e = ERR_INIT;
	*p = (struct exec_process){.container = NULL};
	file_write(f->rt.root_fd, STATE_CONFIG, config, strlen(config));
	return exec_process_load(f->rt.root_fd, o, p, e);
}

static void load_file(struct fixture *f, const char *text, struct exec_process *p)
{
	char path[100];
	struct err e;
	const struct container_exec o = {.process = path};

	(void)snprintf(path, sizeof(path), "%s/process.json", f->dir);
	file_write(f->rt.root_fd, "process.json", text, strlen(text));
	if (load(f, &o, p, &e) < 0)
		fail_msg("%s", words(&e));
}

static void assert_inherits_limits(const struct spec_process *p)
{
	assert_int_equal(p->n_rlimits, 1);
	assert_int_equal(p->rlimits[0].soft, 7);
	assert_int_equal(p->oom_score_adj.value, 9);
}

static void test_a_command_has_everything_else_from_the_container(void **state)
{
	struct exec_process p;
	struct err e;
	const struct container_exec o = {.args = command, .n_args = 2};
	const struct spec_process *m = &p.merged.process;

	assert_int_equal(load(*state, &o, &p, &e), 0);
	assert_string_equal(m->args.v[1], "-l");
	assert_null(m->args.v[2]);
	assert_string_equal(m->cwd, "/srv");
	assert_int_equal(m->uid, 3);
	assert_int_equal(m->groups[0], 5);
	assert_true(m->no_new_privileges);
	assert_int_equal(m->caps[SPEC_CAP_PERMITTED], CAP_BIT(CAP_KILL));
	assert_inherits_limits(m);
	exec_process_done(&p);
}

static void test_a_command_line_changes_and_adds(void **state)
{
	static const char *const env[] = {"B=2", "A=3", "B=4", "C="};
	static const char *const caps[] = {"CAP_NET_RAW", "chown"};
	static const char *const groups[] = {"6", "7"};
	struct exec_process p;
	struct err e;
	const struct container_exec o = {.args = command,
					 .n_args = 2,
					 .env = env,
					 .n_env = 4,
					 .caps = caps,
					 .n_caps = 2,
					 .groups = groups,
					 .n_groups = 2,
					 .user = "10:11",
					 .cwd = "/d",
					 .tty = true};
	const struct spec_process *m = &p.merged.process;

	assert_int_equal(load(*state, &o, &p, &e), 0);
	assert_int_equal(m->env.n, 4);
	assert_string_equal(m->env.v[0], "PATH=/bin");
	assert_string_equal(m->env.v[1], "A=3");
	assert_string_equal(m->env.v[2], "B=4");
	assert_string_equal(m->env.v[3], "C=");
	assert_null(m->env.v[4]);
	assert_int_equal(m->n_groups, 3);
	assert_int_equal(m->groups[2], 7);
	assert_true(m->uid == 10 && m->gid == 11 && m->terminal);
	assert_int_equal(m->caps[SPEC_CAP_PERMITTED],
			 CAP_BIT(CAP_KILL) | CAP_BIT(CAP_NET_RAW) | CAP_BIT(CAP_CHOWN));
	assert_int_equal(m->caps[SPEC_CAP_INHERITABLE], CAP_BIT(CAP_CHOWN));
	assert_int_equal(m->caps[SPEC_CAP_AMBIENT], CAP_BIT(CAP_CHOWN));
	exec_process_done(&p);
}

static void test_a_user_alone_keeps_the_containers_group(void **state)
{
	struct exec_process p;
	struct err e;
	const struct container_exec o = {.args = command, .n_args = 2, .user = "10"};

	assert_int_equal(load(*state, &o, &p, &e), 0);
	assert_true(p.merged.process.uid == 10 && p.merged.process.gid == 4);
	exec_process_done(&p);
}

static void test_what_does_not_fit_is_refused_by_its_option(void **state)
{
	static const char *const users[] = {
		"root", "-1",  "4294967295", "4294967296", "",      "1:", ":1",
		"1:x",  "0x1", " 1",         "1 ",         "1:2:3", "+1", "18446744073709551617"};
	static const char *const bad[] = {"x"};
	const struct container_exec others[] = {
		{.args = command, .n_args = 2, .env = bad, .n_env = 1},
		{.args = command, .n_args = 2, .caps = bad, .n_caps = 1},
		{.args = command, .n_args = 2, .groups = bad, .n_groups = 1},
		{.args = command, .n_args = 2, .cwd = "relative"},
		{.args = command, .n_args = 0},
		{.process = "/nonexistent"},
	};
	static const char *const says[] = {"--env", "--cap",         "--additional-gids",
					   "--cwd", "path is empty", "--process"};
	struct exec_process p;
	struct err e;

	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		const struct container_exec o = {.args = command, .n_args = 2, .user = users[i]};

		assert_true(load(*state, &o, &p, &e) < 0);
		assert_says(&e, "--user");
		exec_process_done(&p);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_true(load(*state, &others[i], &p, &e) < 0);
		assert_says(&e, says[i]);
		exec_process_done(&p);
	}
}

#define PROCESS "{\"args\": [\"a\"], \"cwd\": \"/\", \"user\": {\"uid\": 0, \"gid\": 0}"

static void test_a_process_json_inherits_what_takes_rights_away(void **state)
{
	struct exec_process p;
	const struct spec_process *m = &p.merged.process;

	load_file(*state, PROCESS "}", &p);
	assert_int_equal(m->uid, 0);
	assert_int_equal(m->n_groups, 0);
	assert_int_equal(m->env.n, 0);
	assert_true(m->no_new_privileges);
	assert_true(m->caps_present);
	assert_int_equal(m->caps[SPEC_CAP_BOUNDING], CAP_BIT(CAP_KILL));
	assert_inherits_limits(m);
	exec_process_done(&p);
}

static void test_a_process_json_that_says_otherwise_is_obeyed(void **state)
{
	struct exec_process p;
	const struct spec_process *m = &p.merged.process;

	load_file(*state,
		  PROCESS ", \"noNewPrivileges\": false, \"capabilities\": {}, \"oomScoreAdj\": 0,"
			  "\"rlimits\": [{\"type\": \"RLIMIT_CORE\", \"soft\": 0, \"hard\": 0}]}",
		  &p);
	assert_false(m->no_new_privileges);
	assert_true(m->caps_present);
	assert_int_equal(m->caps[SPEC_CAP_BOUNDING], 0);
	assert_int_equal(m->n_rlimits, 1);
	assert_int_equal(m->rlimits[0].soft, 0);
	assert_int_equal(m->oom_score_adj.value, 0);
	exec_process_done(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_command_has_everything_else_from_the_container),
		TEST(test_a_command_line_changes_and_adds),
		TEST(test_a_user_alone_keeps_the_containers_group),
		TEST(test_what_does_not_fit_is_refused_by_its_option),
		TEST(test_a_process_json_inherits_what_takes_rights_away),
		TEST(test_a_process_json_that_says_otherwise_is_obeyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
