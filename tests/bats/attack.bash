# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# attack - what the tests of hostile images, callers and files share.  `load attack` in place of
# `load helpers`; each test begins with a bundle.

load helpers

setup() {
  test_setup
  require root
  make_bundle
}

inside() {
  args /bin/sh -c "$1"
  run timeout 30 "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
}

# create, or run -d, of something that stays
stays() { # VERB...
  args /bin/sleep 1000
  run_detached timeout 30 "$TINYRUN" --root "$ROOT" "$@" -b "$BUNDLE" "$ID"
  assert_status 0
}

refused() { # COMMAND...: one line and exit 1 within a time, nothing of the id left
  run_detached timeout 30 "$@"
  assert_status 1
  assert_one_line
  [ ! -e "$ROOT/$ID" ]
  [ -z "$(left_cgroups)" ]
}

# the image's own /dev, nothing mounted there
without_dev() {
  config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .root.readonly = false'
}

edit_state() { # JQ
  jq "$1" "$ROOT/$ID/state.json" >"$BATS_TEST_TMPDIR/edited"
  cp "$BATS_TEST_TMPDIR/edited" "$ROOT/$ID/state.json"
}

# A static program in the container's root, from C on stdin.
compile() { # NAME
  require command gcc
  cat >"$BATS_TEST_TMPDIR/$1.c"
  gcc -static -D_GNU_SOURCE -o "$ROOTFS/$1" "$BATS_TEST_TMPDIR/$1.c" 2>/dev/null || skip "needs a static libc"
}
