/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>

/*
 * For the .c files of sys/ alone: from libc's convention to -errno. The RETRY forms restart on
 * EINTR; they are for calls that have had no effect when they return it.
 */

#define SYS_RET_LONG(call)                                                                         \
	({                                                                                         \
		long ret_ = (long)(call);                                                          \
		ret_ < 0 ? (long)-errno : ret_;                                                    \
	})

#define SYS_RETRY_LONG(call)                                                                       \
	({                                                                                         \
		long ret_;                                                                         \
		do                                                                                 \
			ret_ = (long)(call);                                                       \
		while (ret_ < 0 && errno == EINTR);                                                \
		ret_ < 0 ? (long)-errno : ret_;                                                    \
	})

#define SYS_RET(call)	((int)SYS_RET_LONG(call))
#define SYS_RETRY(call) ((int)SYS_RETRY_LONG(call))
