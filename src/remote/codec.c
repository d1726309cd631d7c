/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/remote.h"

void remote_settings_encode(struct enc *e, const struct remote_settings *s)
{
	enc_bool(e, s->has_proxy);
	enc_str(e, s->https_proxy);
	enc_str(e, s->http_proxy);
	enc_str(e, s->no_proxy);
	enc_str(e, s->mirrors);
	enc_str(e, s->rate);
}

void remote_settings_decode(struct dec *d, struct remote_settings *ret)
{
	ret->has_proxy = dec_bool(d);
	ret->https_proxy = dec_str(d);
	ret->http_proxy = dec_str(d);
	ret->no_proxy = dec_str(d);
	ret->mirrors = dec_str(d);
	ret->rate = dec_str(d);
}

void remote_login_encode(struct enc *e, const struct remote_login *l)
{
	enc_u8(e, (uint8_t)l->kind);
	enc_str(e, l->user);
	enc_str(e, l->secret);
	enc_str(e, l->helper);
	enc_str(e, l->server);
}

void remote_login_decode(struct dec *d, struct remote_login *ret)
{
	uint8_t kind = dec_u8(d);
	bool has_secret = kind != REMOTE_ANONYMOUS && kind != REMOTE_HELPER;

	if (kind >= REMOTE_KIND_COUNT)
		d->bad = true;
	ret->kind = (enum remote_kind)(d->bad ? REMOTE_ANONYMOUS : kind);
	ret->user = dec_str(d);
	ret->secret = dec_str(d);
	ret->helper = dec_str(d);
	ret->server = dec_str(d);
	if (!ret->secret != !has_secret || !ret->user != (kind != REMOTE_PASSWORD) ||
	    !ret->helper != (kind != REMOTE_HELPER) || !ret->server != !ret->helper)
		d->bad = true;
}
