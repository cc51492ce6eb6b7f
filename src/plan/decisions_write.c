/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decisions_write - a filter is written from its end, as all jumps go forward: what one leads to
 * stands already, and its place is known as the number of instructions from there to the end.
 *
 * The kernel walks through a filter once for each system call when it is loaded, to see which are
 * always allowed, and converts each instruction: both what is short and what is flat saves time. So
 * a search halves its ranges, and at its ends asks for single values one after another.
 */
#include "plan/decisions.h"

#include <stdlib.h>
#include <string.h>

/* Single values in a leaf. With more docker's profile is hardly smaller, and less flat. */
#define SINGLES 2
/* What a conditional jump can skip, less one instruction that may come between yet. */
#define NEAR (UINT8_MAX - 1)

/* An index of @place. */
typedef uint32_t label;

#define LABELS_MAX (2 * (DECISIONS_MAX + RANGES_MAX))

struct writer {
	const struct decisions *d;
	struct sock_filter *out; /* BPF_MAXINSNS of them, filled from the end */
	uint32_t n;
	bool full;                 /* there is no room */
	bool used[DECISIONS_MAX];  /* the beginning leads there */
	bool loads[DECISIONS_MAX]; /* from somewhere without its word in the accumulator */
	label n_labels;
	/*
	 * Of decision i 2i is its beginning, 2i+1 where its word has been loaded; behind them the
	 * parts of searches. A place from the end; the nearest one where there are several.
	 */
	uint32_t place[LABELS_MAX];
};

static void emit(struct writer *w, struct sock_filter insn)
{
	if (w->n == BPF_MAXINSNS) {
		w->full = true;
		return;
	}
	w->n++;
	w->out[BPF_MAXINSNS - w->n] = insn;
}

static label label_new(struct writer *w)
{
	w->place[w->n_labels] = w->n;
	return w->n_labels++;
}

/* --- jumps --- */

static const struct decision *label_answer(const struct writer *w, label to)
{
	const struct decision *d = &w->d->all[to / 2];

	return to / 2 < w->d->n && d->op == DECISION_ANSWER ? d : NULL;
}

/* The same once more, here: an answer itself, else a jump. */
static void repeat(struct writer *w, label to)
{
	const struct decision *answer = label_answer(w, to);
	uint32_t skipped = w->n - w->place[to];

	if (answer)
		emit(w, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer->k));
	else
		emit(w, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, skipped));
	w->place[to] = w->n;
}

static void bring_near(struct writer *w, label to)
{
	if (w->n - w->place[to] > NEAR)
		repeat(w, to);
}

static void branch(struct writer *w, uint16_t op, uint32_t k, label yes, label no)
{
	bring_near(w, no);
	bring_near(w, yes);
	emit(w, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | BPF_K | op), k,
					     (uint8_t)(w->n - w->place[yes]),
					     (uint8_t)(w->n - w->place[no])));
}

/* --- who leads to whom --- */

static bool same_word(const struct decision *a, const struct decision *b)
{
	return b->op != DECISION_ANSWER && a->word == b->word && a->mask == b->mask;
}

static label child_label(const struct writer *w, const struct decision *parent, uint32_t child)
{
	return 2 * child + same_word(parent, &w->d->all[child]);
}

static void use(struct writer *w, const struct decision *parent, uint32_t child)
{
	w->used[child] = true;
	if (!same_word(parent, &w->d->all[child]))
		w->loads[child] = true;
}

/* Those who lead to a decision stand behind it. */
static void find_used(struct writer *w)
{
	w->used[w->d->n - 1] = w->loads[w->d->n - 1] = true;
	for (size_t i = w->d->n; i-- > 0;) {
		const struct decision *d = &w->d->all[i];

		if (!w->used[i] || d->op == DECISION_ANSWER)
			continue;
		for (uint32_t k = 0; k < d->n_ranges; k++)
			use(w, d, w->d->ranges[d->first + k].what);
		if (d->op != DECISION_SEARCH) {
			use(w, d, d->yes);
			use(w, d, d->no);
		}
	}
}

/* --- searches --- */

/* A range, and single values in it that have something else: the ranges at 1, 3, ... */
struct leaf {
	const struct range *ranges;
	size_t singles;
};

/* Returns how many of the @n ranges are in it. */
static size_t leaf_init(struct leaf *leaf, const struct range *ranges, size_t n)
{
	*leaf = (struct leaf){.ranges = ranges};
	while (leaf->singles < SINGLES && n >= 3 && ranges[2].what == ranges[0].what &&
	       ranges[2].from - ranges[1].from == 1) {
		leaf->singles++;
		ranges += 2;
		n -= 2;
	}
	return 1 + 2 * leaf->singles;
}

/* The greatest value is asked for first: of architectures it is the one with 64 bits. */
static label write_leaf(struct writer *w, const struct decision *d, const struct leaf *leaf)
{
	label to = child_label(w, d, leaf->ranges[0].what);

	for (size_t i = 0; i < leaf->singles; i++) {
		const struct range *single = &leaf->ranges[1 + 2 * i];

		branch(w, BPF_JEQ, single->from, child_label(w, d, single->what), to);
		to = label_new(w);
	}
	return to;
}

static label write_half(struct writer *w, const struct decision *d, const struct leaf *leaves,
			size_t n)
{
	label low, high;

	if (n == 1)
		return write_leaf(w, d, leaves);
	high = write_half(w, d, leaves + n / 2, n - n / 2);
	low = write_half(w, d, leaves, n / 2);
	branch(w, BPF_JGE, leaves[n / 2].ranges[0].from, high, low);
	return label_new(w);
}

static void write_search(struct writer *w, const struct decision *d)
{
	struct leaf *leaves = calloc(d->n_ranges, sizeof(*leaves));
	size_t n = 0;

	if (!leaves) {
		w->full = true;
		return;
	}
	for (size_t i = 0; i < d->n_ranges; n++)
		i += leaf_init(&leaves[n], w->d->ranges + d->first + i, d->n_ranges - i);
	(void)write_half(w, d, leaves, n); /* it has at least two ranges: it begins here */
	free(leaves);
}

/* --- */

static void write_decision(struct writer *w, uint32_t i)
{
	const struct decision *d = &w->d->all[i];

	if (d->op == DECISION_ANSWER)
		emit(w, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, d->k));
	else if (d->op == DECISION_SEARCH)
		write_search(w, d);
	else
		branch(w, d->op, d->k, child_label(w, d, d->yes), child_label(w, d, d->no));
	w->place[2 * i + 1] = w->n;
	if (d->op != DECISION_ANSWER && w->loads[i]) {
		if (d->mask != UINT32_MAX)
			emit(w, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, d->mask));
		emit(w, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						     d->word * (uint32_t)sizeof(uint32_t)));
	}
	w->place[2 * i] = w->n;
}

size_t decisions_write(const struct decisions *d, struct sock_filter out[BPF_MAXINSNS])
{
	struct writer *w = calloc(1, sizeof(*w));
	size_t n;

	if (!w)
		return 0;
	w->d = d;
	w->out = out;
	w->n_labels = 2 * (label)d->n;
	find_used(w);
	for (uint32_t i = 0; i < d->n; i++)
		if (w->used[i])
			write_decision(w, i);
	n = w->full ? 0 : w->n;
	free(w);
	memmove(out, out + BPF_MAXINSNS - n, n * sizeof(*out));
	return n;
}
