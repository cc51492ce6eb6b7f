#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# do - one command in a sandbox: what it sees, what it may, what is left of it.

load helpers

setup() {
  test_setup
  require root
  WORK=$BATS_TEST_TMPDIR/work
  mkdir "$WORK"
}

# What is asked of each sandbox at the end: no container, and no tmpfs or file that it left.
teardown() {
  tr "do" true
  test_teardown
}

@test "do: output, arguments, standard input and the exit status are the command's" {
  run tr "do" -- sh -c 'cat; printf "<%s>" "$@"; exit 7' sh "one two" "" < <(echo from stdin)
  assert_status 7
  assert_output_is "from stdin
<one two><>"
}

@test "do: a command that dies of a signal gives 128 plus its number" {
  run tr "do" sh -c 'kill -TERM $$; sleep 5'
  assert_status 143
}

@test "do: no capability, a filter, no new privileges, no network, ids that nobody has" {
  run tr "do" sh -c 'cat /proc/self/status /proc/self/uid_map; ls /sys/class/net; id -u'
  assert_status 0
  [[ $output =~ CapBnd:.0000000000000000 ]]
  [[ $output =~ CapEff:.0000000000000000 ]]
  [[ $output =~ NoNewPrivs:.1 ]]
  [[ $output =~ Seccomp:.2 ]]
  [ "${lines[-2]}" = lo ] && [ "${lines[-1]}" = 0 ]
  read -r inside outside n <<<"${lines[-3]}"
  [ "$inside" = 0 ] && [ "$outside" -ge 524288 ] && [ "$n" = 65536 ]
}

@test "do: homes, secrets, /run and other files of the host are not there" {
  local secret
  echo secret >"$BATS_TEST_TMPDIR/secret"
  for secret in /etc/shadow /etc/gshadow /etc/ssh /etc/sudoers /etc/ssl/private "$BATS_TEST_TMPDIR/secret" \
    /var/lib /boot /srv /opt; do
    run tr "do" ls -d "$secret"
    [ "$status" -ne 0 ] || {
      echo "$secret is visible"
      return 1
    }
  done
  run tr "do" sh -c 'ls -A /root /home /run /tmp | grep "[^:]$"; grep -c . /etc/passwd'
  assert_output_is 2
  TOKEN=secret run tr "do" env
  [[ $output != *TOKEN* && $output != *TINYRUN_TEST* ]]
}

@test "do: what it writes is in memory and gone, the system's files cannot be written" {
  run tr "do" sh -c 'echo x >/tmp/x && echo x >/root/x && mkdir /var/y && cat /tmp/x; echo x >/usr/bin/x'
  [ "$status" -ne 0 ]
  assert_output_has "Read-only file system"
  [ ! -e /usr/bin/x ] && [ ! -e /var/y ]
}

@test "do --bind: the host's files with their owners, read-only or not" {
  echo mine >"$WORK/file"
  chmod 700 "$WORK" && chmod 600 "$WORK/file"
  run tr "do" --bind "$WORK" -- sh -c "cat $WORK/file; echo x >$WORK/file"
  assert_output_has mine
  assert_output_has "Read-only file system"
  run tr "do" --bind "$WORK:rw" -- sh -c "echo made >$WORK/new; stat -c %u $WORK/file"
  assert_status 0
  assert_output_is 0
  [ "$(cat "$WORK/new")" = made ] && [ "$(stat -c %u "$WORK/new")" = 0 ]
  run tr "do" --user 1000 --bind "$WORK:rw" -- ls "$WORK"
  [ "$status" -ne 0 ]
  assert_output_has "Permission denied"
}

@test "do: it starts where the caller is, if that is there" {
  mkdir "$WORK/deep"
  cd "$WORK/deep"
  run tr "do" --bind .. -- pwd
  assert_output_is "$WORK/deep"
  run tr "do" pwd
  assert_output_is /
  # on the way to what is bound, where nothing else is; for an ordinary user, too
  echo letter >mail
  run tr "do" --bind mail -- sh -c 'pwd; ls -A; cat mail'
  assert_status 0
  assert_output_is "$WORK/deep
mail
letter"
  (
    cd ..
    run tr "do" -u 1000 --bind deep/mail:rw -- sh -c 'pwd; ls -A'
    assert_output_is "$WORK
deep"
  )
  run tr "do" --cwd /usr/lib pwd
  assert_output_is /usr/lib
}

@test "do: a command from elsewhere is brought, a private one too" {
  printf '#!/bin/sh\necho ran as $(id -u)\n' >"$WORK/tool"
  chmod 700 "$WORK/tool"
  cd "$WORK"
  run tr "do" ./tool
  assert_status 0
  assert_output_is "ran as 0"
  cp /bin/echo "$WORK/say"
  run tr "do" "$WORK/say" hello
  assert_output_is hello
}

@test "do: --user, --env, --hostname" {
  A=from-caller run tr "do" -u 1000:1001 -e A -e B=2 --hostname box -- sh -c 'echo $(id -u) $(id -g) $A $B $HOME; uname -n; whoami'
  assert_output_is "1000 1001 from-caller 2 /tmp
box
user"
}

@test "do --network host: the host's interfaces and names" {
  run tr "do" --network host cat /proc/net/dev
  assert_output_is "$(cat /proc/net/dev)" || [ "${#lines[@]}" = "$(wc -l </proc/net/dev)" ]
}

@test "do --memory: the limit is kept and said" {
  require controller memory
  run tr "do" --memory 64m -- sh -c 'cat /sys/fs/cgroup/memory.max'
  assert_output_is 67108864
  run tr "do" --memory 64m -- sh -c 'dd if=/dev/zero of=/tmp/x bs=1M count=200'
  [ "$status" -ne 0 ]
}

@test "do --memory: without the controller it is an error that says so" {
  ! grep -qw memory "$(cgroup_mount)/cgroup.controllers" || skip "needs a host without the memory controller"
  run tr "do" --memory 64m true
  assert_status 125
  assert_one_line
  assert_output_has "needs the memory controller"
}

# started: the command runs, and its tinyrun is $pid
start_sleeping() {
  "$TINYRUN" --root "$ROOT" "do" -- sleep "$1" >/dev/null 3>&- &
  pid=$!
  wait_for pgrep -f "^sleep $1\$"
}

@test "do: a signal ends a command that does not handle it, and nothing is left" {
  local pid rc=0
  start_sleeping 86111
  kill -INT "$pid"
  wait "$pid" || rc=$?
  [ "$rc" = 130 ]
  assert_nothing_left
}

@test "do: killed, it takes the command with it, and the next one cleans up" {
  local pid
  start_sleeping 86222
  kill -KILL "$pid"
  wait "$pid" || true
  wait_for eval '! pgrep -f "^sleep 86222\$"'
  [ "$(find "$ROOT" -name 'do-*' | wc -l)" = 1 ]
  tr "do" true
  assert_nothing_left
}

@test "do: one that runs is not cleaned up by others, and can be deleted" {
  local pid id
  start_sleeping 86333
  tr "do" true
  id=$(tr list -q)
  [ "$(status_of "$id")" = running ]
  tr delete --force "$id"
  wait "$pid" || true
  assert_nothing_left
}

@test "do -t: keys of the terminal reach the command" {
  require command python3
  run python3 - "$TINYRUN" "$ROOT" <<'PY'
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "--root", sys.argv[2], "do", "-t", "--", "sh", "-c",
                           "tty; test -t 0 && echo ready; exec sleep 86444"])
seen = b""
while b"ready" not in seen:
    seen += os.read(fd, 4096)
time.sleep(0.3)
os.write(fd, b"\x03")
_, status = os.waitpid(pid, 0)
print(seen.decode(), os.waitstatus_to_exitcode(status))
PY
  assert_output_has /dev/pts/0
  assert_output_has "130"
}

@test "do: bad input is one sentence, and the status is 125" {
  local words
  while read -r words; do
    # shellcheck disable=SC2086
    run tr "do" ${words%%|*}
    assert_status 125
    assert_one_line
    assert_output_has "${words#*|}"
  done <<'EOT'
--bind /nothing true|--bind: /nothing: No such file or directory
--bind / true|--bind /: the whole host is no sandbox
--bind :rw true|--bind :rw: a path is missing
--cwd here true|--cwd: "here" is not an absolute path
--user root true|--user: "root" is not UID[:GID]
--hostname= true|--hostname is empty, want a name
--user 70000 true|numbers up to 65535
--memory much true|--memory: found "much", want bytes
--pids 0 true|--pids: found "0", want a number of processes from 1 to 4194304: without the option there is no limit
--pids -1 true|--pids: found "-1", want
--pids 9999999 true|from 1 to 4194304
--env =x true|--env: "=x" has no name
--network bridges true|--network: "bridges" is not a network
no-such-command|there is no program no-such-command in $PATH
--pids|flag needs an argument
-- |too few arguments
EOT
}
