# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# podman - its configuration for the tests, and the ordinary user of podman-rootless.bats.
#
#   $systemd       with the systemd cgroup manager; what is 1 is the machine's, too
#   $user          the user, empty for root; then `podman` is a program that changes to that user
#   $DIR           a folder of the test's own where the user may write
#   not_rootless WHY

# shellcheck disable=SC2034 # for the tests
user='' runtime_root=/run/$RUNTIME manager=cgroupfs
[ -z "$systemd" ] || manager=systemd
[[ $BATS_TEST_FILENAME != *rootless* ]] || {
	user=tinyrun-tester
	# shellcheck disable=SC2034
	runtime_root=/run/$user/$RUNTIME
	PATH=/run/$user-bin:$PATH
}

podman_setup_file() {
	local limits='' pids='' file

	engine_setup
	mkdir -p /etc/containers/containers.conf.d
	cp "$TOP/oci/engines/podman.conf" /etc/containers/containers.conf.d/tinyrun.conf
	# what this machine does not give: limits above its own, and pids without the controller
	has_capability sys_resource || limits="default_ulimits = [
		\"nofile=$(ulimit -Hn):$(ulimit -Hn)\", \"nproc=$(ulimit -Hu):$(ulimit -Hu)\"]"
	grep -qw pids /sys/fs/cgroup/cgroup.controllers || pids='pids_limit = 0'
	cat >/etc/containers/containers.conf.d/zz-tests.conf <<END
[containers]
netns = "none"
$limits
$pids
[engine]
cgroup_manager = "$manager"
events_logger = "file"
infra_image = "localhost/pause"
END
	for file in /etc/subuid /etc/subgid; do
		grep -qs ^containers: "$file" || echo containers:1000000:1000000 >>"$file"
	done
	[ -z "$user" ] || user_setup
	image_tar | podman import --quiet --change 'CMD ["sh"]' - busybox
	image_tar | podman import --quiet --change 'CMD ["sleep", "10000"]' - pause
}

# /etc is an overlay here: nobody else sees the user.
user_setup() {
	local home=/run/$user file

	getent passwd "$user" >/dev/null || useradd --no-create-home --home-dir "$home" "$user"
	mkdir -p "$home" "/run/$user-bin" && chown "$user:" "$home" && chmod 700 "$home"
	for file in /etc/subuid /etc/subgid; do
		grep -qs "^$user:" "$file" || echo "$user:3000000:65536" >>"$file"
	done
	# slirp4netns opens it, and it is root's where nobody has made it everyone's
	if [ ! -w /dev/net/tun ] || [ "$(stat -c %a /dev/net/tun)" != 666 ]; then
		mknod -m 666 /run/tun c 10 200 && mount --bind /run/tun /dev/net/tun
	fi
	[ -z "$systemd" ] || user_session
	cat >"/run/$user-bin/podman" <<END
#!/bin/sh
[ -z "$session" ] || echo 0 >"$session/cgroup.procs" || exit 1
cd "$home" && exec setpriv --reuid $user --regid $user --init-groups \\
	env HOME=$home TMPDIR=$home USER=$user XDG_RUNTIME_DIR=$home /usr/bin/podman "\$@"
END
	chmod 755 "/run/$user-bin/podman"
}

# The user's own systemd, which a login would start, and a cgroup of its for what we begin.
user_session() {
	local uid home=/run/$user

	uid=$(id -u "$user")
	systemd-run --quiet --unit="user@$uid" --slice="user-$uid" --uid="$user" --property=Delegate=yes \
		--property=Type=notify --setenv=XDG_RUNTIME_DIR="$home" --setenv=HOME="$home" \
		/lib/systemd/systemd --user --unit=dbus.socket
	session=/sys/fs/cgroup/user.slice/user-$uid.slice/user@$uid.service/tests
	mkdir "$session" && chown -R "$user:" "$session"
}

user_systemctl() {
	setpriv --reuid "$user" --regid "$user" --init-groups env XDG_RUNTIME_DIR="/run/$user" systemctl --user "$@"
}

podman_test_setup() {
	# shellcheck disable=SC2034 # for the tests
	name=$UNIQ DIR=$BATS_TEST_TMPDIR
	[ -z "$user" ] || {
		DIR=/run/$user/test-$BATS_TEST_NUMBER
		mkdir -p "$DIR" && chown "$user:" "$DIR"
	}
}

# podman makes cgroups for a user only where that user has a session of systemd's
needs_cgroups() {
	[ -z "$user" ] || [ -n "$systemd" ] || skip "a user without a systemd session has no cgroups"
}

not_rootless() {
	[ -z "$user" ] || skip "root only: $1"
}

# What systemd knows of containers that are gone, also of failed ones.
assert_no_units() {
	local call=(systemctl)

	[ -n "$systemd" ] || return 0
	[ -z "$user" ] || call=(user_systemctl)
	run "${call[@]}" list-units --all --plain --no-legend --no-pager 'libpod-[!c]*'
	assert_output_is ""
}

pod_run() {
	podman --runtime "$RUNTIME" run "$@"
}

# run_there NAME COMMAND...: detached; bats' output is not its to hold
run_there() {
	local name=$1

	shift
	pod_run --detach --name "$name" "$@" >/dev/null 2>"$BATS_TEST_TMPDIR/stderr" </dev/null 3>&- || {
		cat "$BATS_TEST_TMPDIR/stderr" >&2
		return 1
	}
}

podman_before() {
	[ "$(podman version --format '{{.Client.Version}}' | cut -d . -f 1)" -lt "$1" ]
}

state_is() {
	[ "$(podman inspect --format '{{.State.Status}}' "$1")" = "$2" ]
}

health_is() {
	[ "$(podman inspect --format '{{.State.Healthcheck.Status}}' "$1")" = "$2" ]
}

log_has() {
	podman logs "$1" 2>&1 | grep -q -- "$2"
}
