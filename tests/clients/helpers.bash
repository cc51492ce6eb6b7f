# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# helpers - what the suites of the engines share, on top of those of tests/bats.
#
#   engine_setup                once a file: the runtime under its name
#   engine_test_setup           once a test, in place of test_setup
#   on_terminal COMMAND         the command's output through a terminal, which it is given
#   image_tar                   the tree of busybox as a tar file
#   systemd_left PATTERN        what units there still are, where systemd is process 1
#   assert_runtime_clean        the runtime's state root and its cgroups hold no container
#
# RUNTIME is the name that the engine is told; crun and runc run the same list, so that a difference
# shows whose it is.

# shellcheck source=tests/bats/helpers.bash
. "$BATS_TEST_DIRNAME/../bats/helpers.bash"

# Whether process 1 is systemd, and the engine's cgroup driver its: by the suite's name.
systemd=''
[[ $BATS_TEST_FILENAME != *-systemd.bats ]] || systemd=1

# The drop-ins name the program, not its folder, or the usual ones.
engine_setup() {
	# a copy: an ordinary user may not reach where it was built
	cp -a --remove-destination "$INSTALLED/." /usr/local/
}

engine_test_setup() {
	test_setup
	# crun raises RLIMIT_MEMLOCK for its device filter
	[ "$RUNTIME" != crun ] || require capability sys_resource
}

# User-mode Linux has no nf_tables; a list is empty there, too.
has_nat() {
	iptables -t nat -N tinyrun-tests 2>/dev/null && iptables -t nat -X tinyrun-tests
}

image_tar() {
	tar -C "$BATS_SUITE_ROOTFS" -c .
}

# The carriage returns are the terminal's.
on_terminal() {
	script --quiet --return --command "$(printf '%q ' "$@")" /dev/null </dev/null | tr_command -d '\r'
}

# `tr` is tinyrun in the helpers.
tr_command() {
	command tr "$@"
}

# Failed ones too.  A shim asks for the end of a scope, and does not wait.
systemd_left() {
	[ -z "$systemd" ] || systemctl list-units --all --plain --no-legend --no-pager "$1"
}

assert_runtime_clean() {
	local left

	left=$(find "$@" -mindepth 1 -maxdepth 1 ! -name '.*' 2>/dev/null)
	[ -z "$left" ] || {
		printf 'the runtime has left:\n%s\n' "$left" >&2
		return 1
	}
}
