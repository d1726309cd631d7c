/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "oci/defaults.h"

static void counts_processors_that_tell(void **state)
{
	(void)state;
	assert_int_equal(system("rm -rf cpus && mkdir -p cpus/cpu0/thermal_throttle "
				"cpus/cpu1/thermal_throttle cpus/cpu2 cpus/cpu3/thermal_throttle"),
			 0);
	assert_int_equal(oci_throttled_cpus("cpus"), 2);
	assert_int_equal(system("mkdir cpus/cpu2/thermal_throttle"), 0);
	assert_int_equal(oci_throttled_cpus("cpus"), 4);
	assert_int_equal(oci_throttled_cpus("none"), 0);
}

static void masks_them_after_the_list(void **state)
{
	static _Alignas(16) char memory[64 * 1024];
	static const char *const args[] = {"x"};
	const struct oci_inputs in = {.rootfs = "r", .args = args, .n_args = 1};
	size_t cpus = oci_throttled_cpus("/sys/devices/system/cpu"), n;
	struct err e = {0};
	struct oci_spec s;
	struct arena a;

	(void)state;
	arena_init(&a, memory, sizeof(memory));
	assert_int_equal(oci_spec_default(&in, &a, &s, &e), 0);
	n = s.masked_paths.n;
	assert_true(n > cpus && !s.masked_paths.v[n]);
	assert_string_equal(s.masked_paths.v[n - cpus - 1], "/sys/devices/virtual/powercap");
	for (size_t i = n - cpus; i < n; i++)
		assert_non_null(strstr(s.masked_paths.v[i], "/thermal_throttle"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_processors_that_tell),
		cmocka_unit_test(masks_them_after_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
