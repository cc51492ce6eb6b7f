/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start - what it costs to start and end a program with a library preloaded.
 *
 *      start ROUNDS LIBRARY...     "-" is no library
 *
 * /bin/true runs with each library in turn, so that the machine's mood of the moment falls on all
 * of them alike. A line for each library: the CPU time as a ratio to the first one's, the page
 * faults and the KiB of peak memory beyond the first one's; medians. Linked statically, because
 * what vfork(2) starts is charged with the memory of this program, which has to be the smaller one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_LIBRARIES 12
#define MAX_ROUNDS    5000

static struct cost {
	double cpu[MAX_ROUNDS], faults[MAX_ROUNDS], kib[MAX_ROUNDS];
} costs[MAX_LIBRARIES];

static double microseconds(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static void run(const char *library, struct cost *cost, int round)
{
	static char preload[4096];
	char *argv[] = {"true", NULL}, *env[] = {preload, NULL};
	struct rusage usage;
	int status;
	pid_t pid;

	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", library);
	if (library[0] == '-')
		env[0] = NULL;
	pid = vfork();
	if (pid == 0) {
		execve("/bin/true", argv, env);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0) {
		fprintf(stderr, "start: /bin/true with %s failed\n", library);
		exit(1);
	}
	cost->cpu[round] = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
	cost->faults[round] = (double)usage.ru_minflt;
	cost->kib[round] = (double)usage.ru_maxrss;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), compare);
	return v[n / 2];
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[1]) : 0, n = argc - 2;
	double cpu = 0, faults = 0, kib = 0;

	if (rounds < 1 || rounds > MAX_ROUNDS || n > MAX_LIBRARIES) {
		fprintf(stderr, "usage: start ROUNDS LIBRARY...\n");
		return 2;
	}
	for (int round = -3; round < rounds; round++) /* the first ones warm up */
		for (int i = 0; i < n; i++)
			run(argv[i + 2], &costs[i], round < 0 ? 0 : round);
	for (int i = 0; i < n; i++) {
		struct cost *c = &costs[i];

		if (i == 0) {
			cpu = median(c->cpu, rounds);
			faults = median(c->faults, rounds);
			kib = median(c->kib, rounds);
		}
		printf("%.2f %+.0f %+.0f\n", median(c->cpu, rounds) / cpu,
		       median(c->faults, rounds) - faults, median(c->kib, rounds) - kib);
	}
	return 0;
}
