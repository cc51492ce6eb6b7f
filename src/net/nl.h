/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nl - netlink in batches: many requests in one send, all answers at once.
 *
 * The kernel works a batch off within sendmsg(2), so that a process that is killed has sent all of
 * it or nothing, and every answer is there when the send returns: nothing here ever waits.
 *
 * A list (NLM_F_DUMP) comes in pieces, and is alone in its batch. One that changed between two of
 * them is asked for again, so that nobody is told of it before it is whole.
 */
#ifndef NET_NL_H
#define NET_NL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

#include "tinyrun/err.h"

struct mnl_socket;

struct nl {
	struct mnl_socket *socket;
	uint32_t seq; /* of the next request */
	char *answer; /* room for what the kernel says at a time */
};

#define NL_INIT ((struct nl){.socket = NULL})
#define auto_nl __attribute__((cleanup(nl_close)))

/* nl_close() is needed after a failure too. @bus: NETLINK_ROUTE, NETLINK_NETFILTER; in the network
 * namespace that the caller is in. */
int nl_open(int bus, struct nl *ret, struct err *e);
void nl_close(struct nl *nl);

#define NL_REQUESTS 96

struct nl_batch {
	char *bytes;
	size_t len; /* of the requests before the last one */
	size_t n;
	struct nlmsghdr *last;
	bool failed; /* no memory, or too long: nl_run() says so */
	struct {
		const char *what; /* verb and object, for messages; static */
		int spared;       /* an errno that is no failure; 0: none */
		int errnum;       /* how it went */
		bool silent;      /* is not answered when it went well */
	} request[NL_REQUESTS];
};

#define NL_BATCH_INIT ((struct nl_batch){.n = 0})
#define auto_nl_batch __attribute__((cleanup(nl_batch_done)))
void nl_batch_done(struct nl_batch *b);

/*
 * Begins a request with a family header of @size bytes, zeroed, which is *ret_header (NULL: not
 * wanted). Returns NULL when there is no room: everything that follows then does nothing.
 */
struct nlmsghdr *nl_add(struct nl_batch *b, uint16_t type, uint16_t flags, const char *what,
			size_t size, void *ret_header);
/* That @errnum, as an answer to the last request, is as good as success. */
void nl_spare(struct nl_batch *b, int errnum);
/* The last request is not answered when it goes well. */
void nl_silence(struct nl_batch *b);

void nl_put(struct nl_batch *b, uint16_t type, const void *data, size_t len);
void nl_put_u8(struct nl_batch *b, uint16_t type, uint8_t value);
void nl_put_u32(struct nl_batch *b, uint16_t type, uint32_t value);
void nl_put_be32(struct nl_batch *b, uint16_t type, uint32_t value);
/* With its 0 byte. */
void nl_put_str(struct nl_batch *b, uint16_t type, const char *value);
/* What is put between the two is inside; the value that _nest() returns is for _end(). */
struct nlattr *nl_nest(struct nl_batch *b, uint16_t type);
void nl_end(struct nl_batch *b, struct nlattr *nest);

/* Called for each answer that has data; anything but 0 ends nl_run() with that. */
typedef int nl_reply_fn(void *arg, const struct nlmsghdr *message);

/*
 * Sends all and takes all answers. The first request that failed is the error, with the kernel's
 * own words where it has some; what became of each is in request[].errnum. The batch is empty after
 * it.
 */
int nl_run(struct nl *nl, struct nl_batch *b, nl_reply_fn *reply, void *arg, struct err *e);

/*
 * Attributes of a message behind a family header of @size bytes: the first of each type below @max
 * goes to @ret[type], others are NULL. A truncated one ends it.
 */
void nl_parse(const struct nlmsghdr *message, size_t size, const struct nlattr **ret, size_t max);
void nl_parse_nested(const struct nlattr *nest, const struct nlattr **ret, size_t max);
const void *nl_data(const struct nlattr *a, size_t *ret_len);
/* 0 when it is absent or of another size. */
uint32_t nl_u32(const struct nlattr *a);
uint32_t nl_be32(const struct nlattr *a);
/* "" when it is absent or has no 0 byte. */
const char *nl_str(const struct nlattr *a);
const void *nl_header(const struct nlmsghdr *message);

#endif
