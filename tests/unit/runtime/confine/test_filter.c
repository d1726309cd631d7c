/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default profile, compiled and then asked call by call: the program is run here by a small
 * interpreter of classic BPF. What must be allowed and what must not is Docker's documented list, not
 * the table it was made from.
 */
#include "test.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "fake/seccomp_oracle.h"
#include "oci/defaults.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#else
#define NATIVE AUDIT_ARCH_ARM
#endif

/* 32-bit ARM has other calls in place of these */
#ifndef SYS_mmap
#define SYS_mmap SYS_mmap2
#endif
#ifndef SYS_clock_settime
#define SYS_clock_settime SYS_clock_settime64
#endif
#ifndef SYS_settimeofday
#define SYS_settimeofday SYS_settimeofday_time32
#endif

static _Alignas(16) char memory[256 * 1024];
static struct filter_program program;
static struct arena arena;
static struct err err;

static uint32_t run(const struct filter_program *p, const struct seccomp_data *d)
{
	const char *bad;
	uint32_t verdict = bpf_run(p, d, &bad);

	if (bad)
		fail_msg("%s", bad);
	return verdict;
}

static uint32_t ask(const struct filter_program *p, int nr, uint64_t a0)
{
	struct seccomp_data d = {.nr = nr, .arch = NATIVE, .args = {a0}};

	return run(p, &d);
}

static void compile_default(uint64_t caps)
{
	struct oci_seccomp s;

	arena_init(&arena, memory, sizeof(memory));
	assert_int_equal(oci_seccomp_default(caps, &arena, &s), 0);
	err = (struct err){0};
	assert_int_equal(filter_compile(&s, &program, &err), 0);
}

#define REFUSED(nr, a0) assert_int_equal(ask(&program, nr, a0), SECCOMP_RET_ERRNO | EPERM)
#define ALLOWED(nr, a0) assert_int_equal(ask(&program, nr, a0), SECCOMP_RET_ALLOW)

static void default_profile_is_dockers(void **state)
{
	static const int refused[] = {
		SYS_mount,
		SYS_umount2,
		SYS_pivot_root,
		SYS_unshare,
		SYS_setns,
		SYS_bpf,
		SYS_keyctl,
		SYS_add_key,
		SYS_request_key,
		SYS_userfaultfd,
		SYS_perf_event_open,
		SYS_kexec_load,
		SYS_init_module,
		SYS_finit_module,
		SYS_delete_module,
		SYS_reboot,
		SYS_swapon,
		SYS_swapoff,
		SYS_settimeofday,
		SYS_clock_settime,
		SYS_acct,
		SYS_quotactl,
		SYS_sethostname,
		SYS_syslog,
		SYS_open_by_handle_at,
		SYS_move_pages,
		SYS_mbind,
		SYS_io_uring_setup,
		SYS_io_uring_enter,
		SYS_fsopen,
		SYS_fsmount,
		SYS_move_mount,
		SYS_open_tree,
		SYS_kcmp,
		SYS_vhangup,
		SYS_pidfd_getfd,
	};
	static const int allowed[] = {
		SYS_read,
		SYS_openat,
		SYS_execve,
		SYS_mmap,
		SYS_futex,
		SYS_exit_group,
		SYS_chroot,
		SYS_mknodat,
		SYS_ptrace,
		SYS_seccomp,
		SYS_capset,
		SYS_statx,
		SYS_getrandom,
		SYS_memfd_create,
		SYS_rseq,
		SYS_close_range,
		SYS_openat2,
		SYS_pidfd_open,
		SYS_landlock_create_ruleset,
		SYS_setuid,
		SYS_bind,
	};

	(void)state;
	compile_default(OCI_DEFAULT_CAPS);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (ask(&program, refused[i], 0) != (SECCOMP_RET_ERRNO | EPERM))
			fail_msg("call %d is not refused", refused[i]);
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		if (ask(&program, allowed[i], 0) != SECCOMP_RET_ALLOW)
			fail_msg("call %d is not allowed", allowed[i]);
}

static void arguments_decide(void **state)
{
	(void)state;
	compile_default(OCI_DEFAULT_CAPS);
	ALLOWED(SYS_clone, 0x00010000 | 17); /* a thread, a fork */
	REFUSED(SYS_clone, 0x10000000);	     /* CLONE_NEWUSER */
	REFUSED(SYS_clone, 0x00020000);	     /* CLONE_NEWNS */
	assert_int_equal(ask(&program, SYS_clone3, 0), SECCOMP_RET_ERRNO | ENOSYS);
	for (uint64_t family = 0; family < 64; family++) {
		/* moby 29: everything below 12 and a list; neither AF_ALG (38) nor AF_VSOCK (40) */
		bool want = family < 12 || strchr("\15\16\17\20\21\22\25\26\30\32\33\34\35\36\37\40"
						  "\41\43\44\47\51\52\53\54\55",
						  (int)family);

		if ((ask(&program, SYS_socket, family) == SECCOMP_RET_ALLOW) != want)
			fail_msg("socket family %d", (int)family);
	}
	REFUSED(SYS_socket, 38);
	REFUSED(SYS_socket, 40);
	ALLOWED(SYS_personality, 0);
	ALLOWED(SYS_personality, 0xffffffff);
	REFUSED(SYS_personality, 0x0040000); /* ADDR_NO_RANDOMIZE */
}

static void capabilities_open_calls(void **state)
{
	(void)state;
	compile_default(OCI_DEFAULT_CAPS | 1ULL << 21); /* SYS_ADMIN */
	ALLOWED(SYS_mount, 0);
	ALLOWED(SYS_clone, 0x10000000);
	ALLOWED(SYS_clone3, 0);
	REFUSED(SYS_init_module, 0);
	compile_default(1ULL << 16 | 1ULL << 25); /* SYS_MODULE, SYS_TIME; no SYS_CHROOT */
	ALLOWED(SYS_init_module, 0);
	ALLOWED(SYS_clock_settime, 0);
	REFUSED(SYS_chroot, 0);
}

static void foreign_architecture_is_killed(void **state)
{
	struct seccomp_data d = {.nr = 0, .arch = AUDIT_ARCH_S390X};

	(void)state;
	compile_default(OCI_DEFAULT_CAPS);
	assert_int_equal(run(&program, &d) & SECCOMP_RET_ACTION_FULL, SECCOMP_RET_KILL_THREAD);
}

static void two_conditions_on_one_argument_are_alternatives(void **state)
{
	struct oci_seccomp_arg args[] = {{0, OCI_SECCOMP_OP_EQ, 1, 0},
					 {0, OCI_SECCOMP_OP_EQ, 2, 0}};
	char *names[] = {(char *)"dup", (char *)"nosuchcall", NULL};
	struct oci_seccomp_rule rule = {.names = {names, 2},
					.action = OCI_SECCOMP_ERRNO,
					.errno_ret = {true, 95},
					.args = args,
					.n_args = 2};
	struct oci_seccomp s = {
		.set = true, .default_action = OCI_SECCOMP_ALLOW, .rules = &rule, .n_rules = 1};

	(void)state;
	assert_int_equal(filter_compile(&s, &program, &err), 0);
	assert_int_equal(ask(&program, SYS_dup, 1), SECCOMP_RET_ERRNO | 95);
	assert_int_equal(ask(&program, SYS_dup, 2), SECCOMP_RET_ERRNO | 95);
	assert_int_equal(ask(&program, SYS_dup, 3), SECCOMP_RET_ALLOW);
	s.default_action = OCI_SECCOMP_NOTIFY;
	assert_int_equal(filter_compile(&s, &program, &err), -EINVAL);
}

#define NEWER (SECCOMP_RET_ERRNO | ENOSYS)

static inline uint32_t ask_arch(uint32_t arch, uint32_t nr)
{
	struct seccomp_data d = {.nr = (int)nr, .arch = arch};

	return run(&program, &d);
}

/* A call that the profile could name and does not is refused, one with a higher number does not exist. */
static void what_is_newer_than_the_profile_does_not_exist(void **state)
{
	char *names[] = {(char *)"read", (char *)"statx", (char *)"nosuchcall", NULL};
	char *archs[] = {(char *)"SCMP_ARCH_X86_64",  (char *)"SCMP_ARCH_X86",
			 (char *)"SCMP_ARCH_X32",     (char *)"SCMP_ARCH_ARM",
			 (char *)"SCMP_ARCH_AARCH64", NULL};
	struct oci_seccomp_rule rule = {.names = {names, 3}, .action = OCI_SECCOMP_ALLOW};
	struct oci_seccomp s = {.set = true,
				.default_action = OCI_SECCOMP_ERRNO,
				.archs = {archs, 5},
				.rules = &rule,
				.n_rules = 1};

	(void)state;
	assert_int_equal(filter_compile(&s, &program, &err), 0);
	ALLOWED(SYS_statx, 0);
	REFUSED(SYS_statx - 1, 0);
	assert_int_equal(ask(&program, SYS_statx + 1, 0), NEWER);
	assert_int_equal(ask(&program, 5000, 0), NEWER);
#if defined(__x86_64__)
	assert_int_equal(ask_arch(AUDIT_ARCH_I386, 383), SECCOMP_RET_ALLOW); /* statx there */
	assert_int_equal(ask_arch(AUDIT_ARCH_I386, 382), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(ask_arch(AUDIT_ARCH_I386, 384), NEWER);
	assert_int_equal(ask(&program, 0x40000000 + 332, 0), SECCOMP_RET_ALLOW); /* x32 */
	REFUSED(0x40000000 + 331, 0);
	assert_int_equal(ask(&program, 0x40000000 + 333, 0), NEWER);
	/* without x32 its numbers are of an architecture that is not there */
	s.archs.n = 2;
	assert_int_equal(filter_compile(&s, &program, &err), 0);
	assert_int_equal(ask(&program, 0x40000000 + 332, 0) & SECCOMP_RET_ACTION_FULL,
			 SECCOMP_RET_KILL_THREAD);
	assert_int_equal(ask(&program, 5000, 0), NEWER);
#elif defined(__arm__)
	REFUSED(0x0f0002, 0); /* cacheflush: private to ARM, not new */
#endif
	s.default_action = OCI_SECCOMP_LOG;
	assert_int_equal(filter_compile(&s, &program, &err), 0);
	assert_int_equal(ask(&program, 5000, 0) & SECCOMP_RET_ACTION_FULL, SECCOMP_RET_LOG);
	/* the profile names nothing: nothing is newer */
	s.default_action = OCI_SECCOMP_KILL_PROCESS;
	rule.names.n = 0;
	assert_int_equal(filter_compile(&s, &program, &err), 0);
	assert_int_equal(ask(&program, 5000, 0) & SECCOMP_RET_ACTION_FULL,
			 SECCOMP_RET_KILL_PROCESS);
}

static void flags_and_agents(void **state)
{
	char *names[] = {(char *)"mkdir", (char *)"mkdirat", NULL},
	     *bad[] = {(char *)"write", NULL};
	char *flags[] = {(char *)"SECCOMP_FILTER_FLAG_LOG",
			 (char *)"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL};
	struct oci_seccomp_rule rule = {.names = {names, 2}, .action = OCI_SECCOMP_LOG};
	struct oci_seccomp s = {.set = true,
				.default_action = OCI_SECCOMP_ALLOW,
				.flags = {flags, 2},
				.rules = &rule,
				.n_rules = 1};

	(void)state;
	assert_int_equal(filter_compile(&s, &program, &err), 0);
	assert_int_equal(program.flags, SECCOMP_FILTER_FLAG_LOG);
	rule.action = OCI_SECCOMP_NOTIFY;
	assert_int_equal(filter_compile(&s, &program, &err), 0);
	assert_int_equal(program.flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_NEW_LISTENER |
						SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	assert_int_equal(ask(&program, SYS_mkdirat, 0) & SECCOMP_RET_ACTION_FULL,
			 SECCOMP_RET_USER_NOTIF);
	rule.names = (struct oci_strs){bad, 1};
	assert_int_equal(filter_compile(&s, &program, &err), -EINVAL);
	flags[0] = (char *)"SECCOMP_FILTER_FLAG_MOON";
	assert_int_equal(filter_compile(&s, &program, &err), -EOPNOTSUPP);
	for (size_t i = 0; filter_arch_name(i); i++)
		assert_non_null(strstr(filter_arch_name(i), "SCMP_ARCH_"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_profile_is_dockers),
		cmocka_unit_test(arguments_decide),
		cmocka_unit_test(capabilities_open_calls),
		cmocka_unit_test(foreign_architecture_is_killed),
		cmocka_unit_test(two_conditions_on_one_argument_are_alternatives),
		cmocka_unit_test(what_is_newer_than_the_profile_does_not_exist),
		cmocka_unit_test(flags_and_agents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
