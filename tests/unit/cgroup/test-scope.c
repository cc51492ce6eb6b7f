/* SPDX-License-Identifier: Apache-2.0 */
/* test-scope - names of scopes, and what systemd is told of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tinyrun/fd.h"
#include "tinyrun/scope.h"

static void test_scope_names(void **state)
{
	static const struct {
		const char *path;
		bool user;
		const char *slice, *unit;
	} rows[] = {
		{NULL, false, "system.slice", "tinyrun-web1.scope"},
		{"", true, "user.slice", "tinyrun-web1.scope"},
		{"system.slice:docker:abc", false, "system.slice", "docker-abc.scope"},
		{"machine.slice:libpod:abc", true, "machine.slice", "libpod-abc.scope"},
		{"kubepods-burstable-pod1.slice:cri-containerd:abc", false,
		 "kubepods-burstable-pod1.slice", "cri-containerd-abc.scope"},
		{":p:n", false, "system.slice", "p-n.scope"},
		{":p:n", true, "user.slice", "p-n.scope"},
		{"-:p:n", false, "-.slice", "p-n.scope"},
		{"a.slice::n", false, "a.slice", "n.scope"},
		{"a.slice:p:x+y z", false, "a.slice", "p-x\\x2by\\x20z.scope"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct scope got;
		struct err e = ERR_INIT;

		assert_int_equal(scope_name(rows[i].path, "web1", rows[i].user, &got, &e), 0);
		assert_string_equal(got.slice, rows[i].slice);
		assert_string_equal(got.unit, rows[i].unit);
		scope_done(&got);
	}
}

static void test_scope_names_that_are_refused(void **state)
{
	static const char *const rows[] = {
		"name",       "a.slice:n",         "a.slice:p:n:m", "/a/b",         "a/b.slice:p:n",
		"a:p:n",      "a--b.slice:p:n",    "-a.slice:p:n",  "a-.slice:p:n", ".slice:p:n",
		"a.slice:p:", "a.slice:p:b.slice", "a b.slice:p:n",
	};
	char name[600];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct scope got = {.slice = NULL};
		struct err e = ERR_INIT;

		assert_int_equal(scope_name(rows[i], "web1", false, &got, &e), -22);
		assert_non_null(strstr(e.frame[0], "linux.cgroupsPath"));
		assert_null(got.unit);
	}
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	memcpy(name, ":p:", 3);
	assert_int_equal(scope_name(name, "web1", false, &(struct scope){.slice = NULL},
				    &(struct err){.errnum = 0}),
			 -22);
}

static void assert_properties(struct scope_properties *list, const char *want)
{
	auto_buf struct buf text = BUF_INIT;

	for (size_t i = 0; i < list->n; i++) {
		scope_describe(&list->v[i], &text);
		buf_addf(&text, ":%s;", list->v[i].signature);
	}
	assert_string_equal(text.data ? text.data : "", want);
	scope_properties_done(list);
}

static void test_limits_become_properties(void **state)
{
	const struct {
		const char *file, *value, *origin, *want;
	} rows[] = {
		{"memory.max", "1048576", "memory.limit", "MemoryMax=1048576:t;"},
		{"memory.max", "max", "memory.limit", "MemoryMax=infinity:t;"},
		{"memory.high", "5", "unified", "MemoryHigh=5:t;"},
		{"memory.swap.max", "0", "memory.swap", "MemorySwapMax=0:t;"},
		{"pids.max", "7", "pids.limit", "TasksMax=7:t;"},
		{"cpu.max", "50000 100000", "cpu.quota",
		 "CPUQuotaPerSecUSec=500000:t;CPUQuotaPeriodUSec=100000:t;"},
		{"cpu.max", "50001", "cpu.quota", "CPUQuotaPerSecUSec=510000:t;"},
		{"cpu.max", "max", "cpu.quota", "CPUQuotaPerSecUSec=infinity:t;"},
		{"cpu.max", "max 20000", "cpu.period", "CPUQuotaPeriodUSec=20000:t;"},
		{"cpu.idle", "1", "cpu.idle", "CPUWeight=0:t;"},
		{"cpu.idle", "0", "cpu.idle", ""},
		{"cpuset.cpus", "0-1,9", "cpu.cpus", "AllowedCPUs=0302:ay;"},
		{"cpuset.mems", "0", "cpu.mems", "AllowedMemoryNodes=01:ay;"},
		{"io.weight", "default 50", "unified", "IOWeight=50:t;"},
		{"io.weight", "8:0 50", "unified", ""},
		{"rdma.max", "x", "unified", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct cgroup_write write = {.file = rows[i].file,
					     .value = (char *)(uintptr_t)rows[i].value,
					     .origin = rows[i].origin};
		const struct cgroup_writes writes = {.v = &write, .n = 1};
		struct scope_properties list = {.v = NULL};
		struct err e = ERR_INIT;

		assert_int_equal(scope_add_limits(&list, &writes, &e), 0);
		assert_properties(&list, rows[i].want);
	}
}

static void test_annotations_become_properties(void **state)
{
	static const struct {
		const char *key, *value, *want; /* NULL: refused */
	} rows[] = {
		{"org.systemd.property.Foo", "true", "Foo=true:b;"},
		{"org.systemd.property.Foo", " false ", "Foo=false:b;"},
		{"org.systemd.property.Foo", "'a b'", "Foo=a b:s;"},
		{"org.systemd.property.Foo", "\"it's\"", "Foo=it's:s;"},
		{"org.systemd.property.Foo", "'a\\'b'", "Foo=a'b:s;"},
		{"org.systemd.property.Foo", "-5", "Foo=-5:i;"},
		{"org.systemd.property.Foo", "uint64 18446744073709551615", "Foo=infinity:t;"},
		{"org.systemd.property.Foo", "byte 255", "Foo=255:y;"},
		{"org.systemd.property.Foo", "['a', \"b\"]", "Foo=a b:as;"},
		{"org.systemd.property.Foo", "[]", "Foo=:as;"},
		{"org.systemd.property.FooSec", "5", "FooUSec=5000000:t;"},
		{"org.systemd.property.FooUSec", "uint64 5", "FooUSec=5:t;"},
		{"org.systemd.property.FooSec", "'x'", "FooSec=x:s;"},
		{"org.systemd.propert", "[", ""},
		{"org.systemd.property.Fo", "true", NULL},
		{"org.systemd.property.Foo1", "true", NULL},
		{"org.systemd.property.Foo", "", NULL},
		{"org.systemd.property.Foo", "truely", NULL},
		{"org.systemd.property.Foo", "byte 256", NULL},
		{"org.systemd.property.Foo", "uint32 -1", NULL},
		{"org.systemd.property.Foo", "2147483648", NULL},
		{"org.systemd.property.Foo", "'a", NULL},
		{"org.systemd.property.Foo", "['a'", NULL},
		{"org.systemd.property.Foo", "['a' 'b']", NULL},
		{"org.systemd.property.Foo", "[1]", NULL},
		{"org.systemd.property.Foo", "1 1", NULL},
		{"org.systemd.property.FooSec", "-1", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct scope_properties list = {.v = NULL};
		struct err e = ERR_INIT;
		int r = scope_add_annotation(&list, rows[i].key, rows[i].value, &e);

		if (rows[i].want) {
			assert_int_equal(r, 0);
			assert_properties(&list, rows[i].want);
			continue;
		}
		assert_int_equal(r, -22);
		assert_non_null(strstr(e.frame[0], rows[i].key));
		scope_properties_done(&list);
	}
}

static void test_the_list_is_encoded_as_strings(void **state)
{
	static const char want[] = "Foo\0as\0"
				   "0\0"
				   "2\0a\0b\0";
	struct scope_properties list = {.v = NULL};
	auto_buf struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(scope_add_annotation(&list, "org.systemd.property.Foo", "['a','b']", &e),
			 0);
	scope_encode(&list, &out);
	assert_int_equal(out.len, sizeof(want));
	assert_memory_equal(out.data, want, sizeof(want));
	scope_properties_done(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scope_names),
		cmocka_unit_test(test_scope_names_that_are_refused),
		cmocka_unit_test(test_limits_become_properties),
		cmocka_unit_test(test_annotations_become_properties),
		cmocka_unit_test(test_the_list_is_encoded_as_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
