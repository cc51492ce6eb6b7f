#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# cri - containerd's CRI plugin with the lines of oci/engines, told what a kubelet tells it; the
# handler is the one of the RuntimeClass there.  The network of the pods is in cni.bats.
#
# cri-systemd.bats is a link to this file: the same list with systemd's cgroup driver.
#
# shellcheck disable=SC2153 # POD is cri.bash's

load helpers
load containerd
load cri

setup_file() {
	engine_setup
	cri_config >"$BATS_FILE_TMPDIR/config.toml"
	mkdir -p /etc/cni/net.d
	jq -n '{cniVersion: "0.4.0", name: "tests", plugins: [{type: "bridge", bridge: "cni0", isGateway: true,
		ipam: {type: "host-local", ranges: [[{subnet: "10.88.7.0/24"}]]}}]}' >/etc/cni/net.d/00-tests.conflist
	containerd_start "$BATS_FILE_TMPDIR/config.toml"
	cri_images
}

setup() {
	engine_test_setup
	name=$UNIQ
}

teardown() {
	pods_end
	assert_nothing_left
}

@test "RuntimeClass: its handler is a runtime of containerd, and another name is refused" {
	pod_start "$name" "$(sed -n 's/^handler: //p' "$TOP/oci/engines/runtimeclass.yaml")"
	run pod_status
	assert_output_has 'runtime_handler: "tinyrun"'
	run pod_start "$name-2" nosuchruntime
	[ "$status" -ne 0 ]
	assert_output_has nosuchruntime
}

@test "a pod: containers share its network and its host name, and end with it" {
	local namespace address

	pod_start "$name"
	address=$(pod_status | sed -n 's/^ *ip: "\(.*\)"$/\1/p')
	[[ $address == 10.88.7.* ]]
	container_start one '' sleep 1000
	namespace=$(container_exec readlink /proc/self/ns/net)
	[ "$(container_exec hostname)" = "$name" ]
	run container_exec ip address
	assert_output_has "$address"
	container_start two '' sleep 1000
	[ "$(container_exec readlink /proc/self/ns/net)" = "$namespace" ]
	container_is running
}

@test "a pod: its cgroup is below its parent's, as a scope of systemd's with that driver" {
	local cgroup

	require controller cpu memory pids
	pod_start "$name"
	container_start one '' sleep 1000
	cgroup=$(sed -n 's/^0:://p' "/proc/$(pgrep -nx sleep)/cgroup")
	if [ -n "$systemd" ]; then
		[[ $cgroup == /kubepods.slice/kubepods-tests.slice/cri-containerd-$CONTAINER.scope* ]]
		systemctl is-active --quiet "cri-containerd-$POD.scope" "cri-containerd-$CONTAINER.scope"
	else
		[ "$cgroup" = "/kubepods/$CONTAINER" ]
	fi
}

@test "attach: the output as it comes, and what is typed reaches the program" {
	pod_start "$name"
	with='stdin: true' container_start one '' sh -c 'while read -r line; do echo "got $line"; done; sleep 1000'
	run stream "$(echo "container_id: '$CONTAINER' stdin: true stdout: true" |
		cri Attach AttachRequest Url | id_in url)" 'a word'
	assert_output_has "got a word"
	container_is running
}

@test "attach, exec: a terminal, of the container and of another process in it" {
	pod_start "$name"
	with='stdin: true tty: true' container_start one '' sh -c 'read -r line; tty; echo "got $line"; sleep 1000'
	run stream "$(echo "container_id: '$CONTAINER' stdin: true stdout: true tty: true" |
		cri Attach AttachRequest Url | id_in url)" 'a word'
	assert_output_has /dev/pts/0
	assert_output_has "got a word"
	run stream "$(echo "container_id: '$CONTAINER' stdin: true stdout: true tty: true
		cmd: 'sh' cmd: '-c' cmd: 'tty; read -r line; echo heard \$line'" | cri Exec ExecRequest Url | id_in url)" 'this'
	assert_output_has /dev/pts/
	assert_output_has "heard this"
}

@test "exec: output and status of a probe, a missing program, a container that has ended" {
	pod_start "$name"
	container_start one '' sleep 1000
	run container_exec sh -c 'echo probed; exit 3'
	assert_status 3
	assert_output_is probed
	run container_exec nosuchprogram
	assert_status 255
	# crun's has the name in the middle; gRPC writes blanks as it likes
	[[ $output == *executable*file*not*found* ]]
	echo "container_id: '$CONTAINER' timeout: 0" | cri StopContainer StopContainerRequest Empty
	container_is exited
	run container_exec true
	[ "$status" -ne 0 ]
}

@test "logs and status: both streams in the file, the exit code in the status" {
	pod_start "$name"
	container_start one '' sh -c 'echo out; echo err >&2; exit 7'
	wait_for container_is exited
	grep -q ' stdout F out' "$BATS_TEST_TMPDIR/logs/one.log"
	grep -q ' stderr F err' "$BATS_TEST_TMPDIR/logs/one.log"
	run container_status
	assert_output_has "exit_code: 7"
}

@test "resources: limits at the start, other ones by an update, and the use" {
	require controller cpu memory pids
	pod_start "$name"
	container_start one 'resources { memory_limit_in_bytes: 67108864 cpu_period: 100000 cpu_quota: 50000 cpu_shares: 512 oom_score_adj: 500 }
		security_context { namespace_options { pid: 1 } }' sleep 1000
	run container_exec sh -c 'cd /sys/fs/cgroup; cat memory.max cpu.max; cat /proc/1/oom_score_adj'
	assert_output_is $'67108864\n50000 100000\n500'
	echo "container_id: '$CONTAINER' linux { memory_limit_in_bytes: 100663296 cpu_period: 100000 cpu_quota: 25000 }" |
		cri UpdateContainerResources UpdateContainerResourcesRequest Empty
	run container_exec sh -c 'cd /sys/fs/cgroup; cat memory.max cpu.max'
	assert_output_is $'100663296\n25000 100000'
	run cri ContainerStats ContainerId ContainerStatsResponse <<<"container_id: '$CONTAINER'"
	assert_status 0
	assert_output_has working_set_bytes
	assert_output_has usage_core_nano_seconds
}

@test "security: user, capabilities, read-only root, no new privileges, a process namespace of the pod's" {
	pod_start "$name"
	container_start one 'security_context { run_as_user { value: 33 } readonly_rootfs: true no_new_privs: true
		capabilities { drop_capabilities: "ALL" } namespace_options { pid: 0 } }' sleep 1000
	run container_exec sh -c 'id -u; grep -e CapEff -e NoNewPrivs /proc/self/status; touch /x 2>&1; cat /proc/1/comm'
	assert_output_has $'33\nCapEff:\t0000000000000000\nNoNewPrivs:\t1'
	assert_output_has "Read-only file system"
	# the first process is the pod's own
	container_start two 'security_context { namespace_options { pid: 1 } }' sleep 1001
	[ "$(container_exec cat /proc/1/cmdline | command tr '\0' ' ')" = "sleep 1001 " ]
}

@test "a container beyond its memory: killed, and the status says so" {
	require controller cpu memory pids
	pod_start "$name"
	# the shim reads of it in the cgroup, which systemd takes away as soon as nobody is in it
	container_start one 'resources { memory_limit_in_bytes: 16777216 }' \
		sh -c 'dd if=/dev/zero of=/dev/null bs=64M; status=$?; sleep 5; exit $status'
	wait_for container_is exited
	run container_status
	assert_output_has "exit_code: 137"
	assert_output_has OOMKilled
}
