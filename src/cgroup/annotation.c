/* SPDX-License-Identifier: Apache-2.0 */
/*
 * annotation - org.systemd.property.NAME: any property of a scope, as GVariant text.
 *
 * Pure. Understood are true and false, numbers with or without their type before them (int32 is
 * what a bare one has), strings in either quote, and arrays of strings: all that a scope's
 * properties are made of. A NAME that ends in Sec and has a number is what systemd calls USec.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/property.h"
#include "tinyrun/fd.h"
#include "tinyrun/str.h"

#define PREFIX    "org.systemd.property."
#define NAME_MIN_ 3

static const struct number_type {
	const char *word, *signature;
	int64_t min;
	uint64_t max;
} number_types[] = {
	{"byte", "y", 0, UINT8_MAX},    {"int16", "n", INT16_MIN, INT16_MAX},
	{"uint16", "q", 0, UINT16_MAX}, {"int32", "i", INT32_MIN, INT32_MAX},
	{"uint32", "u", 0, UINT32_MAX}, {"int64", "x", INT64_MIN, INT64_MAX},
	{"uint64", "t", 0, UINT64_MAX},
};

#define N_NUMBER_TYPES (sizeof(number_types) / sizeof(number_types[0]))
#define INT32_TYPE     (&number_types[3])

struct reader {
	const char *at, *key;
	struct err *e;
};

static int refuse(const struct reader *in, const char *want)
{
	return err_user(in->e, "annotations: %s: found \"%s\", want %s", in->key, in->at, want);
}

static void skip_blanks(struct reader *in)
{
	in->at += strspn(in->at, " \t\n");
}

static bool take(struct reader *in, const char *word)
{
	if (!str_starts(in->at, word))
		return false;
	in->at += strlen(word);
	skip_blanks(in);
	return true;
}

static int read_string(struct reader *in, struct scope_property *p)
{
	auto_buf struct buf text = BUF_INIT;
	char quote = *in->at;
	const char *s = in->at + 1;
	int r;

	for (; *s && *s != quote; s++) {
		if (*s == '\\' && s[1])
			s++;
		buf_add_char(&text, *s);
	}
	if (*s != quote)
		return refuse(in, "the string to end with the quote that it begins with");
	in->at = s + 1;
	skip_blanks(in);
	r = buf_check(&text, in->e);
	return r < 0 ? r : property_value(p, in->e, "%s", text.data ? text.data : "");
}

/* Signed and unsigned in one: a minus is allowed where the type has it. */
static bool is_number(const char *digits, const struct number_type *type)
{
	int64_t negative;
	uint64_t positive;

	if (*digits == '-')
		return str_to_i64(digits, type->min, 0, &negative) == 0;
	return str_to_u64(digits, type->max, &positive) == 0;
}

static int read_number(struct reader *in, const struct number_type *type, struct scope_property *p)
{
	size_t len = strspn(in->at, "-0123456789");
	auto_free char *digits = strndup(in->at, len);
	int r;

	if (!digits)
		return err_num(in->e, ENOMEM, "read the annotations");
	if (!is_number(digits, type))
		return refuse(in, "a number of its type, a string in quotes, true, false, or an "
				  "array of strings");
	p->signature = type->signature;
	r = property_value(p, in->e, "%s", digits);
	in->at += len;
	skip_blanks(in);
	return r;
}

static int read_array(struct reader *in, struct scope_property *p)
{
	int r = 0;

	p->signature = "as";
	while (r == 0 && !take(in, "]")) {
		if (p->n > 0 && !take(in, ","))
			return refuse(in, "a comma or ] after a string");
		if (*in->at != '\'' && *in->at != '"')
			return refuse(in, "an array of strings");
		r = read_string(in, p);
	}
	return r;
}

static int read_value(struct reader *in, struct scope_property *p)
{
	skip_blanks(in);
	if (*in->at == '\'' || *in->at == '"')
		return read_string(in, p);
	if (take(in, "["))
		return read_array(in, p);
	for (unsigned truth = 0; truth < 2; truth++) {
		if (take(in, truth ? "true" : "false")) {
			p->signature = "b";
			return property_value(p, in->e, "%s", truth ? "true" : "false");
		}
	}
	for (size_t i = 0; i < N_NUMBER_TYPES; i++) {
		size_t len = strlen(number_types[i].word);

		if (str_starts(in->at, number_types[i].word) && in->at[len] == ' ') {
			in->at += len;
			skip_blanks(in);
			return read_number(in, &number_types[i], p);
		}
	}
	return read_number(in, INT32_TYPE, p);
}

/* TimeoutStopSec=5 is TimeoutStopUSec=5000000, which is the name on the bus. */
static int turn_to_usec(struct reader *in, struct scope_property *p)
{
	size_t len = strlen(p->name);
	uint64_t seconds;
	char *name;

	if (len < 3 || strcmp(p->name + len - 3, "Sec") != 0 ||
	    (len > 3 && p->name[len - 4] == 'U') || !strchr("ynqiuxt", *p->signature))
		return 0;
	if (str_to_u64(p->values.data, UINT64_MAX / 1000000, &seconds) < 0) {
		in->at = p->values.data;
		return refuse(in, "seconds");
	}
	if (asprintf(&name, "%.*sUSec", (int)(len - 3), p->name) < 0)
		return err_num(in->e, ENOMEM, "read the annotations");
	free(p->name);
	p->name = name;
	p->signature = "t";
	buf_done(&p->values);
	p->values = BUF_INIT;
	p->n = 0;
	return property_value(p, in->e, "%" PRIu64, seconds * 1000000);
}

int scope_add_annotation(struct scope_properties *list, const char *key, const char *value,
			 struct err *e)
{
	struct reader in = {.at = value, .key = key, .e = e};
	const char *name = key + strlen(PREFIX);
	struct scope_property *p = NULL;
	int r;

	if (!str_starts(key, PREFIX))
		return 0;
	if (strlen(name) < NAME_MIN_ ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")])
		return err_user(e,
				"annotations: %s: the property's name has to be of three letters "
				"or more, and nothing else",
				key);
	r = property_add(list, name, "s", 0, &p, e);
	if (r == 0 && asprintf(&p->origin, "annotations.%s", key) < 0) {
		p->origin = NULL;
		r = err_num(e, ENOMEM, "read the annotations");
	}
	if (r == 0)
		r = read_value(&in, p);
	if (r == 0 && *in.at)
		r = refuse(&in, "nothing behind the value");
	return r < 0 ? r : turn_to_usec(&in, p);
}
