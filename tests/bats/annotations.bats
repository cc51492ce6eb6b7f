#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# annotations - what crun's annotations do here; those of seccomp, systemd and criu are with these.

load helpers

setup() {
  test_setup
  require root
  make_bundle
  args /bin/sleep 1000
}

annotate() { # KEY VALUE
  config --arg k "$1" --arg v "$2" '.annotations[$k] = $v'
}

# A hook that says on both streams which it is.
speaking_hook() { # LIST
  config --arg l "$1" '.hooks[$l] = [{path: "/bin/sh", args: ["sh", "-c", "echo out $0; echo err $0 >&2", $l]}]'
}

@test "annotations: hooks of the host's append what they write to the files" {
  local l
  for l in prestart createRuntime createContainer poststart poststop; do speaking_hook "$l"; done
  annotate run.oci.hooks.stdout "$BATS_TEST_TMPDIR/out"
  annotate run.oci.hooks.stderr "$BATS_TEST_TMPDIR/err"
  echo before >"$BATS_TEST_TMPDIR/out"
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 0
  [ -z "$output" ]
  run_detached tr start "$ID"
  run_detached tr delete --force "$ID"
  [ -z "$output" ]
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = "before
out prestart
out createRuntime
out createContainer
out poststart
out poststop" ]
  [ "$(sed s/err/out/ "$BATS_TEST_TMPDIR/err")" = "$(tail -n +2 "$BATS_TEST_TMPDIR/out")" ]
  [ "$(stat -c %a "$BATS_TEST_TMPDIR/err")" = 600 ]
}

@test "annotations: a hook of the container's gets no file of the host's" {
  config '.hooks.startContainer = [{path: "/bin/sh",
    args: ["sh", "-c", "ls -l /proc/$$/fd >/dev/shm/seen"]}]'
  annotate run.oci.hooks.stdout "$BATS_TEST_TMPDIR/out"
  annotate run.oci.hooks.stderr "$BATS_TEST_TMPDIR/err"
  tr create -b "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 3>&-
  tr start "$ID"
  run ! grep -q "$BATS_TEST_TMPDIR" "/proc/$(pid_of "$ID")/root/dev/shm/seen"
  [ ! -e "$BATS_TEST_TMPDIR/out" ]
  run ! grep -q . <(find "/proc/$(pid_of "$ID")/fd" -lname "$BATS_TEST_TMPDIR/*")
}

@test "annotations: hooks' output goes to the command's own streams by name" {
  speaking_hook createRuntime
  annotate run.oci.hooks.stdout /dev/stderr
  annotate run.oci.hooks.stderr /dev/stdout
  tr create -b "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/1" 2>"$BATS_TEST_TMPDIR/2" 3>&-
  [ "$(cat "$BATS_TEST_TMPDIR/1")" = "err createRuntime" ]
  [ "$(cat "$BATS_TEST_TMPDIR/2")" = "out createRuntime" ]
}

@test "annotations: hooks' output does not follow a symlink, and nothing is left" {
  local l
  ln -s "$BATS_TEST_TMPDIR/elsewhere" "$BATS_TEST_TMPDIR/link"
  annotate run.oci.hooks.stderr "$BATS_TEST_TMPDIR/link"
  for l in createRuntime createContainer; do
    config 'del(.hooks)'
    speaking_hook "$l"
    run_detached tr create -b "$BUNDLE" "$ID"
    assert_status 1
    assert_one_line
    assert_output_has "annotations: run.oci.hooks.stderr: open $BATS_TEST_TMPDIR/link"
    [ ! -e "$BATS_TEST_TMPDIR/elsewhere" ]
    [ ! -d "$ROOT/$ID" ]
  done
}

@test "annotations: poststop hooks run, though there is nowhere to write to" {
  config --arg f "$BATS_TEST_TMPDIR/ran" '.hooks.poststop = [{path: "/bin/sh", args: ["sh", "-c", "echo >$0", $f]}]'
  annotate run.oci.hooks.stdout "$BATS_TEST_TMPDIR/gone/out"
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 0
  run_detached tr delete --force "$ID"
  assert_status 0
  assert_output_has "run.oci.hooks.stdout"
  [ -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "annotations: the process keeps the groups of the command where that is asked for" {
  local value
  config '.process.user.additionalGids = [9]'
  args id -G
  for value in 1 0; do
    annotate run.oci.keep_original_groups "$value"
    run setpriv --groups 5,6 "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
    assert_status 0
    [ "$output" = "$([ "$value" = 1 ] && echo "0 5 6" || echo "0 9")" ]
  done
}

@test "annotations: a pidfd of the container's process goes to the receiver, none of an exec's" {
  local sock=$BATS_TEST_TMPDIR/r.sock
  listen_for_fds "$sock"
  annotate run.oci.pidfd_receiver "$sock"
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(heard_fds "$sock")" = "$(pid_of "$ID")" ]
  tr start "$ID"
  run_detached tr exec "$ID" true
  assert_status 0
  tr delete --force "$ID"
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "run.oci.pidfd_receiver: connect to $sock"
}

@test "annotations: the process begins in the delegated part, whose parent is the root that it sees" {
  local cgroup verb
  require cgroup2
  annotate run.oci.delegate-cgroup /init
  config '.mounts += [{destination: "/sys/fs/cgroup",
    type: "cgroup", source: "cgroup", options: ["rw"]}]'
  args /bin/sh -c 'cat /proc/self/cgroup >/dev/shm/seen; exec sleep 1000'
  for verb in create "run -d"; do
    # shellcheck disable=SC2086
    run_detached tr $verb -b "$BUNDLE" "$ID"
    assert_status 0
    [ "$verb" != create ] || tr start "$ID"
    cgroup=$(cgroup_of "$ID")
    [ "$(basename "$cgroup")" = init ]
    wait_for test -s "/proc/$(pid_of "$ID")/root/dev/shm/seen"
    grep -q ':/init$' "/proc/$(pid_of "$ID")/root/dev/shm/seen"
    [ -d "/proc/$(pid_of "$ID")/root/sys/fs/cgroup/init" ]
    [ -z "$(cat "$(dirname "$cgroup")/cgroup.procs")" ]
    # what is done to the container is done to all of it, and an exec joins the part
    run tr exec "$ID" cat /proc/self/cgroup
    assert_output_has ':/init'
    tr pause "$ID"
    [ "$(status_of "$ID")" = paused ]
    tr resume "$ID"
    [ "$(tr ps --format json "$ID" | jq length)" = 1 ]
    tr delete --force "$ID"
    [ ! -d "$(dirname "$cgroup")" ]
  done
}

@test "annotations: an exec still joins when the container has left the delegated part" {
  require cgroup2
  annotate run.oci.delegate-cgroup init
  config '.mounts += [{destination: "/sys/fs/cgroup",
    type: "cgroup", source: "cgroup", options: ["rw"]}]'
  args /bin/sh -c 'cd /sys/fs/cgroup && mkdir other && echo 1 >other/cgroup.procs && rmdir init && exec sleep 1000'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  wait_for test ! -d "$(dirname "$(cgroup_of "$ID")")/init"
  run tr exec "$ID" echo joined
  assert_status 0
  assert_output_is joined
}

@test "annotations: without a cgroup nothing can be delegated, and nothing is left" {
  annotate run.oci.delegate-cgroup init
  config 'del(.linux.resources)'
  run_detached tr --cgroup-manager disabled create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "run.oci.delegate-cgroup: the container has no cgroup"
  [ ! -d "$ROOT/$ID" ]
}

@test "annotations: plan says what they change" {
  speaking_hook createRuntime
  annotate run.oci.hooks.stdout /var/log/out
  annotate run.oci.delegate-cgroup init
  annotate run.oci.pidfd_receiver /run/r.sock
  run tr plan -b "$BUNDLE"
  assert_status 0
  assert_output_has "run the createRuntime hook /bin/sh, stdout to /var/log/out"
  assert_output_has "move the process to the part of its cgroup init"
  assert_output_has "send a pidfd of the process to /run/r.sock"
}

@test "annotations: what crun has and we do not is refused with the reason, by each verb that reads it" {
  local k
  for k in run.oci.handler run.oci.seccomp.plugins run.oci.seccomp_bpf_data \
    run.oci.systemd.force_cgroup_v1 run.oci.timens_offset; do
    config 'del(.annotations)'
    annotate "$k" krun
    for verb in create run plan; do
      run_detached tr "$verb" -b "$BUNDLE" "$ID"
      assert_status 1
      assert_one_line
      assert_output_has "annotations[\"$k\"]"
      assert_output_has "is not supported: "
    done
    [ ! -d "$ROOT/$ID" ]
  done
}
