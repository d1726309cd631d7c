/* SPDX-License-Identifier: Apache-2.0 */
/* The short forms of ports and mounts, as a manifest and `cleat run -p -v --tmpfs` write them. */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "manifest/short.h"

int short_path(struct span s, struct arena *a, char **ret_path, struct err *e)
{
	struct span rest = s, part;
	bool more = true;
	size_t len = 0;
	char *path;

	if (!s.len || s.p[0] != '/')
		return err_text(e, -EINVAL, "\"%.*s\" is not an absolute path",
				(int)(s.len > 100 ? 100 : s.len), s.p);
	if (s.len > 4000)
		return err_text(e, -EINVAL, "the path has more than 4000 characters");
	path = arena_alloc(a, s.len + 2);
	if (!path)
		return err_text(e, -EFBIG, "the path does not fit the memory for it");
	while (more) {
		part = span_cut(rest, '/', &rest, &more);
		if (span_eq(part, ".."))
			return err_text(e, -EINVAL, "\"%.*s\": \"..\" is not allowed in a path",
					(int)(s.len > 100 ? 100 : s.len), s.p);
		if (!part.len || span_eq(part, "."))
			continue;
		path[len++] = '/';
		memcpy(path + len, part.p, part.len);
		len += part.len;
	}
	if (!len)
		path[len++] = '/';
	*ret_path = path;
	return 0;
}

int short_target(struct span s, struct arena *a, char **ret_path, struct err *e)
{
	int r = short_path(s, a, ret_path, e);

	if (r < 0)
		return r;
	/* runc CVE-2019-16884: nothing may lie over /proc */
	if (str_eq(*ret_path, "/") || str_eq(*ret_path, "/proc") || str_starts(*ret_path, "/proc/"))
		return err_text(e, -EINVAL, "nothing can be mounted at %.100s in a container",
				*ret_path);
	return 0;
}

static int port_number(struct span s, const char *what, uint16_t *ret_port, struct err *e)
{
	uint32_t port;

	if (memchr(s.p, '-', s.len))
		return err_text(e, -ENOTSUP,
				"port ranges are not supported: write one entry for each port");
	if (num_u32(s, 65535, &port) < 0 || port == 0)
		return err_text(e, -EINVAL, "%s \"%.*s\" is not a number from 1 to 65535", what,
				(int)(s.len > 40 ? 40 : s.len), s.p);
	*ret_port = (uint16_t)port;
	return 0;
}

int short_ip(struct span s, struct arena *a, char **ret_ip, struct err *e)
{
	struct span rest = s, part;
	bool more = true;
	uint32_t n, i = 0;

	for (; more && i < 4; i++) {
		part = span_cut(rest, '.', &rest, &more);
		if (num_u32(part, 255, &n) < 0 || (part.len > 1 && part.p[0] == '0'))
			break;
	}
	if (memchr(s.p, ':', s.len))
		return err_text(e, -ENOTSUP, "IPv6 address \"%.*s\": only IPv4 is supported yet",
				(int)(s.len > 40 ? 40 : s.len), s.p);
	if (more || i != 4)
		return err_text(e, -EINVAL, "\"%.*s\" is not an IPv4 address",
				(int)(s.len > 40 ? 40 : s.len), s.p);
	*ret_ip = NULL; /* 0.0.0.0 is what no address means */
	if (span_eq(s, "0.0.0.0"))
		return 0;
	*ret_ip = arena_strndup(a, s.p, s.len);
	return *ret_ip ? 0 : err_text(e, -EFBIG, "the address does not fit the memory for it");
}

int short_proto(struct span s, enum manifest_port_proto *ret, struct err *e)
{
	if (!span_eq(s, "tcp") && !span_eq(s, "udp"))
		return err_text(e, -EINVAL, "protocol \"%.*s\" is not tcp or udp",
				(int)(s.len > 40 ? 40 : s.len), s.p);
	*ret = span_eq(s, "udp") ? PORT_UDP : PORT_TCP;
	return 0;
}

/* position of the last ':' before @end, -1 if there is none */
static long last_colon(struct span s)
{
	for (size_t i = s.len; i > 0; i--)
		if (s.p[i - 1] == ':')
			return (long)i - 1;
	return -1;
}

int manifest_parse_port(struct span text, struct arena *a, struct manifest_port *ret_port,
			struct err *e)
{
	struct manifest_port port = {0};
	struct span proto, left;
	bool has_proto;
	long at;
	int r;

	left = span_cut(text, '/', &proto, &has_proto);
	r = has_proto ? short_proto(proto, &port.proto, e) : 0;
	if (r < 0)
		return r;
	at = last_colon(left);
	r = port_number((struct span){left.p + at + 1, left.len - (size_t)(at + 1)},
			"container port", &port.container_port, e);
	if (r < 0)
		return r;
	if (at < 0)
		return err_text(e, -EINVAL,
				"port %u has no port on the device: write for instance \"%u:%u\"",
				port.container_port, port.container_port, port.container_port);
	left.len = (size_t)at;
	at = last_colon(left);
	r = port_number((struct span){left.p + at + 1, left.len - (size_t)(at + 1)},
			"port on the device", &port.host_port, e);
	if (r == 0 && at >= 0) {
		left.len = (size_t)at;
		if (left.len > 2 && left.p[0] == '[' && left.p[left.len - 1] == ']')
			left = (struct span){left.p + 1, left.len - 2};
		r = short_ip(left, a, &port.host_ip, e);
	}
	if (r == 0)
		*ret_port = port;
	return r;
}

static int mount_mode(struct span modes, struct manifest_mount *m, struct err *e)
{
	bool more = true;

	while (more) {
		struct span one = span_cut(modes, ',', &modes, &more);

		if (span_eq(one, "ro"))
			m->read_only = true;
		else if (!span_eq(one, "rw"))
			return err_text(e, -ENOTSUP,
					"mount mode \"%.*s\" is not supported, ro and rw are",
					(int)(one.len > 40 ? 40 : one.len), one.p);
	}
	return 0;
}

int short_source(struct span s, struct arena *a, struct manifest_mount *m, struct err *e)
{
	if (s.len && s.p[0] == '/') {
		m->kind = MOUNT_BIND;
		return short_path(s, a, &m->source, e);
	}
	m->kind = MOUNT_VOLUME;
	if (!s.len)
		return err_text(e, -EINVAL, "the source of the mount is empty");
	if (s.p[0] == '.' || s.p[0] == '~' || memchr(s.p, '/', s.len))
		return err_text(e, -EINVAL,
				"mount source \"%.*s\" depends on a working directory: write an "
				"absolute path",
				(int)(s.len > 100 ? 100 : s.len), s.p);
	m->source = arena_strndup(a, s.p, s.len);
	return m->source ? 0 : err_text(e, -EFBIG, "the mount does not fit the memory for it");
}

int manifest_parse_mount(struct span text, struct arena *a, struct manifest_mount *ret_mount,
			 struct err *e)
{
	struct manifest_mount m = {.kind = MOUNT_VOLUME};
	struct span source, target, modes = {"", 0};
	bool two, three = false;
	int r = 0;

	source = span_cut(text, ':', &target, &two);
	if (two)
		target = span_cut(target, ':', &modes, &three);
	else
		target = source;
	if (three)
		r = mount_mode(modes, &m, e);
	if (r == 0 && two)
		r = short_source(source, a, &m, e);
	if (r == 0)
		r = short_target(target, a, &m.target, e);
	if (r == 0)
		*ret_mount = m;
	return r;
}

int short_mode(struct span s, uint32_t *ret_mode, struct err *e)
{
	uint64_t mode;

	if (s.len > 2 && s.p[0] == '0' && s.p[1] == 'o')
		s = (struct span){s.p + 2, s.len - 2};
	if (num_oct(s, 07777, &mode) < 0 || mode == 0)
		return err_text(e, -EINVAL, "mode \"%.*s\" is not an octal number such as 1777",
				(int)(s.len > 40 ? 40 : s.len), s.p);
	*ret_mode = (uint32_t)mode;
	return 0;
}

static int tmpfs_option(struct span one, struct manifest_mount *m, struct err *e)
{
	bool found;
	struct span value, name = span_cut(one, '=', &value, &found);

	if (span_eq(one, "rw"))
		return 0;
	if (span_eq(one, "ro"))
		m->read_only = true;
	else if (span_eq(name, "mode"))
		return short_mode(value, &m->tmpfs_mode, e);
	else if (!span_eq(name, "size"))
		return err_text(
			e, -ENOTSUP,
			"tmpfs option \"%.*s\" is not supported; size=, mode=, ro and rw are",
			(int)(one.len > 40 ? 40 : one.len), one.p);
	else if (num_bytes(value, &m->tmpfs_bytes) < 0 || !m->tmpfs_bytes)
		return err_text(e, -EINVAL, "tmpfs size \"%.*s\" is not a size such as 64m",
				(int)(value.len > 40 ? 40 : value.len), value.p);
	return 0;
}

int manifest_parse_tmpfs(struct span text, struct arena *a, struct manifest_mount *ret_mount,
			 struct err *e)
{
	struct manifest_mount m = {.kind = MOUNT_TMPFS};
	struct span options, target;
	bool more;
	int r;

	target = span_cut(text, ':', &options, &more);
	r = short_target(target, a, &m.target, e);
	while (r == 0 && more) {
		struct span one = span_cut(options, ',', &options, &more);

		r = tmpfs_option(one, &m, e);
	}
	if (r == 0)
		*ret_mount = m;
	return r;
}
