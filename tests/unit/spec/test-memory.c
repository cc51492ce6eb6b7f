/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out at any allocation of our own is an error with a message, and nothing leaks
 * (the sanitizer and valgrind look at that).
 *
 * The linker sends malloc, calloc and realloc of our objects here (--wrap).
 */
#include "fixture.h"

#include <errno.h>

static size_t allocations, fail_at; /* fail_at 0: never */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static bool is_turn(void)
{
	return ++allocations == fail_at;
}

void *__wrap_malloc(size_t size)
{
	return is_turn() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return is_turn() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return is_turn() ? NULL : __real_realloc(p, size);
}

/* A list of words long enough to need memory of its own wherever strings are kept. */
#define WORDS "'w', 'w', 'w', 'w', 'w', 'w', 'w', 'w', 'w', 'w', 'w', 'w', 'w', 'w', 'w', 'w'"

static const char config[] =
	"{'ociVersion': '1.0.0', 'root': {'path': 'r'}, 'annotations': {'a': 'b'},"
	" 'process': {'args': ['a', " WORDS "], 'env': ['A=1', 'B=2'], 'cwd': '/',"
	"  'user': {'uid': 0, 'gid': 0, 'additionalGids': [1, 2]},"
	"  'rlimits': [{'type': 'RLIMIT_CPU', 'soft': 1, 'hard': 2}]},"
	" 'mounts': [{'destination': '/a/../b', 'type': 'tmpfs', 'options': ['size=1', 'ro']}],"
	" 'hooks': {'poststop': [{'path': '/bin/true'}]},"
	" 'linux': {'namespaces': [{'type': 'mount'}, {'type': 'user'}],"
	"  'uidMappings': [{'containerID': 0, 'hostID': 0, 'size': 9}],"
	"  'gidMappings': [{'containerID': 0, 'hostID': 0, 'size': 9}],"
	"  'devices': [{'type': 'p', 'path': '/p'}], 'maskedPaths': ['/proc/kcore'],"
	"  'resources': {'devices': [{'allow': false, 'access': 'rwm'}],"
	"   'unified': {'memory.high': '1'}},"
	"  'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': ['SCMP_ARCH_X86'],"
	"   'syscalls': [{'names': ['read', " WORDS "], 'action': 'SCMP_ACT_LOG',"
	"    'args': [{'index': 0, 'value': 0, 'op': 'SCMP_CMP_EQ'}]}]}}}";

/* Parses config and its rules; the first failure's code. */
static int parse_all(const char *text, struct err *e)
{
	auto_spec struct spec *spec = NULL;
	struct spec_seccomp *seccomp = NULL;
	int r = spec_parse(text, strlen(text), "config.json", NULL, &spec, e);

	if (r == 0)
		r = spec_seccomp_load(spec, &seccomp, e);
	spec_seccomp_free(&seccomp);
	return r;
}

static void test_running_out_of_memory_anywhere_is_an_error(void **state)
{
	static char text[sizeof(config)];
	size_t n;

	(void)state;
	memcpy(text, config, sizeof(config));
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	for (n = 1;; n++) {
		struct err e = ERR_INIT;
		int r;

		allocations = 0;
		fail_at = n;
		r = parse_all(text, &e);
		fail_at = 0;
		if (allocations < n) {
			assert_int_equal(r, 0);
			break;
		}
		assert_int_equal(r, -ENOMEM);
		assert_true(e.depth > 0);
	}
	assert_true(n > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_running_out_of_memory_anywhere_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
