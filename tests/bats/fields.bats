#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# fields - members of config.json that are less often used: each does what the specification says.

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

@test "sysctl: parameters of the container's namespaces are set, and the host's stay" {
  before=$(cat /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_forward)
  config '.linux.sysctl = {"kernel.shmmni": "123", "net/ipv4/ip_forward": "1", "kernel.domainname": "d.test"}'
  inside 'cat /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/domainname'
  assert_output_is "123
1
d.test"
  [ "$(cat /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_forward)" = "$before" ]
}

@test "sysctl: they do not depend on the container's /proc" {
  config '.linux.sysctl = {"kernel.shmmni": "77"} | del(.mounts[] | select(.destination == "/proc"))
    | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
  mkdir -p "$ROOTFS/proc/sys/kernel"
  echo fake >"$ROOTFS/proc/sys/kernel/shmmni"
  inside 'cat /proc/sys/kernel/shmmni'
  assert_status 0
  assert_output_is fake
  [ "$(cat "$ROOTFS/proc/sys/kernel/shmmni")" = fake ]
}

@test "sysctl: a parameter that the kernel does not have, and a value that it refuses" {
  config '.linux.sysctl = {"net.ipv4.no_such_thing": "1"}'
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "linux.sysctl: set the kernel parameter net.ipv4.no_such_thing: No such file or directory"
  config '.linux.sysctl = {"kernel.shmmni": "-"}'
  inside true
  assert_output_has "linux.sysctl: set the kernel parameter kernel.shmmni: Invalid argument"
}

@test "sysctl: a joined namespace that is the host's is refused" {
  config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end)
    | .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
  before=$(cat /proc/sys/net/ipv4/ip_forward)
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "/proc/self/ns/net is the host's namespace: linux.sysctl would change the host"
  [ "$(cat /proc/sys/net/ipv4/ip_forward)" = "$before" ]
}

@test "sysctl: in a user namespace" {
  config '.linux.namespaces += [{"type": "user"}]
    | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    | .linux.gidMappings = .linux.uidMappings
    | .linux.sysctl = {"net.ipv4.ip_forward": "1", "user.max_net_namespaces": "5"}'
  chmod 711 "$BUNDLE" "$BATS_TEST_TMPDIR"
  inside 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/user/max_net_namespaces'
  assert_output_is "1
5"
}

@test "tmpcopyup: a tmpfs begins with what it hides, and the image stays as it is" {
  mkdir -p "$ROOTFS/data/sub/deep" "$ROOTFS/ro" "$ROOTFS/mode"
  echo one >"$ROOTFS/data/one"
  head -c 300000 /dev/urandom >"$ROOTFS/data/sub/big"
  ln -s ../one "$ROOTFS/data/sub/link"
  mkfifo "$ROOTFS/data/fifo"
  chown 5:6 "$ROOTFS/data/one"
  chmod 4755 "$ROOTFS/data/one"
  touch -d @1000000000 "$ROOTFS/data/one"
  chown 0:8 "$ROOTFS/data"
  chmod 1770 "$ROOTFS/data"
  mkdir "$ROOTFS/owned"
  chown 7:8 "$ROOTFS/owned"
  for i in $(seq 200); do echo "$i" >"$ROOTFS/data/sub/deep/a-file-with-a-long-name-$i"; done
  echo ro >"$ROOTFS/ro/f"
  config '.mounts += [
    {destination: "/data", type: "tmpfs", options: ["tmpcopyup", "nosuid"]},
    {destination: "/ro", type: "tmpfs", options: ["ro", "tmpcopyup"]},
    {destination: "/mode", type: "tmpfs", options: ["tmpcopyup", "mode=711"]},
    {destination: "/owned", type: "tmpfs", options: ["tmpcopyup", "uid=9"]},
    {destination: "/new", type: "tmpfs", options: ["tmpcopyup"]}]'
  inside 'cd /data; stat -c "%u:%g %a %Y" one; stat -c "%u:%g %a" . /mode /owned; cat sub/link; ls sub/deep | wc -l
    stat -c %F fifo; md5sum <sub/big; cat /ro/f; touch /ro/g; touch /new/x; rm one'
  assert_output_is "5:6 4755 1000000000
0:8 1770
0:0 711
9:0 755
one
200
fifo
$(md5sum <"$ROOTFS/data/sub/big")
ro
touch: /ro/g: Read-only file system"
  [ "$(cat "$ROOTFS/data/one")" = one ]
}

@test "tmpcopyup: extended attributes come along, a file's capabilities among them" {
  require command python3
  mkdir -p "$ROOTFS/data/sub"
  touch "$ROOTFS/data/sub/file"
  cat >"$BATS_TEST_TMPDIR/xattr" <<'END'
import os, struct, sys
what, top = sys.argv[1:]
# VFS_CAP_REVISION_2, effective; CAP_NET_BIND_SERVICE
capability = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)
wanted = [("sub/file", "security.capability", capability),
          ("sub/file", "trusted.tinyrun", b"x" * 3000), ("sub", "trusted.tinyrun", b"dir"),
          (".", "trusted.tinyrun", b"top")]
for name, attribute, value in wanted:
    path = top + "/" + name
    if what == "set":
        os.setxattr(path, attribute, value)
    else:
        print(name, attribute, os.getxattr(path, attribute) == value, os.stat(path).st_uid)
END
  chown 5 "$ROOTFS/data/sub" "$ROOTFS/data/sub/file"
  python3 "$BATS_TEST_TMPDIR/xattr" set "$ROOTFS/data"
  config '.mounts += [{destination: "/data", type: "tmpfs", options: ["tmpcopyup"]}]'
  args /bin/sleep 100
  run_detached tr run -d --pid-file "$BATS_TEST_TMPDIR/pid" -b "$BUNDLE" "$ID"
  assert_status 0
  run python3 "$BATS_TEST_TMPDIR/xattr" get "/proc/$(cat "$BATS_TEST_TMPDIR/pid")/root/data"
  assert_output_is "sub/file security.capability True 5
sub/file trusted.tinyrun True 5
sub trusted.tinyrun True 5
. trusted.tinyrun True 0"
}

@test "tmpcopyup: what does not fit is refused with the name of the file" {
  mkdir -p "$ROOTFS/data/sub"
  head -c 100000 /dev/zero >"$ROOTFS/data/sub/big"
  config '.mounts += [{destination: "/data", type: "tmpfs", options: ["tmpcopyup", "size=16k"]}]'
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "mounts[7]"
  assert_output_has "big: No space left on device"
}

@test "blockIO: rates of a device are in io.max" {
  require controller io
  local disk
  disk=$(for d in /sys/block/*/dev; do cat "$d"; break; done)
  [ -n "$disk" ] || skip "needs a block device"
  config --argjson major "${disk%:*}" --argjson minor "${disk#*:}" '.linux.resources.blockIO = {
    throttleReadBpsDevice: [{major: $major, minor: $minor, rate: 1048576}],
    throttleWriteIOPSDevice: [{major: $major, minor: $minor, rate: 100}]}'
  args /bin/sleep 100
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  grep -q "^$disk rbps=1048576 wbps=max riops=max wiops=100$" "$(cgroup_of "$ID")/io.max"
}

# Whether the cgroups of containers have file $1, which the root's has not.
cgroup_has() {
  local probe has=1
  probe=$(cgroup_mount)/$UNIQ-probe
  mkdir "$probe"
  [ ! -e "$probe/$1" ] || has=0
  rmdir "$probe"
  return $has
}

@test "blockIO: a weight is in io.weight, at the same place in its range, and update changes it" {
  require controller io
  cgroup_has io.weight && ! cgroup_has io.bfq.weight || skip "needs kernel with io.weight alone"
  config '.linux.resources.blockIO = {weight: 500}'
  args /bin/sleep 100
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(cat "$(cgroup_of "$ID")/io.weight")" = "default 4950" ]
  tr update --blkio-weight 1000 "$ID"
  [ "$(cat "$(cgroup_of "$ID")/io.weight")" = "default 10000" ]
}

@test "blockIO: with BFQ a weight, and one of a device, are in io.bfq.weight as they are" {
  require controller io
  local disk scheduler=/sys/block/loop0/queue/scheduler
  in_guest && modprobe bfq 2>/dev/null && echo bfq >$scheduler && cgroup_has io.bfq.weight ||
    skip "needs a guest with BFQ and its weights"
  disk=$(cat /sys/block/loop0/dev)
  config --argjson major "${disk%:*}" --argjson minor "${disk#*:}" '.linux.resources.blockIO = {
    weight: 500, weightDevice: [{major: $major, minor: $minor, weight: 300}]}'
  args /bin/sleep 100
  run_detached tr run -d -b "$BUNDLE" "$ID"
  output+=$'\n'$(cat "$(cgroup_of "$ID")/io.bfq.weight")
  tr delete --force "$ID"
  echo none >$scheduler
  modprobe -r bfq
  assert_status 0
  assert_output_is $'\n'"default 500"$'\n'"$disk 300"
}

@test "hugepageLimits: both what is used and what is reserved" {
  require controller hugetlb
  config '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
  args /bin/sleep 100
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(cat "$(cgroup_of "$ID")/hugetlb.2MB.max")" = 4194304 ]
  [ "$(cat "$(cgroup_of "$ID")/hugetlb.2MB.rsvd.max")" = 4194304 ]
}

@test "hugepageLimits: a size that the kernel does not have is refused" {
  require controller hugetlb
  config '.linux.resources.hugepageLimits = [{pageSize: "3MB", limit: 3145728}]'
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "linux.resources.hugepageLimits: "
  assert_output_has "hugetlb.3MB.max"
}

@test "memory.kernel: is left out with a warning" {
  config '.linux.resources.memory = {kernel: 1048576}'
  args /bin/echo ran
  run tr --debug --log "$BATS_TEST_TMPDIR/log" run -b "$BUNDLE" "$ID"
  assert_status 0
  assert_output_is ran
  grep -q "linux.resources.memory.kernel .*is left out: cgroup v2 counts kernel memory in memory.limit" \
    "$BATS_TEST_TMPDIR/log"
}

@test "labels: without the security module they are refused with a sentence, not left out" {
  [ ! -e /sys/fs/selinux/enforce ] || skip "needs kernel without SELinux"
  config '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "process.selinuxLabel: set the SELinux label system_u:system_r:container_t:s0: SELinux is not enabled in this kernel"
  config 'del(.process.selinuxLabel) | .linux.mountLabel = "system_u:object_r:container_file_t:s0"'
  inside true
  assert_status 1
  assert_output_has "linux.mountLabel: look for SELinux: SELinux is not enabled in this kernel"
}

@test "labels: mounts get their label as the context that crun's annotation names" {
  make_bundle
  config '.linux.mountLabel = "a:b:c:d" | .mounts += [{destination: "/x", type: "tmpfs", source: "tmpfs"}]'
  run tr plan -b "$BUNDLE"
  assert_status 0
  assert_output_has '"a:b:c:d"'
  [[ $output != *rootcontext* ]]
  config '.annotations["run.oci.mount_context_type"] = "rootcontext"'
  run tr plan -b "$BUNDLE"
  assert_output_has 'rootcontext="a:b:c:d"'
  [[ $output != *[^t]context=* ]]
  config '.annotations["run.oci.mount_context_type"] = "text"'
  run tr plan -b "$BUNDLE"
  assert_status 1
  assert_one_line
  assert_output_has 'annotations: run.oci.mount_context_type: found "text", want context, fscontext'
}

@test "labels: an AppArmor profile needs AppArmor; unconfined and none do not" {
  config '.process.apparmorProfile = "unconfined" | .process.selinuxLabel = "" | .linux.mountLabel = ""'
  inside 'echo ran'
  assert_output_is ran
  [ ! -e /proc/self/attr/apparmor ] || skip "needs kernel without AppArmor"
  config '.process.apparmorProfile = "docker-default"'
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "process.apparmorProfile: set the AppArmor profile docker-default: AppArmor is not enabled in this kernel"
}

# A profile of this test alone, which is taken away again by its end.
load_profile() {
  require lsm apparmor
  require command apparmor_parser
  PROFILE=$UNIQ-profile
  apparmor_parser --replace <<EOF
profile $PROFILE flags=(attach_disconnected, mediate_deleted) {
  file,
  capability,
  network,
  mount,
  deny /etc/passwd r,
}
EOF
}

unload_profile() {
  printf %s "$PROFILE" >/sys/kernel/security/apparmor/.remove
}

@test "labels: an AppArmor profile is in force, in run and in exec, whatever is on /proc" {
  load_profile
  config --arg p "$PROFILE" '.process.apparmorProfile = $p'
  args /bin/sh -c 'cat /proc/self/attr/current; cat /etc/passwd; sleep 1000'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  wait_for grep -q denied "$BATS_TEST_TMPDIR/output"
  grep -qx "$PROFILE (enforce)" "$BATS_TEST_TMPDIR/output"
  run tr exec "$ID" /bin/sh -c 'cat /proc/self/attr/current; cat /etc/passwd'
  assert_output_has "$PROFILE (enforce)"
  assert_output_has "ermission denied"
  tr delete --force "$ID"
  # the words are not written where the container's mounts could take them (CVE-2019-16884)
  config '.mounts |= map(if .destination == "/proc" then
    {destination: "/proc", type: "none", source: "/proc", options: ["rbind"]} else . end)'
  inside 'cat /etc/passwd'
  assert_status 1
  assert_output_has "ermission denied"
  unload_profile
}

@test "labels: AppArmor takes effect with a joined pid namespace and without no_new_privs, too" {
  load_profile
  unshare -p -f --kill-child sleep 1000 3>&- &
  local holder=$!
  wait_for pgrep -P "$holder" sleep
  config --arg p "$PROFILE" --arg ns "/proc/$(pgrep -P "$holder")/ns/pid" '.process.apparmorProfile = $p |
    .process.noNewPrivileges = false | .linux.namespaces |= map(if .type == "pid" then .path = $ns else . end)'
  inside 'cat /proc/self/attr/current; cat /etc/passwd'
  pkill -KILL -P "$holder"
  wait "$holder" || true
  assert_output_has "$PROFILE (enforce)"
  assert_output_has "ermission denied"
  unload_profile
}

@test "labels: a profile that is not loaded fails create, and leaves nothing" {
  require lsm apparmor
  config '.process.apparmorProfile = "no-such-profile"'
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "process.apparmorProfile: set the AppArmor profile no-such-profile"
  [ ! -e "$ROOT/$ID" ]
}

@test "devices: each type, with mode and owner, also outside of /dev; b, c and u by their number" {
  require capability mknod
  config '.root.readonly = false | .linux.devices = [
    {type: "c", path: "/dev/chr", major: 1, minor: 3, fileMode: 416, uid: 33, gid: 34},
    {type: "u", path: "/dev/unbuffered", major: 1, minor: 5},
    {type: "b", path: "/dev/disk/ram", major: 1, minor: 300, fileMode: 384},
    {type: "p", path: "/tmp/pipe", fileMode: 438, uid: 33},
    {type: "c", path: "/dev/null", major: 1, minor: 3, fileMode: 438}]'
  inside 'stat -c "%F %t:%T %a %u:%g" /dev/chr /dev/unbuffered /dev/disk/ram /tmp/pipe /dev/null
    echo x >/dev/unbuffered && (echo through >/tmp/pipe & cat /tmp/pipe)'
  rm -f "$ROOTFS/tmp/pipe"
  assert_output_is "character special file 1:3 640 33:34
character special file 1:5 666 0:0
block special file 1:12c 600 0:0
fifo 0:0 666 33:0
character special file 1:3 666 0:0
through"
}

@test "devices: another file in the way, or another device, is refused" {
  require capability mknod
  mkdir -p "$ROOTFS/srv"
  touch "$ROOTFS/srv/file"
  config '.root.readonly = false | .linux.devices = [{type: "c", path: "/srv/file", major: 1, minor: 3}]'
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "linux.devices[0]: make a device /srv/file: File exists"
  rm "$ROOTFS/srv/file"
  mknod "$ROOTFS/srv/file" c 1 5
  inside true
  rm "$ROOTFS/srv/file"
  assert_status 1
  assert_output_has "File exists"
  # a file has no device number, and neither has a FIFO
  touch "$ROOTFS/srv/file"
  config '.linux.devices = [{type: "p", path: "/srv/file"}]'
  inside true
  rm "$ROOTFS/srv/file"
  assert_status 1
  assert_output_has "/srv/file: File exists"
}

@test "scheduler and ioPriority: the program has them" {
  require command chrt
  config '.process.scheduler = {policy: "SCHED_BATCH", nice: 7} |
    .process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0}'
  inside 'cat /proc/self/stat; ionice -p $$'
  [ "$(cut -d " " -f 19 <<<"${lines[0]}")" = 7 ]
  [ "$(cut -d " " -f 41 <<<"${lines[0]}")" = 3 ]
  assert_output_has idle
}

# Says of the process $1: its policy, flags, nice value and priority as sched_getattr(2) has them,
# for SCHED_DEADLINE runtime, deadline and period too (others' runtime is the kernel's own choice);
# then its class and priority of disk time.
scheduling_of() {
  python3 - "$1" <<'PY'
import ctypes, platform, struct, sys
getattr_nr, ioprio_nr = {"x86_64": (315, 252), "aarch64": (275, 31)}[platform.machine()]
syscall = ctypes.CDLL(None, use_errno=True).syscall
buf = ctypes.create_string_buffer(48)
if syscall(getattr_nr, int(sys.argv[1]), buf, 48, 0) < 0:
    sys.exit("sched_getattr: errno %d" % ctypes.get_errno())
io = syscall(ioprio_nr, 1, int(sys.argv[1]))
values = struct.unpack("=IQiIQQQ", buf.raw[4:])
times = values[4:] if values[0] == 6 else ()
print(*values[:4], *times, io >> 13, io & 7)
PY
}

scheduled() { # SCHEDULER IO-PRIORITY: what the program then has
  config --argjson s "$1" --argjson i "$2" '.process.scheduler = $s | .process.ioPriority = $i'
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 0
  tr start "$ID"
  is_sleep() { [ "$(cat "/proc/$1/comm")" = sleep ]; }
  wait_for is_sleep "$(pid_of "$ID")"
  scheduling_of "$(pid_of "$ID")"
  tr delete --force "$ID"
}

@test "scheduler and ioPriority: every policy and class reaches the kernel, with its numbers" {
  require command python3
  require capability sys_nice
  local want scheduler io got
  args /bin/sleep 1000
  while IFS='|' read -r want scheduler io; do
    got=$(scheduled "$scheduler" "$io")
    [ "$got" = "$want" ] || {
      printf '%s %s\nwant: %s\ngot:  %s\n' "$scheduler" "$io" "$want" "$got"
      return 1
    }
  done <<-'END'
	0 0 -5 0 2 0|{"policy": "SCHED_OTHER", "nice": -5}|{"class": "IOPRIO_CLASS_BE", "priority": 0}
	1 0 0 7 1 3|{"policy": "SCHED_FIFO", "priority": 7}|{"class": "IOPRIO_CLASS_RT", "priority": 3}
	2 1 0 9 2 7|{"policy": "SCHED_RR", "priority": 9, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}|{"class": "IOPRIO_CLASS_BE", "priority": 7}
	3 0 4 0 3 0|{"policy": "SCHED_BATCH", "nice": 4}|{"class": "IOPRIO_CLASS_IDLE", "priority": 0}
	5 1 0 0 1 0|{"policy": "SCHED_IDLE", "flags": ["SCHED_FLAG_RESET_ON_FORK"]}|{"class": "IOPRIO_CLASS_RT", "priority": 0}
	6 6 0 0 2000000 30000000 40000000 2 1|{"policy": "SCHED_DEADLINE", "runtime": 2000000, "deadline": 30000000, "period": 40000000, "flags": ["SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN"]}|{"class": "IOPRIO_CLASS_BE", "priority": 1}
	0 0 6 0 2 2|{"policy": "SCHED_FIFO", "nice": 6, "flags": ["SCHED_FLAG_KEEP_POLICY"]}|{"class": "IOPRIO_CLASS_BE", "priority": 2}
	END
}

@test "scheduler: what this kernel has not is one sentence, and nothing is left" {
  local scheduler
  for scheduler in '{"policy": "SCHED_ISO"}' '{"policy": "SCHED_FIFO"}' \
    '{"policy": "SCHED_DEADLINE", "runtime": 30, "deadline": 20, "period": 40}'; do
    config --argjson s "$scheduler" '.process.scheduler = $s'
    inside true
    assert_status 1
    assert_one_line
    assert_output_has "process.scheduler: "
    assert_output_has "Invalid argument"
  done
}

@test "personality: LINUX32 shows another machine" {
  [ "$(uname -m)" = x86_64 ] || skip "needs an x86_64"
  config '.linux.personality = {domain: "LINUX32"}'
  inside 'uname -m'
  assert_output_is i686
}

@test "memoryPolicy: memory comes from the nodes that are listed" {
  [ -e /proc/self/numa_maps ] || skip "needs kernel with NUMA"
  config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
  inside 'head -n 1 /proc/self/numa_maps'
  assert_output_has "bind=static:0"
  config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "1023"}'
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "linux.memoryPolicy: set the memory policy MPOL_BIND, nodes 1023: Invalid argument"
}

@test "memoryPolicy: each mode and flag reaches the kernel" {
  [ -e /proc/self/numa_maps ] || skip "needs kernel with NUMA"
  local want kernel policy
  while IFS='|' read -r want kernel policy; do
    [ "$(printf '%s\n' "$kernel" "$(uname -r)" | sort -V | head -n 1)" = "$kernel" ] || continue
    config --argjson p "$policy" '.linux.memoryPolicy = $p'
    inside 'head -n 1 /proc/self/numa_maps'
    [[ $output == *" $want "* ]] || {
      printf '%s\nwant: %s\ngot:  %s\n' "$policy" "$want" "$output"
      return 1
    }
  done <<-'END'
	default|0|{"mode": "MPOL_DEFAULT"}
	local|5.10|{"mode": "MPOL_LOCAL"}
	prefer:0|0|{"mode": "MPOL_PREFERRED", "nodes": "0"}
	local|5.14|{"mode": "MPOL_PREFERRED"}
	prefer=relative:0|0|{"mode": "MPOL_PREFERRED", "nodes": "0", "flags": ["MPOL_F_RELATIVE_NODES"]}
	bind=balancing:0|5.12|{"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_NUMA_BALANCING"]}
	interleave:0|0|{"mode": "MPOL_INTERLEAVE", "nodes": "0"}
	interleave=static:0|0|{"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}
	prefer (many):0|5.15|{"mode": "MPOL_PREFERRED_MANY", "nodes": "0"}
	weighted interleave:0|6.9|{"mode": "MPOL_WEIGHTED_INTERLEAVE", "nodes": "0"}
	END
}

make_src() {
  mkdir -p "$BATS_TEST_TMPDIR/src/sub"
  echo data >"$BATS_TEST_TMPDIR/src/file"
  chown 1:2 "$BATS_TEST_TMPDIR/src/file"
}

@test "idmap: a bind mount shows its files with other ids, by mappings of its own" {
  make_src
  config --arg src "$BATS_TEST_TMPDIR/src" '.mounts += [{destination: "/m", source: $src, options: ["bind", "idmap"],
    uidMappings: [{containerID: 0, hostID: 1000, size: 10}],
    gidMappings: [{containerID: 0, hostID: 2000, size: 10}]}]'
  inside 'stat -c %u:%g /m/file'
  assert_output_is 1001:2002
  [ "$(stat -c %u:%g "$BATS_TEST_TMPDIR/src/file")" = 1:2 ]
}

@test "idmap: a bind mount of a relative source is mapped in the bundle, and nothing else is" {
  mkdir "$BUNDLE/data"
  touch "$BUNDLE/data/file"
  chown 1:2 "$BUNDLE/data/file"
  config '.mounts += [{destination: "/m", source: "data", options: ["bind", "idmap"],
    uidMappings: [{containerID: 0, hostID: 1000, size: 10}], gidMappings: [{containerID: 0, hostID: 2000, size: 10}]}]'
  inside 'stat -c %u:%g /m/file /bin/busybox'
  assert_output_is "1001:2002
0:0"
}

@test "idmap: with a user namespace its ids are those of the files" {
  make_src
  chmod 711 "$BUNDLE" "$BATS_TEST_TMPDIR"
  mkdir "$ROOTFS/m" "$ROOTFS/plain"
  config --arg src "$BATS_TEST_TMPDIR/src" '.linux.namespaces += [{"type": "user"}]
    | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    | .linux.gidMappings = .linux.uidMappings
    | .mounts += [{destination: "/m", source: $src, options: ["bind", "idmap"]},
      {destination: "/plain", source: $src, options: ["bind"]}]'
  inside 'stat -c %u:%g /m/file /plain/file; touch /m/new'
  assert_output_is "1:2
65534:65534"
  [ "$(stat -c %u:%g "$BATS_TEST_TMPDIR/src/new")" = 0:0 ]
}

@test "idmap: ridmap reaches the mounts below, idmap does not" {
  make_src
  mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/src/sub"
  touch "$BATS_TEST_TMPDIR/src/sub/inner"
  config --arg src "$BATS_TEST_TMPDIR/src" '[{containerID: 0, hostID: 1000, size: 10}] as $ids |
    .mounts += [{destination: "/one", source: $src, options: ["rbind", "idmap"], uidMappings: $ids, gidMappings: $ids},
      {destination: "/all", source: $src, options: ["rbind", "ridmap"], uidMappings: $ids, gidMappings: $ids}]'
  inside 'stat -c %u /one/file /one/sub/inner /all/file /all/sub/inner'
  umount "$BATS_TEST_TMPDIR/src/sub"
  assert_output_is "1001
0
1001
1000"
}

@test "copy-symlink: a source that is a symlink is made anew, others are bound" {
  make_src
  ln -s ../somewhere/else "$BATS_TEST_TMPDIR/src/link"
  config --arg src "$BATS_TEST_TMPDIR/src" '.mounts += [
    {destination: "/new/link", source: "\($src)/link", options: ["bind", "copy-symlink"]},
    {destination: "/new/file", source: "\($src)/file", options: ["bind", "copy-symlink"]}]'
  inside 'readlink /new/link; cat /new/file'
  assert_output_is "../somewhere/else
data"
  new_id
  inside 'readlink /new/link'
  assert_output_is ../somewhere/else
  rm "$ROOTFS/new/link"
  echo other >"$ROOTFS/new/link"
  new_id
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "/new/link: File exists"
}

@test "dest-nofollow and src-nofollow: symlinks themselves are mounted on, and mounted" {
  make_src
  ln -s file "$BATS_TEST_TMPDIR/src/link"
  ln -s /bin/busybox "$ROOTFS/over"
  config --arg src "$BATS_TEST_TMPDIR/src" '.mounts += [
    {destination: "/over", source: "\($src)/file", options: ["bind", "dest-nofollow"]},
    {destination: "/as-link", source: "\($src)/link", options: ["bind", "src-nofollow"]}]'
  inside 'cat /over; /bin/busybox readlink /as-link'
  assert_output_is "data
file"
}

@test "exec: has the container's personality, and its labels are not left out" {
  [ "$(uname -m)" = x86_64 ] || skip "needs an x86_64"
  [ ! -e /sys/fs/selinux/enforce ] || skip "needs kernel without SELinux"
  config '.linux.personality = {domain: "LINUX32"}'
  args /bin/sleep 100
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  run tr exec "$ID" uname -m
  assert_output_is i686
  jq '.process | .args = ["/bin/true"] | .terminal = false | .selinuxLabel = "a:b:c:d"' \
    "$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/process.json"
  run tr exec --process "$BATS_TEST_TMPDIR/process.json" "$ID"
  [ "$status" -ne 0 ]
  assert_output_has "process.selinuxLabel: set the SELinux label a:b:c:d: SELinux is not enabled in this kernel"
}
