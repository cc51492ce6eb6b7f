/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_program - which device nodes a container may use, as a BPF program. Pure.
 *
 * Every access (read, write, mknod) of a request is judged by itself: by the last rule that
 * matches the device and names that access, and is refused where no rule does. So "deny w" holds
 * for somebody who asks for read and write at once. The program goes through the rules from the
 * last to the first with the accesses still to be judged in a register: a deny rule that names one
 * of them ends it, an allow rule takes its own out, and when none is left the request is granted.
 *
 * Behind the rules of config.json stands what every container may use, so it wins. Without any
 * rule everything else is refused, as runc does it: a configuration that forgets them gives no
 * disks away. Type 'a' means both kinds, with the numbers and accesses of the rule.
 *
 * Loading costs what the verifier has to look at, and that is paths more than instructions. So
 * major and minor are one number, which one jump compares; the kind is asked once for neighbours of
 * the same; and what a comparison teaches the verifier does not outlive the rule.
 */
#include "tinyrun/cgroup.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdlib.h>

#include "cgroup/internal.h"
#include "tinyrun/fd.h"

#define INSNS_MAX    30000 /* a jump reaches 32767 instructions */
#define INSNS_A_RULE 5
#define INSNS_FIXED  13 /* the start and both ends */
#define MINOR_BITS   20 /* dev_t inside of the kernel: 12 bits of major, 20 of minor */
#define MAJOR_MAX    4095
#define MINOR_MAX    ((1 << MINOR_BITS) - 1)
#define FULL         (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)

/* What the registers hold. */
enum { R_RESULT = BPF_REG_0, R_CTX, R_TYPE, R_PENDING, R_DEVICE, R_SCRATCH };

/* Numbers of Documentation/admin-guide/devices.txt; a minor of -1 is any. */
#define CHAR_DEVICE(x, y)                                                               \
	{                                                                               \
		.allow = true, .type = 'c', .major = {true, (x)}, .minor = {true, (y)}, \
		.read = true, .write = true, .mknod = true                              \
	}
static const struct limits_device always[] = {
	{.allow = true, .type = 'a', .mknod = true}, /* a node alone opens nothing */
	CHAR_DEVICE(1, 3),                           /* null */
	CHAR_DEVICE(1, 5),                           /* zero */
	CHAR_DEVICE(1, 7),                           /* full */
	CHAR_DEVICE(1, 8),                           /* random */
	CHAR_DEVICE(1, 9),                           /* urandom */
	CHAR_DEVICE(5, 0),                           /* tty */
	CHAR_DEVICE(5, 2),                           /* ptmx */
	CHAR_DEVICE(136, -1),                        /* pts/N */
	CHAR_DEVICE(10, 200),                        /* net/tun */
};

#define N_ALWAYS (sizeof(always) / sizeof(*always))

/* Where a jump goes to; the distance is put in when that place is reached. */
enum target { TO_NOWHERE, TO_NEXT_RULE, TO_NEXT_TYPE, TO_ALLOW, TO_DENY };

struct program {
	struct bpf_insn *insns;
	unsigned char *targets; /* enum target, one an instruction */
	size_t n;
	bool complete; /* no instruction behind the last one is ever reached from it */
};

static void emit(struct program *p, unsigned code, unsigned dst, unsigned src, size_t off,
		 int32_t imm)
{
	p->targets[p->n] = TO_NOWHERE;
	p->insns[p->n++] = (struct bpf_insn){.code = (__u8)code,
					     .dst_reg = (__u8)(dst & 15),
					     .src_reg = (__u8)(src & 15),
					     .off = (__s16)off,
					     .imm = imm};
}

static void emit_jump(struct program *p, unsigned code, unsigned reg, int32_t imm, enum target to)
{
	emit(p, code | BPF_K, reg, 0, 0, imm);
	p->targets[p->n - 1] = (unsigned char)to;
}

/* This is the place @target: true when a jump from @from on comes here. */
static bool land(struct program *p, size_t from, enum target target)
{
	bool any = false;

	for (size_t i = from; i < p->n; i++) {
		if (p->targets[i] != target)
			continue;
		p->insns[i].off = (__s16)(p->n - i - 1);
		p->targets[i] = TO_NOWHERE;
		any = true;
	}
	return any;
}

/* The kernel's request: the low half of access_type is the kind, the high half the accesses. */
static void emit_start(struct program *p)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, R_TYPE, R_CTX,
	     offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	emit(p, BPF_LDX | BPF_MEM | BPF_W, R_DEVICE, R_CTX,
	     offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(p, BPF_LDX | BPF_MEM | BPF_W, R_SCRATCH, R_CTX,
	     offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
	emit(p, BPF_ALU | BPF_MOV | BPF_X, R_PENDING, R_TYPE, 0, 0);
	emit(p, BPF_ALU | BPF_RSH | BPF_K, R_PENDING, 0, 0, 16);
	emit(p, BPF_ALU | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
	emit(p, BPF_ALU | BPF_LSH | BPF_K, R_DEVICE, 0, 0, MINOR_BITS);
	emit(p, BPF_ALU | BPF_OR | BPF_X, R_DEVICE, R_SCRATCH, 0, 0);
}

static bool is_any(const struct opt_i64 *number)
{
	return !number->set || number->value == -1;
}

static int32_t access_of(const struct limits_device *rule)
{
	return (rule->mknod ? BPF_DEVCG_ACC_MKNOD : 0) | (rule->read ? BPF_DEVCG_ACC_READ : 0) |
	       (rule->write ? BPF_DEVCG_ACC_WRITE : 0);
}

/* Which bits of R_DEVICE the rule compares, and with what. */
struct pattern {
	uint32_t mask, value;
};

static struct pattern pattern_of(const struct limits_device *rule)
{
	struct pattern pattern = {.mask = 0};

	if (!is_any(&rule->major)) {
		pattern.mask |= (uint32_t)MAJOR_MAX << MINOR_BITS;
		pattern.value |= (uint32_t)rule->major.value << MINOR_BITS;
	}
	if (!is_any(&rule->minor)) {
		pattern.mask |= MINOR_MAX;
		pattern.value |= (uint32_t)rule->minor.value;
	}
	return pattern;
}

/* There is no such device, so nobody can ask for it. */
static bool is_void(const struct limits_device *rule)
{
	return (rule->major.set && rule->major.value > MAJOR_MAX) ||
	       (rule->minor.set && rule->minor.value > MINOR_MAX);
}

/* A jump to @to when the device is (BPF_JEQ) or is not (BPF_JNE) the rule's. */
static void emit_compare(struct program *p, struct pattern pattern, unsigned op, enum target to)
{
	unsigned reg = R_DEVICE;

	if (pattern.mask != UINT32_MAX) {
		reg = R_SCRATCH;
		emit(p, BPF_ALU | BPF_MOV | BPF_X, reg, R_DEVICE, 0, 0);
		emit(p, BPF_ALU | BPF_AND | BPF_K, reg, 0, 0, (int32_t)pattern.mask);
	}
	emit_jump(p, BPF_JMP32 | op, reg, (int32_t)pattern.value, to);
}

/* Returns true when the rule is about every device of its type, and every access: the last word. */
static bool emit_rule(struct program *p, const struct limits_device *rule)
{
	struct pattern pattern = pattern_of(rule);
	int32_t access = access_of(rule);
	size_t start = p->n;

	if (access == FULL) {
		enum target to = rule->allow ? TO_ALLOW : TO_DENY;

		if (pattern.mask)
			emit_compare(p, pattern, BPF_JEQ, to);
		else
			emit_jump(p, BPF_JMP | BPF_JA, 0, 0, to);
		return pattern.mask == 0;
	}
	if (pattern.mask)
		emit_compare(p, pattern, BPF_JNE, TO_NEXT_RULE);
	if (rule->allow) {
		emit(p, BPF_ALU | BPF_AND | BPF_K, R_PENDING, 0, 0, ~access);
		emit_jump(p, BPF_JMP32 | BPF_JEQ, R_PENDING, 0, TO_ALLOW);
	} else {
		emit_jump(p, BPF_JMP32 | BPF_JSET, R_PENDING, access, TO_DENY);
	}
	(void)land(p, start, TO_NEXT_RULE); /* none for a rule about every device */
	return false;
}

/* The rules from the last to the first. The kind is compared once for each run of the same. */
static void emit_rules(struct program *p, const struct limits_device *rules, size_t n)
{
	while (n > 0 && !p->complete) {
		char type = rules[n - 1].type;
		size_t start = p->n;
		bool decided = false;

		if (type != 'a')
			emit_jump(p, BPF_JMP32 | BPF_JNE, R_TYPE,
				  type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR,
				  TO_NEXT_TYPE);
		for (; n > 0 && rules[n - 1].type == type; n--)
			if (!decided && !is_void(&rules[n - 1]))
				decided = emit_rule(p, &rules[n - 1]);
		(void)land(p, start, TO_NEXT_TYPE); /* none for type a */
		p->complete = decided && type == 'a';
	}
}

static void emit_result(struct program *p, int32_t result)
{
	emit(p, BPF_ALU | BPF_MOV | BPF_K, R_RESULT, 0, 0, result);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* The verifier refuses instructions that nothing reaches. */
static void emit_ends(struct program *p)
{
	if (land(p, 0, TO_DENY) || !p->complete)
		emit_result(p, 0);
	if (land(p, 0, TO_ALLOW))
		emit_result(p, 1);
}

static int check_number(const struct opt_i64 *number, size_t i, const char *name, struct err *e)
{
	if (!number->set || (number->value >= -1 && number->value <= INT32_MAX))
		return 0;
	return err_user(e, "linux.resources.devices[%zu].%s: found %" PRId64 ", want -1 to %d", i,
			name, number->value, INT32_MAX);
}

static int check_rule(const struct limits_device *rule, size_t i, struct err *e)
{
	int r = check_number(&rule->major, i, "major", e);

	if (r == 0)
		r = check_number(&rule->minor, i, "minor", e);
	if (r == 0 && rule->type != 'a' && rule->type != 'b' && rule->type != 'c')
		r = err_user(e, "linux.resources.devices[%zu].type: want a, b or c", i);
	if (r == 0 && access_of(rule) == 0)
		r = err_user(e, "linux.resources.devices[%zu].access: want some of rwm", i);
	return r;
}

int cgroup_device_program(const struct limits_device *rules, size_t n, struct bpf_insn **ret,
			  size_t *ret_n, struct err *e)
{
	auto_free struct bpf_insn *insns = NULL;
	auto_free unsigned char *targets = NULL;
	struct program p = {.n = 0};
	size_t size = (n + N_ALWAYS) * INSNS_A_RULE + INSNS_FIXED;

	if (n > (INSNS_MAX - INSNS_FIXED) / INSNS_A_RULE - N_ALWAYS)
		return err_user(e, "linux.resources.devices: %zu rules are too many", n);
	for (size_t i = 0; i < n; i++) {
		int r = check_rule(&rules[i], i, e);

		if (r < 0)
			return r;
	}
	p.insns = insns = calloc(size, sizeof(*insns));
	p.targets = targets = calloc(size, 1);
	if (!insns || !targets)
		return err_num(e, ENOMEM, "make the device filter");
	emit_start(&p);
	emit_rules(&p, always, N_ALWAYS);
	emit_rules(&p, rules, n);
	emit_ends(&p);
	*ret_n = p.n;
	*ret = insns;
	insns = NULL;
	return 0;
}
