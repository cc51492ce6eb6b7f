#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# isolation - what the program in a container of the default configuration can see and do.

load helpers

setup() {
  test_setup
  require root
  make_bundle
}

inside() {
  args /bin/sh -c "$1"
  run tr run -b "$BUNDLE" "$ID"
}

@test "isolation: it is PID 1 and sees its own processes alone" {
  inside 'echo $$; ps -o pid,comm'
  assert_status 0
  [ "${lines[0]}" = 1 ]
  [ "${#lines[@]}" -le 4 ]
}

@test "isolation: it cannot signal a process of the host" {
  sleep 1000 3>&- &
  local victim=$!
  inside "kill -9 $victim"
  [ "$status" -ne 0 ]
  kill -0 "$victim"
  kill "$victim"
}

@test "isolation: it cannot see the host's files" {
  touch "$BATS_TEST_TMPDIR/secret"
  inside "ls $BATS_TEST_TMPDIR/secret; ls /old_root /.pivot_root; ls /"
  assert_output_has "No such file or directory"
  [[ "$output" != *"$BATS_TEST_TMPDIR/secret"$'\n'/* ]]
  [[ "$output" != *boot* ]]
}

@test "isolation: it has a hostname of its own" {
  config '.hostname = "box" | .domainname = "example.org"'
  inside 'hostname; cat /proc/sys/kernel/domainname'
  assert_output_is "box
example.org"
  [ "$(hostname)" != box ]
}

@test "isolation: it has interfaces of its own, and loopback is up" {
  inside 'ls /sys/class/net; ip -o addr show lo'
  assert_output_has 127.0.0.1
  [[ "$output" != *eth0* ]]
}

@test "isolation: the root is read-only and /proc/sys cannot be written" {
  inside 'touch /x; echo 1 >/proc/sys/kernel/panic; touch /dev/shm/ok && echo shm-ok'
  assert_output_has "Read-only file system"
  assert_output_has "shm-ok"
  [ ! -e "$ROOTFS/x" ]
}

@test "isolation: what makes the host run a program or restart cannot be written" {
  # shellcheck disable=SC2016 # for the shell inside
  inside 'for f in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sysrq-trigger \
      /proc/sys/fs/binfmt_misc/register /sys/kernel/uevent_helper /sys/power/state /proc/sys/kernel/hotplug \
      /proc/sys/vm/panic_on_oom /proc/irq/default_smp_affinity /proc/bus/pci; do
    [ -e $f ] && { echo >>$f; } 2>/dev/null && echo "wrote $f"; done; echo tried'
  assert_output_is tried
  # as somebody who may do all that root may in its namespaces, all the same
  config '(.process.capabilities | .bounding, .effective, .permitted) +=
    ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_SYS_RAWIO", "CAP_SYS_BOOT"]'
  run timeout 30 "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  assert_output_is tried
}

@test "isolation: masked paths are empty, and nothing can be put there" {
  inside 'cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c; ls /sys/firmware | wc -l'
  assert_output_is "0
0"
  mkdir "$ROOTFS/secrets"
  echo key >"$ROOTFS/secrets/key"
  config '.root.readonly = false | .linux.maskedPaths += ["/secrets"]'
  inside 'ls /secrets | wc -l; touch /secrets/other; touch /free && echo free'
  [ "${lines[0]}" = 0 ]
  assert_output_has "/secrets/other: Read-only file system"
  assert_output_has free
}

@test "isolation: capabilities are those of the configuration in all five sets" {
  inside 'grep Cap /proc/self/status; grep NoNewPrivs /proc/self/status'
  assert_output_is "CapInh:	0000000000000000
CapPrm:	0000000020000420
CapEff:	0000000020000420
CapBnd:	0000000020000420
CapAmb:	0000000000000000
NoNewPrivs:	1"
}

@test "isolation: an ordinary user has no effective capabilities, and ambient ones when asked" {
  config '.process.user = {"uid": 33, "gid": 33, "additionalGids": [5, 6], "umask": 63}'
  inside 'id -u; id -g; id -G; umask; grep CapEff /proc/self/status; echo $HOME'
  assert_output_is "33
33
33 5 6
0077
CapEff:	0000000000000000
/home"
  # each set has its own members, and only the ambient ones survive the execution
  config '.process.capabilities.inheritable = ["CAP_KILL", "CAP_AUDIT_WRITE"] |
    .process.capabilities.ambient = ["CAP_KILL"]'
  inside 'grep Cap /proc/self/status'
  assert_output_is "CapInh:	0000000020000020
CapPrm:	0000000000000020
CapEff:	0000000000000020
CapBnd:	0000000020000420
CapAmb:	0000000000000020"
}

@test "isolation: the default devices and links are there and nothing else" {
  inside 'ls /dev; for d in null zero full random urandom tty; do stat -c "%t:%T %a" /dev/$d; done;
    for l in fd stdin stdout stderr ptmx core; do echo "$l: $(readlink /dev/$l)"; done'
  assert_status 0
  diff <(sed '/^core$/d; /^1:3 /,$d' <<<"$output") <(printf '%s\n' fd full mqueue null ptmx pts random shm stderr stdin \
    stdout tty urandom zero)
  diff <(grep : <<<"$output" | grep -v '^[0-9]') <(printf '%s\n' 'fd: /proc/self/fd' 'stdin: /proc/self/fd/0' \
    'stdout: /proc/self/fd/1' 'stderr: /proc/self/fd/2' 'ptmx: pts/ptmx' \
    "core: $([ ! -e /proc/kcore ] || echo /proc/kcore)")
  assert_output_has "1:3 666"
  assert_output_has "1:9 666"
  assert_output_has "5:0 666"
}

@test "isolation: a read-only /dev has its devices, and takes no more" {
  config '(.mounts[] | select(.destination == "/dev")).options += ["ro"] |
    .linux.devices = [{path: "/dev/sub/own", type: "c", major: 1, minor: 5}]'
  inside 'stat -c %t:%T /dev/null /dev/sub/own; readlink /dev/fd; touch /dev/shm/x; touch /dev/x'
  assert_output_is "1:3
1:5
/proc/self/fd
touch: /dev/x: Read-only file system"
}

@test "isolation: the device filter refuses a device that was not allowed" {
  require cgroup2
  config '.process.capabilities.bounding += ["CAP_MKNOD"] | .process.capabilities.permitted += ["CAP_MKNOD"] |
    .process.capabilities.effective += ["CAP_MKNOD"] | .root.readonly = false'
  inside 'mknod /dev/mem2 c 1 1 && cat /dev/mem2 | head -c 1; echo x >/dev/null && echo null-ok'
  assert_output_has "Operation not permitted"
  assert_output_has "null-ok"
}

@test "isolation: the session, the keyring and the process group are its own" {
  inside 'read -r _ _ _ ppid pgrp session _ </proc/self/stat; cut -d" " -f5,6 /proc/1/stat'
  assert_output_is "1 1"
}

@test "isolation: the cgroup namespace hides where the container stands" {
  require cgroup2
  inside 'cat /proc/self/cgroup | grep ^0; ls /sys/fs/cgroup/cgroup.procs'
  assert_output_is "0::/
/sys/fs/cgroup/cgroup.procs"
}

@test "isolation: signal mask and ignored signals of the caller do not reach it" {
  args /bin/grep -E "Sig(Blk|Ign)" /proc/self/status
  run sh -c 'trap "" HUP USR1 PIPE RTMAX; exec "$0" --root "$1" run -b "$2" "$3"' "$TINYRUN" "$ROOT" "$BUNDLE" "$ID"
  assert_output_is "SigBlk:	0000000000000000
SigIgn:	0000000000000000"
}

@test "isolation: resource limits are exactly those asked" {
  config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
    {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]'
  inside 'grep -E "open files|core file" /proc/self/limits'
  [[ "${lines[0]} ${lines[1]}" == *"core file size"*0*0*"open files"*100*200* ]]
}

@test "isolation: each of the sixteen resource limits is that of its name" {
  local i n limits=() want
  # in the order of /proc/self/limits; none that takes CAP_SYS_RESOURCE, or is too small to run with
  for i in CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME; do
    case $i in
    DATA | STACK | AS) n=8000000000 ;;
    NICE | RTPRIO) n=0 ;;
    *) n=1000 ;;
    esac
    [ "$n" = 0 ] || n=$((n + ${#limits[@]}))
    limits+=("$i $n $((n * 2))")
  done
  config '.process.rlimits = [$ARGS.positional[] | split(" ") |
    {type: "RLIMIT_\(.[0])", soft: .[1] | tonumber, hard: .[2] | tonumber}]' --args "${limits[@]}"
  inside 'grep -oE " [0-9]+ +[0-9]+ " /proc/self/limits'
  want=$(printf '%s\n' "${limits[@]}" | cut -d ' ' -f 2-)
  [ "$(command tr -s ' ' <<<"$output" | sed 's/^ //; s/ $//')" = "$want" ]
}

@test "isolation: the host's processes are not seen through a pid left in the container's /proc" {
  inside 'ls -d /proc/[0-9]* | wc -l'
  [ "$output" -le 5 ]
}
