#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exhaustion - broken input, and nothing left to work with: a line, exit 1, nothing left behind.

load attack

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
