/* SPDX-License-Identifier: Apache-2.0 */
/*
 * member - the kinds of values that several sections of config.json have in common.
 *
 * On top of base/json, which knows types and ranges: words out of a table, ids, lists of strings,
 * environments, absolute paths. Each refuses with the path and the place of what it looked at.
 */
#include "spec/internal.h"

#include <stdlib.h>
#include <string.h>

#include "tinyrun/fd.h"
#include "tinyrun/str.h"

#define LABEL_LEN_MAX 255

/* The end of an empty list. Nobody writes to it. */
static const char *no_strings[1];

bool member_text_is(const struct json *at, const char *text)
{
	size_t len;
	const char *s = json_text(at, &len);

	return len == strlen(text) && memcmp(s, text, len) == 0;
}

bool member_is_empty(const struct json *at)
{
	if (json_is_object(at) || json_is_array(at))
		return json_count(at) == 0;
	return member_text_is(at, "\"\"");
}

/* All of @words, for a message: a prefix that they share is said once, to leave room. */
static void words_list(struct buf *out, const char *prefix, const struct member_word *words)
{
	if (prefix[0])
		buf_addf(out, "%s and one of", prefix);
	for (const struct member_word *w = words; w->name; w++)
		buf_addf(out, "%s%s", prefix[0] ? " " : w == words ? "" : ", ", w->name);
}

int member_word(const struct json *at, const char *prefix, const struct member_word *words,
		const char *what, uint64_t *ret, struct err *e)
{
	auto_buf struct buf all = BUF_INIT;
	size_t skip = strlen(prefix);
	const char *s;
	int r = json_str(at, &s, e);

	if (r < 0)
		return r;
	for (const struct member_word *w = words; str_starts(s, prefix) && w->name; w++) {
		if (strcmp(w->name, s + skip) == 0) {
			*ret = w->value;
			return 0;
		}
	}
	words_list(&all, prefix, words);
	r = buf_check(&all, e);
	if (r < 0)
		return r;
	return json_refuse(at, e, "unknown %s \"%.64s\": allowed are %s", what, s, all.data);
}

int member_object(const struct json *obj, const char *key, struct json *ret, bool *ret_found,
		  struct err *e)
{
	*ret_found = json_member(obj, key, ret);
	return *ret_found ? json_want_object(ret, e) : 0;
}

int member_array(const struct json *obj, const char *key, struct json *ret, bool *ret_found,
		 struct err *e)
{
	*ret_found = json_member(obj, key, ret);
	return *ret_found ? json_want_array(ret, e) : 0;
}

int member_str(const struct json *obj, const char *key, const char **ret, struct err *e)
{
	const char *s = NULL;
	int r = json_get_str(obj, key, &s, e);

	if (r == 0 && s && s[0])
		*ret = s;
	return r;
}

int member_list(const struct json *obj, const char *key, const char **ret, struct err *e)
{
	struct json at;
	int r = member_str(obj, key, ret, e);

	if (r < 0 || !*ret || (*ret)[strspn(*ret, "0123456789-,:/ ")] == '\0')
		return r;
	(void)json_member(obj, key, &at); /* it is there, since it has text */
	return json_refuse(&at, e, "\"%.64s\" is not a list of numbers and ranges, as 0-3,7", *ret);
}

int member_label(const struct json *obj, const char *key, const char **ret, struct err *e)
{
	struct json at;
	int r = member_str(obj, key, ret, e);

	if (r < 0 || !*ret)
		return r;
	(void)json_member(obj, key, &at); /* it is there, since it has text */
	if (strlen(*ret) > LABEL_LEN_MAX)
		return json_refuse(&at, e, "has %zu bytes: at most %d are allowed", strlen(*ret),
				   LABEL_LEN_MAX);
	if ((*ret)[strcspn(*ret, "\"\\\n")])
		return json_refuse(&at, e, "has a quote, a backslash or a newline in it");
	return 0;
}

int member_need_u64(const struct json *obj, const char *key, const char *what, uint64_t max,
		    uint64_t *ret, struct err *e)
{
	struct json at;
	int r = json_need(obj, key, what, &at, e);

	return r < 0 ? r : json_u64(&at, max, ret, e);
}

int member_id(const struct json *at, uint32_t *ret, struct err *e)
{
	uint64_t value;
	int r = json_u64(at, SPEC_ID_MAX, &value, e);

	if (r == 0)
		*ret = (uint32_t)value;
	return r;
}

int member_need_id(const struct json *obj, const char *key, const char *what, uint32_t *ret,
		   struct err *e)
{
	struct json at;
	int r = json_need(obj, key, what, &at, e);

	return r < 0 ? r : member_id(&at, ret, e);
}

int member_opt_i64(const struct json *obj, const char *key, int64_t min, int64_t max,
		   struct opt_i64 *ret, struct err *e)
{
	struct json at;
	int r;

	if (!json_member(obj, key, &at))
		return 0;
	r = json_i64(&at, min, max, &ret->value, e);
	ret->set = r == 0;
	return r;
}

int member_opt_u64(const struct json *obj, const char *key, uint64_t max, struct opt_u64 *ret,
		   struct err *e)
{
	struct json at;
	int r;

	if (!json_member(obj, key, &at))
		return 0;
	r = json_u64(&at, max, &ret->value, e);
	ret->set = r == 0;
	return r;
}

void *member_alloc(struct arena *arena, const struct json *array, size_t size, size_t *ret_n)
{
	*ret_n = json_count(array);
	return arena_alloc(arena, *ret_n * size + 1);
}

/* Room for the strings of @array and the NULL behind them; *ret stays empty. */
static int strings_alloc(struct arena *arena, const struct json *array, struct spec_list *ret,
			 struct err *e)
{
	ret->v = arena_alloc(arena, (json_count(array) + 1) * sizeof(*ret->v));
	ret->n = 0;
	return ret->v ? 0 : load_no_memory(e);
}

typedef int string_fn(const struct json *at, const char **ret, struct err *e);

/* The array of strings @key, each of which @take reads. */
static int strings_take(struct arena *arena, const struct json *obj, const char *key,
			string_fn *take, struct spec_list *ret, struct err *e)
{
	struct json array, it = {0};
	bool found;
	int r = member_array(obj, key, &array, &found, e);

	*ret = (struct spec_list){.v = no_strings};
	if (r < 0 || !found)
		return r;
	r = strings_alloc(arena, &array, ret, e);
	while (r == 0 && json_next(&array, &it)) {
		r = take(&it, &ret->v[ret->n], e);
		if (r == 0)
			ret->n++;
	}
	return r;
}

int member_strings(struct arena *arena, const struct json *obj, const char *key,
		   struct spec_list *ret, struct err *e)
{
	return strings_take(arena, obj, key, json_str, ret, e);
}

/* An entry while duplicates are looked for. */
struct env_entry {
	const char *text;
	size_t key_len, pos;
};

static int env_compare(const void *a, const void *b)
{
	const struct env_entry *x = a, *y = b;
	size_t n = x->key_len < y->key_len ? x->key_len : y->key_len;
	int c = memcmp(x->text, y->text, n);

	if (c != 0)
		return c;
	if (x->key_len != y->key_len)
		return x->key_len < y->key_len ? -1 : 1;
	return x->pos < y->pos ? -1 : 1;
}

/*
 * Takes out entries whose key comes again later. Sorted rather than compared each with each: a
 * hostile config has room for half a million of them.
 */
static int env_drop_duplicates(struct spec_list *list, struct err *e)
{
	auto_free struct env_entry *sorted = calloc(list->n + 1, sizeof(*sorted));
	size_t kept = 0;

	if (!sorted)
		return load_no_memory(e);
	for (size_t i = 0; i < list->n; i++)
		sorted[i] = (struct env_entry){
			.text = list->v[i], .key_len = strcspn(list->v[i], "="), .pos = i};
	qsort(sorted, list->n, sizeof(*sorted), env_compare);
	for (size_t i = 0; i + 1 < list->n; i++) {
		const struct env_entry *a = &sorted[i], *b = &sorted[i + 1];

		if (a->key_len == b->key_len && memcmp(a->text, b->text, a->key_len) == 0)
			list->v[a->pos] = NULL;
	}
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i])
			list->v[kept++] = list->v[i];
	list->v[kept] = NULL;
	list->n = kept;
	return 0;
}

static int env_entry_check(const struct json *at, const char *s, struct err *e)
{
	if (s[0] == '=')
		return json_refuse(at, e, "\"%.64s\" has no name: KEY=value is allowed", s);
	if (!strchr(s, '='))
		return json_refuse(at, e, "\"%.64s\" has no '=': KEY=value is allowed", s);
	return 0;
}

int member_env(struct arena *arena, const struct json *obj, const char *key, struct spec_list *ret,
	       struct err *e)
{
	struct json array, it = {0};
	size_t i = 0;
	int r = member_strings(arena, obj, key, ret, e);

	if (r < 0 || ret->n == 0)
		return r;
	(void)json_member(obj, key, &array); /* it is there, since it has strings */
	while (r == 0 && json_next(&array, &it))
		r = env_entry_check(&it, ret->v[i++], e);
	return r < 0 ? r : env_drop_duplicates(ret, e);
}

bool member_has_dotdot(const char *path)
{
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return true;
		p += n;
		p += strspn(p, "/");
	}
	return false;
}

int member_path(const struct json *at, const char **ret, struct err *e)
{
	const char *s;
	int r = json_str(at, &s, e);

	if (r < 0)
		return r;
	if (s[0] != '/')
		return json_refuse(at, e, "\"%.128s\" is not absolute: it has to begin with '/'",
				   s);
	if (member_has_dotdot(s))
		return json_refuse(at, e, "\"%.128s\" has '..' in it: write the path without", s);
	*ret = s;
	return 0;
}

int member_paths(struct arena *arena, const struct json *obj, const char *key,
		 struct spec_list *ret, struct err *e)
{
	return strings_take(arena, obj, key, member_path, ret, e);
}
