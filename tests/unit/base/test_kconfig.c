#include "test.h"

#include "base/kconfig.h"

#define CONFIG_TEST_SET 1

static void set_symbol_is_enabled(void **state)
{
	(void)state;
	assert_int_equal(IS_ENABLED(CONFIG_TEST_SET), 1);
}

static void unset_symbol_is_not_enabled(void **state)
{
	(void)state;
	assert_int_equal(IS_ENABLED(CONFIG_TEST_UNSET), 0);
}

static void is_a_constant_expression(void **state)
{
	_Static_assert(IS_ENABLED(CONFIG_TEST_SET), "set");
	_Static_assert(!IS_ENABLED(CONFIG_TEST_UNSET), "not set");
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_symbol_is_enabled),
		cmocka_unit_test(unset_symbol_is_not_enabled),
		cmocka_unit_test(is_a_constant_expression),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
