# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # the variables are run's
#
# uml - starts a User-mode Linux kernel: Debian's package user-mode-linux, installed or unpacked.

guest_parts() {
	uml=$(command -v linux.uml) && modules=/usr/lib/uml/modules && return
	uml=$cache/uml/usr/bin/linux.uml modules=$cache/uml/usr/lib/uml/modules
	[ ! -x "$uml" ] || return 0
	echo "tests/guest/run: fetching user-mode-linux into $cache" >&2
	rm -rf "$cache/uml.new"
	mkdir -p "$cache/uml.new" &&
		(cd "$cache/uml.new" && apt-get -qq -o APT::Sandbox::User=root download user-mode-linux \
			&& dpkg -x ./*.deb . && rm ./*.deb) >&2 &&
		mv "$cache/uml.new" "$cache/uml" ||
		die "cannot fetch the Debian package user-mode-linux"
}

# Leaves in $shared how the guest names a folder of the host: hostfs takes the path.
guest_share() {
	shared=$1
}

# The command's stdout and stderr are the consoles 0 and 1, the kernel's log is the serial line.
# init is bash itself, which mounts the job and goes on with init-uml; its argument is one word.
guest_start() {
	local first

	first="{mount,-t,proc,proc,/proc};"
	first+="{mount,-t,hostfs,-o,hostfs=$job,none,/mnt}||{mount,-t,hostfs,-o,$job,none,/mnt};"
	first+='.${IFS}/mnt/init-uml'
	setsid "$uml" mem="$mem" rootfstype=hostfs ro init=/bin/bash \
		uml_dir="$work/uml" umid=guest con=null ssl=null con0=null,fd:3 con1=null,fd:4 \
		ssl0=null,fd:5 console=ttyS0 quiet loglevel=4 \
		GUEST_JOB="$job" GUEST_MODULES="$modules" -- -c "$first 2>/dev/null" \
		</dev/null 3>"$work/out" 4>"$work/err" 5>"$work/kernel.log" >"$work/uml.log" 2>&1 &
	pid=$!
}
