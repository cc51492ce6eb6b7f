# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# common - what quickstart and check both do: steps with a log, packages, the build.

export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2034
build_packages=(autoconf automake libtool pkg-config make gcc libc6-dev libcjson-dev libseccomp-dev
	libcap-dev libmnl-dev libsystemd-dev musl-tools dpkg-dev)
log='' current=''

say() {
	printf '== %s\n' "$*"
}

# What stands at the top of the script.
usage() {
	sed -n '4,/^$/ { /^#/ s/^# \{0,1\}//p; }' "$0"
}

die() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

# Any command that fails outside a step.
on_error() {
	die "stopped in line $1${current:+, while: $current}${log:+ (log: $log)}"
}

# step WHAT COMMAND...: says what, runs the command with its output in the log, a dot every 5 s, and
# says how long it took.  Returns what the command returned; the end of the log tells why it failed.
step() {
	local pid rc=0 from=$SECONDS start

	current=$1
	shift
	printf -- '-- %s ' "$current"
	printf '\n==== %s\n' "$current" >>"$log"
	start=$(wc -l <"$log")
	"$@" >>"$log" 2>&1 &
	pid=$!
	while sleep 5 >/dev/null 2>&1 && kill -0 "$pid" 2>/dev/null; do
		printf .
	done &
	local dots=$!
	wait "$pid" || rc=$?
	{ kill "$dots" && wait "$dots"; } 2>/dev/null || true
	if [ "$rc" = 0 ]; then
		printf ' %s s\n' $((SECONDS - from))
	else
		printf ' failed\n'
		tail -n +"$((start + 1))" "$log" | tail -n 30 >&2
	fi
	return "$rc"
}

installed() {
	dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed
}

# Installs those of the Debian packages that are not there.
install_missing() {
	local package missing=()

	command -v apt-get >/dev/null || {
		say "no apt-get here: the packages that are needed have to be there already"
		return 0
	}
	for package; do
		installed "$package" || missing+=("$package")
	done
	if [ ${#missing[@]} -eq 0 ]; then
		say "every package that is needed is there"
		return 0
	fi
	say "installing ${missing[*]}"
	if ! apt-cache show "${missing[@]}" >/dev/null 2>&1; then
		step "apt-get update" apt-get -q update || die "apt-get update failed (log: $log)"
	fi
	step "apt-get install" apt-get -qy install --no-install-recommends "${missing[@]}" ||
		die "apt-get could not install ${missing[*]} (log: $log)"
}

# build DIR CONFIGURE-OPTIONS...: out of the tree, so that the tree stays as it is.
build() {
	local dir=$1

	shift
	if [ ! -x configure ] || [ configure.ac -nt configure ]; then
		step "autoreconf" autoreconf -fi || die "autoreconf failed (log: $log)"
	fi
	mkdir -p "$dir"
	if [ ! -e "$dir/Makefile" ] || [ "$(cat "$dir/.options" 2>/dev/null)" != "$*" ]; then
		step "configure $*" configure_in "$dir" "$@" || die "configure failed (log: $log)"
		printf '%s\n' "$*" >"$dir/.options"
	fi
	step "make in $dir" make -C "$dir" -j"$(nproc)" || die "the build failed (log: $log)"
}

# small_libs DIR: what configure links the small tinyrun with, when it can be had; the build goes on
# without.  Before build.
small_libs() {
	[ ! -e "$1/musl/lib/libcjson.a" ] || return 0
	if step "cJSON for musl" scripts/musl-libs "$1/musl"; then
		rm -f "$1/.options" # configure has to look again
	else
		say "no cJSON for musl (log: $log): tinyrun is linked dynamically, and starts slower"
	fi
}

configure_in() {
	local top=$PWD

	cd "$1" && shift && "$top/configure" "$@"
}
