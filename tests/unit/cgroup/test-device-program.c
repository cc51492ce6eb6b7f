/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-device-program - what the device filter allows and refuses, by running it.
 *
 * The interpreter knows the instructions that the generator may use and no others; a jump out of
 * the program, or backwards, or an instruction that nothing reaches (which the kernel's verifier
 * refuses) fails the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "tinyrun/cgroup.h"
#include "tinyrun/fd.h"

#define R BPF_DEVCG_ACC_READ
#define W BPF_DEVCG_ACC_WRITE
#define M BPF_DEVCG_ACC_MKNOD

struct filter {
	struct bpf_insn *insns;
	size_t n;
};

static struct filter filter_of(const struct limits_device *rules, size_t n)
{
	struct filter f = {.insns = NULL};
	struct err e = ERR_INIT;

	assert_int_equal(cgroup_device_program(rules, n, &f.insns, &f.n, &e), 0);
	return f;
}

static uint32_t load_word(const struct bpf_cgroup_dev_ctx *ctx, int off)
{
	uint32_t word;

	assert_in_range(off, 0, sizeof(*ctx) - sizeof(word));
	memcpy(&word, (const char *)ctx + off, sizeof(word));
	return word;
}

static uint32_t calculate(unsigned op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_MOV:
		return b;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_LSH:
		return a << b;
	case BPF_RSH:
		return a >> b;
	default:
		fail_msg("instruction %x is not known", op);
		return 0;
	}
}

static bool jumps(unsigned op, uint64_t a, uint64_t b)
{
	switch (op) {
	case BPF_JA:
		return true;
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JSET:
		return a & b;
	default:
		fail_msg("jump %x is not known", op);
		return false;
	}
}

static uint64_t run(const struct filter *f, const struct bpf_cgroup_dev_ctx *ctx)
{
	uint64_t reg[11] = {0};

	for (size_t pc = 0; pc < f->n; pc++) {
		const struct bpf_insn *i = &f->insns[pc];
		uint64_t source = BPF_SRC(i->code) == BPF_X ? reg[i->src_reg] : (uint64_t)i->imm;

		switch (BPF_CLASS(i->code)) {
		case BPF_LDX:
			assert_int_equal(i->src_reg, BPF_REG_1);
			reg[i->dst_reg] = load_word(ctx, i->off);
			break;
		case BPF_ALU:
		case BPF_ALU64:
			reg[i->dst_reg] = calculate(BPF_OP(i->code), (uint32_t)reg[i->dst_reg],
						    (uint32_t)source);
			break;
		case BPF_JMP:
		case BPF_JMP32:
			if (i->code == (BPF_JMP | BPF_EXIT))
				return reg[0];
			if (BPF_CLASS(i->code) == BPF_JMP32)
				source = (uint32_t)source;
			assert_true(i->off >= 0);
			if (jumps(BPF_OP(i->code), reg[i->dst_reg], source))
				pc += (size_t)i->off;
			break;
		default:
			fail_msg("instruction %x is not known", i->code);
		}
	}
	fail_msg("the program runs past its end");
	return 0;
}

/* As the verifier's first pass: every instruction is reached, none falls off the end. */
static void assert_verifiable(const struct filter *f)
{
	bool *seen = calloc(f->n + 1, sizeof(*seen));

	seen[0] = true;
	for (size_t pc = 0; pc < f->n; pc++) {
		const struct bpf_insn *i = &f->insns[pc];
		unsigned class = BPF_CLASS(i->code);
		bool exits = i->code == (BPF_JMP | BPF_EXIT);
		bool jump = (class == BPF_JMP || class == BPF_JMP32) && !exits;
		bool ends = exits || i->code == (BPF_JMP | BPF_JA);

		assert_true(seen[pc]);
		if (jump) {
			assert_true(pc + 1 + (size_t)i->off < f->n);
			seen[pc + 1 + (size_t)i->off] = true;
		}
		if (!ends)
			seen[pc + 1] = true;
	}
	assert_false(seen[f->n]);
	free(seen);
}

static bool allows(const struct filter *f, char type, uint32_t major, uint32_t minor,
		   uint32_t access)
{
	uint32_t kind = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;

	return run(f, &(struct bpf_cgroup_dev_ctx){access << 16 | kind, major, minor}) == 1;
}

static void assert_basics(const struct filter *f)
{
	static const uint32_t minors[] = {3, 5, 7, 8, 9};

	assert_verifiable(f);
	for (size_t i = 0; i < sizeof(minors) / sizeof(*minors); i++)
		assert_true(allows(f, 'c', 1, minors[i], R | W | M));
	assert_true(allows(f, 'c', 5, 0, R | W));
	assert_true(allows(f, 'c', 5, 2, R | W));
	assert_true(allows(f, 'c', 136, 12345, R | W));
	assert_true(allows(f, 'c', 10, 200, R | W));
	assert_true(allows(f, 'c', 77, 1, M));
	assert_true(allows(f, 'b', 8, 0, M));
}

#define DENY_ALL                                                                        \
	{                                                                               \
		.allow = false, .type = 'a', .read = true, .write = true, .mknod = true \
	}
#define ALLOW_ALL                                                                      \
	{                                                                              \
		.allow = true, .type = 'a', .read = true, .write = true, .mknod = true \
	}
#define NUMBERS(x, y) .major = {true, (x)}, .minor = {true, (y)}

static void test_without_rules_only_the_basics_are_allowed(void **state)
{
	struct filter f = filter_of(NULL, 0);

	(void)state;
	assert_basics(&f);
	assert_false(allows(&f, 'b', 8, 0, R));
	assert_false(allows(&f, 'b', 1, 3, R));
	assert_false(allows(&f, 'c', 1, 1, R));
	assert_false(allows(&f, 'c', 1, 1, W));
	assert_false(allows(&f, 'c', 1, 4, R | M));
	assert_false(allows(&f, 'c', 5, 1, R));
	assert_false(allows(&f, 'c', 10, 201, R));
	free(f.insns);
}

static void test_deny_all_is_the_same_as_no_rules(void **state)
{
	const struct limits_device rules[] = {DENY_ALL};
	struct filter f = filter_of(rules, 1);

	(void)state;
	assert_basics(&f);
	assert_false(allows(&f, 'b', 8, 0, R));
	assert_false(allows(&f, 'c', 1, 1, W));
	free(f.insns);
}

static void test_docker_like_rules(void **state)
{
	const struct limits_device rules[] = {
		DENY_ALL,
		{.allow = true, .type = 'c', NUMBERS(10, 229), .read = true, .write = true},
		{.allow = true, .type = 'b', NUMBERS(8, -1), .read = true},
		{.allow = true, .type = 'c', .major = {true, 195}, .read = true, .mknod = true},
	};
	struct filter f = filter_of(rules, 4);

	(void)state;
	assert_basics(&f);
	assert_true(allows(&f, 'c', 10, 229, R | W));
	assert_false(allows(&f, 'b', 10, 229, R));
	assert_false(allows(&f, 'c', 10, 230, R));
	assert_true(allows(&f, 'b', 8, 17, R));
	assert_false(allows(&f, 'b', 8, 17, R | W));
	assert_false(allows(&f, 'b', 8, 17, W));
	assert_true(allows(&f, 'b', 8, 17, R | M));
	assert_true(allows(&f, 'c', 195, 4, R));
	assert_false(allows(&f, 'c', 196, 4, R));
	free(f.insns);
}

static void test_the_last_matching_rule_wins(void **state)
{
	const struct limits_device deny_last[] = {ALLOW_ALL, DENY_ALL};
	const struct limits_device allow_last[] = {DENY_ALL, ALLOW_ALL};
	struct filter f = filter_of(deny_last, 2);

	(void)state;
	assert_basics(&f);
	assert_false(allows(&f, 'b', 8, 0, R));
	free(f.insns);
	f = filter_of(allow_last, 2);
	assert_basics(&f);
	assert_true(allows(&f, 'b', 8, 0, R | W | M));
	assert_true(allows(&f, 'c', 4095, 1048575, R | W | M));
	free(f.insns);
}

static void test_a_hole_in_allow_all_is_a_hole_for_every_combination(void **state)
{
	const struct limits_device rules[] = {
		ALLOW_ALL,
		{.allow = false, .type = 'b', NUMBERS(8, 0), .write = true},
		{.allow = false,
		 .type = 'c',
		 .major = {true, 4},
		 .read = true,
		 .write = true,
		 .mknod = true},
	};
	struct filter f = filter_of(rules, 3);

	(void)state;
	assert_basics(&f);
	assert_true(allows(&f, 'b', 8, 0, R));
	assert_false(allows(&f, 'b', 8, 0, W));
	assert_false(allows(&f, 'b', 8, 0, R | W));
	assert_true(allows(&f, 'b', 8, 1, R | W));
	assert_false(allows(&f, 'c', 4, 1, R));
	assert_true(allows(&f, 'c', 3, 1, R));
	free(f.insns);
}

static void test_accesses_of_several_rules_add_up(void **state)
{
	const struct limits_device rules[] = {
		{.allow = true, .type = 'c', NUMBERS(7, 1), .read = true},
		{.allow = true, .type = 'c', NUMBERS(7, 1), .write = true},
		{.allow = false, .type = 'c', NUMBERS(7, 2), .read = true},
		{.allow = true, .type = 'c', NUMBERS(7, 2), .read = true},
	};
	struct filter f = filter_of(rules, 4);

	(void)state;
	assert_verifiable(&f);
	assert_true(allows(&f, 'c', 7, 1, R | W));
	assert_true(allows(&f, 'c', 7, 2, R));
	assert_false(allows(&f, 'c', 7, 2, W));
	free(f.insns);
}

static void test_type_a_keeps_to_its_numbers_and_accesses(void **state)
{
	const struct limits_device rules[] = {
		{.allow = true, .type = 'a', .read = true},
		{.allow = true, .type = 'a', .major = {true, 9}, .write = true},
		{.allow = true, .type = 'b', .minor = {true, 6}, .write = true},
	};
	struct filter f = filter_of(rules, 3);

	(void)state;
	assert_basics(&f);
	assert_true(allows(&f, 'b', 8, 1, R));
	assert_false(allows(&f, 'b', 8, 1, R | W));
	assert_true(allows(&f, 'b', 9, 1, R | W));
	assert_true(allows(&f, 'c', 9, 1, R | W));
	assert_true(allows(&f, 'b', 8, 6, W));
	assert_false(allows(&f, 'c', 8, 6, W));
	free(f.insns);
}

static void test_what_comes_before_the_last_word_on_a_type_is_left_out(void **state)
{
	const struct limits_device rules[] = {
		{.allow = true, .type = 'c', NUMBERS(4, 1), .read = true},
		{.allow = false, .type = 'c', .read = true, .write = true, .mknod = true},
		{.allow = true, .type = 'b', .read = true, .write = true, .mknod = true},
		{.allow = false,
		 .type = 'b',
		 NUMBERS(8, 0),
		 .read = true,
		 .write = true,
		 .mknod = true},
	};
	struct filter f = filter_of(rules, 4);

	(void)state;
	assert_basics(&f);
	assert_false(allows(&f, 'c', 4, 1, R));
	assert_true(allows(&f, 'b', 8, 1, R | W));
	assert_false(allows(&f, 'b', 8, 0, R));
	free(f.insns);
}

static void test_numbers_at_their_ends(void **state)
{
	const struct limits_device rules[] = {
		{.allow = true, .type = 'c', NUMBERS(4095, 1048575), .read = true},
		{.allow = true, .type = 'b', .major = {true, 2048}, .read = true},
		{.allow = true, .type = 'b', .minor = {true, 1048575}, .write = true},
		{.allow = true, .type = 'a', NUMBERS(4096, 0), .write = true},
		{.allow = true, .type = 'a', NUMBERS(0, 1048576), .write = true},
	};
	struct filter f = filter_of(rules, 5);

	(void)state;
	assert_basics(&f);
	assert_true(allows(&f, 'c', 4095, 1048575, R));
	assert_false(allows(&f, 'c', 4095, 1048574, R));
	assert_true(allows(&f, 'b', 2048, 17, R));
	assert_false(allows(&f, 'b', 2047, 17, R));
	assert_true(allows(&f, 'b', 3, 1048575, W));
	assert_false(allows(&f, 'c', 0, 0, W));
	assert_false(allows(&f, 'c', 1, 0, W));
	free(f.insns);
}

static void test_the_basics_cannot_be_denied(void **state)
{
	const struct limits_device rules[] = {
		{.allow = false,
		 .type = 'c',
		 NUMBERS(1, 3),
		 .read = true,
		 .write = true,
		 .mknod = true},
		DENY_ALL,
	};
	struct filter f = filter_of(rules, 2);

	(void)state;
	assert_basics(&f);
	free(f.insns);
}

/* Rule by rule, access by access, in the plainest way. */
static bool expected(const struct limits_device *rules, size_t n, char type, int64_t major,
		     int64_t minor, uint32_t access)
{
	for (uint32_t bit = 1; bit <= W; bit <<= 1) {
		bool allowed = bit == M;

		for (size_t i = 0; i < n; i++) {
			const struct limits_device *d = &rules[i];
			bool names = bit == R ? d->read : bit == W ? d->write : d->mknod;

			if (names && bit != M && (d->type == 'a' || d->type == type) &&
			    (!d->major.set || d->major.value == -1 || d->major.value == major) &&
			    (!d->minor.set || d->minor.value == -1 || d->minor.value == minor))
				allowed = d->allow;
		}
		if ((access & bit) && !allowed)
			return false;
	}
	return true;
}

static void test_random_rules_are_judged_as_the_list_says(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct limits_device rules[6] = {{.allow = false}};
		size_t n = (size_t)rand_r(&seed) % 7;
		struct filter f;

		for (size_t i = 0; i < n; i++) {
			unsigned access = 1 + (unsigned)rand_r(&seed) % 7;

			rules[i] = (struct limits_device){
				.allow = rand_r(&seed) & 1,
				.type = "abc"[rand_r(&seed) % 3],
				.major = {rand_r(&seed) & 1, 200 - 1 + rand_r(&seed) % 3},
				.minor = {rand_r(&seed) & 1, rand_r(&seed) % 3 - 1},
				.read = access & 1,
				.write = access & 2,
				.mknod = access & 4};
		}
		f = filter_of(rules, n);
		assert_verifiable(&f);
		for (uint32_t x = 0; x < 2 * 3 * 3 * 8; x++) {
			char type = x & 1 ? 'b' : 'c';
			uint32_t access = x / 2 % 8, minor = x / 16 % 3, major = 199 + x / 48;

			if (access)
				assert_int_equal(allows(&f, type, major, minor, access),
						 expected(rules, n, type, major, minor, access));
		}
		free(f.insns);
	}
}

static void assert_refused(struct limits_device rule, const char *message)
{
	struct bpf_insn *insns = NULL;
	struct err e = ERR_INIT;
	size_t n = 0;
	char text[ERR_FRAME_SIZE];

	assert_true(cgroup_device_program(&rule, 1, &insns, &n, &e) < 0);
	assert_null(insns);
	assert_string_equal(err_str(&e, text, sizeof(text)), message);
}

static void test_broken_rules_are_refused_by_name(void **state)
{
	(void)state;
	assert_refused((struct limits_device){.allow = true, .type = 'a'},
		       "linux.resources.devices[0].access: want some of rwm");
	assert_refused((struct limits_device){.allow = true, .type = 'p', .read = true},
		       "linux.resources.devices[0].type: want a, b or c");
	assert_refused((struct limits_device){.type = 'c', NUMBERS(-2, 0), .read = true},
		       "linux.resources.devices[0].major: found -2, want -1 to 2147483647");
	assert_refused((struct limits_device){.type = 'c', NUMBERS(0, 1LL << 32), .read = true},
		       "linux.resources.devices[0].minor: found 4294967296, want -1 to 2147483647");
}

static void test_too_many_rules_are_refused(void **state)
{
	size_t n = 10000;
	struct limits_device *rules = calloc(n, sizeof(*rules));
	struct bpf_insn *insns = NULL;
	struct err e = ERR_INIT;
	size_t n_insns;
	struct filter f;

	(void)state;
	for (size_t i = 0; i < n; i++)
		rules[i] =
			(struct limits_device){.type = 'c', NUMBERS(7, (int64_t)i), .read = true};
	assert_true(cgroup_device_program(rules, n, &insns, &n_insns, &e) < 0);
	f = filter_of(rules, 5900);
	assert_verifiable(&f);
	assert_false(allows(&f, 'c', 7, 0, R));
	free(f.insns);
	free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_rules_only_the_basics_are_allowed),
		cmocka_unit_test(test_deny_all_is_the_same_as_no_rules),
		cmocka_unit_test(test_docker_like_rules),
		cmocka_unit_test(test_the_last_matching_rule_wins),
		cmocka_unit_test(test_a_hole_in_allow_all_is_a_hole_for_every_combination),
		cmocka_unit_test(test_accesses_of_several_rules_add_up),
		cmocka_unit_test(test_type_a_keeps_to_its_numbers_and_accesses),
		cmocka_unit_test(test_what_comes_before_the_last_word_on_a_type_is_left_out),
		cmocka_unit_test(test_numbers_at_their_ends),
		cmocka_unit_test(test_the_basics_cannot_be_denied),
		cmocka_unit_test(test_random_rules_are_judged_as_the_list_says),
		cmocka_unit_test(test_broken_rules_are_refused_by_name),
		cmocka_unit_test(test_too_many_rules_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
