/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nf_tables wire format, as far as our rules need it. Registers: each match loads into register
 * 1 and compares at once, so nothing is carried from one match to the next.
 *
 * A refusal of the kernel's carries the message's number and the offset of the attribute at fault; from
 * them the name of the expression is read back out of our own batch, so that a kernel that was built
 * without a module is reported by that module's name.
 *
 * Spec: include/uapi/linux/netfilter/nf_tables.h, nfnetlink.h. There is no other.
 */
#include "net/nft.h"

#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <string.h>

#include "base/str.h"
#include "sys/netlink.h"

#define SADDR_OFFSET 12 /* RFC 791, 3.1 */
#define DADDR_OFFSET 16
#define DPORT_OFFSET 2 /* of TCP and UDP alike */
#define REG	     NFT_REG_1
#define REG_PORT     NFT_REG_2
#define IFNAME_BYTES 16
#define ANSWER_BYTES 8192

/* Batch */

static void begin(struct nft *t, uint16_t type, uint16_t flags, uint8_t family, uint16_t resource)
{
	uint8_t h[4] = {family, NFNETLINK_V0, (uint8_t)(resource >> 8), (uint8_t)resource};

	nl_begin(&t->b, type, flags, h, sizeof(h));
}

static void begin_nft(struct nft *t, int type, uint16_t flags)
{
	begin(t, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, NFPROTO_IPV4, 0);
}

void nft_begin(struct nft *t, void *mem, size_t cap, const char *table)
{
	*t = (struct nft){.table = table};
	nl_buf_init(&t->b, mem, cap);
	begin(t, NFNL_MSG_BATCH_BEGIN, 0, NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES);
	nl_end(&t->b);
}

void nft_close(struct nft *t)
{
	begin(t, NFNL_MSG_BATCH_END, 0, NFPROTO_UNSPEC, NFNL_SUBSYS_NFTABLES);
	nl_end(&t->b);
}

static void table(struct nft *t, int type, uint16_t flags)
{
	begin_nft(t, type, flags);
	nl_put_str(&t->b, NFTA_TABLE_NAME, t->table);
	nl_end(&t->b);
}

/* Deleting what is not there is an error, adding what is there is none: so add, then delete */
void nft_table_delete(struct nft *t)
{
	table(t, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	table(t, NFT_MSG_DELTABLE, NLM_F_ACK);
}

void nft_table_replace(struct nft *t)
{
	nft_table_delete(t);
	table(t, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_ACK);
}

void nft_chain(struct nft *t, const char *name, const char *type, uint32_t hook, int32_t priority)
{
	size_t nest;

	begin_nft(t, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	nl_put_str(&t->b, NFTA_CHAIN_TABLE, t->table);
	nl_put_str(&t->b, NFTA_CHAIN_NAME, name);
	if (type) {
		nest = nl_nest(&t->b, NFTA_CHAIN_HOOK);
		nl_put_be32(&t->b, NFTA_HOOK_HOOKNUM, hook);
		nl_put_be32(&t->b, NFTA_HOOK_PRIORITY, (uint32_t)priority);
		nl_nest_end(&t->b, nest);
		nl_put_be32(&t->b, NFTA_CHAIN_POLICY, NF_ACCEPT);
		nl_put_str(&t->b, NFTA_CHAIN_TYPE, type);
	}
	nl_end(&t->b);
}

void nft_rule(struct nft *t, const char *chain)
{
	begin_nft(t, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	nl_put_str(&t->b, NFTA_RULE_TABLE, t->table);
	nl_put_str(&t->b, NFTA_RULE_CHAIN, chain);
	t->rule_at = nl_nest(&t->b, NFTA_RULE_EXPRESSIONS);
}

void nft_rule_end(struct nft *t)
{
	nl_nest_end(&t->b, t->rule_at);
	nl_end(&t->b);
}

/* Expressions */

struct expr {
	size_t elem, data;
};

static struct expr expr_begin(struct nft *t, const char *name)
{
	struct expr x;

	x.elem = nl_nest(&t->b, NFTA_LIST_ELEM);
	nl_put_str(&t->b, NFTA_EXPR_NAME, name);
	x.data = nl_nest(&t->b, NFTA_EXPR_DATA);
	return x;
}

static void expr_end(struct nft *t, struct expr x)
{
	nl_nest_end(&t->b, x.data);
	nl_nest_end(&t->b, x.elem);
}

static void put_value(struct nft *t, uint16_t type, const void *data, size_t len)
{
	size_t nest = nl_nest(&t->b, type);

	nl_put(&t->b, NFTA_DATA_VALUE, data, len);
	nl_nest_end(&t->b, nest);
}

static void cmp(struct nft *t, bool is, const void *data, size_t len)
{
	struct expr x = expr_begin(t, "cmp");

	nl_put_be32(&t->b, NFTA_CMP_SREG, REG);
	nl_put_be32(&t->b, NFTA_CMP_OP, is ? NFT_CMP_EQ : NFT_CMP_NEQ);
	put_value(t, NFTA_CMP_DATA, data, len);
	expr_end(t, x);
}

static void mask(struct nft *t, const void *bits, size_t len)
{
	static const uint8_t zero[4];
	struct expr x = expr_begin(t, "bitwise");

	nl_put_be32(&t->b, NFTA_BITWISE_SREG, REG);
	nl_put_be32(&t->b, NFTA_BITWISE_DREG, REG);
	nl_put_be32(&t->b, NFTA_BITWISE_LEN, (uint32_t)len);
	put_value(t, NFTA_BITWISE_MASK, bits, len);
	put_value(t, NFTA_BITWISE_XOR, zero, len);
	expr_end(t, x);
}

static void load_meta(struct nft *t, uint32_t key)
{
	struct expr x = expr_begin(t, "meta");

	nl_put_be32(&t->b, NFTA_META_DREG, REG);
	nl_put_be32(&t->b, NFTA_META_KEY, key);
	expr_end(t, x);
}

static void load_payload(struct nft *t, uint32_t base, uint32_t offset, uint32_t len)
{
	struct expr x = expr_begin(t, "payload");

	nl_put_be32(&t->b, NFTA_PAYLOAD_DREG, REG);
	nl_put_be32(&t->b, NFTA_PAYLOAD_BASE, base);
	nl_put_be32(&t->b, NFTA_PAYLOAD_OFFSET, offset);
	nl_put_be32(&t->b, NFTA_PAYLOAD_LEN, len);
	expr_end(t, x);
}

static void ifname(struct nft *t, uint32_t key, bool is, const char *name)
{
	char full[IFNAME_BYTES] = "";

	str_copy(full, sizeof(full), name);
	load_meta(t, key);
	cmp(t, is, full, sizeof(full));
}

void nft_iif(struct nft *t, bool is, const char *name)
{
	ifname(t, NFT_META_IIFNAME, is, name);
}

void nft_oif(struct nft *t, bool is, const char *name)
{
	ifname(t, NFT_META_OIFNAME, is, name);
}

static void address(struct nft *t, uint32_t offset, bool is, uint32_t ip, uint8_t prefix)
{
	uint32_t bits = prefix ? UINT32_MAX << (32 - prefix) : 0;
	uint32_t be = htobe32(ip & bits), be_bits = htobe32(bits);
	size_t len = (prefix + 7u) / 8;

	/* only the bytes that the prefix covers, so that whole-byte prefixes need no mask */
	load_payload(t, NFT_PAYLOAD_NETWORK_HEADER, offset, (uint32_t)len);
	if (prefix % 8)
		mask(t, &be_bits, len);
	cmp(t, is, &be, len);
}

void nft_saddr(struct nft *t, bool is, uint32_t ip, uint8_t prefix)
{
	address(t, SADDR_OFFSET, is, ip, prefix);
}

void nft_daddr(struct nft *t, bool is, uint32_t ip, uint8_t prefix)
{
	address(t, DADDR_OFFSET, is, ip, prefix);
}

void nft_dport(struct nft *t, bool udp, uint16_t port)
{
	uint8_t protocol = udp ? IPPROTO_UDP : IPPROTO_TCP;
	uint16_t be = htobe16(port);

	load_meta(t, NFT_META_L4PROTO);
	cmp(t, true, &protocol, sizeof(protocol));
	load_payload(t, NFT_PAYLOAD_TRANSPORT_HEADER, DPORT_OFFSET, sizeof(be));
	cmp(t, true, &be, sizeof(be));
}

void nft_daddr_local(struct nft *t)
{
	struct expr x = expr_begin(t, "fib");
	uint32_t local = RTN_LOCAL; /* the kernel stores it in its own byte order */

	nl_put_be32(&t->b, NFTA_FIB_DREG, REG);
	nl_put_be32(&t->b, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nl_put_be32(&t->b, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	expr_end(t, x);
	cmp(t, true, &local, sizeof(local));
}

static void ct_any(struct nft *t, uint32_t key, uint32_t bits)
{
	struct expr x = expr_begin(t, "ct");
	uint32_t none = 0;

	nl_put_be32(&t->b, NFTA_CT_DREG, REG);
	nl_put_be32(&t->b, NFTA_CT_KEY, key);
	expr_end(t, x);
	mask(t, &bits, sizeof(bits)); /* in the machine's byte order, as the kernel stores it */
	cmp(t, false, &none, sizeof(none));
}

void nft_ct_state(struct nft *t, uint32_t bits)
{
	ct_any(t, NFT_CT_STATE, bits);
}

void nft_ct_status(struct nft *t, uint32_t bits)
{
	ct_any(t, NFT_CT_STATUS, bits);
}

static void verdict(struct nft *t, int32_t code, const char *chain)
{
	struct expr x = expr_begin(t, "immediate");
	size_t data, nest;

	nl_put_be32(&t->b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nl_nest(&t->b, NFTA_IMMEDIATE_DATA);
	nest = nl_nest(&t->b, NFTA_DATA_VERDICT);
	nl_put_be32(&t->b, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain)
		nl_put_str(&t->b, NFTA_VERDICT_CHAIN, chain);
	nl_nest_end(&t->b, nest);
	nl_nest_end(&t->b, data);
	expr_end(t, x);
}

void nft_accept(struct nft *t)
{
	verdict(t, NF_ACCEPT, NULL);
}

void nft_drop(struct nft *t)
{
	verdict(t, NF_DROP, NULL);
}

void nft_jump(struct nft *t, const char *chain)
{
	verdict(t, NFT_JUMP, chain);
}

static void load_constant(struct nft *t, uint32_t reg, const void *data, size_t len)
{
	struct expr x = expr_begin(t, "immediate");

	nl_put_be32(&t->b, NFTA_IMMEDIATE_DREG, reg);
	put_value(t, NFTA_IMMEDIATE_DATA, data, len);
	expr_end(t, x);
}

void nft_dnat(struct nft *t, uint32_t ip, uint16_t port)
{
	uint32_t be_ip = htobe32(ip);
	uint16_t be_port = htobe16(port);
	struct expr x;

	load_constant(t, REG, &be_ip, sizeof(be_ip));
	load_constant(t, REG_PORT, &be_port, sizeof(be_port));
	x = expr_begin(t, "nat");
	nl_put_be32(&t->b, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	nl_put_be32(&t->b, NFTA_NAT_FAMILY, NFPROTO_IPV4);
	nl_put_be32(&t->b, NFTA_NAT_REG_ADDR_MIN, REG);
	nl_put_be32(&t->b, NFTA_NAT_REG_PROTO_MIN, REG_PORT);
	expr_end(t, x);
}

void nft_masquerade(struct nft *t)
{
	expr_end(t, expr_begin(t, "masq"));
}

/* Commit */

static const struct {
	const char *expr, *config;
} configs[] = {
	{"fib", "CONFIG_NFT_FIB_IPV4 (module nft_fib_ipv4)"},
	{"nat", "CONFIG_NFT_NAT (module nft_nat)"},
	{"masq", "CONFIG_NFT_MASQ (module nft_masq)"},
	{"ct", "CONFIG_NFT_CT (module nft_ct)"},
};

static const struct nlmsghdr *message(const struct nft *t, uint32_t seq)
{
	struct nl_view rest = {t->b.p, t->b.len};
	const struct nlmsghdr *m;

	while ((m = nl_next(&rest)))
		if (m->nlmsg_seq == seq)
			return m;
	return NULL;
}

/* the kernel without extended acknowledgements, or with an offset elsewhere: "" */
static void expr_at(const struct nlmsghdr *m, uint32_t offset, char *ret_name, size_t cap)
{
	struct nl_view elem;

	*ret_name = '\0';
	if (offset < NLMSG_HDRLEN || offset >= m->nlmsg_len)
		return;
	elem = (struct nl_view){(const uint8_t *)m + offset, m->nlmsg_len - offset};
	if (nl_find(elem, NFTA_LIST_ELEM, &elem))
		nl_find_str(elem, NFTA_EXPR_NAME, ret_name, cap);
}

static int explain(const struct nft *t, const struct nl_failure *f, struct err *e)
{
	const struct nlmsghdr *m = message(t, f->seq);
	int type = m ? m->nlmsg_type & 0xff : -1;
	char expr[32];
	size_t i;

	/* NLMSG_ERROR for the batch itself: the subsystem is not there */
	if (f->code == -EOPNOTSUPP || f->code == -EPROTONOSUPPORT || f->code == -EAFNOSUPPORT)
		return err_text(e, -EOPNOTSUPP,
				"kernel without nf_tables for IPv4: needs CONFIG_NF_TABLES and "
				"CONFIG_NF_TABLES_IPV4 (module nf_tables)");
	if (f->code == -ENOENT && type == NFT_MSG_NEWCHAIN)
		return err_text(e, -EOPNOTSUPP,
				"kernel without nat chains: needs CONFIG_NF_NAT and CONFIG_NFT_NAT "
				"(modules nft_chain_nat, nf_nat)");
	if (f->code == -ENOENT && type == NFT_MSG_NEWRULE) {
		expr_at(m, f->offset, expr, sizeof(expr));
		for (i = 0; i < ARRAY_LEN(configs); i++)
			if (str_eq(expr, configs[i].expr))
				return err_text(
					e, -EOPNOTSUPP,
					"kernel without nftables expression \"%s\": needs %s", expr,
					configs[i].config);
		return err_text(
			e, -EOPNOTSUPP,
			"kernel without nftables expression \"%s\" (one of CONFIG_NFT_FIB_IPV4, "
			"NFT_NAT, NFT_MASQ, NFT_CT)",
			expr);
	}
	return err_set(e, f->code, "nft table %s: message %u of the batch%s%s", t->table, f->seq,
		       *f->text ? ": " : "", f->text);
}

/*
 * The kernel works on the batch inside send(); all its answers are queued when that returns. Only
 * messages that failed, and those that asked for it, are answered: so at least one answer.
 */
static int read_verdict(struct nft *t, int fd, struct err *e)
{
	static _Alignas(4) uint8_t mem[ANSWER_BYTES];
	const struct nlmsghdr *m;
	struct nl_failure f;
	bool any = false;
	ssize_t n;

	while ((n = sys_netlink_recv(fd, mem, sizeof(mem), false)) > 0) {
		struct nl_view rest = {mem, (size_t)n};

		while ((m = nl_next(&rest))) {
			if (!nl_failure_read(m, &f))
				continue;
			any = true;
			if (f.code)
				return explain(t, &f, e);
		}
	}
	if (n < 0 && n != -EAGAIN)
		return err_set(e, (int)n, "nft table %s: answer from the kernel", t->table);
	return any ? 0 : err_text(e, -EPROTO, "nft table %s: the kernel did not answer", t->table);
}

int nft_commit(struct nft *t, struct err *e)
{
	struct nl nl = {.fd = -1};
	int r;

	nft_close(t);
	if (!nl_ok(&t->b))
		return err_text(e, -E2BIG, "nft table %s: rules do not fit into %zu bytes",
				t->table, t->b.cap);
	r = nl_open(&nl, NETLINK_NETFILTER, -1, e);
	if (r < 0)
		return r;
	r = sys_netlink_send(nl.fd, t->b.p, t->b.len);
	r = r < 0 ? err_set(e, r, "nft table %s: send to the kernel", t->table)
		  : read_verdict(t, nl.fd, e);
	nl_close(&nl);
	return r;
}
