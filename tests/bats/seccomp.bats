#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# seccomp - profiles of the specification, their errors, the cache of compiled filters.

load helpers

setup() {
  test_setup
  require root
  make_bundle
}

profile() {
  config --argjson p "$1" '.linux.seccomp = $p'
}

inside() {
  args /bin/sh -c "$1"
  run tr run -b "$BUNDLE" "$ID"
}

deny_mkdir='{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
  "syscalls": [{"names": ["mkdir", "mkdirat", "nosuchsyscall"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}'

@test "seccomp: a refused system call gives the errno of its rule, unknown names are passed over" {
  profile "$deny_mkdir"
  inside 'mkdir /dev/shm/x; grep Seccomp: /proc/self/status'
  assert_output_has "Operation not supported"
  assert_output_has "Seccomp:	2"
}

@test "seccomp: arguments are compared, masked ones too" {
  profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1,
    "args": [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}]}]}'
  inside 'trap "" USR2; kill -USR2 $$ && echo usr2-ok; kill -USR1 $$'
  assert_output_has usr2-ok
  assert_output_has "not permitted"
}

@test "seccomp: without no_new_privs the filter is loaded all the same" {
  profile "$deny_mkdir"
  config '.process.noNewPrivileges = false'
  inside 'mkdir /dev/shm/x; grep -E "Seccomp:|NoNewPrivs" /proc/self/status'
  assert_output_has "Operation not supported"
  assert_output_has "NoNewPrivs:	0"
}

@test "seccomp: the default profile that is shipped lets a shell work and no mount" {
  profile "$(cat "$TOP/oci/seccomp.json")"
  config '.process.capabilities.bounding += ["CAP_SYS_ADMIN"] | .process.capabilities.effective += ["CAP_SYS_ADMIN"] |
    .process.capabilities.permitted += ["CAP_SYS_ADMIN"]'
  inside 'ls / >/dev/null && echo works; mount -t tmpfs x /tmp; (echo piped | cat)'
  assert_output_has works
  assert_output_has piped
  assert_output_has "permission denied"
}

@test "seccomp: an unknown action, operator, architecture or flag is refused by its path" {
  local p
  for p in '{"defaultAction": "SCMP_ACT_MAYBE"}' \
    '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_PDP11"]}' \
    '{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_WHAT"]}' \
    '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_ERRNO"}]}' \
    '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]}' \
    '"SCMP_ACT_ALLOW"'; do
    profile "$p"
    run_detached tr create -b "$BUNDLE" "$ID"
    assert_status 1
    assert_one_line
    assert_output_has "linux.seccomp"
  done
}

@test "seccomp: notification is refused by name" {
  profile '{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/x.sock",
    "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}'
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "SCMP_ACT_NOTIFY"
  [ ! -d "$ROOT/$ID" ]
}

@test "seccomp: the compiled filter is kept and used again; a damaged one is not" {
  local cached
  profile "$deny_mkdir"
  inside true
  cached=$(find "$ROOT/.seccomp" -type f)
  [ "$(wc -l <<<"$cached")" = 1 ]
  cp "$cached" "$BATS_TEST_TMPDIR/good"
  inside 'mkdir /dev/shm/x'
  assert_output_has "Operation not supported"
  cmp "$cached" "$BATS_TEST_TMPDIR/good"
  # every byte from the middle on changed: it must be compiled anew and still deny
  { head -c 200 "$BATS_TEST_TMPDIR/good"; head -c 4000 /dev/zero; } >"$cached"
  inside 'mkdir /dev/shm/x'
  assert_status 1
  assert_output_has "Operation not supported"
  # one that others may write to is foreign
  cp "$BATS_TEST_TMPDIR/good" "$cached"
  chmod 666 "$cached"
  inside 'mkdir /dev/shm/x'
  assert_output_has "Operation not supported"
}
