/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way down: the engine stops its containers in order; then every process gets SIGTERM, then
 * SIGKILL; then the file systems are written and the machine is switched off. Each step has a
 * time-out and none waits for an answer that may not come.
 */
#include <errno.h>
#include <signal.h>

#include "init/init.h"
#include "sys/boot.h"
#include "sys/mnt.h"

#define TERM_MS 2000 /* for processes outside containers: the console's shell and its children */
#define KILL_MS 500

#define POWER_STEPS(X) X(RUNNING) X(STOP_ENGINE) X(TERM_ALL) X(KILL_ALL)
enum power_step {
#define X(name) POWER_##name,
	POWER_STEPS(X)
#undef X
};

static struct {
	enum power_step step;
	enum init_power how;
	struct loop_timer timer;
} power;

static void next_step(struct loop_timer *t)
{
	switch (power.step) {
	case POWER_RUNNING:
		break;
	case POWER_STOP_ENGINE:
		power.step = POWER_TERM_ALL;
		sys_signal_all(SIGTERM);
		sys_signal_all(SIGHUP); /* an interactive shell ignores SIGTERM */
		loop_timer_set(t, TERM_MS);
		break;
	case POWER_TERM_ALL:
		power.step = POWER_KILL_ALL;
		sys_signal_all(SIGKILL);
		loop_timer_set(t, KILL_MS);
		break;
	case POWER_KILL_ALL:
		init_power_now(power.how);
		break;
	}
}

void init_power_begin(struct loop *l, enum init_power how, pid_t engine_pid)
{
	if (power.step != POWER_RUNNING)
		return;
	init_say("%s: stopping containers", how == INIT_POWER_OFF ? "power-off" : "reboot");
	power.how = how;
	power.step = POWER_STOP_ENGINE;
	loop_timer_init(&power.timer, l, next_step, NULL);
	if (engine_pid > 0 && sys_kill(engine_pid, SIGTERM) == 0)
		loop_timer_set(&power.timer, CONFIG_INIT_STOP_S * 1000);
	else
		next_step(&power.timer);
}

bool init_power_pending(void)
{
	return power.step != POWER_RUNNING;
}

void init_power_engine_gone(void)
{
	if (power.step == POWER_STOP_ENGINE)
		next_step(&power.timer);
}

void init_power_now(enum init_power how)
{
	int r;

	init_clock_save();
	if (how == INIT_POWER_OFF)
		init_watchdog_disarm();
	sys_sync();
	r = sys_umount(INIT_DATA_PATH, 0);
	if (r < 0 && r != -EINVAL && r != -ENOENT) {
		init_say("umount " INIT_DATA_PATH ": %s; it is remounted read-only", err_name(r));
		sys_mount(NULL, INIT_DATA_PATH, NULL, MS_REMOUNT | MS_RDONLY, NULL);
	}
	sys_mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	init_say("%s", how == INIT_POWER_OFF ? "power off" : "restarting");
	r = sys_reboot(how == INIT_POWER_OFF ? SYS_POWER_OFF : SYS_POWER_REBOOT);
	init_say("reboot(2): %s", err_name(r));
}
