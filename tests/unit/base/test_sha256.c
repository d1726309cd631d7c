#include "test.h"

#include <string.h>

#include "base/cpu.h"
#include "base/digest.h"
#include "base/hex.h"
#include "base/sha256.h"

static void hash_is(const char *want, size_t times, const char *text)
{
	char hex[DIGEST_HEX_LEN + 1];
	struct digest d;
	struct sha256 h;

	sha256_init(&h);
	for (size_t i = 0; i < times; i++)
		sha256_update(&h, text, strlen(text));
	sha256_final(&h, &d);
	assert_string_equal(digest_hex(hex, &d), want);
}

/* NIST's example values for FIPS 180-4 */
static void known_answers(void **state)
{
	(void)state;
	hash_is("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0, "");
	hash_is("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 1, "abc");
	hash_is("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", 1,
		"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
	hash_is("cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1", 1,
		"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopq"
		"klmnopqrlmnopqrsmnopqrstnopqrstu");
	hash_is("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", 100000,
		"aaaaaaaaaa");
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* the processor's instructions against C, from every alignment */
static void same_as_portable(void **state)
{
	static uint8_t data[40 * SHA256_BLOCK + 16];
	uint32_t seed = 1;

	(void)state;
	if (!cpu_has(CPU_SHA256))
		skip();
	for (int round = 0; round < 500; round++) {
		uint32_t a[8], b[8];
		size_t n = next_random(&seed) % 40, at = next_random(&seed) % 16;

		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = (uint8_t)next_random(&seed);
		for (size_t i = 0; i < 8; i++)
			a[i] = b[i] = next_random(&seed) << 8 | i;
		sha256_blocks_portable(a, data + at, n);
		sha256_blocks_cpu(b, data + at, n);
		assert_memory_equal(a, b, sizeof(a));
	}
}

/* any length, cut anywhere, is what one piece gives */
static void any_cut_of_any_length(void **state)
{
	static uint8_t data[1000];
	uint32_t seed = 2;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)next_random(&seed);
	for (size_t len = 0; len < sizeof(data); len += 1 + len / 70) {
		struct sha256 whole, cut;
		struct digest want, got;

		sha256_init(&whole);
		sha256_update(&whole, data, len);
		sha256_final(&whole, &want);
		sha256_init(&cut);
		for (size_t at = 0; at < len;) {
			size_t n = next_random(&seed) % 150;

			n = n < len - at ? n : len - at;
			sha256_update(&cut, data + at, n);
			at += n;
		}
		sha256_final(&cut, &got);
		assert_memory_equal(want.b, got.b, sizeof(want.b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(same_as_portable),
		cmocka_unit_test(any_cut_of_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
