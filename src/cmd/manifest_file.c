/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/manifest_file.h"

int manifest_file(int argc, char **argv, struct ctl_request *r)
{
	static char path[1024];
	struct err e = {0};
	int fd;

	if (argc == 0 &&
	    str_printf(path, sizeof(path), "%s/manifest.yaml", cmd_globals.paths.config) < 0) {
		cmd_error("--config: the path is too long");
		return -1;
	}
	r->name = argc ? argv[0] : path;
	fd = session_file(r->name, &e);
	if (fd < 0) {
		cmd_fail(&e);
		return -1;
	}
	if (str_eq(r->name, "-"))
		r->name = (char *)(uintptr_t) "standard input";
	return fd;
}
