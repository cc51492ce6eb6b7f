/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_agree - two filters are asked the same questions.
 *
 * Both are run as the kernel would. System call numbers are asked for one by one where there are
 * any, and about each value that the filters compare with; for the architectures they name and some
 * that they do not. Where a number has them look at arguments, what they compare is noted, and the
 * arguments are changed so that each comparison comes out otherwise, as long as that leads ways
 * which have not been gone: so each way through both of them is, whatever they are made of.
 *
 * Nothing here knows how the second filter came to be.
 */
#include "plan/seccomp.h"

#include "tinyrun/fd.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#define WORDS     (sizeof(struct seccomp_data) / sizeof(uint32_t))
#define ARCH      (offsetof(struct seccomp_data, arch) / sizeof(uint32_t))
#define NR        (offsetof(struct seccomp_data, nr) / sizeof(uint32_t))
#define X32_BIT   0x40000000U
#define NUMBERS   1024 /* more than any architecture has */
#define ARCHS_MAX 64
#define WAYS_MAX  1024 /* through both filters for one number */
#define NOTES_MAX (2 * BPF_MAXINSNS)
#define STEPS_MAX (1U << 25)  /* some fifty milliseconds */
#define NO_ANSWER 0xdeadbeefU /* none of the kernel's: its data is more than the kernel's */

/* What a filter sees, word by word. */
struct question {
	uint32_t words[WORDS];
};

/* A comparison of an argument. */
struct note {
	uint32_t word, mask, k;
	bool yes;
};

/* A question that leads a way of its own. */
struct way {
	struct question question;
	uint64_t hash;
	size_t known; /* so many comparisons of the first filter came out before as they do here */
};

struct interview {
	const struct sock_filter *filters[2];
	size_t n[2];
	size_t steps; /* that both have gone */
	bool failed;
	/* of the last question: */
	struct note notes[NOTES_MAX];
	size_t n_notes, n_first; /* of both, and of the first filter, whose notes are in front */
	uint64_t hash;           /* of the branches that were taken */
	/* of the number that is asked for: */
	struct way ways[WAYS_MAX];
	size_t n_ways;
};

/* --- running --- */

static void note(struct interview *in, uint32_t word, uint32_t mask, uint32_t k, bool yes)
{
	in->hash = ((in->hash ^ k) * 0x9e3779b97f4a7c15U ^ (word << 1 | yes)) * 0xbf58476d1ce4e5b9U;
	if (in->n_notes == NOTES_MAX)
		in->failed = true;
	else
		in->notes[in->n_notes++] = (struct note){word, mask, k, yes};
}

static bool holds(uint16_t op, uint32_t a, uint32_t k)
{
	switch (op) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	default:
		return (a & k) != 0;
	}
}

static uint32_t answer(struct interview *in, int which, const struct question *q)
{
	const struct sock_filter *insns = in->filters[which];
	uint32_t a = 0, mask = 0, word = NR;

	for (size_t pc = 0; pc < in->n[which]; pc++) {
		const struct sock_filter *i = &insns[pc];
		bool yes;

		in->steps++;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			word = i->k / sizeof(uint32_t);
			if (word >= WORDS)
				return NO_ANSWER;
			a = q->words[word];
			mask = UINT32_MAX;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			mask &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = holds(BPF_OP(i->code), a, i->k);
			if (word != NR && word != ARCH)
				note(in, word, mask, i->k, yes);
			pc += yes ? i->jt : i->jf;
			break;
		default:
			return NO_ANSWER;
		}
	}
	return NO_ANSWER;
}

static bool same_answer(struct interview *in, const struct question *q)
{
	uint32_t first;

	in->n_notes = 0;
	in->hash = 0;
	first = answer(in, 0, q);
	in->n_first = in->n_notes;
	if (first == NO_ANSWER || answer(in, 1, q) != first || in->steps > STEPS_MAX)
		in->failed = true;
	return !in->failed;
}

/* --- arguments --- */

/* The question that others are made from, and what it had compared. */
struct origin {
	struct question question;
	struct note notes[NOTES_MAX];
	size_t n, n_first;
};

/* How many comparisons of the first filter, in front, are the same and came out the same. */
static size_t count_known(const struct interview *in, const struct origin *from)
{
	size_t i = 0;

	while (i < in->n_first && i < from->n_first && in->notes[i].yes == from->notes[i].yes)
		i++;
	return i;
}

/* Remembers a way that is new, to go on from there. */
static void add_way(struct interview *in, const struct question *q, const struct origin *from)
{
	for (size_t i = 0; i < in->n_ways; i++)
		if (in->ways[i].hash == in->hash)
			return;
	if (in->n_ways == WAYS_MAX)
		in->failed = true;
	else
		in->ways[in->n_ways++] = (struct way){
			.question = *q, .hash = in->hash, .known = count_known(in, from)};
}

/* Asks with another value for the bits of a word that a comparison looks at. */
static void ask_other(struct interview *in, const struct origin *from, const struct note *n,
		      uint32_t value)
{
	struct question q = from->question;

	q.words[n->word] = (q.words[n->word] & ~n->mask) | (value & n->mask);
	if (!in->failed && same_answer(in, &q))
		add_way(in, &q, from);
}

static void vary(struct interview *in, const struct origin *from, const struct note *n)
{
	const uint32_t values[] = {n->k, n->k - 1, n->k + 1, ~n->k, 0, UINT32_MAX};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		ask_other(in, from, n, values[i]);
	ask_other(in, from, n, ~from->question.words[n->word]);
}

/* @q has just been asked, and led to comparisons of arguments. */
static void ask_arguments(struct interview *in, const struct question *q)
{
	auto_free struct origin *from = calloc(1, sizeof(*from));

	if (!from) {
		in->failed = true;
		return;
	}
	in->n_ways = 0;
	add_way(in, q, from);
	for (size_t i = 0; i < in->n_ways && !in->failed; i++) {
		from->question = in->ways[i].question;
		(void)same_answer(in, &from->question); /* for its notes: it was the same before */
		from->n = in->n_notes;
		from->n_first = in->n_first;
		memcpy(from->notes, in->notes, from->n * sizeof(*from->notes));
		/* what is known was varied where it was new; of the second filter all is */
		for (size_t k = in->ways[i].known; k < from->n && !in->failed; k++)
			vary(in, from, &from->notes[k]);
	}
}

/* --- numbers and architectures --- */

static void ask_number(struct interview *in, uint32_t arch, uint32_t nr)
{
	struct question q = {.words = {0}};

	q.words[NR] = nr;
	q.words[ARCH] = arch;
	if (!in->failed && same_answer(in, &q) && in->n_notes > 0)
		ask_arguments(in, &q);
}

static bool is_dense(uint32_t nr)
{
	return (nr & ~X32_BIT) < NUMBERS;
}

static void ask_around(struct interview *in, uint32_t arch, uint32_t nr)
{
	for (uint32_t i = nr - 1; i != nr + 2; i++)
		if (!is_dense(i))
			ask_number(in, arch, i);
}

static bool is_comparison(const struct sock_filter *i)
{
	return BPF_CLASS(i->code) == BPF_JMP && BPF_OP(i->code) != BPF_JA;
}

static void ask_arch(struct interview *in, uint32_t arch)
{
	for (uint32_t nr = 0; nr < NUMBERS; nr++) {
		ask_number(in, arch, nr);
		ask_number(in, arch, nr | X32_BIT);
	}
	for (unsigned bit = 10; bit < 32; bit++)
		ask_around(in, arch, (uint32_t)1 << bit);
	for (int which = 0; which < 2; which++)
		for (size_t i = 0; i < in->n[which]; i++)
			if (is_comparison(&in->filters[which][i]))
				ask_around(in, arch, in->filters[which][i].k);
}

static void add_arch(uint32_t *archs, size_t *n, uint32_t arch)
{
	for (size_t i = 0; i < *n; i++)
		if (archs[i] == arch)
			return;
	if (*n < ARCHS_MAX)
		archs[(*n)++] = arch;
}

/* The values that a filter compares behind a load of the architecture, and those beside them. */
static void find_archs(const struct sock_filter *insns, size_t n, uint32_t *archs, size_t *n_archs)
{
	bool loaded = false;

	for (size_t i = 0; i < n; i++) {
		if (BPF_CLASS(insns[i].code) == BPF_LD)
			loaded = insns[i].k == ARCH * sizeof(uint32_t);
		if (!loaded || !is_comparison(&insns[i]))
			continue;
		for (uint32_t arch = insns[i].k - 1; arch != insns[i].k + 2; arch++)
			add_arch(archs, n_archs, arch);
	}
}

bool seccomp_agree(const struct sock_filter *a, size_t n_a, const struct sock_filter *b, size_t n_b)
{
	auto_free struct interview *in = calloc(1, sizeof(*in));
	uint32_t archs[ARCHS_MAX] = {0, UINT32_MAX, AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64};
	size_t n_archs = 4;

	if (!in)
		return false;
	in->filters[0] = a;
	in->filters[1] = b;
	in->n[0] = n_a;
	in->n[1] = n_b;
	find_archs(a, n_a, archs, &n_archs);
	find_archs(b, n_b, archs, &n_archs);
	for (size_t i = 0; i < n_archs && n_archs < ARCHS_MAX; i++)
		ask_arch(in, archs[i]);
	return n_archs < ARCHS_MAX && !in->failed;
}
