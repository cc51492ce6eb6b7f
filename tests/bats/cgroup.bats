#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cgroup - limits of cgroup v2, the device filter, where the cgroup stands.

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

@test "cgroup: memory, swap and reservation are written" {
  require controller memory
  config '.linux.resources.memory = {"limit": 67108864, "swap": 100663296, "reservation": 33554432}'
  tr run -d -b "$BUNDLE" "$ID"
  [ "$(value memory.max)" = 67108864 ]
  [ "$(value memory.low)" = 33554432 ]
  [ ! -e "$(cgroup_of "$ID")/memory.swap.max" ] || [ "$(value memory.swap.max)" = 33554432 ]
}

@test "cgroup: cpu shares, quota, period are converted" {
  require controller cpu
  config '.linux.resources.cpu = {"shares": 1024, "quota": 20000, "period": 50000}'
  tr run -d -b "$BUNDLE" "$ID"
  [ "$(value cpu.weight)" = 100 ]
  [ "$(value cpu.max)" = "20000 50000" ]
}

@test "cgroup: swap of -1 is no limit, with and without one of memory; a burst is within the quota" {
  require controller memory cpu
  config '.linux.resources = {memory: {limit: 67108864, swap: -1},
    cpu: {quota: 50000, period: 100000, burst: 20000}}'
  args sleep 1000
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(cat "$(cgroup_of "$ID")/memory.swap.max" 2>/dev/null || echo max)" = max ]
  [ "$(cat "$(cgroup_of "$ID")/memory.max")" = 67108864 ]
  [ "$(cat "$(cgroup_of "$ID")/cpu.max.burst")" = 20000 ]
  [ "$(cat "$(cgroup_of "$ID")/cpu.max")" = "50000 100000" ]
  tr delete --force "$ID"
  config '.linux.resources = {memory: {limit: -1}, cpu: {idle: 1}}'
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(cat "$(cgroup_of "$ID")/memory.max" 2>/dev/null || echo max)" = max ]
  [ "$(cat "$(cgroup_of "$ID")/memory.swap.max" 2>/dev/null || echo max)" = max ]
  [ "$(cat "$(cgroup_of "$ID")/cpu.idle")" = 1 ]
  tr delete --force "$ID"
  config '.linux.resources = {cpu: {quota: 10000, burst: 20000}}'
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "linux.resources.cpu.burst"
}

@test "cgroup: cpusets are written" {
  require controller cpuset
  config '.linux.resources.cpu = {"cpus": "0", "mems": "0"}'
  tr run -d -b "$BUNDLE" "$ID"
  [ "$(value cpuset.cpus)" = 0 ]
  [ "$(value cpuset.mems)" = 0 ]
}

@test "cgroup: the number of processes is limited" {
  require controller pids
  config '.linux.resources.pids = {"limit": 3}'
  args /bin/sh -c 'sleep 5 & sleep 5 & sleep 5 & sleep 5 & echo started'
  run tr run -b "$BUNDLE" "$ID"
  assert_output_has "can't fork"
}

@test "cgroup: a limit of 0 processes lets the program run, and no more" {
  require controller pids
  config '.linux.resources.pids = {"limit": 0}'
  args /bin/sh -c 'echo alone; sleep 1 & echo started'
  run tr run -b "$BUNDLE" "$ID"
  assert_output_has alone
  assert_output_has "can't fork"
}

@test "cgroup: unified writes any file, and comes last" {
  require controller memory
  config '.linux.resources.memory = {"limit": 67108864} | .linux.resources.unified = {"memory.high": "50331648", "memory.max": "60000000"}'
  tr run -d -b "$BUNDLE" "$ID"
  [ "$(value memory.high)" = 50331648 ]
  [ "$(value memory.max)" -lt 67108864 ]
}

@test "cgroup: what a unified file is called may not lead elsewhere" {
  local f
  for f in ../cgroup.procs a/b .. "" nodot; do
    config --arg f "$f" '.linux.resources.unified = {($f): "1"}'
    run_detached tr create -b "$BUNDLE" "$ID"
    assert_status 1
    assert_one_line
    assert_output_has "unified"
  done
}

@test "cgroup: a controller that is missing is named, with the way out, and nothing is left" {
  ! grep -qw memory "$(cgroup_mount)/cgroup.controllers" || skip "needs a host without the memory controller"
  config '.linux.resources.memory = {"limit": 67108864}'
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "memory.limit"
  assert_output_has "memory controller"
  # engines take these words for a program that is not there, and exit with 127
  [[ $output != *"No such file"* ]]
}

@test "cgroup: a path that leads out is refused" {
  local p
  for p in ../../x /../x /a/../../x; do
    config --arg p "$p" '.linux.cgroupsPath = $p'
    run_detached tr create -b "$BUNDLE" "$ID"
    assert_status 1
    assert_output_has "cgroupsPath"
  done
}

@test "cgroup: without cgroupsPath it stands beside ours, named after the id" {
  config 'del(.linux.cgroupsPath)'
  tr run -d -b "$BUNDLE" "$ID"
  [ "$(basename "$(cgroup_of "$ID")")" = "tinyrun-$ID" ]
}

@test "cgroup: a parent that several share goes with the last of them, one that was there stays" {
  local parent first=$ID
  parent=$(cgroup_mount)/$UNIQ
  args sleep 1000
  config --arg p "/$UNIQ/pod/$ID" '.linux.cgroupsPath = $p'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  new_id
  config --arg p "/$UNIQ/pod/$ID" '.linux.cgroupsPath = $p'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  tr delete --force "$first"
  [ -d "$parent/pod/$ID" ]
  tr delete --force "$ID"
  [ ! -e "$parent" ]
  mkdir "$parent"
  run_detached tr run -d -b "$BUNDLE" "$ID"
  tr delete --force "$ID"
  [ -d "$parent" ]
  [ ! -e "$parent/pod" ]
}

@test "cgroup: one that has processes, or is frozen, is refused and unharmed" {
  local dir
  dir=$(cgroup_mount)/$UNIQ/$ID
  mkdir -p "$dir"
  sleep 1000 3>&- &
  local victim=$!
  echo $victim >"$dir/cgroup.procs"
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "container's cgroup is not empty: 1 process(es) found"
  kill -0 $victim
  kill $victim
  wait $victim || true
  echo 1 >"$dir/cgroup.freeze"
  run_detached timeout 20 "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "frozen"
  echo 0 >"$dir/cgroup.freeze"
  rmdir "$dir"
}

@test "cgroup: init is in it when create returns" {
  tr create -b "$BUNDLE" "$ID"
  [ "$(cgroup_of "$ID")" = "$(cgroup_mount)/$UNIQ/$ID" ]
}

@test "cgroup: a frozen container can be killed and deleted" {
  tr run -d -b "$BUNDLE" "$ID"
  echo 1 >"$(cgroup_of "$ID")/cgroup.freeze"
  wait_for status_is "$ID" paused
  timeout 20 "$TINYRUN" --root "$ROOT" delete --force "$ID"
  run tr state "$ID"
  assert_status 1
}

@test "cgroup: cgroups that the container made below its own are removed" {
  config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
  args /bin/sh -c 'mkdir -p /sys/fs/cgroup/a/b; echo $$ >/sys/fs/cgroup/a/b/cgroup.procs; exec sleep 1000'
  tr run -d -b "$BUNDLE" "$ID"
  wait_for test -d "$(cgroup_mount)/$UNIQ/$ID/a/b"
  tr delete --force "$ID"
  [ ! -d "$(cgroup_mount)/$UNIQ/$ID" ]
}

@test "cgroup: --cgroup-manager disabled makes none, and limits are then refused" {
  tr --cgroup-manager disabled run -d -b "$BUNDLE" "$ID"
  [ ! -d "$(cgroup_mount)/$UNIQ/$ID" ]
  tr delete --force "$ID"
  config '.linux.resources.pids = {"limit": 5}'
  run_detached tr --cgroup-manager disabled create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "disabled"
}

# root of the container is user 100000 of the host
in_user_ns() {
  config '.linux.namespaces += [{"type": "user"}] |
    .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
    .linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
    .mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
  chmod 755 "$BATS_TEST_TMPDIR" "$BUNDLE"
}

@test "cgroup: with a user namespace and a writable mount the container manages its own cgroup" {
  local dir
  in_user_ns
  args /bin/sh -c 'mkdir /sys/fs/cgroup/service && echo 0 >/sys/fs/cgroup/service/cgroup.procs && exec sleep 1000'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  wait_for sh -c "grep -q /service /proc/$(pid_of "$ID")/cgroup"
  dir=$(cgroup_mount)/$UNIQ/$ID
  [ "$(stat -c %u "$dir" "$dir"/cgroup.{procs,threads,subtree_control} | uniq)" = 100000 ]
  [ "$(stat -c %g "$dir" "$dir"/cgroup.{procs,threads,subtree_control} | uniq)" = 0 ]
  # what the kernel does not list is not given away
  [ "$(stat -c %u "$dir/cgroup.freeze" "$dir/cgroup.kill" "$dir/.." | uniq)" = 0 ]
  tr delete --force "$ID"
  [ ! -e "$dir" ]
}

@test "cgroup: it is the container's user who gets it, as the host knows that one" {
  in_user_ns
  config '.process.user = {"uid": 5, "gid": 6}'
  args sleep 1000
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  dir=$(cgroup_mount)/$UNIQ/$ID
  [ "$(stat -c %u "$dir" "$dir"/cgroup.{procs,threads,subtree_control} | uniq)" = 100005 ]
}

@test "cgroup: a read-only mount, or no cgroup namespace, gives nothing away" {
  local change dir
  for change in '.mounts |= map(if .type == "cgroup" then .options += ["ro"] else . end)' \
    '.linux.namespaces |= map(select(.type != "cgroup"))'; do
    make_bundle "$BATS_TEST_TMPDIR/b$((n += 1))"
    in_user_ns
    config "$change"
    args sleep 1000
    run_detached tr run -d -b "$BUNDLE" "$ID"
    assert_status 0
    dir=$(cgroup_mount)/$UNIQ/$ID
    [ "$(stat -c %u "$dir" "$dir/cgroup.procs" | uniq)" = 0 ]
  done
}

@test "cgroup: linux.intelRdt without resctrl is refused, with the way out" {
  ! grep -q ' - resctrl ' /proc/self/mountinfo || skip "needs a host without resctrl"
  config '.linux.intelRdt = {"memBwSchema": "MB:0=50"}'
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "linux.intelRdt: resctrl is not mounted: mount it on /sys/fs/resctrl"
  [ ! -e "$ROOT/$ID" ]
}
