/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct bpf_insn;

/** sys_bpf_load_device() - a BPF_PROG_TYPE_CGROUP_DEVICE program. Return: fd; -errno */
int sys_bpf_load_device(const struct bpf_insn *program, size_t n);

/** sys_bpf_attach_device() - to a v2 cgroup; it stays until the cgroup is removed */
int sys_bpf_attach_device(int program_fd, int cgroup_fd);
