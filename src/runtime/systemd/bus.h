/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "wire/dbus.h"

/** struct bus - a connection to a systemd, and room for one message each way */
struct bus {
	int fd;
	uint32_t serial;
	int64_t until; /* the end of its patience */
	struct buf out;
	char out_mem[16 * 1024], in[4 * 1024];
};

/** bus_open() - Return: 0; -ENOENT, -ECONNREFUSED nobody listens there; -EACCES we are not let in */
int bus_open(struct bus *b, const char *path, struct err *e);
void bus_close(struct bus *b);

/** bus_begin() - a call of a method of systemd's manager; the arguments go to the buf that it returns */
struct buf *bus_begin(struct bus *b, const char *member, const char *signature);

/**
 * bus_call() - send it, wait for the answer
 * @what: the unit, for the error's text
 *
 * Return: 0; -EEXIST, -ENOENT systemd says that the unit is, is not there; -EIO it says something else; -ETIMEDOUT; -errno.
 */
int bus_call(struct bus *b, const char *what, struct dbus_message *ret_reply, struct err *e);

/** bus_wait_job() - until the job that the last answer named is over. Return: 0; -EIO it did not end well; -errno */
int bus_wait_job(struct bus *b, const char *unit, const struct dbus_message *reply, struct err *e);
