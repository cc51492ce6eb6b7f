# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# setup_suite - the engines' image is the tree of busybox that the other tests use.

# shellcheck source=tests/bats/setup_suite.bash
. "$BATS_TEST_DIRNAME/../bats/setup_suite.bash"
