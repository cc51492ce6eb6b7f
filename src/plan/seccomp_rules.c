/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_rules - linux.seccomp's rules through libseccomp to instructions.
 *
 * Actions are the kernel's SECCOMP_RET_* values, which libseccomp's SCMP_ACT_* equal. The filter is
 * a binary tree. A system call by a way of an architecture that is not listed kills the process.
 */
#include "plan/seccomp.h"

#include "tinyrun/fd.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MAX_ARCHS   4
#define MAX_ARGS    6
#define BINARY_TREE 2

struct compiler {
	const struct seccomp_api *api;
	const struct spec_seccomp *rules;
	scmp_filter_ctx ctx;
	uint32_t archs[MAX_ARCHS]; /* native first */
	size_t n_archs;
};

/* --- architectures --- */

/* SCMP_ARCH_X86_64 is "x86_64" to the library. 0 when it has none such. */
static uint32_t arch_token(const struct seccomp_api *api, const char *name)
{
	static const char prefix[] = "SCMP_ARCH_";
	char lower[32];
	size_t i = 0;

	if (strncmp(name, prefix, sizeof(prefix) - 1) == 0)
		name += sizeof(prefix) - 1;
	for (; name[i] && i + 1 < sizeof(lower); i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	lower[i] = '\0';
	return name[i] ? 0 : api->arch_resolve_name(lower);
}

/* Which one kernel can run; the others would only make the filter longer. */
static const uint32_t families[][4] = {
	{SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32},
	{SCMP_ARCH_AARCH64, SCMP_ARCH_ARM},
	{SCMP_ARCH_MIPS, SCMP_ARCH_MIPS64, SCMP_ARCH_MIPS64N32},
	{SCMP_ARCH_MIPSEL, SCMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL64N32},
	{SCMP_ARCH_PPC64, SCMP_ARCH_PPC},
	{SCMP_ARCH_PPC64LE},
	{SCMP_ARCH_S390X, SCMP_ARCH_S390},
	{SCMP_ARCH_PARISC64, SCMP_ARCH_PARISC},
	{SCMP_ARCH_RISCV64},
};

#define N_FAMILIES (sizeof(families) / sizeof(families[0]))

static size_t family_of(uint32_t token)
{
	for (size_t i = 0; i < N_FAMILIES; i++)
		for (size_t k = 0; families[i][k]; k++)
			if (families[i][k] == token)
				return i;
	return N_FAMILIES;
}

static int add_arch(struct compiler *c, size_t i, struct err *e)
{
	const char *name = c->rules->archs.v[i];
	uint32_t token = arch_token(c->api, name);
	const struct scmp_version *v = c->api->version();
	int r;

	if (token == 0)
		return err_user(e,
				"architectures[%zu]: %s is not known to libseccomp "
				"%u.%u.%u",
				i, name, v->major, v->minor, v->micro);
	if (family_of(token) != family_of(c->archs[0]))
		return 0;
	r = c->api->arch_add(c->ctx, token);
	if (r == -EEXIST)
		return 0; /* the native one, or listed twice */
	if (r < 0)
		return err_num(e, -r, "architectures[%zu]: add %s", i, name);
	assert(c->n_archs < MAX_ARCHS); /* a family has fewer, and each is added once */
	c->archs[c->n_archs++] = token;
	return 0;
}

static int add_archs(struct compiler *c, struct err *e)
{
	int r = 0;

	c->archs[c->n_archs++] = c->api->arch_native();
	for (size_t i = 0; i < c->rules->archs.n && r == 0; i++)
		r = add_arch(c, i, e);
	return r;
}

/* --- rules --- */

/* A condition in the library's words; the order of the operators is the same. */
static struct scmp_arg_cmp condition(const struct spec_seccomp_arg *arg)
{
	return (struct scmp_arg_cmp){.arg = arg->index,
				     .op = (enum scmp_compare)arg->op,
				     .datum_a = arg->value,
				     .datum_b = arg->value_two};
}

static int add_conditions(struct compiler *c, const struct spec_seccomp_rule *rule, int nr,
			  const struct scmp_arg_cmp *args, unsigned n, size_t i, size_t name,
			  struct err *e)
{
	int r = c->api->rule_add_array(c->ctx, rule->action, nr, n, args);

	if (r < 0 && r != -EEXIST) /* what is there says the same */
		return err_num(e, -r, "syscalls[%zu]: add the rule for %s", i, rule->names.v[name]);
	return 0;
}

/* The library wants each argument once in a rule. */
static bool repeats_an_argument(const struct spec_seccomp_rule *rule)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->n_args; i++) {
		if (seen & 1U << rule->args[i].index)
			return true;
		seen |= 1U << rule->args[i].index;
	}
	return false;
}

static int refuse_unknown(const struct compiler *c, size_t i, size_t name, struct err *e)
{
	const struct scmp_version *v = c->api->version();

	return err_user(e,
			"linux.seccomp.syscalls[%zu].names[%zu]: libseccomp %u.%u.%u knows no "
			"system call \"%s\", and the annotation %s wants to hear of it",
			i, name, v->major, v->minor, v->micro, c->rules->rules[i].names.v[name],
			spec_annotation_text(SPEC_ANNOTATION_FAIL_UNKNOWN));
}

/*
 * One system call. All conditions of a rule have to hold; several on one argument are separate
 * rules, any of which is enough: runc reads profiles so, and profiles are written for it.
 */
static int add_call(struct compiler *c, size_t i, size_t name, struct err *e)
{
	const struct spec_seccomp_rule *rule = &c->rules->rules[i];
	int nr = c->api->syscall_resolve_name(rule->names.v[name]), r = 0;
	struct scmp_arg_cmp args[MAX_ARGS];

	if (nr == __NR_SCMP_ERROR && c->rules->fail_unknown)
		return refuse_unknown(c, i, name, e);
	if (nr == __NR_SCMP_ERROR)
		return 0; /* a profile lists calls that this library does not know yet */
	if (repeats_an_argument(rule)) {
		for (size_t k = 0; k < rule->n_args && r == 0; k++) {
			args[0] = condition(&rule->args[k]);
			r = add_conditions(c, rule, nr, args, 1, i, name, e);
		}
		return r;
	}
	for (size_t k = 0; k < rule->n_args; k++)
		args[k] = condition(&rule->args[k]);
	return add_conditions(c, rule, nr, args, (unsigned)rule->n_args, i, name, e);
}

static int add_rules(struct compiler *c, struct err *e)
{
	for (size_t i = 0; i < c->rules->n_rules; i++) {
		const struct spec_seccomp_rule *rule = &c->rules->rules[i];

		if (rule->action == c->rules->default_action)
			continue; /* the library refuses what changes nothing */
		for (size_t k = 0; k < rule->names.n; k++) {
			int r = add_call(c, i, k, e);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* --- the program --- */

static int export(struct compiler *c, char **ret, size_t *ret_len, struct err *e)
{
	auto_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(e, "make a memory file");
	r = c->api->export_bpf(c->ctx, fd);
	if (r < 0)
		return err_num(e, -r, "compile the filter");
	(void)lseek(fd, 0, SEEK_SET); /* a memory file can */
	return fd_read_all(fd, (size_t)1 << 20, "the compiled filter", ret, ret_len, e);
}

static int put_together(struct compiler *c, struct plan_program *ret, struct err *e)
{
	struct stub_range ranges[MAX_ARCHS];
	size_t n = stub_ranges(c->api, c->rules, c->archs, c->n_archs, ranges), len, count;
	auto_free char *filter = NULL;
	struct sock_filter *insns;
	int r = export(c, &filter, &len, e);

	if (r < 0)
		return r;
	count = n * STUB_INSNS + len / sizeof(*insns);
	if (count > BPF_MAXINSNS)
		return err_user(e,
				"the profile makes a filter of %zu instructions: the "
				"kernel takes at most %d",
				count, BPF_MAXINSNS);
	insns = calloc(count, sizeof(*insns));
	if (!insns)
		return err_num(e, ENOMEM, "compile the filter");
	stub_write(ranges, n, insns);
	memcpy(insns + n * STUB_INSNS, filter, len);
	ret->insns = insns;
	ret->n_insns = (uint32_t)count;
	return 0;
}

static int set_attributes(struct compiler *c, struct err *e)
{
	int r = c->api->attr_set(c->ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (r == 0)
		r = c->api->attr_set(c->ctx, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE);
	return r < 0 ? err_num(e, -r, "prepare libseccomp") : 0;
}

int seccomp_rules_compile(const struct seccomp_api *api, const struct spec_seccomp *rules,
			  struct plan_program *ret, struct err *e)
{
	struct compiler c = {.api = api, .rules = rules};
	int r;

	(void)api->api_set(
		6); /* what the kernel cannot do it says at the load; else it is probed */
	c.ctx = api->init(rules->default_action);
	if (!c.ctx)
		return err_user(e, "defaultAction: libseccomp does not take it");
	r = set_attributes(&c, e);
	if (r == 0)
		r = add_archs(&c, e);
	if (r == 0)
		r = add_rules(&c, e);
	if (r == 0)
		r = put_together(&c, ret, e);
	api->release(c.ctx);
	return r;
}
