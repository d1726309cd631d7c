/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of every request against tests/golden/net/<name>.hex (the stories show that the kernel
 * understands them; this shows that an ARM or a refactoring writes the same), and a parser that is lied to.
 *
 * GOLDEN_WRITE=1 writes the files anew; review the difference.
 */
#include "test.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg/netlink.h"
#include "net/rt.h"
#include "net/rules.h"

static _Alignas(4) uint8_t mem[65536];
static char want[131072], got[131072];

static const struct net_network a = {"a", "cleat-0000000a", 0xac1e0100, 24, 0xac1e0101, false};
static const struct net_network b = {"b", "cleat-0000000b", 0xac1e0240, 26, 0xac1e0241, true};

static void compare(const char *name, const struct nl_buf *buf)
{
	char path[256];
	size_t i, len;
	FILE *f;

	assert_true(nl_ok(buf));
	for (i = 0; i < buf->len; i++)
		snprintf(got + 2 * i + i / 32, 4, "%02x\n", buf->p[i]);
	for (i = 64; i < strlen(got); i += 65)
		got[i] = '\n';
	snprintf(path, sizeof(path), "%s/tests/golden/net/%s.hex", getenv("TOP"), name);
	if (getenv("GOLDEN_WRITE")) {
		f = fopen(path, "w");
		assert_non_null(f);
		fputs(got, f);
		fclose(f);
	}
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(want, 1, sizeof(want) - 1, f);
	want[len] = '\0';
	fclose(f);
	assert_string_equal(got, want);
}

static void golden_links(void **state)
{
	struct net_attachment x = {&a,	"eth0", "cl-1", 0xac1e0102, {2, 0x42, 0xac, 0x1e, 1, 2},
				   true};
	struct nl_buf buf;

	(void)state;
	nl_buf_init(&buf, mem, sizeof(mem));
	rt_put_bridge(&buf, &a);
	nl_end(&buf);
	compare("bridge", &buf);
	rt_put_veth(&buf, &x, 7, 9);
	nl_end(&buf);
	compare("veth", &buf);
	rt_put_addr(&buf, 3, 0xac1e0102, 24);
	nl_end(&buf);
	compare("addr", &buf);
	rt_put_route(&buf, 3, 0xac1e0101);
	nl_end(&buf);
	compare("route", &buf);
}

static void golden_rules(void **state)
{
	struct net_network nets[2] = {a, b};
	struct net_port ports[3] = {
		{0, 8080, 80, false, 0xac1e0102},
		{0x7f000001, 53, 5353, true, 0xac1e0102},
		{0xc0000201, 443, 8443, false, 0xac1e0242},
	};
	struct nft t;

	(void)state;
	nft_begin(&t, mem, sizeof(mem), "cleat");
	rules_put(&t, nets, 2, ports, 3);
	nft_close(&t);
	compare("rules", &t.b);
	nft_begin(&t, mem, sizeof(mem), "cleat");
	rules_put(&t, NULL, 0, NULL, 0);
	nft_close(&t);
	compare("rules_empty", &t.b);
}

/* Too small at every size: an error, and not a byte beyond the block */
static void overflow(void **state)
{
	struct net_attachment x = {&a, "eth0", "cl-1", 0xac1e0102, {0}, true};
	struct nl_buf buf;
	size_t cap, whole;

	(void)state;
	nl_buf_init(&buf, mem, sizeof(mem));
	rt_put_veth(&buf, &x, 7, 9);
	nl_end(&buf);
	whole = buf.len;
	for (cap = 0; cap <= whole; cap++) {
		memset(mem, 0xee, sizeof(mem));
		nl_buf_init(&buf, mem, cap);
		rt_put_veth(&buf, &x, 7, 9);
		nl_end(&buf);
		assert_int_equal(nl_ok(&buf), cap == whole);
		assert_int_equal(mem[cap], 0xee);
	}
	nl_buf_init(&buf, mem, sizeof(mem));
	nl_put(&buf, 1, mem, UINT16_MAX);
	assert_false(nl_ok(&buf));
}

/* Messages cut at every byte, and with every length field set to what it should not be */
static void parse_lies(void **state)
{
	static const uint32_t lies[] = {0, 1, 15, 17, 1000, 0x7fffffff, 0xfffffff0, 0xffffffff};
	struct nlmsgerr head = {.error = -EPERM, .msg = {.nlmsg_len = 20, .nlmsg_seq = 5}};
	struct nl_failure f;
	struct nl_buf buf;
	size_t i, cut;
	uint8_t *copy;

	(void)state;
	nl_buf_init(&buf, mem, sizeof(mem));
	nl_begin(&buf, NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, &head, sizeof(head));
	nl_put_str(&buf, NLMSGERR_ATTR_MSG, "not like this");
	nl_put_u32(&buf, NLMSGERR_ATTR_OFFS, 44);
	nl_end(&buf);
	assert_true(nl_failure_read((const void *)mem, &f));
	assert_int_equal(f.code, -EPERM);
	assert_int_equal(f.seq, 5);
	assert_int_equal(f.offset, 44);
	assert_string_equal(f.text, "not like this");
	for (cut = 0; cut < buf.len; cut++) {
		struct nl_view rest;

		copy = malloc(cut ? cut : 1); /* its own block, so that a sanitizer sees the end */
		memcpy(copy, mem, cut);
		rest = (struct nl_view){copy, cut};
		assert_null(nl_next(&rest));
		free(copy);
	}
	for (i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct nl_view rest = {mem, buf.len};

		memcpy(mem, &lies[i], 4);
		while (nl_next(&rest))
			;
		memcpy(mem, &(uint32_t){(uint32_t)buf.len}, 4);
		memcpy(mem + 20, &lies[i], 4); /* length of the quoted request, uncapped */
		mem[7] = NLM_F_ACK_TLVS >> 8;
		assert_true(nl_failure_read((const void *)mem, &f));
		assert_int_equal(f.code, -EPERM);
	}
}

static void attr_lies(void **state)
{
	static const uint16_t lies[] = {0, 1, 3, 5, 9, 0x7fff, 0xffff};
	struct nl_view v;
	uint32_t n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		uint8_t *one = malloc(8);

		memcpy(one, &lies[i], 2);
		memcpy(one + 2, &(uint16_t){7}, 2);
		memset(one + 4, 0, 4);
		v = (struct nl_view){one, 8};
		assert_false(nl_find_u32(v, 7, &n));
		assert_false(nl_find(v, 8, &v));
		free(one);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_links), cmocka_unit_test(golden_rules),
		cmocka_unit_test(overflow),	cmocka_unit_test(parse_lies),
		cmocka_unit_test(attr_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
