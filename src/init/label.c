/* SPDX-License-Identifier: Apache-2.0 */
/*
 * label - the AppArmor profile and the SELinux label that the program will have.
 *
 * Both take effect with the exec at the end. They are written into a procfs of our own
 * (procfs.c), since what is on the container's /proc could take the words and do nothing
 * (CVE-2019-16884). A kernel without the module in question fails the step: a label that is not in
 * force must not look as if it were.
 */
#include "init/init.h"

#include <asm/statfs.h>

#define SELINUX_MAGIC 0xf97cff8c

/* PROFILE as AppArmor wants it: "exec PROFILE". */
#define PROFILE_SIZE 512
static const char exec_word[] = "exec ";

/* Is selinuxfs where it always is? This is before the root is entered. */
static int selinux_need(struct init *in)
{
	auto_fd int fd = sys_openat(AT_FDCWD, "/sys/fs/selinux", O_PATH | O_CLOEXEC, 0);
	struct statfs fs;

	if (fd >= 0 && sys_fstatfs(fd, &fs) == 0 && (uint32_t)fs.f_type == SELINUX_MAGIC)
		return 0;
	fail_text(in, "SELinux is not enabled in this kernel");
	return -EOPNOTSUPP;
}

int step_selinux(struct init *in, const struct plan_step *s)
{
	(void)s;
	return selinux_need(in);
}

int step_selinux_label(struct init *in, const struct plan_step *s)
{
	const char *label = plan_need(in, s->text.name);
	int r = selinux_need(in);

	return r < 0 ? r : procfs_write_self(in, "attr/exec", label, strlen(label));
}

int step_apparmor(struct init *in, const struct plan_step *s)
{
	const char *profile = plan_need(in, s->text.name);
	size_t len = strlen(profile), word = sizeof(exec_word) - 1;
	char text[PROFILE_SIZE];
	int r = procfs_find_self(in, "attr/apparmor/exec");

	if (r == -ENOENT && (s->flags & PLAN_IGNORE_MISSING) != 0)
		return 0;
	if (r == -ENOENT) {
		fail_text(in, "AppArmor is not enabled in this kernel");
		return -EOPNOTSUPP;
	}
	if (r < 0 || word + len + 1 > sizeof(text))
		return r < 0 ? r : -ENAMETOOLONG;
	memcpy(text, exec_word, word);
	memcpy(text + word, profile, len + 1);
	return procfs_write_self(in, "attr/apparmor/exec", text, word + len);
}
