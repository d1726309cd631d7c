/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "manifest/manifest.h"

/* Private to manifest/: pieces of ports and mounts, shared by the short and the long forms. */

int short_path(struct span s, struct arena *a, char **ret_path,
	       struct err *e); /* absolute, without "..", "//" */
int short_target(struct span s, struct arena *a, char **ret_path,
		 struct err *e); /* and not / or /proc */
int short_source(struct span s, struct arena *a, struct manifest_mount *m, struct err *e);
int short_ip(struct span s, struct arena *a, char **ret_ip, struct err *e); /* NULL for 0.0.0.0 */
int short_proto(struct span s, enum manifest_port_proto *ret, struct err *e);
int short_mode(struct span s, uint32_t *ret_mode, struct err *e);
