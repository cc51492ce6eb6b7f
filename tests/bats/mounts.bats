#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mounts - bind mounts and file systems, their options, and where they may go.
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own

load helpers

setup() {
  test_setup
  require root
  make_bundle
  SRC=$BATS_TEST_TMPDIR/src
  mkdir -p "$SRC/sub"
  echo data >"$SRC/file"
}

mount_entry() {
  config --argjson m "$1" '.mounts += [$m]'
}

bind() { # DESTINATION OPTIONS-JSON [SOURCE]
  mount_entry "$(jq -n --arg d "$1" --argjson o "$2" --arg s "${3-$SRC}" \
    '{destination: $d, type: "none", source: $s, options: $o}')"
}

inside() {
  args /bin/sh -c "$1"
  run tr run -b "$BUNDLE" "$ID"
}

# options of the mount at $1 as the container sees them
options_of() {
  inside "awk '\$5 == \"$1\" { print \$6; for (i = 7; \$i != \"-\"; i++) printf \"%s \", \$i; print \"\" }' /proc/self/mountinfo"
}

@test "mounts: a directory and a file are bound, and their mount points made" {
  bind /made/by/us '["bind"]'
  bind /etc/file '["bind"]' "$SRC/file"
  inside 'cat /made/by/us/file /etc/file; echo more >>/etc/file'
  assert_output_is "data
data"
  [ "$(cat "$SRC/file")" = "data
more" ]
}

@test "mounts: a relative source is relative to the bundle" {
  mkdir "$BUNDLE/rel"
  echo here >"$BUNDLE/rel/f"
  bind /rel '["bind"]' rel
  inside 'cat /rel/f'
  assert_output_is here
}

@test "mounts: a missing source is refused with source and destination" {
  bind /x '["bind"]' /no/such/dir
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "mounts[7]"
  assert_output_has "/no/such/dir"
  assert_output_has "/x"
}

@test "mounts: ro, nosuid, nodev, noexec, noatime arrive; later options win" {
  bind /m '["bind", "rw", "ro", "nosuid", "nodev", "noexec", "noatime"]'
  options_of /m
  [ "${lines[0]}" = ro,nosuid,nodev,noexec,noatime ]
  inside 'touch /m/new'
  assert_output_has "Read-only file system"
}

@test "mounts: rbind takes the mounts below along, bind does not; rro reaches them" {
  mount -t tmpfs tmpfs "$SRC/sub"
  touch "$SRC/sub/inner"
  bind /plain '["bind"]'
  bind /rec '["rbind"]'
  bind /rro '["rbind", "rro"]'
  inside 'ls /plain/sub /rec/sub /rro/sub; touch /rec/sub/w && echo ok; touch /rro/sub/w'
  umount "$SRC/sub"
  assert_output_has "/rec/sub:
inner"
  assert_output_has ok
  assert_output_has "Read-only file system"
  assert_output_has "/plain/sub:

/rec/sub:"
}

@test "mounts: plain ro leaves the mounts below as they are" {
  mount -t tmpfs tmpfs "$SRC/sub"
  bind /rec '["rbind", "ro"]'
  inside 'touch /rec/sub/w && echo ok'
  umount "$SRC/sub"
  assert_output_is ok
}

@test "mounts: propagation is private unless asked for" {
  bind /p '["rbind"]'
  bind /s '["rbind", "rshared"]'
  bind /u '["bind", "unbindable"]'
  options_of /p
  [[ "$output" != *shared:* ]]
  [[ "$output" != *master:* ]]
  options_of /s
  [[ "$output" == *shared:* ]]
  options_of /u
  [[ "$output" == *unbindable* ]]
}

@test "mounts: with rslave a mount that the host makes later is seen inside, not the other way" {
  mount --bind "$SRC" "$SRC"
  mount --make-shared "$SRC"
  bind /sl '["rbind", "rslave"]'
  args /bin/sh -c 'while [ ! -e /sl/sub/late ]; do sleep 0.1; done; echo seen >/dev/shm/r; cat /dev/shm/r'
  config '.linux.rootfsPropagation = "rslave"'
  "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/out" 3>&- &
  local pid=$!
  wait_for status_is "$ID" running
  mount -t tmpfs late "$SRC/sub"
  touch "$SRC/sub/late"
  wait_for grep -q seen "$BATS_TEST_TMPDIR/out"
  wait "$pid"
  umount "$SRC/sub"
  umount "$SRC"
}

@test "mounts: a tmpfs with size and mode; what the file system refuses is named" {
  mount_entry '{"destination": "/t", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k", "mode=1770", "noexec"]}'
  inside 'stat -c %a /t; dd if=/dev/zero of=/t/x bs=1k count=100 2>&1 | tail -n 1; wc -c </t/x'
  assert_output_has 1770
  assert_output_has 65536
  mount_entry '{"destination": "/t2", "type": "tmpfs", "source": "tmpfs", "options": ["sise=64k"]}'
  inside true
  assert_status 1
  assert_output_has "mounts[8]"
  assert_output_has "sise=64k"
}

@test "mounts: options of a file system arrive: sync, dirsync, lazytime, nosymfollow, mand's opposite" {
  mount_entry '{"destination": "/t", "type": "tmpfs", "source": "tmpfs",
    "options": ["sync", "dirsync", "lazytime", "nosymfollow", "silent", "nomand", "diratime", "strictatime"]}'
  inside "grep ' /t ' /proc/self/mountinfo; echo in >/t/file; ln -s file /t/link; cat /t/file; cat /t/link"
  [[ "${lines[0]}" == *" rw,nosymfollow - tmpfs tmpfs rw,sync,dirsync,lazytime"* ]]
  [ "${lines[1]}" = in ]
  [[ "${lines[2]}" == *"Too many levels of symbolic links"* ]] || [[ "${lines[2]}" == *"symbolic link loop"* ]]
}

@test "mounts: a bind mount may be nosymfollow, and of a file" {
  ln -s file "$SRC/link"
  bind /m '["bind", "nosymfollow"]'
  bind /etc/f '["bind", "ro", "nosymfollow"]' "$SRC/file"
  inside 'cat /m/file /etc/f; cat /m/link'
  [ "${lines[0]}${lines[1]}" = datadata ]
  [ "${#lines[@]}" = 3 ]
}

@test "mounts: remount changes the mount alone, and with data the file system" {
  mount_entry '{"destination": "/t", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k", "nosuid"]}'
  mount_entry '{"destination": "/t", "type": "none", "options": ["remount", "ro", "noexec"]}'
  inside "grep ' /t ' /proc/self/mountinfo"
  assert_output_has " ro,nosuid,noexec,relatime - tmpfs tmpfs rw,size=64k"
  config '.mounts[-1].options = ["remount", "size=128k", "sync"]'
  inside "grep ' /t ' /proc/self/mountinfo"
  assert_output_has " rw,nosuid,relatime - tmpfs tmpfs rw,sync,size=128k"
  config '.mounts[-1].options = ["remount", "sise=128k"]'
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "mounts[8]"
  assert_output_has sise
  config '.mounts[-1] = {destination: "/missing", type: "none", options: ["remount", "ro"]}'
  inside true
  assert_status 1
  assert_output_has "/missing"
}

@test "mounts: order is that of the configuration, and the last one covers the first" {
  mkdir "$SRC/two"
  echo two >"$SRC/two/file"
  bind /m '["bind"]'
  bind /m '["bind"]' "$SRC/two"
  inside 'cat /m/file'
  assert_output_is two
}

@test "mounts: an absolute symlink in the root stays inside the root" {
  mkdir "$ROOTFS/real"
  ln -s /real "$ROOTFS/link"
  ln -s ../../../../../../real "$ROOTFS/up"
  bind /link/a '["bind"]'
  bind /up/b '["bind"]'
  inside 'ls /real'
  assert_output_is "a
b"
  [ ! -e /real ]
}

@test "mounts: a dangling symlink as mount point makes nothing on the host (CVE-2019-18837, CVE-2024-45310)" {
  ln -s "$BATS_TEST_TMPDIR/outside" "$ROOTFS/trap"
  ln -s "$BATS_TEST_TMPDIR/outside2" "$ROOTFS/etc/trapfile"
  bind /trap '["bind"]'
  inside true
  [ ! -e "$BATS_TEST_TMPDIR/outside" ]
  config 'del(.mounts[-1])'
  bind /etc/trapfile '["bind"]' "$SRC/file"
  inside true
  [ ! -e "$BATS_TEST_TMPDIR/outside2" ]
}

@test "mounts: a symlink to what is missing is a mount point, inside the root" {
  ln -s ../run/resolve/stub.conf "$ROOTFS/etc/resolv.conf"
  ln -s /made/by/link "$ROOTFS/link"
  bind /etc/resolv.conf '["bind"]' "$SRC/file"
  bind /link/deep '["bind"]'
  inside 'cat /run/resolve/stub.conf /made/by/link/deep/file'
  assert_output_is "data
data"
  [ ! -e /made/by ]
}

@test "mounts: a symlink in the image is no way to cover what is in /proc (CVE-2019-16884)" {
  ln -s proc/self "$ROOTFS/link"
  bind /link/attr '["bind"]'
  inside true
  assert_status 1
  assert_one_line
  assert_output_has "mounts[7]"
  assert_output_has "a symlink leads into /proc"
}

@test "mounts: a tmpfs that is told no mode has that of its mount point, or 1777 when that is new" {
  chmod 0750 "$ROOTFS/home"
  mount_entry '{"destination": "/home", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k"]}'
  mount_entry '{"destination": "/new", "type": "tmpfs", "source": "tmpfs"}'
  mount_entry '{"destination": "/open", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]}'
  inside 'stat -c %a /home /new /open'
  assert_output_is "750
1777
1777"
}

@test "mounts: the container's cgroup covers that of a /sys which is the host's" {
  require cgroup2
  [ "$(cgroup_mount)" = /sys/fs/cgroup ] || skip "needs cgroup2 at /sys/fs/cgroup"
  # as engines ask for it where sysfs cannot be mounted: a user namespace and the host's network
  config '.mounts |= map(if .type == "sysfs" then
    {destination: "/sys", type: "none", source: "/sys", options: ["rbind", "nosuid", "noexec", "nodev", "ro"]}
    else . end)'
  inside 'cat /proc/self/cgroup | grep ^0:; ls -d /sys/fs/cgroup/*.slice /sys/fs/cgroup/'"$UNIQ"' 2>/dev/null; cat /sys/fs/cgroup/cgroup.procs'
  assert_output_is "0::/
1"
}

@test "mounts: a cgroup is of the second version, and has nothing that runs a program (CVE-2022-0492)" {
  require cgroup2
  inside 'grep -o " - cgroup.* " /proc/self/mountinfo; find / -name release_agent -o -name notify_on_release 2>/dev/null | wc -l'
  [[ "${lines[0]}" == " - cgroup2 "* ]]
  [ "${lines[1]}" = 0 ]
  # words of the first version are no way to it
  config '(.mounts[] | select(.type == "cgroup")).options = ["memory", "release_agent=/bin/true"]'
  inside true
  assert_status 1
  assert_output_has "mounts["
}

@test "mounts: proc, sysfs and cgroup are refused on a symlink (CVE-2019-19921, CVE-2023-27561)" {
  rm -rf "$ROOTFS/proc"
  mkdir "$ROOTFS/elsewhere"
  ln -s /elsewhere "$ROOTFS/proc"
  inside true
  assert_status 1
  assert_output_has "/proc"
  rm "$ROOTFS/proc"
  mkdir "$ROOTFS/proc"
  rm -rf "$ROOTFS/sys"
  ln -s /elsewhere "$ROOTFS/sys"
  inside true
  assert_status 1
  assert_output_has "/sys"
}

@test "mounts: inside /proc and over /proc nothing else is allowed (CVE-2019-16884)" {
  bind /proc/self '["bind"]'
  inside true
  assert_status 1
  assert_output_has "mounts[7]"
  config 'del(.mounts[-1])'
  bind /proc '["bind"]'
  inside true
  assert_status 1
}

@test "mounts: the files of /proc that lxcfs and checkpointing cover can be covered" {
  local file
  bind /proc/cpuinfo '["bind"]' "$SRC/file"
  bind /proc/uptime '["bind"]' "$SRC/file"
  inside "cat /proc/cpuinfo /proc/uptime"
  assert_output_is "data
data"
  # some kernels do not have all of them
  for file in diskstats loadavg meminfo slabinfo stat swaps sys/kernel/ns_last_pid sys/crypto/fips_enabled; do
    bind "/proc/$file" '["bind"]' "$SRC/file"
  done
  run tr plan -b "$BUNDLE"
  assert_status 0
  [ "$(grep -c "$SRC/file on /proc/" <<<"$output")" = 10 ]
}

@test "mounts: a /dev that is a symlink changes nothing outside (CVE-2026-41579)" {
  rm -rf "$ROOTFS/dev"
  mkdir "$BATS_TEST_TMPDIR/hostdev"
  ln -s "$BATS_TEST_TMPDIR/hostdev" "$ROOTFS/dev"
  config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .root.readonly = false'
  inside true
  [ -z "$(ls -A "$BATS_TEST_TMPDIR/hostdev")" ]
}

# What the mount at $1 is to others, without the numbers of the groups.
propagation_of() {
  options_of "$1"
  tail -n +2 <<<"$output" | sed 's/:[0-9]*//g; s/ $//'
}

@test "mounts: a file system and a bind mount have their propagations in the order that is given" {
  mount_entry '{"destination": "/a", "type": "tmpfs", "source": "a", "options": ["shared"]}'
  mount_entry '{"destination": "/b", "type": "tmpfs", "source": "b", "options": ["unbindable", "rshared"]}'
  mount_entry '{"destination": "/c", "type": "tmpfs", "source": "c", "options": ["shared", "unbindable"]}'
  bind /d '["bind", "unbindable", "shared"]'
  bind /e '["bind", "shared", "unbindable"]'
  for want in "/a shared" "/b shared" "/c unbindable" "/d shared" "/e unbindable"; do
    [ "${want% *} $(propagation_of "${want% *}")" = "$want" ]
  done
}

@test "mounts: recursive attributes are those of a file system, too" {
  mount_entry '{"destination": "/a", "type": "tmpfs", "source": "a", "options": ["rro", "rnosuid", "rnodev", "rnoexec", "rnoatime"]}'
  mount_entry '{"destination": "/b", "type": "tmpfs", "source": "b", "options": ["ro", "noexec", "rrw", "rexec"]}'
  options_of /a
  [ "${lines[0]}" = ro,nosuid,nodev,noexec,noatime ]
  options_of /b
  [ "${lines[0]}" = rw,relatime ]
}

@test "mounts: recursive attributes have the last word about a bind mount" {
  mkdir "$BATS_TEST_TMPDIR/source"
  mount_entry "{\"destination\": \"/a\", \"source\": \"$BATS_TEST_TMPDIR/source\", \"options\": [\"rbind\", \"ro\", \"nosuid\", \"rrw\"]}"
  mount_entry "{\"destination\": \"/b\", \"source\": \"$BATS_TEST_TMPDIR/source\", \"options\": [\"rro\", \"rbind\", \"rw\", \"suid\"]}"
  options_of /a
  [[ "${lines[0]}" = rw,nosuid* ]]
  options_of /b
  [[ "${lines[0]}" = ro* ]]
}

@test "mounts: rootfsPropagation is that of the root, with r also of the mounts in it" {
  local word root dev
  tr() { # on a root file system that is a shared mount
    unshare -m --propagation private sh -c 'mount --bind "$0" "$0" && mount --make-shared "$0" && exec "$@"' \
      "$ROOTFS" "$TINYRUN" --root "$ROOT" "$@"
  }
  while IFS='|' read -r word root dev; do
    config --arg w "$word" '.linux.rootfsPropagation = $w'
    echo "$word: $(propagation_of /), $(propagation_of /dev)"
    [ "$(propagation_of /)" = "$root" ]
    [ "$(propagation_of /dev)" = "$dev" ]
  done <<-END
	||
	private||
	rprivate||
	slave|master|
	rslave|master|
	shared|shared master|
	rshared|shared master|shared
	unbindable|unbindable|
	runbindable|unbindable|unbindable
	END
}

@test "mounts: an unknown word for rootfsPropagation" {
  config '.linux.rootfsPropagation = "sometimes"'
  inside true
  assert_status 1
  assert_output_has "linux.rootfsPropagation"
}

@test "mounts: the container's end leaves no mount on the host, also with --no-pivot" {
  bind /m '["rbind"]'
  args /bin/sh -c 'ls / | head -n 1; touch /x'
  run tr run --no-pivot -b "$BUNDLE" "$ID"
  assert_output_has bin
  assert_output_has "Read-only file system"
  run -1 grep -F "$BUNDLE" /proc/self/mountinfo
}

@test "mounts: a symlink swapped in a loop by another never leads a mount out of the root (CVE-2021-30465)" {
  mkdir -p "$ROOTFS/vol/dir" "$BATS_TEST_TMPDIR/outside"
  bind /vol/dir/made '["bind"]'
  (
    end=$((SECONDS + 4))
    while [ $SECONDS -lt $end ]; do
      mv -T "$ROOTFS/vol/dir" "$ROOTFS/vol/kept" && ln -s "$BATS_TEST_TMPDIR/outside" "$ROOTFS/vol/dir"
      rm "$ROOTFS/vol/dir" && mv -T "$ROOTFS/vol/kept" "$ROOTFS/vol/dir"
    done
  ) 2>/dev/null 3>&- &
  local swapper=$! _
  for _ in $(seq 30); do
    tr run -b "$BUNDLE" "$ID" || true
  done 2>/dev/null
  wait "$swapper" || true
  [ -z "$(ls -A "$BATS_TEST_TMPDIR/outside")" ]
}

@test "mounts: containers that start at once on one root file system make the same mount points" {
  local i pids pid
  echo hello >"$BATS_TEST_TMPDIR/file"
  config --arg s "$BATS_TEST_TMPDIR/file" '.mounts += [range(30) |
    {destination: "/made/\(.)", source: $s, options: ["bind"]}]'
  for i in 1 2 3 4 5 6; do
    jq --arg path "/$UNIQ/$ID-$i" '.linux.cgroupsPath = $path' "$BUNDLE/config.json" >"$BUNDLE/config-$i.json"
  done
  for _ in 1 2 3 4; do
    pids=()
    rm -rf "$ROOTFS/made"
    for i in 1 2 3 4 5 6; do
      tr run -b "$BUNDLE" -f "$BUNDLE/config-$i.json" "$ID-$i" </dev/null 3>&- &
      pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
  done
}

# calls_of_binds N: the system calls of a run with N bind mounts more
calls_of_binds() {
  config --argjson n "$1" --arg source "$BATS_TEST_TMPDIR" \
    '.mounts |= map(select(.destination | startswith("/m/") | not)) |
     .mounts += [range($n) | {"destination": "/m/\(.)", "type": "bind", "source": $source, "options": ["rbind", "ro"]}]'
  strace -f -c -o "$BATS_TEST_TMPDIR/calls" "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID" </dev/null >/dev/null
  awk '$NF == "total" { print $4 }' "$BATS_TEST_TMPDIR/calls"
}

@test "mounts: each takes about as many system calls as the one before it" {
  local none fifty hundred
  require command strace
  mkdir -p "$ROOTFS"/m/{0..99}
  args /bin/true
  none=$(calls_of_binds 0)
  fifty=$(calls_of_binds 50)
  hundred=$(calls_of_binds 100)
  echo "$none with none, $fifty with 50, $hundred with 100"
  [ "$fifty" -gt "$((none + 50))" ]
  # nine each; init closes those of descriptors from 64 on one by one (PATHS_KEPT), which is one more
  [ "$((hundred - fifty))" -le "$(((fifty - none) * 5 / 4))" ]
}
