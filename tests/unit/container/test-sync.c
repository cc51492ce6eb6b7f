/* SPDX-License-Identifier: Apache-2.0 */
/* The host's side of the channel, with a socket pair in init's place. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "container/sync.h"
#include "tinyrun/fd.h"

struct channel {
	int host, init;
};

static struct channel channel_open(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	return (struct channel){.host = pair[0], .init = pair[1]};
}

static void channel_close(struct channel *c)
{
	fd_close(&c->host);
	fd_close(&c->init);
}

/* Sends @len bytes with @n_fds descriptors beside them, as init or anybody else might. */
static void send_raw(int fd, const void *data, size_t len, const int *fds, size_t n_fds)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))] = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds > 0) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	assert_int_equal(sendmsg(fd, &msg, MSG_NOSIGNAL), (ssize_t)len);
}

static bool is_same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino &&
	       x.st_dev == y.st_dev;
}

static void test_sync_receives_a_message_as_it_was_sent(void **state)
{
	struct plan_msg sent = {.kind = PLAN_MSG_FAIL, .step = 7, .errnum = ENOENT, .status = 256};
	struct channel c = channel_open();
	struct err e = ERR_INIT;
	struct plan_msg got;
	int fd = 99;

	(void)state;
	(void)snprintf(sent.text, sizeof(sent.text), "the text");
	memset(&got, 0xff, sizeof(got));
	send_raw(c.init, &sent, PLAN_MSG_HEAD + 8, NULL, 0); /* without the 0 behind it */
	assert_int_equal(sync_receive(c.host, &got, &fd, &e), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(got.kind, PLAN_MSG_FAIL);
	assert_int_equal(got.step, 7);
	assert_int_equal(got.errnum, ENOENT);
	assert_int_equal(got.status, 256);
	assert_string_equal(got.text, "the text");
	channel_close(&c);
}

static void test_sync_ends_the_longest_text(void **state)
{
	struct plan_msg sent = {.kind = PLAN_MSG_FAIL}, got;
	struct channel c = channel_open();
	char larger[sizeof(sent) + 100];
	struct err e = ERR_INIT;
	int fd = -1;

	(void)state;
	memset(sent.text, 'x', sizeof(sent.text));
	send_raw(c.init, &sent, sizeof(sent), NULL, 0);
	assert_int_equal(sync_receive(c.host, &got, &fd, &e), 0);
	assert_int_equal(strlen(got.text), PLAN_MSG_TEXT - 1);
	memset(larger, 'y', sizeof(larger));
	send_raw(c.init, larger, sizeof(larger), NULL, 0);
	assert_int_equal(sync_receive(c.host, &got, &fd, &e), 0);
	assert_int_equal(strlen(got.text), PLAN_MSG_TEXT - 1);
	channel_close(&c);
}

static void test_sync_refuses_a_short_message(void **state)
{
	struct plan_msg sent = {.kind = PLAN_MSG_READY}, got;
	struct channel c = channel_open();
	auto_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct err e = ERR_INIT;
	int fd = 99;

	(void)state;
	send_raw(c.init, &sent, PLAN_MSG_HEAD - 1, &null, 1);
	assert_int_equal(sync_receive(c.host, &got, &fd, &e), -EPROTO);
	assert_int_equal(fd, -1); /* what came with it is closed */
	channel_close(&c);
}

static void test_sync_takes_the_descriptor_beside_a_message(void **state)
{
	struct plan_msg sent = {.kind = PLAN_MSG_PTY}, got;
	auto_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC), fd = -1;
	struct channel c = channel_open();
	struct err e = ERR_INIT;

	(void)state;
	send_raw(c.init, &sent, PLAN_MSG_HEAD, &null, 1);
	assert_int_equal(sync_receive(c.host, &got, &fd, &e), 0);
	assert_int_equal(got.kind, PLAN_MSG_PTY);
	assert_true(is_same_file(fd, null));
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	channel_close(&c);
}

/* The second one has no owner here: the fixture would find it left open. */
static void test_sync_takes_no_more_than_one_descriptor(void **state)
{
	struct plan_msg sent = {.kind = PLAN_MSG_PTY}, got;
	auto_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC), fd = -1;
	const int fds[] = {null, null, null};
	struct channel c = channel_open();
	struct err e = ERR_INIT;

	(void)state;
	send_raw(c.init, &sent, PLAN_MSG_HEAD, fds, 3);
	assert_int_equal(sync_receive(c.host, &got, &fd, &e), 0);
	assert_true(is_same_file(fd, null));
	channel_close(&c);
}

static void test_sync_tells_the_end_from_a_failure(void **state)
{
	struct channel c = channel_open();
	struct err e = ERR_INIT;
	struct plan_msg got;
	int fd = -1;

	(void)state;
	fd_close(&c.init);
	assert_int_equal(sync_receive(c.host, &got, &fd, &e), SYNC_E_END);
	assert_int_equal(e.depth, 0);
	channel_close(&c);
	assert_true(sync_receive(-1, &got, &fd, &e) < 0);
	assert_says(&e, "hear from init");
}

/* Ended with unread bytes of ours: the kernel says so by ECONNRESET. */
static void test_sync_takes_a_reset_for_the_end(void **state)
{
	struct channel c = channel_open();
	struct err e = ERR_INIT;
	struct plan_msg got;
	int fd = -1;

	(void)state;
	assert_int_equal(sync_go(c.host, &e), 0);
	fd_close(&c.init);
	assert_int_equal(sync_receive(c.host, &got, &fd, &e), SYNC_E_END);
	channel_close(&c);
}

/* Init that ends with our GO unread resets the channel; what it said before must still be heard. */
static void test_sync_hears_the_last_word_before_a_reset(void **state)
{
	struct channel c = channel_open();
	struct plan_msg fail = {.kind = PLAN_MSG_FAIL, .step = 7, .errnum = ENOENT}, msg;
	struct err e = ERR_INIT;
	int fd = -1;

	(void)state;
	assert_int_equal(sync_go(c.host, &e), 0);
	send_raw(c.init, &fail, PLAN_MSG_HEAD, NULL, 0);
	fd_close(&c.init);
	assert_int_equal(sync_receive(c.host, &msg, &fd, &e), 0);
	assert_int_equal(msg.kind, PLAN_MSG_FAIL);
	assert_int_equal(msg.step, 7);
	assert_int_equal(sync_receive(c.host, &msg, &fd, &e), SYNC_E_END);
	channel_close(&c);
}

static void test_sync_go_is_one_message_without_text(void **state)
{
	struct channel c = channel_open();
	struct err e = ERR_INIT;
	struct plan_msg got;

	(void)state;
	assert_int_equal(sync_go(c.host, &e), 0);
	assert_int_equal(recv(c.init, &got, sizeof(got), 0), PLAN_MSG_HEAD);
	assert_int_equal(got.kind, PLAN_MSG_GO);
	fd_close(&c.init);
	assert_int_equal(sync_go(c.host, &e), -EPIPE); /* and no SIGPIPE */
	channel_close(&c);
}

/* --- sockets of engines --- */

static void test_sync_sends_a_descriptor_to_a_listening_socket(void **state)
{
	const struct fixture *f = *state;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	auto_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	auto_fd int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_fd int ours = -1, theirs = -1, got = -1;
	struct err e = ERR_INIT;
	char text[64] = "";
	struct iovec iov = {.iov_base = text, .iov_len = sizeof(text) - 1};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%.60s/console", f->dir);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(sync_connect(at.sun_path, &ours, &e), 0);
	assert_true(fcntl(ours, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(sync_send_fd(ours, "/dev/ptmx", null, &e), 0);
	theirs = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(recvmsg(theirs, &msg, MSG_CMSG_CLOEXEC), strlen("/dev/ptmx"));
	assert_string_equal(text, "/dev/ptmx");
	assert_non_null(CMSG_FIRSTHDR(&msg));
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	assert_true(is_same_file(got, null));
	fd_close(&theirs);
	assert_true(sync_send_fd(ours, "/dev/ptmx", null, &e) < 0);
	assert_says(&e, "send a descriptor");
}

static void test_sync_connect_refuses_a_path_that_does_not_fit(void **state)
{
	struct sockaddr_un at;
	char longest[sizeof(at.sun_path) + 1];
	struct err e = ERR_INIT;
	int fd = -1;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(at.sun_path)] = '\0';
	assert_int_equal(sync_connect(longest, &fd, &e), -EINVAL);
	assert_says(&e, "is longer than 107 bytes");
	longest[sizeof(at.sun_path) - 1] = '\0';
	e = ERR_INIT;
	assert_int_equal(sync_connect(longest, &fd, &e), -ENOENT); /* fits; nobody is there */
	assert_int_equal(fd, -1);
}

static void test_sync_connect_says_what_nobody_listens_on(void **state)
{
	const struct fixture *f = *state;
	struct err e = ERR_INIT;
	char path[96];
	int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/none", f->dir);
	assert_int_equal(sync_connect(path, &fd, &e), -ENOENT);
	assert_says(&e, path);
	assert_int_equal(fd, -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_sync_receives_a_message_as_it_was_sent),
		TEST(test_sync_ends_the_longest_text),
		TEST(test_sync_refuses_a_short_message),
		TEST(test_sync_takes_the_descriptor_beside_a_message),
		TEST(test_sync_takes_no_more_than_one_descriptor),
		TEST(test_sync_tells_the_end_from_a_failure),
		TEST(test_sync_takes_a_reset_for_the_end),
		TEST(test_sync_hears_the_last_word_before_a_reset),
		TEST(test_sync_go_is_one_message_without_text),
		TEST(test_sync_sends_a_descriptor_to_a_listening_socket),
		TEST(test_sync_connect_refuses_a_path_that_does_not_fit),
		TEST(test_sync_connect_says_what_nobody_listens_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
