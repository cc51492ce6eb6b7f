#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# crash - tinyrun is killed at any point; delete --force leaves nothing.

load helpers

setup() {
  test_setup
  require root
  make_bundle
  args /bin/sleep 1000
}

# Kills the command before the system call number $1 of those it makes (by strace's fault injection).
killed_at() {
  local n=$1
  shift
  strace -qq -o /dev/null -e trace=all -e inject=all:signal=KILL:when="$n" "$TINYRUN" --root "$ROOT" "$@"
}

calls_of() {
  strace -c -o "$BATS_TEST_TMPDIR/count" "$TINYRUN" --root "$ROOT" "$@"
  awk '$NF == "total" { print $(NF - 1) ~ /^[0-9]+$/ && NF > 4 ? $4 : $3 }' "$BATS_TEST_TMPDIR/count"
}

try_all() { # STEP VERB...
  local step=$1 total n
  shift
  total=$(calls_of "$@" "$ID")
  [ "$total" -gt 20 ]
  tr delete --force "$ID"
  for ((n = 1; n <= total; n += step)); do
    killed_at "$n" "$@" "$ID" >/dev/null 2>&1 || true
    tr delete --force "$ID"
    [ ! -e "$ROOT/$ID" ]
    what=$(left_processes; left_cgroups; left_mounts)
    [ -z "$what" ] || { wait_for no_rest || { echo "killed at call $n: $what"; return 1; }; }
  done
}

no_rest() {
  [ -z "$(left_processes; left_cgroups; left_mounts)" ]
}

@test "crash: create is killed at every seventh system call; delete --force leaves nothing" {
  require command strace
  try_all 7 create -b "$BUNDLE"
}

@test "crash: run -d is killed at every seventh system call; delete --force leaves nothing" {
  require command strace
  try_all 7 run -d -b "$BUNDLE"
}

@test "crash: delete is killed at many points; the second delete finishes it" {
  local n
  require command strace
  for n in 20 40 50 60 70 80 90 100 110 120; do
    tr run -d -b "$BUNDLE" "$ID"
    killed_at "$n" delete --force "$ID" >/dev/null 2>&1 || true
    tr delete --force "$ID"
    wait_for no_rest
  done
}

@test "crash: start is killed; the container can still be started or deleted" {
  local n
  require command strace
  for n in 20 40 50 60 70 80; do
    tr create -b "$BUNDLE" "$ID"
    killed_at "$n" start "$ID" >/dev/null 2>&1 || true
    case $(status_of "$ID") in
    created) tr start "$ID" ;;
    running) ;;
    *) status_of "$ID"; return 1 ;;
    esac
    [ "$(status_of "$ID")" = running ]
    tr delete --force "$ID"
  done
}

@test "crash: create is killed while a hook hangs; init does not outlive it for long" {
  config '.hooks.createRuntime = [{path: "/bin/sleep", args: ["sleep", "777"]}]'
  "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID" 3>&- &
  local pid=$!
  wait_for pgrep -f 'sleep 777'
  kill -KILL $pid
  wait $pid || true
  tr delete --force "$ID"
  pkill -f 'sleep 777' || true
}

@test "crash: every system call of create fails once with ENOMEM, EMFILE, EPERM: an error, and nothing left" {
  local n total error rc
  require command strace
  total=$(calls_of create -b "$BUNDLE" "$ID")
  tr delete --force "$ID"
  for error in ENOMEM EMFILE EPERM; do
    for ((n = 30; n <= total; n += 11)); do
      rc=0
      strace -qq -o /dev/null -e trace=all -e inject=all:error=$error:when="$n" "$TINYRUN" --root "$ROOT" \
        create -b "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/out" 2>&1 || rc=$?
      [ "$rc" -le 1 ] || { echo "$error at call $n: exit $rc: $(cat "$BATS_TEST_TMPDIR/out")"; return 1; }
      tr delete --force "$ID"
      [ ! -e "$ROOT/$ID" ]
      wait_for no_rest || { echo "$error at call $n"; return 1; }
    done
  done
}
