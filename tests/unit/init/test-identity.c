/* SPDX-License-Identifier: Apache-2.0 */
/* test-identity - user, capabilities, namespaces and filter. Mostly needs root. */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- who it is --- */

static void test_user_groups_and_capabilities_are_the_plans(void **state)
{
	static const uint32_t groups[] = {7, 9};
	const uint64_t kill = 1u << CAP_KILL, chown = 1u << CAP_CHOWN;
	struct plan_step *s;

	(void)state;
	skip_unless_root();
	draft_init(&d);
	draft_step(&d, STEP_BOUNDING)->bounding.keep = kill | chown;
	s = draft_step(&d, STEP_USER);
	s->user.uid = 1000;
	s->user.gid = 1001;
	s->user.groups = draft_bytes(&d, groups, sizeof(groups), 4);
	s->user.n_groups = 2;
	s = draft_step(&d, STEP_CAPS);
	s->caps.permitted = kill | chown | 1ull << CAP_SYS_RESOURCE;
	s->caps.effective = kill;
	s->caps.inheritable = kill | 1ull << CAP_SYS_ADMIN;
	s->caps.ambient = kill;
	draft_shell(&d, "exec cat /proc/self/status");
	run_to_end(&d, 0, output, sizeof(output));
	assert_non_null(strstr(output, "Uid:\t1000\t1000\t1000\t1000\n"));
	assert_non_null(strstr(output, "Gid:\t1001\t1001\t1001\t1001\n"));
	assert_non_null(strstr(output, "Groups:\t7 9 \n"));
	assert_non_null(strstr(output, "CapInh:\t0000000000000020\n"));
	assert_non_null(strstr(output, "CapPrm:\t0000000000000020\n"));
	assert_non_null(strstr(output, "CapEff:\t0000000000000020\n"));
	assert_non_null(strstr(output, "CapBnd:\t0000000000000021\n"));
	assert_non_null(strstr(output, "CapAmb:\t0000000000000020\n"));
}

static void test_find_looks_with_the_users_rights(void **state)
{
	const char *candidates[] = {"/bin/closed", NULL};
	struct plan_step *s;
	struct plan_msg m;
	char path[512];
	int tree;

	(void)state;
	need_rootfs();
	rootfs_write(root, "bin/closed", "#!/bin/sh\n");
	(void)snprintf(path, sizeof(path), "%s/bin/closed", root);
	assert_int_equal(chmod(path, 0700), 0);
	tree = draft_root();
	draft_step(&d, STEP_PIVOT);
	s = draft_step(&d, STEP_USER);
	s->user.uid = s->user.gid = 1000;
	draft_step(&d, STEP_CAPS);
	draft_find(&d, "closed", candidates);
	fail_container(tree, 5, EACCES, &m);
}

static void test_a_directory_closed_to_root_is_entered_by_the_user(void **state)
{
	struct plan_step *s;
	struct plan_msg m;
	char path[512];

	(void)state;
	need_rootfs();
	(void)snprintf(path, sizeof(path), "%s/tmp", root);
	assert_int_equal(chown(path, 1000, 1000), 0);
	assert_int_equal(chmod(path, 0700), 0);
	for (uint32_t uid = 1000; uid <= 1001; uid++) {
		draft_init(&d);
		/* as on NFS: what is permitted and not effective counts for nothing */
		s = draft_step(&d, STEP_CAPS);
		s->caps.effective = 1u << CAP_SETUID | 1u << CAP_SETGID;
		s->caps.permitted =
			s->caps.effective | 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;
		draft_path(&d, STEP_CWD, path);
		s = draft_step(&d, STEP_USER);
		s->user.uid = s->user.gid = uid;
		draft_shell(&d, "echo here");
		if (uid == 1001)
			run_to_failure(&d, 0, 2, EACCES, &m);
		else
			assert_string_equal(run_to_end(&d, 0, output, sizeof(output)), "here\n");
	}
}

static void test_the_session_is_its_own(void **state)
{
	(void)state;
	draft_init(&d);
	draft_step(&d, STEP_SESSION);
	draft_step(&d, STEP_SESSION); /* it leads one already */
	draft_step(&d, STEP_KEYRING)->text.name = draft_text(&d, "test-init");
	draft_shell(&d, "read -r pid c s ppid group session r </proc/$$/stat; "
			"[ $session = $$ ] && echo own");
	assert_string_equal(run_to_end(&d, 0, output, sizeof(output)), "own\n");
}

/* --- namespaces --- */

static void test_a_pid_namespace_is_entered_by_a_fork(void **state)
{
	struct plan_msg m;
	struct run r;
	int pid_fd = -1;

	(void)state;
	skip_unless_root();
	draft_init(&d);
	draft_step(&d, STEP_UNSHARE)->unshare.ns_flags = CLONE_NEWPID | CLONE_NEWUTS;
	draft_step(&d, STEP_FORK);
	draft_step(&d, STEP_HOSTNAME)->text.name = draft_text(&d, "forked");
	draft_shell(&d, "echo $$; hostname");
	draft_finish(&d);
	run_start(&r, &d, 0);
	assert_int_equal(run_receive(&r, &m, &pid_fd), PLAN_MSG_FORKED);
	assert_int_equal(run_receive(&r, &m, NULL), 0);
	assert_string_equal(run_output(&r, output, sizeof(output)), "1\nforked\n");
	assert_int_equal(run_wait(&r), 0);
	assert_int_equal(waitid(P_PIDFD, (id_t)pid_fd, &(siginfo_t){0}, WEXITED), 0);
	(void)close(pid_fd);
}

static void test_a_namespace_is_joined_by_its_descriptor(void **state)
{
	struct plan_msg m;
	struct plan_step *s;
	int fd;

	(void)state;
	skip_unless_root();
	fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	draft_init(&d);
	draft_step(&d, STEP_UNSHARE)->unshare.ns_flags = CLONE_NEWUTS;
	s = draft_step(&d, STEP_SETNS);
	s->setns.slot = draft_slot(&d, fd);
	s->setns.ns_flag = CLONE_NEWUTS;
	draft_shell(&d, "readlink /proc/self/ns/uts /proc/$PPID/ns/uts");
	run_to_end(&d, 0, output, sizeof(output));
	assert_int_equal(strncmp(output, strchr(output, '\n') + 1, strlen("uts:[1234567890]")), 0);
	draft_init(&d);
	s = draft_step(&d, STEP_SETNS);
	s->setns.slot = draft_slot(&d, fd);
	s->setns.ns_flag = CLONE_NEWNET;
	run_to_failure(&d, 0, 0, EINVAL, &m);
	(void)close(fd);
}

static void test_loopback_is_up(void **state)
{
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_mount("/proc", "proc", NULL, 0);
	draft_step(&d, STEP_LOOPBACK);
	draft_pivot_and_shell("ifconfig lo");
	run_container(tree);
	assert_non_null(strstr(output, "UP LOOPBACK RUNNING"));
	assert_non_null(strstr(output, "127.0.0.1"));
}

static void test_clocks_have_their_offset(void **state)
{
	(void)state;
	skip_unless_root();
	if (access("/proc/self/ns/time", F_OK) != 0) {
		print_message("needs a kernel with time namespaces\n");
		skip();
	}
	draft_init(&d);
	draft_step(&d, STEP_UNSHARE)->unshare.ns_flags = CLONE_NEWTIME;
	draft_step(&d, STEP_TIME_OFFSET)->time_offset.text =
		draft_text(&d, "monotonic 1000000 0\nboottime 1000000000 0\n");
	draft_shell(&d, "read -r up rest </proc/uptime; [ ${up%.*} -gt 1000000000 ] && echo later");
	assert_string_equal(run_to_end(&d, 0, output, sizeof(output)), "later\n");
}

/* --- the filter --- */

static uint32_t draft_filter(uint32_t number, uint32_t action)
{
	const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return draft_bytes(&d, filter, sizeof(filter), 8);
}

static void test_the_filter_is_in_force(void **state)
{
	struct plan_step *s;
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_step(&d, STEP_PIVOT);
	draft_step(&d, STEP_NO_NEW_PRIVS);
	s = draft_step(&d, STEP_SECCOMP);
	s->seccomp.insns = draft_filter(SYS_setdomainname, SECCOMP_RET_ERRNO | EPERM);
	s->seccomp.n_insns = 4;
	draft_shell(&d, "hostname ok && hostname");
	assert_string_equal(run_container(tree), "ok\n");
	tree = draft_root();
	draft_step(&d, STEP_PIVOT);
	s = draft_step(&d, STEP_SECCOMP);
	s->seccomp.insns = draft_filter(SYS_sethostname, SECCOMP_RET_ERRNO | EPERM);
	s->seccomp.n_insns = 4;
	draft_shell(&d, "hostname no || echo denied");
	assert_string_equal(run_container(tree),
			    "hostname: sethostname: Operation not permitted\ndenied\n");
}

/* The program runs under a filter that asks the listener about @nr. */
static void listen_to(unsigned nr)
{
	struct plan_step *s;
	struct plan_msg m;
	struct run r;
	int listener = -1;

	draft_init(&d);
	draft_step(&d, STEP_NO_NEW_PRIVS);
	s = draft_step(&d, STEP_SECCOMP);
	s->seccomp.insns = draft_filter(nr, SECCOMP_RET_USER_NOTIF);
	s->seccomp.n_insns = 4;
	s->seccomp.filter_flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	s->seccomp.listener = 1;
	draft_shell(&d, "echo runs");
	draft_finish(&d);
	run_start(&r, &d, 0);
	assert_int_equal(run_receive(&r, &m, &listener), PLAN_MSG_NOTIFY);
	assert_true(listener >= 0);
	run_go(r.channel);
	assert_int_equal(run_receive(&r, &m, NULL), 0);
	assert_string_equal(run_output(&r, output, sizeof(output)), "runs\n");
	assert_int_equal(run_wait(&r), 0);
	(void)close(listener);
}

static void test_a_listener_is_handed_over(void **state)
{
	(void)state;
	listen_to(SYS_sethostname);
}

/* Whoever sends the listener its descriptor must not be held by it. */
static void test_a_listener_of_sendmsg_is_handed_over(void **state)
{
	(void)state;
	listen_to(SYS_sendmsg);
}

/* A filter that the kernel refuses: the thread that would send the descriptor ends, too. */
static void test_a_listener_that_cannot_be_is_a_failure(void **state)
{
	struct plan_step *s;
	struct plan_msg m;
	struct run r;

	(void)state;
	draft_init(&d);
	draft_step(&d, STEP_NO_NEW_PRIVS);
	s = draft_step(&d, STEP_SECCOMP);
	s->seccomp.insns = draft_filter(SYS_sethostname, SECCOMP_RET_USER_NOTIF);
	s->seccomp.n_insns = 3; /* its end is missing */
	s->seccomp.filter_flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	s->seccomp.listener = 1;
	draft_shell(&d, "echo runs");
	draft_finish(&d);
	run_start(&r, &d, 0);
	assert_int_equal(run_receive(&r, &m, NULL), PLAN_MSG_FAIL);
	assert_int_equal(m.errnum, EINVAL);
	assert_int_equal(run_wait(&r), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		container_test(test_user_groups_and_capabilities_are_the_plans),
		container_test(test_find_looks_with_the_users_rights),
		container_test(test_a_directory_closed_to_root_is_entered_by_the_user),
		container_test(test_the_session_is_its_own),
		container_test(test_a_pid_namespace_is_entered_by_a_fork),
		container_test(test_a_namespace_is_joined_by_its_descriptor),
		container_test(test_loopback_is_up),
		container_test(test_clocks_have_their_offset),
		container_test(test_the_filter_is_in_force),
		container_test(test_a_listener_is_handed_over),
		container_test(test_a_listener_of_sendmsg_is_handed_over),
		container_test(test_a_listener_that_cannot_be_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
