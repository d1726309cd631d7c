/* SPDX-License-Identifier: Apache-2.0 */
#include "base/build.h"

#include "generated/build_time.h"

const int64_t build_time_s = BUILD_TIME_S;
