/* SPDX-License-Identifier: Apache-2.0 */
/* Each test has a log file and has stderr in another one, and reads both. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tinyrun/fd.h"
#include "tinyrun/json.h"
#include "tinyrun/log.h"

static char path[] = "/tmp/tinyrun-test-log-XXXXXX";
static int saved_stderr, stderr_file;

static int set_up(void **state)
{
	int fd;

	(void)state;
	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	(void)close(fd);
	stderr_file = memfd_create("stderr", MFD_CLOEXEC);
	saved_stderr = dup(STDERR_FILENO);
	return dup2(stderr_file, STDERR_FILENO) < 0;
}

static int tear_down(void **state)
{
	struct log_config config = {.level = LOG_WARNING};
	struct err e = ERR_INIT;

	(void)state;
	(void)log_open(&config, &e);
	if (dup2(saved_stderr, STDERR_FILENO) < 0)
		return -1;
	fd_close(&saved_stderr);
	fd_close(&stderr_file);
	return unlink(path);
}

static void open_log(bool json, enum log_level level)
{
	const struct log_config config = {.path = path, .json = json, .level = level};
	struct err e = ERR_INIT;

	assert_int_equal(log_open(&config, &e), 0);
}

static void assert_stderr(const char *want)
{
	char text[8192];
	ssize_t n = pread(stderr_file, text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = 0;
	assert_string_equal(text, want);
}

/* The log's text, on the heap. */
static char *log_text(void)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct err e = ERR_INIT;
	char *text = NULL;
	size_t len;

	assert_int_equal(fd_read_all(fd, 1 << 20, path, &text, &len, &e), 0);
	return text;
}

static struct err some_error(void)
{
	struct err e = ERR_INIT;

	(void)err_num(&e, ENOENT, "open /srv/\"www\"\n");
	(void)err_wrap(&e, "create web1");
	return e;
}

static void test_log_err_is_one_line_on_stderr(void **state)
{
	struct err e = some_error();

	(void)state;
	log_err(&e);
	assert_stderr("tinyrun: create web1: open /srv/\"www\"\\x0a: No such file or directory\n");
}

static void test_log_err_is_one_json_object_with_an_errno(void **state)
{
	auto_free char *text = NULL;
	auto_json struct json_doc *doc = NULL;
	struct err e = some_error(), parse_error = ERR_INIT;
	struct json root;
	const char *level = NULL, *msg = NULL, *when = NULL, *errnum = NULL;

	(void)state;
	open_log(true, LOG_WARNING);
	log_err(&e);
	text = log_text();
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	assert_int_equal(json_parse(text, strlen(text), "log", &doc, &parse_error), 0);
	root = json_root(doc);
	assert_int_equal(json_get_str(&root, "level", &level, &e), 0);
	assert_int_equal(json_get_str(&root, "msg", &msg, &e), 0);
	assert_int_equal(json_get_str(&root, "time", &when, &e), 0);
	assert_int_equal(json_get_str(&root, "errno", &errnum, &e), 0);
	assert_string_equal(level, "error");
	assert_string_equal(msg, "create web1: open /srv/\"www\"\\x0a: No such file or directory");
	assert_string_equal(errnum, "ENOENT");
	assert_int_equal(when[strlen(when) - 1], 'Z');
	assert_stderr("tinyrun: create web1: open /srv/\"www\"\\x0a: No such file or directory\n");
}

static void test_log_text_has_time_and_level(void **state)
{
	auto_free char *text = NULL;
	struct err e = some_error();

	(void)state;
	open_log(false, LOG_WARNING);
	log_err(&e);
	text = log_text();
	assert_non_null(strstr(text, "Z error: create web1: open "));
	assert_null(strstr(text, "tinyrun"));
}

static void test_log_by_default_only_failures_reach_the_file(void **state)
{
	auto_free char *text = NULL;

	(void)state;
	open_log(true, LOG_WARNING);
	log_warning("no %s", "swap");
	log_debug("quiet");
	log_at(LOG_INFO, "quiet");
	text = log_text();
	assert_string_equal(text, "");
	assert_stderr("tinyrun: warning: no swap\n");
}

static void test_log_debug_puts_the_rest_in_the_file(void **state)
{
	auto_free char *text = NULL;

	(void)state;
	open_log(true, LOG_DEBUG);
	log_warning("one");
	log_debug("two");
	text = log_text();
	assert_non_null(strstr(text, "{\"level\":\"warning\",\"msg\":\"one\",\"time\":\""));
	assert_non_null(strstr(text, "{\"level\":\"debug\",\"msg\":\"two\",\"time\":\""));
	assert_stderr("tinyrun: warning: one\n");
}

static void test_log_debug_goes_to_stderr_when_there_is_no_file(void **state)
{
	const struct log_config config = {.level = LOG_DEBUG, .program = "tinyhttpd"};
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(log_open(&config, &e), 0);
	errno = E2BIG;
	log_debug("step %d", 3);
	assert_int_equal(errno, E2BIG);
	assert_stderr("tinyhttpd: debug: step 3\n");
}

static void test_log_appends_to_what_is_there(void **state)
{
	auto_free char *text = NULL;
	struct err e = some_error();

	(void)state;
	for (int i = 0; i < 3; i++) {
		open_log(true, LOG_WARNING);
		log_err(&e);
		log_close();
	}
	text = log_text();
	for (int i = 0; i < 3; i++) {
		char *end = strchr(text, '\n');

		assert_non_null(end);
		memmove(text, end + 1, strlen(end + 1) + 1);
	}
	assert_string_equal(text, "");
}

static void test_log_open_says_what_it_cannot_open(void **state)
{
	const struct log_config config = {.path = "/none/x.log"};
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(log_open(&config, &e), -ENOENT);
	assert_string_equal(e.frame[0], "open log /none/x.log: No such file or directory");
}

static void test_log_open_does_not_wait_for_the_reader_of_a_fifo(void **state)
{
	const struct log_config config = {.path = path};
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(log_open(&config, &e), -ENXIO);
}

#define LOG_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* A daemon's socket, with the name that the log file had. */
static int listen_as_daemon(enum log_place place)
{
	struct log_config config = {
		.place = place, .path = path, .ident = "engine", .json = true, .level = LOG_DEBUG};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct err e = ERR_INIT;

	memcpy(at.sun_path, path, sizeof(path));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(log_open(&config, &e), -ENOENT);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(log_open(&config, &e), 0);
	return fd;
}

static void assert_datagram(int fd, const char *want)
{
	char text[8192];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	text[n] = 0;
	assert_string_equal(text, want);
}

static void test_the_journal_gets_fields_and_nobody_can_add_one(void **state)
{
	auto_fd int fd = listen_as_daemon(LOG_JOURNAL);
	struct err e = ERR_INIT;

	(void)state;
	log_debug("one\nPRIORITY=0");
	(void)err_user(&e, "it failed");
	log_err(&e);
	assert_datagram(fd, "PRIORITY=7\nSYSLOG_IDENTIFIER=engine\nMESSAGE=one\\x0aPRIORITY=0\n");
	assert_datagram(fd, "PRIORITY=3\nSYSLOG_IDENTIFIER=engine\nMESSAGE=it failed\n");
	assert_stderr("tinyrun: it failed\n");
}

static void test_syslog_gets_severity_name_and_pid(void **state)
{
	auto_fd int fd = listen_as_daemon(LOG_SYSLOG);
	char want[64];

	(void)state;
	log_warning("careful");
	(void)snprintf(want, sizeof(want), "<12>engine[%d]: careful", (int)getpid());
	assert_datagram(fd, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(test_log_err_is_one_line_on_stderr),
		LOG_TEST(test_log_err_is_one_json_object_with_an_errno),
		LOG_TEST(test_log_text_has_time_and_level),
		LOG_TEST(test_log_by_default_only_failures_reach_the_file),
		LOG_TEST(test_log_debug_puts_the_rest_in_the_file),
		LOG_TEST(test_log_debug_goes_to_stderr_when_there_is_no_file),
		LOG_TEST(test_log_appends_to_what_is_there),
		LOG_TEST(test_log_open_says_what_it_cannot_open),
		LOG_TEST(test_log_open_does_not_wait_for_the_reader_of_a_fifo),
		LOG_TEST(test_the_journal_gets_fields_and_nobody_can_add_one),
		LOG_TEST(test_syslog_gets_severity_name_and_pid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
