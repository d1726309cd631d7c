/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev/console cannot be a controlling terminal, the device behind it can: without one a shell has
 * no job control and Ctrl-C does nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "file/durable.h"
#include "init/init.h"
#include "sys/boot.h"
#include "sys/fd.h"
#include "sys/ns.h"

extern char **environ;

static int open_terminal(void)
{
	char names[128], path[160];
	ssize_t len =
		file_read(AT_FDCWD, "/sys/class/tty/console/active", names, sizeof(names), NULL);
	const char *last;
	int fd;

	if (len > 1) {
		names[len - 1] = '\0';
		last = strrchr(names, ' '); /* the last one is where /dev/console goes */
		if (str_printf(path, sizeof(path), "/dev/%s", last ? last + 1 : names) > 0) {
			fd = sys_open(AT_FDCWD, path, O_RDWR | O_NOCTTY, 0);
			if (fd >= 0)
				return fd;
		}
	}
	return sys_open(AT_FDCWD, "/dev/console", O_RDWR | O_NOCTTY, 0);
}

int init_console_main(int argc, char **argv)
{
	char *program_argv[] = {NULL, NULL};
	int fd, r;

	if (argc != 1)
		return 2;
	fd = open_terminal();
	if (fd >= 0) {
		sys_take_terminal(fd);
		for (int i = 0; i < 3; i++)
			sys_dup_to(fd, i);
	}
	program_argv[0] = argv[0];
	r = sys_exec(argv[0], program_argv, environ);
	fprintf(stderr, "cleat: console program %s: %s\n", argv[0], err_name(r));
	return 1;
}
