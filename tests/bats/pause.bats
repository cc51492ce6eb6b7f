#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pause - pause, resume and ps: a container's processes as a whole.

load helpers

setup() {
  test_setup
  require root
  require cgroup2
  make_bundle
  args /bin/sleep 1000
}

# The state letter of a process: what is frozen by cgroup v2 sleeps, and its clock stands still.
frozen() {
  grep -q '^frozen 1' "$(cgroup_of "$ID")/cgroup.events"
}

@test "pause: a paused container stands still until it is resumed" {
  args /bin/sh -c 'while :; do echo x >>/dev/shm/log; sleep 0.02; done'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  wait_for test -s "/proc/$(pid_of "$ID")/root/dev/shm/log"
  run tr pause "$ID"
  assert_status 0
  assert_output_is ""
  [ "$(status_of "$ID")" = paused ]
  frozen
  local log before
  log=/proc/$(pid_of "$ID")/root/dev/shm/log
  before=$(wc -l <"$log")
  sleep 0.3
  [ "$(wc -l <"$log")" = "$before" ]
  run tr resume "$ID"
  assert_status 0
  assert_output_is ""
  [ "$(status_of "$ID")" = running ]
  grown() { [ "$(wc -l <"$log")" -gt "$before" ]; }
  wait_for grown
}

@test "pause: a created container can be paused, and is created again" {
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 0
  tr pause "$ID"
  [ "$(status_of "$ID")" = paused ]
  run tr start "$ID"
  assert_status 1
  assert_output_has "cannot start a container in the paused state"
  tr resume "$ID"
  [ "$(status_of "$ID")" = created ]
  tr start "$ID"
  [ "$(status_of "$ID")" = running ]
}

@test "pause: what is not running cannot be paused, what is not paused not resumed" {
  run tr pause "$ID"
  assert_status 1
  assert_output_has "container does not exist"
  run_detached tr run -d -b "$BUNDLE" "$ID"
  run tr resume "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "container not paused"
  tr pause "$ID"
  run tr pause "$ID"
  assert_status 1
  assert_output_has "container not running"
  tr resume "$ID"
  tr kill "$ID" KILL
  wait_for status_is "$ID" stopped
  run tr pause "$ID"
  assert_status 1
  assert_output_has "container not running"
  run tr resume "$ID"
  assert_status 1
  assert_output_has "container not paused"
}

@test "pause: a paused container can be killed and deleted by force" {
  run_detached tr run -d -b "$BUNDLE" "$ID"
  tr pause "$ID"
  run tr delete "$ID"
  assert_status 1
  assert_output_has "that is not stopped: paused"
  tr kill "$ID" KILL
  wait_for status_is "$ID" stopped
  tr delete "$ID"
}

@test "pause: ps lists every process of the container, and no other" {
  args /bin/sh -c 'sleep 1000 & sleep 1000 & wait'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  three() { [ "$(tr ps -f json "$ID" | jq length)" = 3 ]; }
  wait_for three
  run tr ps --format json "$ID"
  assert_status 0
  assert_one_line
  [ "$(jq -c . <<<"$output")" = "$(command tr '\n' ' ' <"$(cgroup_of "$ID")/cgroup.procs" | jq -cs sort)" ]
  jq -e "index($(pid_of "$ID")) != null" <<<"$output"
  run tr ps "$ID" -ef
  assert_status 0
  [ "${lines[0]}" = PID ]
  [ "${#lines[@]}" = 4 ]
  tr pause "$ID"
  three
}

@test "pause: ps of what is not running says so" {
  run tr ps nosuch
  assert_status 1
  assert_output_has "container does not exist"
  args /bin/true
  run_detached tr run -d -b "$BUNDLE" "$ID"
  wait_for status_is "$ID" stopped
  run tr ps "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "container not running"
}
