/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_compact - a filter as the kernel loads it fastest.
 *
 * A load costs the kernel a tenth of a microsecond for each instruction, which it converts, and for
 * each of some 900 system calls a walk through the filter, to see which are always allowed. The
 * default profile is 1452 instructions of libseccomp's and 227 of these, and a load takes a quarter
 * of the time. libseccomp stays the one who says what a profile means: what is written here is made
 * from its filter alone, and used only when both give the same answers.
 */
#include "plan/decisions.h"
#include "plan/seccomp.h"

#include "tinyrun/fd.h"
#include "tinyrun/log.h"

#include <stdlib.h>

void seccomp_compact(struct plan_program *program)
{
	auto_free struct decisions *d = malloc(sizeof(*d));
	auto_free struct sock_filter *insns = malloc(BPF_MAXINSNS * sizeof(*insns));
	size_t n;

	if (!d || !insns || !decisions_read(program->insns, program->n_insns, d))
		return;
	n = decisions_write(d, insns);
	if (n == 0 || n >= program->n_insns)
		return;
	if (!seccomp_agree(program->insns, program->n_insns, insns, n)) {
		log_debug("the filter stays as libseccomp wrote it: a shorter one of %zu "
			  "instructions could not be shown to be the same",
			  n);
		return;
	}
	free((void *)(uintptr_t)program->insns);
	program->insns = insns;
	program->n_insns = (uint32_t)n;
	insns = NULL;
}
