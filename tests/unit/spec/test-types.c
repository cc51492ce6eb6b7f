/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Absent and wrong are never the same: in a configuration that has every member of the
 * specification, each value is replaced by one of each other type, and each member by one that is
 * there twice. All of that is refused; what has no meaning to us is not.
 *
 * The path of the sources is SRCDIR of the environment, or what the build knew.
 */
#include "fixture.h"

#include <ctype.h>

#ifndef SRCDIR
#define SRCDIR "."
#endif

#define EVERY "tests/unit/plan/golden/every-field.json"
#define MAX   ((size_t)1 << 16)

static char every[MAX], changed[2 * MAX];

struct value {
	const char *key; /* with its quotes; NULL in an array */
	const char *at, *end;
	char path[256];
};

typedef void visit_fn(const struct value *v);

static const char *skip_blank(const char *p)
{
	return p + strspn(p, " \t\n,:");
}

static const char *skip_string(const char *p)
{
	for (p++; *p != '"'; p++)
		p += *p == '\\';
	return p + 1;
}

/* The end of the value at @p; @visit hears of it and of all within it. The text is valid JSON. */
static const char *walk(const char *p, const char *key, const char *path, visit_fn *visit)
{
	struct value v = {.key = key, .at = p};
	size_t i = 0;

	(void)snprintf(v.path, sizeof(v.path), "%s", path);
	if (*p == '"') {
		p = skip_string(p);
	} else if (*p == '{' || *p == '[') {
		char close = *p == '{' ? '}' : ']';

		for (p = skip_blank(p + 1); *p != close; p = skip_blank(p)) {
			const char *name = close == '}' ? p : NULL;
			char inner[256];

			if (name)
				p = skip_blank(skip_string(p));
			if (name)
				(void)snprintf(inner, sizeof(inner), "%.150s.%.*s", path,
					       (int)(skip_string(name) - name - 2), name + 1);
			else
				(void)snprintf(inner, sizeof(inner), "%.150s[%zu]", path, i++);
			p = walk(p, name, inner, visit);
		}
		p++;
	} else {
		p += strcspn(p, " \t\n,]}");
	}
	v.end = p;
	visit(&v);
	return p;
}

static unsigned accepted, refused;

/* @text in place of the value; whether the rules of seccomp, too, are as they should be. */
static bool is_accepted_with(const struct value *v, const char *text)
{
	struct spec_seccomp *seccomp = NULL;
	auto_spec struct spec *spec = NULL;
	struct err e = ERR_INIT;
	bool ok;
	int n = snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(v->at - every), every, text,
			 v->end);

	assert_true(n > 0 && (size_t)n < sizeof(changed));
	spec = fixture_parse_text(changed, (size_t)n);
	ok = spec && (!spec->seccomp_text || spec_seccomp_load(spec, &seccomp, &e) == 0);
	spec_seccomp_free(&seccomp);
	return ok;
}

static char kind_of(char c)
{
	return isdigit((unsigned char)c) || c == '-' ? '1' : c == 'f' ? 't' : c;
}

static void try_other_types(const struct value *v)
{
	static const char *const others[] = {"{\"x\": []}", "[{}]", "\"x{}\"", "true", "17", "1.5"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (kind_of(*others[i]) == kind_of(*v->at) && strcmp(others[i], "1.5") != 0)
			continue;
		if (is_accepted_with(v, others[i])) {
			print_message("%s: %s is accepted\n", v->path, others[i]);
			accepted++;
		} else {
			refused++;
		}
	}
}

static void try_twice(const struct value *v)
{
	char text[MAX];

	if (!v->key)
		return;
	(void)snprintf(text, sizeof(text), "%.*s, %.*s: %.*s", (int)(v->end - v->at), v->at,
		       (int)(skip_string(v->key) - v->key), v->key, (int)(v->end - v->at), v->at);
	if (is_accepted_with(v, text)) {
		print_message("%s is accepted twice\n", v->path);
		accepted++;
	} else {
		refused++;
	}
}

static void read_every(void)
{
	char path[4096];
	size_t len;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/" EVERY,
		       getenv("SRCDIR") ? getenv("SRCDIR") : SRCDIR);
	f = fopen(path, "re");
	if (!f)
		fail_msg("open %s", path);
	len = fread(every, 1, sizeof(every) - 1, f);
	every[len] = '\0';
	(void)fclose(f);
	accepted = refused = 0;
}

static void test_each_value_of_another_type_is_refused(void **state)
{
	auto_spec struct spec *spec = NULL;

	(void)state;
	read_every();
	spec = fixture_parse_text(every, strlen(every));
	assert_non_null(spec);
	(void)walk(every, NULL, "", try_other_types);
	assert_int_equal(accepted, 0);
	assert_true(refused > 1000);
}

static void test_each_member_is_refused_when_it_is_there_twice(void **state)
{
	(void)state;
	read_every();
	(void)walk(every, NULL, "", try_twice);
	assert_int_equal(accepted, 0);
	assert_true(refused > 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_value_of_another_type_is_refused),
		cmocka_unit_test(test_each_member_is_refused_when_it_is_there_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
