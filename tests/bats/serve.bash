# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# serve - what the tests of `tinyrun serve` share: a network namespace that plays the host, HOST, and
# a site, DIR.
#
#   serve_setup, serve_teardown   are setup and teardown
#   get ARGS...                   curl on the host
#   attend ARGS...                a foreground serve: PID; what it says is in $BATS_TEST_TMPDIR/said
#   with_socket ARGS...           tinyrun with a socket that is open already, as systemd leaves one

serve_setup() {
  test_setup
  require root
  require command curl ip python3 nft
  HOST=''
  unshare -n sleep 1000 3>&- &
  HOLDER=$!
  wait_for is_apart
  HOST="nsenter --net=/proc/$HOLDER/ns/net"
  $HOST ip link set lo up
  DIR=$BATS_TEST_TMPDIR/site
  mkdir "$DIR"
  chmod 755 "$DIR"
  echo "hello from the site" >"$DIR/index.html"
}

is_apart() {
  [ "$(readlink "/proc/$HOLDER/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# Beside what every test asks: no link, rule or lease is left.
serve_teardown() {
  local id
  if [ -n "$HOST" ]; then
    for id in $(tr list -q); do tr delete --force "$id"; done
    [ "$($HOST ip -br link | wc -l)" = 1 ]
    [ -z "$($HOST nft list ruleset)" ]
    [ ! -d "$ROOT/.net" ] || ! grep -rqE "serve-|$UNIQ" "$ROOT/.net"
  fi
  kill "$HOLDER" && wait "$HOLDER" || true
  test_teardown
}

# shellcheck disable=SC2086 # HOST is a command with its words
tr() {
  $HOST "$TINYRUN" --root "$ROOT" "$@"
}

# shellcheck disable=SC2086
get() {
  $HOST curl -s --max-time 10 "$@"
}

# attend ARGS...: a foreground serve; its process is $PID, what it says in $BATS_TEST_TMPDIR/said
attend() {
  rm -f "$BATS_TEST_TMPDIR/said"
  # shellcheck disable=SC2086
  $HOST "$TINYRUN" --root "$ROOT" serve "$@" >"$BATS_TEST_TMPDIR/log" 2>"$BATS_TEST_TMPDIR/said" 3>&- &
  # shellcheck disable=SC2034
  PID=$!
  wait_for grep -q 'Ctrl-C' "$BATS_TEST_TMPDIR/said"
}

# shellcheck disable=SC2086
with_socket() {
  cat >"$BATS_TEST_TMPDIR/activate" <<'PY'
import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 8190))
s.listen()
os.dup2(os.dup2(s.fileno(), 100), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[1], sys.argv[1:])
PY
  $HOST python3 "$BATS_TEST_TMPDIR/activate" "$TINYRUN" --root "$ROOT" "$@"
}
