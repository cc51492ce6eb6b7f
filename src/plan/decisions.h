/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decisions - what a seccomp filter answers, apart from how its instructions find it: a graph whose
 * ends are answers. Usually it begins with a search for the architecture, in which each one has a
 * search for the system call's number, in which some have questions about arguments.
 *
 * A filter is read into decisions and written anew from them, shorter and with shorter ways.
 */
#ifndef PLAN_DECISIONS_H
#define PLAN_DECISIONS_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DECISIONS_MAX BPF_MAXINSNS
#define RANGES_MAX    (4 * BPF_MAXINSNS)

/* Beside the operators that compare a word, BPF_JEQ, BPF_JGT, BPF_JGE and BPF_JSET: */
#define DECISION_ANSWER 0 /* @k is what the filter returns */
#define DECISION_SEARCH 1 /* which of the ranges the word is in */

/* A word of struct seccomp_data and what becomes of it. Equal ones are one; children come first. */
struct decision {
	uint16_t op;
	uint16_t word;    /* the number of the word */
	uint32_t mask;    /* what of it is looked at; all where it is searched */
	uint32_t k;       /* what it is compared with */
	uint32_t yes, no; /* decisions */
	uint32_t first, n_ranges;
};

/* Up to where the next one begins, the last one up to 2^32. Neighbours differ. */
struct range {
	uint32_t from;
	uint32_t what; /* a decision */
};

struct decisions {
	struct decision all[DECISIONS_MAX]; /* the last one is the beginning */
	size_t n;
	struct range ranges[RANGES_MAX];
	size_t n_ranges;
};

/*
 * False when the filter has what is not understood here, or too much. Of what libseccomp writes all
 * is understood.
 */
bool decisions_read(const struct sock_filter *insns, size_t n, struct decisions *ret);
/* Returns how many instructions it has written, 0 when they are more than a filter may have. */
size_t decisions_write(const struct decisions *d, struct sock_filter out[BPF_MAXINSNS]);

#endif
