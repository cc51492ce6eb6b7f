#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# rootless - every verb as an ordinary user, who has no rights on this host but its own.
#
# The user is a number that this machine does not know.  Only where newuidmap has to find its ranges
# it gets a name, in an /etc of the test's own.

load helpers

RUNNER=54021

setup() {
  test_setup
  require root
  require namespace user
  # the way to the test's files is the test's alone; so is the build, maybe
  chmod go+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"/.. "$BATS_TEST_TMPDIR"/..
  OWN=$BATS_TEST_TMPDIR/own
  AS_USER=(setpriv --reuid "$RUNNER" --regid "$RUNNER" --clear-groups --inh-caps=-all --bounding-set=-all
    env -i PATH="$PATH" TINYRUN_TEST="$UNIQ" XDG_RUNTIME_DIR="$OWN/run")
  mkdir -p "$OWN/run" "$ROOT"
  [ -e "$BATS_FILE_TMPDIR/tinyrun" ] || cp "$TINYRUN" "$BATS_FILE_TMPDIR/tinyrun"
  # where tinyrun is two programs
  cp -n "${TINYRUN%/*}/tinyrun-full" "$BATS_FILE_TMPDIR/" 2>/dev/null || true
  BUNDLE=$OWN/bundle ROOTFS=$OWN/bundle/rootfs
  mkdir "$BUNDLE" && cp -a "$BATS_SUITE_ROOTFS" "$ROOTFS"
  chown -R "$RUNNER:$RUNNER" "$OWN" "$ROOT"
  chmod 700 "$OWN/run" "$ROOT"
  (cd "$BUNDLE" && tr spec --rootless)
  config '.process.terminal = false'
  chmod a+r "$BUNDLE/config.json"
  new_id
}

teardown() {
  local dir

  for dir in "$BATS_TEST_TMPDIR"/cgroups/*; do
    [ ! -L "$dir" ] || leave_cgroup "$(readlink "$dir")"
  done
  test_teardown
}

# As the user, without a group, a capability or a word of our environment.
user() {
  "${AS_USER[@]}" "$@"
}

tr() {
  user "$BATS_FILE_TMPDIR/tinyrun" --root "$ROOT" "$@"
}

# The user has the cgroup $1 for itself, and this test's further commands run in a child of it.
delegate() {
  local top

  top=$(cgroup_mount)
  OWN_CGROUP=$top/$1
  mkdir -p "$OWN_CGROUP/shell" "$BATS_TEST_TMPDIR/cgroups"
  ln -s "$OWN_CGROUP" "$BATS_TEST_TMPDIR/cgroups/"
  chown -R "$RUNNER" "$OWN_CGROUP"
  FORMER_CGROUP=$top$(sed -n 's/^0:://p' /proc/self/cgroup)
  echo $BASHPID >"$OWN_CGROUP/shell/cgroup.procs"
}

leave_cgroup() {
  local pid

  while read -r pid; do
    echo "$pid" >"$FORMER_CGROUP/cgroup.procs" || true
  done <"$1/shell/cgroup.procs"
  rmdir "$1/shell"
  [ "$BATS_TEST_COMPLETED" = 1 ] || sleep 0.2
  rmdir "$1"
}

@test "rootless: what spec --rootless writes runs as it is, on a terminal" {
  require command script
  (cd "$BUNDLE" && rm config.json && tr spec --rootless && cp config.json as-written)
  cat >"$OWN/answer" <<-END
	cd $BUNDLE && exec $BATS_FILE_TMPDIR/tinyrun --root $ROOT run $ID
	END
  run user script -qec "sh $OWN/answer" /dev/null <<<'id -u; tty; exit 7'
  assert_status 7
  assert_output_has /dev/pts/0
  [[ $output == *$'\n0\r'* ]]
  cmp "$BUNDLE/config.json" "$BUNDLE/as-written"
}

@test "rootless: run gives the output and the exit status, and nothing is left" {
  args sh -c 'echo "uid $(id -u)"; exit 3'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 3
  assert_output_is 'uid 0'
  [ -z "$(tr list -q)" ]
}

@test "rootless: create, state, start, list, ps, exec, kill and delete" {
  args sh -c 'sleep 1000 & sleep 1000'
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(status_of "$ID")" = created ]
  tr start "$ID"
  [ "$(status_of "$ID")" = running ]
  [ "$(tr list -q)" = "$ID" ]
  [ "$(tr list -f json | jq -r '.[0].owner')" = "$RUNNER" ]
  sees_two() { [ "$(tr ps -f json "$ID" | jq length)" = 2 ]; }
  wait_for sees_two
  [ "$(tr ps -f json "$ID" | jq '.[0]')" = "$(pid_of "$ID")" ]
  [ "$(tr exec "$ID" sh -c 'id -u; exit 0')" = 0 ]
  run tr exec "$ID" sh -c 'exit 9'
  assert_status 9
  run_detached tr exec -d --pid-file "$OWN/pid" "$ID" sleep 1000
  assert_status 0
  [ "$(stat -c %u "/proc/$(cat "$OWN/pid")")" = "$RUNNER" ]
  run tr delete "$ID"
  assert_status 1
  tr kill "$ID" KILL
  wait_for status_is "$ID" stopped
  tr delete "$ID"
  [ -z "$(tr list -q)" ]
}

@test "rootless: delete --force ends a running container" {
  args sleep 1000
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  pid=$(pid_of "$ID")
  tr delete --force "$ID"
  run is_alive "$pid"
  assert_status 1
}

@test "rootless: the state is in XDG_RUNTIME_DIR, and without it the way out is said" {
  args sleep 1000
  run_detached user "$BATS_FILE_TMPDIR/tinyrun" run -d -b "$BUNDLE" "$ID"
  assert_status 0
  [ -f "$OWN/run/tinyrun/$ID/state.json" ]
  [ "$(stat -c '%a %u' "$OWN/run/tinyrun")" = "700 $RUNNER" ]
  user "$BATS_FILE_TMPDIR/tinyrun" delete -f "$ID"
  run user env -u XDG_RUNTIME_DIR "$BATS_FILE_TMPDIR/tinyrun" list
  assert_status 1
  assert_one_line
  assert_output_has 'XDG_RUNTIME_DIR is not set'
  assert_output_has '--root'
}

@test "rootless: another user's state is refused" {
  run setpriv --reuid 54022 --regid 54022 --clear-groups "$BATS_FILE_TMPDIR/tinyrun" --root "$ROOT" list
  assert_status 1
  assert_one_line
}

@test "rootless: bind mounts come from what the user can see, read-only where asked" {
  mkdir "$OWN/data" && echo hello >"$OWN/data/file" && chown -R "$RUNNER" "$OWN/data"
  config --arg s "$OWN/data" '.mounts += [
    {destination: "/data", source: $s, options: ["bind", "ro"]},
    {destination: "/one", source: ($s + "/file"), options: ["bind"]}]'
  args sh -c 'cat /data/file /one; echo more >>/one; touch /data/x || echo "$?"'
  run tr run -b "$BUNDLE" "$ID"
  assert_output_has $'hello\nhello'
  assert_output_has 'Read-only file system'
  [ "$(tail -n 1 "$OWN/data/file")" = more ]
}

@test "rootless: a source that is not there, or not to be seen, is one line with its place" {
  config '.mounts += [{destination: "/x", source: "/nowhere", options: ["bind"]}]'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has 'mounts[7]: bind /nowhere on /x: open /nowhere: No such file or directory'
  mkdir -m 700 "$BATS_TEST_TMPDIR/roots" && mkdir "$BATS_TEST_TMPDIR/roots/x"
  config --arg s "$BATS_TEST_TMPDIR/roots/x" '.mounts[7].source = $s'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has 'Permission denied'
}

@test "rootless: a bind that would show what lies below a mount says to use rbind" {
  config '.mounts += [{destination: "/x", source: "/sys", options: ["bind"]}]'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has rbind
}

@test "rootless: devices are the host's, and one that the host has not is refused" {
  config '.linux.devices = [{path: "/dev/fuse2", type: "c", major: 1, minor: 3}]'
  args sh -c 'stat -c "%t:%T" /dev/null /dev/zero /dev/full; echo x >/dev/null'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has 'linux.devices[0]: open /dev/fuse2'
  config '.linux.devices = [{path: "/dev/zero", type: "c", major: 1, minor: 3}]'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "linux.devices[0]: the host's /dev/zero is not the device 1:3"
  config 'del(.linux.devices)'
  run tr run -b "$BUNDLE" "$ID"
  assert_output_is $'1:3\n1:5\n1:7'
}

@test "rootless: file systems of the host's namespaces are bound from the host" {
  config '.mounts |= map(if .destination == "/sys" then
    {destination: "/sys", type: "sysfs", source: "sysfs", options: ["ro", "nosuid", "nodev", "noexec"]} else . end)
    | .linux.namespaces |= map(select(.type != "pid"))'
  args sh -c 'ls -d /sys/class/net/lo && test -d /proc/1/ && touch /sys/x || echo no'
  run tr run -b "$BUNDLE" "$ID"
  assert_output_has /sys/class/net/lo
  assert_output_has no
}

@test "rootless: a network namespace of its own has its sysfs and its loopback interface" {
  config '.linux.namespaces += [{type: "network"}] | .mounts |= map(if .destination == "/sys" then
    {destination: "/sys", type: "sysfs", source: "sysfs"} else . end)'
  args sh -c 'ls /sys/class/net; ip -o link show up'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 0
  [ "${lines[0]}" = lo ]
  assert_output_has 'LOWER_UP'
}

@test "rootless: without a cgroup namespace the host's cgroups are seen and not written" {
  config '.linux.namespaces |= map(select(.type != "cgroup")) |
    .mounts |= map(if .type == "cgroup" then .options = [] else . end)'
  args sh -c 'test -e /sys/fs/cgroup/cgroup.procs && mkdir /sys/fs/cgroup/x'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has 'Read-only file system'
}

@test "rootless: limits and places that no cgroup is there for name the way out" {
  config '.linux.resources = {memory: {limit: 10000000}}'
  run tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has 'linux.resources.memory.limit needs a cgroup'
  assert_output_has --systemd-cgroup
  config 'del(.linux.resources) | .linux.cgroupsPath = "/'"$UNIQ/$ID"'"'
  run tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has "linux.cgroupsPath: this user may not make or enter cgroup /$UNIQ/$ID"
  [ ! -e "$ROOT/$ID" ]
}

@test "rootless: pause, resume, update and events say that there is no cgroup" {
  args sleep 1000
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  for verb in pause 'update --pids-limit 5'; do
    # shellcheck disable=SC2086
    run tr $verb "$ID"
    assert_status 1
    assert_one_line
    assert_output_has 'the container has no cgroup'
    assert_output_has --systemd-cgroup
  done
  run tr --cgroup-manager disabled delete -f "$ID"
  assert_status 0
}

@test "rootless: in a delegated cgroup there is one of the container's own, and it can be paused" {
  require cgroup2
  args sh -c 'cat /proc/self/cgroup; sleep 1000'
  delegate "$UNIQ-user"
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(cgroup_of "$ID")" = "$OWN_CGROUP/tinyrun-$ID" ]
  tr pause "$ID"
  [ "$(status_of "$ID")" = paused ]
  tr resume "$ID"
  [ "$(status_of "$ID")" = running ]
  [ "$(tr ps -f json "$ID" | jq '.[0]')" = "$(pid_of "$ID")" ]
  [ "$(tr exec "$ID" grep -c '^0::/$' /proc/self/cgroup)" = 1 ]
  tr kill --all "$ID" KILL
  wait_for status_is "$ID" stopped
  tr delete "$ID"
  [ ! -e "$OWN_CGROUP/tinyrun-$ID" ]
}

@test "rootless: a delegated cgroup has the limits that its controllers are for" {
  require controller memory pids
  args sleep 1000
  delegate "$UNIQ-user"
  # a cgroup with processes gives no controllers on, so the caller is one below
  echo '+memory +pids' >"$(cgroup_mount)/cgroup.subtree_control"
  config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 20}}'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(cat "$(cgroup_of "$ID")/memory.max")" = 67108864 ]
  tr update --pids-limit 30 "$ID"
  [ "$(cat "$(cgroup_of "$ID")/pids.max")" = 30 ]
  tr delete -f "$ID"
}

@test "rootless: a score or a limit that only root may set" {
  args cat /proc/self/oom_score_adj
  config '.process.oomScoreAdj = -900'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$output" -ge "$(cat /proc/self/oom_score_adj)" ]
  config '.process.oomScoreAdj = 700'
  run tr run -b "$BUNDLE" "$ID"
  assert_output_is 700
  config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 64, hard: 1073741816}]'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has 'process.rlimits[0]: hard is 1073741816'
}

@test "rootless: without a user namespace in the configuration the way out is said" {
  config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has 'spec --rootless'
}

@test "rootless: a joined mount namespace, mapped mounts and groups are refused with the way out" {
  cp "$BUNDLE/config.json" "$OWN/config.json"
  # shellcheck disable=SC2016 # jq's own variables
  while IFS='|' read -r want change; do
    cp "$OWN/config.json" "$BUNDLE/config.json"
    config --arg ns "/proc/$$/ns/mnt" --arg dir "$OWN" "$change"
    run_detached tr create -b "$BUNDLE" "$ID"
    assert_status 1
    assert_one_line
    assert_output_has "$want"
    [ ! -e "$ROOT/$ID" ]
  done <<-'END'
	linux.namespaces: the user or mount namespace that it names|.linux.namespaces |= map(if .type == "mount" then .path = $ns else . end)
	mounts[7]: an id-mapped mount takes rights over the file system|.mounts += [{destination: "/x", source: $dir, options: ["bind", "idmap"]}]
	process.user.additionalGids: a user namespace with one id has no groups|.process.user.additionalGids = [0]
	END
}

@test "rootless: the user's groups cannot be shed" {
  args sh -c 'cat /proc/self/setgroups'
  run tr run -b "$BUNDLE" "$ID"
  assert_output_is deny
}

@test "rootless: hooks run, with the container's pid" {
  config --arg f "$OWN/seen" '.hooks.createRuntime = [{path: "/bin/sh",
    args: ["sh", "-c", "cat >\($f)"]}]'
  run tr run -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(jq -r .id "$OWN/seen")" = "$ID" ]
  [ "$(stat -c %u "$OWN/seen")" = "$RUNNER" ]
}

@test "rootless: plan shows what would be done" {
  run tr plan -b "$BUNDLE"
  assert_status 0
  assert_output_has "map container uids 0-0 to host $RUNNER"
}

# --- do and serve ---

@test "rootless: do runs a command as its user, with no network and no capability" {
  echo secret >"$OWN/secret" && chmod 644 "$OWN/secret"
  run tr "do" -- sh -c 'id -u; cat /proc/self/uid_map /proc/self/status; ls /sys/class/net; cat "$0"; exit 3' "$OWN/secret"
  assert_status 3
  [ "${lines[0]}" = 0 ]
  read -r inside outside n <<<"${lines[1]}"
  [ "$inside $outside $n" = "0 $RUNNER 1" ]
  [[ $output =~ CapBnd:.0000000000000000 && $output =~ Seccomp:.2 && $output =~ NoNewPrivs:.1 ]]
  [ "${lines[-2]}" = lo ]
  assert_output_has "$OWN/secret: No such file or directory"
  run tr "do" -- sh -c 'echo x >/tmp/x && cat /tmp/x; echo x >/usr/bin/x'
  assert_output_has x
  assert_output_has 'Read-only file system'
  [ -z "$(tr list -q)" ]
}

@test "rootless: do --bind gives what is the user's, --user is who it is inside" {
  mkdir -m 700 "$OWN/data" && echo mine >"$OWN/data/file" && chown -R "$RUNNER:$RUNNER" "$OWN/data"
  chmod 600 "$OWN/data/file"
  run tr "do" --bind "$OWN/data" -u 1000:1001 -- sh -c "id -u; id -g; cat $OWN/data/file; echo x >$OWN/data/new"
  assert_output_has $'1000\n1001\nmine'
  assert_output_has 'Read-only file system'
  run tr "do" --bind "$OWN/data:rw" -- sh -c "echo x >$OWN/data/new"
  assert_status 0
  [ "$(stat -c %u "$OWN/data/new")" = "$RUNNER" ]
  run tr "do" --network host -- cat /proc/net/dev
  [ "${#lines[@]}" = "$(wc -l </proc/net/dev)" ]
}

@test "rootless: do: what takes root is one sentence" {
  while IFS='|' read -r flags text; do
    # shellcheck disable=SC2086
    run tr "do" $flags true
    assert_status 125
    assert_one_line
    assert_output_has "$text"
    [ -z "$(tr list -q)" ]
  done <<-'END'
	--network bridge|--network bridge needs root, whose the host's network is: use --network host, or none
	-p 8080:80|--network bridge needs root
	--memory 64m|linux.resources.memory.limit needs a cgroup
	END
}

swept() {
  tr "do" true && [ -z "$(tr list -q)" ]
}

@test "rootless: do leaves nothing when it is killed" {
  (exec "${AS_USER[@]}" "$BATS_FILE_TMPDIR/tinyrun" --root "$ROOT" "do" -- sleep 87111) >/dev/null 3>&- &
  local pid=$!
  wait_for pgrep -f '^sleep 87111$'
  kill -KILL "$pid"
  wait "$pid" || true
  wait_for eval '! pgrep -f "^sleep 87111\$"'
  wait_for swept # its process 1 may take a moment longer
}

# A network namespace that plays the host, with tinyhttpd beside tinyrun.
make_host() {
  require command curl
  cp "$(dirname "$TINYRUN")/tinyhttpd" "$BATS_FILE_TMPDIR/tinyhttpd"
  unshare -n sleep 1000 3>&- &
  HOLDER=$!
  wait_for is_apart
  in_host ip link set lo up
  mkdir "$OWN/site" && echo "hello from the site" >"$OWN/site/index.html"
  chown -R "$RUNNER" "$OWN/site"
}

is_apart() {
  [ "$(readlink "/proc/$HOLDER/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

in_host() {
  nsenter --net="/proc/$HOLDER/ns/net" "$@"
}

# tr in that namespace; the first one is for a background process that is tinyrun itself.
exec_host_tr() {
  exec nsenter --net="/proc/$HOLDER/ns/net" "${AS_USER[@]}" "$BATS_FILE_TMPDIR/tinyrun" --root "$ROOT" "$@"
}

host_tr() {
  (exec_host_tr "$@")
}

site_says() {
  [ "$(in_host curl -s --max-time 5 "$1")" = "hello from the site" ]
}

@test "rootless: serve answers on the host's port, from a network with no way out" {
  make_host
  run_detached host_tr serve -d --name "$ID" "$OWN/site"
  assert_status 0
  assert_output_has "serving $OWN/site on http://localhost:8080/ in container $ID"
  site_says http://127.0.0.1:8080/
  site_says 'http://[::1]:8080/'
  pid=$(tr ps -f json "$ID" | jq '.[-1]')
  [ "$(nsenter --net="/proc/$pid/ns/net" ip -br link | wc -l)" = 1 ]
  grep -q '^CapBnd:.0000000000000000' "/proc/$pid/status"
  grep -q '^Seccomp:.2' "/proc/$pid/status"
  read -r inside outside n <"/proc/$pid/uid_map"
  [ "$inside" = 65534 ] && [ "$n" = 1 ]
  run host_tr serve -d "$OWN/site"
  assert_status 1
  assert_output_has "port 8080 of this host is in use: take another with --port"
  [ "$(tr list -q)" = "$ID" ]
  tr delete --force "$ID"
  run site_says http://127.0.0.1:8080/
  [ "$status" -ne 0 ]
  run_detached host_tr serve -d --name "$ID" -p 127.0.0.1:8081 "$OWN/site"
  assert_output_has "on http://127.0.0.1:8081/"
  site_says http://127.0.0.1:8081/
  tr delete --force "$ID"
  run host_tr serve -d -p 192.0.2.9:8081 "$OWN/site"
  assert_status 1
  assert_output_has "--port: 192.0.2.9 is not an address of this host"
  in_host sysctl -qw net.ipv4.ip_unprivileged_port_start=1024
  run host_tr serve -d -p 80 "$OWN/site"
  kill "$HOLDER"
  assert_status 1
  assert_output_has "port 80 is for root alone here"
}

@test "rootless: serve ends with a signal, and when it is killed" {
  local rc=0 sig
  make_host
  for sig in INT KILL; do
    exec_host_tr serve "$OWN/site" >"$BATS_TEST_TMPDIR/log" 2>"$BATS_TEST_TMPDIR/said" 3>&- &
    pid=$!
    wait_for grep -q 'Ctrl-C' "$BATS_TEST_TMPDIR/said"
    site_says http://127.0.0.1:8080/
    kill "-$sig" "$pid"
    rc=0
    wait "$pid" || rc=$?
    [ "$sig" = KILL ] || [ "$rc" = 0 ]
    wait_for eval '! site_says http://127.0.0.1:8080/'
  done
  tr delete --force "$(tr list -q)"
  kill "$HOLDER"
}

# --- ranges of /etc/subuid ---

# $1: a line for subuid and subgid without the name; in a mount namespace of its own.
with_ranges() {
  local etc=$BATS_TEST_TMPDIR/etc

  mkdir -p "$etc"
  { cat /etc/passwd && echo "runner:x:$RUNNER:$RUNNER::/:/bin/sh"; } >"$etc/passwd"
  { cat /etc/group && echo "runner:x:$RUNNER:"; } >"$etc/group"
  echo "runner:$1" >"$etc/subuid"
  echo "runner:$1" >"$etc/subgid"
  shift
  # shellcheck disable=SC2016
  unshare -m --propagation private sh -c '
    for file in passwd group subuid subgid; do
      [ -e /etc/$file ] || touch /etc/$file
      mount --bind "$0/$file" /etc/$file || exit 99
    done
    exec "$@"' "$etc" "$@"
}

tr_with_ranges() {
  local range=$1

  shift
  with_ranges "$range" setpriv --reuid "$RUNNER" --regid "$RUNNER" --clear-groups \
    env -i PATH="$PATH" TINYRUN_TEST="$UNIQ" "$BATS_FILE_TMPDIR/tinyrun" --root "$ROOT" "$@"
}

map_range() {
  config --argjson own "$RUNNER" '[{containerID: 0, hostID: $own, size: 1},
    {containerID: 1, hostID: 300000, size: 1000}] as $map |
    .linux.uidMappings = $map | .linux.gidMappings = $map'
}

@test "rootless: newuidmap and newgidmap map the ranges of /etc/subuid" {
  require command newuidmap
  map_range
  config '.process.user = {uid: 33, gid: 34, additionalGids: [35]}'
  args sh -c 'id; cat /proc/self/uid_map; stat -c %u /bin'
  run tr_with_ranges 300000:1000 run -b "$BUNDLE" "$ID"
  assert_status 0
  [ "${lines[0]}" = 'uid=33(www) gid=34 groups=35' ]
  [[ ${lines[2]} =~ ^\ +1\ +300000\ +1000$ ]]
}

@test "rootless: every verb with mapped ranges" {
  require command newuidmap
  map_range
  config '.process.user = {uid: 33, gid: 33}'
  args sleep 1000
  run_detached tr_with_ranges 300000:1000 create -b "$BUNDLE" "$ID"
  assert_status 0
  [ "$(stat -c %u "/proc/$(pid_of "$ID")")" != 0 ]
  tr start "$ID"
  [ "$(tr exec "$ID" id -u)" = 33 ]
  [ "$(tr exec -u 7:8 "$ID" id -g)" = 8 ]
  [ "$(tr ps -f json "$ID" | jq length)" = 1 ]
  tr kill "$ID" KILL
  wait_for status_is "$ID" stopped
  tr delete "$ID"
}

@test "rootless: a range that is not this user's is one line with the file to look at" {
  require command newuidmap
  map_range
  run tr_with_ranges 900000:10 run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  assert_output_has 'linux.gidMappings: newgidmap'
  assert_output_has /etc/subgid
}

@test "rootless: a newuidmap that others can change is not executed" {
  require command newuidmap
  map_range
  cat >"$BATS_TEST_TMPDIR/fake" <<-END
	#!/bin/sh
	touch $OWN/run/executed
	END
  chmod 777 "$BATS_TEST_TMPDIR/fake"
  # shellcheck disable=SC2016
  run unshare -m --propagation private sh -c 'mount --bind "$0" "$(command -v newgidmap)" && exec "$@"' \
    "$BATS_TEST_TMPDIR/fake" setpriv --reuid "$RUNNER" --regid "$RUNNER" --clear-groups \
    "$BATS_FILE_TMPDIR/tinyrun" --root "$ROOT" run -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has 'can be changed by others than root'
  [ ! -e "$OWN/run/executed" ]
}

# --- root of a user namespace, as podman calls us ---

@test "rootless: root of a user namespace, with and without a mount namespace of its own" {
  config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
  args id -u
  for mount in --mount ''; do
    # shellcheck disable=SC2086
    run user unshare --user --map-root-user $mount "$BATS_FILE_TMPDIR/tinyrun" run -b "$BUNDLE" "$ID"
    assert_status 0
    assert_output_is 0
  done
  [ -d "$OWN/run/tinyrun" ]
}

@test "rootless: root of a user namespace on the host's network makes a network namespace" {
  config '.linux.namespaces |= map(select(.type != "user")) + [{type: "network"}] |
    del(.linux.uidMappings, .linux.gidMappings) | .mounts |= map(select(.destination != "/sys"))'
  args ip address show lo
  run user unshare --user --map-root-user --mount "$BATS_FILE_TMPDIR/tinyrun" run -b "$BUNDLE" "$ID"
  assert_status 0
  assert_output_has 127.0.0.1
}

@test "rootless: all verbs in a user namespace" {
  config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
  args sleep 1000
  cat >"$OWN/verbs" <<-END
	set -e
	tr() { $BATS_FILE_TMPDIR/tinyrun --root $ROOT "\$@"; }
	tr create -b $BUNDLE $ID </dev/null >/dev/null 2>&1
	tr start $ID
	tr exec $ID id -u
	tr ps -f json $ID | wc -l
	tr list -q
	tr kill $ID KILL
	until tr state $ID | grep -q stopped; do sleep 0.1; done
	tr delete $ID
	END
  run user timeout 60 unshare --user --map-root-user --mount sh "$OWN/verbs"
  assert_status 0
  assert_output_is "0"$'\n'"1"$'\n'"$ID"
}
