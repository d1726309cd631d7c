/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "base/num.h"

/* the end of the scheme; what cannot be spoken is refused by name */
static int cut_scheme(struct span *s, struct err *e)
{
	for (size_t i = 0; i + 2 < s->len; i++) {
		if (memcmp(s->p + i, "://", 3) != 0)
			continue;
		if (!span_eq_nocase((struct span){s->p, i}, "http"))
			return err_text(e, -ENOTSUP, "the proxy's URL must start with http://");
		*s = (struct span){s->p + i + 3, s->len - i - 3};
		return 0;
	}
	return 0;
}

static int decode(struct span s, struct buf *b)
{
	for (size_t i = 0; i < s.len; i++) {
		uint64_t v = (unsigned char)s.p[i];

		if (s.p[i] == '%') {
			if (s.len - i < 3 || num_hex((struct span){s.p + i + 1, 2}, 255, &v) < 0)
				return -EINVAL;
			i += 2;
		}
		if (v < ' ' || v == 127)
			return -EINVAL;
		buf_putc(b, (char)v);
	}
	return buf_ok(b) ? 0 : -EINVAL;
}

static int set_login(struct span login, struct proxy *p, struct err *e)
{
	char pair[PROXY_LOGIN_CAP / 4 * 3 - 16];
	struct span user, password;
	struct buf plain, b;
	bool found;
	int r;

	buf_init(&plain, pair, sizeof(pair));
	user = span_cut(login, ':', &password, &found);
	r = decode(user, &plain);
	buf_putc(&plain, ':');
	if (r == 0)
		r = decode(password, &plain);
	buf_init(&b, p->login, sizeof(p->login));
	buf_puts(&b, "Basic ");
	base64_encode(&b, pair, plain.len);
	explicit_bzero(pair, sizeof(pair));
	return r < 0 ? err_text(e, r, "the proxy's user or password is malformed or too long") : 0;
}

int proxy_parse(const char *text, struct proxy *ret_proxy, struct err *e)
{
	struct span s = span_trim(span_of(text ? text : ""));
	static struct url url; /* static: it is larger than a stack frame should be */
	const char *at = NULL;
	char whole[URL_HOST_CAP + 32];
	int r;

	*ret_proxy = (struct proxy){0};
	if (!s.len)
		return 0;
	r = cut_scheme(&s, e);
	if (r < 0)
		return r;
	/* the last one: a password may hold another */
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '@')
			at = s.p + i;
	if (at) {
		r = set_login((struct span){s.p, (size_t)(at - s.p)}, ret_proxy, e);
		s = (struct span){at + 1, s.len - (size_t)(at + 1 - s.p)};
	}
	if (r == 0 && (s.len > URL_HOST_CAP ||
		       str_printf(whole, sizeof(whole), "http://%.*s", (int)s.len, s.p) < 0 ||
		       url_parse(span_of(whole), &url, NULL) < 0 || !str_eq(url.target, "/")))
		r = err_text(e, -EINVAL,
			     "the proxy is not of the form http://[user:password@]host:port");
	if (r < 0) {
		explicit_bzero(ret_proxy, sizeof(*ret_proxy));
		return r;
	}
	str_copy(ret_proxy->host, sizeof(ret_proxy->host), url.host);
	ret_proxy->port = url.port;
	return 0;
}

/* Return: 4, 16; 0 not an address */
static size_t address(const char *text, uint8_t ip[16])
{
	return inet_pton(AF_INET, text, ip) == 1 ? 4 : inet_pton(AF_INET6, text, ip) == 1 ? 16 : 0;
}

static bool in_network(const uint8_t *ip, const uint8_t *network, size_t bits)
{
	uint8_t rest = (uint8_t)(0xff00 >> bits % 8);

	return memcmp(ip, network, bits / 8) == 0 &&
	       (bits % 8 == 0 || ((ip[bits / 8] ^ network[bits / 8]) & rest) == 0);
}

static bool is_own(const char *host)
{
	uint8_t ip[16];
	size_t n = address(host, ip);

	return str_eq(host, "localhost") || (n == 4 && ip[0] == 127) ||
	       (n == 16 && str_eq(host, "::1"));
}

/* "example.com", ".example.com", "*.example.com" */
static bool name_matches(struct span entry, const char *host)
{
	size_t len = strlen(host);
	bool below = false;

	if (entry.len && entry.p[0] == '*')
		entry = (struct span){entry.p + 1, entry.len - 1};
	if (entry.len && entry.p[0] == '.') {
		below = true;
		entry = (struct span){entry.p + 1, entry.len - 1};
	}
	if (!entry.len || entry.len > len)
		return false;
	if (entry.len == len)
		return !below && span_eq_nocase(entry, host);
	return host[len - entry.len - 1] == '.' && span_eq_nocase(entry, host + len - entry.len);
}

/* takes ":port" off. Return: does it fit @port, if it is there? */
static bool port_matches(struct span *entry, uint16_t port)
{
	const char *colon = memchr(entry->p, ':', entry->len);
	struct span text;
	uint64_t v;
	bool found;

	/* two colons are an IPv6 address; with a port it stands in brackets, which nobody writes */
	if (!colon || memchr(colon + 1, ':', entry->len - (size_t)(colon + 1 - entry->p)))
		return true;
	*entry = span_cut(*entry, ':', &text, &found);
	return num_u64(text, 65535, &v) == 0 && v == port;
}

static bool entry_matches(struct span entry, const struct url *url)
{
	uint8_t ip[16] = {0}, network[16] = {0};
	size_t ip_len = address(url->host, ip), n;
	struct span base, prefix;
	char text[64];
	uint64_t bits;
	bool found;

	if (span_eq(entry, "*"))
		return true;
	if (!port_matches(&entry, url->port))
		return false;
	base = span_cut(entry, '/', &prefix, &found);
	if (str_copy_n(text, sizeof(text), base.p, base.len) >= 0 &&
	    (n = address(text, network)) > 0) {
		bits = 8 * n;
		return n == ip_len && (!found || num_u64(prefix, 8 * n, &bits) == 0) &&
		       in_network(ip, network, (size_t)bits);
	}
	return !ip_len && name_matches(entry, url->host);
}

bool proxy_bypassed(const char *no_proxy, const struct url *url)
{
	struct span rest = span_of(no_proxy ? no_proxy : "");
	bool more = true;

	if (is_own(url->host))
		return true;
	while (more) {
		struct span entry = span_trim(span_cut(rest, ',', &rest, &more));

		if (entry.len && entry_matches(entry, url))
			return true;
	}
	return false;
}
