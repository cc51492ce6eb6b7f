/* SPDX-License-Identifier: Apache-2.0 */
/* What annotations have to say, and which of crun's are refused. */
#include "fixture.h"

static void assert_refused(const char *annotation, const char *why)
{
	auto_spec struct spec *spec = NULL;
	char top[512];

	(void)snprintf(top, sizeof(top), "'annotations': {%s}", annotation);
	spec = fixture_parse(top, "", "");
	if (spec)
		fail_msg("%s was taken", annotation);
	if (!strstr(fixture_error, why))
		fail_msg("\"%s\" does not say \"%s\"", fixture_error, why);
}

static void test_annotations_that_ask_for_something_else_are_refused(void **state)
{
	static const struct {
		const char *annotation, *why;
	} cases[] = {
		{"'run.oci.handler': 'krun'", "krun, wasm"},
		{"'run.oci.seccomp.plugins': '/p.so'", "linux.seccomp.listenerPath"},
		{"'run.oci.seccomp_bpf_data': 'BgAAAAAA/38='", "write rules in linux.seccomp"},
		{"'run.oci.systemd.force_cgroup_v1': '/sys/fs/cgroup'", "there is no cgroup v1"},
		{"'run.oci.timens_offset': 'monotonic 1 0'", "linux.timeOffsets"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_refused(cases[i].annotation, cases[i].why);
		assert_non_null(strstr(fixture_error, "is not supported: "));
	}
}

static void test_annotations_with_a_value_that_cannot_be_are_refused(void **state)
{
	(void)state;
	assert_refused("'run.oci.hooks.stdout': 'out.log'", "is not absolute");
	assert_refused("'run.oci.hooks.stderr': './err.log'", "is not absolute");
	assert_refused("'run.oci.pidfd_receiver': 'a.sock'", "is not absolute");
	assert_refused("'run.oci.seccomp.receiver': 'a.sock'", "is not absolute");
	assert_refused("'run.oci.delegate-cgroup': '../up'", "not the name of one cgroup");
	assert_refused("'run.oci.delegate-cgroup': '/'", "not the name of one cgroup");
	assert_refused("'run.oci.delegate-cgroup': '..'", "not the name of one cgroup");
	assert_refused("'run.oci.delegate-cgroup': 'a/b'", "not the name of one cgroup");
}

static void test_annotations_of_nobody_and_empty_ones_are_taken(void **state)
{
	auto_spec struct spec *spec =
		fixture_parse("'annotations': {'run.oci.handler': '', 'run.oci.hooks.stdout': '',"
			      " 'run.oci.handlers': 'krun', 'module.wasm.image/variant': 'compat',"
			      " 'run.oci.delegate-cgroup': '/init'}",
			      "", "");

	(void)state;
	if (!spec)
		fail_msg("%s", fixture_error);
	assert_int_equal(spec->n_annotations, 5);
	assert_non_null(spec_annotation(spec, SPEC_ANNOTATION_HOOKS_STDOUT));
	assert_null(spec_annotation_set(spec, SPEC_ANNOTATION_HOOKS_STDOUT));
	assert_null(spec_annotation_set(spec, SPEC_ANNOTATION_HOOKS_STDERR));
	assert_string_equal(spec_annotation_set(spec, SPEC_ANNOTATION_DELEGATE), "/init");
}

#define RULES                                                                     \
	"'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW', 'listenerMetadata': 'm'," \
	" 'syscalls': [{'names': ['mkdir'], 'action': 'SCMP_ACT_NOTIFY'}]"

static void test_the_receiver_stands_in_for_a_listener(void **state)
{
	static const char receiver[] = "'annotations': {'run.oci.seccomp.receiver': '/r.sock'}";
	auto_spec struct spec *stands_in = fixture_parse(receiver, "", RULES "}");
	auto_spec struct spec *both =
		fixture_parse(receiver, "", RULES ", 'listenerPath': '/l.sock'}");
	auto_spec struct spec *neither = fixture_parse("", "", RULES "}");
	struct spec_seccomp *rules = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_string_equal(stands_in->seccomp_listener, "/r.sock");
	assert_int_equal(spec_seccomp_load(stands_in, &rules, &e), 0);
	assert_true(rules->notifies);
	spec_seccomp_free(&rules);
	assert_string_equal(both->seccomp_listener, "/l.sock");
	assert_null(neither->seccomp_listener);
	assert_true(spec_seccomp_load(neither, &rules, &e) < 0);
}

static void test_unknown_system_calls_are_of_interest_unless_0(void **state)
{
	static const struct {
		const char *value;
		bool strict;
	} cases[] = {{"1", true}, {"yes", true}, {"0", false}, {"", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_spec struct spec *spec = NULL;
		struct spec_seccomp *rules = NULL;
		struct err e = ERR_INIT;
		char top[128];

		(void)snprintf(top, sizeof(top),
			       "'annotations': {'run.oci.seccomp_fail_unknown_syscall': '%s'}",
			       cases[i].value);
		spec = fixture_parse(top, "", "'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW'}");
		assert_int_equal(spec_seccomp_load(spec, &rules, &e), 0);
		assert_int_equal(rules->fail_unknown, cases[i].strict);
		spec_seccomp_free(&rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_annotations_that_ask_for_something_else_are_refused),
		cmocka_unit_test(test_annotations_with_a_value_that_cannot_be_are_refused),
		cmocka_unit_test(test_annotations_of_nobody_and_empty_ones_are_taken),
		cmocka_unit_test(test_the_receiver_stands_in_for_a_listener),
		cmocka_unit_test(test_unknown_system_calls_are_of_interest_unless_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
