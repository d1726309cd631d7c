/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image references. Docker's grammar decides (distribution/reference, "splitDockerDomain"): what is
 * before the first slash is a registry only if it looks like one - a dot, a colon, an upper-case
 * letter or "localhost" - and everything else lives on docker.io.
 */
#include "wire/reference.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

#define DEFAULT_HOST   "docker.io"
#define LEGACY_HOST    "index.docker.io"
#define LIBRARY_PREFIX "library/"
#define DEFAULT_TAG    "latest"
#define REPO_MAX       255
#define TAG_MAX	       128

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c);
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || is_upper(c);
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* texts of any length and content come here, so the quotation is cut and made printable */
static int refuse(struct err *e, const char *text, size_t pos, const char *what)
{
	char shown[96];
	size_t n = 0;

	for (; text[n] && n < sizeof(shown) - 1; n++)
		shown[n] = text[n] >= ' ' && text[n] < 127 ? text[n] : '?';
	shown[n] = '\0';
	return err_text(e, -EINVAL, "image reference \"%s%s\", character %zu: %s", shown,
			text[n] ? "..." : "", pos + 1, what);
}

static int check_port(const char *text, size_t pos, size_t end, struct err *e)
{
	unsigned int port = 0;

	for (size_t i = pos; i < end; i++) {
		if (!is_digit(text[i]))
			return refuse(e, text, i, "the port of a registry is a number");
		port = port * 10 + (unsigned int)(text[i] - '0');
		if (port > 65535)
			return refuse(e, text, pos, "the port of a registry is at most 65535");
	}
	return port ? 0 : refuse(e, text, pos, "the port of a registry is a number from 1");
}

static int check_ipv6(const char *text, size_t end, size_t *ret_pos, struct err *e)
{
	size_t i = 1;

	while (i < end && (is_hex(text[i]) || text[i] == ':'))
		i++;
	if (i == end || text[i] != ']' || i < 3)
		return refuse(e, text, i, "expected an IPv6 address in brackets: [2001:db8::1]");
	*ret_pos = i + 1;
	return 0;
}

/* labels of letters, digits and inner hyphens, separated by dots */
static int check_name(const char *text, size_t end, size_t *ret_pos, struct err *e)
{
	size_t i = 0;

	for (;;) {
		size_t start = i;

		while (i < end && (is_alnum(text[i]) || text[i] == '-'))
			i++;
		if (i == start || text[start] == '-' || text[i - 1] == '-')
			return refuse(e, text, i == start || text[start] == '-' ? start : i - 1,
				      "a registry's host name has letters, digits, dots and inner "
				      "hyphens");
		if (i == end || text[i] != '.')
			break;
		i++;
	}
	*ret_pos = i;
	return 0;
}

static int parse_host(const char *text, size_t end, struct reference *ref, struct err *e)
{
	size_t pos = 0;
	int r;

	r = text[0] == '[' ? check_ipv6(text, end, &pos, e) : check_name(text, end, &pos, e);
	if (r < 0)
		return r;
	if (pos < end && text[pos] != ':')
		return refuse(e, text, pos, "not allowed in a registry's host name");
	if (pos < end) {
		r = check_port(text, pos + 1, end, e);
		if (r < 0)
			return r;
	}
	if (str_copy_n(ref->host, sizeof(ref->host), text, end) < 0)
		return refuse(e, text, sizeof(ref->host) - 1,
			      "the registry's host name is longer than 255 characters");
	return 0;
}

/* Return: length of the separator at @s: one of . _ __ or any number of -, 0 if none */
static size_t separator(const char *s)
{
	size_t n = 0;

	if (s[0] == '.')
		return 1;
	if (s[0] == '_')
		return s[1] == '_' ? 2 : 1;
	while (s[n] == '-')
		n++;
	return n;
}

/* Return: position behind the repository, or -EINVAL */
static int parse_repo(const char *text, size_t start, struct reference *ref, struct err *e)
{
	size_t prefix = str_eq(ref->host, DEFAULT_HOST) ? strlen(LIBRARY_PREFIX) : 0;
	size_t i = start;

	for (;;) {
		size_t sep;

		if (is_upper(text[i]))
			return refuse(e, text, i, "repository names are lower-case");
		if (!is_lower_alnum(text[i]))
			return refuse(
				e, text, i,
				text[i] ? "expected a lower-case letter or a digit of the repository's name"
					: "the repository's name ends here, expected a letter or a digit");
		while (is_lower_alnum(text[i]))
			i++;
		sep = separator(text + i);
		if (sep) {
			i += sep;
			continue;
		}
		if (text[i] != '/')
			break;
		prefix = 0;
		i++;
	}
	if (is_upper(text[i]))
		return refuse(e, text, i, "repository names are lower-case");
	if (text[i] && text[i] != ':' && text[i] != '@')
		return refuse(e, text, i, "not allowed in a repository's name");
	if (prefix + i - start > REPO_MAX)
		return refuse(e, text, start + REPO_MAX,
			      "the repository's name is longer than 255 characters");
	memcpy(ref->repo, LIBRARY_PREFIX, prefix);
	memcpy(ref->repo + prefix, text + start, i - start);
	return (int)i;
}

static int parse_tag(const char *text, size_t start, struct reference *ref, struct err *e)
{
	size_t i = start;

	while (is_alnum(text[i]) || text[i] == '_' ||
	       (i > start && (text[i] == '.' || text[i] == '-')))
		i++;
	if (i == start)
		return refuse(e, text, i, "expected a tag: a letter, digit or underscore first");
	if (text[i] && text[i] != '@')
		return refuse(e, text, i, "not allowed in a tag");
	if (i - start > TAG_MAX)
		return refuse(e, text, start + TAG_MAX, "the tag is longer than 128 characters");
	memcpy(ref->tag, text + start, i - start);
	return (int)i;
}

static int parse_digest(const char *text, size_t start, struct reference *ref, struct err *e)
{
	int r = digest_parse(span_of(text + start), &ref->digest);

	if (r == -EPROTONOSUPPORT)
		return refuse(e, text, start, "only sha256 digests are supported");
	if (r < 0)
		return refuse(e, text, start,
			      "expected sha256: and 64 lower-case hexadecimal digits");
	ref->has_digest = true;
	return 0;
}

/* Return: length of the registry's part, 0 if there is none */
static size_t host_len(const char *text)
{
	size_t slash = strcspn(text, "/");
	bool looks_like_one = false;

	if (!text[slash])
		return 0;
	for (size_t i = 0; i < slash; i++) {
		if (text[i] == '@')
			return 0;
		if (text[i] == '.' || text[i] == ':' || is_upper(text[i]))
			looks_like_one = true;
	}
	if (!looks_like_one && !(slash == 9 && memcmp(text, "localhost", 9) == 0))
		return 0;
	return slash;
}

static bool is_image_id(const char *text)
{
	size_t n = 0;

	while (is_digit(text[n]) || (text[n] >= 'a' && text[n] <= 'f'))
		n++;
	return n == DIGEST_HEX_LEN && !text[n];
}

int reference_parse(const char *text, struct reference *ret_ref, struct err *e)
{
	struct reference ref = {0};
	size_t start = 0;
	int pos;

	if (!text[0])
		return err_text(e, -EINVAL,
				"image reference is empty, expected for instance nginx:1.27");
	if (is_image_id(text))
		return refuse(e, text, 0, "64 hexadecimal digits are an image ID, expected a name");
	start = host_len(text);
	if (start) {
		pos = parse_host(text, start, &ref, e);
		if (pos < 0)
			return pos;
		start++;
	}
	if (!start || str_eq(ref.host, LEGACY_HOST)) {
		memset(ref.host, 0, sizeof(ref.host));
		str_copy(ref.host, sizeof(ref.host), DEFAULT_HOST);
	}
	pos = parse_repo(text, start, &ref, e);
	if (pos >= 0 && text[pos] == ':')
		pos = parse_tag(text, (size_t)pos + 1, &ref, e);
	if (pos >= 0 && text[pos] == '@')
		pos = parse_digest(text, (size_t)pos + 1, &ref, e);
	if (pos < 0)
		return pos;
	if (!ref.tag[0] && !ref.has_digest)
		str_copy(ref.tag, sizeof(ref.tag), DEFAULT_TAG);
	*ret_ref = ref;
	return 0;
}

static char *format(char *dst, const struct reference *ref, bool with_host, const char *repo)
{
	char digest[DIGEST_TEXT_CAP];

	str_printf(dst, REFERENCE_TEXT_CAP, "%s%s%s%s%s%s%s", with_host ? ref->host : "",
		   with_host ? "/" : "", repo, ref->tag[0] ? ":" : "", ref->tag,
		   ref->has_digest ? "@" : "",
		   ref->has_digest ? digest_text(digest, &ref->digest) : "");
	return dst;
}

char *reference_format(char dst[static REFERENCE_TEXT_CAP], const struct reference *ref)
{
	return format(dst, ref, true, ref->repo);
}

bool reference_same(const struct reference *a, const struct reference *b)
{
	char x[REFERENCE_TEXT_CAP], y[REFERENCE_TEXT_CAP];

	return str_eq(reference_format(x, a), reference_format(y, b)) &&
	       str_eq(a->platform, b->platform);
}

char *reference_short(char dst[static REFERENCE_TEXT_CAP], const struct reference *ref)
{
	/* docker.io/localhost/x without its host would be read as something on localhost */
	bool bare = str_eq(ref->host, DEFAULT_HOST) && !host_len(ref->repo);
	const char *repo = ref->repo;

	if (bare && str_starts(repo, LIBRARY_PREFIX) && !strchr(repo + strlen(LIBRARY_PREFIX), '/'))
		repo += strlen(LIBRARY_PREFIX);
	return format(dst, ref, !bare, repo);
}
