/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/*
 * Protocol of the parse role: one document in, one typed model out, then it exits.
 *
 *   PARSE_REQUEST  u32 kind, str name-for-messages, str content_type; fd: the document (memfd or file; read from the start)
 *   PARSE_RESULT   u8 form: 0 = the encoded model follows in this frame as bytes,
 *                  1 = the encoded model (bytes total u64) is in the memfd that came with the request as second fd
 *   PARSE_ERROR    i64 code, str text ("manifest.yaml:3:5: unknown key ...")
 */
enum parse_frame { PARSE_REQUEST = 0x100, PARSE_RESULT = 0x101, PARSE_ERROR = 0x102 };

enum parse_kind {
	PARSE_MANIFEST,	    /* YAML → struct manifest */
	PARSE_IMAGE_DOC,    /* JSON → struct image_doc */
	PARSE_IMAGE_CONFIG, /* JSON → struct image_config */
	PARSE_USER,	    /* /etc/passwd + /etc/group (request fds 2 and 3; either may be missing) and user text → struct parse_user */
};

#define PARSE_MAX_GROUPS 64

/** struct parse_user - numeric identity of "user[:group]". Spec: OCI image-spec "config.User" */
struct parse_user {
	uint32_t uid, gid;
	uint32_t groups[PARSE_MAX_GROUPS];
	uint32_t n_groups;
	char home[256]; /* "/" if unknown */
};

int parse_role_main(int peer_fd);
