#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# seccomp - profiles of the specification, their errors, the cache of compiled filters.

load helpers

setup() {
  test_setup
  require root
  make_bundle
}

profile() {
  config --argjson p "$1" '.linux.seccomp = $p'
}

inside() {
  args /bin/sh -c "$1"
  run tr run -b "$BUNDLE" "$ID"
}

deny_mkdir='{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
  "syscalls": [{"names": ["mkdir", "mkdirat", "nosuchsyscall"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}'

@test "seccomp: a refused system call gives the errno of its rule, unknown names are passed over" {
  profile "$deny_mkdir"
  inside 'mkdir /dev/shm/x; grep Seccomp: /proc/self/status'
  assert_output_has "Operation not supported"
  assert_output_has "Seccomp:	2"
}

@test "seccomp: arguments are compared" {
  profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1,
    "args": [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}]}]}'
  inside 'trap "" USR2; kill -USR2 $$ && echo usr2-ok; kill -USR1 $$'
  assert_output_has usr2-ok
  assert_output_has "not permitted"
}

@test "seccomp: each operator refuses the signals that it says, and no other" {
  local op refused
  while read -r op refused; do
    # with the mask 6 what is left of 2 and 10 is 2
    profile "$(jq -cn --arg op "SCMP_CMP_$op" '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["kill"],
      action: "SCMP_ACT_ERRNO", errnoRet: 1, args: [{index: 1, op: $op} + if $op == "SCMP_CMP_MASKED_EQ"
        then {value: 6, valueTwo: 2} else {value: 10} end]}]}')"
    inside 'trap "" 2 10 12 14; for s in 2 10 12 14; do kill -$s $$ 2>/dev/null || echo $s; done'
    [ "${lines[*]}" = "$refused" ] || {
      echo "$op refuses ${lines[*]}, want $refused"
      return 1
    }
  done <<-'END'
	NE 2 12 14
	LT 2
	LE 2 10
	EQ 10
	GE 10 12 14
	GT 12 14
	MASKED_EQ 2 10
	END
}

@test "seccomp: what is only logged goes on, what is not is refused" {
  profile '{"defaultAction": "SCMP_ACT_LOG", "syscalls": [
    {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}'
  inside 'mkdir /dev/shm/x; rmdir /dev/shm/x; grep Seccomp: /proc/self/status'
  assert_output_has "Operation not supported"
  assert_output_has "rmdir: '/dev/shm/x': No such file or directory"
  assert_output_has "Seccomp:	2"
  profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
    {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_LOG"}]}'
  inside 'mkdir /dev/shm/x && ls /dev/shm'
  assert_output_is x
}

@test "seccomp: without no_new_privs the filter is loaded all the same" {
  profile "$deny_mkdir"
  config '.process.noNewPrivileges = false'
  inside 'mkdir /dev/shm/x; grep -E "Seccomp:|NoNewPrivs" /proc/self/status'
  assert_output_has "Operation not supported"
  assert_output_has "NoNewPrivs:	0"
}

@test "seccomp: the default profile that is shipped lets a shell work and no mount" {
  profile "$(cat "$TOP/oci/seccomp.json")"
  config '.process.capabilities.bounding += ["CAP_SYS_ADMIN"] | .process.capabilities.effective += ["CAP_SYS_ADMIN"] |
    .process.capabilities.permitted += ["CAP_SYS_ADMIN"]'
  inside 'ls / >/dev/null && echo works; mount -t tmpfs x /tmp; (echo piped | cat)'
  assert_output_has works
  assert_output_has piped
  assert_output_has "permission denied"
}

@test "seccomp: an unknown action, operator, architecture or flag is refused by its path" {
  local p
  for p in '{"defaultAction": "SCMP_ACT_MAYBE"}' \
    '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_PDP11"]}' \
    '{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_WHAT"]}' \
    '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_ERRNO"}]}' \
    '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]}' \
    '"SCMP_ACT_ALLOW"'; do
    profile "$p"
    run_detached tr create -b "$BUNDLE" "$ID"
    assert_status 1
    assert_one_line
    assert_output_has "linux.seccomp"
  done
}

# A listener: takes $1 messages of one descriptor on agent.sock, keeps the last one in told.json, and
# answers for each process one question: mkdir gets the errno 122, all else goes on.
start_agent() {
  require command python3
  AGENT_SOCKET=$BATS_TEST_TMPDIR/agent.sock
  timeout 60 python3 - "$AGENT_SOCKET" "$BATS_TEST_TMPDIR/told.json" "$1" <<'PY' 3>&- &
import array, fcntl, select, socket, struct, sys
RECV, SEND, CONTINUE = 0xc0502100, 0xc0182101, 1
MKDIR = (83, 258, 34)
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(4)
def serve(fd):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while True:
        if poll.poll()[0][1] & select.POLLHUP:
            return
        asked = bytearray(80)
        try:
            fcntl.ioctl(fd, RECV, asked)
            at, nr = struct.unpack_from('=Q8xi', asked)
            error, flags = (-122, 0) if nr in MKDIR else (0, CONTINUE)
            fcntl.ioctl(fd, SEND, bytearray(struct.pack('=QqiI', at, 0, error, flags)))
        except FileNotFoundError:
            pass  # who asked has ended
for _ in range(int(sys.argv[3])):
    c, _ = s.accept()
    text, control, _, _ = c.recvmsg(65536, socket.CMSG_SPACE(16))
    more = True
    while more:
        more = c.recv(65536)
        text += more
    fds = array.array('i')
    for _, _, data in control:
        fds.frombytes(data)
    assert len(fds) == 1, fds
    with open(sys.argv[2], 'wb') as f:
        f.write(text)
    serve(fds[0])
PY
  AGENT=$!
  wait_for test -S "$AGENT_SOCKET"
}

# Asks about mkdir and about what init itself calls when the filter is in force.
notify_profile() {
  profile "$(jq -cn --arg path "$AGENT_SOCKET" '{defaultAction: "SCMP_ACT_ALLOW", listenerPath: $path,
    listenerMetadata: "for \"tests\"", flags: ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG"],
    syscalls: [{names: ["mkdir", "mkdirat", "sendmsg", "recvmsg", "setresuid", "close_range", "accept4"],
      action: "SCMP_ACT_NOTIFY"}]}')"
}

told() {
  jq -r "$1" "$BATS_TEST_TMPDIR/told.json"
}

@test "seccomp: a listener gets the descriptor with the container's state, and answers" {
  start_agent 1
  notify_profile
  config '.annotations = {"org.example": "yes"}'
  inside 'mkdir /dev/shm/x; echo "and on"'
  assert_output_has "quota exceeded"
  assert_output_has "and on"
  wait "$AGENT"
  [ "$(told '.ociVersion, .fds[0], (.fds | length), .metadata, .state.status, .state.id, .state.bundle, .state.annotations["org.example"]')" = \
    "$(printf '%s\n' 1.3.0 seccompFd 1 'for "tests"' creating "$ID" "$BUNDLE" yes)" ]
  [ "$(told .pid)" = "$(told .state.pid)" ]
  [ "$(told .pid)" -gt 1 ]
}

@test "seccomp: with a listener create hands over, and start goes on; so without no_new_privs" {
  local new_privs
  start_agent 2
  for new_privs in true false; do
    notify_profile
    config --argjson v "$new_privs" '.process.noNewPrivileges = $v | .root.readonly = false'
    args /bin/sh -c 'mkdir /dev/shm/x 2>/tmp/said; sleep 100'
    run_detached tr create -b "$BUNDLE" "$ID"
    assert_status 0
    [ "$(told .pid)" = "$(pid_of "$ID")" ]
    tr start "$ID"
    wait_for grep -qs "quota exceeded" "$ROOTFS/tmp/said"
    tr delete --force "$ID"
    rm "$ROOTFS/tmp/said"
  done
  wait "$AGENT"
}

@test "seccomp: the process of an exec has a listener of its own, told of a running container" {
  start_agent 1
  args sleep 100
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  # what exec runs under is what the container was made from
  notify_profile
  cp "$BUNDLE/config.json" "$ROOT/$ID/config.json"
  run tr exec "$ID" /bin/sh -c 'mkdir /dev/shm/x'
  assert_status 1
  assert_output_has "quota exceeded"
  wait "$AGENT"
  [ "$(told .state.status)" = running ]
  [ "$(told .state.pid)" = "$(pid_of "$ID")" ]
  [ "$(told .pid)" != "$(told .state.pid)" ]
  [ "$(told .metadata)" = 'for "tests"' ]
}

@test "seccomp: a listener that is not there fails create, and leaves nothing" {
  AGENT_SOCKET=$BATS_TEST_TMPDIR/nobody.sock
  notify_profile
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "linux.seccomp.listenerPath: connect to $AGENT_SOCKET"
  [ ! -d "$ROOT/$ID" ]
}

@test "seccomp: a listener's path without a rule for it is not looked at" {
  profile '{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/nowhere.sock", "listenerMetadata": "x",
    "flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]}'
  inside 'echo runs'
  assert_output_is runs
}

@test "seccomp: a receiver by annotation hears where the profile names nobody" {
  start_agent 1
  notify_profile
  config '.annotations = {"run.oci.seccomp.receiver": .linux.seccomp.listenerPath} |
    del(.linux.seccomp.listenerPath)'
  inside 'mkdir /dev/shm/x; echo "and on"'
  assert_output_has "Disk quota exceeded"
  assert_output_has "and on"
  [ "$(told .metadata)" = 'for "tests"' ]
  wait "$AGENT"
  # compiled and in the cache, and nobody is there to hear
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "run.oci.seccomp.receiver: connect to $BATS_TEST_TMPDIR/agent.sock"
  config 'del(.annotations)'
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has listenerPath
}

@test "seccomp: a receiver by annotation does not take the place of the profile's listener" {
  start_agent 1
  notify_profile
  config '.annotations = {"run.oci.seccomp.receiver": "/nowhere.sock"}'
  inside 'mkdir /dev/shm/x'
  assert_output_has "Disk quota exceeded"
}

@test "seccomp: unknown system calls are refused by annotation, also when the filter is in the cache" {
  profile "$deny_mkdir"
  inside 'echo runs'
  assert_output_is runs
  config '.annotations = {"run.oci.seccomp_fail_unknown_syscall": "1"}'
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has 'linux.seccomp.syscalls[0].names[2]'
  assert_output_has nosuchsyscall
  config '.annotations = {"run.oci.seccomp_fail_unknown_syscall": "0"}'
  inside 'echo runs'
  assert_output_is runs
}

@test "seccomp: WAIT_KILLABLE_RECV goes with a listener" {
  require kernel 5.19
  start_agent 1
  notify_profile
  config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'
  inside 'mkdir /dev/shm/x'
  assert_output_has "quota exceeded"
  wait "$AGENT"
}

@test "seccomp: the compiled filter is kept and used again; a damaged one is not" {
  local cached
  profile "$deny_mkdir"
  inside true
  cached=$(find "$ROOT/.seccomp" -type f)
  [ "$(wc -l <<<"$cached")" = 1 ]
  cp "$cached" "$BATS_TEST_TMPDIR/good"
  inside 'mkdir /dev/shm/x'
  assert_output_has "Operation not supported"
  cmp "$cached" "$BATS_TEST_TMPDIR/good"
  # every byte from the middle on changed: it must be compiled anew and still deny
  { head -c 200 "$BATS_TEST_TMPDIR/good"; head -c 4000 /dev/zero; } >"$cached"
  inside 'mkdir /dev/shm/x'
  assert_status 1
  assert_output_has "Operation not supported"
  # one that others may write to is foreign
  cp "$BATS_TEST_TMPDIR/good" "$cached"
  chmod 666 "$cached"
  inside 'mkdir /dev/shm/x'
  assert_output_has "Operation not supported"
}

@test "seccomp: a libseccomp that is damaged or too old is one sentence, and nothing is left" {
  local dir=$BATS_TEST_TMPDIR/lib other
  grep -qa "load the library that compiles filters" "${TINYRUN%/*}/tinyrun-full" "$TINYRUN" ||
    skip "libseccomp is linked into this tinyrun, not loaded"
  other=$(ldconfig -p | awk '$1 == "libm.so.6" { print $NF; exit }')
  profile "$deny_mkdir"
  mkdir "$dir"
  : >"$dir/libseccomp.so.2"
  LD_LIBRARY_PATH=$dir inside true
  assert_status 1
  assert_output_has "load the library that compiles filters: $dir/libseccomp.so.2: file too short"
  cp "$other" "$dir/libseccomp.so.2"
  LD_LIBRARY_PATH=$dir inside true
  assert_status 1
  assert_output_has "libseccomp.so.2 has no seccomp_"
  assert_output_has ": 2.5 is needed"
  [ ! -e "$ROOT/$ID" ]
  inside true
  assert_status 0
}
