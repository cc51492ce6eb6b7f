#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# events - what a container uses, as JSON.

load helpers

setup() {
  test_setup
  require root
  require cgroup2
  make_bundle
  args /bin/sleep 1000
}

@test "events: --stats is one line with every group of numbers" {
  run_detached tr run -d -b "$BUNDLE" "$ID"
  run tr events --stats "$ID"
  assert_status 0
  assert_one_line
  jq -e --arg id "$ID" '.type == "stats" and .id == $id' <<<"$output"
  jq -e '.data | (.cpu.usage | has("total") and has("kernel") and has("user"))
    and (.cpu.throttling | has("periods"))
    and (.memory | has("cache") and has("usage") and has("swap") and has("kernel") and has("raw"))
    and .cpu.usage.percpu == [] and (.blkio | length >= 8)
    and (.pids | has("current")) and (.blkio | has("ioServiceBytesRecursive"))
    and has("cpuset") and has("hugetlb") and has("intel_rdt") and has("network_interfaces")' <<<"$output"
}

@test "events: the numbers are those of the container" {
  require controller memory pids
  config '.linux.resources.memory = {"limit": 67108864} | .linux.resources.pids = {"limit": 20}'
  args /bin/sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=8 2>/dev/null; sleep 1000 & wait'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  two() { [ "$(tr ps -f json "$ID" | jq length)" = 2 ]; }
  wait_for two
  run tr events --stats "$ID"
  jq -e '.data.memory.usage.limit == 67108864 and .data.memory.usage.usage > 8000000
    and .data.memory.cache >= 8388608 and .data.memory.raw.file == .data.memory.cache' <<<"$output"
  jq -e '.data.pids == {current: 2, limit: 20}' <<<"$output"
  jq -e '.data.cpu.usage.total > 0' <<<"$output"
}

@test "events: the interfaces of the container's network, and none of the host's" {
  require command ip
  config '.linux.namespaces += [{"type": "network"}] | .linux.namespaces |= unique'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  run tr events --stats "$ID"
  jq -e '.data.network_interfaces == []' <<<"$output"
  nsenter -t "$(pid_of "$ID")" -n ip link add eth7 type veth peer name eth8
  nsenter -t "$(pid_of "$ID")" -n ip addr add 10.77.0.1/24 dev eth7
  nsenter -t "$(pid_of "$ID")" -n sh -c 'ip link set eth7 up && ip link set eth8 up'
  sent() {
    tr events --stats "$ID" | jq -e '.data.network_interfaces |
      map(select(.Name == "eth7"))[0].TxPackets > 0 and (map(.Name) | sort == ["eth7", "eth8"])'
  }
  wait_for sent
  config 'del(.linux.namespaces[] | select(.type == "network")) | .linux.cgroupsPath += "-host"'
  new_id
  run_detached tr run -d -b "$BUNDLE" "$ID"
  run tr events --stats "$ID"
  jq -e '.data.network_interfaces == []' <<<"$output"
}

@test "events: the stream has a line each interval, and ends with the container" {
  run_detached tr run -d -b "$BUNDLE" "$ID"
  "$TINYRUN" --root "$ROOT" events --interval 100ms "$ID" >"$BATS_TEST_TMPDIR/stream" 3>&- &
  local job=$!
  three() { [ "$(wc -l <"$BATS_TEST_TMPDIR/stream")" -ge 3 ]; }
  wait_for three
  tr kill "$ID" KILL
  wait "$job"
  jq -e -s 'all(.type == "stats")' "$BATS_TEST_TMPDIR/stream"
}

@test "events: the stream tells of a kill for memory" {
  require controller memory
  config '.linux.resources.memory = {"limit": 16777216, "swap": 16777216}'
  args /bin/sh -c 'sleep 1; awk "BEGIN { s = \"x\"; while (1) s = s s }"; sleep 1'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  run timeout 60 "$TINYRUN" --root "$ROOT" events --interval 1h "$ID"
  assert_status 0
  [ "$(jq -rc '[.type, .id] | join(" ")' <<<"${lines[0]}")" = "oom $ID" ]
}

@test "events: a paused container is told of, what is not running is not" {
  run_detached tr run -d -b "$BUNDLE" "$ID"
  tr pause "$ID"
  tr events --stats "$ID" >/dev/null
  tr resume "$ID"
  run tr events --interval 0s "$ID"
  assert_status 1
  tr kill "$ID" KILL
  wait_for status_is "$ID" stopped
  run tr events --stats "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "container not running"
  run tr events nosuch
  assert_status 1
  assert_output_has "container does not exist"
}
