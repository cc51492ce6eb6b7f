/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json - a document: its text, cJSON's tree of it, and where each value of the tree stands.
 *
 * json_scan() judges the text and lists the offsets of the values in their order. cJSON keeps that
 * order, so one walk over its tree gives each node its offset; it is kept in `valueint`, which
 * nobody here reads as a number. This file alone knows cJSON.
 */
#include "tinyrun/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json_doc.h"
#include "base/json_scan.h"
#include "tinyrun/fd.h"

#define PAIRWISE_MAX 12 /* members that are compared each with each: no sorting, no memory */

struct json_doc {
	cJSON *root;
	char *text; /* with a 0 behind it */
	size_t len;
	char *name;
	struct json_skip unread;
};

void json_free(struct json_doc **doc)
{
	if (!*doc)
		return;
	cJSON_Delete((*doc)->root);
	free((*doc)->text);
	free((*doc)->name);
	free(*doc);
	*doc = NULL;
}

static const cJSON *node_of(const struct json *at)
{
	return at->node;
}

static size_t offset_of(const cJSON *node)
{
	return (size_t)node->valueint;
}

static int refuse_twice(const struct json *object, const cJSON *first, const cJSON *second,
			struct err *e)
{
	const struct json at = {
		.doc = object->doc, .node = second, .up = object, .key = second->string};
	size_t line, column;

	json_scan_place(object->doc->text, offset_of(first), &line, &column);
	return json_refuse(&at, e, "found the key \"%.64s\" twice, first with the value at %zu:%zu",
			   second->string, line, column);
}

static int refuse_twice_pairwise(const struct json *object, struct err *e)
{
	for (const cJSON *b = node_of(object)->child; b; b = b->next)
		for (const cJSON *a = node_of(object)->child; a != b; a = a->next)
			if (strcmp(a->string, b->string) == 0)
				return refuse_twice(object, a, b, e);
	return 0;
}

static int compare_members(const void *pa, const void *pb)
{
	const cJSON *a = *(const cJSON *const *)pa, *b = *(const cJSON *const *)pb;
	int order = strcmp(a->string, b->string);

	return order ? order : (a->valueint > b->valueint) - (a->valueint < b->valueint);
}

static int refuse_twice_sorted(const struct json *object, size_t n, struct err *e)
{
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	auto_free const cJSON **members = reallocarray(NULL, n, sizeof(*members));
	size_t i = 0;

	if (!members)
		return err_num(e, ENOMEM, "read %s", object->doc->name);
	for (const cJSON *member = node_of(object)->child; member; member = member->next)
		members[i++] = member;
	qsort(members, n, sizeof(const cJSON *), compare_members);
	for (i = 1; i < n; i++)
		if (strcmp(members[i - 1]->string, members[i]->string) == 0)
			return refuse_twice(object, members[i - 1], members[i], e);
	return 0;
}

static int refuse_duplicates(const struct json *at, struct err *e)
{
	size_t n;

	if (!cJSON_IsObject(node_of(at)))
		return 0;
	n = json_count(at);
	return n <= PAIRWISE_MAX ? refuse_twice_pairwise(at, e) : refuse_twice_sorted(at, n, e);
}

/*
 * Gives every node its offset and looks at every object when all of it has been placed. @level is
 * the way from the root to here, so that a message can say the path.
 */
static int place_values(const struct json_doc *doc, const uint32_t *offsets, size_t n,
			struct err *e)
{
	struct json level[JSON_MAX_DEPTH + 1];
	unsigned depth = 0;
	size_t i = 0;

	level[0] = json_root(doc);
	for (;;) {
		const struct json *at = &level[depth];

		if (i == n)
			break;
		((cJSON *)(uintptr_t)at->node)->valueint = (int)offsets[i++];
		if (node_of(at)->child && depth < JSON_MAX_DEPTH) {
			level[++depth] = (struct json){.node = NULL};
			(void)json_next(at, &level[depth]); /* it has a first */
			continue;
		}
		while (depth > 0 && !json_next(&level[depth - 1], &level[depth])) {
			int r = refuse_duplicates(&level[--depth], e);

			if (r < 0)
				return r;
		}
		if (depth == 0 && i == n)
			return 0;
		if (depth == 0)
			break;
	}
	return err_user(e, "%s: cJSON has found other values than we have", doc->name);
}

/* cJSON's tree; in place of the part that stays unread it has a 0. NULL: no memory. */
static cJSON *make_tree(const struct json_doc *doc)
{
	const struct json_skip *unread = &doc->unread;
	size_t behind = unread->at + unread->len, len = doc->len - unread->len + 1;
	auto_free char *text = NULL;

	if (unread->len == 0)
		return cJSON_ParseWithLengthOpts(doc->text, doc->len, NULL, 0);
	text = malloc(len);
	if (!text)
		return NULL;
	memcpy(text, doc->text, unread->at);
	text[unread->at] = '0';
	memcpy(text + unread->at + 1, doc->text + behind, doc->len - behind);
	return cJSON_ParseWithLengthOpts(text, len, NULL, 0);
}

/* Fills @doc, which has its text and name. */
static int parse_doc(struct json_doc *doc, const struct json_part *part, struct err *e)
{
	auto_free uint32_t *offsets = NULL;
	size_t n;
	int r;

	doc->unread.part = part;
	r = json_scan(doc->text, doc->len, doc->name, part ? &doc->unread : NULL, &offsets, &n, e);
	if (r < 0)
		return r;
	doc->root = make_tree(doc);
	if (!doc->root) /* the text is good, so this is all that can go wrong */
		return err_num(e, ENOMEM, "read %s", doc->name);
	return place_values(doc, offsets, n, e);
}

/* Swallows @text, which is on the heap, in any case. */
static int new_doc(char *text, size_t len, const char *name, const struct json_part *part,
		   struct json_doc **ret, struct err *e)
{
	auto_json struct json_doc *doc = calloc(1, sizeof(*doc));
	int r;

	if (!doc) {
		free(text);
		return err_num(e, ENOMEM, "read %s", name);
	}
	doc->text = text;
	doc->len = len;
	doc->name = strdup(name);
	r = doc->name ? parse_doc(doc, part, e) : err_num(e, ENOMEM, "read %s", name);
	if (r < 0)
		return r;
	*ret = doc;
	doc = NULL;
	return 0;
}

int json_parse_without(const char *text, size_t len, const char *name, const struct json_part *part,
		       struct json_doc **ret, struct err *e)
{
	char *copy = NULL;

	if (len <= JSON_MAX_SIZE) {
		copy = malloc(len + 1);
		if (!copy)
			return err_num(e, ENOMEM, "read %s", name);
		memcpy(copy, text, len);
		copy[len] = 0;
	}
	return new_doc(copy, len, name, part, ret, e); /* refuses a long one before it looks */
}

int json_parse(const char *text, size_t len, const char *name, struct json_doc **ret, struct err *e)
{
	return json_parse_without(text, len, name, NULL, ret, e);
}

int json_parse_whole(const struct json_doc *doc, struct json_doc **ret, struct err *e)
{
	return json_parse(doc->text, doc->len, doc->name, ret, e);
}

static const char *file_kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	default:
		return "a device";
	}
}

/* O_NONBLOCK: a FIFO in the file's place must not make us wait for a writer. */
static int read_file(int dir_fd, const char *file, char **ret_text, size_t *ret_len, struct err *e)
{
	auto_fd int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", file);
	if (!S_ISREG(st.st_mode))
		return err_user(e, "open %s: found %s, want a regular file", file,
				file_kind(st.st_mode));
	if (st.st_size > (off_t)JSON_MAX_SIZE)
		return err_user(e, "%s: found %jd bytes, allowed are %zu", file,
				(intmax_t)st.st_size, JSON_MAX_SIZE);
	return fd_read_all(fd, JSON_MAX_SIZE, file, ret_text, ret_len, e);
}

int json_load_without(int dir_fd, const char *file, const struct json_part *part,
		      struct json_doc **ret, struct err *e)
{
	char *text;
	size_t len;
	int r = read_file(dir_fd, file, &text, &len, e);

	return r < 0 ? r : new_doc(text, len, file, part, ret, e);
}

int json_load(int dir_fd, const char *file, struct json_doc **ret, struct err *e)
{
	return json_load_without(dir_fd, file, NULL, ret, e);
}

const char *json_doc_text(const struct json_doc *doc, size_t *ret_len)
{
	*ret_len = doc->len;
	return doc->text;
}

const char *json_doc_name(const struct json_doc *doc)
{
	return doc->name;
}

struct json json_root(const struct json_doc *doc)
{
	return (struct json){.doc = doc, .node = doc->root};
}

bool json_member(const struct json *obj, const char *key, struct json *ret)
{
	const cJSON *node = cJSON_IsObject(node_of(obj)) ? node_of(obj)->child : NULL;

	while (node && strcmp(node->string, key) != 0)
		node = node->next;
	if (!node || cJSON_IsNull(node))
		return false;
	*ret = (struct json){.doc = obj->doc, .node = node, .up = obj, .key = node->string};
	return true;
}

bool json_next(const struct json *container, struct json *it)
{
	const cJSON *node = it->node ? node_of(it)->next : node_of(container)->child;
	size_t index = it->node ? it->index + 1 : 0;

	if (!node)
		return false;
	*it = (struct json){.doc = container->doc,
			    .node = node,
			    .up = container,
			    .key = node->string,
			    .index = index};
	return true;
}

size_t json_count(const struct json *container)
{
	size_t n = 0;

	for (const cJSON *node = node_of(container)->child; node; node = node->next)
		n++;
	return n;
}

bool json_is_unread(const struct json *at)
{
	const struct json_skip *unread = &at->doc->unread;

	return unread->len > 0 && offset_of(node_of(at)) == unread->at;
}

const char *json_text(const struct json *at, size_t *ret_len)
{
	const char *text = at->doc->text + offset_of(node_of(at));

	*ret_len = json_is_unread(at) ? at->doc->unread.len : json_scan_length(text);
	return text;
}

void json_place(const struct json *at, size_t *ret_line, size_t *ret_column)
{
	json_scan_place(at->doc->text, offset_of(node_of(at)), ret_line, ret_column);
}

const char *json_chars(const struct json *at)
{
	return node_of(at)->valuestring;
}

enum json_kind json_kind(const struct json *at)
{
	switch (node_of(at)->type & 0xff) {
	case cJSON_False:
		return JSON_FALSE;
	case cJSON_True:
		return JSON_TRUE;
	case cJSON_Number:
		return json_is_unread(at) ? JSON_OBJECT : JSON_NUMBER;
	case cJSON_String:
		return JSON_STRING;
	case cJSON_Array:
		return JSON_ARRAY;
	case cJSON_Object:
		return JSON_OBJECT;
	default:
		return JSON_NULL;
	}
}
