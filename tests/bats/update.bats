#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# update - other limits for a running container.

load helpers

setup() {
  test_setup
  require root
  require cgroup2
  make_bundle
  args /bin/sleep 1000
}

value() {
  cat "$(cgroup_of "$ID")/$1"
}

update_json() {
  printf '%s' "$1" | tr update -r - "$ID"
}

@test "update: memory by options and by JSON, and what is not named stays" {
  require controller memory
  config '.linux.resources.memory = {"limit": 67108864, "reservation": 1048576}'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  run tr update --memory 128m "$ID"
  assert_status 0
  assert_output_is ""
  [ "$(value memory.max)" = 134217728 ]
  [ "$(value memory.low)" = 1048576 ]
  run update_json '{"memory": {"limit": 33554432}}'
  assert_status 0
  [ "$(value memory.max)" = 33554432 ]
  echo '{"memory": {"limit": -1, "swap": -1}, "devices": [{"allow": false, "access": "rwm"}]}' >"$BATS_TEST_TMPDIR/r.json"
  tr update --resources="$BATS_TEST_TMPDIR/r.json" "$ID"
  [ "$(value memory.max)" = max ]
}

@test "update: quota and period keep each other" {
  require controller cpu
  config '.linux.resources.cpu = {"quota": 20000, "period": 50000}'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  tr update --cpu-quota 30000 "$ID"
  [ "$(value cpu.max)" = "30000 50000" ]
  tr update --cpu-period 60000 "$ID"
  [ "$(value cpu.max)" = "30000 60000" ]
  tr update --cpu-share 2048 --cpu-quota -1 "$ID"
  [ "$(value cpu.max)" = "max 60000" ]
  [ "$(value cpu.weight)" -gt 100 ]
}

@test "update: the number of processes, also where there was no limit before" {
  require controller pids
  config 'del(.linux.resources.pids)'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  tr update --pids-limit 7 "$ID"
  [ "$(value pids.max)" = 7 ]
  update_json '{"pids": {"limit": -1}}'
  [ "$(value pids.max)" = max ]
}

@test "update: below what is in use is refused when that was asked for, and nothing happens" {
  require controller memory
  config '.linux.resources.memory = {"limit": 67108864}'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  run update_json '{"memory": {"limit": 4096, "checkBeforeUpdate": true}}'
  assert_status 1
  assert_one_line
  assert_output_has "linux.resources.memory.limit"
  [ "$(status_of "$ID")" = running ]
}

@test "update: what is wrong is named, and the container goes on" {
  run_detached tr run -d -b "$BUNDLE" "$ID"
  run update_json '{"memory": {"limit": "1"}}'
  assert_status 1
  assert_one_line
  assert_output_has "memory.limit (standard input:1:"
  run update_json 'nonsense'
  assert_status 1
  assert_one_line
  run tr update --memory 1x "$ID"
  assert_status 1
  assert_output_has '--memory: found "1x"'
  run tr update --nonsense 1 "$ID"
  assert_status 1
  run tr update -r /nosuch "$ID"
  assert_status 1
  [ "$(status_of "$ID")" = running ]
}

@test "update: an empty object changes nothing, also without any controller" {
  run_detached tr run -d -b "$BUNDLE" "$ID"
  update_json '{}'
  tr update "$ID"
  tr pause "$ID"
  update_json '{"memory": {}, "cpu": {}, "blockIO": {"weight": 0}}'
}

@test "update: what is not running has no limits" {
  run tr update --memory 1m nosuch
  assert_status 1
  assert_output_has "container does not exist"
  args /bin/true
  run_detached tr run -d -b "$BUNDLE" "$ID"
  wait_for status_is "$ID" stopped
  run tr update --memory 1m "$ID"
  assert_status 1
  assert_output_has "container not running"
}
