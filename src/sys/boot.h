/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/* What only PID 1 does to the machine. All return 0 or -errno. */

/** sys_module_load() - finit_module(2) of an open file; @compressed: the kernel unpacks it (Linux 5.17) */
int sys_module_load(int fd, const char *options, int compressed);

/** sys_signal_all() - to every process but the caller (only PID 1 means "all" by that) */
int sys_signal_all(int sig);

/** sys_signal_init() - to PID 1, from the poweroff and reboot verbs */
int sys_signal_init(int sig);
void sys_sync(void);

enum sys_power { SYS_POWER_OFF, SYS_POWER_REBOOT, SYS_POWER_HALT };

/** sys_reboot() - reboot(2); returns only on failure, or in a PID namespace that is not the machine's */
int sys_reboot(enum sys_power how);

/** sys_cad_as_signal() - Ctrl-Alt-Del sends SIGINT to PID 1 instead of resetting the machine */
int sys_cad_as_signal(void);

/** sys_take_terminal() - make @fd the controlling terminal of the caller's new session */
int sys_take_terminal(int fd);
int sys_watchdog_timeout(int fd, int timeout_s);
