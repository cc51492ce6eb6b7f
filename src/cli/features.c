/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features - prints what this version of the program can do, as the specification's features JSON.
 *
 * These are facts of the build, not of the host. Every name that is listed is accepted in a
 * config.json: the words come from spec/ where it has them, and a test gives the others to it.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "cli/cli.h"
#include "cli/features.h"
#include "cli/version.h"

#include "tinyrun/plan.h"
#include "tinyrun/spec.h"

static const struct opt features_opts[] = {OPT_END};

const char *const features_seccomp_actions[] = {
	"SCMP_ACT_ALLOW",       "SCMP_ACT_ERRNO",
	"SCMP_ACT_KILL",        "SCMP_ACT_KILL_PROCESS",
	"SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
	"SCMP_ACT_NOTIFY",      "SCMP_ACT_TRACE",
	"SCMP_ACT_TRAP",        NULL,
};

const char *const features_seccomp_operators[] = {
	"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",        "SCMP_CMP_LE",
	"SCMP_CMP_LT", "SCMP_CMP_NE", "SCMP_CMP_MASKED_EQ", NULL,
};

/* What the oldest libseccomp knows that this program is built with, 2.5. */
const char *const features_seccomp_archs[] = {
	"SCMP_ARCH_AARCH64",   "SCMP_ARCH_ARM",      "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",
	"SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",   "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32",
	"SCMP_ARCH_PARISC",    "SCMP_ARCH_PARISC64", "SCMP_ARCH_PPC",      "SCMP_ARCH_PPC64",
	"SCMP_ARCH_PPC64LE",   "SCMP_ARCH_RISCV64",  "SCMP_ARCH_S390",     "SCMP_ARCH_S390X",
	"SCMP_ARCH_X32",       "SCMP_ARCH_X86",      "SCMP_ARCH_X86_64",   NULL,
};

const char *const features_seccomp_flags[] = {
	"SECCOMP_FILTER_FLAG_TSYNC",
	"SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
	NULL,
};

/* A member of the document, or the bracket that ends one. */
struct member {
	enum member_kind { MEMBER_TEXT, MEMBER_FLAG, MEMBER_WORDS, MEMBER_OBJECT, MEMBER_END } kind;
	const char *key;
	const char *text; /* NULL: the member is left out */
	bool flag;
	const char *const *words;
};

#define TEXT(name, value) ((struct member){.kind = MEMBER_TEXT, .key = name, .text = (value)})
#define FLAG(name, value) ((struct member){.kind = MEMBER_FLAG, .key = name, .flag = (value)})
#define WORDS(name, list) ((struct member){.kind = MEMBER_WORDS, .key = name, .words = (list)})
#define OBJECT(name)      ((struct member){.kind = MEMBER_OBJECT, .key = name})
#define END               ((struct member){.kind = MEMBER_END})
#define ENABLED(name)     OBJECT(name), FLAG("enabled", true), END

static void put_line(struct buf *out, bool *first, unsigned depth)
{
	buf_add_str(out, *first ? "\n" : ",\n");
	for (unsigned i = 0; i < depth; i++)
		buf_add_str(out, "  ");
	*first = false;
}

static void put_words(struct buf *out, const char *const *words, unsigned depth)
{
	bool first = true;

	buf_add_char(out, '[');
	for (; *words; words++) {
		put_line(out, &first, depth + 1);
		buf_add_json_str(out, *words);
	}
	first = true; /* no comma before a bracket */
	put_line(out, &first, depth);
	buf_add_char(out, ']');
}

static void put_value(struct buf *out, const struct member *m, unsigned depth)
{
	switch (m->kind) {
	case MEMBER_TEXT:
		buf_add_json_str(out, m->text);
		break;
	case MEMBER_FLAG:
		buf_add_str(out, m->flag ? "true" : "false");
		break;
	case MEMBER_WORDS:
		put_words(out, m->words, depth);
		break;
	case MEMBER_OBJECT:
		buf_add_char(out, '{');
		break;
	case MEMBER_END:
		buf_add_char(out, '}');
		break;
	}
}

/* JSON with two blanks a level; every object and every list has something in it. */
static void put_members(struct buf *out, const struct member *members, size_t n)
{
	unsigned depth = 1;
	bool first = true; /* no comma before it: behind a bracket, or a bracket itself */

	buf_add_char(out, '{');
	for (size_t i = 0; i < n; i++) {
		const struct member *m = &members[i];

		if (m->kind == MEMBER_TEXT && !m->text)
			continue;
		first = first || m->kind == MEMBER_END;
		depth -= m->kind == MEMBER_END;
		put_line(out, &first, depth);
		if (m->key) {
			buf_add_json_str(out, m->key);
			buf_add_str(out, ": ");
		}
		put_value(out, m, depth);
		first = m->kind == MEMBER_OBJECT;
		depth += m->kind == MEMBER_OBJECT;
	}
	buf_add_str(out, "\n}\n");
}

/* In the order of the specification's features.md and features-linux.md. */
void features_print(struct buf *out)
{
	const char *namespaces[SPEC_NS_MAX + 1] = {NULL}, *hooks[SPEC_HOOK_MAX + 1] = {NULL};
	const char *annotations[SPEC_ANNOTATION_MAX + 1] = {NULL};
	const struct member members[] = {
		TEXT("ociVersionMin", "1.0.0"),
		TEXT("ociVersionMax", SPEC_VERSION),
		WORDS("hooks", hooks),
		WORDS("mountOptions", spec_mount_option_names()),
		OBJECT("linux"),
		WORDS("namespaces", namespaces),
		WORDS("capabilities", spec_capability_names()),
		OBJECT("cgroup"),
		FLAG("v1", false),
		FLAG("v2", true),
		FLAG("systemd", SYSTEMD_CGROUPS),
		FLAG("systemdUser", SYSTEMD_CGROUPS),
		FLAG("rdma", true),
		END,
		OBJECT("seccomp"),
		FLAG("enabled", true),
		WORDS("actions", features_seccomp_actions),
		WORDS("operators", features_seccomp_operators),
		WORDS("archs", features_seccomp_archs),
		WORDS("knownFlags", features_seccomp_flags),
		WORDS("supportedFlags", features_seccomp_flags),
		END,
		ENABLED("apparmor"),
		ENABLED("selinux"),
		OBJECT("intelRdt"),
		FLAG("enabled", true),
		FLAG("schemata", true),
		FLAG("monitoring", true),
		END,
		OBJECT("memoryPolicy"),
		WORDS("modes", spec_memory_mode_names()),
		WORDS("flags", spec_memory_flag_names()),
		END,
		OBJECT("mountExtensions"),
		ENABLED("idmap"),
		END,
		ENABLED("netDevices"),
		END,
		OBJECT("annotations"),
		TEXT("org.tinyrun.version", TINYRUN_VERSION),
		TEXT("org.tinyrun.commit", TINYRUN_COMMIT),
		/* runc's key is the one that clients look for, whoever the runtime is */
		TEXT("org.opencontainers.runc.checkpoint.enabled", "true"),
		TEXT("io.github.seccomp.libseccomp.version", plan_seccomp_library()),
		END,
		WORDS("potentiallyUnsafeConfigAnnotations", annotations),
	};

	for (int i = 0; i < SPEC_NS_MAX; i++)
		namespaces[i] = spec_ns_name((enum spec_ns_kind)i);
	for (int i = 0; i < SPEC_HOOK_MAX; i++)
		hooks[i] = spec_hook_name((enum spec_hook_kind)i);
	for (int i = 0; i < SPEC_ANNOTATION_MAX; i++)
		annotations[i] = spec_annotation_text((enum spec_annotation_name)i);
	put_members(out, members, sizeof(members) / sizeof(members[0]));
}

static int features_run(struct cli *cli, struct err *e)
{
	auto_buf struct buf out = BUF_INIT;
	int r = cli_parse(cli, NULL, e);

	if (r)
		return r;
	features_print(&out);
	return cli_output(&out, e);
}

const struct verb verb_features = {
	.name = "features",
	.args = "",
	.help = "print what this version can do, as JSON",
	.opts = features_opts,
	.min = 0,
	.max = 0,
	.run = features_run,
};
