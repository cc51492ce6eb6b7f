# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# setup_suite - what every test needs and none changes, made once: a tree of busybox, and the
# config.json that tinyrun itself makes.

setup_suite() {
	local top
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export TINYRUN=${TINYRUN:-$top/build/tinyrun}
	export TINYHTTPD=${TINYHTTPD:-$(dirname "$TINYRUN")/tinyhttpd}
	export TOP=$top LC_ALL=C

	[ -x "$TINYRUN" ] || {
		echo "setup_suite: $TINYRUN is not there: build it, or set TINYRUN" >&2
		return 1
	}
	make_rootfs "$BATS_SUITE_TMPDIR/rootfs" || return 1
	mkdir "$BATS_SUITE_TMPDIR/spec" && "$TINYRUN" spec -b "$BATS_SUITE_TMPDIR/spec" || return 1
	export BATS_SUITE_ROOTFS=$BATS_SUITE_TMPDIR/rootfs
	export BATS_SUITE_CONFIG=$BATS_SUITE_TMPDIR/spec/config.json
}

# A root file system of one static busybox and hard links to it.
make_rootfs() {
	local root=$1 busybox

	busybox=$(command -v busybox) || {
		echo "setup_suite: no busybox: install busybox-static" >&2
		return 1
	}
	mkdir -p "$root"/{bin,dev,etc,home,proc,root,sys,tmp,usr/bin,var}
	chmod 1777 "$root/tmp"
	cp "$busybox" "$root/bin/busybox"
	"$root/bin/busybox" --install "$root/bin" || return 1
	printf '%s\n' root:x:0:0:root:/root:/bin/sh www:x:33:33:www:/home:/bin/sh >"$root/etc/passwd"
	printf '%s\n' root:x:0: www:x:33: >"$root/etc/group"
}
