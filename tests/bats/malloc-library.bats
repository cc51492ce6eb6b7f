#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# libtinymalloc as a library that is installed and linked: what pkg-config says of it, what it
# exports, the functions of glibc's malloc.h, operator new, and what starting with it costs.

setup() {
	build=$(dirname "$TINYRUN")
	top=$BATS_TEST_DIRNAME/../..
	lib=$build/.libs/libtinymalloc.so.0
	[ -e "$lib" ] || skip "libtinymalloc is not built: $lib"
	command -v gcc >/dev/null || skip "gcc is not installed"
	cd "$BATS_TEST_TMPDIR" || return 1
}

# A program of standard input, linked with what was built.
linked() { # COMPILER LANGUAGE
	"$1" -Wall -Wno-deprecated-declarations -Werror -O1 -fno-builtin -D_GNU_SOURCE -I"$top/include" -x "$2" - -o program \
		-L"$build/.libs" -ltinymalloc -Wl,-rpath,"$build/.libs"
}

@test "malloc library: a program finds it by pkg-config, shared and static" {
	command -v make >/dev/null || skip "make is not installed"
	command -v pkg-config >/dev/null || skip "pkg-config is not installed"
	cat >use.c <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		#include <tinymalloc.h>
		int main(void)
		{
			struct tinymalloc_stats s;
			void *volatile p = malloc(1 << 20);
			tinymalloc_stats(&s);
			free(p);
			return s.large_blocks == 1 && tinymalloc_release() >= 1 << 20 ? 0 : 1;
		}
	END
	make -s -C "$build" DESTDIR="$PWD/root" install-libLIBRARIES install-libLTLIBRARIES \
		install-includeHEADERS install-nodist_pkgconfigDATA >make.log 2>&1 || {
		cat make.log
		return 1
	}
	pc=$(find root -name tinymalloc.pc)
	export PKG_CONFIG_LIBDIR=$PWD/${pc%/*} PKG_CONFIG_SYSROOT_DIR=$PWD/root
	libdir=$PKG_CONFIG_SYSROOT_DIR$(pkg-config --variable=libdir tinymalloc | sed "s,^$PWD/root,,")
	[ "$(pkg-config --modversion tinymalloc)" = "$("$TINYRUN" --version | sed -n 's/^tinyrun version //p')" ]
	# shellcheck disable=SC2046 # words
	gcc -o shared use.c $(pkg-config --cflags --libs tinymalloc)
	readelf -d shared | grep -F '[libtinymalloc.so.0]'
	LD_LIBRARY_PATH=$libdir ./shared
	# shellcheck disable=SC2046
	gcc -static -o static use.c $(pkg-config --cflags --static --libs tinymalloc)
	run readelf -d static
	[[ $output != *NEEDED* ]]
	./static
}

@test "malloc library: its soname is libtinymalloc.so.0, and it needs libc alone" {
	readelf -d "$lib" | grep -E 'SONAME.*\[libtinymalloc\.so\.0\]'
	[ "$(readelf -d "$lib" | grep NEEDED | sed 's/.*\[\(.*\)\].*/\1/')" = libc.so.6 ]
}

@test "malloc library: it exports malloc's symbols and its own, and nothing else" {
	cat >expected <<-'END'
		aligned_alloc
		calloc
		free
		free_aligned_sized
		free_sized
		mallinfo
		mallinfo2
		malloc
		malloc_stats
		malloc_trim
		malloc_usable_size
		mallopt
		memalign
		posix_memalign
		pvalloc
		realloc
		reallocarray
		tinymalloc_release
		tinymalloc_stats
		tinymalloc_stats_print
		valloc
	END
	nm -D --defined-only "$lib" | awk '{ print $3 }' | LC_ALL=C sort >actual
	diff expected actual
}

@test "malloc library: mallinfo2, mallinfo, malloc_trim, mallopt and malloc_stats say what is" {
	linked gcc c <<-'END'
		#include <malloc.h>
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		#define CHECK(x) do { if (!(x)) { printf("%d: %s\n", __LINE__, #x); return 1; } } while (0)
		static void *p[10000];
		int main(void)
		{
			struct mallinfo2 before = mallinfo2(), in, after;
			size_t kept;
			for (int i = 0; i < 10000; i++)
				p[i] = memset(malloc(1000), 1, 1000);
			in = mallinfo2();
			CHECK(in.uordblks - before.uordblks >= 10000000 && in.uordblks < 11000000);
			CHECK(in.arena >= in.uordblks && in.usmblks >= 10000000);
			CHECK((size_t)mallinfo().uordblks == in.uordblks);
			void *large = malloc(5 << 20);
			CHECK(mallinfo2().hblks == in.hblks + 1);
			CHECK(mallinfo2().hblkhd == in.hblkhd + (5 << 20));
			free(large);
			CHECK(mallinfo2().hblks == in.hblks);
			for (int i = 0; i < 10000; i++)
				free(p[i]);
			after = mallinfo2();
			CHECK(after.uordblks == before.uordblks);
			CHECK(after.fordblks > 0 && after.keepcost > 0);
			kept = after.keepcost;
			CHECK(malloc_trim(0) == 1);
			CHECK(mallinfo2().keepcost < kept && mallinfo2().fordblks == 0);
			CHECK(malloc_trim(0) == 0);
			CHECK(mallopt(M_ARENA_MAX, 1) == 1 && mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1);
			malloc_stats();
			return 0;
		}
	END
	./program >out 2>err || {
		cat out
		return 1
	}
	head -n 1 err | grep -E '^tinymalloc: in use [0-9]+, '
	[ "$(grep -c '^tinymalloc: page heap mapped ' err)" = 1 ]
}

@test "malloc library: operator new and delete, aligned, sized and failing, go through it" {
	command -v g++ >/dev/null || skip "g++ is not installed"
	linked g++ c++ <<-'END'
		#include <cstdint>
		#include <cstdio>
		#include <new>
		#include <tinymalloc.h>
		#define CHECK(x) do { if (!(x)) { std::printf("%d: %s\n", __LINE__, #x); return 1; } } while (0)
		static std::size_t in_use()
		{
			struct tinymalloc_stats s;
			tinymalloc_stats(&s);
			return s.in_use;
		}
		struct alignas(256) wide { char c[300]; };
		int main()
		{
			std::size_t before = in_use();
			volatile std::size_t huge = PTRDIFF_MAX;
			char *a = new char[5000];
			wide *w = new wide, *v = new wide[7];
			void *n = ::operator new(4096, std::align_val_t(4096));
			void *s = ::operator new(777);
			CHECK(reinterpret_cast<std::uintptr_t>(w) % 256 == 0);
			CHECK(reinterpret_cast<std::uintptr_t>(v) % 256 == 0);
			CHECK(reinterpret_cast<std::uintptr_t>(n) % 4096 == 0);
			CHECK(in_use() - before >= 5000 + 8 * 512 + 4096 + 777);
			delete[] a;
			delete w;
			delete[] v;
			::operator delete(n, 4096, std::align_val_t(4096));
			::operator delete(s, 777);
			CHECK(in_use() == before);
			CHECK(!::operator new(huge, std::nothrow));
			try {
				::operator delete(::operator new(huge)); /* calls, which are not left out */
				return 2;
			} catch (const std::bad_alloc &) {
			}
			return 0;
		}
	END
	run ./program
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "malloc library: starting /bin/true with it costs few pages and little memory" {
	gcc -std=gnu17 -D_GNU_SOURCE -O2 -static -o start "$top/bench/malloc-programs/start.c"
	run ./start 11 - "$lib"
	echo "$output"
	[ "$status" -eq 0 ]
	read -r _ faults kib <<<"${lines[1]}"
	[ "$faults" -gt 0 ]
	[ "$faults" -le 8 ]
	[ "$kib" -le 200 ]
}
