/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "oci/spec.h"

/** ns_flags[] - CLONE_NEW* of each kind */
extern const int ns_flags[OCI_NS_COUNT];

/** ns_fds_init(), ns_fds_close() - an array of OCI_NS_COUNT descriptors, -1 = none */
void ns_fds_init(int *fds);
void ns_fds_close(int *fds);

/** ns_open() - the namespace at @path. Return: fd; -EINVAL it is none, or of another kind; -errno */
int ns_open(const char *path, enum oci_ns_kind kind, struct err *e);

/** ns_open_of() - the namespace of a process. Return: fd; -errno */
int ns_open_of(pid_t pid, enum oci_ns_kind kind, struct err *e);

/** ns_is_ours() - is @fd the namespace that we are in? false also if that cannot be told */
bool ns_is_ours(int fd, enum oci_ns_kind kind);

/**
 * ns_join() - enter them all and close them, the pid namespace only @with_pid (it is for children)
 *
 * First what our own rights allow, then the user namespace, whose root we become, then the rest: a
 * network namespace may belong to the host or to the user namespace that is joined with it.
 */
int ns_join(int *fds, bool with_pid, bool keep_groups, struct err *e);

/** ns_become_root() - of the user namespace that we are in: its ids must be mapped */
int ns_become_root(bool keep_groups, struct err *e);

/** ns_loopback_up() - of the network namespace that we are in */
int ns_loopback_up(struct err *e);

/** ns_make_net() - a new network namespace, its loopback up; we are in it for the length of this call. Return: fd; -errno */
int ns_make_net(struct err *e);

/** ns_clone_flags() - CLONE_NEW* of what is new, but cgroup and time: those are entered later, or before */
uint64_t ns_clone_flags(const struct oci_spec *s);
