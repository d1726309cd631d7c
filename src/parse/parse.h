/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/codec.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Protocol of the parse role: one document in, one typed model out, then it exits.
 *
 *   PARSE_REQUEST  u32 kind, str name for messages, str argument, u32 files (enum parse_file: which
 *                  descriptors come, in this order); the document is a regular file or memfd, read
 *                  from its start
 *   PARSE_RESULT   u8 form: PARSE_INLINE = the encoded model follows as bytes,
 *                  PARSE_IN_FILE = it is in PARSE_FILE_OUT, its length follows as u64
 *   PARSE_ERROR    i64 code, str text ("manifest.yaml:3:5: unknown key ...")
 */
enum parse_frame { PARSE_REQUEST = 0x100, PARSE_RESULT = 0x101, PARSE_ERROR = 0x102 };
enum parse_form { PARSE_INLINE, PARSE_IN_FILE };

enum parse_kind {
	PARSE_MANIFEST,	     /* YAML → struct manifest */
	PARSE_IMAGE_DOC,     /* JSON, argument = Content-Type or NULL → struct image_doc */
	PARSE_IMAGE_ARCHIVE, /* manifest.json of a docker-archive, argument = name or NULL → struct
				image_doc, image_parse_archive() */
	PARSE_IMAGE_CONFIG,  /* JSON → struct image_config */
	PARSE_IMAGE_HISTORY, /* the same JSON → struct image_history */
	PARSE_SETTINGS,	     /* registries.yaml, argument = registry → struct remote_settings */
	PARSE_LOGIN,	     /* auth.json, argument = registry/repository → struct remote_login */
	PARSE_ANSWER,	     /* what a credential helper printed → struct remote_login */
	PARSE_POLICY,	     /* policy.yaml → struct verify_policy */
	PARSE_SIGNATURES,    /* JSON → struct verify_list */
	PARSE_BUNDLE,	     /* JSON → struct verify_envelope */
	PARSE_SIGNED,	     /* what is signed, argument = of verify_signed() → digest */
	PARSE_LOGIN_EDIT, /* auth.json, argument = "registry" or "registry base64" → bool, bytes */
	PARSE_USER, /* passwd and group (either may be missing), argument = user text → struct
		       parse_user */
};

enum parse_file {
	PARSE_FILE_DOCUMENT = 1, /* all but PARSE_USER */
	PARSE_FILE_OUT = 2,	 /* where a model goes that is too large for a frame */
	PARSE_FILE_PASSWD = 4,
	PARSE_FILE_GROUP = 8,
};

#define PARSE_MAX_GROUPS 64
#define PARSE_MAX_ID	 2147483647u /* INT_MAX: containerd CVE-2024-40635 */

/** struct parse_user - numeric identity of "user[:group]". Spec: OCI image-spec "config.User" */
struct parse_user {
	uint32_t uid, gid;
	uint32_t groups[PARSE_MAX_GROUPS]; /* supplementary; the first is gid (moby CVE-2022-36109)
					    */
	uint32_t n_groups;
	char home[256]; /* "/" if unknown */
};

/**
 * parse_user_find() - what "user[:group]" means in an image
 * @text: "", "1000", "web", "web:www", "1000:1000"; "" is root
 * @passwd, @group: contents of the image's files; empty if it has none
 *
 * Digits are always a number, never a name (moby CVE-2016-3697); anything between number and name
 * is refused. Supplementary groups come from @group unless the text names a group, as in Docker.
 *
 * Return: 0; -EINVAL @text or the entry it leads to is malformed; -ENOENT no such user or group;
 * -ERANGE; -EFBIG more than PARSE_MAX_GROUPS groups.
 */
int parse_user_find(const char *text, struct span passwd, struct span group,
		    struct parse_user *ret_user, struct err *e);

void parse_user_encode(struct enc *e, const struct parse_user *u);
void parse_user_decode(struct dec *d, struct parse_user *ret_user); /* then dec_done() */

int parse_role_main(int peer_fd);
