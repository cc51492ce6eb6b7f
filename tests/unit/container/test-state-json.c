/* SPDX-License-Identifier: Apache-2.0 */
/* The state as others see it is read back with our own JSON reader. No privileges, no files. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container/state.h"
#include "tinyrun/fd.h"
#include "tinyrun/json.h"

static const struct state sample = {
	.id = "web1",
	.bundle = "/srv/a \"b\"\n\\c",
	.rootfs = "/srv/rootfs",
	.created = "2026-05-04T10:11:12.123456789Z",
	.version = "1.3.0",
	.annotations = "{\"k\":\"v\"}",
	.owner = 4294967294U,
};

static struct json_doc *parse(const char *text)
{
	struct json_doc *doc = NULL;
	struct err e = ERR_INIT;

	if (json_parse(text, strlen(text), "state", &doc, &e) < 0)
		fail_msg("%s in: %s", words(&e), text);
	return doc;
}

static void assert_member(const struct json *object, const char *key, const char *value)
{
	struct err e = ERR_INIT;
	const char *got = NULL;

	assert_int_equal(json_get_str(object, key, &got, &e), 0);
	assert_non_null(got);
	assert_string_equal(got, value);
}

static void assert_sample(const char *text, const char *status, uint64_t pid, bool with_owner)
{
	auto_json struct json_doc *doc = parse(text);
	struct json root = json_root(doc), annotations;
	struct err e = ERR_INIT;
	uint64_t got = UINT64_MAX;

	assert_true(json_is_object(&root));
	assert_member(&root, "ociVersion", "1.3.0");
	assert_member(&root, "id", "web1");
	assert_member(&root, "status", status);
	assert_int_equal(json_get_u64(&root, "pid", &got, &e), 0);
	assert_true(got == pid);
	assert_member(&root, "bundle", sample.bundle);
	assert_member(&root, "rootfs", sample.rootfs);
	assert_member(&root, "created", sample.created);
	assert_true(json_member(&root, "annotations", &annotations));
	assert_member(&annotations, "k", "v");
	assert_int_equal(json_count(&root), with_owner ? 9 : 8);
	if (with_owner)
		assert_member(&root, "owner", "4294967294");
}

static void test_state_json_says_the_same_in_both_styles(void **state)
{
	(void)state;
	for (int owner = 0; owner < 2; owner++) {
		auto_buf struct buf pretty = BUF_INIT, compact = BUF_INIT;

		state_json(&sample, STATE_RUNNING, 4242, STATE_PRETTY, owner, &pretty);
		state_json(&sample, STATE_RUNNING, 4242, STATE_COMPACT, owner, &compact);
		assert_sample(pretty.data, "running", 4242, owner);
		assert_sample(compact.data, "running", 4242, owner);
		assert_string_equal(pretty.data + pretty.len - 3, "\n}\n");
		assert_non_null(strstr(pretty.data, "\n  \"id\": \"web1\",\n"));
		assert_null(strchr(compact.data, '\n'));
		assert_null(strchr(compact.data, '\t'));
	}
}

static void test_state_json_knows_every_status(void **state)
{
	static const char *const names[] = {"creating", "created", "running", "paused", "stopped"};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		auto_buf struct buf out = BUF_INIT;

		assert_string_equal(state_status_name((enum state_status)i), names[i]);
		state_json(&sample, (enum state_status)i, 0, STATE_COMPACT, false, &out);
		assert_sample(out.data, names[i], 0, false);
	}
}

static void test_state_json_without_annotations_has_an_empty_object(void **state)
{
	struct state bare = sample;
	auto_buf struct buf out = BUF_INIT;
	auto_json struct json_doc *doc = NULL;
	struct json root, annotations;

	(void)state;
	bare.annotations = NULL;
	state_json(&bare, STATE_STOPPED, 0, STATE_PRETTY, false, &out);
	doc = parse(out.data);
	root = json_root(doc);
	assert_true(json_member(&root, "annotations", &annotations));
	assert_true(json_is_object(&annotations));
	assert_int_equal(json_count(&annotations), 0);
}

static void test_state_json_pieces_join_around_the_pid(void **state)
{
	auto_free char *head = NULL, *tail = NULL, *joined = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(state_json_around_pid(&sample, STATE_CREATED, &head, &tail, &e), 0);
	assert_true(asprintf(&joined, "%s17%s", head, tail) > 0);
	assert_sample(joined, "created", 17, false);
	assert_string_equal(head + strlen(head) - 6, "\"pid\":");
}

static void test_state_owner_is_a_name_or_a_number(void **state)
{
	struct state root = {.owner = 0};
	char out[64];

	(void)state;
	assert_string_equal(state_owner(&root, out, sizeof(out)), "root");
	assert_string_equal(state_owner(&sample, out, sizeof(out)), "4294967294");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state_json_says_the_same_in_both_styles),
		cmocka_unit_test(test_state_json_knows_every_status),
		cmocka_unit_test(test_state_json_without_annotations_has_an_empty_object),
		cmocka_unit_test(test_state_json_pieces_join_around_the_pid),
		cmocka_unit_test(test_state_owner_is_a_name_or_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
