#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# addmounts - the verb mounts: mounts that come to a container while it runs, and go again.

load helpers

setup() {
  test_setup
  require root
  make_bundle
  args /bin/sleep 1000
  LIST=$BATS_TEST_TMPDIR/mounts.json
  mkdir "$BATS_TEST_TMPDIR/data"
  echo here >"$BATS_TEST_TMPDIR/data/file"
}

# Mounts as JSON objects, one an argument.
lists() {
  printf '%s\n' "$@" | jq -s '{mounts: .}' >"$LIST"
}

in_container() {
  tr exec "$ID" /bin/sh -c "$1"
}

@test "mounts: binds and file systems are made with their options, and taken away" {
  config '.root.readonly = false'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  lists '{"destination": "/new/tmp", "type": "tmpfs", "source": "x", "options": ["size=64k", "noexec"]}' \
    "{\"destination\": \"/new/data\", \"source\": \"$BATS_TEST_TMPDIR/data\", \"options\": [\"rbind\", \"ro\"]}" \
    "{\"destination\": \"/new/file\", \"source\": \"$BATS_TEST_TMPDIR/data/file\", \"options\": [\"bind\"]}"
  run tr mounts add "$ID" "$LIST"
  assert_status 0
  assert_output_is ""
  [ "$(in_container 'cat /new/data/file /new/file')" = "here
here" ]
  in_container 'grep -q " /new/tmp rw,.*noexec.* tmpfs x .*size=64k" /proc/self/mountinfo'
  run in_container 'touch /new/data/x'
  assert_output_has "Read-only file system"
  # the host sees nothing of it
  run ! grep -q "/new/tmp" /proc/self/mountinfo
  run tr mounts remove "$ID" "$LIST"
  assert_status 0
  run ! in_container 'grep " /new/" /proc/self/mountinfo'
  run tr mounts remove "$ID" "$LIST"
  assert_status 1
  assert_one_line
  assert_output_has "mounts[2]: unmount /new/file: nothing is mounted there"
  status_is "$ID" running
}

@test "mounts: an array alone will do, in a created and in a paused container" {
  run_detached tr create -b "$BUNDLE" "$ID"
  echo '[{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}]' >"$LIST"
  tr mounts add "$ID" "$LIST"
  in_container 'grep -q " /tmp " /proc/self/mountinfo'
  tr start "$ID"
  tr pause "$ID"
  run timeout 30 "$TINYRUN" --root "$ROOT" mounts remove "$ID" "$LIST"
  assert_status 0
  tr resume "$ID"
  run ! in_container 'grep " /tmp " /proc/self/mountinfo'
}

@test "mounts: a user namespace's container has its own" {
  config '.linux.namespaces += [{"type": "user"}] |
    .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}] |
    .linux.gidMappings = .linux.uidMappings'
  chmod 755 "$BATS_TEST_TMPDIR" "$BUNDLE" "$ROOTFS"
  run_detached tr run -d -b "$BUNDLE" "$ID"
  lists '{"destination": "/tmp", "type": "tmpfs", "source": "mine", "options": ["size=64k"]}'
  run tr mounts add "$ID" "$LIST"
  assert_status 0
  in_container 'touch /tmp/x && grep -q " /tmp .* tmpfs mine .*uid=100000" /proc/self/mountinfo ||
    grep " /tmp .* tmpfs mine " /proc/self/mountinfo'
}

@test "mounts: a link in the container leads nowhere outside, and none is followed to unmount" {
  config '.root.readonly = false'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  ln -s ../../../../../../../../../.. "$ROOTFS/out"
  ln -s /proc "$ROOTFS/hide"
  lists "{\"destination\": \"/out$BATS_TEST_TMPDIR/data\", \"type\": \"tmpfs\", \"source\": \"x\"}"
  run tr mounts add "$ID" "$LIST"
  assert_status 0
  [ "$(cat "$BATS_TEST_TMPDIR/data/file")" = here ]
  lists '{"destination": "/hide/keys", "type": "tmpfs", "source": "x"}'
  run tr mounts remove "$ID" "$LIST"
  assert_status 1
  assert_output_has "unmount /hide/keys: Too many levels of symbolic links"
  lists '{"destination": "/proc/keys", "type": "tmpfs", "source": "x"}'
  run tr mounts remove "$ID" "$LIST"
  assert_status 1
  assert_output_has "mounts[0].destination: what covers /proc/keys protects the host"
  lists '{"destination": "/sys/firmware", "type": "tmpfs", "source": "x"}'
  run tr mounts remove "$ID" "$LIST"
  assert_status 1
  assert_output_has "mounts[0].destination: what covers /sys/firmware protects the host"
  lists '{"destination": "/x", "type": "proc", "source": "proc"}'
  run tr mounts add "$ID" "$LIST"
  assert_status 1
  assert_output_has "mounts[0].type: a procfs is mounted only with a new container"
  lists '{"destination": "/proc/sys", "type": "tmpfs", "source": "x"}'
  run tr mounts add "$ID" "$LIST"
  assert_output_has "/proc/sys is inside /proc"
}

@test "mounts: the way to what is unmounted is looked up once, and no link is on it" {
  require command strace
  config '.root.readonly = false'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  lists "{\"destination\": \"/new/file\", \"source\": \"$BATS_TEST_TMPDIR/data/file\", \"options\": [\"bind\"]}"
  tr mounts add "$ID" "$LIST"
  strace -f -qq -e trace=openat2 -o "$BATS_TEST_TMPDIR/calls" "$TINYRUN" --root "$ROOT" mounts remove "$ID" "$LIST"
  [ "$(grep -c '"/new' "$BATS_TEST_TMPDIR/calls")" = 1 ]
  grep '"/new"' "$BATS_TEST_TMPDIR/calls" | grep -q RESOLVE_NO_SYMLINKS
  run ! in_container 'grep " /new/" /proc/self/mountinfo'
}

@test "mounts: what is wrong is named, and the container goes on" {
  run_detached tr run -d -b "$BUNDLE" "$ID"
  lists '{"destination": "/tmp", "type": "tmpfs", "source": "x", "options": ["size=lots"]}'
  run tr mounts add "$ID" "$LIST"
  assert_status 1
  assert_one_line
  assert_output_has "tinyrun: mounts $ID: mounts[0]: mount tmpfs on /tmp: "
  lists '{"destination": 5, "type": "tmpfs", "source": "x"}'
  run tr mounts add "$ID" "$LIST"
  assert_status 1
  assert_output_has "mounts[0].destination ($LIST:"
  lists '{"destination": "/x", "source": "/no/such/thing", "options": ["bind"]}'
  run tr mounts add "$ID" "$LIST"
  assert_output_has "bind /no/such/thing on /x: "
  echo '{"mount": []}' >"$LIST"
  run tr mounts add "$ID" "$LIST"
  assert_status 1
  assert_output_has "mounts"
  run tr mounts add "$ID" /nowhere
  assert_output_has "/nowhere: No such file or directory"
  status_is "$ID" running
  run tr mounts add "$ID-none" "$LIST"
  assert_output_has "container does not exist"
  tr kill "$ID" KILL
  wait_for status_is "$ID" stopped
  run tr mounts add "$ID" "$LIST"
  assert_status 1
  assert_output_has "container not running"
}
