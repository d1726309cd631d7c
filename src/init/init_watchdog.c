/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hardware watchdog is fed by PID 1's own loop: a kernel that hangs, or a PID 1 that hangs,
 * resets the machine. It stays armed during a reboot, so that a hanging shutdown ends too.
 */
#include <errno.h>
#include <fcntl.h>

#include "init/init.h"
#include "sys/boot.h"
#include "sys/fd.h"

#define WATCHDOG_PATH "/dev/watchdog"

static int watchdog_fd = -1;
static struct loop_timer feed_timer;

static void feed(struct loop_timer *t)
{
	if (watchdog_fd < 0)
		return;
	if (sys_write(watchdog_fd, "\0", 1) < 0)
		init_say("watchdog: could not be fed");
	loop_timer_set(t, CONFIG_INIT_WATCHDOG_S * 1000 / 3);
}

void init_watchdog_start(struct loop *l)
{
	int r;

	if (CONFIG_INIT_WATCHDOG_S == 0)
		return;
	watchdog_fd = sys_open(AT_FDCWD, WATCHDOG_PATH, O_WRONLY, 0);
	if (watchdog_fd < 0) {
		if (watchdog_fd != -ENOENT && watchdog_fd != -ENODEV)
			init_say("watchdog: %s", err_name(watchdog_fd));
		return;
	}
	r = sys_watchdog_timeout(watchdog_fd, CONFIG_INIT_WATCHDOG_S);
	if (r < 0)
		init_say("watchdog: keeps its own time-out, %d s is not possible: %s",
			 CONFIG_INIT_WATCHDOG_S, err_name(r));
	else
		init_say("watchdog: resets the machine after %d s", CONFIG_INIT_WATCHDOG_S);
	loop_timer_init(&feed_timer, l, feed, NULL);
	feed(&feed_timer);
}

void init_watchdog_disarm(void)
{
	if (watchdog_fd < 0)
		return;
	/* the magic close character; Documentation/watchdog/watchdog-api.rst */
	sys_write(watchdog_fd, "V", 1);
	sys_close(take_fd(&watchdog_fd));
}
