/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of linux: namespaces, mappings, devices, limits, and what depends on them. */
#include "fixture.h"

#include <sched.h>
#include <sys/mount.h>

#include "spec/internal.h"

static void test_namespaces_are_new_or_joined(void **state)
{
	auto_spec struct spec *spec = fixture_parse(
		"", "",
		"'namespaces': [{'type': 'mount'}, {'type': 'network', 'path': '/run/netns/a'}]");

	(void)state;
	assert_true(spec->ns[SPEC_NS_MOUNT].present);
	assert_null(spec->ns[SPEC_NS_MOUNT].path);
	assert_string_equal(spec->ns[SPEC_NS_NETWORK].path, "/run/netns/a");
	assert_int_equal(spec->ns[SPEC_NS_NETWORK].index, 1);
	assert_false(spec->ns[SPEC_NS_PID].present);
	assert_true(spec_ns_flag(SPEC_NS_NETWORK) == CLONE_NEWNET);
	assert_string_equal(spec_ns_file(SPEC_NS_MOUNT), "mnt");
}

static void test_joined_user_namespace_needs_no_mappings(void **state)
{
	auto_spec struct spec *spec = fixture_parse(
		"", "", "'namespaces': [{'type': 'user', 'path': '/proc/1/ns/user'}]");

	(void)state;
	assert_non_null(spec);
}

static void test_a_mapping_may_end_at_the_last_id(void **state)
{
	auto_spec struct spec *spec = fixture_parse(
		"", "",
		"'namespaces': [{'type': 'user'}],"
		" 'uidMappings': [{'containerID': 0, 'hostID': 0, 'size': 4294967295}],"
		" 'gidMappings': [{'containerID': 4294967294, 'hostID': 7, 'size': 1},"
		" {'containerID': 0, 'hostID': 8, 'size': 2}]");

	(void)state;
	if (!spec)
		fail_msg("%s", fixture_error);
	assert_true(mappings_cover(&spec->gid_map, 1));
	assert_false(mappings_cover(&spec->gid_map, 2));
	assert_true(mappings_cover(&spec->gid_map, 4294967294u));
}

static void test_time_offsets_need_a_new_namespace(void **state)
{
	auto_spec struct spec *spec =
		fixture_parse("", "",
			      "'namespaces': [{'type': 'time'}],"
			      " 'timeOffsets': {'monotonic': {'secs': -3, 'nanosecs': 999999999}}");

	(void)state;
	assert_true(spec->monotonic.set && !spec->boottime.set);
	assert_int_equal(spec->monotonic.secs, -3);
	assert_int_equal(spec->monotonic.nanosecs, 999999999);
}

static void test_device_defaults(void **state)
{
	auto_spec struct spec *spec = fixture_parse(
		"", "",
		"'devices': [{'type': 'u', 'path': '/dev/u', 'major': 4, 'minor': 1048575},"
		" {'type': 'p', 'path': '/f', 'fileMode': 8630, 'uid': 3}]");

	(void)state;
	assert_int_equal(spec->devices[0].type, 'c');
	assert_int_equal(spec->devices[0].mode, 0666);
	assert_int_equal(spec->devices[0].minor, 1048575);
	assert_int_equal(spec->devices[1].type, 'p');
	assert_int_equal(spec->devices[1].mode, 0666);
	assert_int_equal(spec->devices[1].uid, 3);
}

static void test_limits_come_out_as_given(void **state)
{
	auto_spec struct spec *spec =
		fixture_parse("", "",
			      "'resources': {'memory': {'limit': 9223372036854771712, 'swap': -1},"
			      " 'cpu': {'shares': 18446744073709551615, 'quota': -1, 'cpus': "
			      "'0-3,7', 'mems': ''},"
			      " 'pids': {'limit': 0}, 'unified': {'memory.high': '5'},"
			      " 'devices': [{'allow': false, 'access': 'rwm'},"
			      " {'allow': true, 'type': 'c', 'major': 1, 'access': 'r'}]}");
	const struct limits *lim = &spec->limits;

	(void)state;
	assert_true(spec->has_resources);
	assert_true(lim->memory_limit.value == INT64_C(9223372036854771712));
	assert_true(lim->memory_swap.set && lim->memory_swap.value == -1);
	assert_false(lim->memory_reservation.set);
	assert_true(lim->cpu_shares.value == UINT64_MAX);
	assert_string_equal(lim->cpuset_cpus, "0-3,7");
	assert_null(lim->cpuset_mems);
	assert_true(lim->pids_limit.set && lim->pids_limit.value == 0);
	assert_string_equal(lim->unified[0].file, "memory.high");
	assert_int_equal(lim->n_devices, 2);
	assert_int_equal(lim->devices[0].type, 'a');
	assert_false(lim->devices[0].major.set);
	assert_true(lim->devices[1].allow && lim->devices[1].read && !lim->devices[1].write);
	assert_true(lim->devices[1].major.set && !lim->devices[1].minor.set);
}

static void test_limits_of_devices_come_out_as_given(void **state)
{
	auto_spec struct spec *spec = fixture_parse(
		"", "",
		"'resources': {'blockIO': {'weight': 500, 'leafWeight': 0,"
		" 'weightDevice': [{'major': 8, 'minor': 0, 'weight': 0},"
		" {'major': 8, 'minor': 16, 'weight': 10}],"
		" 'throttleReadBpsDevice': [{'major': 8, 'minor': 0, 'rate': 1000}],"
		" 'throttleWriteIOPSDevice': [{'major': 8, 'minor': 1, 'rate': 0}]},"
		" 'hugepageLimits': [{'pageSize': '1GB', 'limit': 18446744073709551615}],"
		" 'rdma': {'mlx5_1': {'hcaHandles': 3}}}");
	const struct limits *lim;

	(void)state;
	if (!spec)
		fail_msg("%s", fixture_error);
	lim = &spec->limits;
	assert_true(lim->io_weight.set && lim->io_weight.value == 500);
	assert_int_equal(lim->n_io_weights, 1);
	assert_int_equal(lim->io_weights[0].minor, 16);
	assert_int_equal(lim->n_io_rates, 2);
	assert_int_equal(lim->io_rates[0].kind, LIMITS_IO_READ_BYTES);
	assert_int_equal(lim->io_rates[1].kind, LIMITS_IO_WRITE_OPS);
	assert_string_equal(lim->hugepages[0].page_size, "1GB");
	assert_true(lim->hugepages[0].limit == UINT64_MAX);
	assert_string_equal(lim->rdma[0].device, "mlx5_1");
	assert_true(lim->rdma[0].handles.set && !lim->rdma[0].objects.set);
}

static void test_kernel_memory_is_left_out_with_a_warning(void **state)
{
	auto_spec struct spec *spec =
		fixture_parse("", "", "'resources': {'memory': {'kernel': 5, 'kernelTCP': -1}}");

	(void)state;
	assert_non_null(spec);
	assert_non_null(strstr(fixture_warnings, "linux.resources.memory.kernel "));
	assert_null(strstr(fixture_warnings, "kernelTCP"));
}

static void test_flags_of_a_personality_are_left_out_with_a_warning(void **state)
{
	auto_spec struct spec *spec = fixture_parse(
		"", "", "'personality': {'domain': 'LINUX32', 'flags': ['ADDR_NO_RANDOMIZE']}");

	(void)state;
	assert_non_null(spec);
	assert_true(spec->personality.set);
	assert_non_null(strstr(fixture_warnings, "linux.personality.flags (config.json:1:"));
}

static void test_root_propagation_is_flags(void **state)
{
	auto_spec struct spec *spec =
		fixture_parse("", "", MOUNT_NS ", 'rootfsPropagation': 'rslave'");

	(void)state;
	assert_int_equal(spec->rootfs_propagation, MS_SLAVE | MS_REC);
}

static void test_members_that_ask_for_nothing_are_accepted(void **state)
{
	auto_spec struct spec *spec = fixture_parse(
		"'hostname': '', 'mounts': []", "'apparmorProfile': '', 'scheduler': null",
		"'sysctl': {}, 'mountLabel': '', 'maskedPaths': [], 'timeOffsets': {},"
		" 'resources': {'blockIO': {'weight': 0, 'weightDevice': []}, 'hugepageLimits': [],"
		" 'memory': {'disableOOMKiller': false, 'swappiness': 18446744073709551615}}");

	(void)state;
	if (!spec)
		fail_msg("%s", fixture_error);
	assert_null(spec->hostname);
}

static void test_a_sysctl_with_an_empty_value_still_asks(void **state)
{
	(void)state;
	assert_null(fixture_parse("", "", "'sysctl': {'kernel.domainname': ''}"));
	assert_non_null(strstr(fixture_error, "needs a namespace of type uts"));
}

static void test_sysctls_are_files_of_their_namespaces(void **state)
{
	auto_spec struct spec *spec = fixture_parse(
		"", "",
		"'namespaces': [{'type': 'network'}, {'type': 'ipc'}, {'type': 'user', 'path': "
		"'/u'}],"
		" 'sysctl': {'net.ipv4.conf.eno2/100.forwarding': '1', 'net/ipv4/conf/a.b/x': '',"
		" 'kernel.sem': '1 2 3 4', 'fs.mqueue.msg_max': '8', 'user.max_user_namespaces': "
		"'0'}");

	(void)state;
	if (!spec)
		fail_msg("%s", fixture_error);
	assert_int_equal(spec->n_sysctls, 5);
	assert_string_equal(spec->sysctls[0].path, "net/ipv4/conf/eno2.100/forwarding");
	assert_string_equal(spec->sysctls[1].path, "net/ipv4/conf/a.b/x");
	assert_string_equal(spec->sysctls[2].value, "1 2 3 4");
	assert_int_equal(spec->sysctls[3].needs, SPEC_NS_IPC);
	assert_int_equal(spec->sysctls[4].needs, SPEC_NS_USER);
}

static void test_sysctls_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const names[] = {
		"",
		"net.",
		"net..ipv4",
		"net.ipv4./.x",
		"net/../vm/x",
		"net.//.vm.x",
		"/net/ipv4/ip_forward",
		".net.x",
		"netfilter.x",
		"net",
		"kernel.sem.x",
		"kernel.shmmaxx",
		"fs.mqueuex",
		"user",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char text[256];

		(void)snprintf(text, sizeof(text),
			       "'namespaces': [{'type': 'network'}, {'type': 'ipc'}, {'type': "
			       "'user', 'path': '/u'}], 'sysctl': {'%s': '1'}",
			       names[i]);
		if (fixture_parse("", "", text))
			fail_msg("\"%s\" is accepted", names[i]);
		assert_non_null(strstr(fixture_error, "linux.sysctl"));
	}
}

static void test_seccomp_text_is_kept_as_it_is_written(void **state)
{
	auto_spec struct spec *spec =
		fixture_parse("", "", "'seccomp': { 'defaultAction' :'X', 'a': [1 ] }");

	(void)state;
	assert_int_equal(spec->seccomp_len, strlen("{ 'defaultAction' :'X', 'a': [1 ] }"));
	assert_memory_equal(spec->seccomp_text, "{ \"defaultAction\" :\"X\", \"a\": [1 ] }",
			    spec->seccomp_len);
}

static void expect_version(const char *version, bool accepted)
{
	auto_spec struct spec *spec = NULL;
	char text[256];
	int n = snprintf(text, sizeof(text),
			 "{\"ociVersion\": \"%s\", \"root\": {\"path\": \"r\"}}", version);

	spec = fixture_parse_text(text, (size_t)n);
	if ((spec != NULL) != accepted)
		fail_msg("%s: %s", version, accepted ? fixture_error : "accepted");
}

static void test_versions(void **state)
{
	(void)state;
	expect_version("1.0.0", true);
	expect_version("1.99.12345", true);
	expect_version("1.0.0-rc5-dev", true);
	expect_version("1.3.0+dev.1", true);
	expect_version("1.0.0-a.b+c", true);
	expect_version("0.9.0", false);
	expect_version("2.0.0", false);
	expect_version("11.0.0", false);
	expect_version("1.0", false);
	expect_version("1.0.0.0", false);
	expect_version("1.00.0", false);
	expect_version("1.0.0-", false);
	expect_version("1.0.0-a..b", false);
	expect_version("v1.0.0", false);
	expect_version("", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_namespaces_are_new_or_joined),
		cmocka_unit_test(test_joined_user_namespace_needs_no_mappings),
		cmocka_unit_test(test_a_mapping_may_end_at_the_last_id),
		cmocka_unit_test(test_time_offsets_need_a_new_namespace),
		cmocka_unit_test(test_device_defaults),
		cmocka_unit_test(test_limits_come_out_as_given),
		cmocka_unit_test(test_limits_of_devices_come_out_as_given),
		cmocka_unit_test(test_kernel_memory_is_left_out_with_a_warning),
		cmocka_unit_test(test_flags_of_a_personality_are_left_out_with_a_warning),
		cmocka_unit_test(test_root_propagation_is_flags),
		cmocka_unit_test(test_members_that_ask_for_nothing_are_accepted),
		cmocka_unit_test(test_a_sysctl_with_an_empty_value_still_asks),
		cmocka_unit_test(test_sysctls_are_files_of_their_namespaces),
		cmocka_unit_test(test_sysctls_that_lead_elsewhere_are_refused),
		cmocka_unit_test(test_seccomp_text_is_kept_as_it_is_written),
		cmocka_unit_test(test_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
