/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

/**
 * runtime_features() - what config.json may ask for, as JSON
 * @checkpoint: is there a program for the verbs checkpoint and restore?
 *
 * Spec: OCI runtime-spec v1.2 "Features"; calls and features that this kernel lacks are the annotations
 * cleat.kernel.calls-missing and cleat.kernel.lost.
 */
void runtime_features(struct buf *b, bool checkpoint);
