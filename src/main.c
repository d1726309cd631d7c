/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One program, many processes: the first word decides which. A name with '@' is an internal role
 * that the program starts by itself; the others are what people type. As /init of a machine the
 * program is PID 1.
 */
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/oci.h"
#include "engine/engine.h"
#include "engine/helper.h"
#include "engine/sweep.h"
#include "engine/volume.h"
#include "host/host.h"
#include "init/init.h"
#include "monitor/monitor.h"
#include "role/role.h"
#include "sys/mem.h"
#include "sys/proc.h"

/** struct entry - argc and argv of its main() start behind the name */
static const struct entry {
	const char *name;
	int (*main)(int argc, char **argv);
} entries[] = {
	{"@monitor", monitor_main},
	{"@copy", volume_copy_main},
	{"@sweep", sweep_main},
	{"@usage", usage_main},
	{"@sums", sums_main},
	{"@helper", helper_main},
#if defined(CONFIG_INIT)
	{"@console", init_console_main},
#endif
#if defined(CONFIG_HOST)
	{"@host", host_main},
#endif
};

/* what people type; these verbs are parts, which cmd/ must not include */
static int engine_hook(const struct cmd_engine_options *o)
{
	return engine_main(&o->paths, o->runtime, o->one_shot);
}

static const struct cmd_hooks hooks = {
	.engine = engine_hook,
#if defined(CONFIG_OCI_CLI)
	.oci = oci_main,
#endif
#if defined(CONFIG_INIT)
	.init = init_main,
#endif
};

int main(int argc, char **argv)
{
	if (sys_seal_relocated() < 0 && sys_getpid() != 1) { /* a machine must boot all the same */
		fputs("cleat: cannot make relocated data read-only: no memory\n", stderr);
		return 1;
	}
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
	return cmd_main(argc, argv, &hooks);
}
