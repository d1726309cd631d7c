/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/systemd/props.h"

static char mem[4096], text[4096];
static struct buf out;

static uint64_t get_u64(struct dbus_in *in)
{
	uint64_t low;

	in->at = (in->at + 7) / 8 * 8;
	low = dbus_get_u32(in);
	return low | (uint64_t)dbus_get_u32(in) << 32;
}

static void print_value(struct buf *to, char type, struct dbus_in *in)
{
	struct span s;

	switch (type) {
	case 's':
		s = dbus_get_str(in);
		buf_printf(to, "'%.*s'", (int)s.len, s.p);
		break;
	case 't':
		buf_printf(to, "%" PRIu64, get_u64(in));
		break;
	case 'x':
		buf_printf(to, "%" PRId64, (int64_t)get_u64(in));
		break;
	case 'y':
		buf_printf(to, "%02x", (unsigned char)in->data.p[in->at++]);
		break;
	case 'i':
		buf_printf(to, "%d", (int)dbus_get_u32(in));
		break;
	default:
		buf_printf(to, "%u", dbus_get_u32(in));
	}
}

/* "Name type value;" of each property in the buf */
static const char *properties(void)
{
	struct dbus_in in = {.data = {out.p, out.len}};
	struct buf to;

	assert_true(buf_ok(&out));
	buf_init(&to, text, sizeof(text));
	while (in.at < in.data.len && !in.bad) {
		struct span name, type;

		in.at = (in.at + 7) / 8 * 8;
		name = dbus_get_str(&in);
		type = (struct span){in.data.p + in.at + 1, (size_t)in.data.p[in.at]};
		in.at += type.len + 2;
		buf_printf(&to, "%.*s %.*s ", (int)name.len, name.p, (int)type.len, type.p);
		if (*type.p == 'a') {
			size_t len = dbus_get_u32(&in), end = in.at + len;

			for (; in.at < end; buf_putc(&to, ','))
				print_value(&to, type.p[1], &in);
		} else {
			print_value(&to, *type.p, &in);
		}
		buf_putc(&to, ';');
	}
	assert_false(in.bad);
	return text;
}

static const char *of(const struct oci_resources *r)
{
	buf_init(&out, mem, sizeof(mem));
	props_resources(&out, r);
	return properties();
}

#define NUM(n)                                                                                     \
	{                                                                                          \
		true, n                                                                            \
	}

static void limits(void **state)
{
	struct oci_kv unified[] = {{"memory.high", "5"},       {"cpu.max", "max"},
				   {"cpu.max", "20000 50000"}, {"cpuset.cpus", "8"},
				   {"pids.max", "max"},	       {"io.max", "8:0 rbps=1"},
				   {"memory.min", "x"}};

	(void)state;
	assert_string_equal(of(&(struct oci_resources){0}), "");
	assert_string_equal(of(&(struct oci_resources){.mem_limit = NUM(0), .pids_limit = NUM(0)}),
			    "");
	assert_string_equal(
		of(&(struct oci_resources){.mem_limit = NUM(1 << 20),
					   .mem_swap = NUM(3 << 20),
					   .mem_reservation = NUM(4096),
					   .pids_limit = NUM(-1)}),
		"MemoryMax t 1048576;MemoryLow t 4096;TasksMax t 18446744073709551615;MemorySwapMax t 2097152;");
	/* no limit of memory is none of swap either */
	assert_string_equal(
		of(&(struct oci_resources){.mem_limit = NUM(-1)}),
		"MemoryMax t 18446744073709551615;MemorySwapMax t 18446744073709551615;");
	assert_string_equal(of(&(struct oci_resources){.cpu_shares = NUM(1024),
						       .cpu_quota = NUM(50000),
						       .cpu_period = NUM(100000)}),
			    "CPUWeight t 100;CPUQuotaPerSecUSec t 500000;");
	/* up to the next hundredth, so that the file's value fits below */
	assert_string_equal(
		of(&(struct oci_resources){.cpu_quota = NUM(12345), .cpu_period = NUM(50000)}),
		"CPUQuotaPerSecUSec t 250000;CPUQuotaPeriodUSec t 50000;");
	assert_string_equal(of(&(struct oci_resources){.cpu_quota = NUM(-1)}),
			    "CPUQuotaPerSecUSec t 18446744073709551615;");
	assert_string_equal(
		of(&(struct oci_resources){.cpu_cpus = (char[]){"0-3,7,64"},
					   .cpu_mems = (char[]){"1"}}),
		"AllowedCPUs ay 8f,00,00,00,00,00,00,00,01,;AllowedMemoryNodes ay 02,;");
	assert_string_equal(of(&(struct oci_resources){.io_weight = NUM(1000)}),
			    "IOWeight t 10000;");
	assert_string_equal(
		of(&(struct oci_resources){.unified = {unified, ARRAY_LEN(unified)}}),
		"MemoryHigh t 5;CPUQuotaPerSecUSec t 18446744073709551615;CPUQuotaPerSecUSec t 400000;"
		"CPUQuotaPeriodUSec t 50000;AllowedCPUs ay 00,01,;TasksMax t 18446744073709551615;");
}

static void annotations(void **state)
{
	static const struct {
		const char *key, *value, *want; /* NULL: refused */
	} cases[] = {
		{"org.systemd.property.Foo", "true", "Foo b 1;"},
		{"org.systemd.property.Foo", " false ", "Foo b 0;"},
		{"org.systemd.property.Foo", "'a b'", "Foo s 'a b';"},
		{"org.systemd.property.Foo", "\"it's \\\"x\\\\\"", "Foo s 'it's \"x\\';"},
		{"org.systemd.property.Foo", "''", "Foo s '';"},
		{"org.systemd.property.Foo", "5", "Foo i 5;"},
		{"org.systemd.property.Foo", "-5", "Foo i -5;"},
		{"org.systemd.property.Foo", "uint32 5", "Foo u 5;"},
		{"org.systemd.property.Foo", "uint64 18446744073709551615",
		 "Foo t 18446744073709551615;"},
		{"org.systemd.property.Foo", "int64  -9", "Foo x -9;"},
		{"org.systemd.property.Foo", "['a', \"b\"]", "Foo as 'a','b',;"},
		{"org.systemd.property.Foo", "[ 'a' ]", "Foo as 'a',;"},
		{"org.systemd.property.TimeoutStopSec", "5", "TimeoutStopUSec t 5000000;"},
		{"org.systemd.property.TimeoutStopSec", "uint64 5", "TimeoutStopUSec t 5000000;"},
		{"org.systemd.property.TimeoutStopSec", "1.5", "TimeoutStopUSec t 1500000;"},
		{"org.systemd.property.FooBARSec", "5", "FooBARSec i 5;"},
		{"org.systemd.property.", "?", ""},
		{"org.systemd.propert", "?", ""},
		{"org.systemd.property.Fo", "true", NULL},
		{"org.systemd.property.Foo.Bar", "true", NULL},
		{"org.systemd.property.Foo", "", NULL},
		{"org.systemd.property.Foo", "tru", NULL},
		{"org.systemd.property.Foo", "'a", NULL},
		{"org.systemd.property.Foo", "'a'b", NULL},
		{"org.systemd.property.Foo", "'a\\n'", NULL},
		{"org.systemd.property.Foo", "'a\\", NULL},
		{"org.systemd.property.Foo", "2147483648", NULL},
		{"org.systemd.property.Foo", "uint32 -1", NULL},
		{"org.systemd.property.Foo", "uint325", NULL},
		{"org.systemd.property.Foo", "[", NULL},
		{"org.systemd.property.Foo", "[]", NULL},
		{"org.systemd.property.Foo", "['a'", NULL},
		{"org.systemd.property.Foo", "['a',", NULL},
		{"org.systemd.property.Foo", "['a'],", NULL},
		{"org.systemd.property.Foo", "[5]", NULL},
		{"org.systemd.property.FooSec", "'5'", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_kv kv = {(char *)(uintptr_t)cases[i].key,
				    (char *)(uintptr_t)cases[i].value};
		const struct oci_kvs kvs = {&kv, 1};
		struct err e = {0};
		int r;

		buf_init(&out, mem, sizeof(mem));
		r = props_annotations(&out, &kvs, &e);
		if (r != (cases[i].want ? 0 : -EINVAL))
			fail_msg("%s=%s gives %d", cases[i].key, cases[i].value, r);
		if (r < 0)
			assert_non_null(strstr(e.msg, cases[i].key));
		else
			assert_string_equal(properties(), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(limits), cmocka_unit_test(annotations)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
