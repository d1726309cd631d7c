/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The user's terminal. */

/** struct sys_tty - settings to go back to; opaque */
struct sys_tty {
	int fd; /* -1 = nothing to restore */
	_Alignas(8) char saved[64];
};

bool sys_tty_is(int fd);

/**
 * sys_tty_raw() - keys arrive one by one and uninterpreted. Return: 0; -ENOTTY
 * @returns: new lines in output still get a carriage return
 */
int sys_tty_raw(struct sys_tty *t, int fd, bool returns);

/** sys_tty_plain_newlines() - new lines that programs write get no carriage return. Return: 0; -errno */
int sys_tty_plain_newlines(int fd);
void sys_tty_restore(struct sys_tty *t); /* idempotent */
int sys_tty_size(int fd, uint32_t *ret_rows, uint32_t *ret_columns);

/** sys_tty_set_size() - of the terminal behind a master or a slave; its processes get SIGWINCH */
int sys_tty_set_size(int fd, uint32_t rows, uint32_t columns);
