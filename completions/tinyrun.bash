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

# What follows an option that takes a value; fails for one that takes none.
_tinyrun_value()
{
	case $2 in
	--root | --bundle | -b | --image-path | --work-path | --parent-path) mapfile -t COMPREPLY < <(compgen -d -- "$3") ;;
	--log)
		if [ "$1" = serve ]; then
			mapfile -t COMPREPLY < <(compgen -W 'common combined json off' -- "$3")
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$3")
		fi
		;;
	--config | --process | --resources | --file | --copy | --pid-file | --console-socket | --pidfd-socket | --criu)
		mapfile -t COMPREPLY < <(compgen -f -- "$3")
		;;
	-f)
		case $1 in
		run | create | plan | spec | restore) mapfile -t COMPREPLY < <(compgen -f -- "$3") ;;
		list | ps | network) mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$3") ;;
		port) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$3") ;;
		*) return 1 ;;
		esac
		;;
	--format)
		case $1 in
		plan | port) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$3") ;;
		*) mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$3") ;;
		esac
		;;
	--bind) mapfile -t COMPREPLY < <(compgen -f -- "$3") ;;
	--httpd) mapfile -t COMPREPLY < <(compgen -f -- "$3") ;;
	--port | --name) COMPREPLY=() ;;
	--from) mapfile -t COMPREPLY < <(compgen -c -- "$3") ;;
	--log-format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$3") ;;
	--log-level) mapfile -t COMPREPLY < <(compgen -W 'error warning info debug' -- "$3") ;;
	--cgroup-manager)
		mapfile -t COMPREPLY < <(compgen -W 'cgroupfs systemd disabled' -- "$3")
		;;
	--rootless)
		[ -z "$1" ] || return 1
		mapfile -t COMPREPLY < <(compgen -W 'auto true false' -- "$3")
		;;
	--memory* | --cpu* | --pids-limit | --blkio-weight | --*-schema | --kernel-memory*) COMPREPLY=() ;;
	--manage-cgroups-mode) mapfile -t COMPREPLY < <(compgen -W 'soft full strict ignore' -- "$3") ;;
	--network-lock) mapfile -t COMPREPLY < <(compgen -W 'default iptables nftables skip' -- "$3") ;;
	--empty-ns) mapfile -t COMPREPLY < <(compgen -W network -- "$3") ;;
	--page-server | --status-fd | --lsm-*) COMPREPLY=() ;;
	--network) mapfile -t COMPREPLY < <(compgen -W 'bridge none host' -- "$3") ;;
	--publish | -p | --ip | --ip6 | --mac | --mtu | --dns | --add-host | --bridge | --subnet) COMPREPLY=() ;;
	--interval | --preserve-fds | --hostname | --pids | --user | --additional-gids | --cwd | --env | --cap | --cgroup) COMPREPLY=() ;;
	*) return 1 ;;
	esac
}

_tinyrun()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verbs='run create start kill delete exec do serve state list ps pause resume update events port network mounts checkpoint restore spec bundle plan features help version'
	local verb='' root=() i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--root) root=(--root "${COMP_WORDS[i + 1]}") && ((i++)) ;;
		--log | --log-format | --log-level | --cgroup-manager | --rootless | --criu) ((i++)) ;;
		-*) ;;
		*) verb=${COMP_WORDS[i]} && break ;;
		esac
	done

	_tinyrun_value "$verb" "$prev" "$cur" && return
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_tinyrun_options "$verb")" -- "$cur")
		return
	fi
	case $verb in
	serve) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	do) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
	mounts)
		case $prev:${COMP_WORDS[COMP_CWORD - 2]} in
		mounts:*) mapfile -t COMPREPLY < <(compgen -W 'add remove' -- "$cur") ;;
		*:mounts) mapfile -t COMPREPLY < <(compgen -W "$(tinyrun "${root[@]}" list -q 2>/dev/null)" -- "$cur") ;;
		*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
		esac
		;;
	'' | help) mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur") ;;
	start | kill | delete | exec | state | ps | pause | resume | update | events | checkpoint | port)
		mapfile -t COMPREPLY < <(compgen -W "$(tinyrun "${root[@]}" list -q 2>/dev/null)" -- "$cur")
		;;
	network) mapfile -t COMPREPLY < <(compgen -W 'ls inspect rm prune' -- "$cur") ;;
	esac
}

complete -F _tinyrun tinyrun
