#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/kconfig.h"

/* one more than the objects hold, and not known to the compiler, which would refuse it */
static volatile size_t nine = 9;
static const char *volatile digits = "12345678";

static void overflow_memset(void)
{
	char buf[8];

	memset(buf, 0, nine);
	__asm__ volatile("" : : "r"(buf) : "memory");
}

static void overflow_snprintf(void)
{
	char buf[8];

	snprintf(buf, nine, "%s", digits);
	__asm__ volatile("" : : "r"(buf) : "memory");
}

static void overflow_read(void)
{
	char buf[8];
	int fds[2];

	if (pipe(fds) == 0 && write(fds[1], "123456789", 9) == 9)
		(void)!read(fds[0], buf, nine);
	__asm__ volatile("" : : "r"(buf) : "memory");
}

static void assert_dies(void (*f)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGILL, SIG_DFL); /* cmocka's handler would go on with the next test */
		signal(SIGTRAP, SIG_DFL);
		(void)!freopen("/dev/null", "w", stderr); /* a sanitizer's report */
		f();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_not_equal(status, 0);
}

static void overflows_end_the_process(void **state)
{
	(void)state;
	if (!IS_ENABLED(CONFIG_FORTIFY))
		skip();
	assert_dies(overflow_memset);
	assert_dies(overflow_snprintf);
	assert_dies(overflow_read);
}

static void exact_sizes_pass(void **state)
{
	char buf[8];

	(void)state;
	memset(buf, 'x', nine - 1);
	assert_int_equal(snprintf(buf, nine - 1, "%s", digits), 8);
	assert_string_equal(buf, "1234567");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overflows_end_the_process),
		cmocka_unit_test(exact_sizes_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
