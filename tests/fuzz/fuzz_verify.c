/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "verify/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static _Alignas(16) char memory[512 * 1024], decoded[512 * 1024];
static uint8_t once[256 * 1024], again[256 * 1024];

/* What a parser makes has one encoding, and a decoder takes it. */
#define round_trip(type, value)                                                                    \
	do {                                                                                       \
		struct verify_##type back_;                                                        \
		struct arena a_;                                                                   \
		struct enc x_, y_;                                                                 \
		struct dec d_;                                                                     \
		enc_init(&x_, once, sizeof(once));                                                 \
		verify_##type##_encode(&x_, value);                                                \
		arena_init(&a_, decoded, sizeof(decoded));                                         \
		dec_init(&d_, once, x_.len, &a_);                                                  \
		verify_##type##_decode(&d_, &back_);                                               \
		enc_init(&y_, again, sizeof(again));                                               \
		verify_##type##_encode(&y_, &back_);                                               \
		if (dec_done(&d_) < 0 || !enc_ok(&x_) || y_.len != x_.len ||                       \
		    memcmp(once, again, x_.len) != 0)                                              \
			abort();                                                                   \
	} while (0)

static void must_tell(int r, const struct err *e)
{
	if (r < 0 && (!e->code || !e->msg[0]))
		abort();
}

static void key(struct span text, struct arena *a, struct err *e)
{
	static char argument[VERIFY_KEY_CAP + 32];
	struct digest digest;
	int r;

	if (str_printf(argument, sizeof(argument), "simple AAAA\n%.*s", (int)text.len, text.p) < 0)
		return;
	r = verify_signed(argument, span_of("{}"), &digest, a, e);
	if (r >= 0)
		abort(); /* nobody has signed this */
	must_tell(r, e);
}

/* The first byte chooses the parser. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct verify_envelope envelope;
	struct verify_policy policy;
	struct verify_list list;
	struct digest digest = {0};
	struct err e = {0};
	struct arena a;
	struct span text;
	int r = 0;

	if (len < 1)
		return 0;
	text = (struct span){(const char *)data + 1, len - 1};
	arena_init(&a, memory, sizeof(memory));
	switch (data[0] % 6) {
	case 0:
		r = verify_parse_list(text, &a, &list, &e);
		if (r == 0)
			round_trip(list, &list);
		break;
	case 1:
		r = verify_parse_bundle(text, &a, &envelope, &e);
		if (r == 0)
			round_trip(envelope, &envelope);
		break;
	case 2:
		r = verify_parse_policy(text, "policy.yaml", &a, &policy, &e);
		if (r == 0)
			round_trip(policy, &policy);
		break;
	case 3:
		key(text, &a, &e);
		break;
	default:
		r = verify_claim(data[0] % 6 == 4, text, &digest, &a, &e);
	}
	must_tell(r, &e);
	return 0;
}
