/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A foreground container is three processes here: this test as the caller, a child that relays, and
 * its child, which plays the container. What the relay heard comes back through a pipe.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "container/relay.h"
#include "tinyrun/fd.h"
#include "tinyrun/sys.h"

#define PATIENCE_MS 30000

/* The container: says that it is ready by a byte on @ready_fd, and returns its exit code. */
typedef int program_fn(int ready_fd);

struct stage {
	program_fn *program;
	bool with_pty, reap;
	int stdin_fd;         /* the relay's; -1: a pipe, in_fd */
	int in_fd, out_fd;    /* our ends of its stdin and stdout */
	int ready_fd, end_fd; /* the program is ready; the relay's result */
	pid_t pid;            /* the relay */
};

struct result {
	int r, status;
};

#define STAGE_INIT \
	((struct stage){.stdin_fd = -1, .in_fd = -1, .out_fd = -1, .ready_fd = -1, .end_fd = -1})

static void pipe_open(int *ret_read, int *ret_write)
{
	int pair[2];

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	*ret_read = pair[0];
	*ret_write = pair[1];
}

/* -1 when this system has no pseudoterminals for us. */
static int pty_open(char slave[64])
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0 && ptsname_r(fd, slave, 64) == 0)
		return fd;
	fd_close(&fd);
	return -1;
}

/* Its terminal is raw, so that what is compared is what was written. */
static void enter_terminal(const char *slave)
{
	struct termios raw;
	int fd;

	(void)setsid();
	fd = open(slave, O_RDWR | O_CLOEXEC);
	if (fd < 0 || tcgetattr(fd, &raw) < 0)
		_exit(90);
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSANOW, &raw) < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0)
		_exit(91);
	fd_close(&fd);
}

static _Noreturn void be_program(const struct stage *s, const sigset_t *mask, const char *slave,
				 int ready_fd)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (s->with_pty)
		enter_terminal(slave);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	_exit(s->program(ready_fd));
}

static _Noreturn void be_relay(const struct stage *s, int stdin_fd, int stdout_fd, int ready_fd,
			       int end_fd)
{
	struct relay relay = {.pid = -1, .pidfd = -1, .pty_fd = -1, .reap = s->reap};
	struct result result = {.status = -1};
	struct err e = ERR_INIT;
	char slave[64] = "";
	sigset_t old;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)alarm(0);
	if (s->reap)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (dup2(stdin_fd, 0) < 0 || dup2(stdout_fd, 1) < 0)
		_exit(1);
	fd_close(&stdout_fd);
	if (s->with_pty)
		relay.pty_fd = pty_open(slave);
	if (relay_hold_signals(&old, &e) < 0)
		_exit(1);
	relay.pid = fork();
	if (relay.pid == 0)
		be_program(s, &old, slave, ready_fd);
	fd_close(&ready_fd);
	relay.pidfd = sys_pidfd_open(relay.pid, 0);
	relay_resize(relay.pty_fd); /* as the creation does when it gets the terminal */
	result.r = relay_run(&relay, &result.status, &e);
	_exit(write(end_fd, &result, sizeof(result)) == sizeof(result) ? 0 : 1);
}

/* Starts both; returns when the program is ready. */
static void stage_start(struct stage *s, program_fn *program)
{
	int stdin_fd = s->stdin_fd, stdout_fd, ready_fd, end_fd;
	char c;

	s->program = program;
	if (stdin_fd < 0)
		pipe_open(&stdin_fd, &s->in_fd);
	pipe_open(&s->out_fd, &stdout_fd);
	pipe_open(&s->ready_fd, &ready_fd);
	pipe_open(&s->end_fd, &end_fd);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		fd_close(&s->in_fd);
		be_relay(s, stdin_fd, stdout_fd, ready_fd, end_fd);
	}
	if (s->stdin_fd < 0)
		fd_close(&stdin_fd);
	fd_close(&stdout_fd);
	fd_close(&ready_fd);
	fd_close(&end_fd);
	assert_int_equal(read(s->ready_fd, &c, 1), 1);
}

/* Waits for the relay's end; the wait status that it was given. */
static int stage_end(struct stage *s)
{
	struct pollfd end = {.fd = s->end_fd, .events = POLLIN};
	struct result result = {.r = -1, .status = -1};
	bool ended = poll(&end, 1, PATIENCE_MS) == 1;

	if (ended && read(s->end_fd, &result, sizeof(result)) != sizeof(result))
		result.r = -1;
	if (!ended)
		(void)kill(s->pid, SIGKILL);
	(void)child_reap(s->pid);
	fd_close(&s->in_fd);
	fd_close(&s->out_fd);
	fd_close(&s->ready_fd);
	fd_close(&s->end_fd);
	if (!ended)
		fail_msg("the relay did not end");
	assert_int_equal(result.r, 0);
	return result.status;
}

static void assert_exits(struct stage *s, int code)
{
	int status = stage_end(s);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
}

static void say_ready(int fd)
{
	if (write(fd, "r", 1) != 1)
		_exit(92);
}

static void nap(void)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

#define skip_without_pty()                                          \
	do {                                                        \
		char slave_[64];                                    \
		int fd_ = pty_open(slave_);                         \
		if (fd_ < 0) {                                      \
			print_message("no pseudoterminals here\n"); \
			skip();                                     \
		}                                                   \
		fd_close(&fd_);                                     \
	} while (0)

/* --- its end --- */

static int exit_7(int ready_fd)
{
	say_ready(ready_fd);
	return 7;
}

static int kill_itself(int ready_fd)
{
	say_ready(ready_fd);
	(void)raise(SIGKILL);
	return 0;
}

static void test_relay_tells_how_the_process_ended(void **state)
{
	struct stage exits = STAGE_INIT, is_killed = STAGE_INIT;
	int status;

	(void)state;
	skip_without_calls();
	stage_start(&exits, exit_7);
	assert_exits(&exits, 7);
	stage_start(&is_killed, kill_itself);
	status = stage_end(&is_killed);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* --- signals --- */

static void exit_42(int sig)
{
	(void)sig;
	_exit(42);
}

static void exit_43(int sig)
{
	(void)sig;
	_exit(43);
}

static int wait_for_term(int ready_fd)
{
	(void)signal(SIGTERM, exit_42);
	say_ready(ready_fd);
	while (pause() < 0)
		continue;
	return 0;
}

static void test_relay_passes_on_a_signal(void **state)
{
	struct stage s = STAGE_INIT;

	(void)state;
	skip_without_calls();
	stage_start(&s, wait_for_term);
	assert_int_equal(kill(s.pid, SIGTERM), 0);
	assert_exits(&s, 42);
}

/* Real-time signals are taken after all others, so what should not come would have come. */
static int wait_for_the_last(int ready_fd)
{
	(void)signal(SIGCHLD, exit_43);
	(void)signal(SIGURG, exit_43);
	(void)signal(SIGWINCH, exit_43);
	(void)signal(SIGRTMIN, exit_42);
	say_ready(ready_fd);
	while (pause() < 0)
		continue;
	return 0;
}

static void test_relay_keeps_what_is_meant_for_itself(void **state)
{
	struct stage s = STAGE_INIT;

	(void)state;
	skip_without_calls();
	stage_start(&s, wait_for_the_last);
	assert_int_equal(kill(s.pid, SIGCHLD), 0);
	assert_int_equal(kill(s.pid, SIGURG), 0);
	assert_int_equal(kill(s.pid, SIGWINCH), 0);
	assert_int_equal(kill(s.pid, SIGRTMIN), 0);
	assert_exits(&s, 42);
}

/* Leaves an orphan behind and ends when somebody has reaped it. */
static int leave_an_orphan(int ready_fd)
{
	int ends[2];
	pid_t child, orphan = -1;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return 93;
	child = fork();
	if (child == 0) {
		orphan = fork();
		if (orphan == 0)
			_exit(0);
		_exit(write(ends[1], &orphan, sizeof(orphan)) == sizeof(orphan) ? 0 : 1);
	}
	if (read(ends[0], &orphan, sizeof(orphan)) != sizeof(orphan) || orphan <= 0)
		return 94;
	(void)waitpid(child, NULL, 0);
	say_ready(ready_fd);
	while (kill(orphan, 0) == 0)
		nap();
	return 42;
}

static void test_relay_reaps_orphans_when_it_is_their_parent(void **state)
{
	struct stage s = STAGE_INIT;

	(void)state;
	skip_without_calls();
	s.reap = true;
	stage_start(&s, leave_an_orphan);
	assert_exits(&s, 42);
}

/* --- the terminal --- */

static int answer_a_word(int ready_fd)
{
	char word[64];
	ssize_t n;

	say_ready(ready_fd);
	n = read(0, word, sizeof(word));
	if (n <= 0 || dprintf(1, "got %.*s", (int)n, word) < 0)
		return 95;
	return 42;
}

/* Everything up to the end of the file, which comes when the relay ends. */
static size_t read_out(const struct stage *s, char *to, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(s->out_fd, to + len, size - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return len;
}

static void test_relay_carries_the_terminal_both_ways(void **state)
{
	struct stage s = STAGE_INIT;
	char got[64] = "";

	(void)state;
	skip_without_calls();
	skip_without_pty();
	s.with_pty = true;
	stage_start(&s, answer_a_word);
	assert_int_equal(write(s.in_fd, "hello", 5), 5);
	(void)read_out(&s, got, sizeof(got) - 1);
	assert_string_equal(got, "got hello");
	assert_exits(&s, 42);
}

static int talk_for_long(int ready_fd)
{
	char line[1000];

	memset(line, 'x', sizeof(line));
	say_ready(ready_fd);
	for (int i = 0; i < 200; i++)
		if (write(1, line, sizeof(line)) != sizeof(line))
			return 96;
	return 42;
}

static void test_relay_carries_the_last_words_too(void **state)
{
	static char got[300000];
	struct stage s = STAGE_INIT;

	(void)state;
	skip_without_calls();
	skip_without_pty();
	s.with_pty = true;
	stage_start(&s, talk_for_long);
	assert_int_equal(read_out(&s, got, sizeof(got)), 200000);
	assert_exits(&s, 42);
}

static int talk_until_term(int ready_fd)
{
	(void)signal(SIGTERM, exit_42);
	say_ready(ready_fd);
	for (;;)
		if (write(1, "0123456789abcdef", 16) < 0)
			return 97;
}

static void test_relay_passes_on_a_signal_when_nobody_reads_the_output(void **state)
{
	struct stage s = STAGE_INIT;
	int before = -1, now = 0;

	(void)state;
	skip_without_calls();
	skip_without_pty();
	s.with_pty = true;
	stage_start(&s, talk_until_term);
	while (now == 0 || now != before) { /* until nothing goes into the pipe any more */
		before = now;
		for (int i = 0; i < 50; i++)
			nap();
		assert_int_equal(ioctl(s.out_fd, FIONREAD, &now), 0);
	}
	assert_int_equal(kill(s.pid, SIGTERM), 0);
	assert_exits(&s, 42);
}

static void test_relay_stays_when_its_input_ends(void **state)
{
	struct stage s = STAGE_INIT;

	(void)state;
	skip_without_calls();
	skip_without_pty();
	s.with_pty = true;
	stage_start(&s, wait_for_term);
	fd_close(&s.in_fd);
	for (int i = 0; i < 20; i++)
		nap();
	assert_int_equal(kill(s.pid, SIGTERM), 0);
	assert_exits(&s, 42);
}

static void wait_for_size(unsigned rows, unsigned columns)
{
	struct winsize size = {.ws_row = 0};

	while (ioctl(0, TIOCGWINSZ, &size) < 0 || size.ws_row != rows || size.ws_col != columns)
		nap();
}

static int see_two_sizes(int ready_fd)
{
	say_ready(ready_fd);
	wait_for_size(33, 77);
	if (write(1, "1", 1) != 1)
		return 98;
	wait_for_size(40, 100);
	return 42;
}

static void test_relay_hands_down_the_size_and_gives_back_the_mode(void **state)
{
	struct winsize small = {.ws_row = 33, .ws_col = 77}, large = {.ws_row = 40, .ws_col = 100};
	struct termios before, during, after;
	struct stage s = STAGE_INIT;
	char slave[64], c = 0;
	int master, terminal;

	(void)state;
	skip_without_calls();
	skip_without_pty();
	master = pty_open(slave);
	terminal = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(terminal >= 0);
	assert_int_equal(ioctl(terminal, TIOCSWINSZ, &small), 0);
	assert_int_equal(tcgetattr(terminal, &before), 0);
	assert_true(before.c_lflag & ICANON);
	s.with_pty = true;
	s.stdin_fd = terminal;
	stage_start(&s, see_two_sizes);
	assert_int_equal(read(s.out_fd, &c, 1), 1);
	assert_int_equal(c, '1');
	assert_int_equal(tcgetattr(terminal, &during), 0);
	assert_false(during.c_lflag & (ICANON | ECHO | ISIG));
	assert_int_equal(ioctl(terminal, TIOCSWINSZ, &large), 0);
	assert_int_equal(kill(s.pid, SIGWINCH), 0); /* it is not in that terminal's session */
	assert_exits(&s, 42);
	assert_int_equal(tcgetattr(terminal, &after), 0);
	assert_true(after.c_lflag == before.c_lflag && after.c_iflag == before.c_iflag &&
		    after.c_oflag == before.c_oflag);
	fd_close(&terminal);
	fd_close(&master);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_relay_tells_how_the_process_ended),
		TEST(test_relay_passes_on_a_signal),
		TEST(test_relay_keeps_what_is_meant_for_itself),
		TEST(test_relay_reaps_orphans_when_it_is_their_parent),
		TEST(test_relay_carries_the_terminal_both_ways),
		TEST(test_relay_carries_the_last_words_too),
		TEST(test_relay_passes_on_a_signal_when_nobody_reads_the_output),
		TEST(test_relay_stays_when_its_input_ends),
		TEST(test_relay_hands_down_the_size_and_gives_back_the_mode),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	(void)alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
