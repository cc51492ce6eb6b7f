#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# run - a container in the foreground and in the background, its status, its trace.

load helpers

setup() {
  test_setup
  require root
  make_bundle
}

@test "run: output comes through and the exit status is the program's" {
  args /bin/sh -c 'echo out; echo err >&2; exit 7'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 7
  assert_output_is "out
err"
}

@test "run: a program that dies of a signal gives 128 plus its number" {
  args /bin/sh -c 'kill -TERM $$; sleep 5'
  config '.linux.namespaces |= map(select(.type != "pid"))'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 143
}

@test "run: a caller that ignores SIGCHLD, or blocks signals, changes nothing" {
  args /bin/sh -c 'grep -E "Sig(Blk|Ign)" /proc/self/status; exit 7'
  run env --ignore-signal=CHLD,HUP,INT --block-signal=TERM,CHLD "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  assert_status 7
  assert_output_is "$(printf 'SigBlk:\t%016d\nSigIgn:\t%016d' 0 0)"
}

@test "run: orphans without a pid namespace are the runtime's, but for --no-subreaper" {
  config '.linux.namespaces |= map(select(.type != "pid"))'
  args /bin/sh -c 'orphan=$(sleep 5 >/dev/null & echo $!); grep PPid "/proc/$orphan/status"'
  run bash -c 'echo "PPid:	$$"; exec "$@"' - "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  assert_status 0
  [ "${lines[1]}" = "${lines[0]}" ]
  run bash -c 'echo "PPid:	$$"; exec "$@"' - "$TINYRUN" --root "$ROOT" run --no-subreaper -b "$BUNDLE" "$ID"
  assert_status 0
  [[ ${lines[1]} = PPid:* ]] && [ "${lines[1]}" != "${lines[0]}" ]
}

@test "run: of a program that does nothing takes at most 400 system calls, the program's among them" {
  require command strace
  args /bin/true
  strace -f -qq -o "$BATS_TEST_TMPDIR/calls" "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  [ "$(grep -cv resumed "$BATS_TEST_TMPDIR/calls")" -le 400 ]
}

@test "run: what goes with the container at its end is what its record says by then" {
  args /bin/sleep 1000
  config --arg log "$BATS_TEST_TMPDIR/log" \
    '.hooks.poststop = [{path: "/bin/sh", args: ["sh", "-c", "echo ran >" + $log]}]'
  "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 3>&- &
  wait_for status_is "$ID" running
  jq '.poststop = false' "$ROOT/$ID/state.json" >"$BATS_TEST_TMPDIR/record"
  mv "$BATS_TEST_TMPDIR/record" "$ROOT/$ID/state.json"
  tr kill "$ID" KILL
  wait $! || [ $? = 137 ]
  [ ! -e "$ROOT/$ID" ]
  [ ! -e "$BATS_TEST_TMPDIR/log" ]
}

@test "run: nothing on stdout and stderr but the program's" {
  run tr run -b "$BUNDLE" "$ID"
  assert_status 0
  assert_output_is ""
}

@test "run -d: returns when the program runs, and the pid file is there" {
  args /bin/sleep 1000
  run_detached tr run -d --pid-file "$BATS_TEST_TMPDIR/pid" -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(status_of "$ID")" = running ]
  [ "$(cat "/proc/$(cat "$BATS_TEST_TMPDIR/pid")/comm")" = sleep ]
}

@test "run --keep: the stopped container stays until it is deleted" {
  run tr run --keep -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(status_of "$ID")" = stopped ]
  tr delete "$ID"
}

@test "run: signals are passed on to the program" {
  args /bin/sh -c 'trap "echo got; exit 9" TERM; echo ready; while :; do sleep 0.1; done'
  "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/out" 3>&- &
  local pid=$! rc=0
  wait_for grep -q ready "$BATS_TEST_TMPDIR/out"
  kill -TERM "$pid"
  wait "$pid" || rc=$?
  [ "$rc" = 9 ]
  grep -q got "$BATS_TEST_TMPDIR/out"
}

@test "run: the first real-time signal is passed on like any other" {
  args /bin/sh -c 'trap "echo got; exit 9" 34; echo ready; while :; do sleep 0.1; done'
  "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/out" 3>&- &
  local pid=$! rc=0
  wait_for grep -q ready "$BATS_TEST_TMPDIR/out"
  kill -34 "$pid"
  wait "$pid" || rc=$?
  [ "$rc" = 9 ]
  grep -q got "$BATS_TEST_TMPDIR/out"
}

@test "run: the environment, the arguments and the working directory are as asked" {
  config '.process.env = ["PATH=/bin", "A=1", "B=x y", "A=2"] | .process.cwd = "/new/dir" |
    .root.readonly = false'
  args /bin/sh -c 'pwd; env; printf "<%s>" "$@"' sh "one two" "" '*'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 0
  assert_output_has "/new/dir"
  assert_output_has "A=2"
  [[ "$output" != *A=1* ]]
  assert_output_has "B=x y"
  assert_output_has "HOME=/root"
  assert_output_has "<one two><><*>"
  [[ "$output" != *TINYRUN_TEST* ]]
}

@test "run: the program is looked for in the directories of the environment's PATH, in their order" {
  mkdir -p "$ROOTFS/one" "$ROOTFS/two"
  printf '#!/bin/sh\necho $0\n' | tee "$ROOTFS/two/tool" "$ROOTFS/one/other" >"$ROOTFS/two/other"
  chmod 755 "$ROOTFS"/{one,two}/other "$ROOTFS/two/tool"
  touch "$ROOTFS/one/tool" # which cannot be executed
  config '.process.env = ["PATH=/nowhere:/one:/two"]'
  args tool
  run tr run -b "$BUNDLE" "$ID"
  assert_output_is /two/tool
  args other
  run tr run -b "$BUNDLE" "$ID"
  assert_output_is /one/other
  args sh # which is in /bin
  run tr run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has 'exec: "sh": executable file not found in $PATH'
}

@test "run: a user may open the pipes of its standard streams anew, and gets no file of the host's" {
  local file=$BATS_TEST_TMPDIR/file
  config '.process.user = {"uid": 1000, "gid": 1000}'
  args sh -c 'read -r line </dev/stdin; echo "$line" >/dev/stdout; echo err >/proc/self/fd/2'
  run bash -c 'echo in | "$@" 2>&1 | cat' sh "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  assert_output_is "in
err"
  # one with a name, and a file, stay what they are
  mkfifo -m 600 "$file.fifo"
  touch "$file"
  args sh -c 'echo x >/dev/stdout; echo y >/dev/stderr; echo done'
  exec 9<>"$file.fifo"
  "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID" >"$file.fifo" 2>"$file" 9>&- 3>&-
  [ "$(stat -c %u "$file" "$file.fifo" | xargs)" = "0 0" ]
  read -r -u 9 line
  exec 9>&-
  [ "$line" = "done" ]
  grep -q "/dev/stdout: Permission denied" "$file"
}

@test "run: stdin is passed on, also when it is closed" {
  args /bin/cat
  echo hello >"$BATS_TEST_TMPDIR/in"
  run tr run -b "$BUNDLE" "$ID" <"$BATS_TEST_TMPDIR/in"
  assert_output_is hello
  args /bin/sh -c 'ls /proc/self/fd'
  run sh -c '"$0" --root "$1" run -b "$2" "$3" <&-' "$TINYRUN" "$ROOT" "$BUNDLE" "$ID"
  assert_status 0
}

@test "run: no descriptor but 0, 1 and 2 is open in the program" {
  args /bin/sh -c 'ls /proc/$$/fd; true'
  exec 7</etc/passwd 9</
  run tr run -b "$BUNDLE" "$ID"
  exec 7<&- 9<&-
  # the shell's own listing opens one more in the child, not in $$
  assert_output_is "0
1
2"
}

@test "run --preserve-fds: those and no others stay open, in place" {
  args /bin/sh -c 'ls /proc/$$/fd; cat <&3'
  echo three >"$BATS_TEST_TMPDIR/three"
  run sh -c '"$0" --root "$1" run --preserve-fds 2 -b "$2" "$3" 3<"$4" 4</dev/null 5</dev/null' \
    "$TINYRUN" "$ROOT" "$BUNDLE" "$ID" "$BATS_TEST_TMPDIR/three"
  assert_status 0
  assert_output_is "0
1
2
3
4
three"
  run sh -c '"$0" --root "$1" run --preserve-fds 9 -b "$2" "$3" 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-' \
    "$TINYRUN" "$ROOT" "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "unable to stat preserved-fd"
}

@test "run: LISTEN_FDS is passed on with LISTEN_PID 1" {
  # what the configuration says of them is of somebody else's
  config '.process.env += ["LISTEN_FDS=7", "LISTEN_PID=77"]'
  args /bin/sh -c 'echo $LISTEN_FDS $LISTEN_PID; cat <&3; [ "$(xargs -0n1 </proc/self/environ | grep -c LISTEN_)" = 2 ]'
  echo socket >"$BATS_TEST_TMPDIR/s"
  run sh -c 'exec 3<"$4"; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" --root "$1" run -b "$2" "$3"' \
    "$TINYRUN" "$ROOT" "$BUNDLE" "$ID" "$BATS_TEST_TMPDIR/s"
  assert_status 0
  assert_output_is "1 1
socket"
}

@test "run --trace: phases and steps with their microseconds" {
  run tr run --trace -b "$BUNDLE" "$ID"
  assert_status 0
  assert_output_has "host  read config.json"
  assert_output_has "init  "
  run tr run --trace="$BATS_TEST_TMPDIR/t.json" -b "$BUNDLE" "$ID"
  assert_status 0
  assert_output_is ""
  jq -e 'length > 20 and all(.[]; .ph == "X" and .dur >= 0 and .ts >= 0)' "$BATS_TEST_TMPDIR/t.json"
}

@test "run: out of memory is exit 137 and a sentence that says so" {
  require controller memory
  config '.linux.resources.memory = {"limit": 104857600, "swap": 104857600}'
  # 150 MB in a tmpfs belong to the container's memory
  args /bin/sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=60; exec awk "BEGIN { s = \"x\"; while (1) s = s s }"'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 137
  assert_output_has "out of memory"
  assert_output_has "100.0 MiB"
}

@test "run: a memory limit too small for init says so" {
  require controller memory
  local limit
  for limit in 4096 8192 65536; do # too small for exec, or for what comes after
    config --argjson n "$limit" '.linux.resources.memory = {"limit": $n}'
    run tr run -b "$BUNDLE" "$ID"
    assert_status 1
    assert_output_has "memory limit too low"
  done
}

@test "run: deleted by another while it runs, it ends quietly" {
  args /bin/sleep 1000
  "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID" 3>&- &
  local pid=$! rc=0
  wait_for status_is "$ID" running
  tr delete --force "$ID"
  wait "$pid" || rc=$?
  [ "$rc" = 137 ]
}

@test "run: the host's /dev/null on the standard streams becomes the container's, and nothing else does" {
  # shellcheck disable=SC2016
  args /bin/sh -c 'for fd in 0 1 2; do
      id=$(sed -n "s/^mnt_id:[^0-9]*//p" /proc/$$/fdinfo/$fd)
      grep -q "^$id .* /dev " /proc/self/mountinfo && echo $fd inside >>/tmp/where
      sed -n "s/^flags:.*\(.\)$/$fd \1/p" /proc/$$/fdinfo/$fd >>/tmp/where
    done; :'
  config '.root.readonly = false'
  "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID" </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/stderr"
  run cat "$ROOTFS/tmp/where"
  assert_output_is "0 inside
0 0
1 inside
1 1
2 1"
}

@test "run: a configuration without a process makes no container" {
  local verb
  config 'del(.process)'
  for verb in create run; do
    run_detached tr "$verb" -b "$BUNDLE" "$ID"
    assert_status 1
    assert_one_line
    assert_output_has "process property must not be empty: config.json has no process"
    [ ! -e "$ROOT/$ID" ]
  done
}

@test "run: what goes wrong first is said with the way out" {
  mkdir "$BATS_TEST_TMPDIR/empty"
  run tr run -b "$BATS_TEST_TMPDIR/empty" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "has no config.json (tinyrun spec writes one)"
  config '.process.cwd = "/nowhere" | .root.readonly = true'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "process.cwd: enter the working directory /nowhere: No such file or directory"
  config '.process.cwd = "/"'
  args sleep 60
  run_detached tr run -d -b "$BUNDLE" --trace=/dev/full "$ID"
  assert_status 0
  assert_output_has "runs without its trace: write the trace: write /dev/full: No space left on device"
  run tr delete "$ID"
  assert_status 1
  assert_output_has "is not stopped: running (--force kills it first)"
}
