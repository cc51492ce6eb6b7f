/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake-systemd - a stand-in for systemd on a bus of a test's own.
 *
 *     fake-systemd SOCKET CGROUP LOG [VERSION [RESULT]]
 *
 * Scopes are directories below CGROUP/SLICE, into which it moves the processes that it is told.
 * What it is asked for is written to LOG: "start UNIT", and each property as " NAME=VALUE". RESULT
 * is how jobs end ("done"). It says READY on standard output when it has its name on the bus.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define NAME    "org.freedesktop.systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define PATH    "/org/freedesktop/systemd1"

static const char *cgroup, *version = "255 (fake)", *result = "done";
static FILE *log_file;
static unsigned jobs;
static char last_description[256]; /* of the last unit that was started: enough for the tests */

struct unit {
	char name[256], slice[256], description[256];
	unsigned pids[8], n_pids;
};

__attribute__((format(printf, 1, 2))) static void note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vfprintf(log_file, fmt, args);
	va_end(args);
	(void)fflush(log_file);
}

static int put(const char *dir, const char *file, const char *text)
{
	char path[PATH_MAX];
	int fd;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	(void)close(fd);
	return n < 0 ? -errno : 0;
}

static void dir_of(const struct unit *u, char dir[PATH_MAX])
{
	(void)snprintf(dir, PATH_MAX, "%s/%s/%s", cgroup, u->slice, u->name);
}

/* --- properties --- */

static int note_array(sd_bus_message *m, const char *name, char type, struct unit *u)
{
	const char *s;
	uint32_t pid;
	int r;

	note(" %s=", name);
	if (type == 'y') {
		const void *bytes;
		size_t n;

		r = sd_bus_message_read_array(m, 'y', &bytes, &n);
		for (size_t i = 0; r >= 0 && i < n; i++)
			note("%02x", ((const unsigned char *)bytes)[i]);
		note("\n");
		return r;
	}
	r = sd_bus_message_enter_container(m, 'a', type == 's' ? "s" : "u");
	while (r >= 0 && type == 's' && (r = sd_bus_message_read(m, "s", &s)) > 0)
		note("%s,", s);
	while (r >= 0 && type == 'u' && (r = sd_bus_message_read(m, "u", &pid)) > 0)
		if (u->n_pids < 8)
			u->pids[u->n_pids++] = pid;
	note("\n");
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int note_value(sd_bus_message *m, const char *name, struct unit *u)
{
	const char *type;
	char kind;
	int r = sd_bus_message_peek_type(m, &kind, &type);
	union {
		const char *s;
		uint64_t t;
		uint32_t u;
		int b;
	} v = {.t = 0};

	if (r < 0)
		return r;
	if (kind == SD_BUS_TYPE_ARRAY)
		return note_array(m, name, type[0], u);
	r = sd_bus_message_read_basic(m, kind, &v);
	if (kind == 's')
		note(" %s=%s\n", name, v.s);
	else if (kind == 'b')
		note(" %s=%s\n", name, v.b ? "true" : "false");
	else
		note(" %s=%c:%llu\n", name, kind,
		     kind == 't' || kind == 'x' ? (unsigned long long)v.t : v.u);
	if (strcmp(name, "Slice") == 0 && kind == 's')
		(void)snprintf(u->slice, sizeof(u->slice), "%s", v.s);
	if (strcmp(name, "Description") == 0 && kind == 's')
		(void)snprintf(u->description, sizeof(u->description), "%s", v.s);
	return r;
}

static int read_properties(sd_bus_message *m, struct unit *u)
{
	int r = sd_bus_message_enter_container(m, 'a', "(sv)");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "sv")) > 0) {
		const char *name, *type;

		r = sd_bus_message_read(m, "s", &name);
		if (r >= 0)
			r = sd_bus_message_peek_type(m, NULL, &type);
		if (r >= 0)
			r = sd_bus_message_enter_container(m, 'v', type);
		if (r >= 0)
			r = note_value(m, name, u);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* --- methods --- */

static int answer_job(sd_bus_message *m, const char *unit)
{
	char job[64];
	int r;

	(void)snprintf(job, sizeof(job), PATH "/job/%u", ++jobs);
	r = sd_bus_reply_method_return(m, "o", job);
	if (r < 0)
		return r;
	return sd_bus_emit_signal(sd_bus_message_get_bus(m), PATH, MANAGER, "JobRemoved", "uoss",
				  jobs, job, unit, result);
}

static int make_scope(const struct unit *u)
{
	char dir[PATH_MAX], slice[PATH_MAX], text[16];
	int r = 0;

	(void)snprintf(slice, sizeof(slice), "%s/%s", cgroup, u->slice);
	dir_of(u, dir);
	if (mkdir(slice, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (mkdir(dir, 0755) < 0)
		return -errno;
	for (unsigned i = 0; i < u->n_pids && r == 0; i++) {
		(void)snprintf(text, sizeof(text), "%u", u->pids[i]);
		r = put(dir, "cgroup.procs", text);
	}
	return r;
}

static int on_start(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct unit u = {.n_pids = 0};
	const char *name, *mode;
	int r = sd_bus_message_read(m, "ss", &name, &mode);

	(void)arg;
	if (r < 0)
		return r;
	(void)snprintf(u.name, sizeof(u.name), "%s", name);
	note("start %s %s\n", name, mode);
	r = read_properties(m, &u);
	if (r < 0)
		return r;
	if (strcmp(result, "done") == 0)
		r = make_scope(&u);
	if (r == 0)
		(void)snprintf(last_description, sizeof(last_description), "%s", u.description);
	if (r == -EEXIST)
		return sd_bus_error_setf(error, NAME ".UnitExists", "Unit %s already exists.",
					 name);
	if (r < 0)
		return sd_bus_error_setf(error, SD_BUS_ERROR_FAILED, "fake: %s", strerror(-r));
	return answer_job(m, name);
}

static int find_unit(const char *name, char dir[PATH_MAX])
{
	char command[3 * PATH_MAX];
	FILE *found;
	size_t n;

	(void)snprintf(command, sizeof(command), "find '%s' -name '%s' -type d", cgroup, name);
	found = popen(command, "r");
	if (!found)
		return -errno;
	n = fread(dir, 1, PATH_MAX - 1, found);
	dir[n] = 0;
	dir[strcspn(dir, "\n")] = 0;
	(void)pclose(found);
	return *dir ? 0 : -ENOENT;
}

static int on_stop(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *name, *mode;
	char dir[PATH_MAX];
	int r = sd_bus_message_read(m, "ss", &name, &mode);

	(void)arg;
	if (r < 0)
		return r;
	note("stop %s\n", name);
	if (find_unit(name, dir) < 0)
		return sd_bus_error_setf(error, NAME ".NoSuchUnit", "Unit %s not loaded.", name);
	(void)put(dir, "cgroup.kill", "1");
	for (int i = 0; i < 200 && rmdir(dir) < 0; i++) {
		char part[PATH_MAX + 16];

		(void)snprintf(part, sizeof(part), "%s/container", dir);
		(void)rmdir(part);
		(void)usleep(10000);
	}
	return answer_job(m, name);
}

static int on_set(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct unit u = {.n_pids = 0};
	const char *name;
	int runtime, r = sd_bus_message_read(m, "sb", &name, &runtime);
	char dir[PATH_MAX];

	(void)arg;
	if (r < 0)
		return r;
	note("set %s %d\n", name, runtime);
	r = read_properties(m, &u);
	if (r < 0)
		return r;
	if (find_unit(name, dir) < 0)
		return sd_bus_error_setf(error, NAME ".NoSuchUnit", "Unit %s not loaded.", name);
	return sd_bus_reply_method_return(m, "");
}

static int on_reset(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *name;
	int r = sd_bus_message_read(m, "s", &name);

	(void)arg;
	(void)error;
	note("reset %s\n", name);
	return r < 0 ? r : sd_bus_reply_method_return(m, "");
}

static int on_get(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *name;
	char dir[PATH_MAX];
	int r = sd_bus_message_read(m, "s", &name);

	(void)arg;
	if (r < 0)
		return r;
	if (find_unit(name, dir) < 0)
		return sd_bus_error_setf(error, NAME ".NoSuchUnit", "Unit %s not loaded.", name);
	return sd_bus_reply_method_return(m, "o", PATH "/unit/one");
}

static int on_subscribe(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	(void)arg;
	(void)error;
	return sd_bus_reply_method_return(m, "");
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	(void)bus, (void)path, (void)interface, (void)property, (void)arg, (void)error;
	return sd_bus_message_append(reply, "s", version);
}

static const sd_bus_vtable table[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Version", "s", get_version, 0, 0),
	SD_BUS_METHOD("Subscribe", "", "", on_subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("StartTransientUnit", "ssa(sv)a(sa(sv))", "o", on_start,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("GetUnit", "s", "o", on_get, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("StopUnit", "ss", "o", on_stop, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("SetUnitProperties", "sba(sv)", "", on_set, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ResetFailedUnit", "s", "", on_reset, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
	SD_BUS_VTABLE_END};

static int get_description(sd_bus *bus, const char *path, const char *interface,
			   const char *property, sd_bus_message *reply, void *arg,
			   sd_bus_error *error)
{
	(void)bus, (void)path, (void)interface, (void)property, (void)arg, (void)error;
	return sd_bus_message_append(reply, "s", last_description);
}

static const sd_bus_vtable unit_table[] = {
	SD_BUS_VTABLE_START(0), SD_BUS_PROPERTY("Description", "s", get_description, 0, 0),
	SD_BUS_VTABLE_END};

static int serve(sd_bus *bus)
{
	int r = sd_bus_add_object_vtable(bus, NULL, PATH, MANAGER, table, NULL);

	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, PATH "/unit/one", NAME ".Unit", unit_table,
					     NULL);
	if (r >= 0)
		r = sd_bus_request_name(bus, NAME, 0);
	if (r < 0)
		return r;
	(void)puts("READY");
	(void)fflush(stdout);
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	return r;
}

int main(int argc, char **argv)
{
	char address[PATH_MAX + 16];
	sd_bus *bus = NULL;
	int r;

	if (argc < 4)
		return 2;
	cgroup = argv[2];
	log_file = fopen(argv[3], "ae");
	if (argc > 4)
		version = argv[4];
	if (argc > 5)
		result = argv[5];
	(void)snprintf(address, sizeof(address), "unix:path=%s", argv[1]);
	r = log_file ? sd_bus_new(&bus) : -errno;
	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, 1);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r >= 0)
		r = serve(bus);
	(void)fprintf(stderr, "fake-systemd: %s\n", strerror(-r));
	sd_bus_unref(bus);
	return 1;
}
