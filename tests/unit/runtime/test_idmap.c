/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "runtime/idmap.h"

static struct oci_idmap uid[] = {{0, 0, 1}, {1, 2, 1000}};
static struct oci_idmap gid[] = {{0, 100000, 65536}};
static const struct oci_idmaps container = {uid, gid, 2, 1};
static struct oci_idmaps m;
static struct err err;

static int parse(const char *text)
{
	err = (struct err){0};
	return idmap_parse(text, &container, &m, &err);
}

static void is(const struct oci_idmap *v, uint32_t inside, uint32_t host, uint32_t size)
{
	assert_int_equal(v->container, inside);
	assert_int_equal(v->host, host);
	assert_int_equal(v->size, size);
}

static void reads_lists(void **state)
{
	(void)state;
	assert_int_equal(parse("uids=0-1-10#10-11-10;gids=0-100-10"), 0);
	assert_int_equal(m.n_uid, 2);
	assert_int_equal(m.n_gid, 1);
	is(&m.uid[0], 0, 1, 10);
	is(&m.uid[1], 10, 11, 10);
	is(&m.gid[0], 0, 100, 10);
	assert_int_equal(parse("gids=0-0-4294967295"), 0);
	assert_int_equal(m.n_uid, 0);
}

static void relative_to_the_container(void **state)
{
	(void)state;
	assert_int_equal(parse("uids=@1-3-10;gids=@5-6-1"), 0);
	is(&m.uid[0], 1, 4, 10); /* the example of crun's manual */
	is(&m.gid[0], 5, 100006, 1);
	assert_int_equal(parse("uids=@1-1001-1"), -EINVAL); /* the container has no such id */
}

static void refuses_the_rest(void **state)
{
	static const char *const bad[] = {
		"",
		"uids",
		"uids=",
		"uids=1",
		"uids=1-2",
		"uids=1-2-3-4",
		"uids=1-2-3#",
		"uids=1-2-x",
		"uids=-1-2",
		"xids=1-2-3",
		"uids=1-2-3;",
		"uids=1-2-3 ",
		"uids=@",
		"uids= 1-2-3",
		"gids=1--3",
		"uids=@1-3-1x",
		"uids=4294967296-0-1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (parse(bad[i]) != -EINVAL || !strstr(err.msg, "idmap"))
			fail_msg("\"%s\" was accepted, or: %s", bad[i], err.msg);
}

static void is_bounded(void **state)
{
	static char text[OCI_MAX_IDMAPS * 6 + 16];
	size_t len = 5;

	(void)state;
	memcpy(text, "uids=", 6);
	for (int i = 0; i < OCI_MAX_IDMAPS; i++, len += 6)
		memcpy(text + len, "1-1-1#", 7);
	text[len - 1] = '\0';
	assert_int_equal(parse(text), 0);
	assert_int_equal(m.n_uid, OCI_MAX_IDMAPS);
	memcpy(text + len - 1, "#1-1-1", 7);
	assert_int_equal(parse(text), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lists),
		cmocka_unit_test(relative_to_the_container),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
