/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-session - the conversation with CRIU, held with a program of that name that is this one.
 *
 * What it is to do stands in FAKE: the bytes of each message that it sends, in hexadecimal, one
 * word a message; it waits for one message before each.
 */
#include "tinyrun/criu.h"
#include "tinyrun/fd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DONE   "08011001"
#define NOTIFY "080610012a0c0a0861206e6f746963651003" /* "a notice", 3 */

static char folder[] = "/tmp/test-session.XXXXXX", seen[512], last[ERR_STR_SIZE];
static int answer;

static void send_hex(int fd, const char *word)
{
	unsigned char bytes[512];
	size_t n = 0;
	unsigned byte;

	for (; n < sizeof(bytes) && sscanf(word, "%2x", &byte) == 1; word += 2)
		bytes[n++] = (unsigned char)byte;
	(void)send(fd, bytes, n, 0);
}

/* The program itself: says on FAKE_OUT what it was told. */
static int be_fake(int fd)
{
	FILE *out = fopen(getenv("FAKE_OUT"), "w");
	char *rest = NULL, data[4096];

	for (char *word = strtok_r(getenv("FAKE"), " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest)) {
		ssize_t n = recv(fd, data, sizeof(data), 0);

		for (ssize_t i = 0; i < n; i++)
			(void)fprintf(out, "%02x", (unsigned char)data[i]);
		(void)fprintf(out, " ");
		if (strcmp(word, "die") == 0)
			abort();
		send_hex(fd, word);
	}
	(void)fprintf(out, "%s", fcntl(9, F_GETFD) >= 0 ? "9" : "-");
	(void)fclose(out);
	return atoi(getenv("FAKE_EXIT"));
}

static int on_notify(void *arg, const char *script, pid_t pid, int *fd, struct err *e)
{
	(void)arg;
	(void)snprintf(seen, sizeof(seen), "%s %d %d", script, (int)pid, *fd);
	return answer < 0 ? err_user(e, "we do not want that") : 0;
}

static int refuse(void *arg, struct err *e)
{
	(void)arg;
	return err_user(e, "nothing is prepared");
}

static int call(const char *script, const char *status, criu_prepare_fn *prepare)
{
	static const int fds[] = {9};
	struct err e = ERR_INIT;
	struct criu_call c = {.action = CRIU_DUMP,
			      .fds = fds,
			      .n_fds = 1,
			      .prepare = prepare,
			      .notify = on_notify};
	int r;

	assert_int_equal(dup2(1, 9), 9);
	(void)setenv("FAKE", script, 1);
	(void)setenv("FAKE_EXIT", status, 1);
	seen[0] = '\0';
	r = criu_run(&c, &e);
	(void)err_str(&e, last, sizeof(last));
	return r;
}

static const char *told(void)
{
	static char text[1024];
	FILE *f = fopen(getenv("FAKE_OUT"), "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = '\0';
	if (f)
		(void)fclose(f);
	return text;
}

static void test_a_notification_is_answered_and_the_end_awaited(void **state)
{
	(void)state;
	answer = 0;
	assert_int_equal(call(NOTIFY " " DONE, "0", NULL), 0);
	assert_string_equal(seen, "a notice 3 -1");
	assert_string_equal(told(), "0801 08061801 9");
}

static void test_what_we_refuse_is_the_reason(void **state)
{
	(void)state;
	answer = -1;
	assert_true(call(NOTIFY " 08011000", "0", NULL) < 0);
	assert_string_equal(last, "we do not want that");
	assert_string_equal(told(), "0801 08061800 9");
}

static void test_a_failure_is_in_its_words(void **state)
{
	(void)state;
	assert_true(call("080110004a036e6f21", "0", NULL) < 0);
	assert_string_equal(last, "CRIU says: no!");
	assert_int_equal(call("080110003802", "0", NULL), -2);
	assert_string_equal(last, "CRIU gave up: No such file or directory");
}

static void test_its_death_is_told(void **state)
{
	(void)state;
	assert_true(call("die", "0", NULL) < 0);
	assert_string_equal(last, "CRIU ended without an answer: Broken pipe");
	assert_true(call(DONE, "3", NULL) < 0);
	assert_string_equal(last, "CRIU ended with status 3");
}

static void test_nonsense_and_other_answers_are_refused(void **state)
{
	(void)state;
	assert_true(call("ff", "0", NULL) < 0);
	assert_string_equal(last, "CRIU's answer makes no sense: Protocol error");
	assert_true(call("08021001", "0", NULL) < 0);
	assert_string_equal(last, "CRIU answered another question: Protocol error");
}

static void test_a_failure_to_prepare_or_to_find_it_is_told(void **state)
{
	(void)state;
	const char *path = getenv("PATH");

	assert_true(call(DONE, "0", refuse) < 0);
	assert_string_equal(last, "nothing is prepared");
	(void)setenv("PATH", "/nowhere::", 1);
	assert_int_equal(call(DONE, "0", NULL), -2);
	(void)setenv("PATH", path, 1);
	assert_non_null(strstr(last, "criu is not in PATH: install CRIU"));
}

static void test_the_first_error_of_its_log_is_the_reason(void **state)
{
	(void)state;
	struct err e = ERR_INIT;
	FILE *f;
	char path[64];
	auto_fd int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)snprintf(path, sizeof(path), "%s/x.log", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs("(00.1) all is well\n"
		    "(00.2) Error (criu/util.c:1): rlimit: Can't setup\n"
		    "(00.3) Error (criu/files.c:1790): Can't lookup mount=72\n"
		    "(00.4) Error (criu/cr-dump.c:2111): Dumping FAILED.\n",
		    f);
	(void)fclose(f);
	(void)err_user(&e, "CRIU gave up");
	assert_true(criu_explain(-22, fd, "/images", "x.log", &e) < 0);
	assert_string_equal(err_str(&e, last, sizeof(last)),
			    "CRIU: Can't lookup mount=72 (its log is /images/x.log)");
	e = ERR_INIT;
	(void)err_user(&e, "CRIU gave up");
	assert_int_equal(criu_explain(-22, fd, "/images", "none.log", &e), -22);
	assert_string_equal(err_str(&e, last, sizeof(last)), "CRIU gave up");
	e = ERR_INIT;
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs("(00.2) Error (criu/cr-service.c:214): RPC client reported script error\n"
		    "(00.3) Error (criu/cr-restore.c:2557): Restoring FAILED.\n",
		    f);
	(void)fclose(f);
	(void)err_user(&e, "what we have against it");
	assert_true(criu_explain(-22, fd, "/images", "x.log", &e) < 0);
	assert_non_null(strstr(err_str(&e, last, sizeof(last)), "what we have against it"));
	(void)unlink(path);
}

/* This program, under CRIU's name, first in PATH. */
static int set_up(void **state)
{
	char self[512], path[1024];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)state;
	if (n < 0 || !mkdtemp(folder))
		return -1;
	self[n] = '\0';
	(void)snprintf(path, sizeof(path), "%s/criu", folder);
	if (symlink(self, path) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/out", folder);
	(void)setenv("FAKE_OUT", path, 1);
	(void)snprintf(path, sizeof(path), "%s:%s", folder, getenv("PATH"));
	return setenv("PATH", path, 1);
}

static int tear_down(void **state)
{
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/criu", folder);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/out", folder);
	(void)unlink(path);
	return rmdir(folder);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_notification_is_answered_and_the_end_awaited),
		cmocka_unit_test(test_what_we_refuse_is_the_reason),
		cmocka_unit_test(test_a_failure_is_in_its_words),
		cmocka_unit_test(test_its_death_is_told),
		cmocka_unit_test(test_nonsense_and_other_answers_are_refused),
		cmocka_unit_test(test_a_failure_to_prepare_or_to_find_it_is_told),
		cmocka_unit_test(test_the_first_error_of_its_log_is_the_reason),
	};

	if (argc == 3 && strcmp(argv[1], "swrk") == 0)
		return be_fake(atoi(argv[2]));
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
