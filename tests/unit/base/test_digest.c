#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/digest.h"
#include "base/hex.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* moby CVE-2014-9358, containers/image CVE-2024-3727: digests that are used as paths */
static void only_the_exact_form(void **state)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{"sha256:" EMPTY, 0},
		{EMPTY, -EINVAL},
		{"", -EINVAL},
		{"sha256:", -EINVAL},
		{"sha256:../../etc/passwd", -EINVAL},
		{"sha256:" EMPTY "0", -EINVAL},
		{"sha256:" EMPTY "\n", -EINVAL},
		{"sha256: " EMPTY, -EINVAL},
		{"sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
		 -EINVAL},
		{"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85", -EINVAL},
		{"sha256:g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		 -EINVAL},
		{"SHA256:" EMPTY, -EINVAL},
		{"md5:d41d8cd98f00b204e9800998ecf8427e", -EINVAL},
		{"sha512:" EMPTY EMPTY, -EPROTONOSUPPORT},
	};
	struct digest d;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(digest_parse(span_of(cases[i].text), &d), cases[i].want);
}

static void text_comes_back(void **state)
{
	char text[DIGEST_TEXT_CAP], hex[DIGEST_HEX_LEN + 1];
	struct digest d, other;

	(void)state;
	assert_int_equal(digest_parse(span_of("sha256:" EMPTY), &d), 0);
	assert_string_equal(digest_text(text, &d), "sha256:" EMPTY);
	assert_string_equal(digest_hex(hex, &d), EMPTY);
	other = d;
	assert_true(digest_eq(&d, &other));
	other.b[31] ^= 1;
	assert_false(digest_eq(&d, &other));
}

static void hash_of_any_cut(void **state)
{
	static const char abc[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	char hex[DIGEST_HEX_LEN + 1];
	struct digest d;
	struct sha256 h;

	(void)state;
	sha256_init(&h);
	sha256_final(&h, &d);
	assert_string_equal(digest_hex(hex, &d), EMPTY);
	for (size_t cut = 0; cut < sizeof(abc); cut++) { /* FIPS 180-2, B.2 */
		sha256_init(&h);
		sha256_update(&h, abc, cut);
		sha256_update(&h, abc + cut, sizeof(abc) - 1 - cut);
		sha256_final(&h, &d);
		assert_string_equal(
			digest_hex(hex, &d),
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	}
}

static void hex_is_lower_case_and_exact(void **state)
{
	unsigned char b[2];
	char text[5];

	(void)state;
	hex_encode(text, "\xab\x0f", 2);
	assert_string_equal(text, "ab0f");
	assert_int_equal(hex_decode(b, 2, span_of("ab0f")), 0);
	assert_int_equal(b[0], 0xab);
	assert_int_equal(hex_decode(b, 2, span_of("AB0F")), -EINVAL);
	assert_int_equal(hex_decode(b, 2, span_of("ab0")), -EINVAL);
	assert_int_equal(hex_decode(b, 2, span_of("ab0f0")), -EINVAL);
	assert_int_equal(hex_decode(b, 2, span_of("ab0x")), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_exact_form),
		cmocka_unit_test(text_comes_back),
		cmocka_unit_test(hash_of_any_cut),
		cmocka_unit_test(hex_is_lower_case_and_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
