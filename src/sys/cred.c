/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libc's setuid family tells every thread and, for one thread, blocks and unblocks signals around
 * it; these are the plain calls. On 32-bit ARM the 32 suffix is the call with 32-bit ids.
 */
#include "sys/cred.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/ret.h"

#ifdef SYS_setresuid32
#define NR_SETGROUPS SYS_setgroups32
#define NR_SETRESGID SYS_setresgid32
#define NR_SETRESUID SYS_setresuid32
#else
#define NR_SETGROUPS SYS_setgroups
#define NR_SETRESGID SYS_setresgid
#define NR_SETRESUID SYS_setresuid
#endif

int sys_set_groups(const gid_t *groups, size_t n)
{
	return SYS_RET(syscall(NR_SETGROUPS, n, groups));
}

int sys_set_gid(gid_t gid)
{
	return SYS_RET(syscall(NR_SETRESGID, gid, gid, gid));
}

int sys_set_uid(uid_t uid)
{
	return SYS_RET(syscall(NR_SETRESUID, uid, uid, uid));
}

uid_t sys_get_uid(void)
{
	return geteuid();
}

gid_t sys_get_gid(void)
{
	return getegid();
}

int sys_join_keyring(const char *name, uint32_t perm)
{
	int id = SYS_RET(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name));

	if (id < 0 || !perm)
		return id < 0 ? id : 0;
	return SYS_RET(syscall(SYS_keyctl, KEYCTL_SETPERM, id, perm));
}

int sys_get_caps(struct sys_caps *ret)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2];
	int r = SYS_RET(syscall(SYS_capget, &h, d));

	if (r < 0)
		return r;
	ret->effective = d[0].effective | (uint64_t)d[1].effective << 32;
	ret->permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
	ret->inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	return 0;
}

int sys_set_caps(const struct sys_caps *c)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2];

	for (int i = 0; i < 2; i++)
		d[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(c->effective >> (32 * i)),
			.permitted = (uint32_t)(c->permitted >> (32 * i)),
			.inheritable = (uint32_t)(c->inheritable >> (32 * i)),
		};
	return SYS_RET(syscall(SYS_capset, &h, d));
}

static int prctl4(int option, unsigned long a, unsigned long b)
{
	return SYS_RET(syscall(SYS_prctl, option, a, b, 0UL, 0UL));
}

int sys_drop_bounding(unsigned int cap)
{
	return prctl4(PR_CAPBSET_DROP, cap, 0);
}

int sys_ambient_clear(void)
{
	int r = prctl4(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0);

	return r == -EINVAL ? 0 : r; /* Linux < 4.3 has no ambient set to clear */
}

int sys_ambient_raise(unsigned int cap)
{
	return prctl4(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap);
}

int sys_keep_caps(bool on)
{
	return prctl4(PR_SET_KEEPCAPS, on, 0);
}

int sys_set_no_new_privs(void)
{
	return prctl4(PR_SET_NO_NEW_PRIVS, 1, 0);
}

int sys_set_dumpable(bool on)
{
	return prctl4(PR_SET_DUMPABLE, on, 0);
}

int sys_set_rlimit(int resource, uint64_t soft, uint64_t hard)
{
	uint64_t pair[2] = {soft, hard};

	return SYS_RET(syscall(SYS_prlimit64, 0, resource, pair, NULL));
}

int sys_raise_rlimit(pid_t pid, int resource, uint64_t hard)
{
	uint64_t pair[2];
	int r = SYS_RET(syscall(SYS_prlimit64, pid, resource, NULL, pair));

	if (r < 0 || pair[1] >= hard)
		return r;
	pair[1] = hard;
	return SYS_RET(syscall(SYS_prlimit64, pid, resource, pair, NULL));
}

mode_t sys_set_umask(mode_t mask)
{
	return umask(mask);
}

int sys_set_personality(unsigned long persona)
{
	return SYS_RET(syscall(SYS_personality, persona));
}

int sys_seccomp_load(const struct sock_filter *program, size_t n, unsigned int flags)
{
	struct sock_fprog prog = {.len = (unsigned short)n,
				  .filter = (struct sock_filter *)(uintptr_t)program};

	return SYS_RET(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog));
}

bool sys_seccomp_flag(unsigned int flag)
{
	/* flags are looked at before the program is read from nowhere */
	return SYS_RET(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL)) == -EFAULT;
}
