/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/spec.h"

/**
 * check_spec() - what must hold together before anything is made
 *
 * Return: 0; -EINVAL; -EOPNOTSUPP what cleat does not do, by name.
 */
int check_spec(const struct oci_spec *s, struct err *e);
