/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load - config.json from its first brace: version, root, names; the other sections have files of
 * their own.
 *
 * The document stays with the spec, since all strings point into it. A spec that could not be
 * finished is freed here, so a caller holds a valid one or none.
 */
#include "spec/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the kernel takes for a hostname or a domain name (__NEW_UTS_LEN). */
#define NAME_LEN_MAX 64

void load_warn(const struct loader *l, const struct json *at, const char *fmt, ...)
{
	char text[ERR_FRAME_SIZE], line[ERR_FRAME_SIZE * 4];
	struct err place = ERR_INIT;
	va_list ap;

	if (!l->sink || !l->sink->warn)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)json_refuse(at, &place, "%s", text); /* only words the place: nothing fails here */
	l->sink->warn(l->sink->arg, err_str(&place, line, sizeof(line)));
}

int load_no_memory(struct err *e)
{
	return err_num(e, ENOMEM, "keep the configuration");
}

/* A number of a version: digits without a leading zero. Returns what is behind it, or NULL. */
static const char *version_number(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n == 0 || (n > 1 && s[0] == '0') ? NULL : s + n;
}

/* Dot-separated words of letters, digits and '-', none of them empty: up to @end or '+'. */
static const char *version_words(const char *s)
{
	for (;;) {
		size_t n = strspn(s, "0123456789-"
				     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

		if (n == 0)
			return NULL;
		s += n;
		if (*s != '.')
			return s;
		s++;
	}
}

/* Semantic versioning 2.0: MAJOR.MINOR.PATCH[-words][+words]. */
static bool version_is_semantic(const char *s)
{
	for (int i = 0; i < 3; i++) {
		s = version_number(s);
		if (!s || (i < 2 && *s++ != '.'))
			return false;
	}
	if (*s == '-')
		s = version_words(s + 1);
	if (s && *s == '+')
		s = version_words(s + 1);
	return s && *s == '\0';
}

static int version_parse(struct spec *spec, const struct json *root, struct err *e)
{
	struct json at;
	int r = json_need(root, "ociVersion", "the version of the specification, as \"1.0.2\"", &at,
			  e);

	if (r == 0)
		r = json_str(&at, &spec->version, e);
	if (r < 0)
		return r;
	if (!version_is_semantic(spec->version))
		return json_refuse(&at, e, "\"%.64s\" is not a version: 1.x.y is allowed",
				   spec->version);
	if (strncmp(spec->version, "1.", 2) != 0)
		return json_refuse(&at, e, "version %.64s is not compatible: 1.x.y is allowed",
				   spec->version);
	return 0;
}

static int root_parse(struct spec *spec, const struct json *root, struct err *e)
{
	struct json at, path;
	int r = json_need(root, "root", "an object with the path of the root file system", &at, e);

	if (r == 0)
		r = json_want_object(&at, e);
	if (r == 0)
		r = json_need(&at, "path", "the directory that becomes the container's root", &path,
			      e);
	if (r == 0)
		r = json_str(&path, &spec->root_path, e);
	if (r == 0 && spec->root_path[0] == '\0')
		r = json_refuse(&path, e, "is empty: a directory is needed");
	if (r == 0)
		r = json_get_bool(&at, "readonly", &spec->root_readonly, e);
	return r;
}

static int uts_name_parse(const struct json *root, const char *key, const char **ret, struct err *e)
{
	struct json at;
	int r = member_str(root, key, ret, e);

	if (r < 0 || !*ret || strlen(*ret) <= NAME_LEN_MAX)
		return r;
	(void)json_member(root, key, &at); /* it is there, since it is too long */
	return json_refuse(&at, e, "has %zu bytes: the kernel allows %d", strlen(*ret),
			   NAME_LEN_MAX);
}

static int spec_fill(struct loader *l, struct err *e)
{
	struct spec *spec = l->spec;
	struct json root = json_root(spec->doc);
	int r = json_want_object(&root, e);

	if (r == 0)
		r = version_parse(spec, &root, e);
	if (r == 0)
		r = root_parse(spec, &root, e);
	if (r == 0)
		r = uts_name_parse(&root, "hostname", &spec->hostname, e);
	if (r == 0)
		r = uts_name_parse(&root, "domainname", &spec->domainname, e);
	if (r == 0)
		r = process_parse(l, &root, e);
	if (r == 0)
		r = mounts_parse(l, &root, e);
	if (r == 0)
		r = hooks_parse(l, &root, e);
	if (r == 0)
		r = annotations_parse(spec, &root, e);
	if (r == 0)
		r = linux_parse(l, &root, e);
	if (r == 0)
		r = validate_spec(l, &root, e);
	return r;
}

static int process_fill(struct loader *l, struct err *e)
{
	struct json root = json_root(l->spec->doc);

	return process_parse_object(l, &root, e);
}

static int resources_fill(struct loader *l, struct err *e)
{
	struct json root = json_root(l->spec->doc);

	return resources_parse_object(l, &root, e);
}

static int mounts_fill(struct loader *l, struct err *e)
{
	struct json root = json_root(l->spec->doc), at;

	if (json_is_array(&root))
		return mounts_parse_array(l, &root, e);
	if (json_need(&root, "mounts", "the list of mounts", &at, e) < 0)
		return -EINVAL;
	return mounts_parse_array(l, &at, e);
}

typedef int fill_fn(struct loader *l, struct err *e);

/* Takes *doc in every case. */
static int spec_from_doc(struct json_doc **doc, fill_fn *fill, const struct spec_sink *sink,
			 struct spec **ret, struct err *e)
{
	auto_spec struct spec *spec = calloc(1, sizeof(*spec));
	struct loader l = {.spec = spec, .sink = sink};
	int r;

	if (!spec) {
		json_free(doc);
		return load_no_memory(e);
	}
	spec->doc = *doc;
	*doc = NULL;
	spec->arena = ARENA_INIT;
	r = fill(&l, e);
	if (r < 0)
		return r;
	*ret = spec;
	spec = NULL;
	return 0;
}

/* Mostly there is a filter made of that, and nobody reads it; of a listener we have to know. */
static const struct json_part unread = {"linux", "seccomp", "\"listener"};

int spec_load(int bundle_fd, const char *file, const struct spec_sink *sink, struct spec **ret,
	      struct err *e)
{
	struct json_doc *doc = NULL;
	int r = json_load_without(bundle_fd, file, &unread, &doc, e);

	return r < 0 ? r : spec_from_doc(&doc, spec_fill, sink, ret, e);
}

int spec_load_process(int dir_fd, const char *file, const struct spec_sink *sink, struct spec **ret,
		      struct err *e)
{
	struct json_doc *doc = NULL;
	int r = json_load(dir_fd, file, &doc, e);

	return r < 0 ? r : spec_from_doc(&doc, process_fill, sink, ret, e);
}

int spec_load_mounts(int dir_fd, const char *file, const struct spec_sink *sink, struct spec **ret,
		     struct err *e)
{
	struct json_doc *doc = NULL;
	int r = json_load(dir_fd, file, &doc, e);

	return r < 0 ? r : spec_from_doc(&doc, mounts_fill, sink, ret, e);
}

int spec_parse(const char *text, size_t len, const char *name, const struct spec_sink *sink,
	       struct spec **ret, struct err *e)
{
	struct json_doc *doc = NULL;
	int r = json_parse_without(text, len, name, &unread, &doc, e);

	return r < 0 ? r : spec_from_doc(&doc, spec_fill, sink, ret, e);
}

int spec_parse_resources(const char *text, size_t len, const char *name,
			 const struct spec_sink *sink, struct spec **ret, struct err *e)
{
	struct json_doc *doc = NULL;
	int r = json_parse(text, len, name, &doc, e);

	return r < 0 ? r : spec_from_doc(&doc, resources_fill, sink, ret, e);
}

void spec_free(struct spec **spec)
{
	if (!*spec)
		return;
	arena_done(&(*spec)->arena);
	json_free(&(*spec)->doc);
	free(*spec);
	*spec = NULL;
}
