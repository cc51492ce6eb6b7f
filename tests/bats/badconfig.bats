#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# badconfig - broken configurations: one sentence, one JSON line in the log, exit 1, nothing left.

load helpers

setup() {
  test_setup
}

@test "badconfig: every broken config of the corpus is refused with its message, and nothing is left" {
  local file want n=0
  make_bundle
  while IFS=$'\t' read -r file want; do
    [ -n "$file" ] || continue
    cp "$TOP/tests/configs/bad/$file" "$BUNDLE/config.json"
    rm -f "$BATS_TEST_TMPDIR/log"
    run_detached tr --log "$BATS_TEST_TMPDIR/log" --log-format json create -b "$BUNDLE" "$ID"
    [ "$status" = 1 ] || { echo "$file: exit $status"; return 1; }
    assert_one_line || { echo "$file"; return 1; }
    [[ "$output" == "tinyrun: create $ID: "*"$want" ]] || {
      printf '%s:\nwant: %s\ngot:  %s\n' "$file" "$want" "$output"
      return 1
    }
    [ "$(wc -l <"$BATS_TEST_TMPDIR/log")" = 1 ]
    jq -e '.level == "error" and (.msg | length) > 10' "$BATS_TEST_TMPDIR/log" >/dev/null
    [ ! -d "$ROOT/$ID" ]
    n=$((n + 1))
  done <"$TOP/tests/configs/bad/expected.txt"
  [ "$n" -ge 40 ]
}
