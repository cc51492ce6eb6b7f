/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interleave - times several commands in turn, A B C A B C ..., so that the machine's mood of the
 * moment falls on all of them alike.
 *
 *   interleave [-n ROUNDS] [-w WARMUP] NAME 'COMMAND' [NAME 'COMMAND']...
 *
 * COMMAND is split at blanks and executed without a shell; "%" in a word becomes a number that is
 * new in every run. Prints a table: name, median wall ms, median CPU ms (user + system of the
 * command and all that it waited for), peak memory in kB, ratio of the wall medians to the first.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 16
#define MAX_WORDS    64

struct sample {
	double wall, cpu, kb;
};

struct command {
	const char *name, *text;
	struct sample *samples;
};

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Words of @text with "%" replaced; leaks, as it is used once in a child. */
static void execute(const char *text, unsigned number)
{
	char *copy = strdup(text), *words[MAX_WORDS + 1], *save = NULL;
	size_t n = 0;

	for (char *w = strtok_r(copy, " ", &save); w && n < MAX_WORDS;
	     w = strtok_r(NULL, " ", &save)) {
		char *percent = strchr(w, '%');

		if (percent) {
			char *word = NULL;

			if (asprintf(&word, "%.*s%u%s", (int)(percent - w), w, number,
				     percent + 1) < 0)
				_exit(126);
			w = word;
		}
		words[n++] = w;
	}
	words[n] = NULL;
	execvp(words[0], words);
	_exit(127);
}

static struct sample run(const struct command *c, unsigned number)
{
	struct rusage usage;
	double begin = now();
	pid_t pid = vfork();
	int status = 0;

	if (pid == 0)
		execute(c->text, number);
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
		fprintf(stderr, "interleave: %s: %s\n", c->name, strerror(errno));
		exit(1);
	}
	if (status != 0) {
		fprintf(stderr, "interleave: %s failed (status %#x): %s\n", c->name,
			(unsigned)status, c->text);
		exit(1);
	}
	return (struct sample){.wall = now() - begin,
			       .cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime),
			       .kb = (double)usage.ru_maxrss};
}

static int by_wall(const void *a, const void *b)
{
	double x = ((const struct sample *)a)->wall, y = ((const struct sample *)b)->wall;

	return (x > y) - (x < y);
}

static int by_cpu(const void *a, const void *b)
{
	double x = ((const struct sample *)a)->cpu, y = ((const struct sample *)b)->cpu;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	struct command commands[MAX_COMMANDS];
	unsigned rounds = 100, warmup = 3, number = 0;
	double first = 0;
	int opt, n = 0;

	while ((opt = getopt(argc, argv, "n:w:")) != -1) {
		if (opt == 'n')
			rounds = (unsigned)atoi(optarg);
		else if (opt == 'w')
			warmup = (unsigned)atoi(optarg);
		else
			return 2;
	}
	for (int i = optind; i + 1 < argc && n < MAX_COMMANDS; i += 2, n++) {
		commands[n].name = argv[i];
		commands[n].text = argv[i + 1];
		commands[n].samples = calloc(rounds, sizeof(struct sample));
	}
	if (n == 0 || rounds == 0) {
		fprintf(stderr, "usage: interleave [-n ROUNDS] [-w WARMUP] NAME COMMAND ...\n");
		return 2;
	}
	for (unsigned r = 0; r < warmup; r++)
		for (int i = 0; i < n; i++)
			run(&commands[i], number++);
	for (unsigned r = 0; r < rounds; r++)
		for (int i = 0; i < n; i++)
			commands[i].samples[r] = run(&commands[i], number++);
	printf("%-24s %10s %10s %10s %8s\n", "", "wall ms", "cpu ms", "peak kB", "ratio");
	for (int i = 0; i < n; i++) {
		struct sample *s = commands[i].samples;
		double wall, cpu, kb = 0;

		qsort(s, rounds, sizeof(*s), by_cpu);
		cpu = s[rounds / 2].cpu;
		qsort(s, rounds, sizeof(*s), by_wall);
		wall = s[rounds / 2].wall;
		for (unsigned r = 0; r < rounds; r++)
			kb = s[r].kb > kb ? s[r].kb : kb;
		if (i == 0)
			first = wall;
		printf("%-24s %10.2f %10.2f %10.0f %8.2f\n", commands[i].name, wall * 1e3,
		       cpu * 1e3, kb, wall / first);
	}
	return 0;
}
