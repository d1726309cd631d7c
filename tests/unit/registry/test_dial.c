/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/str.h"
#include "registry/dial.h"

static struct sys_addr addr(const char *text)
{
	struct sys_addr a = {.family = AF_INET};

	if (inet_pton(AF_INET, text, a.ip) == 1)
		return a;
	a.family = AF_INET6;
	assert_int_equal(inet_pton(AF_INET6, text, a.ip), 1);
	return a;
}

static void zones(void **state)
{
	static const struct {
		const char *ip;
		enum dial_zone zone;
	} cases[] = {
		{"8.8.8.8", DIAL_PUBLIC},
		{"127.0.0.1", DIAL_LOOPBACK},
		{"127.255.255.255", DIAL_LOOPBACK},
		{"0.0.0.0", DIAL_LOOPBACK},
		{"10.0.0.0", DIAL_PRIVATE},
		{"10.255.255.255", DIAL_PRIVATE},
		{"11.0.0.0", DIAL_PUBLIC},
		{"172.15.255.255", DIAL_PUBLIC},
		{"172.16.0.0", DIAL_PRIVATE},
		{"172.31.255.255", DIAL_PRIVATE},
		{"172.32.0.0", DIAL_PUBLIC},
		{"192.168.1.1", DIAL_PRIVATE},
		{"192.169.0.0", DIAL_PUBLIC},
		{"100.64.0.1", DIAL_PRIVATE},
		{"100.128.0.0", DIAL_PUBLIC},
		{"169.254.169.254", DIAL_LINK_LOCAL},
		{"224.0.0.1", DIAL_RESERVED},
		{"255.255.255.255", DIAL_RESERVED},
		{"2001:4860:4860::8888", DIAL_PUBLIC},
		{"::1", DIAL_LOOPBACK},
		{"::", DIAL_LOOPBACK},
		{"::127.0.0.1", DIAL_LOOPBACK},
		{"::ffff:127.0.0.1", DIAL_LOOPBACK},
		{"::ffff:169.254.169.254", DIAL_LINK_LOCAL},
		{"::ffff:8.8.8.8", DIAL_PUBLIC},
		{"64:ff9b::10.0.0.1", DIAL_PRIVATE},
		{"2002:7f00:1::", DIAL_LOOPBACK},
		{"fc00::1", DIAL_PRIVATE},
		{"fdff::1", DIAL_PRIVATE},
		{"fec0::1", DIAL_PRIVATE},
		{"fe80::1", DIAL_LINK_LOCAL},
		{"febf::1", DIAL_LINK_LOCAL},
		{"ff02::1", DIAL_RESERVED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sys_addr a = addr(cases[i].ip);

		if (dial_zone(&a) != cases[i].zone)
			fail_msg("%s is %s", cases[i].ip, dial_zone_name(dial_zone(&a)));
	}
}

static void whom_may_a_registry_send_us_to(void **state)
{
	/* rows: the registry's zone; columns: public, private, link-local, loopback, reserved */
	static const struct {
		enum dial_zone from;
		bool to[5];
	} rows[] = {
		{DIAL_UNKNOWN, {true, true, true, true, false}},
		{DIAL_PUBLIC, {true, false, false, false, false}},
		{DIAL_PRIVATE, {true, true, false, false, false}},
		{DIAL_LINK_LOCAL, {true, false, true, false, false}},
		{DIAL_LOOPBACK, {true, true, false, true, false}},
	};
	static const enum dial_zone columns[] = {DIAL_PUBLIC, DIAL_PRIVATE, DIAL_LINK_LOCAL,
						 DIAL_LOOPBACK, DIAL_RESERVED};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; k < ARRAY_LEN(columns); k++)
			if (dial_allowed(rows[i].from, columns[k]) != rows[i].to[k])
				fail_msg("%s to %s", dial_zone_name(rows[i].from),
					 dial_zone_name(columns[k]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones),
		cmocka_unit_test(whom_may_a_registry_send_us_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
