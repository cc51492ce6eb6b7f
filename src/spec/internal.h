/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec/internal - what the parsers of config.json's sections share.
 *
 * One file parses one section: load.c the top, then process, caps, mounts, hooks, linux and what is
 * below it. A parser gets the cursor of its own object (or of the parent, to which absence is its
 * business), fills its part of struct spec and refuses what is wrong in itself. What needs two
 * sections to be seen as wrong is in validate.c.
 */
#ifndef TINYRUN_SPEC_INTERNAL_H
#define TINYRUN_SPEC_INTERNAL_H

#include "tinyrun/spec.h"

/* The largest id that is one: (uint32_t)-1 means "leave it" to setresuid(2) and chown(2). */
#define SPEC_ID_MAX (UINT32_MAX - 1)

struct loader {
	struct spec *spec;
	const struct spec_sink *sink;
};

/* --- load.c --- */
/* A harmless oddity at @at: goes on, and tells the sink with path, line and column. */
void load_warn(const struct loader *l, const struct json *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Out of memory. Returns -ENOMEM. */
int load_no_memory(struct err *e);

/* --- member.c: kinds of values that several sections have --- */
/* Whether the value is written as @text in the document. */
bool member_text_is(const struct json *at, const char *text);
/* An object, array or string with nothing in it. */
bool member_is_empty(const struct json *at);

struct member_word {
	const char *name; /* NULL ends the table */
	uint64_t value;
};

/*
 * A string that is @prefix and one of @words; anything else is refused with the whole list. @what
 * is what messages call it: "action".
 */
int member_word(const struct json *at, const char *prefix, const struct member_word *words,
		const char *what, uint64_t *ret, struct err *e);
/* Object or array below @obj; false when absent, null. */
int member_object(const struct json *obj, const char *key, struct json *ret, bool *ret_found,
		  struct err *e);
int member_array(const struct json *obj, const char *key, struct json *ret, bool *ret_found,
		 struct err *e);
/* As json_get_str(), but "" is absent: engines emit it for what is not set. */
int member_str(const struct json *obj, const char *key, const char **ret, struct err *e);
/* A list of numbers as the kernel reads it: 0-3,7. "" is absent. */
int member_list(const struct json *obj, const char *key, const char **ret, struct err *e);
/* An AppArmor profile or an SELinux label: one line that fits into the kernel's buffers. */
int member_label(const struct json *obj, const char *key, const char **ret, struct err *e);
/* Required members. */
int member_need_u64(const struct json *obj, const char *key, const char *what, uint64_t max,
		    uint64_t *ret, struct err *e);
/* A user or group id: 0 to SPEC_ID_MAX. */
int member_id(const struct json *at, uint32_t *ret, struct err *e);
int member_need_id(const struct json *obj, const char *key, const char *what, uint32_t *ret,
		   struct err *e);
/* Integers of which absence is remembered. */
int member_opt_i64(const struct json *obj, const char *key, int64_t min, int64_t max,
		   struct opt_i64 *ret, struct err *e);
int member_opt_u64(const struct json *obj, const char *key, uint64_t max, struct opt_u64 *ret,
		   struct err *e);
/* An array of strings; absent is the empty list, whose v is not NULL either. */
int member_strings(struct arena *arena, const struct json *obj, const char *key,
		   struct spec_list *ret, struct err *e);
/* KEY=value strings; of entries with the same key only the last stays. */
int member_env(struct arena *arena, const struct json *obj, const char *key, struct spec_list *ret,
	       struct err *e);
/* Whether ".." is one of the components of @path. */
bool member_has_dotdot(const char *path);
/* An absolute path without ".." in it. */
int member_path(const struct json *at, const char **ret, struct err *e);
int member_paths(struct arena *arena, const struct json *obj, const char *key,
		 struct spec_list *ret, struct err *e);
/* An array for the elements of @array, zeroed; one byte at least, so never NULL but for memory. */
void *member_alloc(struct arena *arena, const struct json *array, size_t size, size_t *ret_n);

/* --- unsupported.c --- */
/* Refuses members of the specification that cgroup v2 cannot do; @section is its row in the table.
 */
int unsupported_refuse(const struct json *obj, const char *section, struct err *e);

/* --- one a section --- */
int process_parse(struct loader *l, const struct json *root, struct err *e);
/* The same of the object itself. */
int process_parse_object(struct loader *l, const struct json *process, struct err *e);
int caps_parse(struct loader *l, const struct json *process, struct err *e);
int rlimits_parse(struct loader *l, const struct json *process, struct err *e);
int mounts_parse(struct loader *l, const struct json *root, struct err *e);
/* The same of the array itself. */
int mounts_parse_array(struct loader *l, const struct json *mounts, struct err *e);
int hooks_parse(struct loader *l, const struct json *root, struct err *e);
/* Before linux_parse(), which looks at some. */
int annotations_parse(struct spec *spec, const struct json *root, struct err *e);
int linux_parse(struct loader *l, const struct json *root, struct err *e);
int namespaces_parse(struct loader *l, const struct json *linux_obj, struct err *e);
int mappings_parse(struct loader *l, const struct json *linux_obj, struct err *e);
/* One list, the member @key of @obj; absent: an empty one. */
int mappings_list_parse(struct loader *l, const struct json *obj, const char *key,
			struct spec_id_maps *maps, struct err *e);
/* Whether @id of the container is mapped by @maps. */
bool mappings_cover(const struct spec_id_maps *maps, uint32_t id);
int resources_parse(struct loader *l, const struct json *linux_obj, struct err *e);
int resources_parse_object(struct loader *l, const struct json *resources, struct err *e);
int sysctl_parse(struct loader *l, const struct json *linux_obj, struct err *e);
/* The namespaces that linux.sysctl needs, once they are known. */
int sysctl_check(const struct spec *spec, const struct json *linux_obj, struct err *e);
int sched_parse_process(struct loader *l, const struct json *process, struct err *e);
int sched_parse_linux(struct loader *l, const struct json *linux_obj, struct err *e);
int block_io_parse(struct loader *l, const struct json *resources, struct err *e);
int hugepages_parse(struct loader *l, const struct json *resources, struct err *e);
int rdma_parse(struct loader *l, const struct json *resources, struct err *e);
int rdt_parse(struct loader *l, const struct json *linux_obj, struct err *e);
int net_devices_parse(struct loader *l, const struct json *linux_obj, struct err *e);
int devices_parse(struct loader *l, const struct json *linux_obj, struct err *e);

/* --- mount_options.c --- */
/* Applies one option: 0, or 1 when it is none of ours (the file system's), or negative. */
int mount_option_apply(struct spec_mount *m, const struct json *at, const char *option,
		       struct err *e);

/* --- validate.c --- */
/* What needs two sections to be seen: namespaces and what depends on them, limits, ids. */
int validate_spec(struct loader *l, const struct json *root, struct err *e);

#endif
