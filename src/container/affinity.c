/* SPDX-License-Identifier: Apache-2.0 */
#include "container/affinity.h"

#include "tinyrun/str.h"

#include <stdio.h>
#include <string.h>

/* One number or range of @len bytes at @text. */
static int add_range(const char *text, size_t len, cpu_set_t *set)
{
	char word[32];
	uint64_t first, last;
	char *dash;

	if (len == 0 || len >= sizeof(word))
		return -1;
	memcpy(word, text, len);
	word[len] = '\0';
	dash = strchr(word, '-');
	if (dash)
		*dash++ = '\0';
	if (str_to_u64(word, CPU_SETSIZE - 1, &first) < 0 ||
	    str_to_u64(dash ? dash : word, CPU_SETSIZE - 1, &last) < 0 || last < first)
		return -1;
	for (uint64_t cpu = first; cpu <= last; cpu++)
		CPU_SET(cpu, set);
	return 0;
}

int affinity_parse(const char *list, const char *name, cpu_set_t *ret, struct err *e)
{
	cpu_set_t set;
	const char *at = list;

	CPU_ZERO(&set);
	for (;;) {
		size_t len = strcspn(at, ",");

		if (add_range(at, len, &set) < 0)
			return err_user(e, "%s: \"%.64s\" is not a list of processors, as 0-3,7",
					name, list);
		at += len;
		if (*at == '\0')
			break;
		at++;
	}
	*ret = set;
	return 0;
}

int affinity_set(pid_t pid, const char *list, const char *name, struct err *e)
{
	cpu_set_t set;
	int r;

	if (!list || !*list)
		return 0;
	r = affinity_parse(list, name, &set, e);
	if (r == 0 && sched_setaffinity(pid, sizeof(set), &set) < 0)
		r = err_sys(e, "%s: run on the processors %.64s", name, list);
	return r;
}
