/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Bounds on what a layer may ask for, beside those of Kconfig. */

/* with NUL: PATH_MAX; a longer name cannot be opened by anybody */
#define UNPACK_PATH_CAP	     4096
#define UNPACK_COMPONENT_MAX 255 /* NAME_MAX */
/* components; a walk costs one open each, so depth² over a layer */
#define UNPACK_MAX_DEPTH      128
#define UNPACK_MAX_XATTRS     64	  /* per entry; each costs a system call */
#define UNPACK_MAX_XATTR_SIZE (64 * 1024) /* XATTR_SIZE_MAX of Linux */
