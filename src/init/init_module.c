/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules are inserted in the order of the list, which the builder of the root file system made
 * with the dependencies resolved: no depmod data, no names, only paths.
 */
#include <errno.h>
#include <fcntl.h>

#include "base/str.h"
#include "file/durable.h"
#include "init/init.h"
#include "sys/boot.h"
#include "sys/fd.h"

#define MODULE_LIST	"/etc/cleat/modules"
#define MODULE_LIST_MAX (16 * 1024)

static int insert(const char *path)
{
	auto_close int fd = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	int compressed = str_ends(path, ".xz") || str_ends(path, ".gz") || str_ends(path, ".zst");
	int r = fd < 0 ? fd : sys_module_load(fd, "", compressed);

	/* there already, or no such device in this machine: the list serves several boards */
	return r == -EEXIST || r == -ENODEV ? 0 : r;
}

void init_modules(void)
{
	static char list[MODULE_LIST_MAX];
	ssize_t len = file_read(AT_FDCWD, MODULE_LIST, list, sizeof(list), NULL);
	struct span rest, line;
	int n = 0, failed = 0;
	bool more = true;

	if (len == -ENOENT)
		return;
	if (len < 0) {
		init_say(MODULE_LIST ": %s", err_name((int)len));
		return;
	}
	rest = (struct span){list, (size_t)len};
	while (more) {
		char path[256];
		int r;

		line = span_trim(span_cut(rest, '\n', &rest, &more));
		if (!line.len || line.p[0] == '#')
			continue;
		r = str_copy_n(path, sizeof(path), line.p, line.len);
		if (r >= 0)
			r = insert(path);
		if (r < 0) {
			init_say("module %.*s: %s", (int)line.len, line.p, err_name(r));
			failed++;
		}
		n++;
	}
	init_say("%d modules, %d failed", n, failed);
}
