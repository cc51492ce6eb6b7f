#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# image - what the owner of the image and of shared volumes may try.  The older holes of mounts are in
# mounts.bats, that of the console is in terminal.bats.

load attack

# /swap A B: two names change places until it is killed, or its own is gone
compile_exchange() {
  compile swap <<'C'
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	alarm(60);
	while (argc == 3 && renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) == 0)
		for (volatile int i = 0; i < 2000; i++)
			;
	return 0;
}
C
}

@test "image: HOME is / for a passwd that is a FIFO, endless, a device, or leads out of the root" {
  local what
  config '.process.env = ["PATH=/bin"] | .root.readonly = false'
  printf 'root:x:0:0:root:/stolen:/bin/sh\n' >"$BATS_TEST_TMPDIR/passwd"
  for what in fifo dev-zero proc-kmsg out dir big; do
    rm -rf "$ROOTFS/etc/passwd"
    case $what in
    fifo) mkfifo "$ROOTFS/etc/passwd" ;;
    dev-zero) ln -s /dev/zero "$ROOTFS/etc/passwd" ;;
    proc-kmsg) ln -s /proc/kmsg "$ROOTFS/etc/passwd" ;;
    out) ln -s "$BATS_TEST_TMPDIR/passwd" "$ROOTFS/etc/passwd" ;;
    dir) mkdir "$ROOTFS/etc/passwd" ;;
    big)
      truncate -s 3M "$ROOTFS/etc/passwd"
      cat "$BATS_TEST_TMPDIR/passwd" >>"$ROOTFS/etc/passwd"
      ;;
    esac
    inside 'echo "home=$HOME"'
    assert_output_is "home=/"
  done
  rm -rf "$ROOTFS/etc/passwd"
  printf 'root:x:00:0::/wrong:\nevil:x:0x0:0::/wrong:\nroot:x:0:0:root:/right:/bin/sh\n' >"$ROOTFS/etc/passwd"
  inside 'echo "home=$HOME"'
  assert_output_is "home=/right"
}

@test "image: a working directory by a descriptor's link is refused (CVE-2024-21626)" {
  local n
  exec 7</
  for n in 3 7 8 9 10; do
    config --arg d "/proc/self/fd/$n" '.process.cwd = $d'
    refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
    config --arg d "/proc/self/fd/$n/../../../../tmp" '.process.cwd = $d'
    refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  done
  for n in cwd root; do
    config --arg d "/proc/self/$n" '.process.cwd = $d'
    refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  done
  exec 7<&-
}

@test "image: a /proc that becomes a link while it is looked for is not followed (CVE-2019-19921)" {
  local swapper
  compile swap <<'C'
#include <unistd.h>
int main(int argc, char **argv)
{
	alarm(60);
	while (argc == 2 && access(argv[0], F_OK) == 0) {
		(void)symlink("/elsewhere", argv[1]);
		for (volatile int i = 0; i < 3000; i++)
			;
		(void)unlink(argv[1]);
		for (volatile int i = 0; i < 3000; i++)
			;
	}
	return 0;
}
C
  mkdir "$ROOTFS/elsewhere"
  rmdir "$ROOTFS/proc"
  args /bin/sh -c 'test -e /elsewhere/self && echo FAKED'
  "$ROOTFS/swap" "$ROOTFS/proc" 3>&- &
  swapper=$!
  for _ in $(seq 80); do
    tr run -b "$BUNDLE" "$ID" || true
    rmdir "$ROOTFS/proc" || true
  done >"$BATS_TEST_TMPDIR/said" 2>&1
  kill "$swapper" || true
  wait "$swapper" || true
  not grep FAKED "$BATS_TEST_TMPDIR/said"
}

@test "image: a mount point that is now a link into /proc, now a directory, covers nothing there (CVE-2019-16884)" {
  local swapper
  compile_exchange
  mkdir -p "$ROOTFS/vol/dir" "$BATS_TEST_TMPDIR/fake"
  touch "$BATS_TEST_TMPDIR/fake/current"
  ln -s /proc/1/attr "$ROOTFS/vol/link"
  config --arg s "$BATS_TEST_TMPDIR/fake" '.mounts += [{destination: "/vol/dir", type: "none", source: $s, options: ["bind"]}]'
  args /bin/sh -c 'test -s /proc/1/attr/current || grep -q " /proc/1/attr " /proc/self/mountinfo && echo FAKED'
  "$ROOTFS/swap" "$ROOTFS/vol/dir" "$ROOTFS/vol/link" 3>&- &
  swapper=$!
  for _ in $(seq 80); do
    tr run -b "$BUNDLE" "$ID" || true
  done >"$BATS_TEST_TMPDIR/said" 2>&1
  kill "$swapper" || true
  wait "$swapper" || true
  not grep FAKED "$BATS_TEST_TMPDIR/said"
}

@test "image: a working directory that is a symlink stays in the root, missing ones are made there" {
  mkdir "$BATS_TEST_TMPDIR/outside" "$ROOTFS/work"
  ln -s ../../../../../../work "$ROOTFS/up"
  ln -s "$BATS_TEST_TMPDIR/outside" "$ROOTFS/away"
  config '.process.cwd = "/up" | .root.readonly = false'
  inside 'pwd -P'
  assert_output_is /work
  config '.process.cwd = "/away/new"'
  inside 'pwd -P'
  [ -z "$(ls -A "$BATS_TEST_TMPDIR/outside")" ]
  config '.process.cwd = "/a/b/c"'
  inside 'pwd -P'
  assert_output_is /a/b/c
}

@test "image: a /dev/null that is a link or another device masks nothing, and is refused (CVE-2025-31133)" {
  without_dev
  config '.linux.maskedPaths = ["/proc/kcore"]'
  rm -rf "$ROOTFS/dev"
  mkdir "$ROOTFS/dev"
  echo precious >"$BATS_TEST_TMPDIR/victim"
  ln -s /proc/sys/kernel/core_pattern "$ROOTFS/dev/null"
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  assert_output_has /dev/null
  rm "$ROOTFS/dev/null"
  ln -s "$BATS_TEST_TMPDIR/victim" "$ROOTFS/dev/null"
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  rm "$ROOTFS/dev/null"
  mknod "$ROOTFS/dev/null" c 1 5
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  rm "$ROOTFS/dev/null"
  cp "$BATS_TEST_TMPDIR/victim" "$ROOTFS/dev/null"
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  [ "$(cat "$BATS_TEST_TMPDIR/victim")" = precious ]
}

@test "image: what stands for /dev/null in a bound /dev has to be it before it masks (CVE-2025-31133)" {
  local dev=$BATS_TEST_TMPDIR/dev
  without_dev
  mkdir "$dev"
  config --arg d "$dev" '.linux.maskedPaths = ["/etc/passwd"] |
    .mounts += [{destination: "/dev", type: "none", source: $d, options: ["bind"]}]'
  mknod "$dev/null" c 1 5
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  assert_output_has "/dev/null is not the null device"
  rm "$dev/null"
  echo text >"$dev/null"
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  assert_output_has "/dev/null is not the null device"
  rm "$dev/null"
  mknod "$dev/real" c 1 3
  ln -s real "$dev/null"
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  mv -T "$dev/real" "$dev/null"
  inside 'wc -c </etc/passwd'
  assert_output_is 0
}

@test "image: links for devices in the image's own /dev are neither followed nor chowned (CVE-2026-88264)" {
  without_dev
  rm -rf "$ROOTFS/dev"
  mkdir "$ROOTFS/dev"
  touch "$BATS_TEST_TMPDIR/victim"
  ln -s "$BATS_TEST_TMPDIR/victim" "$ROOTFS/dev/mine"
  ln -s "$BATS_TEST_TMPDIR/made" "$ROOTFS/dev/other"
  config '.linux.devices = [{"path": "/dev/mine", "type": "c", "major": 1, "minor": 3, "uid": 33, "gid": 33}]'
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  config '.linux.devices[0].path = "/dev/other"'
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  [ "$(stat -c %u "$BATS_TEST_TMPDIR/victim")" = 0 ]
  [ ! -e "$BATS_TEST_TMPDIR/made" ]
}

@test "image: default links and ptmx of the image's own /dev stay as they are, its files are not removed" {
  without_dev
  touch "$ROOTFS/dev/ptmx" "$ROOTFS/dev/stdin"
  ln -sfn "$BATS_TEST_TMPDIR/nowhere" "$ROOTFS/dev/fd"
  inside true
  [ -f "$ROOTFS/dev/ptmx" ]
  [ -f "$ROOTFS/dev/stdin" ]
  [ "$(readlink "$ROOTFS/dev/fd")" = "$BATS_TEST_TMPDIR/nowhere" ]
  [ ! -e "$BATS_TEST_TMPDIR/nowhere" ]
}

@test "image: masked and read-only paths that are links act inside the root alone" {
  mkdir -p "$ROOTFS/secret" "$BATS_TEST_TMPDIR/outside" "$ROOTFS/data"
  echo hidden >"$ROOTFS/secret/file"
  echo host >"$BATS_TEST_TMPDIR/outside/file"
  ln -s /secret "$ROOTFS/link"
  ln -s ../../../../secret/file "$ROOTFS/flink"
  ln -s "$BATS_TEST_TMPDIR/outside" "$ROOTFS/away"
  ln -s /data "$ROOTFS/ro"
  config '.linux.maskedPaths = ["/link", "/away", "/nothing/here"] | .linux.readonlyPaths = ["/ro", "/away"] |
    .root.readonly = false'
  inside 'ls /secret | wc -l; touch /data/x; touch /free && echo free'
  assert_output_has "Read-only file system"
  assert_output_has "free"
  [ "${lines[0]}" = 0 ]
  touch "$BATS_TEST_TMPDIR/outside/still-writable"
  [ "$(cat "$BATS_TEST_TMPDIR/outside/file")" = host ]
  config '.linux.maskedPaths = ["/flink"]'
  inside 'cat /secret/file | wc -c'
  assert_output_is 0
}

@test "image: a read-only path is that mount alone, mounts below it stay as mounts[] says" {
  mkdir -p "$ROOTFS/data/dir" "$ROOTFS/data/rw"
  config '.root.readonly = false | .linux.readonlyPaths = ["/data", "/nothing"] |
    .mounts += [{destination: "/data/rw", type: "tmpfs", source: "tmpfs"}]'
  inside 'touch /data/rw/x && echo below; touch /data/x; touch /data/dir/x; touch /x && echo beside'
  assert_output_is "below
touch: /data/x: Read-only file system
touch: /data/dir/x: Read-only file system
beside"
}

@test "image: below /proc a read-only path takes along what is mounted there on the host" {
  config 'del(.linux.maskedPaths) | .linux.readonlyPaths = ["/proc/sys"] |
    (.mounts[] | select(.destination == "/proc")) = {destination: "/proc", type: "none", source: "/proc", options: ["rbind"]}'
  args /bin/sh -c 'ls /proc/sys/fs; touch /proc/sys/fs/x'
  run unshare -m --propagation private sh -c 'mount -t tmpfs host /proc/sys/fs && touch /proc/sys/fs/there && exec "$@"' sh \
    "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  assert_output_is "there
touch: /proc/sys/fs/x: Read-only file system"
}

@test "image: a mask or read-only path by a magic link is refused" {
  config '.linux.maskedPaths = ["/proc/self/cwd"]'
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  config '.linux.maskedPaths = [] | .linux.readonlyPaths = ["/proc/1/root"]'
  refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
}

@test "image: without a cgroup namespace the bound cgroup is read-only as asked, and only its own (CVE-2023-25809)" {
  require cgroup2
  config '.linux.namespaces |= map(select(.type != "cgroup"))'
  inside 'echo 0 >/sys/fs/cgroup/cgroup.procs; mkdir /sys/fs/cgroup/sub; cat /sys/fs/cgroup/cgroup.procs | wc -l'
  assert_output_has "Read-only file system"
  [ "${lines[-1]}" -ge 1 ]
}

@test "image: nothing outside is made, masked, mounted on or given away while a directory and a link change places" {
  local swapper before good=0 outside=$BATS_TEST_TMPDIR/outside
  compile_exchange
  mkdir -p "$ROOTFS/vol/dir" "$outside/mask" "$outside/deep"
  touch "$outside/file"
  echo kept >"$outside/mask/secret"
  ln -s "$(printf '../%.0s' {1..20})$outside" "$ROOTFS/vol/link"
  config '.root.readonly = false | .process.cwd = "/vol/dir/cwd/new" |
    .linux.maskedPaths += ["/vol/dir/mask", "/vol/dir/file"] | .linux.readonlyPaths += ["/vol/dir/deep"] |
    .linux.devices += [{path: "/vol/dir/null", type: "c", major: 1, minor: 3, uid: 33, gid: 33},
      {path: "/vol/dir/sub/fifo", type: "p", uid: 33, gid: 33}] |
    .mounts += [{destination: "/vol/dir/tmp/fs", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]},
      {destination: "/vol/dir/bound", source: "/etc/hostname", options: ["bind", "ro"]}]'
  args /bin/true
  before=$(find "$outside" -printf '%p %y %u %m %s\n' | sort)
  "$ROOTFS/swap" "$ROOTFS/vol/dir" "$ROOTFS/vol/link" 3>&- &
  swapper=$!
  for _ in $(seq 60); do
    tr run -b "$BUNDLE" "$ID" && good=$((good + 1)) || true
    find "$ROOTFS/vol" -mindepth 2 -delete || true
  done >"$BATS_TEST_TMPDIR/said" 2>&1
  kill "$swapper" || true
  wait "$swapper" || true
  [ "$(find "$outside" -printf '%p %y %u %m %s\n' | sort)" = "$before" ]
  not grep -qF "$outside" /proc/self/mountinfo
  echo "$good of 60 ran; the others said: $(sort "$BATS_TEST_TMPDIR/said" | uniq -c | sort -rn | head -n 5)"
  [ "$good" -gt 0 ]
}
