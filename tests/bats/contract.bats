#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# contract - what engines send and read, word for word, without the engines: the calls of each from
# the first to the last, and the traps that have broken clients of other runtimes.
# docs/cli-contract.md says which sentence is shown by which test.

load helpers

setup() {
  test_setup
  require root
  make_bundle
  args /bin/sleep 1000
  LOG=$BATS_TEST_TMPDIR/log.json
  PIDFILE=$BATS_TEST_TMPDIR/init.pid
  jq '.process | .args = ["/bin/sh", "-c", "echo \"$$ $A\"; exit 7"] | .env += ["A=b"] | .terminal = false' \
    "$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/process.json"
}

# One call that succeeds and says nothing; what it leaves behind has our streams closed.
quietly() {
  run_detached "$@"
  assert_status 0
  assert_output_is ""
}

no_errors_logged() {
  [ ! -s "$LOG" ] || ! grep -q '"level":"error"' "$LOG"
}

@test "contract: containerd's calls, from create to the cleaning-up that follows delete" {
  local p=("$TINYRUN" --root "$ROOT" --log "$LOG" --log-format json) pid
  require cgroup2
  quietly "${p[@]}" create --bundle "$BUNDLE" --pid-file "$PIDFILE" "$ID"
  pid=$(cat "$PIDFILE")
  [ "$(pid_of "$ID")" = "$pid" ]
  quietly "${p[@]}" start "$ID"
  # standard output and error are read as one
  [ "$("${p[@]}" state "$ID" 2>&1 | jq -r .status)" = running ]
  jq -e 'type == "array" and all(.[]; type == "number")' <<<"$("${p[@]}" ps --format json "$ID" 2>&1)"
  "${p[@]}" events --stats "$ID" 2>&1 | jq -e --arg id "$ID" '.type == "stats" and .id == $id and .data.cpu'
  "${p[@]}" list --format=json 2>&1 | jq -e --arg id "$ID" 'map(.id) == [$id]'
  [ "$("${p[@]}" ps --format table "$ID" -ef | head -n 1 | awk '{ print $NF }')" = PID ]
  run_detached "${p[@]}" exec --process "$BATS_TEST_TMPDIR/process.json" --detach --pid-file "$BATS_TEST_TMPDIR/x.pid" "$ID"
  assert_status 0
  [[ $(cat "$BATS_TEST_TMPDIR/x.pid"; echo .) =~ ^[0-9]+\.$ ]]
  quietly "${p[@]}" pause "$ID"
  [ "$("${p[@]}" state "$ID" | jq -r .status)" = paused ]
  quietly "${p[@]}" resume "$ID"
  run "${p[@]}" update --resources=- "$ID" <<<'{}'
  assert_status 0
  quietly "${p[@]}" kill "$ID" 15
  quietly "${p[@]}" kill --all "$ID" 9
  wait_for status_is "$ID" stopped
  no_errors_logged
  # a process that has gone is success for callers, by these words
  run "${p[@]}" kill "$ID" 9
  assert_status 1
  assert_output_has "container not running"
  quietly "${p[@]}" delete "$ID"
  run "${p[@]}" delete "$ID"
  assert_output_has "does not exist"
  quietly "${p[@]}" delete --force "$ID"
  jq -e 'select(.level == "error") | .msg' "$LOG" | tail -n 1 | grep -q "does not exist"
}

@test "contract: the calls of conmon, exec without the flags that create had" {
  run_detached "$TINYRUN" --root "$ROOT" create --bundle "$BUNDLE" --pid-file "$PIDFILE" --no-new-keyring \
    --preserve-fds 0 "$ID"
  assert_status 0
  quietly "$TINYRUN" --root "$ROOT" start "$ID"
  run_detached "$TINYRUN" --root "$ROOT" exec --pid-file "$BATS_TEST_TMPDIR/x.pid" \
    --process "$BATS_TEST_TMPDIR/process.json" --detach --preserve-fds 0 "$ID"
  assert_status 0
  [ -s "$BATS_TEST_TMPDIR/x.pid" ]
  # it tells a runtime that failed from a command that did by the file's absence
  rm "$BATS_TEST_TMPDIR/x.pid"
  jq '.args = ["/nosuch"]' "$BATS_TEST_TMPDIR/process.json" >"$BATS_TEST_TMPDIR/no.json"
  run "$TINYRUN" --root "$ROOT" exec --pid-file "$BATS_TEST_TMPDIR/x.pid" --process "$BATS_TEST_TMPDIR/no.json" --detach "$ID"
  assert_status 255
  assert_output_has "no such file or directory"
  [ ! -e "$BATS_TEST_TMPDIR/x.pid" ]
  quietly "$TINYRUN" --root "$ROOT" kill --all "$ID" 9
  quietly "$TINYRUN" --root "$ROOT" delete --force "$ID"
}

@test "contract: the calls of buildkit: run in the foreground, its status, and delete after --keep" {
  args /bin/sh -c 'exit 3'
  run "$TINYRUN" --root "$ROOT" --log "$LOG" --log-format json run --bundle "$BUNDLE" --keep "$ID"
  assert_status 3
  [ "$("$TINYRUN" --root "$ROOT" state "$ID" 2>&1 | jq -r '"\(.status) \(.pid)"')" = "stopped 0" ]
  quietly tr delete "$ID"
  args /bin/sleep 1000
  "$TINYRUN" --root "$ROOT" --log "$LOG" --log-format json run --bundle "$BUNDLE" "$ID" 3>&- >/dev/null &
  wait_for status_is "$ID" running
  run tr exec --process "$BATS_TEST_TMPDIR/process.json" --pid-file "$PIDFILE" "$ID"
  assert_status 7
  [ -s "$PIDFILE" ]
  quietly tr kill "$ID" 9
  status=0
  wait $! || status=$?
  assert_status 137
  no_errors_logged
}

@test "contract: the calls of CRI-O and of podman, with = and without, letters and names of signals" {
  local p=("$TINYRUN" "--root=$ROOT" --log-format=json "--log=$LOG")
  require cgroup2
  quietly "${p[@]}" create --bundle="$BUNDLE" --pid-file="$PIDFILE" "$ID"
  quietly "${p[@]}" start "$ID"
  run "${p[@]}" exec --process="$BATS_TEST_TMPDIR/process.json" "$ID"
  assert_status 7
  [[ $output =~ ^[0-9]+\ b$ ]]
  run "${p[@]}" exec "$ID" ls -d /
  assert_status 0
  assert_output_is /
  run "${p[@]}" update --resources - "$ID" <<<'{}'
  assert_status 0
  echo '{}' >"$BATS_TEST_TMPDIR/r.json"
  quietly "${p[@]}" update --resources="$BATS_TEST_TMPDIR/r.json" "$ID"
  quietly "${p[@]}" kill "$ID" URG
  quietly "${p[@]}" kill -a "$ID" 9
  wait_for status_is "$ID" stopped
  no_errors_logged
  quietly "${p[@]}" delete --force "$ID"
  # podman reads the whole log as one object: a failure is one line
  rm -f "$LOG"
  run "${p[@]}" start "$ID"
  assert_status 1
  [ "$(wc -l <"$LOG")" = 1 ]
  jq -es 'length == 1 and .[0].level == "error" and (.[0].time | test("^[0-9-]+T[0-9:.]+Z$"))' "$LOG"
}

@test "contract: what clients try before they use a runtime" {
  run "$TINYRUN" checkpoint --help
  assert_status 0
  for flag in --lsm-mount-context --image-path --bundle; do
    run "$TINYRUN" restore "$flag"
    assert_status 1
    assert_output_has "flag needs an argument"
  done
  # one dash, as go-runc sends it
  run "$TINYRUN" restore --image-path /nowhere --work-path /nowhere --detach --pid-file x -no-subreaper --bundle "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "open /nowhere"
  run "$TINYRUN" --version
  [[ ${lines[0]} =~ ^tinyrun\ version\ [0-9] ]]
  [ "$(grep -c version <<<"$output")" = 1 ]
  [[ $output == *$'\n'"commit: "* && $output == *$'\n'"spec: 1."* ]]
}

@test "contract: a program of several processes is the caller's child, and no helper is left to it" {
  require command python3
  args /bin/sh -c 'exit 5'
  timeout 60 python3 - "$TINYRUN" "$ROOT" "$BUNDLE" "$ID" "$PIDFILE" <<'PY'
import ctypes, os, subprocess, sys
tinyrun, root, bundle, cid, pidfile = sys.argv[1:]
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
subprocess.check_call([tinyrun, "--root", root, "create", "--bundle", bundle, "--pid-file", pidfile, cid], **quiet)
pid = int(open(pidfile).read())
children = open("/proc/self/task/%d/children" % os.getpid()).read().split()
assert children == [str(pid)], (pid, children)
subprocess.check_call([tinyrun, "--root", root, "exec", "-d", "--pid-file", pidfile, cid, "sh", "-c", "exit 9"], **quiet)
other = int(open(pidfile).read())
assert os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]) == 9
subprocess.check_call([tinyrun, "--root", root, "start", cid], **quiet)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
try:
    stray = os.waitpid(-1, os.WNOHANG)
    assert False, stray
except ChildProcessError:
    pass
PY
  status_is "$ID" stopped
}

@test "contract: a caller that wants to take the runtime with it does not take the container" {
  require command setpriv
  run_detached setpriv --pdeathsig KILL "$TINYRUN" --root "$ROOT" run -d -b "$BUNDLE" "$ID"
  assert_status 0
  grep -q '^' "/proc/$(pid_of "$ID")/status"
  quietly setpriv --pdeathsig KILL "$TINYRUN" --root "$ROOT" exec -d --pid-file "$PIDFILE" "$ID" sleep 1000
  sleep 0.2
  status_is "$ID" running
  is_alive "$(cat "$PIDFILE")"
}

@test "contract: the pid file is relative to the caller's directory, and appears whole" {
  cd "$BATS_TEST_TMPDIR"
  echo before >x.pid
  ln x.pid old
  run_detached tr create --pid-file x.pid -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(cat x.pid)" = "$(pid_of "$ID")" ]
  [ "$(cat old)" = before ] # it was replaced, not written over
  [ -z "$(find . -maxdepth 1 -name '.*x.pid*')" ]
  [ ! -e "$BUNDLE/x.pid" ]
}

@test "contract: create does not wait until somebody accepts on the console socket" {
  local sock=$BATS_TEST_TMPDIR/console.sock
  require command python3
  config '.process.terminal = true'
  timeout 60 python3 - "$sock" "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/got" 3>&- <<'PY' &
import array, os, socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(1)
open(sys.argv[2] + "/listening", "w").close()
while not os.path.exists(sys.argv[2] + "/returned"):
    time.sleep(0.05)
c, _ = s.accept()
data, control, _, _ = c.recvmsg(4096, socket.CMSG_SPACE(64))
fds = array.array("i")
for level, kind, bytes_ in control:
    fds.frombytes(bytes_[:len(bytes_) // 4 * 4])
print(len(control), len(fds), 1 <= len(data) <= 4095, os.isatty(fds[0]), len(c.recv(1)))
PY
  wait_for test -e "$BATS_TEST_TMPDIR/listening"
  run_detached timeout 20 "$TINYRUN" --root "$ROOT" create --console-socket "$sock" -b "$BUNDLE" "$ID"
  touch "$BATS_TEST_TMPDIR/returned"
  assert_status 0
  wait $!
  [ "$(cat "$BATS_TEST_TMPDIR/got")" = "1 1 True True 0" ]
}

@test "contract: start fails when the container's process died meanwhile" {
  run_detached tr create -b "$BUNDLE" "$ID"
  kill -KILL "$(pid_of "$ID")"
  wait_for status_is "$ID" stopped
  run tr start "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "cannot start a container that has stopped"
  quietly tr delete "$ID"
}

@test "contract: the log is made for its owner to write and others to read, and list goes on after a broken entry" {
  (umask 0; tr --log "$LOG" --log-format json start "$ID" || true) 2>/dev/null
  [ "$(stat -c %a "$LOG")" = 644 ]
  run_detached tr run -d -b "$BUNDLE" "$ID"
  mkdir "$ROOT/$ID-broken"
  echo '{' >"$ROOT/$ID-broken/state.json"
  status=0
  tr list -q >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
  assert_status 0
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = "$ID" ]
  [ "$(wc -l <"$BATS_TEST_TMPDIR/err")" = 1 ]
  grep -q "$ID-broken" "$BATS_TEST_TMPDIR/err"
}

@test "contract: no hint has words that clients take for another failure" {
  local words='permission denied|is a directory|not a directory|executable file not found|no such file or directory'
  words+='|failed to run runc|operation not permitted|open executable|no such process|container not running'
  words+='|invalid process|process already finished|does not exist|executable path is empty|not found'
  # what these sentences are about is what the words say
  cat >"$BATS_TEST_TMPDIR/meant" <<'END'
"container does not exist"
"container not running"
"container not running: it is paused"
"container not running: its cgroup is gone"
"permission denied"
"exec: \"%s\": executable file not found in $PATH"
": executable file not found in $PATH"
"exec: \"%s\": stat %s: no such file or directory"
"executable path is empty: name the program"
"%s is not a directory"
END
  grep -rhoiE --include='*.c' "\"([^\"\\\\]|\\\\.)*($words)([^\"\\\\]|\\\\.)*\"" "$BATS_TEST_DIRNAME"/../../src/{cli,container,plan,spec,cgroup,net,base,systemd} |
    sort -u | grep -vxE '"[A-Z][a-z ]*"' | # the C library's own, of base
    grep -vxFf "$BATS_TEST_TMPDIR/meant" >"$BATS_TEST_TMPDIR/strange" || true
  cat "$BATS_TEST_TMPDIR/strange"
  [ ! -s "$BATS_TEST_TMPDIR/strange" ]
}
