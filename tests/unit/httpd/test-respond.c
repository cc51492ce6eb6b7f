/* SPDX-License-Identifier: Apache-2.0 */
/* Answers with a file that is in memory: where their bytes are, and that nobody changes them. */
#include "httpd/respond.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tinyrun/fd.h"

#define NAME "page.txt"
#define SIZE 10000 /* more than CACHE_COPY_MAX */

struct fixture {
	char dir[64];
	char body[SIZE + 1];
	struct file_root root;
	struct options options;
	struct respond_env env;
	struct cache cache;
	struct output *out;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;

	strcpy(f->dir, "/tmp/tinyhttpd-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(file_root_open(f->dir, &f->root, &e), 0);
	for (size_t i = 0; i < SIZE; i++)
		f->body[i] = (char)('a' + i % 26);
	auto_fd int fd = openat(f->root.fd, NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, f->body, SIZE), SIZE);
	cache_init(&f->cache, &f->root);
	f->env.options = &f->options;
	f->env.root = &f->root;
	f->env.cache = &f->cache;
	f->out = output_new(2 * RESPOND_MAX);
	assert_non_null(f->out);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	cache_done(&f->cache);
	assert_int_equal(unlinkat(f->root.fd, NAME, 0), 0);
	close(f->root.fd);
	assert_int_equal(rmdir(f->dir), 0);
	free(f->out);
	free(f);
	return 0;
}

/* Asks for the file in second @now_sec of the world, with @fields. */
static struct reply ask(struct fixture *f, int64_t now_sec, const char *fields)
{
	struct parse p;
	struct reply reply;
	char head[256] = "GET /" NAME " HTTP/1.1\r\nHost: a\r\n";

	strcat(strcat(head, fields), "\r\n");
	f->env.time.now_sec = now_sec;
	respond_start(&f->env);
	parse_init(&p);
	assert_int_equal(parse_feed(&p, head, strlen(head)), PARSE_DONE);
	assert_true(respond_to(&f->env, &p, head, false, f->out, &reply));
	assert_non_null(reply.file);
	assert_non_null(reply.data);
	return reply;
}

/* The answer is all in one piece, with this date. */
static void assert_whole(const struct fixture *f, const struct reply *r, const char *date)
{
	const char *end = memmem(r->data, r->to, "\r\n\r\n", 4);

	assert_memory_equal(r->data, "HTTP/1.1 200 OK\r\n", 17);
	assert_non_null(end);
	assert_non_null(memmem(r->data, (size_t)(end - r->data), date, strlen(date)));
	assert_int_equal(r->from, 0);
	assert_int_equal(end + 4 - r->data, r->body_at);
	assert_int_equal(r->to, r->body_at + SIZE);
	assert_int_equal(r->body_len, SIZE);
	assert_memory_equal(end + 4, f->body, SIZE);
}

static void test_respond_has_the_whole_answer_in_one_piece(void **state)
{
	struct fixture *f = *state;
	struct reply r = ask(f, 784111777, "");

	assert_int_equal(f->out->len, 0);
	assert_whole(f, &r, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
	cache_put(r.file);
	r = ask(f, 784111778, "");
	assert_int_equal(f->out->len, 0);
	assert_whole(f, &r, "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
	cache_put(r.file);
}

static void test_respond_leaves_an_answer_under_way_alone(void **state)
{
	struct fixture *f = *state;
	struct reply slow = ask(f, 784111777, ""), other;

	other = ask(f, 784111778, "Connection: close\r\n");
	assert_non_null(memmem(f->out->data, f->out->len, "08:49:38", 8));
	assert_memory_equal(other.data + other.from, f->body, SIZE);
	assert_whole(f, &slow, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
	cache_put(other.file);
	/* what its cache has forgotten is only of those who have it */
	cache_clear(&f->cache);
	assert_false(cache_is_mine(slow.file));
	assert_whole(f, &slow, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
	cache_put(slow.file);
}

/* Two answers that are one behind the other in the output stay in their order. */
static void test_respond_appends_to_what_is_to_be_sent(void **state)
{
	struct fixture *f = *state;
	struct reply r;

	output_str(f->out, "before");
	r = ask(f, 784111777, "");
	assert_memory_equal(f->out->data, "beforeHTTP/1.1 200 OK\r\n", 23);
	assert_memory_equal(f->out->data + f->out->len - 4, "\r\n\r\n", 4);
	assert_memory_equal(r.data + r.from, f->body, SIZE);
	assert_int_equal(r.to - r.from, SIZE);
	cache_put(r.file);
}

static void test_respond_gives_a_range_from_memory(void **state)
{
	struct fixture *f = *state;
	struct reply r = ask(f, 784111777, "Range: bytes=1000-8999\r\n");

	assert_memory_equal(f->out->data, "HTTP/1.1 206 Partial Content\r\n", 30);
	assert_int_equal(r.from, 1000);
	assert_int_equal(r.to, 9000);
	assert_memory_equal(r.data + r.from, f->body + 1000, 8000);
	cache_put(r.file);
}

/* A look-up that had its tries is given up; before that it is a job. */
static void test_respond_gives_up_with_503(void **state)
{
	static const char head[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	struct fixture *f = *state;
	struct reply reply;
	struct parse p;

	f->options.listing = true; /* which is never made at once */
	respond_start(&f->env);
	parse_init(&p);
	assert_int_equal(parse_feed(&p, head, strlen(head)), PARSE_DONE);
	assert_false(respond_to(&f->env, &p, head, false, f->out, &reply));
	assert_non_null(reply.job);
	disk_drop((struct disk_job *)reply.job);
	assert_int_equal(f->out->len, 0);
	f->env.give_up = true;
	assert_true(respond_to(&f->env, &p, head, false, f->out, &reply));
	assert_int_equal(reply.status, 503);
	assert_memory_equal(f->out->data, "HTTP/1.1 503 Service Unavailable\r\n", 34);
	assert_non_null(memmem(f->out->data, f->out->len, "\r\nRetry-After: 1\r\n", 18));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_respond_has_the_whole_answer_in_one_piece),
		TEST(test_respond_leaves_an_answer_under_way_alone),
		TEST(test_respond_appends_to_what_is_to_be_sent),
		TEST(test_respond_gives_a_range_from_memory),
		TEST(test_respond_gives_up_with_503),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
