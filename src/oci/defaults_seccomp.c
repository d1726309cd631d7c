/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's default seccomp profile, by effect: github.com/moby/profiles seccomp/default.json of 2026,
 * with the conditions (architecture, capabilities) already decided. Names are one text per rule, so
 * that the position-independent binary carries no relocation for each of 400 strings. Names that an
 * architecture lacks are skipped when the filter is compiled.
 *
 * Deliberate difference: AF_ALG (38) and AF_VSOCK (40) stay out of the socket rule as in moby 29.4.2
 * (kernel CVE-2026-31431), written as allowed values and not as two NE arguments, which would be an
 * AND (moby#52494). socketcall of 32-bit x86 programs hides the family from a filter (moby#52547), so
 * it is refused; they have had the direct calls since Linux 4.3.
 */
#include "oci/defaults.h"

#include <errno.h>
#include <string.h>

static const char always[] =
	"accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown "
	"chown32 clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
	"clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect "
	"copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old "
	"epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit "
	"exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir "
	"fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr "
	"flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 "
	"fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv "
	"futex_wake futimesat getcpu getcwd getdents getdents64 getegid getegid32 geteuid "
	"geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp "
	"getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 "
	"getrlimit get_robust_list getrusage getsid getsockname getsockopt get_thread_area gettid "
	"gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init "
	"inotify_init1 inotify_rm_watch io_cancel ioctl io_destroy io_getevents io_pgetevents "
	"io_pgetevents_time64 ioprio_get ioprio_set io_setup io_submit ipc kill landlock_add_rule "
	"landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link linkat "
	"listen listmount listxattr listxattrat llistxattr _llseek lremovexattr lseek lsetxattr "
	"lstat lstat64 madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir "
	"mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect mq_getsetattr mq_notify "
	"mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink "
	"mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap "
	"name_to_handle_at nanosleep newfstatat _newselect open openat openat2 pause pidfd_open "
	"pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 "
	"prctl pread64 preadv preadv2 prlimit64 process_mrelease pselect6 pselect6_time64 pwrite64 "
	"pwritev pwritev2 read readahead readlink readlinkat readv recv recvfrom recvmmsg "
	"recvmmsg_time64 recvmsg remap_file_pages removexattr removexattrat rename renameat "
	"renameat2 restart_syscall riscv_hwprobe rmdir rseq rt_sigaction rt_sigpending "
	"rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait "
	"rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_getaffinity sched_getattr sched_getparam "
	"sched_get_priority_max sched_get_priority_min sched_getscheduler sched_rr_get_interval "
	"sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
	"sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop "
	"semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto setfsgid setfsgid32 "
	"setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority "
	"setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 "
	"setrlimit set_robust_list setsid setsockopt set_thread_area set_tid_address setuid "
	"setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd "
	"signalfd4 sigprocmask sigreturn socketpair splice stat stat64 statfs statfs64 "
	"statmount statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time "
	"timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime "
	"timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime "
	"timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat "
	"uretprobe utime utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid "
	/* the last three: safe since 4.8 */
	"write writev process_vm_readv process_vm_writev ptrace";

#if defined(__x86_64__)
static const char machine[] = "arch_prctl modify_ldt";
static const char *const archs[] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
#elif defined(__aarch64__)
static const char machine[] = "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint "
			      "cacheflush set_tls";
static const char *const archs[] = {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
#elif defined(__arm__)
static const char machine[] = "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint "
			      "cacheflush set_tls";
static const char *const archs[] = {"SCMP_ARCH_ARM"};
#elif defined(__riscv)
static const char machine[] = "riscv_flush_icache";
static const char *const archs[] = {"SCMP_ARCH_RISCV64"};
#else
#error "say which architectures the default seccomp profile covers here"
#endif

/* linux/capability.h numbers: this folder makes no system calls and needs no kernel header */
enum {
	DAC_READ_SEARCH = 2,
	SYS_MODULE = 16,
	SYS_RAWIO = 17,
	SYS_CHROOT = 18,
	SYS_PTRACE = 19,
	SYS_PACCT = 20,
	SYS_ADMIN = 21,
	SYS_BOOT = 22,
	SYS_NICE = 23,
	SYS_TIME = 25,
	SYS_TTY_CONFIG = 26,
	SYSLOG = 34,
	PERFMON = 38,
	BPF = 39
};

static const struct {
	int cap;
	const char *names;
} with_cap[] = {
	{DAC_READ_SEARCH, "open_by_handle_at"},
	{SYS_ADMIN, "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie "
		    "lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr "
		    "move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname "
		    "sethostname setns syslog umount umount2 unshare"},
	{SYS_BOOT, "reboot"},
	{SYS_CHROOT, "chroot"},
	{SYS_MODULE, "delete_module init_module finit_module"},
	{SYS_PACCT, "acct"},
	{SYS_PTRACE, "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"},
	{SYS_RAWIO, "iopl ioperm"},
	{SYS_TIME, "settimeofday stime clock_settime clock_settime64"},
	{SYS_TTY_CONFIG, "vhangup"},
	{SYS_NICE, "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"},
	{SYSLOG, "syslog"},
	{BPF, "bpf"},
	{PERFMON, "perf_event_open"},
};

/* address families: all below 12, these, nothing else; no AF_ALG 38, no AF_VSOCK 40 */
static const uint8_t families[] = {13, 14, 15, 16, 17, 18, 21, 22, 24, 26, 27, 28, 29,
				   30, 31, 32, 33, 35, 36, 39, 41, 42, 43, 44, 45};
static const uint32_t personalities[] = {0, 8, 0x20000, 0x20008, 0xffffffff};

#define NAMESPACE_FLAGS 0x7e020000 /* CLONE_NEW* but time: what clone may not ask for */
#define MAX_RULES	(5 + ARRAY_LEN(with_cap) + ARRAY_LEN(families) + ARRAY_LEN(personalities))

static int split(struct arena *a, const char *text, struct oci_strs *ret)
{
	size_t n = 1, len = strlen(text);
	char *copy, *p;

	for (size_t i = 0; i < len; i++)
		n += text[i] == ' ';
	copy = p = arena_strndup(a, text, len);
	ret->v = arena_array(a, n + 1, sizeof(*ret->v));
	if (!copy || !ret->v)
		return -ENOMEM;
	ret->n = n;
	for (size_t i = 0; i < n; i++) {
		ret->v[i] = p;
		p += strcspn(p, " ");
		*p++ = '\0';
	}
	return 0;
}

static int rule(struct arena *a, struct oci_seccomp *s, const char *names)
{
	struct oci_seccomp_rule *r = &s->rules[s->n_rules++];

	r->action = OCI_SECCOMP_ALLOW;
	return split(a, names, &r->names);
}

static int rule_arg(struct arena *a, struct oci_seccomp *s, const char *name,
		    struct oci_seccomp_arg arg)
{
	int r = rule(a, s, name);
	struct oci_seccomp_rule *new = &s->rules[s->n_rules - 1];

	new->args = arena_array(a, 1, sizeof(*new->args));
	if (r || !new->args)
		return -ENOMEM;
	new->args[0] = arg;
	new->n_args = 1;
	return 0;
}

static int clone_rules(struct arena *a, struct oci_seccomp *s)
{
	int r = rule_arg(
		a, s, "clone",
		(struct oci_seccomp_arg){.op = OCI_SECCOMP_OP_MASKED_EQ, .value = NAMESPACE_FLAGS});

	if (r)
		return r;
	/* libc falls back to clone, whose flags a filter can see */
	r = rule(a, s, "clone3");
	s->rules[s->n_rules - 1].action = OCI_SECCOMP_ERRNO;
	s->rules[s->n_rules - 1].errno_ret = (struct oci_num){true, ENOSYS};
	return r;
}

int oci_seccomp_default(uint64_t caps, struct arena *a, struct oci_seccomp *ret_seccomp)
{
	struct oci_seccomp s = {
		.set = true, .default_action = OCI_SECCOMP_ERRNO, .default_errno = {true, EPERM}};
	int r;

	s.rules = arena_array(a, MAX_RULES, sizeof(*s.rules));
	s.archs.v = arena_array(a, ARRAY_LEN(archs) + 1, sizeof(*s.archs.v));
	if (!s.rules || !s.archs.v)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(archs); i++)
		s.archs.v[i] = (char *)(uintptr_t)archs[i];
	s.archs.n = ARRAY_LEN(archs);
	r = rule(a, &s, always);
	if (!r)
		r = rule(a, &s, machine);
	if (!r)
		r = rule_arg(a, &s, "socket",
			     (struct oci_seccomp_arg){.op = OCI_SECCOMP_OP_LT, .value = 12});
	for (size_t i = 0; i < ARRAY_LEN(families) && !r; i++)
		r = rule_arg(
			a, &s, "socket",
			(struct oci_seccomp_arg){.op = OCI_SECCOMP_OP_EQ, .value = families[i]});
	for (size_t i = 0; i < ARRAY_LEN(personalities) && !r; i++)
		r = rule_arg(a, &s, "personality",
			     (struct oci_seccomp_arg){.op = OCI_SECCOMP_OP_EQ,
						      .value = personalities[i]});
	for (size_t i = 0; i < ARRAY_LEN(with_cap) && !r; i++)
		if (caps >> with_cap[i].cap & 1)
			r = rule(a, &s, with_cap[i].names);
	if (!r && !(caps >> SYS_ADMIN & 1))
		r = clone_rules(a, &s);
	if (!r)
		*ret_seccomp = s;
	return r;
}
