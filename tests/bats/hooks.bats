#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# hooks - the six lists: when, where, with what on stdin, and what a failure does.

load helpers

setup() {
  test_setup
  require root
  make_bundle
  LOG=$BATS_TEST_TMPDIR/hooks.log
  # a hook that notes its name, the state it was given and the namespace it runs in
  cat >"$BATS_TEST_TMPDIR/note" <<EOF
#!/bin/bash
state=\$(cat)
echo "\$1 \$(jq -r '[.status, .id, (.pid | tostring)] | join(" ")' <<<"\$state") \$(readlink /proc/self/ns/net) \$PWD \$SET" >>$LOG
EOF
  chmod 755 "$BATS_TEST_TMPDIR/note"
  args /bin/sleep 1000
}

hook() { # LIST [ARG]
  config --arg l "$1" --arg p "$BATS_TEST_TMPDIR/note" --arg path "$PATH" \
    '.hooks[$l] += [{path: $p, args: ["note", $l], env: ["PATH=" + $path, "SET=yes"]}]'
}

failing() { # LIST COMMAND
  config --arg l "$1" --arg c "$2" '.hooks[$l] = [{path: "/bin/sh", args: ["sh", "-c", $c]}]'
}

@test "hooks: all lists run in their order, with the status of the moment" {
  local l
  for l in prestart createRuntime createContainer poststart poststop; do hook "$l"; done
  config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "cat >/dev/shm/state"]}]'
  tr create -b "$BUNDLE" "$ID"
  [ "$(cut -d' ' -f1,2,3 "$LOG")" = "prestart creating $ID
createRuntime creating $ID
createContainer creating $ID" ]
  [ "$(awk '$1 == "createRuntime" { print $4 }' "$LOG")" = "$(pid_of "$ID")" ]
  [ "$(awk '$1 == "createContainer" { print $4 }' "$LOG")" = 1 ]
  tr start "$ID"
  jq -e '.status == "created" and .pid == 1' "/proc/$(pid_of "$ID")/root/dev/shm/state"
  tail -n 1 "$LOG" | grep -q "^poststart running $ID $(pid_of "$ID")"
  tr delete --force "$ID"
  tail -n 1 "$LOG" | grep -q "^poststop stopped $ID"
}

@test "hooks: those of the runtime run in its namespaces, createContainer in the container's" {
  hook createRuntime
  hook createContainer
  tr create -b "$BUNDLE" "$ID"
  [ "$(awk '$1 == "createRuntime" { print $5 }' "$LOG")" = "$(readlink /proc/self/ns/net)" ]
  [ "$(awk '$1 == "createContainer" { print $5 }' "$LOG")" = "$(readlink "/proc/$(pid_of "$ID")/ns/net")" ]
  [ "$(grep -c " $BUNDLE yes$" "$LOG")" = 2 ]
}

@test "hooks: those in the container's namespaces have a umask of their own, startContainer begins in /" {
  umask 0
  config --arg l "$LOG" '.hooks.createContainer = [{path: "/bin/sh", args: ["sh", "-c", "umask >>" + $l]}] |
    .hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "{ umask; pwd; } >/dev/shm/seen"]}] | .process.cwd = "/tmp"'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(cat "$LOG")" = 0022 ]
  [ "$(xargs <"/proc/$(pid_of "$ID")/root/dev/shm/seen")" = "0022 /" ]
}

@test "hooks: a script knows its own name, also one that the container's mounts hide" {
  cat >"$BATS_TEST_TMPDIR/who" <<EOF
#!/bin/bash
echo "\$0 \$1" >>$LOG
EOF
  chmod 755 "$BATS_TEST_TMPDIR/who"
  config --arg p "$BATS_TEST_TMPDIR/who" '.hooks.createContainer = [{path: $p, args: ["who", "first"]}] |
    .hooks.createRuntime = .hooks.createContainer'
  tr create -b "$BUNDLE" "$ID"
  [ "$(cat "$LOG")" = "$BATS_TEST_TMPDIR/who first
$BATS_TEST_TMPDIR/who first" ]
}

@test "hooks: each that fails stops the creation, names itself, and leaves nothing" {
  local l
  for l in prestart createRuntime createContainer; do
    config 'del(.hooks)'
    failing "$l" 'echo the reason >&2; exit 3'
    hook poststop
    run_detached tr create -b "$BUNDLE" "$ID"
    assert_status 1
    assert_one_line
    assert_output_has "hooks.${l}[0]"
    assert_output_has "error running $l hook #0"
    assert_output_has "exit status 3"
    assert_output_has "the reason"
    run tr state "$ID"
    assert_status 1
    tail -n 1 "$LOG" | grep -q "^poststop stopped $ID"
  done
}

@test "hooks: a failing startContainer or poststart stops the container, and poststop runs" {
  local l
  for l in startContainer poststart; do
    config 'del(.hooks)'
    failing "$l" 'echo the reason >&2; exit 3'
    hook poststop
    : >"$LOG"
    tr create -b "$BUNDLE" "$ID"
    run tr start "$ID"
    assert_status 1
    assert_output_has "error running $l hook #0"
    assert_output_has "exit status 3"
    assert_output_has "the reason"
    run tr state "$ID"
    assert_status 1
    [ "$(grep -c "^poststop stopped $ID" "$LOG")" = 1 ]
    run_detached tr run -d -b "$BUNDLE" "$ID"
    assert_status 1
    assert_output_has "$l"
    assert_output_has "exit status 3"
    [ "$(grep -c "^poststop stopped $ID" "$LOG")" = 2 ]
  done
}

@test "hooks: a failing poststop is a warning, and the next one still runs" {
  failing poststop 'exit 3'
  hook poststop
  tr create -b "$BUNDLE" "$ID"
  run tr delete "$ID"
  assert_status 0
  assert_output_has "warning"
  assert_output_has "exit status 3"
  grep -q "^poststop stopped" "$LOG"
}

@test "hooks: a timeout kills the hook and all it started" {
  local l
  for l in createRuntime createContainer; do
    config 'del(.hooks)'
    config --arg l "$l" '.hooks[$l] = [{path: "/bin/sh", args: ["sh", "-c", "sleep 1234 & sleep 1234"], timeout: 1}]'
    run_detached timeout 20 "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID"
    assert_status 1
    assert_output_has "time"
    run pgrep -f 'sleep 1234'
    assert_status 1
  done
}

@test "hooks: one that leaves a daemon with its stderr open does not hold us" {
  config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "sleep 8 >/dev/null &"]}]'
  run_detached timeout 5 "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID"
  assert_status 0
  pkill -f 'sleep 8' || true
}

@test "hooks: what they write is not the container's output, and is told when they fail" {
  local l
  for l in prestart createRuntime createContainer startContainer poststart poststop; do
    config --arg l "$l" '.hooks[$l] = [{path: "/bin/sh", args: ["sh", "-c", "echo out; echo err >&2"]}]'
  done
  args /bin/echo mine
  run_detached tr run -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$output" = mine ]
  for l in prestart createRuntime createContainer startContainer poststart; do
    config 'del(.hooks)'
    failing "$l" 'echo the reason; exit 3'
    args /bin/sleep 1000
    run_detached tr run -d -b "$BUNDLE" "$ID"
    assert_status 1
    assert_one_line
    assert_output_has "exit status 3, stdout and stderr: the reason"
  done
}

@test "hooks: startContainer has the process's environment with its HOME, or its own alone" {
  echo 'root:x:0:0::/the/home:/bin/sh' >"$ROOTFS/etc/passwd"
  config '.process.env = ["PATH=/bin", "HOME="] |
    .hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "env >/dev/shm/given"]},
      {path: "/bin/sh", args: ["sh", "-c", "/bin/env >/dev/shm/own"], env: ["A=1", "PATH=/x"]}]'
  args /bin/sh -c 'cat /dev/shm/given; echo; cat /dev/shm/own; echo; env'
  run_detached tr run -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(grep -v -e ^PWD= -e ^SHLVL= -e '^$' <<<"$output" | sort | uniq -c | awk '{ print $1, $2 }')" = \
    "$(printf '%s\n' '1 A=1' '2 HOME=/the/home' '2 PATH=/bin' '1 PATH=/x')" ]
}

@test "hooks: a hook may ask the runtime for the state while create is at work" {
  config --arg t "$TINYRUN" --arg r "$ROOT" --arg id "$ID" --arg o "$BATS_TEST_TMPDIR/asked" \
    '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", ($t + " --root " + $r + " state " + $id + " >" + $o)], timeout: 5}]'
  tr create -b "$BUNDLE" "$ID"
  [ "$(jq -r .status "$BATS_TEST_TMPDIR/asked")" = creating ]
}
