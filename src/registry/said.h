/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/str.h"

#define SAID_CAP 160

/**
 * said_parse() - the first error in a registry's answer: "DENIED: requested access to the resource is denied"
 * @pool: scratch
 * @dst:  printable ASCII of one line, cut where it ends; "" if the answer says nothing of this form
 *
 * Spec: OCI distribution-spec v1.1 "Error Codes".
 */
void said_parse(struct span json, void *pool, size_t pool_bytes, char dst[static SAID_CAP]);
