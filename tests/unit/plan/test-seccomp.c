/* SPDX-License-Identifier: Apache-2.0 */
/* Filters: what a compiled profile answers to system calls, run by an interpreter and the kernel.
 */
#include "fixture.h"

#include "bpf.h"
#include "tinyrun/fd.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define EPERM_RET  (SECCOMP_RET_ERRNO | EPERM)
#define ENOSYS_RET (SECCOMP_RET_ERRNO | ENOSYS)

static struct plan_program program;

/* Single quotes become double ones. */
static int compile(const char *profile)
{
	struct err e = ERR_INIT;
	char *text = strdup(profile);
	int r;

	assert_non_null(text);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	free((void *)(uintptr_t)program.insns);
	program = (struct plan_program){.insns = NULL};
	r = plan_seccomp(NULL, text, strlen(text), -1, &program, &e);
	fixture_error[0] = '\0';
	if (r < 0)
		err_str(&e, fixture_error, sizeof(fixture_error));
	free(text);
	return r;
}

static int tear_down(void **state)
{
	(void)state;
	free((void *)(uintptr_t)program.insns);
	program = (struct plan_program){.insns = NULL};
	return 0;
}

static uint32_t answer_of(uint32_t arch, uint32_t nr, uint64_t arg0, uint64_t arg1)
{
	const struct seccomp_data data = {.nr = (int)nr, .arch = arch, .args = {arg0, arg1}};

	return bpf_run(program.insns, program.n_insns, &data);
}

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif

static uint32_t answer(long nr, uint64_t arg0, uint64_t arg1)
{
	return answer_of(NATIVE, (uint32_t)nr, arg0, arg1);
}

static void test_filter_allows_what_is_listed_and_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(compile("{'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 13,"
				 " 'syscalls': [{'names': ['read', 'no_such_call', 'openat2'],"
				 " 'action': 'SCMP_ACT_ALLOW'},"
				 " {'names': ['write'], 'action': 'SCMP_ACT_ERRNO',"
				 " 'errnoRet': 28}]}"),
			 0);
	assert_int_equal(answer(SYS_read, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(SYS_write, 0, 0), SECCOMP_RET_ERRNO | ENOSPC);
	assert_int_equal(answer(SYS_close, 0, 0), SECCOMP_RET_ERRNO | EACCES);
	assert_int_equal(program.filter_flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	assert_false(program.notifies);
}

static void test_filter_kills_calls_of_other_architectures(void **state)
{
	(void)state;
	assert_int_equal(compile("{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': ["
				 "{'names': ['read'], 'action': 'SCMP_ACT_ALLOW'}]}"),
			 0);
	assert_int_equal(answer_of(AUDIT_ARCH_I386, 3, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(answer_of(AUDIT_ARCH_PPC64LE, 3, 0, 0), SECCOMP_RET_KILL_PROCESS);
	if (NATIVE == AUDIT_ARCH_X86_64) /* x32 is another one, with the same AUDIT_ARCH */
		assert_int_equal(answer(0x40000000 | SYS_read, 0, 0), SECCOMP_RET_KILL_PROCESS);
}

static void test_filter_of_several_architectures_knows_each(void **state)
{
	(void)state;
	if (NATIVE != AUDIT_ARCH_X86_64) {
		print_message("skip: numbers of x86 are used\n");
		skip();
	}
	assert_int_equal(compile("{'defaultAction': 'SCMP_ACT_ERRNO', 'architectures': "
				 "['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32', "
				 "'SCMP_ARCH_AARCH64'], 'syscalls': [{'names': ['getpid'],"
				 " 'action': 'SCMP_ACT_ALLOW'}]}"),
			 0);
	assert_int_equal(answer(39, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer_of(AUDIT_ARCH_I386, 20, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer_of(AUDIT_ARCH_I386, 19, 0, 0), EPERM_RET);
	assert_int_equal(answer(0x40000000 | 39, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(0x40000000 | 38, 0, 0), EPERM_RET);
	assert_int_equal(answer(0x40000000 | 40, 0, 0), ENOSYS_RET);
}

static void test_filter_says_enosys_to_calls_newer_than_the_profile(void **state)
{
	(void)state;
	assert_int_equal(compile("{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': ["
				 "{'names': ['read', 'openat2'], 'action': 'SCMP_ACT_ALLOW'}]}"),
			 0);
	assert_int_equal(answer(SYS_clone3, 0, 0), EPERM_RET); /* older than openat2 */
	assert_int_equal(answer(SYS_openat2, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(SYS_openat2 + 1, 0, 0), ENOSYS_RET);
	assert_int_equal(answer(600, 0, 0), ENOSYS_RET);
	assert_int_equal(answer(0xf0005, 0, 0), EPERM_RET); /* no call at all, or ARM's own */
}

/* Whatever says no by default is asked politely instead; who judges by himself hears of it. */
static void test_filter_has_a_stub_where_the_default_refuses(void **state)
{
	static const struct {
		const char *action;
		uint32_t answer, newer;
	} defaults[] = {
		{"ERRNO", EPERM_RET, ENOSYS_RET},
		{"TRAP", SECCOMP_RET_TRAP, ENOSYS_RET},
		{"KILL", SECCOMP_RET_KILL_THREAD, ENOSYS_RET},
		{"KILL_THREAD", SECCOMP_RET_KILL_THREAD, ENOSYS_RET},
		{"KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, ENOSYS_RET},
		{"TRACE", SECCOMP_RET_TRACE | EPERM, SECCOMP_RET_TRACE | EPERM},
		{"LOG", SECCOMP_RET_LOG, SECCOMP_RET_LOG},
	};
	char text[160];

	(void)state;
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		(void)snprintf(text, sizeof(text),
			       "{'defaultAction': 'SCMP_ACT_%s', 'syscalls': [{'names': ['read', "
			       "'openat2'], 'action': 'SCMP_ACT_ALLOW'}]}",
			       defaults[i].action);
		assert_int_equal(compile(text), 0);
		assert_int_equal(answer(SYS_clone3, 0, 0), defaults[i].answer);
		assert_int_equal(answer(600, 0, 0), defaults[i].newer);
	}
}

static void test_filter_that_allows_by_default_has_no_stub(void **state)
{
	(void)state;
	assert_int_equal(compile("{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': ["
				 "{'names': ['read'], 'action': 'SCMP_ACT_KILL_PROCESS'}]}"),
			 0);
	assert_int_equal(answer(600, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(SYS_read, 0, 0), SECCOMP_RET_KILL_PROCESS);
}

static void test_filter_wants_all_conditions_but_any_of_one_argument(void **state)
{
	(void)state;
	assert_int_equal(
		compile("{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': ["
			"{'names': ['read'], 'action': 'SCMP_ACT_ALLOW', 'args': ["
			"{'index': 0, 'value': 1, 'op': 'SCMP_CMP_EQ'},"
			"{'index': 1, 'value': 18446744073709551615, 'op': 'SCMP_CMP_EQ'}]},"
			"{'names': ['write'], 'action': 'SCMP_ACT_ALLOW', 'args': ["
			"{'index': 0, 'value': 5, 'op': 'SCMP_CMP_EQ'},"
			"{'index': 0, 'value': 9, 'op': 'SCMP_CMP_GT'}]}]}"),
		0);
	assert_int_equal(answer(SYS_read, 1, UINT64_MAX), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(SYS_read, 1, UINT64_MAX - 1), EPERM_RET);
	assert_int_equal(answer(SYS_read, 2, UINT64_MAX), EPERM_RET);
	assert_int_equal(answer(SYS_write, 5, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(SYS_write, 10, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(SYS_write, 6, 0), EPERM_RET);
}

static void test_filter_flags_are_the_profiles(void **state)
{
	(void)state;
	assert_int_equal(compile("{'defaultAction': 'SCMP_ACT_ALLOW', 'flags': []}"), 0);
	assert_int_equal(program.filter_flags, 0);
	assert_int_equal(compile("{'defaultAction': 'SCMP_ACT_ALLOW', 'listenerPath': '/run/x',"
				 " 'flags': ['SECCOMP_FILTER_FLAG_TSYNC',"
				 " 'SECCOMP_FILTER_FLAG_LOG'], 'syscalls': [{'names': ['mknod'],"
				 " 'action': 'SCMP_ACT_NOTIFY'}]}"),
			 0);
	assert_true(program.notifies);
	assert_int_equal(program.filter_flags,
			 SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

static void test_profile_with_an_architecture_that_is_not_known_is_refused(void **state)
{
	(void)state;
	assert_int_equal(compile("{'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': "
				 "['SCMP_ARCH_X86_64', 'SCMP_ARCH_M68000']}"),
			 -EINVAL);
	assert_non_null(strstr(fixture_error, "architectures[1]"));
	assert_non_null(strstr(fixture_error, "SCMP_ARCH_M68000"));
}

static void test_profile_that_no_filter_has_room_for_is_refused(void **state)
{
	enum { VALUES = 4200 };
	auto_free char *profile = malloc(VALUES * 128 + 256);
	size_t len;

	(void)state;
	assert_non_null(profile);
	len = (size_t)sprintf(profile, "{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [");
	for (int i = 0; i < VALUES; i++)
		len += (size_t)sprintf(profile + len,
				       "%s{'names': ['ioctl'], 'action': 'SCMP_ACT_ERRNO', 'args':"
				       "[{'index': 1, 'op': 'SCMP_CMP_EQ', 'value': %d}]}",
				       i ? "," : "", i);
	(void)sprintf(profile + len, "]}");
	assert_int_equal(compile(profile), -EINVAL);
	assert_non_null(strstr(fixture_error, "instructions: the kernel takes at most 4096"));
}

/* --- the default profile --- */

static void load_default(void)
{
	struct err e = ERR_INIT;

	free((void *)(uintptr_t)program.insns);
	if (plan_seccomp(NULL, spec_default_seccomp, strlen(spec_default_seccomp), -1, &program,
			 &e) < 0)
		fail_msg("%s", err_str(&e, fixture_error, sizeof(fixture_error)));
}

#define HIGH_BITS 0xabcd000000000000U

static void test_default_profile_stops_typing_into_the_callers_terminal(void **state)
{
	static const uint32_t typing[] = {0x5412, 0x541c};

	(void)state;
	load_default();
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(answer(SYS_ioctl, 0, typing[i]), EPERM_RET);
		assert_int_equal(answer(SYS_ioctl, 0, typing[i] | HIGH_BITS), EPERM_RET);
		for (unsigned bit = 0; bit < 32; bit++) {
			uint32_t other = typing[i] ^ 1u << bit;

			assert_int_equal(answer(SYS_ioctl, 0, other), SECCOMP_RET_ALLOW);
		}
	}
	for (uint32_t request = 0x5400; request < 0x5500; request++)
		if (request != 0x5412 && request != 0x541c)
			assert_int_equal(answer(SYS_ioctl, 0, request), SECCOMP_RET_ALLOW);
}

static void test_default_profile_makes_threads_but_no_namespaces(void **state)
{
	static const uint64_t spaces[] = {0x00020000, 0x02000000, 0x04000000, 0x08000000,
					  0x10000000, 0x20000000, 0x40000000};

	(void)state;
	load_default();
	assert_int_equal(answer(SYS_clone, 0x3d0f00, 0), SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		assert_int_equal(answer(SYS_clone, 0x11 | spaces[i], 0), EPERM_RET);
	assert_int_equal(answer(SYS_clone3, 0, 0), ENOSYS_RET);
	assert_int_equal(answer(SYS_unshare, 0, 0), EPERM_RET);
	assert_int_equal(answer(SYS_setns, 0, 0), EPERM_RET);
}

static void test_default_profile_refuses_what_is_the_hosts(void **state)
{
	static const long refused[] = {
		SYS_mount,        SYS_umount2,     SYS_pivot_root,      SYS_bpf,
		SYS_add_key,      SYS_keyctl,      SYS_request_key,     SYS_kexec_load,
		SYS_reboot,       SYS_init_module, SYS_perf_event_open, SYS_open_by_handle_at,
		SYS_swapon,       SYS_fsopen,      SYS_move_mount,      SYS_io_uring_setup,
		SYS_settimeofday, SYS_userfaultfd};
	static const long allowed[] = {SYS_read,       SYS_execve, SYS_openat2, SYS_futex,
				       SYS_faccessat2, SYS_rseq,   SYS_statx};

	(void)state;
	load_default();
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(answer(refused[i], 0, 0), EPERM_RET);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		assert_int_equal(answer(allowed[i], 0, 0), SECCOMP_RET_ALLOW);
	for (uint64_t family = 0; family < 48; family++)
		assert_int_equal(answer(SYS_socket, family, 0),
				 family == 40 ? EPERM_RET : SECCOMP_RET_ALLOW);
	assert_int_equal(answer(SYS_socket, 40 | HIGH_BITS, 0), EPERM_RET);
	assert_int_equal(answer(SYS_personality, 0xffffffff, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(SYS_personality, 0x0040000, 0), EPERM_RET);
}

/* --- the kernel's opinion --- */

/* In a child: loads the filter and says by its exit status what became of getppid(). */
static _Noreturn void child(void)
{
	const struct sock_fprog prog = {.len = (unsigned short)program.n_insns,
					.filter = (struct sock_filter *)(uintptr_t)program.insns};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, program.filter_flags, &prog) != 0)
		_exit(100 + (errno < 100 ? errno : 99));
	_exit(syscall(SYS_getppid) < 0 ? errno : 0);
}

static void test_kernel_takes_the_filter_and_does_as_it_says(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(compile("{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': ["
				 "{'names': ['getppid'], 'action': 'SCMP_ACT_ERRNO',"
				 " 'errnoRet': 42}]}"),
			 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) >= 100) {
		print_message("skip: this kernel takes no filters (errno %d)\n",
			      WEXITSTATUS(status) - 100);
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter_allows_what_is_listed_and_nothing_else),
		cmocka_unit_test(test_filter_kills_calls_of_other_architectures),
		cmocka_unit_test(test_filter_of_several_architectures_knows_each),
		cmocka_unit_test(test_filter_says_enosys_to_calls_newer_than_the_profile),
		cmocka_unit_test(test_filter_has_a_stub_where_the_default_refuses),
		cmocka_unit_test(test_filter_that_allows_by_default_has_no_stub),
		cmocka_unit_test(test_filter_wants_all_conditions_but_any_of_one_argument),
		cmocka_unit_test(test_filter_flags_are_the_profiles),
		cmocka_unit_test(test_profile_with_an_architecture_that_is_not_known_is_refused),
		cmocka_unit_test(test_profile_that_no_filter_has_room_for_is_refused),
		cmocka_unit_test(test_default_profile_stops_typing_into_the_callers_terminal),
		cmocka_unit_test(test_default_profile_makes_threads_but_no_namespaces),
		cmocka_unit_test(test_default_profile_refuses_what_is_the_hosts),
		cmocka_unit_test(test_kernel_takes_the_filter_and_does_as_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
