# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# network - a small world for the network's tests: a namespace that plays the host, where tinyrun
# runs, and one outside of it, which knows no way to the containers.
#
#   world_setup, world_teardown are setup and teardown; the second one asserts that the host is as
#                               it was
#   in_host CMD, in_outside CMD
#   up [FLAGS...]               makes a bundle and starts a server in it; its id is ID, and its
#                               addresses are IP4 and IP6: TCP 80 says hello
#   up_udp                      a server on UDP 53 in the network of the container ID: it echoes
#   serve NETNS TEXT NC...      a program there that says TEXT to who connects
#   ask WHO ADDR PORT           what the TCP server says;  WHO is host, outside or a container's id
#   echo_udp WHO ADDR PORT      what comes back of "ping"

# shellcheck disable=SC2034 # what the tests read
OUT4=192.0.2.2 HOST4=192.0.2.1 OUT6=2001:db8::2 HOST6=2001:db8::1
SERVE='exec nc -ll -p 80 -e echo hello'
SERVERS=()

world_setup() {
	test_setup
	make_world
}

world_teardown() {
	[ -n "${HOSTNS:-}" ] || return 0
	local r=0

	end_servers
	test_teardown || r=1
	end_world || r=1
	return "$r"
}

make_world() {
	require root
	require command ip nft nsenter socat
	HOSTNS=$UNIQ-h OUTNS=$UNIQ-o
	ip netns add "$HOSTNS"
	ip netns add "$OUTNS"
	in_host ip link set lo up
	in_outside ip link set lo up
	in_host sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward' # a new namespace has the machine's
	in_host ip link add up0 type veth peer name up0 netns "$OUTNS"
	in_host ip addr add "$HOST4/24" dev up0
	in_outside ip addr add "$OUT4/24" dev up0
	in_host ip addr add "$HOST6/64" dev up0 nodad
	in_outside ip addr add "$OUT6/64" dev up0 nodad
	in_host ip link set up0 up
	in_outside ip link set up0 up
	in_host ip route add default via "$OUT4"
	in_host ip route add default via "$OUT6"
	wait_for link_local_ready
	host_facts >"$BATS_TEST_TMPDIR/before"
}

# What appears by itself has appeared.
link_local_ready() {
	in_host ip -6 addr show dev up0 | grep -q fe80 && [ -z "$(in_host ip -6 addr show tentative)" ]
}

end_servers() {
	[ "${#SERVERS[@]}" -eq 0 ] || kill "${SERVERS[@]}"
	wait
}

end_world() {
	local r=0

	host_facts >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" || r=1
	[ ! -e "$ROOT/.net/leases" ] || r=1
	ip netns del "$HOSTNS"
	ip netns del "$OUTNS"
	return "$r"
}

# Links, addresses, rules, and the values of /proc/sys: all that tinyrun could have changed.
host_facts() {
	in_host ip -o link 2>/dev/null | sed 's/ state.*//'
	in_host ip -o addr 2>/dev/null | sed 's/ valid_lft.*//'
	in_host ip neigh show nud permanent
	in_host nft list ruleset
	in_host grep -rs . /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf \
		/proc/sys/net/ipv4/ip_forward | sort
}

in_host() {
	nsenter --net="/run/netns/$HOSTNS" "$@"
}

in_outside() {
	nsenter --net="/run/netns/$OUTNS" "$@"
}

tr() {
	in_host "$TINYRUN" --root "$ROOT" "$@"
}

up() {
	local id

	make_bundle "$BATS_TEST_TMPDIR/bundle-$ids_made"
	id=$ID
	args sh -c "${SERVER:-$SERVE}"
	run_detached tr run -d -b "$BUNDLE" "$@" "$id"
	assert_status 0 || return 1
	# shellcheck disable=SC2034
	IP4=$(jq -r '.network.ip // "" | sub("/.*"; "")' "$ROOT/$id/state.json")
	# shellcheck disable=SC2034
	IP6=$(jq -r '.network.ip6 // "" | sub("/.*"; "")' "$ROOT/$id/state.json")
	wait_for listens "$id"
}

# The server's port in /proc/net of its namespace, as an IPv6 socket that takes both.
listens() {
	local pid

	pid=$(pid_of "$1")
	grep -q ':0050 .* 0A ' "/proc/$pid/net/tcp6"
}

up_udp() {
	nsenter --net="/proc/$(pid_of "$ID")/ns/net" socat UDP6-RECVFROM:53,fork,ipv6only=0 EXEC:cat \
		</dev/null 3>&- &
	SERVERS+=($!)
	wait_for grep -q ':0035 ' "/proc/$(pid_of "$ID")/net/udp6"
}

serve() {
	local netns=$1 text=$2

	shift 2
	nsenter --net="/run/netns/$netns" busybox nc -ll "$@" -e echo "$text" </dev/null 3>&- &
	SERVERS+=($!)
}

as() {
	local who=$1

	shift
	case $who in
	host) in_host "$@" ;;
	outside) in_outside "$@" ;;
	*) nsenter --net="/proc/$(pid_of "$who")/ns/net" "$@" ;;
	esac
}

ask() {
	# shellcheck disable=SC2016
	as "$1" timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1" && head -n 1 <&3' "$2" "$3" 2>/dev/null
}

echo_udp() {
	# shellcheck disable=SC2016
	as "$1" timeout 3 bash -c 'exec 3<>"/dev/udp/$0/$1" && echo ping >&3 && head -n 1 <&3' \
		"$2" "$3" 2>/dev/null
}

# WANT COMMAND...
assert_answer() {
	local said

	said=$("${@:2}") || true
	[ "$said" = "$1" ] || {
		printf 'no answer: %s\n' "${*:2}" >&2
		return 1
	}
}

assert_hello() {
	assert_answer hello ask "$@"
}

assert_echo() {
	assert_answer ping echo_udp "$@"
}

assert_silence() {
	local said

	said=$(ask "$@") || true
	[ -z "$said" ] || {
		printf 'there is an answer: ask %s\n' "$*" >&2
		return 1
	}
}
