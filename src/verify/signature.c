/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where signatures are, by documents that nobody has signed: what is read here decides only which bytes are
 * fetched and checked next.
 */
#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "doc/json.h"
#include "doc/pool.h"
#include "verify/verify.h"

#define TYPE_PAYLOAD "application/vnd.dev.cosign.simplesigning.v1+json"
#define TYPE_BUNDLE  "application/vnd.dev.sigstore.bundle"
#define TYPE_DSSE    "application/vnd.in-toto+json"
#define MAX_LISTED   1024

static int parse(struct json_doc *tree, const char *name, struct span json, struct arena *a,
		 struct json *ret_root, struct err *e)
{
	int r = json_parse(tree, name, json, doc_pool, sizeof(doc_pool), "CONFIG_PARSE_TREE_KIB", a,
			   e);

	if (r == 0)
		*ret_root = json_root(tree);
	return r;
}

/* Is it a step on the way to a signature? */
static bool take_entry(const struct json *v, bool index, struct verify_entry *x)
{
	struct json type = json_get(v, "mediaType"), digest = json_get(v, "digest"),
		    size = json_get(v, "size"), artifact = json_get(v, "artifactType"),
		    notes = json_get(v, "annotations"),
		    signature = json_get(&notes, "dev.cosignproject.cosign/signature");
	const char *kind = json_str_opt(index ? &artifact : &type);

	*x = (struct verify_entry){.kind = index ? VERIFY_MANIFEST : VERIFY_BUNDLE};
	if (kind && !index && str_eq(kind, TYPE_PAYLOAD)) {
		x->kind = VERIFY_PAYLOAD;
		x->signature = json_str(&signature);
		if (strlen(x->signature) >= VERIFY_SIGNATURE_CAP)
			json_fail(&signature, -EFBIG, "a signature of more than %d characters",
				  VERIFY_SIGNATURE_CAP - 1);
	} else if (!kind || !str_starts(kind, TYPE_BUNDLE)) {
		return false;
	}
	json_digest(&digest, &x->digest);
	x->size = json_u64(&size, INT64_MAX);
	return true;
}

int verify_parse_list(struct span json, struct arena *a, struct verify_list *ret, struct err *e)
{
	struct json_doc tree;
	struct json root, list, v;
	struct json_iter it = {0};
	struct verify_list l = {0};
	struct verify_entry x;
	bool index;
	int r = parse(&tree, "list of signatures", json, a, &root, e);

	if (r < 0)
		return r;
	list = json_get(&root, "manifests");
	index = json_has(&list);
	v = json_get(&root, "layers");
	if (index && json_has(&v))
		return json_fail(&root, -EBADMSG, "both \"manifests\" and \"layers\"");
	if (!index)
		list = json_get(&root, "layers");
	json_array(&list, MAX_LISTED);
	l.entries = arena_array(a, CONFIG_VERIFY_SIGNATURES + 1, sizeof(*l.entries));
	if (!l.entries)
		return json_fail(&root, -EFBIG, "it does not fit CONFIG_PARSE_MODEL_KIB");
	while (json_next(&list, &it, &v)) {
		if (!take_entry(&v, index, &x))
			continue;
		if (l.n == CONFIG_VERIFY_SIGNATURES) /* the oldest makes room */
			memmove(l.entries, l.entries + 1, --l.n * sizeof(x));
		l.entries[l.n++] = x;
		l.n_all++;
	}
	r = json_done(&tree);
	if (r == 0)
		*ret = l;
	return r;
}

int verify_parse_bundle(struct span json, struct arena *a, struct verify_envelope *ret,
			struct err *e)
{
	struct json_doc tree;
	struct json root, dsse, payload, type, list, v = {0}, signature;
	struct json_iter it = {0};
	struct base64 b = {.cap = VERIFY_PAYLOAD_MAX};
	const char *name;
	int r = parse(&tree, "bundle", json, a, &root, e);

	if (r < 0)
		return r;
	dsse = json_get(&root, "dsseEnvelope");
	if (!json_has(&dsse))
		return json_fail(&root, -ENOTSUP, "no dsseEnvelope: it signs no statement");
	type = json_get(&dsse, "payloadType");
	name = json_str(&type);
	if (!str_eq(name, TYPE_DSSE))
		json_fail(&type, -ENOTSUP, "\"%.80s\", expected " TYPE_DSSE, name);
	payload = json_get(&dsse, "payload");
	name = json_str(&payload);
	b.dst = arena_alloc(a, VERIFY_PAYLOAD_MAX);
	if (b.dst)
		base64_decode(&b, span_of(name));
	if (!b.dst || b.bad)
		json_fail(&payload, -EBADMSG, "no base64 of at most %d bytes", VERIFY_PAYLOAD_MAX);
	list = json_get(&dsse, "signatures");
	if (json_array(&list, 1) != 1 || !json_next(&list, &it, &v))
		return json_fail(&list, -EBADMSG, "expected one signature");
	signature = json_get(&v, "sig");
	ret->signature = json_str(&signature);
	if (strlen(ret->signature) >= VERIFY_SIGNATURE_CAP)
		json_fail(&signature, -EFBIG, "more than %d characters", VERIFY_SIGNATURE_CAP - 1);
	ret->payload = (struct span){(const char *)b.dst, b.len};
	return json_done(&tree);
}
