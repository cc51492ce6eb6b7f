#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# docker - its daemon with the drop-in of oci/engines, so that `docker build` uses tinyrun too.
#
# docker-systemd.bats is a link to this file: the same list with systemd's cgroup driver.

load helpers
load containerd

setup_file() {
	engine_setup
	containerd_as_it_comes
	# BuildKit within the daemon knows no setting: it runs this name before runc
	[ "$RUNTIME" != tinyrun ] || ln -sf tinyrun /usr/local/bin/docker-runc
	mkdir -p /etc/docker
	cp "$TOP/oci/engines/docker-daemon.json" /etc/docker/daemon.json
	docker_start
	tar -C "$BATS_SUITE_ROOTFS" -c . | docker import --change 'CMD ["sh"]' - busybox
}

docker_start() {
	local network=() driver=cgroupfs

	[ -z "$systemd" ] || driver=systemd
	has_nat || network=(--iptables=false --ip6tables=false --bridge=none)
	dockerd "${network[@]}" --exec-opt "native.cgroupdriver=$driver" --containerd /run/containerd/containerd.sock --host unix:///run/docker.sock \
		--add-runtime again=tinyrun --add-runtime crun=crun --log-level warn \
		</dev/null >"$BATS_FILE_TMPDIR/dockerd.log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/dockerd.pid"
	disown
	wait_for docker version >/dev/null 2>&1 || {
		tail -n 20 "$BATS_FILE_TMPDIR/dockerd.log" >&2
		return 1
	}
}

teardown_file() {
	daemon_stop dockerd
	containerd_stop
}

setup() {
	engine_test_setup
	name=$UNIQ
}

teardown() {
	# shellcheck disable=SC2046 # words are wanted
	[ -z "$(docker ps -aq)" ] || docker rm --force $(docker ps -aq) >/dev/null
	wait_for no_shims
	assert_nothing_left
	assert_runtime_clean /run/docker/runtime-*/moby
	# BuildKit names its cgroups a level further down, and nobody takes that one away
	run find /sys/fs/cgroup/ -type d \( -path '*/docker/*' ! -name buildkit -o -name 'docker-*' \) 2>/dev/null
	[ -z "$output" ] || { echo "$output"; return 1; }
	run systemd_left 'docker-*'
	assert_output_is ""
}

docker_run() {
	docker run --runtime "$RUNTIME" "$@"
}

# run_there NAME OPTION... IMAGE COMMAND...
run_there() {
	local name=$1

	shift
	docker_run --detach --name "$name" "$@" </dev/null >/dev/null 3>&-
}

state_is() {
	[ "$(docker inspect --format '{{.State.Status}}' "$1")" = "$2" ]
}

cgroup_of() {
	sed -n 's/^0:://p' "/proc/$(docker inspect --format '{{.State.Pid}}' "$1")/cgroup"
}

log_has() {
	docker logs "$1" 2>&1 | grep -q -- "$2"
}

@test "docker: the drop-in makes tinyrun the default runtime, --add-runtime adds it by another name" {
	run docker info --format '{{.DefaultRuntime}} {{json .Runtimes}}'
	assert_status 0
	[[ $output == "tinyrun "* ]]
	run docker run --rm --network none --runtime again busybox echo added
	assert_output_is added
}

@test "docker run: the output and the exit status are the program's" {
	run docker_run --rm --network none busybox sh -c 'echo out; echo err >&2; exit 7'
	assert_status 7
	assert_output_has out
	assert_output_has err
}

@test "docker run: a missing program is 127, one without the bit 126" {
	run -127 docker_run --rm --network none busybox nosuchprogram
	assert_output_has nosuchprogram
	run docker_run --rm --network none busybox /etc/passwd
	assert_status 126
}

@test "docker run -it: a terminal of its own" {
	run on_terminal docker run --runtime "$RUNTIME" --rm -it --network none busybox sh -c 'tty; test -t 0 && echo is one'
	assert_output_has /dev/pts/0
	assert_output_has "is one"
}

@test "docker exec -it, exec: a terminal, output, status, user, folder, environment" {
	run_there "$name" --network none busybox sleep 1000
	run on_terminal docker exec -it "$name" tty
	assert_output_has /dev/pts/
	run docker exec "$name" sh -c 'echo within; exit 5'
	assert_status 5
	assert_output_is within
	run docker exec --user 33:33 --workdir /tmp --env A=b "$name" sh -c 'id -u; id -g; pwd; echo $A'
	assert_output_is $'33\n33\n/tmp\nb'
	run bash -c "echo carried | docker exec -i $name cat"
	assert_output_is carried
	run docker exec "$name" nosuchprogram
	[ "$status" -eq 126 ] || [ "$status" -eq 127 ]
	assert_output_has nosuchprogram
	docker exec --detach "$name" touch /tmp/made
	wait_for docker exec "$name" test -e /tmp/made
}

@test "docker top, logs, attach: what the processes are and say" {
	run_there "$name" --network none busybox sh -c 'while :; do echo tick; sleep 0.1; done'
	wait_for log_has "$name" tick
	run docker top "$name"
	assert_output_has tick
	run timeout --signal KILL 5 docker attach --no-stdin --sig-proxy=false "$name"
	assert_output_has tick
}

@test "docker run: its cgroup is the driver's: of its own, or a scope of systemd's" {
	local id

	run_there "$name" --network none busybox sleep 1000
	id=$(docker inspect --format '{{.Id}}' "$name")
	if [ -n "$systemd" ]; then
		[[ $(cgroup_of "$name") == /system.slice/docker-$id.scope* ]]
		systemctl is-active --quiet "docker-$id.scope"
	else
		[ "$(cgroup_of "$name")" = "/docker/$id" ]
	fi
}

@test "docker pause, unpause" {
	run_there "$name" --network none busybox sleep 1000
	docker pause "$name"
	state_is "$name" paused
	grep -q 'frozen 1' "/sys/fs/cgroup$(cgroup_of "$name")/cgroup.events"
	run docker exec "$name" true
	[ "$status" -ne 0 ]
	docker unpause "$name"
	state_is "$name" running
	docker exec "$name" true
}

@test "docker stop, kill, restart, wait: TERM, signals, another process, the status" {
	run_there "$name" --network none busybox sh -c 'trap "exit 3" TERM; trap "echo got it" USR1; echo ready; while :; do sleep 0.1; done'
	wait_for log_has "$name" ready
	docker kill --signal USR1 "$name"
	wait_for log_has "$name" "got it"
	docker stop --time 20 "$name"
	[ "$(docker wait "$name")" = 3 ]
	docker restart --time 1 "$name"
	state_is "$name" running
	docker kill "$name"
	[ "$(docker wait "$name")" = 137 ]
}

@test "docker stats: one line of figures" {
	require controller memory pids cpu
	run_there "$name" --network none busybox sleep 1000
	run docker stats --no-stream --format '{{.Name}} {{.PIDs}} {{.MemUsage}}' "$name"
	assert_status 0
	[[ $output =~ ^$name\ 1\ [0-9.]+[KMG]?i?B ]]
}

@test "docker update: new limits are in force at once" {
	require controller memory cpu pids
	run_there "$name" --network none --memory 64m busybox sleep 1000
	docker update --memory 96m --memory-swap 96m --cpus 0.5 --pids-limit 20 "$name"
	run docker exec "$name" cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max
	assert_output_is "$((96 * 1024 * 1024))"$'\n50000 100000\n20'
}

@test "docker run --memory, --cpus, --pids-limit: the limits, and an OOM kill that is told" {
	require controller memory cpu pids
	run docker_run --rm --network none --memory 32m --cpus 0.25 --pids-limit 9 busybox \
		cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max
	assert_output_is "$((32 * 1024 * 1024))"$'\n25000 100000\n9'
	run docker_run --name "$name" --network none --memory 16m --memory-swap 16m busybox \
		sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1; echo $?; sleep 2'
	assert_output_has 137
	[ "$(docker inspect --format '{{.State.OOMKilled}}' "$name")" = true ]
}

@test "docker run: --read-only --tmpfs --volume --cap-drop --security-opt --sysctl --ulimit --init --device --user" {
	run docker_run --rm --network none --read-only --tmpfs /t:size=1m --volume "$name:/v" --cap-drop ALL \
		--security-opt no-new-privileges --sysctl kernel.msgmax=9999 --ulimit nofile=500:600 --init \
		--device /dev/zero:/dev/mine --user 33 busybox sh -c 'touch /x; touch /t/y && echo tmp; grep -e CapEff -e NoNewPrivs /proc/self/status; cat /proc/sys/kernel/msgmax; ulimit -n; echo $$; head -c 1 /dev/mine | wc -c; id -u'
	assert_status 0
	assert_output_has "/x: Read-only file system"
	assert_output_has $'tmp\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n9999\n500\n'
	[ "${lines[-1]}" = 33 ]
	[ "${lines[-2]}" = 1 ]
	[ "${lines[-3]}" -gt 1 ]
	docker volume rm "$name"
}

@test "docker run --network bridge: two containers reach each other, a port is published" {
	has_nat || skip "needs nf_tables"
	run_there "$name" --publish 8098:80 busybox sh -c 'mkdir /www; echo a page >/www/index.html; httpd -f -p 80 -h /www'
	local address

	address=$(docker inspect --format '{{.NetworkSettings.IPAddress}}' "$name")
	wait_for docker_run --rm busybox wget -q -O - "http://$address/"
	run curl --silent --max-time 10 http://127.0.0.1:8098/
	assert_output_is "a page"
}

@test "docker build: the steps run in containers, by the classic builder" {
	mkdir "$BATS_TEST_TMPDIR/context"
	printf '%s\n' 'FROM busybox' 'COPY file /file' 'RUN tr a-z A-Z </file >/upper && mkdir /made' \
		'WORKDIR /made' 'USER 33' 'RUN id -u >/tmp/who' 'CMD ["cat", "/upper", "/tmp/who"]' \
		>"$BATS_TEST_TMPDIR/context/Dockerfile"
	echo word >"$BATS_TEST_TMPDIR/context/file"
	DOCKER_BUILDKIT=0 docker build --quiet --network none --tag "built$name" "$BATS_TEST_TMPDIR/context"
	run docker_run --rm --network none "built$name"
	assert_output_is $'WORD\n33'
	docker rmi --force "built$name" >/dev/null
}

@test "docker build: by BuildKit, which runs the runtime itself" {
	mkdir "$BATS_TEST_TMPDIR/context"
	printf '%s\n' 'FROM busybox' 'COPY file /file' 'RUN tr a-z A-Z </file >/upper' 'RUN cat /upper && readlink /proc/self/ns/pid' \
		>"$BATS_TEST_TMPDIR/context/Dockerfile"
	echo word >"$BATS_TEST_TMPDIR/context/file"
	run env DOCKER_BUILDKIT=1 docker build --no-cache --progress plain --network none --tag "built$name" "$BATS_TEST_TMPDIR/context"
	assert_status 0
	assert_output_has WORD
	docker rmi --force "built$name" >/dev/null
	printf 'FROM busybox\nRUN exit 9\n' >"$BATS_TEST_TMPDIR/context/Dockerfile"
	run env DOCKER_BUILDKIT=1 docker build --network none "$BATS_TEST_TMPDIR/context"
	[ "$status" -ne 0 ]
	assert_output_has "exit code: 9"
	docker builder prune --all --force >/dev/null
}

@test "docker-compose: two services, of which one asks the other" {
	require command docker-compose
	has_nat || skip "needs nf_tables"
	local file=$BATS_TEST_TMPDIR/docker-compose.yml

	cat >"$file" <<'END'
version: "2.4"
services:
  web:
    image: busybox
    runtime: RUNTIME
    command: sh -c 'mkdir /www; echo a page >/www/index.html; exec httpd -f -p 80 -h /www'
  client:
    image: busybox
    runtime: RUNTIME
    depends_on: [web]
    command: sh -c 'until wget -q -O - http://web/; do sleep 0.2; done'
END
	sed -i "s/RUNTIME/$RUNTIME/" "$file"
	run timeout 100 docker-compose --project-name "$name" --file "$file" up --exit-code-from client </dev/null 3>&-
	docker-compose --project-name "$name" --file "$file" down --timeout 1 3>&-
	assert_status 0
	assert_output_has "a page"
}
