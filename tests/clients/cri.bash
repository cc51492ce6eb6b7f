# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# cri - a client of the Container Runtime Interface: what the kubelet says to containerd.
#
#   cri METHOD REQUEST REPLY    a call: the request as protobuf's text on stdin, the reply on stdout
#   cri_config, cri_images      containerd's configuration, and its images
#   pod_start NAME [HANDLER]    sets POD; $with is more text of its configuration
#   pods_end                    stops and removes all of them; nothing may be left
#   container_start NAME LINUX COMMAND...   sets CONTAINER; LINUX is text of LinuxContainerConfig;
#                               $with is more text of ContainerConfig
#   container_exec COMMAND...   in CONTAINER: stdout, and the status as its own
#   container_is STATE          created, running or exited
#
#   stream URL LINE             what an attach or exec says within some seconds, after LINE at its stdin
#
# Debian has no crictl.  A call is one HTTP/2 request, whose body is a byte 0, the length in four
# bytes, and the message, which protoc makes and reads by cri.proto.

PODS=()

cri() {
	local method=$1 request=$2 reply=$3 file=$BATS_TEST_TMPDIR/cri size

	protoc --proto_path="$BATS_TEST_DIRNAME" --encode="runtime.v1.$request" \
		"$BATS_TEST_DIRNAME/cri.proto" >"$file.message" || return 1
	size=$(printf %08x "$(stat -c %s "$file.message")")
	{
		printf '%b' "\\x00\\x${size:0:2}\\x${size:2:2}\\x${size:4:2}\\x${size:6:2}"
		cat "$file.message"
	} >"$file.request"
	curl --silent --show-error --max-time 120 --http2-prior-knowledge \
		--unix-socket /run/containerd/containerd.sock --header 'Content-Type: application/grpc' \
		--header 'TE: trailers' --data-binary "@$file.request" --dump-header "$file.header" \
		--output "$file.reply" "http://localhost/runtime.v1.RuntimeService/$method" || return 1
	grep -qi '^grpc-status: 0' "$file.header" || {
		echo "$method: $(sed -n 's/^grpc-message: //p' "$file.header")" >&2
		return 1
	}
	tail -c +6 "$file.reply" | protoc --proto_path="$BATS_TEST_DIRNAME" \
		--decode="runtime.v1.$reply" "$BATS_TEST_DIRNAME/cri.proto"
}

# The lines of oci/engines, the peers by the same pattern, and what a test needs.
cri_config() {
	local plugin='plugins."io.containerd.grpc.v1.cri"' peer driver='s/^ *# \(SystemdCgroup = true\)/\1/'

	sed "${systemd:+$driver}" "$TOP/oci/engines/containerd.toml"
	printf '[%s]\nsandbox_image = "localhost/pause:latest"\n' "$plugin"
	# the plugin gives every sandbox its shares
	grep -qw cpu /sys/fs/cgroup/cgroup.controllers || echo 'disable_cgroup = true'
	printf '[%s.cni]\nbin_dir = "%s"\n' "$plugin" "${1:-/usr/lib/cni}"
	for peer in crun runc; do
		printf '[%s.containerd.runtimes.%s]\nruntime_type = "io.containerd.runc.v2"\n' "$plugin" $peer
		printf '[%s.containerd.runtimes.%s.options]\nBinaryName = "%s"\nSystemdCgroup = %s\n' \
			"$plugin" $peer $peer "$([ -n "$systemd" ] && echo true || echo false)"
	done
}

cri_images() {
	oci_image localhost/busybox:latest "$BATS_FILE_TMPDIR/image.tar" sh
	ctr --namespace k8s.io image import "$BATS_FILE_TMPDIR/image.tar"
	oci_image localhost/pause:latest "$BATS_FILE_TMPDIR/pause.tar" sleep 100000
	ctr --namespace k8s.io image import "$BATS_FILE_TMPDIR/pause.tar"
}

pod_config() {
	local parent=/kubepods

	[ -z "$systemd" ] || parent=/kubepods.slice/kubepods-tests.slice
	echo "metadata { name: '$1' uid: '$1-uid' namespace: 'default' }
		hostname: '$1' log_directory: '$BATS_TEST_TMPDIR/logs' ${with-}
		linux { cgroup_parent: '$parent' }"
}

id_in() {
	sed -n "s/^$1: \"\(.*\)\"$/\1/p"
}

pod_start() {
	mkdir -p "$BATS_TEST_TMPDIR/logs"
	pod_text=$(pod_config "$1")
	POD=$(echo "config { $pod_text } runtime_handler: '${2-$RUNTIME}'" |
		cri RunPodSandbox RunPodSandboxRequest PodSandboxId | id_in pod_sandbox_id)
	[ -n "$POD" ] && PODS+=("$POD")
}

pods_end() {
	local pod left

	for pod in "${PODS[@]}"; do
		echo "pod_sandbox_id: '$pod'" | cri StopPodSandbox PodSandboxId Empty
		echo "pod_sandbox_id: '$pod'" | cri RemovePodSandbox PodSandboxId Empty
	done
	PODS=()
	wait_for no_shims
	left=$(
		containerd_left k8s.io
		systemd_left 'cri-containerd-*'
		find /sys/fs/cgroup/kubepods -mindepth 1 -type d 2>/dev/null
		find /sys/fs/cgroup -name 'cri-containerd-*'
	)
	[ -z "$left" ] || {
		echo "$left"
		return 1
	}
}

pod_status() {
	echo "pod_sandbox_id: '$POD'" | cri PodSandboxStatus PodSandboxId PodSandboxStatusResponse
}

container_start() {
	local name=$1 linux=$2 one command=''

	shift 2
	for one; do
		command+="command: '${one//\'/\\\'}' "
	done
	CONTAINER=$(echo "pod_sandbox_id: '$POD' sandbox_config { $pod_text }
		config { metadata { name: '$name' } image { image: 'localhost/busybox:latest' } $command
			log_path: '$name.log' ${with-} linux { $linux } }" |
		cri CreateContainer CreateContainerRequest ContainerId | id_in container_id)
	[ -n "$CONTAINER" ] || return 1
	echo "container_id: '$CONTAINER'" | cri StartContainer ContainerId Empty
}

container_exec() {
	local one command='' reply

	for one; do
		command+="cmd: '${one//\'/\\\'}' "
	done
	reply=$(echo "container_id: '$CONTAINER' $command timeout: 60" |
		cri ExecSync ExecSyncRequest ExecSyncResponse) || return 255
	# printf's octal numbers begin with a 0
	printf '%b' "$(sed -n 's/^stdout: "\(.*\)"$/\1/p' <<<"$reply" | sed 's/\\\([0-7]\{3\}\)/\\0\1/g')"
	return "$(sed -n 's/^exit_code: //p' <<<"$reply" | grep . || echo 0)"
}

container_status() {
	echo "container_id: '$CONTAINER'" | cri ContainerStatus ContainerId ContainerStatusResponse
}

# What is 0 is not written.
container_is() {
	local states=(created running exited)

	[ "${states[$(container_status | sed -n 's/^  state: //p' | grep . || echo 0)]}" = "$1" ]
}

# The least of a WebSocket: a request to change over, one message, and the others as they come.  The
# first byte of a message is the channel: 0 is stdin, 1 stdout.  A mask of zeros leaves it readable.
stream() {
	local url=${1#http://} line=$2 size

	size=$(printf %02x $((128 + ${#line} + 2)))
	{
		printf 'GET /%s HTTP/1.1\r\nHost: %s\r\nOrigin: http://localhost\r\n' "${url#*/}" "${url%%/*}"
		printf 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
		printf 'Sec-WebSocket-Key: dGlueXJ1biBpcyB0aW55IQ==\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n'
		sleep 1
		printf '%b%s\n' "\\x82\\x$size\\x0\\x0\\x0\\x0\\x0" "$line"
		sleep 3
	} | timeout 10 busybox nc "${url%%:*}" "$(cut -d : -f 2 <<<"${url%%/*}")" | tr_command -cd '[:print:]\n'
}
