#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# tinyhttpd among clients and disks that behave badly, all at once and for a while.
#
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own

load helpers
load httpd

descriptors() {
	find "/proc/$SERVER/fd" | wc -l
}

resident_kb() {
	awk '/^VmRSS/ {print $2}' "/proc/$SERVER/status"
}

# Writes the clients of the soak to a file; see the comment in it.
write_soak() {
	cat >"$BATS_TEST_TMPDIR/soak.py" <<-'EOF'
		# soak PORT WWW SECONDS: exits with 0 when every byte was as it should be.
		#
		# Each file's content says its name and version in every 32 bytes, so an answer must be of one
		# version from end to end, and a part of it must be what stands there.
		import os, random, socket, struct, sys, threading, time
		port, www, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
		end, wrong, counts = time.time() + seconds, [], {}
		sizes = (0, 1, 1000, 4096, 4097, 16384, 16385, 60000, 131072, 131073, 400000, 3000000)
		def content(name, version, size):
		    return (b"%-20s%-11d\n" % (name.encode(), version) * (size // 32 + 1))[:size]
		def write(name, version, size):
		    with open(f"{www}/{name}.new", "wb") as f:
		        f.write(content(name, version, size))
		    os.rename(f"{www}/{name}.new", f"{www}/{name}")
		def connect(timeout=20, window=0):
		    s = socket.socket()
		    s.settimeout(timeout)
		    if window:
		        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
		    s.connect(("127.0.0.1", port))
		    return s, s.makefile("rb")
		def ask(s, f, name, fields="", pause=0):
		    s.sendall(f"GET /{name} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode())
		    line = f.readline()
		    if not line:
		        raise ConnectionError
		    status, head = int(line.split()[1]), {}
		    while (line := f.readline()) not in (b"\r\n", b""):
		        key, value = line.decode().split(":", 1)
		        head[key.lower()] = value.strip()
		    time.sleep(pause)
		    body = f.read(int(head.get("content-length", 0))) if status != 304 else b""
		    return status, head, body
		def note(kind):
		    counts[kind] = counts.get(kind, 0) + 1
		def verify():
		    etags, r = {}, random.Random()
		    while time.time() < end:
		        s, f = connect()
		        for _ in range(50):
		            i = r.randrange(len(sizes))
		            name, size = f"file{i}", sizes[i]
		            at = r.randrange(size) if size else 0
		            ranged = size > 1 and r.random() < 0.4
		            status, head, body = ask(s, f, name, f"Range: bytes={at}-\r\n" if ranged else "")
		            if status == 503 and "retry-after" in head:
		                note("busy")  # no descriptor, and nobody idle who could give one
		                continue
		            length = size - at if ranged else size
		            if status != (206 if ranged else 200) or len(body) != length:
		                wrong.append((name, status, len(body), length))
		                return
		            start = (-at % 32) if ranged else 0
		            line = body[start:start + 32]
		            if len(line) == 32:
		                version = int(line[20:])
		                whole = content(name, version, size)
		                if body != (whole[at:] if ranged else whole):
		                    wrong.append((name, "bytes", at))
		                    return
		                if etags.setdefault((name, head["etag"]), version) != version:
		                    wrong.append((name, "one tag for two versions"))
		                    return
		            note("verified")
		        s.close()
		def replace():
		    version = 1
		    while time.time() < end:
		        version += 1
		        i = random.randrange(len(sizes))
		        write(f"file{i}", version, sizes[i])
		        note("replaced")
		        time.sleep(0.02)
		def shrink():
		    while time.time() < end:
		        write("shrinking", 1, 8000000)
		        time.sleep(0.05)
		        os.truncate(f"{www}/shrinking", random.randrange(1000000))
		        time.sleep(0.02)
		def read_shrinking():
		    while time.time() < end:
		        s, f = connect(window=32768)
		        try:
		            # it is cut while most of it is still to be sent
		            status, head, body = ask(s, f, "shrinking", pause=0.1)
		            # what sendfile gave to the kernel by reference, truncate(2) may still clear
		            whole = content("shrinking", 1, len(body))
		            if status == 200 and body != whole and any(a != b and a != 0 for a, b in zip(body, whole)):
		                wrong.append(("shrinking", len(body)))
		            note("shrunk" if len(body) < int(head["content-length"]) else "whole")
		        except OSError:
		            note("shrunk")
		        s.close()
		def abort():
		    while time.time() < end:
		        s, f = connect()
		        s.sendall(b"GET /file11 HTTP/1.1\r\nHost: a\r\n\r\n" * random.randrange(1, 4))
		        s.recv(random.randrange(1, 100000))
		        if random.random() < 0.7:
		            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		        s.close()
		        note("aborted")
		def crawl():
		    while time.time() < end:
		        s, f = connect()
		        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
		        request = b"GET /file10 HTTP/1.1\r\nHost: a\r\n\r\n"
		        for i in range(len(request)):
		            s.sendall(request[i:i + 1])
		        for _ in range(100):
		            if time.time() > end or not s.recv(37):
		                break
		            time.sleep(0.005)
		        s.close()
		        note("crawled")
		def half():
		    while time.time() < end:
		        s, f = connect()
		        s.sendall(random.choice((b"GET /fi", b"GET / HTTP/1.1\r\nHo", b"\x16\x03\x01\x00",
		            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")))
		        time.sleep(0.01)
		        s.close()
		        note("half")
		def crowd():
		    while time.time() < end:
		        idle = []
		        try:
		            for _ in range(300):
		                idle.append(connect(1)[0])
		                idle[-1].sendall(b"GET /file0 HTTP/1.1\r\nHost: a\r\n\r\n")
		        except OSError:
		            pass
		        note("crowds")
		        time.sleep(0.3)
		        for s in idle:
		            s.close()
		def guard(f):
		    try:
		        f()
		    except ConnectionError:
		        if time.time() < end:
		            note("lost")  # shed, since it had no request just then
		            guard(f)
		    except Exception as e:
		        wrong.append((f.__name__, repr(e)))
		for i, size in enumerate(sizes):
		    write(f"file{i}", 1, size)
		write("shrinking", 1, 8000000)
		threads = [threading.Thread(target=guard, args=(f,)) for f in
		           (verify, verify, verify, replace, shrink, read_shrinking, abort, crawl, half, crowd)]
		for t in threads:
		    t.start()
		for t in threads:
		    t.join()
		print(counts, wrong[:5])
		if counts.get("busy", 0) > counts["verified"] / 100:
		    wrong.append("busy")
		did = ("verified", "replaced", "shrunk", "aborted", "crawled", "half", "crowds")
		sys.exit(bool(wrong) or not all(counts.get(k) for k in did))
	EOF
}

@test "httpd soak: bad clients, changing files and no descriptors cost neither a byte nor a leak" {
	local before first second round open=()
	write_soak
	if grep -qa __asan_init "$TINYHTTPD"; then # it ends in failure if anything was not given back
		export ASAN_OPTIONS=detect_leaks=1
		open=(--no-sandbox)
	fi
	start_server --workers 2 --log combined --log-file "$BATS_TEST_TMPDIR/log" --max-connections 1000 \
		 --max-per-client 1000 --header-timeout 2 --idle-timeout 2 "${open[@]}"
	prlimit --pid "$SERVER" --nofile=256:256 # the crowds are larger
	before=$(descriptors)
	for round in first second; do
		run timeout 60 python3 "$BATS_TEST_TMPDIR/soak.py" "$PORT" "$WWW" 5 3>&-
		echo "$round: $output"
		assert_status 0
		kill -HUP "$SERVER" # caches are cleared
		settled() { [ "$(descriptors)" -le "$before" ]; }
		wait_for settled
		printf -v "$round" %d "$(resident_kb)"
	done
	echo "resident: $first kB, then $second kB"
	# sanitizers keep what was freed, to notice that it is used
	is_sanitized || [ "$second" -le $((first * 5 / 4 + 1024)) ]
	[ "$(get "$URL/ten.txt")" = 0123456789 ]
	grep -q 'Too many open files: closing idle connections' "$BATS_TEST_TMPDIR/err"
	kill -TERM "$SERVER"
	wait "$SERVER" || fail "status $?: $(cat "$BATS_TEST_TMPDIR/err")"
	SERVER=
}

@test "httpd soak: names that change places never lead out of the root" {
	mkdir "$BATS_TEST_TMPDIR/outside"
	echo secret >"$BATS_TEST_TMPDIR/outside/index.html"
	ln -s ../outside "$WWW/out"
	start_server --workers 1
	timeout 60 python3 - "$PORT" "$WWW" 3>&- <<-'EOF'
		import ctypes, os, socket, sys, threading, time
		port, www = int(sys.argv[1]), sys.argv[2].encode()
		libc, end, seen = ctypes.CDLL(None), time.time() + 4, {}
		def swap():
		    while time.time() < end:
		        assert libc.renameat2(-100, www + b"/sub", -100, www + b"/out", 2) == 0  # exchange
		threading.Thread(target=swap).start()
		s = socket.create_connection(("127.0.0.1", port), 10)
		f, i = s.makefile("rb"), 0
		while time.time() < end:
		    # spellings that the cache does not know of each other
		    path = "/sub/" + "./" * (i % 500) + ("index.html" if i % 2 else "")
		    i += 1
		    s.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
		    status, length = int(f.readline().split()[1]), 0
		    while (line := f.readline()) != b"\r\n":
		        if line.lower().startswith(b"content-length:"):
		            length = int(line[15:])
		    body = f.read(length)
		    assert b"secret" not in body, (status, path)
		    seen[status] = seen.get(status, 0) + 1
		    if i % 100 == 0:
		        time.sleep(0.01)
		print(seen)
		assert set(seen) <= {200, 404, 503}, seen
	EOF
}

@test "httpd soak: a disk that fails gives 500, or an answer that ends too early, and no stale bytes" {
	require root
	command -v mkfs.ext4 >/dev/null || skip "no mkfs.ext4"
	(: <>/dev/loop-control) 2>/dev/null || skip "needs loop devices" # a container may have none
	local image=$BATS_TEST_TMPDIR/image files=$BATS_TEST_TMPDIR/files server=$TINYHTTPD i
	mkdir "$files"
	head -c 20M /dev/urandom >"$files/large"
	for i in $(seq 5); do head -c 8000 /dev/urandom >"$files/small$i"; done
	truncate -s 64M "$image"
	mkfs.ext4 -q -F -N 64 -O ^has_journal,^resize_inode -d "$files" "$image"
	# only the server sees the mount, which ends with it
	TINYHTTPD=$BATS_TEST_TMPDIR/server
	cat >"$TINYHTTPD" <<-EOF
		#!/bin/sh
		exec unshare --mount sh -c 'mount -o loop,ro "\$1" "\$2" || exit 77; shift 2; exec "\$@"' \
			mounted "$image" "$WWW" "$server" "\$@"
	EOF
	chmod +x "$TINYHTTPD"
	start_server --workers 1
	within() { nsenter --target "$SERVER" --mount "$@"; }
	cmp <(get "$URL/small1") "$files/small1"
	# the disk loses all but its first blocks, where the inodes are
	truncate -s 512K "$image"
	echo 3 >/proc/sys/vm/drop_caches 2>/dev/null || skip "caches cannot be dropped here"
	for i in 2 3 4 5; do
		run within cat "$WWW/small$i"
		[[ $output == *'Input/output error'* ]]
		[ "$(status_of_path "/small$i")" = 500 ]
	done
	run get -o "$BATS_TEST_TMPDIR/got" "$URL/large"
	[ "$status" = 18 ] # not all of it came
	cmp -n "$(stat -c %s "$BATS_TEST_TMPDIR/got")" "$BATS_TEST_TMPDIR/got" "$files/large"
	[ "$(status_of_path /missing)" = 404 ]
}
