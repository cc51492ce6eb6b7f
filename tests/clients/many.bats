#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# many - two hundred containers at once under one containerd, made and removed again and again.

load helpers
load containerd

setup_file() {
	containerd_with_image
}

setup() {
	engine_test_setup
}

teardown() {
	containerd_clear default
	assert_nothing_left
}

# What there is of each kind on the whole machine, which is this test's own.  The cgroup that all of
# containerd's containers share stays: who made it was not the last one in it.
census() {
	printf 'mounts %s\n' "$(wc -l </proc/self/mountinfo)"
	printf 'cgroups %s\n' "$(find /sys/fs/cgroup -type d ! -path /sys/fs/cgroup/default | wc -l)"
	# all but the suite's own, which come and go
	ps -e --no-headers -o comm >"$BATS_TEST_TMPDIR/processes"
	printf 'processes %s\n' "$(grep -vxc -E 'bash|cat|grep|ps|run|tail|timeout|bats.*' "$BATS_TEST_TMPDIR/processes")"
	printf 'state %s\n' "$(find /run/tinyrun /run/containerd ! -name '.*' 2>/dev/null | wc -l)"
	printf 'network namespaces %s\n' "$(lsns --noheadings --type net 2>/dev/null | wc -l)"
	printf 'descriptors of containerd %s\n' "$(find "/proc/$(cat "$BATS_FILE_TMPDIR/containerd.pid")/fd" | wc -l)"
}

as_before() {
	[ "$(census | grep -v descriptors)" = "$(grep -v descriptors <<<"$before")" ]
}

# Eight at a time: ctr is a process each.
each() {
	seq "$containers" | xargs -P 8 -I N "$@" >/dev/null
}

@test "containerd: two hundred at once, ten times over, leave nothing" {
	local shares=(--cpu-shares 0) containers=200 rounds=10 round before begun=$SECONDS

	! grep -qw cpu /sys/fs/cgroup/cgroup.controllers || shares=()
	! in_guest || containers=20 rounds=1
	ctr run --rm --runc-binary "$RUNTIME" "${shares[@]}" localhost/busybox:latest first true
	wait_for no_shims
	before=$(census)
	echo "before: ${before//$'\n'/, }" >&3
	for ((round = 1; round <= rounds; round++)); do
		each ctr run --detach --runc-binary "$RUNTIME" "${shares[@]}" localhost/busybox:latest cN sleep 10000 3>&-
		[ "$(ctr task ls | grep -c RUNNING)" = "$containers" ]
		# ctr warns that they were killed
		each sh -c 'ctr task rm --force cN 2>/dev/null && ctr container rm cN'
		wait_for as_before
		echo "round $round, $((SECONDS - begun)) s: $(census | tail -n 1)" >&3
	done
}
