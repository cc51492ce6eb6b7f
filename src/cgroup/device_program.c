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
#define INSNS_FIXED  10 /* the start and both ends */
#define FULL         (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)

/* What the registers hold. */
enum { R_RESULT = BPF_REG_0, R_CTX, R_TYPE, R_PENDING, R_MAJOR, R_MINOR };

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
enum target { TO_NOWHERE, TO_NEXT_RULE, TO_ALLOW, TO_DENY };

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

static void emit_jump(struct program *p, unsigned op, unsigned reg, int32_t imm, enum target to)
{
	emit(p, BPF_JMP | op | BPF_K, reg, 0, 0, imm);
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
	emit(p, BPF_LDX | BPF_MEM | BPF_W, R_MAJOR, R_CTX,
	     offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(p, BPF_LDX | BPF_MEM | BPF_W, R_MINOR, R_CTX,
	     offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
	emit(p, BPF_ALU | BPF_MOV | BPF_X, R_PENDING, R_TYPE, 0, 0);
	emit(p, BPF_ALU | BPF_RSH | BPF_K, R_PENDING, 0, 0, 16);
	emit(p, BPF_ALU | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
}

/* What a request must have for the rule to be about it. */
struct condition {
	unsigned reg;
	int32_t value;
};

static bool is_any(const struct opt_i64 *number)
{
	return !number->set || number->value == -1;
}

static size_t conditions_of(const struct limits_device *rule, struct condition ret[3])
{
	size_t n = 0;

	if (rule->type != 'a')
		ret[n++] = (struct condition){R_TYPE, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK
									: BPF_DEVCG_DEV_CHAR};
	if (!is_any(&rule->major))
		ret[n++] = (struct condition){R_MAJOR, (int32_t)rule->major.value};
	if (!is_any(&rule->minor))
		ret[n++] = (struct condition){R_MINOR, (int32_t)rule->minor.value};
	return n;
}

static int32_t access_of(const struct limits_device *rule)
{
	return (rule->mknod ? BPF_DEVCG_ACC_MKNOD : 0) | (rule->read ? BPF_DEVCG_ACC_READ : 0) |
	       (rule->write ? BPF_DEVCG_ACC_WRITE : 0);
}

/* All that was asked is decided when the device is the rule's: the last comparison says so. */
static void emit_full(struct program *p, const struct condition *last, enum target to)
{
	if (last) {
		emit_jump(p, BPF_JEQ, last->reg, last->value, to);
	} else {
		emit_jump(p, BPF_JA, 0, 0, to);
		p->complete = true;
	}
}

static void emit_rule(struct program *p, const struct limits_device *rule)
{
	struct condition conditions[3];
	size_t n = conditions_of(rule, conditions), start = p->n;
	int32_t access = access_of(rule);
	bool full = access == FULL;

	for (size_t i = 0; i + full < n; i++)
		emit_jump(p, BPF_JNE, conditions[i].reg, conditions[i].value, TO_NEXT_RULE);
	if (full) {
		emit_full(p, n ? &conditions[n - 1] : NULL, rule->allow ? TO_ALLOW : TO_DENY);
	} else if (rule->allow) {
		emit(p, BPF_ALU | BPF_AND | BPF_K, R_PENDING, 0, 0, ~access);
		emit_jump(p, BPF_JEQ, R_PENDING, 0, TO_ALLOW);
	} else {
		emit_jump(p, BPF_JSET, R_PENDING, access, TO_DENY);
	}
	(void)land(p, start, TO_NEXT_RULE); /* none for a rule about everything */
}

static void emit_result(struct program *p, int32_t result)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, R_RESULT, 0, 0, result);
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
	for (size_t i = N_ALWAYS; i > 0 && !p.complete; i--)
		emit_rule(&p, &always[i - 1]);
	for (size_t i = n; i > 0 && !p.complete; i--)
		emit_rule(&p, &rules[i - 1]);
	emit_ends(&p);
	*ret_n = p.n;
	*ret = insns;
	insns = NULL;
	return 0;
}
