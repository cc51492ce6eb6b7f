/* SPDX-License-Identifier: Apache-2.0 */
/* test-devices - a container's devices, masks and terminal. Needs root. */
#include "container.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* --- devices --- */

static void test_devices_and_links_are_made(void **state)
{
	struct plan_step *s;
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_mount("/dev", "tmpfs", "mode=755", 0);
	draft_device("/dev/null", 3);
	draft_device("/dev/null", 3); /* once more: it is the same */
	draft_device("/dev/zero", 5);
	draft_device("/dev/sub/full", 7);
	d.steps[d.n_steps - 1].mknod.uid = 12;
	s = draft_step(&d, STEP_SYMLINK);
	s->symlink.path = draft_text(&d, "/dev/fd");
	s->symlink.target = draft_text(&d, "/proc/self/fd");
	draft_pivot_and_shell(
		"cd /dev; stat -c '%n %F %t:%T %a %u' null zero sub/full; readlink fd; "
		"echo x >/dev/null");
	assert_string_equal(run_container(tree), "null character special file 1:3 666 0\n"
						 "zero character special file 1:5 666 0\n"
						 "sub/full character special file 1:7 666 12\n"
						 "/proc/self/fd\n");
}

static void test_another_device_in_the_way_is_an_error(void **state)
{
	struct plan_msg m;
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_device("/dev/null", 5);
	draft_device("/dev/null", 3);
	fail_container(tree, 3, EEXIST, &m);
}

static void test_a_link_for_dev_does_not_lead_out(void **state)
{
	char outside[] = "/tmp/test-init-XXXXXX";
	char path[512];
	int tree;

	(void)state;
	need_rootfs();
	assert_non_null(mkdtemp(outside));
	(void)snprintf(path, sizeof(path), "%s/dev", root);
	assert_int_equal(rmdir(path), 0);
	link_in_root(outside, "dev");
	(void)snprintf(path, sizeof(path), "%s%s", root, outside);
	assert_int_equal(mkdir(path, 0755), 0);
	tree = draft_root();
	draft_device("/dev/null", 3);
	draft_pivot_and_shell("exit 0");
	run_container(tree);
	assert_int_equal(rmdir(outside), 0); /* it is empty */
	assert_true(exists(outside));
}

/* --- protection --- */

static void test_masked_paths_are_empty(void **state)
{
	int tree;

	(void)state;
	need_rootfs();
	rootfs_write(root, "etc/secret", "secret\n");
	rootfs_write(root, "etc/other", "secret\n");
	tree = draft_root();
	draft_mount("/dev", "tmpfs", "mode=755", 0);
	draft_device("/dev/null", 3);
	draft_path(&d, STEP_MASK, "/etc/secret");
	draft_path(&d, STEP_MASK, "/etc/other");
	draft_path(&d, STEP_MASK, "/sys");
	draft_path(&d, STEP_MASK, "/bin/missing/deep");
	draft_path(&d, STEP_MASK, "/etc/secret/deep");
	draft_path(&d, STEP_MASK, "/proc");
	draft_path(&d, STEP_MASK, "/tmp");
	draft_pivot_and_shell("cat /etc/secret /etc/other; echo /proc/* /tmp/*; touch /tmp/x; "
			      "touch /sys/x; echo end");
	assert_string_equal(run_container(tree), "/proc/* /tmp/*\n"
						 "touch: /tmp/x: Read-only file system\n"
						 "touch: /sys/x: Read-only file system\nend\n");
}

static void test_a_mask_is_not_made_of_a_faked_null(void **state)
{
	static const struct {
		mode_t kind;
		unsigned major, minor;
	} fakes[] = {{S_IFLNK, 0, 0},
		     {S_IFREG, 0, 0},
		     {S_IFCHR, 1, 5},
		     {S_IFCHR, 7, 3},
		     {S_IFBLK, 1, 3}};
	struct plan_msg m;
	char path[512];
	int tree;

	(void)state;
	need_rootfs();
	rootfs_write(root, "etc/secret", "secret\n");
	(void)snprintf(path, sizeof(path), "%s/dev/null", root);
	for (size_t i = 0; i < sizeof(fakes) / sizeof(fakes[0]); i++) {
		if (fakes[i].kind == S_IFLNK)
			link_in_root("/etc/secret", "dev/null");
		else
			assert_int_equal(mknod(path, fakes[i].kind | 0666,
					       makedev(fakes[i].major, fakes[i].minor)),
					 0);
		draft_init(&d);
		tree = draft_root();
		draft_path(&d, STEP_MASK, "/etc/secret");
		fail_container(tree, 2, EINVAL, &m);
		assert_string_equal(m.text, "/dev/null is not the null device");
		assert_int_equal(unlink(path), 0);
	}
}

static void test_read_only_paths_are_so_alone_or_with_all_below(void **state)
{
	struct plan_step *s;
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_mount("/tmp", "tmpfs", NULL, 0);
	draft_mount("/tmp/below", "tmpfs", NULL, 0);
	draft_mount("/alone", "tmpfs", NULL, 0);
	draft_mount("/alone/below", "tmpfs", NULL, 0);
	s = draft_step(&d, STEP_READONLY_PATH);
	s->path.path = draft_text(&d, "/tmp");
	s->flags = PLAN_AND_BELOW;
	draft_path(&d, STEP_READONLY_PATH, "/alone");
	draft_path(&d, STEP_READONLY_PATH, "/missing");
	draft_pivot_and_shell("touch /tmp/x; touch /tmp/below/x; touch /alone/x; "
			      "touch /alone/below/x && touch /etc/x && echo ok");
	assert_string_equal(run_container(tree), "touch: /tmp/x: Read-only file system\n"
						 "touch: /tmp/below/x: Read-only file system\n"
						 "touch: /alone/x: Read-only file system\nok\n");
}

/* --- the terminal --- */

static void draft_console(uint32_t on_dev_console)
{
	struct plan_step *s;

	draft_step(&d, STEP_SESSION);
	draft_mount("/dev", "tmpfs", "mode=755", 0);
	draft_mount("/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620", 0);
	s = draft_step(&d, STEP_CONSOLE);
	s->console.height = 33;
	s->console.width = 111;
	s->console.uid = 1234;
	s->console.on_dev_console = on_dev_console;
}

static char *master_read(int master)
{
	struct pollfd p = {.fd = master, .events = POLLIN};
	size_t len = 0;
	ssize_t n;

	while (len + 1 < sizeof(output) && poll(&p, 1, 10000) == 1) {
		n = read(master, output + len, sizeof(output) - 1 - len);
		if (n <= 0) /* EIO: nobody has the other end any more */
			break;
		len += (size_t)n;
	}
	output[len] = '\0';
	return output;
}

static void test_the_terminal_is_the_containers_own(void **state)
{
	struct plan_msg m;
	struct run r;
	int tree, master = -1;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_console(1);
	draft_pivot_and_shell("tty; stty size; stat -c %u /dev/pts/0; [ -c /dev/console ] && "
			      "echo console >/dev/console; echo tty >/dev/pts/0");
	draft_finish(&d);
	run_start(&r, &d, CONTAINER);
	assert_int_equal(run_receive(&r, &m, &master), PLAN_MSG_PTY);
	assert_int_equal(run_receive(&r, &m, NULL), 0);
	assert_string_equal(master_read(master),
			    "/dev/pts/0\r\n33 111\r\n1234\r\nconsole\r\ntty\r\n");
	assert_int_equal(run_wait(&r), 0);
	(void)close(master);
	(void)close(tree);
}

static void test_a_terminal_needs_a_devpts(void **state)
{
	struct plan_msg m;
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_console(0);
	d.steps[4].mount.fstype = draft_text(&d, "tmpfs");
	d.steps[4].mount.data = 0;
	fail_container(tree, 5, ENOTTY, &m);
}

static void test_a_console_is_not_made_through_a_link(void **state)
{
	struct plan_msg m;
	struct plan_step *s;
	int tree;

	(void)state;
	need_rootfs();
	tree = draft_root();
	draft_console(1);
	s = &d.steps[d.n_steps++];
	s[0] = s[-1]; /* the link comes before the terminal */
	s[-1] = (struct plan_step){.kind = STEP_SYMLINK};
	s[-1].symlink.path = draft_text(&d, "/dev/console");
	s[-1].symlink.target = draft_text(&d, "/etc/made");
	fail_container(tree, 6, ELOOP, &m);
	assert_false(exists("etc/made"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		container_test(test_devices_and_links_are_made),
		container_test(test_another_device_in_the_way_is_an_error),
		container_test(test_a_link_for_dev_does_not_lead_out),
		container_test(test_masked_paths_are_empty),
		container_test(test_a_mask_is_not_made_of_a_faked_null),
		container_test(test_read_only_paths_are_so_alone_or_with_all_below),
		container_test(test_the_terminal_is_the_containers_own),
		container_test(test_a_terminal_needs_a_devpts),
		container_test(test_a_console_is_not_made_through_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
