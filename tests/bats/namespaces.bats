#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# namespaces - each kind new, joined by path, and absent; user namespaces with their maps; clocks.

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

# a process of ours that holds a namespace: sets HOLDER
hold() {
  unshare "$@" sleep 1000 3>&- &
  HOLDER=$!
  wait_for sh -c "grep -q sleep /proc/$HOLDER/comm || pgrep -P $HOLDER sleep >/dev/null"
}

release() {
  pkill -KILL -P "$HOLDER" || true
  kill -KILL "$HOLDER" 2>/dev/null || true
  wait "$HOLDER" || true
}

ns_of() {
  readlink "/proc/$1/ns/$2"
}

without() {
  config --arg t "$1" '.linux.namespaces |= map(select(.type != $t))'
}

join() {
  config --arg t "$1" --arg p "$2" '.linux.namespaces |= map(select(.type != $t)) + [{type: $t, path: $p}]'
}

@test "namespaces: all kinds of the default configuration are new" {
  local ns
  inside 'for n in pid net ipc uts mnt cgroup; do readlink /proc/self/ns/$n; done'
  assert_status 0
  for ns in pid net ipc uts mnt cgroup; do
    [[ "$output" != *"$(ns_of self $ns)"* ]]
  done
}

@test "namespaces: what is not listed is the host's" {
  without uts
  without ipc
  config 'del(.hostname)'
  inside 'for n in uts ipc; do readlink /proc/self/ns/$n; done'
  assert_output_is "$(ns_of self uts)
$(ns_of self ipc)"
}

@test "namespaces: network, ipc and uts are joined by path" {
  hold -n -i -u
  join network "/proc/$HOLDER/ns/net"
  join ipc "/proc/$HOLDER/ns/ipc"
  join uts "/proc/$HOLDER/ns/uts"
  config 'del(.hostname)'
  inside 'for n in net ipc uts; do readlink /proc/self/ns/$n; done'
  local want
  want="$(ns_of "$HOLDER" net)
$(ns_of "$HOLDER" ipc)
$(ns_of "$HOLDER" uts)"
  release
  assert_output_is "$want"
}

@test "namespaces: a pid namespace is joined, and the container is not its PID 1" {
  hold -p -f --kill-child
  local child
  child=$(pgrep -P "$HOLDER")
  join pid "/proc/$child/ns/pid"
  inside 'readlink /proc/self/ns/pid; echo $$; ps -o comm | grep -c sleep'
  local want
  want=$(ns_of "$child" pid)
  release
  assert_status 0
  [ "${lines[0]}" = "$want" ]
  [ "${lines[1]}" -gt 1 ]
  [ "${lines[2]}" -ge 1 ]
}

@test "namespaces: a joined pid namespace is entered last, with nothing of the host's (CVE-2016-9962)" {
  hold -p -f --kill-child
  local child want
  child=$(pgrep -P "$HOLDER")
  want=$(ns_of "$child" pid)
  join pid "/proc/$child/ns/pid"
  # while the hooks run nearly everything is done, and nobody of ours is where others could look at it
  cat >"$BATS_TEST_TMPDIR/look" <<EOF
#!/bin/bash
for p in /proc/[0-9]*; do
  [ "\$(readlink \$p/ns/pid)" != "$want" ] || cat \$p/comm
done >$BATS_TEST_TMPDIR/seen
EOF
  chmod 755 "$BATS_TEST_TMPDIR/look"
  config --arg p "$BATS_TEST_TMPDIR/look" '.hooks.createRuntime = [{path: $p, env: ["PATH=/bin:/usr/bin"]}]'
  args sleep 1000
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(cat "$BATS_TEST_TMPDIR/seen")" = sleep ]
  [ "$(ns_of "$(pid_of "$ID")" pid)" = "$want" ]
  # the created init has the container's root, and no descriptor but the standard streams and its two ends
  [ "$(stat -L -c %d:%i "/proc/$(pid_of "$ID")/root/bin/busybox")" = "$(stat -c %d:%i "$ROOTFS/bin/busybox")" ]
  [ "$(find "/proc/$(pid_of "$ID")/fd" -type l | wc -l)" -le 5 ]
  tr start "$ID"
  wait_for grep -q sleep "/proc/$(pid_of "$ID")/comm"
  tr delete --force "$ID"
  release
}

@test "namespaces: a path that is no namespace, or one of another type, is refused" {
  join network /etc/passwd
  inside true
  assert_status 1
  assert_output_has "linux.namespaces"
  join network /proc/self/ns/uts
  inside true
  assert_status 1
  assert_output_has "another type"
  join network /no/such/file
  inside true
  assert_status 1
  assert_output_has "No such file or directory"
}

processes_of() { # KIND...: that a run makes which joins these by path
  local trace=$BATS_TEST_TMPDIR/trace
  config --arg p "/proc/$1/ns" --argjson k "$2" '.linux.namespaces |= map(del(.path) |
    if [.type] | inside($k) then .path = $p + "/" + ({network: "net"}[.type] // .type) else . end)
    | del(.hostname)'
  strace -qq -f -o "$trace" -e trace=clone,clone3,fork,vfork "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  grep -cE '(clone3?|v?fork)\(' "$trace"
}

@test "namespaces: joining by path takes no process more, but for a pid namespace" {
  local pod=$ID pid
  require command strace
  args /bin/sleep 1000
  run_detached tr run -d -b "$BUNDLE" "$ID"
  pid=$(pid_of "$pod")
  new_id
  config --arg p "/$UNIQ/$ID" '.linux.cgroupsPath = $p'
  args /bin/true
  [ "$(processes_of "$pid" '[]')" = 1 ]
  [ "$(processes_of "$pid" '["network", "ipc", "uts", "cgroup"]')" = 1 ]
  # its procfs is made by one in it, and it is entered by a child
  [ "$(processes_of "$pid" '["pid", "network"]')" -gt 1 ]
}

@test "namespaces: a cgroup namespace is joined by path" {
  hold -C
  join cgroup "/proc/$HOLDER/ns/cgroup"
  inside 'readlink /proc/self/ns/cgroup; cat /proc/self/cgroup'
  local want
  want=$(ns_of "$HOLDER" cgroup)
  release
  assert_status 0
  [ "${lines[0]}" = "$want" ]
  # its root is not the container's cgroup, which is below or beside it
  assert_output_has "$ID"
}

@test "namespaces: a time namespace is joined by path, with its clocks" {
  require namespace time
  hold -T --boottime 5000000
  join time "/proc/$HOLDER/ns/time_for_children"
  inside 'readlink /proc/self/ns/time; cut -d. -f1 /proc/uptime'
  local want
  want=$(readlink "/proc/$HOLDER/ns/time_for_children")
  release
  assert_status 0
  [ "${lines[0]}" = "${want/time_for_children/time}" ]
  [ "${lines[1]}" -ge 5000000 ]
}

@test "namespaces: a mount namespace that nobody lives in is joined; the host's tree is gone from it" {
  local dir=$BATS_TEST_TMPDIR/kept want
  mkdir "$dir"
  mount --bind "$dir" "$dir"
  mount --make-private "$dir"
  touch "$dir/mnt"
  for _ in $(seq 50); do # where its child is too quick it binds its old one, which is refused
    unshare --mount="$dir/mnt" true && break
  done
  want=$(stat -L -c 'mnt:[%i]' "$dir/mnt")
  join mount "$dir/mnt"
  inside 'readlink /proc/self/ns/mnt; ls -d /bin/busybox; grep -c " / / " /proc/self/mountinfo; cat /etc/passwd | head -n 1'
  umount "$dir/mnt" "$dir"
  assert_status 0
  [ "${lines[0]}" = "$want" ]
  [ "${lines[1]}" = /bin/busybox ]
  assert_output_has "root:x:0:0:root:/root:/bin/sh"
}

@test "namespaces: another container's mount namespace is not joined, its root would be replaced" {
  local victim=$ID
  args sleep 1000
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  new_id
  config --arg path "/$UNIQ/$ID" '.linux.cgroupsPath = $path'
  join mount "/proc/$(pid_of "$victim")/ns/mnt"
  run_detached tr run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "is the mount namespace of process $(pid_of "$victim"), whose root would be replaced"
  [ "$(tr exec "$victim" ls -d /bin/busybox)" = /bin/busybox ]
}

@test "namespaces: the host's own mount namespace is not joined, its root would be replaced" {
  local path root
  root=$(stat -c %d:%i /)
  for path in /proc/self/ns/mnt /proc/1/ns/mnt; do
    readlink "$path" >/dev/null || continue # PID 1 is not everywhere to be looked at
    join mount "$path"
    # in one of our own, that is lost without harm if this should fail
    run unshare --mount "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
    assert_status 1
    assert_one_line
    assert_output_has "is the mount namespace of process"
  done
  [ "$(stat -c %d:%i /)" = "$root" ]
}

@test "namespaces: a user namespace with maps: root inside, somebody else outside" {
  config '.linux.namespaces += [{"type": "user"}] |
    .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
    .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 65536}]'
  chmod 755 "$BATS_TEST_TMPDIR" "$BUNDLE"
  args /bin/sh -c 'id -u; cat /proc/self/uid_map /proc/self/gid_map | tr -s " "; echo ok >/dev/null; sleep 1000'
  tr run -d -b "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/out"
  wait_for grep -q 200000 "$BATS_TEST_TMPDIR/out"
  [ "$(head -n 1 "$BATS_TEST_TMPDIR/out")" = 0 ]
  grep -q ' 0 100000 65536' "$BATS_TEST_TMPDIR/out"
  [ "$(awk '/^Uid:/ { print $2 }' "/proc/$(pid_of "$ID")/status")" = 100000 ]
  [ "$(awk '/^Gid:/ { print $2 }' "/proc/$(pid_of "$ID")/status")" = 200000 ]
}

@test "namespaces: directories that are closed to the root of a user namespace are masked and mounted on" {
  config '.linux.namespaces += [{"type": "user"}] |
    .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
    .linux.gidMappings = .linux.uidMappings | .linux.maskedPaths += ["/closed"] |
    .mounts += [{destination: "/covered", type: "tmpfs", source: "t", options: ["size=64k", "mode=755"]}]'
  chmod 755 "$BATS_TEST_TMPDIR" "$BUNDLE"
  mkdir -m 0700 "$ROOTFS/closed" "$ROOTFS/covered"
  echo key >"$ROOTFS/closed/key"
  inside 'ls /closed | wc -l; touch /closed/other; stat -c %a /closed; echo >/covered/file; ls /covered'
  assert_status 0
  assert_output_is "0
touch: /closed/other: Read-only file system
755
file"
}

@test "namespaces: a user namespace in which id 0 is not mapped" {
  config '.linux.namespaces += [{"type": "user"}] |
    .linux.uidMappings = [{"containerID": 1000, "hostID": 100000, "size": 1}] |
    .linux.gidMappings = [{"containerID": 1000, "hostID": 100000, "size": 1}] |
    .process.user = {"uid": 1000, "gid": 1000} |
    .mounts |= map(if .type == "devpts" then .options |= map(select(startswith("gid=") | not)) else . end)'
  chmod 755 "$BATS_TEST_TMPDIR" "$BUNDLE"
  inside 'id -u'
  assert_status 0
  assert_output_is 1000
}

@test "namespaces: an id that is not mapped is refused" {
  config '.linux.namespaces += [{"type": "user"}] |
    .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 10}] |
    .linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 10}] |
    .process.user.uid = 50'
  inside true
  assert_status 1
  assert_output_has "process.user.uid"
}

@test "namespaces: a joined user namespace gets the other new ones below it" {
  hold --user --map-root-user
  join user "/proc/$HOLDER/ns/user"
  config '.mounts |= map(if .type == "devpts" then .options |= map(select(startswith("gid=") | not)) else . end)'
  chmod 755 "$BATS_TEST_TMPDIR" "$BUNDLE"
  inside 'readlink /proc/self/ns/user; echo $$; hostname'
  local want
  want=$(ns_of "$HOLDER" user)
  release
  assert_status 0
  assert_output_is "$want
1
tinyrun"
}

@test "namespaces: mappings beside the path of a user namespace have to be its own" {
  hold --user
  echo 0 100000 1000 >"/proc/$HOLDER/uid_map"
  echo 0 100000 1000 >"/proc/$HOLDER/gid_map"
  join user "/proc/$HOLDER/ns/user"
  config 'del(.mounts[] | select(.type == "devpts" or .type == "mqueue")) |
    .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] |
    .linux.gidMappings = .linux.uidMappings'
  chmod 755 "$BATS_TEST_TMPDIR" "$BUNDLE"
  inside 'cat /proc/self/uid_map'
  assert_status 0
  assert_output_has 1000
  # a cgroup of its own would be given to the owner that the configuration claims
  config '.linux.uidMappings[0].hostID = 0'
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "linux.uidMappings are not those of this user namespace"
  config '.linux.uidMappings[0].hostID = 100000 | .linux.gidMappings += [{containerID: 1000, hostID: 5, size: 1}]'
  inside true
  assert_status 1
  assert_output_has "linux.gidMappings are not those of this user namespace"
  release
}

@test "namespaces: a host's uts namespace that is joined is not renamed" {
  local name
  name=$(uname -n)
  join uts /proc/self/ns/uts
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "/proc/self/ns/uts is the host's namespace: hostname, domainname or linux.sysctl would"
  config 'del(.hostname) | .domainname = "x"'
  inside true
  assert_status 1
  [ "$(uname -n)" = "$name" ]
  config 'del(.domainname)'
  inside 'uname -n'
  assert_output_is "$name"
}

@test "namespaces: a host's uts namespace may be joined with the names that it has" {
  local name domain
  name=$(uname -n)
  domain=$(cat /proc/sys/kernel/domainname)
  join uts /proc/self/ns/uts
  config ".hostname = \"$name\" | .domainname = \"$domain\""
  inside 'uname -n; cat /proc/sys/kernel/domainname'
  assert_status 0
  assert_output_is "$name"$'\n'"$domain"
  config '.domainname += "x"'
  inside true
  assert_status 1
  assert_output_has "/proc/self/ns/uts is the host's namespace"
  # a kernel parameter is not looked at: it could be any
  config ".domainname = \"$domain\" | .linux.sysctl = {\"kernel.domainname\": \"$domain\"}"
  inside true
  assert_status 1
  assert_output_has "/proc/self/ns/uts is the host's namespace"
  [ "$(uname -n) $(cat /proc/sys/kernel/domainname)" = "$name $domain" ]
}

@test "namespaces: a new time namespace has its offsets" {
  require namespace time
  require kernel 6.1
  config '.linux.namespaces += [{"type": "time"}] |
    .linux.timeOffsets = {"boottime": {"secs": 1000000, "nanosecs": 5}, "monotonic": {"secs": 2000000}}'
  inside 'cat /proc/self/timens_offsets; cut -d. -f1 /proc/uptime'
  assert_status 0
  [ "$(command tr -s ' ' <<<"${lines[0]} ${lines[1]}")" = "monotonic 2000000 0 boottime 1000000 5" ]
  [ "${lines[2]}" -ge 1000000 ]
}

@test "namespaces: timeOffsets without a new time namespace are refused" {
  config '.linux.timeOffsets = {"boottime": {"secs": 1}}'
  inside true
  assert_status 1
  assert_output_has "timeOffsets"
}

@test "namespaces: without a mount namespace mounts are refused with the way out" {
  without mount
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "mount namespace"
}

@test "namespaces: hostname without a uts namespace is refused" {
  without uts
  inside true
  assert_status 1
  assert_output_has "hostname"
}
