/* SPDX-License-Identifier: Apache-2.0 */
/*
 * respond - from the head of a request to the head of its answer.
 *
 * First what is to be sent, by look-ups in the cache that may have to wait for the disk; then, in
 * answer.c, the bytes. A request whose look-up had to wait is asked again from the beginning, and
 * finds more in the cache than before.
 */
#include "httpd/respond.h"

#include <stdio.h>
#include <string.h>

#include "httpd/answer.h"
#include "httpd/target.h"

/* CACHE_LATER is what the functions here return as well when there is a job to be done. */

static int later(struct answer *a, struct disk_job *job)
{
	a->reply->job = job;
	return job ? CACHE_LATER : 503;
}

static int look(struct answer *a, const char *path, size_t len, struct cache_file **ret)
{
	const struct respond_env *env = a->env;
	int status = cache_get(env->cache, path, len, &env->time, ret);

	if (status != CACHE_LATER)
		return status;
	return env->give_up ? 503 : later(a, disk_look_new(env->root, path, len));
}

/*
 * The first coding that the client takes and that lies beside the file. Apart, as find_listing()
 * is: each page of stack that a function might use is touched whenever it is called.
 */
__attribute__((noinline)) static int find_encoded(struct answer *a)
{
	struct encoding_wishes wishes = ENCODING_WISHES_INIT;
	enum encoding encodings[ENCODING_MAX];
	struct slice v = {0};
	unsigned n;

	a->varies = "Accept-Encoding";
	if (!parse_has(a->p, FIELD_ACCEPT_ENCODING))
		return 200;
	while (parse_next_value(a->p, a->head, FIELD_ACCEPT_ENCODING, &v))
		encoding_note(&wishes, a->head + v.at, v.len);
	n = encoding_choose(&wishes, encodings);
	for (unsigned i = 0; i < n; i++) {
		char name[ANSWER_PATH_MAX + 8] __attribute__((uninitialized)), *end;
		const char *suffix = encoding_suffix(encodings[i]);
		struct cache_file *encoded;
		int status;

		end = cache_file_path(a->env->cache, a->file, name);
		end = mempcpy(end, suffix, strlen(suffix));
		*end = 0;
		status = look(a, name, (size_t)(end - name), &encoded);
		if (status == CACHE_LATER)
			return status;
		if (status != 200)
			continue;
		a->encoding = encodings[i];
		a->plain = a->file;
		a->file = encoded;
		break;
	}
	return 200;
}

static bool wants_json(const struct answer *a)
{
	struct slice v = {0};

	while (parse_next_value(a->p, a->head, FIELD_ACCEPT, &v))
		if (memmem(a->head + v.at, v.len, "application/json", 16))
			return true;
	return false;
}

/* Of the directory .path, which has no index file. */
__attribute__((noinline)) static int find_listing(struct answer *a)
{
	const struct respond_env *env = a->env;
	struct slice target = a->p->path;
	const char *t = a->head + target.at;
	size_t query = target_query(t, target.len);
	struct listing_spec spec = {.json = wants_json(a), .dotfiles = env->options->dotfiles};
	char key[PARSE_TARGET_MAX + DISK_KEY_EXTRA] __attribute__((uninitialized));
	struct cache_file *f;

	listing_parse_query(t + query, target.len - query, &spec);
	disk_list_key(a->path, a->path_len, &spec, key);
	f = cache_peek(env->cache, key, a->path_len + DISK_KEY_EXTRA, &env->time);
	if (!f)
		return env->give_up
			       ? 503
			       : later(a, disk_list_new(env->root, a->path, a->path_len, &spec));
	if (f->status == 200) {
		a->file = f;
		a->varies = "Accept";
		f->refs++;
	}
	return f->status;
}

static bool is_directory(const struct answer *a)
{
	return a->path_len == 0 || a->path[a->path_len - 1] == '/';
}

/* Sets .file when it returns 200. */
static int find(struct answer *a)
{
	const struct options *o = a->env->options;
	struct slice target = a->p->path;
	int status = target_to_path(a->head + target.at, target.len, a->path, &a->path_len);

	if (status == 0 && !o->dotfiles && target_is_hidden(a->path, a->path_len))
		status = 404;
	if (status == 0) {
		status = look(a, a->path, a->path_len, &a->file);
		if (status == 404 && o->listing && is_directory(a))
			status = find_listing(a);
	}
	if (status == 404 && o->fallback)
		status = look(a, o->fallback + 1, strlen(o->fallback + 1), &a->file);
	if (status != 200)
		return status;
	a->type = a->file->type;
	return o->precompressed && a->file->head_len > 0 ? find_encoded(a) : 200;
}

/* What the options want to be sent with an error: 200 and .file, or CACHE_LATER, or something. */
static int find_error_page(struct answer *a, int status)
{
	const struct options_pairs *pages = &a->env->options->error_pages;

	for (unsigned i = 0; i < pages->n; i++) {
		const char *path = pages->at[i].value + 1;
		int r;

		if (pages->at[i].number != status)
			continue;
		r = look(a, path, strlen(path), &a->file);
		if (r == 200)
			a->type = a->file->type;
		return r;
	}
	return 404;
}

/* Returns false when there is a job to be done. */
static bool respond_failure(struct answer *a, int status)
{
	int page = status >= 400 ? find_error_page(a, status) : 404;

	if (page == CACHE_LATER)
		return false;
	a->reply->status = status;
	if (page == 200)
		answer_page(a);
	else
		answer_text(a);
	return true;
}

/* By the request's conditions or ranges: what is there is not sent, but what the options want. */
static bool respond_refusal(struct answer *a, int status)
{
	a->size = a->file->version.size;
	cache_put(a->file);
	a->file = NULL;
	return respond_failure(a, status);
}

static void answer_buffer(struct answer *a, struct buf *body, const char *type)
{
	a->reply->status = 503;
	if (!body->failed && body->data)
		a->file = cache_text_new(type, body->data, body->len);
	else
		buf_done(body);
	if (!a->file) {
		answer_text(a);
		return;
	}
	a->reply->status = 200;
	a->type = type;
	answer_page(a);
}

/* The status listener: two paths, and nothing of the root. */
static void respond_status(struct answer *a)
{
	struct slice target = a->p->path;
	size_t len = target_query(a->head + target.at, target.len);
	const char *path = a->head + target.at;
	struct buf body = BUF_INIT;

	if (len == 10 && memcmp(path, "/-/healthz", 10) == 0)
		buf_add_str(&body, "ok\n");
	else if (len == 10 && memcmp(path, "/-/metrics", 10) == 0)
		a->env->write_metrics(a->env->arg, &body);
	if (body.data) {
		answer_buffer(a, &body, "text/plain; version=0.0.4; charset=utf-8");
		return;
	}
	a->reply->status = 404;
	answer_text(a);
}

static bool respond(struct answer *a)
{
	int status = a->p->status;

	if (status == 0 && a->p->method == METHOD_OPTIONS) {
		answer_options(a);
		return true;
	}
	if (status == 0 && a->env->is_status) {
		respond_status(a);
		return true;
	}
	if (status == 0)
		status = find(a);
	if (status == CACHE_LATER)
		return false;
	if (status != 200)
		return respond_failure(a, status);
	a->reply->status = 200;
	status = answer_file(a);
	return status == 0 || respond_refusal(a, status);
}

static void answer_init(struct answer *a, const struct respond_env *env, const struct parse *p,
			const char *head, struct output *out, struct reply *reply)
{
	a->env = env;
	a->p = p;
	a->head = head;
	a->out = out;
	a->reply = reply;
	a->head_only = p->method == METHOD_HEAD;
	a->varies = NULL;
	a->encoding = ENCODING_MAX;
	a->file = a->plain = NULL;
	a->type = NULL;
	a->path_len = 0;
}

bool respond_to(const struct respond_env *env, const struct parse *p, const char *head, bool close,
		struct output *out, struct reply *ret)
{
	struct answer a __attribute__((uninitialized)); /* the path is 8 KB: do not clear it */
	bool done;

	/* who was told not to send content may do it nevertheless, or not */
	*ret = (struct reply){.close = close || !p->keep_alive ||
				       (p->expects && parse_has_content(p))};
	answer_init(&a, env, p, head, out, ret);
	done = respond(&a);
	if (a.file)
		cache_put(a.file);
	if (a.plain)
		cache_put(a.plain);
	return done;
}

void respond_start(struct respond_env *env)
{
	char date[DATE_LEN + 1];

	date_format(env->time.now_sec, date);
	env->start_len =
		(uint16_t)snprintf(env->start, sizeof(env->start), "%sDate: %s\r\n",
				   env->options->no_server ? "" : "Server: tinyhttpd\r\n", date);
}

void respond_error(const struct respond_env *env, int status, struct output *out)
{
	struct answer a __attribute__((uninitialized));
	struct reply reply = {.status = status, .close = true};
	struct parse p;

	parse_init(&p);
	answer_init(&a, env, &p, "", out, &reply);
	answer_text(&a);
}
