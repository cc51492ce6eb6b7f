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

update_json_and() {
  printf '%s' "$1" | tr update -r - "${@:2}" "$ID"
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
  # 0 says nothing
  update_json '{"memory": {"limit": 0, "reservation": 2097152}}'
  [ "$(value memory.max)" = 33554432 ]
  [ "$(value memory.low)" = 2097152 ]
  echo '{"memory": {"limit": -1, "swap": -1}, "devices": [{"allow": false, "access": "rwm"}]}' >"$BATS_TEST_TMPDIR/r.json"
  tr update --resources="$BATS_TEST_TMPDIR/r.json" "$ID"
  [ "$(value memory.max)" = max ]
}

@test "update: without a limit of memory there is none of swap" {
  require controller memory
  run_detached tr run -d -b "$BUNDLE" "$ID"
  tr update --memory 64m "$ID"
  [ -e "$(cgroup_of "$ID")/memory.swap.max" ] || skip "needs kernel with a limit of swap"
  tr update --memory 64m --memory-swap 96m "$ID"
  [ "$(value memory.swap.max)" = 33554432 ]
  tr update --memory -1 "$ID"
  [ "$(value memory.max)" = max ]
  [ "$(value memory.swap.max)" = max ]
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

@test "update: quota and burst grow and shrink together" {
  require controller cpu
  config '.linux.resources.cpu = {"quota": 10000, "burst": 5000}'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  update_json '{"cpu": {"quota": 50000, "burst": 20000}}'
  [ "$(value cpu.max)" = "50000 100000" ]
  [ "$(value cpu.max.burst)" = 20000 ]
  update_json '{"cpu": {"quota": 10000, "burst": 4000}}'
  [ "$(value cpu.max)" = "10000 100000" ]
  [ "$(value cpu.max.burst)" = 4000 ]
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

@test "update: memory that processes have is not taken from them" {
  require controller memory
  config '.linux.resources.memory = {"limit": 67108864} | .root.readonly = false'
  # shellcheck disable=SC2016 # the container's variable
  refuses_less 'x=$(head -c 16777216 /dev/zero | tr "\0" x)'
}

@test "update: files in memory are not taken from processes, either" {
  require controller memory
  config '.linux.resources.memory = {"limit": 67108864} | .root.readonly = false'
  refuses_less 'head -c 16777216 /dev/zero >/dev/shm/file'
}

refuses_less() {
  args /bin/sh -c "$1 && echo >/ready; while :; do sleep 1; done"
  run_detached tr run -d -b "$BUNDLE" "$ID"
  wait_for test -e "$ROOTFS/ready"
  for call in '--memory 8m' '-r -'; do
    # shellcheck disable=SC2086 # the words of the call
    run tr update $call "$ID" <<<'{"memory": {"limit": 8388608}}'
    assert_status 1
    assert_one_line
    assert_output_has "linux.resources.memory.limit: 8388608 bytes are less than the"
    assert_output_has "that only killing would free: Device or resource busy"
    [ "$(value memory.max)" = 67108864 ]
  done
  run tr update --memory 50m "$ID"
  assert_status 0
  [ "$(value memory.max)" = 52428800 ]
  [ "$(status_of "$ID")" = running ]
  [ "$(sed -n 's/^oom_kill //p' "$(cgroup_of "$ID")/memory.events")" = 0 ]
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

@test "update: a share of the cache needs resctrl, says so, and changes nothing else" {
  [ ! -e /sys/fs/resctrl/schemata ] || skip "needs kernel without resctrl"
  run_detached tr run -d -b "$BUNDLE" "$ID"
  for flag in --l3-cache-schema=L3:0=1 --mem-bw-schema=MB:0=50; do
    run tr update "$flag" "$ID"
    assert_status 1
    assert_one_line
    assert_output_has "resctrl is not mounted: mount it on /sys/fs/resctrl"
  done
  # with --resources too, and before any of it is done
  run update_json_and '{"unified": {"cgroup.max.depth": "7"}}' --l3-cache-schema=L3:0=1
  assert_status 1
  assert_output_has "resctrl is not mounted"
  [ "$(value cgroup.max.depth)" = max ]
  run update_json_and '{"unified": {"cgroup.max.depth": "7"}}' --l3-cache-schema=
  assert_status 0
  [ "$(value cgroup.max.depth)" = 7 ]
  [ "$(status_of "$ID")" = running ]
}

@test "update: an endless or a long text is one sentence" {
  run_detached tr run -d -b "$BUNDLE" "$ID"
  run bash -c "head -c 1000000 /dev/zero | '$TINYRUN' --root '$ROOT' update -r - '$ID'"
  assert_status 1
  assert_one_line
  assert_output_has "standard input:1:1: expected a value, found byte 0x00"
  run tr update -r /dev/zero "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "read /dev/zero: more than 4194304 bytes"
  run tr update -r '' "$ID"
  assert_status 0
  assert_output_is ""
}
