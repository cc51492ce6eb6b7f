# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Completion of tinyrun for bash. One line a verb: its options. A unit test holds the lines against
# the program's own tables.

_tinyrun_options()
{
	case $1 in
	'') echo '--root --log --log-format --log-level --debug --systemd-cgroup --cgroup-manager --rootless --criu --version --help' ;;
	run) echo '--bundle --config --no-pivot --no-new-keyring --preserve-fds --network --publish --ip --ip6 --mac --mtu --dns --add-host --bridge --subnet --pid-file --console-socket --pidfd-socket --detach --keep --no-subreaper --trace --help' ;;
	create) echo '--bundle --config --no-pivot --no-new-keyring --preserve-fds --network --publish --ip --ip6 --mac --mtu --dns --add-host --bridge --subnet --pid-file --console-socket --pidfd-socket --no-subreaper --help' ;;
	start) echo '--help' ;;
	exec) echo '--process --tty --detach --user --additional-gids --cwd --env --cap --no-new-privs --pid-file --console-socket --pidfd-socket --preserve-fds --cgroup --ignore-paused --process-label --apparmor --help' ;;
	do) echo '--bind --env --cwd --user --hostname --memory --pids --tty --network --publish --ip --ip6 --mac --mtu --dns --add-host --bridge --subnet --help' ;;
	serve) echo '--port --memory --name --detach --init --as-owner --listing --log --httpd --help' ;;
	kill) echo '--all --regex --help' ;;
	delete) echo '--force --regex --help' ;;
	state) echo '--help' ;;
	list) echo '--format --quiet --help' ;;
	ps) echo '--format --help' ;;
	pause) echo '--help' ;;
	resume) echo '--help' ;;
	update) echo '--resources --memory --memory-reservation --memory-swap --cpu-share --cpu-quota --cpu-period --cpu-burst --cpu-idle --cpuset-cpus --cpuset-mems --pids-limit --blkio-weight --cpu-rt-period --cpu-rt-runtime --l3-cache-schema --mem-bw-schema --kernel-memory --kernel-memory-tcp --help' ;;
	events) echo '--stats --interval --help' ;;
	mounts) echo '--help' ;;
	checkpoint) echo '--image-path --work-path --tcp-established --ext-unix-sk --shell-job --file-locks --auto-dedup --lazy-pages --manage-cgroups-mode --network-lock --empty-ns --leave-running --pre-dump --parent-path --tcp-skip-in-flight --link-remap --page-server --status-fd --help' ;;
	restore) echo '--network --publish --ip --ip6 --mac --mtu --dns --add-host --bridge --subnet --pid-file --console-socket --pidfd-socket --bundle --config --detach --keep --no-subreaper --image-path --work-path --tcp-established --ext-unix-sk --shell-job --file-locks --auto-dedup --lazy-pages --manage-cgroups-mode --network-lock --empty-ns --tcp-close --lsm-profile --lsm-mount-context --no-pivot --help' ;;
	port) echo '--format --help' ;;
	network) echo '--format --help' ;;
	spec) echo '--bundle --file --rootless --arg --env --cwd --user --terminal --cap --hostname --rootfs --read-only --mount --memory --cpus --pids-limit --annotation --seccomp --help' ;;
	bundle) echo '--from --copy --nss --ca --rootless --help' ;;
	plan) echo '--bundle --config --no-pivot --no-new-keyring --preserve-fds --network --publish --ip --ip6 --mac --mtu --dns --add-host --bridge --subnet --format --help' ;;
	features) echo '--help' ;;
	help) echo '--help' ;;
	version) echo '--help' ;;
	esac
}

# The long name of an option's letter.
_tinyrun_long()
{
	case $1:$2 in
	do:-b) echo --bind ;;
	*:-b) echo --bundle ;;
	list:-f | ps:-f | port:-f | network:-f) echo --format ;;
	spec:-f) echo --file ;;
	run:-f | create:-f | restore:-f | plan:-f) echo --config ;;
	exec:-p) echo --process ;;
	serve:-p) echo --port ;;
	*:-p) echo --publish ;;
	update:-r) echo --resources ;;
	exec:-g) echo --additional-gids ;;
	exec:-c) echo --cap ;;
	spec:-a) echo --arg ;;
	*:-C) echo --cwd ;;
	*:-e) echo --env ;;
	*:-m) echo --memory ;;
	*:-u) echo --user ;;
	*) echo "$2" ;;
	esac
}

# What follows an option that takes a value; fails for one that takes none.
_tinyrun_value()
{
	local how=() name

	name=$(_tinyrun_long "$1" "$2")
	case $1:$name in
	*:--root | *:--bundle | *:--image-path | *:--work-path | *:--parent-path | *:--rootfs) how=(-d) ;;
	exec:--cwd | spec:--cwd) ;; # in the container
	*:--cwd) how=(-d) ;;
	serve:--log) how=(-W 'common combined json off') ;;
	*:--log | *:--config | *:--process | *:--resources | *:--file | *:--copy | *:--bind | *:--httpd) how=(-f) ;;
	*:--pid-file | *:--console-socket | *:--pidfd-socket | *:--criu) how=(-f) ;;
	plan:--format | port:--format) how=(-W 'text json') ;;
	*:--format) how=(-W 'table json') ;;
	*:--from) how=(-c) ;;
	*:--log-format) how=(-W 'text json') ;;
	*:--log-level) how=(-W 'error warning info debug') ;;
	*:--cgroup-manager) how=(-W 'cgroupfs systemd disabled') ;;
	:--rootless) how=(-W 'auto true false') ;;
	*:--manage-cgroups-mode) how=(-W 'soft full strict ignore') ;;
	*:--network-lock) how=(-W 'default iptables nftables skip') ;;
	*:--empty-ns) how=(-W network) ;;
	*:--network) how=(-W 'bridge none host') ;;
	*:--cpu-idle) how=(-W '0 1') ;;
	*:--memory* | *:--cpu* | *:--pids* | *:--blkio-weight | *:--*-schema | *:--kernel-memory*) ;;
	*:--page-server | *:--status-fd | *:--lsm-* | *:--port | *:--name | *:--publish) ;;
	*:--ip | *:--ip6 | *:--mac | *:--mtu | *:--dns | *:--add-host | *:--bridge | *:--subnet) ;;
	*:--interval | *:--preserve-fds | *:--hostname | *:--user | *:--additional-gids | *:--env) ;;
	*:--cap | *:--cgroup | *:--process-label | *:--apparmor | *:--arg | *:--mount | *:--annotation) ;;
	*) return 1 ;;
	esac
	[ ${#how[@]} = 0 ] || mapfile -t COMPREPLY < <(compgen "${how[@]}" -- "$3")
}

_tinyrun()
{
	local cur=${COMP_WORDS[COMP_CWORD]} words=() prev=''
	local verbs='run create start kill delete exec do serve state list ps pause resume update events port network mounts checkpoint restore spec bundle plan features help version'
	local verb='' root=() i

	COMPREPLY=()
	# bash makes three words of --root=DIR
	for ((i = 0; i < COMP_CWORD; i++)); do
		[ "${COMP_WORDS[i]}" = = ] || words+=("${COMP_WORDS[i]}")
	done
	[ "$cur" != = ] || cur=''
	prev=${words[-1]}
	for ((i = 1; i < ${#words[@]}; i++)); do
		case ${words[i]} in
		--root) root=(--root "${words[i + 1]}") && ((i++)) ;;
		--log | --log-format | --log-level | --cgroup-manager | --rootless | --criu) ((i++)) ;;
		-*) ;;
		*) verb=${words[i]} && break ;;
		esac
	done

	_tinyrun_value "$verb" "$prev" "$cur" && return
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_tinyrun_options "$verb")" -- "$cur")
		return
	fi
	case $verb in
	bundle)
		if [ "$prev" = bundle ]; then
			mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		fi
		;;
	serve) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	do) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
	mounts)
		case $prev:${words[-2]} in
		mounts:*) mapfile -t COMPREPLY < <(compgen -W 'add remove' -- "$cur") ;;
		*:mounts) mapfile -t COMPREPLY < <(compgen -W "$(tinyrun "${root[@]}" list -q 2>/dev/null)" -- "$cur") ;;
		*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
		esac
		;;
	'' | help) mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur") ;;
	start | kill | delete | exec | state | ps | pause | resume | update | events | checkpoint | port)
		mapfile -t COMPREPLY < <(compgen -W "$(tinyrun "${root[@]}" list -q 2>/dev/null)" -- "$cur")
		;;
	network)
		[ "$prev" != network ] || mapfile -t COMPREPLY < <(compgen -W 'ls inspect rm prune' -- "$cur")
		;;
	esac
}

complete -F _tinyrun tinyrun
