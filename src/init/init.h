/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "loop/loop.h"

/*
 * PID 1: prepares the machine, keeps the engine alive, shuts down in order. It parses nothing but
 * its own list of modules and allocates nothing. Settings are words of the kernel's command line,
 * which the kernel hands to init as environment (Documentation/admin-guide/kernel-parameters.rst).
 */

#define INIT_DATA_PATH "/var/lib/cleat"

/** struct init_settings - strings of the environment or of Kconfig, "" if not set */
struct init_settings {
	const char *data, *data_fs; /* cleat_data=/dev/vda cleat_data_fs=ext4 */
	const char *hostname;	    /* cleat_hostname= */
	/* cleat_if=eth0 cleat_ip=10.0.2.15/24 cleat_gw=10.0.2.2 */
	const char *interface, *ip, *gateway;
	const char *dns;     /* cleat_dns=10.0.2.3 */
	const char *console; /* cleat_console=/bin/sh */
};

/** init_main() - the whole life of PID 1; does not return on a machine */
int init_main(int argc, char **argv);

/** init_console_main() - "cleat @console PROGRAM": takes the real terminal behind /dev/console, for job control, and becomes PROGRAM */
int init_console_main(int argc, char **argv);

/** init_say() - one line on the console with the uptime */
void init_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* init_boot.c: stages of the boot, each says what it did; only the data partition can fail */
void init_settings_load(struct init_settings *s);
void init_leave_initramfs(void); /* before the first mount */
void init_mount_early(void);
void init_cgroups(void);
void init_hostname(const struct init_settings *s);
int init_data(const struct init_settings *s, struct err *e);
void init_address(const struct init_settings *s);

/** init_modules() - insert the files listed in /etc/cleat/modules, a path a line, '#' comments */
void init_modules(void);

/** init_clock_floor() - set a clock that stands before the build or the last save to the later of both */
void init_clock_floor(void);
void init_clock_save(void);

/* init_watchdog.c */
void init_watchdog_start(struct loop *l);
/* before a power-off, which the watchdog would turn into a reboot */
void init_watchdog_disarm(void);

/* init_power.c: from the request to reboot(2) */
enum init_power { INIT_POWER_OFF, INIT_POWER_REBOOT };

/**
 * init_power_begin() - ask the engine to stop; everything else follows by timers
 * @engine_pid: 0 if it does not run
 *
 * A second request while one is under way is ignored.
 */
void init_power_begin(struct loop *l, enum init_power how, pid_t engine_pid);
bool init_power_pending(void);

/** init_power_engine_gone() - the engine has ended; goes on to the remaining processes at once */
void init_power_engine_gone(void);

/** init_power_now() - sync, unmount, reboot(2); for failures before the loop runs, and the last step */
void init_power_now(enum init_power how);
