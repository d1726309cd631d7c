/* SPDX-License-Identifier: Apache-2.0 */
#include "store/layout.h"

#include <errno.h>
#include <string.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/str.h"

#define NAME_MAX_CHECKED 128

const char *layout_dir(enum layout_dir d)
{
#define X(id, text) text,
	static const char *const names[LAYOUT_DIR_COUNT] = {LAYOUT_DIRS(X)};
#undef X

	return names[d];
}

char *layout_path(char dst[static LAYOUT_PATH_CAP], enum layout_dir d, const char *name,
		  const char *below)
{
	/* fits: 11 + 1 + 255 + 1 and a fixed short name; if not, "" names nothing (ENOENT) */
	(void)str_printf(dst, LAYOUT_PATH_CAP, "%s/%s%s%s", layout_dir(d), name, below ? "/" : "",
			 below ? below : "");
	return dst;
}

char *layout_object(char dst[static LAYOUT_PATH_CAP], enum layout_dir d,
		    const struct digest *digest, const char *below)
{
	char hex[DIGEST_HEX_LEN + 1];

	return layout_path(dst, d, digest_hex(hex, digest), below);
}

int layout_digest(const char *name, struct digest *ret_digest)
{
	return hex_decode(ret_digest->b, sizeof(ret_digest->b), span_of(name));
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_plain(char c)
{
	return is_alnum(c) || (c != '\0' && strchr("._:@-", c) != NULL);
}

int layout_ref_name(char dst[static LAYOUT_NAME_CAP], const struct reference *ref, struct err *e)
{
	struct reference key = *ref;
	char text[REFERENCE_TEXT_CAP];
	size_t len = 0;

	if (key.has_digest)
		key.tag[0] = '\0';
	reference_format(text, &key);
	for (const char *p = text; *p; p++) {
		size_t need = is_plain(*p) ? 1 : 3;

		if (need >= LAYOUT_NAME_CAP - len)
			return err_text(
				e, -ENAMETOOLONG,
				"%s: the reference is too long for the store, which keeps it as "
				"a file name of at most 250 characters",
				text);
		if (need == 1) {
			dst[len++] = *p;
			continue;
		}
		dst[len++] = '%';
		hex_encode(dst + len, p, 1); /* its NUL is overwritten or final */
		len += 2;
	}
	dst[len] = '\0';
	return 0;
}

int layout_ref_parse(const char *name, struct reference *ret_ref)
{
	char text[LAYOUT_NAME_CAP], again[LAYOUT_NAME_CAP];
	struct reference ref;
	size_t len = 0;

	for (const char *p = name; *p; p++) {
		if (len >= sizeof(text) - 1)
			return -EINVAL;
		if (*p != '%') {
			text[len++] = *p;
			continue;
		}
		if (!p[1] || hex_decode(text + len, 1, (struct span){p + 1, 2}) < 0 || !text[len])
			return -EINVAL;
		len++;
		p += 2;
	}
	text[len] = '\0';
	/* one name for one reference: what does not come back the same was not made here */
	if (reference_parse(text, &ref, NULL) < 0 || layout_ref_name(again, &ref, NULL) < 0 ||
	    !str_eq(again, name))
		return -EINVAL;
	*ret_ref = ref;
	return 0;
}

int layout_check_name(const char *what, const char *name, struct err *e)
{
	size_t n = name ? strlen(name) : 0;

	if (n == 0 || n > NAME_MAX_CHECKED || !is_alnum(name[0]))
		goto bad;
	for (size_t i = 1; i < n; i++) {
		if (!is_alnum(name[i]) && !strchr("_.-", name[i]))
			goto bad;
	}
	return 0;
bad:
	return err_text(
		e, -EINVAL,
		"%s name \"%.64s\" is not valid: a letter or digit, then letters, digits, '_', "
		"'.' or '-', at most %d characters",
		what, name ? name : "", NAME_MAX_CHECKED);
}

char *layout_number(char dst[static LAYOUT_NAME_CAP], uint64_t number)
{
	(void)str_printf(dst, LAYOUT_NAME_CAP, "%llu", (unsigned long long)number);
	return dst;
}

int layout_number_parse(const char *name, uint64_t *ret_number)
{
	if (name[0] == '0') /* "007" would be a second name of 7 */
		return -EINVAL;
	return num_u64(span_of(name), UINT64_MAX / 2, ret_number) < 0 ? -EINVAL : 0;
}
