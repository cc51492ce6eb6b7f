#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# cni - containerd lets tinyrun make the network of its containers and pods, by the drop-in of oci/engines,
# alone and with Debian's plugins after it.

load helpers
load containerd
load cri

setup_file() {
	engine_setup
	mount -t tmpfs opt /opt && mkdir -p /opt/cni/bin /etc/cni/net.d
	ln -s /usr/local/bin/tinyrun /opt/cni/bin/tinyrun
	# containerd 1.x brings up every pod's own loopback by a plugin
	ln -s /usr/lib/cni/{loopback,tuning,portmap} /opt/cni/bin/
	rm -f /etc/cni/net.d/*
	drop_in=$BATS_TEST_DIRNAME/../../oci/engines/cni.conflist
	cp "$drop_in" /etc/cni/net.d/10-tinyrun.conflist
	cri_config /opt/cni/bin >"$BATS_FILE_TMPDIR/config.toml"
	containerd_start "$BATS_FILE_TMPDIR/config.toml"
	cri_images
	ctr image import "$BATS_FILE_TMPDIR/image.tar"
}

teardown_file() {
	containerd_stop
	umount --lazy /opt
}

setup() {
	engine_test_setup
	name=$UNIQ
	nft add table inet trial 2>/dev/null || skip "needs nf_tables"
	nft delete table inet trial
	BEFORE=$(network_state)
}

teardown() {
	rm -f /etc/cni/net.d/05-chain.conflist
	pods_end
	containerd_clear default
	[ "$(network_state)" = "$BEFORE" ]
	assert_nothing_left
}

network_state() {
	ip -br link | awk '{ print $1 }'
	# the counters count
	nft --stateless list ruleset
	find /run/tinyrun -type f 2>/dev/null || true
}

ctr_run() {
	local shares=()

	grep -qw cpu /sys/fs/cgroup/cgroup.controllers || shares=(--cpu-shares 0)
	ctr run --cni --runc-binary "$RUNTIME" "${shares[@]}" "$@"
}

@test "ctr run --cni: the container has the address, the route and the host in reach" {
	# ctr makes the network of a task that is created, so it is there when the program begins
	run ctr_run --rm localhost/busybox:latest "$name" sh -c \
		'ip -4 addr show eth0; ip route; ping -c 1 -W 2 10.210.0.1'
	assert_status 0
	assert_output_has 'inet 10.210.0.2/16'
	assert_output_has 'default via 10.210.0.1'
	assert_output_has '1 packets received'
	[ "$(network_state)" = "$BEFORE" ]
}

@test "ctr run --cni: two containers reach each other, and leave nothing" {
	run_second() {
		ctr_run --rm localhost/busybox:latest "$name-b" ping -c 1 -W 2 10.210.0.2
	}
	ctr_run --rm localhost/busybox:latest "$name-a" sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
	wait_for busybox ping -c 1 -W 1 10.210.0.2
	run run_second
	assert_status 0
	ctr task kill -s KILL "$name-a"
	wait
	[ "$(network_state)" = "$BEFORE" ]
}

pod_address() {
	pod_status | sed -n 's/^ *ip: "\(.*\)"$/\1/p'
}

@test "a pod: an address of each family in its status, the bridge and the outside in reach" {
	local addresses

	pod_start "$name"
	addresses=$(pod_address)
	[[ $addresses == 10.210.0.*$'\n'fd74:6e79:7275:* ]]
	container_start one '' sleep 1000
	run container_exec sh -c 'ip address show dev eth0; ip route; ip address show dev lo; ping -c 1 -W 2 10.210.0.1'
	assert_status 0
	assert_output_has "${addresses%%$'\n'*}/16"
	assert_output_has "${addresses#*$'\n'}/64"
	assert_output_has "default via 10.210.0.1"
	assert_output_has 127.0.0.1/8
	assert_output_has "1 packets received"
}

@test "two pods reach each other, by either family; one that ends gives its address back" {
	local first second

	pod_start "$name-a"
	container_start web '' sh -c 'mkdir /www; echo a page >/www/index.html; exec httpd -f -p 80 -h /www'
	first=$(pod_address)
	pod_start "$name-b"
	second=$(pod_address)
	[ "$first" != "$second" ]
	container_start client '' sleep 1000
	wait_for container_exec wget -q -O - "http://${first%%$'\n'*}/"
	[ "$(container_exec wget -q -O - "http://[${first#*$'\n'}]/")" = "a page" ]
	pods_end
	[ "$(network_state)" = "$BEFORE" ]
	pod_start "$name-c"
	[ "$(pod_address)" = "$first" ]
}

web_pod() {
	with="port_mappings { protocol: 0 container_port: 80 host_port: $2 }" pod_start "$1" &&
		container_start web '' sh -c 'mkdir /www; echo a page >/www/index.html; exec httpd -f -p 80 -h /www'
}

@test "a pod's hostPort: reached at 127.0.0.1, at the host's address and from a pod; ended with the pod" {
	web_pod "$name" 8095
	wait_for curl --silent --max-time 5 http://127.0.0.1:8095/
	[ "$(curl --silent --max-time 5 http://10.210.0.1:8095/)" = "a page" ]
	pod_start "$name-b"
	container_start client '' sleep 1000
	[ "$(container_exec wget -q -O - http://10.210.0.1:8095/)" = "a page" ]
	pods_end
	run curl --silent --max-time 5 http://127.0.0.1:8095/
	assert_status 7
}

@test "two pods with one hostPort: the second is refused by a sentence, and leaves nothing" {
	local before

	web_pod "$name" 8095
	before=$(network_state)
	run web_pod "$name-b" 8095
	[ "$status" -ne 0 ]
	assert_output_has 8095
	[ "$(network_state)" = "$before" ]
	[ "$(curl --silent --max-time 5 --retry 10 --retry-connrefused http://127.0.0.1:8095/)" = "a page" ]
}

@test "a pod whose processes are killed, containerd too: removed, it leaves nothing of its network" {
	web_pod "$name" 8095
	kill -KILL "$(cat "$BATS_FILE_TMPDIR/containerd.pid")"
	pkill -KILL -f '^[^ ]*containerd-shim-runc'
	containerd_start "$BATS_FILE_TMPDIR/config.toml"
	wait_for pod_status >/dev/null
	pods_end
	[ "$(network_state)" = "$BEFORE" ]
}

# chain JSON: the drop-in with another plugin after tinyrun, for ctr
chain() {
	jq --argjson plugin "$1" '.plugins += [$plugin]' "$BATS_TEST_DIRNAME/../../oci/engines/cni.conflist" \
		>/etc/cni/net.d/05-chain.conflist
}

# containerd reads the folder anew when it changes: begun again, it has done so for sure
chain_for_pods() {
	containerd_stop
	containerd_start "$BATS_FILE_TMPDIR/config.toml"
}

@test "tuning after tinyrun: its settings are in force, and DEL goes through both" {
	chain '{"type": "tuning", "sysctl": {"net.core.somaxconn": "500"}, "mtu": 1400, "mac": "02:00:00:00:00:99"}'
	run ctr_run --rm localhost/busybox:latest "$name" sh -c 'cat /proc/sys/net/core/somaxconn; ip link show eth0'
	rm /etc/cni/net.d/05-chain.conflist
	assert_status 0
	assert_output_has 500
	assert_output_has "mtu 1400"
	assert_output_has 02:00:00:00:00:99
}

@test "portmap after tinyrun: Debian's plugin publishes the port of the address that tinyrun gave" {
	jq '.plugins[0].capabilities.portMappings = false' "$BATS_TEST_DIRNAME/../../oci/engines/cni.conflist" \
		>/etc/cni/net.d/05-chain.conflist
	jq '.plugins += [{type: "portmap", capabilities: {portMappings: true}}]' </etc/cni/net.d/05-chain.conflist \
		>"$BATS_TEST_TMPDIR/chain" && cp "$BATS_TEST_TMPDIR/chain" /etc/cni/net.d/05-chain.conflist
	chain_for_pods
	web_pod "$name" 8094
	run curl --silent --max-time 10 --retry 10 --retry-connrefused http://127.0.0.1:8094/
	rules=$(iptables-save -t nat)
	pods_end
	rm /etc/cni/net.d/05-chain.conflist
	chain_for_pods
	assert_output_is "a page"
	[[ $rules == *CNI-DN* ]]
	# its chains of entry stay, as its authors want it
	for chain in $(iptables -t nat -S | sed -n 's/^-N \(CNI-.*\)$/\1/p'); do iptables -t nat -F "$chain"; done
	BEFORE=$(network_state)
}

# answer PLUGIN CONFIG: what ADD answers for a namespace of its own, and DEL after it
answer() {
	local plugin=$1 config=$2
	local -x CNI_CONTAINERID=$name CNI_NETNS=/run/netns/$name CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni

	ip netns add "$name" && CNI_COMMAND=ADD "$plugin" <<<"$config" &&
		CNI_COMMAND=DEL "$plugin" <<<"$config" && ip netns delete "$name"
}

@test "cni: an answer has the members that those of bridge and host-local have" {
	local members='del(.dns) | [paths | map(if type == "number" then 0 else . end) | join(".")] | unique'
	local head='"cniVersion": "1.0.0", "name": "pods"' range='[[{"subnet": "10.67.0.0/24"}]]' theirs ours

	ours=$(answer "$TINYRUN" "{$head, \"type\": \"tinyrun\", \"subnet\": \"10.67.0.0/24\"}")
	theirs=$(answer /usr/lib/cni/bridge "{$head, \"type\": \"bridge\", \"isGateway\": true,
		\"ipMasq\": true, \"ipam\": {\"type\": \"host-local\", \"ranges\": $range,
		\"routes\": [{\"dst\": \"0.0.0.0/0\", \"gw\": \"10.67.0.1\"}]}}")
	ip link delete cni0
	diff <(jq "$members" <<<"$theirs") <(jq "$members" <<<"$ours")
}
