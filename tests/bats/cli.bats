#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# cli - what the program says about itself, and what it says to a wrong call.

load helpers

VERBS='run create start kill delete state list ps pause resume exec update events checkpoint restore spec plan features help version'

# Runs with stdout and stderr in files: sets $status, $OUT and $ERR.
apart() {
	status=0
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	OUT=$(cat "$BATS_TEST_TMPDIR/out") ERR=$(cat "$BATS_TEST_TMPDIR/err")
	output=$OUT$ERR # for what assert_status prints
}

@test "cli: --help lists every verb, on standard output" {
	apart tr --help
	assert_status 0
	[ -z "$ERR" ]
	for verb in $VERBS; do
		[[ $OUT == *"  $verb "* ]]
	done
}

@test "cli: every verb has help, by option and by the verb help" {
	for verb in $VERBS; do
		apart tr "$verb" --help
		assert_status 0
		[ -z "$ERR" ]
		[[ $OUT == "usage: tinyrun $verb"* ]]
		[ "$(tr help "$verb")" = "$OUT" ]
	done
}

@test "cli: --version has the lines that docker, nerdctl and podman read" {
	apart tr --version
	assert_status 0
	[ -z "$ERR" ]
	[[ ${OUT%%$'\n'*} =~ ^tinyrun\ version\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	grep -q '^commit: .' <<<"$OUT"
	grep -qx 'spec: 1\.3\.0' <<<"$OUT"
	[ "$(grep -o version <<<"$OUT" | wc -l)" -eq 1 ]
	[ "$(tr -v)" = "$OUT" ]
	[ "$(tr -V)" = "$OUT" ]
	[ "$(tr version)" = "$OUT" ]
}

@test "cli: without a verb it is one line and exit 1" {
	apart tr
	assert_status 1
	[ -z "$OUT" ]
	[ "$(wc -l <<<"$ERR")" -eq 1 ]
	[[ $ERR == "tinyrun: no verb was given; usage: "* ]]
}

@test "cli: a misspelt verb names the nearest one" {
	run tr statr x
	assert_status 1
	assert_output_is 'tinyrun: there is no verb "statr" (did you mean start?)' ||
		assert_output_is 'tinyrun: there is no verb "statr" (did you mean state?)'
}

@test "cli: a misspelt option names the nearest one" {
	run tr create --bundel /b x
	assert_status 1
	assert_output_is 'tinyrun: create: unknown flag --bundel (did you mean --bundle?)'
	run "$TINYRUN" --rooot /r list
	assert_status 1
	assert_output_is 'tinyrun: unknown flag --rooot (did you mean --root?)'
}

@test "cli: too few and too many arguments are one line with the usage" {
	for verb in run create start kill delete state; do
		run tr "$verb"
		assert_status 1
		assert_one_line
		assert_output_has "too few arguments; usage: tinyrun $verb"
	done
	for verb in run create start delete state; do
		run tr "$verb" a b
		assert_status 1
		assert_one_line
		assert_output_has "too many arguments; usage: tinyrun $verb"
	done
	run tr list a
	assert_status 1
}

@test "cli: an option without its value says what podman looks for" {
	run tr create --bundle
	assert_status 1
	assert_output_is 'tinyrun: create: flag needs an argument: --bundle'
}

@test "cli: an id that is none is refused by every verb" {
	make_bundle
	mkdir -p "$ROOT"
	for id in ../x .. . a/b '' '-' '.x' "$(printf '%0129d' 0)" 'a b' $'a\nb'; do
		for verb in run create start state kill delete; do
			case $verb in
			run | create) run tr "$verb" -b "$BUNDLE" -- "$id" ;;
			*) run tr "$verb" -- "$id" ;;
			esac
			assert_status 1
			assert_one_line
			assert_output_has 'invalid container ID format'
		done
	done
}

@test "cli: a failure is one line of the JSON log, appended" {
	mkdir -p "$ROOT"
	local log=$BATS_TEST_TMPDIR/log.json
	run tr --log "$log" --log-format json state "$UNIQ-none"
	assert_status 1
	assert_one_line
	run tr --log="file:$log" --log-format=json start "$UNIQ-none"
	assert_status 1
	[ "$(wc -l <"$log")" -eq 2 ]
	[ "$(jq -r .level "$log" | sort -u)" = error ]
	jq -e '.time | sub("\\.[0-9]+"; "") | fromdateiso8601' "$log" >/dev/null
	[[ $(jq -r .msg "$log" | head -n 1) == "state $UNIQ-none: "* ]]
}

@test "cli: a wrong call is in the log too" {
	local log=$BATS_TEST_TMPDIR/log.json
	run tr --log "$log" --log-format json create --nonsense x
	assert_status 1
	[[ $(jq -r .msg "$log") == *'unknown flag --nonsense'* ]]
	run tr --log "$log" --log-format json migrate x
	assert_status 1
	[[ $(jq -r .msg "$log" | tail -n 1) == *'no verb "migrate"'* ]]
}

@test "cli: a log that cannot be opened is an error" {
	run tr --log /nowhere/log list
	assert_status 1
	assert_one_line
	assert_output_has /nowhere/log
}

@test "cli: options that only other runtimes have a use for are accepted" {
	mkdir -p "$ROOT"
	apart tr --criu /usr/bin/criu --rootless=auto --debug=false --log-level warning list -q
	assert_status 0
	[ -z "$ERR" ]
}

@test "cli: every option of every verb of runc and of crun is read, in each spelling" {
	local verb names value whose name calls=0

	cd "$BATS_TEST_TMPDIR"
	while read -r verb names value whose; do
		[ "$verb" != '#' ] || continue
		[ -n "$whose" ]
		[ "$verb" != - ] || verb=
		[ "$value" != - ] || value=
		for name in ${names//,/ }; do
			# --help ends the reading: what stands before it was understood, and nothing is done
			# shellcheck disable=SC2086 # no word, or one
			run "$TINYRUN" $verb "$name" $value --help
			assert_status 0
			assert_output_has 'usage: tinyrun'
			calls=$((calls + 1))
			# with one dash too, as Go's programs are called
			# shellcheck disable=SC2086
			[[ $name != --* ]] || "$TINYRUN" $verb "${name#-}" $value --help >/dev/null
			[[ $name == --* && -n $value ]] || continue
			# shellcheck disable=SC2086
			run "$TINYRUN" $verb "$name=$value" --help
			assert_status 0
		done
	done <"$BATS_TEST_DIRNAME/flags.txt"
	[ "$calls" -gt 130 ]
}

@test "cli: help is asked for in the words of both peers" {
	local verb word

	for word in --help -h '-?' --usage -help; do
		run "$TINYRUN" "$word"
		assert_status 0
		assert_output_has 'usage: tinyrun [global options] VERB'
		for verb in run exec checkpoint; do
			run "$TINYRUN" "$verb" "$word"
			assert_status 0
			assert_output_has "usage: tinyrun $verb"
		done
	done
}

@test "cli: wrong words for options are refused with the words that are right" {
	run tr --log-format xml list
	assert_status 1
	assert_output_is 'tinyrun: --log-format: "xml" is not one of text|json'
	run tr list -f xml
	assert_status 1
	assert_output_is 'tinyrun: list: --format: "xml" is not one of table|json'
	run tr create --preserve-fds -1 x
	assert_status 1
	assert_output_has '"-1" is not a number'
}

@test "spec: the file is what create reads, and is not overwritten" {
	local dir=$BATS_TEST_TMPDIR/spec
	mkdir "$dir"
	apart tr spec -b "$dir"
	assert_status 0
	[ -z "$OUT$ERR" ]
	jq -e '.ociVersion == "1.3.0" and .process.args[0] and .linux.namespaces' \
		"$dir/config.json" >/dev/null
	run tr spec -b "$dir"
	assert_status 1
	assert_output_is 'tinyrun: spec: File config.json exists. Remove it first'
}

@test "spec: --rootless maps the caller, --file gives another name" {
	local dir=$BATS_TEST_TMPDIR/spec
	mkdir "$dir"
	(cd "$dir" && tr spec --rootless --file mine.json)
	jq -e --argjson uid "$(id -u)" '.linux.namespaces | any(.type == "user")' \
		"$dir/mine.json" >/dev/null
	jq -e --argjson uid "$(id -u)" '.linux.uidMappings[0].hostID == $uid' \
		"$dir/mine.json" >/dev/null
	[ ! -e "$dir/config.json" ]
}

@test "spec: what the options say is in the file, each of it" {
	local dir=$BATS_TEST_TMPDIR/spec f=$BATS_TEST_TMPDIR/spec/config.json
	mkdir "$dir"
	cd "$dir"
	tr spec --arg sh --arg -c --arg 'echo "a" \t' -e A=1 --env TERM=dumb --cwd /tmp -u 5:6 \
		--terminal=false --cap CAP_CHOWN --hostname box --rootfs /r --read-only=false \
		--mount src=/a,dst=/b,readonly --mount type=tmpfs,target=/dev/shm,size=1m -m 64m --cpus 1.5 \
		--pids-limit 9 --annotation a.b=c=d --seccomp
	jq -e '.process.args == ["sh", "-c", "echo \"a\" \\t"] and .process.cwd == "/tmp" and
		(.process.env | length == 3 and index("A=1") and index("TERM=dumb")) and
		.process.user == {uid: 5, gid: 6} and (.process.terminal | not) and
		(.process.capabilities | all(.[]; index("CAP_CHOWN") and index("CAP_KILL"))) and
		.hostname == "box" and .root == {path: "/r", readonly: false} and
		.annotations == {"a.b": "c=d"}' "$f" >/dev/null
	jq -e '.mounts[-2] == {destination: "/b", type: "none", source: "/a", options: ["ro", "rbind"]} and
		[.mounts[] | select(.destination == "/dev/shm")] ==
		[{destination: "/dev/shm", type: "tmpfs", source: "tmpfs", options: ["size=1m"]}]' "$f" >/dev/null
	jq -e '.linux.seccomp.defaultAction and (.linux.resources | del(.devices)) == {memory: {limit: 67108864},
		cpu: {quota: 150000, period: 100000}, pids: {limit: 9}}' "$f" >/dev/null
	rm "$f"
	tr spec --rootless --memory 1m
	jq -e '.linux.resources == {memory: {limit: 1048576}} and .linux.uidMappings' "$f" >/dev/null
}

@test "spec: a container runs by what the options say" {
	require root
	make_bundle
	rm "$BUNDLE/config.json"
	# shellcheck disable=SC2016 # the container's variables
	tr spec -b "$BUNDLE" --terminal=false --arg /bin/sh --arg -c \
		--arg 'echo $A $(id -u):$(id -g) $(pwd) $(hostname) $(cat /data/file); touch /data/x || touch /x && echo wrote' \
		--env A=b --user 7:8 --cwd /tmp --hostname box --mount "src=$BATS_TEST_TMPDIR,dst=/data,ro" \
		--read-only=false --seccomp
	chmod 777 "$ROOTFS"
	echo content >"$BATS_TEST_TMPDIR/file"
	chmod a+rx "$BATS_TEST_TMPDIR"
	run tr run -b "$BUNDLE" "$ID"
	assert_status 0
	[ "${lines[0]}" = "b 7:8 /tmp box content" ]
	assert_output_has "Read-only file system"
	[ "${lines[-1]}" = wrote ]
}

@test "spec: an option that makes no sense is one line, and no file is made" {
	local call

	mkdir "$BATS_TEST_TMPDIR/spec"
	cd "$BATS_TEST_TMPDIR/spec"
	while IFS='|' read -r call message; do
		# shellcheck disable=SC2086 # the call's words
		run tr spec $call
		assert_status 1
		assert_one_line
		assert_output_has "$message"
		[ ! -e config.json ]
	done <<-'END'
		--mount x|--mount: "x" needs destination=
		--mount dst=/x|--mount: "dst=/x" needs source=
		--mount src=/a,dst=/x,nonsense|mounts[7].options[0]
		--cap X|unknown capability "X"
		--cpus 0|--cpus: found "0", want a number from 0.01
		--cpus 1.5.5|--cpus: found "1.5.5"
		--memory 0|--memory: found "0", want bytes
		--env x|--env: "x" is not NAME=VALUE
		--user -1|--user: "-1" is not UID[:GID]
		--cwd rel|process.cwd
		--arg=|process.args[0]
		--annotation x|--annotation: "x" is not NAME=VALUE
		--rootfs=|root.path
		--pids-limit x|--pids-limit: found "x", want a number of processes from 1 to 4194304
		--pids-limit 0|found "0", want a number of processes from 1 to 4194304: without the option
		--terminal=maybe|"maybe" is neither true nor false
	END
}

@test "spec: a bundle that is not there is one line" {
	run tr spec -b /nowhere
	assert_status 1
	assert_one_line
}

@test "features: JSON with what containerd, CRI-O and docker look for" {
	apart tr features
	assert_status 0
	[ -z "$ERR" ]
	jq -e '(.ociVersionMin | length > 0) and .ociVersionMax == "1.3.0" and
		(.mountOptions | index("rro")) and (.hooks | length == 6) and
		(.linux.namespaces | length == 8) and .linux.cgroup.v2 and
		(.linux.capabilities | index("CAP_SYS_ADMIN")) and .linux.seccomp.enabled and
		(.linux.seccomp.actions | index("SCMP_ACT_ERRNO")) and
		(.linux.mountExtensions.idmap | has("enabled")) and
		(.annotations | has("org.opencontainers.runc.checkpoint.enabled"))' <<<"$OUT" >/dev/null
}

@test "features: every member of the specification's document is there, of its type, and no other" {
	# features.md and features-linux.md of runtime-spec 1.3, but for annotations
	local want='hooks array
linux.apparmor.enabled boolean
linux.capabilities array
linux.cgroup.rdma boolean
linux.cgroup.systemd boolean
linux.cgroup.systemdUser boolean
linux.cgroup.v1 boolean
linux.cgroup.v2 boolean
linux.intelRdt.enabled boolean
linux.intelRdt.monitoring boolean
linux.intelRdt.schemata boolean
linux.memoryPolicy.flags array
linux.memoryPolicy.modes array
linux.mountExtensions.idmap.enabled boolean
linux.namespaces array
linux.netDevices.enabled boolean
linux.seccomp.actions array
linux.seccomp.archs array
linux.seccomp.enabled boolean
linux.seccomp.knownFlags array
linux.seccomp.operators array
linux.seccomp.supportedFlags array
linux.selinux.enabled boolean
mountOptions array
ociVersionMax string
ociVersionMin string
potentiallyUnsafeConfigAnnotations array'
	apart tr features
	assert_status 0
	diff <(echo "$want") <(jq -r 'del(.annotations) | paths(type != "object") as $p |
		select($p | all(type == "string")) | "\($p | join(".")) \(getpath($p) | type)"' <<<"$OUT" |
		LC_ALL=C sort)
	jq -e '.annotations | all(.[]; type == "string")' <<<"$OUT" >/dev/null
	jq -e '[.. | arrays] | all(.[]; length > 0 and all(.[]; type == "string") and
		length == (unique | length))' <<<"$OUT" >/dev/null
}

# A configuration that has one word more: plan takes it, or refuses it.
takes() {
	run tr plan -b "$BUNDLE"
	assert_status 0
}

refuses() { # JQ-EXPRESSION WORD
	cp "$BUNDLE/config.json" "$BATS_TEST_TMPDIR/kept"
	config "$1"
	run tr plan -b "$BUNDLE"
	cp "$BATS_TEST_TMPDIR/kept" "$BUNDLE/config.json"
	assert_status 1 # else plan takes $2
	assert_output_has "$2"
}

@test "features: what is listed is taken by plan, and what is not is refused" {
	make_bundle
	tr features >"$BATS_TEST_TMPDIR/features"
	config --slurpfile f "$BATS_TEST_TMPDIR/features" '$f[0] as $f | .ociVersion = $f.ociVersionMax |
		.linux.namespaces = [$f.linux.namespaces[] | {type: .}] |
		.linux.uidMappings = [{containerID: 0, hostID: 0, size: 9}] | .linux.gidMappings = .linux.uidMappings |
		.process.capabilities.bounding = $f.linux.capabilities |
		.hooks = ($f.hooks | map({(.): [{path: "/bin/true"}]}) | add) |
		.mounts += [$f.mountOptions[] | {destination: "/m", source: "/s", type: "tmpfs",
			options: (if . == "tmpcopyup" then [.] else ["bind", .] end)}] |
		.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", architectures: $f.linux.seccomp.archs,
			flags: $f.linux.seccomp.supportedFlags, listenerPath: "/run/l", syscalls: (
			[$f.linux.seccomp.actions[] | {names: ["getpid"], action: .}] +
			[$f.linux.seccomp.operators[] | {names: ["kill"], action: "SCMP_ACT_ALLOW",
				args: [{index: 0, value: 1, valueTwo: 1, op: .}]}])}'
	takes
	config --slurpfile f "$BATS_TEST_TMPDIR/features" '.ociVersion = $f[0].ociVersionMin'
	takes
	for mode in $(jq -r '.linux.memoryPolicy.modes[]' "$BATS_TEST_TMPDIR/features"); do
		config --arg m "$mode" '.linux.memoryPolicy = {mode: $m} |
			if $m == "MPOL_DEFAULT" or $m == "MPOL_LOCAL" then . else .linux.memoryPolicy.nodes = "0" end'
		takes
	done
	for flag in $(jq -r '.linux.memoryPolicy.flags[]' "$BATS_TEST_TMPDIR/features"); do
		config --arg f "$flag" '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: [$f]}'
		takes
	done
	refuses '.linux.namespaces += [{type: "net"}]' '"net"'
	refuses '.mounts += [{destination: "/m", source: "/s", options: ["rbind", "rdirsync"]}]' rdirsync
	refuses '.linux.seccomp.defaultAction = "SCMP_ACT_DENY"' SCMP_ACT_DENY
	refuses '.linux.seccomp.syscalls[0].action = "SCMP_ACT_DENY"' SCMP_ACT_DENY
	refuses '.linux.seccomp.architectures += ["SCMP_ARCH_VAX"]' SCMP_ARCH_VAX
	refuses '.linux.seccomp.flags += ["SECCOMP_FILTER_FLAG_NEW_LISTENER"]' SECCOMP_FILTER_FLAG_NEW_LISTENER
	refuses '.linux.seccomp.syscalls[-1].args[0].op = "SCMP_CMP_ANY"' SCMP_CMP_ANY
	refuses '.linux.memoryPolicy = {mode: "MPOL_NEAR", nodes: "0"}' MPOL_NEAR
	refuses '.linux.memoryPolicy.flags = ["MPOL_F_NODE"]' MPOL_F_NODE
	refuses '.linux.rootfsPropagation = "rbind"' rbind
	refuses '.ociVersion = "2.0.0"' 2.0.0
}

@test "features: a container has a mount with each option that is listed" {
	require root
	make_bundle
	mkdir "$BATS_TEST_TMPDIR/src"
	tr features >"$BATS_TEST_TMPDIR/features"
	# those of ids need a file system that can map them
	config --slurpfile f "$BATS_TEST_TMPDIR/features" --arg s "$BATS_TEST_TMPDIR/src" '.mounts += [
		$f[0].mountOptions - ["idmap", "ridmap"] | .[] |
		{destination: "/dev/shm/\(if . == "remount" then "" else . end)", source: $s, type: "tmpfs",
			options: (if IN("remount", "tmpcopyup", "sync", "dirsync", "lazytime") then [.] else ["bind", .] end)}]'
	args grep -c ' /dev/shm/[a-z-]* ' /proc/self/mountinfo
	run tr run -b "$BUNDLE" "$ID"
	assert_status 0
	[ "${lines[-1]}" = "$(($(jq '.mountOptions | length' "$BATS_TEST_TMPDIR/features") - 3))" ]
}

@test "features: annotations that change a container are listed, so that engines can keep them away" {
	apart tr features
	jq -e '.potentiallyUnsafeConfigAnnotations | sort == ["org.criu.config", "org.systemd.property.",
		"org.tinyrun.network.", "run.oci.delegate-cgroup", "run.oci.hooks.stderr",
		"run.oci.hooks.stdout", "run.oci.keep_original_groups", "run.oci.mount_context_type",
		"run.oci.pidfd_receiver", "run.oci.seccomp.receiver",
		"run.oci.seccomp_fail_unknown_syscall", "run.oci.systemd.subgroup"]' <<<"$OUT" >/dev/null
	# whatever the sources look for is one of them; those in annotations.c are refused
	grep -rhoE --exclude=annotations.c '"(org|run)\.(oci|criu|systemd|tinyrun)\.[a-z_.-]+"' "$BATS_TEST_DIRNAME/../../src" \
		"$BATS_TEST_DIRNAME/../../include" | grep -v '"org.tinyrun.\(version\|commit\)"' | command tr -d '"' |
		sort -u >"$BATS_TEST_TMPDIR/read"
	[ -s "$BATS_TEST_TMPDIR/read" ]
	diff <(jq -r '.potentiallyUnsafeConfigAnnotations[]' <<<"$OUT" | sort) "$BATS_TEST_TMPDIR/read"
}

@test "features: standard output and error together are still JSON" {
	"$TINYRUN" features 2>&1 | jq -e .linux >/dev/null
}

@test "list: a missing root that was named is an error, an empty one is an empty list" {
	run tr list
	assert_status 1
	assert_one_line
	mkdir -p "$ROOT"
	[ "$(tr list --format json)" = '[]' ]
	[ -z "$(tr list -q)" ]
	run tr list
	assert_status 0
	assert_one_line
	[[ $output =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER$ ]]
}

@test "cli: where the named root is missing, so is every container in it" {
	run tr state "$UNIQ-none"
	assert_status 1
	assert_output_has 'does not exist'
	run tr delete --force "$UNIQ-none"
	assert_status 0
	assert_output_is ''
	[ ! -e "$ROOT" ]
}

@test "cli: a full standard output is an error" {
	mkdir -p "$ROOT"
	for call in --help --version features 'list --format json' 'kill --help'; do
		# shellcheck disable=SC2086 # the call's words
		run bash -c '"$@" >/dev/full' -- "$TINYRUN" --root "$ROOT" $call
		assert_status 1
		assert_one_line
		assert_output_has 'No space left on device'
	done
}

@test "cli: closed standard descriptors are no trouble" {
	local dir=$BATS_TEST_TMPDIR/closed
	mkdir -p "$dir" "$ROOT"
	tr features <&- 2>&- | jq -e .linux >/dev/null
	tr spec -b "$dir" <&- >&- 2>&-
	# the file is JSON alone: nothing else was written to a descriptor of the same number
	jq -e .ociVersion "$dir/config.json" >/dev/null
	status=0
	tr --log "$dir/log" --log-format json state "$UNIQ-none" <&- >&- 2>&- || status=$?
	assert_status 1
	jq -e '.level == "error"' "$dir/log" >/dev/null
}

@test "cli: control bytes in an argument do not reach the terminal" {
	mkdir -p "$ROOT"
	run tr state $'a\e[2Jb'
	assert_status 1
	assert_one_line
	[[ $output != *$'\e'* ]]
}

@test "plan: what create would do is printed, and nothing is done" {
	make_bundle
	apart tr plan -b "$BUNDLE"
	assert_status 0
	[ -z "$ERR" ]
	[ "$(wc -l <<<"$OUT")" -gt 20 ]
	[[ $OUT == *mounts\[* ]]
	tr plan -b "$BUNDLE" --format json | jq -e 'length > 20' >/dev/null
	assert_nothing_left
}

# "--format -f table|json", a line for each option of a verb that takes a value; -: it has no letter.
options_with_values() {
	"$TINYRUN" "$1" --help |
		sed -nE 's/^ +(-(.), +)?--([a-z0-9-]+) ([^ ]+)(  .*)?$/--\3 -\2 \4/p'
}

# What bash would offer behind these words, the last of which is being written.
completed() {
	bash -c '
		source "$0"
		tinyrun() { echo some-container; }
		COMP_WORDS=(tinyrun "$@") COMP_CWORD=$#
		_tinyrun
		echo "${COMPREPLY[*]}"' "$COMPLETIONS/tinyrun.bash" "$@"
}

# What zsh and fish have for an option of a verb; zsh keeps some in arrays that verbs share.
zsh_has() {
	grep -E "^	\($1\) |^		'" "$COMPLETIONS/_tinyrun" | grep -oE -- "$2\}?'?\[[^]]*\][^']*"
}

fish_has() {
	grep -F "_from $1'" "$COMPLETIONS/tinyrun.fish" | grep -F -- "-l ${2#--} "
}

@test "completions: the value of an option is what the verb's help says" {
	local verb option letter value word n=0

	COMPLETIONS=$(dirname "$BATS_TEST_DIRNAME")/../completions
	for verb in $("$TINYRUN" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
		while read -r option letter value; do
			n=$((n + 1))
			echo "$verb $option $letter $value"
			zsh_has "$verb" "$option" | grep -qE '\]:.*:'
			fish_has "$verb" "$option" | grep -qE -- ' -[rx] '
			for word in "$option" $([ "$letter" = - ] || echo "$letter"); do
				word=$(completed "$verb" "$word" "")
				[[ $word != *some-container* ]]
				[[ $value != *\|* || $value == FILE* || $word = "${value//|/ }" || "$word PATH" = "${value//|/ }" ]]
			done
			[[ $value == *\|* && $value != FILE* ]] || continue
			value=${value//|/ } value=${value% PATH}
			zsh_has "$verb" "$option" | grep -qF "($value)"
			fish_has "$verb" "$option" | grep -qF -- "-a '$value'"
		done < <(options_with_values "$verb")
	done
	[ "$n" -gt 100 ]
}

@test "completions: bash has the state root that was named, with = and without" {
	COMPLETIONS=$(dirname "$BATS_TEST_DIRNAME")/../completions
	[ "$(completed --root /x state "")" = some-container ]
	[ "$(completed --root = /x state "")" = some-container ]
	[ "$(completed --log-format = json run --b)" = "--bundle --bridge" ]
	[ "$(completed --log-format = "")" = "text json" ]
	[ "$(completed --log-format =)" = "text json" ]
}
