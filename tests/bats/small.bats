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
