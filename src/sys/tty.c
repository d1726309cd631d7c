/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/tty.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

_Static_assert(sizeof(struct termios) <= sizeof(((struct sys_tty *)0)->saved),
	       "struct sys_tty is too small");

bool sys_tty_is(int fd)
{
	return isatty(fd) == 1;
}

int sys_tty_raw(struct sys_tty *t, int fd, bool returns)
{
	struct termios raw;

	t->fd = -1;
	if (tcgetattr(fd, &raw) < 0)
		return -errno;
	memcpy(t->saved, &raw, sizeof(raw));
	cfmakeraw(&raw);
	if (returns)
		raw.c_oflag |= OPOST;
	if (tcsetattr(fd, TCSADRAIN, &raw) < 0)
		return -errno;
	t->fd = fd;
	return 0;
}

int sys_tty_plain_newlines(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t) < 0)
		return -errno;
	t.c_oflag &= ~(tcflag_t)ONLCR;
	return tcsetattr(fd, TCSANOW, &t) < 0 ? -errno : 0;
}

void sys_tty_restore(struct sys_tty *t)
{
	struct termios saved;

	if (t->fd < 0)
		return;
	memcpy(&saved, t->saved, sizeof(saved));
	tcsetattr(t->fd, TCSADRAIN, &saved);
	t->fd = -1;
}

int sys_tty_size(int fd, uint32_t *ret_rows, uint32_t *ret_columns)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0)
		return -errno;
	*ret_rows = size.ws_row;
	*ret_columns = size.ws_col;
	return 0;
}

int sys_tty_set_size(int fd, uint32_t rows, uint32_t columns)
{
	struct winsize size = {.ws_row = rows > UINT16_MAX ? UINT16_MAX : (unsigned short)rows,
			       .ws_col =
				       columns > UINT16_MAX ? UINT16_MAX : (unsigned short)columns};

	return ioctl(fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}
