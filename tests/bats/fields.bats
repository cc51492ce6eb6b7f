#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# fields - members of config.json that are less often used: each does what the specification says.

load helpers

setup() {
  test_setup
  require root
  make_bundle
}

inside() {
  args /bin/sh -c "$1"
  run tr run -b "$BUNDLE" "$ID"
}

@test "sysctl: parameters of the container's namespaces are set, and the host's stay" {
  before=$(cat /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_forward)
  config '.linux.sysctl = {"kernel.shmmni": "123", "net/ipv4/ip_forward": "1", "kernel.domainname": "d.test"}'
  inside 'cat /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/domainname'
  assert_output_is "123
1
d.test"
  [ "$(cat /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_forward)" = "$before" ]
}

@test "sysctl: they do not depend on the container's /proc" {
  config '.linux.sysctl = {"kernel.shmmni": "77"} | del(.mounts[] | select(.destination == "/proc"))
    | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
  mkdir -p "$ROOTFS/proc/sys/kernel"
  echo fake >"$ROOTFS/proc/sys/kernel/shmmni"
  inside 'cat /proc/sys/kernel/shmmni'
  assert_status 0
  assert_output_is fake
  [ "$(cat "$ROOTFS/proc/sys/kernel/shmmni")" = fake ]
}

@test "sysctl: a parameter that the kernel does not have, and a value that it refuses" {
  config '.linux.sysctl = {"net.ipv4.no_such_thing": "1"}'
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "linux.sysctl: set the kernel parameter net.ipv4.no_such_thing: No such file or directory"
  config '.linux.sysctl = {"kernel.shmmni": "-"}'
  inside true
  assert_output_has "linux.sysctl: set the kernel parameter kernel.shmmni: Invalid argument"
}

@test "sysctl: a joined namespace that is the host's is refused" {
  config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end)
    | .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
  before=$(cat /proc/sys/net/ipv4/ip_forward)
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "/proc/self/ns/net is the host's namespace: linux.sysctl would change the host"
  [ "$(cat /proc/sys/net/ipv4/ip_forward)" = "$before" ]
}

@test "sysctl: in a user namespace" {
  config '.linux.namespaces += [{"type": "user"}]
    | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    | .linux.gidMappings = .linux.uidMappings
    | .linux.sysctl = {"net.ipv4.ip_forward": "1", "user.max_net_namespaces": "5"}'
  chmod 711 "$BUNDLE" "$BATS_TEST_TMPDIR"
  inside 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/user/max_net_namespaces'
  assert_output_is "1
5"
}
