/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interleave - times several commands in turn, A B C A B C ..., so that the machine's mood of the
 * moment falls on all of them alike.
 *
 *   interleave [-t] [-n ROUNDS] [-w WARMUP] NAME 'COMMAND' [NAME 'COMMAND']...
 *
 * COMMAND is split at blanks and executed without a shell, with /dev/null as its standard input and
 * output. "%" in a word becomes a number that is new in every run. The word ";" joins several
 * commands, whose times are added up; one of them may be "gone FILE", which waits, untimed, until
 * the process whose pid is in FILE is no more.
 *
 * Prints a table: name, median wall ms, median CPU ms (user + system of the command and all that it
 * waited for), peak memory in kB, ratio of the wall medians to the first. With -t: without the
 * ratio, separated by tabs. The peak is that of the warm-up rounds: there a command is started by
 * fork(2), since what vfork(2) starts is charged with the memory of this program too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 16
#define MAX_WORDS    64
#define WORD_SIZE    256
#define GONE_MS      10000

struct sample {
	double wall, cpu, kb;
};

struct command {
	const char *name, *text;
	struct sample *samples;
	double kb;
};

/* A command's words with the number put in. */
struct words {
	char text[MAX_WORDS][WORD_SIZE];
	char *v[MAX_WORDS + 1];
	size_t n;
};

static int null_fd;

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

static void split(struct words *words, const char *text, unsigned number)
{
	words->n = 0;
	while (words->n < MAX_WORDS) {
		const char *word = text + strspn(text, " ");
		int len = (int)strcspn(word, " ");
		const char *percent = memchr(word, '%', (size_t)len);
		int head = percent ? (int)(percent - word) : len;
		char *to = words->text[words->n];

		if (len == 0)
			break;
		if (percent)
			(void)snprintf(to, WORD_SIZE, "%.*s%u%.*s", head, word, number,
				       len - head - 1, percent + 1);
		else
			(void)snprintf(to, WORD_SIZE, "%.*s", len, word);
		words->v[words->n++] = to;
		text = word + len;
	}
}

static void wait_until_gone(const char *file)
{
	struct timespec ms = {.tv_nsec = 1000000};
	FILE *f = fopen(file, "re");
	int pid = 0;

	if (!f || fscanf(f, "%d", &pid) != 1 || pid <= 1) {
		fprintf(stderr, "interleave: %s has no pid\n", file);
		exit(1);
	}
	(void)fclose(f);
	for (int i = 0; i < GONE_MS && kill(pid, 0) == 0; i++)
		(void)nanosleep(&ms, NULL);
}

/* One command; its figures are added to @sample. */
static void run_one(const struct command *c, char **argv, bool warming, struct sample *sample)
{
	struct rusage usage;
	double begin = now();
	pid_t pid = warming ? fork() : vfork();
	int status = 0;

	if (pid == 0) {
		(void)dup2(null_fd, 0);
		(void)dup2(null_fd, 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
		fprintf(stderr, "interleave: %s: %s\n", c->name, strerror(errno));
		exit(1);
	}
	if (status != 0) {
		fprintf(stderr, "interleave: %s failed (wait status %#x): %s\n", c->name,
			(unsigned)status, c->text);
		exit(1);
	}
	sample->wall += now() - begin;
	sample->cpu += seconds(usage.ru_utime) + seconds(usage.ru_stime);
	if (sample->kb < (double)usage.ru_maxrss)
		sample->kb = (double)usage.ru_maxrss;
}

static struct sample run(const struct command *c, bool warming, unsigned number)
{
	static struct words words;
	struct sample sample = {.wall = 0};
	size_t first = 0;

	split(&words, c->text, number);
	for (size_t i = 0; i <= words.n; i++) {
		if (i < words.n && strcmp(words.v[i], ";") != 0)
			continue;
		words.v[i] = NULL;
		if (i == first + 2 && strcmp(words.v[first], "gone") == 0)
			wait_until_gone(words.v[first + 1]);
		else if (i > first)
			run_one(c, words.v + first, warming, &sample);
		first = i + 1;
	}
	return sample;
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

static struct sample medians(const struct command *c, unsigned rounds)
{
	struct sample *s = c->samples, m = {.kb = c->kb};

	qsort(s, rounds, sizeof(*s), by_cpu);
	m.cpu = s[rounds / 2].cpu;
	qsort(s, rounds, sizeof(*s), by_wall);
	m.wall = s[rounds / 2].wall;
	return m;
}

static void print(const struct command *commands, int n, unsigned rounds, bool tabs)
{
	double first = 0;

	if (!tabs)
		printf("%-24s %10s %10s %10s %8s\n", "", "wall ms", "cpu ms", "peak kB", "ratio");
	for (int i = 0; i < n; i++) {
		struct sample m = medians(&commands[i], rounds);

		if (i == 0)
			first = m.wall;
		if (tabs)
			printf("%s\t%.3f\t%.3f\t%.0f\n", commands[i].name, m.wall * 1e3,
			       m.cpu * 1e3, m.kb);
		else
			printf("%-24s %10.2f %10.2f %10.0f %8.2f\n", commands[i].name, m.wall * 1e3,
			       m.cpu * 1e3, m.kb, m.wall / first);
	}
}

static void usage(void)
{
	fprintf(stderr, "usage: interleave [-t] [-n ROUNDS] [-w WARMUP] NAME COMMAND ...\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct command commands[MAX_COMMANDS];
	unsigned rounds = 100, warmup = 3, number = 0;
	bool tabs = false;
	int opt, n = 0;

	while ((opt = getopt(argc, argv, "n:tw:")) != -1) {
		if (opt == 'n')
			rounds = (unsigned)atoi(optarg);
		else if (opt == 'w')
			warmup = (unsigned)atoi(optarg);
		else if (opt == 't')
			tabs = true;
		else
			usage();
	}
	for (int i = optind; i + 1 < argc && n < MAX_COMMANDS; i += 2, n++) {
		commands[n] = (struct command){
			.name = argv[i],
			.text = argv[i + 1],
			.samples = calloc(rounds, sizeof(struct sample)),
		};
	}
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (n == 0 || rounds == 0 || null_fd < 0)
		usage();
	for (unsigned r = 0; r < warmup; r++) {
		for (int i = 0; i < n; i++) {
			struct sample sample = run(&commands[i], true, number++);

			if (commands[i].kb < sample.kb)
				commands[i].kb = sample.kb;
		}
	}
	for (unsigned r = 0; r < rounds; r++)
		for (int i = 0; i < n; i++)
			commands[i].samples[r] = run(&commands[i], false, number++);
	print(commands, n, rounds, tabs);
	return 0;
}
