/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/** build_time_s - when the source of this program was committed (or SOURCE_DATE_EPOCH), seconds since 1970: no clock that stands before it is right */
extern const int64_t build_time_s;
