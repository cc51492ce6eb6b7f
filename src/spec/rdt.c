/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdt - linux.intelRdt: the class of service of the caches and of the memory's bandwidth.
 *
 * It is asked for by being there, even when it is empty: the container then has a class of its own.
 */
#include "spec/internal.h"

#include <string.h>

/* The name of a directory in resctrl; "/" is its root. */
static int group_parse(struct spec_rdt *rdt, const struct json *at, struct err *e)
{
	const char *id = NULL;
	struct json member;
	int r = member_str(at, "closID", &id, e);

	if (r < 0 || !id)
		return r;
	(void)json_member(at, "closID", &member); /* it is there, since it has text */
	if (strcmp(id, "/") != 0 &&
	    (strchr(id, '/') || strcmp(id, ".") == 0 || strcmp(id, "..") == 0 || strlen(id) > 255))
		return json_refuse(
			&member, e,
			"\"%.64s\" is no name of a class: a name without '/' is allowed, "
			"or \"/\" alone for the default class",
			id);
	rdt->group = id;
	return 0;
}

/* A line of a `schemata` file; @prefix: what it has to begin with. */
static int line_check(const struct json *at, const char *line, const char *prefix, struct err *e)
{
	if (strchr(line, '\n'))
		return json_refuse(at, e, "has a newline in it: one line is allowed");
	if (strncmp(line, prefix, strlen(prefix)) != 0 || !strchr(line, ':'))
		return json_refuse(at, e, "\"%.64s\" is no line of a schemata file, as %s0=...",
				   line, *prefix ? prefix : "L3:");
	return 0;
}

static int line_parse(const struct json *obj, const char *key, const char *prefix, const char **ret,
		      struct err *e)
{
	struct json at;
	int r = member_str(obj, key, ret, e);

	if (r < 0 || !*ret)
		return r;
	(void)json_member(obj, key, &at); /* it is there, since it has text */
	return line_check(&at, *ret, prefix, e);
}

static int lines_parse(struct loader *l, struct spec_rdt *rdt, const struct json *obj,
		       struct err *e)
{
	struct json array, it = {0};
	int r = member_strings(&l->spec->arena, obj, "schemata", &rdt->schemata, e);

	if (r < 0 || rdt->schemata.n == 0)
		return r;
	(void)json_member(obj, "schemata", &array); /* it is there, since it has strings */
	for (size_t i = 0; r == 0 && json_next(&array, &it); i++)
		r = line_check(&it, rdt->schemata.v[i], "", e);
	return r;
}

int rdt_parse(struct loader *l, const struct json *linux_obj, struct err *e)
{
	struct spec_rdt *rdt = &l->spec->rdt;
	struct json at;
	int r = member_object(linux_obj, "intelRdt", &at, &rdt->set, e);

	if (r < 0 || !rdt->set)
		return r;
	r = group_parse(rdt, &at, e);
	if (r == 0)
		r = line_parse(&at, "l3CacheSchema", "", &rdt->l3, e);
	if (r == 0)
		r = line_parse(&at, "memBwSchema", "MB:", &rdt->bandwidth, e);
	if (r == 0)
		r = lines_parse(l, rdt, &at, e);
	return r < 0 ? r : json_get_bool(&at, "enableMonitoring", &rdt->monitoring, e);
}
