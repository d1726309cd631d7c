/* SPDX-License-Identifier: Apache-2.0 */
#include "doc/pool.h"

_Alignas(16) unsigned char doc_pool[DOC_POOL_BYTES];
