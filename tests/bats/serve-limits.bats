#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# serve-limits - what a server may take. With a socket of the host's, as the kernel that has the
# controllers may have no bridge.

load helpers
load serve

setup() {
  serve_setup
  require controller memory pids
}

teardown() {
  serve_teardown
}

@test "serve: limits where the host has the controllers" {
  local cgroup
  new_id
  run_detached with_socket serve -d --name "$ID" "$DIR"
  assert_status 0
  cgroup=$(cgroup_of "$ID")
  [ "$(cat "$cgroup/memory.max")" = 104857600 ]
  [ "$(cat "$cgroup/pids.max")" = 64 ]
  tr delete --force "$ID"
  run_detached with_socket serve -d --memory 50M --name "$ID" "$DIR"
  [ "$(cat "$(cgroup_of "$ID")/memory.max")" = 52428800 ]
}

@test "serve: a server that takes more memory than it may is killed, and that is said" {
  printf '%s\n' '#!/bin/sh' 'x=0123456789abcdef; while :; do x=$x$x; done' >"$BATS_TEST_TMPDIR/hog"
  chmod 755 "$BATS_TEST_TMPDIR/hog"
  run with_socket serve -d --memory 20M --httpd "$BATS_TEST_TMPDIR/hog" "$DIR"
  assert_status 1
  assert_output_has "the server was killed, as it was out of memory: its limit is 20971520 bytes"
  [ -z "$(tr list -q)" ]
}

@test "serve: it cannot have more processes than it may" {
  # each waits for the next one
  printf '%s\n' '#!/bin/sh' 'f() { (f; :); }' f >"$BATS_TEST_TMPDIR/forker"
  chmod 755 "$BATS_TEST_TMPDIR/forker"
  run with_socket serve -d --httpd "$BATS_TEST_TMPDIR/forker" "$DIR"
  assert_status 1
  [[ $output == *[Ff]ork* ]]
  [ -z "$(tr list -q)" ]
}
