/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of mounts[]: destinations, kinds, and each option in both its forms. */
#include "fixture.h"

#include <sys/mount.h>

/* A configuration with one mount; the members of it in single quotes. */
static struct spec *parse_mount(const char *members)
{
	char top[1024];

	snprintf(top, sizeof(top), "'mounts': [{%s}]", members);
	return fixture_parse(top, "", MOUNT_NS);
}

/* The mount of a tmpfs (or, with bind among them, of /srv) with @options. */
static struct spec *parse_options(const char *options)
{
	char members[900];

	snprintf(members, sizeof(members),
		 "'destination': '/m', 'type': 'tmpfs', 'source': '/srv', 'options': [%s]",
		 options);
	return parse_mount(members);
}

static void expect_destination(const char *given, const char *expected)
{
	auto_spec struct spec *spec = NULL;
	char members[256];

	snprintf(members, sizeof(members), "'destination': '%s', 'type': 'tmpfs'", given);
	spec = parse_mount(members);
	if (!spec)
		fail_msg("%s: %s", given, fixture_error);
	assert_string_equal(spec->mounts[0].destination, expected);
}

static void test_destination_comes_out_clean(void **state)
{
	(void)state;
	expect_destination("/a/b", "/a/b");
	expect_destination("//a//b/", "/a/b");
	expect_destination("/a/./b/.", "/a/b");
	expect_destination("/a/../proc/sys", "/proc/sys");
	expect_destination("/../../etc", "/etc");
	expect_destination("/...", "/...");
	expect_destination("/a/b/../..c", "/a/..c");
}

static void test_relative_destination_is_taken_from_the_root_with_a_warning(void **state)
{
	(void)state;
	expect_destination("a/b", "/a/b");
	assert_string_equal(fixture_warnings,
			    "mounts[0].destination (config.json:1:80): \"a/b\" is "
			    "not absolute: taken as /a/b\n");
}

static bool iversion_warns(const char *options)
{
	auto_spec struct spec *spec = parse_options(options);

	if (!spec)
		fail_msg("%s: %s", options, fixture_error);
	return strstr(fixture_warnings, "iversion and noiversion are left out") != NULL;
}

static void test_iversion_that_the_kernel_does_not_take_is_warned_of(void **state)
{
	(void)state;
	assert_false(iversion_warns("'iversion'"));
	assert_false(iversion_warns("'noiversion', 'rprivate'"));
	assert_false(iversion_warns("'remount', 'sync'"));
	assert_true(iversion_warns("'remount', 'iversion'"));
	assert_true(iversion_warns("'remount', 'noiversion'"));
	assert_true(iversion_warns("'iversion', 'rslave'"));
	assert_true(iversion_warns("'iversion', 'tmpcopyup'"));
}

static void test_a_mount_on_the_root_is_refused(void **state)
{
	(void)state;
	assert_null(parse_mount("'destination': '/a/..', 'type': 'tmpfs'"));
	assert_non_null(strstr(fixture_error, "a mount on / would hide"));
}

static void test_bind_has_no_type_and_rbind_is_recursive(void **state)
{
	auto_spec struct spec *one = parse_options("'bind'"),
			      *all = parse_options("'rbind', 'bind'");
	auto_spec struct spec *type =
		parse_mount("'destination': '/m', 'type': 'bind', 'source': 'srv'");

	(void)state;
	assert_true(one->mounts[0].bind && !one->mounts[0].recursive);
	assert_null(one->mounts[0].type);
	assert_true(all->mounts[0].bind && all->mounts[0].recursive);
	assert_true(type->mounts[0].bind);
	assert_string_equal(type->mounts[0].source, "srv");
}

static void test_file_system_options_become_data_in_order(void **state)
{
	auto_spec struct spec *spec = parse_options("'mode=755', 'ro', '', 'size=64k', 'nosuid'");
	const struct spec_mount *m = &spec->mounts[0];

	(void)state;
	assert_string_equal(m->data, "mode=755,size=64k");
	assert_int_equal(m->flags, MS_RDONLY | MS_NOSUID);
	assert_int_equal(m->attr_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
	assert_int_equal(m->options.n, 5);
}

static void test_bind_mount_refuses_an_unknown_option_before_or_behind_bind(void **state)
{
	(void)state;
	assert_null(parse_options("'size=1', 'bind'"));
	assert_non_null(strstr(fixture_error, "mounts[0].options[0]"));
	assert_null(parse_options("'bind', 'nodevv'"));
	assert_non_null(strstr(fixture_error, "(did you mean nodev?): bind mounts cannot have any "
					      "filesystem-specific options applied"));
}

static void test_a_later_option_overrides(void **state)
{
	auto_spec struct spec *spec =
		parse_options("'ro', 'nodev', 'rw', 'noexec', 'exec', 'noexec'");
	const struct spec_mount *m = &spec->mounts[0];

	(void)state;
	assert_int_equal(m->flags, MS_NODEV | MS_NOEXEC);
	assert_int_equal(m->attr_set, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	assert_int_equal(m->attr_clr, MOUNT_ATTR_RDONLY);
}

static void expect_atime(const char *options, unsigned long flags, uint64_t mode)
{
	auto_spec struct spec *spec = parse_options(options);
	const struct spec_mount *m = &spec->mounts[0];

	assert_int_equal(m->flags, flags);
	assert_int_equal(m->attr_set, mode);
	assert_int_equal(m->attr_clr & MOUNT_ATTR__ATIME, MOUNT_ATTR__ATIME);
}

static void test_access_time_modes_exclude_each_other(void **state)
{
	(void)state;
	expect_atime("'noatime'", MS_NOATIME, MOUNT_ATTR_NOATIME);
	expect_atime("'noatime', 'strictatime'", MS_STRICTATIME, MOUNT_ATTR_STRICTATIME);
	expect_atime("'strictatime', 'relatime'", MS_RELATIME, MOUNT_ATTR_RELATIME);
	expect_atime("'noatime', 'atime'", 0, 0);
	expect_atime("'noatime', 'nostrictatime'", MS_NOATIME, MOUNT_ATTR_NOATIME);
}

static void test_recursive_options_are_apart_from_the_others(void **state)
{
	auto_spec struct spec *spec =
		parse_options("'rbind', 'rro', 'rnosuid', 'rsuid', 'rnoatime', 'rw'");
	const struct spec_mount *m = &spec->mounts[0];

	(void)state;
	assert_int_equal(m->rec_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME);
	assert_int_equal(m->rec_clr, MOUNT_ATTR_NOSUID | MOUNT_ATTR__ATIME);
	assert_int_equal(m->attr_set, 0);
	assert_int_equal(m->attr_clr, MOUNT_ATTR_RDONLY);
}

static void test_propagation_keeps_its_order(void **state)
{
	auto_spec struct spec *spec = parse_options("'bind', 'rslave', 'shared'");
	const struct spec_mount *m = &spec->mounts[0];

	(void)state;
	assert_int_equal(m->n_propagation, 2);
	assert_int_equal(m->propagation[0], MS_SLAVE | MS_REC);
	assert_int_equal(m->propagation[1], MS_SHARED);
	assert_int_equal(m->flags, 0);
}

static void test_every_listed_option_is_accepted_on_a_bind_mount(void **state)
{
	/* For a tmpfs, and for a mount that says which ids: tested in the corpus of configs. */
	static const char *const apart[] = {"tmpcopyup", "idmap", "ridmap", NULL};

	(void)state;
	for (const char *const *name = spec_mount_option_names(); *name; name++) {
		char options[64];
		auto_spec struct spec *spec = NULL;
		size_t i = 0;

		while (apart[i] && strcmp(apart[i], *name) != 0)
			i++;
		if (apart[i])
			continue;
		snprintf(options, sizeof(options), "'bind', '%s'", *name);
		spec = parse_options(options);
		if (!spec)
			fail_msg("%s: %s", *name, fixture_error);
		assert_null(spec->mounts[0].data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_destination_comes_out_clean),
		cmocka_unit_test(test_relative_destination_is_taken_from_the_root_with_a_warning),
		cmocka_unit_test(test_iversion_that_the_kernel_does_not_take_is_warned_of),
		cmocka_unit_test(test_a_mount_on_the_root_is_refused),
		cmocka_unit_test(test_bind_has_no_type_and_rbind_is_recursive),
		cmocka_unit_test(test_file_system_options_become_data_in_order),
		cmocka_unit_test(test_bind_mount_refuses_an_unknown_option_before_or_behind_bind),
		cmocka_unit_test(test_a_later_option_overrides),
		cmocka_unit_test(test_access_time_modes_exclude_each_other),
		cmocka_unit_test(test_recursive_options_are_apart_from_the_others),
		cmocka_unit_test(test_propagation_keeps_its_order),
		cmocka_unit_test(test_every_listed_option_is_accepted_on_a_bind_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
