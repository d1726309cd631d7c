/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/**
 * oci_main() - the command line of an OCI runtime, as runc has it; argv starts behind the program's name
 *
 * Exit status: 0; that of the container (run, exec); 125 failure, 126 not executable, 127 not found;
 * 1 a verb that found no container; 2 usage.
 */
int oci_main(int argc, char **argv);
