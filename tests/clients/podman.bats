#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# podman - its options, through conmon.  The networks of most tests are none, which is faster and there
# in every guest.
#
# The other names are links to this file: podman-rootless is the same list by an ordinary user, for whom
# podman makes no cgroups without a systemd session; podman-systemd and podman-rootless-systemd have the
# systemd cgroup manager, and the user such a session.
#
# shellcheck disable=SC2154 # user, name, DIR and runtime_root are podman.bash's

load helpers
load podman

setup_file() {
	podman_setup_file
}

setup() {
	engine_test_setup
	podman_test_setup
}

teardown() {
	podman pod rm --all --force --time 0 >/dev/null
	podman rm --all --force --time 0 >/dev/null
	assert_nothing_left
	assert_runtime_clean "$runtime_root"
	[ -z "$(find /sys/fs/cgroup -name 'libpod-*' ! -name 'libpod-conmon-*' -type d)" ]
	assert_no_units
}

@test "podman: the drop-in makes tinyrun the default runtime" {
	[ "$(podman info --format '{{.Host.OCIRuntime.Name}}')" = tinyrun ]
	run podman info --format '{{.Host.OCIRuntime.Version}}'
	assert_output_has "tinyrun version"
}

@test "podman run: the output and the exit status are the program's" {
	run pod_run --rm busybox sh -c 'echo out; echo err >&2; exit 7'
	assert_status 7
	assert_output_has out
	assert_output_has err
}

@test "podman run: a missing program is 127, one without the bit 126, a missing folder a clear line" {
	run -127 pod_run --rm busybox nosuchprogram
	assert_output_has nosuchprogram
	run pod_run --rm busybox /etc/passwd
	assert_status 126
	assert_output_has "ermission denied"
	run pod_run --rm --workdir /etc/passwd busybox true
	[ "$status" -ne 0 ]
	assert_output_has /etc/passwd
}

@test "podman run: what goes in at stdin is read in the container" {
	run bash -c "echo carried | podman --runtime $RUNTIME run --rm -i busybox cat"
	assert_status 0
	assert_output_is carried
}

@test "podman run -it: a terminal of its own" {
	run on_terminal podman --runtime "$RUNTIME" run --rm -it busybox sh -c 'tty; test -t 0 && echo is one; stty size'
	assert_status 0
	assert_output_has /dev/pts/0
	assert_output_has "is one"
}

@test "podman exec: output, status, user, folder, environment, a terminal, detached" {
	run_there "$name" busybox sleep 1000
	run podman exec "$name" sh -c 'echo within; exit 5'
	assert_status 5
	assert_output_is within
	run podman exec "$name" sh -c 'kill -TERM $$'
	assert_status 143
	run podman exec --user 33:33 --workdir /tmp --env A=b "$name" sh -c 'id -u; id -g; pwd; echo $A'
	assert_status 0
	assert_output_is $'33\n33\n/tmp\nb'
	run on_terminal podman exec -it "$name" tty
	assert_output_has /dev/pts/
	run -127 podman exec "$name" nosuchprogram
	run podman exec "$name" /etc/passwd
	assert_status 126
	podman exec --detach "$name" touch /tmp/made </dev/null >/dev/null 3>&-
	wait_for podman exec "$name" test -e /tmp/made
	run bash -c "echo carried | podman exec -i $name cat"
	assert_output_is carried
	run podman exec --privileged "$name" grep CapEff /proc/self/status
	assert_status 0
}

@test "podman exec: a hundred in a row leave no process behind" {
	run_there "$name" busybox sleep 1000
	local many=100

	! in_guest || many=5
	for ((i = 0; i < many; i++)); do
		podman exec "$name" true
	done
	run podman exec "$name" sh -c 'ls -d /proc/[0-9]* | wc -l'
	# sleep, sh, ls, wc
	[ "$output" -le 4 ]
}

@test "podman logs: both streams, following, the last lines" {
	run_there "$name" busybox sh -c 'echo first; echo second >&2; echo third'
	podman wait "$name" >/dev/null
	run podman logs "$name"
	assert_output_has first
	assert_output_has second
	run bash -c "podman logs --tail 2 $name 2>/dev/null"
	[[ $output != *first* ]]
	assert_output_has third
	run timeout 60 podman logs --follow "$name"
	assert_status 0
}

@test "podman top: the processes and their capabilities" {
	run_there "$name" busybox sleep 1000
	run podman top "$name" pid user args capeff
	assert_status 0
	assert_output_has "sleep 1000"
	assert_output_has CHOWN
}

@test "podman stats: one line of figures" {
	needs_cgroups
	require controller memory pids cpu
	run_there "$name" busybox sleep 1000
	run podman stats --no-stream --format '{{.Name}} {{.PIDs}} {{.MemUsage}}' "$name"
	assert_status 0
	[[ $output =~ ^$name\ 1\ [0-9.]+[kMG]?B ]]
}

@test "podman run: its cgroup is the manager's: of its own, or a scope of systemd's in the slice" {
	local slice=machine.slice scope cgroup call=(systemctl)

	needs_cgroups
	run_there "$name" busybox sleep 1000
	cgroup=$(sed -n 's/^0:://p' "/proc/$(podman inspect --format '{{.State.Pid}}' "$name")/cgroup")
	[ -n "$systemd" ] || {
		[ "$cgroup" = "/libpod_parent/libpod-$(podman inspect --format '{{.Id}}' "$name")" ]
		return
	}
	scope=libpod-$(podman inspect --format '{{.Id}}' "$name").scope
	[ -z "$user" ] || slice=user.slice call=(user_systemctl)
	# runc takes the scope itself
	[[ $cgroup == */$slice/$scope* ]] && [[ $RUNTIME == runc || $cgroup == */container ]]
	run "${call[@]}" show --property ActiveState --property Delegate --property Slice "$scope"
	assert_output_has ActiveState=active
	assert_output_has Delegate=yes
	assert_output_has "Slice=$slice"
}

@test "podman pause, unpause: the processes stand still" {
	needs_cgroups
	run_there "$name" busybox sh -c 'while :; do echo >>/tmp/ticks; sleep 0.1; done'
	podman pause "$name"
	state_is "$name" paused
	local cgroup

	cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(podman inspect --format '{{.State.Pid}}' "$name")/cgroup")
	grep -q 'frozen 1' "$cgroup/cgroup.events"
	run podman exec "$name" true
	[ "$status" -ne 0 ]
	podman unpause "$name"
	state_is "$name" running
	podman exec "$name" true
}

@test "podman update: new limits are in force at once" {
	needs_cgroups
	require controller memory cpu pids
	run_there "$name" --memory 64m busybox sleep 1000
	podman update --memory 96m --cpus 0.5 "$name"
	run podman exec "$name" cat /sys/fs/cgroup/memory.max
	assert_output_is $((96 * 1024 * 1024))
	run podman exec "$name" cat /sys/fs/cgroup/cpu.max
	assert_output_is "50000 100000"
}

@test "podman stop: TERM first, KILL after the time" {
	run_there "$name" busybox sh -c 'trap "exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	wait_for log_has "$name" ready
	podman stop --time 20 "$name"
	[ "$(podman inspect --format '{{.State.ExitCode}}' "$name")" = 3 ]
	run_there "$name-2" busybox sleep 1000
	podman stop --time 1 "$name-2"
	[ "$(podman inspect --format '{{.State.ExitCode}}' "$name-2")" = 137 ]
}

@test "podman kill: by name, by number, and of one that has ended" {
	run_there "$name" busybox sh -c 'trap "echo got it" USR1; echo ready; while :; do sleep 0.1; done'
	wait_for log_has "$name" ready
	podman kill --signal USR1 "$name"
	wait_for log_has "$name" "got it"
	podman kill --signal 9 "$name"
	podman wait "$name"
	[ "$(podman inspect --format '{{.State.ExitCode}}' "$name")" = 137 ]
	run podman kill "$name"
	[ "$status" -ne 0 ]
}

@test "podman restart: another process, the same container" {
	run_there "$name" busybox sh -c 'echo at start; exec sleep 1000'
	local before

	before=$(podman inspect --format '{{.State.Pid}}' "$name")
	podman restart --time 1 "$name" </dev/null >/dev/null 3>&-
	state_is "$name" running
	[ "$(podman inspect --format '{{.State.Pid}}' "$name")" != "$before" ]
	podman exec "$name" true
	podman stop --time 0 "$name"
	podman start "$name" </dev/null >/dev/null 3>&-
	state_is "$name" running
}

@test "podman run --restart: begun again as often as was said" {
	run_there "$name" --restart on-failure:2 busybox sh -c 'echo turn; exit 1'
	wait_for state_is "$name" exited
	[ "$(podman logs "$name" | grep -c turn)" = 3 ]
}

@test "podman healthcheck: healthy, then not" {
	run_there "$name" --health-cmd 'test -e /tmp/well' --health-interval disable --health-retries 1 \
		busybox sh -c 'touch /tmp/well; exec sleep 1000'
	wait_for podman healthcheck run "$name"
	podman exec "$name" rm /tmp/well
	run podman healthcheck run "$name"
	assert_status 1
}

@test "podman healthcheck: at its interval, by a timer of systemd's" {
	[ -n "$systemd" ] || skip "podman has systemd keep the time"
	run_there "$name" --health-cmd 'test -e /tmp/well' --health-interval 1s --health-retries 1 \
		busybox sh -c 'touch /tmp/well; exec sleep 1000'
	wait_for health_is "$name" healthy
	podman exec "$name" rm /tmp/well
	wait_for health_is "$name" unhealthy
}

@test "podman run --memory: the limit is the kernel's, and beyond it is an OOM kill" {
	needs_cgroups
	require controller memory
	run pod_run --rm --memory 32m busybox cat /sys/fs/cgroup/memory.max
	assert_output_is $((32 * 1024 * 1024))
	run pod_run --name "$name" --memory 16m --memory-swap 16m busybox \
		sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1; echo $?; cat /sys/fs/cgroup/memory.events; sleep 3; exit 7'
	assert_status 7
	assert_output_has $'137\n'
	assert_output_has "oom_kill 1"
	# 4.3's conmon writes what it heard where podman does not look
	podman_before 5 || [ "$(podman inspect --format '{{.State.OOMKilled}}' "$name")" = true ]
}

@test "podman run --pids-limit: no fork beyond it" {
	needs_cgroups
	require controller pids
	run pod_run --rm --pids-limit 5 busybox sh -c 'cat /sys/fs/cgroup/pids.max; for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait'
	assert_output_has 5
	assert_output_has "fork"
}

@test "podman run --cpus, --cpu-shares: cpu.max and cpu.weight" {
	needs_cgroups
	require controller cpu
	run pod_run --rm --cpus 0.25 --cpu-shares 512 busybox cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu.weight
	assert_status 0
	[ "${lines[0]}" = "25000 100000" ]
	[ "${lines[1]}" -lt 100 ]
}

@test "podman run --read-only: nothing can be written but what is a tmpfs" {
	run pod_run --rm --read-only busybox touch /file
	assert_status 1
	assert_output_has "Read-only file system"
	run pod_run --rm --read-only busybox sh -c 'touch /tmp/a /run/b && echo both'
	assert_output_is both
}

@test "podman run --tmpfs: of the size and mode that was said" {
	run pod_run --rm --tmpfs /data:rw,size=1m,mode=1770,noexec busybox sh -c 'grep " /data " /proc/mounts; stat -c %a /data'
	assert_status 0
	assert_output_has size=1024k
	assert_output_has noexec
	assert_output_has 1770
}

@test "podman run --mount, --volume: bind, read-only, a tmpfs, a named volume, another propagation" {
	local dir=$DIR/from

	mkdir "$dir" && chmod 777 "$dir"
	mount --bind "$dir" "$dir" && mount --make-shared "$dir"
	echo of the host >"$dir/file"
	run pod_run --rm --mount "type=bind,src=$dir,dst=/a" --mount "type=bind,src=$dir,dst=/b,ro=true" \
		--mount type=tmpfs,dst=/c --volume "$dir:/d:rslave" --volume "v$name:/e" \
		busybox sh -c 'cat /a/file; echo new >/a/made; touch /b/x; touch /c/y /e/z && grep " /d " /proc/self/mountinfo; cat /a/made'
	umount "$dir"
	assert_status 0
	assert_output_has "of the host"
	assert_output_has "/b/x: Read-only file system"
	assert_output_has master:
	assert_output_has new
		podman volume rm "v$name"
}

@test "podman run --device: the node is there, with the rights that were said" {
	not_rootless "a user has no device filter"
	run pod_run --rm --device /dev/null:/dev/mine busybox sh -c 'echo gone >/dev/mine && stat -c %t:%T /dev/mine'
	assert_status 0
	assert_output_is 1:3
	run pod_run --rm --device /dev/kmsg:/dev/mine busybox sh -c ': >/dev/mine && echo written'
	assert_output_is written
	run pod_run --rm --device /dev/kmsg:/dev/mine:r busybox sh -c ': >/dev/mine'
	assert_output_has "not permitted"
	run pod_run --rm --cap-add MKNOD busybox sh -c 'mknod /tmp/m b 7 0 && cat /tmp/m'
	assert_output_has "not permitted"
}

@test "podman run --cap-drop, --cap-add, --privileged: what /proc says" {
	run pod_run --rm --cap-drop ALL busybox grep CapEff /proc/self/status
	assert_output_has 0000000000000000
	run pod_run --rm --cap-drop ALL --cap-add NET_ADMIN busybox grep CapBnd /proc/self/status
	assert_output_has 0000000000001000
	run pod_run --rm --user 33 busybox grep CapEff /proc/self/status
	assert_output_has 0000000000000000
}

@test "podman run --privileged: every capability, all devices" {
	require capability sys_resource
	run pod_run --rm --privileged busybox sh -c 'grep CapEff /proc/self/status; grep " /sys " /proc/mounts; test -e /dev/kmsg && echo kmsg'
	assert_status 0
	assert_output_has 1ffffffffff
	assert_output_has kmsg
}

@test "podman run --security-opt: no-new-privileges, seccomp, unmask" {
	run pod_run --rm --security-opt no-new-privileges busybox grep NoNewPrivs /proc/self/status
	assert_output_has 1
	run pod_run --rm busybox grep -w Seccomp: /proc/self/status
	assert_output_has 2
	run pod_run --rm --security-opt seccomp=unconfined busybox grep -w Seccomp: /proc/self/status
	assert_output_has 0
	jq -n '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["chmod", "fchmodat", "fchmod"],
		action: "SCMP_ACT_ERRNO", errnoRet: 95}]}' >"$DIR/profile.json"
	run pod_run --rm --security-opt "seccomp=$DIR/profile.json" busybox chmod 700 /tmp
	assert_status 1
	assert_output_has "not supported"
	run pod_run --rm --security-opt unmask=ALL busybox sh -c 'grep -c " /proc/keys " /proc/mounts'
	assert_output_is 0
	run pod_run --rm --security-opt mask=/proc/version busybox cat /proc/version
	assert_output_is ""
}

@test "podman run --userns=auto, --uidmap: root within is nobody outside" {
	not_rootless "a user has other ranges of ids"
	run pod_run --rm --userns=auto busybox cat /proc/self/uid_map
	assert_status 0
	[[ $output =~ ^\ +0\ +10 ]]
	run_there "$name" --uidmap 0:100000:5000 busybox sh -c 'touch /tmp/file; stat -c %u /tmp/file; exec sleep 1000'
	wait_for log_has "$name" '^0$'
	[ "$(stat -c %u "/proc/$(podman inspect --format '{{.State.Pid}}' "$name")")" = 100000 ]
	run podman exec "$name" id -u
	assert_output_is 0
}

@test "podman run --userns=keep-id, --uidmap: a user's own ids" {
	[ -n "$user" ] || skip "root has other ranges of ids"
	run pod_run --rm busybox cat /proc/self/uid_map
	assert_output_has "$(id -u "$user")"
	run pod_run --rm --userns keep-id busybox id -u
	assert_output_is "$(id -u "$user")"
	run pod_run --rm --uidmap 0:10:1000 busybox sh -c 'id -u; touch /tmp/x; stat -c %u /tmp/x'
	assert_output_is $'0\n0'
}

@test "podman run --network slirp4netns: an address, and a published port" {
	[ -n "$user" ] || skip "root has a bridge"
	mkdir "$DIR/www"
	echo a page >"$DIR/www/index.html"
	run_there "$name" --network slirp4netns --publish 8097:80 --volume "$DIR/www:/www" busybox httpd -f -p 80 -h /www
	run podman exec "$name" ip address show tap0
	assert_output_has 10.0.2.100
	run curl --silent --max-time 20 --retry 10 --retry-connrefused http://127.0.0.1:8097/
	assert_output_is "a page"
}

@test "podman run --ulimit: soft and hard" {
	not_rootless "podman takes the limits of the user"
	# podman adds those that it always sets
	require capability sys_resource
	run pod_run --rm --ulimit nofile=500:600 --ulimit core=0 busybox sh -c 'ulimit -Sn; ulimit -Hn; ulimit -c'
	assert_output_is $'500\n600\n0'
}

@test "podman run --sysctl, --hostname, --add-host, --dns: the namespaces' own settings" {
	run pod_run --rm --network private --hostname inner --add-host other:10.1.2.3 --dns 10.9.8.7 \
		--sysctl net.ipv4.ip_unprivileged_port_start=80 --sysctl kernel.msgmax=9999 busybox \
		sh -c 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax; hostname; cat /etc/hosts /etc/resolv.conf'
	assert_status 0
	[ "${lines[0]} ${lines[1]} ${lines[2]}" = "80 9999 inner" ]
	assert_output_has 10.1.2.3
	assert_output_has 10.9.8.7
}

@test "podman run --cgroups=disabled: no cgroup is made, the container is in podman's own" {
	[ "$RUNTIME" != runc ] || skip "podman knows no runc without cgroups"
	run pod_run --rm --cgroups=disabled --cgroupns=host busybox cat /proc/self/cgroup
	assert_status 0
	run grep "^0::/" <<<"$output"
	assert_status 0
	[[ $output != *libpod* ]]
}

@test "podman run --init: the program is not process 1, and orphans are reaped" {
	run pod_run --rm --init busybox sh -c 'echo $$; (sleep 0 &) ; sleep 0.5; ps | grep -c "\[sleep\]"'
	[ "${lines[0]}" != 1 ]
	[ "${lines[1]}" = 0 ]
}

@test "podman run --pid=host, --ipc, --uts, --network=host, container:ID: namespaces that are joined" {
	run pod_run --rm --pid host busybox readlink /proc/self/ns/pid
	assert_output_is "$(readlink /proc/self/ns/pid)"
	run pod_run --rm --network host --uts host busybox sh -c 'for ns in net uts; do readlink /proc/self/ns/$ns; done'
	assert_output_is "$(readlink /proc/self/ns/net /proc/self/ns/uts)"
	# podman binds the host's for an ordinary user
	[ ! -d /dev/mqueue ] || {
		run pod_run --rm --ipc host busybox readlink /proc/self/ns/ipc
		assert_output_is "$(readlink /proc/self/ns/ipc)"
	}
	run_there "$name" busybox sleep 1000
	run pod_run --rm --network "container:$name" --pid "container:$name" busybox sh -c 'ps | grep "[s]leep 1000"'
	assert_status 0
}

@test "podman run --network bridge: an address, the way to another container, a published port" {
	not_rootless "a user has no bridge"
	require command iptables
	has_nat || skip "needs nf_tables"
	mkdir "$DIR/www"
	echo a page >"$DIR/www/index.html"
	run_there "$name" --network bridge --publish 8099:80 --volume "$DIR/www:/www" busybox httpd -f -p 80 -h /www
	local address

	address=$(podman inspect --format '{{.NetworkSettings.IPAddress}}' "$name")
	[ -n "$address" ]
	wait_for pod_run --rm --network bridge busybox wget -q -O - "http://$address/"
	run curl --silent --max-time 10 http://127.0.0.1:8099/
	assert_output_is "a page"
}

@test "podman run --annotation: what hooks say is in the files, the process in the part of its cgroup" {
	not_rootless "its cgroup"
	[ "$RUNTIME" != runc ] || skip "crun's annotations"
	mkdir "$DIR/hooks"
	printf '#!/bin/sh\necho told; echo warned >&2\n' >"$DIR/hook"
	chmod 755 "$DIR/hook"
	jq -n --arg path "$DIR/hook" '{version: "1.0.0", hook: {path: $path}, when: {always: true},
		stages: ["prestart", "poststop"]}' >"$DIR/hooks/tests.json"
	run podman --runtime "$RUNTIME" --hooks-dir "$DIR/hooks" run --rm --cgroupns=private \
		--annotation run.oci.hooks.stdout="$DIR/out" --annotation run.oci.hooks.stderr="$DIR/err" \
		--annotation run.oci.systemd.subgroup=container --annotation run.oci.delegate-cgroup=init \
		busybox cat /proc/self/cgroup
	assert_status 0
	[[ $output == *0::/init* ]]
	[ "$(sort -u "$DIR/out")" = told ]
	[ "$(sort -u "$DIR/err")" = warned ]
}

@test "podman run --annotation org.tinyrun.network.*: the network is tinyrun's, and ends with the container" {
	local links address

	not_rootless "a user has no bridge"
	[ "$RUNTIME" = tinyrun ] || skip "tinyrun's own annotations"
	nft add table inet trial 2>/dev/null || skip "needs nf_tables"
	nft delete table inet trial
	links=$(ip -br link | awk '{ print $1 }')
	run_there "$name" --network none --annotation org.tinyrun.network.mode=bridge \
		--annotation org.tinyrun.network.publish=8093:80 busybox \
		sh -c 'mkdir /www; echo a page >/www/index.html; ip -4 address show eth0; exec httpd -f -p 80 -h /www'
	wait_for log_has "$name" 'inet 10\.209\.'
	run curl --silent --max-time 10 --retry 10 --retry-connrefused http://127.0.0.1:8093/
	assert_output_is "a page"
	address=$(podman logs "$name" | sed -n 's|^ *inet \([0-9.]*\)/.*|\1|p')
	run pod_run --rm --network none --annotation org.tinyrun.network.mode=bridge busybox \
		wget -q -O - "http://$address/"
	assert_output_is "a page"
	podman rm --force --time 0 "$name" >/dev/null
	[ "$(ip -br link | awk '{ print $1 }')" = "$links" ]
	run nft list table inet tinyrun
	[ "$status" -ne 0 ]
}

@test "podman pod: containers that share namespaces, and end together" {
	# podman 4.3 puts a filter that denies every device on the cgroup of a pod with cgroupfs
	local parent=(--share-parent=false)

	[ -z "$systemd" ] || parent=()
	podman --runtime "$RUNTIME" pod create --name "pod$name" --share net,ipc,uts "${parent[@]}" \
		--hostname together >/dev/null
	run_there "$name-1" --pod "pod$name" busybox sleep 1000
	run_there "$name-2" --pod "pod$name" busybox sleep 1000
	[ "$(podman exec "$name-1" readlink /proc/self/ns/net)" = "$(podman exec "$name-2" readlink /proc/self/ns/net)" ]
	[ "$(podman exec "$name-2" hostname)" = together ]
	[ -n "$user" ] && [ -z "$systemd" ] || {
		podman pod pause "pod$name"
		podman pod unpause "pod$name"
	}
	podman pod stop --time 0 "pod$name"
	state_is "$name-1" exited
	podman pod start "pod$name" </dev/null >/dev/null 3>&-
	state_is "$name-2" running
	podman pod rm --force --time 0 "pod$name"
}

@test "podman checkpoint, restore: goes on where it was" {
	not_rootless "checkpoints are for root"
	require command criu
	require capability sys_resource
	"$(podman info --format '{{.Host.OCIRuntime.Path}}')" checkpoint --help >/dev/null ||
		skip "this runtime has no checkpoint"
	criu check >/dev/null 2>&1 || skip "needs a kernel that criu can checkpoint"
	run_there "$name" busybox sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/tmp/count; sleep 0.1; done'
	podman exec "$name" sh -c 'sleep 1; cat /tmp/count'
	podman container checkpoint "$name"
	state_is "$name" exited
	podman container restore "$name" </dev/null >/dev/null 3>&-
	state_is "$name" running
	[ "$(podman exec "$name" cat /tmp/count)" -gt 3 ]
}

@test "podman build: the steps run in containers" {
	mkdir "$DIR/context"
	printf '%s\n' 'FROM localhost/busybox' 'COPY file /file' \
		'RUN tr a-z A-Z </file >/upper && mkdir /made' 'WORKDIR /made' 'USER 33' \
		'RUN id -u >/tmp/who' 'CMD ["cat", "/upper", "/tmp/who"]' >"$DIR/context/Containerfile"
	echo word >"$DIR/context/file"
	podman --runtime "$RUNTIME" build --quiet --network none --tag "built$name" "$DIR/context"
	run pod_run --rm "built$name"
	assert_status 0
	assert_output_is $'WORD\n33'
	podman rmi --force "built$name" >/dev/null
}

@test "podman build: a step that fails says its status" {
	mkdir "$DIR/context"
	printf 'FROM localhost/busybox\nRUN exit 9\n' >"$DIR/context/Containerfile"
	run podman --runtime "$RUNTIME" build --network none "$DIR/context"
	[ "$status" -ne 0 ]
	assert_output_has 9
	podman image prune --force >/dev/null
}

@test "podman: through its socket, as the system connection does" {
	local socket=$DIR/podman.sock

	podman --runtime "$RUNTIME" system service --time 60 "unix://$socket" </dev/null >/dev/null 2>&1 3>&- &
	local service=$!

	wait_for test -S "$socket"
	# the client cannot read the limits of the file that the service reads
	CONTAINERS_CONF=/dev/null run timeout 60 podman --remote --url "unix://$socket" run --rm busybox echo over the socket
	kill $service
	wait $service || true
	assert_status 0
	assert_output_is "over the socket"
}
