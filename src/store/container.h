/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/store.h"

#define CONTAINER_N_DIRS 3

/* "upper", "work", "log"; inside store/ only */
extern const char *const container_dirs[CONTAINER_N_DIRS];
