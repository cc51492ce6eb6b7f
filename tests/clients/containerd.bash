# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# containerd - the daemon for the suites that need one, and its image.
#
#   containerd_start CONFIG     starts it with that configuration, waits for its socket
#   containerd_stop             which is all that a file's end has to do, unless it says otherwise
#   containerd_as_it_comes, containerd_with_image   once a file; the image is localhost/busybox
#   oci_image NAME TAR [CMD...] an image of the tree of busybox, as an archive
#   containerd_clear NAMESPACE  takes away every container; containerd_left says what is still there

containerd_start() {
	# it does not belong to the test that begins it again
	env -u TINYRUN_TEST containerd --config "$1" --log-level warn </dev/null \
		>>"$BATS_FILE_TMPDIR/containerd.log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/containerd.pid"
	disown
	wait_for ctr version >/dev/null 2>&1
}

containerd_stop() {
	daemon_stop containerd
}

daemon_stop() { # NAME
	local pid

	pid=$(cat "$BATS_FILE_TMPDIR/$1.pid")
	kill "$pid" || true
	wait_for gone "$pid"
}

teardown_file() {
	containerd_stop
}

containerd_as_it_comes() {
	echo 'version = 2' >"$BATS_FILE_TMPDIR/config.toml"
	containerd_start "$BATS_FILE_TMPDIR/config.toml"
}

containerd_with_image() {
	engine_setup
	containerd_as_it_comes
	oci_image localhost/busybox:latest "$BATS_FILE_TMPDIR/image.tar" sh
	ctr image import "$BATS_FILE_TMPDIR/image.tar"
}

gone() {
	! is_alive "$1"
}

oci_image() {
	local name=$1 tar=$2 layout=$BATS_FILE_TMPDIR/layout bundle=$BATS_FILE_TMPDIR/unpacked

	shift 2
	rm -rf "$layout" "$bundle"
	umoci init --layout "$layout" && umoci new --image "$layout:latest" &&
		umoci unpack --image "$layout:latest" "$bundle" >/dev/null &&
		cp -a "$BATS_SUITE_ROOTFS/." "$bundle/rootfs/" &&
		umoci repack --image "$layout:latest" "$bundle" >/dev/null &&
		umoci config --image "$layout:latest" --config.env=PATH=/bin "${@/#/--config.cmd=}" || return 1
	# the name of the image is in an annotation of the index
	jq --arg name "$name" '.manifests[].annotations |= {"io.containerd.image.name": $name,
		"org.opencontainers.image.ref.name": "latest"}' <"$layout/index.json" >"$layout/index.new"
	mv "$layout/index.new" "$layout/index.json"
	tar -C "$layout" -cf "$tar" blobs index.json oci-layout
}

containerd_clear() {
	local id

	for id in $(ctr --namespace "$1" task ls -q); do
		ctr --namespace "$1" task rm --force "$id" >/dev/null 2>&1
	done
	for id in $(ctr --namespace "$1" container ls -q); do
		ctr --namespace "$1" container rm "$id"
	done
	wait_for no_shims
}

no_shims() {
	! pgrep -f '^[^ ]*containerd-shim-runc' >/dev/null
}

# What the runtime and the shims have left of a namespace of containerd's.
containerd_left() {
	find "/run/containerd/runc/$1" "/run/containerd/io.containerd.runtime.v2.task/$1" \
		-mindepth 1 -maxdepth 1 ! -name '.*' 2>/dev/null
	find "/sys/fs/cgroup/$1" -mindepth 1 -type d 2>/dev/null
	grep "/run/containerd/io.containerd.runtime.v2.task/$1/" /proc/self/mountinfo || true
}
