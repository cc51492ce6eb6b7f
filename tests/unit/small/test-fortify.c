/* SPDX-License-Identifier: Apache-2.0 */
/* What the small tinyrun is compiled with: fortify.h is included by the compiler's flags here too.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

static volatile size_t wanted; /* what the compiler cannot know */

/* For the compiler it is used. */
static void see(void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

static void do_memset(void)
{
	char on_stack[16];

	memset(on_stack, 'A', wanted);
	see(on_stack);
}

static void do_memcpy_to_heap(void)
{
	static const char from[64];
	size_t size = wanted > 16 ? 16 : wanted;
	char *to = malloc(size);

	memcpy(to, from, wanted);
	see(to);
	free(to);
}

static void do_memcpy_from(void)
{
	static char to[64];
	char from[16] = "";

	memcpy(to, from, wanted);
	see(to);
}

static void do_memmove(void)
{
	char both[16] = "";

	memmove(both, both + 1, wanted - 1);
	see(both);
}

static void do_snprintf(void)
{
	char text[16];

	(void)snprintf(text, wanted, "%s", "x");
	see(text);
}

static void do_read(void)
{
	char bytes[16];

	(void)!read(-1, bytes, wanted);
	see(bytes);
}

static void do_readlinkat(void)
{
	char path[16];

	(void)!readlinkat(-1, "nowhere", path, wanted);
	see(path);
}

static int end_of(void (*act)(void), size_t n)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		const struct rlimit none = {0, 0};

		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGILL, SIG_DFL);
		wanted = n;
		act();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_a_write_beyond_an_object_ends_the_program(void **state)
{
	void (*const acts[])(void) = {do_memset,   do_memcpy_to_heap, do_memcpy_from, do_memmove,
				      do_snprintf, do_read,           do_readlinkat};

	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		assert_int_equal(end_of(acts[i], 16), 0);
		assert_int_equal(end_of(acts[i], 18), SIGILL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_write_beyond_an_object_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
