/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "sys/fd.h"
#include "sys/proc.h"

/* A signal means something else to every init: ours is the one that runs this very program. */
static int check_init(struct err *e)
{
	struct stat ours, init;
	int r = sys_statat(AT_FDCWD, "/proc/self/exe", &ours, 0);

	if (r == 0)
		r = sys_statat(AT_FDCWD, "/proc/1/exe", &init, 0);
	if (r < 0)
		return err_set(e, r, "PID 1 of this machine is not cleat, as far as can be seen");
	if (ours.st_dev != init.st_dev || ours.st_ino != init.st_ino)
		return err_text(e, -EPERM,
				"PID 1 of this machine is not cleat: use the command of its init");
	return 0;
}

static int tell_init(int sig)
{
	auto_close int fd = -1;
	struct err e = {0};
	int r = check_init(&e);

	if (r == 0) {
		fd = sys_pidfd_open(1);
		r = fd < 0 ? fd : sys_pidfd_signal(fd, sig);
		if (r < 0)
			err_set(&e, r, "tell PID 1");
	}
	return r < 0 ? cmd_fail(&e) : 0;
}

static int run_poweroff(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return tell_init(SIGUSR2);
}

static int run_reboot(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return tell_init(SIGTERM);
}

const struct cmd cmd_poweroff = {
	.name = "poweroff",
	.summary = "stop everything in order and switch the machine off",
	.usage = "",
	.example = "  cleat poweroff\n",
	.run = run_poweroff,
};

const struct cmd cmd_reboot = {
	.name = "reboot",
	.summary = "stop everything in order and start the machine again",
	.usage = "",
	.example = "  cleat reboot\n",
	.run = run_reboot,
};
