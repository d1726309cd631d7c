/* The compiled filter is interpreted here for every call number, so what it allows is known exactly. */
#include "test.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "base/str.h"
#include "sys/seccomp.h"

#if defined(__x86_64__)
#define OUR_ARCH   AUDIT_ARCH_X86_64
#define OTHER_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define OUR_ARCH   AUDIT_ARCH_AARCH64
#define OTHER_ARCH AUDIT_ARCH_ARM
#elif defined(__arm__)
#define OUR_ARCH   AUDIT_ARCH_ARM
#define OTHER_ARCH AUDIT_ARCH_AARCH64
#else
#define OUR_ARCH   AUDIT_ARCH_RISCV64
#define OTHER_ARCH AUDIT_ARCH_RISCV32
#endif

static struct sock_filter p[SYS_SECCOMP_MAX_PROGRAM];

static uint32_t verdict(int len, struct seccomp_data d)
{
	uint32_t a = 0;

	for (int pc = 0; pc < len; pc++) {
		const struct sock_filter *i = &p[pc];
		int taken;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(i->k % 4 == 0 && i->k < sizeof(d));
			memcpy(&a, (const char *)&d + i->k, 4);
			continue;
		case BPF_RET | BPF_K:
			return i->k;
		case BPF_JMP | BPF_JA:
			pc += (int)i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			taken = a == i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			taken = a >= i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			taken = a > i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			taken = (a & i->k) != 0;
			break;
		default:
			fail_msg("unexpected instruction %#x at %d", i->code, pc);
			return 0;
		}
		pc += taken ? i->jt : i->jf;
	}
	fail_msg("ran off the end");
	return 0;
}

static bool allowed(int len, int nr, uint64_t arg0, uint64_t arg2)
{
	struct seccomp_data d = {.nr = nr, .arch = OUR_ARCH, .args = {arg0, 0, arg2}};

	return verdict(len, d) == SECCOMP_RET_ALLOW;
}

static bool listed(const int *calls, int nr)
{
	for (; *calls != SYS_CALL_END; calls++)
		if (*calls == nr)
			return true;
	return false;
}

static void allows_the_list_and_nothing_else(void **state)
{
	static const int lists[][12] = {
		{SYS_CALL_END},
		{0, SYS_CALL_END},
		{5, 3, 4, 3, SYS_CALL_ABSENT, 9, SYS_CALL_END},
		{400, 1, 399, 2, 200, 0x3fffffff, 0, 201, 7, SYS_CALL_END},
	};

	(void)state;
	for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
		int len = sys_seccomp_compile(p, ARRAY_LEN(p), lists[l], NULL, 0);

		assert_true(len > 0);
		for (int nr = 0; nr < 1024; nr++)
			assert_int_equal(allowed(len, nr, 0, 0), listed(lists[l], nr));
		assert_int_equal(allowed(len, 0x3fffffff, 0, 0), listed(lists[l], 0x3fffffff));
		assert_false(allowed(len, -1, 0, 0));
		assert_false(allowed(len, -2, 0, 0));
	}
}

static void sparse_list_of_full_length(void **state)
{
	int calls[SYS_SECCOMP_MAX_CALLS + 2];
	int len;

	(void)state;
	for (int i = 0; i < SYS_SECCOMP_MAX_CALLS + 1; i++)
		calls[i] = 3 * i;
	calls[SYS_SECCOMP_MAX_CALLS] = SYS_CALL_END;
	len = sys_seccomp_compile(p, ARRAY_LEN(p), calls, NULL, 0);
	assert_true(len > 0);
	for (int nr = 0; nr < 3 * SYS_SECCOMP_MAX_CALLS + 10; nr++)
		assert_int_equal(allowed(len, nr, 0, 0), listed(calls, nr));
	calls[SYS_SECCOMP_MAX_CALLS] = 7777;
	calls[SYS_SECCOMP_MAX_CALLS + 1] = SYS_CALL_END;
	assert_int_equal(sys_seccomp_compile(p, ARRAY_LEN(p), calls, NULL, 0), -E2BIG);
	assert_int_equal(sys_seccomp_compile(p, 20, calls + 2, NULL, 0), -E2BIG);
}

static void other_architectures_are_denied(void **state)
{
	const int calls[] = {0, 1, 2, 3, SYS_CALL_END};
	int len = sys_seccomp_compile(p, ARRAY_LEN(p), calls, NULL, 0);
	struct seccomp_data d = {.nr = 1, .arch = OTHER_ARCH};

	(void)state;
	assert_int_not_equal(verdict(len, d), SECCOMP_RET_ALLOW);
	assert_true(allowed(len, 1, 0, 0));
#if defined(__x86_64__)
	assert_false(allowed(len, 1 | 0x40000000, 0, 0)); /* x32 */
#endif
}

static void conditions_on_arguments(void **state)
{
	const int calls[] = {9, 10, 11, 41, 42, SYS_CALL_END};
	const struct sys_seccomp_arg args[] = {
		{.nr = 10, .arg = 2, .without = 4},
		{.nr = 41, .arg = 0, .one_of = {2, 10}},
		{.nr = SYS_CALL_ABSENT, .arg = 2, .without = 4},
	};
	const struct sys_seccomp_arg stray = {.nr = 99, .arg = 0, .without = 1};
	int len = sys_seccomp_compile(p, ARRAY_LEN(p), calls, args, ARRAY_LEN(args));

	(void)state;
	assert_true(len > 0);
	assert_true(allowed(len, 9, 0, 7) && allowed(len, 11, 0, 7) && allowed(len, 42, 1, 7));
	assert_true(allowed(len, 10, 0, 3));
	assert_false(allowed(len, 10, 0, 4));
	assert_false(allowed(len, 10, 0, 7));
	assert_true(allowed(len, 41, 2, 0) && allowed(len, 41, 10, 0));
	assert_false(allowed(len, 41, 1, 0) || allowed(len, 41, 38, 0) || allowed(len, 41, 0, 0));
	/* the kernel looks at the low 32 bits of an int, so must we */
	assert_false(allowed(len, 41, UINT64_C(0x200000026), 0));
	assert_true(allowed(len, 41, UINT64_C(0xffffffff00000002), 0));
	assert_int_equal(sys_seccomp_compile(p, ARRAY_LEN(p), calls, &stray, 1), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allows_the_list_and_nothing_else),
		cmocka_unit_test(sparse_list_of_full_length),
		cmocka_unit_test(other_architectures_are_denied),
		cmocka_unit_test(conditions_on_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
