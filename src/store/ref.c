/* SPDX-License-Identifier: Apache-2.0 */
/* References: refs/<encoded name> holds "<digest> <seconds since 1970>\n", perhaps with " <digest of the document that the tag named>" before its end. Finding an image by what
 * people type. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/hex.h"
#include "base/num.h"
#include "file/durable.h"
#include "store/image.h"
#include "store/stage.h"
#include "sys/fd.h"
#include "sys/proc.h"

#define REF_CAP	       256
#define MIN_PREFIX_LEN 4

int store_ref_set(struct store *s, const struct reference *ref, const struct digest *manifest,
		  struct err *e)
{
	return store_ref_set_top(s, ref, manifest, NULL, e);
}

int store_ref_set_top(struct store *s, const struct reference *ref, const struct digest *manifest,
		      const struct digest *top, struct err *e)
{
	char name[LAYOUT_NAME_CAP], text[REF_CAP], digest[DIGEST_TEXT_CAP], more[DIGEST_TEXT_CAP];
	auto_close int fd = -1;
	uint32_t ns;
	int64_t now;
	int r;

	r = layout_ref_name(name, ref, e);
	if (r < 0)
		return r;
	digest_text(digest, manifest);
	if (!store_image_exists(s, manifest))
		return err_text(e, -ENOENT, "image %s is not in the store", digest);
	sys_realtime(&now, &ns);
	r = str_printf(text, sizeof(text), "%s %lld%s%s\n", digest, (long long)now, top ? " " : "",
		       top ? digest_text(more, top) : "");
	if (r < 0)
		return err_set(e, r, "reference");
	fd = store_dir(s, LAYOUT_REFS, e);
	if (fd < 0)
		return fd;
	return durable_write(fd, name, text, (size_t)r, 0600, e);
}

/* @ret_top: may be NULL; untouched if the file has none. Return: 0, 1 with a top; -errno */
static int read_ref(int dir_fd, const char *name, struct digest *ret_manifest, int64_t *ret_set_s,
		    struct digest *ret_top, struct err *e)
{
	char text[REF_CAP];
	struct span digest, seconds, more;
	struct digest top;
	bool found, has_top;
	ssize_t n;

	n = file_read(dir_fd, name, text, sizeof(text), e);
	if (n < 0)
		return (int)n;
	digest = span_cut((struct span){text, (size_t)n}, ' ', &seconds, &found);
	if (!found || seconds.len == 0 || seconds.p[--seconds.len] != '\n')
		goto damaged;
	seconds = span_cut(seconds, ' ', &more, &has_top);
	if (digest_parse(digest, ret_manifest) < 0 ||
	    num_i64(seconds, INT64_MIN, INT64_MAX, ret_set_s) < 0 ||
	    (has_top && digest_parse(more, &top) < 0))
		goto damaged;
	if (has_top && ret_top)
		*ret_top = top;
	return has_top;
damaged:
	return err_text(e, -EBADMSG, "refs/%s is damaged; pull or tag the image again", name);
}

int store_ref_get(const struct store *s, const struct reference *ref, struct digest *ret_manifest,
		  struct err *e)
{
	char name[LAYOUT_NAME_CAP], text[REFERENCE_TEXT_CAP];
	struct digest manifest;
	auto_close int fd = -1;
	int64_t set_s;
	int r;

	r = layout_ref_name(name, ref, e);
	if (r < 0)
		return r;
	fd = store_dir(s, LAYOUT_REFS, e);
	if (fd < 0)
		return fd;
	r = read_ref(fd, name, &manifest, &set_s, NULL, e);
	if (r == -ENOENT) {
		if (e)
			*e = (struct err){0};
		return err_text(e, r, "no image %s", reference_short(text, ref));
	}
	if (r < 0)
		return r;
	*ret_manifest = manifest;
	return 0;
}

int store_ref_top(const struct store *s, const struct reference *ref, struct digest *ret_manifest,
		  struct digest *ret_top)
{
	char name[LAYOUT_NAME_CAP];
	auto_close int fd = store_dir(s, LAYOUT_REFS, NULL);
	int64_t set_s;

	return fd >= 0 && layout_ref_name(name, ref, NULL) >= 0 &&
			       read_ref(fd, name, ret_manifest, &set_s, ret_top, NULL) == 1
		       ? 0
		       : -ENOENT;
}

int store_ref_delete(struct store *s, const struct reference *ref, struct err *e)
{
	char name[LAYOUT_NAME_CAP];
	auto_close int fd = -1;
	int r;

	r = layout_ref_name(name, ref, e);
	if (r < 0)
		return r;
	fd = store_dir(s, LAYOUT_REFS, e);
	return fd < 0 ? fd : durable_unlink(fd, name, e);
}

struct each {
	int dir_fd;
	store_ref_fn *fn;
	void *data;
	struct err *e;
};

static int each_ref(const char *name, void *data)
{
	struct each *x = data;
	struct digest manifest;
	struct reference ref;
	int64_t set_s;
	int r;

	if (layout_ref_parse(name, &ref) < 0)
		return 0; /* not ours; fsck tells */
	r = read_ref(x->dir_fd, name, &manifest, &set_s, NULL, x->e);
	return r < 0 ? r : x->fn(&ref, &manifest, set_s, x->data);
}

int store_ref_each(const struct store *s, store_ref_fn *fn, void *data, struct err *e)
{
	auto_close int fd = store_dir(s, LAYOUT_REFS, e);
	struct each x = {.dir_fd = fd, .fn = fn, .data = data, .e = e};

	return fd < 0 ? fd : store_each(s, LAYOUT_REFS, each_ref, &x, e);
}

struct finder {
	const struct store *s;
	const char *prefix;
	struct digest found;
	size_t n_found;
};

static int match_image(const char *name, void *data)
{
	struct finder *f = data;
	char config[DIGEST_HEX_LEN + 1];
	const struct image_head *head;
	struct digest manifest;

	if (layout_digest(name, &manifest) < 0 || image_head_read(f->s, &manifest, &head, NULL) < 0)
		return 0;
	digest_hex(config, &head->config);
	if (str_starts(name, f->prefix) || str_starts(config, f->prefix)) {
		f->found = manifest;
		f->n_found++;
	}
	return 0;
}

static bool is_prefix(const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");

	return n >= MIN_PREFIX_LEN && n <= DIGEST_HEX_LEN && text[n] == '\0';
}

int store_find(const struct store *s, const char *text, struct digest *ret_manifest, struct err *e)
{
	struct finder f = {.s = s, .prefix = str_starts(text, "sha256:") ? text + 7 : text};
	struct reference ref;
	int r;

	/* a name comes before a prefix: what "cafe" means must not change with an unrelated pull */
	if (f.prefix == text && reference_parse(text, &ref, NULL) == 0) {
		r = store_ref_get(s, &ref, ret_manifest, NULL);
		if (r != -ENOENT)
			return r < 0 ? err_set(e, r, "image %s", text) : 0;
	}
	if (is_prefix(f.prefix)) {
		r = store_each(s, LAYOUT_IMAGES, match_image, &f, e);
		if (r < 0)
			return r;
	}
	if (f.n_found == 1) {
		*ret_manifest = f.found;
		return 0;
	}
	if (f.n_found > 1)
		return err_text(e, -EEXIST,
				"%s is the beginning of %zu images' IDs; give more digits", text,
				f.n_found);
	return err_text(e, -ENOENT, "no image %s", text);
}
