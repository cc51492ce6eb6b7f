/* SPDX-License-Identifier: Apache-2.0 */
/* Shorter filters: they answer as those that libseccomp writes, or are not used. */
#include "fixture.h"

#include "bpf.h"
#include "plan/decisions.h"
#include "plan/seccomp.h"
#include "tinyrun/fd.h"

#include <errno.h>

#define ROUNDS 100

/* --- chance, the same in each run --- */

static uint64_t seed;

static uint32_t any(uint32_t n)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(seed >> 33) % n;
}

static uint64_t any_value(void)
{
	static const uint64_t values[] = {0,           1,          2,          0x5412,
					  0x541c,      0x7e020000, 0x80000000, 0xffffffff,
					  0x100000000, UINT64_MAX};
	uint64_t value = values[any(sizeof(values) / sizeof(values[0]))];

	return any(4) ? value : value ^ (uint64_t)1 << any(64);
}

/* --- random profiles --- */

#define MAX_RULES 12
#define MAX_NAMES 60
#define MAX_ARGS  3

struct profile {
	struct spec_seccomp rules;
	struct spec_seccomp_rule rule[MAX_RULES];
	struct spec_seccomp_arg args[MAX_RULES][MAX_ARGS];
	const char *names[MAX_RULES][MAX_NAMES], *archs[3];
	char text[MAX_RULES][MAX_NAMES][48];
};

static const struct seccomp_api *library(void)
{
	const struct seccomp_api *api;
	struct err e = ERR_INIT;

	if (seccomp_library(&api, &e) < 0)
		fail_msg("%s", err_str(&e, fixture_error, sizeof(fixture_error)));
	return api;
}

static uint32_t any_action(void)
{
	static const uint32_t actions[] = {
		SECCOMP_RET_ALLOW,        SECCOMP_RET_ALLOW,       SECCOMP_RET_ERRNO,
		SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
		SECCOMP_RET_LOG,          SECCOMP_RET_USER_NOTIF,  SECCOMP_RET_TRACE | 1234};
	uint32_t action = actions[any(sizeof(actions) / sizeof(actions[0]))];

	return action == SECCOMP_RET_ERRNO ? action | any(4095) : action;
}

static const char *any_call(char *out, size_t size)
{
	static const char *const arguments[] = {"ioctl", "clone", "personality", "socket",
						"mmap",  "prctl", "fcntl"};
	char *name = NULL;

	if (any(4) == 0)
		return arguments[any(7)];
	while (!name) /* some numbers are no calls */
		name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)any(450));
	(void)snprintf(out, size, "%s", name);
	free(name);
	return out;
}

static void any_args(struct spec_seccomp_rule *rule, struct spec_seccomp_arg *args)
{
	rule->args = args;
	rule->n_args = any(2) ? any(MAX_ARGS) + 1 : 0;
	for (size_t i = 0; i < rule->n_args; i++)
		args[i] = (struct spec_seccomp_arg){.index = any(6),
						    .op = 1 + any(7),
						    .value = any_value(),
						    .value_two = any_value()};
}

static void any_profile(struct profile *p)
{
	static const char *const archs[] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};

	memset(p, 0, sizeof(*p));
	p->rules.default_action = any_action();
	p->rules.rules = p->rule;
	p->rules.n_rules = any(MAX_RULES) + 1;
	p->rules.archs.v = p->archs;
	for (size_t i = 0; i < 3; i++)
		if (any(2))
			p->archs[p->rules.archs.n++] = archs[i];
	for (size_t i = 0; i < p->rules.n_rules; i++) {
		struct spec_seccomp_rule *rule = &p->rule[i];

		rule->action = any_action();
		rule->names.v = p->names[i];
		any_args(rule, p->args[i]);
		rule->names.n = any(rule->n_args ? 3 : MAX_NAMES) + 1;
		for (size_t k = 0; k < rule->names.n; k++)
			p->names[i][k] = any_call(p->text[i][k], sizeof(p->text[i][k]));
	}
}

/* False when the library does not take it: some rules contradict each other. */
static bool compile(const struct profile *p, struct plan_program *ret)
{
	struct err e = ERR_INIT;

	*ret = (struct plan_program){.insns = NULL};
	return seccomp_rules_compile(library(), &p->rules, ret, &e) == 0;
}

/* --- the same answers --- */

static struct plan_program program_copy(const struct plan_program *from)
{
	struct plan_program copy = *from;
	void *insns = malloc(from->n_insns * sizeof(struct sock_filter));

	assert_non_null(insns);
	memcpy(insns, from->insns, from->n_insns * sizeof(struct sock_filter));
	copy.insns = insns;
	return copy;
}

static void program_done(struct plan_program *p)
{
	free((void *)(uintptr_t)p->insns);
	p->insns = NULL;
}

static void assert_same_answer(const struct plan_program *a, const struct plan_program *b,
			       const struct seccomp_data *data)
{
	uint32_t first = bpf_run(a->insns, a->n_insns, data),
		 second = bpf_run(b->insns, b->n_insns, data);

	if (first != second)
		fail_msg("arch %x number %x args %llx %llx %llx: %x and %x", data->arch,
			 (unsigned)data->nr, (unsigned long long)data->args[0],
			 (unsigned long long)data->args[1], (unsigned long long)data->args[2],
			 first, second);
	assert_int_not_equal(first, BPF_STUCK);
}

/* A value that the filter compares with, or one beside it. */
static uint32_t any_constant(const struct plan_program *p)
{
	const struct sock_filter *insns = p->insns;

	return any(8) ? insns[any(p->n_insns)].k + any(3) - 1 : (uint32_t)any_value();
}

static void any_args_for(const struct plan_program *p, struct seccomp_data *data)
{
	for (size_t i = 0; i < 6; i++)
		data->args[i] = any(2) ? any_value()
				       : (uint64_t)any_constant(p) << 32 * any(2) ^ any_value();
}

static void assert_same_answers(const struct plan_program *a, const struct plan_program *b)
{
	static const uint32_t archs[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, 0};
	struct seccomp_data data = {.nr = 0};

	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++) {
		data.arch = archs[i];
		for (uint32_t nr = 0; nr < 1100; nr++) {
			for (int k = 0; k < 6; k++) {
				data.nr = (int)(k & 1 ? nr | 0x40000000 : nr);
				any_args_for(k & 2 ? a : b, &data);
				assert_same_answer(a, b, &data);
			}
			data.nr = (int)any_constant(a);
			assert_same_answer(a, b, &data);
		}
	}
}

static void test_random_profiles_get_shorter_filters_with_the_same_answers(void **state)
{
	unsigned taken = 0, shorter = 0;
	struct profile *p = malloc(sizeof(*p));

	(void)state;
	assert_non_null(p);
	for (seed = 1; taken < ROUNDS;) {
		struct plan_program original, compact;

		any_profile(p);
		if (!compile(p, &original))
			continue;
		taken++;
		compact = program_copy(&original);
		seccomp_compact(&compact);
		shorter += compact.n_insns < original.n_insns;
		assert_same_answers(&original, &compact);
		program_done(&original);
		program_done(&compact);
	}
	free(p);
	if (shorter < ROUNDS * 9 / 10)
		fail_msg("%u of %u filters got shorter", shorter, taken);
}

/* --- the default profile --- */

static void compile_default(struct plan_program *ret)
{
	struct spec_seccomp *rules = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(
		spec_seccomp_parse(spec_default_seccomp, strlen(spec_default_seccomp), &rules, &e),
		0);
	assert_int_equal(seccomp_rules_compile(library(), rules, ret, &e), 0);
	spec_seccomp_free(&rules);
}

static void test_default_profile_is_a_fifth_of_what_libseccomp_writes(void **state)
{
	struct plan_program original = {.insns = NULL}, compact;

	(void)state;
	compile_default(&original);
	compact = program_copy(&original);
	seccomp_compact(&compact);
	assert_true(compact.n_insns * 5 <= original.n_insns);
	seed = 1;
	assert_same_answers(&original, &compact);
	program_done(&original);
	program_done(&compact);
}

static bool agrees(const struct plan_program *original, const struct plan_program *other)
{
	return seccomp_agree(original->insns, original->n_insns, other->insns, other->n_insns);
}

/* One wrong bit of a filter is one answer too many that nobody would notice. */
static void test_filter_with_anything_changed_is_not_the_same(void **state)
{
	struct plan_program original = {.insns = NULL}, compact;
	struct sock_filter *insns;

	(void)state;
	compile_default(&original);
	compact = program_copy(&original);
	seccomp_compact(&compact);
	insns = (struct sock_filter *)(uintptr_t)compact.insns;
	assert_true(agrees(&original, &compact));
	for (size_t i = 0; i < compact.n_insns; i++) {
		const struct sock_filter kept = insns[i];

		insns[i].k ^= BPF_CLASS(kept.code) == BPF_LD ? 4 : 1;
		if (agrees(&original, &compact))
			fail_msg("instruction %zu: another constant", i);
		insns[i] = kept;
		if (BPF_CLASS(kept.code) == BPF_JMP && BPF_OP(kept.code) != BPF_JA) {
			insns[i].jt = kept.jf;
			insns[i].jf = kept.jt;
			if (agrees(&original, &compact))
				fail_msg("instruction %zu: the other way", i);
		}
		insns[i] = kept;
	}
	assert_true(agrees(&original, &compact));
	program_done(&original);
	program_done(&compact);
}

/* --- filters by hand --- */

#define LOAD(member)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define RETURN(what)    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_##what)
#define IF(op, k, t, f) BPF_JUMP(BPF_JMP | BPF_##op | BPF_K, k, t, f)
#define COUNT(array)    (sizeof(array) / sizeof((array)[0]))
#define PROGRAM(filter) ((struct plan_program){.insns = (filter), .n_insns = COUNT(filter)})

static uint32_t *heap_answers(const struct sock_filter *insns, size_t n, const uint64_t *args,
			      size_t n_args)
{
	uint32_t *answers = calloc(n_args, sizeof(*answers));

	assert_non_null(answers);
	for (size_t i = 0; i < n_args; i++) {
		const struct seccomp_data data = {.nr = 7, .arch = 9, .args = {args[i]}};

		answers[i] = bpf_run(insns, n, &data);
	}
	return answers;
}

/* Writes it anew, and compares what both answer to these values of the first argument. */
static void assert_written_anew(const struct sock_filter *insns, size_t n, const uint64_t *args,
				size_t n_args, size_t want)
{
	auto_free struct decisions *d = malloc(sizeof(*d));
	auto_free struct sock_filter *out = malloc(BPF_MAXINSNS * sizeof(*out));
	auto_free uint32_t *before = heap_answers(insns, n, args, n_args), *after = NULL;
	size_t n_out;

	assert_non_null(d);
	assert_non_null(out);
	assert_true(decisions_read(insns, n, d));
	n_out = decisions_write(d, out);
	assert_true(n_out > 0);
	after = heap_answers(out, n_out, args, n_args);
	assert_memory_equal(before, after, n_args * sizeof(*before));
	assert_true(seccomp_agree(insns, n, out, n_out));
	assert_int_equal(n_out, want);
}

static void test_prefixes_become_ranges_and_bits_stay_questions(void **state)
{
	static const struct sock_filter prefixes[] = {
		LOAD(args[0]),
		IF(JSET, 0xffffff00, 7, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfffffff0),
		IF(JEQ, 0x50, 4, 0),
		IF(JGE, 0x73, 5, 0),
		LOAD(args[0]),
		IF(JGT, 0x60, 1, 0),
		RETURN(TRAP),
		RETURN(ALLOW),
		RETURN(KILL_PROCESS),
		RETURN(LOG)};
	static const struct sock_filter bits[] = {
		LOAD(args[0]),    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x11),
		IF(JEQ, 0, 0, 1), RETURN(ALLOW),
		LOAD(args[0]),    IF(JSET, 0x40, 0, 1),
		RETURN(LOG),      RETURN(TRAP)};
	uint64_t values[0x200];

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++)
		values[i] = i;
	/* from 0, 0x50, 0x80 and 0x100, and in the second 0x60 */
	assert_written_anew(prefixes, COUNT(prefixes), values, COUNT(values), 9);
	/* the second load goes */
	assert_written_anew(bits, COUNT(bits), values, COUNT(values), 6);
}

static void test_far_answers_are_reached(void **state)
{
	enum { CALLS = 600 };
	struct sock_filter insns[2 * CALLS + 2] = {LOAD(nr)};
	struct plan_program original = {.insns = insns, .n_insns = COUNT(insns)}, compact;

	(void)state;
	for (uint32_t i = 0; i < CALLS; i++) { /* each another answer */
		insns[1 + 2 * i] = (struct sock_filter)IF(JEQ, 3 * i, 0, 1);
		insns[2 + 2 * i] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | i);
	}
	insns[1 + 2 * CALLS] = (struct sock_filter)RETURN(ALLOW);
	compact = program_copy(&original);
	seccomp_compact(&compact);
	assert_true(agrees(&original, &compact));
	for (int nr = 0; nr < 4 * CALLS; nr++) {
		const struct seccomp_data data = {.nr = nr};

		assert_same_answer(&original, &compact, &data);
	}
	program_done(&compact);
}

static void test_what_is_not_understood_stays_as_it_is(void **state)
{
	static const struct sock_filter scratch[] = {
		LOAD(nr),         BPF_STMT(BPF_ST, 0), BPF_STMT(BPF_LD | BPF_MEM, 0),
		IF(JEQ, 1, 0, 1), RETURN(ALLOW),       RETURN(TRAP)};
	static const struct sock_filter leads_out[] = {LOAD(nr), IF(JEQ, 1, 0, 9), RETURN(ALLOW)};
	static const struct sock_filter no_end[] = {LOAD(nr)};
	static const struct sock_filter odd[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2),
						 IF(JEQ, 1, 0, 1), RETURN(ALLOW), RETURN(TRAP)};
	static const struct sock_filter outside[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64),
						     IF(JEQ, 1, 0, 1), RETURN(ALLOW), RETURN(TRAP)};
	const struct plan_program programs[] = {PROGRAM(scratch), PROGRAM(leads_out),
						PROGRAM(no_end), PROGRAM(odd), PROGRAM(outside)};

	(void)state;
	for (size_t i = 0; i < COUNT(programs); i++) {
		struct plan_program p = programs[i];

		seccomp_compact(&p); /* would free what is not on the heap */
		assert_ptr_equal(p.insns, programs[i].insns);
		assert_int_equal(p.n_insns, programs[i].n_insns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_profiles_get_shorter_filters_with_the_same_answers),
		cmocka_unit_test(test_default_profile_is_a_fifth_of_what_libseccomp_writes),
		cmocka_unit_test(test_filter_with_anything_changed_is_not_the_same),
		cmocka_unit_test(test_prefixes_become_ranges_and_bits_stay_questions),
		cmocka_unit_test(test_far_answers_are_reached),
		cmocka_unit_test(test_what_is_not_understood_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
