/* SPDX-License-Identifier: Apache-2.0 */
/* bpf - runs a seccomp filter as the kernel would, on made-up system calls. */
#ifndef TEST_PLAN_BPF_H
#define TEST_PLAN_BPF_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>

#define BPF_STUCK 0xdeadbeefu /* an instruction that no filter should have, or a jump outside */

static inline uint32_t bpf_alu(uint16_t op, uint32_t a, uint32_t k)
{
	switch (op) {
	case BPF_AND:
		return a & k;
	case BPF_OR:
		return a | k;
	case BPF_ADD:
		return a + k;
	default:
		return a - k;
	}
}

static inline int bpf_true(uint16_t op, uint32_t a, uint32_t k)
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

/* The kernel's answer, SECCOMP_RET_*. */
static inline uint32_t bpf_run(const struct sock_filter *insns, size_t n,
			       const struct seccomp_data *data)
{
	uint32_t a = 0, mem[16] = {0};

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &insns[pc];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			if (BPF_MODE(i->code) == BPF_ABS)
				memcpy(&a, (const char *)data + i->k, sizeof(a));
			else
				a = BPF_MODE(i->code) == BPF_MEM ? mem[i->k & 15] : i->k;
			break;
		case BPF_ST:
			mem[i->k & 15] = a;
			break;
		case BPF_ALU:
			a = bpf_alu(BPF_OP(i->code), a, i->k);
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_JA)
				pc += i->k;
			else
				pc += bpf_true(BPF_OP(i->code), a, i->k) ? i->jt : i->jf;
			break;
		case BPF_RET:
			return BPF_RVAL(i->code) == BPF_A ? a : i->k;
		default:
			return BPF_STUCK;
		}
	}
	return BPF_STUCK;
}

#endif
