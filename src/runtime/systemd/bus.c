/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talking to systemd. On its private socket it is the other end itself, so there is no name to ask for and nothing to
 * subscribe to: its signals come unasked, and those that are longer than our room are passed over.
 * Spec: D-Bus Specification 0.43, "Authentication Protocol"; org.freedesktop.systemd1(5).
 */
#include "runtime/systemd/bus.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/sock.h"
#include "sys/watch.h"

#define WAIT_MS 30000 /* as runc */
#define MANAGER "org.freedesktop.systemd1.Manager"

static const char *member; /* of the last call, for messages */

static int get(struct bus *b, void *to, size_t len)
{
	char *p = to;

	while (len) {
		int64_t left = b->until - sys_now_ms();
		int r = left > 0 ? sys_poll_one(b->fd, POLLIN, (int)left) : 0;
		ssize_t n = r > 0 ? sys_read(b->fd, p, len) : r == 0 ? -ETIMEDOUT : r;

		if (n <= 0)
			return n ? (int)n : -EPIPE;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int put(struct bus *b, const void *data, size_t len)
{
	return sys_send_fds(b->fd, data, len, NULL, 0);
}

/* One line of the handshake. Return: 0; -EACCES it does not begin with @want */
static int expect(struct bus *b, const char *want)
{
	char line[128];
	size_t n = 0;
	int r;

	do
		r = n < sizeof(line) - 1 ? get(b, &line[n], 1) : -EMSGSIZE;
	while (r == 0 && line[n++] != '\n');
	line[n] = '\0';
	return r < 0 ? r : str_starts(line, want) ? 0 : -EACCES;
}

/*
 * Who we are the socket says: from inside a user namespace we could not name ourselves as the host does. All at once, as
 * systemd's own clients do: a call that reaches it together with BEGIN it leaves lying (252).
 */
static int introduce(struct bus *b)
{
	static const char all[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	int r = put(b, all, sizeof(all) - 1);

	if (r == 0)
		r = expect(b, "DATA");
	return r < 0 ? r : expect(b, "OK ");
}

int bus_open(struct bus *b, const char *path, struct err *e)
{
	int r;

	b->serial = 0;
	b->until = sys_now_ms() + WAIT_MS;
	b->fd = sys_connect_unix(path, SOCK_STREAM);
	if (b->fd < 0)
		return err_set(e, b->fd, "ask systemd: connect %s", path);
	r = introduce(b);
	if (r < 0)
		bus_close(b);
	return r < 0 ? err_set(e, r, "ask systemd: introduce ourselves at %s", path) : 0;
}

void bus_close(struct bus *b)
{
	sys_close(take_fd(&b->fd));
}

struct buf *bus_begin(struct bus *b, const char *name, const char *signature)
{
	const struct dbus_call call = {"/org/freedesktop/systemd1", MANAGER, name, signature};

	member = name;
	buf_init(&b->out, b->out_mem, sizeof(b->out_mem));
	dbus_begin(&b->out, ++b->serial, &call);
	return &b->out;
}

/* The next message that fits. */
static int receive(struct bus *b, struct dbus_message *m)
{
	for (;;) {
		int r = get(b, b->in, DBUS_HEAD_BYTES);
		int64_t len = r < 0 ? r : dbus_length((const uint8_t *)b->in);

		if (len < 0)
			return (int)len;
		if (len <= (int64_t)sizeof(b->in)) {
			r = get(b, b->in + DBUS_HEAD_BYTES, (size_t)len - DBUS_HEAD_BYTES);
			return r < 0 ? r : dbus_parse((struct span){b->in, (size_t)len}, m);
		}
		for (len -= DBUS_HEAD_BYTES; len > 0 && r == 0; len -= (int64_t)sizeof(b->in))
			r = get(b, b->in,
				len < (int64_t)sizeof(b->in) ? (size_t)len : sizeof(b->in));
		if (r < 0)
			return r;
	}
}

static int refused(const struct dbus_message *m, const char *what, struct err *e)
{
	struct dbus_in in = {.data = m->body};
	struct span text = span_eq(m->signature, "s") ? dbus_get_str(&in) : m->error;
	int code = span_eq(m->error, "org.freedesktop.systemd1.UnitExists")   ? -EEXIST
		   : span_eq(m->error, "org.freedesktop.systemd1.NoSuchUnit") ? -ENOENT
									      : -EIO;

	return err_text(e, code, "systemd: %s of %s: %.*s", member, what,
			text.len < 200 ? (int)text.len : 200, text.p);
}

int bus_call(struct bus *b, const char *what, struct dbus_message *ret_reply, struct err *e)
{
	struct dbus_message m = {0};
	int r;

	dbus_end(&b->out);
	r = buf_ok(&b->out) ? put(b, b->out.p, b->out.len) : -E2BIG;
	while (r == 0 && (m.reply_serial != b->serial || m.type == DBUS_SIGNAL)) {
		m.reply_serial = 0;
		r = receive(b, &m);
	}
	if (r < 0)
		return err_set(e, r, "systemd: %s of %s", member, what);
	if (m.type == DBUS_ERROR)
		return refused(&m, what, e);
	*ret_reply = m;
	return 0;
}

int bus_wait_job(struct bus *b, const char *unit, const struct dbus_message *reply, struct err *e)
{
	struct dbus_in in = {.data = reply->body};
	struct span path = dbus_get_str(&in), ended, result;
	struct dbus_message m;
	char job[128];
	int r = in.bad ? -EBADMSG : str_copy_n(job, sizeof(job), path.p, path.len);

	while (r >= 0) {
		r = receive(b, &m);
		if (r < 0 || m.type != DBUS_SIGNAL || !span_eq(m.member, "JobRemoved"))
			continue;
		in = (struct dbus_in){.data = m.body};
		dbus_get_u32(&in); /* its number */
		ended = dbus_get_str(&in);
		dbus_get_str(&in); /* its unit */
		result = dbus_get_str(&in);
		if (in.bad || !span_eq(ended, job))
			continue;
		return span_eq(result, "done")
			       ? 0
			       : err_text(e, -EIO, "systemd: %s of %s: %.*s", member, unit,
					  (int)(result.len % 64), result.p);
	}
	return err_set(e, r, "systemd: %s of %s: wait for it", member, unit);
}
