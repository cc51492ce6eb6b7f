/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work - one pattern of allocation, for the allocator that was preloaded.
 *
 *      work PATTERN THREADS
 *
 * prints the CPU time of an operation in nanoseconds, the wall time, and the peak memory in kB. An
 * operation is about one malloc with its free. The program itself allocates nothing that counts.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 16

struct work {
	unsigned id;
	unsigned threads;
	uint64_t random;
	size_t ops;
};

static uint64_t next_random(struct work *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random;
}

static size_t between(struct work *w, size_t low, size_t high)
{
	return low + next_random(w) % (high - low + 1);
}

/* Use it as a program would: the first and the last bytes. */
static void *touched(void *p, size_t n)
{
	if (!p)
		abort();
	((volatile char *)p)[0] = 1;
	((volatile char *)p)[n - 1] = 1;
	return p;
}

static void pair(struct work *w)
{
	void *volatile p; /* so that the compiler cannot leave the calls out */

	for (w->ops = 0; w->ops < 8000000 / w->threads; w->ops++) {
		p = malloc(64);
		free(p);
	}
}

static void lifo(struct work *w)
{
	void *p[100];

	for (w->ops = 0; w->ops < 1000000;) {
		for (int i = 0; i < 100; i++, w->ops++)
			p[i] = touched(malloc(64), 1);
		for (int i = 99; i >= 0; i--)
			free(p[i]);
	}
}

static void batch_of(struct work *w, size_t count, size_t rounds, size_t low, size_t high)
{
	void **p = calloc(count, sizeof(*p));

	for (size_t r = 0; r < rounds; r++) {
		for (size_t i = 0; i < count; i++, w->ops++)
			p[i] = touched(malloc(between(w, low, high)), 1);
		for (size_t i = 0; i < count; i++)
			free(p[i]);
	}
	free(p);
}

static void batch(struct work *w)
{
	batch_of(w, 1000, 2000 / w->threads, 8, 1024);
}

static void bigbatch(struct work *w)
{
	batch_of(w, 100000, 16 / w->threads, 8, 512);
}

static void live_of(struct work *w, size_t count, size_t ops, size_t low, size_t high)
{
	void **p = calloc(count, sizeof(*p));

	for (w->ops = 0; w->ops < ops; w->ops++) {
		size_t i = next_random(w) % count;
		size_t n = between(w, low, high);

		free(p[i]);
		p[i] = touched(malloc(n), n);
	}
	for (size_t i = 0; i < count; i++)
		free(p[i]);
	free(p);
}

static void live(struct work *w)
{
	live_of(w, 20000, 2000000 / w->threads, 16, 512);
}

static void medium(struct work *w)
{
	live_of(w, 200, 400000 / w->threads, 1024, 64 << 10);
}

static void large_of(struct work *w, int touch)
{
	void *p[4] = {0};

	for (w->ops = 0; w->ops < (touch ? 400U : 20000U) / w->threads; w->ops++) {
		size_t n = between(w, 256 << 10, 2 << 20);
		void **q = &p[w->ops % 4];

		free(*q);
		*q = touched(malloc(n), 1);
		if (touch)
			memset(*q, 1, n);
	}
	for (int i = 0; i < 4; i++)
		free(p[i]);
}

static void large(struct work *w)
{
	large_of(w, 0);
}

static void largetouch(struct work *w)
{
	large_of(w, 1);
}

/* Four arrays that grow side by side, so that none of them is the last thing on the heap. */
static void grow(struct work *w)
{
	for (size_t r = 0; r < 80 / w->threads; r++) {
		char *p[4] = {0};

		for (size_t n = 64; n < (size_t)2 << 20; n += n / 16 + 64)
			for (int i = 0; i < 4; i++, w->ops++)
				p[i] = touched(realloc(p[i], n), n);
		for (int i = 0; i < 4; i++)
			free(p[i]);
	}
}

static void zeroed(struct work *w)
{
	void *p[64] = {0};

	for (w->ops = 0; w->ops < 1000000 / w->threads; w->ops++) {
		void **q = &p[w->ops % 64];

		free(*q);
		*q = calloc(1, between(w, 16, 2048));
	}
	for (int i = 0; i < 64; i++)
		free(p[i]);
}

/*
 * Each thread takes a bag, most likely one that another thread filled, frees what is in it and
 * fills it anew. Bags change hands whole, so that the time is the allocator's, not the atomic's.
 */
#define BAG  32
#define BAGS 128
static void *contents[BAGS + MAX_THREADS][BAG];
static void **bags[BAGS];

static void bags_init(void)
{
	for (size_t i = 0; i < BAGS; i++)
		bags[i] = contents[i];
}

static void exchange(struct work *w)
{
	void **bag = contents[BAGS + w->id];

	while (w->ops < 4000000 / w->threads) {
		for (size_t i = 0; i < BAG; i++, w->ops++) {
			size_t n = between(w, 16, 256);

			free(bag[i]);
			bag[i] = touched(malloc(n), n);
		}
		bag = __atomic_exchange_n(&bags[next_random(w) % BAGS], bag, __ATOMIC_ACQ_REL);
	}
}

/* The same with one object at a time: most of it is the price of the slots and of the atomic. */
static void *slots[4096];

static void swap(struct work *w)
{
	for (w->ops = 0; w->ops < 2000000 / w->threads; w->ops++) {
		size_t n = between(w, 16, 256);
		void *p = touched(malloc(n), n);

		free(__atomic_exchange_n(&slots[next_random(w) % 4096], p, __ATOMIC_ACQ_REL));
	}
}

/* Even threads make, odd threads free: whole crates go over, so that they sleep and do not spin. */
#define CRATE  500
#define CRATES 4
static struct belt {
	void *crate[CRATES][CRATE];
	sem_t full, empty;
} belts[MAX_THREADS / 2];

static void belts_init(void)
{
	for (int i = 0; i < MAX_THREADS / 2; i++) {
		sem_init(&belts[i].full, 0, 0);
		sem_init(&belts[i].empty, 0, CRATES);
	}
}

static void handover(struct work *w)
{
	struct belt *b = &belts[w->id / 2];

	for (size_t n = 0; n < 4000 / w->threads; n++) {
		void **crate = b->crate[n % CRATES];

		if (w->id % 2 == 0) {
			sem_wait(&b->empty);
			for (int i = 0; i < CRATE; i++, w->ops++)
				crate[i] = touched(malloc(between(w, 16, 256)), 1);
			sem_post(&b->full);
		} else {
			sem_wait(&b->full);
			for (int i = 0; i < CRATE; i++)
				free(crate[i]);
			sem_post(&b->empty);
		}
	}
}

static void *short_life(void *arg)
{
	struct work w = {.random = (uintptr_t)arg * 2 + 88172645463325252U};
	void *p[100];

	for (int i = 0; i < 100; i++) {
		size_t n = between(&w, 16, 1024);

		p[i] = touched(malloc(n), n);
	}
	for (int i = 0; i < 100; i++)
		free(p[i]);
	return NULL;
}

static void churn(struct work *w)
{
	for (w->ops = 0; w->ops < 4000 / w->threads; w->ops++) {
		pthread_t t;

		if (pthread_create(&t, NULL, short_life, (void *)w->ops) != 0)
			abort();
		pthread_join(t, NULL);
	}
}

/* A request: some headers and a buffer live together and go together; a few stay for long. */
static void server(struct work *w)
{
	static __thread void *kept[256];

	for (size_t r = 0; r < 60000 / w->threads; r++) {
		void *p[24];
		size_t n = 4 + next_random(w) % 20;
		void **k = &kept[next_random(w) % 256];
		char *body = malloc(between(w, 512, 16384));

		for (size_t i = 0; i < n; i++, w->ops++)
			p[i] = touched(malloc(between(w, 8, 200)), 1);
		body = touched(realloc(body, between(w, 1024, 32768)), 1);
		free(*k);
		*k = malloc(between(w, 32, 4096));
		for (size_t i = 0; i < n; i++)
			free(p[i]);
		free(body);
		w->ops += 2;
	}
}

/* A parsed document: a tree of small nodes and strings, built, walked and freed in order. */
struct node {
	struct node *next, *child;
	char *name;
	double number;
};

static struct node *tree(struct work *w, int depth)
{
	struct node *first = NULL;

	for (int i = 0; i < 8; i++) {
		struct node *n = calloc(1, sizeof(*n));
		size_t length = between(w, 4, 40);

		n->name = touched(malloc(length), length);
		if (depth > 0)
			n->child = tree(w, depth - 1);
		n->next = first;
		first = n;
		w->ops += 2;
	}
	return first;
}

static void tree_free(struct node *n)
{
	while (n) {
		struct node *next = n->next;

		tree_free(n->child);
		free(n->name);
		free(n);
		n = next;
	}
}

static void json(struct work *w)
{
	for (size_t r = 0; r < 120 / w->threads; r++)
		tree_free(tree(w, 3));
}

static const struct pattern {
	const char *name;
	void (*run)(struct work *w);
} patterns[] = {
	{"pair", pair},    {"lifo", lifo},     {"batch", batch},       {"bigbatch", bigbatch},
	{"live", live},    {"medium", medium}, {"large", large},       {"largetouch", largetouch},
	{"realloc", grow}, {"calloc", zeroed}, {"exchange", exchange}, {"swap", swap},
	{"churn", churn},  {"server", server}, {"json", json},         {"handover", handover},
};

static const struct pattern *chosen;

static void *run(void *arg)
{
	chosen->run(arg);
	return NULL;
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Of this program alone: getrusage() remembers what ran in the process before. */
static long peak_memory(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	long kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

int main(int argc, char **argv)
{
	unsigned threads = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
	struct work work[MAX_THREADS];
	pthread_t thread[MAX_THREADS];
	double cpu, wall;
	size_t ops = 0;

	for (size_t i = 0; argc == 3 && i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (strcmp(argv[1], patterns[i].name) == 0)
			chosen = &patterns[i];
	if (!chosen || threads < 1 || threads > MAX_THREADS) {
		fprintf(stderr, "usage: work PATTERN THREADS\n");
		return 2;
	}
	bags_init();
	belts_init();
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	wall = seconds(CLOCK_MONOTONIC);
	for (unsigned i = 0; i < threads; i++) {
		work[i] = (struct work){
			.id = i, .threads = threads, .random = 88172645463325252U + i};
		if (threads > 1 && pthread_create(&thread[i], NULL, run, &work[i]) != 0)
			abort();
	}
	if (threads == 1)
		run(&work[0]);
	for (unsigned i = 0; i < threads; i++) {
		if (threads > 1)
			pthread_join(thread[i], NULL);
		ops += work[i].ops;
	}
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	printf("%.2f %.2f %ld\n", cpu / (double)ops * 1e9, wall / (double)ops * 1e9, peak_memory());
	return 0;
}
