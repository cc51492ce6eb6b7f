# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# cri - a client of the Container Runtime Interface: what the kubelet says to containerd.
#
#   cri METHOD REQUEST REPLY    a call: the request as protobuf's text on stdin, the reply on stdout
#   pod_start NAME [HANDLER]    sets POD
#   container_start NAME LINUX COMMAND...   sets CONTAINER; LINUX is text of LinuxContainerConfig
#   container_exec COMMAND...   in CONTAINER: stdout, and the status as its own
#   container_is STATE          created, running or exited
#
# Debian has no crictl.  A call is one HTTP/2 request, whose body is a byte 0, the length in four
# bytes, and the message, which protoc makes and reads by cri.proto.

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

pod_config() {
	echo "metadata { name: '$1' uid: '$1-uid' namespace: 'default' }
		hostname: '$1' log_directory: '$BATS_TEST_TMPDIR/logs'
		linux { cgroup_parent: '/kubepods' }"
}

id_in() {
	sed -n "s/^$1: \"\(.*\)\"$/\1/p"
}

pod_start() {
	mkdir -p "$BATS_TEST_TMPDIR/logs"
	pod_text=$(pod_config "$1")
	POD=$(echo "config { $pod_text } runtime_handler: '${2-$RUNTIME}'" |
		cri RunPodSandbox RunPodSandboxRequest PodSandboxId | id_in pod_sandbox_id)
	[ -n "$POD" ]
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
			log_path: '$name.log' linux { $linux } }" |
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
