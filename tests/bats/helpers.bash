# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# helpers - what the bats tests share.  `load helpers` at the top of a test file, and that is all:
# setup and teardown are here.  A file with its own setup or teardown calls test_setup first, and
# test_teardown last.
#
# Every test has a name of its own, $UNIQ.  It is in the ids of its containers, in the path of its
# cgroups, and in the environment of every process it starts; its files are in $BATS_TEST_TMPDIR.
# So teardown can look for what was left, and a test that leaves anything behind has failed.
#
#   tr ARGS...                  tinyrun with this test's --root
#   make_bundle [DIR]           a bundle with busybox: sets BUNDLE and ROOTFS
#   config '.process.cwd="/"'   edits $BUNDLE/config.json by a jq expression (jq's options go first)
#   args sh -c 'echo hello'     sets process.args
#   new_id                      sets ID to one that no other container has
#   require controller memory   skips where it is not there; also root, kernel, namespace,
#                               capability, command, cgroup2, lsm
#   run_detached COMMAND...     as bats' run, for what leaves a process behind that holds our output
#   wait_for COMMAND...         until it succeeds, at most 10 s (60 s in a slow guest)
#   status_of ID, pid_of ID     a field of `tinyrun state`
#   cgroup_of ID                the container's cgroup directory
#   assert_status N, assert_output_has TEXT, assert_one_line   about what `run` has left
#   not COMMAND...              it has to fail
#   listen_for_fds SOCKET       somebody who is sent descriptors; heard_fds SOCKET tells which
#   assert_nothing_left         no state, mount, cgroup or process of this test

bats_require_minimum_version 1.5.0

setup() {
	test_setup
}

teardown() {
	test_teardown
}

test_setup() {
	UNIQ=tr$$x$BATS_TEST_NUMBER
	ROOT=$BATS_TEST_TMPDIR/state
	ids_made=0
	export TINYRUN_TEST=$UNIQ
	# /proc/PID/mountinfo shows a path as its own file system has it, so only the end is sure
	test_mark=$(basename "$(dirname "$(dirname "$BATS_TEST_TMPDIR")")")/test/$BATS_TEST_NUMBER/
}

test_teardown() {
	delete_all
	assert_nothing_left
}

delete_all() {
	local dir

	for dir in "$ROOT"/*/; do
		[ -d "$dir" ] || continue
		dir=$(basename "$dir")
		tr delete --force "$dir" || echo "teardown: delete --force $dir failed"
	done
}

tr() {
	"$TINYRUN" --root "$ROOT" "$@"
}

# bats' run reads a pipe until all have closed it, so it would wait for a container that goes on.
run_detached() {
	status=0
	"$@" >"$BATS_TEST_TMPDIR/output" 2>&1 </dev/null 3>&- || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/output")
	# shellcheck disable=SC2034
	mapfile -t lines <"$BATS_TEST_TMPDIR/output"
}

new_id() {
	ids_made=$((ids_made + 1))
	ID=$UNIQ-$ids_made
}

make_bundle() {
	BUNDLE=${1:-$BATS_TEST_TMPDIR/bundle}
	ROOTFS=$BUNDLE/rootfs
	mkdir -p "$BUNDLE"
	cp -al "$BATS_SUITE_ROOTFS" "$ROOTFS" 2>/dev/null || cp -a "$BATS_SUITE_ROOTFS" "$ROOTFS"
	new_id
	jq --arg path "/$UNIQ/$ID" '.process.terminal = false | .process.args = ["/bin/true"] |
		.linux.cgroupsPath = $path' "$BATS_SUITE_CONFIG" >"$BUNDLE/config.json"
}

config() {
	jq "$@" <"$BUNDLE/config.json" >"$BUNDLE/config.json.new" &&
		mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

args() {
	config --argjson v "$(jq -cn '$ARGS.positional' --args -- "$@")" '.process.args = $v'
}

# What a test needs and the machine may not have.  The reason begins with "needs", which is how
# ./check knows that the test is to be run in a guest.

require() {
	local what=$1 one

	shift
	case $what in
	root) [ "$(id -u)" = 0 ] || skip "needs root" ;;
	cgroup2) [ -n "$(cgroup_mount)" ] || skip "needs cgroup2" ;;
	controller)
		for one; do
			grep -qw -- "$one" "$(cgroup_mount)/cgroup.controllers" 2>/dev/null ||
				skip "needs controller $one"
		done
		;;
	kernel)
		[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" = "$1" ] ||
			skip "needs kernel $1"
		;;
	lsm)
		for one; do
			grep -qw -- "$one" /sys/kernel/security/lsm 2>/dev/null || skip "needs lsm $one"
		done
		;;
	namespace)
		for one; do
			[ -e "/proc/self/ns/$one" ] || skip "needs namespace $one"
		done
		;;
	capability)
		for one; do
			has_capability "$one" || skip "needs capability $one"
		done
		;;
	command)
		for one; do
			command -v "$one" >/dev/null || skip "needs command $one"
		done
		;;
	*)
		echo "require: $what is not a thing to require" >&2
		return 1
		;;
	esac
}

# By trial where a set bit may still be refused further up, by the bit elsewhere.
has_capability() {
	local mask bit

	mask=0x$(sed -n 's/^CapEff:\t//p' /proc/self/status)
	case $1 in
	sys_ptrace) bit=19 ;;
	sys_admin) bit=21 ;;
	sys_nice) bit=23 ;;
	sys_resource) bit=24 ;;
	sys_time) bit=25 ;;
	mknod) bit=27 ;;
	*)
		echo "require capability: $1 is not known here" >&2
		return 1
		;;
	esac
	[ $((mask >> bit & 1)) = 1 ]
}

cgroup_mount() {
	awk '{ for (i = 7; i <= NF; i++) if ($i == "-" && $(i + 1) == "cgroup2" && $4 == "/") {
		print $5; exit } }' /proc/self/mountinfo
}

in_guest() {
	[ -n "$TINYRUN_GUEST" ]
}

wait_for() {
	local tries=100

	! in_guest || tries=600
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || {
			echo "wait_for: it did not happen: $*" >&2
			return 1
		}
		sleep 0.1
	done
}

status_of() {
	tr state "$1" | jq -r .status
}

status_is() {
	[ "$(status_of "$1" 2>/dev/null)" = "$2" ]
}

pid_of() {
	tr state "$1" | jq -r .pid
}

cgroup_of() {
	local pid path

	pid=$(pid_of "$1")
	path=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
	echo "$(cgroup_mount)$path"
}

# What must fail; `! command` ends a test only as its last line.
not() {
	! "$@"
}

assert_status() {
	# shellcheck disable=SC2154 # bats sets status, output and lines
	[ "$status" -eq "$1" ] || {
		printf 'expected exit status %s, got %s; output:\n%s\n' "$1" "$status" "$output" >&2
		return 1
	}
}

assert_output_has() {
	[[ $output == *"$1"* ]] || {
		printf 'expected in the output: %s\ngot: %s\n' "$1" "$output" >&2
		return 1
	}
}

assert_output_is() {
	[ "$output" = "$1" ] || {
		printf 'expected the output: %s\ngot: %s\n' "$1" "$output" >&2
		return 1
	}
}

assert_one_line() {
	# shellcheck disable=SC2154
	[ "${#lines[@]}" -eq 1 ] || {
		printf 'expected one line, got %s:\n%s\n' "${#lines[@]}" "$output" >&2
		return 1
	}
}

# Nothing left: asked once more for a moment, since the kernel ends a process and empties its cgroup
# a little after everyone has been told.

assert_nothing_left() {
	local tries=20 left

	! in_guest || tries=100
	while left=$(what_is_left) && [ -n "$left" ] && [ "$tries" -gt 0 ]; do
		tries=$((tries - 1))
		sleep 0.05
	done
	[ -z "$left" ] || {
		printf 'left behind:\n%s\n' "$left" >&2
		clear_away
		return 1
	}
	remove_test_cgroup
}

what_is_left() {
	left_state
	left_mounts
	left_cgroups
	left_processes
	return 0
}

# A state root may keep files of its own (caches, locks), whose names begin with a dot.
left_state() {
	[ ! -d "$ROOT" ] || find "$ROOT" -mindepth 1 -maxdepth 1 ! -name '.*' -printf 'state: %p\n'
}

left_mounts() {
	grep -F "$test_mark" /proc/self/mountinfo | sed 's/^/mount: /'
	return 0
}

left_cgroups() {
	local top

	top=$(cgroup_mount)
	[ -z "$top" ] || find "$top" -mindepth 1 -type d -name "*$UNIQ-*" -printf 'cgroup: %p\n' 2>/dev/null
	return 0
}

# Processes that carry this test's name in their environment, or see its files as mounts: a
# container's process has an environment of its own.  Those of this shell are not strays.
left_processes() {
	local pid line

	for pid in $(processes_of_test); do
		line=$({ command tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | cut -c 1-120)
		# what has ended meanwhile was one of the programs that looked
		! is_alive "$pid" || printf 'process: %s %s\n' "$pid" "$line"
	done
}

# By their environment, or by mounts of the test in a namespace that is not ours: what the test has
# mounted here everybody sees.
processes_of_test() {
	local file pid ours

	ours=$(readlink /proc/self/ns/mnt)
	{
		grep -laF "TINYRUN_TEST=$UNIQ" /proc/[0-9]*/environ
		grep -lF "$test_mark" /proc/[0-9]*/mountinfo | while read -r file; do
			[ "$(readlink "${file%mountinfo}ns/mnt")" = "$ours" ] || echo "$file"
		done
	} 2>/dev/null | sort -u | while read -r file; do
		pid=${file#/proc/} pid=${pid%%/*}
		[ "$pid" != "$BASHPID" ] && is_alive "$pid" && echo "$pid"
	done | sort -un
}

# Neither ended nor a zombie that waits for its parent.
is_alive() {
	local state

	state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
	[ -n "$state" ] && [ "$state" != Z ] && [ "$state" != X ]
}

remove_test_cgroup() {
	local top

	top=$(cgroup_mount)
	[ -z "$top" ] || [ ! -d "$top/$UNIQ" ] || rmdir "$top/$UNIQ"
}

# The test has failed: what it left shall not disturb the others.
clear_away() {
	local pid dir top

	top=$(cgroup_mount)
	for pid in $(processes_of_test); do
		kill -KILL "$pid" 2>/dev/null
	done
	[ -z "$top" ] || find "$top" -depth -mindepth 1 -type d -name "*$UNIQ*" 2>/dev/null |
		while read -r dir; do
			echo 1 >"$dir/cgroup.kill"
			sleep 0.1
			rmdir "$dir"
		done 2>/dev/null
	awk -v mark="$test_mark" 'index($0, mark) { print $5 }' /proc/self/mountinfo | sort -r |
		while read -r dir; do
			umount -l "$dir"
		done
	return 0
}

# Writes down the descriptors of one message: a pidfd's process, any other's name.
listen_for_fds() {
	require command python3
	timeout 60 python3 - "$1" >"$1.heard" 3>&- <<'PY' &
import array, os, re, signal, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(1)
c, _ = s.accept()
_, control, _, _ = c.recvmsg(4096, socket.CMSG_SPACE(16))
fds = array.array("i")
for _, _, data in control:
    fds.frombytes(data)
for fd in fds:
    pid = re.search(r"\nPid:\s*(\d+)", open("/proc/self/fdinfo/%d" % fd).read())
    print(pid[1] if pid else os.readlink("/proc/self/fd/%d" % fd))
sys.stdout.flush()
signal.pause()  # a terminal that nobody holds would hang up its process
PY
	echo $! >"$1.listener"
	wait_for test -S "$1"
}

heard_fds() {
	wait_for test -s "$1.heard"
	cat "$1.heard"
	kill "$(cat "$1.listener")"
}
