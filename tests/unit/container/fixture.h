/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fixture - what the tests of src/container share: an empty directory as the state root, processes
 * to look at, and a count of descriptors that must be the same in the end.
 *
 * The includes that cmocka wants in front of it are here too.
 */
#ifndef TESTS_CONTAINER_FIXTURE_H
#define TESTS_CONTAINER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "tinyrun/container.h"
#include "tinyrun/err.h"

struct fixture {
	char dir[64];
	struct runtime rt; /* root and root_fd are the directory */
	size_t n_descriptors;
};

/* For cmocka_unit_test_setup_teardown(): *state becomes the struct fixture. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* A child that sleeps until it is killed, or until we are. */
pid_t child_sleep(void);
/* waitpid(2) that must succeed; returns the wait status. */
int child_reap(pid_t pid);

/* The file's text, 0-terminated, on the heap, or a failed test. */
char *file_read(int dir_fd, const char *name);
void file_write(int dir_fd, const char *name, const void *data, size_t len);

/* The whole chain of @e, in a static buffer. */
const char *words(const struct err *e);
#define assert_says(e, part)                                                    \
	do {                                                                    \
		if (!strstr(words(e), part))                                    \
			fail_msg("\"%s\" does not say \"%s\"", words(e), part); \
	} while (0)

/* False with a printed reason when the kernel, or a valgrind around us, lacks openat2 or pidfds. */
bool calls_are_there(void);
#define skip_without_calls()            \
	do {                            \
		if (!calls_are_there()) \
			skip();         \
	} while (0)

#endif
