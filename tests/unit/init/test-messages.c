/* SPDX-License-Identifier: Apache-2.0 */
/* test-messages - damaged plans, and the conversation with the host. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A plan of one step that would succeed. */
static void draft_true(struct draft *d)
{
	draft_init(d);
	draft_shell(d, "exit 0");
}

/* Run the bytes as they are; init has to refuse them. */
static void expect_refused(struct draft *d, const char *words)
{
	struct plan_msg m;
	struct run r;

	run_start(&r, d, 0);
	assert_int_equal(run_receive(&r, &m, NULL), PLAN_MSG_FAIL);
	assert_int_equal(m.errnum, EINVAL);
	assert_string_equal(m.text, words);
	assert_int_equal(run_wait(&r), 1);
}

static void test_a_plan_with_another_magic_is_refused(void **state)
{
	struct draft d;

	(void)state;
	draft_true(&d);
	draft_finish(&d);
	((struct plan_header *)d.bytes)->magic++;
	expect_refused(&d, "this is no plan of this build");
}

static void test_a_plan_that_is_cut_off_is_refused(void **state)
{
	struct draft d;

	(void)state;
	draft_true(&d);
	draft_finish(&d);
	d.len -= 8;
	expect_refused(&d, "this is no plan of this build");
	d.len = 4;
	expect_refused(&d, "this is no plan of this build");
}

static void test_steps_and_slots_outside_of_the_plan_are_refused(void **state)
{
	static const uint32_t sizes[] = {1u << 20, UINT32_MAX};
	struct plan_header *head;
	struct draft d;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		draft_true(&d);
		draft_finish(&d);
		head = (struct plan_header *)d.bytes;
		head->n_steps = sizes[i];
		expect_refused(&d, "an offset lies outside of the plan");
		head->n_steps = 1;
		head->n_slots = sizes[i];
		expect_refused(&d, "an offset lies outside of the plan");
	}
	draft_true(&d);
	draft_finish(&d);
	head = (struct plan_header *)d.bytes;
	head->steps = UINT32_MAX - 7;
	expect_refused(&d, "an offset lies outside of the plan");
}

static void test_a_string_outside_of_the_plan_is_refused(void **state)
{
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_step(&d, STEP_CWD)->path.path = DRAFT_SIZE;
	draft_finish(&d);
	expect_refused(&d, "an offset lies outside of the plan");
}

static void test_a_string_without_an_end_is_refused(void **state)
{
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_step(&d, STEP_CWD);
	draft_finish(&d);
	d.steps[0].path.path = draft_bytes(&d, "/tmp", 4, 1);
	((struct plan_header *)d.bytes)->size = (uint32_t)d.len;
	memcpy(d.bytes + ((struct plan_header *)d.bytes)->steps, d.steps, sizeof(d.steps[0]));
	expect_refused(&d, "a string of the plan has no end");
}

static void test_an_unknown_step_is_refused_by_its_number(void **state)
{
	struct plan_msg m;
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_step(&d, STEP_NO_NEW_PRIVS);
	draft_step(&d, STEP_MAX);
	run_to_failure(&d, 0, 1, EINVAL, &m);
}

static void test_a_slot_that_does_not_exist_is_refused(void **state)
{
	struct plan_msg m;
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_step(&d, STEP_SETNS)->setns.slot = 7;
	run_to_failure(&d, 0, 0, EINVAL, &m);
}

static void test_a_plan_without_a_program_fails(void **state)
{
	struct plan_msg m;
	struct draft d;

	(void)state;
	draft_init(&d);
	draft_step(&d, STEP_NO_NEW_PRIVS);
	run_to_failure(&d, 0, 1, EINVAL, &m);
}

static void test_init_waits_for_go(void **state)
{
	struct plan_msg m;
	struct draft d;
	struct run r;

	(void)state;
	draft_init(&d);
	draft_step(&d, STEP_HOOKS);
	draft_wait(&d, PLAN_NO_SLOT);
	draft_shell(&d, "exit 7");
	draft_finish(&d);
	run_start(&r, &d, 0);
	assert_int_equal(run_receive(&r, &m, NULL), PLAN_MSG_HOOKS);
	run_go(r.channel);
	assert_int_equal(run_receive(&r, &m, NULL), PLAN_MSG_READY);
	run_go(r.channel);
	assert_int_equal(run_receive(&r, &m, NULL), 0);
	assert_int_equal(run_wait(&r), 7);
}

static void test_init_ends_when_the_host_is_gone(void **state)
{
	struct plan_msg m;
	struct draft d;
	struct run r;

	(void)state;
	draft_init(&d);
	draft_wait(&d, PLAN_NO_SLOT);
	draft_shell(&d, "exit 7");
	draft_finish(&d);
	run_start(&r, &d, 0);
	assert_int_equal(run_receive(&r, &m, NULL), PLAN_MSG_READY);
	assert_int_equal(shutdown(r.channel, SHUT_RDWR), 0);
	assert_int_equal(run_wait(&r), 1);
}

/* Whether @pid has @fd open. */
static bool is_open(pid_t pid, int fd)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_nothing_of_the_host_is_open_while_init_waits(void **state)
{
	int low = fcntl(2, F_DUPFD_CLOEXEC, 3), high = fcntl(2, F_DUPFD_CLOEXEC, 100);
	struct plan_msg m;
	struct draft d;
	struct run r;
	int n = 0;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root: init's descriptors are nobody else's business\n");
		skip();
	}
	draft_init(&d);
	(void)draft_slot(&d, low);
	(void)draft_slot(&d, high);
	draft_wait(&d, PLAN_NO_SLOT);
	draft_shell(&d, "exit 0");
	draft_finish(&d);
	run_start(&r, &d, 0);
	assert_int_equal(run_receive(&r, &m, NULL), PLAN_MSG_READY);
	for (int fd = 3; fd < 128; fd++)
		n += is_open(r.pid, fd);
	assert_int_equal(n, 1); /* the channel */
	run_go(r.channel);
	assert_int_equal(run_wait(&r), 0);
	(void)close(low);
	(void)close(high);
}

/* --- start over a socket --- */

static int listener_make(struct sockaddr_un *address, char *directory)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_non_null(mkdtemp(directory));
	address->sun_family = AF_UNIX;
	(void)snprintf(address->sun_path, sizeof(address->sun_path), "%s/s", directory);
	assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof(*address)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static int start_connect(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)address, sizeof(*address)), 0);
	return fd;
}

static void test_start_speaks_over_the_socket_and_a_killed_one_does_no_harm(void **state)
{
	char directory[] = "/tmp/test-init-XXXXXX";
	struct sockaddr_un address = {0};
	struct plan_msg m;
	struct draft d;
	struct run r;
	int listener = listener_make(&address, directory);

	(void)state;
	draft_init(&d);
	draft_wait(&d, draft_slot(&d, listener));
	draft_shell(&d, "exit 7");
	draft_finish(&d);
	run_start(&r, &d, 0);
	(void)close(listener);
	assert_int_equal(run_receive(&r, &m, NULL), PLAN_MSG_READY);
	run_go(r.channel);
	assert_int_equal(run_receive(&r, &m, NULL), 0); /* the first channel is done with */
	(void)close(start_connect(&address));           /* a `start` that is killed */
	(void)close(r.channel);
	r.channel = start_connect(&address);
	run_go(r.channel);
	assert_int_equal(run_receive(&r, &m, NULL), 0);
	assert_int_equal(run_wait(&r), 7);
	(void)unlink(address.sun_path);
	(void)rmdir(directory);
}

static void test_a_failure_after_start_is_told_to_start(void **state)
{
	const char *argv[] = {"/nowhere/program", NULL};
	const char *envp[] = {NULL};
	char directory[] = "/tmp/test-init-XXXXXX";
	struct sockaddr_un address = {0};
	struct plan_msg m;
	struct draft d;
	struct run r;
	int listener = listener_make(&address, directory);

	(void)state;
	draft_init(&d);
	draft_wait(&d, draft_slot(&d, listener));
	draft_exec(&d, argv, envp);
	draft_finish(&d);
	run_start(&r, &d, 0);
	(void)close(listener);
	assert_int_equal(run_receive(&r, &m, NULL), PLAN_MSG_READY);
	run_go(r.channel);
	(void)close(r.channel);
	r.channel = start_connect(&address);
	run_go(r.channel);
	assert_int_equal(run_receive(&r, &m, NULL), PLAN_MSG_FAIL);
	assert_int_equal(m.step, 1);
	assert_int_equal(m.errnum, ENOENT);
	assert_int_equal(run_wait(&r), 1);
	(void)unlink(address.sun_path);
	(void)rmdir(directory);
}

/* --- the trace --- */

static void test_the_trace_has_a_time_for_each_step(void **state)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);
	uint64_t *ns;
	char output[64];
	struct draft d;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 3 * sizeof(*ns)), 0);
	ns = mmap(NULL, 3 * sizeof(*ns), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(ns, MAP_FAILED);
	draft_init(&d);
	draft_step(&d, STEP_NO_NEW_PRIVS);
	draft_shell(&d, "exit 0");
	d.flags = PLAN_TRACE;
	d.trace_slot = draft_slot(&d, fd);
	run_to_end(&d, 0, output, sizeof(output));
	assert_true(ns[2] > 0);
	assert_true(ns[0] >= ns[2]);
	assert_true(ns[1] > ns[0]);
	(void)munmap(ns, 3 * sizeof(*ns));
	(void)close(fd);
}

/* --- the change of process --- */

static void test_fork_is_told_before_anything_else_of_the_child(void **state)
{
	struct plan_msg m;
	struct draft d;
	struct run r;
	int pid_fd = -1;
	char output[64];

	(void)state;
	draft_init(&d);
	draft_step(&d, STEP_FORK);
	draft_wait(&d, PLAN_NO_SLOT);
	draft_shell(&d, "echo $$");
	draft_finish(&d);
	run_start(&r, &d, 0);
	assert_int_equal(run_receive(&r, &m, &pid_fd), PLAN_MSG_FORKED);
	assert_true(pid_fd >= 0);
	assert_int_equal(run_receive(&r, &m, NULL), PLAN_MSG_READY);
	run_go(r.channel);
	assert_int_equal(run_receive(&r, &m, NULL), 0);
	assert_int_not_equal(atoi(run_output(&r, output, sizeof(output))), r.pid);
	assert_int_equal(run_wait(&r), 0);
	r.pid = (pid_t)atoi(output); /* our own child too, by CLONE_PARENT */
	assert_int_equal(waitpid(r.pid, NULL, 0), r.pid);
	(void)close(pid_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plan_with_another_magic_is_refused),
		cmocka_unit_test(test_a_plan_that_is_cut_off_is_refused),
		cmocka_unit_test(test_steps_and_slots_outside_of_the_plan_are_refused),
		cmocka_unit_test(test_a_string_outside_of_the_plan_is_refused),
		cmocka_unit_test(test_a_string_without_an_end_is_refused),
		cmocka_unit_test(test_an_unknown_step_is_refused_by_its_number),
		cmocka_unit_test(test_a_slot_that_does_not_exist_is_refused),
		cmocka_unit_test(test_a_plan_without_a_program_fails),
		cmocka_unit_test(test_init_waits_for_go),
		cmocka_unit_test(test_init_ends_when_the_host_is_gone),
		cmocka_unit_test(test_nothing_of_the_host_is_open_while_init_waits),
		cmocka_unit_test(test_start_speaks_over_the_socket_and_a_killed_one_does_no_harm),
		cmocka_unit_test(test_a_failure_after_start_is_told_to_start),
		cmocka_unit_test(test_the_trace_has_a_time_for_each_step),
		cmocka_unit_test(test_fork_is_told_before_anything_else_of_the_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
