/* SPDX-License-Identifier: Apache-2.0 */
/* ARM's instructions against BearSSL's own code in C, which is the same on every processor */
#include "test.h"

#include <string.h>

#include "base/cpu.h"
#include "tls/aes_arm.h"

static uint32_t seed = 1;

static void fill(void *to, size_t len)
{
	for (uint8_t *p = to; len; len--, p++) {
		seed = seed * 1664525 + 1013904223;
		*p = (uint8_t)(seed >> 24);
	}
}

static void counter_mode(void **state)
{
	static const size_t key_lens[] = {16, 24, 32};
	static uint8_t a[300], b[300];

	(void)state;
	if (!AES_ARM || !cpu_has(CPU_AES))
		skip();
	for (size_t i = 0; i < 3 * sizeof(a); i++) {
		br_aes_gen_ctr_keys want, got;
		uint8_t key[32], iv[12];
		size_t len = i / 3;
		uint32_t cc = (uint32_t)i * 77777777; /* wraps */

		fill(key, sizeof(key));
		fill(iv, sizeof(iv));
		fill(a, sizeof(a));
		memcpy(b, a, sizeof(a));
		br_aes_ct_ctr_vtable.init(&want.vtable, key, key_lens[i % 3]);
		aes_arm_ctr.init(&got.vtable, key, key_lens[i % 3]);
		/* the counter after a part of a block is nobody's business */
		want.vtable->run(&want.vtable, iv, cc, a, len);
		cc += got.vtable->run(&got.vtable, iv, cc, b, len) - cc;
		assert_true(len % 16 || cc == (uint32_t)i * 77777777 + len / 16);
		assert_memory_equal(a, b, sizeof(a));
	}
}

static void ghash(void **state)
{
	static uint8_t data[300];

	(void)state;
	if (!AES_ARM || !cpu_has(CPU_AES))
		skip();
	for (size_t len = 0; len <= sizeof(data); len++) {
		uint8_t want[16], got[16], h[16];

		fill(h, sizeof(h));
		fill(want, sizeof(want));
		fill(data, sizeof(data));
		memcpy(got, want, sizeof(want));
		br_ghash_ctmul32(want, h, data, len);
		aes_arm_ghash(got, h, data, len);
		assert_memory_equal(want, got, sizeof(want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counter_mode),
		cmocka_unit_test(ghash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
