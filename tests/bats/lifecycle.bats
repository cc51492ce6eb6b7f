#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# lifecycle - create, state, start, kill, delete, list: the states and who may do what in them.

load helpers

setup() {
  test_setup
  require root
}

long_lived() {
  make_bundle
  args /bin/sleep 1000
}

@test "lifecycle: create, start, kill, delete go through created, running, stopped" {
  long_lived
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 0
  assert_output_is ""
  [ "$(status_of "$ID")" = created ]
  [ "$(pid_of "$ID")" -gt 1 ]
  run tr start "$ID"
  assert_status 0
  assert_output_is ""
  [ "$(status_of "$ID")" = running ]
  run tr kill "$ID" KILL
  assert_status 0
  wait_for status_is "$ID" stopped
  [ "$(pid_of "$ID")" = 0 ]
  run tr delete "$ID"
  assert_status 0
  assert_output_is ""
  run tr state "$ID"
  assert_status 1
  assert_output_is "tinyrun: state $ID: container does not exist"
}

@test "create: the program does not run before start" {
  make_bundle
  config '.root.readonly = false | .linux.namespaces |= . '
  args /bin/touch /ran
  tr create -b "$BUNDLE" "$ID"
  [ ! -e "$ROOTFS/ran" ]
  tr start "$ID"
  wait_for test -e "$ROOTFS/ran"
}

@test "create: the init does not show the host's binary" {
  long_lived
  tr create -b "$BUNDLE" "$ID"
  run readlink "/proc/$(pid_of "$ID")/exe"
  assert_output_has "memfd:tinyrun-init"
}

@test "create: an id that is taken is refused and the container there is unharmed" {
  long_lived
  tr create -b "$BUNDLE" "$ID"
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_is "tinyrun: create $ID: container with given ID already exists"
  [ "$(status_of "$ID")" = created ]
}

@test "create: ids that are no names are refused by every verb, and nothing outside is touched" {
  local id verb
  long_lived
  mkdir "$BATS_TEST_TMPDIR/x"
  for id in ../x . .. "" a/b "a b" -x .hidden $'a\nb' "$(printf 'a%.0s' {1..129})"; do
    for verb in create state start kill delete "delete --force"; do
      # shellcheck disable=SC2086
      if [ "$verb" = create ]; then
        run_detached tr create -b "$BUNDLE" -- "$id"
      else
        run tr $verb -- "$id"
      fi
      assert_status 1
      assert_output_has "invalid container ID format"
    done
  done
  [ -d "$BATS_TEST_TMPDIR/x" ]
}

@test "create: a bundle without config.json is one clear line and exit 1" {
  mkdir "$BATS_TEST_TMPDIR/empty"
  new_id
  run_detached tr create -b "$BATS_TEST_TMPDIR/empty" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "config.json"
  assert_output_has "No such file or directory"
}

@test "run --config: a file from the caller's directory on, and not from the bundle" {
  make_bundle
  args /bin/echo of the bundle
  mkdir "$BATS_TEST_TMPDIR/here"
  jq '.process.args[1:] = ["of", "the", "caller"]' "$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/here/other.json"
  cd "$BATS_TEST_TMPDIR/here"
  run tr run -b "$BUNDLE" -f other.json "$ID"
  assert_status 0
  assert_output_is "of the caller"
  # the usual name is the bundle's, as with crun
  run tr run -b "$BUNDLE" -f config.json "$ID"
  assert_output_is "of the bundle"
  run tr run -b "$BUNDLE" -f ./config.json "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "--config: open ./config.json: No such file or directory"
  echo '{"ociVersion": 1}' >wrong.json
  run tr run -b "$BUNDLE" -f wrong.json "$ID"
  assert_status 1
  assert_output_has "--config: ociVersion (wrong.json:1:16)"
}

@test "create: an empty --pid-file is none" {
  make_bundle
  cd "$BATS_TEST_TMPDIR"
  run tr run -b "$BUNDLE" --pid-file= "$ID"
  assert_status 0
  assert_output_is ""
}

@test "create: a missing bundle, a missing rootfs and a rootfs that is a file are refused" {
  make_bundle
  run_detached tr create -b "$BATS_TEST_TMPDIR/nowhere" "$ID"
  assert_status 1
  assert_output_has "$BATS_TEST_TMPDIR/nowhere"
  config '.root.path = "missing"'
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "root.path"
  touch "$BUNDLE/file"
  config '.root.path = "file"'
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "Not a directory"
}

@test "create: config.json as a FIFO, a directory, a device or endless does not hang" {
  make_bundle
  rm "$BUNDLE/config.json"
  mkfifo "$BUNDLE/config.json"
  run_detached timeout 10 "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID"
  assert_status 1
  rm "$BUNDLE/config.json"
  ln -s /dev/zero "$BUNDLE/config.json"
  run_detached timeout 10 "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID"
  assert_status 1
  rm "$BUNDLE/config.json"
  mkdir "$BUNDLE/config.json"
  run_detached timeout 10 "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID"
  assert_status 1
}

@test "create: the pid file has the pid and no newline, and does not outlive a failure" {
  long_lived
  tr create -b "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" "$ID"
  [ "$(cat "$BATS_TEST_TMPDIR/pid")" = "$(pid_of "$ID")" ]
  [ "$(wc -l <"$BATS_TEST_TMPDIR/pid")" = 0 ]
  new_id
  args /no/such/program
  run_detached tr create -b "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid2" "$ID"
  assert_status 1
  [ ! -e "$BATS_TEST_TMPDIR/pid2" ]
}

@test "create: a program that is not there is found at create, in the words that engines match" {
  make_bundle
  args nosuchprogram
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has 'exec: "nosuchprogram": executable file not found in $PATH'
  args /etc/passwd
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has 'exec: "/etc/passwd": permission denied'
  args /bin
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has 'exec: "/bin": permission denied'
  args /nowhere
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "no such file or directory"
}

@test "create: a file that is no program fails at start, and nothing is left" {
  make_bundle
  printf 'nonsense' >"$ROOTFS/bad"
  chmod 755 "$ROOTFS/bad"
  args /bad
  tr create -b "$BUNDLE" "$ID"
  run tr start "$ID"
  assert_status 1
  assert_output_has "exec format error"
  run tr state "$ID"
  assert_status 1
  # the file is there: what it is run by is not
  printf '#!/no/interpreter' >"$ROOTFS/bad"
  run tr run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "exec /bad: no such file or directory (the file is there"
}

@test "create: a failure is one JSON line in the log and one line on stderr" {
  make_bundle
  args nosuchprogram
  run_detached tr --log "$BATS_TEST_TMPDIR/log" --log-format json create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  [ "$(wc -l <"$BATS_TEST_TMPDIR/log")" = 1 ]
  [ "$(jq -r .level "$BATS_TEST_TMPDIR/log")" = error ]
  jq -e '.msg | contains("executable file not found")' "$BATS_TEST_TMPDIR/log"
  date -d "$(jq -r .time "$BATS_TEST_TMPDIR/log")"
}

@test "start: only a created container can be started" {
  long_lived
  run tr start "$ID"
  assert_status 1
  assert_output_has "container does not exist"
  tr create -b "$BUNDLE" "$ID"
  tr start "$ID"
  run tr start "$ID"
  assert_status 1
  assert_output_has "cannot start an already running container"
  tr kill "$ID" KILL
  wait_for status_is "$ID" stopped
  run tr start "$ID"
  assert_status 1
  assert_output_has "cannot start a container that has stopped"
}

@test "start: config.json is read once, at create" {
  long_lived
  tr create -b "$BUNDLE" "$ID"
  echo garbage >"$BUNDLE/config.json"
  tr start "$ID"
  [ "$(status_of "$ID")" = running ]
  tr kill "$ID" KILL
  wait_for status_is "$ID" stopped
  tr delete "$ID"
}

@test "kill: a signal by number, name, SIGname in any case, TERM when none is named" {
  local sig out=$BATS_TEST_TMPDIR/out
  make_bundle
  args /bin/sh -c 'for s in TERM USR1; do trap "echo got $s; exit" $s; done; echo on; while :; do sleep 0.1; done'
  for sig in 10 USR1 SIGUSR1 usr1 ""; do
    new_id
    config --arg p "/$UNIQ/$ID" '.linux.cgroupsPath = $p'
    tr run -d -b "$BUNDLE" "$ID" >"$out" 2>&1 </dev/null 3>&-
    wait_for grep -q on "$out"
    # shellcheck disable=SC2086 # none at all
    tr kill "$ID" $sig
    wait_for status_is "$ID" stopped
    tail -n 1 "$out" | grep -qx "got $([ -n "$sig" ] && echo USR1 || echo TERM)"
    tr delete "$ID"
  done
}

@test "kill: bad signals, stopped and unknown containers are refused" {
  local sig
  long_lived
  tr create -b "$BUNDLE" "$ID"
  for sig in 0x9 65 -1 99999999999 NOSUCH 9.0 ""; do
    run tr kill "$ID" "$sig"
    assert_status 1
    [ "$(status_of "$ID")" = created ]
  done
  tr kill "$ID" KILL
  wait_for status_is "$ID" stopped
  run tr kill "$ID" TERM
  assert_status 1
  assert_output_has "container not running"
  run tr kill "$UNIQ-unknown" TERM
  assert_status 1
  assert_output_has "container does not exist"
}

@test "kill --all reaches every process of the container" {
  make_bundle
  args /bin/sh -c 'sleep 1000 & sleep 1000 & wait'
  tr run -d -b "$BUNDLE" "$ID"
  wait_for sh -c "[ \$(wc -l <$(cgroup_of "$ID")/cgroup.procs) = 3 ]"
  tr kill --all "$ID" 9
  wait_for status_is "$ID" stopped
}

@test "kill --all does not reach the next container of that name" {
  local was pid
  require command strace
  require cgroup2
  for was in alive ended; do
    long_lived
    run_detached tr run -d -b "$BUNDLE" "$ID"
    if [ "$was" = ended ]; then
      tr kill "$ID" KILL
      wait_for status_is "$ID" stopped
    fi
    # it has read whose the cgroup is, and looks for the process
    strace -qq -o "$BATS_TEST_TMPDIR/calls" -e inject=pidfd_open:delay_exit=2000000 \
      "$TINYRUN" --root "$ROOT" kill --all "$ID" KILL 3>&- &
    pid=$!
    wait_for grep -q 'state.json' "$BATS_TEST_TMPDIR/calls"
    tr delete -f "$ID"
    run_detached tr run -d -b "$BUNDLE" "$ID"
    status=0
    wait "$pid" || status=$?
    assert_status 1
    status_is "$ID" running
    tr delete -f "$ID"
    rm -r "$BUNDLE" "$BATS_TEST_TMPDIR/calls"
  done
}

@test "kill and delete --regex reach every container that fits, and no other" {
  local name

  make_bundle
  args /bin/sleep 1000
  for name in web1 web2 db1; do
    config --arg p "/$UNIQ/$ID-$name" '.linux.cgroupsPath = $p'
    run_detached tr run -d -b "$BUNDLE" "$ID-$name"
  done
  run tr kill --regex "$ID-web[" KILL
  assert_status 1
  assert_one_line
  assert_output_has "is no extended regular expression"
  run tr delete --regex "$ID-(web|db)[0-9]+"
  assert_status 1
  assert_one_line
  assert_output_has "3 containers, the first of which is: $ID-db1: cannot delete container"
  tr kill -r "$ID-web.$" KILL
  wait_for status_is "$ID-web1" stopped
  wait_for status_is "$ID-web2" stopped
  status_is "$ID-db1" running
  run tr delete --regex "$ID-(web|db)"
  assert_status 1
  assert_output_has "$ID-db1"
  [ "$(tr list -q)" = "$ID-db1" ]
  run tr delete --regex "none-of-these"
  assert_status 0
  tr delete --force --regex "$ID-.*"
  [ -z "$(tr list -q)" ]
}

@test "delete: a running container only by force" {
  long_lived
  tr run -d -b "$BUNDLE" "$ID"
  run tr delete "$ID"
  assert_status 1
  assert_output_has "cannot delete container $ID that is not stopped: running"
  [ "$(status_of "$ID")" = running ]
  run tr delete --force "$ID"
  assert_status 0
  assert_output_is ""
  run tr delete "$ID"
  assert_status 1
  assert_output_has "container does not exist"
  run tr delete --force "$ID"
  assert_status 0
}

@test "delete: a created container is killed and deleted" {
  long_lived
  tr create -b "$BUNDLE" "$ID"
  tr delete "$ID"
  run tr state "$ID"
  assert_status 1
}

@test "delete: a cgroup that was there before stays" {
  local top
  long_lived
  require cgroup2
  top=$(cgroup_mount)
  mkdir -p "$top/$UNIQ/before"
  config --arg p "/$UNIQ/before/$ID" '.linux.cgroupsPath = $p'
  tr run -d -b "$BUNDLE" "$ID"
  [ -d "$top/$UNIQ/before/$ID" ]
  tr delete --force "$ID"
  [ -d "$top/$UNIQ/before" ]
  [ ! -d "$top/$UNIQ/before/$ID" ]
  rmdir "$top/$UNIQ/before"
}

@test "state: the members that clients read, in pure JSON" {
  long_lived
  config '.annotations = {"org.example.a": "b", "empty": ""}'
  tr create -b "$BUNDLE" "$ID"
  run tr state "$ID"
  assert_status 0
  jq -e --arg id "$ID" --arg bundle "$BUNDLE" --arg rootfs "$ROOTFS" '
    .ociVersion == "1.3.0" and .id == $id and .status == "created" and .pid > 1 and
    .bundle == $bundle and .rootfs == $rootfs and
    .annotations == {"org.example.a": "b", "empty": ""}' <<<"$output"
  jq -r .created <<<"$output" | grep -Eq '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]+Z$'
  [ "${lines[1]:0:3}" = '  "' ]
}

@test "state: a state file that is damaged is an error, not a crash, and delete --force cleans up" {
  local text
  for text in '{}' '' 'null' '[]' '{"pid": "x"}' '{"id": 1}' '{'; do
    new_id
    mkdir -p "$ROOT/$ID"
    printf '%s' "$text" >"$ROOT/$ID/state.json"
    run tr state "$ID"
    assert_status 1
    assert_one_line
    run tr list -q
    assert_status 0
    run tr delete --force "$ID"
    assert_status 0
    [ ! -e "$ROOT/$ID" ]
  done
}

@test "state: a pid that has been given to another process is not taken for the container" {
  long_lived
  tr run -d -b "$BUNDLE" "$ID"
  jq '.startTime = 1' "$ROOT/$ID/state.json" >"$BATS_TEST_TMPDIR/s"
  cp "$BATS_TEST_TMPDIR/s" "$ROOT/$ID/state.json"
  [ "$(status_of "$ID")" = stopped ]
  run tr kill "$ID" KILL
  assert_status 1
}

@test "list: a table, JSON and bare ids; what is not ours is passed over" {
  long_lived
  run tr list
  assert_status 1 # an explicit root that is not there
  tr create -b "$BUNDLE" "$ID"
  mkdir "$ROOT/.hidden" "$ROOT/a b"
  touch "$ROOT/file"
  run tr list -q
  assert_status 0
  assert_output_is "$ID"
  run tr list
  [[ "${lines[0]}" =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER$ ]]
  [[ "${lines[1]}" == "$ID"*created*"$BUNDLE"*root* ]]
  run tr list --format json
  jq -e --arg id "$ID" 'length == 1 and .[0].id == $id and .[0].owner == "root"' <<<"$output"
  tr delete "$ID"
  run tr list --format json
  assert_output_is "[]"
  rm -r "$ROOT/a b" "$ROOT/file"
}

@test "list looks for the cgroup hierarchy once, however many containers there are" {
  local i
  require command strace
  require cgroup2
  long_lived
  run_detached tr run -d -b "$BUNDLE" "$ID"
  for i in 1 2 3; do
    config --arg p "/$UNIQ/$ID-$i" '.linux.cgroupsPath = $p'
    run_detached tr run -d -b "$BUNDLE" "$ID-$i"
  done
  strace -qq -o "$BATS_TEST_TMPDIR/calls" -e trace=open,openat,openat2 \
    "$TINYRUN" --root "$ROOT" list -q >"$BATS_TEST_TMPDIR/ids"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/ids")" = 4 ]
  [ "$(grep -c "\"$(cgroup_mount)\"" "$BATS_TEST_TMPDIR/calls")" = 1 ]
}

@test "fifty containers at once, created and removed, leave nothing" {
  local i
  make_bundle
  config 'del(.linux.cgroupsPath)'
  for i in $(seq 50); do
    tr run -b "$BUNDLE" "$UNIQ-p$i" &
  done
  wait
  run tr list -q
  assert_output_is ""
}

# How many system calls each verb takes below the state root $1.
calls_below() {
  local call
  for call in "state $ID" "ps $ID" "ps -f json $ID" "kill $ID URG" "kill --all $ID URG"; do
    # shellcheck disable=SC2086 # the words of the call
    strace -f -qq -o "$BATS_TEST_TMPDIR/calls" "$TINYRUN" --root "$1" $call >/dev/null || return
    echo "$call: $(wc -l <"$BATS_TEST_TMPDIR/calls")"
  done
}

@test "state, ps and kill take as many system calls beside 200 containers as alone" {
  local many=$BATS_TEST_TMPDIR/many i alone
  require command strace
  require cgroup2
  long_lived
  run_detached tr run -d -b "$BUNDLE" "$ID"
  alone=$(calls_below "$ROOT")
  [ "$(wc -l <<<"$alone")" = 5 ]
  cp -a "$ROOT" "$many"
  for i in $(seq 200); do
    cp -a "$ROOT/$ID" "$many/$ID-$i"
  done
  run calls_below "$many"
  assert_status 0
  assert_output_is "$alone"
}

@test "exec and kill look once for the container's process" {
  local call
  require command strace
  long_lived
  run_detached tr run -d -b "$BUNDLE" "$ID"
  for call in "exec $ID /bin/true" "kill $ID URG"; do
    # shellcheck disable=SC2086 # the words of the call
    strace -qq -e trace=pidfd_open -o "$BATS_TEST_TMPDIR/calls" "$TINYRUN" --root "$ROOT" $call
    [ "$(grep -c pidfd_open "$BATS_TEST_TMPDIR/calls")" = 1 ]
  done
}

@test "of ten creations of one id at once exactly one wins" {
  local i
  long_lived
  for i in $(seq 10); do
    (tr create -b "$BUNDLE" "$ID" 2>/dev/null && echo won) &
  done >"$BATS_TEST_TMPDIR/winners"
  wait
  [ "$(grep -c won "$BATS_TEST_TMPDIR/winners")" = 1 ]
  [ "$(status_of "$ID")" = created ]
}

@test "lifecycle: create hands a pidfd of the container's process to --pidfd-socket" {
  local sock=$BATS_TEST_TMPDIR/pidfd.sock
  make_bundle
  listen_for_fds "$sock"
  args sleep 1000
  run_detached tr create --pidfd-socket "$sock" -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(heard_fds "$sock")" = "$(pid_of "$ID")" ]
  # nobody listens any more
  tr delete --force "$ID"
  run_detached tr create --pidfd-socket "$sock" -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "--pidfd-socket"
}
