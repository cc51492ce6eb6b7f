/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of process: environment, ids, capabilities, resource limits. */
#include "fixture.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <unistd.h>

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

static void test_env_keeps_the_last_of_a_key(void **state)
{
	auto_spec struct spec *spec =
		fixture_parse("", "'env': ['A=1', 'AB=2', 'B=', 'A=3', 'C=x=y', 'AB=4']", "");
	const struct spec_list *env = &spec->process.env;

	(void)state;
	assert_int_equal(env->n, 4);
	assert_string_equal(env->v[0], "B=");
	assert_string_equal(env->v[1], "A=3");
	assert_string_equal(env->v[2], "C=x=y");
	assert_string_equal(env->v[3], "AB=4");
	assert_null(env->v[4]);
}

static void test_env_of_absent_is_an_empty_list(void **state)
{
	auto_spec struct spec *spec = fixture_parse("", "'env': null", "");

	(void)state;
	assert_int_equal(spec->process.env.n, 0);
	assert_null(spec->process.env.v[0]);
}

/* What `exec` is told: @members behind those that have to be there. */
static struct spec *load_process(const char *members)
{
	char path[] = "/tmp/test-process-XXXXXX";
	struct err e = ERR_INIT;
	struct spec *spec = NULL;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	fixture_error[0] = '\0';
	assert_true(dprintf(fd, "{\"args\": [\"a\"], \"cwd\": \"/\", %s}", members) > 0);
	if (spec_load_process(AT_FDCWD, path, NULL, &spec, &e) < 0)
		err_str(&e, fixture_error, sizeof(fixture_error));
	(void)close(fd);
	(void)unlink(path);
	return spec;
}

static void test_a_process_alone_is_read_with_its_own_paths(void **state)
{
	auto_spec struct spec *spec =
		load_process("\"user\": {\"uid\": 3, \"gid\": 4}, \"noNewPrivileges\": false");

	(void)state;
	assert_true(spec->process.present);
	assert_int_equal(spec->process.uid, 3);
	assert_true(spec->process.no_new_privileges_set);
	assert_false(spec->process.no_new_privileges);
	spec_free(&spec);
	spec = load_process("\"user\": {\"uid\": 3, \"gid\": 4}");
	assert_false(spec->process.no_new_privileges_set);
	assert_false(spec->process.caps_present);
	spec_free(&spec);
	assert_null(load_process("\"user\": {\"uid\": -1, \"gid\": 4}"));
	assert_non_null(strstr(fixture_error, "user.uid ("));
	assert_null(load_process("\"user\": []"));
	assert_null(load_process("\"terminal\": 1"));
}

static void test_numbers_come_out_exact(void **state)
{
	auto_spec struct spec *spec =
		fixture_parse("",
			      "'rlimits': [{'type': 'RLIMIT_NOFILE', 'soft': 9007199254740993,"
			      " 'hard': 18446744073709551615}], 'oomScoreAdj': -1000",
			      "");
	const struct spec_process *p = &spec->process;

	(void)state;
	assert_int_equal(p->rlimits[0].resource, RLIMIT_NOFILE);
	assert_true(p->rlimits[0].soft == UINT64_C(9007199254740993));
	assert_true(p->rlimits[0].hard == UINT64_MAX);
	assert_true(p->oom_score_adj.set);
	assert_int_equal(p->oom_score_adj.value, -1000);
	assert_false(p->umask.set);
}

static void test_console_size_is_ignored_without_a_terminal(void **state)
{
	auto_spec struct spec *with = fixture_parse(
		"", "'terminal': true, 'consoleSize': {'height': 24, 'width': 80}", "");
	auto_spec struct spec *without =
		fixture_parse("", "'consoleSize': {'height': 24, 'width': 80}", "");

	(void)state;
	assert_int_equal(with->process.console_height, 24);
	assert_int_equal(with->process.console_width, 80);
	assert_int_equal(without->process.console_width, 0);
}

static void test_capabilities_are_masks_by_number(void **state)
{
	auto_spec struct spec *spec = fixture_parse(
		"", "'capabilities': {'bounding': ['CAP_CHOWN', 'CAP_CHECKPOINT_RESTORE']}", "");

	(void)state;
	assert_true(spec->process.caps_present);
	assert_true(spec->process.caps[SPEC_CAP_BOUNDING] ==
		    (CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_CHECKPOINT_RESTORE)));
	assert_true(spec->process.caps[SPEC_CAP_INHERITABLE] == 0);
}

static void test_more_groups_than_the_kernel_takes_are_refused(void **state)
{
	enum { GROUPS = 65537 };
	char *text = malloc(2 * GROUPS + 256);
	size_t len;

	(void)state;
	assert_non_null(text);
	len = (size_t)sprintf(text, "{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"r\"}, "
				    "\"process\": {\"args\": [\"a\"], \"cwd\": \"/\", "
				    "\"user\": {\"uid\": 0, \"gid\": 0, \"additionalGids\": [1");
	for (int i = 1; i < GROUPS; i++)
		len += (size_t)sprintf(text + len, ",1");
	len += (size_t)sprintf(text + len, "]}}}");
	assert_null(fixture_parse_text(text, len));
	free(text);
	assert_non_null(strstr(fixture_error, "process.user.additionalGids (config.json:"));
	assert_non_null(strstr(fixture_error, "has 65537 groups: the kernel allows 65536"));
}

static void test_unknown_capability_is_a_warning(void **state)
{
	auto_spec struct spec *spec =
		fixture_parse("", "'capabilities': {'bounding': ['CAP_SYS_ADMN', 'CAP_KILL']}", "");

	(void)state;
	assert_non_null(spec);
	assert_true(spec->process.caps[SPEC_CAP_BOUNDING] == CAP_BIT(CAP_KILL));
	assert_non_null(
		strstr(fixture_warnings, "process.capabilities.bounding[0] (config.json:1:"));
	assert_non_null(strstr(fixture_warnings, "\"CAP_SYS_ADMN\" is not granted (did you mean "
						 "CAP_SYS_ADMIN?)"));
}

static void test_capabilities_that_cannot_be_raised_are_left_out(void **state)
{
	auto_spec struct spec *spec = fixture_parse(
		"",
		"'capabilities': {'permitted': ['CAP_KILL', 'CAP_CHOWN'],"
		" 'inheritable': ['CAP_KILL'], 'effective': ['CAP_KILL', 'CAP_SETUID'],"
		" 'ambient': ['CAP_KILL', 'CAP_CHOWN']}",
		"");

	(void)state;
	assert_true(spec->process.caps[SPEC_CAP_EFFECTIVE] == CAP_BIT(CAP_KILL));
	assert_true(spec->process.caps[SPEC_CAP_AMBIENT] == CAP_BIT(CAP_KILL));
	assert_non_null(strstr(fixture_warnings, "CAP_SETUID cannot be raised"));
	assert_non_null(strstr(fixture_warnings, "CAP_CHOWN cannot be raised"));
}

static void test_names_stand_in_number_order(void **state)
{
	const char *const *names = spec_capability_names();

	(void)state;
	assert_string_equal(names[CAP_SYS_ADMIN], "CAP_SYS_ADMIN");
	assert_string_equal(names[CAP_AUDIT_READ], "CAP_AUDIT_READ");
	assert_null(names[CAP_CHECKPOINT_RESTORE + 1]);
}

static void test_a_config_without_process_is_valid(void **state)
{
	static const char text[] = "{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"r\"}}";
	auto_spec struct spec *spec = fixture_parse_text(text, strlen(text));

	(void)state;
	assert_non_null(spec);
	assert_false(spec->process.present);
}

static void test_hooks_without_args_have_their_path_as_argv(void **state)
{
	auto_spec struct spec *spec = fixture_parse(
		"'hooks': {'poststop': [{'path': '/bin/a'},"
		" {'path': '/bin/b', 'args': ['b', 'c'], 'env': ['X=1'], 'timeout': 7}]}",
		"", "");
	const struct spec_hooks *list = &spec->hooks[SPEC_HOOK_POSTSTOP];

	(void)state;
	assert_int_equal(list->n, 2);
	assert_int_equal(list->v[0].args.n, 1);
	assert_string_equal(list->v[0].args.v[0], "/bin/a");
	assert_null(list->v[0].args.v[1]);
	assert_int_equal(list->v[0].timeout, 0);
	assert_string_equal(list->v[1].args.v[1], "c");
	assert_string_equal(list->v[1].env.v[0], "X=1");
	assert_int_equal(list->v[1].timeout, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_env_keeps_the_last_of_a_key),
		cmocka_unit_test(test_env_of_absent_is_an_empty_list),
		cmocka_unit_test(test_a_process_alone_is_read_with_its_own_paths),
		cmocka_unit_test(test_numbers_come_out_exact),
		cmocka_unit_test(test_console_size_is_ignored_without_a_terminal),
		cmocka_unit_test(test_capabilities_are_masks_by_number),
		cmocka_unit_test(test_more_groups_than_the_kernel_takes_are_refused),
		cmocka_unit_test(test_unknown_capability_is_a_warning),
		cmocka_unit_test(test_capabilities_that_cannot_be_raised_are_left_out),
		cmocka_unit_test(test_names_stand_in_number_order),
		cmocka_unit_test(test_a_config_without_process_is_valid),
		cmocka_unit_test(test_hooks_without_args_have_their_path_as_argv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
