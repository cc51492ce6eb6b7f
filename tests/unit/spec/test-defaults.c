/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration that `tinyrun spec` writes is one that tinyrun takes, and is the usual one. */
#include "fixture.h"

#include <linux/capability.h>

static struct spec *parse_default(bool rootless)
{
	struct buf text = BUF_INIT;
	struct spec *spec;

	assert_int_equal(spec_write_default(&text, rootless, 1000, 1001), 0);
	spec = fixture_parse_text(text.data, text.len);
	if (!spec)
		fail_msg("%s", fixture_error);
	assert_string_equal(fixture_warnings, "");
	assert_int_equal(text.data[text.len - 1], '\n');
	buf_done(&text);
	return spec;
}

static const struct spec_mount *mount_at(const struct spec *spec, const char *destination)
{
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (strcmp(spec->mounts[i].destination, destination) == 0)
			return &spec->mounts[i];
	fail_msg("no mount on %s", destination);
	return NULL;
}

static void test_default_runs_a_shell_with_little(void **state)
{
	auto_spec struct spec *spec = parse_default(false);
	uint64_t caps = UINT64_C(1) << CAP_AUDIT_WRITE | UINT64_C(1) << CAP_KILL |
			UINT64_C(1) << CAP_NET_BIND_SERVICE;

	(void)state;
	assert_string_equal(spec->process.args.v[0], "sh");
	assert_true(spec->process.terminal && spec->process.no_new_privileges);
	assert_true(spec->process.caps[SPEC_CAP_BOUNDING] == caps);
	assert_true(spec->process.caps[SPEC_CAP_PERMITTED] == caps);
	assert_true(spec->process.caps[SPEC_CAP_INHERITABLE] == 0);
	assert_true(spec->process.caps[SPEC_CAP_AMBIENT] == 0);
	assert_int_equal(spec->process.rlimits[0].hard, 1024);
	assert_true(spec->root_readonly);
	assert_string_equal(spec->hostname, "tinyrun");
}

static void test_default_has_its_own_namespaces_but_user_and_time(void **state)
{
	auto_spec struct spec *spec = parse_default(false);

	(void)state;
	for (int kind = 0; kind < SPEC_NS_MAX; kind++)
		assert_int_equal(spec->ns[kind].present,
				 kind != SPEC_NS_USER && kind != SPEC_NS_TIME);
	assert_int_equal(spec->n_mounts, 7);
	assert_string_equal(mount_at(spec, "/dev/pts")->data,
			    "newinstance,ptmxmode=0666,mode=0620,gid=5");
	assert_string_equal(mount_at(spec, "/sys")->type, "sysfs");
	assert_int_equal(spec->limits.n_devices, 1);
	assert_false(spec->limits.devices[0].allow);
	assert_int_equal(spec->masked_paths.n, 10);
	assert_int_equal(spec->readonly_paths.n, 5);
}

static void test_rootless_default_maps_the_caller(void **state)
{
	auto_spec struct spec *spec = parse_default(true);

	(void)state;
	assert_true(spec->ns[SPEC_NS_USER].present);
	assert_false(spec->ns[SPEC_NS_NETWORK].present);
	assert_int_equal(spec->uid_map.v[0].host_id, 1000);
	assert_int_equal(spec->gid_map.v[0].host_id, 1001);
	assert_int_equal(spec->gid_map.v[0].size, 1);
	assert_true(mount_at(spec, "/sys")->bind && mount_at(spec, "/sys")->recursive);
	assert_string_equal(mount_at(spec, "/dev/pts")->data,
			    "newinstance,ptmxmode=0666,mode=0620");
	assert_false(spec->has_resources);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_runs_a_shell_with_little),
		cmocka_unit_test(test_default_has_its_own_namespaces_but_user_and_time),
		cmocka_unit_test(test_rootless_default_maps_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
