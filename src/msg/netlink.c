/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The message format, both ways, and the conversation "one request, its replies, its end".
 *
 * Invariant: lengths written are backed by bytes in the block, lengths read are compared with what
 * is left before they are used. The kernel is trusted, its length fields still are checked: a
 * parser that cannot run over is easier to believe than an argument about who wrote the bytes.
 */
#include "msg/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/str.h"
#include "sys/fd.h"
#include "sys/netlink.h"

#define RECV_BYTES                                                                                 \
	16384 /* a dump's datagram is at most a page, or what we offer; a link is about 2 KiB */

/* Building */

void nl_buf_init(struct nl_buf *b, void *mem, size_t cap)
{
	*b = (struct nl_buf){.p = mem, .cap = cap};
}

void nl_buf_reset(struct nl_buf *b)
{
	b->len = 0;
	b->overflow = false;
}

static void *grow(struct nl_buf *b, size_t len)
{
	size_t padded = NLMSG_ALIGN(len);
	void *at = b->p + b->len;

	if (b->overflow || padded < len || padded > b->cap - b->len) {
		b->overflow = true;
		return NULL;
	}
	memset(at, 0, padded);
	b->len += padded;
	return at;
}

uint32_t nl_begin(struct nl_buf *b, uint16_t type, uint16_t flags, const void *header, size_t len)
{
	struct nlmsghdr h = {.nlmsg_type = type, .nlmsg_flags = flags | NLM_F_REQUEST};
	void *at;

	b->msg_at = b->len;
	h.nlmsg_seq = ++b->seq;
	at = grow(b, sizeof(h));
	if (at)
		memcpy(at, &h, sizeof(h));
	at = grow(b, len);
	if (at)
		memcpy(at, header, len);
	return b->seq;
}

void nl_end(struct nl_buf *b)
{
	uint32_t len = (uint32_t)(b->len - b->msg_at);

	if (nl_ok(b))
		memcpy(b->p + b->msg_at, &len, sizeof(len)); /* nlmsg_len is the first field */
}

void nl_put(struct nl_buf *b, uint16_t type, const void *data, size_t len)
{
	struct nlattr a = {.nla_type = type};
	uint8_t *at;

	if (len > UINT16_MAX - NLA_HDRLEN) {
		b->overflow = true;
		return;
	}
	a.nla_len = (uint16_t)(NLA_HDRLEN + len);
	at = grow(b, a.nla_len);
	if (!at)
		return;
	memcpy(at, &a, sizeof(a));
	if (len)
		memcpy(at + NLA_HDRLEN, data, len);
}

void nl_put_u8(struct nl_buf *b, uint16_t type, uint8_t v)
{
	nl_put(b, type, &v, sizeof(v));
}

void nl_put_u32(struct nl_buf *b, uint16_t type, uint32_t v)
{
	nl_put(b, type, &v, sizeof(v));
}

void nl_put_be16(struct nl_buf *b, uint16_t type, uint16_t v)
{
	uint8_t be[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	nl_put(b, type, be, sizeof(be));
}

void nl_put_be32(struct nl_buf *b, uint16_t type, uint32_t v)
{
	uint8_t be[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	nl_put(b, type, be, sizeof(be));
}

void nl_put_str(struct nl_buf *b, uint16_t type, const char *s)
{
	nl_put(b, type, s, strlen(s) + 1);
}

size_t nl_nest(struct nl_buf *b, uint16_t type)
{
	size_t at = b->len;

	nl_put(b, type | NLA_F_NESTED, NULL, 0);
	return at;
}

void nl_nest_end(struct nl_buf *b, size_t at)
{
	size_t len = b->len - at;
	uint16_t len16 = (uint16_t)len;

	if (len > UINT16_MAX)
		b->overflow = true;
	if (nl_ok(b))
		memcpy(b->p + at, &len16, sizeof(len16)); /* nla_len is the first field */
}

/* Parsing */

const struct nlmsghdr *nl_next(struct nl_view *rest)
{
	const struct nlmsghdr *m = (const void *)rest->p;
	size_t step;

	if (rest->len < sizeof(*m) || m->nlmsg_len < sizeof(*m) || m->nlmsg_len > rest->len)
		return NULL;
	step = NLMSG_ALIGN(m->nlmsg_len);
	if (step > rest->len)
		step = rest->len;
	rest->p += step;
	rest->len -= step;
	return m;
}

struct nl_view nl_attrs(const struct nlmsghdr *m, size_t header_len)
{
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(header_len);

	if (m->nlmsg_len < skip)
		return (struct nl_view){NULL, 0};
	return (struct nl_view){(const uint8_t *)m + skip, m->nlmsg_len - skip};
}

bool nl_find(struct nl_view attrs, uint16_t type, struct nl_view *ret_payload)
{
	struct nlattr a;
	size_t step;

	for (; attrs.len >= NLA_HDRLEN; attrs.p += step, attrs.len -= step) {
		memcpy(&a, attrs.p, sizeof(a));
		if (a.nla_len < NLA_HDRLEN || a.nla_len > attrs.len)
			return false;
		if ((a.nla_type & NLA_TYPE_MASK) == type) {
			*ret_payload =
				(struct nl_view){attrs.p + NLA_HDRLEN, a.nla_len - NLA_HDRLEN};
			return true;
		}
		step = NLA_ALIGN(a.nla_len);
		if (step > attrs.len)
			return false;
	}
	return false;
}

bool nl_find_u32(struct nl_view attrs, uint16_t type, uint32_t *ret_value)
{
	struct nl_view v;

	if (!nl_find(attrs, type, &v) || v.len != sizeof(*ret_value))
		return false;
	memcpy(ret_value, v.p, sizeof(*ret_value));
	return true;
}

bool nl_find_be32(struct nl_view attrs, uint16_t type, uint32_t *ret_value)
{
	struct nl_view v;

	if (!nl_find(attrs, type, &v) || v.len != 4)
		return false;
	*ret_value =
		(uint32_t)v.p[0] << 24 | (uint32_t)v.p[1] << 16 | (uint32_t)v.p[2] << 8 | v.p[3];
	return true;
}

bool nl_find_str(struct nl_view attrs, uint16_t type, char *dst, size_t cap)
{
	struct nl_view v;

	if (!nl_find(attrs, type, &v))
		return false;
	return str_copy_n(dst, cap, (const char *)v.p, strnlen((const char *)v.p, v.len)) >= 0;
}

bool nl_failure_read(const struct nlmsghdr *m, struct nl_failure *ret_failure)
{
	struct nl_failure f = {0};
	struct nlmsgerr x;

	if (m->nlmsg_type != NLMSG_ERROR || m->nlmsg_len < NLMSG_HDRLEN + sizeof(x))
		return false;
	memcpy(&x, (const uint8_t *)m + NLMSG_HDRLEN, sizeof(x));
	f.seq = x.msg.nlmsg_seq;
	f.code = x.error;
	/* the request's body follows the struct unless the kernel knows NETLINK_CAP_ACK */
	if (m->nlmsg_flags & NLM_F_ACK_TLVS) {
		bool whole = !(m->nlmsg_flags & NLM_F_CAPPED) && x.msg.nlmsg_len > sizeof(x.msg) &&
			     x.msg.nlmsg_len < m->nlmsg_len;
		size_t body = whole ? x.msg.nlmsg_len - sizeof(x.msg) : 0;
		struct nl_view attrs = nl_attrs(m, sizeof(x) + body);

		nl_find_str(attrs, NLMSGERR_ATTR_MSG, f.text, sizeof(f.text));
		nl_find_u32(attrs, NLMSGERR_ATTR_OFFS, &f.offset);
	}
	*ret_failure = f;
	return true;
}

/* Talking */

int nl_open(struct nl *nl, int protocol, int netns_fd, struct err *e)
{
	int fd = sys_netlink_open(netns_fd, protocol);

	if (fd == -EPROTONOSUPPORT && protocol == NETLINK_NETFILTER)
		return err_text(
			e, -EOPNOTSUPP,
			"kernel without nf_tables: needs CONFIG_NF_TABLES (module nf_tables)");
	if (fd < 0)
		return err_set(e, fd, "open netlink socket (protocol %d)", protocol);
	nl->fd = fd;
	return 0;
}

void nl_close(struct nl *nl)
{
	sys_close_ptr(&nl->fd);
}

static int refused(const struct nl_failure *f, const char *what, struct err *e)
{
	return *f->text ? err_set(e, f->code, "%s: %s", what, f->text)
			: err_set(e, f->code, "%s", what);
}

/* a dump that fails half-way says so in its last message */
static int done_code(const struct nlmsghdr *m)
{
	int code = 0;

	if (m->nlmsg_len >= NLMSG_HDRLEN + sizeof(code))
		memcpy(&code, (const uint8_t *)m + NLMSG_HDRLEN, sizeof(code));
	return code < 0 ? code : 0;
}

/* Return: 1 the request has ended well; 0 more to come; -errno it has ended badly */
static int take(const struct nlmsghdr *m, uint32_t seq, nl_reply *reply, void *arg,
		const char *what, struct err *e)
{
	struct nl_failure f;

	if (m->nlmsg_seq != seq)
		return 0; /* what is left of a conversation that ended early */
	if (m->nlmsg_flags & NLM_F_DUMP_INTR)
		return err_set(e, -EINTR, "%s: changed while it was read", what);
	if (nl_failure_read(m, &f))
		return f.code ? refused(&f, what, e) : 1;
	if (m->nlmsg_type == NLMSG_DONE)
		return done_code(m) ? err_set(e, done_code(m), "%s", what) : 1;
	if (reply && m->nlmsg_type >= NLMSG_MIN_TYPE)
		reply(m, arg);
	return 0;
}

int nl_talk(struct nl *nl, struct nl_buf *b, nl_reply *reply, void *arg, const char *what,
	    struct err *e)
{
	static _Alignas(4) uint8_t mem[RECV_BYTES];
	int r;

	if (!nl_ok(b))
		return err_set(e, -EMSGSIZE, "%s: request", what);
	r = sys_netlink_send(nl->fd, b->p, b->len);
	if (r < 0)
		return err_set(e, r, "%s: send to the kernel", what);
	for (;;) {
		const struct nlmsghdr *m;
		ssize_t n = sys_netlink_recv(nl->fd, mem, sizeof(mem), true);
		struct nl_view rest = {mem, n > 0 ? (size_t)n : 0};

		if (n <= 0)
			return err_set(e, n ? (int)n : -EPROTO, "%s: answer from the kernel", what);
		while ((m = nl_next(&rest))) {
			r = take(m, b->seq, reply, arg, what, e);
			if (r)
				return r < 0 ? r : 0;
		}
	}
}
