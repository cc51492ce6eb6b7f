/* SPDX-License-Identifier: Apache-2.0 */
/* test-convert - limits of config.json to cgroup v2 files: every row of the conversion table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/internal.h"
#include "tinyrun/buf.h"

#define SET(x)            \
	{                 \
		true, (x) \
	}

/* One line: "file=value" each, "?" behind what is optional; or "! " and the error. */
static char *converted(const struct limits *limits)
{
	struct cgroup_writes w = {.v = NULL};
	struct buf out = BUF_INIT;
	struct err e = ERR_INIT;
	char text[ERR_FRAME_SIZE];

	if (cgroup_convert(limits, &w, &e) < 0)
		buf_addf(&out, "! %s", err_str(&e, text, sizeof(text)));
	else
		buf_add_str(&out, "");
	for (size_t i = 0; i < w.n; i++)
		buf_addf(&out, "%s%s=%s%s", i ? ", " : "", w.v[i].file, w.v[i].value,
			 w.v[i].optional ? "?" : "");
	for (size_t i = 0; i < w.n; i++)
		if (w.v[i].instead_file)
			buf_addf(&out, " or %s=%s", w.v[i].instead_file, w.v[i].instead_value);
	cgroup_writes_done(&w);
	return out.data;
}

#define assert_converts(expected, ...)                                 \
	do {                                                           \
		char *got_ = converted(&(struct limits){__VA_ARGS__}); \
		assert_string_equal(got_, expected);                   \
		free(got_);                                            \
	} while (0)

static void test_convert_asks_for_nothing_without_limits(void **state)
{
	struct cgroup_writes w = {.v = NULL, .n = 7};
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(cgroup_convert(NULL, &w, &e), 0);
	assert_int_equal(w.n, 0);
	assert_converts("", .n_devices = 0);
}

static void test_shares_become_the_published_weights(void **state)
{
	static const struct {
		uint64_t shares;
		unsigned weight;
	} vectors[] = {
		{2, 1},          {3, 2},          {10, 4},      {100, 17},           {128, 21},
		{256, 35},       {512, 59},       {1000, 99},   {1024, 100},         {2048, 174},
		{4096, 303},     {8192, 532},     {16384, 942}, {65536, 3023},       {131072, 5478},
		{262143, 10000}, {262144, 10000}, {1, 1},       {UINT64_MAX, 10000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
		assert_int_equal(cgroup_weight_of_shares(vectors[i].shares), vectors[i].weight);
}

/* Where ceil() is nearest to going wrong: computed with forty digits. */
static void test_shares_next_to_a_whole_weight_are_rounded_up_rightly(void **state)
{
	(void)state;
	assert_int_equal(cgroup_weight_of_shares(116225), 4938);
	assert_int_equal(cgroup_weight_of_shares(26809), 1421);
	assert_int_equal(cgroup_weight_of_shares(108793), 4665);
	assert_int_equal(cgroup_weight_of_shares(230091), 8925);
	assert_int_equal(cgroup_weight_of_shares(200416), 7914);
}

static void test_shares_never_lose_weight(void **state)
{
	unsigned last = 1;

	(void)state;
	for (uint64_t shares = 2; shares <= 262144; shares += 37) {
		unsigned weight = cgroup_weight_of_shares(shares);

		assert_true(weight >= last && weight <= 10000);
		last = weight;
	}
}

static void test_pids(void **state)
{
	(void)state;
	assert_converts("pids.max=20", .pids_limit = SET(20));
	assert_converts("pids.max=1", .pids_limit = SET(0)); /* a process may be there */
	assert_converts("pids.max=max?", .pids_limit = SET(-1));
	assert_converts("pids.max=max?", .pids_limit = SET(-7));
}

static void test_memory_limit_and_reservation(void **state)
{
	(void)state;
	assert_converts("memory.max=104857600", .memory_limit = SET(104857600));
	assert_converts("", .memory_limit = SET(0));
	assert_converts("memory.swap.max=max?, memory.max=max?", .memory_limit = SET(-1));
	assert_converts("memory.low=5", .memory_reservation = SET(5));
	assert_converts("memory.low=max?", .memory_reservation = SET(-1));
	assert_converts("memory.low=0?", .memory_reservation = SET(0));
	assert_converts("! linux.resources.memory.limit: found -2, want -1 (no limit) or bytes",
			.memory_limit = SET(-2));
	assert_converts("! linux.resources.memory.reservation: found -9, want -1 (no limit) or "
			"bytes",
			.memory_reservation = SET(-9));
}

static void test_swap_is_what_is_above_the_limit(void **state)
{
	(void)state;
	assert_converts("memory.swap.max=50, memory.max=100", .memory_limit = SET(100),
			.memory_swap = SET(150));
	assert_converts("memory.swap.max=0?, memory.max=100", .memory_limit = SET(100),
			.memory_swap = SET(100));
	assert_converts("memory.swap.max=max?, memory.max=100", .memory_limit = SET(100),
			.memory_swap = SET(-1));
	assert_converts("memory.max=100", .memory_limit = SET(100), .memory_swap = SET(0));
	assert_converts("memory.swap.max=70, memory.max=max?", .memory_limit = SET(-1),
			.memory_swap = SET(70));
	assert_converts("memory.swap.max=max?", .memory_swap = SET(-1));
}

static void test_swap_without_or_below_its_limit_is_refused(void **state)
{
	(void)state;
	assert_converts("! linux.resources.memory.swap needs memory.limit beside it: it is the sum "
			"of memory and swap",
			.memory_swap = SET(100));
	assert_converts("! linux.resources.memory.swap needs memory.limit beside it: it is the sum "
			"of memory and swap",
			.memory_swap = SET(100), .memory_limit = SET(0));
	assert_converts(
		"! linux.resources.memory.swap: found 99, want at least memory.limit (100), "
		"which it includes",
		.memory_swap = SET(99), .memory_limit = SET(100));
	assert_converts("! linux.resources.memory.swap: found -3, want -1 (no limit) or bytes",
			.memory_swap = SET(-3), .memory_limit = SET(100));
}

static void test_cpu_quota_and_period(void **state)
{
	(void)state;
	assert_converts("cpu.max=50000 100000", .cpu_quota = SET(50000), .cpu_period = SET(100000));
	assert_converts("cpu.max=50000", .cpu_quota = SET(50000));
	assert_converts("cpu.max=max?", .cpu_quota = SET(-1));
	assert_converts("cpu.max=max?", .cpu_quota = SET(0));
	assert_converts("cpu.max=max 2000?", .cpu_quota = SET(-1), .cpu_period = SET(2000));
	assert_converts("cpu.max=max 2000?", .cpu_period = SET(2000));
	assert_converts("", .cpu_period = SET(0));
	assert_converts("cpu.max=50000", .cpu_quota = SET(50000), .cpu_period = SET(0));
}

static void test_cpu_burst_is_at_most_a_positive_quota(void **state)
{
	(void)state;
	assert_converts("cpu.max.burst=100, cpu.max=100", .cpu_quota = SET(100),
			.cpu_burst = SET(100));
	assert_converts("cpu.max.burst=100", .cpu_burst = SET(100));
	assert_converts("cpu.max.burst=0?", .cpu_burst = SET(0));
	assert_converts("cpu.max.burst=7, cpu.max=max?", .cpu_burst = SET(7), .cpu_quota = SET(-1));
	assert_converts("! linux.resources.cpu.burst: found 101, want at most cpu.quota (100)",
			.cpu_quota = SET(100), .cpu_burst = SET(101));
}

static void test_cpu_shares_and_idle(void **state)
{
	(void)state;
	assert_converts("cpu.weight=100", .cpu_shares = SET(1024));
	assert_converts("", .cpu_shares = SET(0));
	assert_converts("cpu.idle=0?, cpu.weight=59", .cpu_idle = SET(0), .cpu_shares = SET(512));
	assert_converts("cpu.idle=1", .cpu_idle = SET(1), .cpu_shares = SET(512));
	assert_converts("! linux.resources.cpu.idle: found 2, want 0 or 1", .cpu_idle = SET(2));
	assert_converts("! linux.resources.cpu.idle: found -1, want 0 or 1", .cpu_idle = SET(-1));
}

static void test_cpuset(void **state)
{
	(void)state;
	assert_converts("cpuset.cpus=0-3,7, cpuset.mems=0", .cpuset_cpus = "0-3,7",
			.cpuset_mems = "0");
	assert_converts("", .cpuset_cpus = "", .cpuset_mems = "");
}

static void test_unified_is_written_line_by_line(void **state)
{
	struct limits_unified u[] = {
		{"io.max", "8:0 rbps=1\n8:16 wbps=2\n"}, {"memory.high", "5"}, {"cpuset.cpus", ""}};

	(void)state;
	assert_converts("io.max=8:0 rbps=1, io.max=8:16 wbps=2, memory.high=5, cpuset.cpus=\n",
			.unified = u, .n_unified = 3);
}

static void test_unified_refuses_what_is_no_limit(void **state)
{
	static const char *const wrong[] = {"",         "memory",        "memory.",     ".max",
					    "a/../b.c", "../memory.max", "memory.max/x"};
	static const char *const control[] = {"cgroup.procs",  "cgroup.kill",
					      "cgroup.freeze", "cgroup.threads",
					      "cgroup.type",   "cgroup.subtree_control"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct limits_unified u = {wrong[i], "1"};
		char want[200];

		(void)snprintf(want, sizeof(want),
			       "! linux.resources.unified: found \"%s\", want the name of a file "
			       "such as memory.high",
			       wrong[i]);
		assert_converts(want, .unified = &u, .n_unified = 1);
	}
	for (size_t i = 0; i < sizeof(control) / sizeof(*control); i++) {
		struct limits_unified u = {control[i], "1"};
		char want[200];

		(void)snprintf(want, sizeof(want), "! linux.resources.unified: %s is not a limit",
			       control[i]);
		assert_converts(want, .unified = &u, .n_unified = 1);
	}
}

static void test_unified_may_limit_the_tree(void **state)
{
	struct limits_unified u = {"cgroup.max.depth", "4"};

	(void)state;
	assert_converts("cgroup.max.depth=4", .unified = &u, .n_unified = 1);
}

static void test_writes_come_in_order_and_unified_last(void **state)
{
	struct limits_unified u = {"pids.max", "9"};

	(void)state;
	assert_converts("pids.max=8, memory.swap.max=1, memory.max=6, memory.low=5, cpu.idle=0?, "
			"cpu.weight=1, cpu.max.burst=3, cpu.max=4 5, cpuset.cpus=0, cpuset.mems=0, "
			"pids.max=9",
			.pids_limit = SET(8), .memory_limit = SET(6), .memory_swap = SET(7),
			.memory_reservation = SET(5), .cpu_idle = SET(0), .cpu_shares = SET(2),
			.cpu_burst = SET(3), .cpu_quota = SET(4), .cpu_period = SET(5),
			.cpuset_cpus = "0", .cpuset_mems = "0", .unified = &u, .n_unified = 1);
}

static void test_weights_of_block_io_are_for_the_scheduler_or_the_cost_model(void **state)
{
	struct limits_io_weight devices[] = {{8, 16, 100}};

	(void)state;
	assert_converts("io.bfq.weight=10 or io.weight=1", .io_weight = SET(10));
	assert_converts("io.bfq.weight=500 or io.weight=4950", .io_weight = SET(500));
	assert_converts("io.bfq.weight=1000 or io.weight=10000", .io_weight = SET(1000));
	assert_converts("io.bfq.weight=8:16 100 or io.weight=8:16 910", .io_weights = devices,
			.n_io_weights = 1);
}

static void test_each_rate_is_a_write_of_its_own(void **state)
{
	struct limits_io_rate rates[] = {
		{LIMITS_IO_READ_BYTES, 8, 0, 1},
		{LIMITS_IO_WRITE_BYTES, 8, 0, UINT64_MAX},
		{LIMITS_IO_READ_OPS, 8, 16, 3},
		{LIMITS_IO_WRITE_OPS, 8, 16, 0},
	};

	(void)state;
	assert_converts("io.max=8:0 rbps=1, io.max=8:0 wbps=18446744073709551615, "
			"io.max=8:16 riops=3, io.max=8:16 wiops=max",
			.io_rates = rates, .n_io_rates = 4);
}

static void test_huge_pages_are_limited_as_reserved_and_as_used(void **state)
{
	struct limits_hugepages pages[] = {{"2MB", 4096}};

	(void)state;
	assert_converts("hugetlb.2MB.rsvd.max=4096?, hugetlb.2MB.max=4096", .hugepages = pages,
			.n_hugepages = 1);
}

static void test_rdma_limits_name_their_device(void **state)
{
	struct limits_rdma devices[] = {
		{.device = "mlx5_0", .handles = SET(3), .objects = SET(10000)},
		{.device = "mlx5_1", .objects = SET(0)},
	};

	(void)state;
	assert_converts("rdma.max=mlx5_0 hca_handle=3 hca_object=10000, "
			"rdma.max=mlx5_1 hca_object=0",
			.rdma = devices, .n_rdma = 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_convert_asks_for_nothing_without_limits),
		cmocka_unit_test(test_weights_of_block_io_are_for_the_scheduler_or_the_cost_model),
		cmocka_unit_test(test_each_rate_is_a_write_of_its_own),
		cmocka_unit_test(test_huge_pages_are_limited_as_reserved_and_as_used),
		cmocka_unit_test(test_rdma_limits_name_their_device),
		cmocka_unit_test(test_shares_become_the_published_weights),
		cmocka_unit_test(test_shares_next_to_a_whole_weight_are_rounded_up_rightly),
		cmocka_unit_test(test_shares_never_lose_weight),
		cmocka_unit_test(test_pids),
		cmocka_unit_test(test_memory_limit_and_reservation),
		cmocka_unit_test(test_swap_is_what_is_above_the_limit),
		cmocka_unit_test(test_swap_without_or_below_its_limit_is_refused),
		cmocka_unit_test(test_cpu_quota_and_period),
		cmocka_unit_test(test_cpu_burst_is_at_most_a_positive_quota),
		cmocka_unit_test(test_cpu_shares_and_idle),
		cmocka_unit_test(test_cpuset),
		cmocka_unit_test(test_unified_is_written_line_by_line),
		cmocka_unit_test(test_unified_refuses_what_is_no_limit),
		cmocka_unit_test(test_unified_may_limit_the_tree),
		cmocka_unit_test(test_writes_come_in_order_and_unified_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
