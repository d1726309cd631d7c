/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over DER with definite lengths. Everything is a slice of the input; nothing is copied. */
#include "tls/cert.h"

#include <errno.h>
#include <string.h>

#include "base/rfc3339.h"
#include "base/str.h"

enum {
	TAG_BOOLEAN = 0x01,
	TAG_INTEGER = 0x02,
	TAG_BITS = 0x03,
	TAG_OCTETS = 0x04,
	TAG_OID = 0x06,
	TAG_UTC_TIME = 0x17,
	TAG_TIME = 0x18,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_VERSION = 0xa0,
	TAG_EXTENSIONS = 0xa3,
	TAG_ALT_ADDRESS = 0x87,
};

static const uint8_t oid_common_name[] = {0x55, 0x04, 0x03};
static const uint8_t oid_organisation[] = {0x55, 0x04, 0x0a};
static const uint8_t oid_alt_name[] = {0x55, 0x1d, 0x11};
static const uint8_t oid_key_purpose[] = {0x55, 0x1d, 0x25};
static const uint8_t oid_server_auth[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
static const uint8_t oid_any_purpose[] = {0x55, 0x1d, 0x25, 0x00};

#define IS_OID(d, oid) ((d).len == sizeof(oid) && memcmp((d).p, oid, sizeof(oid)) == 0)

bool der_eq(struct der a, struct der b)
{
	return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

/* takes one element off @in. Return: its tag; -1 at the end or malformed */
static int take(struct der *in, struct der *ret_content)
{
	size_t n, head = 2;
	int tag;

	if (in->len < 2 || (in->p[0] & 0x1f) == 0x1f)
		return -1;
	tag = in->p[0];
	n = in->p[1];
	if (n & 0x80) {
		size_t bytes = n & 0x7f;

		if (bytes == 0 || bytes > 3 || in->len < 2 + bytes)
			return -1;
		n = 0;
		for (size_t i = 0; i < bytes; i++)
			n = n << 8 | in->p[2 + i];
		head += bytes;
	}
	if (n > in->len - head)
		return -1;
	*ret_content = (struct der){in->p + head, n};
	in->p += head + n;
	in->len -= head + n;
	return tag;
}

static bool take_tag(struct der *in, int tag, struct der *ret_content)
{
	return take(in, ret_content) == tag;
}

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
	int tag = take(in, &d);
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

	if (!take_tag(in, TAG_SEQUENCE, &content))
		return false;
	*ret_name = (struct der){start, (size_t)(in->p - start)};
	return true;
}

static bool allows_server(struct der value)
{
	struct der list, oid;

	if (!take_tag(&value, TAG_SEQUENCE, &list))
		return false;
	while (take_tag(&list, TAG_OID, &oid))
		if (IS_OID(oid, oid_server_auth) || IS_OID(oid, oid_any_purpose))
			return true;
	return false;
}

static bool take_extension(struct der *list, struct cert *c)
{
	struct der ext, oid, value;
	int tag;

	if (!take_tag(list, TAG_SEQUENCE, &ext) || !take_tag(&ext, TAG_OID, &oid))
		return false;
	tag = take(&ext, &value);
	if (tag == TAG_BOOLEAN)
		tag = take(&ext, &value);
	if (tag != TAG_OCTETS)
		return false;
	if (IS_OID(oid, oid_alt_name))
		return take_tag(&value, TAG_SEQUENCE, &c->alt_names);
	if (IS_OID(oid, oid_key_purpose))
		c->forbids_server = !allows_server(value);
	return true;
}

int cert_parse(const uint8_t *data, size_t len, struct cert *ret_cert)
{
	struct der in = {data, len}, outer, tbs, skipped, validity, list, inner;
	struct cert c = {0};
	int tag;

	if (!take_tag(&in, TAG_SEQUENCE, &outer) || !take_tag(&outer, TAG_SEQUENCE, &tbs))
		return -EBADMSG;
	tag = take(&tbs, &skipped);
	if (tag == TAG_VERSION)
		tag = take(&tbs, &skipped);
	if (tag != TAG_INTEGER || !take_tag(&tbs, TAG_SEQUENCE, &skipped) ||
	    !take_name(&tbs, &c.issuer) || !take_tag(&tbs, TAG_SEQUENCE, &validity) ||
	    !take_time(&validity, &c.not_before_s) || !take_time(&validity, &c.not_after_s) ||
	    !take_name(&tbs, &c.subject) || !take_tag(&tbs, TAG_SEQUENCE, &skipped))
		return -EBADMSG;
	while ((tag = take(&tbs, &list)) >= 0) {
		if (tag != TAG_EXTENSIONS)
			continue;
		if (!take_tag(&list, TAG_SEQUENCE, &inner))
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

	while ((tag = take(&list, &name)) >= 0)
		if (tag == TAG_ALT_ADDRESS && der_eq(name, (struct der){ip, ip_len}))
			return true;
	return false;
}

/* the first attribute of this kind, or one of length 0 */
static struct der find_attribute(struct der name, const uint8_t oid_bytes[3])
{
	struct der rdns, set, pair, oid, value;

	if (!take_tag(&name, TAG_SEQUENCE, &rdns))
		return (struct der){0};
	while (take_tag(&rdns, TAG_SET, &set)) {
		if (!take_tag(&set, TAG_SEQUENCE, &pair) || !take_tag(&pair, TAG_OID, &oid) ||
		    take(&pair, &value) < 0)
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
