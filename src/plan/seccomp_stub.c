/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_stub - ENOSYS for system calls that are newer than the profile.
 *
 * A profile answers EPERM to what it does not list. A libc that tries a new system call first and
 * falls back on ENOSYS takes EPERM for the truth. So calls with numbers above the highest one that
 * the profile names get ENOSYS, in front of the filter, per architecture. Calls that the profile
 * could know and leaves out still get the profile's own answer.
 */
#include "plan/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#define X32_BIT 0x40000000u
/* Above it are only ARM's private calls; no architecture has come near from below. */
#define NUMBERS_END 0x000f0000u

void stub_write(const struct stub_range *ranges, size_t n, struct sock_filter *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct stub_range *range = &ranges[i];
		const struct sock_filter section[STUB_INSNS] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, range->arch, 0, 4),
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, range->from, 0, 2),
			BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, range->to, 1, 0),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		};

		for (size_t k = 0; k < STUB_INSNS; k++)
			*out++ = section[k];
	}
}

/* The highest number on @arch, without the x32 bit, that a rule names; -1 for none. */
static int64_t newest(const struct seccomp_api *api, const struct spec_seccomp *rules,
		      uint32_t arch)
{
	int64_t max = -1;

	for (size_t i = 0; i < rules->n_rules; i++) {
		const struct spec_list *names = &rules->rules[i].names;

		for (size_t k = 0; k < names->n; k++) {
			int64_t nr = api->syscall_resolve_name_arch(arch, names->v[k]);

			if (nr >= 0 && arch == SCMP_ARCH_X32)
				nr &= ~(int64_t)X32_BIT;
			if (nr > max && nr < NUMBERS_END) /* negative: unknown, or not there */
				max = nr;
		}
	}
	return max;
}

/* Where everything else is allowed anyway, new calls are too; a tracer is for it to judge. */
static bool default_refuses(uint32_t action)
{
	uint32_t what = action & SECCOMP_RET_ACTION_FULL;

	return what == SECCOMP_RET_ERRNO || what == SECCOMP_RET_TRAP ||
	       what == SECCOMP_RET_KILL_THREAD || what == SECCOMP_RET_KILL_PROCESS;
}

size_t stub_ranges(const struct seccomp_api *api, const struct spec_seccomp *rules,
		   const uint32_t *archs, size_t n, struct stub_range *out)
{
	size_t found = 0;

	for (size_t i = 0; i < n && default_refuses(rules->default_action); i++) {
		int64_t max = newest(api, rules, archs[i]);
		uint32_t bit = archs[i] == SCMP_ARCH_X32 ? X32_BIT : 0;

		if (max < 0)
			continue;
		out[found++] = (struct stub_range){
			.arch = bit ? (uint32_t)AUDIT_ARCH_X86_64 : archs[i],
			.from = ((uint32_t)max + 1) | bit,
			.to = NUMBERS_END | bit,
		};
	}
	return found;
}
