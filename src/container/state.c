/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state - what is written down of a container.
 *
 * The record is an intent: it is on disk before the first thing outside the process is made, so
 * that whatever a killed creation left can be found and undone from it. What changes by itself (is
 * it alive, frozen, started) is never stored; it is asked of the kernel each time.
 */
#include "container/state.h"

#include "tinyrun/fd.h"
#include "tinyrun/net.h"
#include "tinyrun/path.h"
#include "tinyrun/proc.h"
#include "tinyrun/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ID_MAX 128

void state_done(struct state *st)
{
	arena_done(&st->arena);
	*st = STATE_INIT;
}

bool state_id_is_valid(const char *id)
{
	static const char first[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	static const char rest[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-";
	size_t len = strlen(id);

	return len >= 1 && len <= ID_MAX && strspn(id, first) >= 1 && strspn(id, rest) == len;
}

int state_check_id(const char *id, struct err *e)
{
	if (state_id_is_valid(id))
		return 0;
	return err_user(e,
			"invalid container ID format: \"%.*s\"%s (1 to %d of A-Z a-z 0-9 _ . + -, "
			"the first a letter, a digit or _)",
			ID_MAX, id, strlen(id) > ID_MAX ? "..." : "", ID_MAX);
}

/* --- directory and lock --- */

int state_lock(const struct runtime *rt, const char *id, int dir_fd, bool *ret_current,
	       struct err *e)
{
	struct stat opened, named;

	while (flock(dir_fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_sys(e, "lock the state of %s", id);
	if (fstat(dir_fd, &opened) < 0)
		return err_sys(e, "stat the state of %s", id);
	*ret_current = false;
	if (fstatat(rt->root_fd, id, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "stat the state of %s", id);
	*ret_current = named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
	return 0;
}

void state_unlock(int dir_fd)
{
	(void)flock(dir_fd, LOCK_UN); /* it was ours */
}

/* Opens and locks what mkdir has just made; *ret_current is false when a delete came in between. */
static int lock_claimed(const struct runtime *rt, const char *id, int *ret_dir, bool *ret_current,
			struct err *e)
{
	struct err gone = ERR_INIT;
	int r = path_open_beneath(rt->root_fd, id, O_RDONLY | O_DIRECTORY, 0, ret_dir, &gone);

	*ret_current = false;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		*e = gone;
	return r < 0 ? r : state_lock(rt, id, *ret_dir, ret_current, e);
}

int state_claim(const struct runtime *rt, const char *id, int *ret_dir, struct err *e)
{
	for (;;) {
		auto_fd int dir_fd = -1;
		bool current;
		int r;

		if (mkdirat(rt->root_fd, id, 0700) < 0) {
			if (errno == EEXIST)
				return STATE_E_EXISTS;
			return err_sys(e, "make %s/%s", rt->root, id);
		}
		r = lock_claimed(rt, id, &dir_fd, &current, e);
		if (r < 0) {
			(void)unlinkat(rt->root_fd, id,
				       AT_REMOVEDIR); /* it is empty, or not ours */
			return r;
		}
		if (current) {
			*ret_dir = fd_take(&dir_fd);
			return 0;
		}
	}
}

int state_open(const struct runtime *rt, const char *id, bool locked, int *ret_dir, struct err *e)
{
	auto_fd int dir_fd = -1;
	struct err missing = ERR_INIT;
	bool current = true;
	int r;

	r = state_check_id(id, e);
	if (r < 0)
		return r;
	if (rt->root_fd < 0)
		return STATE_E_MISSING;
	r = path_open_beneath(rt->root_fd, id, O_RDONLY | O_DIRECTORY, 0, &dir_fd, &missing);
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
		return STATE_E_MISSING;
	if (r < 0) {
		*e = missing;
		return r;
	}
	if (locked) {
		r = state_lock(rt, id, dir_fd, &current, e);
		if (r < 0)
			return r;
	}
	if (!current)
		return STATE_E_MISSING;
	*ret_dir = fd_take(&dir_fd);
	return 0;
}

/* --- the file --- */

static const char *const manager_names[] = {
	[CGROUP_CGROUPFS] = "cgroupfs",
	[CGROUP_SYSTEMD] = "systemd",
	[CGROUP_DISABLED] = "disabled",
};

static void add_member(struct buf *out, const char *key, const char *value)
{
	if (!value)
		return;
	buf_addf(out, ",\n  \"%s\": ", key);
	buf_add_json_str(out, value);
}

static void add_flag(struct buf *out, const char *key, bool value)
{
	buf_addf(out, ",\n  \"%s\": %s", key, value ? "true" : "false");
}

static int stage(int dir_fd, const struct state *st, bool sync, struct err *e)
{
	auto_buf struct buf out = BUF_INIT;
	int r;

	buf_addf(&out, "{\n  \"pid\": %d,\n  \"startTime\": %llu,\n  \"ownerUid\": %u",
		 (int)st->pid, (unsigned long long)st->start_time, (unsigned)st->owner);
	add_member(&out, "id", st->id);
	add_member(&out, "ociVersion", st->version);
	add_member(&out, "bundle", st->bundle);
	add_member(&out, "rootfs", st->rootfs);
	add_member(&out, "created", st->created);
	add_member(&out, "bootId", st->boot_id);
	add_member(&out, "cgroup", st->cgroup_path);
	add_member(&out, "cgroupTop", st->cgroup_top);
	add_member(&out, "rdtGroup", st->rdt_group);
	add_member(&out, "rdtMonitor", st->rdt_monitor);
	add_member(&out, "cgroupManager", manager_names[st->manager]);
	add_member(&out, "systemdScope", st->scope);
	if (st->scope)
		add_flag(&out, "systemdUser", st->scope_user);
	add_flag(&out, "ownPidNamespace", st->own_pid_ns);
	add_flag(&out, "poststart", st->poststart);
	add_flag(&out, "poststop", st->poststop);
	buf_addf(&out, ",\n  \"streams\": %s", st->streams ? st->streams : "[]");
	if (st->network)
		buf_addf(&out, ",\n  \"network\": %s", st->network);
	buf_addf(&out, ",\n  \"annotations\": %s\n}\n", st->annotations ? st->annotations : "{}");
	r = buf_check(&out, e);
	if (r == 0)
		r = path_stage(dir_fd, STATE_FILE, out.data, out.len, 0600, sync, e);
	return r < 0 ? err_wrap(e, "write the state of %s", st->id) : 0;
}

static int publish(int dir_fd, const struct state *st, bool sync, struct err *e)
{
	int r = path_publish(dir_fd, STATE_FILE, sync, e);

	return r < 0 ? err_wrap(e, "write the state of %s", st->id) : 0;
}

int state_save(int dir_fd, const struct state *st, struct err *e)
{
	int r = stage(dir_fd, st, true, e);

	return r < 0 ? r : publish(dir_fd, st, true, e);
}

int state_stage(int dir_fd, const struct state *st, struct err *e)
{
	return stage(dir_fd, st, false, e);
}

int state_publish(int dir_fd, const struct state *st, struct err *e)
{
	return publish(dir_fd, st, false, e);
}

void state_mark(int dir_fd, struct state_mark *ret)
{
	struct stat st;

	*ret = (struct state_mark){.inode = 0};
	if (fstatat(dir_fd, STATE_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0)
		*ret = (struct state_mark){
			.inode = st.st_ino, .size = st.st_size, .time = st.st_mtim};
}

bool state_changed(int dir_fd, const struct state_mark *mark)
{
	struct state_mark now;

	state_mark(dir_fd, &now);
	return now.inode == 0 || now.inode != mark->inode || now.size != mark->size ||
	       now.time.tv_sec != mark->time.tv_sec || now.time.tv_nsec != mark->time.tv_nsec;
}

static const char *keep(struct state *st, const char *s)
{
	return s ? arena_strdup(&st->arena, s) : NULL;
}

static int read_manager(const struct json *root, struct state *st, struct err *e)
{
	const char *name = NULL;
	int r = json_get_str(root, "cgroupManager", &name, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(manager_names) / sizeof(*manager_names); i++) {
		if (name && strcmp(name, manager_names[i]) == 0) {
			st->manager = (enum cgroup_manager)i;
			return 0;
		}
	}
	return json_refuse(root, e, "cgroupManager is %s, want cgroupfs, systemd or disabled",
			   name ? name : "missing");
}

static int read_strings(const struct json *root, struct state *st, struct err *e)
{
	struct {
		const char *key, **to;
		bool needed;
	} const members[] = {
		{"id", &st->id, true},
		{"ociVersion", &st->version, true},
		{"bundle", &st->bundle, true},
		{"rootfs", &st->rootfs, true},
		{"created", &st->created, true},
		{"bootId", &st->boot_id, true},
		{"cgroup", &st->cgroup_path, false},
		{"cgroupTop", &st->cgroup_top, false},
		{"rdtGroup", &st->rdt_group, false},
		{"rdtMonitor", &st->rdt_monitor, false},
		{"systemdScope", &st->scope, false},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		const char *value = NULL;
		int r = json_get_str(root, members[i].key, &value, e);

		if (r < 0)
			return r;
		if (!value && members[i].needed)
			return json_refuse(root, e, "%s is missing", members[i].key);
		*members[i].to = keep(st, value);
		if (value && !*members[i].to)
			return err_num(e, ENOMEM, "read the state");
	}
	return 0;
}

/* Absent is damage: a record that lost its pid must not pass for one of before the process. */
static int want_numbers(const struct json *root, struct err *e)
{
	static const char *const keys[] = {"pid",       "startTime", "ownerUid", "ownPidNamespace",
					   "poststart", "poststop"};
	struct json at;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!json_member(root, keys[i], &at))
			return json_refuse(root, e, "%s is missing", keys[i]);
	return 0;
}

static int read_numbers(const struct json *root, struct state *st, struct err *e)
{
	int64_t pid = 0;
	uint32_t owner = 0;
	struct json at;
	int r = want_numbers(root, e);

	if (r == 0 && json_member(root, "pid", &at))
		r = json_i64(&at, 0, INT32_MAX, &pid, e);
	if (r == 0 && pid == 1)
		r = json_refuse(&at, e, "found 1, which is never a container's process");
	if (r == 0)
		r = json_get_u64(root, "startTime", &st->start_time, e);
	if (r == 0)
		r = json_get_u32(root, "ownerUid", &owner, e);
	if (r == 0)
		r = json_get_bool(root, "ownPidNamespace", &st->own_pid_ns, e);
	if (r == 0)
		r = json_get_bool(root, "poststart", &st->poststart, e);
	if (r == 0)
		r = json_get_bool(root, "poststop", &st->poststop, e);
	if (r == 0)
		r = json_get_bool(root, "systemdUser", &st->scope_user, e);
	st->pid = (pid_t)pid;
	st->owner = owner;
	return r;
}

static int keep_text(const struct json *at, struct state *st, const char **ret, struct err *e)
{
	size_t len;
	const char *text = json_text(at, &len);

	*ret = arena_printf(&st->arena, "%.*s", (int)len, text);
	return *ret ? 0 : err_num(e, ENOMEM, "read the state");
}

static int parse_state(const struct json_doc *doc, struct state *st, struct err *e)
{
	struct json root = json_root(doc), at;
	int r = json_want_object(&root, e);

	if (r == 0)
		r = read_strings(&root, st, e);
	if (r == 0)
		r = read_numbers(&root, st, e);
	if (r == 0)
		r = read_manager(&root, st, e);
	if (r == 0 && json_member(&root, "annotations", &at))
		r = json_want_object(&at, e) < 0 ? -EINVAL
						 : keep_text(&at, st, &st->annotations, e);
	if (r == 0 && json_member(&root, "streams", &at))
		r = json_want_array(&at, e) < 0 ? -EINVAL : keep_text(&at, st, &st->streams, e);
	if (r == 0 && json_member(&root, "network", &at))
		r = json_want_object(&at, e) < 0 ? -EINVAL : keep_text(&at, st, &st->network, e);
	return r;
}

/* The directory's name is what is locked and removed: a record of another id is not to be obeyed.
 */
static int check_record(const struct state *st, const char *id, struct err *e)
{
	if (strcmp(st->id, id) == 0)
		return 0;
	return err_user(e, "it is the record of \"%s\"", st->id);
}

int state_load(int dir_fd, const char *id, struct state *ret, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	auto_state struct state st = STATE_INIT;
	struct err missing = ERR_INIT;
	int r = json_load(dir_fd, STATE_FILE, &doc, &missing);

	if (r == -ENOENT)
		return STATE_E_MISSING;
	if (r < 0) {
		*e = missing;
		return r;
	}
	r = parse_state(doc, &st, e);
	if (r == 0)
		r = check_record(&st, id, e);
	if (r < 0)
		return err_wrap(e, "the state file is damaged");
	*ret = st;
	st = STATE_INIT;
	return 0;
}

int state_find(const struct runtime *rt, const char *id, bool locked, int *ret_dir,
	       struct state *ret, struct cgroup_host *host, struct err *e)
{
	int r = state_open(rt, id, locked, ret_dir, e);

	if (r == 0)
		r = state_load(*ret_dir, id, ret, e);
	if (r == STATE_E_MISSING)
		return err_user(e, "container does not exist");
	if (r == 0 && locked && ret->network)
		r = net_load(e); /* who holds the lock may have to take it away */
	if (r == 0 && ret->cgroup_path)
		r = cgroup_host_init(host, e);
	return r;
}

/* --- what it is doing --- */

int state_pidfd(const struct state *st, int *ret_fd, struct err *e)
{
	char boot_id[37];
	int r;

	if (st->pid <= 1 || st->reaped)
		return STATE_E_MISSING;
	r = proc_boot_id(boot_id, e);
	if (r < 0)
		return r;
	if (strcmp(boot_id, st->boot_id) != 0)
		return STATE_E_MISSING; /* the machine was started anew since */
	r = proc_open_pidfd(st->pid, st->start_time, ret_fd, e);
	if (r == 0 && proc_has_ended(*ret_fd, 0)) {
		fd_close(ret_fd);
		return STATE_E_MISSING;
	}
	return r == PROC_E_GONE ? STATE_E_MISSING : r;
}

/*
 * Is somebody listening on exec.sock? The file alone does not say so: a `start` that was killed may
 * have left it. Init takes a connection that ends at once for nobody.
 */
static bool waits_for_start(int dir_fd)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	auto_fd int fd = -1;

	if (faccessat(dir_fd, STATE_SOCKET, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d/" STATE_SOCKET, dir_fd);
	return fd >= 0 && (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EAGAIN);
}

static int is_paused(const struct state *st, const struct cgroup_host *host, bool *ret,
		     struct err *e)
{
	auto_fd int fd = -1;
	int r;

	*ret = false;
	if (!st->cgroup_path || host->fd < 0)
		return 0;
	r = cgroup_open(host, st->cgroup_path, &fd, e);
	if (r == CGROUP_E_MISSING)
		return 0;
	return r < 0 ? r : cgroup_is_frozen(fd, ret, e);
}

int state_status(int dir_fd, const struct state *st, const struct cgroup_host *host,
		 enum state_status *ret, struct err *e)
{
	auto_fd int pidfd = -1;

	return state_look(dir_fd, st, host, ret, &pidfd, e);
}

int state_look(int dir_fd, const struct state *st, const struct cgroup_host *host,
	       enum state_status *ret, int *ret_pidfd, struct err *e)
{
	bool paused = false;
	int r;

	if (st->pid == 0) {
		*ret = STATE_CREATING;
		return 0;
	}
	r = state_pidfd(st, ret_pidfd, e);
	if (r < 0)
		return r;
	if (r == STATE_E_MISSING) {
		*ret = STATE_STOPPED;
		return 0;
	}
	r = is_paused(st, host, &paused, e);
	if (r < 0)
		return r;
	if (paused) /* also one that waits for start: nothing of it answers */
		*ret = STATE_PAUSED;
	else
		*ret = waits_for_start(dir_fd) ? STATE_CREATED : STATE_RUNNING;
	return 0;
}

/* What to do to have one, for a container that has none. */
static const char *way_to_cgroup(const struct state *st)
{
	if (st->manager == CGROUP_DISABLED)
		return ": it was made with --cgroup-manager disabled";
	return st->owner == 0 ? "" : ": make it with --systemd-cgroup, as systemd gives users one";
}

int state_open_cgroup(int dir_fd, const struct state *st, const struct cgroup_host *host,
		      const char *need, int *ret_fd, struct err *e)
{
	enum state_status status = STATE_STOPPED;
	int r = state_status(dir_fd, st, host, &status, e);

	if (r < 0)
		return r;
	if (status == STATE_STOPPED || status == STATE_CREATING)
		return err_user(e, "container not running");
	if (!st->cgroup_path || host->fd < 0)
		return err_user(e, "the container has no cgroup %s%s", need, way_to_cgroup(st));
	r = cgroup_open(host, st->cgroup_path, ret_fd, e);
	return r == CGROUP_E_MISSING ? err_user(e, "container not running") : r;
}
