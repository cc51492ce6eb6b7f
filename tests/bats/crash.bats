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

# Every point of a command: "SYSCALL N" for the Nth call of each system call that it makes.
points_of() {
  strace -c -o "$BATS_TEST_TMPDIR/count" "$TINYRUN" --root "$ROOT" "$@" >"$BATS_TEST_TMPDIR/said" 2>&1 </dev/null
  awk '$1 ~ /^[0-9.]+$/ && $NF != "total" && $NF !~ /^exit/ { for (i = 1; i <= $4; i++) print $NF, i }' \
    "$BATS_TEST_TMPDIR/count"
}

inject() { # SYSCALL N WHAT COMMAND...
  local call=$1 n=$2 what=$3
  shift 3
  strace -qq -o /dev/null -e trace="$call" -e inject="$call:$what:when=$n" "$TINYRUN" --root "$ROOT" "$@" \
    >"$BATS_TEST_TMPDIR/said" 2>&1 </dev/null
}

nothing_here() {
  [ ! -e "$ROOT/$ID" ] && [ -z "$(left_cgroups)" ]
}

# Kills VERB... at each of its points; `delete --force` then takes all of it away.
kill_everywhere() {
  local call n total=0
  points_of "$@" "$ID" >"$BATS_TEST_TMPDIR/points"
  tr delete --force "$ID"
  while read -r call n; do
    inject "$call" "$n" signal=KILL "$@" "$ID" || true
    tr delete --force "$ID"
    nothing_here || { echo "killed at $call number $n: $(left_cgroups) $(left_state)"; return 1; }
    total=$((total + 1))
  done <"$BATS_TEST_TMPDIR/points"
  echo "$total points"
  [ "$total" -gt 100 ]
}

@test "crash: create is killed at each of its system calls; delete --force leaves nothing" {
  require command strace
  kill_everywhere create -b "$BUNDLE"
}

@test "crash: run -d is killed at each of its system calls; delete --force leaves nothing" {
  require command strace
  kill_everywhere run -d -b "$BUNDLE"
}

@test "crash: delete is killed at each of its system calls; a second one finishes it" {
  local call n
  require command strace
  tr run -d -b "$BUNDLE" "$ID"
  points_of delete --force "$ID" >"$BATS_TEST_TMPDIR/points"
  while read -r call n; do
    tr run -d -b "$BUNDLE" "$ID"
    inject "$call" "$n" signal=KILL delete --force "$ID" || true
    tr delete --force "$ID"
    nothing_here || { echo "killed at $call number $n"; return 1; }
  done <"$BATS_TEST_TMPDIR/points"
}

@test "crash: start is killed at each of its system calls; the container is created or running" {
  local call n
  require command strace
  tr create -b "$BUNDLE" "$ID"
  points_of start "$ID" >"$BATS_TEST_TMPDIR/points"
  tr delete --force "$ID"
  while read -r call n; do
    tr create -b "$BUNDLE" "$ID"
    inject "$call" "$n" signal=KILL start "$ID" || true
    if status_is "$ID" created; then tr start "$ID" || status_is "$ID" running; fi # init may be on its way
    wait_for status_is "$ID" running || { echo "killed at $call number $n: $(status_of "$ID")"; return 1; }
    tr delete --force "$ID"
  done <"$BATS_TEST_TMPDIR/points"
}

@test "crash: each system call of create fails once: an error in words, and nothing left" {
  local call n error rc
  require command strace
  points_of --help >"$BATS_TEST_TMPDIR/start" # those of the dynamic loader, which are not ours
  points_of create -b "$BUNDLE" "$ID" | grep -vxFf "$BATS_TEST_TMPDIR/start" >"$BATS_TEST_TMPDIR/points"
  tr delete --force "$ID"
  for error in ENOMEM EMFILE EPERM; do
    while read -r call n; do
      rc=0
      inject "$call" "$n" "error=$error" create -b "$BUNDLE" "$ID" || rc=$?
      case $rc in
      0) ;;
      1) [ -s "$BATS_TEST_TMPDIR/said" ] || { echo "$error at $call $n: no word"; return 1; } ;;
      *) echo "$error at $call $n: exit $rc: $(cat "$BATS_TEST_TMPDIR/said")"; return 1 ;;
      esac
      [ $rc = 0 ] || nothing_here || { echo "$error at $call $n left something: $(cat "$BATS_TEST_TMPDIR/said")"; return 1; }
      tr delete --force "$ID"
      nothing_here || { echo "$error at $call $n left something behind delete"; return 1; }
    done <"$BATS_TEST_TMPDIR/points"
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
