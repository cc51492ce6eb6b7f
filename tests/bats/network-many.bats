#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# network-many - 250 containers on one bridge, started eight at a time: all are reached at their
# addresses and at their ports, and all are gone afterwards, with links, rules, leases and what was
# changed in /proc/sys. In a guest, which is slower by far, there are fewer; NETWORK_MANY says how many.

load helpers
load network

setup() {
	world_setup
}

teardown() {
	world_teardown
}

@test "network: 250 containers at once on one bridge, all reachable, all gone" {
	local n=${NETWORK_MANY:-250}

	[ -n "${NETWORK_MANY:-}" ] || ! in_guest || n=24
	make_bundle
	args sh -c "$SERVE"
	"$TOP/tests/bats/network-many" "/run/netns/$HOSTNS" "$ROOT" "$BUNDLE" "$UNIQ" "$n"
}
