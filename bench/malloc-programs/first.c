/* SPDX-License-Identifier: Apache-2.0 */
/*
 * first - what the first allocation costs, for the allocator that was preloaded.
 *
 *      first           the page faults of the first malloc and free of the program
 *      first COUNT     nothing but COUNT pairs of them, for a tool that counts instructions
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

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1;
	void *volatile p; /* so that the compiler cannot leave the calls out */
	long before = faults();

	for (int i = 0; i < count; i++) {
		p = malloc(64);
		free(p);
	}
	before = faults() - before;
	if (argc == 1)
		printf("%ld\n", before);
	return 0;
}
