/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One signature. The order is the security: key and signature first, and only what has been signed is
 * given to a parser of JSON. What the parser then says, the holder of the key has said.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "doc/json.h"
#include "doc/pool.h"
#include "tls/ecdsa.h"
#include "verify/verify.h"

#define TYPE_DSSE	 "application/vnd.in-toto+json"
#define TYPE_SIMPLE	 "cosign container image signature"
#define TYPE_STATEMENT	 "https://in-toto.io/Statement/"
#define TYPE_PREDICATE	 "https://sigstore.dev/cosign/sign/v1"
#define BEGIN		 "-----BEGIN "
#define BEGIN_PUBLIC_KEY BEGIN "PUBLIC KEY-----"
#define END_PUBLIC_KEY	 "-----END PUBLIC KEY-----"

/* Spec: RFC 7468, 13; text around the one block is passed over */
static int read_key(struct span pem, struct ecdsa_key *ret_key, struct err *e)
{
	uint8_t der[ECDSA_DER_MAX];
	struct base64 b = {.dst = der, .cap = sizeof(der)};
	bool inside = false, found;
	unsigned int blocks = 0;

	while (pem.len) {
		struct span line = span_cut(pem, '\n', &pem, &found);

		while (line.len && (line.p[line.len - 1] == '\r' || line.p[line.len - 1] == ' '))
			line.len--;
		if (span_eq(line, BEGIN_PUBLIC_KEY))
			inside = true;
		else if (span_eq(line, END_PUBLIC_KEY))
			blocks += inside, inside = false;
		else if (line.len > 10 && memcmp(line.p, BEGIN, sizeof(BEGIN) - 1) == 0)
			return err_text(e, -EINVAL, "\"%.*s\" is no public key",
					line.len > 60 ? 60 : (int)line.len, line.p);
		else if (inside)
			base64_decode(&b, line);
	}
	if (blocks != 1 || inside || b.bad)
		return err_text(e, -EINVAL, "expected one \"" BEGIN_PUBLIC_KEY "\"");
	return ecdsa_key(ret_key, der, b.len) ? 0
					      : err_text(e, -EINVAL,
							 "expected an ECDSA key of P-256, P-384 or "
							 "P-521, as cosign makes them");
}

/* Spec: cosign, "Simple Signing" */
static void read_simple(const struct json *root, struct digest *ret_digest)
{
	struct json critical = json_get(root, "critical"), type = json_get(&critical, "type"),
		    image = json_get(&critical, "image"),
		    digest = json_get(&image, "docker-manifest-digest");
	const char *kind = json_str(&type);

	if (!str_eq(kind, TYPE_SIMPLE))
		json_fail(&type, -EBADMSG, "\"%.60s\" is no image's signature", kind);
	json_digest(&digest, ret_digest);
}

/* Spec: in-toto Statement v1; an attestation, which says something about an image, is no signature of it */
static void read_statement(const struct json *root, struct digest *ret_digest)
{
	struct json type = json_get(root, "_type"), predicate = json_get(root, "predicateType"),
		    list = json_get(root, "subject"), subject = {0}, digest, sha256;
	char text[DIGEST_TEXT_CAP];
	struct json_iter it = {0};
	const char *kind = json_str(&predicate);

	if (!str_starts(json_str(&type), TYPE_STATEMENT))
		json_fail(&type, -EBADMSG, "this is no statement of in-toto");
	if (!str_eq(kind, TYPE_PREDICATE))
		json_fail(&predicate, -EBADMSG, "\"%.80s\" is no signature of an image", kind);
	if (json_array(&list, 1) != 1 || !json_next(&list, &it, &subject)) {
		json_fail(&list, -EBADMSG, "expected one subject");
		return;
	}
	digest = json_get(&subject, "digest");
	sha256 = json_get(&digest, "sha256");
	if (str_printf(text, sizeof(text), "sha256:%s", json_str(&sha256)) < 0 ||
	    digest_parse(span_of(text), ret_digest) < 0)
		json_fail(&sha256, -EBADMSG, "expected 64 hexadecimal digits");
}

int verify_claim(bool dsse, struct span payload, struct digest *ret_digest, struct arena *a,
		 struct err *e)
{
	struct json_doc tree;
	struct json root;
	int r = json_parse(&tree, "signed payload", payload, doc_pool, sizeof(doc_pool),
			   "CONFIG_PARSE_TREE_KIB", a, e);

	if (r < 0)
		return r;
	root = json_root(&tree);
	if (dsse)
		read_statement(&root, ret_digest);
	else
		read_simple(&root, ret_digest);
	return json_done(&tree);
}

int verify_signed(const char *argument, struct span payload, struct digest *ret_digest,
		  struct arena *a, struct err *e)
{
	uint8_t der[ECDSA_SIGNATURE_MAX];
	struct base64 b = {.dst = der, .cap = sizeof(der)};
	struct span form, signature, pem, parts[2] = {{"", 0}, payload};
	struct ecdsa_key key;
	char pae[64];
	bool found;
	int r;

	signature = span_cut(span_of(argument), '\n', &pem, &found);
	form = span_cut(signature, ' ', &signature, &found);
	r = read_key(pem, &key, e);
	if (r < 0)
		return r;
	/* Spec: DSSE v1, "PAE"; the type is always the one that is accepted, whatever an envelope says */
	if (span_eq(form, VERIFY_FORM_DSSE))
		parts[0] = (struct span){pae, (size_t)snprintf(pae, sizeof(pae),
							       "DSSEv1 %zu " TYPE_DSSE " %zu ",
							       sizeof(TYPE_DSSE) - 1, payload.len)};
	base64_decode(&b, signature);
	if (b.bad || !ecdsa_verify(&key, parts, ARRAY_LEN(parts), der, b.len))
		return err_text(e, -EKEYREJECTED, "it is not by this key");
	return verify_claim(parts[0].len, payload, ret_digest, a, e);
}
