#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# containerd - its shim calls the runtime for ctr as it does for everyone else.
#
# containerd-systemd.bats is a link to this file: the same list with systemd's cgroup driver.

load helpers
load containerd

setup_file() {
	containerd_with_image
}

setup() {
	engine_test_setup
	name=$UNIQ
}

teardown() {
	containerd_clear default
	assert_nothing_left
	left
	nothing_left
}

left() {
	containerd_left default
	systemd_left 'ctr-*'
}

nothing_left() {
	[ -z "$(left)" ]
}

# ctr_arguments OPTION... IMAGE ID COMMAND...: for `ctr run`, in the array arguments.  ctr asks for 1024
# shares where nobody said anything.
ctr_arguments() {
	local id="$*"

	arguments=(--runc-binary "$RUNTIME")
	grep -qw cpu /sys/fs/cgroup/cgroup.controllers || arguments+=(--cpu-shares 0)
	[ -z "$systemd" ] || {
		id=${id#*localhost/busybox:latest }
		arguments+=(--runc-systemd-cgroup --cgroup "tests.slice:ctr:${id%% *}")
	}
	arguments+=("$@")
}

ctr_run() {
	local arguments

	ctr_arguments "$@"
	ctr run "${arguments[@]}"
}

# run_there [OPTION...] NAME COMMAND...
run_there() {
	local options=()

	while [[ $1 == -* ]]; do
		options+=("$1")
		shift
	done
	ctr_run --detach "${options[@]}" localhost/busybox:latest "$@" </dev/null >/dev/null 2>&1 3>&-
}

status_is() {
	[ "$(ctr task ls | awk -v id="$1" '$1 == id { print $3 }')" = "$2" ]
}

cgroup_of() {
	sed -n 's/^0:://p' "/proc/$(ctr task ls | awk -v id="$1" '$1 == id { print $2 }')/cgroup"
}

cgroup_file() {
	cat "/sys/fs/cgroup$(cgroup_of "$1")/$2"
}

in_container() {
	local id=$1

	shift
	ctr task exec --exec-id "e$RANDOM" "$id" "$@"
}

@test "ctr run: the output and the exit status are the program's" {
	run ctr_run --rm localhost/busybox:latest "$name" sh -c 'echo out; echo err >&2; exit 7'
	assert_status 7
	assert_output_has out
	assert_output_has err
}

@test "ctr run: a missing program is an error that names it, and leaves nothing" {
	run ctr_run --rm localhost/busybox:latest "$name" nosuchprogram
	[ "$status" -ne 0 ]
	assert_output_has nosuchprogram
	# crun's has the name in the middle
	[[ $output == *"executable file"*"not found in \$PATH"* ]]
}

@test "ctr run: the runtime's own sentence comes through, not a stale one" {
	run ctr_run --rm --cwd /etc/passwd localhost/busybox:latest "$name" true
	[ "$status" -ne 0 ]
	assert_output_has /etc/passwd
	[[ $output != *"unable to retrieve OCI runtime error"* ]]
}

@test "ctr run: with the snapshotter overlayfs, and with native" {
	run ctr_run --rm --snapshotter overlayfs localhost/busybox:latest "$name" sh -c 'touch /new && grep " / " /proc/mounts'
	assert_status 0
	assert_output_has "overlay / overlay"
	ctr image import --snapshotter native "$BATS_FILE_TMPDIR/image.tar"
	run ctr_run --rm --snapshotter native localhost/busybox:latest "$name-n" touch /new
	assert_status 0
}

@test "ctr run -t: a terminal of its own" {
	local arguments

	ctr_arguments --rm --tty localhost/busybox:latest "$name" sh -c 'tty; test -t 0 && echo is one'
	run on_terminal ctr run "${arguments[@]}"
	assert_output_has /dev/pts/0
	assert_output_has "is one"
}

@test "ctr run: --read-only, --mount, --env, --privileged, --seccomp, --uidmap" {
	mkdir "$BATS_TEST_TMPDIR/from"
	echo of the host >"$BATS_TEST_TMPDIR/from/file"
	run ctr_run --rm --read-only --env A=b --mount "type=bind,src=$BATS_TEST_TMPDIR/from,dst=/mnt,options=rbind:ro" \
		localhost/busybox:latest "$name" sh -c 'echo $A; cat /mnt/file; touch /mnt/x; touch /y'
	assert_output_has $'b\nof the host'
	assert_output_has "/mnt/x: Read-only file system"
	assert_output_has "/y: Read-only file system"
	run ctr_run --rm --seccomp localhost/busybox:latest "$name-s" grep -w Seccomp: /proc/self/status
	assert_output_has 2
	run ctr_run --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 localhost/busybox:latest "$name-u" cat /proc/self/uid_map
	assert_status 0
	assert_output_has 100000
}

@test "ctr run --privileged: every capability" {
	require capability sys_resource
	run ctr_run --rm --privileged localhost/busybox:latest "$name" grep CapEff /proc/self/status
	assert_status 0
	assert_output_has 1ffffffffff
}

@test "ctr run --cgroup, --runc-systemd-cgroup: its cgroup is of its own, or a scope of systemd's" {
	run_there "$name" sleep 1000
	if [ -n "$systemd" ]; then
		[[ $(cgroup_of "$name") == /tests.slice/ctr-$name.scope* ]]
		systemctl is-active --quiet "ctr-$name.scope"
	else
		[ "$(cgroup_of "$name")" = "/default/$name" ]
	fi
}

@test "ctr task exec: output, status, folder, user, a terminal" {
	run_there "$name" sleep 1000
	run in_container "$name" sh -c 'echo within; exit 5'
	assert_status 5
	assert_output_is within
	run ctr task exec --exec-id e1 --cwd /tmp --user 33:33 "$name" sh -c 'pwd; id -u'
	assert_output_is $'/tmp\n33'
	run on_terminal ctr task exec --tty --exec-id e2 "$name" tty
	assert_output_has /dev/pts/
	run in_container "$name" nosuchprogram
	[ "$status" -ne 0 ]
	# crun's has the name in the middle
	[[ $output == *"executable file"*"not found in \$PATH"* ]]
	in_container "$name" true
}

@test "ctr task attach: the output of a container that runs" {
	run_there "$name" sh -c 'while :; do echo tick; sleep 0.2; done'
	# ctr passes every other signal on to the container
	run timeout --signal KILL 5 ctr task attach "$name" </dev/null
	assert_output_has tick
}

@test "ctr task pause, resume: the processes stand still, and go on" {
	run_there "$name" sleep 1000
	ctr task pause "$name"
	status_is "$name" PAUSED
	cgroup_file "$name" cgroup.events | grep -q 'frozen 1'
	run in_container "$name" true
	[ "$status" -ne 0 ]
	ctr task resume "$name"
	status_is "$name" RUNNING
	cgroup_file "$name" cgroup.events | grep -q 'frozen 0'
}

@test "ctr task kill: one process, all of them, by name and by number" {
	run_there "$name" sh -c 'trap "echo got >/tmp/got" USR1; : >/tmp/ready; while :; do sleep 0.1; done'
	wait_for in_container "$name" test -e /tmp/ready
	ctr task kill --signal USR1 "$name"
	wait_for in_container "$name" test -e /tmp/got
	ctr task kill --signal 9 "$name"
	wait_for status_is "$name" STOPPED
	run ctr task kill "$name"
	[ "$status" -ne 0 ]
	ctr task rm "$name" || true
	run ctr container rm "$name"
	assert_status 0
	run_there "$name-all" sh -c 'sleep 1000 & sleep 1001'
	ctr task kill --all --signal KILL "$name-all"
	wait_for status_is "$name-all" STOPPED
}

@test "ctr task ps: every process of the container" {
	run_there "$name" sh -c 'sleep 1000 & sleep 1001 & wait'
	wait_for sh -c "test \$(ctr task ps $name | wc -l) = 4"
}

@test "ctr task metrics: what the cgroup has used" {
	require controller memory pids cpu
	run_there "$name" sleep 1000
	run ctr task metrics "$name"
	assert_status 0
	[ "$(awk '$1 == "pids.current" { print $2 }' <<<"$output")" = 1 ]
	[ "$(awk '$1 == "memory.usage" { print $2 }' <<<"$output")" -gt 0 ]
}

@test "ctr run --memory-limit, --cpus: the kernel's limits" {
	require controller memory cpu
	run_there --memory-limit=$((64 * 1024 * 1024)) --cpus=0.5 "$name" sleep 1000
	[ "$(cgroup_file "$name" memory.max)" = $((64 * 1024 * 1024)) ]
	[ "$(cgroup_file "$name" cpu.max)" = "50000 100000" ]
}

needs_checkpoints() {
	require command criu
	require capability sys_resource
	"$RUNTIME" checkpoint --help >/dev/null 2>&1 || skip "this runtime has no checkpoint"
	criu check >/dev/null 2>&1 || skip "needs a kernel that criu can checkpoint"
}

@test "ctr task checkpoint --exit: the container has ended" {
	needs_checkpoints
	run_there "$name" sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/count; sleep 0.1; done'
	ctr task checkpoint --exit "$name"
	wait_for status_is "$name" STOPPED
}

restored() {
	status_is "$name-r" RUNNING || ! is_alive "$restored"
}

@test "ctr container checkpoint, restore --live: another container goes on where that one was" {
	needs_checkpoints
	# CRIU 3 does not restore no_new_privs, which ctr asks for
	run_there --allow-new-privs "$name" sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/count; sleep 0.1; done'
	wait_for in_container "$name" grep -q '^[0-9][0-9]' /count
	ctr container checkpoint --task --image --rw "$name" "localhost/$name:latest"
	status_is "$name" RUNNING
	ctr task rm --force "$name" 2>/dev/null
	ctr container rm "$name"
	ctr container restore --live --rw "$name-r" "localhost/$name:latest" \
		</dev/null >"$BATS_TEST_TMPDIR/restored" 2>&1 3>&- &
	restored=$!
	wait_for restored
	status_is "$name-r" RUNNING || {
		cat "$BATS_TEST_TMPDIR/restored"
		return 1
	}
	[ "$(in_container "$name-r" cat /count)" -ge 10 ]
	ctr task kill --signal KILL "$name-r"
	wait $restored || true
	ctr image rm "localhost/$name:latest"
}

@test "containerd: killed and begun again, it still has its containers" {
	run_there "$name" sleep 1000
	kill -KILL "$(cat "$BATS_FILE_TMPDIR/containerd.pid")"
	containerd_start "$BATS_FILE_TMPDIR/config.toml"
	status_is "$name" RUNNING
	run in_container "$name" echo alive
	assert_output_is alive
}

@test "containerd: a shim that is killed leaves nothing when its container is removed" {
	run_there "$name" sleep 1000
	pkill -KILL -f "^[^ ]*containerd-shim-runc-v2 .* -id $name "
	wait_for no_shims
	wait_for nothing_left
}
