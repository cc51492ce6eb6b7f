/* SPDX-License-Identifier: Apache-2.0 */
/*
 * first - what the first allocation costs, for the allocator that was preloaded.
 *
 *      first           the page faults of the first malloc and free of the program
 *      first COUNT     nothing but COUNT pairs of them, for a tool that counts instructions
 *      first COUNT -   the same with two functions that only return, in their place
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static __attribute__((noinline)) void *idle_malloc(size_t n)
{
	void *p;

	(void)n;
	__asm__ volatile("" : "=r"(p)); /* whatever is there */
	return p;
}

static __attribute__((noinline)) void idle_free(void *p)
{
	__asm__ volatile("" : : "r"(p));
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1;
	void *volatile p; /* so that the compiler cannot leave the calls out */
	long before = faults();

	for (int i = 0; i < count && argc < 3; i++) {
		p = malloc(64);
		free(p);
	}
	for (int i = 0; i < count && argc == 3; i++) {
		p = idle_malloc(64);
		idle_free(p);
	}
	before = faults() - before;
	if (argc == 1)
		printf("%ld\n", before);
	return 0;
}
