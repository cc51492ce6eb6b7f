/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cni - the program as a plugin of the Container Network Interface: an engine calls it with
 * CNI_COMMAND in the environment and a network configuration on standard input.
 *
 * Source: cni.dev, SPEC 1.1.0.
 */
#ifndef TINYRUN_CLI_CNI_H
#define TINYRUN_CLI_CNI_H

#include "tinyrun/buf.h"
#include "tinyrun/json.h"
#include "tinyrun/net.h"

/* What an error is answered with. Up to 99 they are the specification's. */
enum cni_code {
	CNI_BAD_VERSION = 1,
	CNI_UNSUPPORTED = 2, /* a field of the configuration */
	CNI_UNKNOWN_CONTAINER = 3,
	CNI_BAD_ENVIRONMENT = 4,
	CNI_IO = 5,
	CNI_BAD_JSON = 6,
	CNI_BAD_CONFIG = 7,
	CNI_NOT_READY = 50,
	CNI_FAILED = 100, /* the network could not be made, or removed */
	CNI_NOT_AS_MADE = 101,
	CNI_ADDED_BEFORE = 102,
};

enum cni_command { CNI_ADD, CNI_DEL, CNI_CHECK, CNI_STATUS, CNI_GC, CNI_VERSION, CNI_COMMANDS };

struct cni {
	enum cni_command command;
	enum cni_code code;                            /* what it is when the next thing fails */
	const char *container, *netns, *ifname, *args; /* of the environment; NULL: not there */
	struct json_doc *doc;
	struct json config;
	const char *version;  /* of the configuration; one that we know */
	const char *network;  /* its name */
	const char *data_dir; /* the state root; NULL: the default one */
	struct net_options options;
	struct buf dns; /* a JSON object for the result; empty: none */
};

/* --- cni_config.c --- */
extern const char *const cni_versions[];
/* Reads what is common to all commands, then what ADD and STATUS go by. */
int cni_read_config(struct cni *cni, struct err *e);

/* --- cni_result.c --- */
void cni_result(const struct cni *cni, const struct net_record *rec, struct buf *out);
void cni_version(const struct cni *cni, struct buf *out);
/* prevResult is there, and says what @rec says. */
int cni_compare(struct cni *cni, const struct net_record *rec, struct err *e);

/* --- cni_error.c --- */
void cni_error(const struct cni *cni, const struct err *e, struct buf *out);

/* --- cni_store.c: ROOT/.net/cni, a file an attachment --- */
struct cni_attachment {
	const char *network, *container, *ifname; /* @doc's */
	struct net_record rec;
	struct json_doc *doc;
};

#define auto_attachment __attribute__((cleanup(cni_attachment_done)))
void cni_attachment_done(struct cni_attachment *a);
#define CNI_E_MISSING 1
/* CNI_E_MISSING when this container and interface have none. */
int cni_store_load(int root_fd, const char *container, const char *ifname,
		   struct cni_attachment *ret, struct err *e);
int cni_store_save(int root_fd, const struct cni *cni, const struct net_record *rec, struct err *e);
/* Absent is success. */
int cni_store_remove(int root_fd, const char *container, const char *ifname, struct err *e);
/* What @each answers but 0 ends it. It may remove what it is shown. */
int cni_store_each(int root_fd, int (*each)(void *arg, const struct cni_attachment *a), void *arg,
		   struct err *e);

/* --- cni.c, or cni_full.c in the small tinyrun --- */
/* The whole program where an engine has called us, and not a person. Returns the exit status. */
int cni_main(void);

#endif
