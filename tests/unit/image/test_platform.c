/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "image/image.h"

#define P(arch, variant)                                                                           \
	{                                                                                          \
		.platform = {(char *)"linux", (char *)arch, (char *)variant, false }               \
	}

static struct image_platform want(const char *arch, const char *variant)
{
	return (struct image_platform){(char *)"linux", (char *)arch, (char *)variant, false};
}

static int choose(struct image_descriptor *list, size_t n, const char *arch, const char *variant,
		  struct err *e)
{
	struct image_doc index = {.manifests = list, .n_manifests = n};
	struct image_platform w = want(arch, variant);

	*e = (struct err){0};
	return image_choose(&index, &w, e);
}

static void best_arm_variant_not_above(void **state)
{
	struct image_descriptor list[] = {P("amd64", NULL), P("arm", "v5"), P("arm", "v6"),
					  P("arm", "v7"), P("arm64", "v8")};
	struct err e;

	(void)state;
	assert_int_equal(choose(list, 5, "arm", "v7", &e), 3);
	assert_int_equal(choose(list, 5, "arm", "v6", &e), 2);
	assert_int_equal(choose(list, 5, "arm", "v8", &e), 3);
	assert_int_equal(choose(list, 5, "arm64", NULL, &e), 4);
	assert_int_equal(choose(list, 5, "amd64", NULL, &e), 0);
	assert_int_equal(choose(list, 3, "arm64", NULL, &e), -ENOENT);
	assert_string_equal(e.msg, "there is no image for linux/arm64; there is linux/amd64, "
				   "linux/arm/v5, linux/arm/v6");
}

static void arm_without_variant_is_v7(void **state)
{
	struct image_descriptor list[] = {P("arm", NULL)};
	struct err e;

	(void)state;
	assert_int_equal(choose(list, 1, "arm", "v7", &e), 0);
	assert_int_equal(choose(list, 1, "arm", "v6", &e), -ENOENT);
}

static void amd64_levels(void **state)
{
	struct image_descriptor list[] = {P("amd64", "v3"), P("amd64", NULL), P("x86_64", "v2")};
	struct err e;

	(void)state;
	assert_int_equal(choose(list, 3, "amd64", NULL, &e), 1);
	assert_int_equal(choose(list, 3, "amd64", "v2", &e), 2);
	assert_int_equal(choose(list, 3, "amd64", "v4", &e), 0);
}

static void variants_are_numbers_or_the_same_word(void **state)
{
	struct image_descriptor list[] = {P("arm64", "v8.2"), P("arm64", "v9"),
					  P("riscv64", "rva23u64"), P("aarch64", "8"),
					  P("riscv64", NULL)};
	struct err e;

	(void)state;
	assert_int_equal(choose(list, 5, "arm64", NULL, &e), 3);
	assert_int_equal(choose(list, 5, "arm64", "v8.2", &e), 0);
	assert_int_equal(choose(list, 5, "arm64", "v8.10", &e), 0);
	assert_int_equal(choose(list, 5, "arm64", "v9.1", &e), 1);
	assert_int_equal(choose(list, 5, "riscv64", NULL, &e), 4);
	assert_int_equal(choose(list, 5, "riscv64", "rva23u64", &e), 2);
	assert_int_equal(choose(list, 4, "riscv64", NULL, &e), -ENOENT);
}

static int choose_compat(struct image_descriptor *list, size_t n, const char *arch, struct err *e)
{
	struct image_doc index = {.manifests = list, .n_manifests = n};
	struct image_platform w = want(arch, NULL);

	w.compat = true;
	return image_choose(&index, &w, e);
}

static void a_32_bit_sibling_is_better_than_nothing(void **state)
{
	struct image_descriptor list[] = {P("arm", "v6"), P("arm", "v7"), P("arm", "v9"),
					  P("386", NULL), P("arm64", NULL)};
	struct err e;

	(void)state;
	assert_int_equal(choose_compat(list, 5, "arm64", &e), 4);
	assert_int_equal(choose_compat(list, 4, "arm64", &e), 1);
	assert_int_equal(choose(list, 4, "arm64", NULL, &e), -ENOENT);
	assert_int_equal(choose_compat(list, 4, "amd64", &e), 3);
	assert_int_equal(choose(list, 4, "amd64", NULL, &e), -ENOENT);
	assert_int_equal(choose_compat(list, 3, "amd64", &e), -ENOENT);
}

static void an_inner_index_comes_after_images(void **state)
{
	char type[] = "application/vnd.oci.image.index.v1+json";
	struct image_descriptor list[] = {
		P("arm64", NULL), {.media_type = type}, P("amd64", NULL), P("amd64", NULL)};
	struct err e;

	(void)state;
	assert_int_equal(choose(list, 3, "amd64", NULL, &e), 2);
	assert_int_equal(choose(list, 2, "amd64", NULL, &e), 1);
	list[1].platform = want("riscv64", NULL);
	assert_int_equal(choose(list, 2, "amd64", NULL, &e), -ENOENT);
	list[3].media_type = type; /* of the right platform, but no image */
	assert_int_equal(choose(list + 3, 1, "amd64", NULL, &e), 0);
}

static void texts_are_read(void **state)
{
	static const struct {
		const char *text, *want;
		int code;
	} cases[] = {
		{"linux/arm/v7", "linux/arm/v7", 0},
		{"linux/amd64", "linux/amd64", 0},
		{"arm64", "linux/arm64", 0},
		{"windows/amd64", NULL, -ENOTSUP},
		{"", NULL, -EINVAL},
		{"linux/", NULL, -EINVAL},
		{"linux//v7", NULL, -EINVAL},
		{"linux/arm/v7/x", NULL, -EINVAL},
		{"linux/arm v7", NULL, -EINVAL},
		{"../amd64", NULL, -ENOTSUP},
		{"linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL,
		 -EINVAL},
	};
	char mem[IMAGE_PLATFORM_CAP], text[IMAGE_PLATFORM_CAP];
	struct image_platform p;
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(image_platform_parse(cases[i].text, mem, &p, &e), cases[i].code);
		if (cases[i].want)
			assert_string_equal(image_platform_text(text, &p), cases[i].want);
	}
}

static void attestations_and_other_systems_are_passed_over(void **state)
{
	struct image_descriptor list[] = {P("amd64", NULL), P("amd64", NULL), P("amd64", NULL)};
	struct err e;

	(void)state;
	list[0].attestation = true;
	list[1].platform.os = (char *)"windows";
	assert_int_equal(choose(list, 3, "amd64", NULL, &e), 2);
	assert_int_equal(choose(list, 2, "amd64", NULL, &e), -ENOENT);
	assert_string_equal(e.msg, "there is no image for linux/amd64; there is windows/amd64");
}

static void single_entry_without_platform(void **state)
{
	struct image_descriptor list[] = {{.size = 1}, {.attestation = true}, {.size = 1}};
	struct err e;

	(void)state;
	assert_int_equal(choose(list, 2, "amd64", NULL, &e), 0);
	assert_int_equal(choose(list, 3, "amd64", NULL, &e), -ENOENT);
	assert_int_equal(choose(list, 0, "amd64", NULL, &e), -ENOENT);
}

static void config_must_fit(void **state)
{
	struct image_doc manifest = {.kind = IMAGE_DOC_MANIFEST, .n_layers = 2};
	struct image_config c = {.n_diff_ids = 2, .platform = want("arm64", NULL)};
	struct image_platform host = want("amd64", NULL);
	struct err e = {0};

	(void)state;
	assert_int_equal(image_check_config(&manifest, &c, &host, &e), -ENOEXEC);
	assert_string_equal(e.msg, "the image is for linux/arm64, wanted is one for linux/amd64");
	c.platform = want("amd64", NULL);
	assert_int_equal(image_check_config(&manifest, &c, &host, &e), 0);
	c.platform = want("arm", NULL); /* left out, as in many images: believed */
	host = want("arm", "v6");
	assert_int_equal(image_check_config(&manifest, &c, &host, &e), 0);
	c.n_diff_ids = 1;
	assert_int_equal(image_check_config(&manifest, &c, &host, &e), -EBADMSG);
	c.n_diff_ids = 2;
	c.platform = want("arm", "v7");
	host = want("arm", "v6");
	assert_int_equal(image_check_config(&manifest, &c, &host, &e), -ENOEXEC);
	assert_string_equal(e.msg, "the image is for linux/arm/v7, wanted is one for linux/arm/v6");
}

static void host_is_named_as_go_does(void **state)
{
	struct image_platform host = image_host_platform();

	(void)state;
	assert_string_equal(host.os, "linux");
	assert_true(str_eq(host.arch, "amd64") || str_eq(host.arch, "arm64") ||
		    str_eq(host.arch, "arm") || str_eq(host.arch, "riscv64"));
	if (str_eq(host.arch, "arm"))
		assert_non_null(host.variant);
	if (host.variant)
		assert_true(host.variant[0] == 'v' && host.variant[1] >= '2' &&
			    host.variant[1] <= '8');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(best_arm_variant_not_above),
		cmocka_unit_test(arm_without_variant_is_v7),
		cmocka_unit_test(amd64_levels),
		cmocka_unit_test(variants_are_numbers_or_the_same_word),
		cmocka_unit_test(a_32_bit_sibling_is_better_than_nothing),
		cmocka_unit_test(an_inner_index_comes_after_images),
		cmocka_unit_test(texts_are_read),
		cmocka_unit_test(attestations_and_other_systems_are_passed_over),
		cmocka_unit_test(single_entry_without_platform),
		cmocka_unit_test(config_must_fit),
		cmocka_unit_test(host_is_named_as_go_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
