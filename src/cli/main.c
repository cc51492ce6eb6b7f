/* SPDX-License-Identifier: Apache-2.0 */
/* tinyrun - an OCI container runtime. What the program does stands in cli.c and in the verbs. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
