/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp as rules: actions with their errno, arguments, flags, the listener. */
#include "fixture.h"

#include <linux/seccomp.h>

/* Parses @text, in single quotes; NULL when it is refused. */
static struct spec_seccomp *parse(const char *text)
{
	struct spec_seccomp *s = NULL;
	struct err e = ERR_INIT;
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	fixture_error[0] = '\0';
	if (spec_seccomp_parse(copy, strlen(copy), &s, &e) < 0)
		err_str(&e, fixture_error, sizeof(fixture_error));
	free(copy);
	return s;
}

static void expect_action(const char *members, uint32_t expected)
{
	struct spec_seccomp *s;
	char text[256];

	snprintf(text, sizeof(text),
		 "{'defaultAction': 'SCMP_ACT_LOG', 'listenerPath': '/s',"
		 " 'syscalls': [{'names': ['read'], 'action': %s}]}",
		 members);
	s = parse(text);
	if (!s)
		fail_msg("%s: %s", members, fixture_error);
	assert_int_equal(s->rules[0].action, expected);
	assert_int_equal(s->notifies, expected == SECCOMP_RET_USER_NOTIF);
	spec_seccomp_free(&s);
}

static void test_actions_carry_their_errno(void **state)
{
	(void)state;
	expect_action("'SCMP_ACT_KILL'", SECCOMP_RET_KILL_THREAD);
	expect_action("'SCMP_ACT_KILL_PROCESS'", SECCOMP_RET_KILL_PROCESS);
	expect_action("'SCMP_ACT_TRAP'", SECCOMP_RET_TRAP);
	expect_action("'SCMP_ACT_ERRNO'", SECCOMP_RET_ERRNO | 1);
	expect_action("'SCMP_ACT_ERRNO', 'errnoRet': 38", SECCOMP_RET_ERRNO | 38);
	expect_action("'SCMP_ACT_ERRNO', 'errnoRet': 0", SECCOMP_RET_ERRNO);
	expect_action("'SCMP_ACT_TRACE', 'errnoRet': 65535", SECCOMP_RET_TRACE | 65535);
	expect_action("'SCMP_ACT_LOG'", SECCOMP_RET_LOG);
	expect_action("'SCMP_ACT_ALLOW'", SECCOMP_RET_ALLOW);
	expect_action("'SCMP_ACT_NOTIFY'", SECCOMP_RET_USER_NOTIF);
}

static void test_arguments_are_exact(void **state)
{
	struct spec_seccomp *s = parse(
		"{'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 22, 'syscalls': [{"
		"'names': ['clone', 'unshare'], 'action': 'SCMP_ACT_ALLOW', 'args': ["
		"{'index': 5, 'value': 18446744073709551615, 'valueTwo': 9007199254740993,"
		" 'op': 'SCMP_CMP_MASKED_EQ'}, {'index': 0, 'value': 1, 'op': 'SCMP_CMP_NE'}]}]}");
	const struct spec_seccomp_rule *rule = &s->rules[0];

	(void)state;
	assert_int_equal(s->default_action, SECCOMP_RET_ERRNO | 22);
	assert_int_equal(rule->names.n, 2);
	assert_string_equal(rule->names.v[1], "unshare");
	assert_int_equal(rule->n_args, 2);
	assert_int_equal(rule->args[0].index, 5);
	assert_int_equal(rule->args[0].op, 7);
	assert_true(rule->args[0].value == UINT64_MAX);
	assert_true(rule->args[0].value_two == UINT64_C(9007199254740993));
	assert_int_equal(rule->args[1].op, 1);
	spec_seccomp_free(&s);
}

static void test_operators_have_the_numbers_of_libseccomp(void **state)
{
	static const char *const operators[] = {"NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"};

	(void)state;
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		struct spec_seccomp *s;
		char text[256];

		snprintf(text, sizeof(text),
			 "{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['kill'],"
			 " 'action': 'SCMP_ACT_ERRNO', 'args': [{'index': 1, 'value': 10,"
			 " 'op': 'SCMP_CMP_%s'}]}]}",
			 operators[i]);
		s = parse(text);
		if (!s)
			fail_msg("%s: %s", operators[i], fixture_error);
		assert_int_equal(s->rules[0].args[0].op, i + 1);
		spec_seccomp_free(&s);
	}
}

static void test_absent_flags_are_not_an_empty_list(void **state)
{
	struct spec_seccomp *absent = parse("{'defaultAction': 'SCMP_ACT_ALLOW'}");
	struct spec_seccomp *empty = parse("{'defaultAction': 'SCMP_ACT_ALLOW', 'flags': []}");
	struct spec_seccomp *two =
		parse("{'defaultAction': 'SCMP_ACT_ALLOW',"
		      " 'flags': ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW']}");

	(void)state;
	assert_false(absent->flags_present);
	assert_true(empty->flags_present && empty->flags == 0);
	assert_int_equal(two->flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	assert_null(absent->archs.v[0]);
	spec_seccomp_free(&absent);
	spec_seccomp_free(&empty);
	spec_seccomp_free(&two);
}

static void test_architectures_stay_as_given(void **state)
{
	struct spec_seccomp *s = parse("{'defaultAction': 'SCMP_ACT_ALLOW',"
				       " 'architectures': ['SCMP_ARCH_X86_64', 'SCMP_ARCH_SHEB']}");

	(void)state;
	assert_int_equal(s->archs.n, 2);
	assert_string_equal(s->archs.v[1], "SCMP_ARCH_SHEB");
	spec_seccomp_free(&s);
	assert_null(parse("{'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': ['X86_64']}"));
}

static void test_messages_of_a_text_alone_have_its_own_places(void **state)
{
	(void)state;
	assert_null(parse("{'defaultAction': 'SCMP_ACT_ALLOW',\n 'syscalls': [{'names': []}]}"));
	assert_string_equal(fixture_error, "syscalls[0].action (linux.seccomp:2:15): is missing: "
					   "what is done, as \"SCMP_ACT_ERRNO\"");
}

static void test_rules_from_a_spec_have_places_in_config_json(void **state)
{
	auto_spec struct spec *spec = fixture_parse("", "", "'seccomp': {'defaultAction': 'X'}");
	struct spec_seccomp *s = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(spec_seccomp_load(spec, &s, &e), -22);
	err_str(&e, fixture_error, sizeof(fixture_error));
	assert_non_null(strstr(fixture_error, "linux.seccomp.defaultAction (config.json:1:"));
}

static void test_rules_that_are_not_there_are_not_no_rules(void **state)
{
	auto_spec struct spec *spec = fixture_parse("", "", "");
	struct spec_seccomp *s = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(spec_seccomp_load(spec, &s, &e), -22);
	assert_null(s);
}

#define RULE(members) \
	"{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': [{'names': ['read']," members "}]}"
#define ARG(members) RULE("'action': 'SCMP_ACT_ALLOW', 'args': [" members "]")

/* Those that tests/configs/bad has no file for. */
static void test_each_member_of_a_rule_is_checked(void **state)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{"[]", "found an array, want an object"},
		{"{'defaultAction': 1}", "defaultAction"},
		{"{'defaultAction': 'SCMP_ACT_LOG', 'syscalls': {}}",
		 "found an object, want an array"},
		{"{'defaultAction': 'SCMP_ACT_LOG', 'syscalls': ['read']}", "syscalls[0]"},
		{"{'defaultAction': 'SCMP_ACT_LOG', 'flags': 'TSYNC'}", "flags"},
		{"{'defaultAction': 'SCMP_ACT_LOG', 'flags': [1]}", "flags[0]"},
		{"{'defaultAction': 'SCMP_ACT_LOG', 'architectures': [1]}", "architectures[0]"},
		{"{'defaultAction': 'SCMP_ACT_LOG', 'listenerPath': 1}", "listenerPath"},
		{"{'defaultAction': 'SCMP_ACT_LOG', 'listenerPath': '/s', 'listenerMetadata': 1}",
		 "listenerMetadata"},
		{RULE("'action': 'SCMP_ACT_ALLOW', 'errnoRet': 1"),
		 "SCMP_ACT_TRACE only: remove it"},
		{RULE("'action': 'SCMP_ACT_ERRNO', 'errnoRet': 4096"), "an integer from 0 to 4095"},
		{RULE("'action': 'SCMP_ACT_TRACE', 'errnoRet': 65536"),
		 "an integer from 0 to 65535"},
		{RULE("'action': 'SCMP_ACT_NONE'"), "syscalls[0].action"},
		{RULE("'action': 'SCMP_ACT_ALLOW', 'args': {}"), "syscalls[0].args"},
		{ARG("1"), "args[0] (linux.seccomp:1:"},
		{ARG("{'value': 1, 'op': 'SCMP_CMP_EQ'}"), "args[0].index"},
		{ARG("{'index': 1, 'op': 'SCMP_CMP_EQ'}"), "args[0].value"},
		{ARG("{'index': 1, 'value': 1}"), "is missing: a comparison, as"},
		{ARG("{'index': 1, 'value': 1, 'op': 'SCMP_CMP_EQ', 'valueTwo': 1.5}"),
		 "args[0].valueTwo"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(parse(bad[i].text));
		if (!strstr(fixture_error, bad[i].message))
			fail_msg("%s: %s", bad[i].text, fixture_error);
	}
}

/* Nobody has looked into it before that. */
static void test_rules_that_are_no_json_are_refused_when_they_are_read(void **state)
{
	static const struct {
		const char *seccomp, *message;
	} bad[] = {
		{"{'defaultAction' 'SCMP_ACT_LOG'}", "config.json:1:"},
		{"{'defaultAction': 'SCMP_ACT_LOG', 'flags': {]}",
		 "expected a key in double quotes"},
		{"{'defaultAction': 'SCMP_ACT_LOG', 'x': 'a\tb'}", "found byte 0x09 in a string"},
		{"{'defaultAction': 'SCMP_ACT_LOG', 'x': 1, 'x': 2}",
		 "linux.seccomp.x (config.json:1:"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char linux_[128], message[ERR_STR_SIZE];
		struct spec_seccomp *s = NULL;
		struct err e = ERR_INIT;
		struct spec *spec;

		(void)snprintf(linux_, sizeof(linux_), "'seccomp': %s", bad[i].seccomp);
		spec = fixture_parse("", "", linux_);
		assert_non_null(spec);
		assert_int_equal(spec->seccomp_len, strlen(bad[i].seccomp));
		assert_true(spec_seccomp_load(spec, &s, &e) < 0);
		if (!strstr(err_str(&e, message, sizeof(message)), bad[i].message))
			fail_msg("%s: %s", bad[i].seccomp, message);
		spec_free(&spec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_member_of_a_rule_is_checked),
		cmocka_unit_test(test_rules_that_are_no_json_are_refused_when_they_are_read),
		cmocka_unit_test(test_actions_carry_their_errno),
		cmocka_unit_test(test_arguments_are_exact),
		cmocka_unit_test(test_operators_have_the_numbers_of_libseccomp),
		cmocka_unit_test(test_absent_flags_are_not_an_empty_list),
		cmocka_unit_test(test_architectures_stay_as_given),
		cmocka_unit_test(test_messages_of_a_text_alone_have_its_own_places),
		cmocka_unit_test(test_rules_from_a_spec_have_places_in_config_json),
		cmocka_unit_test(test_rules_that_are_not_there_are_not_no_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
