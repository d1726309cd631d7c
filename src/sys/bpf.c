/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/bpf.h"

#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/ret.h"

static int bpf(int cmd, union bpf_attr *attr)
{
	return SYS_RET(syscall(SYS_bpf, cmd, attr, sizeof(*attr)));
}

int sys_bpf_load_device(const struct bpf_insn *program, size_t n)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)program;
	attr.insn_cnt = (uint32_t)n;
	attr.license = (uint64_t)(uintptr_t) "Apache-2.0"; /* no GPL-only helper is called */
	return bpf(BPF_PROG_LOAD, &attr);		   /* the kernel sets close-on-exec */
}

int sys_bpf_attach_device(int program_fd, int cgroup_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	return bpf(BPF_PROG_ATTACH, &attr);
}
