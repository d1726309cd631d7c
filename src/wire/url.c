/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs of redirects and token servers. They come from the network, so nothing is repaired: what a
 * strict reader would find odd is refused. The host is kept as text; which addresses it may mean is
 * decided where it is resolved (registry/dial.c), as "2130706433" is 127.0.0.1 too.
 */
#include "wire/url.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static int check_characters(struct span s, struct err *e)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] <= ' ' || s.p[i] >= 127 || strchr("\"<>\\^`", s.p[i]))
			return err_text(e, -EINVAL,
					"URL: character %zu (0x%02x) is not allowed in a URL",
					i + 1, (unsigned int)(unsigned char)s.p[i]);
	}
	return 0;
}

static struct span drop_fragment(struct span s)
{
	const char *hash = memchr(s.p, '#', s.len);

	return hash ? (struct span){s.p, (size_t)(hash - s.p)} : s;
}

/* Return: length of "scheme:", 0 if there is none */
static size_t scheme_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && (is_alnum(s.p[n]) || (n && strchr("+-.", s.p[n]))))
		n++;
	return n && n < s.len && s.p[n] == ':' ? n + 1 : 0;
}

static int parse_scheme(struct span scheme, struct url *u, struct err *e)
{
	if (span_eq_nocase(scheme, "https:"))
		u->https = true;
	else if (!span_eq_nocase(scheme, "http:"))
		return err_text(e, -EINVAL,
				"URL: the scheme is %.*s//, only https and http are read",
				(int)(scheme.len < 20 ? scheme.len : 20), scheme.p);
	return 0;
}

static int parse_port(struct span s, struct url *u, struct err *e)
{
	uint64_t port = 0;

	if (num_u64(s, 65535, &port) < 0 || !port)
		return err_text(e, -EINVAL, "URL: the port is not a number from 1 to 65535");
	u->port = (uint16_t)port;
	return 0;
}

static int parse_host(struct span s, struct url *u, struct err *e)
{
	if (!s.len)
		return err_text(e, -EINVAL, "URL: the host is missing");
	if (s.len >= sizeof(u->host))
		return err_text(e, -EINVAL, "URL: the host is longer than 255 characters");
	for (size_t i = 0; i < s.len; i++) {
		bool ok = u->ipv6 ? (is_alnum(s.p[i]) && lower(s.p[i]) <= 'f') || s.p[i] == ':' ||
					    s.p[i] == '.'
				  : is_alnum(s.p[i]) || strchr("-._", s.p[i]);

		if (!ok)
			return err_text(e, -EINVAL, "URL: '%c' is not allowed in the host", s.p[i]);
		u->host[i] = lower(s.p[i]);
	}
	u->host[s.len] = '\0';
	return 0;
}

static int parse_authority(struct span s, struct url *u, struct err *e)
{
	struct span host = s, port = {"", 0};
	const char *end;
	bool found;

	if (memchr(s.p, '@', s.len))
		return err_text(e, -EINVAL, "URL: user and password in a URL are not allowed");
	if (s.len && s.p[0] == '[') {
		end = memchr(s.p, ']', s.len);
		if (!end)
			return err_text(e, -EINVAL, "URL: the ']' of the IPv6 address is missing");
		u->ipv6 = true;
		host = (struct span){s.p + 1, (size_t)(end - s.p - 1)};
		port = (struct span){end + 1, s.len - host.len - 2};
		if (port.len && port.p[0] != ':')
			return err_text(e, -EINVAL, "URL: expected ':' and a port behind ']'");
		if (port.len)
			port = (struct span){port.p + 1, port.len - 1};
	} else {
		host = span_cut(s, ':', &port, &found);
	}
	u->port = u->https ? 443 : 80;
	if (port.len) {
		int r = parse_port(port, u, e);

		if (r < 0)
			return r;
	}
	return parse_host(host, u, e);
}

/*
 * Copies path and query into u->target; @path loses its "." and ".." segments (RFC 3986, 5.2.4).
 * The output never grows beyond what was read, so one check of the sum is enough.
 */
static int set_target(struct url *u, struct span dir, struct span path, struct span query,
		      struct err *e)
{
	size_t out = 0, i = 0, len = dir.len + path.len;

	if (len + query.len + 1 >= sizeof(u->target))
		return err_text(e, -EMSGSIZE,
				"URL: path and query are longer than CONFIG_URL_BYTES (%d)",
				CONFIG_URL_BYTES);
	while (i < len) {
		char seg[3] = "";
		size_t n = 0, start = i;

		/* a segment is a slash and what follows up to the next one */
		for (i++; i < len; i++) {
			char c = i < dir.len ? dir.p[i] : path.p[i - dir.len];

			if (c == '/')
				break;
			if (n < 2)
				seg[n] = c;
			n++;
		}
		if (n == 1 && seg[0] == '.') {
			if (i == len)
				u->target[out++] = '/';
			continue;
		}
		if (n == 2 && seg[0] == '.' && seg[1] == '.') {
			while (out && u->target[--out] != '/')
				;
			if (i == len)
				u->target[out++] = '/';
			continue;
		}
		for (size_t k = start; k < i; k++)
			u->target[out++] = k < dir.len ? dir.p[k] : path.p[k - dir.len];
	}
	if (!out)
		u->target[out++] = '/';
	memcpy(u->target + out, query.p, query.len);
	u->target[out + query.len] = '\0';
	return 0;
}

static struct span split_query(struct span *path)
{
	const char *mark = memchr(path->p, '?', path->len);
	struct span query = {path->p + path->len, 0};

	if (mark) {
		query = (struct span){mark, path->len - (size_t)(mark - path->p)};
		path->len = (size_t)(mark - path->p);
	}
	return query;
}

/* @s starts with "//" */
static int parse_hier(struct span s, struct url *u, struct err *e)
{
	struct span none = {"", 0}, auth = {s.p + 2, 0}, path, query;
	int r;

	while (auth.len < s.len - 2 && !strchr("/?", auth.p[auth.len]))
		auth.len++;
	r = parse_authority(auth, u, e);
	if (r < 0)
		return r;
	path = (struct span){auth.p + auth.len, s.len - 2 - auth.len};
	query = split_query(&path);
	return set_target(u, none, path, query, e);
}

static bool has_authority(struct span s)
{
	return s.len >= 2 && s.p[0] == '/' && s.p[1] == '/';
}

int url_parse(struct span text, struct url *ret_url, struct err *e)
{
	size_t n;
	int r;

	r = check_characters(text, e);
	if (r < 0)
		return r;
	text = drop_fragment(text);
	n = scheme_len(text);
	*ret_url = (struct url){0};
	if (!n)
		return err_text(e, -EINVAL, "URL: expected https:// in front");
	r = parse_scheme((struct span){text.p, n}, ret_url, e);
	if (r < 0)
		return r;
	text = (struct span){text.p + n, text.len - n};
	if (!has_authority(text))
		return err_text(e, -EINVAL, "URL: expected // and a host behind the scheme");
	return parse_hier(text, ret_url, e);
}

int url_resolve(const struct url *base, struct span text, struct url *ret_url, struct err *e)
{
	struct span dir = span_of(base->target), old_query, query;
	int r;

	if (scheme_len(text))
		return url_parse(text, ret_url, e);
	r = check_characters(text, e);
	if (r < 0)
		return r;
	text = drop_fragment(text);
	*ret_url = (struct url){.https = base->https};
	if (has_authority(text))
		return parse_hier(text, ret_url, e);
	ret_url->ipv6 = base->ipv6;
	ret_url->port = base->port;
	str_copy(ret_url->host, sizeof(ret_url->host), base->host);
	old_query = split_query(&dir);
	query = split_query(&text);
	if (text.len && text.p[0] == '/') {
		dir.len = 0;
	} else if (text.len) {
		while (dir.len && dir.p[dir.len - 1] != '/')
			dir.len--;
	} else if (!query.len) {
		query = old_query;
	}
	return set_target(ret_url, dir, text, query, e);
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->https == b->https && a->port == b->port && str_eq(a->host, b->host);
}

static char *authority(char *dst, const char *prefix, const struct url *u)
{
	bool standard = u->port == (u->https ? 443 : 80);
	char port[8] = "";

	if (!standard)
		str_printf(port, sizeof(port), ":%u", (unsigned int)u->port);
	str_printf(dst, URL_ORIGIN_CAP, "%s%s%s%s%s", prefix, u->ipv6 ? "[" : "", u->host,
		   u->ipv6 ? "]" : "", port);
	return dst;
}

char *url_authority(char dst[static URL_ORIGIN_CAP], const struct url *url)
{
	return authority(dst, "", url);
}

char *url_origin(char dst[static URL_ORIGIN_CAP], const struct url *url)
{
	return authority(dst, url->https ? "https://" : "http://", url);
}
