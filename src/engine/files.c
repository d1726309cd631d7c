/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three files of name resolution. They lie in the run directory and are bind-mounted, so nothing
 * of ours is ever written into an image's tree (crun CVE-2025-24965). /etc/hosts is how containers
 * of one network find each other; it is rewritten in place when peers come and go, because a bind
 * mount keeps the inode.
 */
#include <errno.h>
#include <fcntl.h>

#include "engine/container.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "file/durable.h"
#include "sys/fd.h"

#define TEXT_CAP (16 * 1024)

static char text[TEXT_CAP], host_text[TEXT_CAP];

static int write_file(const struct container *c, const char *name, const struct buf *b,
		      struct err *e)
{
	char path[CONTAINER_ID_CAP + 32];
	auto_close int fd = -1;
	int r;

	if (!buf_ok(b))
		return err_text(e, -EFBIG, "container %s: its %s would be longer than %d bytes",
				c->name, name, TEXT_CAP);
	str_printf(path, sizeof(path), "%s/%s", c->id, name);
	fd = sys_open(engine.run_fd, path, O_WRONLY | O_CREAT | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_set(e, fd, "open %s/%s", engine.run, path);
	/* first the new text, then the cut: never an empty file */
	r = sys_write_all(fd, b->p, b->len);
	if (r == 0)
		r = sys_truncate(fd, (off_t)b->len);
	if (r == 0)
		r = sys_fchmod(fd, 0644);
	return r < 0 ? err_set(e, r, "write %s/%s", engine.run, path) : 0;
}

static bool share_network(const struct container *a, const struct container *b, uint32_t *ret_ip)
{
	for (size_t i = 0; i < a->n_nets; i++)
		for (size_t k = 0; k < b->n_nets; k++)
			if (a->nets[i].network == b->nets[k].network) {
				*ret_ip = b->nets[k].ip;
				return true;
			}
	return false;
}

static bool running(const struct container *c)
{
	return c->state == CONTAINER_RUNNING || c->state == CONTAINER_STOPPING ||
	       c->state == CONTAINER_STARTING;
}

static void print_hosts(const struct container *c, struct buf *b)
{
	char ip[16];

	buf_puts(b, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
	for (size_t i = 0; i < c->n_nets; i++)
		buf_printf(b, "%s\t%s %.12s\n", net_format_ip4(ip, c->nets[i].ip), c->host_names,
			   c->id);
	for (struct container *peer = NULL; (peer = container_each(peer));) {
		uint32_t peer_ip;

		if (peer != c && running(peer) && share_network(c, peer, &peer_ip))
			buf_printf(b, "%s\t%s\n", net_format_ip4(ip, peer_ip), peer->host_names);
	}
}

static int write_hosts(const struct container *c, struct err *e)
{
	struct buf b;

	buf_init(&b, text, sizeof(text));
	print_hosts(c, &b);
	return write_file(c, "hosts", &b, e);
}

/* A resolver on the machine's loopback address is another one inside the container's namespace. */
static void print_resolvers(struct buf *b, struct span host, bool own_namespace)
{
	bool more = true;

	while (more) {
		struct span line = span_cut(host, '\n', &host, &more);
		bool loopback =
			(line.len > 15 && span_eq((struct span){line.p, 15}, "nameserver 127.")) ||
			span_eq(span_trim(line), "nameserver ::1");

		if (line.len && !(own_namespace && loopback)) {
			buf_put(b, line.p, line.len);
			buf_putc(b, '\n');
		}
	}
}

int files_write(const struct container *c, const struct container_record *rec, struct err *e)
{
	bool host_net = rec->spec.network_mode && str_eq(rec->spec.network_mode, "host");
	char hostname[13];
	struct buf b;
	ssize_t n;
	int r;

	buf_init(&b, text, sizeof(text));
	buf_printf(&b, "%s\n", container_hostname(rec, hostname));
	r = write_file(c, "hostname", &b, e);
	if (r < 0)
		return r;
	n = file_read(AT_FDCWD, "/etc/resolv.conf", host_text, sizeof(host_text), NULL);
	buf_init(&b, text, sizeof(text));
	print_resolvers(&b, (struct span){host_text, n > 0 ? (size_t)n : 0}, !host_net);
	r = write_file(c, "resolv.conf", &b, e);
	return r < 0 ? r : write_hosts(c, e);
}

void files_update_hosts(void)
{
	for (struct container *c = NULL; (c = container_each(c));) {
		struct err e = {0};

		if (running(c) && c->n_nets && write_hosts(c, &e) < 0)
			event_err("hosts", &e, "id=%.12s", c->id);
	}
}
