/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mnl_dlopen - libmnl loaded by the calls that make a network, so that all others do not pay for
 * mapping it.
 *
 * The functions that nl.c calls are here under their own names, and go on to the library.
 */
#include <dlfcn.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "tinyrun/net.h"

#define LIBRARY "libmnl.so.0"

/* X(result, name, parameters, arguments): a function that returns something. */
#define FUNCTIONS(X)                                                                               \
	X(struct mnl_socket *, mnl_socket_open2, (int bus, int flags), (bus, flags))               \
	X(int, mnl_socket_bind, (struct mnl_socket * s, unsigned groups, pid_t pid),               \
	  (s, groups, pid))                                                                        \
	X(int, mnl_socket_close, (struct mnl_socket * s), (s))                                     \
	X(int, mnl_socket_setsockopt,                                                              \
	  (const struct mnl_socket *s, int type, void *data, socklen_t len), (s, type, data, len)) \
	X(ssize_t, mnl_socket_sendto, (const struct mnl_socket *s, const void *data, size_t len),  \
	  (s, data, len))                                                                          \
	X(ssize_t, mnl_socket_recvfrom, (const struct mnl_socket *s, void *data, size_t len),      \
	  (s, data, len))                                                                          \
	X(struct nlmsghdr *, mnl_nlmsg_put_header, (void *data), (data))                           \
	X(void *, mnl_nlmsg_put_extra_header, (struct nlmsghdr * m, size_t size), (m, size))       \
	X(void *, mnl_nlmsg_get_payload, (const struct nlmsghdr *m), (m))                          \
	X(bool, mnl_nlmsg_ok, (const struct nlmsghdr *m, int len), (m, len))                       \
	X(struct nlmsghdr *, mnl_nlmsg_next, (const struct nlmsghdr *m, int *len), (m, len))       \
	X(struct nlattr *, mnl_attr_nest_start, (struct nlmsghdr * m, uint16_t type), (m, type))   \
	X(bool, mnl_attr_ok, (const struct nlattr *a, int len), (a, len))                          \
	X(struct nlattr *, mnl_attr_next, (const struct nlattr *a), (a))

/* The same of those that return nothing. */
#define PROCEDURES(X)                                                                             \
	X(void, mnl_attr_put, (struct nlmsghdr * m, uint16_t type, size_t len, const void *data), \
	  (m, type, len, data))                                                                   \
	X(void, mnl_attr_nest_end, (struct nlmsghdr * m, struct nlattr * nest), (m, nest))

static struct {
#define X(result, name, parameters, arguments) result(*name) parameters;
	FUNCTIONS(X) PROCEDURES(X)
#undef X
} api;

#define X(result, name, parameters, arguments) \
	result name parameters                 \
	{                                      \
		return api.name arguments;     \
	}
FUNCTIONS(X)
#undef X

#define X(result, name, parameters, arguments) \
	result name parameters                 \
	{                                      \
		api.name arguments;            \
	}
PROCEDURES(X)
#undef X

int net_load(struct err *e)
{
	static const char *const names[] = {
#define X(result, name, parameters, arguments) #name,
		FUNCTIONS(X) PROCEDURES(X)
#undef X
	};
	static void *library;
	void *functions[sizeof(names) / sizeof(*names)];

	_Static_assert(sizeof(functions) == sizeof(api), "the table is of functions alone");
	if (library)
		return 0;
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return err_user(e, "load the library that talks netlink: %s", dlerror());
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		functions[i] = dlsym(library, names[i]);
		if (!functions[i]) {
			(void)dlclose(library); /* nothing of it was used */
			library = NULL;
			return err_user(e, LIBRARY " has no %s: 1.0.4 is needed", names[i]);
		}
	}
	memcpy(&api, functions, sizeof(api));
	return 0;
}
