#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# terminal - with a console socket, with a relay, and without.

load helpers

setup() {
  test_setup
  require root
  require command python3
  make_bundle
  config '.process.terminal = true'
  SOCK=$BATS_TEST_TMPDIR/console.sock
}

# Listens on $SOCK, takes one message with one descriptor, and copies the terminal to a file.
receive() {
  python3 - "$SOCK" "$BATS_TEST_TMPDIR" 3>&- <<'PY' &
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(sys.argv[1]); s.listen(1); s.settimeout(60)
open(sys.argv[2] + "/listening", "w").close()
c, _ = s.accept()
msg, anc, _, _ = c.recvmsg(4096, socket.CMSG_SPACE(16 * 4))
fds = array.array("i")
for _, _, data in anc:
    fds.frombytes(data[:len(data) - len(data) % 4])
out = open(sys.argv[2] + "/terminal", "wb", 0)
open(sys.argv[2] + "/message", "w").write("%d %d\n" % (len(msg), len(fds)))
while True:
    try:
        data = os.read(fds[0], 4096)
    except OSError:
        break
    if not data:
        break
    out.write(data)
PY
  RECEIVER=$!
  wait_for test -e "$BATS_TEST_TMPDIR/listening"
}

@test "terminal: the console socket gets one message with the master" {
  receive
  args /bin/sh -c 'tty; test -t 0 && test -t 1 && test -t 2 && echo all-tty; stty size </dev/console'
  config '.process.consoleSize = {"height": 31, "width": 77}'
  tr create --console-socket "$SOCK" -b "$BUNDLE" "$ID"
  tr start "$ID"
  wait "$RECEIVER"
  read -r bytes fds <"$BATS_TEST_TMPDIR/message"
  [ "$bytes" -ge 1 ]
  [ "$bytes" -le 4095 ]
  [ "$fds" = 1 ]
  grep -q /dev/pts/0 "$BATS_TEST_TMPDIR/terminal"
  grep -q all-tty "$BATS_TEST_TMPDIR/terminal"
  grep -q '31 77' "$BATS_TEST_TMPDIR/terminal"
}

@test "terminal: a detached container without console socket is refused, as is a socket without terminal" {
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "--console-socket"
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 1
  config '.process.terminal = false'
  run_detached tr create --console-socket "$SOCK" -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "--console-socket"
}

@test "terminal: a console socket that nobody listens on is an error and leaves nothing" {
  run_detached tr create --console-socket "$BATS_TEST_TMPDIR/nobody" -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "--console-socket"
  run tr state "$ID"
  assert_status 1
}

@test "terminal: a foreground run relays it, in both directions, with the exit status" {
  args /bin/sh -c 'read -r line; echo "<$line>"; tty; exit 5'
  run sh -c 'echo hello | "$0" --root "$1" run -b "$2" "$3"' "$TINYRUN" "$ROOT" "$BUNDLE" "$ID"
  assert_status 5
  assert_output_has "<hello>"
  assert_output_has "/dev/pts/0"
}

@test "terminal: in a joined pid namespace it is the session's, too" {
  unshare -p -f --kill-child sleep 1000 3>&- &
  local holder=$! child
  wait_for pgrep -P "$holder" sleep
  child=$(pgrep -P "$holder")
  config --arg p "/proc/$child/ns/pid" '.linux.namespaces |= map(if .type == "pid" then .path = $p else . end)'
  args /bin/sh -c 'tty; echo by name >/dev/tty; echo console >/dev/console; exit 6'
  run tr run -b "$BUNDLE" "$ID"
  kill -KILL "$child"
  wait "$holder" || true
  assert_status 6
  output=${output//$'\r'/}
  assert_output_is "/dev/pts/0
by name
console"
}

@test "terminal: a lot of output arrives whole" {
  args /bin/sh -c 'i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i + 1)); done; echo last'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 0
  [ "${#lines[@]}" = 3001 ]
}

@test "terminal: on a real terminal it is raw meanwhile and as before afterwards" {
  require command script
  args /bin/sh -c 'stty size; exit 3'
  run script -qec "stty rows 40 cols 90; '$TINYRUN' --root '$ROOT' run -b '$BUNDLE' '$ID'; echo rc=\$?; stty -a" /dev/null
  assert_output_has "40 90"
  assert_output_has "rc=3"
  [[ "$output" == *" icanon"* ]]
}

@test "terminal: its size is there before the program asks, however late the runtime is told of it" {
  require command script strace
  args /bin/stty size
  run script -qec "stty rows 40 cols 90; strace -qq -o /dev/null -e inject=recvmsg:delay_enter=500000 \
    '$TINYRUN' --root '$ROOT' run -b '$BUNDLE' '$ID'" /dev/null
  assert_output_has "40 90"
}

@test "terminal: a window that changes its size tells the foreground container" {
  args /bin/sh -c 'trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.1; done'
  run timeout 60 python3 - "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID" <<'PY'
import fcntl, os, pty, struct, sys, termios
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
told = False
while True:
    try:
        data = os.read(master, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if b"ready" in seen and not told:
        told = True
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 43, 121, 0, 0))
os.write(1, seen.replace(b"\r", b""))
os.waitpid(pid, 0)
PY
  assert_output_is "ready
43 121"
}

@test "terminal: the slave belongs to the user, and the container's /dev/console is it" {
  config '.process.user = {"uid": 33, "gid": 33}'
  args /bin/sh -c 'stat -c %u /dev/pts/0; echo written >/dev/console'
  run tr run -b "$BUNDLE" "$ID"
  assert_output_has 33
  assert_output_has written
}

@test "terminal: an image whose /dev/console is a symlink gets nothing written through it (CVE-2025-52565)" {
  touch "$BATS_TEST_TMPDIR/victim"
  rm -rf "$ROOTFS/dev"
  mkdir "$ROOTFS/dev"
  ln -s "$BATS_TEST_TMPDIR/victim" "$ROOTFS/dev/console"
  config '.mounts |= map(select(.destination != "/dev")) | .root.readonly = false'
  args /bin/sh -c 'echo x >/dev/console'
  run tr run -b "$BUNDLE" "$ID"
  [ ! -s "$BATS_TEST_TMPDIR/victim" ]
}
