/* SPDX-License-Identifier: Apache-2.0 */
/* test-root - a container's root, its mount points and its file systems. Needs root. */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- entering the root --- */

static void test_pivot_leaves_only_the_container(void **state)
{
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_mount("/proc", "proc", NULL, 0);
	draft_step(&d, STEP_HOSTNAME)->text.name = draft_text(&d, "inside");
	draft_step(&d, STEP_DOMAINNAME)->text.name = draft_text(&d, "example.org");
	draft_pivot_and_shell("echo $$; hostname; cat /proc/sys/kernel/domainname; echo /*; "
			      "while read a b c r m x; do echo $m; done </proc/self/mountinfo");
	assert_string_equal(run_container(tree),
			    "1\ninside\nexample.org\n/bin /dev /etc /proc /sys /tmp\n/\n/proc\n");
}

static void test_chroot_moves_the_root_where_it_cannot_be_pivoted(void **state)
{
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_step(&d, STEP_CHROOT)->attach_root.slot = PLAN_NO_SLOT;
	draft_shell(&d, "pwd; echo /*; cd ..; echo *");
	assert_string_equal(run_container(tree), "/\n/bin /dev /etc /proc /sys /tmp\n"
						 "bin dev etc proc sys tmp\n");
}

static void test_chroot_without_a_mount_namespace_takes_a_directory(void **state)
{
	int directory;

	(void)state;
	need_rootfs();
	directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	draft_init(&d);
	draft_step(&d, STEP_CHROOT)->attach_root.slot = draft_slot(&d, directory);
	draft_path(&d, STEP_CWD, "/tmp");
	draft_shell(&d, "pwd; echo /*");
	run_to_end(&d, 0, output, sizeof(output));
	assert_string_equal(output, "/tmp\n/bin /dev /etc /proc /sys /tmp\n");
	(void)close(directory);
}

static void test_a_read_only_root_cannot_be_written(void **state)
{
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_mount("/tmp", "tmpfs", NULL, 0);
	draft_step(&d, STEP_ROOT_ATTR)->root_attr.attr_set = MOUNT_ATTR_RDONLY;
	draft_pivot_and_shell(
		"touch /etc/x 2>/dev/null || echo read-only; touch /tmp/x && echo ok");
	assert_string_equal(run_container(tree), "/bin/sh: can't create /dev/null: Read-only file "
						 "system\nread-only\nok\n");
}

/* --- mount points --- */

static void test_a_mount_point_stays_inside_of_the_root(void **state)
{
	int tree;

	(void)state;
	need_rootfs();
	link_in_root("/tmp", "etc/up");
	link_in_root("../../../../tmp", "etc/over");
	tree = draft_root();
	draft_mount("/etc/up", "tmpfs", "size=4k", 0);
	draft_mount("/etc/over/new/deep", "tmpfs", "size=8k", 0);
	draft_mount("/proc", "proc", NULL, 0);
	draft_pivot_and_shell("while read a b c r m x; do echo $m; done </proc/self/mountinfo");
	assert_string_equal(run_container(tree), "/\n/tmp\n/tmp/new/deep\n/proc\n");
}

static void test_a_missing_mount_point_is_made_in_the_root(void **state)
{
	struct plan_step *s;
	int tree, file;

	(void)state;
	need_rootfs();
	rootfs_write(root, "etc/source", "words\n");
	file = (int)syscall(SYS_open_tree, open(root, O_PATH | O_CLOEXEC), "etc/source",
			    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	assert_true(file >= 0);
	tree = draft_root();
	s = draft_step(&d, STEP_ATTACH);
	s->attach.slot = draft_slot(&d, file);
	s->attach.target = draft_text(&d, "/a/b/file");
	s->attach.target_kind = PLAN_TARGET_FILE;
	draft_pivot_and_shell("cat /a/b/file; stat -c %a /a /a/b");
	assert_string_equal(run_container(tree), "words\n755\n755\n");
	assert_true(exists("a/b/file"));
	(void)close(file);
}

static void test_a_dangling_symlink_leads_to_a_new_mount_point(void **state)
{
	int tree;

	(void)state;
	need_rootfs();
	link_in_root("/not/there", "etc/dangling");
	link_in_root("../new/./tmp", "etc/relative");
	link_in_root("etc/relative/more", "twice");
	tree = draft_root();
	draft_mount("/etc/dangling", "tmpfs", NULL, 0);
	draft_mount("/twice/deep", "tmpfs", NULL, 0);
	draft_mount("/proc", "proc", NULL, 0);
	draft_pivot_and_shell("while read a b c r m x; do echo $m; done </proc/self/mountinfo");
	assert_string_equal(run_container(tree), "/\n/not/there\n/new/tmp/more/deep\n/proc\n");
}

static void test_symlinks_in_a_circle_are_no_mount_point(void **state)
{
	struct plan_msg m;
	int tree;

	(void)state;
	need_rootfs();
	link_in_root("circle/x", "circle");
	tree = draft_root();
	draft_mount("/circle/new", "tmpfs", NULL, 0);
	fail_container(tree, 2, ELOOP, &m);
}

static void test_a_symlink_is_no_way_to_cover_proc(void **state)
{
	struct plan_msg m;
	int tree;

	(void)state;
	need_rootfs();
	link_in_root("/proc", "other");
	tree = draft_root();
	draft_mount("/proc", "proc", NULL, 0);
	draft_mount("/other/self/attr", "tmpfs", NULL, 0);
	fail_container(tree, 3, EPERM, &m);
	assert_non_null(strstr(m.text, "leads into /proc"));
}

static void test_proc_goes_exactly_where_it_is_said(void **state)
{
	struct plan_msg m;
	int tree;

	(void)state;
	need_rootfs();
	link_in_root("tmp", "other");
	tree = draft_root();
	draft_mount("/other", "proc", NULL, 0);
	d.steps[2].mount.target_kind = PLAN_TARGET_EXACT;
	fail_container(tree, 2, ELOOP, &m);
}

/* --- file systems --- */

static void test_a_mount_has_its_flags_and_data(void **state)
{
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_mount("/proc", "proc", NULL, 0);
	draft_mount("/tmp", "tmpfs", "mode=0700,size=64k", 1 | 2 | 8); /* ro nosuid noexec */
	draft_pivot_and_shell("grep /tmp /proc/self/mounts; stat -c %a /tmp");
	run_container(tree);
	assert_non_null(strstr(output, "tmpfs /tmp tmpfs ro,nosuid,noexec,relatime,size=64k"));
	assert_non_null(strstr(output, "\n700\n"));
}

static void test_a_tmpfs_has_the_mode_of_its_mount_point(void **state)
{
	char tmp[256];
	int tree;

	(void)state;
	need_rootfs();
	(void)snprintf(tmp, sizeof(tmp), "%s/tmp", root);
	assert_int_equal(chmod(tmp, 02710), 0);
	tree = draft_root();
	draft_mount("/a", "tmpfs", NULL, 0);
	d.steps[2].flags = PLAN_KEEP_MODE;
	draft_mount("/tmp", "tmpfs", "size=64k", 0);
	d.steps[3].flags = PLAN_KEEP_MODE;
	draft_mount("/b", "tmpfs", NULL, 0);
	draft_pivot_and_shell("stat -c %a /a /tmp /b");
	assert_string_equal(run_container(tree), "1777\n2710\n1777\n");
}

static void test_a_mount_with_attributes_is_the_same_mount(void **state)
{
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_mount("/proc", "proc", NULL, 0);
	draft_mount("/tmp", "tmpfs", "mode=0700,size=64k", 2 | 8 | 1024); /* noatime */
	d.steps[3].mount.attr_set = MOUNT_ATTR_NODEV;
	d.steps[3].mount.ms_propagation = 1 << 20 | 1 << 14; /* rshared */
	draft_pivot_and_shell("grep /tmp /proc/self/mounts; stat -c %a /tmp; grep /tmp "
			      "/proc/self/mountinfo");
	run_container(tree);
	assert_non_null(strstr(output, "tmpfs /tmp tmpfs rw,nosuid,nodev,noexec,noatime,size=64k"));
	assert_non_null(strstr(output, "\n700\n"));
	assert_non_null(strstr(output, " shared:"));
}

static void test_bad_options_are_named(void **state)
{
	struct plan_msg m;
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_mount("/tmp", "tmpfs", "size=64k,colour=red", 0);
	fail_container(tree, 2, EINVAL, &m);
	assert_non_null(strstr(m.text, "colour"));
	tree = draft_root();
	draft_mount("/tmp", "tmpfs", "size=64k,colour=red", 0);
	d.steps[2].mount.attr_set = MOUNT_ATTR_NODEV;
	fail_container(tree, 2, EINVAL, &m);
	assert_non_null(strstr(m.text, "colour"));
}

static void test_an_unknown_file_system_fails(void **state)
{
	struct plan_msg m;
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_mount("/tmp", "nofs", NULL, 0);
	fail_container(tree, 2, ENODEV, &m);
}

static void test_setattr_changes_what_is_mounted(void **state)
{
	struct plan_step *s;
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_mount("/tmp", "tmpfs", NULL, 0);
	s = draft_step(&d, STEP_SETATTR);
	s->setattr.target = draft_text(&d, "/tmp");
	s->setattr.attr_set = MOUNT_ATTR_RDONLY;
	draft_pivot_and_shell("touch /tmp/x || echo refused");
	run_container(tree);
	assert_non_null(strstr(output, "Read-only"));
	assert_non_null(strstr(output, "refused"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		container_test(test_pivot_leaves_only_the_container),
		container_test(test_chroot_moves_the_root_where_it_cannot_be_pivoted),
		container_test(test_chroot_without_a_mount_namespace_takes_a_directory),
		container_test(test_a_read_only_root_cannot_be_written),
		container_test(test_a_mount_point_stays_inside_of_the_root),
		container_test(test_a_missing_mount_point_is_made_in_the_root),
		container_test(test_a_dangling_symlink_leads_to_a_new_mount_point),
		container_test(test_symlinks_in_a_circle_are_no_mount_point),
		container_test(test_a_symlink_is_no_way_to_cover_proc),
		container_test(test_proc_goes_exactly_where_it_is_said),
		container_test(test_a_mount_has_its_flags_and_data),
		container_test(test_a_tmpfs_has_the_mode_of_its_mount_point),
		container_test(test_a_mount_with_attributes_is_the_same_mount),
		container_test(test_bad_options_are_named),
		container_test(test_an_unknown_file_system_fails),
		container_test(test_setattr_changes_what_is_mounted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
