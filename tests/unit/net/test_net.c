/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "net/net.h"

static void parse_ip4(void **state)
{
	static const struct {
		const char *text;
		uint32_t ip;
	} good[] = {
		{"0.0.0.0", 0},
		{"127.0.0.1", 0x7f000001},
		{"255.255.255.255", 0xffffffff},
		{"172.30.1.200", 0xac1e01c8},
	};
	static const char *const bad[] = {
		"",
		"1",
		"1.2.3",
		"1.2.3.",
		"1.2.3.4.",
		"1.2.3.4.5",
		".1.2.3",
		"1..2.3",
		"256.1.1.1",
		"1.2.3.4 ",
		" 1.2.3.4",
		"01.2.3.4",
		"1.2.3.04",
		"1.2.3.0x1",
		"-1.2.3.4",
		"1.2.3.4/24",
		"0000.0.0.0",
		"4294967296",
		"1.2.3.99999999999999999999",
	};
	char text[16];
	uint32_t ip;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(net_parse_ip4(good[i].text, &ip), 0);
		assert_int_equal(ip, good[i].ip);
		assert_string_equal(net_format_ip4(text, ip), good[i].text);
	}
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		ip = 7;
		assert_int_equal(net_parse_ip4(bad[i], &ip), -EINVAL);
		assert_int_equal(ip, 7);
	}
}

static void ipam_order(void **state)
{
	struct net_network n = {.subnet = 0xac1e0100, .prefix = 24, .gateway = 0xac1e0101};
	struct net_ipam i;
	uint32_t ip, k;

	(void)state;
	net_ipam_init(&i, &n);
	for (k = 2; k < 255; k++) {
		assert_int_equal(net_ipam_take(&i, 0, &ip), 0);
		assert_int_equal(ip, n.subnet + k);
	}
	assert_int_equal(net_ipam_take(&i, 0, &ip), -EADDRNOTAVAIL);
	net_ipam_give(&i, n.subnet + 9);
	net_ipam_give(&i, n.subnet + 200);
	assert_int_equal(net_ipam_take(&i, 0, &ip), 0);
	assert_int_equal(ip, n.subnet + 9);
	net_ipam_give(&i, n.subnet + 9); /* 200 has rested longer than 9 */
	assert_int_equal(net_ipam_take(&i, 0, &ip), 0);
	assert_int_equal(ip, n.subnet + 200);
}

static void ipam_wanted(void **state)
{
	struct net_network n = {.subnet = 0xac1e0100, .prefix = 24, .gateway = 0xac1e0101};
	struct net_ipam i;
	uint32_t ip;

	(void)state;
	net_ipam_init(&i, &n);
	assert_int_equal(net_ipam_take(&i, n.subnet + 77, &ip), 0);
	assert_int_equal(ip, n.subnet + 77);
	assert_int_equal(net_ipam_take(&i, n.subnet + 77, &ip), -EADDRINUSE);
	assert_int_equal(net_ipam_take(&i, n.subnet, &ip), -EADDRINUSE);
	assert_int_equal(net_ipam_take(&i, n.gateway, &ip), -EADDRINUSE);
	assert_int_equal(net_ipam_take(&i, n.subnet + 255, &ip), -EADDRINUSE);
	assert_int_equal(net_ipam_take(&i, n.subnet + 256, &ip), -EADDRNOTAVAIL);
	assert_int_equal(net_ipam_take(&i, n.subnet - 1, &ip), -EADDRNOTAVAIL);
	/* what was never a container's is not given back */
	net_ipam_give(&i, n.gateway);
	net_ipam_give(&i, n.subnet);
	net_ipam_give(&i, n.subnet + 255);
	net_ipam_give(&i, n.subnet + 1024);
	assert_int_equal(net_ipam_take(&i, n.gateway, &ip), -EADDRINUSE);
	assert_int_equal(net_ipam_take(&i, n.subnet + 255, &ip), -EADDRINUSE);
}

static void ipam_small(void **state)
{
	struct net_network n = {.subnet = 0xac1e0110, .prefix = 29, .gateway = 0xac1e0111};
	struct net_ipam i;
	uint32_t ip, k;

	(void)state;
	net_ipam_init(&i, &n);
	for (k = 2; k < 7; k++) {
		assert_int_equal(net_ipam_take(&i, 0, &ip), 0);
		assert_int_equal(ip, n.subnet + k);
	}
	assert_int_equal(net_ipam_take(&i, 0, &ip), -EADDRNOTAVAIL);
	assert_int_equal(net_ipam_take(&i, n.subnet + 8, &ip), -EADDRNOTAVAIL);
}

static void names(void **state)
{
	char a[NET_NAME_MAX], b[NET_NAME_MAX], table[32];
	uint8_t mac[6];

	(void)state;
	net_bridge_name(a, "/run/cleat", "default");
	net_bridge_name(b, "/run/cleat", "default");
	assert_string_equal(a, b);
	assert_string_equal(
		a, "cleat-293d519e"); /* engines find each other's bridges: it must never change */
	net_bridge_name(b, "/run/other", "default");
	assert_string_not_equal(a, b);
	net_bridge_name(b, "/run/cleatd", "efault");
	assert_string_not_equal(a, b);
	net_table_name(table, "/run/cleat");
	assert_string_equal(table, "cleat");
	net_table_name(table, "/run/other");
	assert_int_equal(strlen(table), strlen("cleat-12345678"));
	net_mac(mac, 0xac1e0102);
	assert_memory_equal(mac, "\x02\x42\xac\x1e\x01\x02", 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_ip4),   cmocka_unit_test(ipam_order),
		cmocka_unit_test(ipam_wanted), cmocka_unit_test(ipam_small),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
