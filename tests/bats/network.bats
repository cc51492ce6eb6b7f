#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load helpers
load network

setup() {
	world_setup
}

teardown() {
	world_teardown
}

@test "network: container, host and outside reach each other as they should" {
	up --network bridge
	up_udp
	assert_hello host "$IP4" 80
	assert_hello host "$IP6" 80
	assert_echo host "$IP4" 53
	# the outside knows no way back to the container: an answer has passed NAT
	serve "$OUTNS" hello -p 80
	serve "$HOSTNS" hello -p 81
	wait_for assert_hello outside "$OUT4" 80
	wait_for assert_hello host "$HOST4" 81
	assert_hello "$ID" "$OUT4" 80
	assert_hello "$ID" "$OUT6" 80
	assert_hello "$ID" "$HOST4" 81
	assert_hello "$ID" 10.209.0.1 81
	# without a published port nothing comes in, although the outside learns the way
	in_outside ip route add 10.209.0.0/16 via "$HOST4"
	assert_silence outside "$IP4" 80
}

@test "network: containers on one bridge reach each other, over IPv4 and IPv6" {
	up --network bridge
	first=$ID first4=$IP4 first6=$IP6
	up --network bridge
	[ "$IP4" != "$first4" ]
	assert_hello "$ID" "$first4" 80
	assert_hello "$ID" "$first6" 80
	assert_hello "$first" "$IP4" 80
	up_udp
	assert_echo "$first" "$IP6" 53
}

@test "network: a published port is reached from outside, TCP and UDP, IPv4 and IPv6" {
	up -p 8080:80 -p 5353:53/udp
	up_udp
	assert_hello outside "$HOST4" 8080
	assert_hello outside "$HOST6" 8080
	assert_echo outside "$HOST4" 5353
	assert_echo outside "$HOST6" 5353
	assert_silence outside "$HOST4" 80
}

@test "network: a published port is reached from the host itself, 127.0.0.1 and its addresses" {
	up -p 8080:80 -p 5353:53/udp
	up_udp
	for addr in 127.0.0.1 127.1.2.3 "$HOST4" 10.209.0.1 "$HOST6"; do
		assert_hello host "$addr" 8080
	done
	assert_echo host 127.0.0.1 5353
	assert_echo host "$HOST6" 5353
}

@test "network: a port of one address of the host is not one of the others" {
	up -p 127.0.0.1:8080:80 -p "$HOST4:8081:80" -p "[$HOST6]:8082:80"
	assert_hello host 127.0.0.1 8080
	assert_silence outside "$HOST4" 8080
	assert_hello outside "$HOST4" 8081
	assert_silence host 127.0.0.1 8081
	assert_hello outside "$HOST6" 8082
	assert_silence outside "$HOST4" 8082
}

@test "network: containers reach published ports by the host's address, their own included" {
	up -p 8080:80
	first=$ID
	assert_hello "$first" "$HOST4" 8080
	assert_hello "$first" "$HOST6" 8080
	assert_hello "$first" 10.209.0.1 8080
	up --network bridge
	assert_hello "$ID" "$HOST4" 8080
	assert_hello "$ID" "$HOST6" 8080
}

@test "network: two containers cannot publish one port, and nothing is made of the second" {
	up -p 8080:80
	first=$ID
	host_facts >"$BATS_TEST_TMPDIR/with-one"
	for flag in 8080:81 127.0.0.1:8080:81 "[::]:8080:81"; do
		make_bundle "$BATS_TEST_TMPDIR/second-$ids_made"
		run tr run -b "$BUNDLE" -p "$flag" "$ID"
		assert_status 1
		assert_one_line
		assert_output_has 8080
		assert_output_has "$first"
	done
	host_facts | diff "$BATS_TEST_TMPDIR/with-one" -
	assert_hello outside "$HOST4" 8080
}

@test "network: a port that a program of the host listens on is refused" {
	serve "$HOSTNS" mine -p 8080
	wait_for in_host grep -q ':1F90 ' /proc/self/net/tcp6
	make_bundle
	run tr run -b "$BUNDLE" -p 8080:80 "$ID"
	assert_status 1
	assert_one_line
	assert_output_has 8080
}

@test "network: two bridges are apart, but for published ports" {
	up --bridge br-a --subnet 10.1.0.0/24
	a=$ID a4=$IP4 a6=$IP6
	up --bridge br-b --subnet 10.2.0.0/24 -p 8080:80
	assert_silence "$a" "$IP4" 80
	assert_silence "$a" "$IP6" 80
	assert_silence "$ID" "$a4" 80
	assert_silence "$ID" "$a6" 80
	assert_hello "$a" "$HOST4" 8080
	assert_hello host "$a4" 80
	assert_hello host "$IP4" 80
}

@test "network: nobody on a bridge gets at 127.0.0.1 of the host" {
	up -p 8080:80
	serve "$HOSTNS" hello -p 81
	wait_for in_host bash -c 'exec 3<>/dev/tcp/127.0.0.1/81' 2>/dev/null
	[ "$(in_host cat /proc/sys/net/ipv4/conf/tinyrun0/route_localnet)" = 1 ]
	as "$ID" ip route add 127.0.0.1/32 via 10.209.0.1 src "$IP4" table 7
	as "$ID" ip rule add lookup local pref 100
	as "$ID" ip rule del pref 0
	as "$ID" ip rule add to 127.0.0.1 lookup 7 pref 0
	as "$ID" bash -c 'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet'
	assert_silence "$ID" 127.0.0.1 81
	# it is the rule that keeps it out
	in_host nft flush chain inet tinyrun guard
	assert_hello "$ID" 127.0.0.1 81
}

@test "network: addresses, MTU and hardware address are as asked" {
	up --ip 10.209.7.7 --mac 02:00:5e:10:00:01 --mtu 1400
	[ "$IP4" = 10.209.7.7 ]
	run as "$ID" ip addr show eth0
	assert_output_has "mtu 1400"
	assert_output_has 02:00:5e:10:00:01
	assert_output_has 10.209.7.7/16
	[[ $output != *tentative* ]]
	[ "$(in_host cat /sys/class/net/tinyrun0/mtu 2>/dev/null || echo 1400)" = 1400 ]
	assert_hello host "$IP4" 80
	assert_hello host "$IP6" 80
}

@test "network: every packet of the first moment gets through" {
	up -p 8080:80
	# a second connection within a second, as none has to be sent twice
	for _ in 1 2 3; do
		make_bundle "$BATS_TEST_TMPDIR/quick-$ids_made"
		args sh -c "nc -w 1 10.209.0.1 8080 </dev/null"
		start=$(date +%s%N)
		run tr run -b "$BUNDLE" --network bridge "$ID"
		assert_status 0
		assert_output_is hello
		[ $(($(date +%s%N) - start)) -lt 900000000 ]
	done
}

@test "network: a bridge that is there is used if it fits, and left as it was" {
	in_host ip link add br7 type bridge
	in_host ip addr add 10.7.0.1/24 dev br7
	in_host ip link set br7 up
	wait_for link_local_ready
	host_facts | grep -v br7 >"$BATS_TEST_TMPDIR/before"
	for subnet in 10.8.0.0/24 10.7.0.0/16 fd07::/64; do
		make_bundle "$BATS_TEST_TMPDIR/wrong-$ids_made"
		run tr run -b "$BUNDLE" --bridge br7 --subnet "$subnet" "$ID"
		assert_status 1
		assert_one_line
		assert_output_has "br7 has 10.7.0.1/24"
	done
	up --bridge br7 -p 8080:80
	[ "$IP4" = 10.7.0.2 ]
	[ -z "$IP6" ]
	assert_hello outside "$HOST4" 8080
	assert_hello host 127.0.0.1 8080
	tr delete --force "$ID"
	[ "$(in_host cat /proc/sys/net/ipv4/conf/br7/route_localnet)" = 0 ]
	[ "$(in_host ip -o -4 addr show br7 | awk '{ print $4 }')" = 10.7.0.1/24 ]
	in_host ip link del br7
}

@test "network: what cannot be made is one sentence, and nothing is made" {
	in_host ip link add dummy0 type veth peer name dummy1
	host_facts >"$BATS_TEST_TMPDIR/before"
	make_bundle
	while IFS='|' read -r flags text; do
		# shellcheck disable=SC2086
		run tr run -b "$BUNDLE" $flags "$ID"
		assert_status 1
		assert_one_line
		assert_output_has "$text"
		host_facts | diff "$BATS_TEST_TMPDIR/before" -
	done <<-'END'
		--bridge dummy0 --subnet 10.1.0.0/24|dummy0 is a link of this host and no bridge
		--bridge br9|no bridge br9
		--bridge br9 --subnet 192.0.2.128/25|overlaps with 192.0.2.1/24
		--ip 10.1.0.2|10.209.0.0/16
		--network bridge --ip 10.209.0.1|10.209.0.1
		--bridge a-name-of-16-chr --subnet 10.1.0.0/24|15
		--publish 80|PORT
		--network host --publish 80:80|--network bridge
		--network nowhere|bridge, none, host
		--mtu 99999|MTU
	END
}

@test "network: a subnet that a route of the host leads to is refused with the route" {
	in_host ip route add 10.77.0.0/16 via "$OUT4"
	in_host ip route add 10.78.3.0/24 via "$OUT4" table 52
	in_host ip route add 2001:db8:77::/48 via "$OUT6"
	in_host ip route add 10.79.1.0/24 nexthop via "$OUT4" nexthop via "$OUT4" dev up0 onlink
	host_facts >"$BATS_TEST_TMPDIR/before"
	make_bundle
	while IFS='|' read -r flags text; do
		# shellcheck disable=SC2086
		run tr run -b "$BUNDLE" --bridge br9 $flags "$ID"
		assert_status 1
		assert_one_line
		assert_output_has "overlaps with the route of this host to $text: choose another"
		host_facts | diff "$BATS_TEST_TMPDIR/before" -
	done <<-'END'
		--subnet 10.77.3.0/24|10.77.0.0/16 by up0
		--subnet 10.76.0.0/15|10.77.0.0/16 by up0
		--subnet 10.78.0.0/16|10.78.3.0/24 by up0
		--subnet 10.79.0.0/16|10.79.1.0/24 by several links
		--subnet 10.1.0.0/24 --subnet 2001:db8:77:1::/64|2001:db8:77::/48 by up0
	END
	# a bridge that is there says whose the subnet is
	in_host ip link add br9 type bridge
	in_host ip addr add 10.77.3.1/24 dev br9
	in_host ip link set br9 up
	up --bridge br9 --subnet 10.77.3.0/24
	assert_hello host "$IP4" 80
	tr delete -f "$ID"
	in_host ip link del br9
}

@test "network: a route to everywhere is none, in halves neither" {
	local net

	for net in 0.0.0.0/1 128.0.0.0/1; do
		in_host ip route add "$net" via "$OUT4"
	done
	for net in ::/1 8000::/1 2000::/3; do
		in_host ip route add "$net" via "$OUT6"
	done
	up --network bridge
	[ "$IP4" = 10.209.0.2 ]
	tr delete -f "$ID"
	up --bridge br9 --subnet 10.77.3.0/24 --subnet 2001:db8:77:1::/64
	[ "$IP4 $IP6" = '10.77.3.2 2001:db8:77:1::2' ]
}

@test "network: the default subnet keeps out of the way of routes and addresses" {
	in_host ip route add 10.209.4.0/24 via "$OUT4"
	in_host ip addr add 10.210.1.1/32 dev lo
	in_host ip route add fc00::/7 via "$OUT6"
	host_facts >"$BATS_TEST_TMPDIR/before"
	up --network bridge
	[ "$IP4" = 10.211.0.2 ]
	assert_hello host "$IP4" 80
	# it stays where it is
	in_host ip route add 10.211.9.0/24 via "$OUT4"
	first=$ID
	up --network bridge
	[ "$IP4" = 10.211.0.3 ]
	tr delete -f "$first"
	tr delete -f "$ID"
	in_host ip route add 10.0.0.0/8 via "$OUT4"
	up --network bridge
	[ "$IP4" = 172.24.0.2 ]
	tr delete -f "$ID"
	in_host ip route add 172.16.0.0/12 via "$OUT4"
	up --network bridge
	[ "$IP4" = 192.168.209.2 ]
	tr delete -f "$ID"
	in_host ip route add 192.168.0.0/16 via "$OUT4"
	make_bundle
	run tr run -b "$BUNDLE" --network bridge "$ID"
	assert_status 1
	assert_one_line
	assert_output_has 'the subnet 10.209.0.0/16 overlaps with the route of this host to 10.'
}

@test "network: a firewall that drops is named, and is left to its owner" {
	in_host nft -f - <<-'END'
		table inet fw {
			chain forward { type filter hook forward priority 0; policy drop; }
		}
	END
	host_facts >"$BATS_TEST_TMPDIR/before"
	up -p 8080:80
	assert_output_has "chain forward of the table inet fw drops"
	assert_output_has 'iifname "tinyrun0"'
	assert_hello host 127.0.0.1 8080
	assert_hello host "$IP4" 80
	assert_silence outside "$HOST4" 8080
	# what the message says is enough
	in_host nft add rule inet fw forward iifname tinyrun0 accept
	in_host nft add rule inet fw forward oifname tinyrun0 ct status dnat accept
	assert_hello outside "$HOST4" 8080
	in_host nft flush chain inet fw forward
	# said once, not for each container
	up --network bridge
	[[ $output != *drops* ]]
}

@test "network: a firewall as those of firewalld, ufw and docker" {
	require command iptables-nft
	# firewalld: no policy, but a last rule, and what has been translated goes through
	in_host nft -f - <<-'END'
		table inet firewalld {
			chain filter_FORWARD {
				type filter hook forward priority filter + 10; policy accept;
				ct state { established, related } accept
				ct status dnat accept
				ct state invalid drop
				counter reject with icmpx type admin-prohibited
			}
			chain filter_INPUT {
				type filter hook input priority filter + 10; policy accept;
				ct state invalid drop
			}
		}
	END
	host_facts >"$BATS_TEST_TMPDIR/before"
	serve "$OUTNS" hello -p 80
	wait_for assert_hello outside "$OUT4" 80
	up -p 8080:80
	assert_output_has "chain filter_FORWARD of the table inet firewalld drops"
	[ "$(grep -c "drops what" <<<"$output")" = 1 ]
	assert_hello outside "$HOST4" 8080
	assert_silence "$ID" "$OUT4" 80
	tr delete --force "$ID"
	in_host nft delete table inet firewalld
	# iptables, ufw and docker: a policy in the table filter of each family
	in_host iptables-nft -P FORWARD DROP
	in_host ip6tables-nft -P FORWARD DROP
	host_facts >"$BATS_TEST_TMPDIR/before"
	up -p 8080:80
	assert_output_has "chain FORWARD of the table ip filter drops"
	assert_output_has "chain FORWARD of the table ip6 filter drops"
	assert_silence outside "$HOST4" 8080
	# as the manual says
	in_host iptables-nft -I FORWARD -i tinyrun0 -j ACCEPT
	in_host iptables-nft -I FORWARD -o tinyrun0 -m conntrack --ctstate DNAT,ESTABLISHED -j ACCEPT
	assert_hello outside "$HOST4" 8080
	assert_hello "$ID" "$OUT4" 80
	in_host iptables-nft -F FORWARD
}

@test "network: a host without IPv6 has IPv4 alone, and says so when asked" {
	in_host bash -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
	host_facts >"$BATS_TEST_TMPDIR/before"
	make_bundle
	args true
	run tr --debug run -b "$BUNDLE" --network bridge "$ID"
	assert_status 0
	assert_output_has "no IPv6"
	up -p 8080:80
	[ -z "$IP6" ]
	assert_hello outside "$HOST4" 8080
	make_bundle "$BATS_TEST_TMPDIR/six"
	run tr run -b "$BUNDLE" --ip6 fd00::2 --network bridge "$ID"
	assert_status 1
	assert_one_line
	assert_output_has IPv6
}

@test "network: a kernel without nf_tables is one sentence, and nothing is made" {
	require command strace
	make_bundle
	# the first netlink socket is for links, the second for rules
	run in_host strace -qq -o /dev/null -e trace=socket \
		-e inject=socket:error=EPROTONOSUPPORT:when=2 \
		"$TINYRUN" --root "$ROOT" run -b "$BUNDLE" --network bridge "$ID"
	assert_status 1
	assert_one_line
	assert_output_has "no nf_tables"
}

@test "network: none, host and the path of a namespace" {
	make_bundle
	args sh -c 'ls /sys/class/net; cat /proc/net/dev' # of whichever namespace it is in
	run tr run -b "$BUNDLE" --network none "$ID"
	assert_status 0
	assert_output_has lo:
	[[ $output != *eth0* && $output != *up0* ]]
	run tr run -b "$BUNDLE" --network host "$ID"
	assert_status 0
	assert_output_has up0:
	ip netns add "$UNIQ-p"
	ip -n "$UNIQ-p" link add its0 type veth peer name its1
	ip -n "$UNIQ-p" -o link | sed 's/ state.*//' >"$BATS_TEST_TMPDIR/path"
	run tr run -b "$BUNDLE" --network "/run/netns/$UNIQ-p" "$ID"
	ip -n "$UNIQ-p" -o link | sed 's/ state.*//' | diff "$BATS_TEST_TMPDIR/path" -
	ip netns del "$UNIQ-p"
	assert_status 0
	assert_output_has its0:
}

@test "network: a namespace that config.json gives by path is left to whom it belongs" {
	make_bundle
	config --arg p "/run/netns/$OUTNS" '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)'
	run tr run -b "$BUNDLE" --network bridge "$ID"
	assert_status 1
	assert_one_line
	assert_output_has "$OUTNS"
}

@test "network: annotations ask as options do, and options win" {
	make_bundle
	args sh -c "$SERVE"
	config '.annotations = {"org.tinyrun.network.mode": "bridge",
		"org.tinyrun.network.publish": "8080:80,5353:53/udp", "org.tinyrun.network.ip": "10.209.0.9"}'
	run_detached tr run -d -b "$BUNDLE" "$ID"
	assert_status 0
	wait_for listens "$ID"
	[ "$(jq -r .network.ip "$ROOT/$ID/state.json")" = 10.209.0.9/16 ]
	assert_hello outside "$HOST4" 8080
	up_udp
	assert_echo outside "$HOST4" 5353
	tr delete --force "$ID"
	run_detached tr run -d -b "$BUNDLE" --publish 8081:80 "$ID"
	assert_status 0
	wait_for listens "$ID"
	assert_hello outside "$HOST4" 8081
	assert_silence outside "$HOST4" 8080
}

@test "network: create, start and delete; exec is in it too" {
	make_bundle
	args sh -c "$SERVE"
	run_detached tr create -b "$BUNDLE" -p 8080:80 "$ID"
	assert_status 0
	tr start "$ID"
	wait_for listens "$ID"
	assert_hello outside "$HOST4" 8080
	run tr exec "$ID" sh -c 'nc -w 1 127.0.0.1 80 </dev/null; cat /etc/hosts'
	assert_output_has hello
	assert_output_has 10.209.0.2
	tr kill "$ID" KILL
	wait_for status_is "$ID" stopped
	tr delete "$ID"
	host_facts | diff "$BATS_TEST_TMPDIR/before" -
}

@test "network: with a user namespace of its own, as without" {
	make_bundle
	args sh -c "$SERVE"
	chmod 755 "$BATS_TEST_TMPDIR"
	config '.linux.namespaces += [{"type": "user"}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
		.linux.gidMappings = .linux.uidMappings'
	chown -hR 100000:100000 "$ROOTFS" 2>/dev/null || true
	run_detached tr run -d -b "$BUNDLE" -p 8080:80 "$ID"
	assert_status 0
	wait_for listens "$ID"
	assert_hello outside "$HOST4" 8080
	assert_hello outside "$HOST6" 8080
}

@test "network: what was on before stays on, and what others changed stays theirs" {
	in_host bash -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	host_facts >"$BATS_TEST_TMPDIR/before"
	up --network bridge
	tr delete --force "$ID"
	host_facts | diff "$BATS_TEST_TMPDIR/before" -
}

@test "network: a bridge belongs to one state root" {
	up --network bridge
	make_bundle "$BATS_TEST_TMPDIR/other"
	run in_host "$TINYRUN" --root "$BATS_TEST_TMPDIR/state2" run -b "$BUNDLE" --network bridge "$ID"
	assert_status 1
	assert_one_line
	assert_output_has "$ROOT"
}

@test "network: two state roots share the host: one port is one container's, comings and goings are in order" {
	local i pid other=$ROOT-other

	make_bundle
	args sleep 60
	run_detached tr run -d -b "$BUNDLE" -p 8080:80 "$ID"
	assert_status 0
	jq --arg path "/$UNIQ/other" '.linux.cgroupsPath = $path | .process.args = ["true"]' \
		"$BUNDLE/config.json" >"$BUNDLE/other.json"
	run in_host "$TINYRUN" --root "$other" run -b "$BUNDLE" -f "$BUNDLE/other.json" \
		--bridge tro0 --subnet 10.9.0.0/24 -p 8080:80 "$UNIQ-o"
	assert_status 1
	assert_output_has "port 8080/tcp of the host is published by $ID of another state root"
	run tr delete --force "$ID"
	assert_status 0

	# the first of a bridge in one, while the last of a bridge in the other goes
	for i in $(seq 25); do
		in_host "$TINYRUN" --root "$other" run -b "$BUNDLE" -f "$BUNDLE/other.json" \
			--bridge tro0 --subnet 10.9.0.0/24 "$UNIQ-o$i" </dev/null 3>&- &
		pid=$!
		run_detached tr run -d -b "$BUNDLE" --network bridge "$ID"
		assert_status 0
		in_host nft list chain inet tinyrun to-tinyrun0 >/dev/null
		[ "$(in_host cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
		run tr delete --force "$ID"
		assert_status 0
		wait "$pid"
	done
	rm -rf "$other"
}

@test "network: a damaged state file does not keep the network" {
	up -p 8080:80
	echo '{' >"$ROOT/$ID/state.json"
	tr delete --force "$ID"
	host_facts | diff "$BATS_TEST_TMPDIR/before" -
}

@test "network: a flushed ruleset is made anew for the next container" {
	up --network bridge
	in_host nft flush ruleset
	up -p 8080:80
	assert_hello outside "$HOST4" 8080
	# what was known of forwarding went with the table: it stays on, as is said
	for id in "$ROOT"/*/; do tr delete --force "$(basename "$id")"; done
	in_host bash -c 'echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding'
}

@test "network: killed at any point, delete --force leaves nothing" {
	require command strace
	make_bundle
	for call in sendto setns openat fsync mkdirat; do
		n=1
		while :; do
			rc=0
			in_host strace -qq -o /dev/null -e trace="$call" \
				-e inject="$call:signal=KILL:when=$n" \
				"$TINYRUN" --root "$ROOT" run -b "$BUNDLE" -p 8080:80 "$ID" \
				>/dev/null 2>&1 </dev/null 3>&- || rc=$?
			[ "$rc" != 0 ] || break
			tr delete --force "$ID"
			host_facts | diff "$BATS_TEST_TMPDIR/before" - || {
				echo "killed at $call $n" >&2
				return 1
			}
			[ ! -e "$ROOT/.net/leases" ]
			n=$((n + 1))
		done
		[ "$n" -gt 1 ]
	done
}

@test "network: deletion killed at any point is finished by the next" {
	require command strace
	for n in $(seq 1 40); do
		up -p 8080:80
		rc=0
		in_host strace -qq -o /dev/null -e trace=sendto,write \
			-e inject=sendto,write:signal=KILL:when="$n" \
			"$TINYRUN" --root "$ROOT" delete --force "$ID" >/dev/null 2>&1 </dev/null 3>&- || rc=$?
		tr delete --force "$ID"
		host_facts | diff "$BATS_TEST_TMPDIR/before" -
		[ "$rc" != 0 ] || break
	done
	[ "$rc" = 0 ] && [ "$n" -gt 3 ]
}

@test "network: plan says what will be made, and trace how long it took" {
	make_bundle
	run tr plan -b "$BUNDLE" -p 8080:80 --ip 10.209.0.5
	assert_status 0
	assert_output_has "lease 10.209.0.5 on tinyrun0"
	assert_output_has "publish the port 8080:80/tcp"
	assert_output_has "/etc/resolv.conf"
	run tr plan -b "$BUNDLE"
	[[ $output != *tinyrun0* && $output != *resolv.conf* ]]
	run tr run -b "$BUNDLE" --network bridge --trace "$ID"
	assert_status 0
	assert_output_has "bring up the network"
}

@test "network: who asks for none does not pay for one" {
	require command strace
	make_bundle
	in_host strace -f -o "$BATS_TEST_TMPDIR/calls" -e trace=socket,openat,mkdirat \
		"$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID" </dev/null 3>&-
	run grep -E 'AF_NETLINK|libmnl|"\.net"' "$BATS_TEST_TMPDIR/calls"
	assert_status 1
}
