/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Id maps, written for a child in a new user namespace. Where the host does not give an ordinary
 * user such a namespace, that part is skipped.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "container/idmap.h"
#include "tinyrun/fd.h"

static void test_idmap_owner_is_0_or_else_the_first_that_is_mapped(void **state)
{
	static struct spec_id_map first[] = {{0, 1000, 1}}, second[] = {{5, 2000, 10}, {0, 5, 1}},
				  none[] = {{7, 0, 10}, {1, 20, 1}}, around[] = {{1, 0, 10}};

	(void)state;
	assert_int_equal(idmap_owner(&(struct spec_id_maps){first, 1}), 0);
	assert_int_equal(idmap_owner(&(struct spec_id_maps){second, 2}), 0);
	assert_int_equal(idmap_owner(&(struct spec_id_maps){none, 2}), 7);
	assert_int_equal(idmap_owner(&(struct spec_id_maps){around, 1}), 1);
}

/* A child in a new user namespace that waits; errno's name in *ret_why when there is none. */
static pid_t child_in_new_ns(int *ret_errno)
{
	int ends[2], result = 0;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		result = unshare(CLONE_NEWUSER) < 0 ? errno : 0;
		if (write(ends[1], &result, sizeof(result)) != sizeof(result))
			_exit(1);
		for (;;)
			(void)pause();
	}
	fd_close(&ends[1]);
	assert_int_equal(read(ends[0], &result, sizeof(result)), sizeof(result));
	fd_close(&ends[0]);
	*ret_errno = result;
	return pid;
}

static void child_end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)child_reap(pid);
}

#define skip_without_ns(pid, errnum)                                                       \
	do {                                                                               \
		if (errnum) {                                                              \
			child_end(pid);                                                    \
			print_message("no user namespace for us: %s\n", strerror(errnum)); \
			skip();                                                            \
		}                                                                          \
	} while (0)

/* The numbers of /proc/PID/FILE with single blanks, a line each ended by ';'. */
static void map_of(pid_t pid, const char *file, char *out, size_t size)
{
	auto_free char *text = NULL;
	char *save = NULL;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	text = file_read(AT_FDCWD, path);
	*out = '\0';
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned inside, outside, n;
		size_t len = strlen(out);

		assert_int_equal(sscanf(line, "%u %u %u", &inside, &outside, &n), 3);
		(void)snprintf(out + len, size - len, "%u %u %u;", inside, outside, n);
	}
}

static void test_idmap_writes_what_was_asked_for(void **state)
{
	struct spec_id_map uids[] = {{0, geteuid(), 1}, {1, 100000, 65535}, {70000, 7, 2}};
	struct spec_id_map gids[] = {{5, getegid(), 1}, {0, 200000, 5}};
	bool root = geteuid() == 0; /* others may map themselves alone */
	struct spec_id_maps uid_maps = {uids, root ? 3 : 1}, gid_maps = {gids, root ? 2 : 1};
	struct err e = ERR_INIT;
	char got[128], want[128];
	int errnum = 0;
	pid_t pid = child_in_new_ns(&errnum);

	(void)state;
	skip_without_ns(pid, errnum);
	if (idmap_write(pid, &uid_maps, &gid_maps, &e) < 0) {
		child_end(pid);
		fail_msg("%s", words(&e));
	}
	map_of(pid, "uid_map", got, sizeof(got));
	(void)snprintf(want, sizeof(want), "0 %u 1;%s", (unsigned)geteuid(),
		       root ? "1 100000 65535;70000 7 2;" : "");
	assert_string_equal(got, want);
	map_of(pid, "gid_map", got, sizeof(got));
	(void)snprintf(want, sizeof(want), "5 %u 1;%s", (unsigned)getegid(),
		       root ? "0 200000 5;" : "");
	assert_string_equal(got, want);
	child_end(pid);
}

/* Without it a member of a group could shed it, and with it what the group is denied. */
static void test_idmap_takes_setgroups_from_an_ordinary_user_alone(void **state)
{
	struct spec_id_map uids[] = {{0, geteuid(), 1}}, gids[] = {{0, getegid(), 1}};
	struct spec_id_maps uid_maps = {uids, 1}, gid_maps = {gids, 1};
	auto_free char *text = NULL;
	struct err e = ERR_INIT;
	char path[64];
	int errnum = 0;
	pid_t pid = child_in_new_ns(&errnum);

	(void)state;
	skip_without_ns(pid, errnum);
	assert_int_equal(idmap_write(pid, &uid_maps, &gid_maps, &e), 0);
	(void)snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
	text = file_read(AT_FDCWD, path);
	assert_string_equal(text, geteuid() == 0 ? "allow\n" : "deny\n");
	child_end(pid);
}

static void test_idmap_names_the_map_that_the_kernel_refuses(void **state)
{
	struct spec_id_map good[] = {{0, geteuid(), 1}}, good_gid[] = {{0, getegid(), 1}};
	struct spec_id_map twice[] = {{0, 1, 10}, {5, 100, 10}};
	struct spec_id_maps uids = {good, 1}, gids = {good_gid, 1}, bad = {twice, 2};
	struct err e = ERR_INIT;
	int errnum = 0;
	pid_t pid = child_in_new_ns(&errnum);

	(void)state;
	skip_without_ns(pid, errnum);
	assert_true(idmap_write(pid, &uids, &bad, &e) < 0);
	assert_says(&e, "linux.gidMappings");
	e = ERR_INIT;
	assert_true(idmap_write(pid, &bad, &gids, &e) < 0);
	assert_says(&e, "linux.uidMappings");
	child_end(pid);
}

static void test_idmap_of_a_process_that_is_gone_is_an_error(void **state)
{
	struct spec_id_map map[] = {{0, 0, 1}};
	struct spec_id_maps maps = {map, 1};
	struct err e = ERR_INIT;
	pid_t pid = child_sleep();

	(void)state;
	child_end(pid);
	assert_true(idmap_write(pid, &maps, &maps, &e) < 0);
	assert_says(&e, "linux.gidMappings");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idmap_owner_is_0_or_else_the_first_that_is_mapped),
		cmocka_unit_test(test_idmap_writes_what_was_asked_for),
		cmocka_unit_test(test_idmap_takes_setgroups_from_an_ordinary_user_alone),
		cmocka_unit_test(test_idmap_names_the_map_that_the_kernel_refuses),
		cmocka_unit_test(test_idmap_of_a_process_that_is_gone_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
