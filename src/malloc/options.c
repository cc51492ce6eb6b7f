/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options - TINYMALLOC_* in the environment: one table of names, ranges and what they set.
 */
#include "malloc/options.h"

#include <stdlib.h>

#include "malloc/os.h"
#include "malloc/page_heap.h"
#include "malloc/thread_cache.h"

struct options options;

static void set_debug(unsigned long value)
{
	options.debug = value;
}

static void set_stats(unsigned long value)
{
	if (value)
		stats_want();
}

static void set_cache(unsigned long kib)
{
	thread_cache_max = kib << 10;
}

static void set_retain(unsigned long percent)
{
	page_heap_retain = (unsigned)percent + 1;
}

static const struct option {
	const char *name;
	unsigned long max;
	void (*set)(unsigned long value);
} table[] = {
	{"TINYMALLOC_DEBUG", 1, set_debug},
	{"TINYMALLOC_STATS", 1, set_stats},
	{"TINYMALLOC_CACHE", 1048576, set_cache},
	{"TINYMALLOC_RETAIN", 100, set_retain},
};

/* strtoul() would take a sign, spaces and the locale's word. */
static bool parse(const char *s, unsigned long max, unsigned long *ret)
{
	unsigned long n = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		n = n * 10 + (unsigned long)(*s - '0');
		if (n > max)
			return false;
	}
	*ret = n;
	return true;
}

void options_read(void)
{
	thread_cache_max = THREAD_CACHE_MAX;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *text = secure_getenv(table[i].name);
		unsigned long value;

		if (!text)
			continue;
		if (parse(text, table[i].max, &value))
			table[i].set(value);
		else
			os_say("%s=%.64s: not a number from 0 to %lu, ignored", table[i].name, text,
			       table[i].max);
	}
}
