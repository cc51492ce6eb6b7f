/* SPDX-License-Identifier: Apache-2.0 */
/*
 * property - a scope's limits in systemd's words, so that systemd shows them, and keeps them when
 * it is reloaded.
 *
 * Pure. They are made from the writes that convert.c has decided on, so that nothing is converted
 * twice and `unified` wins here too. What systemd has no property for is written to the container's
 * part of the scope alone. Source: systemd.resource-control(5).
 */
#include "cgroup/property.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tinyrun/fd.h"
#include "tinyrun/str.h"

#define CPUS_MAX 8192 /* CONFIG_NR_CPUS at its most */

void scope_properties_done(struct scope_properties *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].name);
		free(list->v[i].origin);
		buf_done(&list->v[i].values);
	}
	free(list->v);
	*list = (struct scope_properties){.v = NULL};
}

int property_add(struct scope_properties *list, const char *name, const char *signature,
		 unsigned since, struct scope_property **ret, struct err *e)
{
	struct scope_property *v = reallocarray(list->v, list->n + 1, sizeof(*v));

	if (!v)
		return err_num(e, ENOMEM, "list the scope's properties");
	list->v = v;
	v[list->n] = (struct scope_property){
		.name = strdup(name), .signature = signature, .since = since};
	if (!v[list->n].name)
		return err_num(e, ENOMEM, "list the scope's properties");
	*ret = &v[list->n++];
	return 0;
}

int property_value(struct scope_property *p, struct err *e, const char *fmt, ...)
{
	va_list args;
	char *value;
	int r;

	va_start(args, fmt);
	r = vasprintf(&value, fmt, args);
	va_end(args);
	if (r < 0)
		return err_num(e, ENOMEM, "list the scope's properties");
	buf_add(&p->values, value, strlen(value) + 1);
	free(value);
	p->n++;
	return buf_check(&p->values, e);
}

static int add_one(struct scope_properties *list, const char *origin, const char *name,
		   const char *signature, unsigned since, const char *value, struct err *e)
{
	struct scope_property *p = NULL;
	int r = property_add(list, name, signature, since, &p, e);

	if (r < 0)
		return r;
	if (origin && asprintf(&p->origin, "linux.resources.%s", origin) < 0) {
		p->origin = NULL;
		return err_num(e, ENOMEM, "list the scope's properties");
	}
	return property_value(p, e, "%s", value);
}

int scope_add_usual(struct scope_properties *list, const struct scope *scope,
		    const char *description, struct err *e)
{
	const struct {
		const char *name, *signature, *value;
		unsigned since;
	} usual[] = {
		{"Description", "s", description, 0},
		{"Slice", "s", scope->slice, 0},
		{"Delegate", "b", "true", 0},
		{"DefaultDependencies", "b", "false", 0},
		{"CollectMode", "s", "inactive-or-failed", 236},
		{"MemoryAccounting", "b", "true", 0},
		{"CPUAccounting", "b", "true", 0},
		{"IOAccounting", "b", "true", 0},
		{"TasksAccounting", "b", "true", 0},
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual) && r == 0; i++)
		r = add_one(list, NULL, usual[i].name, usual[i].signature, usual[i].since,
			    usual[i].value, e);
	return r;
}

/* --- from a file's value to a property's --- */

typedef int add_fn(struct scope_properties *list, const char *origin, const char *value,
		   struct err *e);

/* Returns 0 for what is no number, which is then left to the file. */
static bool number_of(const char *value, uint64_t *ret)
{
	if (strcmp(value, "max") == 0) {
		*ret = UINT64_MAX;
		return true;
	}
	return str_to_u64(value, UINT64_MAX, ret) == 0;
}

static int add_number(struct scope_properties *list, const char *origin, const char *name,
		      unsigned since, const char *value, struct err *e)
{
	uint64_t number;
	char text[24];

	if (!number_of(value, &number))
		return 0;
	(void)snprintf(text, sizeof(text), "%" PRIu64, number);
	return add_one(list, origin, name, "t", since, text, e);
}

#define USEC_PER_SEC 1000000
/* systemd keeps whole percents: what is between two is rounded up, so that the kernel, which wants
 * a child's share to be no greater than its parent's, takes ours. */
#define USEC_STEP 10000

static int add_quota(struct scope_properties *list, const char *origin, uint64_t quota,
		     uint64_t period, struct err *e)
{
	uint64_t usec = UINT64_MAX;
	char text[24];

	if (quota != UINT64_MAX) {
		usec = quota > UINT64_MAX / USEC_PER_SEC ? UINT64_MAX - USEC_STEP
							 : quota * USEC_PER_SEC / period;
		usec = (usec + USEC_STEP - 1) / USEC_STEP * USEC_STEP;
	}
	(void)snprintf(text, sizeof(text), "%" PRIu64, usec);
	return add_one(list, origin, "CPUQuotaPerSecUSec", "t", 0, text, e);
}

/* "QUOTA", "QUOTA PERIOD"; a period alone, which is "max PERIOD", leaves the quota as it is. */
static int add_cpu_max(struct scope_properties *list, const char *origin, const char *value,
		       struct err *e)
{
	auto_free char *copy = strdup(value);
	char *second;
	uint64_t quota, period = 100000;
	int r = 0;

	if (!copy)
		return err_num(e, ENOMEM, "list the scope's properties");
	second = strchr(copy, ' ');
	if (second)
		*second++ = 0;
	if (!number_of(copy, &quota) ||
	    (second && (str_to_u64(second, UINT64_MAX - 1, &period) < 0 || period == 0)))
		return 0;
	if (strcmp(origin, "cpu.period") != 0)
		r = add_quota(list, origin, quota, period, e);
	if (r == 0 && second)
		r = add_number(list, origin, "CPUQuotaPeriodUSec", 242, second, e);
	return r;
}

/* Scheduled when nobody else wants to be: systemd's weight for that is 0. */
static int add_idle(struct scope_properties *list, const char *origin, const char *value,
		    struct err *e)
{
	return strcmp(value, "1") == 0 ? add_one(list, origin, "CPUWeight", "t", 252, "0", e) : 0;
}

/* Sets the bits of "0-3,7"; false for what is no such list. */
static bool parse_list(const char *list, unsigned char *bits, size_t *ret_len)
{
	auto_free char *copy = strdup(list);
	char *save = NULL;

	*ret_len = 0;
	for (char *part = copy ? strtok_r(copy, ",\n", &save) : NULL; part;
	     part = strtok_r(NULL, ",\n", &save)) {
		char *dash = strchr(part, '-');
		uint64_t first, last;

		if (dash)
			*dash++ = 0;
		if (str_to_u64(part, CPUS_MAX - 1, &first) < 0 ||
		    str_to_u64(dash ? dash : part, CPUS_MAX - 1, &last) < 0 || last < first)
			return false;
		for (uint64_t i = first; i <= last; i++)
			bits[i / 8] |= (unsigned char)(1U << i % 8);
		if (last / 8 + 1 > *ret_len)
			*ret_len = last / 8 + 1;
	}
	return *ret_len > 0;
}

static int add_mask(struct scope_properties *list, const char *origin, const char *name,
		    const char *value, struct err *e)
{
	unsigned char bits[CPUS_MAX / 8] = {0};
	char text[CPUS_MAX / 4 + 1];
	size_t len;

	if (!parse_list(value, bits, &len))
		return 0;
	for (size_t i = 0; i < len; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", bits[i]);
	return add_one(list, origin, name, "ay", 244, text, e);
}

static int add_cpus(struct scope_properties *list, const char *origin, const char *value,
		    struct err *e)
{
	return add_mask(list, origin, "AllowedCPUs", value, e);
}

static int add_mems(struct scope_properties *list, const char *origin, const char *value,
		    struct err *e)
{
	return add_mask(list, origin, "AllowedMemoryNodes", value, e);
}

/* "100", "default 100"; with a device in front it is not the scope's own. */
static int add_io_weight(struct scope_properties *list, const char *origin, const char *value,
			 struct err *e)
{
	if (str_starts(value, "default "))
		value += strlen("default ");
	return add_number(list, origin, "IOWeight", 0, value, e);
}

static const struct {
	const char *file, *name; /* name NULL: @add knows */
	unsigned since;
	add_fn *add;
} files[] = {
	{"memory.max", "MemoryMax", 0, NULL},
	{"memory.low", "MemoryLow", 0, NULL},
	{"memory.min", "MemoryMin", 240, NULL},
	{"memory.high", "MemoryHigh", 0, NULL},
	{"memory.swap.max", "MemorySwapMax", 0, NULL},
	{"pids.max", "TasksMax", 0, NULL},
	{"cpu.weight", "CPUWeight", 0, NULL},
	{"cpu.max", NULL, 0, add_cpu_max},
	{"cpu.idle", NULL, 0, add_idle},
	{"cpuset.cpus", NULL, 0, add_cpus},
	{"cpuset.mems", NULL, 0, add_mems},
	{"io.weight", NULL, 0, add_io_weight},
};

static int add_file(struct scope_properties *list, const char *file, const char *value,
		    const char *origin, struct err *e)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		if (strcmp(files[i].file, file) != 0)
			continue;
		if (files[i].add)
			return files[i].add(list, origin, value, e);
		return add_number(list, origin, files[i].name, files[i].since, value, e);
	}
	return 0;
}

int scope_add_limits(struct scope_properties *list, const struct cgroup_writes *writes,
		     struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < writes->n && r == 0; i++) {
		const struct cgroup_write *w = &writes->v[i];

		r = add_file(list, w->own_file ? w->own_file : w->file, w->value, w->origin, e);
		if (r == 0 && w->instead_file)
			r = add_file(list, w->instead_file, w->instead_value, w->origin, e);
	}
	return r;
}

/* --- out --- */

void scope_encode(const struct scope_properties *list, struct buf *out)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct scope_property *p = &list->v[i];

		buf_addf(out, "%s%c%s%c%u%c%zu%c", p->name, 0, p->signature, 0, p->since, 0, p->n,
			 0);
		buf_add(out, p->values.data, p->values.len);
	}
	buf_add_char(out, 0);
}

void scope_describe(const struct scope_property *p, struct buf *out)
{
	const char *at = p->values.data;

	buf_addf(out, "%s=", p->name);
	for (size_t i = 0; i < p->n; i++, at += strlen(at) + 1) {
		buf_add_str(out, i ? " " : "");
		buf_add_str(out, strcmp(p->signature, "t") == 0 &&
						 strcmp(at, "18446744073709551615") == 0
					 ? "infinity"
					 : at);
	}
}
