# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # URL and PORT are for the tests
#
# What the tests of tinyhttpd share: a site, a server of the test's own, ways to ask it.

# The search for leaks at the end makes a process, which the sandbox forbids.
export ASAN_OPTIONS=${ASAN_OPTIONS-detect_leaks=0}
# A second signal ends the server while its threads are at work. Most servers are killed in the end:
# what is found has to end them before.
export TSAN_OPTIONS=${TSAN_OPTIONS-report_thread_leaks=0:halt_on_error=1}

is_sanitized() {
	grep -qaE '__(asan|tsan)_init' "$TINYHTTPD"
}

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
	: >"$BATS_TEST_TMPDIR/err"
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

status_url() {
	sed -n 's/^tinyhttpd: status on \(.*\)\/$/\1/p' "$BATS_TEST_TMPDIR/err"
}

stop_server() {
	[ -n "$SERVER" ] || return 0
	kill -KILL "$SERVER" 2>/dev/null
	wait "$SERVER" 2>/dev/null || : # killed
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

fail() {
	echo "$*" >&2
	return 1
}
