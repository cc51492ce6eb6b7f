/* SPDX-License-Identifier: Apache-2.0 */
/* words - flags of mounts and namespaces as config.json spells them. */
#include "plan/words.h"

#include "tinyrun/spec.h"

#include <linux/mount.h>

struct word {
	uint64_t flag;
	const char *set, *cleared;
};

static const struct word mount_words[] = {
	{MS_RDONLY, "ro", NULL},
	{MS_NOSUID, "nosuid", NULL},
	{MS_NODEV, "nodev", NULL},
	{MS_NOEXEC, "noexec", NULL},
	{MS_SYNCHRONOUS, "sync", NULL},
	{MS_DIRSYNC, "dirsync", NULL},
	{MS_MANDLOCK, "mand", NULL},
	{MS_NOATIME, "noatime", NULL},
	{MS_NODIRATIME, "nodiratime", NULL},
	{MS_RELATIME, "relatime", NULL},
	{MS_STRICTATIME, "strictatime", NULL},
	{MS_LAZYTIME, "lazytime", NULL},
	{MS_I_VERSION, "iversion", NULL},
	{MS_SILENT, "silent", NULL},
	{256 /* MS_NOSYMFOLLOW, 5.10 */, "nosymfollow", NULL},
	{0, NULL, NULL},
};

/* In the recursive form first, since the plain one is the same without its first letter. */
static const struct word attr_words[] = {
	{MOUNT_ATTR_RDONLY, "rro", "rrw"},
	{MOUNT_ATTR_NOSUID, "rnosuid", "rsuid"},
	{MOUNT_ATTR_NODEV, "rnodev", "rdev"},
	{MOUNT_ATTR_NOEXEC, "rnoexec", "rexec"},
	{MOUNT_ATTR_NODIRATIME, "rnodiratime", "rdiratime"},
	{0x200000 /* MOUNT_ATTR_NOSYMFOLLOW, 5.14 */, "rnosymfollow", "rsymfollow"},
	{0, NULL, NULL},
};

static const struct word propagation_words[] = {
	{MS_SHARED, "rshared", NULL},
	{MS_SLAVE, "rslave", NULL},
	{MS_PRIVATE, "rprivate", NULL},
	{MS_UNBINDABLE, "runbindable", NULL},
	{0, NULL, NULL},
};

void words_add(struct words *w, const char *word)
{
	if (!*word)
		return;
	buf_add_str(w->out, w->open ? ", " : " (");
	buf_add_str(w->out, word);
	w->open = true;
}

void words_end(struct words *w)
{
	if (w->open)
		buf_add_char(w->out, ')');
	w->open = false;
}

void words_mount_flags(struct words *w, uint64_t ms_flags)
{
	for (const struct word *word = mount_words; word->flag; word++)
		if (ms_flags & word->flag)
			words_add(w, word->set);
}

/* The access time modes are one field: it is cleared whole, then set. */
static const char *atime_word(uint64_t set, uint64_t clr)
{
	if ((clr & MOUNT_ATTR__ATIME) != MOUNT_ATTR__ATIME)
		return "";
	switch (set & MOUNT_ATTR__ATIME) {
	case MOUNT_ATTR_NOATIME:
		return "rnoatime";
	case MOUNT_ATTR_STRICTATIME:
		return "rstrictatime";
	default:
		return "rrelatime";
	}
}

void words_attributes(struct words *w, uint64_t set, uint64_t clr, bool recursive)
{
	const char *atime = atime_word(set, clr);
	unsigned skip = recursive ? 0 : 1;

	for (const struct word *word = attr_words; word->flag; word++) {
		if (set & word->flag)
			words_add(w, word->set + skip);
		else if (clr & word->flag)
			words_add(w, word->cleared + skip);
	}
	if (*atime)
		words_add(w, atime + skip);
}

const char *words_propagation(uint64_t ms)
{
	for (const struct word *word = propagation_words; word->flag; word++)
		if (ms & word->flag)
			return ms & MS_REC ? word->set : word->set + 1;
	return "";
}

void words_namespaces(struct buf *out, uint64_t flags)
{
	const char *gap = "";

	for (unsigned i = 0; i < SPEC_NS_MAX; i++) {
		enum spec_ns_kind kind = (enum spec_ns_kind)i;

		if (!(flags & spec_ns_flag(kind)))
			continue;
		buf_addf(out, "%s%s", gap, spec_ns_name(kind));
		gap = " ";
	}
}
