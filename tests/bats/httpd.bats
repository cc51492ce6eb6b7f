#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# tinyhttpd as its clients see it: a server of each test's own, on a port that the kernel chose, only
# on the loopback.
#
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own

load helpers
load httpd

@test "httpd: a page arrives with its type, length, date and validators" {
	start_server
	run get -i "$URL/"
	assert_status 0
	assert_output_has 'HTTP/1.1 200 OK'
	assert_output_has 'Content-Type: text/html; charset=utf-8'
	assert_output_has 'Content-Length: 15'
	assert_output_has 'X-Content-Type-Options: nosniff'
	assert_output_has 'Date: '
	assert_output_has 'Last-Modified: '
	assert_output_has 'ETag: "'
	assert_output_has '<h1>hello</h1>'
}

@test "httpd: HEAD is GET without the body" {
	start_server
	get -o /dev/null -D "$BATS_TEST_TMPDIR/get" "$URL/ten.txt"
	get -I -o "$BATS_TEST_TMPDIR/head" "$URL/ten.txt"
	diff <(grep -v '^Date' "$BATS_TEST_TMPDIR/get") <(grep -v '^Date' "$BATS_TEST_TMPDIR/head")
	run raw 'HEAD /ten.txt HTTP/1.0\r\n\r\n'
	[[ $output != *0123456789* ]]
}

@test "httpd: OPTIONS and 405 say what is allowed" {
	start_server
	run get -i -X OPTIONS "$URL/"
	assert_output_has '204 No Content'
	assert_output_has 'Allow: GET, HEAD, OPTIONS'
	run get -i -d body "$URL/"
	assert_output_has '405 Method Not Allowed'
	assert_output_has 'Allow: GET, HEAD, OPTIONS'
	run raw 'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
	assert_output_has '204 No Content'
}

@test "httpd: what is not there is 404, what may not be read 403" {
	start_server --user 65534:65534
	chmod 755 "$BATS_TEST_TMPDIR"
	echo secret >"$WWW/secret"
	chmod 600 "$WWW/secret"
	[ "$(status_of_path /missing)" = 404 ]
	[ "$(status_of_path /ten.txt/x)" = 404 ]
	[ "$(status_of_path /secret)" = 403 ]
	[ "$(status_of_path /ten.txt)" = 200 ]
}

@test "httpd: a directory is redirected to itself with a slash, and to no other host" {
	start_server
	mkdir "$WWW/a b"
	run get -i "$URL/sub?x=1"
	assert_output_has '301 Moved Permanently'
	assert_output_has 'Location: /sub/?x=1'
	run get -i "$URL/a%20b"
	assert_output_has 'Location: /a%20b/'
	run get -i "$URL//sub"
	assert_output_has 'Location: /sub/'
	[ "$(get "$URL/sub/")" = sub ]
	# a directory by the name of a host
	mkdir -p "$WWW/evil.example"
	run get -i "$URL//evil.example"
	assert_output_has 'Location: /evil.example/'
}

@test "httpd: two requests go over one connection" {
	start_server
	run get -o /dev/null -o /dev/null -w '%{num_connects}\n' "$URL/" "$URL/ten.txt"
	assert_output_is $'1\n0'
}

@test "httpd: pipelined requests are answered in order" {
	start_server
	local request='GET /ten.txt HTTP/1.1\r\nHost: a\r\n\r\n' many='' i
	for i in $(seq 200); do many+=$request; done
	run raw "${many}GET /sub/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	[ "$(grep -c 0123456789 <<<"$output")" = 200 ]
	[ "${lines[-1]}" = sub ]
}

@test "httpd: a request may come one byte at a time" {
	start_server
	# shellcheck disable=SC2016
	run timeout 10 bash -c 'exec 4<>"/dev/tcp/127.0.0.1/$1" || exit 1
		text=$(printf "GET /ten.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nx")
		for ((i = 0; i < ${#text} - 1; i++)); do printf %s "${text:i:1}" >&4; done; cat <&4' slow "$PORT"
	assert_output_has '200 OK'
	assert_output_has 0123456789
}

@test "httpd: HTTP/1.0 closes unless it was asked to stay" {
	start_server
	run raw 'GET /ten.txt HTTP/1.0\r\n\r\n'
	assert_output_has 'Connection: close'
	assert_output_has 0123456789
	run raw 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /ten.txt HTTP/1.0\r\n\r\n'
	assert_output_has 'Connection: keep-alive'
	assert_output_has 0123456789
}

@test "httpd: ranges" {
	start_server
	[ "$(get -r 2-4 "$URL/ten.txt")" = 234 ]
	[ "$(get -r 7- "$URL/ten.txt")" = 789 ]
	[ "$(get -r -1 "$URL/ten.txt")" = 9 ]
	run get -i -r 2-4 "$URL/ten.txt"
	assert_output_has '206 Partial Content'
	assert_output_has 'Content-Range: bytes 2-4/10'
	run get -i -r 10- "$URL/ten.txt"
	assert_output_has '416 Range Not Satisfiable'
	assert_output_has 'Content-Range: bytes */10'
	run get -i -r 0-1,3-4 "$URL/ten.txt"
	assert_output_has '206 Partial Content'
	assert_output_has 'Content-Type: multipart/byteranges; boundary='
	assert_output_has 'Content-Range: bytes 0-1/10'
	assert_output_has 'Content-Range: bytes 3-4/10'
	# from the descriptor of a large file as well
	head -c 300000 /dev/urandom >"$WWW/large"
	cmp <(get -r 100000-250000 "$URL/large") <(tail -c +100001 "$WWW/large" | head -c 150001)
	# and from memory, where a file of this size is from its second answer on: short and long pieces
	head -c 100000 "$WWW/large" >"$WWW/medium"
	for _ in 1 2 3; do
		cmp <(get -r 1000-9999 "$URL/medium") <(tail -c +1001 "$WWW/medium" | head -c 9000)
		cmp <(get -r 1000-90999 "$URL/medium") <(tail -c +1001 "$WWW/medium" | head -c 90000)
	done
}

@test "httpd: a file of some KB is whole behind other answers, too" {
	start_server
	local small='GET /ten.txt HTTP/1.1\r\nHost: a\r\n\r\n' medium
	medium=${small/ten.txt/medium}
	head -c 10240 /dev/urandom >"$WWW/medium"
	for _ in 1 2 3; do
		raw "$small$medium$medium$small${medium/1.1/1.0}" >"$BATS_TEST_TMPDIR/five"
		python3 - "$BATS_TEST_TMPDIR/five" "$WWW/ten.txt" "$WWW/medium" <<-'EOF'
			import sys
			answers, ten, medium = (open(f, 'rb').read() for f in sys.argv[1:])
			for want in ten, medium, medium, ten, medium:
			    head, _, answers = answers.partition(b'\r\n\r\n')
			    assert head.startswith(b'HTTP/1.1 200 OK\r\n'), head
			    assert answers.startswith(want)
			    answers = answers[len(want):]
			assert answers == b''
		EOF
	done
}

@test "httpd: a client that has the file is told so" {
	start_server
	local etag modified
	etag=$(get -I "$URL/ten.txt" | sed -n 's/^ETag: \(.*\)\r$/\1/p')
	modified=$(get -I "$URL/ten.txt" | sed -n 's/^Last-Modified: \(.*\)\r$/\1/p')
	run get -i -H "If-None-Match: $etag" "$URL/ten.txt"
	assert_output_has '304 Not Modified'
	[[ $output != *0123456789* ]]
	run get -i -H "If-Modified-Since: $modified" "$URL/ten.txt"
	assert_output_has '304 Not Modified'
	run get -i -H 'If-None-Match: "other"' "$URL/ten.txt"
	assert_output_has '200 OK'
	run get -i -H 'If-Match: "other"' "$URL/ten.txt"
	assert_output_has '412 Precondition Failed'
}

@test "httpd: a file that changes is served as it is a second later" {
	start_server
	[ "$(get "$URL/ten.txt")" = 0123456789 ]
	printf 'abcdefghij' >"$WWW/ten.txt"
	changed() { [ "$(get "$URL/ten.txt")" = abcdefghij ]; }
	wait_for changed
	rm "$WWW/ten.txt"
	gone() { [ "$(status_of_path /ten.txt)" = 404 ]; }
	wait_for gone
}

@test "httpd: no spelling of a path leaves the root" {
	echo secret >"$BATS_TEST_TMPDIR/secret"
	start_server
	local path
	for path in /../secret /sub/../../secret /%2e%2e/secret /.%2e/secret /%2E%2E%2Fsecret \
		/..%2fsecret /sub/..%2f..%2fsecret '/..\secret' /..%5csecret /%252e%252e/secret \
		//../secret /./../secret /sub/%2e%2e/%2e%2e/secret /%c0%ae%c0%ae/secret \
		/..%00/secret /..\;/secret "$BATS_TEST_TMPDIR/secret" "/$BATS_TEST_TMPDIR/secret"; do
		run get -i "$URL$path"
		[[ $output != *secret ]] || fail "$path: $output"
		[[ $output == 'HTTP/1.1 40'[04]* ]] || fail "$path: $output"
	done
	run raw 'GET ../secret HTTP/1.0\r\n\r\n'
	assert_output_has '400 Bad Request'
	run raw 'GET http://a/../secret HTTP/1.0\r\n\r\n'
	assert_output_has '400 Bad Request'
}

@test "httpd: dotfiles do not exist" {
	mkdir "$WWW/.git"
	echo x >"$WWW/.git/config"
	echo x >"$WWW/.htpasswd"
	start_server
	[ "$(status_of_path /.git/config)" = 404 ]
	[ "$(status_of_path /%2egit/config)" = 404 ]
	[ "$(status_of_path /.htpasswd)" = 404 ]
	[ "$(status_of_path /sub/../.htpasswd)" = 404 ]
}

@test "httpd: symlinks are followed inside the root only" {
	echo secret >"$BATS_TEST_TMPDIR/secret"
	ln -s ../secret "$WWW/out"
	ln -s "$BATS_TEST_TMPDIR/secret" "$WWW/absolute"
	ln -s .. "$WWW/up"
	ln -s /proc/self/root "$WWW/magic"
	ln -s ten.txt "$WWW/in"
	start_server
	local path
	for path in /out /absolute /up /up/secret /magic /magic/etc/passwd; do
		[ "$(status_of_path "$path")" = 404 ] || fail "$path"
	done
	[ "$(get "$URL/in")" = 0123456789 ]
}

@test "httpd: a FIFO, a socket or a device is not found and holds nobody" {
	mkfifo "$WWW/fifo"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$WWW/socket"
	[ -S "$WWW/socket" ]
	start_server
	[ "$(status_of_path /fifo)" = 404 ]
	[ "$(status_of_path /socket)" = 404 ]
	if [ "$(id -u)" = 0 ] && mknod "$WWW/zero" c 1 5 2>/dev/null; then
		[ "$(status_of_path /zero)" = 404 ]
	fi
	[ "$(status_of_path /)" = 200 ]
}

@test "httpd: 50 MB arrive byte for byte, also to four clients at a time" {
	head -c 52428800 /dev/urandom >"$WWW/big"
	start_server
	local want pids=() i
	want=$(sha256sum <"$WWW/big")
	for i in 1 2 3 4; do
		get "$URL/big" 3>&- | sha256sum >"$BATS_TEST_TMPDIR/sum$i" &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in 1 2 3 4; do [ "$(cat "$BATS_TEST_TMPDIR/sum$i")" = "$want" ]; done
}

@test "httpd: a slow reader gets all of it, and others are served meanwhile" {
	head -c 8000000 /dev/urandom >"$WWW/big"
	start_server --workers 1
	get --limit-rate 4M "$URL/big" 3>&- | sha256sum >"$BATS_TEST_TMPDIR/sum" &
	local reader=$!
	[ "$(get --max-time 1 "$URL/ten.txt")" = 0123456789 ]
	wait "$reader"
	[ "$(cat "$BATS_TEST_TMPDIR/sum")" = "$(sha256sum <"$WWW/big")" ]
}

@test "httpd: requests that can be read in two ways are refused, and the connection ends" {
	start_server
	local good='GET /ten.txt HTTP/1.1\r\nHost: a\r\n\r\n' bad
	for bad in \
		'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n' \
		'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n' \
		'GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n' \
		'GET / HTTP/1.1\r\nHost : a\r\n\r\n' \
		'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n' \
		'GET / HTTP/1.1\r\nHost: a\r\nX: \000\r\n\r\n' \
		'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n' \
		'GET / HTTP/1.1\r\n\r\n'; do
		run raw "$bad$good"
		[[ $output == 'HTTP/1.1 400 '* && $output != *0123456789* ]] || fail "$bad: $output"
	done
	run raw "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n$good"
	[[ $output == 'HTTP/1.1 501 '* && $output != *0123456789* ]]
}

@test "httpd: a body is thrown away and the next request is answered" {
	start_server
	run raw 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /GET /ten.txt HTTP/1.0\r\n\r\n'
	assert_output_has '405 Method Not Allowed'
	assert_output_has 0123456789
}

@test "httpd: a chunked body is thrown away to its last byte, and a malformed one ends it" {
	start_server
	local next='GET /ten.txt HTTP/1.0\r\n\r\n' head='POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
	run raw "${head}5;x=y\r\nGET /\r\n0\r\nTrailer: x\r\n\r\n$next"
	assert_output_has '405 Method Not Allowed'
	assert_output_has 0123456789
	local bad
	for bad in '5\nGET /\r\n0\r\n\r\n' '-5\r\nGET /\r\n0\r\n\r\n' '0x0\r\n\r\n' '0\r\n\n' \
		'ffffffffffffffff0\r\n\r\n' 'fffffff\r\n' '0\r\n folded: x\r\n\r\n'; do
		run raw "$head$bad$next"
		[[ $output == *' 405 '* && $output != *0123456789* ]] || fail "$bad: $output"
	done
}

@test "httpd: a body that is too large is refused, and the client reads the answer" {
	start_server
	head -c 20000000 /dev/zero >"$BATS_TEST_TMPDIR/body"
	run get -i -H 'Expect:' --data-binary "@$BATS_TEST_TMPDIR/body" "$URL/"
	assert_output_has '413 Content Too Large'
}

@test "httpd: who reads no answer before it has sent a body that is refused gets it, but not for ever" {
	start_server --workers 1 --body-timeout 4
	python3 - "$PORT" 3>&- <<-'EOF'
		import socket, sys, time
		def post(size):
		    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		    s.settimeout(10)
		    s.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
		    return s
		def whole(s):
		    answer = b""
		    while piece := s.recv(65536):
		        answer += piece
		    assert answer.startswith(b"HTTP/1.1 413 ") and answer.endswith(b"Large\n"), answer
		# at once
		s = post(30000000)
		s.sendall(bytes(30000000))
		whole(s)
		# with pauses, longer than a silent client is waited for
		silent = post(1 << 40)
		whole(silent)
		s = post(100000)
		for _ in range(5):
		    time.sleep(0.6)
		    s.sendall(bytes(20000))
		whole(s)
		try:
		    for _ in range(2):
		        silent.sendall(b"x")
		        time.sleep(0.2)
		    sys.exit("a silent client is waited for")
		except OSError:
		    pass
		# without an end
		s, began = post(1 << 40), time.monotonic()
		try:
		    while time.monotonic() < began + 20:
		        s.sendall(bytes(1000))
		        time.sleep(0.01)
		    sys.exit("it is read for ever")
		except OSError:
		    pass
	EOF
}

@test "httpd: limits of the head are 414 and 431, other versions 505" {
	start_server
	local long
	long=$(head -c 9000 /dev/zero | command tr '\0' a)
	[ "$(status_of_path "/$long")" = 414 ]
	[ "$(get -o /dev/null -w '%{http_code}' -H "X: $long$long" "$URL/")" = 431 ]
	run raw 'GET / HTTP/3.0\r\n\r\n'
	assert_output_has '505 HTTP Version Not Supported'
}

@test "httpd: random bytes are 400 and do no harm" {
	start_server
	local i
	for i in 1 2 3 4 5; do
		head -c 100000 /dev/urandom |
			timeout 10 bash -c "exec 4<>/dev/tcp/127.0.0.1/$PORT; cat >&4; cat <&4" >/dev/null 2>&1 || :
	done
	[ "$(status_of_path /)" = 200 ]
}

@test "httpd: a head that comes a byte at a time is cut off at its deadline" {
	start_server --header-timeout 1
	local began=$SECONDS
	# shellcheck disable=SC2016
	run timeout 20 bash -c 'exec 4<>"/dev/tcp/127.0.0.1/$1" || exit 1; trap "" PIPE
		(printf "GET / HTTP/1.1\r\nX: "; for i in $(seq 60); do printf x || break; sleep 0.1; done) >&4 2>/dev/null &
		cat <&4; kill $!' slow "$PORT"
	assert_output_has '408 Request Timeout'
	[ $((SECONDS - began)) -le 4 ]
}

@test "httpd: a connection that says nothing is closed" {
	local began=$SECONDS
	start_server --header-timeout 1 --idle-timeout 60
	run raw ''
	assert_status 0
	[ -z "$output" ]
	stop_server
	start_server --header-timeout 60 --idle-timeout 1
	run raw 'GET /ten.txt HTTP/1.1\r\nHost: a\r\n\r\n'
	assert_status 0
	assert_output_has 0123456789
	[ $((SECONDS - began)) -le 6 ]
}

@test "httpd: a client that takes nothing is dropped at the send timeout" {
	head -c 52428800 /dev/zero >"$WWW/big"
	start_server --send-timeout 1
	local began=$SECONDS
	connections() { find "/proc/$SERVER/fd" -lname 'socket:*' | wc -l; }
	local before
	before=$(connections)
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'GET /big HTTP/1.1\r\nHost: a\r\n\r\n' >&5
	taken() { [ "$(connections)" -gt "$before" ]; }
	dropped() { [ "$(connections)" -eq "$before" ]; }
	wait_for taken
	wait_for dropped
	# and what the kernel had for it is dropped as well
	run timeout 5 cat <&5
	assert_output_has 'Connection reset by peer'
	exec 5>&-
	[ $((SECONDS - began)) -le 5 ]
}

@test "httpd: beyond the most connections, the one idle for longest makes room" {
	local fd line
	start_server --workers 1 --max-connections 2
	exec 5<>"/dev/tcp/127.0.0.1/$PORT" 6<>"/dev/tcp/127.0.0.1/$PORT"
	for fd in 5 6; do # one request each, so that both are with the server, in this order
		printf 'HEAD /ten.txt HTTP/1.1\r\nHost: a\r\n\r\n' >&$fd
		while read -r -t 5 -u $fd line && [ "$line" != $'\r' ]; do :; done
	done
	run get "$URL/ten.txt"
	assert_output_is 0123456789
	# the oldest is gone, the other lives
	[ -z "$(timeout 5 cat <&5)" ]
	printf 'GET /ten.txt HTTP/1.0\r\n\r\n' >&6
	run timeout 5 cat <&6
	assert_output_has 0123456789
	exec 5>&- 6>&-
}

# A server whose descriptors are all taken by connections that are about to ask for /.  The
# argument is a command for that moment, before the first of them does.
serve_without_descriptors() {
	local fds=() fd i
	(
		ulimit -n 64
		start_server --workers 1 --max-connections 1000
		declare -p SERVER URL PORT >"$BATS_TEST_TMPDIR/server"
	)
	# shellcheck disable=SC1090
	source <(sed 's/^declare --/declare -g/' "$BATS_TEST_TMPDIR/server")
	for i in $(seq 100); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$PORT"
		printf 'GET / HTTP/1.1\r\n' >&"$fd"
		fds+=("$fd")
	done
	"$@"
	printf 'Host: a\r\nConnection: close\r\n\r\n' >&"${fds[0]}"
	run timeout 5 cat <&"${fds[0]}"
	assert_output_has hello
	for fd in "${fds[@]}"; do exec {fd}>&-; done
	served() { [ "$(status_of_path /ten.txt)" = 200 ]; }
	wait_for served
}

@test "httpd: without descriptors it goes on for those it has, and for others afterwards" {
	serve_without_descriptors true
}

@test "httpd: without descriptors a disk thread gets one for a file that is not in memory" {
	echo 3 >/proc/sys/vm/drop_caches 2>/dev/null || skip "caches cannot be dropped here"
	sync "$WWW/index.html"
	drop_caches() { echo 3 >/proc/sys/vm/drop_caches; }
	serve_without_descriptors drop_caches
}

@test "httpd: SIGTERM and SIGINT let an answer be completed, close what is idle, and end it with status 0" {
	local signal reader

	head -c 8000000 /dev/urandom >"$WWW/big"
	for signal in TERM INT; do
		start_server
		exec 5<>"/dev/tcp/127.0.0.1/$PORT"
		get --limit-rate 4M "$URL/big" 3>&- 5>&- | sha256sum >"$BATS_TEST_TMPDIR/sum" &
		reader=$!
		sleep 0.3
		kill "-$signal" "$SERVER"
		wait "$reader"
		[ "$(cat "$BATS_TEST_TMPDIR/sum")" = "$(sha256sum <"$WWW/big")" ]
		[ -z "$(timeout 5 cat <&5)" ]
		wait "$SERVER"
		SERVER=
		exec 5>&-
	done
}

@test "httpd: as PID 1 it serves from a read-only root without /etc, and SIGTERM ends it" {
	require root
	local top=$BATS_TEST_TMPDIR/top
	mkdir -p "$top/www"
	cp "$TINYHTTPD" "$top/tinyhttpd"
	! ldd "$TINYHTTPD" 2>/dev/null | grep -q '=>' || skip "a sanitized build is not static"
	echo inside >"$top/www/index.html"
	# shellcheck disable=SC2016
	unshare --mount --pid --fork --kill-child bash -c 'mount --bind "$1" "$1" &&
		mount -o remount,bind,ro "$1" && exec chroot "$1" /tinyhttpd -l 127.0.0.1:0 \
		--user 65534:65534 /www' x "$top" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	local parent=$! child
	read_url
	[ "$(get "$URL/")" = inside ]
	child=$(pgrep -P "$parent")
	grep -q '^Uid:.65534.65534.65534.65534$' "/proc/$child/status"
	kill -TERM "$child"
	wait "$parent"
}

@test "httpd: the access log has a line a request, and a client cannot forge one" {
	start_server --log common
	get -o /dev/null "$URL/ten.txt"
	get -o /dev/null "$URL/%0a\"x"
	logged() { [ "$(wc -l <"$BATS_TEST_TMPDIR/out")" = 2 ]; }
	wait_for logged
	# each worker has a queue of its own: two connections may be written in either order
	grep -Eq '^127\.0\.0\.1 - - \[.* \+0000\] "GET /ten\.txt HTTP/1\.1" 200 10$' "$BATS_TEST_TMPDIR/out"
	grep -Fq '"GET /%0a\x22x HTTP/1.1" 404 ' "$BATS_TEST_TMPDIR/out"
}

@test "httpd: the access log counts the bytes that left, not those that were promised" {
	head -c 30000000 /dev/zero >"$WWW/big"
	start_server --log common --workers 1
	cmp <(get "$URL/big") "$WWW/big"
	get -o /dev/null -r 5-1000004,2000000-2000009 "$URL/big"
	get -o /dev/null -I "$URL/big"
	python3 - "$PORT" 3>&- <<-'EOF'
		import socket, struct, sys
		s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		s.send(b"GET /big HTTP/1.1\r\nHost: a\r\nX: aborted\r\n\r\n")
		s.recv(1000)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		s.close()
	EOF
	logged() { [ "$(wc -l <"$BATS_TEST_TMPDIR/out")" = 4 ]; }
	wait_for logged
	local lines bytes
	mapfile -t lines <"$BATS_TEST_TMPDIR/out"
	[[ ${lines[0]} == *'"GET /big HTTP/1.1" 200 30000000' ]]
	# both parts, and what stands around them
	bytes=${lines[1]##* }
	[[ ${lines[1]} == *'" 206 '* && $bytes -gt 1000010 && $bytes -lt 1001000 ]]
	[[ ${lines[2]} == *'"HEAD /big HTTP/1.1" 200 0' ]]
	bytes=${lines[3]##* }
	[[ ${lines[3]} == *'"GET /big HTTP/1.1" 200 '* && $bytes -gt 0 && $bytes -lt 30000000 ]]
}

@test "httpd: a mistake is one sentence and exit 1, or 2 when it is in the command line" {
	local args
	mkfifo "$BATS_TEST_TMPDIR/fifo" # a log that nobody reads would be waited for
	for args in --root=/does/not/exist --root=/etc/hostname "-r $WWW --log=common --log-file=/does/not/exist" \
		"-r $WWW --log=common --log-file=$BATS_TEST_TMPDIR/fifo" "-r $WWW --mime-types=/does/not/exist" \
		"-r $WWW --mime-types=$BATS_TEST_TMPDIR/fifo"; do
		# shellcheck disable=SC2086
		run timeout -k 1 5 "$TINYHTTPD" -l 127.0.0.1:0 $args
		assert_status 1
		assert_one_line
		assert_output_has 'tinyhttpd: '
	done
	for args in --frob --listing=1 -xV --listen=nowhere --workers=0 --user=root 'a b'; do
		# shellcheck disable=SC2086
		run "$TINYHTTPD" -l 127.0.0.1:0 $args
		assert_status 2
		assert_one_line
		assert_output_has 'tinyhttpd: '
	done
	run "$TINYHTTPD" -xV
	assert_output_has '-x is not an option'
	run "$TINYHTTPD" --listing=1
	assert_output_has '--listing takes no value'
	start_server
	run "$TINYHTTPD" --listen "127.0.0.1:$PORT" "$WWW"
	assert_status 1
	assert_one_line
	assert_output_has 'Address already in use'
}

@test "httpd: --help names every option of the manual page, --version is one line" {
	run "$TINYHTTPD" --version
	assert_status 0
	assert_one_line
	run "$TINYHTTPD" --help
	assert_status 0
	local option
	while read -r option; do
		grep -q -- "Fl -${option#--}" "$TOP/man/tinyhttpd.8" || fail "$option is not in the manual"
	done < <(grep -o -- '--[a-z-]*' <<<"$output")
}

@test "httpd: hundreds of ranges are answered with the whole, never with more" {
	start_server
	local many=0- i
	for i in $(seq 200); do many+=,0-; done
	[ "$(get -r "$many" "$URL/ten.txt")" = 0123456789 ]
	run get -i -r 0-0,2-2,4-4,6-18446744073709551615 "$URL/ten.txt"
	assert_output_has 'Content-Range: bytes 6-9/10'
	# the parts of a large file, put together again
	head -c 300000 /dev/urandom >"$WWW/large"
	get -r 0-99999,200000- "$URL/large" >"$BATS_TEST_TMPDIR/parts"
	python3 - "$BATS_TEST_TMPDIR/parts" "$WWW/large" <<-'EOF' || fail "the parts differ"
		import sys
		parts, whole = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read()
		boundary = parts[2:].split(b"\r\n", 1)[0]
		pieces = parts.split(b"\r\n" + boundary)
		bodies = [p.split(b"\r\n\r\n", 1)[1] for p in pieces[1:-1]]
		assert pieces[-1] == b"--\r\n", pieces[-1]
		assert bodies == [whole[:100000], whole[200000:]]
	EOF
}

@test "httpd: If-Range gives a part of the same version only" {
	start_server
	local etag
	etag=$(get -I "$URL/ten.txt" | sed -n 's/^ETag: \(.*\)\r$/\1/p')
	[ "$(get -r 2-4 -H "If-Range: $etag" "$URL/ten.txt")" = 234 ]
	[ "$(get -r 2-4 -H 'If-Range: "other"' "$URL/ten.txt")" = 0123456789 ]
}

@test "httpd: a precompressed sibling is served to who takes it" {
	echo plain >"$WWW/a.css"
	echo gzipped >"$WWW/a.css.gz"
	echo brotli >"$WWW/a.css.br"
	echo zstandard >"$WWW/a.css.zst"
	echo gzipped >"$WWW/index.html.gz"
	start_server --precompressed
	run get -i -H 'Accept-Encoding: gzip, br;q=0.5' "$URL/a.css"
	assert_output_has 'Content-Encoding: gzip'
	assert_output_has 'Content-Type: text/css; charset=utf-8'
	assert_output_has 'Vary: Accept-Encoding'
	assert_output_has gzipped
	[ "$(get -H 'Accept-Encoding: gzip, br' "$URL/a.css")" = brotli ]
	run get -i -H 'Accept-Encoding: zstd' "$URL/a.css"
	assert_output_has 'Content-Encoding: zstd'
	assert_output_has 'Content-Type: text/css; charset=utf-8'
	assert_output_has zstandard
	[ "$(get -H 'Accept-Encoding: gzip, zstd' "$URL/a.css")" = zstandard ]
	[ "$(get -H 'Accept-Encoding: zstd' "$URL/")" = '<h1>hello</h1>' ]
	[ "$(get -H 'Accept-Encoding: gzip' "$URL/")" = gzipped ]
	run get -i "$URL/a.css"
	assert_output_has plain
	assert_output_has 'Vary: Accept-Encoding'
	[[ $output != *Content-Encoding* ]]
	run get -i -H 'Accept-Encoding: gzip, br' "$URL/ten.txt"
	assert_output_has 0123456789
	[ "$(get -H 'Accept-Encoding: gzip;q=0, br;q=0' "$URL/a.css")" = plain ]
	# each is a representation of its own: in conditions and in ranges
	local etag
	etag=$(get -I -H 'Accept-Encoding: gzip' "$URL/a.css" | sed -n 's/^ETag: \(.*\)\r$/\1/p')
	[ -n "$etag" ]
	run get -i -H 'Accept-Encoding: gzip' -H "If-None-Match: $etag" "$URL/a.css"
	assert_output_has '304 Not Modified'
	assert_output_has 'Vary: Accept-Encoding'
	[[ $output != *Content-Encoding* ]]
	[ "$(get -H 'Accept-Encoding: br' -H "If-None-Match: $etag" "$URL/a.css")" = brotli ]
	[ "$(get -H "If-None-Match: $etag" "$URL/a.css")" = plain ]
	run get -i -r 2-4 -H 'Accept-Encoding: gzip' -H "If-Range: $etag" "$URL/a.css"
	assert_output_has 'Content-Range: bytes 2-4/8'
	assert_output_has 'Content-Encoding: gzip'
	[ "${lines[-1]}" = ipp ]
	[ "$(get -r 2-4 -H "If-Range: $etag" "$URL/a.css")" = plain ]
	# of a directory, what lies beside the index file that it has
	echo first >"$WWW/sub/index.html.gz"
	mv "$WWW/sub/index.html" "$WWW/sub/second.html"
	echo second >"$WWW/sub/second.html.gz"
	stop_server
	start_server --precompressed --index index.html --index second.html
	[ "$(get -H 'Accept-Encoding: gzip' "$URL/sub/")" = second ]
	[ "$(get -H 'Accept-Encoding: gzip' "$URL/")" = gzipped ]
}

@test "httpd: a listing is asked for, sorted, escaped, and JSON for programs" {
	mkdir "$WWW/list"
	touch "$WWW/list/<img src=x onerror=alert(1)>" "$WWW/list/javascript:x" "$WWW/list/.hidden"
	ln -s /etc/passwd "$WWW/list/outside"
	mkfifo "$WWW/list/fifo"
	head -c 100 /dev/zero >"$WWW/list/large"
	mkdir "$WWW/list/dir"
	start_server
	[ "$(status_of_path /list/)" = 404 ]
	stop_server
	start_server --listing
	run get -i "$URL/list/"
	assert_output_has '200 OK'
	assert_output_has 'Content-Type: text/html; charset=utf-8'
	assert_output_has 'href="./%3Cimg%20src=x%20onerror=alert(1)%3E"'
	assert_output_has 'href="./dir/"'
	[[ $output != *'<img'* && $output != *'"javascript:'* && $output != *hidden* ]]
	[[ $output != *outside* && $output != *fifo* ]]
	assert_output_has 'Vary: Accept'
	run get -H 'Accept: application/json' "$URL/list/?sort=size&order=desc"
	[ "$(jq -r 'map(select(.type == "file"))[0].name' <<<"$output")" = large ]
	[ "$(jq -r 'map(select(.type == "directory"))[0].name' <<<"$output")" = dir ]
	[ "$(get -H 'Accept: application/json' -H 'Accept: text/html' "$URL/list/" | jq -r length)" -gt 0 ]
	# it is there, but has neither a tag nor a date
	run get -i -H 'If-None-Match: *' "$URL/list/"
	[[ $output == 'HTTP/1.1 304 '* && $output != *$'\n'ETag:* && $output != *Content-* ]]
	run get -i -H 'If-Match: "x"' "$URL/list/"
	[[ $output == 'HTTP/1.1 412 '*'412 Precondition Failed' ]]
	run get -i -H 'If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT' -H 'Range: bytes=0-0' "$URL/list/"
	[[ $output == 'HTTP/1.1 200 '* ]]
	[ "$(get "$URL/sub/")" = sub ]
	[ "$(status_of_path /missing/)" = 404 ]
}

@test "httpd: a listing is of no directory that is hidden, and of none that was not asked for" {
	local path
	mkdir -p "$WWW/.git/objects" "$WWW/list/.cache"
	touch "$WWW/.git/config"
	rm "$WWW/index.html"
	start_server --listing
	for path in /.git/ /.git/objects/ /%2egit/ /sub/../.git/ /list/.cache/ '/.git/?format=json' \
		/x%2fy /sub%2f; do
		[ "$(status_of_path "$path")" = 404 ] || fail "$path"
	done
	[ "$(status_of_path /list/)" = 200 ]
	stop_server
	start_server --listing --dotfiles
	run get "$URL/.git/"
	assert_output_has '>config</a>'
}

@test "httpd: Cache-Control by pattern, CORS by origin" {
	echo x >"$WWW/a.css"
	start_server --cache-control '*.css=public, max-age=60' --cache-control '*=no-cache' \
		--cors https://app.example
	run get -i "$URL/a.css"
	assert_output_has 'Cache-Control: public, max-age=60'
	assert_output_has 'Vary: Origin'
	[[ $output != *Access-Control-Allow-Origin* ]]
	run get -i -H 'Origin: https://app.example' "$URL/ten.txt"
	assert_output_has 'Cache-Control: no-cache'
	assert_output_has 'Access-Control-Allow-Origin: https://app.example'
	assert_output_has 'Access-Control-Expose-Headers: Accept-Ranges, Content-Range, ETag'
	run get -i -X OPTIONS -H 'Origin: https://app.example' \
		-H 'Access-Control-Request-Method: GET' "$URL/ten.txt"
	assert_output_has 'Access-Control-Allow-Methods: GET, HEAD, OPTIONS'
	run get -i -H 'Origin: https://evil.example' "$URL/ten.txt"
	[[ $output != *Access-Control-Allow-Origin* ]]
	stop_server
	start_server --cors https://app.example --precompressed
	run get -i "$URL/a.css"
	assert_output_has 'Vary: Origin, Accept-Encoding'
	stop_server
	start_server --cors '*' --precompressed
	run get -i "$URL/a.css"
	assert_output_has $'\nVary: Accept-Encoding\r'
	assert_output_has 'Access-Control-Allow-Origin: *'
}

@test "httpd: Cache-Control is by the path of the file that is sent" {
	local path
	echo gzipped >"$WWW/sub/second.html.gz"
	mv "$WWW/sub/index.html" "$WWW/sub/second.html"
	start_server --cache-control '/sub/second.html=max-age=1' --cache-control '*.html=max-age=2' \
		--cache-control '/a=max-age=3' --index index.html --index second.html \
		--fallback /index.html --precompressed
	for path in / /index.html /some/route /a%2fb /a; do
		run get -i "$URL$path"
		assert_output_has 'Cache-Control: max-age=2'
	done
	for path in /sub/ /sub/second.html; do
		run get -i "$URL$path"
		assert_output_has 'Cache-Control: max-age=1'
		run get -i -H 'Accept-Encoding: gzip' "$URL$path"
		assert_output_has 'Cache-Control: max-age=1'
		assert_output_has gzipped
	done
	run get -i "$URL/ten.txt"
	[[ $output != *Cache-Control* ]]
}

@test "httpd: error pages, a fallback, other index files, no Server field" {
	echo 'nothing here' >"$WWW/404.html"
	echo app >"$WWW/app.html"
	echo start >"$WWW/sub/start.html"
	mkdir "$WWW/start.html"
	start_server --error-page 404=/404.html --index start.html --index index.html --no-server
	run get -i "$URL/missing"
	assert_output_has '404 Not Found'
	assert_output_has 'nothing here'
	[[ $output != *Server:* ]]
	[ "$(get "$URL/sub/")" = start ]
	[ "$(get "$URL/")" = '<h1>hello</h1>' ]
	stop_server
	start_server --error-page 412=/404.html --error-page 416=/404.html --error-page 405=/404.html \
		--error-page 400=/404.html
	run get -i -H 'If-Match: "x"' "$URL/ten.txt"
	assert_output_has '412 Precondition Failed'
	assert_output_has 'nothing here'
	run get -i -r 10- "$URL/ten.txt"
	assert_output_has '416 Range Not Satisfiable'
	assert_output_has 'Content-Range: bytes */10'
	assert_output_has 'nothing here'
	run get -i -X DELETE "$URL/"
	assert_output_has 'Allow: GET, HEAD, OPTIONS'
	assert_output_has 'nothing here'
	run raw 'GET / HTTP/1.1\n'
	[[ $output == 'HTTP/1.1 400 '*'nothing here' ]]
	stop_server
	start_server --fallback /app.html
	run get -i "$URL/some/route"
	assert_output_has '200 OK'
	assert_output_has app
	[ "$(get "$URL/ten.txt")" = 0123456789 ]
}

@test "httpd: media types of a file are added, and SIGHUP reads it again" {
	echo 'application/x-one zzz' >"$BATS_TEST_TMPDIR/types"
	touch "$WWW/a.zzz"
	start_server --mime-types "$BATS_TEST_TMPDIR/types" --workers 1 # which knows the file from now on
	run get -I "$URL/a.zzz"
	assert_output_has 'Content-Type: application/x-one'
	echo 'application/x-two zzz' >"$BATS_TEST_TMPDIR/types"
	kill -HUP "$SERVER"
	is_two() { [[ $(get -I "$URL/a.zzz") == *application/x-two* ]]; }
	wait_for is_two
	# what cannot be read any more stays as it was
	rm "$BATS_TEST_TMPDIR/types"
	mkdir "$BATS_TEST_TMPDIR/types"
	kill -HUP "$SERVER"
	wait_for grep -q 'go on with the media types of before: ' "$BATS_TEST_TMPDIR/err"
	is_two
}

@test "httpd: --dotfiles and --no-symlinks are policies of the owner" {
	echo dot >"$WWW/.dot"
	ln -s ten.txt "$WWW/link"
	mkdir "$WWW/.well-known"
	echo known >"$WWW/.well-known/x"
	start_server
	[ "$(get "$URL/.well-known/x")" = known ]
	[ "$(status_of_path /.dot)" = 404 ]
	stop_server
	start_server --dotfiles --no-symlinks
	[ "$(get "$URL/.dot")" = dot ]
	[ "$(status_of_path /link)" = 404 ]
	[ "$(status_of_path /../secret)" = 400 ]
}

@test "httpd: the log goes to a file, is opened again at SIGUSR1, and is JSON if wanted" {
	start_server --log json --log-file "$BATS_TEST_TMPDIR/log"
	get -o /dev/null -A $'a"\tb' "$URL/ten.txt"
	logged() { [ "$(wc -l <"$BATS_TEST_TMPDIR/log")" = "$1" ]; }
	wait_for logged 1
	[ "$(jq -r .status <"$BATS_TEST_TMPDIR/log")" = 200 ]
	[ "$(jq -r .request <"$BATS_TEST_TMPDIR/log")" = 'GET /ten.txt HTTP/1.1' ]
	mv "$BATS_TEST_TMPDIR/log" "$BATS_TEST_TMPDIR/log.1"
	kill -USR1 "$SERVER"
	wait_for test -e "$BATS_TEST_TMPDIR/log"
	get -o /dev/null "$URL/"
	wait_for logged 1
}

@test "httpd: a reader of the log that does not read holds nobody, and what was lost is counted" {
	require command wrk
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 7<>"$BATS_TEST_TMPDIR/pipe"
	"$TINYHTTPD" --listen 127.0.0.1:0 --status 127.0.0.1:0 --workers 1 --log common "$WWW" \
		2>"$BATS_TEST_TMPDIR/err" >&7 3>&- 7>&- &
	SERVER=$!
	read_url
	wrk -t1 -c4 -d1s "$URL/ten.txt" >/dev/null 3>&- 7>&-
	[ "$(get --max-time 2 "$URL/ten.txt")" = 0123456789 ]
	get "$(status_url)/-/metrics" >"$BATS_TEST_TMPDIR/metrics"
	[ "$(sed -n 's/^tinyhttpd_log_dropped_total //p' "$BATS_TEST_TMPDIR/metrics")" -gt 0 ]
	[ "$(sed -n 's/^tinyhttpd_log_queue_bytes //p' "$BATS_TEST_TMPDIR/metrics")" -gt 0 ]
	kill -TERM "$SERVER"
	wait "$SERVER"
	SERVER=
	exec 7>&-
	grep -q 'lines of the access log were lost' "$BATS_TEST_TMPDIR/err"
}

@test "httpd: a log on a full disk costs the log, and nobody an answer" {
	start_server --status 127.0.0.1:0 --log common --log-file /dev/full
	for _ in 1 2 3; do [ "$(get "$URL/ten.txt")" = 0123456789 ]; done
	lost() { [ "$(get "$(status_url)/-/metrics" | sed -n 's/^tinyhttpd_log_dropped_total //p')" = 3 ]; }
	wait_for lost
	[ "$(get "$URL/ten.txt")" = 0123456789 ]
	kill -TERM "$SERVER"
	wait "$SERVER"
	SERVER=
	grep -Eq 'tinyhttpd: [0-9]+ lines? of the access log were lost' "$BATS_TEST_TMPDIR/err"
}

@test "httpd: health and metrics are on a listener of their own" {
	start_server --status 127.0.0.1:0 --log common
	[ "$(get "$(status_url)/-/healthz")" = ok ]
	get -o /dev/null "$URL/ten.txt"
	get -o /dev/null "$URL/missing"
	# who asks for health every second does not fill the log
	wait_for grep -q missing "$BATS_TEST_TMPDIR/out"
	run grep -c healthz "$BATS_TEST_TMPDIR/out"
	assert_output_is 0
	run get "$(status_url)/-/metrics"
	assert_output_has 'tinyhttpd_requests_total{code="404"} 1'
	assert_output_has 'tinyhttpd_request_seconds_bucket{le="+Inf"}'
	assert_output_has 'tinyhttpd_connections_total'
	if ! is_sanitized; then # there it has another allocator
		assert_output_has 'tinyhttpd_heap_used_bytes'
		assert_output_has 'tinyhttpd_heap_released_bytes_total'
	fi
	# neither serves what belongs to the other
	[ "$(status_of_path /-/healthz)" = 404 ]
	[ "$(get -o /dev/null -w '%{http_code}' "$(status_url)/ten.txt")" = 404 ]
}

@test "httpd: a unix socket, also where a dead server has left one" {
	local i
	for i in 1 2; do
		start_server --listen "unix:$BATS_TEST_TMPDIR/sock" --log common
		[ "$(get --unix-socket "$BATS_TEST_TMPDIR/sock" http://x/ten.txt)" = 0123456789 ]
		wait_for grep -q '^unix - - ' "$BATS_TEST_TMPDIR/out"
		stop_server
	done
	start_server --listen "unix:$BATS_TEST_TMPDIR/sock"
	run "$TINYHTTPD" --listen "unix:$BATS_TEST_TMPDIR/sock" "$WWW"
	assert_status 1
	assert_output_has 'Address already in use'
	# what is no socket stays, although nobody answers there either
	echo mine >"$BATS_TEST_TMPDIR/file"
	ln -s file "$BATS_TEST_TMPDIR/link"
	for i in file link; do
		run timeout 5 "$TINYHTTPD" --listen "unix:$BATS_TEST_TMPDIR/$i" "$WWW"
		assert_status 1
		assert_one_line
		assert_output_has 'Address already in use'
	done
	[ "$(cat "$BATS_TEST_TMPDIR/link")" = mine ]
	# a server that is alive is not waited for, however busy it is
	run timeout 10 python3 - "$BATS_TEST_TMPDIR/busy" "$TINYHTTPD" "$WWW" 3>&- <<-'EOF'
		import socket, subprocess, sys
		server = socket.socket(socket.AF_UNIX)
		server.bind(sys.argv[1])
		server.listen(0)
		queue = []
		try:
		    while True:
		        queue.append(socket.socket(socket.AF_UNIX))
		        queue[-1].setblocking(False)
		        queue[-1].connect(sys.argv[1])
		except BlockingIOError:
		    pass
		sys.exit(subprocess.run([sys.argv[2], "--listen", "unix:" + sys.argv[1], sys.argv[3]], timeout=5).returncode)
	EOF
	assert_status 1
	assert_one_line
	assert_output_has 'Address already in use'
}

@test "httpd: a socket that was inherited is served" {
	python3 - "$TINYHTTPD" "$WWW" 2>"$BATS_TEST_TMPDIR/err" 3>&- <<-'EOF' &
		import os, socket, sys
		s = socket.create_server(("127.0.0.1", 0))
		os.dup2(s.fileno(), 3)
		os.set_inheritable(3, True)
		os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
		os.execv(sys.argv[1], [sys.argv[1], sys.argv[2]])
	EOF
	SERVER=$!
	read_url
	[[ $URL == http://127.0.0.1:* ]]
	[ "$(get "$URL/ten.txt")" = 0123456789 ]
}

@test "httpd: several sockets are inherited, and one that is none is a mistake" {
	cat >"$BATS_TEST_TMPDIR/server" <<-'EOF'
		import os, socket, sys
		sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
		if sys.argv[1] == "bad":
		    sockets[2] = socket.socket() # which does not listen
		for i, s in enumerate(sockets):
		    s = os.dup(s.fileno())
		    os.dup2(s, 20 + i)
		for i in range(3):
		    os.dup2(20 + i, 3 + i, inheritable=True)
		os.environ.update(LISTEN_FDS=sys.argv[2], LISTEN_PID=str(os.getpid()))
		os.execv(sys.argv[3], sys.argv[3:])
	EOF
	local line args
	for args in 'bad 3' 'good 17' 'good -1' 'good x'; do
		# shellcheck disable=SC2086
		run timeout -k 1 5 python3 "$BATS_TEST_TMPDIR/server" $args "$TINYHTTPD" "$WWW" 3>&-
		assert_status 1
		assert_one_line
		assert_output_has LISTEN_FDS
	done
	python3 "$BATS_TEST_TMPDIR/server" good 3 "$TINYHTTPD" --workers 2 "$WWW" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	SERVER=$!
	served() { [ "$(grep -c '/$' "$BATS_TEST_TMPDIR/err")" = 3 ]; }
	wait_for served
	while read -r line; do
		[ "$(get "${line##* }ten.txt")" = 0123456789 ]
	done <"$BATS_TEST_TMPDIR/err"
}

@test "httpd: --init makes a first page, and leaves one that is there" {
	WWW=$BATS_TEST_TMPDIR/new
	start_server --init
	run get -i "$URL/"
	assert_output_has 'It works'
	[ "$(status_of_path /style.css)" = 200 ]
	stop_server
	echo mine >"$WWW/index.html"
	start_server --init
	[ "$(get "$URL/")" = mine ]
}

@test "httpd: options come from the environment as well" {
	TINYHTTPD_MAX_TARGET=20 TINYHTTPD_NO_SERVER=1 start_server
	[ "$(status_of_path /0123456789012345678901234567890)" = 414 ]
	run get -i "$URL/"
	[[ $output != *Server:* ]]
}

@test "httpd: one address cannot have all connections" {
	start_server --workers 1 --max-connections 100 --max-per-client 2
	exec 5<>"/dev/tcp/127.0.0.1/$PORT" 6<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'GET /' >&5
	printf 'GET /' >&6
	sleep 0.2
	run raw 'GET / HTTP/1.0\r\n\r\n'
	[ -z "$output" ] || [[ $output == *reset* ]]
	exec 5>&- 6>&-
	again() { [ "$(status_of_path /)" = 200 ]; }
	wait_for again
	stop_server
	# and without being told so, half of them
	start_server --workers 1 --max-connections 128
	python3 - "$PORT" 3>&- <<-'EOF'
		import socket, sys
		def ask(text):
		    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		    s.settimeout(10)
		    s.sendall(text)
		    return s
		held = [ask(b"GET /") for _ in range(63)]
		whole = b"GET /ten.txt HTTP/1.1\r\nHost: a\r\n\r\n"
		last = ask(whole)
		assert last.recv(1000).startswith(b"HTTP/1.1 200 ")
		try:
		    assert ask(whole).recv(100) == b""
		except ConnectionError:
		    pass
		last.sendall(whole) # those it has stay
		assert last.recv(1000).startswith(b"HTTP/1.1 200 ")
	EOF
}

@test "httpd: a connection has as many requests as it may" {
	start_server --max-requests 2
	run raw 'GET /ten.txt HTTP/1.1\r\nHost: a\r\n\r\nGET /ten.txt HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'
	[ "$(grep -c 0123456789 <<<"$output")" = 2 ]
	assert_output_has 'Connection: close'
	[[ $output != *hello* ]]
}

@test "httpd: in its sandbox it makes no process, no socket, and reads no other file" {
	start_server --workers 1
	grep -q '^Seccomp:.2$' "/proc/$SERVER/status" || skip "a kernel without seccomp"
	local task
	for task in /proc/"$SERVER"/task/*; do
		grep -q '^Seccomp:.2$' "$task/status"
		grep -q '^NoNewPrivs:.1$' "$task/status"
	done
	[ "$(get "$URL/ten.txt")" = 0123456789 ]
}

@test "httpd: a file that grows, shrinks or is replaced while it is sent does no harm" {
	head -c 20000000 /dev/urandom >"$WWW/big"
	cp "$WWW/big" "$BATS_TEST_TMPDIR/copy"
	start_server --workers 1
	# replaced: the one that was begun with is finished
	get --limit-rate 20M "$URL/big" 3>&- >"$BATS_TEST_TMPDIR/got" &
	local reader=$!
	sleep 0.3
	echo new >"$WWW/big.new"
	mv "$WWW/big.new" "$WWW/big"
	wait "$reader"
	cmp "$BATS_TEST_TMPDIR/got" "$BATS_TEST_TMPDIR/copy"
	# truncated: the client learns that it was not all
	cp "$BATS_TEST_TMPDIR/copy" "$WWW/two"
	get --limit-rate 10M "$URL/two" 3>&- >/dev/null 2>"$BATS_TEST_TMPDIR/curl" &
	reader=$!
	sleep 0.3
	truncate -s 1000000 "$WWW/two"
	run wait "$reader"
	[ "$status" != 0 ]
	# grown: as much as was promised
	cp "$BATS_TEST_TMPDIR/copy" "$WWW/three"
	get --limit-rate 20M "$URL/three" 3>&- >"$BATS_TEST_TMPDIR/got" &
	reader=$!
	sleep 0.3
	echo more >>"$WWW/three"
	wait "$reader"
	cmp "$BATS_TEST_TMPDIR/got" "$BATS_TEST_TMPDIR/copy"
	[ "$(get "$URL/ten.txt")" = 0123456789 ]
}

@test "httpd: 5 GiB are a length like any other" {
	truncate -s 5368709120 "$WWW/huge" || skip "no sparse files here"
	printf end >>"$WWW/huge"
	start_server
	run get -I "$URL/huge"
	assert_output_has 'Content-Length: 5368709123'
	[ "$(get -r 5368709120- "$URL/huge")" = end ]
	[ "$(get -r -3 "$URL/huge")" = end ]
}

@test "httpd: clients that pipeline and never read, or reset in mid-body, leave nothing behind" {
	head -c 3000000 /dev/zero >"$WWW/big"
	start_server --workers 1 --send-timeout 2
	local before
	before=$(find "/proc/$SERVER/fd" | wc -l)
	python3 - "$PORT" 3>&- <<-'EOF'
		import socket, struct, sys
		port = int(sys.argv[1])
		request = b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n"
		def connect():
		    return socket.create_connection(("127.0.0.1", port))
		flood = [connect() for _ in range(20)]
		for s in flood:
		    s.setblocking(False)
		    try:
		        while s.send(request * 1000):
		            pass
		    except BlockingIOError:
		        pass
		for _ in range(200):
		    s = connect()
		    s.send(request)
		    s.recv(1000)
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		    s.close()
	EOF
	[ "$(get --max-time 5 "$URL/ten.txt")" = 0123456789 ]
	# one descriptor of the file may stay in the cache
	back() { [ "$(find "/proc/$SERVER/fd" | wc -l)" -le $((before + 1)) ]; }
	wait_for back
}

@test "httpd: a body that comes a byte at a time is cut off at its deadline" {
	start_server --body-timeout 1
	local began=$SECONDS
	# shellcheck disable=SC2016
	run timeout 20 bash -c 'exec 4<>"/dev/tcp/127.0.0.1/$1" || exit 1; trap "" PIPE
		(printf "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"; for i in $(seq 60); do printf x || break; sleep 0.1; done) >&4 2>/dev/null &
		cat <&4; kill $!' slow "$PORT"
	assert_output_has '405 Method Not Allowed'
	[ $((SECONDS - began)) -le 5 ]
}

@test "httpd: header bombs and endless lines end at the limit" {
	start_server
	run timeout 10 bash -c "exec 4<>/dev/tcp/127.0.0.1/$PORT; { printf 'GET / HTTP/1.1\r\n'; for ((i = 0; i < 5000; i++)); do printf 'A%d: b\r\n' \$i; done; } >&4 2>/dev/null; cat <&4"
	assert_output_has '431 Request Header Fields Too Large'
	run timeout 10 bash -c "exec 4<>/dev/tcp/127.0.0.1/$PORT; { head -c 1000000 /dev/zero | command tr '\0' G; } >&4 2>/dev/null; cat <&4"
	assert_output_has '501 Not Implemented'
	run timeout 10 bash -c "exec 4<>/dev/tcp/127.0.0.1/$PORT; { for ((i = 0; i < 1000; i++)); do printf '\r\n'; done; } >&4 2>/dev/null; cat <&4"
	assert_output_has '400 Bad Request'
}

@test "httpd: what is cold comes through the disk threads, byte for byte" {
	require root
	head -c 9000000 /dev/urandom >"$WWW/cold"
	for i in $(seq 50); do head -c 5000 /dev/urandom >"$WWW/small$i"; done
	start_server --status 127.0.0.1:0 --workers 1
	sync
	echo 3 >/proc/sys/vm/drop_caches 2>/dev/null || skip "caches cannot be dropped here"
	cmp <(get "$URL/cold") "$WWW/cold"
	echo 3 >/proc/sys/vm/drop_caches
	local i
	for i in $(seq 50); do cmp <(get "$URL/small$i") "$WWW/small$i"; done
	run get "$(status_url)/-/metrics"
	[[ $output != *'tinyhttpd_disk_jobs_total 0'* ]]
}

@test "httpd: a content type is never guessed from content" {
	echo '<script>alert(1)</script>' >"$WWW/page.txt"
	echo '<script>alert(1)</script>' >"$WWW/noextension"
	start_server
	run get -i "$URL/page.txt"
	assert_output_has 'Content-Type: text/plain; charset=utf-8'
	assert_output_has 'X-Content-Type-Options: nosniff'
	run get -i "$URL/noextension"
	assert_output_has 'Content-Type: application/octet-stream'
	# nor does an error say what was asked for
	run get -i "$URL/<script>alert(1)"
	[[ $output != *'<script'* ]]
}
