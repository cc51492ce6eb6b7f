# SPDX-License-Identifier: Apache-2.0
# Macros of tinyrun's own configure.ac.

# TINYRUN_CFLAG(VARIABLE, FLAG, [PROGRAM])
# Appends FLAG to VARIABLE when the compiler takes it without a word.
AC_DEFUN([TINYRUN_CFLAG], [
  AC_MSG_CHECKING([whether $CC takes $2])
  tinyrun_saved=$CFLAGS
  CFLAGS="$CFLAGS -Werror $2"
  AC_COMPILE_IFELSE([m4_default([$3], [AC_LANG_PROGRAM()])],
    [AC_MSG_RESULT([yes]); $1="$$1 $2"], [AC_MSG_RESULT([no])])
  CFLAGS=$tinyrun_saved
])

# TINYRUN_LDFLAG(VARIABLE, FLAG, [IF-NOT])
# Appends FLAG to VARIABLE when a program can be linked with it.
AC_DEFUN([TINYRUN_LDFLAG], [
  AC_MSG_CHECKING([whether programs link with $2])
  tinyrun_saved=$LDFLAGS
  LDFLAGS="$LDFLAGS -Werror $2"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]], [[puts("")]])],
    [AC_MSG_RESULT([yes]); $1="$$1 $2"], [AC_MSG_RESULT([no]); $3])
  LDFLAGS=$tinyrun_saved
])

# TINYRUN_LIBRARY(VARIABLE, MODULE, PURPOSE, DEBIAN, FEDORA, ALPINE)
# A library that has to be there, found by pkg-config.
AC_DEFUN([TINYRUN_LIBRARY], [
  PKG_CHECK_MODULES([$1], [$2], [],
    [AC_MSG_ERROR([$2 ($3) is missing: install $4 on Debian, $5 on Fedora or $6 on Alpine.])])
])

# TINYRUN_ARCHIVE(VARIABLE, LIBS, FUNCTION)
# Sets VARIABLE to no unless a static program that calls FUNCTION can be linked with LIBS.
AC_DEFUN([TINYRUN_ARCHIVE], [
  AC_MSG_CHECKING([for a static archive that has $3])
  tinyrun_saved=$LDFLAGS tinyrun_saved_libs=$LIBS
  LDFLAGS="$LDFLAGS -static" LIBS="$2 $LIBS"
  AC_LINK_IFELSE([AC_LANG_CALL([], [$3])],
    [AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no]); $1=no])
  LDFLAGS=$tinyrun_saved LIBS=$tinyrun_saved_libs
])

# TINYRUN_MUSL(VARIABLE, DIR)
# Sets VARIABLE to yes when a position independent static program can be linked with musl and
# DIR/lib/libcjson.a, and then MUSL_CPPFLAGS, MUSL_START and MUSL_LIBS to what that takes beside
# -nostdlib -static-pie. musl-gcc cannot link such a program itself; its headers and objects can.
# The kernel's headers are shared with the other libc, behind musl's own.
AC_DEFUN([TINYRUN_MUSL], [
  AC_MSG_CHECKING([whether programs can be linked with musl and $2])
  tinyrun_specs=$(sed -n 's/.*-specs *"*\(@<:@^" @:>@*\)"*.*/\1/p' "$(command -v musl-gcc)" 2>/dev/null)
  tinyrun_musl=$(AS_DIRNAME(["$tinyrun_specs"]))
  MUSL_CPPFLAGS="-specs=$tinyrun_specs -isystem $2/include -idirafter /usr/include"
  MUSL_CPPFLAGS="$MUSL_CPPFLAGS -idirafter /usr/include/$($CC -dumpmachine)"
  MUSL_START="$tinyrun_musl/rcrt1.o $tinyrun_musl/crti.o"
  MUSL_LIBS="$2/lib/libcjson.a -L$tinyrun_musl -Wl,--start-group -l:libc.a -lgcc -lgcc_eh -Wl,--end-group"
  MUSL_LIBS="$MUSL_LIBS $tinyrun_musl/crtn.o"
  tinyrun_saved=$CPPFLAGS tinyrun_saved_cflags=$CFLAGS
  CPPFLAGS="$CPPFLAGS $MUSL_CPPFLAGS" CFLAGS="$CFLAGS -fPIE"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <cjson/cJSON.h>
                                      #include <linux/mount.h>
                                      #ifdef __GLIBC__
                                      #error these are the headers of another libc
                                      #endif]], [[return cJSON_Parse("{}") == 0]])],
    [AS_IF([$CC -nostdlib -static-pie -o conftest$EXEEXT $MUSL_START conftest.$OBJEXT $MUSL_LIBS \
              >&AS_MESSAGE_LOG_FD 2>&1 && ./conftest$EXEEXT],
       [$1=yes])])
  CPPFLAGS=$tinyrun_saved CFLAGS=$tinyrun_saved_cflags
  AC_MSG_RESULT([$$1])
])
