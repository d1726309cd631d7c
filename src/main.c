/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One program, many processes: the first word decides which. A name with '@' is an internal role
 * that the program starts by itself; the others are what people type. As /init of a machine the
 * program is PID 1.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cmd/oci.h"
#include "init/init.h"
#include "monitor/monitor.h"
#include "role/role.h"
#include "sys/proc.h"

static int version_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("cleat " CLEAT_VERSION CONFIG_VENDOR);
	return 0;
}

/** struct entry - argc and argv of its main() start behind the name */
static const struct entry {
	const char *name;
	int (*main)(int argc, char **argv);
} entries[] = {
	{"version", version_main}, {"@monitor", monitor_main},
#if defined(CONFIG_OCI_CLI)
	{"oci", oci_main},
#endif
#if defined(CONFIG_INIT)
	{"init", init_main},	   {"@console", init_console_main},
#endif
};

int main(int argc, char **argv)
{
#if defined(CONFIG_INIT)
	if (argc > 0 && sys_getpid() == 1 && str_ends(argv[0], "init"))
		return init_main(argc - 1, argv + 1);
#endif
#if defined(CONFIG_OCI_CLI)
	if (argc > 0 && str_ends(argv[0], "cleat-oci"))
		return oci_main(argc - 1, argv + 1);
#endif
	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(entries); i++)
		if (str_eq(argv[1], entries[i].name))
			return entries[i].main(argc - 2, argv + 2);
	if (argc == 2 && argv[1][0] == '@') {
		int r = role_main(argv[1]);

		if (r != -ENOENT)
			return r;
	}
	fputs("usage: cleat version\n", stderr);
	return 2;
}
