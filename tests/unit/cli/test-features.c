/* SPDX-License-Identifier: Apache-2.0 */
/* test-features - features is JSON, and what it lists is accepted. */
#include "cli/features.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tinyrun/json.h"
#include "tinyrun/spec.h"

/* The features document, parsed again for each test. */
static struct json_doc *doc;

static int set_up(void **state)
{
	(void)state;
	auto_buf struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	features_print(&out);
	return json_parse(out.data, out.len, "features", &doc, &e);
}

static int tear_down(void **state)
{
	(void)state;
	json_free(&doc);
	return 0;
}

/* True when @list of @obj has @word. */
static bool lists(const struct json *obj, const char *list, const char *word)
{
	struct err e = ERR_INIT;
	struct json array, it = {.doc = NULL};

	assert_true(json_member(obj, list, &array));
	assert_true(json_is_array(&array));
	while (json_next(&array, &it)) {
		const char *text = NULL;

		assert_int_equal(json_str(&it, &text, &e), 0);
		if (strcmp(text, word) == 0)
			return true;
	}
	return false;
}

static void test_features_has_what_clients_look_for(void **state)
{
	(void)state;
	struct json root = json_root(doc), part, member;
	struct err e = ERR_INIT;
	const char *text = NULL;
	bool flag = false;

	assert_int_equal(json_get_str(&root, "ociVersionMin", &text, &e), 0);
	assert_string_equal(text, "1.0.0");
	assert_int_equal(json_get_str(&root, "ociVersionMax", &text, &e), 0);
	assert_string_equal(text, SPEC_VERSION);
	assert_true(lists(&root, "mountOptions", "rro"));
	assert_true(lists(&root, "hooks", "createRuntime"));
	for (int i = 0; i < SPEC_ANNOTATION_MAX; i++)
		assert_true(lists(&root, "potentiallyUnsafeConfigAnnotations",
				  spec_annotation_text((enum spec_annotation_name)i)));
	assert_true(json_member(&root, "linux", &part));
	assert_true(lists(&part, "namespaces", "mount"));
	assert_true(lists(&part, "namespaces", "time"));
	assert_true(lists(&part, "capabilities", "CAP_SYS_ADMIN"));
	assert_true(json_member(&part, "cgroup", &member));
	assert_int_equal(json_get_bool(&member, "v2", &flag, &e), 0);
	assert_true(flag);
	assert_true(json_member(&part, "seccomp", &member));
	assert_true(lists(&member, "actions", "SCMP_ACT_NOTIFY"));
	assert_true(json_member(&root, "annotations", &part));
	assert_true(json_member(&part, "org.tinyrun.version", &member));
}

static void refuses(const char *text, struct err *e)
{
	char line[512];

	fail_msg("%s: %s", text, err_str(e, line, sizeof(line)));
}

static void parse_seccomp(const char *action, const char *op, const char *arch, const char *flag)
{
	auto_buf struct buf text = BUF_INIT;
	struct spec_seccomp *s = NULL;
	struct err e = ERR_INIT;

	buf_addf(&text,
		 "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/"
		 "s\",\"architectures\":[\"%s\"],"
		 "\"flags\":[\"%s\"],\"syscalls\":[{\"names\":[\"getpid\"],\"action\":\"%s\","
		 "\"args\":[{\"index\":0,\"value\":1,\"valueTwo\":1,\"op\":\"%s\"}]}]}",
		 arch, flag, action, op);
	if (spec_seccomp_parse(text.data, text.len, &s, &e) < 0)
		refuses(text.data, &e);
	spec_seccomp_free(&s);
}

static void test_features_lists_only_words_of_seccomp_that_are_accepted(void **state)
{
	(void)state;
	const char *const *action = features_seccomp_actions, *const *op =
								      features_seccomp_operators;
	const char *const *arch = features_seccomp_archs, *const *flag = features_seccomp_flags;

	for (size_t i = 0; action[i]; i++)
		parse_seccomp(action[i], op[0], arch[0], flag[0]);
	for (size_t i = 0; op[i]; i++)
		parse_seccomp(action[0], op[i], arch[0], flag[0]);
	for (size_t i = 0; arch[i]; i++)
		parse_seccomp(action[0], op[0], arch[i], flag[0]);
	for (size_t i = 0; flag[i]; i++)
		parse_seccomp(action[0], op[0], arch[0], flag[i]);
}

static void test_features_lists_only_capabilities_and_mount_options_that_are_accepted(void **state)
{
	(void)state;
	auto_buf struct buf text = BUF_INIT;
	auto_spec struct spec *spec = NULL;
	const char *const *cap = spec_capability_names(), *const *option =
								  spec_mount_option_names();
	struct err e = ERR_INIT;

	buf_add_str(&text,
		    "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":"
		    "\"/\",\"args\":[\"a\"],\"user\":{\"uid\":0,\"gid\":0},"
		    "\"capabilities\":{\"bounding\":[");
	for (size_t i = 0; cap[i]; i++)
		buf_addf(&text, "%s\"%s\"", i ? "," : "", cap[i]);
	buf_add_str(&text, "]}},\"linux\":{\"namespaces\":[{\"type\":\"mount\"},"
			   "{\"type\":\"user\",\"path\":\"/u\"}]},\"mounts\":[");
	for (size_t i = 0; option[i]; i++)
		buf_addf(&text,
			 "%s{\"destination\":\"/m\",\"type\":\"tmpfs\",\"source\":\"/s\","
			 "\"options\":[%s\"%s\"]}",
			 i ? "," : "", strcmp(option[i], "tmpcopyup") != 0 ? "\"bind\"," : "",
			 option[i]);
	buf_add_str(&text, "]}");
	if (spec_parse(text.data, text.len, "config.json", NULL, &spec, &e) < 0)
		refuses("config.json", &e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_features_has_what_clients_look_for, set_up,
						tear_down),
		cmocka_unit_test(test_features_lists_only_words_of_seccomp_that_are_accepted),
		cmocka_unit_test(
			test_features_lists_only_capabilities_and_mount_options_that_are_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
