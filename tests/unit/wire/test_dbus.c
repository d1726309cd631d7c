/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes are those that another implementation (Jeepney 0.8) makes of the same messages. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "wire/dbus.h"

#define PATH	"2f6f72672f667265656465736b746f702f73797374656d6431"
#define MANAGER "6f72672e667265656465736b746f702e73797374656d64312e4d616e61676572"
#define HEAD                                                                                       \
	"01016f0019000000" PATH "00000000000000"                                                   \
	"0201730020000000" MANAGER "0000000000000000"                                              \
	"03017300"

static const char start[] =
	"6c010001b0000000010000008e000000" HEAD
	"1200000053746172745472616e7369656e74556e697400000000000008016700107373612873762961287361287376292900000007000000"
	"782e73636f706500040000006661696c000000008a0000000000000005000000536c6963650001730000000007000000612e736c69636500"
	"000000000400000050494473000261750000000004000000671200000800000044656c6567617465000162000100000000000000090000"
	"004d656d6f72794d6178000174000000000000000000000002000000000b000000416c6c6f776564435055730002617900020000008f01"
	"000000000000";
static const char reset[] =
	"6c0100010c0000000201000077000000" HEAD
	"0f00000052657365744661696c6564556e697400080167000173000007000000782e73636f706500";
static const char job_removed[] =
	"6c0400013d000000090000007a000000" HEAD
	"0a0000004a6f6252656d6f7665640000000000000801670004756f737300000000000000070000001f0000002f6f72672f66726565646573"
	"6b746f702f73797374656d64312f6a6f622f370007000000782e73636f70650004000000646f6e6500";
static const char answer[] =
	"6c020001240000000a0000000f000000050175000201000008016700016f00001f0000002f6f72672f667265656465736b746f702f737973"
	"74656d64312f6a6f622f3700";
static const char failure[] =
	"6c0300011d0000000b0000003f00000004017300230000006f72672e667265656465736b746f702e73797374656d64312e4e6f53756368556e"
	"697400000000000501750002010000080167000173000018000000556e697420782e73636f7065206e6f74206c6f616465642e00";

static char bytes[512];

static struct span unhex(const char *text)
{
	size_t n = strlen(text) / 2;

	assert_true(n <= sizeof(bytes));
	for (size_t i = 0; i < n; i++) {
		unsigned int high = (unsigned char)text[2 * i],
			     low = (unsigned char)text[2 * i + 1];

		high = high <= '9' ? high - '0' : high - 'a' + 10;
		low = low <= '9' ? low - '0' : low - 'a' + 10;
		bytes[i] = (char)(high << 4 | low);
	}
	return (struct span){bytes, n};
}

static void put(struct buf *b, const char *name, const char *signature)
{
	dbus_align(b, 8);
	dbus_put_str(b, name);
	dbus_put_sig(b, signature);
}

static void begin(struct buf *b, uint32_t serial, const char *member, const char *signature)
{
	const struct dbus_call c = {"/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
				    member, signature};

	dbus_begin(b, serial, &c);
}

static void assert_bytes(struct buf *b, const char *text)
{
	struct span want = unhex(text);

	dbus_end(b);
	assert_true(buf_ok(b));
	assert_int_equal(b->len, want.len);
	assert_memory_equal(b->p, want.p, want.len);
}

static void writes_what_others_write(void **state)
{
	char mem[512];
	struct buf b;
	size_t props, list;

	(void)state;
	buf_init(&b, mem, sizeof(mem));
	begin(&b, 258, "ResetFailedUnit", "s");
	dbus_put_str(&b, "x.scope");
	assert_bytes(&b, reset);

	buf_init(&b, mem, sizeof(mem));
	begin(&b, 1, "StartTransientUnit", "ssa(sv)a(sa(sv))");
	dbus_put_str(&b, "x.scope");
	dbus_put_str(&b, "fail");
	props = dbus_open(&b, 8);
	put(&b, "Slice", "s");
	dbus_put_str(&b, "a.slice");
	put(&b, "PIDs", "au");
	list = dbus_open(&b, 4);
	dbus_put_u32(&b, 4711);
	dbus_close(&b, list, 4);
	put(&b, "Delegate", "b");
	dbus_put_u32(&b, 1);
	put(&b, "MemoryMax", "t");
	dbus_put_u64(&b, 33554432);
	put(&b, "AllowedCPUs", "ay");
	list = dbus_open(&b, 1);
	buf_put(&b, "\x8f\x01", 2);
	dbus_close(&b, list, 1);
	dbus_close(&b, props, 8);
	dbus_close(&b, dbus_open(&b, 8), 8);
	assert_bytes(&b, start);
}

static void a_message_that_does_not_fit_is_told(void **state)
{
	char mem[512];
	struct buf b;

	(void)state;
	for (size_t cap = 1; cap < 149; cap++) {
		buf_init(&b, mem, cap);
		begin(&b, 258, "ResetFailedUnit", "s");
		dbus_put_str(&b, "x.scope");
		dbus_end(&b);
		assert_false(buf_ok(&b));
	}
}

static void reads_what_others_write(void **state)
{
	struct dbus_message m;
	struct dbus_in in;

	(void)state;
	assert_int_equal(dbus_parse(unhex(job_removed), &m), 0);
	assert_int_equal(m.type, DBUS_SIGNAL);
	assert_int_equal(m.serial, 9);
	assert_true(span_eq(m.member, "JobRemoved"));
	assert_true(span_eq(m.interface, "org.freedesktop.systemd1.Manager"));
	assert_true(span_eq(m.signature, "uoss"));
	in = (struct dbus_in){.data = m.body};
	assert_int_equal(dbus_get_u32(&in), 7);
	assert_true(span_eq(dbus_get_str(&in), "/org/freedesktop/systemd1/job/7"));
	assert_true(span_eq(dbus_get_str(&in), "x.scope"));
	assert_true(span_eq(dbus_get_str(&in), "done"));
	assert_false(in.bad);
	dbus_get_u32(&in);
	assert_true(in.bad);

	assert_int_equal(dbus_parse(unhex(answer), &m), 0);
	assert_int_equal(m.type, DBUS_RETURN);
	assert_int_equal(m.reply_serial, 258);
	in = (struct dbus_in){.data = m.body};
	assert_true(span_eq(dbus_get_str(&in), "/org/freedesktop/systemd1/job/7"));

	assert_int_equal(dbus_parse(unhex(failure), &m), 0);
	assert_int_equal(m.type, DBUS_ERROR);
	assert_true(span_eq(m.error, "org.freedesktop.systemd1.NoSuchUnit"));
	in = (struct dbus_in){.data = m.body};
	assert_true(span_eq(dbus_get_str(&in), "Unit x.scope not loaded."));
}

static void refuses_what_is_none(void **state)
{
	struct span s = unhex(answer);
	struct dbus_message m;
	struct dbus_in in;

	(void)state;
	for (size_t n = 0; n < s.len; n++)
		assert_int_equal(dbus_parse((struct span){s.p, n}, &m), -EBADMSG);
	assert_int_equal(dbus_length((uint8_t *)bytes), 68);
	bytes[0] = 'B'; /* no machine that we run on */
	assert_int_equal(dbus_length((uint8_t *)bytes), -EBADMSG);
	unhex(answer);
	bytes[7] = 0x7f; /* body of 2 GB */
	assert_int_equal(dbus_length((uint8_t *)bytes), -EBADMSG);
	unhex(answer);
	bytes[18] = 'v'; /* a field of another type */
	assert_int_equal(dbus_parse(s, &m), -EBADMSG);
	unhex(answer);
	bytes[30] = 'x'; /* a signature that does not end */
	assert_int_equal(dbus_parse(s, &m), -EBADMSG);
	s = unhex(failure);
	bytes[20] = 0x70; /* a name beyond the head */
	assert_int_equal(dbus_parse(s, &m), -EBADMSG);
	/* lengths around the end of the address space */
	for (int last = 0xf8; last <= 0xff; last++) {
		char body[8] = {(char)last, '\xff', '\xff', '\xff', 'a', 'b', 'c', 0};

		in = (struct dbus_in){.data = {body, sizeof(body)}};
		assert_int_equal(dbus_get_str(&in).len, 0);
		assert_true(in.bad);
	}
	in = (struct dbus_in){.data = {"\3\0\0\0a\0c", 8}}; /* NUL inside */
	dbus_get_str(&in);
	assert_true(in.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_others_write),
		cmocka_unit_test(a_message_that_does_not_fit_is_told),
		cmocka_unit_test(reads_what_others_write),
		cmocka_unit_test(refuses_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
