#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# tinyhttpd where it comes to a limit: of descriptors, of a request, of the time to stop.
#
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own

load helpers
load httpd

# A server with few descriptors, all of which are soon taken.
start_small_server() {
	(
		ulimit -n 64
		start_server --workers 1 --max-connections 1000 --status 127.0.0.1:0
		declare -p SERVER URL PORT >"$BATS_TEST_TMPDIR/server"
	)
	# shellcheck disable=SC1090
	source <(sed 's/^declare --/declare -g/' "$BATS_TEST_TMPDIR/server")
}

@test "httpd: without a descriptor for a connection or a file the answer is 503" {
	head -c 50000000 /dev/zero >"$WWW/big"
	start_small_server
	timeout 30 python3 - "$PORT" 3>&- <<-'EOF'
		import select, socket, sys
		def connect(text):
		    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
		    s.sendall(text)
		    return s
		def read(s):
		    data = b""
		    try:
		        while piece := s.recv(65536):
		            data += piece
		    except ConnectionResetError:
		        pass  # it was not waited for what we had sent
		    return data
		# none of them is idle: each has begun to ask
		crowd = [connect(b"GET / HTTP/1.1\r\n") for _ in range(80)]
		refused, _, _ = select.select(crowd, [], [], 10)
		answer = read(refused[0])
		assert answer == (b"HTTP/1.1 503 Service Unavailable\r\n"
		                  b"Connection: close\r\nContent-Length: 0\r\n\r\n"), answer
		# the last descriptor is for a file that is being sent, and there is none for another
		reader, other = crowd[:2]
		reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
		reader.sendall(b"Host: a\r\n\r\nGET /big HTTP/1.1\r\nHost: a\r\n\r\n")
		assert reader.recv(9) == b"HTTP/1.1 "
		other.sendall(b"Host: a\r\n\r\nGET /ten.txt HTTP/1.0\r\n\r\n")
		answer = read(other)
		assert b"HTTP/1.1 503 Service Unavailable\r\n" in answer, answer
		assert b"\r\nRetry-After: 1\r\n" in answer, answer
		assert answer.endswith(b"\r\n\r\n503 Service Unavailable\n"), answer
	EOF
	served() { [ "$(status_of_path /ten.txt)" = 200 ]; }
	wait_for served
	run get "$(status_url)/-/metrics"
	[[ $output =~ tinyhttpd_connections_refused_total\ [1-9] ]]
}

@test "httpd: a head may have --max-fields fields, one more is 431" {
	start_server --max-fields 3
	run raw 'GET /ten.txt HTTP/1.0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n'
	[[ $output == 'HTTP/1.1 200 '*0123456789 ]]
	run raw 'GET /ten.txt HTTP/1.0\r\nA: b\r\nC: d\r\nE: f\r\nG: h\r\n\r\n'
	[[ $output == 'HTTP/1.1 431 '* ]]
}

@test "httpd: a body may have --max-body bytes, one more is 413" {
	start_server --max-body 5
	local next='GET /ten.txt HTTP/1.0\r\n\r\n' h='GET /sub/ HTTP/1.1\r\nHost: a\r\n'
	run raw "${h}Content-Length: 5\r\n\r\nabcde$next"
	[[ $output == 'HTTP/1.1 200 '*0123456789 ]]
	run raw "${h}Content-Length: 6\r\n\r\nabcdef$next"
	[[ $output == 'HTTP/1.1 413 '* && $output != *0123456789* ]]
	run raw "${h}Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n$next"
	[[ $output == 'HTTP/1.1 200 '*0123456789 ]]
	# its answer is out before its length is known: the connection ends behind it
	run raw "${h}Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n$next"
	[[ $output != *0123456789* ]]
}

@test "httpd: clients that send bodies as fast as they are read leave others their turn" {
	start_server --workers 1 --max-body 1073741824
	python3 - "$PORT" 3>&- <<-'EOF'
		import socket, sys, threading
		SIZE, PIECE = 256 << 20, 1 << 20
		sent = [0] * 6
		def connect(head):
		    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		    s.settimeout(30)
		    s.sendall(head)
		    return s
		def post(i):
		    s, piece = connect(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % SIZE), bytes(PIECE)
		    while sent[i] < SIZE:
		        s.sendall(piece)
		        sent[i] += PIECE
		posts = [threading.Thread(target=post, args=[i]) for i in range(len(sent))]
		for t in posts:
		    t.start()
		s, meanwhile = connect(b""), []
		while max(sent) < SIZE:
		    before = sum(sent)
		    s.sendall(b"GET /ten.txt HTTP/1.1\r\nHost: a\r\n\r\n")
		    assert s.recv(1000).endswith(b"0123456789")
		    meanwhile.append(sum(sent) - before)
		for t in posts:
		    t.join()
		# what a request at any moment waits for, in bytes of the others: however busy the machine is
		wait = sum(n * n for n in meanwhile) // max(1, sum(meanwhile))
		assert wait < 50 << 20, (wait, meanwhile)
	EOF
}

@test "httpd: --disk-threads are as many threads" {
	start_server --workers 2 --disk-threads 3
	local tasks=("/proc/$SERVER/task"/*) n=$((1 + 2 + 3)) # one waits for signals
	[ ${#tasks[@]} -ge "$n" ]
	is_sanitized || [ ${#tasks[@]} = "$n" ] # sanitizers have threads of their own
	[ "$(get "$URL/ten.txt")" = 0123456789 ]
}

@test "httpd: with --cache-size 0 only the last file stays in memory" {
	local i
	for i in 1 2 3 4 5; do head -c 1000 /dev/urandom >"$WWW/file$i"; done
	kept() {
		start_server --workers 1 --status 127.0.0.1:0 "$@"
		for i in 1 2 3 4 5; do cmp <(get "$URL/file$i") "$WWW/file$i"; done
		get "$(status_url)/-/metrics" | sed -n 's/^tinyhttpd_cache_bytes //p' >"$BATS_TEST_TMPDIR/kept"
		stop_server
	}
	kept --cache-size 1
	[ "$(cat "$BATS_TEST_TMPDIR/kept")" = 5000 ]
	kept --cache-size 0
	[ "$(cat "$BATS_TEST_TMPDIR/kept")" -le 1000 ]
}

has_ended() {
	[ ! -e "/proc/$SERVER" ] || grep -q '^State:.Z' "/proc/$SERVER/status"
}

# Its status is 0; when it does not end, the test fails and does not hang.
wait_for_server() {
	wait_for has_ended
	wait "$SERVER"
	SERVER=
}

# Somebody who asked for much and reads nothing.
start_reader() {
	head -c 50000000 /dev/zero >"$WWW/big"
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	local line
	printf 'GET /big HTTP/1.1\r\nHost: a\r\n\r\n' >&5
	read -r -t 5 -u 5 line
	[[ $line == 'HTTP/1.1 200 '* ]]
}

is_closed() {
	! (exec 6<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null
}

@test "httpd: --stop-timeout ends an answer that nobody takes, with status 0" {
	local signal began took
	for signal in TERM INT; do
		start_server --stop-timeout 1
		start_reader
		began=${EPOCHREALTIME/[.,]/}
		kill "-$signal" "$SERVER"
		wait_for_server
		took=$((${EPOCHREALTIME/[.,]/} - began))
		# it was waited for, and no longer than was said
		[ "$took" -ge 800000 ]
		[ "$took" -le 3000000 ]
		exec 5>&-
	done
}

@test "httpd: what was cut off at --stop-timeout is in the log" {
	start_server --stop-timeout 1 --log common
	start_reader
	kill -TERM "$SERVER"
	wait_for_server
	exec 5>&-
	grep -Eq '"GET /big HTTP/1.1" 200 [1-9][0-9]+$' "$BATS_TEST_TMPDIR/out" || fail "$(cat "$BATS_TEST_TMPDIR/out")"
}

@test "httpd: the status is told also when there may be no more connections" {
	start_server --workers 1 --max-connections 1 --status 127.0.0.1:0
	start_reader
	[ "$(get --max-time 5 "$(status_url)/-/healthz")" = ok ]
	run get --max-time 5 "$(status_url)/-/metrics"
	assert_output_has 'tinyhttpd_connections 1'
	exec 5>&-
	[ "$(get "$URL/ten.txt")" = 0123456789 ]
}

@test "httpd: a request that has begun before a signal to stop is answered, as the last" {
	start_server --workers 1
	python3 - "$PORT" "$SERVER" 3>&- <<-'EOF'
		import os, signal, socket, sys, time
		def connect(text):
		    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		    s.settimeout(10)
		    s.sendall(text)
		    return s
		def rest(s):
		    data = b""
		    while piece := s.recv(65536):
		        data += piece
		    return data
		idle = connect(b"GET /ten.txt HTTP/1.1\r\nHost: a\r\n\r\n")
		assert idle.recv(1000).endswith(b"0123456789")
		head = connect(b"GET /ten.txt HTTP/1.1\r\nHo")
		body = connect(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab")
		assert b" 405 " in body.recv(1000) # so the one before it was accepted as well
		os.kill(int(sys.argv[2]), signal.SIGTERM)
		assert rest(idle) == b"" # it has heard
		head.sendall(b"st: a\r\n\r\n")
		answer = rest(head)
		assert b"\r\nConnection: close\r\n" in answer and answer.endswith(b"0123456789"), answer
		body.sendall(b"cdefghij")
		assert rest(body) == b""
	EOF
	wait "$SERVER"
	SERVER=
}

@test "httpd: a second signal to stop ends it at once, with status 0" {
	local first second began
	for first in TERM INT; do
		second=INT
		[ "$first" = TERM ] || second=TERM
		start_server --stop-timeout 60
		start_reader
		kill "-$first" "$SERVER"
		wait_for is_closed
		kill -0 "$SERVER" # for the reader
		began=${EPOCHREALTIME/[.,]/}
		kill "-$second" "$SERVER"
		wait_for_server
		[ $((${EPOCHREALTIME/[.,]/} - began)) -le 2000000 ]
		exec 5>&-
	done
}

@test "httpd: it serves over IPv6, alone and beside IPv4" {
	local inside=() v6 any url log="$BATS_TEST_TMPDIR/out"
	[ -e /proc/net/if_inet6 ] || skip "a kernel without IPv6"
	if ! grep -q '^0\{31\}1 ' /proc/net/if_inet6; then # a network of its own, which has the address
		require root
		printf '#!/bin/sh\nexec unshare --net sh -c '\''ip link set lo up && exec "$@"'\'' net "%s" "$@"\n' \
			"$TINYHTTPD" >"$BATS_TEST_TMPDIR/server"
		chmod +x "$BATS_TEST_TMPDIR/server"
		TINYHTTPD=$BATS_TEST_TMPDIR/server
	fi
	start_server --listen '[::1]:0' --listen 0 --log common
	[ "$TINYHTTPD" != "$BATS_TEST_TMPDIR/server" ] || inside=(nsenter --target "$SERVER" --net)
	v6=$(sed -n 's/.* on \(http:\/\/\[::1\]:[0-9]*\)\/$/\1/p' "$BATS_TEST_TMPDIR/err")
	any=$(sed -n 's/.* on http:\/\/\[::\]:\([0-9]*\)\/$/\1/p' "$BATS_TEST_TMPDIR/err")
	for url in "$v6" "http://[::1]:$any" "http://127.0.0.1:$any"; do
		run "${inside[@]}" curl -sSg --max-time 10 "$url/ten.txt"
		assert_status 0
		assert_output_is 0123456789
	done
	logged() { [ "$(wc -l <"$log")" = 3 ]; }
	wait_for logged
	[ "$(cut -d' ' -f1 "$log" | sort)" = $'127.0.0.1\n::1\n::1' ]
}

@test "httpd: on a kernel without IPv6 every address is every one of IPv4" {
	[ "$(uname -m)" = x86_64 ] || skip "the number of socket() is x86_64's here"
	cat >"$BATS_TEST_TMPDIR/no6" <<-'EOF'
		#!/usr/bin/env python3
		# From here on socket(AF_INET6, ...) says EAFNOSUPPORT.
		import ctypes, os, struct, sys
		LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
		ALLOW, ERRNO, EAFNOSUPPORT, SOCKET, AF_INET6 = 0x7fff0000, 0x50000, 97, 41, 10
		rows = [(LOAD, 0, 0, 0), (IF_EQUAL, 0, 3, SOCKET), (LOAD, 0, 0, 16), (IF_EQUAL, 0, 1, AF_INET6),
		        (RETURN, 0, 0, ERRNO | EAFNOSUPPORT), (RETURN, 0, 0, ALLOW)]
		code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
		class Program(ctypes.Structure):
		    _fields_ = [("len", ctypes.c_ushort), ("code", ctypes.c_void_p)]
		program = Program(len(rows), ctypes.addressof(code))
		libc = ctypes.CDLL(None)
		assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
		assert libc.prctl(22, 2, ctypes.byref(program)) == 0  # PR_SET_SECCOMP
		os.execv(os.environ["SERVER_PROGRAM"], [os.environ["SERVER_PROGRAM"]] + sys.argv[1:])
	EOF
	chmod +x "$BATS_TEST_TMPDIR/no6"
	export SERVER_PROGRAM=$TINYHTTPD
	TINYHTTPD=$BATS_TEST_TMPDIR/no6 start_server --listen 0 --workers 2
	wait_for grep -q '0\.0\.0\.0:[0-9]*/$' "$BATS_TEST_TMPDIR/err"
	PORT=$(sed -n 's/.* on http:\/\/0\.0\.0\.0:\([0-9]*\)\/$/\1/p' "$BATS_TEST_TMPDIR/err")
	[ "$(get "http://127.0.0.1:$PORT/ten.txt")" = 0123456789 ]
	# but not when IPv6 is what was asked for
	run "$BATS_TEST_TMPDIR/no6" --listen '[::1]:0' "$WWW"
	assert_status 1
	assert_one_line
	assert_output_has 'Address family not supported'
}

@test "httpd: of a directory 10000 entries are listed, and the page says that there are more" {
	mkdir "$WWW/list"
	(cd "$WWW/list" && seq 10001 | xargs touch)
	start_server --listing
	[ "$(get "$URL/list/?format=json" | jq length)" = 10000 ]
	run get "$URL/list/"
	assert_output_has 'There are more.'
	rm "$WWW/list/1"
	all() { [[ $(get "$URL/list/") != *'There are more.'* ]]; }
	wait_for all
	[ "$(get "$URL/list/?format=json" | jq length)" = 10000 ]
}

@test "httpd: with --user it keeps no right, no group and no way back" {
	require root
	require command setpriv
	chmod 755 "$BATS_TEST_TMPDIR"
	printf '#!/bin/sh\nexec setpriv --groups 1,2 -- "%s" "$@"\n' "$TINYHTTPD" >"$BATS_TEST_TMPDIR/server"
	chmod +x "$BATS_TEST_TMPDIR/server"
	TINYHTTPD=$BATS_TEST_TMPDIR/server start_server --user 65534:65533 --log common
	[ "$(get "$URL/ten.txt")" = 0123456789 ]
	local task line
	for task in /proc/"$SERVER"/task/*; do
		for line in $'Uid:\t65534\t65534\t65534\t65534' $'Gid:\t65533\t65533\t65533\t65533' \
			'Groups:[[:space:]]*' $'CapPrm:\t0*' $'CapEff:\t0*' $'CapAmb:\t0*'; do
			grep -qx "$line" "$task/status" || fail "$line: $(grep "^${line%%:*}" "$task/status")"
		done
	done
}

@test "httpd: the log of a server with --user is that user's, to be opened again and made anew" {
	require root
	local log=$BATS_TEST_TMPDIR/log/access
	chmod 755 "$BATS_TEST_TMPDIR"
	mkdir "$BATS_TEST_TMPDIR/log"
	chown 65534:65533 "$BATS_TEST_TMPDIR/log"
	start_server --user 65534:65533 --log common --log-file "$log"
	lines() { [ "$(cat "$log" "$log".? 2>/dev/null | wc -l)" = "$1" ]; }
	[ "$(stat -c %u:%g:%a "$log")" = 65534:65533:640 ]
	get -o /dev/null "$URL/ten.txt"
	wait_for lines 1
	kill -USR1 "$SERVER" # the same file
	get -o /dev/null "$URL/ten.txt"
	wait_for lines 2
	mv "$log" "$log.1"
	kill -USR1 "$SERVER"
	wait_for test -e "$log"
	[ "$(stat -c %u:%g "$log")" = 65534:65533 ]
	get -o /dev/null "$URL/ten.txt"
	wait_for lines 3
	[ "$(wc -l <"$log")" = 1 ]
	run cat "$BATS_TEST_TMPDIR/err"
	[[ $output != *reopen* ]]
}

@test "httpd: a log is not written through a symbolic link, which is its user's to make" {
	local log=$BATS_TEST_TMPDIR/access
	echo precious >"$BATS_TEST_TMPDIR/other"
	ln -s other "$log"
	run timeout 5 "$TINYHTTPD" -l 127.0.0.1:0 --log common --log-file "$log" "$WWW"
	assert_status 1
	assert_one_line
	rm "$log"
	start_server --log common --log-file "$log"
	rm "$log"
	ln -s other "$log"
	kill -USR1 "$SERVER"
	wait_for grep -q 'reopen the log' "$BATS_TEST_TMPDIR/err"
	[ "$(get "$URL/ten.txt")" = 0123456789 ]
	[ "$(cat "$BATS_TEST_TMPDIR/other")" = precious ]
}

@test "httpd: a log that may not grow any more costs the log, and nobody an answer" {
	local i
	printf '#!/bin/bash\nulimit -f 1\nexec "%s" "$@"\n' "$TINYHTTPD" >"$BATS_TEST_TMPDIR/server"
	chmod +x "$BATS_TEST_TMPDIR/server"
	TINYHTTPD=$BATS_TEST_TMPDIR/server start_server --log common --log-file "$BATS_TEST_TMPDIR/log"
	for i in $(seq 30); do get -o /dev/null "$URL/ten.txt"; done
	wait_for grep -q 'lines of the access log were lost' "$BATS_TEST_TMPDIR/err"
	[ "$(get "$URL/ten.txt")" = 0123456789 ]
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/log")" = 1024 ]
}

@test "httpd: sockets that were meant for another process are not touched, and 8080 is the port" {
	require root
	cat >"$BATS_TEST_TMPDIR/server" <<-'EOF'
		#!/usr/bin/env python3
		import os, socket, sys
		s = socket.create_server(("127.0.0.1", 0))
		os.dup2(s.fileno(), 3)
		os.set_inheritable(3, True)
		os.environ.update(LISTEN_FDS="1", LISTEN_PID="1")
		os.execv(sys.argv[1], sys.argv[1:])
	EOF
	chmod +x "$BATS_TEST_TMPDIR/server"
	unshare --net sh -c 'ip link set lo up && exec "$@"' net "$BATS_TEST_TMPDIR/server" "$TINYHTTPD" "$WWW" \
		2>"$BATS_TEST_TMPDIR/err" 3>&- &
	SERVER=$!
	wait_for grep -q '/$' "$BATS_TEST_TMPDIR/err"
	run cat "$BATS_TEST_TMPDIR/err"
	assert_one_line
	[[ $output == *:8080/ ]]
	[ "$(nsenter --target "$SERVER" --net curl -sS --max-time 10 http://127.0.0.1:8080/ten.txt)" = 0123456789 ]
}

@test "httpd: a root that its user may not enter is one sentence and exit 1" {
	require root
	require command setpriv
	# by relative names: the directories above are not for everybody
	chmod 755 "$BATS_TEST_TMPDIR"
	cp "$TINYHTTPD" "$BATS_TEST_TMPDIR/tinyhttpd"
	cd "$BATS_TEST_TMPDIR"
	chmod 700 www
	run setpriv --reuid 65534 --regid 65534 --clear-groups timeout 5 ./tinyhttpd -l 127.0.0.1:0 www
	assert_status 1
	assert_one_line
	assert_output_has 'tinyhttpd: '
	assert_output_has 'www: Permission denied'
	# and one above it
	mkdir -p closed/www
	chmod 700 closed
	run setpriv --reuid 65534 --regid 65534 --clear-groups timeout 5 ./tinyhttpd -l 127.0.0.1:0 closed/www
	assert_status 1
	assert_one_line
	assert_output_has 'tinyhttpd: '
	assert_output_has 'closed/www: Permission denied'
}
