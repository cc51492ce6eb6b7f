/* SPDX-License-Identifier: Apache-2.0 */
/* Who has an id, who waits for its lock, and what its process is doing. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "container/state.h"
#include "tinyrun/fd.h"
#include "tinyrun/proc.h"

/* --- ids --- */

static void test_state_ids_follow_the_rule(void **state)
{
	static const char *const good[] = {"a", "_", "0", "Z9", "a.b+c-d_e", "web1", "_.", "a.."};
	static const char *const bad[] = {"",    ".",   "..",  ".a",   "-a",  "+a",  "../x",
					  "a/b", "/a",  "a b", " a",   "a\n", "a\t", "\xc3\xa9",
					  "a%",  "a:b", "a@b", "a\\b", "a*",  "a\"", "a\x7f"};
	char longest[130], endless[1100];
	struct err too_long = ERR_INIT;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(state_id_is_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err e = ERR_INIT;

		assert_false(state_id_is_valid(bad[i]));
		assert_int_equal(state_check_id(bad[i], &e), -EINVAL);
		assert_says(&e, "invalid container ID format");
	}
	longest[128] = '\0';
	assert_true(state_id_is_valid(longest));
	longest[128] = 'x';
	longest[129] = '\0';
	assert_false(state_id_is_valid(longest));
	memset(endless, 'y', sizeof(endless));
	endless[sizeof(endless) - 1] = '\0';
	assert_int_equal(state_check_id(endless, &too_long), -EINVAL);
	assert_says(&too_long, "yyy\"... (1 to 128 of A-Z");
}

/* --- claims and locks --- */

static void test_state_claim_gives_an_id_once(void **state)
{
	const struct fixture *f = *state;
	auto_fd int first = -1, second = -1;
	struct err e = ERR_INIT;
	struct stat st;

	skip_without_calls();
	assert_int_equal(state_claim(&f->rt, "web1", &first, &e), 0);
	assert_int_equal(state_claim(&f->rt, "web1", &second, &e), STATE_E_EXISTS);
	assert_int_equal(second, -1);
	assert_int_equal(fstat(first, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_true(fcntl(first, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(state_claim(&f->rt, "web2", &second, &e), 0);
}

static void test_state_claim_is_stopped_by_anything_of_that_name(void **state)
{
	const struct fixture *f = *state;
	struct err e = ERR_INIT;
	int dir_fd = -1;

	skip_without_calls();
	assert_int_equal(symlinkat("/tmp", f->rt.root_fd, "link"), 0);
	assert_int_equal(mkfifoat(f->rt.root_fd, "fifo", 0600), 0);
	assert_int_equal(state_claim(&f->rt, "link", &dir_fd, &e), STATE_E_EXISTS);
	assert_int_equal(state_claim(&f->rt, "fifo", &dir_fd, &e), STATE_E_EXISTS);
}

static void test_state_open_finds_no_container_in_strange_places(void **state)
{
	const struct fixture *f = *state;
	struct runtime nowhere = {.root_fd = -1};
	struct err e = ERR_INIT;
	int dir_fd = -1;

	skip_without_calls();
	assert_int_equal(symlinkat("/tmp", f->rt.root_fd, "link"), 0);
	assert_int_equal(mkfifoat(f->rt.root_fd, "fifo", 0600), 0);
	assert_int_equal(state_open(&f->rt, "none", false, &dir_fd, &e), STATE_E_MISSING);
	assert_int_equal(state_open(&f->rt, "link", true, &dir_fd, &e), STATE_E_MISSING);
	assert_int_equal(state_open(&f->rt, "fifo", true, &dir_fd, &e), STATE_E_MISSING);
	assert_int_equal(state_open(&nowhere, "none", true, &dir_fd, &e), STATE_E_MISSING);
	assert_int_equal(state_open(&f->rt, "../x", false, &dir_fd, &e), -EINVAL);
	assert_int_equal(dir_fd, -1);
}

static void test_state_find_says_that_there_is_no_container(void **state)
{
	const struct fixture *f = *state;
	auto_state struct state st = STATE_INIT;
	struct cgroup_host host = CGROUP_HOST_INIT;
	struct err e = ERR_INIT;
	auto_fd int claimed = -1, dir_fd = -1;

	skip_without_calls();
	assert_true(state_find(&f->rt, "web1", false, &dir_fd, &st, &host, &e) < 0);
	assert_says(&e, "container does not exist");
	e = ERR_INIT;
	assert_int_equal(state_claim(&f->rt, "web1", &claimed, &e), 0);
	assert_true(state_find(&f->rt, "web1", false, &dir_fd, &st, &host, &e) < 0);
	assert_says(&e, "container does not exist");
}

/* A child that opens @id with the lock, and what it told us: its result as one byte. */
struct waiter {
	pid_t pid;
	int result_fd;
};

/* @held is the lock's descriptor: a copy in the child would hold it for ever. */
static struct waiter waiter_start(const struct fixture *f, const char *id, int held)
{
	struct waiter w;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	w.pid = fork();
	assert_true(w.pid >= 0);
	if (w.pid == 0) {
		struct err e = ERR_INIT;
		int dir_fd = -1;
		char result;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)alarm(60);
		fd_close(&held);
		result = (char)state_open(&f->rt, id, true, &dir_fd, &e);
		_exit(write(ends[1], &result, 1) == 1 ? 0 : 1);
	}
	fd_close(&ends[1]);
	w.result_fd = ends[0];
	return w;
}

/* Until /proc/locks shows that it stands in line. False where there is no such file. */
static bool waiter_waits(const struct waiter *w)
{
	char want[64], line[256];
	bool found = false;

	(void)snprintf(want, sizeof(want), " %d ", (int)w->pid);
	while (!found) {
		FILE *f = fopen("/proc/locks", "re");

		if (!f)
			return false;
		while (fgets(line, sizeof(line), f))
			found |= strstr(line, "-> FLOCK") && strstr(line, want);
		(void)fclose(f);
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return true;
}

static int waiter_result(struct waiter *w)
{
	char result = 99;

	assert_int_equal(read(w->result_fd, &result, 1), 1);
	fd_close(&w->result_fd);
	assert_int_equal(child_reap(w->pid), 0);
	return result;
}

#define skip_unless_waiting(w)                                  \
	do {                                                    \
		if (!waiter_waits(w)) {                         \
			print_message("no /proc/locks here\n"); \
			(void)kill((w)->pid, SIGKILL);          \
			(void)child_reap((w)->pid);             \
			fd_close(&(w)->result_fd);              \
			skip();                                 \
		}                                               \
	} while (0)

static void test_state_open_waits_for_the_lock_only_when_asked(void **state)
{
	const struct fixture *f = *state;
	auto_fd int claimed = -1, unlocked = -1;
	struct err e = ERR_INIT;
	struct waiter w;

	skip_without_calls();
	assert_int_equal(state_claim(&f->rt, "web1", &claimed, &e), 0);
	assert_int_equal(state_open(&f->rt, "web1", false, &unlocked, &e), 0);
	w = waiter_start(f, "web1", claimed);
	skip_unless_waiting(&w);
	fd_close(&claimed);
	assert_int_equal(waiter_result(&w), 0);
}

static void test_state_open_sees_that_it_waited_for_a_dead_one(void **state)
{
	const struct fixture *f = *state;
	struct waiter w[2];
	struct err e = ERR_INIT;
	auto_fd int again = -1;
	int claimed = -1;

	skip_without_calls();
	assert_int_equal(state_claim(&f->rt, "web1", &claimed, &e), 0);
	w[0] = waiter_start(f, "web1", claimed);
	skip_unless_waiting(&w[0]);
	/* deleted, and the id taken anew, while the other one stands in line */
	assert_int_equal(unlinkat(f->rt.root_fd, "web1", AT_REMOVEDIR), 0);
	assert_int_equal(state_claim(&f->rt, "web1", &again, &e), 0);
	fd_close(&claimed);
	assert_int_equal(waiter_result(&w[0]), STATE_E_MISSING);
	w[1] = waiter_start(f, "web1", again);
	skip_unless_waiting(&w[1]);
	assert_int_equal(unlinkat(f->rt.root_fd, "web1", AT_REMOVEDIR), 0);
	fd_close(&again);
	assert_int_equal(waiter_result(&w[1]), STATE_E_MISSING);
}

/* --- what it is doing --- */

struct subject {
	struct state st;
	char boot_id[37];
	int dir_fd;
};

/* A container whose process is @pid. */
static void subject_init(struct subject *s, const struct fixture *f, pid_t pid)
{
	struct proc_stat stat = {.start_time = 0};
	struct err e = ERR_INIT;

	assert_int_equal(proc_boot_id(s->boot_id, &e), 0);
	if (pid > 0)
		assert_int_equal(proc_stat(pid, &stat, &e), 0);
	s->st = (struct state){
		.id = "web1", .boot_id = s->boot_id, .pid = pid, .start_time = stat.start_time};
	s->dir_fd = -1;
	assert_int_equal(state_claim(&f->rt, "web1", &s->dir_fd, &e), 0);
}

static void subject_done(struct subject *s)
{
	fd_close(&s->dir_fd);
	if (s->st.pid > 0)
		(void)kill(s->st.pid, SIGKILL);
	if (s->st.pid > 0)
		(void)child_reap(s->st.pid);
}

static void assert_status(const struct subject *s, enum state_status want)
{
	struct cgroup_host host = CGROUP_HOST_INIT;
	enum state_status status = STATE_PAUSED;
	struct err e = ERR_INIT;

	assert_int_equal(state_status(s->dir_fd, &s->st, &host, &status, &e), 0);
	assert_string_equal(state_status_name(status), state_status_name(want));
}

static void test_state_status_before_there_is_a_process_is_creating(void **state)
{
	struct subject s;

	skip_without_calls();
	subject_init(&s, *state, 0);
	assert_status(&s, STATE_CREATING);
	subject_done(&s);
}

static void test_state_status_of_a_process_that_ended_is_stopped(void **state)
{
	struct err e = ERR_INIT;
	struct subject s;
	siginfo_t info;
	pid_t pid;
	int fd = -1;

	skip_without_calls();
	pid = child_sleep();
	subject_init(&s, *state, pid);
	assert_status(&s, STATE_RUNNING);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_status(&s, STATE_STOPPED); /* nobody has reaped it yet */
	assert_int_equal(state_pidfd(&s.st, &fd, &e), STATE_E_MISSING);
	(void)child_reap(pid);
	assert_status(&s, STATE_STOPPED);
	assert_int_equal(state_pidfd(&s.st, &fd, &e), STATE_E_MISSING);
	assert_int_equal(fd, -1);
	s.st.pid = 0;
	subject_done(&s);
}

static void test_state_status_of_somebody_elses_process_is_stopped(void **state)
{
	struct subject s;

	skip_without_calls();
	subject_init(&s, *state, child_sleep());
	assert_status(&s, STATE_RUNNING);
	s.st.start_time++; /* the pid was taken again since */
	assert_status(&s, STATE_STOPPED);
	s.st.start_time--;
	s.boot_id[0] = s.boot_id[0] == '0' ? '1' : '0'; /* the machine was booted since */
	assert_status(&s, STATE_STOPPED);
	subject_done(&s);
}

static void test_state_status_with_somebody_listening_is_created(void **state)
{
	const struct fixture *f = *state;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct subject s;
	int listener;

	skip_without_calls();
	subject_init(&s, f, child_sleep());
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%.60s/web1/" STATE_SOCKET, f->dir);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	for (int i = 0; i < 5; i++) /* more often than the backlog is long */
		assert_status(&s, STATE_CREATED);
	fd_close(&listener);
	assert_status(&s, STATE_RUNNING); /* the file alone says nothing */
	assert_int_equal(unlinkat(s.dir_fd, STATE_SOCKET, 0), 0);
	assert_status(&s, STATE_RUNNING);
	subject_done(&s);
}

static void test_state_pidfd_is_never_that_of_pid_1(void **state)
{
	struct state st = {.pid = 1, .boot_id = ""};
	struct err e = ERR_INIT;
	int fd = -1;

	(void)state;
	assert_int_equal(state_pidfd(&st, &fd, &e), STATE_E_MISSING);
	assert_int_equal(fd, -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state_ids_follow_the_rule),
		TEST(test_state_claim_gives_an_id_once),
		TEST(test_state_claim_is_stopped_by_anything_of_that_name),
		TEST(test_state_open_finds_no_container_in_strange_places),
		TEST(test_state_find_says_that_there_is_no_container),
		TEST(test_state_open_waits_for_the_lock_only_when_asked),
		TEST(test_state_open_sees_that_it_waited_for_a_dead_one),
		TEST(test_state_status_before_there_is_a_process_is_creating),
		TEST(test_state_status_of_a_process_that_ended_is_stopped),
		TEST(test_state_status_of_somebody_elses_process_is_stopped),
		TEST(test_state_status_with_somebody_listening_is_created),
		TEST(test_state_pidfd_is_never_that_of_pid_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
