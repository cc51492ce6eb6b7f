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
