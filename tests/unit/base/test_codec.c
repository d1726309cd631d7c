#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/codec.h"

static uint8_t mem[512];
static unsigned char space[1024];
static struct arena arena;

static void fill(struct enc *e)
{
	static const char *const list[] = {"one", "", "three"};
	struct digest d;

	memset(d.b, 0xab, sizeof(d.b));
	enc_init(e, mem, sizeof(mem));
	enc_u8(e, 200);
	enc_u32(e, 0x01020304);
	enc_u64(e, UINT64_MAX - 1);
	enc_i64(e, -5);
	enc_bool(e, true);
	enc_str(e, "text");
	enc_str(e, "");
	enc_str(e, NULL);
	enc_bytes(e, "\0\1", 2);
	enc_digest(e, &d);
	enc_strs(e, list, 3);
}

static bool take(struct dec *d)
{
	struct digest digest;
	struct span bytes;
	char **list, *text, *empty, *none;
	bool same;
	size_t n;

	same = dec_u8(d) == 200;
	same &= dec_u32(d) == 0x01020304;
	same &= dec_u64(d) == UINT64_MAX - 1;
	same &= dec_i64(d) == -5;
	same &= dec_bool(d);
	text = dec_str(d);
	empty = dec_str_req(d);
	none = dec_str(d);
	bytes = dec_bytes(d);
	dec_digest(d, &digest);
	list = dec_strs(d, 3, &n);
	if (d->bad)
		return false;
	return same && strcmp(text, "text") == 0 && !*empty && !none && bytes.len == 2 &&
	       bytes.p[1] == 1 && digest.b[31] == 0xab && n == 3 && strcmp(list[2], "three") == 0 &&
	       !list[3];
}

static void comes_back(void **state)
{
	struct enc e;
	struct dec d;

	(void)state;
	fill(&e);
	assert_true(enc_ok(&e));
	arena_init(&arena, space, sizeof(space));
	dec_init(&d, mem, e.len, &arena);
	assert_true(take(&d));
	assert_int_equal(dec_done(&d), 0);
	assert_int_equal(mem[1], 4); /* little-endian on every machine */
}

static void every_cut_is_bad(void **state)
{
	struct enc e;
	struct dec d;

	(void)state;
	fill(&e);
	for (size_t len = 0; len < e.len; len++) {
		arena_init(&arena, space, sizeof(space));
		dec_init(&d, mem, len, &arena);
		take(&d);
		assert_int_equal(dec_done(&d), -EBADMSG);
	}
	dec_init(&d, mem, e.len + 1, &arena);
	arena_reset(&arena);
	assert_true(take(&d));
	assert_int_equal(dec_done(&d), -EBADMSG); /* something left over */
}

static void every_small_arena_is_bad(void **state)
{
	struct enc e;
	struct dec d;
	size_t need = 0;

	(void)state;
	fill(&e);
	for (size_t cap = 0; cap < 512 && !need; cap++) {
		arena_init(&arena, space, cap);
		dec_init(&d, mem, e.len, &arena);
		if (take(&d))
			need = cap;
		else
			assert_int_equal(dec_done(&d), -EBADMSG);
	}
	assert_true(need > 0);
}

static void full_encoder_stays_full(void **state)
{
	struct enc e, whole;

	(void)state;
	fill(&whole);
	for (size_t cap = 0; cap < whole.len; cap++) {
		enc_init(&e, mem, cap);
		e.cap = cap;
		enc_bytes(&e, space, cap > 4 ? cap - 4 : 0);
		enc_u8(&e, 1);
		assert_false(enc_ok(&e));
		assert_true(e.len <= cap);
	}
}

static void hostile_frames(void **state)
{
	static const struct {
		uint8_t b[16];
		size_t len;
	} frames[] = {
		{{0xff, 0xff, 0xff, 0xfe}, 4},	       /* a string of 4 GiB */
		{{5, 0, 0, 0, 'a', 'b', 'c', 'd'}, 8}, /* longer than the frame */
		{{3, 0, 0, 0, 'a', 0, 'b'}, 7},	       /* a NUL inside */
	};
	struct dec d;
	size_t n = 9;

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		arena_init(&arena, space, sizeof(space));
		dec_init(&d, frames[i].b, frames[i].len, &arena);
		assert_null(dec_str(&d));
		assert_int_equal(dec_done(&d), -EBADMSG);
	}
	/* null where a string is required */
	dec_init(&d, "\xff\xff\xff\xff", 4, &arena);
	assert_string_equal(dec_str_req(&d), "");
	assert_int_equal(dec_done(&d), -EBADMSG);
	/* a list with more elements than the frame has bytes, or than allowed */
	dec_init(&d, "\xff\xff\xff\x7f", 4, &arena);
	dec_strs(&d, SIZE_MAX, &n);
	assert_int_equal(n, 0);
	assert_int_equal(dec_done(&d), -EBADMSG);
	dec_init(&d, "\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, &arena);
	assert_int_equal(dec_count(&d, 2), 0);
	assert_true(d.bad);
	/* a bool is 0 or 1 */
	dec_init(&d, "\2", 1, &arena);
	assert_false(dec_bool(&d));
	assert_int_equal(dec_done(&d), -EBADMSG);
	/* after an error everything is zero */
	dec_init(&d, "\2\1\1\1\1\1\1\1\1\1", 10, &arena);
	dec_bool(&d);
	assert_int_equal(dec_u8(&d), 0);
	assert_int_equal(dec_bytes(&d).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(every_cut_is_bad),
		cmocka_unit_test(every_small_arena_is_bad),
		cmocka_unit_test(full_encoder_stays_full),
		cmocka_unit_test(hostile_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
