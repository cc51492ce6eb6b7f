#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# badinput - wrong calls about a container that is there: each has its sentence and its exit status,
# and the container does not notice.
#
# The tables below have one call a line: exit status, call, a part of what it says; ID stands for the
# container. Exit statuses and sentences are runc's where clients look at them.

load helpers

setup() {
  test_setup
  require root
  require cgroup2
  make_bundle
  args /bin/sh -c 'echo $$ >/dev/shm/first; exec sleep 1000'
}

# What another could have done to it, in one text.
condition() {
  local pid
  pid=$(pid_of "$ID")
  tr state "$ID"
  tr ps -f json "$ID"
  grep -E '^(Name|Pid|Uid|Gid|Groups|Cap|NoNew|Seccomp)' "/proc/$pid/status"
  cat "/proc/$pid/root/dev/shm/first" "$(cgroup_of "$ID")/cgroup.freeze"
  ls -A "/proc/$pid/root/dev/shm" "$ROOT" "$ROOT/$ID"
}

# Each line of standard input, as above.
refused() {
  local code call says
  while IFS='|' read -r code call says; do
    # shellcheck disable=SC2086 # the call's words
    run tr ${call//ID/$ID} </dev/null
    [ "$status" = "$code" ] && [[ $output == *"$says"* ]] && [ "${#lines[@]}" = 1 ] || {
      printf '%s: wanted %s and "%s", got %s and: %s\n' "$call" "$code" "$says" "$status" "$output" >&2
      return 1
    }
  done
}

process() {
  printf '%s' "$1" >"$BATS_TEST_TMPDIR/p.json"
}

@test "badinput: of a running container" {
  local before
  run_detached tr run -d -b "$BUNDLE" "$ID"
  wait_for test -s "/proc/$(pid_of "$ID")/root/dev/shm/first"
  before=$(condition)
  refused <<-'END'
	1|start ID|cannot start an already running container
	1|create ID|container with given ID already exists
	1|run ID|container with given ID already exists
	1|resume ID|container not paused
	1|delete ID|that is not stopped: running
	1|kill ID NOSIG|unknown signal "NOSIG"
	1|kill ID 65|unknown signal "65"
	1|kill ID -- -1|too many arguments
	255|exec ID nosuchprogram|executable file not found in $PATH
	255|exec ID /|permission denied
	255|exec ID|a command or --process is needed
	255|exec --cwd nowhere ID true|--cwd: found "nowhere", want an absolute path
	255|exec --user root ID true|root
	255|exec --env =x ID true|=x
	255|exec --cap CAP_NOSUCH ID true|CAP_NOSUCH
	255|exec --cgroup ../.. ID true|cgroup
	255|exec --preserve-fds 60 ID true|unable to stat preserved-fd
	255|exec -t -d ID true|--console-socket
	255|exec --console-socket /nowhere -t -d ID true|/nowhere
	255|exec --pid-file /nowhere/pid ID true|/nowhere
	1|ps -f yaml ID|is not one of table|json
	1|events --interval 0 ID|--interval: found "0", want a duration above 0
	1|events --interval 5 ID|--interval: found "5", want a duration above 0
	1|update --memory 1x ID|--memory: found "1x", want bytes
	1|update --cpu-share x ID|--cpu-share: found "x"
	1|update --cpu-idle 2 ID|--cpu-idle: found "2", want 0 or 1
	1|update --blkio-weight 5 ID|--blkio-weight: found "5", want a number from 10 to 1000
	1|update --cpu-rt-period 5 ID|cgroup v2 gives realtime processes no share
	1|update -r /nowhere ID|/nowhere
	1|update -r - ID|standard input
	1|checkpoint --image-path /proc/nowhere ID|/proc/nowhere
	1|restore --image-path /nowhere ID|--image-path: open /nowhere
	1|mounts add ID /nowhere|/nowhere
	END
  [ "$(condition)" = "$before" ]
}

@test "badinput: a process.json with a wrong field names the field, and nothing is started" {
  local json says before
  run_detached tr run -d -b "$BUNDLE" "$ID"
  wait_for test -s "/proc/$(pid_of "$ID")/root/dev/shm/first"
  before=$(condition)
  while IFS='|' read -r json says; do
    process "$json"
    run tr exec --process "$BATS_TEST_TMPDIR/p.json" --pid-file "$BATS_TEST_TMPDIR/pid" "$ID"
    assert_status 255
    assert_one_line
    assert_output_has "$says"
    assert_output_has p.json
    [ ! -e "$BATS_TEST_TMPDIR/pid" ]
  done <<-'END'
	{"args": ["true"], "cwd": "/", "user": {"uid": "0", "gid": 0}}|user.uid
	{"args": ["true"], "cwd": "/", "user": {"uid": -1, "gid": 0}}|user.uid
	{"args": ["true"], "cwd": "/", "user": {"uid": 0, "gid": 0, "additionalGids": [1.5]}}|user.additionalGids[0]
	{"user": {"uid": 0, "gid": 0}, "args": "true", "cwd": "/"}|args
	{"user": {"uid": 0, "gid": 0}, "args": [], "cwd": "/"}|args
	{"user": {"uid": 0, "gid": 0}, "args": ["true", 1], "cwd": "/"}|args[1]
	{"user": {"uid": 0, "gid": 0}, "args": ["true"], "cwd": "x"}|cwd
	{"user": {"uid": 0, "gid": 0}, "args": ["true"], "cwd": 1}|cwd
	{"user": {"uid": 0, "gid": 0}, "args": ["true"], "cwd": "/", "env": ["A=1", null]}|env[1]
	{"user": {"uid": 0, "gid": 0}, "args": ["true"], "cwd": "/", "terminal": "no"}|terminal
	{"user": {"uid": 0, "gid": 0}, "args": ["true"], "cwd": "/", "capabilities": {"bounding": "CAP_KILL"}}|capabilities.bounding
	{"user": {"uid": 0, "gid": 0}, "args": ["true"], "cwd": "/", "rlimits": [{"type": "RLIMIT_X", "soft": 1, "hard": 1}]}|rlimits[0].type
	{"user": {"uid": 0, "gid": 0}, "args": ["true"], "cwd": "/", "oomScoreAdj": 2000}|oomScoreAdj
	{"user": {"uid": 0, "gid": 0}, "args": ["true"], "cwd": "/", "noNewPrivileges": 1}|noNewPrivileges
	{"user": {"uid": 0, "gid": 0}, "args": ["true"], "cwd": "/", "scheduler": {"policy": "FAST"}}|scheduler.policy
	{"user": {"uid": 0, "gid": 0}, "args": ["true"], "cwd": "/"|expected
	[]|object
	|empty
	END
  [ "$(condition)" = "$before" ]
}

@test "badinput: of a paused container" {
  local before
  run_detached tr run -d -b "$BUNDLE" "$ID"
  wait_for test -s "/proc/$(pid_of "$ID")/root/dev/shm/first"
  tr pause "$ID"
  before=$(condition)
  refused <<-'END'
	255|exec ID true|cannot exec in a paused container (use --ignore-paused to override)
	255|exec --ignore-paused ID|a command or --process is needed
	1|pause ID|paused
	1|start ID|cannot start
	1|delete ID|that is not stopped: paused
	1|update --memory 1x ID|--memory: found "1x"
	END
  [ "$(condition)" = "$before" ]
  tr resume "$ID"
  status_is "$ID" running
}

@test "badinput: of a created container" {
  local before
  run_detached tr create -b "$BUNDLE" "$ID"
  before=$(tr state "$ID"; tr ps "$ID")
  refused <<-'END'
	1|create ID|container with given ID already exists
	1|resume ID|container not paused
	1|checkpoint --image-path /nowhere ID|cannot checkpoint a container that was not started
	1|update --memory 1x ID|--memory: found "1x"
	END
  [ "$(tr state "$ID"; tr ps "$ID")" = "$before" ]
  tr start "$ID"
  status_is "$ID" running
}

@test "badinput: of a stopped container" {
  local before
  args /bin/true
  run_detached tr run -d -b "$BUNDLE" "$ID"
  wait_for status_is "$ID" stopped
  before=$(tr state "$ID")
  refused <<-'END'
	255|exec ID true|cannot exec in a stopped container
	1|start ID|cannot start a container that has stopped
	1|kill ID|container not running
	1|kill ID 9|container not running
	1|pause ID|container not running
	1|resume ID|container not
	1|ps ID|container not running
	1|update --memory 1m ID|container not running
	1|events ID|container not running
	1|events --stats ID|container not running
	1|checkpoint ID|container not running
	1|mounts add ID /nowhere|container not running
	1|create ID|container with given ID already exists
	END
  [ "$(tr state "$ID")" = "$before" ]
  tr delete "$ID"
}

@test "badinput: of a container that is not there" {
  local -a made
  mkdir -p "$ROOT"
  refused <<-'END'
	255|exec ID true|container does not exist
	255|exec -p /nowhere ID|container does not exist
	1|start ID|container does not exist
	1|state ID|container does not exist
	1|kill ID 9|container does not exist
	1|pause ID|container does not exist
	1|resume ID|container does not exist
	1|ps ID|container does not exist
	1|ps -f json ID|container does not exist
	1|update --memory 1m ID|container does not exist
	1|events ID|container does not exist
	1|events --stats ID|container does not exist
	1|checkpoint ID|container does not exist
	1|mounts add ID /nowhere|container does not exist
	1|delete ID|container does not exist
	END
  run tr delete --force "$ID"
  assert_status 0
  assert_output_is ""
  made=("$ROOT"/*)
  [ ! -e "${made[0]}" ]
}

@test "badinput: restore from an empty directory, and from one that is not there" {
  mkdir "$BATS_TEST_TMPDIR/empty"
  run tr restore -d --image-path "$BATS_TEST_TMPDIR/empty" -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "--image-path: there is no checkpoint in $BATS_TEST_TMPDIR/empty"
  run tr restore -d --image-path /nowhere -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "--image-path: open /nowhere: No such file or directory"
  run tr restore -d --image-path "$BATS_TEST_TMPDIR/empty" -b /nowhere "$ID"
  assert_status 1
  assert_one_line
  assert_nothing_left
}

@test "badinput: events of a container that dies ends, without an error" {
  local events
  run_detached tr run -d -b "$BUNDLE" "$ID"
  timeout 20 "$TINYRUN" --root "$ROOT" events --interval 50ms "$ID" >"$BATS_TEST_TMPDIR/events" 2>&1 3>&- &
  events=$!
  wait_for test -s "$BATS_TEST_TMPDIR/events"
  tr kill "$ID" KILL
  wait "$events"
  jq -es --arg id "$ID" 'length > 0 and all(.[]; .id == $id and .type == "stats")' \
    "$BATS_TEST_TMPDIR/events" >/dev/null
  # and of one that is deleted under it
  run_detached tr run -d -b "$BUNDLE" "$ID-2"
  timeout 20 "$TINYRUN" --root "$ROOT" events --interval 50ms "$ID-2" >"$BATS_TEST_TMPDIR/events2" 2>&1 3>&- &
  events=$!
  wait_for test -s "$BATS_TEST_TMPDIR/events2"
  tr delete --force "$ID-2"
  wait "$events"
  jq -es 'all(.[]; .type == "stats")' "$BATS_TEST_TMPDIR/events2" >/dev/null
}
