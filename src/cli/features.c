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

/* JSON with two blanks a level. */
struct writer {
	struct buf *out;
	unsigned depth;
	bool first; /* nothing stands in the innermost object or array yet */
};

static void put_line(struct writer *w)
{
	buf_add_str(w->out, w->first ? "\n" : ",\n");
	for (unsigned i = 0; i < w->depth; i++)
		buf_add_str(w->out, "  ");
	w->first = false;
}

static void put_key(struct writer *w, const char *key)
{
	put_line(w);
	buf_add_json_str(w->out, key);
	buf_add_str(w->out, ": ");
}

static void put_open(struct writer *w, const char *key, char bracket)
{
	if (key)
		put_key(w, key);
	buf_add_char(w->out, bracket);
	w->depth++;
	w->first = true;
}

static void put_close(struct writer *w, char bracket)
{
	w->depth--;
	if (!w->first) {
		w->first = true;
		put_line(w);
	}
	buf_add_char(w->out, bracket);
	w->first = false;
}

static void put_text(struct writer *w, const char *key, const char *text)
{
	put_key(w, key);
	buf_add_json_str(w->out, text);
}

static void put_flag(struct writer *w, const char *key, bool flag)
{
	put_key(w, key);
	buf_add_str(w->out, flag ? "true" : "false");
}

static void put_word(struct writer *w, const char *word)
{
	put_line(w);
	buf_add_json_str(w->out, word);
}

static void put_words(struct writer *w, const char *key, const char *const *words)
{
	put_open(w, key, '[');
	for (; *words; words++)
		put_word(w, *words);
	put_close(w, ']');
}

static void put_enabled(struct writer *w, const char *key, bool enabled)
{
	put_open(w, key, '{');
	put_flag(w, "enabled", enabled);
	put_close(w, '}');
}

static void put_namespaces(struct writer *w)
{
	put_open(w, "namespaces", '[');
	for (int i = 0; i < SPEC_NS_MAX; i++)
		put_word(w, spec_ns_name((enum spec_ns_kind)i));
	put_close(w, ']');
}

static void put_cgroup(struct writer *w)
{
	put_open(w, "cgroup", '{');
	put_flag(w, "v1", false);
	put_flag(w, "v2", true);
	put_flag(w, "systemd", SYSTEMD_CGROUPS);
	put_flag(w, "systemdUser", SYSTEMD_CGROUPS);
	put_flag(w, "rdma", true);
	put_close(w, '}');
}

static void put_seccomp(struct writer *w)
{
	put_open(w, "seccomp", '{');
	put_flag(w, "enabled", true);
	put_words(w, "actions", features_seccomp_actions);
	put_words(w, "operators", features_seccomp_operators);
	put_words(w, "archs", features_seccomp_archs);
	put_words(w, "knownFlags", features_seccomp_flags);
	put_words(w, "supportedFlags", features_seccomp_flags);
	put_close(w, '}');
}

static void put_linux(struct writer *w)
{
	put_open(w, "linux", '{');
	put_namespaces(w);
	put_words(w, "capabilities", spec_capability_names());
	put_cgroup(w);
	put_seccomp(w);
	put_enabled(w, "apparmor", true);
	put_enabled(w, "selinux", true);
	put_open(w, "intelRdt", '{');
	put_flag(w, "enabled", true);
	put_flag(w, "schemata", true);
	put_flag(w, "monitoring", true);
	put_close(w, '}');
	put_open(w, "memoryPolicy", '{');
	put_words(w, "modes", spec_memory_mode_names());
	put_words(w, "flags", spec_memory_flag_names());
	put_close(w, '}');
	put_open(w, "mountExtensions", '{');
	put_enabled(w, "idmap", true);
	put_close(w, '}');
	put_enabled(w, "netDevices", true);
	put_close(w, '}');
}

/* runc's key for checkpoints is the one that clients look for, whoever the runtime is. */
static void put_annotations(struct writer *w)
{
	const char *seccomp = plan_seccomp_library();

	put_open(w, "annotations", '{');
	put_text(w, "org.tinyrun.version", TINYRUN_VERSION);
	put_text(w, "org.tinyrun.commit", TINYRUN_COMMIT);
	put_text(w, "org.opencontainers.runc.checkpoint.enabled", "true");
	if (seccomp)
		put_text(w, "io.github.seccomp.libseccomp.version", seccomp);
	put_close(w, '}');
}

void features_print(struct buf *out)
{
	struct writer w = {.out = out};

	put_open(&w, NULL, '{');
	put_text(&w, "ociVersionMin", "1.0.0");
	put_text(&w, "ociVersionMax", SPEC_VERSION);
	put_open(&w, "hooks", '[');
	for (int i = 0; i < SPEC_HOOK_MAX; i++)
		put_word(&w, spec_hook_name((enum spec_hook_kind)i));
	put_close(&w, ']');
	put_words(&w, "mountOptions", spec_mount_option_names());
	put_linux(&w);
	put_annotations(&w);
	put_open(&w, "potentiallyUnsafeConfigAnnotations", '[');
	for (int i = 0; i < SPEC_ANNOTATION_MAX; i++)
		put_word(&w, spec_annotation_text((enum spec_annotation_name)i));
	put_close(&w, ']');
	put_close(&w, '}');
	buf_add_char(out, '\n');
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
