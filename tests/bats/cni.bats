#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cni - the program as a plugin of the Container Network Interface, called as an engine calls it.
#
# The host is a network namespace of the test's own, containers are others.

load helpers

setup() {
  test_setup
  require root
  require command ip nft jq busybox
  HOST=$UNIQ-host CONF=$BATS_TEST_TMPDIR/config.json netns=()
  mkdir -p "$ROOT"
  new_netns "$HOST"
  new_netns c1
  configure '.'
  BEFORE=$(host_state)
}

teardown() {
  local name

  for name in "${netns[@]}"; do
    ip netns pids "$name" | xargs -r kill -KILL
    ip netns delete "$name"
  done
  test_teardown
}

# new_netns NAME: a namespace $UNIQ-NAME with its loopback interface; HOST is one too.
new_netns() {
  local name=$1

  [[ $name == "$UNIQ"* ]] || name=$UNIQ-$name
  ip netns add "$name"
  netns+=("$name")
  ip -n "$name" link set lo up
}

on_host() {
  ip netns exec "$HOST" "$@"
}

in_container() {
  local name=$UNIQ-$1

  shift
  ip netns exec "$name" "$@"
}

# configure FILTER: the configuration, changed by a jq expression
configure() {
  jq -n --arg root "$ROOT" '{cniVersion: "1.1.0", name: "pods", type: "tinyrun", bridge: "pods0",
    subnet: ["10.66.0.0/24", "fd66::/64"], dataDir: $root} | '"$1" >"$CONF"
}

# cni COMMAND CONTAINER [VAR=VALUE...]: the container's id is the name of its namespace
cni() {
  local command=$1 name=$2

  shift 2
  on_host env CNI_COMMAND="$command" CNI_CONTAINERID="$name" CNI_NETNS="/run/netns/$UNIQ-$name" \
    CNI_IFNAME=eth0 CNI_PATH=/nowhere "$@" "$TINYRUN" <"$CONF"
}

# The last result becomes the configuration's prevResult.
with_result() {
  jq --argjson r "$1" '.prevResult = $r' <"$CONF" >"$CONF.new" && mv "$CONF.new" "$CONF"
}

# All that a plugin could leave on the host.
host_state() {
  on_host ip -br link | awk '{ print $1, $2 }'
  on_host ip -br address
  on_host nft list ruleset
  on_host sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf.all.route_localnet
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

# assert_error CODE TEXT: of the last run
assert_error() {
  assert_status 1
  jq -e --argjson code "$1" --arg text "$2" '.code == $code and (.msg | contains($text)) and
    (.cniVersion | length > 0)' <<<"$output" >/dev/null || {
    printf 'want code %s and "%s", got: %s\n' "$1" "$2" "$output" >&2
    return 1
  }
}

# A word for whoever connects to a port of the container.
serve_word() {
  in_container "$1" busybox nc -ll -p "$2" -e echo "$3" </dev/null >/dev/null 2>&1 3>&- &
  wait_for in_container "$1" sh -c "ss -Hltn 'sport = $2' | grep -q ."
}

@test "cni: VERSION says what is supported" {
  run cni VERSION c1
  assert_status 0
  jq -e '.cniVersion == "1.1.0" and (.supportedVersions | contains(["1.0.0", "1.1.0"]))' <<<"$output"
}

@test "cni: ADD makes a network that works, DEL leaves nothing of it" {
  run cni ADD c1
  assert_status 0
  jq -e '.cniVersion == "1.1.0" and (.interfaces | length) == 3 and
    .interfaces[0].name == "pods0" and .interfaces[2].name == "eth0" and
    (.interfaces[2].sandbox | endswith("-c1")) and
    .ips == [{"address": "10.66.0.2/24", "gateway": "10.66.0.1", "interface": 2},
             {"address": "fd66::2/64", "gateway": "fd66::1", "interface": 2}] and
    .routes == [{"dst": "0.0.0.0/0", "gw": "10.66.0.1"}, {"dst": "::/0", "gw": "fd66::1"}]' <<<"$output"
  # what it says is so
  mac=$(jq -r '.interfaces[2].mac' <<<"$output")
  in_container c1 ip -br link show eth0 | grep -q "$mac"
  bridge=$(jq -r '.interfaces[0].mac' <<<"$output")
  on_host ip -br link show pods0 | grep -q "$bridge"
  on_host busybox ping -c 1 -W 2 10.66.0.2
  on_host busybox ping6 -c 1 -W 2 fd66::2
  in_container c1 busybox ping -c 1 -W 2 10.66.0.1
  in_container c1 ip route | grep -q '^default via 10.66.0.1 dev eth0'
  run cni DEL c1
  assert_status 0
  assert_output_is ''
  assert_as_before
}

@test "cni: DEL can be repeated, also without a namespace, and for what was never added" {
  cni ADD c1
  run cni DEL c1 CNI_NETNS=
  assert_status 0
  run cni DEL c1
  assert_status 0
  run cni DEL never
  assert_status 0
  assert_as_before
}

@test "cni: DEL after the namespace is gone leaves nothing" {
  new_netns gone
  cni ADD gone
  ip netns delete "$UNIQ-gone"
  unset "netns[-1]"
  run cni DEL gone
  assert_status 0
  assert_as_before
}

@test "cni: a record that cannot be read keeps no network: DEL goes by the lease" {
  cni ADD c1 >/dev/null
  echo '{' >"$(find "$ROOT/.net/cni" -name 'c1:*')"
  run cni DEL c1
  assert_status 0
  [ -z "$(find "$ROOT/.net/cni" -type f)" ]
  [ ! -e "$ROOT/.net/leases" ]
  assert_as_before
}

@test "cni: an ADD for what was added before is refused, and changes nothing" {
  cni ADD c1
  before=$(host_state)
  run cni ADD c1
  assert_error 102 'DEL it first'
  [ "$(host_state)" = "$before" ]
  cni DEL c1
  assert_as_before
}

@test "cni: containers get the smallest free addresses, and reach each other" {
  new_netns c2
  new_netns c3
  cni ADD c1
  run cni ADD c2
  [ "$(jq -r '.ips[0].address' <<<"$output")" = 10.66.0.3/24 ]
  in_container c1 busybox ping -c 1 -W 2 10.66.0.3
  in_container c1 busybox ping6 -c 1 -W 2 fd66::3
  cni DEL c1
  run cni ADD c3
  [ "$(jq -r '.ips[0].address' <<<"$output")" = 10.66.0.2/24 ]
  cni DEL c2
  cni DEL c3
  assert_as_before
}

@test "cni: portMappings are reached from the host, also at 127.0.0.1" {
  configure '.runtimeConfig.portMappings = [{hostPort: 18080, containerPort: 80, protocol: "tcp"}]'
  cni ADD c1
  serve_word c1 80 hello
  run on_host busybox nc -w 3 127.0.0.1 18080
  assert_output_is hello
  run on_host busybox nc -w 3 10.66.0.1 18080
  assert_output_is hello
  cni DEL c1
  run on_host busybox nc -w 3 127.0.0.1 18080
  [ "$status" -ne 0 ]
  assert_as_before
}

@test "cni: what a runtime passes is read whatever its case, as plugins in Go do" {
  configure '.runtimeConfig = {portMappings: [{HostPort: 18080, ContainerPort: 80, Protocol: "tcp", HostIP: ""}],
    dns: {Servers: ["10.9.8.7"], Searches: ["a.test"], Options: null}}'
  run cni ADD c1
  assert_status 0
  [ "$(jq -c .dns <<<"$output")" = '{"nameservers":["10.9.8.7"],"search":["a.test"]}' ]
  serve_word c1 80 hello
  run on_host busybox nc -w 3 127.0.0.1 18080
  assert_output_is hello
  cni DEL c1
  assert_as_before
}

@test "cni: CNI_ARGS as Kubernetes fills them, with the longest name of a pod" {
  run cni ADD c1 "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=$(printf 'p%.0s' {1..253});K8S_POD_UID=u1"
  assert_status 0
  cni DEL c1
  assert_as_before
}

@test "cni: ips, mac and dns of the runtime are used" {
  configure '.runtimeConfig = {ips: ["10.66.0.77/24", "fd66::77"], mac: "02:00:00:00:66:77",
    dns: {servers: ["192.0.2.53"], searches: ["a.example"]}}'
  run cni ADD c1
  assert_status 0
  jq -e '.ips[0].address == "10.66.0.77/24" and .ips[1].address == "fd66::77/64" and
    .interfaces[2].mac == "02:00:00:00:66:77" and
    .dns == {nameservers: ["192.0.2.53"], search: ["a.example"]}' <<<"$output"
  in_container c1 ip -br address show eth0 | grep -q '10.66.0.77/24 .*fd66::77/64'
  in_container c1 ip -br link show eth0 | grep -q 02:00:00:00:66:77
  cni DEL c1
  assert_as_before
}

@test "cni: in a chain the previous result is kept and goes first" {
  with_result '{"cniVersion": "1.1.0", "interfaces": [{"name": "lo"}],
    "ips": [{"address": "127.0.0.1/8", "interface": 0}]}'
  run cni ADD c1
  assert_status 0
  jq -e '[.interfaces[].name] | .[0] == "lo" and .[3] == "eth0"' <<<"$output"
  jq -e '.ips[0].address == "127.0.0.1/8" and .ips[1].interface == 3' <<<"$output"
  cni DEL c1
  assert_as_before
}

@test "cni: CHECK is silent while all is as it was made" {
  configure '.runtimeConfig.portMappings = [{hostPort: 18080, containerPort: 80, protocol: "tcp"}]'
  with_result "$(cni ADD c1)"
  run cni CHECK c1
  assert_status 0
  assert_output_is ''
  cni DEL c1
}

@test "cni: CHECK says what is not as it was made" {
  result=$(cni ADD c1)
  run cni CHECK c1
  assert_error 7 prevResult
  with_result "$result"
  in_container c1 ip address delete 10.66.0.2/24 dev eth0
  run cni CHECK c1
  assert_error 101 'eth0 of the container has not 10.66.0.2/24'
  in_container c1 ip address add 10.66.0.2/24 dev eth0
  on_host ip link set pods0 down
  run cni CHECK c1
  assert_error 101 'pods0'
  on_host ip link set pods0 up
  in_container c1 ip link set eth0 down
  run cni CHECK c1
  assert_error 101 'eth0 of the container is down'
  in_container c1 ip link set eth0 up
  in_container c1 ip address add fd66::2/64 dev eth0 nodad
  on_host nft delete table inet tinyrun
  run cni CHECK c1
  assert_error 101 'table tinyrun'
  run cni DEL c1
  assert_status 0
  run cni CHECK c1
  assert_error 3 'was not added'
}

@test "cni: GC takes what the runtime does not list, of this network alone" {
  new_netns c2
  new_netns c3
  cni ADD c1
  cni ADD c2
  configure '.name = "others" | .bridge = "others0" | .subnet = "10.67.0.0/24"'
  cni ADD c3
  configure '."cni.dev/valid-attachments" = [{containerID: "c2", ifname: "eth0"}]'
  run cni GC c1
  assert_status 0
  in_container c1 ip -br link | { ! grep -q eth0; }
  in_container c2 busybox ping -c 1 -W 2 10.66.0.1
  in_container c3 busybox ping -c 1 -W 2 10.67.0.1
  configure '."cni.dev/attachments" = []'
  cni GC c1
  configure '.name = "others" | ."cni.dev/valid-attachments" = []'
  cni GC c1
  assert_as_before
}

@test "cni: a GC without a list takes nothing" {
  cni ADD c1
  before=$(host_state)
  run cni GC c1
  assert_error 7 'cni.dev/valid-attachments'
  [ "$(host_state)" = "$before" ]
  cni DEL c1
}

@test "cni: STATUS is silent when an ADD would do, and says what is in the way" {
  run cni STATUS c1
  assert_status 0
  assert_output_is ''
  on_host ip link add pods0 type veth peer name other0
  run cni STATUS c1
  assert_error 50 'pods0 that is not a bridge'
  on_host ip link delete pods0
  assert_as_before
}

@test "cni: each error has its code, one sentence, and makes nothing" {
  run cni ADD c1 CNI_CONTAINERID=
  assert_error 4 'CNI_CONTAINERID is missing'
  run cni ADD c1 CNI_CONTAINERID=../x
  assert_error 4 'CNI_CONTAINERID is "../x"'
  run cni ADD c1 CNI_NETNS=
  assert_error 4 'CNI_NETNS is missing'
  run cni ADD c1 CNI_IFNAME=a/b
  assert_error 4 'CNI_IFNAME is "a/b"'
  run cni ADD c1 CNI_COMMAND=PLAY
  assert_error 4 'CNI_COMMAND is "PLAY"'
  run cni ADD c1 CNI_NETNS=/nowhere
  assert_error 3 'CNI_NETNS'
  run cni ADD c1 CNI_NETNS=/proc/self/ns/mnt
  assert_error 3 'is not a network namespace'
  run cni ADD c1 CNI_ARGS=FOO=1
  assert_error 4 'CNI_ARGS'
  echo '{' >"$CONF"
  run cni ADD c1
  assert_error 6 ''
  configure '.cniVersion = "9.0.0"'
  run cni ADD c1
  assert_error 1 '"9.0.0", want'
  configure '.vlan = 7'
  run cni ADD c1
  assert_error 2 'vlan'
  configure '.bridge = "a-name-of-16-chars"'
  run cni ADD c1
  assert_error 7 'want 1 to 15'
  configure '.subnet = "10.66.0.0"'
  run cni ADD c1
  assert_error 7 'not a subnet'
  rm -rf "$ROOT/.net"
  assert_as_before
}

@test "cni: a full subnet is an error, and makes nothing" {
  configure '.subnet = "10.66.0.0/30"'
  new_netns c2
  cni ADD c1
  before=$(host_state)
  run cni ADD c2
  assert_error 100 'no address is free in 10.66.0.0/30'
  [ "$(host_state)" = "$before" ]
  cni DEL c1
  run cni ADD c2
  assert_status 0
  cni DEL c2
  assert_as_before
}

@test "cni: a port that is taken is an error, and makes nothing" {
  local mapping='.runtimeConfig.portMappings = [{hostPort: 18080, containerPort: 80, protocol: "tcp"}]'

  configure "$mapping"
  new_netns c2
  cni ADD c1
  before=$(host_state)
  run cni ADD c2
  assert_error 100 'published by cni:c1/eth0'
  [ "$(host_state)" = "$before" ]
  cni DEL c1
  on_host busybox nc -ll -p 18080 -e true </dev/null >/dev/null 2>&1 3>&- &
  wait_for on_host sh -c "ss -Hltn 'sport = 18080' | grep -q ."
  run cni ADD c2
  assert_error 100 'in use by one of its programs'
  assert_as_before
}

@test "cni: subnets of two bridges that overlap are an error, and make nothing" {
  new_netns c2
  cni ADD c1
  before=$(host_state)
  configure '.bridge = "others0" | .subnet = "10.66.0.0/16"'
  run cni ADD c2
  assert_error 100 '10.66.0.0/16'
  [ "$(host_state)" = "$before" ]
  configure '.'
  cni DEL c1
  assert_as_before
}

@test "cni: the engine's subnet is taken although the cluster's routes lead to it" {
  on_host ip route add 10.0.0.0/8 dev lo
  before=$(host_state)
  new_netns c2
  cni ADD c2
  cni DEL c2
  [ "$(host_state)" = "$before" ]
  on_host ip route del 10.0.0.0/8
  assert_as_before
}

@test "cni: twelve at once have twelve addresses, and go without a trace" {
  local i

  for i in {1..12}; do
    new_netns "m$i"
  done
  for i in {1..12}; do
    cni ADD "m$i" >"$BATS_TEST_TMPDIR/result$i" 3>&- &
  done
  wait
  [ "$(jq -r '.ips[0].address' "$BATS_TEST_TMPDIR"/result* | sort -u | wc -l)" = 12 ]
  for i in {1..12}; do
    on_host busybox ping -c 1 -W 2 "$(jq -r '.ips[0].address | split("/")[0]' "$BATS_TEST_TMPDIR/result$i")"
  done
  for i in {1..12}; do
    cni DEL "m$i" 3>&- &
  done
  wait
  assert_as_before
}

@test "cni: an ADD that is killed anywhere is undone by DEL" {
  local i pid

  for i in {1..12}; do
    cni ADD c1 >/dev/null 2>&1 3>&- &
    pid=$!
    sleep "0.00$((i * 7 % 10))"
    # the plugin itself, where it has begun already; else what would become it
    pkill -KILL -P "$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    run cni DEL c1
    assert_status 0
    assert_as_before
  done
}

@test "cni: a configuration of the bridge plugin works with another type alone" {
  configure 'del(.bridge, .subnet) + {bridge: "cni0", isGateway: true, isDefaultGateway: true,
    ipMasq: true, hairpinMode: true, ipam: {type: "host-local", ranges: [[{subnet: "10.68.0.0/24"}]],
    routes: [{dst: "0.0.0.0/0"}]}}'
  run cni ADD c1
  assert_status 0
  [ "$(jq -r '.ips[0].address' <<<"$output")" = 10.68.0.2/24 ]
  on_host busybox ping -c 1 -W 2 10.68.0.2
  cni DEL c1
  assert_as_before
}
