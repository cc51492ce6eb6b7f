#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# notify - sd_notify(3) from a container to the service manager that started the runtime.
#
# The manager is a small program: it writes down what arrives on its socket, and lets a barrier pass
# after a moment. What the container sends is sent by the host's python, whose files it sees.

load helpers

setup() {
  test_setup
  require root
  require command python3
  make_bundle
  MANAGER=$BATS_TEST_TMPDIR/manager.sock
  HEARD=$BATS_TEST_TMPDIR/heard
  python3 -c '
import array, os, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    text, control, _, _ = s.recvmsg(4096, socket.CMSG_SPACE(4))
    print(text.decode().strip(), "with a descriptor" if control else "", file=open(sys.argv[2], "a"))
    for _, _, data in control:
        time.sleep(0.5)
        print("barrier passed", file=open(sys.argv[2], "a"))
        os.close(array.array("i", data)[0])
' "$MANAGER" "$HEARD" 3>&- &
  MANAGER_PID=$!
  listening() { [ -S "$MANAGER" ]; }
  wait_for listening
  config '.mounts += [("/usr", "/lib", "/lib64") | {destination: ., source: ., options: ["rbind", "ro"]}]'
}

teardown() {
  kill "$MANAGER_PID"
  test_teardown
}

# The container sends these messages, one a second, and then waits.
sends() {
  args /usr/bin/python3 -c '
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for text in sys.argv[1:]:
    time.sleep(0.3)
    try:
        s.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])
    except ConnectionRefusedError:
        pass # nobody listens any more
time.sleep(1000)' "$@"
}

@test "notify: start waits for READY, tells it with MAINPID, and waits until that was read" {
  local pid

  sends "STATUS=MAINPID=1" $'MAINPID=1\nSTATUS=x' $'STATUS=y\nREADY=1\nMAINPID=1' "WATCHDOG=1"
  NOTIFY_SOCKET=$MANAGER run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 0
  [ ! -e "$HEARD" ]
  NOTIFY_SOCKET=$MANAGER run_detached timeout 30 "$TINYRUN" --root "$ROOT" start "$ID"
  assert_status 0
  pid=$(pid_of "$ID")
  run cat "$HEARD"
  assert_output_is "READY=1 
MAINPID=$pid 
BARRIER=1 with a descriptor
barrier passed"
}

@test "notify: run -d waits in the same way, and the container cannot change its socket" {
  args /usr/bin/python3 -c '
import os, socket, time
where = os.environ["NOTIFY_SOCKET"]
assert where == "/run/notify/notify.sock", where
for change in (lambda: os.unlink(where), lambda: os.mkdir("/run/notify/x")):
    try:
        change()
        os._exit(3)
    except OSError as error:
        assert error.errno == 30, error
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", where)
time.sleep(1000)'
  NOTIFY_SOCKET=$MANAGER run_detached timeout 30 "$TINYRUN" --root "$ROOT" run -d -b "$BUNDLE" "$ID"
  assert_status 0
  grep -qx "MAINPID=$(pid_of "$ID") " "$HEARD"
  grep -qx "barrier passed" "$HEARD"
}

@test "notify: it is passed on as well where tinyrun-full compiles a filter first" {
  config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["acct"], action: "SCMP_ACT_ERRNO"}]}'
  sends "READY=1"
  NOTIFY_SOCKET=$MANAGER run_detached timeout 30 "$TINYRUN" --root "$ROOT" run -d -b "$BUNDLE" "$ID"
  assert_status 0
  compgen -G "$ROOT/.seccomp/*" # it was not there
  grep -qx "MAINPID=$(pid_of "$ID") " "$HEARD"
  grep -qx "barrier passed" "$HEARD"
}

@test "notify: in the foreground the service is the runtime, and its end is the container's" {
  sends "READY=1"
  NOTIFY_SOCKET=$MANAGER "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID" 3>&- &
  local job=$!
  told() { grep -qx "MAINPID=$job " "$HEARD"; }
  wait_for told
  tr kill "$ID" KILL
  run wait "$job"
}

@test "notify: while start waits the container can be killed, and then start is done" {
  sends "STATUS=never"
  NOTIFY_SOCKET=$MANAGER run_detached tr create -b "$BUNDLE" "$ID"
  NOTIFY_SOCKET=$MANAGER timeout 30 "$TINYRUN" --root "$ROOT" start "$ID" 3>&- &
  local job=$!
  wait_for status_is "$ID" running
  kill -0 "$job"
  tr delete --force "$ID"
  wait "$job"
  [ ! -e "$HEARD" ]
}

@test "notify: a manager that is not there is a warning, and the container runs" {
  sends "READY=1"
  NOTIFY_SOCKET=/nowhere.sock run_detached timeout 30 "$TINYRUN" --root "$ROOT" run -d -b "$BUNDLE" "$ID"
  assert_status 0
  assert_output_has "the container is ready, but nobody was told: reach NOTIFY_SOCKET /nowhere.sock: No such file or directory"
  status_is "$ID" running
}

@test "notify: without NOTIFY_SOCKET there is none, and nobody waits" {
  args /bin/sh -c '[ -z "$NOTIFY_SOCKET" ] && [ ! -e /run/notify ]'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 0
}
