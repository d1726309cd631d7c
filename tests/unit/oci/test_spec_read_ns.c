/* SPDX-License-Identifier: Apache-2.0 */
/* The members of linux that are about namespaces, and idmapped mounts: what is read, what is refused by name. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "oci/spec.h"

#define SPEC(mounts, linux_members)                                                                \
	"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},\"mounts\":[" mounts                  \
	"],\"linux\":{" linux_members "}}"

static _Alignas(16) char pool[256 * 1024], memory[128 * 1024];
static char text[64 * 1024];
static struct err err;
static struct arena arena;

static int read_text(const char *json, struct oci_spec *s)
{
	arena_init(&arena, memory, sizeof(memory));
	err = (struct err){0};
	return oci_spec_read(span_of(json), pool, sizeof(pool), &arena, s, &err);
}

static void reads_clocks(void **state)
{
	struct oci_spec s;

	(void)state;
	assert_int_equal(
		read_text(SPEC("", "\"timeOffsets\":{\"boottime\":{\"secs\":-5,\"nanosecs\":7}}"),
			  &s),
		0);
	assert_false(s.time_offsets[OCI_CLOCK_MONOTONIC].set);
	assert_true(s.time_offsets[OCI_CLOCK_BOOTTIME].set);
	assert_int_equal(s.time_offsets[OCI_CLOCK_BOOTTIME].s, -5);
	assert_int_equal(s.time_offsets[OCI_CLOCK_BOOTTIME].ns, 7);
	assert_int_equal(read_text(SPEC("", "\"timeOffsets\":null"), &s), 0);
	assert_int_equal(read_text(SPEC("", "\"timeOffsets\":{\"realtime\":{\"secs\":1}}"), &s),
			 -EINVAL);
	assert_non_null(strstr(err.msg, "realtime"));
	assert_true(read_text(SPEC("", "\"timeOffsets\":{\"monotonic\":{\"nanosecs\":1000000000}}"),
			      &s) < 0);
}

static void reads_interfaces(void **state)
{
	struct oci_spec s;

	(void)state;
	assert_int_equal(
		read_text(SPEC("", "\"netDevices\":{\"eth1\":{\"name\":\"in0\"},\"eth2\":{}}"), &s),
		0);
	assert_int_equal(s.n_netdevs, 2);
	assert_string_equal(s.netdevs[0].host, "eth1");
	assert_string_equal(s.netdevs[0].inside, "in0");
	assert_string_equal(s.netdevs[1].inside, "eth2");
	assert_int_equal(read_text(SPEC("", "\"netDevices\":{\"a/b\":{}}"), &s), -EINVAL);
	assert_int_equal(read_text(SPEC("", "\"netDevices\":{\"e\":{\"name\":\"..\"}}"), &s),
			 -EINVAL);
	assert_int_equal(read_text(SPEC("", "\"netDevices\":{\"e\":{\"name\":\"eth%d\"}}"), &s),
			 -EINVAL);
	assert_int_equal(read_text(SPEC("", "\"netDevices\":{\"0123456789abcdef\":{}}"), &s),
			 -EINVAL);
	assert_non_null(strstr(err.msg, "netDevices"));
}

static void reads_cache_control(void **state)
{
	struct oci_spec s;

	(void)state;
	assert_int_equal(read_text(SPEC("", ""), &s), 0);
	assert_false(s.rdt.set);
	assert_int_equal(
		read_text(SPEC("", "\"intelRdt\":{\"closID\":\"g\",\"l3CacheSchema\":\"L3:0=f\","
				   "\"schemata\":[\"L2:0=f\"],\"enableCMT\":true}"),
			  &s),
		0);
	assert_true(s.rdt.set && s.rdt.monitoring);
	assert_string_equal(s.rdt.clos_id, "g");
	assert_string_equal(s.rdt.schemata.v[0], "L2:0=f");
	assert_int_equal(read_text(SPEC("", "\"intelRdt\":{\"closID\":\"../x\"}"), &s), -EINVAL);
	assert_int_equal(read_text(SPEC("", "\"intelRdt\":{\"memBwSchema\":\"MB:0=1\\nL3:\"}"), &s),
			 -EINVAL);
}

static void reads_maps_of_mounts(void **state)
{
	struct oci_spec s;

	(void)state;
	assert_int_equal(
		read_text(SPEC("{\"destination\":\"/d\",\"source\":\"s\",\"options\":[\"bind\"],"
			       "\"uidMappings\":[{\"containerID\":1,\"hostID\":2,\"size\":3}],"
			       "\"gidMappings\":[]}",
			       ""),
			  &s),
		0);
	assert_int_equal(s.mounts[0].idmaps.n_uid, 1);
	assert_int_equal(s.mounts[0].idmaps.n_gid, 0);
	assert_int_equal(s.mounts[0].idmaps.uid[0].container, 1);
	assert_int_equal(s.mounts[0].idmaps.uid[0].host, 2);
	assert_int_equal(s.mounts[0].idmaps.uid[0].size, 3);
	assert_true(read_text(SPEC("{\"destination\":\"/d\",\"uidMappings\":[{\"hostID\":2}]}", ""),
			      &s) < 0);
}

static void writes_what_it_read(void **state)
{
	static const char json[] = SPEC(
		"{\"destination\":\"/d\",\"gidMappings\":[{\"containerID\":1,\"hostID\":2,"
		"\"size\":3}]}",
		"\"timeOffsets\":{\"monotonic\":{\"secs\":1,\"nanosecs\":2}},\"mountLabel\":\"a:b\","
		"\"netDevices\":{\"e\":{\"name\":\"f\"}},\"intelRdt\":{\"closID\":\"c\"}");
	static const char *const parts[] = {
		"\"gidMappings\":[{\"containerID\":1,\"hostID\":2,\"size\":3}]",
		"\"timeOffsets\":{\"monotonic\":{\"secs\":1,\"nanosecs\":2}}",
		"\"netDevices\":{\"e\":{\"name\":\"f\"}}", "\"mountLabel\":\"a:b\"",
		"\"intelRdt\":{\"closID\":\"c\",\"enableMonitoring\":false}"};
	struct oci_spec s;
	struct buf b;

	(void)state;
	assert_int_equal(read_text(json, &s), 0);
	buf_init(&b, text, sizeof(text));
	oci_spec_write(&b, &s);
	assert_true(buf_ok(&b));
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (!memmem(b.p, b.len, parts[i], strlen(parts[i])))
			fail_msg("%s is not in %.*s", parts[i], (int)b.len, b.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_clocks),	       cmocka_unit_test(reads_interfaces),
		cmocka_unit_test(reads_cache_control), cmocka_unit_test(reads_maps_of_mounts),
		cmocka_unit_test(writes_what_it_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
