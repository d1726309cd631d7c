/* SPDX-License-Identifier: Apache-2.0 */
/* The pack role: one layer, one archive, one answer. */
#include <stdlib.h>

#include "msg/msg.h"
#include "role/role.h"
#include "unpack/split.h"
#include "unpack/unpack.h"

int pack_role_main(int peer_fd)
{
	uint8_t frame[512];
	struct digest digest;
	struct err e = {0};
	struct msg_out o;
	uint64_t bytes;
	int r = split_join(ROLE_FD_ARG, ROLE_FD_ARG + 1, ROLE_FD_ARG + 2, &digest, &bytes, &e);

	msg_begin(&o, frame, sizeof(frame), r < 0 ? PACK_ERROR : PACK_DONE);
	if (r < 0) {
		enc_i64(&o.enc, r);
		enc_str(&o.enc, e.msg);
	} else {
		enc_digest(&o.enc, &digest);
		enc_u64(&o.enc, bytes);
	}
	return msg_send(peer_fd, &o) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
