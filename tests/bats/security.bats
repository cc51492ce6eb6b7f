#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# security - what may be seen of the runtime, edited state files, and what must not leak into a
# container.  Ids are in cli.bats, kills at every system call in crash.bats, what a program can do in
# isolation.bats.

load attack

# --- the programs themselves ---

@test "security: the programs are position independent, bound at start, read-only after, without an executable stack" {
  local program
  require command readelf
  for program in "$TINYRUN" "$(dirname "$TINYRUN")/tinyrun-full" "$TINYHTTPD"; do
    [ -e "$program" ] || continue # tinyrun is one program in this build
    run readelf -hldW "$program"
    assert_output_has "DYN (Position-Independent Executable"
    grep -Eq 'FLAGS_1\) +Flags: .*NOW' <<<"$output"
    grep -Eq 'GNU_RELRO ' <<<"$output"
    grep -Eq 'GNU_STACK .* RW +0x' <<<"$output"
  done
}

# --- what init shows while it waits ---

@test "security: a created init holds stdio and the listening socket, no environment, no host directory" {
  local pid
  exec 7</etc/hostname
  stays create
  exec 7<&-
  pid=$(pid_of "$ID")
  run find "/proc/$pid/fd" -mindepth 1 -lname 'socket:*'
  assert_one_line
  run find "/proc/$pid/fd" -mindepth 1 ! -lname 'socket:*' -printf '%f\n'
  [ "$(sort <<<"$output" | paste -sd' ')" = "0 1 2" ]
  [ ! -s "/proc/$pid/environ" ]
  not grep -v -e memfd:tinyrun -e '\[' -e ' 00:00 0' "/proc/$pid/maps"
  not grep -F "$(basename "$ROOT")" "/proc/$pid/mountinfo"
}

@test "security: a created init holds as little under a filter that does not know close_range" {
  config '.process.noNewPrivileges = false | .hooks.createContainer = [{path: "/bin/true"}] |
    .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["close_range"], action: "SCMP_ACT_ERRNO"}]}'
  stays create
  [ "$(find "/proc/$(pid_of "$ID")/fd" -mindepth 1 | wc -l)" = 4 ]
}

@test "security: the program that runs inside is sealed (CVE-2019-5736)" {
  local pid
  require command python3
  stays create
  pid=$(pid_of "$ID")
  not sh -c ': >"$0"' "/proc/$pid/exe"
  # shrink, grow, write and further seals: F_GET_SEALS is 1034
  run python3 -c 'import fcntl, sys; print(fcntl.fcntl(open(sys.argv[1]), 1034) & 15)' "/proc/$pid/exe"
  assert_output_is 15
}

@test "security: /proc/self/exe as the program is nothing of the host's (CVE-2019-5736)" {
  args /proc/self/exe
  run_detached timeout 30 "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  [ "$status" -ne 0 ]
  args /proc/self/exe --version
  run_detached timeout 30 "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  [[ $output != *"tinyrun version"* ]]
}

@test "security: a created init cannot be traced by an ordinary user, and its parent's death is not its own" {
  local pid
  stays create
  pid=$(pid_of "$ID")
  # what is not dumpable belongs to root, whoever the user is
  config '.process.user = {"uid": 33, "gid": 33}'
  [ "$(stat -c %u "/proc/$pid/environ")" = 0 ]
  tr delete --force "$ID"
  stays create
  pid=$(pid_of "$ID")
  [ "$(stat -c %u "/proc/$pid/environ")" = 0 ]
  [ "$(awk '/^Uid/ { print $2 }' "/proc/$pid/status")" = 33 ]
  [ "$(status_of "$ID")" = created ]
}

@test "security: where a system call of init fails, the program does not run, or runs with nothing more" {
  local call n init trace=$BATS_TEST_TMPDIR/trace plain said points=0
  require command strace
  config '.hostname = "box" | .process.user = {uid: 33, gid: 33, additionalGids: [4]} | del(.process.rlimits) |
    .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["swapon"], action: "SCMP_ACT_ERRNO"}]}'
  # shellcheck disable=SC2016 # for the shell inside
  args /bin/sh -c 'grep -E "^(Uid|Gid|Groups|Cap|NoNew|Seccomp)" /proc/self/status; hostname; umask
    awk "{ print \$5, \$6 }" /proc/self/mountinfo; cut -d" " -f5,6 /proc/1/stat; stat -c "%A %u %g %n" /dev/*; ls /proc/self/fd | wc -l'
  plain=$(tr run -b "$BUNDLE" "$ID")
  strace -qq -f -o "$trace" "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID" >/dev/null
  init=$(awk '/execveat/ { print $1; exit }' "$trace")
  while read -r n call; do
    for n in $(seq "$n"); do
      status=0
      said=$(strace -qq -f -o /dev/null -e trace="$call" -e inject="$call:error=EPERM:when=$n" \
        timeout 20 "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID" 2>"$BATS_TEST_TMPDIR/said" 3>&-) || status=$?
      [ "$status" = 1 ] || [ "$said" = "$plain" ] || {
        echo "$call $n: exit $status: $said $(cat "$BATS_TEST_TMPDIR/said")"
        return 1
      }
      [ "$status" = 0 ] || [ -s "$BATS_TEST_TMPDIR/said" ]
      not grep "already exists" "$BATS_TEST_TMPDIR/said"
      tr delete --force "$ID" # the same call may have failed in the undoing, too
      points=$((points + 1))
    done
  done < <(awk -v init="$init" '$1 == init { sub(/\(.*/, "", $2); print $2 }' "$trace" |
    grep -xE 'prctl|setsid|keyctl|set.*id|setgroups|capset|seccomp|unshare|.*mount.*|open_tree|fs.*|pivot_root|mk.*at|symlinkat|prlimit64|set.*name|fchdir|chdir|fcntl' |
    sort | uniq -c)
  echo "$points points"
  [ "$points" -gt 80 ]
}

@test "security: init looks each path of the container up once, below its root, and acts on what it found" {
  local trace=$BATS_TEST_TMPDIR/trace calls
  require command strace
  config '.root.readonly = false | .process.cwd = "/new/cwd" | .linux.sysctl = {"kernel.shmmax": "1000"} |
    .linux.devices = [{path: "/sub/fifo", type: "p", uid: 33, gid: 33}] |
    .mounts += [{destination: "/m/tmp", type: "tmpfs", options: ["tmpcopyup"]},
      {destination: "/m/file", source: "/etc/hostname", options: ["bind"]},
      {destination: "/m/tmp", options: ["remount", "ro"]}]'
  strace -qq -f -o "$trace" "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  # of init, from its start to the program
  calls=$(awk '/execveat/ && !init { init = $1 } $1 == init' "$trace" | sed '/ execve(/q')
  [ "$(wc -l <<<"$calls")" -gt 150 ]
  # with a path, only what refuses links, or resolves them in the root
  not grep -E ' (open|creat|mkdir|mknod|symlink|link|rename|unlink|chmod|chown|lchown|stat|lstat|truncate)\(' <<<"$calls"
  not grep -vE 'resolve=[A-Z_|]*NO_MAGICLINKS' <(grep ' openat2(' <<<"$calls")
  not grep -vE 'RESOLVE_(IN_ROOT|BENEATH)' <(grep ' openat2(' <<<"$calls")
  not grep -vE 'O_NOFOLLOW|openat\([0-9]+, "\."' <(grep ' openat(' <<<"$calls")
  not grep -E ' [a-z0-9]+at2?\([0-9]+, "[^"]*/' <(grep -v ' openat2(' <<<"$calls" | grep -v symlinkat)
  not grep -vE 'mount\((NULL, "/", NULL|"[a-z]+", "\.",)' <(grep ' mount(' <<<"$calls")
  not grep -vE 'move_mount\([0-9]+, "", ([0-9]+, "", |AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH(\)| <))' <(grep ' move_mount(' <<<"$calls")
}

@test "security: state directory and files are the owner's alone; a root that everybody writes is refused" {
  umask 0
  stays create
  umask 022
  [ "$(stat -c %a "$ROOT" "$ROOT/$ID" | sort -u)" = 700 ]
  [ -z "$(find "$ROOT" -type f -perm /077)" ]
  tr delete --force "$ID"
  chmod 1777 "$ROOT"
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_output_has "written by everybody"
  run tr list
  assert_status 1
  chmod 700 "$ROOT"
  chown 12345 "$ROOT"
  run tr state "$ID"
  assert_status 1
  assert_output_has "belongs to user 12345"
  chown 0 "$ROOT"
}

@test "security: no abstract socket is made (CVE-2020-15257)" {
  local before
  before=$(grep -c ' @' /proc/net/unix || true)
  stays create
  [ "$(grep -c ' @' "/proc/$(pid_of "$ID")/net/unix" || true)" = 0 ]
  [ "$(grep -c ' @' /proc/net/unix || true)" -le "$before" ]
}

# --- state files that somebody has edited ---

@test "state: a pid of 1, 0 or below, or beyond, is never signalled" {
  local pid
  stays create
  cp "$ROOT/$ID/state.json" "$BATS_TEST_TMPDIR/good"
  for pid in 1 -1 -2 4294967297 '"1"'; do
    cp "$BATS_TEST_TMPDIR/good" "$ROOT/$ID/state.json"
    edit_state ".pid = $pid"
    run tr kill "$ID" 0
    assert_status 1
    run tr state "$ID"
    assert_status 1
    assert_one_line
  done
  cp "$BATS_TEST_TMPDIR/good" "$ROOT/$ID/state.json"
  edit_state '.pid = 0'
  run tr kill "$ID" KILL
  assert_status 1
  assert_output_has "container not running"
  cp "$BATS_TEST_TMPDIR/good" "$ROOT/$ID/state.json"
}

@test "state: one of another boot is stopped" {
  stays create
  edit_state '.bootId = "00000000-0000-0000-0000-000000000000"'
  [ "$(status_of "$ID")" = stopped ]
  run tr kill "$ID" KILL
  assert_status 1
}

@test "state: the record of another id is not obeyed" {
  local victim=$ID
  stays create
  new_id
  config --arg p "/$UNIQ/$ID" '.linux.cgroupsPath = $p'
  stays create
  edit_state ".id = \"$victim\""
  run tr state "$ID"
  assert_status 1
  assert_output_has "the record of \"$victim\""
  run tr delete "$ID"
  assert_status 1
  run tr delete --force "$ID"
  assert_status 0
  [ ! -e "$ROOT/$ID" ]
  [ "$(status_of "$victim")" = created ]
}

@test "state: delete --force ends a running container whose record is damaged" {
  local pid
  stays run -d
  pid=$(pid_of "$ID")
  echo '{' >"$ROOT/$ID/state.json"
  tr delete --force "$ID"
  not is_alive "$pid"
  config 'del(.linux.cgroupsPath)'
  stays run -d
  pid=$(pid_of "$ID")
  : >"$ROOT/$ID/state.json"
  tr delete --force "$ID"
  not is_alive "$pid"
  [ -z "$(find "$(cgroup_mount)" -name "tinyrun-$ID")" ]
}

@test "state: a FIFO, a link, a device or a directory in place of a file is an error and no wait" {
  stays create
  cp -a "$ROOT/$ID/state.json" "$BATS_TEST_TMPDIR/good"
  rm "$ROOT/$ID/state.json"
  mkfifo "$ROOT/$ID/state.json"
  run timeout 10 "$TINYRUN" --root "$ROOT" state "$ID"
  assert_status 1
  run timeout 10 "$TINYRUN" --root "$ROOT" list
  assert_output_has "warning"
  rm "$ROOT/$ID/state.json"
  ln -s /dev/zero "$ROOT/$ID/state.json"
  run timeout 10 "$TINYRUN" --root "$ROOT" state "$ID"
  assert_status 1
  rm "$ROOT/$ID/state.json"
  mv "$BATS_TEST_TMPDIR/good" "$ROOT/$ID/state.json"
  # start looks at the plan only for the words of a failure
  rm "$ROOT/$ID/plan"
  mkfifo "$ROOT/$ID/plan"
  run timeout 10 "$TINYRUN" --root "$ROOT" start "$ID"
  assert_status 0
}

@test "state: a link or a FIFO with the name of an id is no container, and what it points to is unharmed" {
  mkdir -p "$BATS_TEST_TMPDIR/elsewhere" "$ROOT"
  chmod 700 "$ROOT"
  touch "$BATS_TEST_TMPDIR/elsewhere/file"
  ln -s "$BATS_TEST_TMPDIR/elsewhere" "$ROOT/$ID"
  run tr state "$ID"
  assert_status 1
  assert_output_has "does not exist"
  run tr delete --force "$ID"
  [ -e "$BATS_TEST_TMPDIR/elsewhere/file" ]
  run_detached tr create -b "$BUNDLE" "$ID"
  assert_status 1
  [ "$(ls -A "$BATS_TEST_TMPDIR/elsewhere")" = file ]
  rm -f "$ROOT/$ID"
  mkfifo "$ROOT/$ID"
  run timeout 10 "$TINYRUN" --root "$ROOT" delete --force "$ID"
  run timeout 10 "$TINYRUN" --root "$ROOT" list
  assert_status 0
  rm -f "$ROOT/$ID"
}

@test "state: a state root that is a FIFO, a file or a dangling link is an error and no wait" {
  local root=$BATS_TEST_TMPDIR/odd verb
  mkfifo "$root"
  for verb in list "state x" "delete x" "create -b $BUNDLE x"; do
    # shellcheck disable=SC2086 # the verb's words
    run_detached timeout 10 "$TINYRUN" --root "$root" $verb
    assert_status 1
    assert_one_line
  done
  rm "$root"
  touch "$root"
  run_detached timeout 10 "$TINYRUN" --root "$root/x" create -b "$BUNDLE" "$ID"
  assert_status 1
  assert_one_line
  rm "$root"
  ln -s /nowhere/at/all "$root"
  run_detached timeout 10 "$TINYRUN" --root "$root" create -b "$BUNDLE" "$ID"
  assert_status 1
  [ ! -e /nowhere ]
  run_detached tr --root / create -b "$BUNDLE" "$ID"
  assert_status 1
}

# --- what the caller has must not reach the container, nor its hooks ---

@test "leaks: hooks get no descriptor of the caller's or of ours, and end with the runtime" {
  local l hook=$BATS_TEST_TMPDIR/hook
  printf '#!/bin/sh\nls /proc/self/fd | wc -l >>"%s"; ls -l /proc/self/fd >>"%s.all"\n' \
    "$BATS_TEST_TMPDIR/n" "$BATS_TEST_TMPDIR/n" >"$hook"
  chmod 755 "$hook"
  for l in prestart createRuntime poststart poststop; do
    config --arg l "$l" --arg p "$hook" --arg path "$PATH" '.hooks[$l] = [{path: $p, env: ["PATH=" + $path]}]'
  done
  config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "ls /proc/self/fd | wc -l >/dev/shm/n"]}]'
  args /bin/sleep 1000
  "$TINYRUN" --root "$ROOT" create --preserve-fds 2 -b "$BUNDLE" "$ID" 3</etc/hostname 4</etc/hostname 5</etc/hostname
  "$TINYRUN" --root "$ROOT" start "$ID" 3</etc/hostname 4</etc/hostname 5</etc/hostname
  [ "$(cat "/proc/$(pid_of "$ID")/root/dev/shm/n")" = 4 ]
  "$TINYRUN" --root "$ROOT" delete --force "$ID" 3</etc/hostname 4</etc/hostname 5</etc/hostname
  # 0, 1, 2 and the directory that ls reads
  [ "$(paste -sd' ' "$BATS_TEST_TMPDIR/n")" = "4 4 4 4" ]
}

cgroup_is_empty() {
  [ -z "$(cat "$(cgroup_mount)/$UNIQ/$ID/cgroup.procs")" ]
}

@test "leaks: neither a hook nor init outlives a runtime that is killed" {
  require cgroup2
  config '.hooks.createRuntime = [{path: "/bin/sleep", args: ["sleep", "1777"]}]'
  "$TINYRUN" --root "$ROOT" create -b "$BUNDLE" "$ID" 3>&- &
  local pid=$!
  wait_for pgrep -f 'sleep 1777'
  not cgroup_is_empty
  kill -KILL "$pid"
  wait "$pid" || true
  wait_for not pgrep -f 'sleep 1777'
  wait_for cgroup_is_empty
  tr delete --force "$ID"
}

@test "leaks: the keyring of the session is a new one" {
  [ -e /proc/keys ] || skip "needs keyrings"
  # without arguments: does our session have the key?  With some: a session with it, and then those
  compile keys <<'C'
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	long id;

	if (argc > 1) {
		syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "caller");
		syscall(SYS_add_key, "user", "secret", "x", 1, KEY_SPEC_SESSION_KEYRING);
	}
	id = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "secret", 0);
	printf("%s\n", id > 0 ? "found" : "none");
	fflush(stdout);
	return argc > 1 ? execv(argv[1], argv + 1) : 0;
}
C
  args /keys
  run timeout 30 "$ROOTFS/keys" "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  assert_output_is "found
none"
  run timeout 30 "$ROOTFS/keys" "$TINYRUN" --root "$ROOT" run --no-new-keyring -b "$BUNDLE" "$ID"
  assert_output_is "found
found"
  stays run -d
  run timeout 30 "$ROOTFS/keys" "$TINYRUN" --root "$ROOT" exec "$ID" /keys
  assert_output_is "found
none"
}

@test "leaks: a keyring that another has named after us is not joined" {
  [ -e /proc/keys ] || skip "needs keyrings"
  # a neighbour keeps a keyring of the name that runtimes use, open to everybody, with a key in it
  compile keys <<'C'
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	long id;

	if (argc > 1) {
		id = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, argv[1]);
		syscall(SYS_add_key, "user", "trap", "x", 1, KEY_SPEC_SESSION_KEYRING);
		syscall(SYS_keyctl, KEYCTL_SETPERM, id, 0x3f3f3f3f);
		puts("ready");
		fflush(stdout);
		return (int)pause();
	}
	id = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "trap", 0);
	puts(id > 0 ? "found" : "none");
	return 0;
}
C
  "$ROOTFS/keys" "_ses.$ID" >"$BATS_TEST_TMPDIR/neighbour" 3>&- &
  local neighbour=$!
  wait_for grep -q ready "$BATS_TEST_TMPDIR/neighbour"
  args /keys
  run timeout 30 "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
  kill "$neighbour"
  wait "$neighbour" || true
  assert_output_is none
}

@test "leaks: input cannot be pushed into the caller's terminal (CVE-2017-5226)" {
  require command script
  compile push <<'C'
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
int main(void)
{
	int pushed = 0;

	for (int fd = 0; fd < 3; fd++)
		for (const char *c = "echo pushed\n"; *c; c++)
			pushed += ioctl(fd, TIOCSTI, c) == 0;
	printf("pushed=%d tty=%d\n", pushed, open("/dev/tty", O_RDWR));
	return 0;
}
C
  args /push
  run script -qec "'$TINYRUN' --root '$ROOT' run -b '$BUNDLE' '$ID'" /dev/null
  assert_output_has "pushed=0 tty=-1"
}

@test "leaks: the host's /dev/null as standard stream is not given away" {
  local before
  before=$(stat -c '%u:%g:%a' /dev/null)
  config '.process.user = {"uid": 33, "gid": 33}'
  args /bin/true
  tr run -b "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1
  [ "$(stat -c '%u:%g:%a' /dev/null)" = "$before" ]
  # the container has its own in place of it
  args sh -c 'stat -L -c %d /proc/self/fd/0 /dev/null >&2'
  run tr run -b "$BUNDLE" "$ID" </dev/null
  assert_status 0
  [ "${lines[0]}" = "${lines[1]}" ]
  [ "$before" = 0:0:666 ]
}

@test "leaks: kill --all KILL ends a fork bomb" {
  args /bin/sh -c 'while :; do (while :; do sleep 0.01; done) & sleep 0.02; done'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  sleep 0.5
  tr kill --all "$ID" KILL
  wait_for status_is "$ID" stopped
  [ ! -s "$(cgroup_mount)/$UNIQ/$ID/cgroup.procs" ]
}

@test "leaks: forty containers, one after the other, leave no descriptor, mount, cgroup, process or file" {
  local i mounts files
  args /bin/sleep 1000
  mounts=$(wc -l </proc/self/mountinfo)
  for i in $(seq 40); do
    run_detached tr create -b "$BUNDLE" "$ID"
    assert_status 0
    tr start "$ID"
    tr delete --force "$ID"
    [ "$i" != 1 ] || files=$(find "$ROOT" | wc -l)
  done
  [ "$(wc -l </proc/self/mountinfo)" = "$mounts" ]
  [ "$(find "$ROOT" | wc -l)" = "$files" ]
  assert_nothing_left
}

@test "leaks: who shares the pid namespace sees nothing of an init that waits in it (CVE-2016-9962)" {
  local watcher=$ID
  # shellcheck disable=SC2016 # for the shell inside
  args /bin/sh -c 'while :; do for p in /proc/[0-9]*; do
      case $(cat $p/cmdline 2>/dev/null) in tinyrun-init*) ;; *) continue ;; esac
      { echo "met $p"; ls $p/fd $p/cwd/ $p/root/ $p/map_files && echo SEEN; head -c 9 $p/maps | grep -q . && echo SEEN
        head -c 1 $p/auxv | grep -q . && echo SEEN; } >>/dev/shm/log 2>&1
    done; done'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  new_id
  config --arg p "/proc/$(pid_of "$watcher")/ns/pid" --arg c "/$UNIQ/$ID" '.linux.cgroupsPath = $c |
    (.linux.namespaces[] | select(.type == "pid")).path = $p'
  stays create
  wait_for grep -q met "/proc/$(pid_of "$watcher")/root/dev/shm/log"
  sleep 0.2
  not grep -q SEEN "/proc/$(pid_of "$watcher")/root/dev/shm/log"
  tr delete --force "$ID"
  tr delete --force "$watcher"
}

@test "leaks: a container that may trace sees nothing of an exec that joins it (CVE-2016-9962)" {
  local i seen
  # shellcheck disable=SC2016 # for the shell inside
  args /bin/sh -c 'while :; do for p in /proc/[0-9]*; do
      c=; { read -r c <$p/cmdline; } 2>/dev/null; case $c in tinyrun-init*) ;; *) continue ;; esac
      { echo "met $p"; readlink $p/cwd $p/root; for f in $p/fd/*; do readlink $f; done
        cat $p/environ >>/dev/shm/environ; grep -o "/.*" $p/maps; ls $p/cwd/ $p/root/; } >>/dev/shm/log 2>/dev/null
    done; done'
  config '(.process.capabilities | .bounding, .effective, .permitted) += ["CAP_SYS_PTRACE"]'
  run_detached tr run -d -b "$BUNDLE" "$ID"
  assert_status 0
  seen=/proc/$(pid_of "$ID")/root/dev/shm/log
  for i in $(seq 400); do
    SECRET=1 tr exec "$ID" /bin/true 7</etc/hostname 8</ </dev/null >/dev/null 2>&1
    ! grep -q ^met "$seen" 2>/dev/null || [ "$i" -lt 60 ] || break
  done
  grep -q ^met "$seen"
  # its root and directory are the container's, its descriptors streams, the channel and the pipe of the fork
  run sh -c 'grep -vxFf "$0" "$1" | sort -u' <(ls "$ROOTFS") "$seen"
  not grep -vE '^(met /proc/.*|/|/dev/null|(socket|pipe):.*|/memfd:tinyrun.*|/bin/true|/bin/busybox|/proc/[0-9]+/(cwd|root)/:|)$' <<<"$output"
  not grep -aqe SECRET -e "$BATS_TEST_TMPDIR" -e etc/hostname "$seen" "${seen%log}environ"
}

@test "leaks: groups, umask, environment, capabilities of the caller do not reach the container" {
  require command setpriv
  config 'del(.process.user.umask, .process.user.additionalGids) | .process.env = ["PATH=/bin"]'
  args /bin/sh -c 'id -G; umask; grep -E "^Cap(Inh|Amb)|^NoNew" /proc/self/status; env | cut -d= -f1 | sort | paste -sd" "'
  run sh -c 'umask 0; SECRET=1 LD_PRELOAD= exec setpriv --groups 4,24,27 --inh-caps +net_raw,+kill --ambient-caps +net_raw \
    "$0" --root "$1" run -b "$2" "$3"' "$TINYRUN" "$ROOT" "$BUNDLE" "$ID"
  assert_output_is "0
0022
CapInh:	0000000000000000
CapAmb:	0000000000000000
NoNewPrivs:	1
HOME PATH PWD SHLVL"
}

@test "leaks: the root and the mounts of the host cannot be reached by any way up" {
  # shellcheck disable=SC2016 # for the shell inside
  inside 'cd /; for i in 1 2 3 4 5 6 7 8; do cd ..; done; ls | paste -sd" "; ls /proc/1/root/ | paste -sd" "
    awk "{ print \$5 }" /proc/self/mountinfo | grep -v -e ^/proc -e ^/dev -e ^/sys'
  assert_status 0
  [ "${lines[0]}" = "${lines[1]}" ]
  [ "${lines[0]}" = "$(cd "$ROOTFS" && printf '%s\n' * | paste -sd' ')" ]
  [ "${lines[2]}" = / ]
  [ "${#lines[@]}" = 3 ]
  args /bin/sh -c 'awk "{ print \$5 }" /proc/self/mountinfo | grep -v -e ^/proc -e ^/dev -e ^/sys'
  run tr run --no-pivot -b "$BUNDLE" "$ID"
  assert_output_is /
}

@test "leaks: namespaces are told by what they are, not by the name of the file" {
  local what
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  for what in "$BATS_TEST_TMPDIR/fifo" /dev/zero /proc/self/ns/uts /proc/self/status "$BATS_TEST_TMPDIR"; do
    config --arg p "$what" '(.linux.namespaces[] | select(.type == "ipc")).path = $p'
    refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
    assert_output_has "linux.namespaces[2]"
  done
}

@test "leaks: a hook that is a FIFO, a device, a directory or missing is an error and no wait" {
  local what l
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  for what in "$BATS_TEST_TMPDIR/fifo" /dev/zero "$BATS_TEST_TMPDIR" /no/such/hook; do
    for l in createRuntime createContainer startContainer; do
      config --arg p "$what" --arg l "$l" '.hooks = {($l): [{path: $p}]}'
      refused "$TINYRUN" --root "$ROOT" run -b "$BUNDLE" "$ID"
      assert_output_has "hooks.${l}[0]"
    done
  done
}
