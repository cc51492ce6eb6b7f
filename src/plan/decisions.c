/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decisions - a filter is read by following it.
 *
 * Where it loads a word, all values of that are tried in turn, from 0: with a known value each
 * comparison is decided. The comparisons on the way also say up to which greater value all of them
 * come out the same. So far reaches what was found, and there the next range begins: all of the
 * 2^32 values are read exactly, in as many steps as there are ranges. While one word has a value
 * others are loaded and tried, which makes a search in a search.
 *
 * A word of which single bits are looked at has no such ranges. It stays unknown, and each of its
 * comparisons becomes a question of its own.
 */
#include "plan/decisions.h"

#include <stdlib.h>
#include <string.h>

#define WORDS      (sizeof(struct seccomp_data) / sizeof(uint32_t))
#define NO_WORD    WORDS
#define STEPS_MAX  (1U << 24) /* some ten milliseconds */
#define VALUES_END ((uint64_t)1 << 32)
#define SLOTS      (2 * DECISIONS_MAX) /* a power of two */

/* In place of a decision: */
#define NONE             UINT32_MAX       /* the filter is not understood, or is too much */
#define BITS             (UINT32_MAX - 1) /* bits were looked at of a word that had a value */
#define IS_BAD(decision) ((decision) >= BITS)

/* What the accumulator has: a word cut to @mask, or 0. */
struct value {
	uint32_t word, mask;
};

/* What an instruction led to, where that does not depend on the words that had a value. */
struct memory {
	bool valid;
	struct value value;
	uint32_t decision;
};

struct reader {
	const struct sock_filter *insns;
	size_t n;
	uint32_t known;        /* a bit for each word that has a value now, */
	uint32_t words[WORDS]; /* which is here, */
	uint64_t ends[WORDS];  /* and up to here it is all the same */
	uint32_t bits;         /* the word that BITS is about */
	uint32_t steps;
	struct decisions *out;
	uint32_t slots[SLOTS];          /* decisions by their hash, counted from 1 */
	struct range found[RANGES_MAX]; /* of the searches that are going on, a stack */
	size_t n_found;
	uint16_t needs[BPF_MAXINSNS]; /* the words that are loaded there or further on */
	struct memory memory[BPF_MAXINSNS];
};

/* --- decisions, each once --- */

static uint32_t hash_more(uint32_t h, uint32_t word)
{
	h = (h ^ word) * 0x9e3779b1U;
	return h ^ h >> 15;
}

static uint32_t decision_hash(const struct decisions *out, const struct decision *d)
{
	uint32_t h = hash_more(hash_more(d->op, d->word), d->mask);

	h = hash_more(hash_more(hash_more(h, d->k), d->yes), d->no);
	for (uint32_t i = 0; i < d->n_ranges; i++)
		h = hash_more(hash_more(h, out->ranges[d->first + i].from),
			      out->ranges[d->first + i].what);
	return h;
}

static bool decision_equals(const struct decisions *out, const struct decision *a,
			    const struct decision *b)
{
	return a->op == b->op && a->word == b->word && a->mask == b->mask && a->k == b->k &&
	       a->yes == b->yes && a->no == b->no && a->n_ranges == b->n_ranges &&
	       memcmp(out->ranges + a->first, out->ranges + b->first,
		      a->n_ranges * sizeof(struct range)) == 0;
}

static uint32_t decision_add(struct reader *r, const struct decision *d)
{
	struct decisions *out = r->out;
	size_t slot = decision_hash(out, d) % SLOTS;

	for (; r->slots[slot]; slot = (slot + 1) % SLOTS)
		if (decision_equals(out, &out->all[r->slots[slot] - 1], d))
			return r->slots[slot] - 1;
	if (out->n == DECISIONS_MAX)
		return NONE;
	out->all[out->n++] = *d;
	r->slots[slot] = (uint32_t)out->n;
	return r->slots[slot] - 1;
}

/* --- words that have a value --- */

static bool is_known(const struct reader *r, const struct value *v)
{
	return v->word == NO_WORD || v->mask == 0 || (r->known & 1U << v->word) != 0;
}

/* The upper bits: what is cut so compares as ranges of the whole. */
static bool is_prefix(uint32_t mask)
{
	return (~mask & (~mask + 1)) == 0;
}

static void end_at(struct reader *r, uint32_t word, uint64_t boundary)
{
	if (boundary > r->words[word] && boundary < r->ends[word])
		r->ends[word] = boundary;
}

/* Notes where the comparison would come out otherwise. False when that is not at boundaries. */
static bool note_boundaries(struct reader *r, const struct value *v, uint16_t op, uint32_t k)
{
	uint32_t rest = ~v->mask;

	if (v->word == NO_WORD || v->mask == 0 || (op == BPF_JSET && (k & v->mask) == 0))
		return true;
	r->bits = v->word;
	if (!is_prefix(op == BPF_JSET ? k & v->mask : v->mask))
		return false;
	if (op == BPF_JSET)
		end_at(r, v->word, (uint64_t) ~(k & v->mask) + 1);
	if (op == BPF_JEQ || op == BPF_JGE)
		end_at(r, v->word, ((uint64_t)k + rest) & ~(uint64_t)rest);
	if (op == BPF_JEQ || op == BPF_JGT)
		end_at(r, v->word, (uint64_t)(k | rest) + 1);
	return true;
}

static bool compare(const struct reader *r, const struct value *v, uint16_t op, uint32_t k)
{
	uint32_t now = v->word == NO_WORD || v->mask == 0 ? 0 : r->words[v->word] & v->mask;

	switch (op) {
	case BPF_JEQ:
		return now == k;
	case BPF_JGT:
		return now > k;
	case BPF_JGE:
		return now >= k;
	default:
		return (now & k) != 0;
	}
}

/* --- following the instructions --- */

static uint32_t follow(struct reader *r, size_t pc, struct value v);

/* Whether bits are set, or one, takes no mask: what is loaded once can be asked for others too. */
static void simplify(struct decision *d)
{
	uint32_t yes = d->yes;
	bool is_one = (d->mask & (d->mask - 1)) == 0;

	if (d->op != BPF_JEQ || d->mask == UINT32_MAX ||
	    (d->k != 0 && !(is_one && d->k == d->mask)))
		return;
	if (d->k == 0) {
		d->yes = d->no;
		d->no = yes;
	}
	d->op = BPF_JSET;
	d->k = d->mask;
	d->mask = UINT32_MAX;
}

/* The comparison of an unknown word at @pc. */
static uint32_t ask(struct reader *r, size_t pc, const struct value *v)
{
	const struct sock_filter *i = &r->insns[pc];
	struct decision d = {
		.op = BPF_OP(i->code), .word = (uint16_t)v->word, .mask = v->mask, .k = i->k};

	d.yes = follow(r, pc + 1 + i->jt, *v);
	if (IS_BAD(d.yes))
		return d.yes;
	d.no = follow(r, pc + 1 + i->jf, *v);
	if (IS_BAD(d.no) || d.yes == d.no)
		return d.no;
	simplify(&d);
	return decision_add(r, &d);
}

/*
 * Each range of the word that was loaded before @pc, onto the end of r->found. Returns 0, or what
 * stands in place of a decision.
 */
static uint32_t try_values(struct reader *r, size_t pc, const struct value *v)
{
	size_t first = r->n_found;

	for (uint64_t at = 0; at < VALUES_END; at = r->ends[v->word]) {
		uint32_t what;

		r->words[v->word] = (uint32_t)at;
		r->ends[v->word] = VALUES_END;
		what = follow(r, pc, *v);
		if (IS_BAD(what))
			return what;
		if (r->n_found > first && r->found[r->n_found - 1].what == what)
			continue;
		if (r->n_found == RANGES_MAX)
			return NONE;
		r->found[r->n_found++] = (struct range){.from = (uint32_t)at, .what = what};
	}
	return 0;
}

/* Makes the ranges from r->found[@first] a decision about @word. */
static uint32_t search_add(struct reader *r, size_t first, uint32_t word)
{
	struct decisions *out = r->out;
	const struct decision d = {.op = DECISION_SEARCH,
				   .word = (uint16_t)word,
				   .mask = UINT32_MAX,
				   .first = (uint32_t)out->n_ranges,
				   .n_ranges = (uint32_t)(r->n_found - first)};
	uint32_t next = (uint32_t)out->n, decision;

	if (d.n_ranges == 1)
		return r->found[first].what;
	if (d.n_ranges > RANGES_MAX - out->n_ranges)
		return NONE;
	memcpy(out->ranges + d.first, r->found + first, d.n_ranges * sizeof(struct range));
	decision = decision_add(r, &d);
	if (decision == next)
		out->n_ranges += d.n_ranges;
	return decision;
}

/* The word @v was loaded before @pc, and may have any value. */
static uint32_t search(struct reader *r, size_t pc, const struct value *v)
{
	size_t first = r->n_found;
	uint32_t bad, decision;

	r->known |= 1U << v->word;
	bad = try_values(r, pc, v);
	r->known &= ~(1U << v->word);
	decision = bad ? bad : search_add(r, first, v->word);
	r->n_found = first;
	return decision;
}

/* An unknown word has been loaded before @pc. */
static uint32_t loaded(struct reader *r, size_t pc, const struct value *v)
{
	uint32_t decision = search(r, pc, v);

	return decision == BITS && r->bits == v->word ? follow(r, pc, *v) : decision;
}

typedef uint32_t onward(struct reader *r, size_t pc, const struct value *v);

/* Goes on in one of the two ways, unless it is known what that leads to. */
static uint32_t go(struct reader *r, onward *way, size_t pc, const struct value *v)
{
	struct memory *m = &r->memory[pc];
	bool depends = (r->needs[pc] & r->known) != 0;
	uint32_t decision;

	if (!depends && m->valid && m->value.word == v->word && m->value.mask == v->mask)
		return m->decision;
	decision = way(r, pc, v);
	if (!depends && !IS_BAD(decision))
		*m = (struct memory){.valid = true, .value = *v, .decision = decision};
	return decision;
}

/* Nobody has checked yet that no jump leads out. */
static uint32_t follow(struct reader *r, size_t pc, struct value v)
{
	for (; pc < r->n && r->steps++ < STEPS_MAX; pc++) {
		const struct sock_filter *i = &r->insns[pc];
		const struct decision answer = {.op = DECISION_ANSWER, .k = i->k};

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			v = (struct value){.word = i->k / sizeof(uint32_t), .mask = UINT32_MAX};
			if (v.word >= WORDS || i->k % sizeof(uint32_t) != 0)
				return NONE;
			if (!is_known(r, &v))
				return pc + 1 < r->n ? go(r, loaded, pc + 1, &v) : NONE;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			v.mask &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_RET | BPF_K:
			return decision_add(r, &answer);
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			if (!is_known(r, &v))
				return go(r, ask, pc, &v);
			if (!note_boundaries(r, &v, BPF_OP(i->code), i->k))
				return BITS;
			pc += compare(r, &v, BPF_OP(i->code), i->k) ? i->jt : i->jf;
			break;
		default:
			return NONE;
		}
	}
	return NONE;
}

/* --- */

static uint16_t needs_at(const struct reader *r, size_t pc)
{
	return pc < r->n ? r->needs[pc] : 0;
}

static void find_needs(struct reader *r)
{
	for (size_t pc = r->n; pc-- > 0;) {
		const struct sock_filter *i = &r->insns[pc];

		if (BPF_CLASS(i->code) == BPF_JMP && BPF_OP(i->code) == BPF_JA)
			r->needs[pc] = needs_at(r, pc + 1 + i->k);
		else if (BPF_CLASS(i->code) == BPF_JMP)
			r->needs[pc] = needs_at(r, pc + 1 + i->jt) | needs_at(r, pc + 1 + i->jf);
		else if (BPF_CLASS(i->code) != BPF_RET)
			r->needs[pc] = needs_at(r, pc + 1);
		if (BPF_CLASS(i->code) == BPF_LD)
			r->needs[pc] |= (uint16_t)(1U << (i->k / sizeof(uint32_t) % WORDS));
	}
}

bool decisions_read(const struct sock_filter *insns, size_t n, struct decisions *ret)
{
	const struct value zero = {.word = NO_WORD};
	struct reader *r = n <= BPF_MAXINSNS ? calloc(1, sizeof(*r)) : NULL;
	uint32_t begin;

	if (!r)
		return false;
	r->insns = insns;
	r->n = n;
	r->out = ret;
	ret->n = ret->n_ranges = 0;
	find_needs(r);
	begin = follow(r, 0, zero);
	free(r);
	if (IS_BAD(begin))
		return false;
	ret->n = begin + 1; /* what was found later, and is not in it, is not needed */
	return true;
}
