/* SPDX-License-Identifier: Apache-2.0 */
/* A libseccomp that refuses: each of its functions says no in turn, and the message says which. */
#include "fixture.h"

#include "plan/seccomp.h"

#include <errno.h>
#include <sys/resource.h>

static scmp_filter_ctx no_context(uint32_t action)
{
	(void)action;
	return NULL;
}

static int no_attribute(scmp_filter_ctx ctx, enum scmp_filter_attr attr, uint32_t value)
{
	(void)ctx;
	(void)value;
	return attr == SCMP_FLTATR_CTL_OPTIMIZE ? -EOPNOTSUPP : 0;
}

static int no_arch(scmp_filter_ctx ctx, uint32_t token)
{
	(void)ctx;
	(void)token;
	return -EDOM;
}

static uint32_t no_name(const char *name)
{
	(void)name;
	return 0;
}

static int no_rule(scmp_filter_ctx ctx, uint32_t action, int nr, unsigned n,
		   const struct scmp_arg_cmp *args)
{
	(void)ctx;
	(void)action;
	(void)nr;
	(void)n;
	(void)args;
	return -EACCES;
}

static int no_export(const scmp_filter_ctx ctx, int fd)
{
	(void)ctx;
	(void)fd;
	return -ECANCELED;
}

static const struct seccomp_api *library(void)
{
	const struct seccomp_api *api = NULL;
	struct err e = ERR_INIT;

	if (seccomp_library(&api, &e) < 0)
		fail_msg("%s", err_str(&e, fixture_error, sizeof(fixture_error)));
	return api;
}

#define FAMILY "'SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'"

/* Compiles a profile with @api; the message is in fixture_error. */
static int compile(const struct seccomp_api *api)
{
	char text[] = "{'defaultAction': 'SCMP_ACT_ERRNO', 'architectures': [" FAMILY "],"
		      " 'syscalls': [{'names': ['read'], 'action': 'SCMP_ACT_ALLOW'},"
		      " {'names': ['no_such_call', 'write', 'close'], 'action': 'SCMP_ACT_LOG'}]}";
	struct plan_program program = {.insns = NULL};
	struct spec_seccomp *rules = NULL;
	struct err e = ERR_INIT;
	int r;

	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	assert_int_equal(spec_seccomp_parse(text, strlen(text), &rules, &e), 0);
	r = seccomp_rules_compile(api, rules, &program, &e);
	spec_seccomp_free(&rules);
	assert_int_equal(r == 0, program.insns != NULL);
	free((void *)(uintptr_t)program.insns);
	fixture_error[0] = '\0';
	if (r < 0)
		err_str(&e, fixture_error, sizeof(fixture_error));
	return r;
}

static void assert_refused(const struct seccomp_api *api, const char *message)
{
	assert_true(compile(api) < 0);
	if (!strstr(fixture_error, message))
		fail_msg("%s, want %s", fixture_error, message);
}

static void test_what_the_library_refuses_is_said(void **state)
{
	const struct seccomp_api *real = library();
	struct seccomp_api api;

	(void)state;
	assert_int_equal(compile(real), 0);
	api = *real;
	api.init = no_context;
	assert_refused(&api, "defaultAction: libseccomp does not take it");
	api = *real;
	api.attr_set = no_attribute;
	assert_refused(&api, "prepare libseccomp: Operation not supported");
	api = *real;
	api.arch_resolve_name = no_name;
	assert_refused(&api, "architectures[0]: SCMP_ARCH_X86_64 is not known to libseccomp 2.");
	api = *real;
	api.arch_add = no_arch;
	assert_refused(&api, "add SCMP_ARCH_");
	api = *real;
	api.rule_add_array = no_rule;
	assert_refused(&api, "syscalls[0]: add the rule for read: Permission denied");
	api = *real;
	api.export_bpf = no_export;
	assert_refused(&api, "compile the filter: Operation canceled");
}

static void test_without_a_descriptor_there_is_no_filter(void **state)
{
	const struct seccomp_api *real = library();
	struct rlimit kept, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = kept.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	(void)compile(real);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
	assert_string_equal(fixture_error, "make a memory file: Too many open files");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_the_library_refuses_is_said),
		cmocka_unit_test(test_without_a_descriptor_there_is_no_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
