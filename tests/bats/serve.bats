#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# serve - a directory as a web site from a container, in a network namespace that plays the host.

load helpers
load serve

setup() {
  serve_setup
  $HOST nft add table inet trial 2>/dev/null || skip "needs nf_tables"
  $HOST nft delete table inet trial
}

teardown() {
  serve_teardown
}

@test "serve -d: the page is on the published port, in a container with nothing else" {
  new_id
  run_detached tr serve -d --name "$ID" -p 8181 "$DIR"
  assert_status 0
  assert_output_has "serving $DIR on http://localhost:8181/ in container $ID"
  # what it says, word for word, would end it
  assert_output_has "stop it with: tinyrun --root $ROOT delete --force $ID"
  [ "$(get http://127.0.0.1:8181/)" = "hello from the site" ]
  [ "$(get http://localhost:8181/)" = "hello from the site" ]
  [ "$(status_of "$ID")" = running ]
  run tr exec "$ID" /bin/sh
  assert_output_has "no such file"
  root=/proc/$(pid_of "$ID")/root
  run find "$root/" -xdev -mindepth 1 -maxdepth 1 -printf '%f\n'
  [ ! -e "$root/bin" ] && [ ! -e "$root/usr" ] && [ ! -e "$root/sys" ]
}

@test "serve: ids that nobody has, no capability, a filter, a read-only root" {
  local pid status
  new_id
  run_detached tr serve -d --name "$ID" "$DIR"
  assert_status 0
  for pid in $(tr ps -f json "$ID" | jq -r '.[]'); do
    status=$(cat "/proc/$pid/status")
    [ "$(sed -n 's/^Uid:\t\([0-9]*\).*/\1/p' <<<"$status")" -ge 524288 ]
    grep -q '^CapBnd:.0000000000000000' <<<"$status"
    grep -q '^CapEff:.0000000000000000' <<<"$status"
    grep -q '^NoNewPrivs:.1' <<<"$status"
    awk '$2 == "/" && $4 !~ /^ro,/ { bad = 1 } $2 == "/srv/www" && $4 ~ /^ro,nosuid,nodev,noexec/ { site = 1 }
      END { exit bad || !site }' "/proc/$pid/mounts"
  done
  grep -q '^Seccomp:.2' <<<"$status" # the server, which comes last
}

@test "serve: a signal ends it with 0, and nothing of it is left" {
  local rc=0
  attend -p 8182 "$DIR"
  [ "$(get http://127.0.0.1:8182/)" = "hello from the site" ]
  wait_for grep -q '"GET / HTTP/1.1" 200' "$BATS_TEST_TMPDIR/log"
  kill -INT "$PID"
  wait "$PID" || rc=$?
  [ "$rc" = 0 ]
  [ -z "$(tr list -q)" ]
  [ "$($HOST ip -br link | wc -l)" = 1 ]
  run get http://127.0.0.1:8182/
  [ "$status" -ne 0 ]
}

@test "serve: killed, it takes the server with it, and the next one has the port" {
  attend -p 8183 "$DIR"
  kill -KILL "$PID"
  wait "$PID" || true
  wait_for eval '! get http://127.0.0.1:8183/ >/dev/null'
  attend -p 8183 "$DIR"
  [ "$(tr list -q | wc -l)" = 1 ]
  [ "$(get http://127.0.0.1:8183/)" = "hello from the site" ]
  kill -TERM "$PID"
  wait "$PID"
}

@test "serve: killed, delete --force by its name leaves nothing" {
  new_id
  attend -p 8185 --name "$ID" "$DIR"
  kill -KILL "$PID"
  wait "$PID" || true
  tr delete --force "$ID"
  [ -z "$(tr list -q)" ]
  [ "$($HOST ip -br link | wc -l)" = 1 ]
  [ -z "$($HOST nft list ruleset)" ]
}

@test "serve: a line on the terminal says how it is doing, and the log stands above it" {
  # shellcheck disable=SC2086
  run timeout 60 $HOST python3 - "$TINYRUN" "$ROOT" "$DIR" <<'PY'
import os, pty, re, subprocess, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "--root", sys.argv[2], "serve", sys.argv[3]])
seen = b""
def until(pattern):
    global seen
    while not re.search(pattern, seen):
        seen += os.read(fd, 4096)
until(rb"0 requests/s, 0\.0 MB/s, \d connections?, memory [0-9.]+ MiB")
for _ in range(40):
    subprocess.run(["curl", "-s", "-o", "/dev/null", "http://127.0.0.1:8080/"], check=True)
until(rb"\r\x1b\[K[^\x1b]*\"GET / HTTP/1\.1\" 200")
until(rb"[1-9]\d* requests/s")
os.write(fd, b"\x03")
_, status = os.waitpid(pid, 0)
print("ended with", os.waitstatus_to_exitcode(status))
PY
  assert_status 0
  assert_output_has "ended with 0"
}

@test "serve --init: makes a first page, and leaves what is there alone" {
  new_id
  run_detached tr serve -d --init --name "$ID" "$BATS_TEST_TMPDIR/new"
  assert_status 0
  [[ $(get http://127.0.0.1:8080/) == *"<title>"* ]]
  tr delete --force "$ID"
  echo mine >"$BATS_TEST_TMPDIR/new/index.html"
  run_detached tr serve -d --init --name "$ID" "$BATS_TEST_TMPDIR/new"
  [ "$(get http://127.0.0.1:8080/)" = mine ]
}

@test "serve: what not everybody may read is refused, unless --as-owner" {
  new_id
  echo private >"$DIR/private"
  chmod 600 "$DIR/private"
  ln -s /etc/passwd "$DIR/out"
  run_detached tr serve -d --name "$ID" "$DIR"
  [ "$(get -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/private)" = 403 ]
  [ "$(get -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/out)" != 200 ]
  tr delete --force "$ID"
  chmod 700 "$DIR"
  run tr serve "$DIR"
  assert_status 1
  assert_output_has "can be read by its owner alone (mode 0700)"
  run_detached tr serve -d --as-owner --name "$ID" "$DIR"
  assert_status 0
  [ "$(get http://127.0.0.1:8080/private)" = private ]
}

@test "serve: a port that is in use is said before anything is made" {
  local listener
  new_id
  run_detached tr serve -d --name "$ID" "$DIR"
  run tr serve -d "$DIR"
  assert_status 1
  assert_output_has "8080"
  assert_output_has "$ID"
  # shellcheck disable=SC2086
  $HOST python3 -c 'import socket, time
s = socket.socket(); s.bind(("0.0.0.0", 8184)); s.listen(); print("ready", flush=True); time.sleep(100)' \
    >"$BATS_TEST_TMPDIR/ready" 3>&- &
  listener=$!
  wait_for grep -q ready "$BATS_TEST_TMPDIR/ready"
  run tr serve -d -p 8184 "$DIR"
  kill "$listener"
  assert_status 1
  assert_output_has "8184"
  [ "$(tr list -q | wc -l)" = 1 ]
}

@test "serve: without controllers a note, and an error for a limit that was asked for" {
  ! grep -qw memory "$(cgroup_mount)/cgroup.controllers" || skip "needs a host without the memory controller"
  new_id
  run_detached tr serve -d --name "$ID" "$DIR"
  assert_status 0
  assert_output_has "no memory and pids controllers"
  tr delete --force "$ID"
  run tr serve -d --memory 50M --name "$ID" "$DIR"
  assert_status 1
  assert_output_has "needs the memory controller"
}

@test "serve: what ./quickstart tells of it is true" {
  local words
  words=$(sed -n 's/^echo " *\$tinyrun \(serve .*\)"$/\1/p' "$TOP/quickstart")
  [ -n "$words" ]
  cd "$BATS_TEST_TMPDIR"
  "$TOP/oci/bundle/make" "$(dirname "$TINYRUN")/tinyhttpd" bundle
  new_id
  # shellcheck disable=SC2086
  run_detached tr $words -d --name "$ID"
  assert_status 0
  [ "$(get http://localhost:8080/)" = "$(cat bundle/public_html/index.html)" ]
}

@test "serve: with a socket that systemd has opened it needs no bridge" {
  new_id
  run_detached with_socket serve -d --name "$ID" "$DIR"
  assert_status 0
  assert_output_has "http://localhost:8190/"
  [ "$(get http://127.0.0.1:8190/)" = "hello from the site" ]
  [ "$($HOST ip -br link | wc -l)" = 1 ]
  [ -z "$($HOST nft list ruleset)" ]
}

@test "serve: bad input is one sentence, and nothing is made" {
  local words
  while read -r words; do
    # shellcheck disable=SC2086
    run tr serve ${words%%|*}
    assert_status 1
    assert_output_has "${words#*|}"
    [ -z "$(tr list -q)" ]
  done <<EOT
/nothing|/nothing is not there: name a directory, or make it with --init
/etc/passwd|/etc/passwd is not a directory
-p 0 $DIR|--port: "0" is not [ADDR:]PORT
-p 70000 $DIR|--port: "70000" is not [ADDR:]PORT
-p here $DIR|--port: "here" is not [ADDR:]PORT
--memory much $DIR|--memory: found "much", want bytes
--memory 0 $DIR|--memory: found "0", want bytes
--name ../x $DIR|invalid container ID format
--httpd /nothing $DIR|/nothing: No such file or directory
--httpd /etc/passwd $DIR|cannot be executed
--httpd /bin/false $DIR|the server has ended, or does not answer
--log all $DIR|--log: "all" is not one of common|combined|json|off
$DIR $DIR|too many arguments
EOT
}
