#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# leases - addresses, ports and names of containers on a bridge: what is given, shown and refused.
#
# The host is a network namespace of the test's own.

load helpers

setup() {
  test_setup
  require root
  require command ip nft jq busybox nsenter
  HOST=$UNIQ-host
  ip netns add "$HOST"
  ip -n "$HOST" link set lo up
  mkdir -p "$ROOT"
  make_bundle
  args /bin/sleep 1000
  BEFORE=$(host_state)
}

teardown() {
  local dir

  for dir in "$ROOT"/*/; do
    [ ! -d "$dir" ] || on_host "$TINYRUN" --root "$ROOT" delete --force "$(basename "$dir")"
  done
  ip netns pids "$HOST" | xargs -r kill -KILL
  ip netns delete "$HOST"
  test_teardown
}

on_host() {
  nsenter --net="/run/netns/$HOST" "$@"
}

# tinyrun on that host
tr() {
  on_host "$TINYRUN" --root "$ROOT" "$@"
}

# run_container ID [OPTION...]: detached
run_container() {
  local id=$1

  shift
  config --arg path "/$UNIQ/$id" '.linux.cgroupsPath = $path'
  run_detached tr run -d -b "$BUNDLE" "$@" "$id"
}

host_state() {
  on_host ip -br link | awk '{ print $1, $2 }'
  on_host ip -br address
  on_host nft list ruleset
  find "$ROOT" -type f | sed 's/^/file /'
}

assert_as_before() {
  local now

  now=$(host_state)
  [ "$now" = "$BEFORE" ] || {
    diff <(echo "$BEFORE") <(echo "$now") >&2
    return 1
  }
}

# refuses TEXT OPTION...: one sentence with this text, and nothing made
refuses() {
  local text=$1 before

  shift
  before=$(host_state)
  new_id
  run_container "$ID" "$@"
  [ "$status" -ne 0 ]
  assert_one_line
  assert_output_has "$text"
  [ "$(host_state)" = "$before" ] || diff <(echo "$before") <(host_state)
}

address_of() {
  tr network inspect tinyrun0 | jq -r --arg id "$1" '.[0].leases[] | select(.owner == $id) | .ip'
}

# lose ID: its process, its cgroup and all that is known of it, but not its network
lose() {
  local cgroup

  cgroup=$(cgroup_of "$1")
  kill -KILL "$(pid_of "$1")"
  rm -rf "${ROOT:?}/$1"
  wait_for rmdir "$cgroup" 2>/dev/null
}

@test "leases: malformed addresses, ports and names are one sentence each, and make nothing" {
  refuses '--ip: "10.0.0" is not an IPv4 address' --ip 10.0.0
  refuses '--ip: "fd00::2" is not an IPv4 address' --ip fd00::2
  refuses '--ip6: "10.0.0.2" is not an IPv6 address' --ip6 10.0.0.2
  refuses '--subnet: "10.1.0.0" is not a subnet' --subnet 10.1.0.0
  refuses 'want the subnet 10.1.0.0/24' --subnet 10.1.0.7/24
  refuses 'want 8 to 30' --subnet 10.1.0.0/31
  refuses 'want 1 to 15' --bridge a-name-of-16-chr
  refuses 'want 1 to 15' --bridge a/b
  refuses 'want 1 to 15' --bridge 'a b'
  refuses '--publish: "80" is not a port' --publish 80
  refuses "the host's port is \"70000\"" --publish 70000:80
  refuses "the container's port is \"0\"" --publish 80:0
  refuses "the protocol is \"sctp\"" --publish 80:80/sctp
  refuses "the host's address is \"fd00::1\"" --publish fd00::1:80:80
  refuses '--publish: "127.0.0.1:80:81" takes a port of the host twice' --publish 80:80 --publish 127.0.0.1:80:81
  refuses '--mac: "02:00" is not a hardware address' --mac 02:00
  refuses 'even first pair' --mac 01:00:5e:00:00:01
  refuses 'want a number from 68 to 65535' --mtu 10
  refuses 'IPv6 needs at least 1280' --mtu 1000 --subnet fd77::/64
  refuses 'own loopback' --dns 127.0.0.53
  refuses 'is not NAME:ADDRESS' --add-host db
  refuses 'want bridge, none, host or the path' --network brigde
  refuses '--publish is for --network bridge' --network none --publish 80:80
  refuses '10.2.0.9 is not in the subnet 10.1.0.0/24' --subnet 10.1.0.0/24 --ip 10.2.0.9
  assert_as_before
}

@test "leases: malformed annotations are refused by their names" {
  config '.annotations["org.tinyrun.network.publish"] = "80"'
  refuses 'annotations["org.tinyrun.network.publish"]: "80" is not a port'
  config '.annotations = {"org.tinyrun.network.colour": "red"}'
  refuses 'annotations["org.tinyrun.network.colour"]: there is no such setting'
  assert_as_before
}

@test "leases: annotations do what options do, and options win" {
  config '.annotations = {"org.tinyrun.network.mode": "bridge", "org.tinyrun.network.ip": "10.209.0.50",
    "org.tinyrun.network.publish": "18080:80,18053:53/udp"}'
  run_container "$ID"
  assert_status 0
  [ "$(address_of "$ID")" = 10.209.0.50/16 ]
  [ "$(tr port "$ID" | wc -l)" = 4 ]
  tr delete --force "$ID"
  run_container "$ID" --ip 10.209.0.60 --publish 18081:80
  assert_status 0
  [ "$(address_of "$ID")" = 10.209.0.60/16 ]
  [ "$(tr port "$ID")" = $'80/tcp -> 0.0.0.0:18081\n80/tcp -> [::]:18081' ]
  tr delete --force "$ID"
  assert_as_before
}

@test "leases: the smallest free address is given, and given again when it is free" {
  local first second third

  first=$ID
  run_container "$first" --network bridge
  assert_status 0
  new_id
  second=$ID
  run_container "$second" --network bridge
  [ "$(address_of "$first") $(address_of "$second")" = '10.209.0.2/16 10.209.0.3/16' ]
  tr delete --force "$first"
  new_id
  third=$ID
  run_container "$third" --network bridge
  [ "$(address_of "$third")" = 10.209.0.2/16 ]
  tr delete --force "$second"
  tr delete --force "$third"
  assert_as_before
}

@test "leases: an address, a port or a subnet that another has is refused with its name" {
  local first=$ID

  run_container "$first" --network bridge --ip 10.209.0.9 --mac 02:00:00:00:00:09 --publish 18080:80
  assert_status 0
  refuses "10.209.0.9 is in use by $first" --ip 10.209.0.9
  refuses "is in use by $first" --mac 02:00:00:00:00:09
  refuses "published by $first already" --publish 127.0.0.1:18080:8080
  refuses '10.209.0.1 is the bridge' --ip 10.209.0.1
  refuses '10.209.255.255 is not the address of one machine' --ip 10.209.255.255
  refuses '10.209' --bridge other0 --subnet 10.209.7.0/24
  tr delete --force "$first"
  assert_as_before
}

@test "leases: a port that a program of the host has is refused" {
  on_host busybox nc -ll -p 18080 -e true </dev/null >/dev/null 2>&1 3>&- &
  wait_for on_host sh -c "ss -Hltn 'sport = 18080' | grep -q ."
  refuses 'in use by one of its programs' --publish 18080:80
  refuses '192.0.2.7 is not an address of this host' --publish 192.0.2.7:18080:80
  assert_as_before
}

@test "leases: a full subnet is refused" {
  local first=$ID

  run_container "$first" --bridge small0 --subnet 10.7.0.0/30
  assert_status 0
  refuses 'no address is free in 10.7.0.0/30' --bridge small0 --subnet 10.7.0.0/30
  tr delete --force "$first"
  run_container "$ID" --bridge small0 --subnet 10.7.0.0/30
  assert_status 0
  tr delete --force "$ID"
  assert_as_before
}

@test "leases: network ls and inspect show who has what" {
  local first=$ID

  run tr network ls
  assert_status 0
  assert_one_line
  run_container "$first" --bridge blue0 --subnet 10.7.0.0/24 --subnet fd07::/64 --publish 18080:80
  new_id
  run_container "$ID" --bridge blue0 --subnet 10.7.0.0/24 --subnet fd07::/64
  run tr network ls
  [[ ${lines[0]} == BRIDGE*SUBNET*SUBNET6*CONTAINERS*PORTS ]]
  [[ ${lines[1]} =~ ^blue0\ +10.7.0.0/24\ +fd07::/64\ +2\ +1$ ]]
  run tr network -f json ls
  jq -e '. == [{"bridge": "blue0", "subnet": "10.7.0.0/24", "subnet6": "fd07::/64", "containers": 2,
    "ports": 1}]' <<<"$output"
  run tr network inspect blue0
  jq -e --arg a "$first" --arg b "$ID" '.[0].leases == [{"owner": $a, "ip": "10.7.0.2/24",
    "ip6": "fd07::2/64", "ports": ["18080:80/tcp"]}, {"owner": $b, "ip": "10.7.0.3/24",
    "ip6": "fd07::3/64", "ports": []}]' <<<"$output"
  run tr network inspect red0
  assert_status 1
  assert_output_has 'no container uses a bridge red0'
  tr delete --force "$first"
  tr delete --force "$ID"
  run tr network -f json ls
  assert_output_is '[]'
  assert_as_before
}

@test "leases: port shows published ports as lines and as JSON" {
  run_container "$ID" --publish 127.0.0.1:18080:80 --publish '[::1]:18053:53/udp' --publish 18443:443
  assert_status 0
  run tr port "$ID"
  assert_output_is '80/tcp -> 127.0.0.1:18080
53/udp -> [::1]:18053
443/tcp -> 0.0.0.0:18443
443/tcp -> [::]:18443'
  run tr port -f json "$ID"
  jq -e '.[0] == {"hostIP": "127.0.0.1", "hostPort": 18080, "containerPort": 80, "protocol": "tcp"} and
    .[2].hostIP == "" and length == 3' <<<"$output"
  run tr port nobody
  assert_status 1
  assert_output_has 'does not exist'
  tr delete --force "$ID"
  assert_as_before
}

@test "leases: network rm refuses a bridge in use, and a word that is none" {
  run_container "$ID" --network bridge
  run tr network rm tinyrun0
  assert_status 1
  assert_output_has "bridge tinyrun0 is in use by $ID"
  run tr network rm
  assert_status 1
  assert_output_has 'at least one bridge'
  run tr network create x
  assert_status 1
  assert_output_has 'want ls, inspect, rm or prune'
  run tr network rm lo
  assert_status 0
  on_host ip -br link show lo | grep -q LOOPBACK
  tr delete --force "$ID"
  assert_as_before
}

@test "leases: network prune takes what a container without a state directory has left" {
  run_container "$ID" --network bridge --publish 18080:80
  lose "$ID"
  run tr network prune
  assert_status 0
  assert_output_is "$ID on tinyrun0"
  assert_as_before
  run tr network prune
  assert_status 0
  assert_output_is ''
  # the next container finds the port free without that
  run_container "$ID" --network bridge --publish 18080:80
  lose "$ID"
  run_container "$ID-next" --network bridge --publish 18080:80
  [ "$(address_of "$ID-next")" = 10.209.0.2/16 ]
  tr delete --force "$ID-next"
  assert_as_before
}

@test "leases: the next container of an id takes what a lost one has left" {
  run_container "$ID" --network bridge --publish 18080:80
  lose "$ID"
  run_container "$ID" --network bridge --publish 18081:80
  assert_status 0
  [ "$(address_of "$ID")" = 10.209.0.2/16 ]
  [[ "$(on_host nft list ruleset)" != *18080* ]]
  tr delete --force "$ID"
  assert_as_before
}

@test "leases: network prune leaves a container alone that has come again meanwhile" {
  local pid was

  require command strace
  run_container "$ID" --network bridge --publish 18080:80
  lose "$ID"
  # it has seen what is left, and begins to speak to the kernel
  on_host strace -qq -o "$BATS_TEST_TMPDIR/calls" -e trace=socket,bind \
    -e inject=bind:delay_enter=3000000:when=1 \
    "$TINYRUN" --root "$ROOT" network prune 3>&- &
  pid=$!
  wait_for grep -qs AF_NETLINK "$BATS_TEST_TMPDIR/calls"
  run_container "$ID" --network bridge --publish 18080:80
  assert_status 0
  was=$(host_state)
  wait "$pid"
  [ "$(host_state)" = "$was" ]
  tr delete --force "$ID"
  assert_as_before
}

@test "leases: the container knows its names and its servers, and cannot change them" {
  config '.hostname = "web1" | .root.readonly = false'
  args /bin/sh -c 'cat /etc/hosts /etc/resolv.conf /etc/hostname; echo x >/etc/hosts'
  run tr run -b "$BUNDLE" --network bridge --dns 192.0.2.53 --add-host db:10.0.0.9 "$ID"
  assert_output_has $'10.209.0.2\tweb1'
  assert_output_has $'10.0.0.9\tdb'
  assert_output_has 'nameserver 192.0.2.53'
  [ "$(grep -c '^web1$' <<<"$output")" = 1 ]
  assert_output_has 'Read-only file system'
  assert_as_before
}

@test "leases: without a word about a network nothing of this happens" {
  args /bin/sh -c 'ls /etc/resolv.conf /etc/hosts 2>&1; cat /proc/net/dev | grep -c :'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 0
  [ "${lines[-1]}" = 1 ]
  [ ! -e "$ROOT/.net" ]
  assert_as_before
}
