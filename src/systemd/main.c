/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tinyrun-systemd - asks systemd for a scope, changes one, or ends one.
 *
 *     tinyrun-systemd BUS PRIVATE start UNIT      properties on standard input
 *     tinyrun-systemd BUS PRIVATE set UNIT        properties on standard input
 *     tinyrun-systemd BUS PRIVATE stop UNIT DESCRIPTION
 *
 * The only program of tinyrun that is linked with libsystemd, executed only where that cgroup
 * driver is asked for. BUS is the socket of the message bus, PRIVATE that of systemd itself, for
 * where there is no bus. Both come as arguments: nothing of the environment is looked at.
 *
 * start: a scope has to have a process. That is this one, until the container's is in it: when the
 * scope stands a '+' is written to standard output, and the end of standard input is the permission
 * to go. stop: a unit with another description is somebody else's, and left alone. What is wrong
 * goes to standard error as one line; the exit status is 1, or 2 when nothing was made.
 */
#include "systemd/records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#define SYSTEMD   "org.freedesktop.systemd1"
#define MANAGER   "org.freedesktop.systemd1.Manager"
#define PATH      "/org/freedesktop/systemd1"
#define WAIT_USEC 30000000u /* for a job and for an answer */

struct work {
	sd_bus *bus;
	const char *unit, *description;
	struct records records;
	unsigned version; /* of systemd */
	const char *job;  /* the path of the one that is waited for */
	char *result;     /* "done", "failed" ... when that has been removed */
	int asked;        /* systemd may have made what was asked for */
	sd_bus_error error;
};

__attribute__((format(printf, 2, 3))) static int complain(int r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	va_end(args);
	(void)fputc('\n', stderr);
	return r < 0 ? r : -EIO;
}

static int complain_bus(struct work *w, int r, const char *what)
{
	return complain(r, "%s %s: %s", what, w->unit,
			w->error.message ? w->error.message : strerror(-r));
}

/* --- the connection --- */

/* In an address everything but these is %NN. D-Bus specification, "Server Addresses" */
static char *address_of(const char *path)
{
	static const char start[] = "unix:path=";
	size_t n = strlen(start), size = n + 3 * strlen(path) + 1;
	char *address = malloc(size);

	if (!address)
		return NULL;
	memcpy(address, start, n + 1);
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;
		int plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || strchr("-_/.", c);

		n += (size_t)snprintf(address + n, size - n, plain ? "%c" : "%%%02x", c);
	}
	return address;
}

static int connect_to(struct work *w, const char *path, int is_bus)
{
	char *address = address_of(path);
	sd_bus *bus = NULL;
	int r = address ? sd_bus_new(&bus) : -ENOMEM;

	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0 && is_bus)
		r = sd_bus_set_bus_client(bus, 1);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r >= 0)
		r = sd_bus_set_method_call_timeout(bus, WAIT_USEC);
	free(address);
	if (r < 0) {
		sd_bus_unref(bus);
		return r;
	}
	w->bus = bus;
	return 0;
}

/* "252 (252.39-1)", "v255-rc1": the first number. */
static unsigned parse_version(const char *text)
{
	return (unsigned)strtoul(text + strcspn(text, "0123456789"), NULL, 10);
}

static int open_bus(struct work *w, const char *bus_path, const char *private_path)
{
	char *version = NULL;
	int r = connect_to(w, bus_path, 1);

	if (r < 0 && access(private_path, F_OK) == 0)
		r = connect_to(w, private_path, 0);
	if (r < 0)
		return complain(r, "reach systemd at %s: %s", bus_path, strerror(-r));
	r = sd_bus_get_property_string(w->bus, SYSTEMD, PATH, MANAGER, "Version", &w->error,
				       &version);
	if (r < 0)
		return complain(r, "ask systemd at %s for its version: %s", bus_path,
				w->error.message ? w->error.message : strerror(-r));
	w->version = parse_version(version);
	free(version);
	return 0;
}

/* --- jobs --- */

static int on_job_removed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct work *w = arg;
	const char *path, *unit, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (w->job && strcmp(w->job, path) == 0 && !w->result)
		w->result = strdup(result);
	return 0;
}

/* Signals come to who has subscribed; whoever has done so before is told so, which is fine. */
static int listen_for_jobs(struct work *w)
{
	int r = sd_bus_match_signal(w->bus, NULL, SYSTEMD, PATH, MANAGER, "JobRemoved",
				    on_job_removed, w);

	if (r < 0)
		return complain_bus(w, r, "listen for the job of");
	(void)sd_bus_call_method(w->bus, SYSTEMD, PATH, MANAGER, "Subscribe", NULL, NULL, "");
	return 0;
}

static uint64_t now_usec(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static int wait_for_job(struct work *w, sd_bus_message *reply, const char *what)
{
	uint64_t end = now_usec() + WAIT_USEC, now;
	int r = sd_bus_message_read(reply, "o", &w->job);

	while (r >= 0 && !w->result) {
		r = sd_bus_process(w->bus, NULL);
		if (r != 0)
			continue;
		now = now_usec();
		if (now >= end)
			return complain(-ETIMEDOUT, "%s %s: systemd has not done it in 30 s", what,
					w->unit);
		r = sd_bus_wait(w->bus, end - now);
	}
	if (r < 0)
		return complain(r, "%s %s: %s", what, w->unit, strerror(-r));
	if (strcmp(w->result, "done") != 0)
		return complain(-EIO, "%s %s: its job in systemd ended with \"%s\"", what, w->unit,
				w->result);
	return 0;
}

/* --- what is asked for --- */

static int call_unit(struct work *w, const char *method, const char *mode, sd_bus_message **reply)
{
	sd_bus_error_free(&w->error);
	if (mode)
		return sd_bus_call_method(w->bus, SYSTEMD, PATH, MANAGER, method, &w->error, reply,
					  "ss", w->unit, mode);
	return sd_bus_call_method(w->bus, SYSTEMD, PATH, MANAGER, method, &w->error, reply, "s",
				  w->unit);
}

/* What failed keeps its name until it is forgotten. */
static void forget(struct work *w)
{
	sd_bus_error kept = w->error;

	w->error = SD_BUS_ERROR_NULL;
	(void)call_unit(w, "ResetFailedUnit", NULL, NULL); /* it may not be there, and is to go */
	sd_bus_error_free(&w->error);
	w->error = kept;
}

static int call_start(struct work *w, sd_bus_message **reply)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(w->bus, &m, SYSTEMD, PATH, MANAGER,
					       "StartTransientUnit");

	if (r >= 0)
		r = sd_bus_message_append(m, "ss", w->unit, "fail");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sv)");
	if (r >= 0)
		r = sd_bus_message_append(m, "(sv)", "PIDs", "au", 1, (uint32_t)getpid());
	if (r >= 0)
		r = records_append(&w->records, w->version, m);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = sd_bus_message_append(m, "a(sa(sv))", 0);
	sd_bus_error_free(&w->error);
	if (r >= 0)
		r = sd_bus_call(w->bus, m, WAIT_USEC, &w->error, reply);
	sd_bus_message_unref(m);
	return r;
}

/* The container's process has come when the other end is closed. */
static void wait_for_release(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
		;
}

static int start(struct work *w)
{
	sd_bus_message *reply = NULL;
	int r = listen_for_jobs(w);

	if (r < 0)
		return r;
	r = call_start(w, &reply);
	if (r < 0 && sd_bus_error_has_name(&w->error, SYSTEMD ".UnitExists")) {
		forget(w);
		r = call_start(w, &reply);
	}
	w->asked = r >= 0 || !sd_bus_error_is_set(&w->error) ||
		   sd_bus_error_has_name(&w->error, SD_BUS_ERROR_NO_REPLY);
	if (r < 0)
		return complain_bus(w, r, "start");
	r = wait_for_job(w, reply, "start");
	sd_bus_message_unref(reply);
	if (r < 0) {
		forget(w);
		return r;
	}
	if (write(STDOUT_FILENO, "+", 1) != 1)
		return complain(-errno, "answer: %s", strerror(errno));
	wait_for_release();
	return 0;
}

static int set(struct work *w)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(w->bus, &m, SYSTEMD, PATH, MANAGER,
					       "SetUnitProperties");

	if (r >= 0)
		r = sd_bus_message_append(m, "sb", w->unit, 1); /* until the next boot */
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sv)");
	if (r >= 0)
		r = records_append(&w->records, w->version, m);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = sd_bus_call(w->bus, m, WAIT_USEC, &w->error, NULL);
	sd_bus_message_unref(m);
	return r < 0 ? complain_bus(w, r, "change") : 0;
}

/* 1: the unit is not there, or has another description. */
static int is_foreign(struct work *w)
{
	sd_bus_message *reply = NULL;
	char *description = NULL;
	const char *path;
	int foreign, r = call_unit(w, "GetUnit", NULL, &reply);

	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r >= 0)
		r = sd_bus_get_property_string(w->bus, SYSTEMD, path, SYSTEMD ".Unit",
					       "Description", &w->error, &description);
	sd_bus_message_unref(reply);
	if (r < 0 && sd_bus_error_has_name(&w->error, SYSTEMD ".NoSuchUnit"))
		return 1; /* it ended with its last process */
	if (r < 0)
		return complain_bus(w, r, "look at");
	foreign = strcmp(description, w->description) != 0;
	free(description);
	return foreign;
}

static int stop(struct work *w)
{
	sd_bus_message *reply = NULL;
	int r = is_foreign(w);

	if (r != 0)
		return r < 0 ? r : 0;
	r = listen_for_jobs(w);
	if (r < 0)
		return r;
	r = call_unit(w, "StopUnit", "replace", &reply);
	if (r >= 0)
		r = wait_for_job(w, reply, "stop");
	else if (sd_bus_error_has_name(&w->error, SYSTEMD ".NoSuchUnit"))
		r = 0;
	else
		r = complain_bus(w, r, "stop");
	sd_bus_message_unref(reply);
	forget(w);
	return r;
}

static const struct {
	const char *name;
	int (*run)(struct work *w);
	int has_records;
} verbs[] = {{"start", start, 1}, {"set", set, 1}, {"stop", stop, 0}};

static int run(struct work *w, int argc, char **argv)
{
	for (size_t i = 0; (argc == 5 || argc == 6) && i < sizeof(verbs) / sizeof(*verbs); i++) {
		int r;

		if (strcmp(argv[3], verbs[i].name) != 0)
			continue;
		w->unit = argv[4];
		w->description = argc == 6 ? argv[5] : "";
		if (verbs[i].has_records && records_read(&w->records, STDIN_FILENO) < 0)
			return complain(-EINVAL, "the properties of %s: cannot be read", w->unit);
		r = open_bus(w, argv[1], argv[2]);
		return r < 0 ? r : verbs[i].run(w);
	}
	return complain(-EINVAL,
			"usage: tinyrun-systemd BUS PRIVATE start|set|stop UNIT [DESCRIPTION]");
}

int main(int argc, char **argv)
{
	struct work w = {.error = SD_BUS_ERROR_NULL};
	int r = run(&w, argc, argv);

	sd_bus_error_free(&w.error);
	sd_bus_flush_close_unref(w.bus);
	records_done(&w.records);
	free(w.result);
	return r >= 0 ? 0 : w.asked ? 1 : 2;
}
