/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli - what the verbs of the program share: the row of a verb, the call that is being served, and
 * output.
 *
 * A verb is one row in its own file. Dispatch, help, completion and the man page's test read the
 * rows, through verbs.c's list.
 */
#ifndef TINYRUN_CLI_CLI_H
#define TINYRUN_CLI_CLI_H

#include <stdbool.h>

#include "cli/opt.h"
#include "tinyrun/buf.h"
#include "tinyrun/container.h"
#include "tinyrun/err.h"

struct cli_globals {
	const char *root; /* NULL: the default */
	const char *log;
	unsigned log_format, log_level; /* indices of the words in their rows */
	unsigned cgroup_manager;        /* enum cgroup_manager */
	unsigned rootless;              /* index of the word in its row */
	bool debug, systemd_cgroup, version;
};

struct cli {
	struct cli_globals globals;
	const struct verb *verb; /* NULL until it is known */
	const char *id;          /* the container that the call is about; NULL until it is known */
	int argc;                /* the verb's words; after cli_parse() its positional arguments */
	char **argv;
	unsigned inherited_fds; /* how many descriptors from 3 on the caller has left open for us */
	int status;             /* the exit status when there is no error; run sets it */
};

#define CLI_ANY 255

struct verb {
	const char *name, *args, *help; /* args and help as one line for people */
	const struct opt *opts;
	unsigned char order;    /* enum opt_order */
	unsigned char min, max; /* positional arguments; max CLI_ANY: no bound */
	unsigned char failure;  /* the exit status when it fails; 0 stands for 1 */
	bool first_is_id;
	int (*run)(struct cli *cli, struct err *e);
};

/* Asked for --help: cli_main() prints it. A verb passes it on as it passes an error on. */
#define CLI_E_HELP OPT_E_HELP

/* X(name): every verb, in the order of help; the row verb_NAME is in the verb's own file. */
#define CLI_VERBS(X)  \
	X(run)        \
	X(create)     \
	X(start)      \
	X(kill)       \
	X(delete)     \
	X(exec)       \
	X(do)         \
	X(serve)      \
	X(state)      \
	X(list)       \
	X(ps)         \
	X(pause)      \
	X(resume)     \
	X(update)     \
	X(events)     \
	X(port)       \
	X(network)    \
	X(mounts)     \
	X(checkpoint) \
	X(restore)    \
	X(spec)       \
	X(bundle)     \
	X(plan)       \
	X(features)   \
	X(help)       \
	X(version)

#define X(name) extern const struct verb verb_##name;
CLI_VERBS(X)
#undef X

extern const struct opt cli_global_opts[];
/* In the order of help; the last one is NULL. */
extern const struct verb *const cli_verbs[];

/* NULL when there is no such verb. */
const struct verb *cli_find_verb(const char *name);

/* Says that there is none called @name. Returns -EINVAL. */
int cli_refuse_verb(const char *name, struct err *e);

/* Reads the verb's options into @target, checks the number of arguments, sets cli->id. */
int cli_parse(struct cli *cli, void *target, struct err *e);
/* Opens the state root by the global options; closed by auto_runtime. */
int cli_open_runtime(struct cli *cli, enum runtime_root how, struct runtime *rt, struct err *e);
#define auto_runtime __attribute__((cleanup(runtime_close)))
/* Writes @out to standard output, and finds out whether it arrived. */
int cli_output(const struct buf *out, struct err *e);

/* For verbs that only need an id: opens the state root, which has to be there. */
int cli_open_existing(struct cli *cli, void *target, struct runtime *rt, struct err *e);

void cli_help(struct buf *out);
/* "usage: tinyrun kill [options] ID [SIGNAL]", without a newline. */
void cli_usage(const struct verb *verb, struct buf *out);
void cli_verb_help(const struct verb *verb, struct buf *out);
void cli_version(struct buf *out);

/* The whole program behind main(): returns the exit status. */
int cli_main(int argc, char **argv);

#endif
