/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any instructions as a filter: read into decisions and written anew it answers the same. The files
 * are here themselves, since the rest of their module takes libseccomp.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../src/plan/decisions.c"
#include "../../src/plan/decisions_write.c"
#include "../unit/plan/bpf.h"

#define INSNS_MAX 96

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Four bytes an instruction, so that most of them are such as there can be. */
static struct sock_filter decode(const uint8_t *from, size_t left)
{
	static const uint16_t codes[] = {
		BPF_LD | BPF_W | BPF_ABS,   BPF_ALU | BPF_AND | BPF_K, BPF_JMP | BPF_JA,
		BPF_JMP | BPF_JEQ | BPF_K,  BPF_JMP | BPF_JGT | BPF_K, BPF_JMP | BPF_JGE | BPF_K,
		BPF_JMP | BPF_JSET | BPF_K, BPF_RET | BPF_K,           BPF_ST,
		BPF_JMP | BPF_JEQ | BPF_K,  BPF_LD | BPF_W | BPF_ABS,  BPF_RET | BPF_K};
	const uint32_t ks[] = {from[3], (uint32_t)from[3] << 24, ~(uint32_t)from[3],
			       0x40000000U | from[3]};
	struct sock_filter insn = {.code = codes[from[0] % 12],
				   .k = ks[(from[0] >> 4) % 4],
				   .jt = from[1] % 16,
				   .jf = from[2] % 16};

	if (insn.code == (BPF_LD | BPF_W | BPF_ABS))
		insn.k = from[3] % 17 * 4;
	if (insn.code == (BPF_JMP | BPF_JA))
		insn.k = from[3] % 32;
	return left > 1 ? insn : (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, from[3]);
}

static void compare_answers(const struct sock_filter *a, size_t n_a, const struct sock_filter *b,
			    size_t n_b)
{
	uint32_t words[WORDS] = {0}, chance = 1;
	struct seccomp_data data;

	for (unsigned i = 0; i < 2000; i++) {
		chance = chance * 1664525 + 1013904223;
		words[chance >> 28] = a[(chance >> 8) % n_a].k + chance % 5 - 2;
		memcpy(&data, words, sizeof(data));
		if (bpf_run(a, n_a, &data) != bpf_run(b, n_b, &data))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decisions d;
	static struct sock_filter out[BPF_MAXINSNS];
	struct sock_filter insns[INSNS_MAX];
	size_t n = size / 4 < INSNS_MAX ? size / 4 : INSNS_MAX, n_out;

	for (size_t i = 0; i < n; i++)
		insns[i] = decode(data + 4 * i, n - i);
	if (n == 0 || !decisions_read(insns, n, &d))
		return 0;
	n_out = decisions_write(&d, out);
	if (n_out > 0)
		compare_answers(insns, n, out, n_out);
	return 0;
}
