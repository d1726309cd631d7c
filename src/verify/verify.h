/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/arena.h"
#include "base/codec.h"
#include "base/err.h"
#include "doc/yaml.h"
#include "wire/reference.h"

/*
 * Which images must be signed, and what cosign's signatures say. Everything that reads text runs in the
 * parse role; the engine fetches, compares digests and decides (engine/policy.h, engine/pull_verify.c).
 * Spec: cosign "SIGNATURE_SPEC.md", "BUNDLE_SPEC.md"; sigstore bundle v0.3; DSSE v1.
 */

#define VERIFY_MAX_RULES     64
#define VERIFY_PATH_CAP	     256
#define VERIFY_SIGNATURE_CAP 512	 /* base64; one of P-521 has 188 characters */
#define VERIFY_KEY_CAP	     1024	 /* a PEM file; one of P-521 has 268 bytes */
#define VERIFY_PAYLOAD_MAX   (64 * 1024) /* cosign's have 250 bytes, bundles some KiB */

/* zero refuses */
enum verify_action { VERIFY_REJECT, VERIFY_ACCEPT, VERIFY_REQUIRE };

struct verify_rule {
	char *prefix; /* host[:port][/path], up to a '/' or the end of a name; "" = every image */
	char *key;    /* VERIFY_REQUIRE: absolute path of a public key; else NULL */
	enum verify_action action;
};

struct verify_policy {
	struct verify_rule *rules;
	size_t n;
};

/**
 * verify_load() - the list "verify:" of policy.yaml or of a manifest; for the parse role and tests only
 *
 * Return: 0; -EINVAL and -EFBIG, with file:line:column.
 */
int verify_load(const struct yaml_node *n, const char *file, struct arena *a,
		struct verify_policy *ret, struct err *e);

/** verify_parse_policy() - policy.yaml: {verify: [...]}, and nothing else. Return: 0; as verify_load() */
int verify_parse_policy(struct span text, const char *file, struct arena *a,
			struct verify_policy *ret, struct err *e);

/** verify_match() - the rule with the longest prefix of an image's name; NULL: nothing is said about it */
const struct verify_rule *verify_match(const struct verify_policy *p, const struct reference *ref);

void verify_policy_encode(struct enc *e, const struct verify_policy *p);
void verify_policy_decode(struct dec *d, struct verify_policy *ret); /* then dec_done() */

/* what is to be fetched next on the way to a signature */
enum verify_kind {
	VERIFY_PAYLOAD,	 /* a blob: simple signing; its signature is known already */
	VERIFY_BUNDLE,	 /* a blob: sigstore bundle */
	VERIFY_MANIFEST, /* of an artifact that holds a bundle */
};

struct verify_entry {
	enum verify_kind kind;
	struct digest digest;
	uint64_t size;
	char *signature; /* VERIFY_PAYLOAD: base64, below VERIFY_SIGNATURE_CAP; else NULL */
};

struct verify_list {
	struct verify_entry *entries; /* what is likely good comes last */
	size_t n, n_all;	      /* n_all: with those beyond CONFIG_VERIFY_SIGNATURES */
};

/**
 * verify_parse_list() - manifest of a ".sig" tag, list of referrers, or manifest of a bundle
 *
 * Entries of other kinds are passed over. Return: 0; -EBADMSG; -EFBIG.
 */
int verify_parse_list(struct span json, struct arena *a, struct verify_list *ret, struct err *e);
void verify_list_encode(struct enc *e, const struct verify_list *l);
void verify_list_decode(struct dec *d, struct verify_list *ret); /* then dec_done() */

/** struct verify_envelope - of a DSSE envelope with one signature */
struct verify_envelope {
	struct span payload;
	char *signature;
};

/** verify_parse_bundle() - Return: 0; -EBADMSG; -ENOTSUP a bundle that signs something else than a statement */
int verify_parse_bundle(struct span json, struct arena *a, struct verify_envelope *ret,
			struct err *e);
void verify_envelope_encode(struct enc *e, const struct verify_envelope *v);
void verify_envelope_decode(struct dec *d, struct verify_envelope *ret); /* then dec_done() */

/** verify_claim() - of which image a payload of simple signing, or a statement (@dsse), speaks. Return: 0; -EBADMSG */
int verify_claim(bool dsse, struct span payload, struct digest *ret_digest, struct arena *a,
		 struct err *e);

#define VERIFY_FORM_SIMPLE "simple"
#define VERIFY_FORM_DSSE   "dsse"

/**
 * verify_signed() - check a signature, then read what it has signed
 * @argument: "<form> <base64 signature>\n<PEM public key>"
 * @payload:  exactly the signed bytes; nothing of them is looked at before the signature is known to be good
 * @ret_digest: of the image that they speak of
 *
 * Return: 0; -EKEYREJECTED the signature is not good; -EBADMSG it is, but signs something else than an image;
 * -EINVAL the key is none that can be used.
 */
int verify_signed(const char *argument, struct span payload, struct digest *ret_digest,
		  struct arena *a, struct err *e);
