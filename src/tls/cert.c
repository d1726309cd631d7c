/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/cert.h"

#include <errno.h>
#include <string.h>

#include "base/rfc3339.h"
#include "base/str.h"

static const uint8_t oid_common_name[] = {0x55, 0x04, 0x03};
static const uint8_t oid_organisation[] = {0x55, 0x04, 0x0a};
static const uint8_t oid_alt_name[] = {0x55, 0x1d, 0x11};
static const uint8_t oid_constraints[] = {0x55, 0x1d, 0x13};
static const uint8_t oid_key_purpose[] = {0x55, 0x1d, 0x25};
static const uint8_t oid_server_auth[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
static const uint8_t oid_any_purpose[] = {0x55, 0x1d, 0x25, 0x00};

#define IS_OID(d, oid) ((d).len == sizeof(oid) && memcmp((d).p, oid, sizeof(oid)) == 0)

static bool two_digits(struct der *d, unsigned int *ret)
{
	if (d->len < 2 || d->p[0] < '0' || d->p[0] > '9' || d->p[1] < '0' || d->p[1] > '9')
		return false;
	*ret = (unsigned int)(d->p[0] - '0') * 10 + (unsigned int)(d->p[1] - '0');
	d->p += 2;
	d->len -= 2;
	return true;
}

/* UTCTime YYMMDDhhmmssZ or GeneralizedTime YYYYMMDDhhmmssZ; RFC 5280, 4.1.2.5 */
static bool take_time(struct der *in, int64_t *ret_s)
{
	struct der d;
	int tag = der_take(in, &d);
	unsigned int century, v[6];

	if (tag == TAG_TIME) {
		if (!two_digits(&d, &century))
			return false;
	} else if (tag != TAG_UTC_TIME) {
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		if (!two_digits(&d, &v[i]))
			return false;
	if (tag == TAG_UTC_TIME)
		century = v[0] < 50 ? 20 : 19;
	if (d.len != 1 || d.p[0] != 'Z' || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31)
		return false;
	*ret_s = civil_to_days((int64_t)century * 100 + v[0], v[1], v[2]) * 86400 + v[3] * 3600 +
		 v[4] * 60 + v[5];
	return true;
}

static bool take_name(struct der *in, struct der *ret_name)
{
	const uint8_t *start = in->p;
	struct der content;

	if (!der_take_tag(in, TAG_SEQUENCE, &content))
		return false;
	*ret_name = (struct der){start, (size_t)(in->p - start)};
	return true;
}

static bool allows_server(struct der value)
{
	struct der list, oid;

	if (!der_take_tag(&value, TAG_SEQUENCE, &list))
		return false;
	while (der_take_tag(&list, TAG_OID, &oid))
		if (IS_OID(oid, oid_server_auth) || IS_OID(oid, oid_any_purpose))
			return true;
	return false;
}

/* DER leaves out what is false */
static bool says_ca(struct der value)
{
	struct der list, ca;

	return der_take_tag(&value, TAG_SEQUENCE, &list) && der_take_tag(&list, TAG_BOOLEAN, &ca) &&
	       ca.len == 1 && ca.p[0];
}

static bool take_extension(struct der *list, struct cert *c)
{
	struct der ext, oid, value;
	int tag;

	if (!der_take_tag(list, TAG_SEQUENCE, &ext) || !der_take_tag(&ext, TAG_OID, &oid))
		return false;
	tag = der_take(&ext, &value);
	if (tag == TAG_BOOLEAN)
		tag = der_take(&ext, &value);
	if (tag != TAG_OCTETS)
		return false;
	if (IS_OID(oid, oid_alt_name))
		return der_take_tag(&value, TAG_SEQUENCE, &c->alt_names);
	if (IS_OID(oid, oid_constraints))
		c->is_ca = says_ca(value);
	if (IS_OID(oid, oid_key_purpose))
		c->forbids_server = !allows_server(value);
	return true;
}

int cert_parse(const uint8_t *data, size_t len, struct cert *ret_cert)
{
	struct der in = {data, len}, outer, tbs, skipped, validity, list, inner;
	struct cert c = {0};
	int tag;

	if (!der_take_tag(&in, TAG_SEQUENCE, &outer) || !der_take_tag(&outer, TAG_SEQUENCE, &tbs))
		return -EBADMSG;
	tag = der_take(&tbs, &skipped);
	if (tag == TAG_VERSION)
		tag = der_take(&tbs, &skipped);
	if (tag != TAG_INTEGER || !der_take_tag(&tbs, TAG_SEQUENCE, &skipped) ||
	    !take_name(&tbs, &c.issuer) || !der_take_tag(&tbs, TAG_SEQUENCE, &validity) ||
	    !take_time(&validity, &c.not_before_s) || !take_time(&validity, &c.not_after_s) ||
	    !take_name(&tbs, &c.subject) || !der_take_tag(&tbs, TAG_SEQUENCE, &c.spki))
		return -EBADMSG;
	while ((tag = der_take(&tbs, &list)) >= 0) {
		if (tag != TAG_EXTENSIONS)
			continue;
		if (!der_take_tag(&list, TAG_SEQUENCE, &inner))
			return -EBADMSG;
		while (inner.len)
			if (!take_extension(&inner, &c))
				return -EBADMSG;
	}
	if (tbs.len)
		return -EBADMSG;
	*ret_cert = c;
	return 0;
}

bool cert_has_address(const struct cert *c, const uint8_t *ip, size_t ip_len)
{
	struct der list = c->alt_names, name;
	int tag;

	while ((tag = der_take(&list, &name)) >= 0)
		if (tag == TAG_ALT_ADDRESS && der_eq(name, (struct der){ip, ip_len}))
			return true;
	return false;
}

/* the first attribute of this kind, or one of length 0 */
static struct der find_attribute(struct der name, const uint8_t oid_bytes[3])
{
	struct der rdns, set, pair, oid, value;

	if (!der_take_tag(&name, TAG_SEQUENCE, &rdns))
		return (struct der){0};
	while (der_take_tag(&rdns, TAG_SET, &set)) {
		if (!der_take_tag(&set, TAG_SEQUENCE, &pair) ||
		    !der_take_tag(&pair, TAG_OID, &oid) || der_take(&pair, &value) < 0)
			break;
		if (oid.len == 3 && memcmp(oid.p, oid_bytes, 3) == 0)
			return value;
	}
	return (struct der){0};
}

char *cert_name_text(char dst[static CERT_NAME_CAP], struct der name)
{
	struct der value = find_attribute(name, oid_common_name);
	size_t n = 0;

	if (!value.len)
		value = find_attribute(name, oid_organisation);
	for (; n < value.len && n < CERT_NAME_CAP - 1; n++)
		dst[n] = value.p[n] >= ' ' && value.p[n] < 127 && value.p[n] != '"'
				 ? (char)value.p[n]
				 : '?';
	dst[n] = '\0';
	if (!n)
		str_copy(dst, CERT_NAME_CAP, "(no name)");
	return dst;
}
