#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# systemd - the systemd cgroup driver, against a stand-in for systemd on a message bus of the test's
# own.  systemd-real.bats has the same with systemd itself, where that is process 1.

load helpers

setup() {
  test_setup
  require root
  require cgroup2
  require command dbus-daemon
  HELPER=$(dirname "$TINYRUN")/tinyrun-systemd
  FAKE=$(dirname "$TINYRUN")/tests/unit/systemd/fake-systemd
  [ -x "$HELPER" ] && [ -x "$FAKE" ] || skip "needs a build with libsystemd"
  make_bundle
  LOG=$BATS_TEST_TMPDIR/systemd.log
  MANAGED=$(cgroup_mount)/$UNIQ-systemd
  RUN=$BATS_TEST_TMPDIR/run
  SLICE=$UNIQ.slice
  SCOPE=pre-$ID.scope
  mkdir -p "$RUN/dbus" "$MANAGED"
  : >"$LOG"
  config --arg p "$SLICE:pre:$ID" '.linux.cgroupsPath = $p'
}

teardown() {
  delete_all # systemd has to be there
  stop_systemd
  test_teardown
}

# The bus is where the system's is, in a mount namespace that the commands of this test share.
start_systemd() {
  cat >"$BATS_TEST_TMPDIR/bus.conf" <<-END
	<busconfig>
	  <type>system</type>
	  <listen>unix:path=$RUN/dbus/system_bus_socket</listen>
	  <auth>EXTERNAL</auth>
	  <policy context="default">
	    <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/>
	  </policy>
	</busconfig>
	END
  dbus-daemon --config-file="$BATS_TEST_TMPDIR/bus.conf" --nofork --nopidfile --print-address \
    >"$BATS_TEST_TMPDIR/address" 2>&1 3>&- &
  BUS=$!
  wait_for test -s "$BATS_TEST_TMPDIR/address" # it listens
  "$FAKE" "$RUN/dbus/system_bus_socket" "$MANAGED" "$LOG" "$@" >"$BATS_TEST_TMPDIR/ready" 2>&1 3>&- &
  SYSTEMD=$!
  wait_for grep -q READY "$BATS_TEST_TMPDIR/ready"
}

stop_systemd() {
  local pid

  for pid in $SYSTEMD $BUS; do
    kill "$pid" && wait "$pid" || true
  done 2>/dev/null
  SYSTEMD='' BUS=''
  [ -z "$MANAGED" ] || [ ! -d "$MANAGED" ] || find "$MANAGED" -depth -type d -exec rmdir {} +
}

# /run is this test's, where tinyrun looks for the bus; its state is elsewhere anyway.
tr() {
  # shellcheck disable=SC2016
  unshare --mount --propagation private sh -c 'mount --bind "$0" /run || exit 99
    shift 0; exec "$@"' "$RUN" "$TINYRUN" --root "$ROOT" "$@"
}

has_logged() {
  grep -qxF -- "$1" "$LOG" || {
    printf 'not in the log of systemd: %s\n' "$1" >&2
    cat "$LOG" >&2
    return 1
  }
}

@test "systemd: the process is in a part of the scope, and the scope ends with delete" {
  start_systemd
  args sleep 1000
  run_detached tr --systemd-cgroup create -b "$BUNDLE" "$ID"
  assert_status 0
  pid=$(pid_of "$ID")
  [ "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" = "/$UNIQ-systemd/$SLICE/$SCOPE/container" ]
  [ "$(cat "$MANAGED/$SLICE/$SCOPE/cgroup.procs")" = '' ]
  [ "$(cat "$MANAGED/$SLICE/$SCOPE/container/cgroup.procs")" = "$pid" ]
  has_logged "start $SCOPE fail"
  has_logged " Slice=$SLICE"
  has_logged ' Delegate=true'
  has_logged ' DefaultDependencies=false'
  grep -q "^ Description=tinyrun container $ID of 20" "$LOG"
  tr start "$ID"
  [ "$(tr exec "$ID" grep ^0: /proc/self/cgroup)" = 0::/ ]
  tr pause "$ID"
  [ "$(status_of "$ID")" = paused ]
  tr resume "$ID"
  [ "$(tr state "$ID" | jq -r '."systemd-scope"')" = "$SCOPE" ]
  tr kill --all "$ID" KILL
  wait_for status_is "$ID" stopped
  tr delete "$ID"
  has_logged "stop $SCOPE"
  has_logged "reset $SCOPE"
  [ ! -e "$MANAGED/$SLICE/$SCOPE" ]
}

@test "systemd: run passes on the status and leaves nothing" {
  start_systemd
  args sh -c 'exit 5'
  run tr --cgroup-manager systemd run -b "$BUNDLE" "$ID"
  assert_status 5
  assert_output_is ''
  [ ! -e "$MANAGED/$SLICE/$SCOPE" ]
}

@test "systemd: the driver is asked for as well where tinyrun-full compiles a filter first" {
  start_systemd
  config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["acct"], action: "SCMP_ACT_ERRNO"}]}'
  args sleep 1000
  run_detached tr --systemd-cgroup run -d -b "$BUNDLE" "$ID"
  assert_status 0
  compgen -G "$ROOT/.seccomp/*" # it was not there
  [ "$(cgroup_of "$ID")" = "$MANAGED/$SLICE/$SCOPE/container" ]
  rm -r "$ROOT/.seccomp"
  run tr exec "$ID" grep ^0: /proc/self/cgroup
  assert_output_is 0::/
}

@test "systemd: limits are properties of the scope, and update changes them" {
  require controller memory cpu pids
  start_systemd
  args sleep 1000
  config '.linux.resources = {memory: {limit: 67108864, reservation: 33554432, swap: 67108864},
    cpu: {shares: 512, quota: 25500, period: 100000}, pids: {limit: 32}}'
  run_detached tr --systemd-cgroup run -d -b "$BUNDLE" "$ID"
  assert_status 0
  for one in MemoryMax=t:67108864 MemoryLow=t:33554432 MemorySwapMax=t:0 CPUWeight=t:59 \
    CPUQuotaPerSecUSec=t:260000 CPUQuotaPeriodUSec=t:100000 TasksMax=t:32; do
    has_logged " $one"
  done
  [ "$(cat "$(cgroup_of "$ID")/pids.max")" = 32 ]
  tr update --pids-limit 50 --memory 128m "$ID"
  has_logged "set $SCOPE 1"
  has_logged ' TasksMax=t:50'
  has_logged ' MemoryMax=t:134217728'
  [ "$(cat "$(cgroup_of "$ID")/pids.max")" = 50 ]
}

@test "systemd: plan lists what systemd would be told, and asks nobody" {
  config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 32}, cpu: {cpus: "0-1,4"}} |
    .annotations = {"org.systemd.property.TimeoutStopSec": "7",
      "org.systemd.property.After": "[\u0027a.service\u0027, \"b.service\"]"}'
  run tr --systemd-cgroup plan -b "$BUNDLE"
  assert_status 0
  assert_output_has "have systemd make $SCOPE in $SLICE"
  assert_output_has 'with MemoryMax=67108864'
  assert_output_has 'with TasksMax=32'
  assert_output_has 'with AllowedCPUs=13'
  assert_output_has 'with TimeoutStopUSec=7000000'
  assert_output_has 'with After=a.service b.service'
}

@test "systemd: annotations are properties of the scope" {
  start_systemd
  config '.annotations = {"org.systemd.property.CollectMode": "\u0027inactive\u0027",
    "org.systemd.property.TimeoutStopUSec": "uint64 123456789",
    "org.systemd.property.SendSIGHUP": "true",
    "org.systemd.property.Documentation": "[\"man:tinyrun(8)\"]", "org.other": "["}'
  run tr --systemd-cgroup run -b "$BUNDLE" "$ID"
  assert_status 0
  has_logged ' CollectMode=inactive'
  has_logged ' TimeoutStopUSec=t:123456789'
  has_logged ' SendSIGHUP=true'
  has_logged ' Documentation=man:tinyrun(8),'
}

@test "systemd: a version without a property is not told of it" {
  start_systemd '230'
  run tr --systemd-cgroup run -b "$BUNDLE" "$ID"
  assert_status 0
  has_logged ' Delegate=true'
  run ! grep -q CollectMode "$LOG"
}

@test "systemd: the annotation for the part of the scope, also for none" {
  start_systemd
  args sleep 1000
  config '.annotations = {"run.oci.systemd.subgroup": ""}'
  run_detached tr --systemd-cgroup run -d -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(cgroup_of "$ID")" = "$MANAGED/$SLICE/$SCOPE" ]
  tr delete -f "$ID"
  config '.annotations = {"run.oci.systemd.subgroup": "payload"}'
  run_detached tr --systemd-cgroup run -d -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(cgroup_of "$ID")" = "$MANAGED/$SLICE/$SCOPE/payload" ]
  tr delete -f "$ID"
  config '.annotations = {"run.oci.systemd.subgroup": "../up"}'
  run tr --systemd-cgroup run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has run.oci.systemd.subgroup
}

@test "systemd: a scope that is there already is refused, and stays" {
  start_systemd
  mkdir -p "$MANAGED/$SLICE/$SCOPE"
  run tr --systemd-cgroup run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "start $SCOPE: Unit $SCOPE already exists"
  [ -d "$MANAGED/$SLICE/$SCOPE" ]
  run ! grep -q "^stop" "$LOG"
  [ ! -e "$ROOT/$ID" ]
}

@test "systemd: somebody else's scope is not ended by a record that names it" {
  start_systemd
  args sleep 1000
  run_detached tr --systemd-cgroup run -d -b "$BUNDLE" "$ID"
  assert_status 0
  other=$UNIQ-other
  mkdir "$ROOT/$other"
  jq --arg id "$other" '.id = $id | .pid = 0 | del(.cgroup, .cgroupTop)' "$ROOT/$ID/state.json" \
    >"$ROOT/$other/state.json"
  tr delete --force "$other"
  [ "$(status_of "$ID")" = running ]
  run ! grep -q "^stop" "$LOG"
}

@test "systemd: a creation that was killed is undone from the scope's name" {
  start_systemd
  args sleep 1000
  run_detached tr --systemd-cgroup run -d -b "$BUNDLE" "$ID"
  assert_status 0
  pid=$(pid_of "$ID")
  jq '.pid = 0 | del(.cgroup, .cgroupTop)' "$ROOT/$ID/state.json" >"$BATS_TEST_TMPDIR/state.json"
  cp "$BATS_TEST_TMPDIR/state.json" "$ROOT/$ID/state.json"
  tr delete --force "$ID"
  has_logged "stop $SCOPE"
  run is_alive "$pid"
  assert_status 1
  [ ! -e "$MANAGED/$SLICE/$SCOPE" ]
}

@test "systemd: a job that fails is one line, and nothing is left" {
  start_systemd 255 failed
  run tr --systemd-cgroup create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "start $SCOPE: its job in systemd ended with \"failed\""
  has_logged "reset $SCOPE"
  [ ! -e "$ROOT/$ID" ]
}

@test "systemd: without a bus there is one line, and the way out" {
  run tr --systemd-cgroup create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has 'reach systemd at /run/dbus/system_bus_socket'
  [ ! -e "$ROOT/$ID" ]
}

@test "systemd: delete works when systemd does not answer any more" {
  start_systemd
  args sleep 1000
  run_detached tr --systemd-cgroup run -d -b "$BUNDLE" "$ID"
  assert_status 0
  kill "$SYSTEMD" "$BUS"
  tr delete --force "$ID"
  [ ! -e "$ROOT/$ID" ]
}

@test "systemd: a program that everybody can change is not executed" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  cp "$TINYRUN" "$BATS_TEST_TMPDIR/bin/tinyrun"
  printf '#!/bin/sh\ntouch %s/executed\n' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/bin/tinyrun-systemd"
  chmod 777 "$BATS_TEST_TMPDIR/bin/tinyrun-systemd"
  run "$BATS_TEST_TMPDIR/bin/tinyrun" --root "$ROOT" --systemd-cgroup create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has 'can be changed by everybody'
  [ ! -e "$BATS_TEST_TMPDIR/executed" ]
  rm "$BATS_TEST_TMPDIR/bin/tinyrun-systemd"
  run "$BATS_TEST_TMPDIR/bin/tinyrun" --root "$ROOT" --systemd-cgroup create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has 'libsystemd-dev'
}

@test "systemd: wrong cgroupsPaths and annotations are refused by name" {
  for path in /a/b a:b a:b:c:d 'a/b:c:d' 'noslice:p:n' 'a--b.slice:p:n' '-a.slice:p:n' 'x.slice:p:' \
    'x.slice:p:n.slice'; do
    config --arg p "$path" '.linux.cgroupsPath = $p'
    run tr --systemd-cgroup plan -b "$BUNDLE"
    assert_status 1
    assert_one_line
    assert_output_has linux.cgroupsPath
  done
  config --arg p "$SLICE:pre:$ID" '.linux.cgroupsPath = $p'
  for pair in 'ab=true' 'Memory1=1' 'Foo=bar' 'Foo=[1' 'Foo=uint32 -1' "Foo='x" 'Foo=1 2' 'TimeoutSec=-4'; do
    config --arg k "org.systemd.property.${pair%%=*}" --arg v "${pair#*=}" '.annotations = {($k): $v}'
    run tr --systemd-cgroup plan -b "$BUNDLE"
    assert_status 1
    assert_one_line
    assert_output_has "annotations: org.systemd.property.${pair%%=*}"
  done
}

@test "systemd: without a cgroupsPath the scope has the container's name" {
  config 'del(.linux.cgroupsPath)'
  run tr --systemd-cgroup plan -b "$BUNDLE"
  assert_output_has 'have systemd make tinyrun-ID.scope in system.slice'
  config '.linux.cgroupsPath = "-:a+b:c"'
  run tr --systemd-cgroup plan -b "$BUNDLE"
  assert_output_has 'have systemd make a\x2bb-c.scope in -.slice'
}
