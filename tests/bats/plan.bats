#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# plan - every kernel operation is shown before it is done, and nothing is done.

load helpers

setup() {
  test_setup
  make_bundle
}

@test "plan: host and init, in order, each with the JSON path it comes from" {
  run tr plan -b "$BUNDLE"
  assert_status 0
  grep -Eq '^ *[0-9]+  host  linux.cgroupsPath +make the cgroup ' <<<"$output"
  grep -Eq '^ *[0-9]+  host  linux.namespaces +clone3 init from a sealed memory file' <<<"$output"
  grep -Eq '^ *[0-9]+  init  mounts\[0\] +mount proc on /proc$' <<<"$output"
  grep -Eq '^ *[0-9]+  init  linux.maskedPaths\[0\] +mask ' <<<"$output"
  [ "$(grep -n 'enter the new root' <<<"$output" | cut -d: -f1)" -lt "$(grep -n 'capabilities' <<<"$output" | head -n 1 | cut -d: -f1)" ]
  [ ! -e "$ROOT" ] || [ -z "$(ls "$ROOT")" ]
}

@test "plan: the same as JSON" {
  run tr plan -b "$BUNDLE" --format json
  assert_status 0
  jq -e 'length > 30 and all(.[]; (.n | type) == "number" and (.where == "host" or .where == "init") and
    (.what | length) > 0) and ([.[] | select(.from == "hostname")] | length) == 1' <<<"$output"
}

@test "plan: works in the directory of the bundle, and for a default spec with a terminal" {
  cd "$BUNDLE"
  config '.process.terminal = true'
  run tr plan
  assert_status 0
  assert_output_has "terminal"
}

@test "plan: each field that does something has its line" {
  local field
  require cgroup2
  mkdir "$BATS_TEST_TMPDIR/every" "$BATS_TEST_TMPDIR/every/rootfs"
  cp "$TOP/tests/unit/plan/golden/every-field.json" "$BATS_TEST_TMPDIR/every/config.json"
  run tr plan -b "$BATS_TEST_TMPDIR/every" --format json
  assert_status 0
  # but for containers of members, what is told to others or later, and parts of one line
  local silent='ociVersion|root|process|linux|hooks|annotations|hooks.poststop|process.(env|consoleSize|execCPUAffinity)'
  silent+='|linux.resources(.[a-zA-Z]*)?|linux.resources.memory.(useHierarchy|disableOOMKiller|checkBeforeUpdate)'
  silent+='|linux.resources.cpu.period'
  local parts='process.(user|capabilities|scheduler|ioPriority|consoleSize|execCPUAffinity)|annotations'
  parts+='|linux.(seccomp|intelRdt|timeOffsets|memoryPolicy|personality|sysctl|resources.(unified|rdma))'
  while read -r field; do
    jq -e --arg f "$field" 'any(.[]; .from | startswith($f))' <<<"$output" >/dev/null ||
      { echo "$field has no line"; return 1; }
  done < <(jq -r 'paths | select(all(.[]; type == "string")) | join(".")' "$BATS_TEST_TMPDIR/every/config.json" |
    grep -vxE "$silent|($parts)\\..*|linux.netDevices\\..*\\..*")
  grep -q 'as uplink%d' <<<"$output"
}

@test "plan: what create would refuse, it refuses" {
  config '.process.cwd = "relative"'
  run tr plan -b "$BUNDLE"
  assert_status 1
  assert_one_line
  assert_output_has "process.cwd"
}

@test "plan: an ordinary user may ask, and nothing is written anywhere" {
  local open_to_all
  require command setpriv
  config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW"}'
  mkdir -p "$ROOT"
  run tr plan -b "$BUNDLE"
  assert_status 0
  [ -z "$(ls -A "$ROOT")" ]
  open_to_all=$(mktemp -d /tmp/tinyrun-plan.XXXXXX) # that of the test is not, nor what is above it
  chmod 755 "$open_to_all"
  mkdir "$open_to_all/rootfs"
  cp "$BUNDLE/config.json" "$open_to_all"
  run setpriv --reuid 65534 --regid 65534 --clear-groups env -u XDG_RUNTIME_DIR "$TINYRUN" plan -b "$open_to_all"
  rm -r "$open_to_all"
  assert_status 0
  assert_output_has "load the seccomp filter"
}

@test "plan: the README shows what it prints for a default configuration" {
  local line shown=0

  mkdir -p "$BATS_TEST_TMPDIR/hello/rootfs"
  cd "$BATS_TEST_TMPDIR/hello" || return 1
  tr spec
  # shellcheck disable=SC2016
  sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"sh", "-c", "echo I am process $$ on $(hostname)"/' config.json
  run tr plan
  assert_status 0
  while IFS= read -r line; do
    # the first one says where the caller's cgroup is
    [[ $line != *' ...' && $line != *'make the cgroup'* ]] || continue
    grep -qxF -- "$line" <<<"$output" || {
      echo "not in the plan: $line"
      return 1
    }
    shown=$((shown + 1))
  done < <(sed -n '/^    \$ tinyrun plan$/,/^$/ { s/^    \( .*[^ ]\)$/\1/p; }' "$BATS_TEST_DIRNAME/../../README.md")
  [ "$shown" -gt 8 ]
}
