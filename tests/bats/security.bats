#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# security - what the image, the container and whoever can edit a file may try.  Holes of mounts are
# in mounts.bats, of the console in terminal.bats, of ids in cli.bats, of kills in crash.bats.

load helpers

setup() {
  test_setup
  require root
  make_bundle
}

inside() {
  args /bin/sh -c "$1"
  run timeout 30 "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
}

# create, or run -d, of something that stays
stays() { # VERB...
  args /bin/sleep 1000
  run_detached timeout 30 "$TINYRUN" --root "$ROOT" "$@" -b "$BUNDLE" "$ID"
  assert_status 0
}

refused() { # COMMAND...: one line and exit 1 within a time, nothing of the id left
  run_detached timeout 30 "$@"
  assert_status 1
  assert_one_line
  [ ! -e "$ROOT/$ID" ]
  [ -z "$(left_cgroups)" ]
}

# A plain `!` in front of a command is not looked at by bats.
not() {
  ! "$@"
}

# the image's own /dev, nothing mounted there
without_dev() {
  config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .root.readonly = false'
}

edit_state() { # JQ
  jq "$1" "$ROOT/$ID/state.json" >"$BATS_TEST_TMPDIR/edited"
  cp "$BATS_TEST_TMPDIR/edited" "$ROOT/$ID/state.json"
}

# A static program in the container's root, from C on stdin.
compile() { # NAME
  require command gcc
  cat >"$BATS_TEST_TMPDIR/$1.c"
  gcc -static -D_GNU_SOURCE -o "$ROOTFS/$1" "$BATS_TEST_TMPDIR/$1.c" 2>/dev/null || skip "needs a static libc"
}

# --- what init shows while it waits ---

@test "security: a created init holds stdio and the listening socket, no environment, no host directory" {
  local pid
  exec 7</etc/hostname
  stays create
  exec 7<&-
  pid=$(pid_of "$ID")
  run find "/proc/$pid/fd" -mindepth 1 -lname 'socket:*'
  assert_one_line
  run find "/proc/$pid/fd" -mindepth 1 ! -lname 'socket:*' -printf '%f\n'
  [ "$(sort <<<"$output" | paste -sd' ')" = "0 1 2" ]
  [ ! -s "/proc/$pid/environ" ]
  not grep -v -e memfd:tinyrun -e '\[' -e ' 00:00 0' "/proc/$pid/maps"
  not grep -F "$(basename "$ROOT")" "/proc/$pid/mountinfo"
}

@test "security: the program that runs inside is sealed (CVE-2019-5736)" {
  local pid
  require command python3
  stays create
  pid=$(pid_of "$ID")
  not sh -c ': >"$0"' "/proc/$pid/exe"
  # shrink, grow, write and further seals: F_GET_SEALS is 1034
  run python3 -c 'import fcntl, sys; print(fcntl.fcntl(open(sys.argv[1]), 1034) & 15)' "/proc/$pid/exe"
  assert_output_is 15
}

@test "security: /proc/self/exe as the program is nothing of the host's (CVE-2019-5736)" {
  args /proc/self/exe
  run_detached timeout 30 "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  [ "$status" -ne 0 ]
  args /proc/self/exe --version
  run_detached timeout 30 "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  [[ $output != *"tinyrun version"* ]]
}

@test "security: a created init cannot be traced by an ordinary user, and its parent's death is not its own" {
  local pid
  stays create
  pid=$(pid_of "$ID")
  # what is not dumpable belongs to root, whoever the user is
  config '.process.user = {"uid": 33, "gid": 33}'
  [ "$(stat -c %u "/proc/$pid/environ")" = 0 ]
  tr delete --force "$ID"
  stays create
  pid=$(pid_of "$ID")
  [ "$(stat -c %u "/proc/$pid/environ")" = 0 ]
  [ "$(awk '/^Uid/ { print $2 }' "/proc/$pid/status")" = 33 ]
  [ "$(status_of "$ID")" = created ]
}

@test "security: state directory and files are the owner's alone; a root that everybody writes is refused" {
  umask 0
  stays create
  umask 022
  [ "$(stat -c %a "$ROOT" "$ROOT/$ID" | sort -u)" = 700 ]
  [ -z "$(find "$ROOT" -type f -perm /077)" ]
  tr delete --force "$ID"
  chmod 1777 "$ROOT"
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "written by everybody"
  run tr list
  assert_status 1
  chmod 700 "$ROOT"
  chown 12345 "$ROOT"
  run tr state "$ID"
  assert_status 1
  assert_output_has "belongs to user 12345"
  chown 0 "$ROOT"
}

@test "security: no abstract socket is made (CVE-2020-15257)" {
  local before
  before=$(grep -c ' @' /proc/net/unix || true)
  stays create
  [ "$(grep -c ' @' "/proc/$(pid_of "$ID")/net/unix" || true)" = 0 ]
  [ "$(grep -c ' @' /proc/net/unix || true)" -le "$before" ]
}

# --- state files that somebody has edited ---

@test "state: a pid of 1, 0 or below, or beyond, is never signalled" {
  local pid
  stays create
  cp "$ROOT/$ID/state.json" "$BATS_TEST_TMPDIR/good"
  for pid in 1 -1 -2 4294967297 '"1"'; do
    cp "$BATS_TEST_TMPDIR/good" "$ROOT/$ID/state.json"
    edit_state ".pid = $pid"
    run tr kill "$ID" 0
    assert_status 1
    run tr state "$ID"
    assert_status 1
    assert_one_line
  done
  cp "$BATS_TEST_TMPDIR/good" "$ROOT/$ID/state.json"
  edit_state '.pid = 0'
  run tr kill "$ID" KILL
  assert_status 1
  assert_output_has "container not running"
  cp "$BATS_TEST_TMPDIR/good" "$ROOT/$ID/state.json"
}

@test "state: one of another boot is stopped" {
  stays create
  edit_state '.bootId = "00000000-0000-0000-0000-000000000000"'
  [ "$(status_of "$ID")" = stopped ]
  run tr kill "$ID" KILL
  assert_status 1
}

@test "state: the record of another id is not obeyed" {
  local victim=$ID
  stays create
  new_id
  config --arg p "/$UNIQ/$ID" '.linux.cgroupsPath = $p'
  stays create
  edit_state ".id = \"$victim\""
  run tr state "$ID"
  assert_status 1
  assert_output_has "the record of \"$victim\""
  run tr delete "$ID"
  assert_status 1
  run tr delete --force "$ID"
  assert_status 0
  [ ! -e "$ROOT/$ID" ]
  [ "$(status_of "$victim")" = created ]
}

@test "state: delete --force ends a running container whose record is damaged" {
  local pid
  stays run -d
  pid=$(pid_of "$ID")
  echo '{' >"$ROOT/$ID/state.json"
  tr delete --force "$ID"
  not is_alive "$pid"
  config 'del(.linux.cgroupsPath)'
  stays run -d
  pid=$(pid_of "$ID")
  : >"$ROOT/$ID/state.json"
  tr delete --force "$ID"
  not is_alive "$pid"
  [ -z "$(find "$(cgroup_mount)" -name "tinyrun-$ID")" ]
}

@test "state: a FIFO, a link, a device or a directory in place of a file is an error and no wait" {
  local file
  stays create
  cp -a "$ROOT/$ID/state.json" "$BATS_TEST_TMPDIR/good"
  rm "$ROOT/$ID/state.json"
  mkfifo "$ROOT/$ID/state.json"
  run timeout 10 "$TINYRUN" --root "$ROOT" state "$ID"
  assert_status 1
  run timeout 10 "$TINYRUN" --root "$ROOT" list
  assert_output_has "warning"
  rm "$ROOT/$ID/state.json"
  ln -s /dev/zero "$ROOT/$ID/state.json"
  run timeout 10 "$TINYRUN" --root "$ROOT" state "$ID"
  assert_status 1
  rm "$ROOT/$ID/state.json"
  mv "$BATS_TEST_TMPDIR/good" "$ROOT/$ID/state.json"
  # start looks at the plan only for the words of a failure
  rm "$ROOT/$ID/plan"
  mkfifo "$ROOT/$ID/plan"
  run timeout 10 "$TINYRUN" --root "$ROOT" start "$ID"
  assert_status 0
}

@test "state: a link or a FIFO with the name of an id is no container, and what it points to is unharmed" {
  mkdir -p "$BATS_TEST_TMPDIR/elsewhere" "$ROOT"
  chmod 700 "$ROOT"
  touch "$BATS_TEST_TMPDIR/elsewhere/file"
  ln -s "$BATS_TEST_TMPDIR/elsewhere" "$ROOT/$ID"
  run tr state "$ID"
  assert_status 1
  assert_output_has "does not exist"
  run tr delete --force "$ID"
  [ -e "$BATS_TEST_TMPDIR/elsewhere/file" ]
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  [ "$(ls -A "$BATS_TEST_TMPDIR/elsewhere")" = file ]
  rm -f "$ROOT/$ID"
  mkfifo "$ROOT/$ID"
  run timeout 10 "$TINYRUN" --root "$ROOT" delete --force "$ID"
  run timeout 10 "$TINYRUN" --root "$ROOT" list
  assert_status 0
  rm -f "$ROOT/$ID"
}

@test "state: a state root that is a FIFO, a file or a dangling link is an error and no wait" {
  local root=$BATS_TEST_TMPDIR/odd verb
  mkfifo "$root"
  for verb in list "state x" "delete x" "create -b $BUNDLE x"; do
    # shellcheck disable=SC2086 # the verb's words
    run_detached timeout 10 "$TINYRUN" --root "$root" $verb
    assert_status 1
    assert_one_line
  done
  rm "$root"
  touch "$root"
  run_detached timeout 10 "$TINYRUN" --root "$root/x" create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  rm "$root"
  ln -s /nowhere/at/all "$root"
  run_detached timeout 10 "$TINYRUN" --root "$root" create -b "$BUNDLE" "$ID"
  assert_status 1
  [ ! -e /nowhere ]
  run_detached tr --root / create -b "$BUNDLE" "$ID"
  assert_status 1
}

# --- what the image may hold ---

@test "image: HOME is / for a passwd that is a FIFO, endless, a device, or leads out of the root" {
  local what
  config '.process.env = ["PATH=/bin"] | .root.readonly = false'
  printf 'root:x:0:0:root:/stolen:/bin/sh\n' >"$BATS_TEST_TMPDIR/passwd"
  for what in fifo dev-zero proc-kmsg out dir big; do
    rm -rf "$ROOTFS/etc/passwd"
    case $what in
    fifo) mkfifo "$ROOTFS/etc/passwd" ;;
    dev-zero) ln -s /dev/zero "$ROOTFS/etc/passwd" ;;
    proc-kmsg) ln -s /proc/kmsg "$ROOTFS/etc/passwd" ;;
    out) ln -s "$BATS_TEST_TMPDIR/passwd" "$ROOTFS/etc/passwd" ;;
    dir) mkdir "$ROOTFS/etc/passwd" ;;
    big)
      truncate -s 3M "$ROOTFS/etc/passwd"
      cat "$BATS_TEST_TMPDIR/passwd" >>"$ROOTFS/etc/passwd"
      ;;
    esac
    inside 'echo "home=$HOME"'
    assert_output_is "home=/"
  done
  rm -rf "$ROOTFS/etc/passwd"
  printf 'root:x:00:0::/wrong:\nevil:x:0x0:0::/wrong:\nroot:x:0:0:root:/right:/bin/sh\n' >"$ROOTFS/etc/passwd"
  inside 'echo "home=$HOME"'
  assert_output_is "home=/right"
}

@test "image: a working directory by a descriptor's link is refused (CVE-2024-21626)" {
  local n
  exec 7</
  for n in 3 7 8 9 10; do
    config --arg d "/proc/self/fd/$n" '.process.cwd = $d'
    refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
    config --arg d "/proc/self/fd/$n/../../../../tmp" '.process.cwd = $d'
    refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  done
  for n in cwd root; do
    config --arg d "/proc/self/$n" '.process.cwd = $d'
    refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  done
  exec 7<&-
}

@test "image: a /proc that becomes a link while it is looked for is not followed (CVE-2019-19921)" {
  local i swapper
  compile swap <<'C'
#include <unistd.h>
int main(int argc, char **argv)
{
	alarm(60);
	while (argc == 2 && access(argv[0], F_OK) == 0) {
		(void)symlink("/elsewhere", argv[1]);
		for (volatile int i = 0; i < 3000; i++)
			;
		(void)unlink(argv[1]);
		for (volatile int i = 0; i < 3000; i++)
			;
	}
	return 0;
}
C
  mkdir "$ROOTFS/elsewhere"
  rmdir "$ROOTFS/proc"
  args /bin/sh -c 'test -e /elsewhere/self && echo FAKED'
  "$ROOTFS/swap" "$ROOTFS/proc" 3>&- &
  swapper=$!
  for i in $(seq 80); do
    tr run -b "$BUNDLE" "$ID" || true
    rmdir "$ROOTFS/proc" || true
  done >"$BATS_TEST_TMPDIR/said" 2>&1
  kill "$swapper"
  wait "$swapper" || true
  not grep FAKED "$BATS_TEST_TMPDIR/said"
}

@test "image: a mount point that is now a link into /proc, now a directory, covers nothing there (CVE-2019-16884)" {
  local i swapper
  compile swap <<'C'
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	alarm(60);
	while (argc == 3 && renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) == 0)
		for (volatile int i = 0; i < 2000; i++)
			;
	return 0;
}
C
  mkdir -p "$ROOTFS/vol/dir" "$BATS_TEST_TMPDIR/fake"
  touch "$BATS_TEST_TMPDIR/fake/current"
  ln -s /proc/1/attr "$ROOTFS/vol/link"
  config --arg s "$BATS_TEST_TMPDIR/fake" '.mounts += [{destination: "/vol/dir", type: "none", source: $s, options: ["bind"]}]'
  args /bin/sh -c 'test -s /proc/1/attr/current || grep -q " /proc/1/attr " /proc/self/mountinfo && echo FAKED'
  "$ROOTFS/swap" "$ROOTFS/vol/dir" "$ROOTFS/vol/link" 3>&- &
  swapper=$!
  for i in $(seq 80); do
    tr run -b "$BUNDLE" "$ID" || true
  done >"$BATS_TEST_TMPDIR/said" 2>&1
  kill "$swapper"
  wait "$swapper" || true
  not grep FAKED "$BATS_TEST_TMPDIR/said"
}

@test "image: a working directory that is a symlink stays in the root, missing ones are made there" {
  mkdir "$BATS_TEST_TMPDIR/outside" "$ROOTFS/work"
  ln -s ../../../../../../work "$ROOTFS/up"
  ln -s "$BATS_TEST_TMPDIR/outside" "$ROOTFS/away"
  config '.process.cwd = "/up" | .root.readonly = false'
  inside 'pwd -P'
  assert_output_is /work
  config '.process.cwd = "/away/new"'
  inside 'pwd -P'
  [ -z "$(ls -A "$BATS_TEST_TMPDIR/outside")" ]
  config '.process.cwd = "/a/b/c"'
  inside 'pwd -P'
  assert_output_is /a/b/c
}

@test "image: a /dev/null that is a link or another device masks nothing, and is refused (CVE-2025-31133)" {
  without_dev
  config '.linux.maskedPaths = ["/proc/kcore"]'
  rm -rf "$ROOTFS/dev"
  mkdir "$ROOTFS/dev"
  echo precious >"$BATS_TEST_TMPDIR/victim"
  ln -s /proc/sys/kernel/core_pattern "$ROOTFS/dev/null"
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  assert_output_has /dev/null
  rm "$ROOTFS/dev/null"
  ln -s "$BATS_TEST_TMPDIR/victim" "$ROOTFS/dev/null"
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  rm "$ROOTFS/dev/null"
  mknod "$ROOTFS/dev/null" c 1 5
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  rm "$ROOTFS/dev/null"
  cp "$BATS_TEST_TMPDIR/victim" "$ROOTFS/dev/null"
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  [ "$(cat "$BATS_TEST_TMPDIR/victim")" = precious ]
}

@test "image: links for devices in the image's own /dev are neither followed nor chowned (CVE-2026-88264)" {
  without_dev
  rm -rf "$ROOTFS/dev"
  mkdir "$ROOTFS/dev"
  touch "$BATS_TEST_TMPDIR/victim"
  ln -s "$BATS_TEST_TMPDIR/victim" "$ROOTFS/dev/mine"
  ln -s "$BATS_TEST_TMPDIR/made" "$ROOTFS/dev/other"
  config '.linux.devices = [{"path": "/dev/mine", "type": "c", "major": 1, "minor": 3, "uid": 33, "gid": 33}]'
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  config '.linux.devices[0].path = "/dev/other"'
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  [ "$(stat -c %u "$BATS_TEST_TMPDIR/victim")" = 0 ]
  [ ! -e "$BATS_TEST_TMPDIR/made" ]
}

@test "image: default links and ptmx of the image's own /dev stay as they are, its files are not removed" {
  without_dev
  touch "$ROOTFS/dev/ptmx" "$ROOTFS/dev/stdin"
  ln -sfn "$BATS_TEST_TMPDIR/nowhere" "$ROOTFS/dev/fd"
  inside true
  [ -f "$ROOTFS/dev/ptmx" ]
  [ -f "$ROOTFS/dev/stdin" ]
  [ "$(readlink "$ROOTFS/dev/fd")" = "$BATS_TEST_TMPDIR/nowhere" ]
  [ ! -e "$BATS_TEST_TMPDIR/nowhere" ]
}

@test "image: masked and read-only paths that are links act inside the root alone" {
  mkdir -p "$ROOTFS/secret" "$BATS_TEST_TMPDIR/outside" "$ROOTFS/data"
  echo hidden >"$ROOTFS/secret/file"
  echo host >"$BATS_TEST_TMPDIR/outside/file"
  ln -s /secret "$ROOTFS/link"
  ln -s ../../../../secret/file "$ROOTFS/flink"
  ln -s "$BATS_TEST_TMPDIR/outside" "$ROOTFS/away"
  ln -s /data "$ROOTFS/ro"
  config '.linux.maskedPaths = ["/link", "/away", "/nothing/here"] | .linux.readonlyPaths = ["/ro", "/away"] |
    .root.readonly = false'
  inside 'ls /secret | wc -l; touch /data/x; touch /free && echo free'
  assert_output_has "Read-only file system"
  assert_output_has "free"
  [ "${lines[0]}" = 0 ]
  touch "$BATS_TEST_TMPDIR/outside/still-writable"
  [ "$(cat "$BATS_TEST_TMPDIR/outside/file")" = host ]
  config '.linux.maskedPaths = ["/flink"]'
  inside 'cat /secret/file | wc -c'
  assert_output_is 0
}

@test "image: a mask or read-only path by a magic link is refused" {
  config '.linux.maskedPaths = ["/proc/self/cwd"]'
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  config '.linux.maskedPaths = [] | .linux.readonlyPaths = ["/proc/1/root"]'
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
}

@test "image: without a cgroup namespace the bound cgroup is read-only as asked, and only its own (CVE-2023-25809)" {
  require cgroup2
  config '.linux.namespaces |= map(select(.type != "cgroup"))'
  inside 'echo 0 >/sys/fs/cgroup/cgroup.procs; mkdir /sys/fs/cgroup/sub; cat /sys/fs/cgroup/cgroup.procs | wc -l'
  assert_output_has "Read-only file system"
  [ "${lines[-1]}" -ge 1 ]
}

# --- hostile and broken input ---

@test "input: a million nested brackets, 5 MiB, duplicate keys in config.json are one line" {
  local dir=$BUNDLE
  head -c 1000000 /dev/zero | command tr '\0' '[' >"$dir/config.json"
  refused "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID"
  assert_output_has "more than 64 brackets"
  head -c 1000000 /dev/zero | sed 's/\x00/{"a":/g' >"$dir/config.json"
  refused "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID"
  { printf '{"a": "' && head -c 5242880 /dev/zero | command tr '\0' x && printf '"}'; } >"$dir/config.json"
  refused "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID"
  assert_output_has "5242"
  printf '{"ociVersion": "1.0.0", "ociVersion": "1.0.0"}' >"$dir/config.json"
  refused "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID"
  assert_output_has twice
  head -c 200000 /dev/urandom >"$dir/config.json"
  refused "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID"
}

@test "input: ids that are no ids never become 0 (CVE-2026-30892, CVE-2016-3697)" {
  local id member
  for member in uid gid; do
    for id in -1 4294967295 4294967296 18446744073709551616 1.5 '"0"' '"root"' '"1000"' null; do
      config --arg m "$member" ".process.user = {uid: 5, gid: 5} | .process.user[\$m] = $id"
      refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
    done
  done
  for id in -1 4294967295 4294967296; do
    config ".process.user = {uid: 5, gid: 5, additionalGids: [$id]}"
    refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  done
}

@test "input: control bytes of the configuration are escaped in messages, on stderr and in the log" {
  local log=$BATS_TEST_TMPDIR/log
  config '.process.args = ["/no/\u001b[2Jsuch\nline two\u009b"]'
  refused "$TINYRUN" --root "$ROOT" --log "$log" --log-format json create -b "$BUNDLE" "$ID"
  not grep -q "[[:cntrl:]]" <<<"$output"
  [ "$(wc -l <"$log")" = 1 ]
  jq -e '.level == "error"' "$log"
  refused "$TINYRUN" --root "$ROOT" --log "$log.txt" create -b "$BUNDLE" "$ID"
  [ "$(wc -l <"$log.txt")" = 1 ]
  not grep -q $'\e' "$log.txt"
}

@test "input: a log or a pid file that is a FIFO, a directory or full holds nobody" {
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  refused "$TINYRUN" --root "$ROOT" --log "$BATS_TEST_TMPDIR/fifo" create -b "$BUNDLE" "$ID"
  refused "$TINYRUN" --root "$ROOT" --log "$BATS_TEST_TMPDIR" create -b "$BUNDLE" "$ID"
  refused "$TINYRUN" --root "$ROOT" create --pid-file "$BATS_TEST_TMPDIR/no/pid" -b "$BUNDLE" "$ID"
  assert_output_has "--pid-file"
  mkdir "$BATS_TEST_TMPDIR/dir"
  refused "$TINYRUN" --root "$ROOT" create --pid-file "$BATS_TEST_TMPDIR/dir" -b "$BUNDLE" "$ID"
  refused "$TINYRUN" --root "$ROOT" create --pid-file /dev/full/x -b "$BUNDLE" "$ID"
  # a link in the pid file's place is replaced, not followed
  echo precious >"$BATS_TEST_TMPDIR/victim"
  ln -s "$BATS_TEST_TMPDIR/victim" "$BATS_TEST_TMPDIR/pid"
  stays create --pid-file "$BATS_TEST_TMPDIR/pid"
  [ "$(cat "$BATS_TEST_TMPDIR/victim")" = precious ]
  [ "$(cat "$BATS_TEST_TMPDIR/pid")" = "$(pid_of "$ID")" ]
}

@test "input: a pid file that was there before a failed creation stays" {
  echo 42 >"$BATS_TEST_TMPDIR/pid"
  args /no/such/program
  refused "$TINYRUN" --root "$ROOT" create --pid-file "$BATS_TEST_TMPDIR/pid" -b "$BUNDLE" "$ID"
  [ "$(cat "$BATS_TEST_TMPDIR/pid")" = 42 ]
}

# --- nothing left to work with ---

@test "exhaustion: each combination of closed standard streams" {
  local which
  args /bin/sh -c 'ls -l /proc/self/fd | grep -c /dev/null; exit 4'
  for which in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
    status=0
    eval "timeout 30 \"\$TINYRUN\" --root \"\$ROOT\" run -b \"\$BUNDLE\" \"\$ID\" $which" || status=$?
    assert_status 4
  done >"$BATS_TEST_TMPDIR/said" 2>&1
  args /bin/sleep 1000
  for which in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
    eval "timeout 30 \"\$TINYRUN\" --root \"\$ROOT\" create -b \"\$BUNDLE\" \"\$ID\" $which" 3>&- </dev/null
    status_is "$ID" created
    [ "$(find "/proc/$(pid_of "$ID")/fd" ! -lname 'socket:*' -name '[0-9]*' | wc -l)" = 3 ]
    tr delete --force "$ID"
  done
}

@test "exhaustion: any limit on open files is an error in words or no trouble, and nothing is left" {
  local n
  config 'del(.process.rlimits)' # raising them again takes a capability
  for n in $(seq 3 24) 32 48 64; do
    status=0
    timeout 30 prlimit --nofile="$n:$n" "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID" \
      >"$BATS_TEST_TMPDIR/said" 2>&1 </dev/null 3>&- || status=$?
    [ "$status" = 0 ] || [ -s "$BATS_TEST_TMPDIR/said" ]
    [ ! -e "$ROOT/$ID" ] || { echo "$n files: $(cat "$BATS_TEST_TMPDIR/said")"; return 1; }
    [ "$status" -lt 128 ] || { echo "$n files: exit $status: $(cat "$BATS_TEST_TMPDIR/said")"; return 1; }
    tr delete --force "$ID"
    [ -z "$(what_is_left)" ]
  done
  [ "$status" = 0 ]
}

@test "exhaustion: a limit of 0 on file sizes is an error, not a signal" {
  # by way of a pipe: a file that takes the message is limited, too
  # shellcheck disable=SC2016 # for the inner shell
  run bash -c 'timeout 30 prlimit --fsize=0 "$@" 2>&1 </dev/null | cat; exit "${PIPESTATUS[0]}"' - \
    "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "File too large"
}

@test "exhaustion: no memory, no processes: an error in words, and nothing is left" {
  local kib
  for kib in 3000 5000 7000 9000; do
    status=0
    (ulimit -v "$kib" && exec timeout 30 "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID") \
      >"$BATS_TEST_TMPDIR/said" 2>&1 </dev/null 3>&- || status=$?
    [ "$status" -lt 128 ] || { echo "$kib KiB: exit $status: $(cat "$BATS_TEST_TMPDIR/said")"; return 1; }
    tr delete --force "$ID"
    [ -z "$(what_is_left)" ]
  done
}

@test "exhaustion: a state root that is read-only, full, or without inodes" {
  local root=$BATS_TEST_TMPDIR/small options
  mkdir -m 700 "$root"
  for options in ro,mode=700 size=4k,mode=700 nr_inodes=1,mode=700 nr_inodes=2,mode=700 nr_inodes=3,mode=700; do
    mount -t tmpfs -o "$options" tmpfs "$root"
    run_detached timeout 30 "$TINYRUN" --root "$root" create -b "$BUNDLE" "$ID"
    assert_status 1
    assert_one_line
    [ -z "$(ls "$root")" ] || { echo "$options: $(ls "$root")"; umount "$root"; return 1; }
    run tr list
    umount "$root"
    [ -z "$(left_cgroups)" ]
  done
}

@test "exhaustion: a full standard output of the program is the program's matter" {
  args /bin/sh -c 'echo x; echo "rc=$?" >&2; exit 6'
  status=0
  tr run -b "$BUNDLE" "$ID" >/dev/full 2>"$BATS_TEST_TMPDIR/err" || status=$?
  assert_status 6
  grep -q "rc=1" "$BATS_TEST_TMPDIR/err"
  stays run -d
  run bash -c '"$1" --root "$2" state "$3" >/dev/full' - "$TINYRUN" "$ROOT" "$ID"
  assert_status 1
  assert_output_has "No space left"
}

@test "exhaustion: memory files that may not be executed are said to be so" {
  [ -e /proc/sys/vm/memfd_noexec ] || skip "needs kernel 6.3"
  # the sysctl is of the pid namespace
  run timeout 30 unshare --fork --pid --mount-proc sh -c '
    echo 1 >/proc/sys/vm/memfd_noexec && "$1" --root "$2" run -b "$3" "$4" && echo ran
    echo 2 >/proc/sys/vm/memfd_noexec && "$1" --root "$2" run -b "$3" "$4" || echo refused' - \
    "$TINYRUN" "$ROOT" "$BUNDLE" "$ID"
  assert_output_has ran
  assert_output_has refused
  assert_output_has "memfd_noexec"
}

# --- what the caller has must not reach the container, nor its hooks ---

@test "leaks: hooks get no descriptor of the caller's or of ours, and end with the runtime" {
  local l hook=$BATS_TEST_TMPDIR/hook
  printf '#!/bin/sh\nls /proc/self/fd | wc -l >>"%s"; ls -l /proc/self/fd >>"%s.all"\n' \
    "$BATS_TEST_TMPDIR/n" "$BATS_TEST_TMPDIR/n" >"$hook"
  chmod 755 "$hook"
  for l in prestart createRuntime poststart poststop; do
    config --arg l "$l" --arg p "$hook" --arg path "$PATH" '.hooks[$l] = [{path: $p, env: ["PATH=" + $path]}]'
  done
  args /bin/sleep 1000
  "$TINYRUN" --root "$ROOT" create --preserve-fds 2 -b "$BUNDLE" "$ID" 3</etc/hostname 4</etc/hostname 5</etc/hostname
  "$TINYRUN" --root "$ROOT" start "$ID" 3</etc/hostname 4</etc/hostname 5</etc/hostname
  "$TINYRUN" --root "$ROOT" delete --force "$ID" 3</etc/hostname 4</etc/hostname 5</etc/hostname
  # 0, 1, 2 and the directory that ls reads
  [ "$(paste -sd' ' "$BATS_TEST_TMPDIR/n")" = "4 4 4 4" ]
}

@test "leaks: a hook does not outlive a runtime that is killed" {
  config '.hooks.createRuntime = [{path: "/bin/sleep", args: ["sleep", "1777"]}]'
  "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID" 3>&- &
  local pid=$!
  wait_for pgrep -f 'sleep 1777'
  kill -KILL "$pid"
  wait "$pid" || true
  wait_for not pgrep -f 'sleep 1777'
  tr delete --force "$ID"
}

@test "leaks: the keyring of the session is a new one" {
  [ -e /proc/keys ] || skip "needs keyrings"
  # without arguments: does our session have the key?  With some: a session with it, and then those
  compile keys <<'C'
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	long id;

	if (argc > 1) {
		syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "caller");
		syscall(SYS_add_key, "user", "secret", "x", 1, KEY_SPEC_SESSION_KEYRING);
	}
	id = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "secret", 0);
	printf("%s\n", id > 0 ? "found" : "none");
	fflush(stdout);
	return argc > 1 ? execv(argv[1], argv + 1) : 0;
}
C
  args /keys
  run timeout 30 "$ROOTFS/keys" "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  assert_output_is "found
none"
  run timeout 30 "$ROOTFS/keys" "$TINYRUN" --root "$ROOT" run --no-new-keyring -b "$BUNDLE" "$ID"
  assert_output_is "found
found"
}

@test "leaks: input cannot be pushed into the caller's terminal (CVE-2017-5226)" {
  require command script
  compile push <<'C'
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
int main(void)
{
	int pushed = 0;

	for (int fd = 0; fd < 3; fd++)
		for (const char *c = "echo pushed\n"; *c; c++)
			pushed += ioctl(fd, TIOCSTI, c) == 0;
	printf("pushed=%d tty=%d\n", pushed, open("/dev/tty", O_RDWR));
	return 0;
}
C
  args /push
  run script -qec "'$TINYRUN' --root '$ROOT' run -b '$BUNDLE' '$ID'" /dev/null
  assert_output_has "pushed=0 tty=-1"
}

@test "leaks: the host's /dev/null as standard stream is not given away" {
  local before
  before=$(stat -c '%u:%g:%a' /dev/null)
  config '.process.user = {"uid": 33, "gid": 33}'
  args /bin/true
  tr run -b "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1
  [ "$(stat -c '%u:%g:%a' /dev/null)" = "$before" ]
  [ "$before" = 0:0:666 ]
}

@test "leaks: kill --all KILL ends a fork bomb" {
  args /bin/sh -c 'while :; do (while :; do sleep 0.01; done) & sleep 0.02; done'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  sleep 0.5
  tr kill --all "$ID" KILL
  wait_for status_is "$ID" stopped
  [ ! -s "$(cgroup_mount)/$UNIQ/$ID/cgroup.procs" ]
}

@test "leaks: forty containers, one after the other, leave no descriptor, mount, cgroup, process or file" {
  local i mounts files
  args /bin/sleep 1000
  mounts=$(wc -l </proc/self/mountinfo)
  for i in $(seq 40); do
    run_detached tr create -b "$BUNDLE" "$ID"
    assert_status 0
    tr start "$ID"
    tr delete --force "$ID"
    [ "$i" != 1 ] || files=$(find "$ROOT" | wc -l)
  done
  [ "$(wc -l </proc/self/mountinfo)" = "$mounts" ]
  [ "$(find "$ROOT" | wc -l)" = "$files" ]
  assert_nothing_left
}

@test "leaks: who shares the pid namespace sees nothing of an init that waits in it (CVE-2016-9962)" {
  local watcher=$ID
  # shellcheck disable=SC2016 # for the shell inside
  args /bin/sh -c 'while :; do for p in /proc/[0-9]*; do
      case $(cat $p/cmdline 2>/dev/null) in tinyrun-init*) ;; *) continue ;; esac
      { echo "met $p"; ls $p/fd $p/cwd/ $p/root/ $p/map_files && echo SEEN; head -c 9 $p/maps && echo SEEN
        head -c 1 $p/auxv | grep -q . && echo SEEN; } >>/dev/shm/log 2>&1
    done; done'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  new_id
  config --arg p "/proc/$(pid_of "$watcher")/ns/pid" --arg c "/$UNIQ/$ID" '.linux.cgroupsPath = $c |
    (.linux.namespaces[] | select(.type == "pid")).path = $p'
  stays create
  wait_for grep -q met "/proc/$(pid_of "$watcher")/root/dev/shm/log"
  sleep 0.2
  not grep -q SEEN "/proc/$(pid_of "$watcher")/root/dev/shm/log"
  tr delete --force "$ID"
  tr delete --force "$watcher"
}

@test "leaks: groups, umask, environment, capabilities of the caller do not reach the container" {
  require command setpriv
  config 'del(.process.user.umask, .process.user.additionalGids) | .process.env = ["PATH=/bin"]'
  args /bin/sh -c 'id -G; umask; grep -E "^Cap(Inh|Amb)|^NoNew" /proc/self/status; env | cut -d= -f1 | sort | paste -sd" "'
  run sh -c 'umask 0; SECRET=1 LD_PRELOAD= exec setpriv --groups 4,24,27 --inh-caps +net_raw,+kill --ambient-caps +net_raw \
    "$0" --root "$1" run -b "$2" "$3"' "$TINYRUN" "$ROOT" "$BUNDLE" "$ID"
  assert_output_is "0
0022
CapInh:	0000000000000000
CapAmb:	0000000000000000
NoNewPrivs:	1
HOME PATH PWD SHLVL"
}

@test "leaks: the root and the mounts of the host cannot be reached by any way up" {
  # shellcheck disable=SC2016 # for the shell inside
  inside 'cd /; for i in 1 2 3 4 5 6 7 8; do cd ..; done; ls | paste -sd" "; ls /proc/1/root/ | paste -sd" "
    awk "{ print \$5 }" /proc/self/mountinfo | grep -v -e ^/proc -e ^/dev -e ^/sys'
  assert_status 0
  [ "${lines[0]}" = "${lines[1]}" ]
  [ "${lines[0]}" = "$(ls "$ROOTFS" | paste -sd' ')" ]
  [ "${lines[2]}" = / ]
  [ "${#lines[@]}" = 3 ]
  args /bin/sh -c 'awk "{ print \$5 }" /proc/self/mountinfo | grep -v -e ^/proc -e ^/dev -e ^/sys'
  run tr run --no-pivot -b "$BUNDLE" "$ID"
  assert_output_is /
}

@test "leaks: namespaces are told by what they are, not by the name of the file" {
  local what
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  for what in "$BATS_TEST_TMPDIR/fifo" /dev/zero /proc/self/ns/uts /proc/self/status "$BATS_TEST_TMPDIR"; do
    config --arg p "$what" '(.linux.namespaces[] | select(.type == "ipc")).path = $p'
    refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
    assert_output_has "linux.namespaces[2]"
  done
}

@test "leaks: a hook that is a FIFO, a device, a directory or missing is an error and no wait" {
  local what l
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  for what in "$BATS_TEST_TMPDIR/fifo" /dev/zero "$BATS_TEST_TMPDIR" /no/such/hook; do
    for l in createRuntime createContainer startContainer; do
      config --arg p "$what" --arg l "$l" '.hooks = {($l): [{path: $p}]}'
      refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
      assert_output_has "hooks.${l}[0]"
    done
  done
}
