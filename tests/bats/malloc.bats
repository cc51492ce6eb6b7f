#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Programs of the system with libtinymalloc preloaded: the same output as without, and what the
# environment variables do.

setup() {
	lib=$(dirname "$TINYRUN")/.libs/libtinymalloc.so.0
	[ -e "$lib" ] || skip "libtinymalloc is not built: $lib"
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	[ -z "${server-}" ] || kill "$server" 2>/dev/null || true
}

needs() {
	command -v "$1" >/dev/null || skip "$1 is not installed"
}

# The output of the command, and its status, must not depend on the allocator.
same() {
	local expected actual expected_status=0 actual_status=0
	expected=$("$@" 2>&1) || expected_status=$?
	actual=$(LD_PRELOAD=$lib "$@" 2>&1) || actual_status=$?
	[ "$expected_status" -eq "$actual_status" ]
	[ "$expected" = "$actual" ]
	[ -n "$expected" ]
	actual=$(TINYMALLOC_DEBUG=1 LD_PRELOAD=$lib "$@" 2>&1)
	[ "$expected" = "$actual" ]
}

@test "malloc: python3 computes the same with it" {
	needs python3
	cat >work.py <<-'END'
		import hashlib, json, threading
		out = []
		def work(k):
		    d = {str(i * k): [i] * (i % 50) for i in range(20000)}
		    for i in range(0, 20000, 3):
		        d.pop(str(i * k), None)
		    text = json.dumps(d, sort_keys=True)
		    assert json.loads(text) == d
		    out.append(hashlib.sha256(text.encode()).hexdigest())
		threads = [threading.Thread(target=work, args=(k,)) for k in (1, 3, 7, 11)]
		[t.start() for t in threads]
		[t.join() for t in threads]
		print(sorted(out))
	END
	PYTHONMALLOC=malloc same python3 work.py
}

@test "malloc: perl computes the same with it" {
	needs perl
	same perl -e 'my %h; $h{$_ % 9973} .= $_ x 3 for 1 .. 100000;
		my $n = 0; $n += length for values %h; print join(",", $n, (sort keys %h)[0 .. 9]), "\n"'
}

@test "malloc: sqlite3 computes the same with it" {
	needs sqlite3
	same sqlite3 :memory: 'create table t(a integer primary key, b text);
		with recursive c(x) as (select 1 union all select x + 1 from c where x < 50000)
		insert into t select x, hex(x * 7919) from c;
		create index i on t(b);
		select count(*), sum(length(b)), max(b) from t where b like "3%";'
}

@test "malloc: gcc compiles the same with it" {
	needs gcc
	{
		echo '#include <stdio.h>'
		for i in $(seq 300); do
			echo "int f$i(int x) { return x % ($i + 1) ? f$i(x - 1) * $i : printf(\"%d\", x); }"
		done
	} >many.c
	same gcc -w -O1 -S -o - many.c
}

@test "malloc: git works the same with it" {
	needs git
	git init -q repo
	for i in $(seq 50); do
		seq "$i" 1000 >"repo/$i"
	done
	git -C repo add .
	git -C repo -c user.name=a -c user.email=a@example.org commit -qm all
	same git -C repo log --stat --format=%T
	same git -C repo fsck --full --no-progress --verbose
	LD_PRELOAD=$lib git -C repo gc -q
	git -C repo fsck --full
}

@test "malloc: python3's own tests of dict, list and json pass with it" {
	needs python3
	python3 -c 'import test.test_dict, test.test_list, test.test_json' 2>/dev/null ||
		skip "python3's own tests are not installed"
	run env PYTHONMALLOC=malloc LD_PRELOAD="$lib" timeout 120 \
		python3 -m unittest -q test.test_dict test.test_list test.test_json
	[ "$status" -eq 0 ]
	[[ $output == *OK* ]]
}

@test "malloc: node computes the same with it" {
	needs node
	cat >work.js <<-'END'
		const { Worker, isMainThread, parentPort } = require("worker_threads");
		const { createHash } = require("crypto");
		const zlib = require("zlib");
		function work(k) {
			const h = createHash("sha256");
			for (let i = 0; i < 300; i++) {
				const b = Buffer.alloc(1 + (i * k * 7919) % 200000, i);
				h.update(zlib.deflateSync(b));
				h.update(JSON.stringify({ i, k, a: Array(i).fill("x" + i) }));
			}
			return h.digest("hex");
		}
		if (!isMainThread) parentPort.on("message", (k) => parentPort.postMessage(work(k)));
		else Promise.all([1, 2, 3].map((k) => new Promise((done) => {
			const w = new Worker(__filename);
			w.on("message", (m) => { done(m); w.terminate(); });
			w.postMessage(k);
		}))).then((all) => console.log(work(5), all.join(" ")));
	END
	same node work.js
}

# Wait for a server's socket.
wait_for() {
	for _ in $(seq 100); do
		[ ! -S "$1" ] || return 0
		sleep 0.05
	done
	return 1
}

# What a redis server says of a data set that was made by commands alone, and answers a load.
redis_digest() { # NAME [VAR=VALUE]: the environment of the server
	local name=$1 rc=0
	shift
	env "$@" redis-server --port 0 --unixsocket "$PWD/$name" --save '' --dir "$PWD" \
		--enable-debug-command local --logfile "$PWD/$name.log" 3>&- &
	server=$!
	wait_for "$name"
	[ $# -eq 0 ] || grep -q libtinymalloc "/proc/$server/maps"
	redis-benchmark -s "$name" -q -n 5000 -r 500 -t set,get,lpush,lpop,sadd,hset,zadd,lrange_100 \
		>"$name.bench" || rc=1
	redis-cli -s "$name" FLUSHALL >/dev/null
	for i in $(seq 400); do
		echo "SET string:$i $(printf "%0$((i * 5))d" "$i")"
		echo "RPUSH list:$((i % 7)) $i $((i * i))"
		echo "HSET hash:$((i % 11)) field$i value$((i * 31))"
		echo "ZADD sorted:$((i % 5)) $((i * 7919 % 1000)) member$i"
		[ $((i % 3)) -gt 0 ] || echo "DEL string:$((i / 3))"
	done | redis-cli -s "$name" >/dev/null
	redis-cli -s "$name" DEBUG DIGEST
	redis-cli -s "$name" LRANGE list:3 0 -1 | tr '\n' ' '
	redis-cli -s "$name" SHUTDOWN NOSAVE
	wait "$server" || rc=1
	return "$rc"
}

@test "malloc: redis-server bears redis-benchmark and holds the same data with it" {
	needs redis-server
	needs redis-benchmark
	expected=$(redis_digest without)
	actual=$(redis_digest with LD_PRELOAD="$lib")
	[ ${#expected} -gt 100 ]
	[ "$expected" = "$actual" ]
	[ "$(grep -c 'requests per second' with.bench)" -eq "$(grep -c 'requests per second' without.bench)" ]
}

@test "malloc: nginx serves the same under wrk with it" {
	needs nginx
	needs wrk
	needs curl
	mkdir root
	seq 200000 >root/large
	echo small >root/small
	cat >nginx.conf <<-END
		user root; daemon off; worker_processes 2; error_log $PWD/error.log; pid $PWD/pid;
		events { worker_connections 256; }
		http { access_log off; gzip on; gzip_types *; gzip_min_length 1;
			client_body_temp_path $PWD/t1; proxy_temp_path $PWD/t2; fastcgi_temp_path $PWD/t3;
			uwsgi_temp_path $PWD/t4; scgi_temp_path $PWD/t5;
			server { listen 127.0.0.1:18941; listen unix:$PWD/socket; root $PWD/root; } }
	END
	LD_PRELOAD=$lib nginx -p "$PWD" -c "$PWD/nginx.conf" 3>&- &
	server=$!
	wait_for socket
	grep -q libtinymalloc "/proc/$server/maps"
	for path in small large; do
		wrk -t 1 -c 16 -d 1 -H 'Accept-Encoding: gzip' "http://127.0.0.1:18941/$path" >wrk.out
		cat wrk.out
		grep -q '^Requests/sec' wrk.out
		[ "$(grep -cE 'Socket errors|Non-2xx' wrk.out)" = 0 ]
		curl -sS --compressed --unix-socket socket "http://x/$path" | cmp - "root/$path"
	done
	kill -QUIT "$server"
	wait "$server"
	server=''
	[ "$(grep -cE 'emerg|alert|crit' error.log)" = 0 ]
}

@test "malloc: the first allocation touches few pages" {
	needs gcc
	cat >first.c <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		#include <sys/resource.h>
		int main(void)
		{
			struct rusage before, after;
			void *volatile p;
			getrusage(RUSAGE_SELF, &before);
			p = malloc(100);
			free(p);
			getrusage(RUSAGE_SELF, &after);
			return after.ru_minflt - before.ru_minflt;
		}
	END
	gcc -w -O0 -o first first.c
	run ./first
	without=$status
	run env LD_PRELOAD="$lib" ./first
	echo "page faults: $without without, $status with"
	[ "$status" -le $((without + 5)) ]
}

# Of the mappings of the library in an smaps file: the permissions, and how many KiB are loaded.
loaded_pages() {
	awk '/^[0-9a-f]+-/ { mine = /libtinymalloc/; perms = $2 } mine && /^Rss:/ { print perms, $2 }'
}

@test "malloc: who allocates nothing loads none of its code, who does cannot write to its addresses" {
	needs gcc
	needs readelf
	if readelf -lW "$lib" | grep -q GNU_RELRO; then
		skip "this linker does not take libtinymalloc.ld"
	fi
	cat >look.c <<-'END'
		#include <fcntl.h>
		#include <stdlib.h>
		#include <unistd.h>
		int main(int argc, char **argv)
		{
			static char text[1 << 16];
			void *volatile p = argc > 1 ? malloc(100) : 0;
			int fd = open("/proc/self/smaps", O_RDONLY);
			ssize_t n;
			while ((n = read(fd, text, sizeof text)) > 0)
				if (write(1, text, n) != n)
					return 1;
			return n != 0;
		}
	END
	gcc -w -O1 -o look look.c
	LD_PRELOAD=$lib ./look | loaded_pages >idle
	LD_PRELOAD=$lib ./look allocate | loaded_pages >busy
	head idle busy
	[ "$(grep -c '^r-xp 0$' idle)" = 1 ]
	[ "$(grep -c '^r-xp' idle)" = 1 ]
	[ "$(grep -c '^rw-p 4$' idle)" = 1 ]
	[ "$(grep -c '^r--p 4$' busy)" = 1 ]
	[ "$(grep -c '^rw' busy)" = 0 ] # bss has no name
	[ "$(grep -c '^r-xp [1-9]' busy)" = 1 ]
}

@test "malloc: detached threads that do not allocate leave nothing behind" {
	needs gcc
	cat >detached.c <<-'END'
		#include <pthread.h>
		#include <unistd.h>
		static volatile int live;
		static void *live_briefly(void *arg)
		{
			usleep(1000); /* several end together, and libc frees the stacks of some */
			__atomic_sub_fetch(&live, 1, __ATOMIC_SEQ_CST);
			return arg;
		}
		int main(void)
		{
			pthread_attr_t a;
			pthread_t t;
			pthread_attr_init(&a);
			pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
			for (int i = 0; i < 50; i++) {
				for (int k = 0; k < 20; k++) {
					__atomic_add_fetch(&live, 1, __ATOMIC_SEQ_CST);
					if (pthread_create(&t, &a, live_briefly, 0) != 0)
						return 1;
				}
				while (live)
					usleep(500);
			}
			return 0;
		}
	END
	gcc -w -O0 -o detached detached.c -lpthread
	run env TINYMALLOC_STATS=1 LD_PRELOAD="$lib" ./detached
	[ "$status" -eq 0 ]
	echo "$output"
	[[ ${lines[0]} =~ \(([0-9]+)\ threads,\ ([0-9]+)\ parked\) ]]
	[ "$((BASH_REMATCH[1] + BASH_REMATCH[2]))" -le 30 ]
}

@test "malloc: a pipeline of shell, sort and awk works the same with it" {
	same sh -c 'seq 100000 | sort -R --random-source=/dev/zero | sort -n | awk "{ s += \$1 } END { print s, NR }"'
}

@test "malloc: it runs in 64 MiB of address space" {
	run sh -c "ulimit -v 65536; LD_PRELOAD=$lib exec /bin/true"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "malloc: TINYMALLOC_STATS=1 prints a table at exit, on standard error" {
	run sh -c "TINYMALLOC_STATS=1 LD_PRELOAD=$lib exec ls / 2>&1 >/dev/null"
	[ "$status" -eq 0 ]
	[[ $output == *"tinymalloc: in use "* ]]
	[[ $output == *"tinymalloc: page heap mapped "* ]]
	[[ $output == *" size "*" objects "*" central "* ]]
}

@test "malloc: the table at exit needs no high descriptor, and never goes to another file" {
	needs python3
	run sh -c "ulimit -n 32; TINYMALLOC_STATS=1 LD_PRELOAD=$lib exec ls / 2>&1 >/dev/null"
	[[ $output == *"tinymalloc: in use "* ]]
	cat >close.py <<-'END'
		import os
		os.closerange(3, 200)
		files = [os.open("other%d" % i, os.O_CREAT | os.O_RDWR) for i in range(100)]
		text = ["x" * i for i in range(5000)]
	END
	run env TINYMALLOC_STATS=1 LD_PRELOAD="$lib" python3 close.py
	[ "$status" -eq 0 ]
	[[ $output == *"tinymalloc: in use "* ]]
	[ -e other99 ]
	[ -z "$(find . -name 'other*' -size +0)" ]
}

@test "malloc: TINYMALLOC_STATS=1 does not block a program whose first blocks are libc's list for atexit" {
	needs gcc
	cat >many.c <<-'END'
		#include <stdlib.h>
		static void nothing(void) {}
		int main(int argc, char **argv)
		{
			for (int i = 0; i < 100; i++)
				atexit(nothing);
			void *volatile p = argc > 1 ? calloc(1, 100) : 0;
			return 0;
		}
	END
	gcc -w -O0 -o many many.c
	run env TINYMALLOC_STATS=1 LD_PRELOAD="$lib" timeout 10 ./many
	[ "$status" -eq 0 ]
	run env TINYMALLOC_STATS=1 LD_PRELOAD="$lib" ./many allocate
	[ "$status" -eq 0 ]
	[[ $output == *"tinymalloc: in use "* ]]
}

@test "malloc: without TINYMALLOC_STATS nothing is printed" {
	run sh -c "LD_PRELOAD=$lib exec ls / 2>&1 >/dev/null"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "malloc: a variable that is no number is reported once and ignored" {
	run sh -c "TINYMALLOC_DEBUG=maybe LD_PRELOAD=$lib exec ls / 2>&1 >/dev/null"
	[ "$status" -eq 0 ]
	[ "$output" = "tinymalloc: TINYMALLOC_DEBUG=maybe: not a number from 0 to 1, ignored" ]
	run sh -c "TINYMALLOC_RETAIN=101 LD_PRELOAD=$lib exec ls / 2>&1 >/dev/null"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
}

# A number of the table that a program prints at exit, whose environment is set so.
stat_of() { # WORD PROGRAM [VAR=VALUE]: the number behind the word
	env TINYMALLOC_STATS=1 LD_PRELOAD="$lib" "${@:3}" "$2" 2>&1 | sed -n "s/^tinymalloc:.* $1 \([0-9]*\).*/\1/p"
}

@test "malloc: TINYMALLOC_CACHE bounds what a thread's cache holds" {
	needs gcc
	cat >cache.c <<-'END'
		#include <stdlib.h>
		static void *volatile p[2000];
		int main(void)
		{
			for (int round = 0; round < 4; round++)
				for (int size = 16; size <= 1024; size += 16) {
					for (int i = 0; i < 2000; i++)
						p[i] = malloc(size);
					for (int i = 0; i < 2000; i++)
						free(p[i]);
				}
			return 0;
		}
	END
	gcc -w -O0 -o cache cache.c
	default=$(stat_of 'thread caches' ./cache)
	small=$(stat_of 'thread caches' ./cache TINYMALLOC_CACHE=64)
	none=$(stat_of 'thread caches' ./cache TINYMALLOC_CACHE=0)
	echo "default $default, 64 KiB $small, 0 KiB $none"
	[ "$default" -gt $((1024 * 1024)) ]
	[ "$default" -le $((4096 * 1024)) ]
	[ "$small" -gt "$none" ]
	[ "$small" -le $((64 * 1024)) ]
	[ "$none" -le $((16 * 1024)) ]
}

@test "malloc: TINYMALLOC_RETAIN says how much free memory is kept" {
	needs gcc
	cat >retain.c <<-'END'
		#include <stdlib.h>
		#include <string.h>
		static void *volatile p[8192];
		int main(void)
		{
			for (int i = 0; i < 8192; i++)
				p[i] = memset(malloc(8192), 1, 8192);
			for (int i = 0; i < 8192; i++)
				free(p[i]);
			return 0;
		}
	END
	gcc -w -O0 -o retain retain.c
	default=$(stat_of dirty ./retain)
	none=$(stat_of dirty ./retain TINYMALLOC_RETAIN=0)
	half=$(stat_of dirty ./retain TINYMALLOC_RETAIN=50)
	all=$(stat_of dirty ./retain TINYMALLOC_RETAIN=100)
	echo "dirty: default $default, 0 $none, 50 $half, 100 $all"
	[ "$none" -eq 0 ]
	[ "$default" -gt 0 ]
	[ "$default" -le $((4 << 20)) ]
	[ "$half" -ge $((20 << 20)) ]
	[ "$half" -le $((32 << 20)) ]
	[ "$all" -ge $((63 << 20)) ]
}

# The programs that tinyrun is: each is run as a copy, alone, so that the small one does all itself.
on_tinymalloc() {
	local build=${TINYRUN%/*}
	[ -e "$build/config.status" ] || skip "no build directory: $build"
	grep -qxF 'S["MALLOC_TINY_TRUE"]=""' "$build/config.status" || skip "configured with the system's malloc"
	programs=("$TINYRUN")
	! grep -qxF 'S["SMALL_TINYRUN_TRUE"]=""' "$build/config.status" || programs+=("$build/tinyrun-full")
}

features_of() { # COMMAND...: what the copy says, with the table wanted
	said=$(TINYMALLOC_STATS=1 "$@" ./copy features 2>&1)
	echo "$program: $said"
	[[ $said == *'"ociVersionMin"'* ]]
}

@test "malloc: tinyrun runs on it" {
	on_tinymalloc
	for program in "${programs[@]}"; do
		cp "$program" copy
		features_of env
		[[ $said == *"tinymalloc: in use "[1-9]* ]]
		features_of env -u TINYMALLOC_STATS
		[[ $said != *"tinymalloc: "* ]]
	done
}

@test "malloc: a set-group-ID tinyrun does not read the environment" {
	on_tinymalloc
	needs setpriv
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	[[ $(findmnt -no OPTIONS -T .) != *nosuid* ]] || skip "set-group-ID has no effect here"
	for program in "${programs[@]}"; do
		install -m 755 "$program" copy
		features_of setpriv --regid 65534 --clear-groups
		[[ $said == *"tinymalloc: in use "* ]]
		install -m 2755 "$program" copy
		features_of setpriv --regid 65534 --clear-groups
		[[ $said != *"tinymalloc: "* ]]
	done
}

@test "malloc: TINYMALLOC_DEBUG=1 fills what is freed" {
	needs gcc
	cat >fill.c <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		int main(void)
		{
			unsigned char *volatile p = malloc(100);
			memset(p, 1, 100);
			free(p);
			printf("%x\n", p[50]);
			return 0;
		}
	END
	gcc -w -O0 -o fill fill.c
	run env TINYMALLOC_DEBUG=1 LD_PRELOAD="$lib" ./fill
	[ "$output" = df ]
	[ "$(stat_of 'thread caches' ./fill TINYMALLOC_DEBUG=1)" = 0 ]
	run env LD_PRELOAD="$lib" ./fill
	[ "$output" = 1 ]
}

@test "malloc: TINYMALLOC_DEBUG=1 guards the end of a large block" {
	needs gcc
	cat >over.c <<-'END'
		#include <stdlib.h>
		int main(void)
		{
			char *volatile p = malloc(1 << 20);
			p[1 << 20] = 1;
			return 0;
		}
	END
	gcc -w -O0 -o over over.c
	run bash -c "ulimit -c 0; TINYMALLOC_DEBUG=1 LD_PRELOAD=$lib ./over"
	[ "$status" -eq 139 ]
}

@test "malloc: a double free is one line and abort" {
	needs gcc
	cat >twice.c <<-'END'
		#include <stdlib.h>
		int main(void)
		{
			void *volatile p = malloc(50);
			free(p);
			free(p);
			return 0;
		}
	END
	gcc -w -O0 -o twice twice.c
	run bash -c "ulimit -c 0; exec env LD_PRELOAD=$lib ./twice"
	[ "$status" -eq 134 ]
	[[ ${lines[0]} == "tinymalloc: double free: 0x"*" (size class 64)" ]]
}

@test "malloc: operator new and delete of C++ go through it" {
	needs g++
	cat >new.cc <<-'END'
		#include <cstdio>
		#include <map>
		#include <string>
		struct alignas(128) wide { char c[300]; };
		int main()
		{
			std::map<int, std::string> m;
			for (int i = 0; i < 10000; i++)
				m[i * 7 % 10000] = std::string(i % 100, 'x');
			wide *w = new wide[5];
			std::printf("%zu %d\n", m.size(), (int)((unsigned long)w % 128));
			delete[] w;
		}
	END
	g++ -O1 -o new new.cc
	same ./new
	run sh -c "TINYMALLOC_STATS=1 LD_PRELOAD=$lib ./new 2>&1"
	[[ $output == *"tinymalloc: in use"* ]]
}
