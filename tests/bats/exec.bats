#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec - one more process in a container.

load helpers

setup() {
  test_setup
  require root
  require cgroup2
  make_bundle
  args /bin/sleep 1000
}

up() {
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
}

process() {
  jq -n --argjson v "$1" '{cwd: "/", user: {uid: 0, gid: 0}, args: ["/bin/true"],
    env: ["PATH=/bin"]} * $v' >"$BATS_TEST_TMPDIR/process.json"
}

@test "exec: output, error and exit status are the program's" {
  up
  run tr exec "$ID" echo hello world
  assert_status 0
  assert_output_is "hello world"
  run tr exec "$ID" sh -c 'echo bad >&2; exit 7'
  assert_status 7
  assert_output_is bad
  run tr exec "$ID" sh -c 'kill -TERM $$'
  assert_status 143
  run bash -c 'echo in | "$0" --root "$1" exec "$2" cat' "$TINYRUN" "$ROOT" "$ID"
  assert_output_is in
}

@test "exec: oomScoreAdj is the container's, or its own" {
  config '.process.oomScoreAdj = 321'
  up
  run tr exec "$ID" cat /proc/self/oom_score_adj
  assert_output_is 321
  process '{"args": ["/bin/cat", "/proc/self/oom_score_adj"]}'
  run tr exec -p "$BATS_TEST_TMPDIR/process.json" "$ID"
  assert_output_is 321
  process '{"args": ["/bin/cat", "/proc/self/oom_score_adj"], "oomScoreAdj": 123}'
  run tr exec -p "$BATS_TEST_TMPDIR/process.json" "$ID"
  assert_output_is 123
}

@test "exec: execCPUAffinity is that of the configuration, final after initial" {
  config '.process.execCPUAffinity = {"initial": "0", "final": "0-0"}'
  up
  run tr exec "$ID" sh -c 'grep Cpus_allowed_list /proc/self/status'
  assert_output_is "Cpus_allowed_list:	0"
  local last=$(($(nproc) - 1))
  # each alone, and the two one after the other
  while read -r want; do
    process '{"args": ["/bin/grep", "Cpus_allowed_list", "/proc/self/status"], "execCPUAffinity": '"${want#* }"'}'
    run tr exec -p "$BATS_TEST_TMPDIR/process.json" "$ID"
    assert_output_is "Cpus_allowed_list:	${want%% *}"
  done <<-END
	$last {"initial":"$last"}
	$last {"final":"$last"}
	$last {"initial":"0","final":"$last"}
	0 {"initial":"$last","final":"0"}
	END
  process '{"args": ["/bin/grep", "Cpus_allowed_list", "/proc/self/status"], "execCPUAffinity": {"final": "1000"}}'
  run tr exec -p "$BATS_TEST_TMPDIR/process.json" "$ID"
  assert_status 255
  assert_output_has "process.execCPUAffinity.final"
}

@test "exec: the process is in every namespace, the cgroup and the root of the container" {
  up
  local pid ns
  pid=$(pid_of "$ID")
  run tr exec "$ID" sh -c 'for n in ipc mnt net pid uts cgroup; do readlink /proc/self/ns/$n; done'
  assert_status 0
  [ "$output" = "$(for ns in ipc mnt net pid uts cgroup; do readlink "/proc/$pid/ns/$ns"; done)" ]
  run_detached tr exec -d --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" sleep 1000
  assert_status 0
  pid=$(cat "$BATS_TEST_TMPDIR/pid")
  grep -qx "$pid" "$(cgroup_of "$ID")/cgroup.procs"
  [ "$(wc -c <"$BATS_TEST_TMPDIR/pid")" = "${#pid}" ]
  run tr exec "$ID" hostname
  assert_output_is "$(jq -r .hostname "$BUNDLE/config.json")"
  tr kill "$ID" KILL
}

@test "exec: capabilities, limits, seccomp and no_new_privs are inherited" {
  config '.process.noNewPrivileges = true | .process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 88}]
    | .process.capabilities = {"bounding": ["CAP_KILL", "CAP_CHOWN"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"]}
    | .linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}'
  up
  process '{"args": ["/bin/sh", "-c", "grep -E ^\\(Cap\\|NoNew\\|Seccomp:\\) /proc/self/status; ulimit -n; ulimit -Hn; mkdir /dev/shm/x 2>&1"]}'
  for how in "$ID sh -c" "-p $BATS_TEST_TMPDIR/process.json $ID"; do
    if [[ $how == -p* ]]; then
      # shellcheck disable=SC2086
      run tr exec $how
    else
      run tr exec "$ID" sh -c 'grep -E "^(Cap|NoNew|Seccomp:)" /proc/self/status; ulimit -n; ulimit -Hn; mkdir /dev/shm/x 2>&1'
    fi
    assert_status 1
    assert_output_has "CapInh:	0000000000000000"
    assert_output_has "CapPrm:	0000000000000020"
    assert_output_has "CapEff:	0000000000000020"
    assert_output_has "CapBnd:	0000000000000021"
    assert_output_has "CapAmb:	0000000000000000"
    assert_output_has "NoNewPrivs:	1"
    assert_output_has "Seccomp:	2"
    assert_output_has $'\n77\n88\n'
    assert_output_has "Function not implemented"
  done
}

@test "exec: user, groups, directory, environment and capabilities of the command line" {
  config '.process.capabilities = {"bounding": ["CAP_KILL"]} | .process.env += ["A=old", "B=b"]'
  up
  run tr exec --user 1000:1001 -g 5 -g 6 --cwd /dev -e A=1 -e C=x=y --no-new-privs "$ID" \
    sh -c 'id -u; id -g; id -G; pwd; echo $A $B $C; grep NoNew /proc/self/status'
  assert_status 0
  assert_output_is $'1000\n1001\n1001 5 6\n/dev\n1 b x=y\nNoNewPrivs:\t1'
  run tr exec --cap CAP_NET_ADMIN -c chown "$ID" sh -c 'grep Cap /proc/self/status'
  assert_output_has "CapInh:	0000000000000000"
  assert_output_has "CapEff:	0000000000001001"
  assert_output_has "CapBnd:	0000000000001021"
  assert_output_has "CapAmb:	0000000000000000"
  run bash -c '"$@" | cat' sh "$TINYRUN" --root "$ROOT" exec --user 1000:1000 "$ID" sh -c 'echo anew >/dev/stdout'
  assert_output_is anew
}

@test "exec: what is no number is no user, and no wrap makes one root" {
  up
  local user
  for user in root -1 4294967295 4294967296 1x "" 1: :1 " 1" 0x1; do
    run tr exec --user="$user" "$ID" id
    assert_status 255
    assert_one_line
    assert_output_has "--user"
  done
  run tr exec -g 4294967296 "$ID" id
  assert_status 255
  run tr exec --cap CAP_NONSENSE "$ID" id
  assert_status 255
  assert_output_has 'unknown capability "CAP_NONSENSE"'
  run tr exec -e =x "$ID" id
  assert_status 255
  run tr exec --cwd relative "$ID" id
  assert_status 255
}

@test "exec: a failure exits with 255 and one line, and leaves no pid file" {
  up
  local f=$BATS_TEST_TMPDIR/pid
  run tr exec --pid-file "$f" "$ID" nosuchprogram
  assert_status 255
  assert_one_line
  # shellcheck disable=SC2016
  assert_output_has 'exec: "nosuchprogram": executable file not found in $PATH'
  [ ! -e "$f" ]
  run tr exec --pid-file "$f" -d "$ID" /etc/passwd
  assert_status 255
  assert_output_has "permission denied"
  [ ! -e "$f" ]
  printf 'no program' >"$ROOTFS/junk"
  chmod +x "$ROOTFS/junk"
  run tr exec --pid-file "$f" -d "$ID" /junk
  assert_status 255
  assert_output_has "exec format error"
  [ ! -e "$f" ]
  run tr exec --cwd /nosuch --pid-file "$f" "$ID" true
  assert_status 255
  assert_output_has "No such file or directory"
  [ ! -e "$f" ]
  [ ! -e "$ROOTFS/nosuch" ]
  run tr exec "$ID"
  assert_status 255
  run tr exec nosuch true
  assert_status 255
  assert_output_has "container does not exist"
  [ "$(status_of "$ID")" = running ]
}

@test "exec: stopped and paused containers refuse, --ignore-paused waits" {
  up
  tr pause "$ID"
  run tr exec "$ID" true
  assert_status 255
  assert_output_has "cannot exec in a paused container (use --ignore-paused to override)"
  "$TINYRUN" --root "$ROOT" exec --ignore-paused "$ID" touch /dev/shm/late 3>&- &
  local job=$!
  sleep 0.2
  [ ! -e "/proc/$(pid_of "$ID")/root/dev/shm/late" ]
  tr resume "$ID"
  wait "$job"
  [ -e "/proc/$(pid_of "$ID")/root/dev/shm/late" ]
  tr kill "$ID" KILL
  wait_for status_is "$ID" stopped
  run tr exec "$ID" true
  assert_status 255
  assert_output_has "cannot exec in a stopped container"
}

@test "exec: a created container takes one, and is still created" {
  run_detached tr create -b "$BUNDLE" "$ID"
  run tr exec "$ID" echo early
  assert_status 0
  assert_output_is early
  [ "$(status_of "$ID")" = created ]
}

@test "exec: process.json decides, and what is wrong in it is named" {
  up
  process '{"args": ["/bin/sh", "-c", "id -u; pwd; echo $X"], "cwd": "/dev", "user": {"uid": 12, "gid": 13}, "env": ["X=y", "PATH=/bin"]}'
  run tr exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
  assert_status 0
  assert_output_is $'12\n/dev\ny'
  process '{"user": {"uid": "0"}}'
  run tr exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
  assert_status 255
  assert_one_line
  assert_output_has "user.uid"
  assert_output_has "process.json:"
  run tr exec --process "$BATS_TEST_TMPDIR/process.json" "$ID" true
  assert_status 255
  run tr exec --process /nosuch "$ID"
  assert_status 255
}

@test "exec: labels of the command line are put into force, or it says why not" {
  [ ! -e /sys/fs/selinux/enforce ] || skip "needs kernel without SELinux"
  [ ! -e /proc/self/attr/apparmor ] || skip "needs kernel without AppArmor"
  args /bin/sleep 1000
  run_detached tr run -d -b "$BUNDLE" "$ID"
  run tr exec --process-label a:b:c:d "$ID" /bin/true
  assert_status 255
  assert_output_has "set the SELinux label a:b:c:d: SELinux is not enabled in this kernel"
  jq '.process | .args = ["/bin/true"] | .terminal = false' "$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/p.json"
  run tr exec --apparmor docker-default -p "$BATS_TEST_TMPDIR/p.json" "$ID"
  assert_status 255
  assert_output_has "set the AppArmor profile docker-default: AppArmor is not enabled in this kernel"
  run tr exec --apparmor "" --process-label "" "$ID" /bin/true
  assert_status 0
}

@test "exec: no descriptor of the host's reaches the program, but for those that were asked for" {
  up
  run bash -c 'exec 3<"$0" 4<"$0" 5<"$0"; "$@"' /etc/hostname "$TINYRUN" --root "$ROOT" \
    exec "$ID" sh -c 'ls /proc/self/fd | wc -l'
  assert_status 0
  assert_output_is 4 # 0 to 2, and that of ls
  run bash -c 'exec 3<"$0" 4<"$0" 5<"$0"; "$@"' /etc/hostname "$TINYRUN" --root "$ROOT" \
    exec --preserve-fds 2 "$ID" sh -c 'cmp /proc/self/fd/3 /proc/self/fd/4 && [ ! -e /proc/self/fd/5 ]'
  assert_status 0
  run tr exec --preserve-fds 50 "$ID" true
  assert_status 255
  assert_output_has "unable to stat preserved-fd"
}

@test "exec: LISTEN_FDS is passed on with LISTEN_PID 1, beside --preserve-fds" {
  args /bin/sleep 1000
  run_detached tr run -d -b "$BUNDLE" "$ID"
  echo one >"$BATS_TEST_TMPDIR/one"
  echo two >"$BATS_TEST_TMPDIR/two"
  # shellcheck disable=SC2016
  run bash -c 'exec 3<"$1" 4<"$2" 5<&-; LISTEN_FDS=1 LISTEN_PID=$$ exec "${@:3}"' x \
    "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two" "$TINYRUN" --root "$ROOT" \
    exec --preserve-fds 1 "$ID" /bin/sh -c 'echo $LISTEN_FDS $LISTEN_PID; cat <&3; cat <&4'
  assert_status 0
  assert_output_is "1 1
one
two"
  # shellcheck disable=SC2016
  run bash -c 'exec 3<&-; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' x "$TINYRUN" --root "$ROOT" \
    exec "$ID" /bin/true
  assert_status 255
  assert_output_has "unable to stat preserved-fd 3"
}

@test "exec: a working directory that is missing is an error, and is not made" {
  config '.root.readonly = false'
  up
  run tr exec --cwd /made/by/exec "$ID" pwd
  assert_status 255
  assert_one_line
  assert_output_has "process.cwd"
  assert_output_has "No such file or directory"
  [ ! -e "$ROOTFS/made" ]
}

@test "exec: a working directory behind a descriptor is refused" {
  up
  local fd
  for fd in 3 4 5 6 7 8 9; do
    run tr exec --cwd "/proc/self/fd/$fd" "$ID" pwd
    assert_status 255
  done
}

@test "exec: a terminal of the container's is relayed" {
  require command python3
  up
  run python3 - "$TINYRUN" "$ROOT" "$ID" <<'PY'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "--root", sys.argv[2], "exec", "-t", sys.argv[3], "sh", "-c", "tty; exit 9"])
out = b""
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    out += data
_, status = os.waitpid(pid, 0)
print(out.decode().strip(), os.WEXITSTATUS(status))
PY
  assert_output_is "/dev/pts/0 9"
}

@test "exec: detached with a terminal needs a console socket, and sends the master there" {
  require command python3
  up
  run tr exec -d -t "$ID" true
  assert_status 255
  assert_output_has "console-socket"
  run timeout 60 python3 - "$TINYRUN" "$ROOT" "$ID" "$BATS_TEST_TMPDIR" <<'PY'
import array, os, socket, subprocess, sys
tool, root, id, dir = sys.argv[1:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(dir + "/sock"); s.listen(1); s.settimeout(30)
subprocess.check_call([tool, "--root", root, "exec", "-d", "-t", "--console-socket", dir + "/sock",
                       "--pid-file", dir + "/pid", id, "sh", "-c", "tty; test -t 2 && echo yes"])
c, _ = s.accept()
msg, anc, _, _ = c.recvmsg(4096, socket.CMSG_SPACE(64))
fds = array.array("i"); fds.frombytes(anc[0][2])
out = b""
while True:
    try:
        data = os.read(fds[0], 4096)
    except OSError:
        break
    if not data:
        break
    out += data
print(len(fds), len(msg) > 0, out.decode().split(), open(dir + "/pid").read().isdigit())
PY
  assert_status 0
  assert_output_is "1 True ['/dev/pts/0', 'yes'] True"
}

@test "exec: a part of the container's cgroup can be named, and nothing outside of it" {
  up
  mkdir "$(cgroup_of "$ID")/part"
  run_detached tr exec -d --cgroup part --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" sleep 1000
  assert_status 0
  grep -q '/part$' "/proc/$(cat "$BATS_TEST_TMPDIR/pid")/cgroup"
  local bad
  for bad in .. ../x /../.. nosuch; do
    run tr exec --cgroup "$bad" "$ID" true
    assert_status 255
  done
}

@test "exec: the processes of a user namespace's container are joined with its ids" {
  config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    | .linux.gidMappings = .linux.uidMappings'
  chmod 755 "$BATS_TEST_TMPDIR" "$BUNDLE" "$ROOTFS" 2>/dev/null
  up
  run tr exec "$ID" sh -c 'id -u; cat /proc/self/uid_map | tr -s " "; grep CapEff /proc/1/status /proc/self/status | cut -f2 | sort -u | wc -l'
  assert_status 0
  assert_output_has " 0 100000 65536"
  [ "${lines[0]}" = 0 ]
  run tr exec -u 5 "$ID" id -u
  assert_output_is 5
}

@test "exec: a container without namespaces of mounts and pids is entered by its root" {
  config '.linux.namespaces = [{"type": "uts"}, {"type": "ipc"}] | del(.mounts, .linux.maskedPaths, .linux.readonlyPaths)
    | .root.readonly = false | del(.linux.devices)'
  up
  run tr exec "$ID" ls /
  assert_status 0
  [ "$output" = "$(LC_ALL=C ls "$ROOTFS")" ]
}

@test "exec: signals are passed on, and its end is not the container's" {
  up
  "$TINYRUN" --root "$ROOT" exec "$ID" sh -c 'trap "exit 33" TERM; touch /dev/shm/ready; while :; do sleep 0.1; done' 3>&- &
  local job=$! code=0
  wait_for test -e "/proc/$(pid_of "$ID")/root/dev/shm/ready"
  kill -TERM "$job"
  wait "$job" || code=$?
  [ "$code" = 33 ]
  [ "$(status_of "$ID")" = running ]
}
