# SPDX-License-Identifier: Apache-2.0
#
# Completion of tinyrun for fish. A unit test holds the options of each verb against the program's
# own tables.

# Of the state root that the command line names.
function __tinyrun_ids
    set -l root
    set -l words (commandline -opc)
    for i in (seq (count $words))
        if test "$words[$i]" = --root; and test $i -lt (count $words)
            set root --root=$words[(math $i + 1)]
        else if string match -q -- '--root=*' "$words[$i]"
            set root $words[$i]
        end
    end
    tinyrun $root list -q 2>/dev/null
end

# No verb yet: what follows an option may be its value.
function __tinyrun_needs_verb
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case --root --log --log-format --log-level --cgroup-manager --rootless --criu
                set -e words[1]
            case '-*'
            case '*'
                return 1
        end
        set -e words[1]
    end
    return 0
end

complete -c tinyrun -f
complete -c tinyrun -s h -l help -d 'print help and exit'

# Global options
set -l nothing __tinyrun_needs_verb
complete -c tinyrun -n $nothing -l root -r -a '(__fish_complete_directories)' -d 'state root'
complete -c tinyrun -n $nothing -l log -r -F -d 'append errors to this file'
complete -c tinyrun -n $nothing -l log-format -x -a 'text json' -d 'how the log is written'
complete -c tinyrun -n $nothing -l log-level -x -a 'error warning info debug' -d 'how much is logged'
complete -c tinyrun -n $nothing -l debug -d 'log everything'
complete -c tinyrun -n $nothing -l systemd-cgroup -d 'let systemd make the cgroup'
complete -c tinyrun -n $nothing -l cgroup-manager -x -a 'cgroupfs systemd disabled' -d 'who makes the cgroup'
complete -c tinyrun -n $nothing -l rootless -x -a 'auto true false' -d 'whether the caller is an ordinary user'
complete -c tinyrun -n $nothing -l criu -r -F -d 'ignored'
complete -c tinyrun -n $nothing -s v -l version -d 'print the version'

# Verbs
complete -c tinyrun -n $nothing -a run -d 'create and start a container, wait for it and delete it'
complete -c tinyrun -n $nothing -a create -d 'make a container from a bundle; it waits for start'
complete -c tinyrun -n $nothing -a start -d 'start the process of a created container'
complete -c tinyrun -n $nothing -a kill -d 'send a signal to a container'
complete -c tinyrun -n $nothing -a delete -d 'remove a stopped container and all that belongs to it'
complete -c tinyrun -n $nothing -a exec -d 'run one more process in a container'
complete -c tinyrun -n $nothing -a do -d 'run a command of this host in a sandbox'
complete -c tinyrun -n $nothing -a serve -d 'serve a directory over HTTP from a container'
complete -c tinyrun -n $nothing -a state -d 'print the state of a container as JSON'
complete -c tinyrun -n $nothing -a list -d 'list the containers of the state root'
complete -c tinyrun -n $nothing -a ps -d 'list the processes of a container'
complete -c tinyrun -n $nothing -a pause -d 'freeze all processes of a container'
complete -c tinyrun -n $nothing -a resume -d 'let the processes of a paused container go on'
complete -c tinyrun -n $nothing -a update -d 'change the limits of a container'
complete -c tinyrun -n $nothing -a events -d 'print what a container uses, again and again'
complete -c tinyrun -n $nothing -a mounts -d 'make mounts in a running container, or take them away'
complete -c tinyrun -n $nothing -a checkpoint -d 'write a running container to files, and end it'
complete -c tinyrun -n $nothing -a restore -d 'make a container from what checkpoint has written'
complete -c tinyrun -n $nothing -a port -d 'print which ports of the host lead to a container'
complete -c tinyrun -n $nothing -a network -d 'list and remove the bridges that containers use'
complete -c tinyrun -n $nothing -a spec -d 'write a default config.json'
complete -c tinyrun -n $nothing -a bundle -d 'make a bundle from programs of this host'
complete -c tinyrun -n $nothing -a plan -d 'print what create would do to the kernel, step by step'
complete -c tinyrun -n $nothing -a features -d 'print what this version can do, as JSON'
complete -c tinyrun -n $nothing -a help -d 'print what the program or a verb does'
complete -c tinyrun -n $nothing -a version -d 'print the version of the program and of the specification'

# run
complete -c tinyrun -n '__fish_seen_subcommand_from run' -s b -l bundle -r -a '(__fish_complete_directories)' -d 'the bundle'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -s f -l config -r -F -d 'configuration to use'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l no-pivot -d 'enter the root by moving its mount'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l no-new-keyring -d 'keep the session keyring'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l preserve-fds -x -d 'pass N more descriptors'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l network -x -a 'bridge none host' -d 'its network'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -s p -l publish -x -d 'lead a port of the host to it'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l ip -x -d 'its IPv4 address'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l ip6 -x -d 'its IPv6 address'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l mac -x -d 'its hardware address'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l mtu -x -d 'its MTU'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l dns -x -d 'name server'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l add-host -x -d 'one more line of /etc/hosts'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l bridge -x -d 'bridge of the host'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l subnet -x -d 'subnet of a new bridge'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l pid-file -r -F -d 'write the process id here'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l console-socket -r -F -d 'send the terminal here'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l pidfd-socket -r -F -d 'send a pidfd here'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -s d -l detach -d 'return when started'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l keep -d 'do not delete'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l no-subreaper -d 'do not adopt orphans'
complete -c tinyrun -n '__fish_seen_subcommand_from run' -l trace -d 'print times'

# create
complete -c tinyrun -n '__fish_seen_subcommand_from create' -s b -l bundle -r -a '(__fish_complete_directories)' -d 'the bundle'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -s f -l config -r -F -d 'configuration to use'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l no-pivot -d 'enter the root by moving its mount'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l no-new-keyring -d 'keep the session keyring'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l preserve-fds -x -d 'pass N more descriptors'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l network -x -a 'bridge none host' -d 'its network'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -s p -l publish -x -d 'lead a port of the host to it'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l ip -x -d 'its IPv4 address'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l ip6 -x -d 'its IPv6 address'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l mac -x -d 'its hardware address'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l mtu -x -d 'its MTU'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l dns -x -d 'name server'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l add-host -x -d 'one more line of /etc/hosts'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l bridge -x -d 'bridge of the host'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l subnet -x -d 'subnet of a new bridge'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l pid-file -r -F -d 'write the process id here'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l console-socket -r -F -d 'send the terminal here'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l pidfd-socket -r -F -d 'send a pidfd here'
complete -c tinyrun -n '__fish_seen_subcommand_from create' -l no-subreaper -d 'ignored'

# kill
complete -c tinyrun -n '__fish_seen_subcommand_from kill' -s a -l all -d 'signal every process'
complete -c tinyrun -n '__fish_seen_subcommand_from kill' -s r -l regex -d 'ID is a regular expression'

# delete
complete -c tinyrun -n '__fish_seen_subcommand_from delete' -s f -l force -d 'kill it first'
complete -c tinyrun -n '__fish_seen_subcommand_from delete' -s r -l regex -d 'ID is a regular expression'

# exec
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -s p -l process -r -F -d 'what to run'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -s t -l tty -d 'give it a terminal'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -s d -l detach -d 'return when started'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -s u -l user -x -d 'who runs it'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -s g -l additional-gids -x -d 'one more group'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -l cwd -x -d 'where it starts'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -s e -l env -x -d 'one more variable'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -s c -l cap -x -d 'one more capability'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -l no-new-privs -d 'no more rights'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -l pid-file -r -F -d 'write the process id here'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -l console-socket -r -F -d 'send the terminal here'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -l pidfd-socket -r -F -d 'send a pidfd here'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -l preserve-fds -x -d 'pass N more descriptors'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -l cgroup -x -d 'part of the cgroup'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -l ignore-paused -d 'also when paused'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -l process-label -x -d 'SELinux label'
complete -c tinyrun -n '__fish_seen_subcommand_from exec' -l apparmor -x -d 'AppArmor profile'

# do
complete -c tinyrun -n '__fish_seen_subcommand_from do' -s b -l bind -r -F -d 'show a file or directory'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -s e -l env -x -d 'one more variable'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -s C -l cwd -r -a '(__fish_complete_directories)' -d 'where it starts'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -s u -l user -x -d 'who to be'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -l hostname -x -d 'name inside'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -s m -l memory -x -d 'limit'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -l pids -x -d 'limit of processes'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -s t -l tty -d 'give it a terminal'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -l network -x -a 'bridge none host' -d 'its network'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -s p -l publish -x -d 'lead a port of the host to it'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -l ip -x -d 'its IPv4 address'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -l ip6 -x -d 'its IPv6 address'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -l mac -x -d 'its hardware address'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -l mtu -x -d 'its MTU'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -l dns -x -d 'name server'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -l add-host -x -d 'one more line of /etc/hosts'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -l bridge -x -d 'bridge of the host'
complete -c tinyrun -n '__fish_seen_subcommand_from do' -l subnet -x -d 'subnet of a new bridge'

# serve
complete -c tinyrun -n '__fish_seen_subcommand_from serve' -s p -l port -x -d 'of the host'
complete -c tinyrun -n '__fish_seen_subcommand_from serve' -s m -l memory -x -d 'limit'
complete -c tinyrun -n '__fish_seen_subcommand_from serve' -l name -x -d 'of the container'
complete -c tinyrun -n '__fish_seen_subcommand_from serve' -s d -l detach -d 'return when it answers'
complete -c tinyrun -n '__fish_seen_subcommand_from serve' -l init -d 'make a first page'
complete -c tinyrun -n '__fish_seen_subcommand_from serve' -l as-owner -d 'serve what the owner may read'
complete -c tinyrun -n '__fish_seen_subcommand_from serve' -l listing -d 'list directories'
complete -c tinyrun -n '__fish_seen_subcommand_from serve' -l log -x -a 'common combined json off' -d 'access log'
complete -c tinyrun -n '__fish_seen_subcommand_from serve' -l httpd -r -F -d 'the server'

# list
complete -c tinyrun -n '__fish_seen_subcommand_from list' -s f -l format -x -a 'table json' -d 'how to print'
complete -c tinyrun -n '__fish_seen_subcommand_from list' -s q -l quiet -d 'ids alone'

# ps
complete -c tinyrun -n '__fish_seen_subcommand_from ps' -s f -l format -x -a 'table json' -d 'how to print'

# update
complete -c tinyrun -n '__fish_seen_subcommand_from update' -s r -l resources -r -F -d 'the limits as JSON'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l memory -x -d 'memory'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l memory-reservation -x -d 'memory that is kept'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l memory-swap -x -d 'memory and swap together'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l cpu-share -x -d 'weight among others'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l cpu-quota -x -d 'microseconds in each period'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l cpu-period -x -d 'length of a period'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l cpu-burst -x -d 'what may be saved up'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l cpu-idle -x -a '0 1' -d 'only what nobody else wants'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l cpuset-cpus -x -d 'processors'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l cpuset-mems -x -d 'memory nodes'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l pids-limit -x -d 'number of processes'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l blkio-weight -x -d 'share of the disks'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l cpu-rt-period -x -d 'not supported'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l cpu-rt-runtime -x -d 'not supported'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l l3-cache-schema -x -d 'share of the cache'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l mem-bw-schema -x -d 'share of memory bandwidth'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l kernel-memory -x -d 'ignored'
complete -c tinyrun -n '__fish_seen_subcommand_from update' -l kernel-memory-tcp -x -d 'ignored'

# events
complete -c tinyrun -n '__fish_seen_subcommand_from events' -l stats -d 'print once'
complete -c tinyrun -n '__fish_seen_subcommand_from events' -l interval -x -d 'time between two reports'

# port
complete -c tinyrun -n '__fish_seen_subcommand_from port' -s f -l format -x -a 'text json' -d 'how to print'

# network
complete -c tinyrun -n '__fish_seen_subcommand_from network' -a 'ls inspect rm prune'
complete -c tinyrun -n '__fish_seen_subcommand_from network' -s f -l format -x -a 'table json' -d 'how ls prints'

# spec
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -s b -l bundle -r -a '(__fish_complete_directories)' -d 'where to'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -s f -l file -r -F -d 'name of the file'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -l rootless -d 'for an ordinary user'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -s a -l arg -x -d 'program and arguments'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -s e -l env -x -d 'variable'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -l cwd -x -d 'where it starts'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -s u -l user -x -d 'who runs it'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -s t -l terminal -d 'on a terminal'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -l cap -x -d 'one more capability'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -l hostname -x -d 'its name'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -l rootfs -r -a '(__fish_complete_directories)' -d 'its root'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -l read-only -d 'the root cannot be written to'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -l mount -x -d 'one more mount'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -s m -l memory -x -d 'limit'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -l cpus -x -d 'limit in processors'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -l pids-limit -x -d 'limit of processes'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -l annotation -x -d 'one more annotation'
complete -c tinyrun -n '__fish_seen_subcommand_from spec' -l seccomp -d 'with the default filter'

# bundle
complete -c tinyrun -n '__fish_seen_subcommand_from bundle' -l from -x -a '(__fish_complete_command)' -d 'a program'
complete -c tinyrun -n '__fish_seen_subcommand_from bundle' -l copy -r -F -d 'a file or directory'
complete -c tinyrun -n '__fish_seen_subcommand_from bundle' -l nss -d 'look-up of names'
complete -c tinyrun -n '__fish_seen_subcommand_from bundle' -l ca -d 'certificates'
complete -c tinyrun -n '__fish_seen_subcommand_from bundle' -l rootless -d 'for an ordinary user'

# plan
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -s b -l bundle -r -a '(__fish_complete_directories)' -d 'the bundle'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -s f -l config -r -F -d 'configuration to use'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -l no-pivot -d 'enter the root by moving its mount'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -l no-new-keyring -d 'keep the session keyring'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -l preserve-fds -x -d 'pass N more descriptors'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -l network -x -a 'bridge none host' -d 'its network'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -s p -l publish -x -d 'lead a port of the host to it'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -l ip -x -d 'its IPv4 address'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -l ip6 -x -d 'its IPv6 address'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -l mac -x -d 'its hardware address'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -l mtu -x -d 'its MTU'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -l dns -x -d 'name server'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -l add-host -x -d 'one more line of /etc/hosts'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -l bridge -x -d 'bridge of the host'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -l subnet -x -d 'subnet of a new bridge'
complete -c tinyrun -n '__fish_seen_subcommand_from plan' -l format -x -a 'text json' -d 'how to print'

# checkpoint
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l image-path -r -a '(__fish_complete_directories)' -d 'directory of the images'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l work-path -r -a '(__fish_complete_directories)' -d 'directory of the log'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l tcp-established -d 'with open TCP connections'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l ext-unix-sk -d 'with sockets to outside'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l shell-job -d 'with a terminal of outside'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l file-locks -d 'with file locks'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l auto-dedup -d 'let doubled pages go'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l lazy-pages -d 'memory on demand'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l manage-cgroups-mode -x -a 'soft full strict ignore' -d 'what is done about cgroups'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l network-lock -x -a 'default iptables nftables skip' -d 'how connections are held'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l empty-ns -x -a 'network' -d 'leave this namespace out'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l leave-running -d 'let it go on'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l pre-dump -d 'only the memory'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l parent-path -r -a '(__fish_complete_directories)' -d 'an earlier one'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l tcp-skip-in-flight -d 'leave new connections out'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l link-remap -d 'with deleted files'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l page-server -x -d 'send the memory there'
complete -c tinyrun -n '__fish_seen_subcommand_from checkpoint' -l status-fd -x -d 'tell when ready'

# restore
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l network -x -a 'bridge none host' -d 'its network'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -s p -l publish -x -d 'lead a port of the host to it'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l ip -x -d 'its IPv4 address'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l ip6 -x -d 'its IPv6 address'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l mac -x -d 'its hardware address'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l mtu -x -d 'its MTU'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l dns -x -d 'name server'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l add-host -x -d 'one more line of /etc/hosts'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l bridge -x -d 'bridge of the host'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l subnet -x -d 'subnet of a new bridge'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l pid-file -r -F -d 'write the process id here'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l console-socket -r -F -d 'send the terminal here'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l pidfd-socket -r -F -d 'send a pidfd here'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -s b -l bundle -r -a '(__fish_complete_directories)' -d 'the bundle'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -s f -l config -r -F -d 'configuration to use'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -s d -l detach -d 'return when started'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l keep -d 'do not delete'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l no-subreaper -d 'do not adopt orphans'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l image-path -r -a '(__fish_complete_directories)' -d 'directory of the images'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l work-path -r -a '(__fish_complete_directories)' -d 'directory of the log'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l tcp-established -d 'with open TCP connections'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l ext-unix-sk -d 'with sockets to outside'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l shell-job -d 'with a terminal of outside'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l file-locks -d 'with file locks'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l auto-dedup -d 'let doubled pages go'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l lazy-pages -d 'memory on demand'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l manage-cgroups-mode -x -a 'soft full strict ignore' -d 'what is done about cgroups'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l network-lock -x -a 'default iptables nftables skip' -d 'how connections are held'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l empty-ns -x -a 'network' -d 'leave this namespace out'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l tcp-close -d 'close open TCP connections'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l lsm-profile -x -d 'another profile'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l lsm-mount-context -x -d 'another context of mounts'
complete -c tinyrun -n '__fish_seen_subcommand_from restore' -l no-pivot -d 'ignored'

# mounts
complete -c tinyrun -n '__fish_seen_subcommand_from mounts' -F -a 'add remove (__tinyrun_ids)'

# Arguments
complete -c tinyrun -n '__fish_seen_subcommand_from start kill delete exec state ps pause resume update events port checkpoint' -a '(__tinyrun_ids)'
complete -c tinyrun -n '__fish_seen_subcommand_from help' -a 'run create start kill delete exec do serve state list ps pause resume update events port network mounts checkpoint restore spec bundle plan features help version'
