/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold - how much memory stays, for the allocator that was preloaded.
 *
 *      hold spike KIND     100 MB are allocated, touched and freed: what is resident a second
 * later, in percent of the peak. KIND: small, traffic, medium, large, threads hold shift|power peak
 * resident memory over peak live bytes while sizes shift, or are many small and few large, with
 * random lifetimes
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPIKE ((size_t)100 << 20)

static uint64_t seed = 88172645463325252U;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static long status_kib(const char *field)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	long kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, field, strlen(field)) == 0)
			sscanf(line + strlen(field), ": %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}

struct heap {
	void **block;
	size_t n;
};

static void *free_all(void *arg)
{
	struct heap *h = arg;

	for (size_t i = 0; i < h->n; i++)
		free(h->block[i]);
	return NULL;
}

static void spike(const char *kind)
{
	size_t low = 16, high = 256;
	struct heap h = {0};
	size_t bytes = 0;

	if (strcmp(kind, "medium") == 0)
		low = 4096, high = 65536;
	else if (strcmp(kind, "large") == 0)
		low = high = 1 << 20;
	h.block = malloc(SPIKE / low * sizeof(void *));
	while (bytes < SPIKE) {
		size_t n = low + next_random() % (high - low + 1);

		h.block[h.n++] = memset(malloc(n), 1, n);
		bytes += n;
	}
	for (size_t i = h.n - 1; i > 0; i--) {
		size_t j = next_random() % (i + 1);
		void *p = h.block[i];

		h.block[i] = h.block[j];
		h.block[j] = p;
	}
	if (strcmp(kind, "threads") == 0) {
		struct heap part[4];
		pthread_t t[4];

		for (size_t i = 0; i < 4; i++) {
			part[i].block = h.block + h.n / 4 * i;
			part[i].n = i == 3 ? h.n - h.n / 4 * 3 : h.n / 4;
			if (pthread_create(&t[i], NULL, free_all, &part[i]) != 0)
				abort();
		}
		for (size_t i = 0; i < 4; i++)
			pthread_join(t[i], NULL);
	} else {
		free_all(&h);
	}
	free(h.block);
	for (int i = 0; i < 100; i++) {
		usleep(10000);
		if (strcmp(kind, "traffic") == 0)
			for (int k = 0; k < 100; k++)
				free(malloc(16 + next_random() % 240));
	}
	printf("%.3f\n", 100.0 * (double)status_kib("VmRSS") / (double)status_kib("VmHWM"));
}

static size_t size_of(int power, size_t round)
{
	if (!power)
		return (size_t)16 + next_random() % (64U << round);
	return (size_t)16 << (__builtin_ctzll(next_random() | 1 << 14));
}

static void fragment(int power)
{
	enum { SLOTS = 60000 };
	static void *block[SLOTS];
	static size_t size[SLOTS];
	size_t live = 0, peak = 0;

	for (size_t round = 0; round < 6; round++) {
		for (size_t i = 0; i < 5 * SLOTS; i++) {
			size_t at = next_random() % SLOTS;

			free(block[at]);
			live -= size[at];
			size[at] = size_of(power, round);
			block[at] = memset(malloc(size[at]), 1, size[at]);
			live += size[at];
			if (live > peak)
				peak = live;
		}
	}
	printf("%.3f\n", (double)status_kib("VmHWM") * 1024 / (double)peak);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "spike") == 0)
		spike(argv[2]);
	else if (argc == 2 && (strcmp(argv[1], "shift") == 0 || strcmp(argv[1], "power") == 0))
		fragment(argv[1][0] == 'p');
	else
		return 2;
	return 0;
}
