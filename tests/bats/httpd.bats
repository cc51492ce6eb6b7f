#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# tinyhttpd as its clients see it: a server of each test's own, on a port that the kernel chose, only
# on the loopback.

load helpers

setup() {
	test_setup
	require command curl
	WWW=$BATS_TEST_TMPDIR/www
	mkdir -p "$WWW/sub"
	echo '<h1>hello</h1>' >"$WWW/index.html"
	echo 'sub' >"$WWW/sub/index.html"
	printf '0123456789' >"$WWW/ten.txt"
}

teardown() {
	stop_server
	test_teardown
}

start_server() {
	# fd 3 belongs to bats
	"$TINYHTTPD" --listen 127.0.0.1:0 "$@" "$WWW" 2>"$BATS_TEST_TMPDIR/err" \
		>"$BATS_TEST_TMPDIR/out" 3>&- &
	SERVER=$!
	read_url
}

# Of the line that says that the server is ready.
read_url() {
	wait_for grep -q '/$' "$BATS_TEST_TMPDIR/err"
	URL=$(sed -n 's/^tinyhttpd: serving .* on \(.*\)\/$/\1/p' "$BATS_TEST_TMPDIR/err")
	PORT=${URL##*:}
}

stop_server() {
	[ -n "$SERVER" ] || return 0
	kill -KILL "$SERVER" 2>/dev/null
	wait "$SERVER" 2>/dev/null
	SERVER=
}

get() {
	curl -sS --max-time 10 --path-as-is "$@"
}

# The status of a path as it stands.
status_of_path() {
	get -o /dev/null -w '%{http_code}' "$URL$1"
}

# Sends the bytes of a printf format, then reads until the server ends the connection.
raw() {
	timeout 10 bash -c 'exec 4<>"/dev/tcp/127.0.0.1/$1" && printf "$2" >&4 && cat <&4' raw "$PORT" "$1"
}

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
	[ "$(get -r 0-1,3-4 "$URL/ten.txt")" = 0123456789 ]
	# from the descriptor of a large file as well
	head -c 300000 /dev/urandom >"$WWW/large"
	cmp <(get -r 100000-250000 "$URL/large") <(tail -c +100001 "$WWW/large" | head -c 150001)
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
	start_server
	[ "$(status_of_path /fifo)" = 404 ]
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
	run raw "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n$good"
	[[ $output == 'HTTP/1.1 501 '* && $output != *0123456789* ]]
}

@test "httpd: a body is thrown away and the next request is answered" {
	start_server
	run raw 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /GET /ten.txt HTTP/1.0\r\n\r\n'
	assert_output_has '405 Method Not Allowed'
	assert_output_has 0123456789
}

@test "httpd: a body that is too large is refused, and the client reads the answer" {
	start_server
	head -c 20000000 /dev/zero >"$BATS_TEST_TMPDIR/body"
	run get -i -H 'Expect:' --data-binary "@$BATS_TEST_TMPDIR/body" "$URL/"
	assert_output_has '413 Content Too Large'
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
	start_server --header-timeout 1 --idle-timeout 1
	local began=$SECONDS
	run raw ''
	[ -z "$output" ]
	run raw 'GET /ten.txt HTTP/1.1\r\nHost: a\r\n\r\n'
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
	exec 5>&-
	[ $((SECONDS - began)) -le 5 ]
}

@test "httpd: beyond the most connections, the one idle for longest makes room" {
	start_server --workers 1 --max-connections 2
	exec 5<>"/dev/tcp/127.0.0.1/$PORT" 6<>"/dev/tcp/127.0.0.1/$PORT"
	run get "$URL/ten.txt"
	assert_output_is 0123456789
	# the oldest is gone, the other lives
	[ -z "$(timeout 5 cat <&5)" ]
	printf 'GET /ten.txt HTTP/1.0\r\n\r\n' >&6
	run timeout 5 cat <&6
	assert_output_has 0123456789
	exec 5>&- 6>&-
}

@test "httpd: without descriptors it goes on for those it has, and for others afterwards" {
	(
		ulimit -n 64
		start_server --workers 1 --max-connections 1000
		declare -p SERVER URL PORT >"$BATS_TEST_TMPDIR/server"
	)
	# shellcheck disable=SC1090
	source <(sed 's/^declare --/declare -g/' "$BATS_TEST_TMPDIR/server")
	local fds=() fd i
	for i in $(seq 100); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$PORT"
		printf 'GET / HTTP/1.1\r\n' >&"$fd"
		fds+=("$fd")
	done
	printf 'Host: a\r\nConnection: close\r\n\r\n' >&"${fds[0]}"
	run timeout 5 cat <&"${fds[0]}"
	assert_output_has hello
	for fd in "${fds[@]}"; do exec {fd}>&-; done
	served() { [ "$(status_of_path /ten.txt)" = 200 ]; }
	wait_for served
}

@test "httpd: SIGTERM lets an answer be completed and then ends it, with status 0" {
	head -c 8000000 /dev/urandom >"$WWW/big"
	start_server
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	get --limit-rate 4M "$URL/big" 3>&- 5>&- | sha256sum >"$BATS_TEST_TMPDIR/sum" &
	local reader=$!
	sleep 0.3
	kill -TERM "$SERVER"
	wait "$reader"
	[ "$(cat "$BATS_TEST_TMPDIR/sum")" = "$(sha256sum <"$WWW/big")" ]
	wait "$SERVER"
	SERVER=
	exec 5>&-
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
	run cat "$BATS_TEST_TMPDIR/out"
	[[ ${lines[0]} =~ ^127\.0\.0\.1\ -\ -\ \[.*\ \+0000\]\ \"GET\ /ten\.txt\ HTTP/1\.1\"\ 200\ 10$ ]]
	[[ ${lines[1]} == *'"GET /%0a\x22x HTTP/1.1" 404 '* ]]
}

@test "httpd: a mistake is one sentence and exit 1" {
	local args
	for args in --frob --root=/does/not/exist --listen=nowhere --workers=0 --user=root 'a b' \
		--root=/etc/hostname; do
		# shellcheck disable=SC2086
		run "$TINYHTTPD" -l 127.0.0.1:0 $args
		assert_status 1
		assert_one_line
		assert_output_has 'tinyhttpd: '
	done
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

fail() {
	echo "$*" >&2
	return 1
}
