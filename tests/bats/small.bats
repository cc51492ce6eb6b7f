#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# small - where tinyrun is two programs: what the small one is, and how it becomes tinyrun-full.
# That both do the same is what all other files say.

load helpers

setup() {
  test_setup
  require root
  FULL=$(dirname "$TINYRUN")/tinyrun-full
  [ -x "$FULL" ] || skip "tinyrun is one program in this build"
  make_bundle
}

teardown() {
  [ ! -e "/run/netns/$UNIQ" ] || ip netns del "$UNIQ"
  test_teardown
}

profile() {
  config --argjson p "$1" '.linux.seccomp = $p'
}

some_profile='{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}'

executes_full() {
  grep -F "execve(\"$FULL\"" "$BATS_TEST_TMPDIR/calls"
}

traced() {
  strace -f -qq -e trace=execve -o "$BATS_TEST_TMPDIR/calls" "$TINYRUN" --root "$ROOT" "$@"
}

# A small tinyrun without its other half, in a world where none is installed.
alone() {
  mkdir -p "$BATS_TEST_TMPDIR/alone"
  cp "$TINYRUN" "$BATS_TEST_TMPDIR/alone/tinyrun"
  unshare -m sh -c 'for dir in /usr/libexec /usr/local/libexec; do
      [ ! -d $dir ] || mount -t tmpfs none $dir; done; exec "$@"' sh \
    "$BATS_TEST_TMPDIR/alone/tinyrun" --root "$ROOT" "$@"
}

@test "small: tinyrun has no interpreter and needs no library" {
  require command readelf
  run readelf -ldW "$TINYRUN"
  [[ $output != *INTERP* ]]
  [[ $output != *"(NEEDED)"* ]]
  run readelf -ldW "$FULL"
  assert_output_has INTERP
}

@test "small: what needs neither a filter nor a network is done by the small one" {
  require command strace
  run traced run -b "$BUNDLE" "$ID"
  assert_status 0
  grep -F "execve(\"$TINYRUN\"" "$BATS_TEST_TMPDIR/calls"
  not executes_full
}

@test "small: a filter is compiled by tinyrun-full, and from the cache loaded by the small one" {
  require command strace
  profile "$some_profile"
  args sh -c 'mkdir /dev/shm/x 2>/dev/null || echo refused'
  run traced run -b "$BUNDLE" "$ID"
  assert_output_is refused
  executes_full
  run traced run -b "$BUNDLE" "$ID"
  assert_output_is refused
  not executes_full
}

@test "small: arguments, environment, standard input and descriptors arrive through tinyrun-full" {
  local said
  args sh -c 'cat; cat <&3; cat <&4; ls /proc/self/fd | paste -sd" "; echo "$LISTEN_FDS"'
  for _ in compiled cached; do
    said=$(echo input | LISTEN_FDS=1 bash -c '"$@" 3<<<listened 4<<<preserved' bash sh -c 'LISTEN_PID=$$ exec "$@"' sh \
      "$TINYRUN" --root "$ROOT" run --preserve-fds 1 -b "$BUNDLE" "$ID")
    [ "$said" = $'input\nlistened\npreserved\n0 1 2 3 4 5\n1' ] || { echo "$said"; return 1; }
    profile "$some_profile"
  done
}

@test "small: a descriptor that nobody asked for does not reach the container through tinyrun-full" {
  profile "$some_profile"
  args sh -c 'ls /proc/self/fd | paste -sd" "'
  exec 7</etc/hostname
  for _ in compiled cached; do
    run tr run -b "$BUNDLE" "$ID"
    assert_output_is "0 1 2 3"
  done
  exec 7<&-
}

@test "small: a descriptor of its own is not taken for a preserved one that is missing" {
  profile "$some_profile"
  run_detached tr --log "$BATS_TEST_TMPDIR/log" run --preserve-fds 1 -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "unable to stat preserved-fd"
}

# Both reasons to become tinyrun-full, which the small one cannot do; the network is this test's own.
for_each_reason() {
  profile "$some_profile"
  rm -rf "$ROOT/.seccomp"
  tells_all filter
  config 'del(.linux.seccomp)'
  tells_all network --network bridge
}

logged() {
  nsenter --net="/run/netns/$UNIQ" "$TINYRUN" --root "$ROOT" --log "$BATS_TEST_TMPDIR/log" \
    --log-format json "$@"
}

tells_all() { # REASON OPTIONS...
  local at=$BATS_TEST_TMPDIR/$1
  shift
  new_id
  mkdir "$at"
  listen_for_fds "$at/console"
  listen_for_fds "$at/pidfd"
  config '.process.terminal = true'
  run_detached logged create "$@" --console-socket "$at/console" --pidfd-socket "$at/pidfd" \
    --pid-file "$at/pid" -b "$BUNDLE" "$ID"
  assert_output_is ""
  assert_status 0
  [ "$(cat "$at/pid")" = "$(pid_of "$ID")" ]
  [ "$(heard_fds "$at/pidfd")" = "$(pid_of "$ID")" ]
  [[ $(heard_fds "$at/console") == *ptmx ]]
  # nothing of the log, the sockets, the state or the bundle is open in the process that waits
  run ! grep -q . <(find "/proc/$(pid_of "$ID")/fd" -lname "$BATS_TEST_TMPDIR/*")
  logged delete --force "$ID"
  [ ! -s "$BATS_TEST_TMPDIR/log" ]
  # and a failure behind it: one line, there as well
  run_detached logged create "$@" --console-socket "$at/console.gone" -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  [ "$(jq -r .level "$BATS_TEST_TMPDIR/log")" = error ]
  [ ! -d "$ROOT/$ID" ]
  rm "$BATS_TEST_TMPDIR/log"
}

@test "small: sockets, pid file, log and root of create arrive through tinyrun-full" {
  require command ip
  ip netns add "$UNIQ"
  for_each_reason
}

@test "small: sockets, pid file and descriptors of exec arrive through tinyrun-full" {
  local at=$BATS_TEST_TMPDIR
  profile "$some_profile"
  args sleep 1000
  run_detached tr run -d -b "$BUNDLE" "$ID"
  rm -r "$ROOT/.seccomp"
  listen_for_fds "$at/console"
  listen_for_fds "$at/pidfd"
  run_detached tr exec -d -t --console-socket "$at/console" --pidfd-socket "$at/pidfd" \
    --pid-file "$at/pid" "$ID" sleep 1000
  assert_status 0
  compgen -G "$ROOT/.seccomp/*" # it was not there
  tr ps --format json "$ID" | jq -e --argjson p "$(cat "$at/pid")" 'index($p)'
  [ "$(heard_fds "$at/pidfd")" = "$(cat "$at/pid")" ]
  [[ $(heard_fds "$at/console") == *ptmx ]]
  rm -r "$ROOT/.seccomp"
  run tr exec --preserve-fds 1 "$ID" sh -c 'cat <&3; ls /proc/self/fd | paste -sd" "' 3<<<preserved
  assert_output_is $'preserved\n0 1 2 3 4'
}

@test "small: signals are held or ignored by neither" {
  profile "$some_profile"
  args sh -c 'grep -E "^Sig(Blk|Ign)" /proc/self/status'
  run tr run -b "$BUNDLE" "$ID"
  compiled=$output
  run tr run -b "$BUNDLE" "$ID"
  assert_output_is "$compiled"
  assert_output_has "SigBlk:	0000000000000000"
}

@test "small: exec compiles a filter by tinyrun-full too" {
  require command strace
  args sleep 100
  profile "$some_profile"
  tr run -d -b "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1
  rm -r "$ROOT/.seccomp"
  run traced exec "$ID" sh -c 'mkdir /dev/shm/x 2>/dev/null || echo refused'
  assert_output_is refused
  executes_full
}

@test "small: without tinyrun-full what needs it is one sentence, nothing is left, and the rest works" {
  run alone run -b "$BUNDLE" "$ID"
  assert_status 0
  profile "$some_profile"
  run alone run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "compile a system call filter: that takes the program tinyrun-full, which is not in "
  config 'del(.linux.seccomp)'
  run alone run --network bridge -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "make or take away a network: that takes the program tinyrun-full"
  assert_nothing_left
  run alone --version
  assert_status 0
  run env CNI_COMMAND=VERSION "$BATS_TEST_TMPDIR/alone/tinyrun" </dev/null
  assert_status 1
  [ "$(jq -r .code <<<"$output")" = 5 ]
}

@test "small: a tinyrun-full that everybody can change, or that is another's, is refused" {
  profile "$some_profile"
  mkdir "$BATS_TEST_TMPDIR/alone"
  cp "$FULL" "$BATS_TEST_TMPDIR/alone/tinyrun-full"
  chmod o+w "$BATS_TEST_TMPDIR/alone/tinyrun-full"
  run alone run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "tinyrun-full can be changed by everybody"
  chmod o-w "$BATS_TEST_TMPDIR/alone/tinyrun-full"
  chown 12345 "$BATS_TEST_TMPDIR/alone/tinyrun-full"
  run alone run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "tinyrun-full belongs to user 12345"
  chown 0 "$BATS_TEST_TMPDIR/alone/tinyrun-full"
  run alone run -b "$BUNDLE" "$ID"
  assert_status 0
}

@test "small: PATH and argv[0] have no say in which tinyrun-full it is" {
  profile "$some_profile"
  mkdir "$BATS_TEST_TMPDIR/bad"
  printf '#!/bin/sh\necho hijacked\n' >"$BATS_TEST_TMPDIR/bad/tinyrun-full"
  chmod +x "$BATS_TEST_TMPDIR/bad/tinyrun-full"
  cd "$BATS_TEST_TMPDIR/bad"
  run env PATH="$BATS_TEST_TMPDIR/bad:$PATH" bash -c 'exec -a "$0" "$@"' "$BATS_TEST_TMPDIR/bad/tinyrun" \
    "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  assert_status 0
  assert_output_is ""
}
