/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "verify/verify.h"

/* made by openssl 3.0; payload is PAYLOAD */
#define PAYLOAD                                                                                    \
	"{\"critical\":{\"identity\":{\"docker-reference\":\"\"},\"image\":{\"docker-manifest-"    \
	"digest\":\"sha256:0000000000000000000000000000000000000000000000000000000000000007\"},"   \
	"\"type\":\"cosign container image signature\"},\"optional\":null}"
#define BEGIN_KEY "-----BEGIN PUBLIC KEY-----\n"
#define END_KEY	  "-----END PUBLIC KEY-----\n"
#define P256                                                                                       \
	BEGIN_KEY                                                                                  \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEiEoKjFiMDotUCuWNU8F8/ruzbXG4\n"                       \
	"chmlPTkTF1g9Xf992MCPr3f1RrDDIk9VhSpfIILk0Zj4B13ymUxBH1VZSw==\n" END_KEY
#define P384                                                                                       \
	BEGIN_KEY                                                                                  \
	"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE3hDPsGS1h/ap+TimzwgJ7j1RuqLnhMXx\n"                       \
	"2oO7I4vxqamRxOWgf4/2e8Iohy8aGSXoN/M8/xPDGTnZ59w8i8QuwGR2E1sdkmPG\n"                       \
	"c+rHJo0HzB/5LNcJm3fPMisHlFLqAaET\n" END_KEY
#define P521                                                                                       \
	BEGIN_KEY                                                                                  \
	"MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAWEft5O4RgD13s+BH/DBr2m0Dpr0j\n"                       \
	"91XdI3abCSypFWbQcSV0psOZCrQb8jB+1XKhg2AZRIxbglwSQy1TXYBb/bMBdJxt\n"                       \
	"12tGnWQC+WHLx3f23iJOipMwcwcBvvM+SIjNjmhS1BMN35U/Z3JXOSkBLHyxPJZN\n"                       \
	"6FOp+6h2V2PPZne7ezQ=\n" END_KEY
#define SIG256                                                                                     \
	"MEYCIQCIxlHA4cu0Us7hGBA6K+/+pbmaavmTZcqkCCyW4BfilQIhAIrsMp8ntAh5ULxKhrh1m77DMZiR1rwVKTQ2" \
	"K5wVxjR3"
#define SIG256_SHA384                                                                              \
	"MEQCIA7pfMI1LAURQcOJCxbfThf1iaUCEGQGUrR+0k6ErfefAiADRTSZ2+qkFjlt937Ij5H4dk943kveBarWWBIA" \
	"KVx+dg=="
#define SIG384_SHA256                                                                              \
	"MGUCMHJW4lEgl4znpHj8ABbzEVdLUQmcBHpaSN8mRkkkPdkPL7d43Zsjg07ac7vk13Nw5AIxAKimKpviLqUyrGLg" \
	"nZyOdN6evK97eYKl2PWZk4RDohYGll36q4zMy1ZdwfUI1tGMQQ=="
#define SIG384                                                                                     \
	"MGUCMQD1FrzqjVzCWWSdB3pB3phHyhTsRejoVSE3+5c6cVqV4uL4EPaF8lVfOldea2+MmSkCMA+PW5S/BZikoiuo" \
	"MZkiLT4Pvdo5NEWzhXgYK2z3pE5p7Szffq8pZa63DMIWDJwSiw=="
#define SIG521                                                                                     \
	"MIGIAkIBqp02M2YmXa7lKZC2SsCgzTIA8tMHA6DL7vm7OiTh9/syv5/7VF9wNWuGKc9QMTPYP02S6NHSyIRYsWk8" \
	"H/ggXZ8CQgGFViJHQFj7HpknOnY6deMKvVhhGg+TxP0PV6C4XYJWGdjAj8WR+fBjn14ERth+a05h+mzcDeMqTd2x" \
	"oz4VdRHong=="
#define K1                                                                                         \
	"MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEQqYoEq2rfNYQ5Xwu0UakOHsWMlsL/mw+\n"                       \
	"hKrTqZz+ZedNALzzubpa5MED6ddAW+9w/h9GXvnpQ+u/Y/3504d7Wg==\n"

static _Alignas(16) char memory[128 * 1024];
static struct digest digest;
static struct err err;

static int check(const char *form, const char *signature, const char *key, struct span payload)
{
	char argument[2048];
	struct arena a;

	arena_init(&a, memory, sizeof(memory));
	err = (struct err){0};
	memset(&digest, 0, sizeof(digest));
	snprintf(argument, sizeof(argument), "%s %s\n%s", form, signature, key);
	return verify_signed(argument, payload, &digest, &a, &err);
}

#define simple(signature, key) check(VERIFY_FORM_SIMPLE, signature, key, span_of(PAYLOAD))

static void curves(void **state)
{
	(void)state;
	assert_int_equal(simple(SIG256, P256), 0);
	assert_int_equal(digest.b[31], 7);
	assert_int_equal(simple(SIG384_SHA256, P384), 0); /* cosign hashes so for every key */
	assert_int_equal(simple(SIG384, P384), 0);
	assert_int_equal(simple(SIG521, P521), 0);
	assert_int_equal(simple(SIG256_SHA384, P256), -EKEYREJECTED);
	assert_int_equal(simple(SIG384, P256), -EKEYREJECTED);
	assert_int_equal(simple(SIG256, P384), -EKEYREJECTED);
	assert_int_equal(simple("", P256), -EKEYREJECTED);
	assert_int_equal(simple("AAAA", P256), -EKEYREJECTED);
	assert_int_equal(simple("!", P256), -EKEYREJECTED);
	assert_int_equal(simple(SIG256 SIG256, P256), -EKEYREJECTED);
	/* r = s = 0 */
	assert_int_equal(simple("MAYCAQACAQA=", P256), -EKEYREJECTED);
	assert_int_equal(check(VERIFY_FORM_DSSE, SIG256, P256, span_of(PAYLOAD)), -EKEYREJECTED);
}

/* no bit of the payload and no character of the signature may be another */
static void every_bit(void **state)
{
	char payload[] = PAYLOAD, signature[] = SIG256;

	(void)state;
	for (size_t i = 0; i < sizeof(payload) - 1; i++) {
		payload[i] = (char)(payload[i] ^ 1 << i % 8);
		assert_int_equal(check(VERIFY_FORM_SIMPLE, SIG256, P256,
				       (struct span){payload, sizeof(payload) - 1}),
				 -EKEYREJECTED);
		payload[i] = PAYLOAD[i];
	}
	for (size_t i = 0; i < sizeof(signature) - 1; i++) {
		signature[i] = signature[i] == 'A' ? 'B' : 'A';
		assert_int_equal(simple(signature, P256), -EKEYREJECTED);
		signature[i] = SIG256[i];
	}
}

static void keys(void **state)
{
	static const char *const bad[] = {
		"",
		"rubbish",
		BEGIN_KEY,
		BEGIN_KEY END_KEY,
		BEGIN_KEY "AAAA\n" END_KEY,
		BEGIN_KEY "!\n" END_KEY,
		BEGIN_KEY K1 END_KEY, /* secp256k1 */
		P256 P256,
		"-----BEGIN EC PRIVATE KEY-----\n" K1 "-----END EC PRIVATE KEY-----\n",
		"-----BEGIN CERTIFICATE-----\n" K1 "-----END CERTIFICATE-----\n",
		END_KEY K1 BEGIN_KEY,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(simple(SIG256, bad[i]), -EINVAL);
		assert_true(err.msg[0]);
	}
	assert_int_equal(simple(SIG256, "a comment\r\n" P256 "\nanother\n"), 0);
}

static int claim(bool dsse, const char *text)
{
	struct arena a;

	arena_init(&a, memory, sizeof(memory));
	err = (struct err){0};
	return verify_claim(dsse, span_of(text), &digest, &a, &err);
}

#define HEX "0000000000000000000000000000000000000000000000000000000000000009"
#define STATEMENT(type, predicate, subject)                                                        \
	"{\"_type\":\"" type "\",\"predicateType\":\"" predicate "\",\"subject\":[" subject "]}"
#define IN_TOTO "https://in-toto.io/Statement/v1"
#define SIGN	"https://sigstore.dev/cosign/sign/v1"
#define SUBJECT "{\"digest\":{\"sha256\":\"" HEX "\"}}"

static void claims(void **state)
{
	(void)state;
	assert_int_equal(claim(true, STATEMENT(IN_TOTO, SIGN, SUBJECT)), 0);
	assert_int_equal(digest.b[31], 9);
	assert_int_equal(claim(false, PAYLOAD), 0);
	assert_int_equal(claim(true, PAYLOAD), -EBADMSG);
	assert_int_equal(claim(false, STATEMENT(IN_TOTO, SIGN, SUBJECT)), -EBADMSG);
	assert_int_equal(claim(true, STATEMENT(IN_TOTO, "https://slsa.dev/provenance/v1", SUBJECT)),
			 -EBADMSG);
	assert_int_equal(claim(true, STATEMENT("x", SIGN, SUBJECT)), -EBADMSG);
	assert_true(claim(true, STATEMENT(IN_TOTO, SIGN, "")) < 0);
	assert_true(claim(true, STATEMENT(IN_TOTO, SIGN, SUBJECT "," SUBJECT)) < 0);
	assert_true(claim(true, STATEMENT(IN_TOTO, SIGN, "{\"digest\":{\"sha512\":\"" HEX "\"}}")) <
		    0);
	assert_true(claim(true, STATEMENT(IN_TOTO, SIGN, "{\"digest\":{\"sha256\":\"09\"}}")) < 0);
	/* two keys of one name */
	assert_true(claim(true, STATEMENT(IN_TOTO, SIGN,
					  "{\"digest\":{},\"digest\":{\"sha256\":\"" HEX "\"}}")) <
		    0);
	assert_true(claim(true, "[]") < 0);
	assert_true(claim(false, "") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(curves),
		cmocka_unit_test(every_bit),
		cmocka_unit_test(keys),
		cmocka_unit_test(claims),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
