/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum der_tag {
	TAG_BOOLEAN = 0x01,
	TAG_INTEGER = 0x02,
	TAG_BITS = 0x03,
	TAG_OCTETS = 0x04,
	TAG_OID = 0x06,
	TAG_UTC_TIME = 0x17,
	TAG_TIME = 0x18,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_VERSION = 0xa0,
	TAG_EC_CURVE = 0xa0,
	TAG_EXTENSIONS = 0xa3,
	TAG_ALT_ADDRESS = 0x87,
};

/** struct der - bytes of an encoding, in the caller's memory */
struct der {
	const uint8_t *p;
	size_t len;
};

/** der_take() - take one element off @in. Return: its tag; -1 at the end, or malformed. Spec: X.690, 8.1, 10.1 */
int der_take(struct der *in, struct der *ret_content);

/** der_take_tag() - the same; is it a @tag? */
bool der_take_tag(struct der *in, int tag, struct der *ret_content);

bool der_eq(struct der a, struct der b);
