#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# tinyhttpd and the rules of HTTP/1.1 (RFC 9110, RFC 9112), byte by byte on raw sockets.
#
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own

load helpers
load httpd

next='GET /ten.txt HTTP/1.0\r\n\r\n' # what must not be answered behind a request that is refused

# The request $2, a printf format, gets status $1; what follows is not read.
refused() {
	run raw "$2$next"
	[[ $output == "HTTP/1.1 $1 "* ]] || fail "$2: not $1: $output"
	[[ $output == *'Connection: close'* ]] || fail "$2: the connection goes on: $output"
	[[ $output != *0123456789* ]] || fail "$2: what follows was answered: $output"
}

# Gets status $1, and what follows is answered.
answered() {
	run raw "$2$next"
	[[ $output == "HTTP/1.1 $1 "* ]] || fail "$2: not $1: $output"
	[[ $output == *0123456789 ]] || fail "$2: the connection ended: $output"
}

@test "httpd: each status stands where the RFC has it" {
	touch -d '2020-01-01 00:00:00 UTC' "$WWW/ten.txt"
	start_server --header-timeout 1
	local h='HTTP/1.1\r\nHost: a\r\n' long method
	answered 200 "GET /ten.txt $h\r\n"
	answered 200 "GET http://b:80/ten.txt?x=y $h\r\n"
	answered 204 "OPTIONS * $h\r\n"
	answered 204 "OPTIONS /ten.txt $h\r\n"
	answered 206 "GET /ten.txt ${h}Range: bytes=2-4\r\n\r\n"
	answered 301 "GET /sub $h\r\n"
	answered 304 "GET /ten.txt ${h}If-Modified-Since: Wed, 01 Jan 2020 00:00:00 GMT\r\n\r\n"
	answered 304 "GET /ten.txt ${h}If-None-Match: *\r\n\r\n"
	refused 400 "GET / HTTP/1.1\r\n\r\n"
	answered 404 "GET /missing $h\r\n"
	for method in POST PUT PATCH DELETE TRACE; do
		answered 405 "$method / $h\r\n"
	done
	answered 405 "CONNECT a:1 $h\r\n"
	refused 411 'POST / HTTP/1.0\r\n\r\n'
	refused 411 'PUT /ten.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'
	answered 412 "GET /ten.txt ${h}If-Match: \"x\"\r\n\r\n"
	answered 412 "GET /ten.txt ${h}If-Unmodified-Since: Tue, 31 Dec 2019 23:59:59 GMT\r\n\r\n"
	refused 413 "GET / ${h}Content-Length: 1000000000\r\n\r\n"
	long=$(head -c 8001 /dev/zero | command tr '\0' a)
	refused 414 "GET /$long $h\r\n"
	answered 416 "GET /ten.txt ${h}Range: bytes=10-\r\n\r\n"
	answered 417 "GET / ${h}Expect: miracles\r\n\r\n"
	refused 431 "GET / ${h}X: $long\r\nY: $long\r\nZ: $long\r\n\r\n"
	answered 501 "BREW / $h\r\n"
	answered 501 "get / $h\r\n"
	refused 501 "GET / ${h}Transfer-Encoding: gzip, chunked\r\n\r\n"
	refused 505 'GET / HTTP/2.0\r\n\r\n'
	run raw 'GET / HTTP/1.1\r\nHost:'
	[[ $output == 'HTTP/1.1 408 '* ]]
}

@test "httpd: a line of the head is as the grammar says, or the request is refused" {
	start_server
	local line
	for line in ' X: a' '\tX: a' 'X : a' 'X\t: a' ': a' 'X' 'X(: a' 'X\001: a' 'X: a\000' 'X: a\001' \
		'X: a\177' 'X: a\rY: b' 'X: a\nY: b' 'X: a\r\n folded' 'X: a\r\n\tfolded' \
		'Host: b' 'Content-Length:' 'Content-Length: -1' 'Content-Length: +1' 'Content-Length: 1 1' \
		'Content-Length: 0x1' 'Content-Length: 1,1' 'Content-Length: 1\r\nContent-Length: 1' \
		'Transfer-Encoding: chunked\r\nContent-Length: 1' 'Transfer-Encoding: chunked, chunked' \
		'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked' 'Transfer-Encoding: identity' \
		'Transfer-Encoding: xchunked' 'Transfer-Encoding:'; do
		refused 400 "GET / HTTP/1.1\r\nHost: a\r\n$line\r\n\r\n"
	done
	refused 400 'GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n'
	refused 413 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n'
	for line in '' ' ' 'a b' 'a/b' 'u@a' 'a:b' '[::1' '[]' 'a, b' 'a?'; do
		refused 400 "GET / HTTP/1.1\r\nHost: $line\r\n\r\n"
	done
	for line in a a:80 'a: ' '[::1]:8080' xn--a.b 10.0.0.1; do
		answered 200 "GET / HTTP/1.1\r\nHost: $line\r\n\r\n"
	done
}

@test "httpd: a request line is as the grammar says, or refused" {
	start_server
	local line
	for line in 'GET /' 'GET  / HTTP/1.1' 'GET / HTTP/1.1 ' 'GET / HTTP/1' 'GET / http/1.1' 'GET / HTTP/11' \
		' GET / HTTP/1.1' 'GET\t/ HTTP/1.1' 'GET /a b HTTP/1.1' 'GET /\001 HTTP/1.1' \
		'GET /\377 HTTP/1.1' 'GET a HTTP/1.1' 'GET * HTTP/1.1' 'GET http:// HTTP/1.1' \
		'GET http://u@a/ HTTP/1.1' 'GET ftp://a/ HTTP/1.1' 'GET /#x HTTP/1.1' 'G@T / HTTP/1.1'; do
		refused 400 "$line\r\nHost: a\r\n\r\n"
	done
	answered 400 'GET /%%zz HTTP/1.1\r\nHost: a\r\n\r\n'
	answered 400 'GET /%%00 HTTP/1.1\r\nHost: a\r\n\r\n'
	# RFC 9112 section 2.2: an empty line before it is forgiven
	answered 200 '\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'
}

@test "httpd: an answer has the fields that its status asks for" {
	start_server
	local h='HTTP/1.1\r\nHost: a\r\nConnection: close\r\n' field etag
	run raw "GET /ten.txt $h\r\n"
	for field in Date Server ETag Last-Modified Accept-Ranges Content-Type Content-Length; do
		[[ $output == *$'\n'"$field: "* ]] || fail "200 without $field"
	done
	etag=$(sed -n 's/^ETag: \(".*"\)\r$/\1/p' <<<"$output")
	[ -n "$etag" ]
	run raw "GET /ten.txt ${h}If-None-Match: $etag\r\n\r\n"
	[[ $output == 'HTTP/1.1 304 '*"ETag: $etag"*'Last-Modified: '* ]]
	[[ $output != *Content-* ]]
	run raw "DELETE / $h\r\n"
	[[ $output == 'HTTP/1.1 405 '*'Allow: GET, HEAD, OPTIONS'* ]]
	run raw "OPTIONS / $h\r\n"
	[[ $output == 'HTTP/1.1 204 '*'Allow: GET, HEAD, OPTIONS'* && $output != *Content-* ]]
	run raw "GET /ten.txt ${h}Range: bytes=-3\r\n\r\n"
	[[ $output == 'HTTP/1.1 206 '*'Content-Range: bytes 7-9/10'*'Content-Length: 3'*789 ]]
	run raw "GET /ten.txt ${h}Range: bytes=77-\r\n\r\n"
	[[ $output == 'HTTP/1.1 416 '*'Content-Range: bytes */10'* ]]
	run raw "HEAD /ten.txt ${h}Range: bytes=0-0\r\n\r\n"
	[[ $output == 'HTTP/1.1 200 '*'Content-Length: 10'* && $output != *0123* ]]
	run raw "GET /sub $h\r\n"
	[[ $output == 'HTTP/1.1 301 '*$'\nLocation: /sub/'* ]]
}

@test "httpd: conditions are asked in the order of RFC 9110 section 13.2.2" {
	touch -d '2020-01-01 00:00:00 UTC' "$WWW/ten.txt"
	start_server
	local h='GET /ten.txt HTTP/1.1\r\nHost: a\r\n' etag past='Tue, 31 Dec 2019 00:00:00 GMT' \
		now='Wed, 01 Jan 2020 00:00:00 GMT'
	etag=$(get -I "$URL/ten.txt" | sed -n 's/^ETag: \(".*"\)\r$/\1/p')
	answered 200 "${h}If-Match: \"x\", $etag\r\n\r\n"
	answered 412 "${h}If-Match: W/$etag\r\n\r\n"
	answered 200 "${h}If-Match: $etag\r\nIf-Unmodified-Since: $past\r\n\r\n"
	answered 412 "${h}If-Match: \"x\"\r\nIf-None-Match: $etag\r\n\r\n"
	# RFC 9110 section 5.3: a list may come in several fields
	answered 412 "${h}If-Match: \"x\"\r\nIf-Match: \"y\"\r\n\r\n"
	answered 200 "${h}If-Match: $etag\r\nX: y\r\nif-match: \"y\"\r\n\r\n"
	answered 304 "${h}If-None-Match: \"x\"\r\nX: y\r\nIF-NONE-MATCH:\t$etag \r\n\r\n"
	answered 304 "${h}If-None-Match: W/$etag\r\n\r\n"
	answered 200 "${h}If-None-Match: \"x\"\r\nIf-Modified-Since: $now\r\n\r\n"
	answered 200 "${h}If-Modified-Since: $past\r\n\r\n"
	answered 200 "${h}If-Modified-Since: yesterday\r\n\r\n"
	answered 304 "${h}If-None-Match: $etag\r\nRange: bytes=0-0\r\n\r\n"
	answered 206 "${h}If-Range: $etag\r\nRange: bytes=0-0\r\n\r\n"
	answered 200 "${h}If-Range: \"x\"\r\nRange: bytes=0-0\r\n\r\n"
	answered 206 "${h}If-Range: $now\r\nRange: bytes=0-0\r\n\r\n"
	answered 200 "${h}If-Range: $past\r\nRange: bytes=0-0\r\n\r\n"
}

@test "httpd: who asks whether to send its content is told to, and answered behind it" {
	start_server
	python3 - "$PORT" 3>&- <<-'EOF'
		import socket, sys
		def connect():
		    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		    s.settimeout(10)
		    return s
		def read(s, end):
		    data = b""
		    while not data.endswith(end):
		        piece = s.recv(65536)
		        assert piece, data
		        data += piece
		    return data
		head = b"GET /ten.txt HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
		s = connect()
		for field, content in ((b"Content-Length: 12", b"GET / HTTP/1"),
		                       (b"Transfer-Encoding: chunked", b"5\r\nGET /\r\n0\r\nA: b\r\n\r\n")):
		    s.sendall(head + field + b"\r\n\r\n")
		    assert read(s, b"\r\n\r\n") == go_on
		    for i in range(len(content)):
		        s.sendall(content[i:i + 1])
		    answer = read(s, b"0123456789")
		    assert answer.startswith(b"HTTP/1.1 200 ") and b"close" not in answer, answer
		# nothing is said to who sends already, or has nothing to send
		s.sendall(head + b"Content-Length: 4\r\n\r\nabcd")
		assert read(s, b"0123456789").startswith(b"HTTP/1.1 200 ")
		s.sendall(head + b"\r\n")
		assert read(s, b"0123456789").startswith(b"HTTP/1.1 200 ")
		# content that is none
		s.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
		assert read(s, b"\r\n\r\n") == go_on
		s.sendall(b"x\r\n")
		assert read(s, b"400 Bad Request\n").startswith(b"HTTP/1.1 400 ")
		assert s.recv(1) == b""
		# nor more of it than may come
		s = connect()
		s.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
		assert read(s, b"\r\n\r\n") == go_on
		s.sendall(b"5\r\nabcde\r\nfffc\r\n")
		assert read(s, b"Large\n").startswith(b"HTTP/1.1 413 ")
		assert s.recv(1) == b""
		# who is told 417 need not send its content: what comes then is not taken for it
		s = connect()
		s.sendall(head.replace(b"continue", b"miracles") + b"Content-Length: 4\r\n\r\n")
		answer = read(s, b"Failed\n")
		assert answer.startswith(b"HTTP/1.1 417 ") and b"Connection: close" in answer, answer
		while s.recv(1000):
		    pass
		# what is refused for its head is refused at once
		for method, field, status in ((b"PUT", b"Content-Length: 4", b"405"),
		                              (b"GET", b"Content-Length: 99999999", b"413")):
		    s = connect()
		    s.sendall(head.replace(b"GET", method) + field + b"\r\n\r\n")
		    answer = read(s, b"\n")
		    assert answer.startswith(b"HTTP/1.1 " + status), answer
		    while s.recv(1000):
		        pass
	EOF
}

@test "httpd: content that was asked for and does not come is 408" {
	start_server --body-timeout 1
	run raw 'GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n'
	[[ $output == 'HTTP/1.1 100 '*'HTTP/1.1 408 '* ]]
}

@test "httpd: with many files each client gets what it asked for, however it asks, all at once" {
	start_server --max-per-client 100
	# the server is stopped while they ask, so that all of them come to it in one turn
	timeout 60 python3 - "$PORT" "$SERVER" "$WWW" 3>&- <<-'EOF'
		import os, random, signal, socket, sys
		port, server, www = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
		N, SIZE = 300, 16000 # more than what is read ahead for
		def body(i):
		    return (b"%-15d\n" % i) * (SIZE // 16)
		for i in range(N):
		    with open(f"{www}/f{i}", "wb") as f:
		        f.write(body(i))
		def connect():
		    s = socket.create_connection(("127.0.0.1", port))
		    s.settimeout(10)
		    return s
		def answer(f, want=200):
		    status, length = int(f.readline().split()[1]), 0
		    while (line := f.readline()) != b"\r\n":
		        if line.lower().startswith(b"content-length:"):
		            length = int(line.split()[1])
		    data = f.read(length)
		    assert status == want, (status, want)
		    return data
		def get(i, more=b""):
		    return b"GET /f%d HTTP/1.1\r\nHost: a\r\n%s\r\n" % (i, more)
		def expect(f, i):
		    assert answer(f) == body(i), i
		def expect_end(f):
		    assert f.read() == b""
		# what is sent while the server stands still, what later, and what it should say
		def plain(i):
		    return get(i), b"", lambda f: expect(f, i)
		def two(i):
		    return get(i) + get(i // 2), b"", lambda f: (expect(f, i), expect(f, i // 2))
		def many(i):
		    return get(i) * 70, b"", lambda f: [expect(f, i) for _ in range(70)]
		def in_halves(i):
		    return get(i)[:20], get(i)[20:], lambda f: expect(f, i)
		def long_head(i):
		    return get(i, b"X: %s\r\n" % (b"x" * 5000)), b"", lambda f: expect(f, i)
		def just_long(i): # all of it comes with the first reading, and no more
		    n = 1024 - len(get(i, b"X: \r\n"))
		    return get(i, b"X: %s\r\n" % (b"x" * n)), b"", lambda f: expect(f, i)
		def content(i):
		    post = b"POST /f1 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nGET / HTT"
		    return post + get(i), b"", lambda f: (answer(f, 405), expect(f, i))
		def asks(i):
		    return (get(i, b"Expect: 100-continue\r\nContent-Length: 2\r\n"), b"ok",
		            lambda f: (f.readline(), f.readline(), expect(f, i)))
		def part(i):
		    return (get(i, b"Range: bytes=100-199\r\n"), b"",
		            lambda f: check(answer(f, 206) == body(i)[100:200]))
		def missing(i):
		    return get(i).replace(b"/f", b"/g%2e/../g"), b"", lambda f: answer(f, 404)
		def bad(i):
		    return b"GET f HTTP/1.1\r\n\r\n", b"", lambda f: (answer(f, 400), expect_end(f))
		def last(i):
		    return get(i, b"Connection: close\r\n"), b"", lambda f: (expect(f, i), expect_end(f))
		def half_closed(i):
		    return get(i), None, lambda f: (expect(f, i), expect_end(f))
		def gone(i):
		    return b"", None, lambda f: expect_end(f)
		def check(good):
		    assert good
		kinds = (plain, plain, two, many, in_halves, long_head, just_long, content, asks, part,
		         missing, bad, last, half_closed, gone)
		r = random.Random(1)
		clients = [connect() for _ in range(40)]
		files = [s.makefile("rb") for s in clients]
		for i in range(N):
		    clients[0].sendall(get(i))
		    expect(files[0], i)
		for j, s in enumerate(clients): # so that each waits for another request
		    s.sendall(get(j))
		    expect(files[j], j)
		for _ in range(30):
		    kind = [r.choice(kinds) for _ in clients]
		    asked = [k(r.randrange(N)) for k in kind]
		    order = r.sample(range(len(clients)), len(clients))
		    os.kill(server, signal.SIGSTOP)
		    for j in order:
		        clients[j].sendall(asked[j][0])
		        if asked[j][1] is None:
		            clients[j].shutdown(socket.SHUT_WR)
		    os.kill(server, signal.SIGCONT)
		    for j in order:
		        if asked[j][1]:
		            clients[j].sendall(asked[j][1])
		        asked[j][2](files[j])
		        if kind[j] in (bad, last, half_closed, gone):
		            clients[j] = connect()
		            files[j] = clients[j].makefile("rb")
		            clients[j].sendall(get(j))
		            expect(files[j], j)
	EOF
}
