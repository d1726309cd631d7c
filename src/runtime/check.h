/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/spec.h"

/**
 * check_spec() - what must hold together before anything is made
 *
 * Return: 0; -EINVAL; -EOPNOTSUPP what cleat does not do, by name.
 */
int check_spec(const struct oci_spec *s, struct err *e);

/**
 * sysctl_swap() - between the two ways to write a sysctl's name, if it is the one with @first as separator
 *
 * "net.ipv4.conf.eth0/1.mtu" and "net/ipv4/conf/eth0.1/mtu" are the same. Spec: sysctl(8).
 */
void sysctl_swap(char *name, char first);
