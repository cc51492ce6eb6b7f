#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# cni - containerd lets tinyrun make the network of its containers, by the drop-in of oci/engines.

load helpers
load containerd

setup_file() {
	engine_setup
	mount -t tmpfs opt /opt && mkdir -p /opt/cni/bin /etc/cni/net.d
	ln -s /usr/local/bin/tinyrun /opt/cni/bin/tinyrun
	rm -f /etc/cni/net.d/*
	cp "$BATS_TEST_DIRNAME/../../oci/engines/cni.conflist" /etc/cni/net.d/10-tinyrun.conflist
	echo 'version = 2' >"$BATS_FILE_TMPDIR/config.toml"
	containerd_start "$BATS_FILE_TMPDIR/config.toml"
	oci_image localhost/busybox:latest "$BATS_FILE_TMPDIR/image.tar" sh
	ctr image import "$BATS_FILE_TMPDIR/image.tar"
}

teardown_file() {
	containerd_stop
	umount --lazy /opt
}

setup() {
	test_setup
	engine_test_setup
	name=$UNIQ
	nft add table inet trial 2>/dev/null || skip "needs nf_tables"
	nft delete table inet trial
	BEFORE=$(network_state)
}

teardown() {
	containerd_clear default
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
