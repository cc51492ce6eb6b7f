#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bundle - a bundle from programs of this host, that runs.

load helpers

setup() {
  test_setup
  require root
  DIR=$BATS_TEST_TMPDIR/made
  new_id
}

# run_made ARGS...: the made bundle with these process.args; cgroup and terminal as tests have them
run_made() {
  # shellcheck disable=SC2034 # config edits the one in there
  local BUNDLE=$DIR
  config --arg path "/$UNIQ/$ID" '.process.terminal = false | .linux.cgroupsPath = $path'
  args "$@"
  run tr run -b "$DIR" "$ID"
}

@test "bundle: a dynamic program runs from its own root, with nothing else in it" {
  run tr bundle "$DIR" --from bash
  assert_status 0
  assert_output_is ""
  [ "$(jq -r '.process.args[0]' "$DIR/config.json")" = "$(command -v bash)" ]
  [ ! -e "$DIR/rootfs/usr/bin/ls" ]
  run_made bash -c 'echo "I am $BASH_VERSION"; [ ! -e /etc/shadow ] && [ -L /proc/self/exe ]'
  assert_status 0
  assert_output_has "I am 5"
}

@test "bundle: several programs, by name, by path and relative" {
  cp /bin/echo "$BATS_TEST_TMPDIR/say"
  cd "$BATS_TEST_TMPDIR"
  run tr bundle made --from sh --from /bin/cat ./say
  assert_status 0
  run_made sh -c "$BATS_TEST_TMPDIR/say hello | /bin/cat"
  assert_output_is hello
  # as its usage says, all of them may stand behind DIR
  rm -r made
  run tr bundle made ./say cat
  assert_status 0
  [[ $(jq -r ".process.args[0]" made/config.json) == */say ]]
  [ -x "made/rootfs$(command -v cat)" ]
}

@test "bundle: symbolic links of the host are links in the bundle" {
  [ -L /lib64 ] || skip "needs command usrmerge: /lib64 is no link here"
  tr bundle "$DIR" --from /bin/sh
  [ "$(readlink "$DIR/rootfs/lib64")" = "$(readlink /lib64)" ]
  [ "$(readlink "$DIR/rootfs/bin/sh")" = "$(readlink /bin/sh)" ]
}

@test "bundle: a script brings its interpreter, also behind env" {
  printf '#!/usr/bin/env perl\nprint "from perl\\n";\n' >"$BATS_TEST_TMPDIR/script"
  chmod 755 "$BATS_TEST_TMPDIR/script"
  run tr bundle "$DIR" --from "$BATS_TEST_TMPDIR/script"
  assert_status 0
  run_made "$BATS_TEST_TMPDIR/script"
  assert_status 0
  assert_output_is "from perl"
}

@test "bundle --copy: files and directories with their modes and links" {
  mkdir -p "$BATS_TEST_TMPDIR/data/deep"
  echo content >"$BATS_TEST_TMPDIR/data/deep/file"
  chmod 640 "$BATS_TEST_TMPDIR/data/deep/file"
  ln -s deep/file "$BATS_TEST_TMPDIR/data/link"
  run tr bundle "$DIR" --from cat --copy "$BATS_TEST_TMPDIR/data"
  assert_status 0
  [ "$(stat -c %a "$DIR/rootfs$BATS_TEST_TMPDIR/data/deep/file")" = 640 ]
  run_made cat "$BATS_TEST_TMPDIR/data/link"
  assert_output_is content
}

@test "bundle --nss --ca: names are looked up, and no user of the host is in it" {
  run tr bundle "$DIR" --from getent --nss --ca
  assert_status 0
  [ "$(wc -l <"$DIR/rootfs/etc/passwd")" = 2 ]
  [ -s "$DIR/rootfs/etc/ssl/certs/ca-certificates.crt" ]
  run_made getent services http
  assert_output_has 80/tcp
}

@test "bundle: each file that ldd names is there" {
  local file
  require command ldd
  tr bundle "$DIR" --from perl
  ldd "$(command -v perl)" | sed -n 's/.*\(=> \|^\t\)\(\/[^ ]*\) .*/\2/p' >"$BATS_TEST_TMPDIR/ldd"
  [ -s "$BATS_TEST_TMPDIR/ldd" ]
  while read -r file; do
    cmp "$file" "$DIR/rootfs$(readlink -f "$file")"
  done <"$BATS_TEST_TMPDIR/ldd"
}

@test "bundle: bad input is one sentence, and nothing is made" {
  local bad
  run tr bundle "$DIR"
  assert_status 1
  assert_output_has "a program is missing"
  assert_output_has "behind DIR or by --from"
  [ ! -e "$DIR" ]
  bad=$BATS_TEST_TMPDIR/bad
  head -c 3000 /bin/ls >"$bad"
  chmod 755 "$bad"
  run tr bundle "$DIR" --from "$bad"
  assert_status 1
  assert_one_line
  assert_output_has "$bad is a damaged ELF file: "
  run tr bundle "$DIR" --from no-such-program
  assert_output_has "there is no program no-such-program in \$PATH"
  run tr bundle "$DIR" --from /etc/passwd
  assert_output_has "cannot be executed"
  run tr bundle "$DIR" --from sh --copy /nothing
  assert_status 1
  assert_output_has "--copy: /nothing: No such file or directory"
  run tr bundle "$DIR" --from sh --copy /dev/null
  assert_output_has "/dev/null is neither a file nor a directory"
  run tr bundle "$DIR/deeper" --from sh
  assert_status 1
  assert_output_has "No such file or directory"
  [ ! -e "$DIR" ]
}

@test "bundle: what is there is never overwritten" {
  mkdir -p "$DIR"
  echo mine >"$DIR/config.json"
  run tr bundle "$DIR" --from sh
  assert_status 1
  assert_output_has "has a config.json already"
  [ "$(cat "$DIR/config.json")" = mine ] && [ ! -e "$DIR/rootfs" ]
}

@test "bundle: a failure in the middle takes away what was written" {
  mkdir "$BATS_TEST_TMPDIR/data"
  mkfifo "$BATS_TEST_TMPDIR/data/fifo"
  run tr bundle "$DIR" --from sh --copy "$BATS_TEST_TMPDIR/data"
  assert_status 1
  assert_output_has "fifo is neither a file, a directory nor a symbolic link"
  [ ! -e "$DIR" ]
}
