#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# checkpoint - containers written to files and made of them again, by CRIU.
#
# What CRIU is asked for is looked at with a small program of that name in its place, on any kernel.
# The rest needs a CRIU that works with this kernel, which it says itself.

load helpers

setup() {
  test_setup
  require root
  make_bundle
  IMAGES=$BATS_TEST_TMPDIR/images
}

# --- a program in CRIU's place: writes down what it is asked (field number, value), one a line.
#
# FAKE_FAIL: it fails with these words; FAKE_DIE: it ends without any. At a restore the process is a
# sleep, made as CRIU does it: a child of its own parent.

fake_criu() {
  require command python3
  mkdir -p "$BATS_TEST_TMPDIR/bin"
  cat >"$BATS_TEST_TMPDIR/bin/criu" <<'END'
#!/usr/bin/env python3
import ctypes, os, socket, sys

log = open(os.environ["FAKE_LOG"], "w")

def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at

def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        value, at = varint(data, at)
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        yield key >> 3, value

def words(number, value):
    if number in (11, 23, 25, 27, 39):
        return " ".join(str(v) if isinstance(v, int) else v.decode() or '""' for _, v in fields(value))
    return value if isinstance(value, int) else value.decode()

def encode(*pairs):
    out = b""
    for number, value in pairs:
        data = value.encode() if isinstance(value, str) else value
        head = number << 3 | (0 if isinstance(value, int) else 2)
        for n in [head, value if isinstance(value, int) else len(data)]:
            while n >= 0x80:
                out += bytes([n & 0x7f | 0x80])
                n >>= 7
            out += bytes([n])
        out += b"" if isinstance(value, int) else data
    return out

peer = socket.socket(fileno=int(sys.argv[2]))
request = dict(fields(peer.recv(65536)))
print("action", request[1], file=log)
for number, value in fields(request[2]):
    print(number, words(number, value), file=log)
for fd in (1,) + ((17,) if 17 in dict(fields(request[2])) else ()):
    print("directory", os.readlink("/proc/self/fd/%d" % dict(fields(request[2]))[fd]), file=log)
print("cgroup", [l.strip()[3:] for l in open("/proc/self/cgroup") if l.startswith("0::")][0], file=log)
root = dict(fields(request[2])).get(13, b"").decode()
print("root", sorted(os.listdir(root)) if root and any(l.split()[4] == root for l in open("/proc/self/mountinfo")) else "no mount", file=log)
log.flush()

def notify(script, pid, fd=None):
    message = encode((1, 6), (2, 1), (5, encode((1, script), (2, pid))))
    if fd is None:
        peer.send(message)
    else:
        socket.send_fds(peer, [message], [fd])
    answer = dict(fields(peer.recv(65536)))
    print("notify", script, answer[3], file=log, flush=True)
    return answer[3] == 1

if "FAKE_DIE" in os.environ:
    sys.exit(0)
if "FAKE_FAIL" in os.environ:
    peer.send(encode((1, request[1]), (2, 0), (9, os.environ["FAKE_FAIL"])))
    sys.exit(1)
pid = 0
if request[1] == 2:
    # clone(CLONE_PARENT | SIGCHLD), with FAKE_NETNS | CLONE_NEWNET
    pid = ctypes.CDLL(None).syscall(56, 0x8000 | 17 | int(os.environ.get("FAKE_NETNS", "0"), 0), 0, 0, 0, 0)
    if pid == 0:
        os.closerange(3, 1024)
        ctypes.CDLL(None).prctl(38, int(os.environ.get("FAKE_NNP", "1")), 0, 0, 0) # PR_SET_NO_NEW_PRIVS
        os.execvp("sleep", ["sleep", os.environ.get("FAKE_SLEEP", "1000")])
    if "FAKE_PTY" in os.environ:
        notify("orphan-pts-master", 0, os.openpty()[0])
    good = notify("setup-namespaces", pid) and notify("post-restore", pid) and notify("post-resume", pid)
else:
    good = notify("status-ready", 0) and notify("post-dump", 0)
if not good and pid:
    os.kill(pid, 9)
peer.send(encode((1, request[1]), (2, int(good))))
sys.exit(0 if good else 1)
END
  chmod 755 "$BATS_TEST_TMPDIR/bin/criu"
  export PATH=$BATS_TEST_TMPDIR/bin:$PATH FAKE_LOG=$BATS_TEST_TMPDIR/asked
}

# CRIU was asked for FIELD with VALUE.
assert_asked() {
  grep -qxF -- "$1" "$FAKE_LOG" || {
    printf 'CRIU was not asked: %s\nbut:\n%s\n' "$1" "$(cat "$FAKE_LOG")" >&2
    return 1
  }
}

runs() {
  args /bin/sleep 1000
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
}

an_image() {
  mkdir -p "$IMAGES"
  touch "$IMAGES/inventory.img"
  echo '["/dev/null","pipe:[77]","/x"]' >"$IMAGES/descriptors.json"
}

@test "checkpoint: CRIU is asked for what the options and the configuration say" {
  local pid

  fake_criu
  mkdir "$ROOTFS/srv" "$BATS_TEST_TMPDIR/data"
  ln -s srv "$ROOTFS/link"
  config --arg d "$BATS_TEST_TMPDIR/data" \
    '.mounts += [{destination: "/link/data", source: $d, options: ["rbind"]}] |
     .annotations["org.criu.config"] = "/etc/mine.conf"'
  runs
  pid=$(pid_of "$ID")
  mkdir -p "$IMAGES/../first"
  # shellcheck disable=SC2016
  run bash -c 'exec 7>"$1"; shift; exec "$@"' x "$BATS_TEST_TMPDIR/status" "$TINYRUN" --root "$ROOT" \
    checkpoint --image-path "$IMAGES" --work-path "$BATS_TEST_TMPDIR/work" --parent-path ../first \
    --tcp-established --ext-unix-sk --shell-job --file-locks --auto-dedup --lazy-pages --status-fd 7 \
    --link-remap --tcp-skip-in-flight --page-server 10.0.0.1:77 --manage-cgroups-mode strict \
    --empty-ns network --network-lock nftables --leave-running "$ID"
  assert_status 0
  assert_output_is ""
  assert_asked "action 1"
  assert_asked "2 $pid"
  for field in 3 4 5 7 8 12 15 16 18 24 46 48 50; do
    assert_asked "$field 1"
  done
  assert_asked "10 dump.log"
  assert_asked "11 10.0.0.1 77"
  assert_asked "13 $(readlink -f "$ROOTFS")"
  assert_asked "14 ../first"
  assert_asked "23 /srv/data /srv/data"
  assert_asked "34 5"
  assert_asked "38 1073741824"
  assert_asked "44 $(cgroup_of "$ID")"
  assert_asked "51 /etc/mine.conf"
  assert_asked "64 2"
  assert_asked "directory $(readlink -f "$IMAGES")"
  assert_asked "directory $(readlink -f "$BATS_TEST_TMPDIR/work")"
  assert_asked "notify post-dump 1"
  [ "$(wc -c <"$BATS_TEST_TMPDIR/status")" = 1 ]
  jq -e 'length == 3' "$IMAGES/descriptors.json"
  status_is "$ID" running
}

@test "checkpoint: namespaces that others are in as well stay where they are" {
  fake_criu
  runs
  config --arg p "/proc/$(pid_of "$ID")/ns" '.linux.cgroupsPath += "-b" |
    .linux.namespaces |= map(select(.type != "pid" and .type != "network")) |
    .linux.namespaces += [{type: "pid", path: "\($p)/pid"}, {type: "network", path: "\($p)/net"}]'
  run_detached tr run -d -b "$BUNDLE" "$ID-b"
  assert_status 0
  run tr checkpoint --image-path "$IMAGES" --leave-running "$ID-b"
  assert_status 0
  assert_asked "37 net[$(stat -Lc %i "/proc/$(pid_of "$ID")/ns/net")]:extRootNetNS"
  assert_asked "37 pid[$(stat -Lc %i "/proc/$(pid_of "$ID")/ns/pid")]:extRootPidNS"
  an_image
  tr delete -f "$ID-b"
  run_detached tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID-b"
  assert_status 0
  grep -q '^27 extRootNetNS [0-9]*$' "$FAKE_LOG"
  grep -q '^27 extRootPidNS [0-9]*$' "$FAKE_LOG"
}

@test "checkpoint: the container is gone after it, unless it goes on or this was before" {
  fake_criu
  runs
  run tr checkpoint --pre-dump --image-path "$IMAGES" "$ID"
  assert_status 0
  assert_asked "action 4"
  assert_asked "15 1"
  status_is "$ID" running
  run tr checkpoint --image-path "$IMAGES" "$ID"
  assert_status 0
  run tr state "$ID"
  assert_output_has "container does not exist"
}

@test "checkpoint: what goes wrong is told in CRIU's words, and the container goes on" {
  fake_criu
  runs
  FAKE_FAIL="no such luck" run tr checkpoint --image-path "$IMAGES" "$ID"
  assert_status 1
  assert_output_is "tinyrun: checkpoint $ID: CRIU says: no such luck"
  FAKE_DIE=1 run tr checkpoint --image-path "$IMAGES" "$ID"
  assert_status 1
  assert_output_is "tinyrun: checkpoint $ID: CRIU ended without an answer: Broken pipe"
  PATH=/nowhere run "$TINYRUN" --root "$ROOT" checkpoint --image-path "$IMAGES" "$ID"
  assert_status 1
  assert_output_has "criu is not in PATH: install CRIU"
  run tr checkpoint --image-path "$IMAGES" --parent-path /abs "$ID"
  assert_status 1
  assert_output_has '--parent-path: found "/abs", want a path relative to'
  run tr checkpoint --image-path "$IMAGES" --parent-path ../none "$ID"
  assert_output_has "--parent-path: open ../none from $IMAGES: No such file or directory"
  run tr checkpoint --image-path "$IMAGES" --page-server x "$ID"
  assert_output_has '--page-server: found "x", want ADDRESS:PORT'
  run tr checkpoint --image-path "$IMAGES" --status-fd 77 "$ID"
  assert_output_has "--status-fd: descriptor 77: Bad file descriptor"
  run tr checkpoint --image-path /proc/no/such "$ID"
  assert_output_has "--image-path: make /proc/no/such: No such file or directory"
  status_is "$ID" running
  tr kill "$ID" KILL
  wait_for status_is "$ID" stopped
  run tr checkpoint --image-path "$IMAGES" "$ID"
  assert_status 1
  assert_output_is "tinyrun: checkpoint $ID: container not running"
  run tr checkpoint "$ID-none"
  assert_output_is "tinyrun: checkpoint $ID-none: container does not exist"
}

@test "checkpoint: a container that was not started is none to be written" {
  fake_criu
  run_detached tr create -b "$BUNDLE" "$ID"
  run tr checkpoint --image-path "$IMAGES" "$ID"
  assert_status 1
  assert_output_has "cannot checkpoint a container that was not started"
  status_is "$ID" created
}

@test "checkpoint: --help of both verbs works without CRIU" {
  PATH=/nowhere run "$TINYRUN" checkpoint --help
  assert_status 0
  PATH=/nowhere run "$TINYRUN" restore --help
  assert_status 0
}

@test "restore: CRIU finds the root mounted, its directories, and the container's cgroup" {
  local cgroup

  fake_criu
  an_image
  mkdir "$BATS_TEST_TMPDIR/data"
  config --arg d "$BATS_TEST_TMPDIR" '.mounts += [
    {destination: "/new/dir", source: "\($d)/data", options: ["bind"]},
    {destination: "/new/file", source: "\($d)/bundle/config.json", options: ["bind"]}]'
  run_detached tr restore -d --image-path "$IMAGES" --work-path "$BATS_TEST_TMPDIR/work" \
    --lsm-profile selinux:x --lsm-mount-context y --tcp-close --pid-file "$BATS_TEST_TMPDIR/pid" \
    -b "$BUNDLE" "$ID"
  assert_status 0
  assert_output_is ""
  cgroup=$(jq -r .linux.cgroupsPath "$BUNDLE/config.json")
  assert_asked "action 2"
  for field in 6 26 52; do
    assert_asked "$field 1"
  done
  assert_asked "10 restore.log"
  assert_asked "25 \"\" $cgroup"
  assert_asked "27 pipe:[77] 1"
  assert_asked "23 /new/dir $(readlink -f "$BATS_TEST_TMPDIR/data")"
  assert_asked "23 /new/file $(readlink -f "$BUNDLE/config.json")"
  assert_asked "53 selinux:x"
  assert_asked "63 y"
  assert_asked "cgroup $cgroup"
  grep -q "^root .*'bin', 'dev'" "$FAKE_LOG"
  assert_asked "notify post-resume 1"
  [ -d "$ROOTFS/new/dir" ] && [ -f "$ROOTFS/new/file" ]
  status_is "$ID" running
  [ "$(cat "$BATS_TEST_TMPDIR/pid")" = "$(pid_of "$ID")" ]
  run ! grep -q criu-root /proc/self/mountinfo
  [ ! -e "$ROOT/$ID/criu-root" ]
  tr kill "$ID" KILL
  wait_for status_is "$ID" stopped
  tr delete "$ID"
}

@test "restore: in the foreground its exit status is the process's, and the container is deleted" {
  fake_criu
  an_image
  FAKE_SLEEP=1 run tr restore --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 0
  [ -z "$(tr list -q)" ]
}

@test "restore: the runtime's hooks run before the processes do" {
  fake_criu
  an_image
  config --arg f "$BATS_TEST_TMPDIR/hooks" '.hooks.createRuntime = [{path: "/bin/sh",
    args: ["sh", "-c", "cat >>\($f)"]}]'
  run_detached tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 0
  jq -e --arg id "$ID" '.id == $id and .status == "creating" and .pid > 1' "$BATS_TEST_TMPDIR/hooks"
}

@test "restore: a network on a bridge is not in the image, and made anew before anything runs" {
  local host=$UNIQ-h
  fake_criu
  require command ip nft
  ip netns add "$host"
  in_host() { ip netns exec "$host" "$TINYRUN" --root "$ROOT" "$@"; }
  args /bin/sleep 1000
  config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "cat >/dev/null"]}]'
  run_detached in_host run -d --network bridge -b "$BUNDLE" "$ID"
  assert_status 0
  run in_host checkpoint --image-path "$IMAGES" "$ID"
  assert_status 0
  assert_asked "38 1073741824"
  grep -q '^23 /etc/resolv.conf' "$FAKE_LOG"
  touch "$IMAGES/inventory.img"
  run in_host restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "the container had a network on a bridge, which is not in the image: say --network bridge"
  FAKE_NETNS=0x40000000 run_detached in_host restore -d --network bridge --ip 10.209.0.9 --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 0
  assert_asked "38 1073741824"
  nsenter -t "$(pid_of "$ID")" -n ip -o -4 addr show eth0 | grep -q 'inet 10.209.0.9/16'
  nsenter -t "$(pid_of "$ID")" -n ip -o link show lo | grep -q 'LOWER_UP'
  grep -q 10.209.0.9 "$ROOT/$ID/hosts"
  in_host delete --force "$ID"
  run ip netns exec "$host" ip -o link show type veth
  assert_output_is ""
  # without --network its namespace is left as CRIU makes it, but for the loopback interface
  FAKE_NETNS=0x40000000 run_detached in_host restore -d --empty-ns network --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(nsenter -t "$(pid_of "$ID")" -n ip -o link | grep -c .)" = "$(ip netns exec "$host" unshare -n ip -o link | grep -c .)" ]
  nsenter -t "$(pid_of "$ID")" -n ip -o link show lo | grep -q 'LOWER_UP'
  in_host delete --force "$ID"
  ip netns del "$host"
}

@test "restore: a terminal needs a console socket when detached, and CRIU's master goes there" {
  fake_criu
  an_image
  config '.process.terminal = true'
  run tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "a detached container needs --console-socket"
  assert_nothing_left
  timeout 60 python3 - "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/got" 3>&- <<'PY' &
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1] + "/console.sock")
s.listen(1)
open(sys.argv[1] + "/listening", "w").close()
c, _ = s.accept()
_, control, _, _ = c.recvmsg(4096, socket.CMSG_SPACE(4))
fds = array.array("i")
fds.frombytes(control[0][2][:4])
print(os.isatty(fds[0]), len(c.recv(1)))
PY
  wait_for test -e "$BATS_TEST_TMPDIR/listening"
  FAKE_PTY=1 run_detached tr restore -d --image-path "$IMAGES" --console-socket "$BATS_TEST_TMPDIR/console.sock" -b "$BUNDLE" "$ID"
  assert_status 0
  wait $!
  [ "$(cat "$BATS_TEST_TMPDIR/got")" = "True 0" ]
  status_is "$ID" running
}

@test "restore: a CRIU that forgets no_new_privs is refused" {
  fake_criu
  an_image
  config '.process.noNewPrivileges = true'
  FAKE_NNP=0 run tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "process.noNewPrivileges: this CRIU does not restore it"
  assert_nothing_left
  config '.process.noNewPrivileges = false'
  FAKE_NNP=0 run_detached tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 0
}

@test "restore: what goes wrong leaves nothing behind" {
  fake_criu
  mkdir "$IMAGES"
  run tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_is "tinyrun: restore $ID: --image-path: there is no checkpoint in $IMAGES: it has no inventory.img"
  run tr restore -d --image-path /nowhere -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "--image-path: open /nowhere: No such file or directory"
  an_image
  FAKE_FAIL="not again" run tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_is "tinyrun: restore $ID: CRIU says: not again"
  assert_nothing_left
  FAKE_DIE=1 run tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 1
  assert_nothing_left
  # we refuse what CRIU has restored: it has no pid file
  run tr restore -d --image-path "$IMAGES" --pid-file /nowhere/pid -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "--pid-file: open /nowhere/: No such file or directory"
  assert_asked "notify post-restore 0"
  assert_nothing_left
  echo '{}' >"$IMAGES/descriptors.json"
  run tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "descriptors.json"
  assert_nothing_left
}

@test "restore: namespaces that are joined are looked at as those of create" {
  local holder with text
  fake_criu
  an_image
  unshare --user --net --uts sleep 1000 3>&- &
  holder=$!
  wait_for grep -q sleep "/proc/$holder/comm"
  echo 0 100000 1000 >"/proc/$holder/uid_map"
  echo 0 100000 1000 >"/proc/$holder/gid_map"
  cp "$BUNDLE/config.json" "$BATS_TEST_TMPDIR/config"
  while IFS='|' read -r with text; do
    cp "$BATS_TEST_TMPDIR/config" "$BUNDLE/config.json"
    config --arg p "/proc/$holder/ns" 'def join(t; f): .linux.namespaces |= map(select(.type != t)) + [{type: t, path: f}];
      def map(id): [{containerID: 0, hostID: id, size: 1000}];
      '"${with//;;/|}"
    run_detached tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
    assert_status 1
    assert_one_line
    assert_output_has "$text"
    [ ! -e "$FAKE_LOG" ] && [ ! -e "$ROOT/$ID" ]
  done <<'END'
join("user"; $p + "/user") ;; .linux.uidMappings = map(0)|linux.uidMappings are not those of this user namespace
join("user"; $p + "/user") ;; .linux.gidMappings = map(5)|linux.gidMappings are not those of this user namespace
join("network"; $p + "/uts")|is a namespace of another type
join("ipc"; $p + "/uts")|is a namespace of another type
join("uts"; "/proc/self/ns/uts") ;; .hostname = "x"|is the host's namespace
END
  cp "$BATS_TEST_TMPDIR/config" "$BUNDLE/config.json"
  config --arg p "/proc/$holder/ns/net" '.linux.namespaces |= map(select(.type != "network")) + [{type: "network", path: $p}]'
  run_detached tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 0
  grep -q '^27 extRootNetNS [0-9]*$' "$FAKE_LOG"
  kill -KILL "$holder"
  wait "$holder" || true
}

@test "restore: descriptors of a checkpoint that lie are an error and no wait (CVE-2026-53492)" {
  local streams=$IMAGES/descriptors.json text
  fake_criu
  an_image
  for text in '{"x": 1}' '[1]' '[null]' '["a", {}]' '["a' "[$(printf '[%.0s' {1..100})" '["a\u0000b"]'; do
    echo "$text" >"$streams"
    run timeout 20 "$TINYRUN" --root "$ROOT" restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
    assert_status 1
    assert_one_line
    assert_output_has "descriptors.json"
  done
  for text in fifo link directory large; do
    rm -rf "$streams"
    case $text in
    fifo) mkfifo "$streams" ;;
    link) ln -s /dev/zero "$streams" ;;
    directory) mkdir "$streams" ;;
    large) truncate -s 5M "$streams" ;;
    esac
    run timeout 20 "$TINYRUN" --root "$ROOT" restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
    assert_status 1
    assert_one_line
  done
  [ ! -e "$ROOT/$ID" ]
}

# --- with CRIU itself

require_criu() {
  require command criu
  timeout 60 criu check >/dev/null 2>&1 || skip "needs kernel that this CRIU works with"
}

# With nothing of the host's but /dev/null open in the container.
silently() {
  status=0
  "$1" --log "$BATS_TEST_TMPDIR/log" "${@:2}" >/dev/null 2>&1 </dev/null 3>&- || status=$?
  output=$(cat "$BATS_TEST_TMPDIR/log")
}

# With a CRIU that cannot restore what the default configuration asks for, the refusal is tested above.
privileges() {
  [[ $(criu --version) != "Version: 3."* ]] || config '.process.noNewPrivileges = false'
}

# Counts up in a file of the root file system.
counts() {
  privileges
  config '.root.readonly = false'
  # shellcheck disable=SC2016
  args /bin/sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/tmp/count; sleep 0.1; done'
  silently tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  wait_for test -s "$ROOTFS/tmp/count"
}

count_is_above() {
  [ "$(cat "$ROOTFS/tmp/count")" -gt "$1" ]
}

@test "restore: a container goes on where it was, and every verb works on it" {
  local at

  require_criu
  counts
  run tr checkpoint --image-path "$IMAGES" "$ID"
  assert_status 0
  assert_nothing_left
  at=$(cat "$ROOTFS/tmp/count")
  silently tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 0
  wait_for count_is_above "$at"
  [ "$(cat "$ROOTFS/tmp/count")" -lt $((at + 100)) ]
  status_is "$ID" running
  run tr exec "$ID" /bin/sh -c 'hostname; ls /proc/1/exe && cat /proc/self/cgroup'
  assert_status 0
  assert_output_has "$(tr exec "$ID" hostname)"
  [ "$(basename "$(cgroup_of "$ID")")" = "$ID" ]
  run tr start "$ID"
  assert_output_has "cannot start an already running container"
  tr pause "$ID"
  status_is "$ID" paused
  tr resume "$ID"
  # and once more
  run tr checkpoint --image-path "$IMAGES-2" --leave-running "$ID"
  assert_status 0
  status_is "$ID" running
  run tr delete "$ID"
  assert_status 1
  tr kill "$ID" KILL
  wait_for status_is "$ID" stopped
  tr delete "$ID"
}

@test "restore: a process that began in a delegated part of its cgroup is there again" {
  local at

  require_criu
  config '.annotations = {"run.oci.delegate-cgroup": "init"}'
  counts
  [ "$(basename "$(cgroup_of "$ID")")" = init ]
  run tr checkpoint --image-path "$IMAGES" "$ID"
  assert_status 0
  assert_nothing_left
  at=$(cat "$ROOTFS/tmp/count")
  silently tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 0
  wait_for count_is_above "$at"
  [[ $(cgroup_of "$ID") == */"$ID"/init ]]
  run tr exec "$ID" cat /proc/self/cgroup
  assert_output_has 0::/init
}

@test "restore: the program sees its mounts and privileges as they were" {
  local before after

  require_criu
  [[ $(criu --version) != "Version: 3."* ]] || skip "needs command criu of version 4"
  mkdir "$BATS_TEST_TMPDIR/data"
  config --arg d "$BATS_TEST_TMPDIR/data" '.mounts += [
      {destination: "/data", source: $d, options: ["rbind", "ro"]},
      {destination: "/scratch", type: "tmpfs", source: "tmpfs", options: ["size=1m"]}] |
    .process.noNewPrivileges = true | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{names: ["mkdirat", "mkdir"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}'
  # what it was is written by the process itself, before and after
  # shellcheck disable=SC2016
  args /bin/sh -c 'trap "grep -E \"^(Cap|Seccomp|NoNew)\" /proc/\$\$/status >/data/x 2>&1; cut -d\  -f5,6 /proc/self/mountinfo | sort >/scratch/now" USR1
    echo kept >/scratch/file; while :; do sleep 0.1; done'
  silently tr run -d -b "$BUNDLE" "$ID"
  told() { tr exec "$ID" test -s /scratch/now; }
  tr kill "$ID" USR1
  wait_for told
  before=$(tr exec "$ID" cat /scratch/now; grep -E '^(Cap|Seccomp:|NoNew)' "/proc/$(pid_of "$ID")/status")
  tr exec "$ID" rm /scratch/now
  run tr checkpoint --image-path "$IMAGES" "$ID"
  assert_status 0
  silently tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(tr exec "$ID" cat /scratch/file)" = kept ]
  tr kill "$ID" USR1
  wait_for told
  after=$(tr exec "$ID" cat /scratch/now; grep -E '^(Cap|Seccomp:|NoNew)' "/proc/$(pid_of "$ID")/status")
  [ "$before" = "$after" ] || {
    diff <(echo "$before") <(echo "$after") >&2
    return 1
  }
}

@test "restore: pipes on the standard streams are those of the runtime that restores" {
  require_criu
  privileges
  # shellcheck disable=SC2016
  args /bin/sh -c 'while :; do echo out; sleep 0.1; done'
  "$TINYRUN" --root "$ROOT" run -d -b "$BUNDLE" "$ID" </dev/null 3>&- 2>/dev/null | cat >"$BATS_TEST_TMPDIR/first" &
  wait_for test -s "$BATS_TEST_TMPDIR/first"
  run tr checkpoint --image-path "$IMAGES" "$ID"
  assert_status 0
  wait
  "$TINYRUN" --root "$ROOT" restore --image-path "$IMAGES" -b "$BUNDLE" "$ID" </dev/null 3>&- 2>/dev/null |
    cat >"$BATS_TEST_TMPDIR/second" &
  wait_for test -s "$BATS_TEST_TMPDIR/second"
  tr kill "$ID" KILL
  wait
  [ -z "$(tr list -q)" ]
}

@test "checkpoint: of a paused container, and in two steps with --pre-dump" {
  require_criu
  counts
  run tr checkpoint --pre-dump --image-path "$BATS_TEST_TMPDIR/first" "$ID"
  [ "$status" = 0 ] || [[ $output != *"racking"* ]] || skip "needs kernel that tracks memory"
  assert_status 0
  status_is "$ID" running
  run tr checkpoint --image-path "$IMAGES" --parent-path ../first "$ID"
  assert_status 0
  silently tr restore -d --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 0
  tr pause "$ID"
  run tr checkpoint --image-path "$IMAGES-paused" "$ID"
  assert_status 0
  silently tr restore -d --image-path "$IMAGES-paused" -b "$BUNDLE" "$ID"
  assert_status 0
  status_is "$ID" running
}

# Listens on the socket $1, and writes what the terminal says that comes there to $2.
listens() {
  timeout 300 python3 - "$1" "$2" >/dev/null 2>&1 3>&- <<'PY' &
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(1)
c, _ = s.accept()
_, control, _, _ = c.recvmsg(4096, socket.CMSG_SPACE(4))
fds = array.array("i")
fds.frombytes(control[0][2][:4])
out = open(sys.argv[2], "wb", 0)
try:
    while data := os.read(fds[0], 4096):
        out.write(data)
except OSError:
    pass
PY
  wait_for test -S "$1"
}

@test "restore: a terminal goes on, on the console socket that restore is given" {
  local dir=$BATS_TEST_TMPDIR last
  require_criu
  require command python3
  privileges
  config '.process.terminal = true'
  # shellcheck disable=SC2016
  args /bin/sh -c 'i=0; while :; do i=$((i + 1)); echo "line $i"; sleep 0.1; done'
  listens "$dir/first.sock" "$dir/first"
  silently tr run -d --console-socket "$dir/first.sock" -b "$BUNDLE" "$ID"
  assert_status 0
  wait_for grep -q 'line 3' "$dir/first"
  run tr checkpoint --image-path "$IMAGES" "$ID"
  assert_status 0
  last=$(grep -o '[0-9]*' "$dir/first" | tail -n 1)
  listens "$dir/second.sock" "$dir/second"
  silently tr restore -d --console-socket "$dir/second.sock" --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 0
  wait_for grep -q "line $((last + 5))" "$dir/second"
  run ! grep -q 'line 1[^0-9]' "$dir/second"
  tr kill "$ID" KILL
  wait_for status_is "$ID" stopped
}

@test "restore: a network on a bridge is there again, with CRIU" {
  local at
  require_criu
  require command ip nft
  privileges
  config '.root.readonly = false'
  # shellcheck disable=SC2016
  args /bin/sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/tmp/count; sleep 0.1; done'
  silently tr run -d --network bridge --bridge tr-criu0 --subnet 10.77.0.0/24 -b "$BUNDLE" "$ID"
  assert_status 0
  wait_for test -s "$ROOTFS/tmp/count"
  run tr checkpoint --image-path "$IMAGES" "$ID"
  assert_status 0
  run ip -o link show type veth
  assert_output_is ""
  at=$(cat "$ROOTFS/tmp/count")
  silently tr restore -d --network bridge --bridge tr-criu0 --subnet 10.77.0.0/24 --ip 10.77.0.7 \
    --image-path "$IMAGES" -b "$BUNDLE" "$ID"
  assert_status 0
  wait_for count_is_above "$at"
  run tr exec "$ID" ip -o -4 addr show eth0
  assert_output_has 10.77.0.7/24
  run tr exec "$ID" cat /etc/hosts
  assert_output_has 10.77.0.7
  tr exec --cap CAP_NET_RAW "$ID" ping -c 1 -W 5 10.77.0.1
  tr delete --force "$ID"
  run ! ip link show tr-criu0
}
