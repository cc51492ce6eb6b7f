#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# netdevices - interfaces of the host that go to the container (linux.netDevices).

load helpers

# The "host" is a network namespace of this test, so that nothing of the machine's is moved.
setup() {
  test_setup
  require root
  require command ip
  make_bundle
  HOST=$UNIQ-host
  ip netns add "$HOST"
  on_host ip link set lo up
  on_host ip link add tr0 type veth peer name tr0p
}

teardown() {
  test_teardown
  ip netns del "$HOST" || true
}

on_host() {
  ip netns exec "$HOST" "$@"
}

devices() {
  config --argjson d "$1" '.linux.netDevices = $d'
}

# ip(8) of the machine in the container's network namespace
created() {
  args sleep 1000
  run_detached on_host "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID"
  [ "$status" != 0 ] || PID=$(pid_of "$ID")
}

inside() {
  nsenter -t "$PID" -n ip "$@"
}

@test "netdevices: an interface comes with its addresses, up, and is gone from the host" {
  on_host ip address add 192.0.2.5/24 brd + dev tr0
  on_host ip address add 192.0.2.6/24 dev tr0 label tr0:two
  on_host ip address add 198.51.100.1 peer 198.51.100.2/32 dev tr0
  on_host ip -6 address add 2001:db8::5/64 dev tr0 nodad
  on_host ip address add 192.0.2.8/25 dev tr0 noprefixroute
  on_host ip address add 203.0.113.9/24 dev tr0 valid_lft 1000 preferred_lft 1000
  on_host ip address add 192.0.2.77/32 dev tr0 scope link
  on_host ip link set tr0 up mtu 1400
  devices '{"tr0": {}}'
  created
  assert_status 0
  run -1 on_host ip link show tr0
  run inside -j address show dev tr0
  [ "$(jq -r '.[0].flags | index("UP") != null' <<<"$output")" = true ]
  [ "$(jq -r '.[0].mtu' <<<"$output")" = 1400 ]
  [ "$(jq -r '.[0].addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen) \(.broadcast) \(.label) \(.address)"' <<<"$output" | sort)" = \
    "$(printf '%s\n' '192.0.2.5/24 192.0.2.255 tr0 null' '192.0.2.6/24 null tr0:two null' \
      '192.0.2.8/25 null tr0 null' '198.51.100.1/32 null tr0 198.51.100.2' '2001:db8::5/64 null null null' | sort)" ]
  [ "$(jq -r '.[0].addr_info[] | select(.noprefixroute) | .local' <<<"$output")" = 192.0.2.8 ]
  # those that somebody renews, or that are good for the link alone, stay behind
  run -1 grep -E '203.0.113.9|192.0.2.77' <<<"$output"
}

@test "netdevices: it may have another name there, also the first free one of a pattern" {
  on_host ip link add tr1 type veth peer name tr1p
  on_host ip link add tr2 type veth peer name tr2p
  on_host ip address add 192.0.2.5/24 dev tr1
  devices '{"tr0": {"name": "first0"}, "tr1": {"name": "first%d"}, "tr2": {"name": "first%d"}}'
  created
  assert_status 0
  [ "$(inside -o link show | awk -F': ' '{ sub(/@.*/, "", $2); print $2 }' | grep -v lo | sort | xargs)" = "first0 first1 first2" ]
  inside -o address show dev first1 | grep -q 192.0.2.5/24
}

@test "netdevices: hooks see it, and a delete does not bring it back" {
  config --arg o "$BATS_TEST_TMPDIR/seen" '.linux.netDevices = {"tr0": {"name": "eth7"}} |
    .hooks.createRuntime = [{path: "/bin/sh", env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
      args: ["sh", "-c", ("nsenter -t $(jq .pid) -n ip -o link show eth7 >" + $o)]}]'
  created
  assert_status 0
  grep -q 'eth7.*UP' "$BATS_TEST_TMPDIR/seen"
  tr delete --force "$ID"
  run -1 on_host ip link show tr0
}

@test "netdevices: a namespace that is joined takes it, too, and keeps it" {
  ip netns add "$HOST-pod"
  config --arg p "/run/netns/$HOST-pod" '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)'
  devices '{"tr0": {"name": "pod0"}}'
  args true
  run on_host "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  local rc=$status
  run ip -n "$HOST-pod" -o link show pod0
  ip netns del "$HOST-pod"
  [ "$rc" = 0 ]
  assert_output_has UP
}

@test "netdevices: what cannot be moved is one line with its name, and the others stay" {
  on_host ip link add tr1 type veth peer name tr1p
  on_host ip address add 192.0.2.5/24 dev tr0
  on_host ip link set tr0 up
  devices '{"nowhere0": {}}'
  created
  assert_status 1
  assert_one_line
  assert_output_has "linux.netDevices.nowhere0: the host has no interface nowhere0"
  devices '{"tr0": {"name": "lo"}}'
  created
  assert_status 1
  assert_output_has "linux.netDevices.tr0: the container's network has an interface lo already"
  devices '{"lo": {"name": "lo9"}}'
  created
  assert_status 1
  assert_output_has "linux.netDevices.lo: move the interface"
  [ ! -e "$ROOT/$ID" ]
  on_host ip -o address show dev tr0 | grep -q 192.0.2.5/24
  on_host ip -o link show tr0 | grep -q UP
}

# What ip(8) says of a link and its addresses, without numbers that change with each move
told_of() {
  on_host ip -o address show dev "$1" | sed 's/^[0-9]*: //' | grep -v fe80
  on_host ip -o link show "$1" | grep -c '[<,]UP' || true
}

@test "netdevices: where the creation fails later, all are what they were" {
  local before verb
  on_host ip link add tr1 type veth peer name tr1p
  on_host ip address add 192.0.2.5/24 dev tr0 noprefixroute
  on_host ip -6 address add 2001:db8::5/64 dev tr0 nodad
  on_host ip link set tr0 up
  on_host ip link set tr0p up
  on_host ip address add 198.51.100.1 peer 198.51.100.2/32 dev tr1
  before=$(told_of tr0; told_of tr1)
  [ -n "$before" ]
  devices '{"tr0": {"name": "eth0"}, "tr1": {}}'
  args /no/such/program
  for verb in create run; do
    run_detached on_host "$TINYRUN" --root "$ROOT" "$verb" -b "$BUNDLE" "$ID"
    assert_status 1
    assert_output_has /no/such/program
    diff <(echo "$before") <(told_of tr0; told_of tr1)
  done
  devices '{"tr0": {}, "tr1": {"name": "eth0"}, "nowhere0": {}}'
  created
  assert_status 1
  assert_output_has nowhere0
  diff <(echo "$before") <(told_of tr0; told_of tr1)
}

@test "netdevices: an address that the container's network refuses leaves the interface here" {
  local before
  on_host ip address add 192.0.2.5/24 dev tr0
  on_host ip -6 address add 2001:db8::5/64 dev tr0 nodad
  on_host ip link set tr0 up
  before=$(told_of tr0)
  ip netns add "$HOST-pod"
  ip netns exec "$HOST-pod" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  config --arg p "/run/netns/$HOST-pod" '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)'
  devices '{"tr0": {"name": "pod0"}}'
  created
  ip netns del "$HOST-pod"
  assert_status 1
  assert_output_has "linux.netDevices.tr0: give the address again"
  diff <(echo "$before") <(told_of tr0)
}
