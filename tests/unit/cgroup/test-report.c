/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a cgroup, from a directory with files as the kernel writes them. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tinyrun/cgroup.h"
#include "tinyrun/fd.h"
#include "tinyrun/path.h"

static char directory[] = "/tmp/test-report-XXXXXX";
static int dir_fd = -1;

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/test-report-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	dir_fd = open(directory, O_RDONLY | O_DIRECTORY);
	return dir_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	auto_fd int tmp_fd = open("/tmp", O_RDONLY | O_DIRECTORY);
	struct err e = ERR_INIT;

	(void)state;
	fd_close(&dir_fd);
	return path_remove_tree(tmp_fd, directory + strlen("/tmp/"), &e);
}

static void put(const char *file, const char *text)
{
	int fd = openat(dir_fd, file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void assert_report_has(const char *part)
{
	auto_buf struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(cgroup_report(dir_fd, &out, &e), 0);
	if (!strstr(out.data, part))
		fail_msg("expected %s in %s", part, out.data);
}

static void test_report_of_nothing_has_every_group(void **state)
{
	(void)state;
	assert_report_has("\"cpu\":{\"usage\":{\"total\":0,\"kernel\":0,\"user\":0,\"percpu\":[],");
	assert_report_has("\"cpuset\":{\"cpus\":[],\"mems\":[],");
	assert_report_has("\"memory\":{\"cache\":0,\"usage\":{\"limit\":0,\"usage\":0,");
	assert_report_has("\"raw\":{}}");
	assert_report_has("\"pids\":{\"current\":0,\"limit\":0}");
	assert_report_has("\"hugetlb\":{},\"intel_rdt\":{}");
}

static void test_report_counts_the_cpu_in_nanoseconds(void **state)
{
	(void)state;
	put("cpu.stat", "usage_usec 30\nuser_usec 20\nsystem_usec 10\nnr_periods 4\n"
			"nr_throttled 3\nthrottled_usec 7\n");
	put("cpu.pressure", "some avg10=1.50 avg60=0.25 avg300=0.00 total=42\n");
	put("cpuset.cpus.effective", "0-2,7\n");
	assert_report_has("\"usage\":{\"total\":30000,\"kernel\":10000,\"user\":20000,");
	assert_report_has(
		"{\"periods\":4,\"throttledPeriods\":3,\"throttledTime\":7000},\"psi\":"
		"{\"some\":{\"avg10\":1.50,\"avg60\":0.25,\"avg300\":0.00,\"total\":42}}");
	assert_report_has("\"cpus\":[0,1,2,7]");
}

static void test_report_counts_swap_with_memory(void **state)
{
	(void)state;
	put("memory.current", "100\n");
	put("memory.max", "1000\n");
	put("memory.peak", "150\n");
	put("memory.swap.current", "5\n");
	put("memory.swap.max", "50\n");
	put("memory.stat", "anon 60\nfile 40\nkernel 9\n");
	put("memory.events", "low 0\nhigh 0\nmax 6\noom 1\noom_kill 1\n");
	assert_report_has("\"cache\":40,\"usage\":{\"limit\":1000,\"usage\":100,\"max\":150,"
			  "\"failcnt\":6},\"swap\":{\"limit\":1050,\"usage\":105,");
	assert_report_has("\"kernel\":{\"limit\":0,\"usage\":9,");
	assert_report_has("\"raw\":{\"anon\":60,\"file\":40,\"kernel\":9}");
	put("memory.max", "max\n");
	assert_report_has("\"usage\":{\"limit\":18446744073709551615,");
	assert_report_has("\"swap\":{\"limit\":18446744073709551615,");
}

static void test_report_lists_block_devices_and_huge_pages(void **state)
{
	(void)state;
	put("io.stat", "8:0 rbytes=11 wbytes=22 rios=3 wios=4 dbytes=0 dios=0\n253:1 \n"
		       "8:16 rbytes=5 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n");
	put("hugetlb.2MB.current", "4194304\n");
	put("hugetlb.2MB.events", "max 2\n");
	put("hugetlb.2MB.rsvd.current", "1\n");
	put("pids.current", "3\n");
	put("pids.max", "max\n");
	assert_report_has("\"ioServiceBytesRecursive\":["
			  "{\"major\":8,\"minor\":0,\"op\":\"Read\",\"value\":11},"
			  "{\"major\":8,\"minor\":0,\"op\":\"Write\",\"value\":22},"
			  "{\"major\":8,\"minor\":16,\"op\":\"Read\",\"value\":5},");
	assert_report_has("\"hugetlb\":{\"2MB\":{\"usage\":4194304,\"max\":0,\"failcnt\":2}}");
	assert_report_has("\"pids\":{\"current\":3,\"limit\":0}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_report_of_nothing_has_every_group, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_report_counts_the_cpu_in_nanoseconds, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_report_counts_swap_with_memory, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_report_lists_block_devices_and_huge_pages,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
