/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/boot.h"

#include <fcntl.h>
#include <linux/watchdog.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/ret.h"

#define MODULE_COMPRESSED_FILE 4 /* linux/module.h MODULE_INIT_COMPRESSED_FILE */

int sys_module_load(int fd, const char *options, int compressed)
{
	return SYS_RET(
		syscall(SYS_finit_module, fd, options, compressed ? MODULE_COMPRESSED_FILE : 0));
}

int sys_signal_all(int sig)
{
	return SYS_RET(kill(-1, sig));
}

int sys_signal_init(int sig)
{
	return SYS_RET(kill(1, sig));
}

void sys_sync(void)
{
	sync();
}

int sys_reboot(enum sys_power how)
{
	static const int commands[] = {
		[SYS_POWER_OFF] = RB_POWER_OFF,
		[SYS_POWER_REBOOT] = RB_AUTOBOOT,
		[SYS_POWER_HALT] = RB_HALT_SYSTEM,
	};

	return SYS_RET(reboot(commands[how]));
}

int sys_cad_as_signal(void)
{
	return SYS_RET(reboot(RB_DISABLE_CAD));
}

int sys_take_terminal(int fd)
{
	int r = SYS_RET(setsid());

	if (r < 0)
		return r;
	return SYS_RET(ioctl(fd, TIOCSCTTY, 0));
}

int sys_watchdog_timeout(int fd, int timeout_s)
{
	return SYS_RET(ioctl(fd, WDIOC_SETTIMEOUT, &timeout_s));
}
