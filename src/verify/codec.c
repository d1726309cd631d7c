/* SPDX-License-Identifier: Apache-2.0 */
/* What the parse role says about rules and signatures, as bytes. Decoders let through what parsers could have made. */
#include "base/kconfig.h"
#include "verify/verify.h"

#include <string.h>

void verify_policy_encode(struct enc *e, const struct verify_policy *p)
{
	enc_u32(e, (uint32_t)p->n);
	for (size_t i = 0; i < p->n; i++) {
		enc_str(e, p->rules[i].prefix);
		enc_str(e, p->rules[i].key);
		enc_u8(e, (uint8_t)p->rules[i].action);
	}
}

void verify_policy_decode(struct dec *d, struct verify_policy *ret)
{
	struct verify_policy p = {.n = dec_count(d, VERIFY_MAX_RULES)};

	p.rules = dec_array(d, p.n + 1, sizeof(*p.rules));
	for (size_t i = 0; i < p.n && !d->bad; i++) {
		struct verify_rule *rule = &p.rules[i];
		uint8_t action;

		rule->prefix = dec_str_req(d);
		rule->key = dec_str(d);
		action = dec_u8(d);
		if (action > VERIFY_REQUIRE || !rule->key != (action != VERIFY_REQUIRE) ||
		    (rule->key && (rule->key[0] != '/' || strlen(rule->key) >= VERIFY_PATH_CAP)))
			d->bad = true;
		rule->action = d->bad ? VERIFY_REJECT : (enum verify_action)action;
	}
	*ret = d->bad ? (struct verify_policy){0} : p;
}

void verify_list_encode(struct enc *e, const struct verify_list *l)
{
	enc_u32(e, (uint32_t)l->n_all);
	enc_u32(e, (uint32_t)l->n);
	for (size_t i = 0; i < l->n; i++) {
		enc_u8(e, (uint8_t)l->entries[i].kind);
		enc_digest(e, &l->entries[i].digest);
		enc_u64(e, l->entries[i].size);
		enc_str(e, l->entries[i].signature);
	}
}

void verify_list_decode(struct dec *d, struct verify_list *ret)
{
	struct verify_list l = {.n_all = dec_u32(d)};

	l.n = dec_count(d, CONFIG_VERIFY_SIGNATURES);
	l.entries = dec_array(d, l.n + 1, sizeof(*l.entries));
	for (size_t i = 0; i < l.n && !d->bad; i++) {
		struct verify_entry *x = &l.entries[i];
		uint8_t kind = dec_u8(d);

		dec_digest(d, &x->digest);
		x->size = dec_u64(d);
		x->signature = dec_str(d);
		if (kind > VERIFY_MANIFEST || !x->signature != (kind != VERIFY_PAYLOAD) ||
		    (x->signature && strlen(x->signature) >= VERIFY_SIGNATURE_CAP))
			d->bad = true;
		x->kind = d->bad ? VERIFY_PAYLOAD : (enum verify_kind)kind;
	}
	*ret = d->bad ? (struct verify_list){0} : l;
}

void verify_envelope_encode(struct enc *e, const struct verify_envelope *v)
{
	enc_bytes(e, v->payload.p, v->payload.len);
	enc_str(e, v->signature);
}

/* @ret->payload points into the frame */
void verify_envelope_decode(struct dec *d, struct verify_envelope *ret)
{
	struct verify_envelope v = {.payload = dec_bytes(d), .signature = dec_str_req(d)};

	if (v.payload.len > VERIFY_PAYLOAD_MAX || strlen(v.signature) >= VERIFY_SIGNATURE_CAP)
		d->bad = true;
	*ret = d->bad ? (struct verify_envelope){.signature = v.signature} : v;
}
