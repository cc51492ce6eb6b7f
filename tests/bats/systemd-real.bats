#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# systemd-real - the systemd cgroup driver with systemd itself.  It is process 1 of namespaces of the
# test's own, with a part of the cgroup hierarchy and none but the units of this file, so that it does
# nothing to the machine.  What the driver says in each case is in systemd.bats.

load helpers

setup() {
  test_setup
  require root
  require cgroup2
  require command dbus-daemon systemctl setpriv nsenter
  [ -x /lib/systemd/systemd ] || skip "needs command systemd"
  [ -x "$(dirname "$TINYRUN")/tinyrun-systemd" ] || skip "needs a build with libsystemd"
  make_bundle
  MANAGED=$(cgroup_mount)/$UNIQ-systemd
  SCOPE=pre-$ID.scope
  config --arg p "test.slice:pre:$ID" '.linux.cgroupsPath = $p'
  args /bin/sleep 1000
}

teardown() {
  delete_all # systemd has to be there
  stop_systemd
  test_teardown
}

write_units() { # DIR
  mkdir -p "$1/units" "$1/none"
  printf '[Unit]\nDefaultDependencies=no\nWants=dbus.service\n' >"$1/units/test.target"
  # systemd looks for the bus when units of these names are there
  printf '[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=/run/dbus/system_bus_socket\n' \
    >"$1/units/dbus.socket"
  cat >"$1/units/dbus.service" <<-END
	[Unit]
	DefaultDependencies=no
	Requires=dbus.socket
	[Service]
	Type=notify
	ExecStart=$(command -v dbus-daemon) --config-file=$1/bus.conf --address=systemd: --nofork --nopidfile --systemd-activation
	END
  cat >"$1/bus.conf" <<-END
	<busconfig>
	  <type>system</type>
	  <listen>unix:path=/run/dbus/system_bus_socket</listen>
	  <auth>EXTERNAL</auth>
	  <policy context="default">
	    <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/>
	  </policy>
	</busconfig>
	END
  # what comes before systemd in its namespaces; it makes a /dev of its own, and cannot set the kernel
  cat >"$1/first" <<-END
	set -e
	mount --make-rprivate /
	mount -t proc proc /proc
	mount -t tmpfs -o mode=755 run /run
	mkdir -p /run/dbus /run/dev/pts /run/dev/shm
	for d in null zero full random urandom tty; do
	  touch /run/dev/\$d
	  mount --bind /dev/\$d /run/dev/\$d
	done
	mount --rbind /run/dev /dev
	mount -t devpts -o newinstance,ptmxmode=666 devpts /dev/pts
	mount -t sysfs -o ro sysfs /sys
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mount --bind /proc/sys /proc/sys
	mount -o remount,bind,ro /proc/sys
	hostname box
	exec env -i PATH="\$PATH" TINYRUN_TEST="\$TINYRUN_TEST" container=test \
	  SYSTEMD_UNIT_PATH="$1/units:/run/systemd/system.control:/run/systemd/transient" \
	  SYSTEMD_GENERATOR_PATH="$1/none" SYSTEMD_ENVIRONMENT_GENERATOR_PATH="$1/none" SYSTEMD_LOG_TARGET=console \
	  setpriv --bounding-set=-sys_time,-sys_boot,-sys_module,-sys_rawio \
	  /lib/systemd/systemd --unit=test.target --show-status=0
	END
}

start_systemd() {
  local dir=$BATS_TEST_TMPDIR/systemd
  write_units "$dir"
  mkdir "$MANAGED"
  # shellcheck disable=SC2016
  sh -c 'echo 0 >"$0/cgroup.procs"; exec unshare -m -p -f -u -n -i -C --kill-child sh "$1"' \
    "$MANAGED" "$dir/first" >"$dir/log" 2>&1 </dev/null 3>&- &
  MANAGER=$!
  wait_for has_started || {
    cat "$dir/log"
    return 1
  }
  # unshare waits in systemd's root, which passes on controllers only without processes
  echo "$MANAGER" >"$(cgroup_mount)$(sed -n 's/^0:://p' /proc/self/cgroup)/cgroup.procs"
}

has_started() {
  SYSTEMD=$(pgrep -P "$MANAGER" -x systemd) && within timeout 2 busctl status org.freedesktop.systemd1 >/dev/null 2>&1
}

stop_systemd() {
  [ -n "$MANAGER" ] || return 0
  kill -KILL "$MANAGER" || true
  wait "$MANAGER" 2>/dev/null || true
  MANAGER=''
  wait_for not_populated
  find "$MANAGED" -depth -type d -exec rmdir {} +
}

not_populated() {
  grep -q 'populated 0' "$MANAGED/cgroup.events"
}

# In systemd's namespaces, and beside it: above it there may be no process, and from outside of its
# cgroup namespace it cannot take any.
within() {
  # shellcheck disable=SC2016
  sh -c 'echo 0 >"$0/init.scope/cgroup.procs"; exec nsenter "$@"' "$MANAGED" \
    -t "$SYSTEMD" -m -p -u -n -i -C "$@"
}

tr() {
  [ -n "$MANAGER" ] || return 0
  within "$TINYRUN" --root "$ROOT" "$@"
}

property() {
  within systemctl show -P "$1" "$SCOPE"
}

@test "systemd: systemctl status shows the scope with its process, and stop ends the container" {
  start_systemd
  # its process 1 ignores SIGTERM, and systemd would wait 90 s before it kills
  config '.annotations = {"org.systemd.property.TimeoutStopUSec": "uint64 1000000"}'
  run_detached tr --systemd-cgroup run -d -b "$BUNDLE" "$ID"
  assert_status 0
  run within systemctl status --no-pager "$SCOPE"
  assert_output_has "$SCOPE - tinyrun container $ID"
  assert_output_has "Active: active (running)"
  assert_output_has "/test.slice/$SCOPE"
  assert_output_has "/bin/sleep 1000"
  [ "$(property Delegate)" = yes ]
  [ "$(property ControlGroup)" = "/test.slice/$SCOPE" ]
  [ "$(property Slice)" = test.slice ]
  within systemctl stop "$SCOPE"
  wait_for status_is "$ID" stopped
  tr delete "$ID"
  run -4 within systemctl status --no-pager "$SCOPE"
  [ ! -e "$MANAGED/test.slice/$SCOPE" ]
}

@test "systemd: run passes on the status, and the scope is gone with it" {
  start_systemd
  args /bin/sh -c 'exit 5'
  run tr --systemd-cgroup run -b "$BUNDLE" "$ID"
  assert_status 5
  assert_output_is ''
  [ ! -e "$MANAGED/test.slice/$SCOPE" ]
}

@test "systemd: a daemon-reload keeps the device filter and where the process is" {
  local before
  start_systemd
  config '(.process.capabilities | .bounding, .permitted, .effective) += ["CAP_MKNOD"]'
  run_detached tr --systemd-cgroup run -d -b "$BUNDLE" "$ID"
  assert_status 0
  before=$(wc -l <"$MANAGED/test.slice/$SCOPE/container/cgroup.procs")
  within systemctl daemon-reload
  within systemctl daemon-reexec
  [ "$(wc -l <"$MANAGED/test.slice/$SCOPE/container/cgroup.procs")" = "$before" ]
  [ "$(property ActiveState)" = active ]
  run tr exec "$ID" sh -c 'mknod /dev/mem2 c 1 1; head -c 1 /dev/mem2; echo x >/dev/null && echo null'
  assert_output_has "Operation not permitted"
  assert_output_has null
}

@test "systemd: a daemon-reload keeps the limits, and update changes them for good" {
  local scope=$MANAGED/test.slice/$SCOPE
  require controller memory pids cpu
  start_systemd
  config '.linux.resources += {memory: {limit: 67108864}, pids: {limit: 20},
    cpu: {quota: 20000, period: 100000}}'
  run_detached tr --systemd-cgroup run -d -b "$BUNDLE" "$ID"
  assert_status 0
  run cat "$scope/memory.max" "$scope/pids.max" "$scope/cpu.max"
  assert_output_is $'67108864\n20\n20000 100000'
  within systemctl daemon-reload
  within systemctl daemon-reexec
  run cat "$scope/memory.max" "$scope/pids.max" "$scope/cpu.max"
  assert_output_is $'67108864\n20\n20000 100000'
  tr update --memory 33554432 --pids-limit 30 --cpu-quota 30000 "$ID"
  within systemctl daemon-reload
  run cat "$scope/memory.max" "$scope/pids.max" "$scope/cpu.max"
  assert_output_is $'33554432\n30\n30000 100000'
}
