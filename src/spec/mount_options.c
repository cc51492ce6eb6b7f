/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_options - the words of mounts[].options that are not the file system's own.
 *
 * One list holds them all: a word, what it does, the MS_* flag of mount(2) and the MOUNT_ATTR_* of
 * mount_setattr(2) that it does it with. A later word overrides an earlier one, so each is applied
 * to both forms at once and the plan takes whichever suits the mount.
 *
 * The access time modes are one field of the attributes and not flags (MOUNT_ATTR__ATIME), so to
 * set any of them is to clear the field first; giving one up leaves the kernel's default, relatime.
 */
#include "spec/internal.h"

#include <string.h>
#include <sys/mount.h>

#include "tinyrun/str.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW /* older C libraries leave them to the kernel's header */
#include <linux/mount.h>
#endif
#ifndef MS_SILENT
#define MS_SILENT 32768
#endif

enum option_kind {
	OPTION_NOTHING,
	OPTION_SET,
	OPTION_CLEAR,
	OPTION_ATIME, /* an access time mode */
	OPTION_ATIME_OFF,
	OPTION_REC_SET, /* the same for this mount and all below it */
	OPTION_REC_CLEAR,
	OPTION_REC_ATIME,
	OPTION_REC_ATIME_OFF,
	OPTION_PROPAGATION,
	OPTION_BIND,
	OPTION_RBIND,
	OPTION_REMOUNT,
	OPTION_COPY_UP,
	OPTION_IDMAP,
	OPTION_RIDMAP,
	OPTION_COPY_SYMLINK,
	OPTION_SRC_NOFOLLOW,
	OPTION_DEST_NOFOLLOW
};

/* X(word, kind, MS_* flag, MOUNT_ATTR_* flag) */
#define MOUNT_OPTIONS(X)                                                      \
	X("async", CLEAR, MS_SYNCHRONOUS, 0)                                  \
	X("atime", ATIME_OFF, MS_NOATIME, MOUNT_ATTR_NOATIME)                 \
	X("bind", BIND, 0, 0)                                                 \
	X("copy-symlink", COPY_SYMLINK, 0, 0)                                 \
	X("defaults", NOTHING, 0, 0)                                          \
	X("dest-nofollow", DEST_NOFOLLOW, 0, 0)                               \
	X("dev", CLEAR, MS_NODEV, MOUNT_ATTR_NODEV)                           \
	X("diratime", CLEAR, MS_NODIRATIME, MOUNT_ATTR_NODIRATIME)            \
	X("dirsync", SET, MS_DIRSYNC, 0)                                      \
	X("exec", CLEAR, MS_NOEXEC, MOUNT_ATTR_NOEXEC)                        \
	X("idmap", IDMAP, 0, 0)                                               \
	X("iversion", SET, MS_I_VERSION, 0)                                   \
	X("lazytime", SET, MS_LAZYTIME, 0)                                    \
	X("loud", CLEAR, MS_SILENT, 0)                                        \
	X("mand", SET, MS_MANDLOCK, 0)                                        \
	X("noatime", ATIME, MS_NOATIME, MOUNT_ATTR_NOATIME)                   \
	X("nodev", SET, MS_NODEV, MOUNT_ATTR_NODEV)                           \
	X("nodiratime", SET, MS_NODIRATIME, MOUNT_ATTR_NODIRATIME)            \
	X("noexec", SET, MS_NOEXEC, MOUNT_ATTR_NOEXEC)                        \
	X("noiversion", CLEAR, MS_I_VERSION, 0)                               \
	X("nolazytime", CLEAR, MS_LAZYTIME, 0)                                \
	X("nomand", CLEAR, MS_MANDLOCK, 0)                                    \
	X("norelatime", ATIME_OFF, MS_RELATIME, MOUNT_ATTR_RELATIME)          \
	X("nostrictatime", ATIME_OFF, MS_STRICTATIME, MOUNT_ATTR_STRICTATIME) \
	X("nosuid", SET, MS_NOSUID, MOUNT_ATTR_NOSUID)                        \
	X("nosymfollow", SET, MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW)         \
	X("private", PROPAGATION, MS_PRIVATE, 0)                              \
	X("ratime", REC_ATIME_OFF, 0, MOUNT_ATTR_NOATIME)                     \
	X("rbind", RBIND, 0, 0)                                               \
	X("rdev", REC_CLEAR, 0, MOUNT_ATTR_NODEV)                             \
	X("rdiratime", REC_CLEAR, 0, MOUNT_ATTR_NODIRATIME)                   \
	X("relatime", ATIME, MS_RELATIME, MOUNT_ATTR_RELATIME)                \
	X("remount", REMOUNT, 0, 0)                                           \
	X("rexec", REC_CLEAR, 0, MOUNT_ATTR_NOEXEC)                           \
	X("ridmap", RIDMAP, 0, 0)                                             \
	X("rnoatime", REC_ATIME, 0, MOUNT_ATTR_NOATIME)                       \
	X("rnodev", REC_SET, 0, MOUNT_ATTR_NODEV)                             \
	X("rnodiratime", REC_SET, 0, MOUNT_ATTR_NODIRATIME)                   \
	X("rnoexec", REC_SET, 0, MOUNT_ATTR_NOEXEC)                           \
	X("rnorelatime", REC_ATIME_OFF, 0, MOUNT_ATTR_RELATIME)               \
	X("rnostrictatime", REC_ATIME_OFF, 0, MOUNT_ATTR_STRICTATIME)         \
	X("rnosuid", REC_SET, 0, MOUNT_ATTR_NOSUID)                           \
	X("rnosymfollow", REC_SET, 0, MOUNT_ATTR_NOSYMFOLLOW)                 \
	X("ro", SET, MS_RDONLY, MOUNT_ATTR_RDONLY)                            \
	X("rprivate", PROPAGATION, MS_PRIVATE | MS_REC, 0)                    \
	X("rrelatime", REC_ATIME, 0, MOUNT_ATTR_RELATIME)                     \
	X("rro", REC_SET, 0, MOUNT_ATTR_RDONLY)                               \
	X("rrw", REC_CLEAR, 0, MOUNT_ATTR_RDONLY)                             \
	X("rshared", PROPAGATION, MS_SHARED | MS_REC, 0)                      \
	X("rslave", PROPAGATION, MS_SLAVE | MS_REC, 0)                        \
	X("rstrictatime", REC_ATIME, 0, MOUNT_ATTR_STRICTATIME)               \
	X("rsuid", REC_CLEAR, 0, MOUNT_ATTR_NOSUID)                           \
	X("rsymfollow", REC_CLEAR, 0, MOUNT_ATTR_NOSYMFOLLOW)                 \
	X("runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC, 0)              \
	X("rw", CLEAR, MS_RDONLY, MOUNT_ATTR_RDONLY)                          \
	X("shared", PROPAGATION, MS_SHARED, 0)                                \
	X("silent", SET, MS_SILENT, 0)                                        \
	X("slave", PROPAGATION, MS_SLAVE, 0)                                  \
	X("src-nofollow", SRC_NOFOLLOW, 0, 0)                                 \
	X("strictatime", ATIME, MS_STRICTATIME, MOUNT_ATTR_STRICTATIME)       \
	X("suid", CLEAR, MS_NOSUID, MOUNT_ATTR_NOSUID)                        \
	X("symfollow", CLEAR, MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW)         \
	X("sync", SET, MS_SYNCHRONOUS, 0)                                     \
	X("tmpcopyup", COPY_UP, 0, 0)                                         \
	X("unbindable", PROPAGATION, MS_UNBINDABLE, 0)

struct mount_option {
	enum option_kind kind;
	unsigned long ms;
	uint64_t attr;
};

static const struct mount_option options[] = {
#define X(word, kind, ms, attr) {OPTION_##kind, ms, attr},
	MOUNT_OPTIONS(X)
#undef X
};

static const char *const option_names[] = {
#define X(word, kind, ms, attr) word,
	MOUNT_OPTIONS(X)
#undef X
		NULL,
};

#define MS_ATIME_MODES ((unsigned long)(MS_NOATIME | MS_RELATIME | MS_STRICTATIME))

const char *const *spec_mount_option_names(void)
{
	return option_names;
}

/* Sets @bits of @field in a pair of masks: what to set, what to clear. */
static void attr_put(uint64_t *set, uint64_t *clr, uint64_t field, uint64_t bits)
{
	*set = (*set & ~field) | bits;
	*clr = (*clr & ~bits) | (field & ~bits);
}

/* The mode field has to be among what is cleared, even where it is set again. */
static void atime_put(uint64_t *set, uint64_t *clr, uint64_t mode)
{
	attr_put(set, clr, MOUNT_ATTR__ATIME, mode);
	*clr |= MOUNT_ATTR__ATIME;
}

/* Gives up @mode; another one that was chosen before stays. */
static void atime_off(uint64_t *set, uint64_t *clr, uint64_t mode)
{
	uint64_t chosen = *set & MOUNT_ATTR__ATIME;

	atime_put(set, clr, chosen == mode ? 0 : chosen);
}

static int propagation_add(struct spec_mount *m, const struct json *at, unsigned long flag,
			   struct err *e)
{
	const size_t max = sizeof(m->propagation) / sizeof(m->propagation[0]);

	if (m->n_propagation == max)
		return json_refuse(at, e, "is one propagation too many: at most %zu are allowed",
				   max);
	m->propagation[m->n_propagation++] = flag;
	return 0;
}

static void attrs_apply(struct spec_mount *m, const struct mount_option *o)
{
	switch (o->kind) {
	case OPTION_SET:
		m->flags |= o->ms;
		attr_put(&m->attr_set, &m->attr_clr, o->attr, o->attr);
		break;
	case OPTION_CLEAR:
		m->flags &= ~o->ms;
		attr_put(&m->attr_set, &m->attr_clr, o->attr, 0);
		break;
	case OPTION_ATIME:
		m->flags = (m->flags & ~MS_ATIME_MODES) | o->ms;
		atime_put(&m->attr_set, &m->attr_clr, o->attr);
		break;
	case OPTION_ATIME_OFF:
		m->flags &= ~o->ms;
		atime_off(&m->attr_set, &m->attr_clr, o->attr);
		break;
	case OPTION_REC_SET:
		attr_put(&m->rec_set, &m->rec_clr, o->attr, o->attr);
		break;
	case OPTION_REC_CLEAR:
		attr_put(&m->rec_set, &m->rec_clr, o->attr, 0);
		break;
	case OPTION_REC_ATIME:
		atime_put(&m->rec_set, &m->rec_clr, o->attr);
		break;
	case OPTION_REC_ATIME_OFF:
		atime_off(&m->rec_set, &m->rec_clr, o->attr);
		break;
	default:
		break;
	}
}

/* What is no flag of the kernel's. */
static void words_apply(struct spec_mount *m, enum option_kind kind)
{
	m->bind = m->bind || kind == OPTION_BIND || kind == OPTION_RBIND;
	m->recursive = m->recursive || kind == OPTION_RBIND;
	m->remount = m->remount || kind == OPTION_REMOUNT;
	m->idmap = m->idmap || kind == OPTION_IDMAP || kind == OPTION_RIDMAP;
	m->idmap_recursive = m->idmap_recursive || kind == OPTION_RIDMAP;
	m->copy_up = m->copy_up || kind == OPTION_COPY_UP;
	m->copy_symlink = m->copy_symlink || kind == OPTION_COPY_SYMLINK;
	m->src_nofollow = m->src_nofollow || kind == OPTION_SRC_NOFOLLOW;
	m->dest_nofollow = m->dest_nofollow || kind == OPTION_DEST_NOFOLLOW;
}

int mount_option_apply(struct spec_mount *m, const struct json *at, const char *option,
		       struct err *e)
{
	for (size_t i = 0; option_names[i]; i++) {
		if (strcmp(option_names[i], option) != 0)
			continue;
		if (options[i].kind == OPTION_PROPAGATION)
			return propagation_add(m, at, options[i].ms, e);
		words_apply(m, options[i].kind);
		attrs_apply(m, &options[i]);
		return 0;
	}
	return 1;
}
